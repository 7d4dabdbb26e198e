/**
 * Queries for runs and the ledger. A job's are found by index, unfinished runs too; all others lie in the order of their keys,
 * which is that of claiming, and are looked for from the newest backwards, in slices with everything else let in between.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import { fireAheadMs, type LedgerFilter, type LedgerRow, type RunFilter, type RunRow } from "../jobStore.ts"
import { withinBytes } from "../answerBytes.ts"
import { inChunks } from "./chunks.ts"
import type { SqliteConnection } from "./connection.ts"
import { conditions, limited, noLimit, within } from "./reads.ts"
import {
  bareRunColumns,
  kindCodes,
  ledgerColumns,
  ledgerRows,
  outcomeCodes,
  runColumns,
  runRow,
  runTexts,
  type StoredLedger,
  type StoredRun
} from "./rows.ts"
import type { SqliteSession, Stretch } from "./session.ts"
import { bySize, yieldToEventLoop } from "./slices.ts"

type Read<A> = Effect.Effect<A, SqlError>

/** Whatever is no whole number, by damage, lies outside: NULL meets no condition, text and blobs come after all numbers. */
const farthest = Number.MAX_SAFE_INTEGER

/** Runs by `filter`. Takes the connection for itself a slice at a time. */
export const readRuns = (session: SqliteSession, filter: RunFilter): Read<ReadonlyArray<RunRow>> => {
  const { jobId, runKey, runKeys, live, outcomes } = filter
  const { connection } = session
  // No run has one of no outcomes; SQLite finds no way to read an index for a condition that nothing meets.
  if (outcomes?.length === 0) return Effect.succeed([])
  if (runKeys !== undefined)
    return Effect.map(
      readRows(
        connection,
        filter,
        runKeys.map((key) => [key, 0, 0])
      ),
      (rows) => rows.toSorted((a, b) => b.fireAt - a.fireAt || b.runKey - a.runKey)
    )
  const places =
    jobId !== undefined || runKey !== undefined || live === true
      ? connection.alone(indexedRuns(connection, filter))
      : newestRuns(session, filter)
  return Effect.flatMap(places, (found) =>
    readRows(connection, filter, withinBytes(found, bytesOf(filter), filter.bytes))
  )
}

/** Where a run stands among others, and what its texts take. */
type Place = readonly [runKey: number, fireAt: EpochMillis, bytes: number]

const placeColumns = `r.run_key, r.fire_at, ${runTexts.map((text) => `coalesce(octet_length(${text}), 0)`).join(" + ")}`

const bytesOf =
  ({ texts = true }: RunFilter) =>
  ([, , bytes]: Place): number =>
    texts ? bytes : 0

/** The rows of the places. */
const readRows = (
  connection: SqliteConnection,
  filter: RunFilter,
  places: ReadonlyArray<Place>
): Read<ReadonlyArray<RunRow>> =>
  Effect.gen(function* () {
    const columns = filter.texts === false ? bareRunColumns : runColumns
    const rows: Array<RunRow> = []
    for (const slice of bySize(places, bytesOf(filter))) {
      if (rows.length > 0) yield* yieldToEventLoop
      const found = new Map<number, RunRow>()
      const read = Effect.forEach(inChunks(slice.map(([key]) => key)), (keys) =>
        runRows(
          connection,
          `SELECT ${columns} FROM runs r CROSS JOIN jobs j ON j.key = r.job_key WHERE r.run_key IN (${keys.map(() => "?").join()})`,
          keys
        )
      )
      for (const row of (yield* connection.alone(read)).flat()) found.set(row.runKey, row)
      for (const [key] of slice) {
        const row = found.get(key)
        if (row !== undefined) rows.push(row)
      }
    }
    return rows
  })

