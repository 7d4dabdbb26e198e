/** An attempt ended: another attempt, or the run's outcome. The chart says which; here is what each of them means. */
import { countFromEnd } from "./fixedDelay.ts"
import type { JobDraft } from "./jobDraft.ts"
import type {
  AdoptedEvent,
  InterruptedEvent,
  JobContext,
  MessageSentEvent,
  NextFire,
  SettledEvent,
  StepSavedEvent,
  WaitOverEvent
} from "./jobEvent.ts"
import type { EndedAttempt } from "./retry.ts"
import { attemptsLeft, nextAttemptAt } from "./retry.ts"
import type { LiveRun } from "./run.ts"
import { isDue } from "./run.ts"
import type { JobRules } from "./rules.ts"
import { crashesToPark } from "./rules.ts"
import type { JobMemory } from "./snapshot.ts"
import { goesOn } from "./snapshot.ts"

/** What a job knows before and while it is decided. */
type Knowing = Pick<JobContext, "jobId" | "memory">

/** The run that an outcome is for. An attempt that is not under way can only be called off. */
export const settledRun = ({ memory }: Knowing, { runKey, outcome }: SettledEvent): LiveRun | undefined =>
  memory.live.find((run) => run.runKey === runKey && (run.retryAt === null || outcome === "cancelled"))

/** Whether the attempt may be followed by another: the job's rules or the task say so, and nothing forbids it. */
export const maySettleAgain = (context: JobContext, event: SettledEvent): boolean => {
  const run = settledRun(context, event)
  return (
    run !== undefined &&
    mayRetry(context.memory, context.rules) &&
    attemptsLeft(endedAttempt(context, event, run), context.rules.retry)
  )
}

/** Field by field: it is asked for at the end of every attempt. */
const endedAttempt = ({ jobId }: Knowing, event: SettledEvent, run: LiveRun): EndedAttempt => ({
  jobId,
  fireAt: run.fireAt,
  attempt: run.attempt,
  putOffs: run.putOffs ?? 0,
  outcome: event.outcome,
  errorName: event.errorName,
  retryable: event.retryable,
  again: event.again,
  now: event.now
})

/** The third death in a row of the run's own worker: its run must be what kills it. */
export const killedItsWorker = (context: JobContext, event: SettledEvent): boolean => {
  if (event.crashed !== true) return false
  const run = settledRun(context, event)
  return run !== undefined && isPoison(counted(run, true), context.memory)
}

/** Another attempt follows, due in its own time. */
export const retry = (draft: JobDraft, event: SettledEvent): void => {
  const run = settledRun(draft, event)
  if (run === undefined) return
  const { memory } = draft
  const retryAt = nextAttemptAt(endedAttempt(draft, event, run), draft.rules.retry)
  memory.crashes = 0
  draft.end(run, event.outcome, retryAt)
  const tried = putOffBy(counted(run, event.crashed === true), event)
  const away = event.again?.putAway === true ? { putAway: true } : {}
  memory.live = replaced(memory.live, { ...tried, attempt: run.attempt + 1, retryAt, ...away })
}

/** The run has ended with its attempt. */
export const endRun = (draft: JobDraft, event: SettledEvent): void => {
  const run = settledRun(draft, event)
  if (run === undefined) return
  const { memory } = draft
  memory.crashes = 0
  draft.end(run, event.outcome, null)
  memory.live = without(memory.live, run)
  memory.lastOutcome = event.outcome
}

/** A fixed delay counts from the end of the runs that have just ended. */
export const countFromEnds = (draft: JobDraft, { next = null }: { readonly next?: NextFire | null }): void => {
  if (next === null) return
  for (const { run, retryAt } of draft.endedSoFar) if (retryAt === null) countFromEnd(draft, run, next)
}

/** Deaths of its workers in a row: another end of an attempt clears them. */
const counted = (run: LiveRun, workerDied: boolean): LiveRun => {
  if (workerDied) return { ...run, workerDeaths: (run.workerDeaths ?? 0) + 1 }
  if (run.workerDeaths === undefined) return run
  const { workerDeaths: _, ...cleared } = run
  return cleared
}

/** A worker's death names its run, whatever else the job has under way: each run is counted for itself. */
const isPoison = ({ workerDeaths = 0 }: LiveRun, { removed }: JobMemory): boolean =>
  workerDeaths >= crashesToPark && !removed

const putOffBy = (run: LiveRun, { again }: SettledEvent): LiveRun =>
  again?.counts === false ? { ...run, putOffs: (run.putOffs ?? 0) + 1 } : run

/** A run gives up its further attempts when the job was removed, and when a newer fire time cancels it. */
export const mayRetry = (memory: JobMemory, rules: JobRules): boolean =>
  !memory.removed && (rules.overlap !== "cancel-running" || memory.queue.length === 0)

/** Starts every attempt whose wait is over. */
export const startAttempts = (draft: JobDraft, event: WaitOverEvent): void => {
  draft.memory.live = draft.memory.live.map((run) => {
    if (!isDue(run, event.now) || !goesOn(draft.memory, run)) return run
    const { putAway: _, ...taken } = run
    const started = { ...taken, retryAt: null }
    draft.retry(started)
    return started
  })
}

