/** One owner's hold on an SQLite store: its connection, its epoch, and the executors' names by number. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import type { SqliteConnection } from "./connection.ts"

export interface SqliteSession {
  readonly connection: SqliteConnection
  readonly store: string
  readonly epoch: number
  /** As on disk. A commit that adds a name replaces it once it is there. */
  executors: Executors
  /** Where retention goes on: the keys up to which it has left what it found; 0 to start over. */
  looked: { readonly runs: number; readonly ledger: number }
  /** Keys of the jobs whose state on disk is `running`; `null`: not known. */
  running: RunningJobs | null
  /** Keys of the runs that have a checkpoint on disk, and maybe some more. */
  readonly checkpointed: Set<number>
  /** Keys of the runs to which messages wait on disk, and maybe some more. */
  readonly messaged: Set<number>
  /** What is known of runs by stretch of keys, see `runs.ts`. */
  readonly stretches: Map<number, Stretch>
  /** Whether the owner row's count of finished runs has been made anew. */
  counted: boolean
  /** Due jobs that are read at a time: few at first and where their texts are long, as many as are asked for where not. */
  dueRows: number
}

/** Learned by one look at every job, kept by each commit: the state comes and goes with every run, so that no index is worth its price. */
export interface RunningJobs {
  readonly keys: Set<number>
  /** Whether every job has been looked at. */
  complete: boolean
}

/** Runs of a stretch of keys: none of them fired or was claimed later. */
export interface Stretch {
  readonly latestFireAt: EpochMillis
  readonly latestClaimAt: EpochMillis
  /** The newest key below the stretch, or one that was there. */
  readonly next: number | null
}

/** All runs less the unfinished, each by the index that is theirs alone. */
export const countFinishedRuns = `(SELECT count(*) FROM runs) -
  (SELECT count(*) FROM runs INDEXED BY runs_unfinished WHERE finished_at IS NULL)`

/** Executor names are many times on disk and few: each row holds a number. */
export interface Executors {
  readonly numbers: ReadonlyMap<string, number>
  readonly names: ReadonlyMap<number, string>
}

export const readExecutors = (connection: SqliteConnection): Effect.Effect<Executors, SqlError> =>
  Effect.map(connection.rows<{ name: unknown; number: number }>("SELECT name, number FROM executors"), (rows) => {
    const named = rows.flatMap(({ name, number }) => (typeof name === "string" ? [{ name, number }] : []))
    return {
      numbers: new Map(named.map(({ name, number }) => [name, number])),
      names: new Map(named.map(({ name, number }) => [number, name]))
    }
  })

/** What owners have left for the next, by name. */
export const readMarks = (connection: SqliteConnection): Effect.Effect<ReadonlyMap<string, string>, SqlError> =>
  Effect.map(connection.rows<{ name: unknown; value: unknown }>("SELECT name, value FROM marks"), (rows) => {
    const marks = new Map<string, string>()
    for (const { name, value } of rows)
      if (typeof name === "string" && typeof value === "string") marks.set(name, value)
    return marks
  })

/** The session's executors with `names` among them, those that are new written first. */
export const withExecutors = (
  { connection, executors }: SqliteSession,
  names: Iterable<string>
): Effect.Effect<Executors, SqlError> => {
  const added = new Set<string>()
  for (const name of names) {
    if (!executors.numbers.has(name)) added.add(name)
  }
  return added.size === 0
    ? Effect.succeed(executors)
    : Effect.zipRight(
        Effect.forEach(added, (name) => connection.run("INSERT INTO executors(name) VALUES (?)", [name])),
        readExecutors(connection)
      )
}
