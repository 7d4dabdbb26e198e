/**
 * The writing statements of the SQLite store and the parameters of a row of each: bound, in the order of the placeholders. Texts
 * for the rows that nearly all are, with fewer bound values, were measured: of some 12 µs a run they saved 0.3.
 */
import type { EpochMillis } from "../../time/instant.ts"
import type { ClaimRow, JobDefinitionRow, JobStateRow, LedgerRow, SettleRow } from "../jobStore.ts"
import { placeholders, sized } from "./chunks.ts"
import { kindCodes, outcomeCodes, stateCodes } from "./rows.ts"
import type { Executors } from "./session.ts"

export const removeJobs = sized(
  (rows) => `WITH v(k, a) AS (VALUES ${placeholders(rows, 2)})
    UPDATE jobs SET removed_at = a FROM v WHERE key = k AND removed_at IS NULL`
)

export const clearWakes = sized(
  (rows) => `UPDATE job_state SET wake_at = NULL WHERE key IN (VALUES ${placeholders(rows, 1)})`
)

export const insertJobs = sized(
  (rows) => `INSERT INTO jobs(key, id, task, trigger, stream, args, rules, notes, added_at, executor)
    VALUES ${placeholders(rows, 10)}`
)

export const updateJobs = sized(
  (rows) => `WITH v(k, i, a, c, d, e, f, g, h, x) AS (VALUES ${placeholders(rows, 10)})
    UPDATE jobs SET task = a, trigger = c, stream = d, args = e, rules = f, notes = g, added_at = h, executor = x
    FROM v WHERE key = k`
)

export const definitionParams = (params: Array<unknown>, row: JobDefinitionRow & { readonly key: number }): void => {
  params.push(
    row.key,
    row.id,
    row.task,
    row.trigger,
    row.stream,
    row.args,
    row.rules,
    row.notes,
    row.addedAt,
    row.executor === "default" ? null : row.executor
  )
}

export const updateExecutors = sized(
  (rows) => `WITH v(k, a) AS (VALUES ${placeholders(rows, 2)})
    UPDATE job_state SET executor = a FROM v WHERE key = k AND executor <> a`
)

/** An upsert rather than UPDATE … FROM: measured a third faster, and of a key that comes twice the last row wins. */
export const upsertStates = sized(
  (
    rows
  ) => `INSERT INTO job_state(key, value, wake_at, fault, done_at, executor, memory) VALUES ${placeholders(rows, 7)}
    ON CONFLICT(key) DO UPDATE SET value = excluded.value, wake_at = excluded.wake_at, fault = excluded.fault,
    done_at = excluded.done_at, executor = excluded.executor, memory = excluded.memory`
)

/** Leaves rows alone whose wake-up, executor or end differs; of the others, it touches no index: `value` counts only where it is rare. */
export const updateStates = sized(
  (
    rows
  ) => `INSERT INTO job_state(key, value, wake_at, fault, done_at, executor, memory) VALUES ${placeholders(rows, 7)}
    ON CONFLICT(key) DO UPDATE SET value = excluded.value, fault = excluded.fault, memory = excluded.memory
    WHERE wake_at IS excluded.wake_at AND executor = excluded.executor AND done_at IS excluded.done_at`
)

export const stateParams = (
  params: Array<unknown>,
  row: JobStateRow,
  at: EpochMillis,
  executors: Executors["numbers"]
): void => {
  params.push(
    row.key,
    stateCodes[row.value],
    row.wakeAt,
    row.fault ? 1 : 0,
    row.value === "done" ? at : null,
    executors.get(row.executor),
    row.memory
  )
}

export const insertRuns = sized(
  (rows) =>
    `INSERT INTO runs(run_key, job_key, fire_at, request, claimed_at, epoch, args) VALUES ${placeholders(rows, 7)}`
)

export const claimParams = (params: Array<unknown>, row: ClaimRow, epoch: number): void => {
  params.push(row.runKey, row.jobKey, row.fireAt, row.request, row.claimedAt, epoch, row.args)
}

export const settleRuns = sized(
  (rows) => `WITH v(k, a, b, c, d, e, f) AS (VALUES ${placeholders(rows, 7)})
    UPDATE runs SET attempt = a, started_at = b, finished_at = c, outcome = d, result = e, error = f
    FROM v WHERE run_key = k AND finished_at IS NULL`
)

export const settleParams = (params: Array<unknown>, row: SettleRow): void => {
  params.push(
    row.runKey,
    row.attempt,
    row.startedAt,
    row.finishedAt,
    row.outcome === null ? null : outcomeCodes[row.outcome],
    row.result,
    row.error
  )
}

export const insertLedger = sized(
  (rows) => `INSERT INTO ledger(job_key, kind, from_at, through_at, count, reason, run_key, at)
    VALUES ${placeholders(rows, 8)}`
)

export const ledgerParams = (params: Array<unknown>, row: LedgerRow): void => {
  params.push(row.jobKey, kindCodes[row.kind], row.fromAt, row.throughAt, row.count, row.reason, row.runKey, row.at)
}
