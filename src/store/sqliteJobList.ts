/**
 * Listing jobs by filter. Where an index gives the order, the walk ends with the limit; where every job must be looked at, it
 * goes in slices of keys with everything else let in between, so that a million jobs do not hold up the ones that are due.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { wakeOrder } from "./jobOrder.ts"
import type { JobState } from "../job/snapshot.ts"
import type { JobFilter, JobRow } from "./jobStore.ts"
import { conditions, jobRows, noLimit, within } from "./sqliteReads.ts"
import { jobColumns, stateCodes } from "./sqliteRows.ts"
import type { SqliteSession } from "./sqliteSession.ts"
import { sliceJobs, sliceKeys } from "./sqliteSlices.ts"

type Jobs = Effect.Effect<ReadonlyArray<JobRow>, SqlError>

/** Jobs that are not removed, by `filter`. Takes the connection for itself a query at a time. */
export const listJobs = (session: SqliteSession, filter: JobFilter): Jobs => {
  const { byWake = true, states, task, tag, fault, limit = Infinity } = filter
  if (!byWake) {
    return scan(session, filter)
  }
  if (states?.every((state) => isRare(state)) === true) {
    return session.connection.alone(byState(session, filter))
  }
  // Along the index of wake-ups most rows must be wanted, or the walk is long and nobody is let in.
  const mostAreWanted = states === undefined || states.includes("scheduled")
  return mostAreWanted && task === undefined && tag === undefined && fault === undefined && limit <= sliceKeys
    ? byWakeUp(session, filter, limit)
    : scan(session, filter)
}

/** States that have an index: most jobs are in the others, or come and go between them with every run. */
const isRare = (state: JobState): boolean => state === "misfired" || state === "paused" || state === "done"

const byState = (session: SqliteSession, filter: JobFilter): Jobs => {
  const { limit = noLimit } = filter
  const { clauses, params } = jobConditions(session, filter)
  const found = (index: string, condition: string) =>
    jobRows(
      session,
      `SELECT ${jobColumns} FROM job_state s INDEXED BY ${index} CROSS JOIN jobs j ON j.key = s.key
      WHERE ${[condition, ...clauses].join(" AND ")} ORDER BY s.wake_at IS NULL, s.wake_at, j.id LIMIT ?`,
      [...params, limit]
    )
  return Effect.zipWith(
    found("job_state_rare", "s.value IN (2, 3)"),
    found("job_state_done", "s.done_at IS NOT NULL"),
    (rare, done) => [...rare, ...done].sort(wakeOrder).slice(0, limit === noLimit ? undefined : limit)
  )
}

/** Executor by executor along the index of wake-ups, merged; then those asleep. */
const byWakeUp = (session: SqliteSession, filter: JobFilter, limit: number): Jobs =>
  Effect.gen(function* () {
    const { numbers } = session.executors
    const { clauses, params } = jobConditions(session, filter)
    const executors = filter.executor === undefined ? [...numbers.values()] : [numbers.get(filter.executor) ?? -1]
    if (executors.length === 0) return []
    const awake = executors.map(
      () => `SELECT ${jobColumns} FROM job_state s CROSS JOIN jobs j ON j.key = s.key
        WHERE ${clauses.join(" AND ")} AND s.executor = ? AND s.wake_at IS NOT NULL`
    )
    const first = yield* session.connection.alone(
      jobRows(session, `${awake.join(" UNION ALL ")} ORDER BY wakeAt, id LIMIT ?`, [
        ...executors.flatMap((executor) => [...params, executor]),
        limit
      ])
    )
    if (first.length === limit) return first
    const listed = new Set(first.map(({ key }) => key))
    const asleep = yield* scan(session, { ...filter, limit }, "s.wake_at IS NULL")
    // A job may have fallen asleep in between.
    return [...first, ...asleep.filter(({ key }) => !listed.has(key))].slice(0, limit)
  })

/** Every job in slices of keys, those alone that meet `condition` and the filter. */
const scan = (session: SqliteSession, filter: JobFilter, condition = "TRUE"): Jobs =>
  Effect.gen(function* () {
    const { byWake = true, limit = Infinity, afterKey = 0 } = filter
    const { clauses, params } = jobConditions(session, filter)
    // First the table that tells more of the rows apart, so that the other is not read for those.
    const tables =
      filter.task === undefined && filter.tag === undefined
        ? "job_state s NOT INDEXED CROSS JOIN jobs j ON j.key = s.key"
        : "jobs j NOT INDEXED CROSS JOIN job_state s ON s.key = j.key"
    const key = tables.startsWith("jobs") ? "j.key" : "s.key"
    const sql = `SELECT ${jobColumns} FROM ${tables} WHERE ${clauses.join(" AND ")} AND ${condition}
      AND ${key} > ? AND ${key} <= ? ORDER BY ${key} LIMIT ?`
    const found: Array<JobRow> = []
    yield* sliceJobs(session.connection, Math.max(0, afterKey), (after, through) =>
      Effect.map(
        jobRows(session, sql, [
          ...params,
          after,
          through,
          byWake || limit === Infinity ? noLimit : limit - found.length
        ]),
        (rows) => {
          found.push(...rows)
          if (byWake && found.length > limit + sliceKeys) found.sort(wakeOrder).splice(limit)
          return byWake || found.length < limit
        }
      )
    )
    return byWake ? found.sort(wakeOrder).slice(0, limit) : found
  })

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
