/** The store's queries. Each follows an index as far as its filter allows; values are bound, never written into the text. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { JobState } from "../job/snapshot.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { JobRow, LedgerFilter, LedgerRow, RunFilter, RunRow } from "./jobStore.ts"
import { inChunks, sized } from "./sqliteChunks.ts"
import type { SqliteConnection } from "./sqliteConnection.ts"
import {
  jobColumns,
  jobRow,
  kindCodes,
  ledgerColumns,
  ledgerRow,
  outcomeCodes,
  runColumns,
  runRow,
  stateCodes,
  stateOf,
  type StoredJob,
  type StoredLedger,
  type StoredRun
} from "./sqliteRows.ts"
import type { SqliteSession } from "./sqliteSession.ts"

type Read<A> = Effect.Effect<A, SqlError>

export const readDue = (
  session: SqliteSession,
  executor: string,
  now: EpochMillis,
  limit: number
): Read<ReadonlyArray<JobRow>> =>
  jobRows(
    session,
    `SELECT ${jobColumns} FROM job_state s CROSS JOIN jobs j ON j.key = s.key
    WHERE s.executor = ? AND s.wake_at IS NOT NULL AND s.wake_at <= ? ORDER BY s.wake_at, s.key LIMIT ?`,
    [session.executors.numbers.get(executor) ?? null, now, limit]
  )

export const readNextWakeAt = ({ connection, executors }: SqliteSession, executor: string): Read<EpochMillis | null> =>
  // min(wake_at) would read the whole index: 285 ms at a million jobs.
  Effect.map(
    connection.rows<{ wakeAt: number }>(
      "SELECT wake_at AS wakeAt FROM job_state WHERE executor = ? AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1",
      [executors.numbers.get(executor) ?? null]
    ),
    ([row]) => row?.wakeAt ?? null
  )

export const readWakingExecutors = ({ connection }: SqliteSession): Read<ReadonlyArray<string>> =>
  Effect.map(
    connection.rows<{ name: string }>(
      `SELECT name FROM executors e WHERE EXISTS
      (SELECT 1 FROM job_state s WHERE s.executor = e.number AND s.wake_at IS NOT NULL) ORDER BY name`
    ),
    (rows) => rows.map(({ name }) => name)
  )

export const readJobsById = (session: SqliteSession, ids: ReadonlyArray<string>): Read<ReadonlyArray<JobRow>> =>
  Effect.map(
    Effect.forEach(inChunks([...new Set(ids)]), (chunk) => jobRows(session, jobsById(chunk.length), chunk)),
    (rows) => rows.flat()
  )

export const readJobsByKey = (session: SqliteSession, keys: ReadonlyArray<number>): Read<ReadonlyArray<JobRow>> =>
  Effect.map(
    Effect.forEach(inChunks([...new Set(keys)]), (chunk) => jobRows(session, jobsByKey(chunk.length), chunk)),
    (rows) => rows.flat()
  )

/** From the index of the states other than scheduled; the scheduled are those that are left. */
export const countJobs = ({ connection }: SqliteSession): Read<ReadonlyMap<JobState, number>> =>
  Effect.gen(function* () {
    const [owner] = yield* connection.rows<{ jobs: number }>("SELECT job_count AS jobs FROM owner")
    const counted = yield* connection.rows<{ value: number; jobs: number }>(
      "SELECT value, count(*) AS jobs FROM job_state WHERE value <> 0 GROUP BY value"
    )
    const removed = yield* connection.rows<{ value: number; jobs: number }>(
      `SELECT s.value, count(*) AS jobs FROM jobs j CROSS JOIN job_state s ON s.key = j.key
      WHERE j.removed_at IS NOT NULL GROUP BY s.value`
    )
    const left = new Map(removed.map(({ value, jobs }) => [value, jobs]))
    const counts = new Map<JobState, number>()
    let scheduled = owner?.jobs ?? 0
    for (const { value, jobs } of counted) {
      const present = jobs - (left.get(value) ?? 0)
      scheduled -= present
      if (present > 0) counts.set(stateOf(value), present)
    }
    if (scheduled > 0) counts.set("scheduled", scheduled)
    return counts
  })

export const readStreamJobs = (session: SqliteSession): Read<ReadonlyArray<JobRow>> =>
  jobRows(
    session,
    `SELECT ${jobColumns} FROM jobs j INDEXED BY jobs_by_stream CROSS JOIN job_state s ON s.key = j.key
    WHERE j.stream IS NOT NULL AND j.removed_at IS NULL AND s.value <> ? ORDER BY j.key`,
    [stateCodes.done]
  )

