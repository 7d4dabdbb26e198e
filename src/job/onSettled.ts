/** An attempt ended: another attempt, or the run's outcome; then whatever waited for its place. */
import type { EpochMillis } from "../time/instant.ts"
import { countFromEnd } from "./fixedDelay.ts"
import { JobDraft } from "./jobDraft.ts"
import type { JobDecision } from "./jobDraft.ts"
import type { AdoptedEvent, InterruptedEvent, JobContext, SettledEvent, WaitOverEvent } from "./jobEvent.ts"
import { startQueued } from "./overlap.ts"
import { nextAttemptAt } from "./retry.ts"
import type { LiveRun } from "./run.ts"
import type { JobRules } from "./rules.ts"
import { crashesToPark } from "./rules.ts"
import type { JobMemory } from "./snapshot.ts"
import { goesOn } from "./snapshot.ts"

export const onSettled = (context: JobContext, event: SettledEvent): JobDecision => {
  if (event.outcome === "interrupted") {
    const { now, firstRunKey, runKey, held, next } = event
    const own = { runKeys: [runKey], crash: false, workerDied: event.crashed === true }
    return onInterrupted(context, { type: "interrupted", now, firstRunKey, held, ...own, next })
  }
  const { rules } = context
  const draft = new JobDraft(context, event.firstRunKey)
  const { memory } = draft
  const run = memory.live.find(({ runKey }) => runKey === event.runKey)
  // An attempt that is not under way can only be called off.
  if (run === undefined || (run.retryAt !== null && event.outcome !== "cancelled")) return draft.decision()
  memory.crashes = 0
  const tried = counted(run, event.crashed === true)
  const poison = isPoison(tried, memory)
  const mayGoOn = !poison && mayRetry(memory, rules) && (rules.retry !== null || event.again)
  const retryAt = mayGoOn ? nextAttemptAt({ ...event, ...run, jobId: context.jobId }, rules.retry) : null
  draft.end(run, event.outcome, retryAt)
  if (retryAt !== null) {
    memory.live = replaced(memory.live, { ...putOffBy(tried, event), attempt: run.attempt + 1, retryAt })
    return draft.decision()
  }
  memory.live = without(memory.live, run)
  memory.lastOutcome = event.outcome
  countFromEnd(draft, run, event.next)
  if (poison) park(memory, event.now, "worker", crashesToPark)
  if (event.held !== true) startQueued(draft, rules, event.now)
  return draft.decision()
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

const park = (memory: JobDraft["memory"], now: EpochMillis, died: "process" | "worker", times: number): void => {
  const what = died === "process" ? "the process died" : "the worker of a run died"
  memory.pausedAt ??= now
  memory.fault = {
    kind: "poison",
    message: `${what} ${times} times in a row while this job ran; resume the job when the cause is gone`
  }
}

const putOffBy = (run: LiveRun, { again }: SettledEvent): LiveRun =>
  again?.counts === false ? { ...run, putOffs: (run.putOffs ?? 0) + 1 } : run

/** A run gives up its further attempts when the job was removed, and when a newer fire time cancels it. */
const mayRetry = (memory: JobMemory, rules: JobRules): boolean =>
  !memory.removed && (rules.overlap !== "cancel-running" || memory.queue.length === 0)

/** Starts every attempt and every queued fire time whose wait is over. */
export const onWaitOver = (context: JobContext, event: WaitOverEvent): JobDecision => {
  const draft = new JobDraft(context, event.firstRunKey)
  draft.memory.live = draft.memory.live.map((run) => {
    if (run.retryAt === null || run.retryAt > event.now || !goesOn(context.memory, run)) return run
    const started = { ...run, retryAt: null }
    draft.retry(started)
    return started
  })
  startQueued(draft, context.rules, event.now)
  return draft.decision()
}

/**
 * The process died, or stopped, while attempts were under way, or the worker of one did. `onInterrupted: "rerun"` makes a further
 * attempt, due at once; the third crash in a row parks the job instead, since its run must be what kills the process: at the third no
 * other of which that might be said is under way, or the crash is `shared`.
 */
export const onInterrupted = (context: JobContext, event: InterruptedEvent): JobDecision => {
  const { rules } = context
  const draft = new JobDraft(context, event.firstRunKey)
  const { memory } = draft
  const stopped = memory.live.filter((run) => run.retryAt === null && event.runKeys.includes(run.runKey))
  if (stopped.length === 0) return draft.decision()
  if (event.crash) memory.crashes = Math.min(memory.crashes + 1, event.shared === true ? crashesToPark - 1 : Infinity)
  const workerDied = event.workerDied === true
  // The process has lived through the attempt.
  if (workerDied) memory.crashes = 0
  const killer = workerDied && stopped.some((run) => isPoison(counted(run, true), memory))
  const poison = killer || (event.crash && memory.crashes >= crashesToPark && !memory.removed)
  const again = rules.onInterrupted === "rerun" && !poison && mayRetry(memory, rules)
  for (const run of stopped) {
    draft.end(run, "interrupted", again ? event.now : null)
    const tried = workerDied ? counted(run, true) : run
    if (again) memory.live = replaced(memory.live, { ...tried, attempt: run.attempt + 1, retryAt: event.now })
    else {
      memory.live = without(memory.live, run)
      memory.lastOutcome = "interrupted"
      countFromEnd(draft, run, event.next)
    }
  }
  if (killer) park(memory, event.now, "worker", crashesToPark)
  else if (poison) park(memory, event.now, "process", memory.crashes)
  if (event.held !== true) startQueued(draft, rules, event.now)
  return draft.decision()
}

/** Another job was found to be the one that kills the process, or this one has lived through its trial. */
export const onAcquitted = (context: JobContext): JobDecision => {
  const draft = new JobDraft(context)
  draft.memory.crashes = 0
  return draft.decision()
}

/** An executor still makes attempts that the last owner left: they are not interrupted. */
export const onAdopted = (context: JobContext, { runKeys, epoch }: AdoptedEvent): JobDecision => {
  const draft = new JobDraft(context)
  draft.memory.live = draft.memory.live.map((run) =>
    run.retryAt === null && runKeys.includes(run.runKey) ? { ...run, adoptedBy: epoch } : run
  )
  return draft.decision()
}

const replaced = (live: ReadonlyArray<LiveRun>, run: LiveRun): ReadonlyArray<LiveRun> =>
  live.map((other) => (other.runKey === run.runKey ? run : other))

const without = (live: ReadonlyArray<LiveRun>, run: LiveRun): ReadonlyArray<LiveRun> =>
  live.length === 1 ? [] : live.filter((other) => other.runKey !== run.runKey)
