/**
 * Listing jobs by filter: first where they stand in the order asked for, then their rows. Where an index gives the order, the walk
 * ends with the limit; where every job must be looked at, only its place is read. All of it goes in slices with everything else let in
 * between, so that neither a million jobs nor large ones hold up those that are due.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { JobState } from "../../job/snapshot.ts"
import type { EpochMillis } from "../../time/instant.ts"
import { withinBytes } from "../answerBytes.ts"
import { Nearest } from "../jobOrder.ts"
import type { JobFilter, JobRow } from "../jobStore.ts"
import { inChunks } from "./chunks.ts"
import { conditions, jobRows, limited, within } from "./reads.ts"
import { jobColumns, stateCodes } from "./rows.ts"
import type { SqliteSession } from "./session.ts"
import { bySize, yieldToEventLoop, sliceJobs, sliceKeys } from "./slices.ts"

type Read<A> = Effect.Effect<ReadonlyArray<A>, SqlError>

/** Where a job stands, and what its texts take. */
interface Place {
  readonly key: number
  readonly wakeAt: EpochMillis | null
  readonly bytes: number
}

/** Jobs that are not removed, by `filter`. Takes the connection for itself a slice at a time. */
export const listJobs = (session: SqliteSession, filter: JobFilter): Read<JobRow> =>
  Effect.flatMap(findPlaces(session, filter), (places) =>
    readRows(
      session,
      filter,
      withinBytes(places, ({ bytes }) => bytes, filter.bytes)
    )
  )

const findPlaces = (session: SqliteSession, filter: JobFilter): Read<Place> => {
  const { byWake = true, states, task, tag, fault } = filter
  if (!byWake) return scan(session, filter)
  const wanted = fault === true && states === undefined ? parked : states
  if (wanted?.every(isRare) === true) return byState(session, filter, wanted)
  // Along the index of wake-ups most rows must be wanted, or the walk is long.
  const mostAreWanted = states === undefined || states.includes("scheduled")
  const fewExecutors = session.executors.numbers.size <= mostExecutors
  return mostAreWanted && fewExecutors && task === undefined && tag === undefined && fault === undefined
    ? byWakeUp(session, filter)
    : scan(session, filter)
}

/** A parked job is paused. */
const parked: ReadonlyArray<JobState> = ["paused"]

/** States that have an index: most jobs are in the others, or come and go between them with every run. */
const isRare = (state: JobState): boolean => state === "misfired" || state === "paused" || state === "done"

/** SQLite puts 500 queries together at the most. */
const mostExecutors = 200

/** The rows of the places, those left out that no longer meet the filter. */
const readRows = (session: SqliteSession, filter: JobFilter, places: ReadonlyArray<Place>): Read<JobRow> =>
  Effect.gen(function* () {
    const { connection } = session
    const rows: Array<JobRow> = []
    const { clauses, params } = jobConditions(session, filter)
    for (const slice of bySize(places, ({ bytes }) => bytes)) {
      if (rows.length > 0) yield* yieldToEventLoop
      const found = new Map<number, JobRow>()
      const read = Effect.forEach(inChunks(slice.map(({ key }) => key)), (keys) =>
        jobRows(
          session,
          `SELECT ${jobColumns} FROM jobs j LEFT JOIN job_state s ON s.key = j.key
          WHERE j.key IN (${keys.map(() => "?").join()}) AND ${clauses.join(" AND ")}`,
          [...keys, ...params]
        )
      )
      for (const row of (yield* connection.alone(read)).flat()) found.set(row.key, row)
      for (const { key } of slice) {
        const row = found.get(key)
        if (row !== undefined) rows.push(row)
      }
    }
    return rows
  })

/** State by state along its index. */
const byState = (session: SqliteSession, filter: JobFilter, states: ReadonlyArray<JobState>): Read<Place> =>
  Effect.gen(function* () {
    const { clauses, params } = jobConditions(session, withoutStates(filter))
    const nearest = new Nearest<Place>(filter.limit)
    for (const state of new Set(states)) {
      const [index, at, condition] =
        state === "done"
          ? ["job_state_done", "s.done_at", `s.value = ${stateCodes.done}`]
          : ["job_state_rare", "s.value", `s.value IN (2, 3) AND s.value = ${stateCodes[state]}`]
      yield* along(
        session,
        (place) => nearest.add(place),
        (from, bounds) => [
          `SELECT ${placeColumns}, ${at} FROM job_state s INDEXED BY ${index} CROSS JOIN jobs j ON j.key = s.key
          WHERE ${[condition, ...clauses, `${at} ${from}`].join(" AND ")} ORDER BY ${at}, s.key ${limited}`,
          [...params, ...bounds]
        ]
      )
    }
    return nearest.inOrder()
  })

const withoutStates = ({ states: _, ...others }: JobFilter): JobFilter => others

/** Executor by executor along the index of wake-ups, merged; then those asleep, by key. */
const byWakeUp = (session: SqliteSession, filter: JobFilter): Read<Place> =>
  Effect.gen(function* () {
    const { limit = Infinity } = filter
    const { numbers } = session.executors
    const { clauses, params } = jobConditions(session, filter)
    const executors = filter.executor === undefined ? [...numbers.values()] : [numbers.get(filter.executor) ?? -1]
    const places: Array<Place> = []
    const awake = (from: string): string =>
      `SELECT ${placeColumns}, s.wake_at AS at FROM job_state s CROSS JOIN jobs j ON j.key = s.key
      WHERE ${clauses.join(" AND ")} AND s.executor = ? AND s.wake_at IS NOT NULL AND s.wake_at ${from}`
    if (executors.length > 0)
      yield* along(
        session,
        (place) => places.push(place) < limit,
        (from, bounds) => [
          `${executors.map(() => awake(from)).join(" UNION ALL ")} ORDER BY at, key ${limited}`,
          executors.flatMap((executor) => [...params, executor, ...bounds])
        ],
        limit
      )
    if (places.length >= limit) return places
    const listed = new Set(places.map(({ key }) => key))
    const asleep = yield* scan(session, { ...filter, byWake: false, limit: limit - places.length }, "s.wake_at IS NULL")
    // A job may have fallen asleep in between.
    return [...places, ...asleep.filter(({ key }) => !listed.has(key))]
  })

