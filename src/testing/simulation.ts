/** What a simulation has shown, read from its scheduler: the ledger, and a short account of each job. Plain data. */
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type { LedgerEntry } from "../job/ledger.ts"
import type { Outcome, RunRecord } from "../job/run.ts"
import type { Scheduler } from "../scheduler/scheduler.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Verification } from "../verify/verification.ts"

/** What `simulate` gives. */
export interface Simulation {
  /** Epoch milliseconds, inclusive. */
  readonly from: EpochMillis
  /** Epoch milliseconds, exclusive. */
  readonly to: EpochMillis
  /** By fire time; of one instant, in the order in which they were claimed. Those under way at the end have no outcome. */
  readonly runs: ReadonlyArray<RunRecord>
  /** Fire times that are no runs of their own, misfired or coalesced, by their first instant. */
  readonly misfires: ReadonlyArray<LedgerEntry>
  /** The jobs as they are at the end, without those that were removed; by next fire time, those without one last. */
  readonly jobs: ReadonlyArray<JobRecord>
  /** By job id, removed jobs included. */
  readonly summary: { readonly [jobId: string]: JobSummary }
  /** The engine's own books, checked: every fire time accounted for, once. */
  readonly verification: Verification
}

/** One job's part in a simulation, in numbers. */
export interface JobSummary {
  /** Runs, those on request included. */
  readonly runs: number
  /** Ended runs by outcome. */
  readonly outcomes: { readonly [outcome in Outcome]: number }
  /** Runs under way at the end. */
  readonly unfinished: number
  /** Fire times that were misfired. */
  readonly misfired: number
  /** Fire times that another run stands for. */
  readonly coalesced: number
  /** The fire time of the first run; `null`: there was none. */
  readonly firstFireAt: EpochMillis | null
  /** The fire time of the last run; `null`: there was none. */
  readonly lastFireAt: EpochMillis | null
  /** The longest that a first attempt started after its fire time, milliseconds. */
  readonly latestMs: number
  /** The longest from a run's claim to its outcome, milliseconds. */
  readonly longestMs: number
}

/** Reads everything that a scheduler has in its books. */
export const readSimulation = async (scheduler: Scheduler, from: EpochMillis, to: EpochMillis): Promise<Simulation> => {
  const verification = await scheduler.verify()
  const jobs = (await scheduler.getJobs({ limit: all })).map(({ record }) => record)
  const runs = await readRuns(scheduler, from, to, Math.ceil(verification.checked.runs / runsPerSlice))
  const misfires = (await scheduler.getLedger({ limit: all })).toReversed().sort((one, other) => one.from - other.from)
  return { from, to, runs, misfires, jobs, summary: summaryOf(jobs, runs, misfires), verification }
}

const all = Number.MAX_SAFE_INTEGER

/** Rows that are made and dropped before the garbage collector takes them for old. */
const runsPerSlice = 10_000

/** By fire time. In slices of time: the rows of a million runs at once would take as much again as the records. */
const readRuns = async (
  scheduler: Scheduler,
  from: EpochMillis,
  to: EpochMillis,
  slices: number
): Promise<ReadonlyArray<RunRecord>> => {
  const runs: Array<RunRecord> = []
  const edge = (slice: number): EpochMillis => from + Math.floor(((to - from) * slice) / slices)
  for (let slice = 1; slice <= Math.max(1, slices); slice++) {
    // A given store may hold runs from before, and a fast stream numbers its fire times on: the ends are open.
    const bounds = {
      ...(slice === 1 ? {} : { from: edge(slice - 1) + 1 }),
      ...(slice >= slices ? {} : { to: edge(slice) })
    }
    for (const run of (await scheduler.getRuns({ ...bounds, limit: all })).toReversed()) runs.push(run)
  }
  return runs
}

type Draft = { -readonly [Field in keyof JobSummary]: JobSummary[Field] } & { outcomes: Record<Outcome, number> }

/** The account of each job that is named in one of the lists. */
const summaryOf = (
  jobs: ReadonlyArray<JobRecord>,
  runs: ReadonlyArray<RunRecord>,
  misfires: ReadonlyArray<LedgerEntry>
): { readonly [jobId: string]: JobSummary } => {
  const drafts = new Map<string, Draft>()
  const of = (jobId: string): Draft => {
    let draft = drafts.get(jobId)
    if (draft === undefined) drafts.set(jobId, (draft = emptyDraft()))
    return draft
  }
  for (const { id } of jobs) of(id)
  for (const run of runs) addRun(of(run.jobId), run)
  for (const { jobId, kind, count } of misfires) {
    if (kind === "misfired") of(jobId).misfired += count
    else of(jobId).coalesced += count
  }
  // By id, so that equal simulations print equally. A null prototype: an id may be `__proto__`.
  const byId = [...drafts].sort(([one], [other]) => (one < other ? -1 : 1))
  return Object.assign(Object.create(null) as object, Object.fromEntries(byId))
}

const emptyDraft = (): Draft => ({
  runs: 0,
  outcomes: { succeeded: 0, failed: 0, timedOut: 0, cancelled: 0, interrupted: 0 },
  unfinished: 0,
  misfired: 0,
  coalesced: 0,
  firstFireAt: null,
  lastFireAt: null,
  latestMs: 0,
  longestMs: 0
})

/** Runs come by fire time. */
const addRun = (draft: Draft, run: RunRecord): void => {
  draft.runs += 1
  if (run.outcome === null) draft.unfinished += 1
  else draft.outcomes[run.outcome] += 1
  draft.firstFireAt ??= run.fireAt
  draft.lastFireAt = run.fireAt
  if (run.attempt === 1 && run.startedAt !== null) draft.latestMs = Math.max(draft.latestMs, run.startedAt - run.fireAt)
  if (run.finishedAt !== null) draft.longestMs = Math.max(draft.longestMs, run.finishedAt - run.claimedAt)
}