export const readRuns = ({ connection }: SqliteSession, filter: RunFilter): Read<ReadonlyArray<RunRow>> =>
  Effect.flatMap(keysOfId(connection, filter.jobId), (keys) => {
    if (keys !== undefined && keys.length === 0) {
      return Effect.succeed([])
    }
    const { clauses, params } = conditions([
      ["r.run_key = ?", filter.runKey],
      ["r.fire_at >= ?", filter.from],
      ["r.fire_at <= ?", filter.to]
    ])
    if (keys !== undefined) clauses.push(within("r.job_key", keys, params))
    if (filter.live === true) clauses.push("r.finished_at IS NULL")
    if (filter.outcomes !== undefined) {
      clauses.push(
        within(
          "r.outcome",
          filter.outcomes.map((outcome) => outcomeCodes[outcome]),
          params
        )
      )
    }
    return runRows(
      connection,
      `SELECT ${runColumns} FROM runs r CROSS JOIN jobs j ON j.key = r.job_key
      WHERE ${allOf(clauses)} ORDER BY r.fire_at DESC, r.run_key DESC LIMIT ?`,
      [...params, filter.limit ?? noLimit]
    )
  })

export const readOrphans = (
  { connection, epoch }: SqliteSession,
  afterRunKey: number,
  limit: number
): Read<ReadonlyArray<RunRow>> =>
  runRows(
    connection,
    `SELECT ${runColumns} FROM runs r CROSS JOIN jobs j ON j.key = r.job_key
    WHERE r.finished_at IS NULL AND r.run_key > ? AND r.epoch < ? ORDER BY r.run_key LIMIT ?`,
    [afterRunKey, epoch, limit]
  )

export const readLedger = (
  { connection }: SqliteSession,
  filter: LedgerFilter
): Read<ReadonlyArray<LedgerRow & { readonly jobId: string }>> =>
  Effect.flatMap(keysOfId(connection, filter.jobId), (keys) => {
    if (keys !== undefined && keys.length === 0) {
      return Effect.succeed([])
    }
    const { clauses, params } = conditions([
      ["l.through_at >= ?", filter.from],
      ["l.from_at <= ?", filter.to]
    ])
    if (keys !== undefined) clauses.push(within("l.job_key", keys, params))
    if (filter.kinds !== undefined)
      clauses.push(
        within(
          "l.kind",
          filter.kinds.map((kind) => kindCodes[kind]),
          params
        )
      )
    return Effect.map(
      connection.values<StoredLedger>(
        `SELECT ${ledgerColumns} FROM ledger l CROSS JOIN jobs j ON j.key = l.job_key
        WHERE ${allOf(clauses)} ORDER BY l.through_at DESC, l.entry DESC LIMIT ?`,
        [...params, filter.limit ?? noLimit]
      ),
      (rows) => rows.map(ledgerRow)
    )
  })

/** SQLite reads a negative limit as none. */
export const noLimit = -1

export const jobRows = (
  { connection, executors }: SqliteSession,
  sql: string,
  params: ReadonlyArray<unknown>
): Read<ReadonlyArray<JobRow>> =>
  Effect.map(connection.values<StoredJob>(sql, params), (rows) => rows.map((row) => jobRow(row, executors.names)))

const runRows = (
  connection: SqliteConnection,
  sql: string,
  params: ReadonlyArray<unknown>
): Read<ReadonlyArray<RunRow>> => Effect.map(connection.values<StoredRun>(sql, params), (rows) => rows.map(runRow))

const jobsById = sized(
  (rows) => `SELECT ${jobColumns} FROM jobs j CROSS JOIN job_state s ON s.key = j.key
    WHERE j.removed_at IS NULL AND j.id IN (${Array(rows).fill("?").join(",")})`
)

const jobsByKey = sized(
  (rows) => `SELECT ${jobColumns} FROM jobs j CROSS JOIN job_state s ON s.key = j.key
    WHERE j.key IN (${Array(rows).fill("?").join(",")})`
)

/** The clauses whose value is given, and those values. */
export const conditions = (pairs: ReadonlyArray<readonly [string, string | number | undefined]>) => {
  const given = pairs.filter(([, value]) => value !== undefined)
  return { clauses: given.map(([clause]) => clause), params: given.map(([, value]): unknown => value) }
}

/** `column IN (…)`; adds the values to `params`. */
export const within = (column: string, values: ReadonlyArray<number>, params: Array<unknown>): string => {
  params.push(...values)
  return values.length === 1 ? `${column} = ?` : `${column} IN (${values.map(() => "?").join(",")})`
}

const allOf = (clauses: ReadonlyArray<string>): string => (clauses.length === 0 ? "TRUE" : clauses.join(" AND "))

/** Every job that has or had the id, at most the 1,000 newest of those removed; `undefined` without an id. */
const keysOfId = (connection: SqliteConnection, id: string | undefined): Read<ReadonlyArray<number> | undefined> =>
  id === undefined
    ? Effect.succeed(undefined)
    : Effect.map(
        connection.rows<{ key: number }>(
          `SELECT key FROM jobs WHERE id = ? AND removed_at IS NULL UNION ALL
          SELECT key FROM (SELECT key FROM jobs WHERE id = ? AND removed_at IS NOT NULL ORDER BY key DESC LIMIT 1000)`,
          [id, id]
        ),
        (rows) => rows.map(({ key }) => key)
      )
