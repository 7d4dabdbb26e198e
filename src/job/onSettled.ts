/** An attempt ended: another attempt, or the run's outcome; then whatever waited for its place. */
import { JobDraft } from "./jobDraft.ts"
import type { JobDecision } from "./jobDraft.ts"
import type { InterruptedEvent, JobContext, RetryDueEvent, SettledEvent } from "./jobEvent.ts"
import { startQueued } from "./overlap.ts"
import { nextAttemptAt } from "./retry.ts"
import type { LiveRun } from "./run.ts"
import { crashesToPark } from "./rules.ts"

export const onSettled = (context: JobContext, event: SettledEvent): JobDecision => {
  const { rules } = context
  const draft = new JobDraft(context, event.firstRunKey)
  const { memory } = draft
  const run = memory.live.find(({ runKey }) => runKey === event.runKey)
  if (run === undefined) return draft.decision()
  memory.crashes = 0
  const retryAt = memory.removed
    ? null
    : nextAttemptAt({ ...run, jobId: context.jobId, outcome: event.outcome, errorName: event.errorName, retryable: event.retryable, now: event.now }, rules.retry)
  draft.end(run, event.outcome, retryAt)
  if (retryAt !== null) {
    memory.live = replaced(memory.live, { ...run, attempt: run.attempt + 1, retryAt })
    return draft.decision()
  }
  memory.live = without(memory.live, run)
  memory.lastOutcome = event.outcome
  if (event.next !== null && memory.live.length === 0 && !memory.removed) {
    if (!memory.exhausted) memory.nextFireAt = event.next.nextFireAt
    memory.exhausted ||= event.next.exhausted
  }
  if (memory.pausedAt === null) startQueued(draft, rules, event.now)
  return draft.decision()
}

/** Starts every attempt whose wait is over. */
export const onRetryDue = (context: JobContext, event: RetryDueEvent): JobDecision => {
  const draft = new JobDraft(context)
  draft.memory.live = draft.memory.live.map((run) => {
    if (run.retryAt === null || run.retryAt > event.now) return run
    const started = { ...run, retryAt: null }
    draft.retry(started)
    return started
  })
  return draft.decision()
}

/**
 * The process died, or stopped, while attempts were under way. `onInterrupted: "rerun"` makes a further attempt, due at
 * once; the third crash in a row parks the job instead, since its run may be what kills the process.
 */
export const onInterrupted = (context: JobContext, event: InterruptedEvent): JobDecision => {
  const { rules } = context
  const draft = new JobDraft(context, event.firstRunKey)
  const { memory } = draft
  if (event.crash) memory.crashes += 1
  const poison = memory.crashes >= crashesToPark
  for (const run of draft.memory.live) {
    if (!event.runKeys.includes(run.runKey)) continue
    if (rules.onInterrupted === "rerun" && !poison && !memory.removed) {
      draft.end(run, "interrupted", event.now)
      memory.live = replaced(memory.live, { ...run, attempt: run.attempt + 1, retryAt: event.now })
    } else {
      draft.end(run, "interrupted", null)
      memory.live = without(memory.live, run)
      memory.lastOutcome = "interrupted"
    }
  }
  if (poison && !memory.removed) {
    memory.pausedAt = event.now
    memory.fault = {
      kind: "poison",
      message: `the process died ${memory.crashes} times in a row while this job ran; resume the job when the cause is gone`
    }
  } else if (memory.pausedAt === null) startQueued(draft, rules, event.now)
  return draft.decision()
}

const replaced = (live: ReadonlyArray<LiveRun>, run: LiveRun): ReadonlyArray<LiveRun> =>
  live.map((other) => (other.runKey === run.runKey ? run : other))

const without = (live: ReadonlyArray<LiveRun>, run: LiveRun): ReadonlyArray<LiveRun> =>
  live.length === 1 ? [] : live.filter((other) => other.runKey !== run.runKey)
