/**
 * What is due in a file: along the index of wake-ups, executor by executor, past what is left out. Joined with the definitions: a state
 * whose job is gone wakes nobody.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import type { DueAnswer, DueJobRows, DueOfExecutor, DueQuery, JobRow, WakePlace } from "../jobStore.ts"
import { jobRows, limited } from "./reads.ts"
import { jobColumns } from "./rows.ts"
import type { SqliteSession } from "./session.ts"
import { sliceBytes } from "./slices.ts"

type Read<A> = Effect.Effect<A, SqlError>

export const readDue = (session: SqliteSession, query: DueQuery): Read<DueAnswer> =>
  Effect.gen(function* () {
    const byExecutor = new Map<string, DueJobRows>()
    for (const executor of query.executors) byExecutor.set(executor.name, yield* dueOf(session, query, executor))
    return { byExecutor, others: yield* otherExecutors(session, byExecutor) }
  })

const dueOf = (session: SqliteSession, query: DueQuery, { name, limit, from }: DueOfExecutor): Read<DueJobRows> =>
  Effect.gen(function* () {
    const executor = session.executors.numbers.get(name)
    if (executor === undefined) return { rows: [], nextWakeAt: null }
    const walk = { executor, except: exceptions(query) }
    const read = (columns: string, bounds: Bounds, most: number) =>
      jobRows(session, ...statement(columns, walk, bounds, most))
    const rows = yield* along(from ?? null, query.now, Math.min(limit, session.dueRows), (bounds, most) =>
      read(jobColumns, bounds, most)
    )
    keepSize(session, rows)
    const last = rows.at(-1)
    const [next] = yield* along(placeOf(last) ?? from ?? null, latest, 1, (bounds, most) =>
      session.connection.values<readonly [wakeAt: number]>(...statement("s.wake_at", walk, bounds, most))
    )
    return { rows, nextWakeAt: next?.[0] ?? null }
  })

/** Later than any instant. */
const latest = Number.MAX_SAFE_INTEGER

/** A stretch of the index: at one instant above a key, or between two instants. */
type Bounds = readonly [condition: string, params: ReadonlyArray<number>]

/** From behind `place`: the rest of its instant, then what is later. Of one condition for both SQLite would look at the whole instant. */
const along = <Row>(
  place: WakePlace | null,
  through: EpochMillis,
  most: number,
  read: (bounds: Bounds, most: number) => Read<ReadonlyArray<Row>>
): Read<ReadonlyArray<Row>> => {
  if (place === null) return read(["s.wake_at <= ?", [through]], most)
  if (place.wakeAt > through) return Effect.succeed([])
  return Effect.flatMap(read(["s.wake_at = ? AND s.key > ?", [place.wakeAt, place.key]], most), (first) =>
    first.length >= most
      ? Effect.succeed(first)
      : Effect.map(
          read(["s.wake_at > ? AND s.wake_at <= ?", [place.wakeAt, through]], most - first.length),
          (later) => [...first, ...later]
        )
  )
}

interface Walk {
  readonly executor: number
  readonly except: { readonly conditions: string; readonly params: ReadonlyArray<string> }
}

const exceptions = ({ exceptTasks, exceptKeys }: DueQuery): Walk["except"] => {
  const tasks = exceptTasks.length === 0 ? "" : " AND j.task NOT IN (SELECT value FROM json_each(?))"
  const keys = exceptKeys.length === 0 ? "" : " AND s.key NOT IN (SELECT value FROM json_each(?))"
  return {
    conditions: tasks + keys,
    params: [exceptTasks, exceptKeys].filter(({ length }) => length > 0).map((left) => JSON.stringify(left))
  }
}

const statement = (columns: string, { executor, except }: Walk, [condition, params]: Bounds, most: number) =>
  [
    `SELECT ${columns} FROM job_state s CROSS JOIN jobs j ON j.key = s.key
    WHERE s.executor = ? AND s.wake_at IS NOT NULL AND ${condition}${except.conditions} ORDER BY s.wake_at, s.key ${limited}`,
    [executor, ...params, ...except.params, most]
  ] as const

const placeOf = (row: JobRow | undefined): WakePlace | null =>
  row === undefined || row.wakeAt === null ? null : { wakeAt: row.wakeAt, key: row.key }

/** Rows of a megabyte are read a few at a time. */
const keepSize = (session: SqliteSession, rows: ReadonlyArray<JobRow>): void => {
  const textLength = rows.reduce((sum, { args, memory }) => sum + args.length + memory.length, 0)
  if (textLength > sliceBytes) session.dueRows = Math.max(1, Math.floor((rows.length * sliceBytes) / textLength))
  else if (rows.length === session.dueRows) session.dueRows *= 2
}

/** Names are few, and almost always all of them are asked for. */
const otherExecutors = (
  { connection, executors }: SqliteSession,
  asked: ReadonlyMap<string, unknown>
): Read<ReadonlyArray<string>> => {
  const others = [...executors.numbers].filter(([name]) => !asked.has(name))
  return Effect.map(
    Effect.filter(others, ([, number]) =>
      Effect.map(
        connection.values("SELECT 1 FROM job_state WHERE executor = ? AND wake_at IS NOT NULL LIMIT 1", [number]),
        ({ length }) => length > 0
      )
    ),
    (waiting) => waiting.map(([name]) => name)
  )
}