export const readOrphans = (
  { connection, epoch }: SqliteSession,
  afterRunKey: number,
  limit: number
): Read<ReadonlyArray<RunRow>> =>
  runRows(
    connection,
    `SELECT ${runColumns} FROM runs r INDEXED BY runs_unfinished CROSS JOIN jobs j ON j.key = r.job_key
    WHERE r.finished_at IS NULL AND r.run_key > ? AND r.epoch IS NOT ? ORDER BY r.run_key ${limited}`,
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
      ["l.from_at <= ?", filter.to],
      ["l.through_at <= ?", farthest]
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
        WHERE ${clauses.join(" AND ")} ORDER BY l.through_at DESC, l.entry DESC ${limited}`,
        [...params, filter.limit ?? noLimit]
      ),
      ledgerRows
    )
  })

const indexedRuns = (connection: SqliteConnection, filter: RunFilter): Read<ReadonlyArray<Place>> =>
  Effect.flatMap(keysOfId(connection, filter.jobId), (keys) => {
    if (keys !== undefined && keys.length === 0) {
      return Effect.succeed([])
    }
    const { clauses, params } = runConditions(filter, filter.from)
    if (filter.runKey !== undefined) {
      clauses.push("r.run_key = ?")
      params.push(filter.runKey)
    }
    if (filter.live === true) clauses.push("r.finished_at IS NULL")
    if (keys !== undefined) clauses.push(within("r.job_key", keys, params))
    const index =
      filter.runKey !== undefined ? "" : keys !== undefined ? "INDEXED BY runs_by_job" : "INDEXED BY runs_unfinished"
    return connection.values<Place>(`SELECT ${placeColumns} FROM runs r ${index} ${newestFirst(clauses)}`, [
      ...params,
      filter.limit ?? noLimit
    ])
  })

/** Keys that one slice covers at the most: some 2 ms. */
const runSliceKeys = 2000
/** Keys that the first slice covers at the least. */
const fewestSliceKeys = 64

/**
 * From the newest key back, in slices that do not cross the bounds of a stretch. Past a stretch all of whose runs fired too early for
 * what is still looked for, and to the end where every run of one was even claimed too early.
 */
const newestRuns = (session: SqliteSession, filter: RunFilter): Read<ReadonlyArray<Place>> =>
  Effect.gen(function* () {
    const { connection } = session
    const { limit = Infinity, from = -Infinity } = filter
    let found: ReadonlyArray<Place> = []
    let size = Math.min(runSliceKeys, Math.max(fewestSliceKeys, 2 * limit))
    const newest = yield* connection.alone(newestKey(connection, Number.MAX_SAFE_INTEGER))
    for (let through = newest; through !== null && limit > 0;) {
      const upper: number = through
      const stretch = Math.floor(upper / runSliceKeys)
      // Of one instant, the newest key comes first: those that are still to come are older.
      const after = Math.max(from - 1, (found.length < limit ? undefined : found.at(-1)?.[1]) ?? -Infinity)
      const known = session.stretches.get(stretch)
      if (known !== undefined && known.latestFireAt <= after) {
        through = known.next
        continue
      }
      const lower = Math.max(stretch * runSliceKeys - 1, upper - size)
      const slice: Slice = yield* connection.alone(
        Effect.gen(function* () {
          const facts = after === -Infinity ? null : (known ?? (yield* stretchOf(session, stretch, newest ?? upper)))
          if (facts !== null && facts.latestClaimAt + fireAheadMs <= after) return { rows: [], next: null }
          if (facts !== null && facts.latestFireAt <= after) return { rows: [], next: facts.next }
          const rows = yield* runsOfSlice(connection, filter, after, lower, upper)
          return { rows, next: yield* newestKey(connection, lower) }
        })
      )
      if (slice.rows.length > 0) found = [...found, ...slice.rows].sort(fireOrder).slice(0, limit)
      through = slice.next
      size = Math.min(runSliceKeys, size * 4)
      if (through !== null) yield* yieldToEventLoop
    }
    return found
  })

interface Slice {
  readonly rows: ReadonlyArray<Place>
  /** The next key below; `null`: nothing that is looked for. */
  readonly next: number | null
}

/** Facts of a stretch of keys, kept where nothing is added to it any more. Runs that retention deletes leave them true enough. */
const stretchOf = (session: SqliteSession, stretch: number, newest: number): Read<Stretch> =>
  Effect.gen(function* () {
    const { connection, stretches } = session
    const lower = stretch * runSliceKeys - 1
    // NOT INDEXED: the rows lie in the order of their keys.
    const [row] = yield* connection.rows<{ fire: EpochMillis | null; claim: EpochMillis | null }>(
      "SELECT max(fire_at) AS fire, max(claimed_at) AS claim FROM runs NOT INDEXED WHERE run_key > ? AND run_key <= ?",
      [lower, lower + runSliceKeys]
    )
    const next = yield* newestKey(connection, lower)
    const facts = { latestFireAt: latest(row?.fire), latestClaimAt: latest(row?.claim), next }
    if (stretches.size >= mostStretches) stretches.clear()
    if (lower + runSliceKeys < newest) stretches.set(stretch, facts)
    return facts
  })

/** What is no number, by damage, comes after all numbers: nothing is known then. */
const latest = (found: unknown): EpochMillis =>
  typeof found === "number" ? found : found === null || found === undefined ? -Infinity : Infinity

/** Of 40 million runs. */
const mostStretches = 20_000

/** Of one instant the newest key comes first: such are found first, and stay so. */
const fireOrder = (a: Place, b: Place): number => b[1] - a[1]

const newestKey = (connection: SqliteConnection, through: number): Read<number | null> =>
  Effect.map(
    connection.rows<{ key: number | null }>("SELECT max(run_key) AS key FROM runs WHERE run_key <= ?", [through]),
    ([row]) => row?.key ?? null
  )

/** Those that fired later than `after`. */
const runsOfSlice = (
  connection: SqliteConnection,
  filter: RunFilter,
  after: EpochMillis,
  lower: number,
  upper: number
): Read<ReadonlyArray<Place>> => {
  const { clauses, params } = runConditions(filter, after + 1)
  return connection.values<Place>(
    `SELECT ${placeColumns} FROM runs r NOT INDEXED ${newestFirst([...clauses, "r.run_key > ?", "r.run_key <= ?"])}`,
    [...params, lower, upper, filter.limit ?? noLimit]
  )
}

const runConditions = (filter: RunFilter, from: EpochMillis | undefined) => {
  const { clauses, params } = conditions([
    ["r.fire_at >= ?", from],
    ["r.fire_at <= ?", filter.to ?? farthest]
  ])
  if (filter.outcomes !== undefined) {
    clauses.push(
      within(
        "r.outcome",
        filter.outcomes.map((outcome) => outcomeCodes[outcome]),
        params
      )
    )
  }
  return { clauses, params }
}

const newestFirst = (clauses: ReadonlyArray<string>): string =>
  `CROSS JOIN jobs j ON j.key = r.job_key WHERE ${clauses.join(" AND ")} ORDER BY r.fire_at DESC, r.run_key DESC ${limited}`

const runRows = (
  connection: SqliteConnection,
  sql: string,
  params: ReadonlyArray<unknown>
): Read<ReadonlyArray<RunRow>> => Effect.map(connection.values<StoredRun>(sql, params), (rows) => rows.map(runRow))

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
