/**
 * Retention in SQLite, one slice a call. Runs and ledger entries lie in time order, so the oldest are the first by key, and no
 * index serves this alone. Nothing is written when nothing goes.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import { forgottenMark, purgedMark, readForgotten } from "../retentionMarks.ts"
import type { Retention } from "../jobStore.ts"
import { inChunks, sized } from "./chunks.ts"
import { wholeNumber } from "./columns.ts"
import type { SqliteConnection } from "./connection.ts"
import { oldestEvents } from "./events.ts"
import { countFinishedRuns, type SqliteSession } from "./session.ts"
import { StoreFenced, type StoreUnreadable } from "../storeError.ts"

/** Deletes at most `limit` rows of each kind; the number deleted. */
export const purgeSlice = (
  session: SqliteSession,
  retention: Retention
): Effect.Effect<number, SqlError | StoreFenced | StoreUnreadable> =>
  Effect.gen(function* () {
    const { connection, store, epoch } = session
    const slice = yield* findSlice(session, retention)
    if (slice.runs.length + slice.ledger.length + slice.jobs.length + slice.events.length === 0) {
      return 0
    }
    return yield* connection.transaction(
      Effect.gen(function* () {
        const runs = yield* deleteAll(connection, deleteRuns, slice.runs)
        const ledger = yield* deleteAll(connection, deleteLedger, slice.ledger)
        if (runs + ledger > 0)
          yield* connection.run("INSERT OR IGNORE INTO marks(name, value) VALUES (?, '1')", [purgedMark])
        const events = yield* deleteAll(connection, deleteEvents, slice.events)
        yield* forget(connection, slice.jobs, retention.doneBefore)
        yield* deleteAll(connection, deleteStates, slice.jobs)
        const jobs = yield* deleteAll(connection, deleteJobs, slice.jobs)
        for (const key of slice.jobs) session.running?.keys.delete(key)
        const owned = yield* connection.run(
          "UPDATE owner SET finished_runs = finished_runs - ?, job_count = job_count - ? WHERE epoch = ?",
          [runs, slice.present, epoch]
        )
        return owned === 0 ? yield* Effect.fail(new StoreFenced({ store, epoch })) : runs + ledger + events + jobs
      })
    )
  })

export const readForgottenThrough = (connection: SqliteConnection): Effect.Effect<EpochMillis | null, SqlError> =>
  Effect.map(connection.rows<{ value: unknown }>("SELECT value FROM marks WHERE name = ?", [forgottenMark]), ([mark]) =>
    readForgotten(typeof mark?.value === "string" ? mark.value : undefined)
  )

/** Keys of what goes; `present`: how many of the jobs were done rather than removed, and so still counted. */
interface Slice {
  readonly runs: ReadonlyArray<number>
  readonly ledger: ReadonlyArray<number>
  readonly events: ReadonlyArray<number>
  readonly jobs: ReadonlyArray<number>
  readonly present: number
}

