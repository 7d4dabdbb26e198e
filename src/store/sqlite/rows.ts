/** How rows lie in SQLite: small integers for words, and the columns of each query. The codes are the file format: append only. */
import type { LedgerKind } from "../../job/ledger.ts"
import type { Outcome } from "../../job/run.ts"
import type { JobState } from "../../job/snapshot.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { JobRow, LedgerRow, RunRow } from "../jobStore.ts"
import { readColumns, text, textOrNull, whole, wholeOrNull } from "./columns.ts"

export const stateCodes: Readonly<Record<JobState, number>> = {
  scheduled: 0,
  running: 1,
  misfired: 2,
  paused: 3,
  done: 4
}
export const outcomeCodes: Readonly<Record<Outcome, number>> = {
  succeeded: 0,
  failed: 1,
  timedOut: 2,
  cancelled: 3,
  interrupted: 4
}
export const kindCodes: Readonly<Record<LedgerKind, number>> = { misfired: 0, coalesced: 1, paused: 2, superseded: 3 }

/** A code as its word. An unknown one comes back as text of no word: whoever decodes the row refuses that row, no other. */
const decoder = <Word extends string>(codes: Readonly<Record<Word, number>>): ((code: number) => Word) => {
  const words = Object.keys(codes) as Array<Word>
  return (code) => words[code] ?? (`code ${code}` as Word)
}

export const stateOf = decoder(stateCodes)
const outcomeOf = decoder(outcomeCodes)
const kindOf = decoder(kindCodes)

/** Columns of `jobs j` and `job_state s`, in the order of `StoredJob`. A job whose state is gone is read as one that nobody can read. */
export const jobColumns = `j.key, j.id, j.task, j.trigger, j.stream, j.args, j.rules, j.notes, j.added_at, j.removed_at,
  coalesce(s.value, -1), s.wake_at AS wakeAt, coalesce(s.fault, 1), coalesce(j.executor, 'default'),
  coalesce(s.memory, '')`

export type StoredJob = readonly [
  key: number,
  id: string,
  task: string,
  trigger: string,
  stream: string | null,
  args: string,
  rules: string,
  notes: string,
  addedAt: EpochMillis,
  removedAt: EpochMillis | null,
  value: number,
  wakeAt: EpochMillis | null,
  fault: number,
  executor: string,
  memory: string
]

/** As in `jobColumns`. */
const jobTypes = [
  whole("key", 0),
  text("id"),
  text("task"),
  text("trigger"),
  textOrNull("stream"),
  text("args"),
  text("rules"),
  text("notes"),
  whole("added_at", 0),
  wholeOrNull("removed_at", 0),
  whole("value", -1),
  wholeOrNull("wake_at"),
  whole("fault", 1),
  text("executor", "default"),
  text("memory")
]

/** A row with columns that do not hold what they must says so in `damage`; whoever decodes it refuses that row, no other. */
export const jobRow = (found: StoredJob): JobRow => {
  const { row, damage } = readColumns(jobTypes, found)
  if (damage === null) return jobRowOf(row)
  const job = jobRowOf(row)
  return { ...job, id: job.id === "" ? nameless(job.key) : job.id, damage }
}

/** For a job whose id cannot be read: no two have the same. */
const nameless = (key: number): string => `unreadable id of the job with key ${key}`

const jobRowOf = (stored: StoredJob): JobRow => ({
  key: stored[0],
  id: stored[1],
  task: stored[2],
  trigger: stored[3],
  stream: stored[4],
  args: stored[5],
  rules: stored[6],
  notes: stored[7],
  addedAt: stored[8],
  removedAt: stored[9],
  value: stateOf(stored[10]),
  wakeAt: stored[11],
  fault: stored[12] !== 0,
  executor: stored[13],
  memory: stored[14]
})