/** What a walk gives of a job, and where its index has it. */
type Step = readonly [key: number, wakeAt: unknown, bytes: number, at: unknown]

/** A wake-up that is no number, by damage, is none. */
const placeOf = ([key, wakeAt, bytes]: Step): Place => ({
  key,
  wakeAt: typeof wakeAt === "number" ? wakeAt : null,
  bytes
})

/**
 * Along an index of (instant, key), a slice at a time, until `take` answers false. The rest of the instant where the last slice ended
 * and all later ones are two queries: of one condition for both SQLite would look at the whole instant.
 */
const along = (
  { connection }: SqliteSession,
  take: (place: Place) => boolean,
  query: (from: string, bounds: ReadonlyArray<unknown>) => readonly [sql: string, params: ReadonlyArray<unknown>],
  most = Infinity
): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    const size = Math.min(sliceKeys, most)
    const read = (from: string, bounds: ReadonlyArray<unknown>, rows: number) => {
      const [sql, params] = query(from, bounds)
      return connection.values<Step>(sql, [...params, rows])
    }
    for (let place: readonly [at: number, key: number] | null = null; ;) {
      const before: readonly [at: number, key: number] | null = place
      const steps: ReadonlyArray<Step> = yield* connection.alone(
        Effect.gen(function* () {
          const rest = before === null ? [] : yield* read("= ? AND s.key > ?", before, size)
          const later = yield* read("> ?", [before?.[0] ?? -Infinity], size - rest.length)
          return [...rest, ...later]
        })
      )
      const [key = 0, , , at] = steps.at(-1) ?? []
      // Numbers beyond 2^53 are read rounded: a walk that gets no further ends.
      if (before !== null && at === before[0] && key <= before[1]) return
      for (const step of steps) if (!take(placeOf(step))) return
      // What is no number comes after all that are.
      if (steps.length < size || typeof at !== "number") return
      place = [at, key]
      yield* yieldToEventLoop
    }
  })

/** Every job in slices of keys, those alone that meet `condition` and the filter. */
const scan = (session: SqliteSession, filter: JobFilter, condition = "TRUE"): Read<Place> =>
  Effect.gen(function* () {
    const { byWake = true, limit = Infinity, afterKey = 0 } = filter
    const { clauses, params } = jobConditions(session, filter)
    // First the table that tells more of the rows apart, so that the other is not read for those.
    const byDefinition = filter.task !== undefined || filter.tag !== undefined
    const byState = filter.states !== undefined || filter.executor !== undefined || filter.fault !== undefined
    const tables = byDefinition
      ? "jobs j NOT INDEXED CROSS JOIN job_state s ON s.key = j.key"
      : byState
        ? "job_state s NOT INDEXED CROSS JOIN jobs j ON j.key = s.key"
        : "jobs j NOT INDEXED LEFT JOIN job_state s ON s.key = j.key"
    const key = tables.startsWith("jobs") ? "j.key" : "s.key"
    const sql = `SELECT ${placeColumns.replace("s.key", key)} FROM ${tables} WHERE ${clauses.join(" AND ")} AND ${condition}
      AND ${key} > ? AND ${key} <= ? ORDER BY ${key} ${limited}`
    const found: Array<Place> = []
    const nearest = new Nearest<Place>(limit)
    yield* sliceJobs(session.connection, Math.max(0, afterKey), (after, through) =>
      Effect.map(
        session.connection.values<Step>(sql, [
          ...params,
          after,
          through,
          byWake ? sliceKeys : Math.min(sliceKeys, limit - found.length)
        ]),
        (rows) => {
          for (const step of rows) {
            if (byWake) nearest.add(placeOf(step))
            else found.push(placeOf(step))
          }
          return byWake || found.length < limit
        }
      )
    )
    return byWake ? nearest.inOrder() : found
  })

/** In the order of `Step`. What NULL there takes is nothing. */
const placeColumns = "s.key AS key, s.wake_at, coalesce(octet_length(j.args), 0) + coalesce(octet_length(j.notes), 0)"

const jobConditions = ({ executors }: SqliteSession, filter: JobFilter) => {
  const { clauses, params } = conditions([
    ["s.executor = ?", filter.executor === undefined ? undefined : (executors.numbers.get(filter.executor) ?? -1)],
    ["j.task = ?", filter.task],
    ["j.key > ?", filter.afterKey],
    ["s.fault = ?", filter.fault === undefined ? undefined : Number(filter.fault)],
    // CASE tests in order: json_each fails the whole query on one damaged row, and takes text for a list of one.
    [
      `CASE WHEN NOT json_valid(j.notes) THEN FALSE WHEN json_type(j.notes, '$.tags') = 'array' THEN EXISTS (SELECT 1 FROM json_each(j.notes, '$.tags') WHERE type = 'text' AND value = ?) END`,
      filter.tag
    ]
  ])
  if (filter.states !== undefined) {
    clauses.push(
      within(
        "s.value",
        filter.states.map((state) => stateCodes[state]),
        params
      )
    )
  }
  return { clauses: ["j.removed_at IS NULL", ...clauses], params }
}