const findSlice = (session: SqliteSession, retention: Retention): Effect.Effect<Slice, SqlError | StoreUnreadable> =>
  Effect.gen(function* () {
    const { connection, looked } = session
    const { finishedBefore, maxRuns, doneBefore, limit } = retention
    const excess = (yield* finishedRuns(session)) - maxRuns
    const oldestRuns = yield* walk(connection, {
      sql: runsAfter,
      from: looked.runs,
      before: finishedBefore,
      // A number in a file may be any: before whole slices go for it, what it counts is counted.
      excess: excess > limit && !session.counted ? (yield* recounted(session)) - maxRuns : excess,
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
    const events = yield* oldestEvents(connection, Math.max(finishedBefore, oldestRuns.going.madeThrough), limit)
    const runs = oldestRuns.going
    const ledger = oldestLedger.going
    const jobs: Array<number> = []
    let present = 0
    for (const { key, removed } of yield* connection.rows<{ key: number; removed: number }>(retiredJobs, [
      doneBefore,
      doneBefore,
      limit
    ])) {
      const fits = runs.addAll(yield* connection.values<KeyAndBytes>(runsOfJob, [key, limit + 1]))
      if (ledger.addAll(yield* connection.values<KeyAndBytes>(ledgerOfJob, [key, limit + 1])) && fits) {
        jobs.push(key)
        present += removed === 0 ? 1 : 0
      }
    }
    return { runs: [...runs.keys], ledger: [...ledger.keys], events, jobs, present }
  })

const finishedRuns = ({ connection, store }: SqliteSession): Effect.Effect<number, SqlError | StoreUnreadable> =>
  Effect.flatMap(connection.rows<{ finished: unknown }>("SELECT finished_runs AS finished FROM owner"), ([owner]) =>
    wholeNumber(store, "the owner row's finished_runs", owner?.finished)
  )

/** The finished runs that there are, put where they are counted. Once a session: 5 ms for a million. */
const recounted = (session: SqliteSession): Effect.Effect<number, SqlError | StoreUnreadable> =>
  Effect.gen(function* () {
    const { connection, epoch } = session
    session.counted = true
    yield* connection.run(`UPDATE owner SET finished_runs = ${countFinishedRuns} WHERE epoch = ?`, [epoch])
    return yield* finishedRuns(session)
  })

type KeyAndBytes = readonly [key: number, bytes: number]

/** Bytes of results and errors that one slice deletes, more or less: SQLite follows each long text page by page. */
const sliceBytes = 8_000_000

/** Keys that go, as many as one slice may take. */
class Going {
  readonly keys = new Set<number>()
  /** When the last made of those was made that `walk` has found. */
  madeThrough = -Infinity
  private bytes = 0
  private readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  get full(): boolean {
    return this.keys.size >= this.limit || this.bytes >= sliceBytes
  }

  add(key: number, bytes: number): void {
    if (!this.keys.has(key)) this.bytes += bytes
    this.keys.add(key)
  }

  /** Adds while there is room; whether all are in. */
  addAll(more: ReadonlyArray<KeyAndBytes>): boolean {
    for (const [key, bytes] of more) {
      if (this.full && !this.keys.has(key)) return false
      this.add(key, bytes)
    }
    return true
  }
}

interface Walk {
  /** Gives [key, madeAt, endedAt or NULL, bytes of long texts] of the rows above a key, at most as many as asked for. */
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
    const going = new Going(limit)
    let looked = from
    let fromStart = from === 0
    for (let left = walkRows; left > 0; left -= windowRows) {
      const rows = yield* connection.values<readonly [number, unknown, unknown, number]>(sql, [looked, windowRows])
      let ended = rows.length < windowRows || going.keys.size >= excess
      for (const [key, madeAt, endedAt, bytes] of rows) {
        if (going.full) return { going, looked }
        looked = key
        // An end that is no number, by damage, may be any: such a row stays, as an unfinished one does.
        if (typeof endedAt === "number" && (endedAt < before || going.keys.size < excess)) {
          going.add(key, bytes)
          if (typeof madeAt === "number") going.madeThrough = Math.max(going.madeThrough, madeAt)
        }
        if (rows.length === windowRows && typeof madeAt === "number" && madeAt < before) ended = false
      }
      if (ended) {
        looked = 0
        if (fromStart) break
        fromStart = true
      }
    }
    return { going, looked }
  })

const runBytes =
  "coalesce(octet_length(args), 0) + coalesce(octet_length(result), 0) + coalesce(octet_length(error), 0)"
const runsAfter = `SELECT run_key, claimed_at, finished_at, ${runBytes}
  FROM runs NOT INDEXED WHERE run_key > ? ORDER BY run_key LIMIT ?`
const ledgerAfter = "SELECT entry, at, at, 0 FROM ledger NOT INDEXED WHERE entry > ? ORDER BY entry LIMIT ?"
const runsOfJob = `SELECT run_key, ${runBytes} FROM runs WHERE job_key = ? LIMIT ?`
const ledgerOfJob = "SELECT entry, 0 FROM ledger WHERE job_key = ? LIMIT ?"

const latestCursor = sized(
  (rows) => `SELECT max(CASE WHEN json_valid(s.memory) AND typeof(json_extract(s.memory, '$.cursor')) = 'integer'
      THEN json_extract(s.memory, '$.cursor') ELSE ${Number.MAX_SAFE_INTEGER} END) AS at
    FROM job_state s JOIN jobs j ON j.key = s.key WHERE j.removed_at IS NULL AND s.key IN (${Array(rows).fill("?").join(",")})`
)

/** The jobs are about to go: their last fire times are kept in one number, none beyond `doneBefore`. */
const forget = (connection: SqliteConnection, jobs: ReadonlyArray<number>, doneBefore: EpochMillis) =>
  Effect.forEach(
    inChunks(jobs),
    (chunk) =>
      Effect.flatMap(connection.rows<{ at: number | null }>(latestCursor(chunk.length), chunk), ([found]) =>
        found === undefined || found.at === null
          ? Effect.void
          : connection.run(raiseForgotten, [forgottenMark, String(Math.min(found.at, doneBefore))])
      ),
    { discard: true }
  )

const raiseForgotten = `INSERT INTO marks(name, value) VALUES (?, ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value
  WHERE CAST(excluded.value AS INTEGER) > CAST(marks.value AS INTEGER)`

/** Without live runs: those of all jobs are few, all runs of one job may be many. */
const retiredJobs = `
  WITH live(key) AS MATERIALIZED (SELECT DISTINCT job_key FROM runs INDEXED BY runs_unfinished WHERE finished_at IS NULL)
  SELECT s.key, 0 AS removed FROM job_state s CROSS JOIN jobs j ON j.key = s.key
    WHERE s.done_at IS NOT NULL AND s.done_at < ? AND j.removed_at IS NULL AND s.key NOT IN live
  UNION ALL
  SELECT j.key, 1 FROM jobs j WHERE j.removed_at IS NOT NULL AND j.removed_at < ? AND j.key NOT IN live
  LIMIT ?`

const deleteAll = (connection: SqliteConnection, statement: (rows: number) => string, rows: ReadonlyArray<number>) =>
  Effect.reduce(inChunks(rows), 0, (deleted, chunk) =>
    Effect.map(connection.run(statement(chunk.length), chunk), (more) => deleted + more)
  )

const deleteBy = (table: string, key: string) =>
  sized((rows) => `DELETE FROM ${table} WHERE ${key} IN (${Array(rows).fill("?").join(",")})`)

const deleteRuns = deleteBy("runs", "run_key")
const deleteLedger = deleteBy("ledger", "entry")
const deleteEvents = deleteBy("events", "number")
const deleteStates = deleteBy("job_state", "key")
const deleteJobs = deleteBy("jobs", "key")
