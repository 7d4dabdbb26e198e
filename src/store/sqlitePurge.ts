/**
 * Retention in SQLite, one slice a call. Runs and ledger entries lie in time order, so the oldest are the first by key, and no
 * index serves this alone. Nothing is written when nothing goes.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EpochMillis } from "../time/instant.ts"
import type { Retention } from "./jobStore.ts"
import { inChunks, sized } from "./sqliteChunks.ts"
import type { SqliteConnection } from "./sqliteConnection.ts"
import type { SqliteSession } from "./sqliteSession.ts"
import { StoreFenced } from "./storeError.ts"

/** Deletes at most `limit` rows of each kind; the number deleted. */
export const purgeSlice = (
  session: SqliteSession,
  retention: Retention
): Effect.Effect<number, SqlError | StoreFenced> =>
  Effect.gen(function* () {
    const { connection, store, epoch } = session
    const slice = yield* findSlice(session, retention)
    const count = slice.runs.length + slice.ledger.length + slice.jobs.length
    if (count === 0) {
      return 0
    }
    yield* connection.transaction(
      Effect.gen(function* () {
        const owned = yield* connection.run(
          "UPDATE owner SET finished_runs = finished_runs - ?, job_count = job_count - ? WHERE epoch = ?",
          [slice.runs.length, slice.present, epoch]
        )
        if (owned === 0) {
          return yield* Effect.fail(new StoreFenced({ store, epoch }))
        }
        yield* deleteAll(connection, deleteRuns, slice.runs)
        yield* deleteAll(connection, deleteLedger, slice.ledger)
        yield* deleteAll(connection, deleteStates, slice.jobs)
        yield* deleteAll(connection, deleteJobs, slice.jobs)
      })
    )
    return count
  })

/** Keys of what goes; `present`: how many of the jobs were done rather than removed, and so still counted. */
interface Slice {
  readonly runs: ReadonlyArray<number>
  readonly ledger: ReadonlyArray<number>
  readonly jobs: ReadonlyArray<number>
  readonly present: number
}

const findSlice = (session: SqliteSession, retention: Retention): Effect.Effect<Slice, SqlError> =>
  Effect.gen(function* () {
    const { connection, looked } = session
    const { finishedBefore, maxRuns, doneBefore, limit } = retention
    const [owner] = yield* connection.rows<{ finished: number }>("SELECT finished_runs AS finished FROM owner")
    const oldestRuns = yield* walk(connection, {
      sql: runsAfter,
      from: looked.runs,
      before: finishedBefore,
      excess: Math.max(0, (owner?.finished ?? 0) - maxRuns),
      limit
    })
    const oldestLedger = yield* walk(connection, {
      sql: ledgerAfter,
      from: looked.ledger,
      before: finishedBefore,
      excess: 0,
      limit
    })
    session.looked = { runs: oldestRuns.looked, ledger: oldestLedger.looked }
    const runs = oldestRuns.keys
    const ledger = oldestLedger.keys
    const jobs: Array<number> = []
    let present = 0
    for (const { key, removed } of yield* connection.rows<{ key: number; removed: number }>(retiredJobs, [
      doneBefore,
      doneBefore,
      limit
    ])) {
      const ownRuns = yield* keys(connection, runsOfJob, [key, limit + 1])
      const ownLedger = yield* keys(connection, ledgerOfJob, [key, limit + 1])
      const fits = addUpTo(runs, ownRuns, limit)
      if (addUpTo(ledger, ownLedger, limit) && fits) {
        jobs.push(key)
        present += removed === 0 ? 1 : 0
      }
    }
    return { runs: [...runs], ledger: [...ledger], jobs, present }
  })

interface Walk {
  /** Gives [key, madeAt, endedAt or null] of the rows above a key, at most as many as asked for. */
  readonly sql: string
  readonly from: number
  /** Rows that ended before this go … */
  readonly before: EpochMillis
  /** … and others that have ended, until this many go. */
  readonly excess: number
  readonly limit: number
}

/** Rows that are read together, and rows that one call reads at the most: well under 5 ms. */
const windowRows = 500
const walkRows = 4000

/**
 * From the oldest row on, or from where the last call stopped: with many unfinished runs at the old end each call gets further.
 * The end is a whole window too young to go, not a single row, since a clock that was set back leaves rows out of order; from
 * there it starts over.
 */
const walk = (connection: SqliteConnection, { sql, from, before, excess, limit }: Walk) =>
  Effect.gen(function* () {
    const keys = new Set<number>()
    let looked = from
    let fromStart = from === 0
    for (let left = walkRows; left > 0; left -= windowRows) {
      const rows = yield* connection.values<readonly [number, EpochMillis, EpochMillis | null]>(sql, [
        looked,
        windowRows
      ])
      let ended = rows.length < windowRows || keys.size >= excess
      for (const [key, madeAt, endedAt] of rows) {
        if (keys.size === limit) return { keys, looked }
        looked = key
        if (endedAt !== null && (endedAt < before || keys.size < excess)) keys.add(key)
        if (rows.length === windowRows && madeAt < before) ended = false
      }
      if (ended) {
        looked = 0
        if (fromStart) break
        fromStart = true
      }
    }
    return { keys, looked }
  })

/** Adds keys while there is room; whether all of them are in. */
const addUpTo = (into: Set<number>, more: ReadonlyArray<number>, limit: number): boolean => {
  for (const key of more) {
    if (into.size >= limit && !into.has(key)) return false
    into.add(key)
  }
  return true
}

const runsAfter =
  "SELECT run_key, claimed_at, finished_at FROM runs NOT INDEXED WHERE run_key > ? ORDER BY run_key LIMIT ?"
const ledgerAfter = "SELECT entry, at, at FROM ledger NOT INDEXED WHERE entry > ? ORDER BY entry LIMIT ?"
const runsOfJob = "SELECT run_key AS key FROM runs WHERE job_key = ? LIMIT ?"
const ledgerOfJob = "SELECT entry AS key FROM ledger WHERE job_key = ? LIMIT ?"

/** Without live runs: those of all jobs are few, all runs of one job may be many. */
const retiredJobs = `
  WITH live(key) AS MATERIALIZED (SELECT DISTINCT job_key FROM runs INDEXED BY runs_unfinished WHERE finished_at IS NULL)
  SELECT s.key, 0 AS removed FROM job_state s CROSS JOIN jobs j ON j.key = s.key
    WHERE s.done_at IS NOT NULL AND s.done_at < ? AND j.removed_at IS NULL AND s.key NOT IN live
  UNION ALL
  SELECT j.key, 1 FROM jobs j WHERE j.removed_at IS NOT NULL AND j.removed_at < ? AND j.key NOT IN live
  LIMIT ?`

const keys = (
  connection: SqliteConnection,
  sql: string,
  params: ReadonlyArray<number>
): Effect.Effect<ReadonlyArray<number>, SqlError> =>
  Effect.map(connection.rows<{ key: number }>(sql, params), (rows) => rows.map(({ key }) => key))

const deleteAll = (connection: SqliteConnection, statement: (rows: number) => string, rows: ReadonlyArray<number>) =>
  Effect.forEach(inChunks(rows), (chunk) => connection.run(statement(chunk.length), chunk), { discard: true })

const deleteBy = (table: string, key: string) =>
  sized((rows) => `DELETE FROM ${table} WHERE ${key} IN (${Array(rows).fill("?").join(",")})`)

const deleteRuns = deleteBy("runs", "run_key")
const deleteLedger = deleteBy("ledger", "entry")
const deleteStates = deleteBy("job_state", "key")
const deleteJobs = deleteBy("jobs", "key")
