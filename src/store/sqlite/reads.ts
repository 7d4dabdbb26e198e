/** The store's queries for jobs by id and key, and their count. Values are bound, never written into the text. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Exit } from "effect"
import type { JobState } from "../../job/snapshot.ts"
import type { JobRow, StoreBatch } from "../jobStore.ts"
import { inChunks, sized } from "./chunks.ts"
import { wholeNumber } from "./columns.ts"
import { jobColumns, jobRow, stateCodes, stateOf, type StoredJob } from "./rows.ts"
import type { RunningJobs, SqliteSession } from "./session.ts"
import { yieldToEventLoop, sliceJobs } from "./slices.ts"
import type { StoreUnreadable } from "../storeError.ts"

type Read<A> = Effect.Effect<A, SqlError>

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

/** The running are known; the rare states by index; the scheduled are those that are left. */
export const countJobs = (
  session: SqliteSession
): Effect.Effect<ReadonlyMap<JobState, number>, SqlError | StoreUnreadable> =>
  Effect.gen(function* () {
    const { connection } = session
    const keys = yield* runningJobs(session)
    const rows = yield* connection.alone(connection.rows<{ value: unknown; jobs: number }>(countedByIndex))
    const counts = new Map<JobState, number>()
    const add = (state: JobState, jobs: number) => counts.set(state, (counts.get(state) ?? 0) + jobs)
    add("running", keys.size)
    const [whole, ...rare] = rows
    const all = yield* wholeNumber(session.store, "the owner row's job_count", whole?.jobs)
    for (const { value, jobs } of rare)
      if (typeof value === "number" && value !== stateCodes.scheduled) add(stateOf(value), jobs)
    const others = [...counts.values()].reduce((sum, jobs) => sum + jobs, 0)
    add("scheduled", all - others)
    return new Map([...counts].filter(([, jobs]) => jobs > 0))
  })

const runningJobs = (session: SqliteSession): Read<ReadonlySet<number>> =>
  Effect.suspend(() => {
    const { running } = session
    if (running === null) return findRunning(session)
    return running.complete ? Effect.succeed(running.keys) : Effect.zipRight(yieldToEventLoop, runningJobs(session))
  })

/** By a look at every job. Commits in between are noted in what is found. */
const findRunning = (session: SqliteSession): Read<ReadonlySet<number>> => {
  const found: RunningJobs = { keys: new Set(), complete: false }
  session.running = found
  const scan = sliceJobs(session.connection, 0, (after, through) =>
    Effect.map(
      session.connection.values<readonly [key: number]>(
        "SELECT key FROM job_state WHERE value = ? AND key > ? AND key <= ?",
        [stateCodes.running, after, through]
      ),
      (rows) => {
        for (const [key] of rows) found.keys.add(key)
        return true
      }
    )
  )
  return scan.pipe(
    Effect.onExit((exit) =>
      Effect.sync(() => {
        found.complete = Exit.isSuccess(exit)
        if (!found.complete && session.running === found) session.running = null
      })
    ),
    Effect.as(found.keys)
  )
}

/** A commit is on disk, whole. */
export const noteRunning = (session: SqliteSession, batch: StoreBatch): void => {
  if (session.running === null) return
  const { keys } = session.running
  for (const rows of [batch.added, batch.states])
    for (const { key, value } of rows) {
      if (value === "running") keys.add(key)
      else keys.delete(key)
    }
}

/** All jobs, as state `null`; the rare and the done; and what removed jobs are among those and the running, to be taken off. */
const countedByIndex = `
  SELECT NULL AS value, job_count AS jobs FROM owner
  UNION ALL SELECT value, count(*) FROM job_state INDEXED BY job_state_rare WHERE value IN (2, 3) GROUP BY value
  UNION ALL SELECT ${stateCodes.done}, count(*) FROM job_state INDEXED BY job_state_done WHERE done_at IS NOT NULL
  UNION ALL SELECT s.value, -count(*) FROM jobs j CROSS JOIN job_state s ON s.key = j.key
    WHERE j.removed_at IS NOT NULL GROUP BY s.value`

export const readStreamJobs = (session: SqliteSession): Read<ReadonlyArray<JobRow>> =>
  jobRows(
    session,
    `SELECT ${jobColumns} FROM jobs j INDEXED BY jobs_by_stream CROSS JOIN job_state s ON s.key = j.key
    WHERE j.stream IS NOT NULL AND j.removed_at IS NULL AND s.value IS NOT ? ORDER BY j.key`,
    [stateCodes.done]
  )

/** SQLite reads a negative limit as none. */
export const noLimit = -1

/**
 * A limit that is bound. Of a bare `LIMIT ?` the planner wants to know the number, so SQLite compiles the statement anew each time it
 * is bound: 12 to 35 µs of CPU time, often more than the query. Into a sum it does not look.
 */
export const limited = "LIMIT ? + 0"

export const jobRows = (
  { connection }: SqliteSession,
  sql: string,
  params: ReadonlyArray<unknown>
): Read<ReadonlyArray<JobRow>> => Effect.map(connection.values<StoredJob>(sql, params), (rows) => rows.map(jobRow))

const jobsById = sized(
  (rows) => `SELECT ${jobColumns} FROM jobs j LEFT JOIN job_state s ON s.key = j.key
    WHERE j.removed_at IS NULL AND j.id IN (${Array(rows).fill("?").join(",")})`
)

const jobsByKey = sized(
  (rows) => `SELECT ${jobColumns} FROM jobs j LEFT JOIN job_state s ON s.key = j.key
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
