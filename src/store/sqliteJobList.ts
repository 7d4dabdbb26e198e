/**
 * Listing jobs by filter. Where an index gives the order, the walk ends with the limit; where every job must be looked at, it
 * goes in slices of keys with everything else let in between, so that a million jobs do not hold up the ones that are due.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { wakeOrder } from "./jobOrder.ts"
import type { JobFilter, JobRow } from "./jobStore.ts"
import { conditions, jobRows, noLimit, within } from "./sqliteReads.ts"
import { jobColumns, stateCodes } from "./sqliteRows.ts"
import type { SqliteSession } from "./sqliteSession.ts"

type Jobs = Effect.Effect<ReadonlyArray<JobRow>, SqlError>

/** Jobs that are not removed, by `filter`. Takes the connection for itself a query at a time. */
export const listJobs = (session: SqliteSession, filter: JobFilter): Jobs => {
  const { byWake = true, states, task, tag, fault } = filter
  const { connection } = session
  if (!byWake) {
    return connection.alone(byKey(session, filter))
  }
  if (states !== undefined && !states.includes("scheduled")) {
    return connection.alone(byState(session, filter))
  }
  return task === undefined && tag === undefined && fault === undefined
    ? connection.alone(byWakeUp(session, filter))
    : scan(session, filter)
}

/** Keys that one slice covers: some 5 ms. */
const sliceKeys = 5000

const byKey = (session: SqliteSession, filter: JobFilter): Jobs => {
  const { clauses, params } = jobConditions(session, filter)
  const sql = `SELECT ${jobColumns} FROM jobs j CROSS JOIN job_state s ON s.key = j.key
    WHERE ${clauses.join(" AND ")} ORDER BY j.key LIMIT ?`
  return jobRows(session, sql, [...params, filter.limit ?? noLimit])
}

/** From the index of all states but scheduled. */
const byState = (session: SqliteSession, filter: JobFilter): Jobs => {
  const { clauses, params } = jobConditions(session, filter)
  const sql = `SELECT ${jobColumns} FROM job_state s INDEXED BY job_state_value CROSS JOIN jobs j ON j.key = s.key
    WHERE s.value <> 0 AND ${clauses.join(" AND ")} ORDER BY s.wake_at IS NULL, s.wake_at, j.id LIMIT ?`
  return jobRows(session, sql, [...params, filter.limit ?? noLimit])
}

/** Executor by executor along the index of wake-ups, merged; then those asleep. */
const byWakeUp = (session: SqliteSession, filter: JobFilter): Jobs => {
  const { numbers } = session.executors
  const { clauses, params } = jobConditions(session, filter)
  const limit = filter.limit ?? noLimit
  const executors = filter.executor === undefined ? [...numbers.values()] : [numbers.get(filter.executor) ?? -1]
  if (executors.length === 0) {
    return Effect.succeed([])
  }
  const select = `SELECT ${jobColumns} FROM job_state s CROSS JOIN jobs j ON j.key = s.key WHERE ${clauses.join(" AND ")}`
  const awake = executors.map(() => `${select} AND s.executor = ? AND s.wake_at IS NOT NULL`).join(" UNION ALL ")
  const awakeParams = executors.flatMap((executor) => [...params, executor])
  return Effect.flatMap(jobRows(session, `${awake} ORDER BY wakeAt, id LIMIT ?`, [...awakeParams, limit]), (first) =>
    first.length === limit
      ? Effect.succeed(first)
      : Effect.map(
          jobRows(session, `${select} AND s.wake_at IS NULL ORDER BY j.id LIMIT ?`, [
            ...params,
            limit === noLimit ? noLimit : limit - first.length
          ]),
          (rest) => [...first, ...rest]
        )
  )
}

const scan = (session: SqliteSession, filter: JobFilter): Jobs =>
  Effect.gen(function* () {
    const { connection } = session
    const { clauses, params } = jobConditions(session, filter)
    const limit = filter.limit ?? Infinity
    const [last] = yield* connection.alone(connection.rows<{ key: number }>("SELECT max(key) AS key FROM jobs"))
    const slice = `SELECT ${jobColumns} FROM jobs j CROSS JOIN job_state s ON s.key = j.key
      WHERE ${clauses.join(" AND ")} AND j.key > ? AND j.key <= ?`
    const found: Array<JobRow> = []
    for (let after = filter.afterKey ?? 0; after < (last?.key ?? 0); after += sliceKeys) {
      found.push(...(yield* connection.alone(jobRows(session, slice, [...params, after, after + sliceKeys]))))
      if (found.length > limit + sliceKeys) found.sort(wakeOrder).splice(limit)
      yield* Effect.yieldNow()
    }
    return found.sort(wakeOrder).slice(0, limit)
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