/** The run's machine only waits, and is not due yet. */
export const isPutAway = ({ memory }: Knowing, { runKey, now }: MessageSentEvent): boolean =>
  memory.live.some((run) => run.runKey === runKey && run.putAway === true && !isDue(run, now))

/** Its next attempt is due now. */
export const makeDue = ({ memory }: JobDraft, { runKey, now }: MessageSentEvent): void => {
  memory.live = memory.live.map((run) => (run.runKey === runKey ? { ...run, retryAt: now } : run))
}

/** Nothing of the run was saved before. */
export const isFirstStep = ({ memory }: Knowing, { runKey }: StepSavedEvent): boolean =>
  memory.live.some((run) => run.runKey === runKey && run.saved !== true)

/** Without what is saved of it no further attempt of the run is made. */
export const noteSaved = ({ memory }: JobDraft, { runKey }: StepSavedEvent): void => {
  memory.live = memory.live.map((run) => (run.runKey === runKey ? { ...run, saved: true } : run))
}

/** Runs with an attempt under way that the event names. */
export const namedUnderWay = (
  { memory }: Knowing,
  { runKeys }: Pick<InterruptedEvent, "runKeys">
): ReadonlyArray<LiveRun> => memory.live.filter((run) => run.retryAt === null && runKeys.includes(run.runKey))

/**
 * The job's run must be what kills the process, or its worker: the third crash in a row with no other job under way of which that might
 * be said, unless the crash is `shared`; or the third death of the worker of one run.
 */
export const isCulprit = (context: JobContext, event: InterruptedEvent): boolean =>
  killsWorkers(context, event) ||
  (event.crash &&
    crashesAfter(context.memory, event) >= crashesToPark &&
    !context.memory.removed &&
    namedUnderWay(context, event).length > 0)

const killsWorkers = (context: JobContext, event: InterruptedEvent): boolean =>
  event.workerDied === true && namedUnderWay(context, event).some((run) => isPoison(counted(run, true), context.memory))

/** Crashes in a row, this one included. The process has lived through a worker's death. */
const crashesAfter = ({ crashes }: JobMemory, { crash, shared, workerDied }: InterruptedEvent): number =>
  workerDied === true ? 0 : crash ? Math.min(crashes + 1, shared === true ? crashesToPark - 1 : Infinity) : crashes

/** `onInterrupted: "rerun"`. */
export const rerunsInterrupted = ({ memory, rules }: JobContext): boolean =>
  rules.onInterrupted === "rerun" && mayRetry(memory, rules)

/** Another attempt of each, due at once. */
export const attemptAgain = (draft: JobDraft, event: InterruptedEvent): void => {
  const { memory } = draft
  memory.crashes = crashesAfter(memory, event)
  for (const run of namedUnderWay(draft, event)) {
    draft.end(run, "interrupted", event.now)
    const tried = event.workerDied === true ? counted(run, true) : run
    memory.live = replaced(memory.live, { ...tried, attempt: run.attempt + 1, retryAt: event.now })
  }
}

/** Their runs have ended with them. */
export const endInterrupted = (draft: JobDraft, event: InterruptedEvent): void => {
  const { memory } = draft
  memory.crashes = crashesAfter(memory, event)
  for (const run of namedUnderWay(draft, event)) {
    draft.end(run, "interrupted", null)
    memory.live = without(memory.live, run)
    memory.lastOutcome = "interrupted"
  }
}

/** Takes the job out of service, as what kills its process or its worker. */
export const parkAsPoison = (draft: JobDraft, event: SettledEvent | InterruptedEvent): void => {
  const { memory } = draft
  const died = event.type === "settled" || event.workerDied === true ? "worker" : "process"
  const times = died === "worker" ? crashesToPark : memory.crashes
  memory.pausedAt ??= event.now
  memory.fault = poison(died, times)
}

const poison = (died: "process" | "worker", times: number): NonNullable<JobMemory["fault"]> => {
  const what = died === "process" ? "the process died" : "the worker of a run died"
  return {
    kind: "poison",
    message: `${what} ${times} times in a row while this job ran; resume the job when the cause is gone`
  }
}

/** Another job was found to be the one that kills the process, or this one has lived through its trial. */
export const acquit = ({ memory }: JobDraft): void => {
  memory.crashes = 0
}

/** An executor still makes attempts that the last owner left: they are not interrupted. */
export const adopt = (draft: JobDraft, { runKeys, epoch }: AdoptedEvent): void => {
  draft.memory.live = draft.memory.live.map((run) =>
    run.retryAt === null && runKeys.includes(run.runKey) ? { ...run, adoptedBy: epoch } : run
  )
}

const replaced = (live: ReadonlyArray<LiveRun>, run: LiveRun): ReadonlyArray<LiveRun> =>
  live.map((other) => (other.runKey === run.runKey ? run : other))

const without = (live: ReadonlyArray<LiveRun>, run: LiveRun): ReadonlyArray<LiveRun> =>
  live.length === 1 ? [] : live.filter((other) => other.runKey !== run.runKey)
