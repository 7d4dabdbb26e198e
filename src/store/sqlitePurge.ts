/** Retention in SQLite, one slice a call. Every look follows an index from its oldest end, and nothing is written when nothing goes. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { Retention } from "./jobStore.ts"
import { inChunks, sized } from "./sqliteChunks.ts"
import type { SqliteConnection } from "./sqliteConnection.ts"
import type { SqliteSession } from "./sqliteSession.ts"
import { StoreFenced } from "./storeError.ts"

/** Deletes at most `limit` rows of each kind; the number deleted. */
export const purgeSlice = (
  { connection, store, epoch }: SqliteSession,
  retention: Retention
): Effect.Effect<number, SqlError | StoreFenced> =>
  Effect.gen(function* () {
    const slice = yield* findSlice(connection, retention)
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

const findSlice = (connection: SqliteConnection, retention: Retention): Effect.Effect<Slice, SqlError> =>
  Effect.gen(function* () {
    const { finishedBefore, maxRuns, doneBefore, limit } = retention
    const runs = new Set(yield* keys(connection, oldRuns, [finishedBefore, limit]))
    const [owner] = yield* connection.rows<{ finished: number }>("SELECT finished_runs AS finished FROM owner")
    const excess = Math.min(limit, (owner?.finished ?? 0) - maxRuns)
    if (excess > runs.size) {
      for (const key of yield* keys(connection, oldestRuns, [excess])) runs.add(key)
    }
    const ledger = new Set(yield* keys(connection, oldLedger, [finishedBefore, limit]))
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

/** Adds keys while there is room; whether all of them are in. */
const addUpTo = (into: Set<number>, more: ReadonlyArray<number>, limit: number): boolean => {
  for (const key of more) {
    if (into.size >= limit && !into.has(key)) return false
    into.add(key)
  }
  return true
}

const oldRuns = "SELECT run_key AS key FROM runs WHERE finished_at < ? ORDER BY finished_at LIMIT ?"
const oldestRuns = "SELECT run_key AS key FROM runs WHERE finished_at IS NOT NULL ORDER BY finished_at LIMIT ?"
const oldLedger = "SELECT entry AS key FROM ledger WHERE at < ? ORDER BY at LIMIT ?"
const runsOfJob = "SELECT run_key AS key FROM runs WHERE job_key = ? LIMIT ?"
const ledgerOfJob = "SELECT entry AS key FROM ledger WHERE job_key = ? LIMIT ?"

/** Without live runs: `+` keeps to the index of unfinished runs, which are few, rather than to all runs of the job. */
const retiredJobs = `
  WITH live(key) AS MATERIALIZED (SELECT DISTINCT job_key FROM runs WHERE finished_at IS NULL)
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