/** Columns of `runs r` and `jobs j`, in the order of `StoredRun`. */
export const runColumns = `r.run_key, r.job_key, j.id, r.fire_at, r.request, r.claimed_at, r.epoch, r.args, r.attempt, r.started_at,
  r.finished_at, r.outcome, r.result, r.error`

/** The columns of runs that may be long. */
export const runTexts = ["r.args", "r.result", "r.error"] as const

/** The same without what may be long. */
export const bareRunColumns = runTexts.reduce((columns: string, text) => columns.replace(text, "NULL"), runColumns)

export type StoredRun = readonly [
  runKey: number,
  jobKey: number,
  jobId: string,
  fireAt: EpochMillis,
  request: number,
  claimedAt: EpochMillis,
  epoch: number,
  args: string | null,
  attempt: number,
  startedAt: EpochMillis | null,
  finishedAt: EpochMillis | null,
  outcome: number | null,
  result: string | null,
  error: string | null
]

/** As in `runColumns`. */
const runTypes = [
  whole("run_key", 0),
  whole("job_key", 0),
  text("id"),
  whole("fire_at", 0),
  whole("request", 0),
  whole("claimed_at", 0),
  whole("epoch", 0),
  textOrNull("args"),
  whole("attempt", 1),
  wholeOrNull("started_at"),
  wholeOrNull("finished_at"),
  wholeOrNull("outcome"),
  textOrNull("result"),
  textOrNull("error")
]

/** As `jobRow`. */
export const runRow = (found: StoredRun): RunRow => {
  const { row, damage } = readColumns(runTypes, found)
  if (damage === null) return runRowOf(row)
  const run = runRowOf(row)
  return { ...run, jobId: run.jobId === "" ? nameless(run.jobKey) : run.jobId, damage }
}

const runRowOf = (stored: StoredRun): RunRow => ({
  runKey: stored[0],
  jobKey: stored[1],
  jobId: stored[2],
  fireAt: stored[3],
  request: stored[4],
  claimedAt: stored[5],
  epoch: stored[6],
  args: stored[7],
  attempt: stored[8],
  startedAt: stored[9],
  finishedAt: stored[10],
  outcome: stored[11] === null ? null : outcomeOf(stored[11]),
  result: stored[12],
  error: stored[13]
})

/** Columns of `ledger l` and `jobs j`, in the order of `StoredLedger`. */
export const ledgerColumns = "l.job_key, j.id, l.kind, l.from_at, l.through_at, l.count, l.reason, l.run_key, l.at"

export type StoredLedger = readonly [
  jobKey: number,
  jobId: string,
  kind: number,
  fromAt: EpochMillis,
  throughAt: EpochMillis,
  count: number,
  reason: string | null,
  runKey: number | null,
  at: EpochMillis
]

/** As in `ledgerColumns`. */
const ledgerTypes = [
  whole("job_key", 0),
  text("id"),
  whole("kind", -1),
  whole("from_at", 0),
  whole("through_at", 0),
  whole("count", 0),
  textOrNull("reason"),
  wholeOrNull("run_key"),
  whole("at", 0)
]

/** Without those whose columns do not hold what they must: the fire times that they stood for have no record then, which `verify` tells. */
export const ledgerRows = (
  found: ReadonlyArray<StoredLedger>
): ReadonlyArray<LedgerRow & { readonly jobId: string }> => {
  const rows: Array<LedgerRow & { readonly jobId: string }> = []
  for (const stored of found) {
    const { row, damage } = readColumns(ledgerTypes, stored)
    if (damage === null) rows.push(ledgerRow(row))
  }
  return rows
}

const ledgerRow = (stored: StoredLedger): LedgerRow & { readonly jobId: string } => ({
  jobKey: stored[0],
  jobId: stored[1],
  kind: kindOf(stored[2]),
  fromAt: stored[3],
  throughAt: stored[4],
  count: stored[5],
  reason: stored[6],
  runKey: stored[7],
  at: stored[8]
})
