/** What a caller does to a job: request a run, pause, park, resume, reschedule, redefine, remove. */
import type { FireRange } from "./fireRange.ts"
import { joined, single } from "./fireRange.ts"
import { JobDraft } from "./jobDraft.ts"
import type { JobDecision } from "./jobDraft.ts"
import type {
  JobContext,
  ParkEvent,
  PauseEvent,
  RemoveEvent,
  RequestedEvent,
  RescheduleEvent,
  ResumeEvent
} from "./jobEvent.ts"
import { mayStart, queueRequest, startQueued } from "./overlap.ts"

/** A run beside the schedule. The machine lets it through only where `acceptsRequest` agrees. */
export const onRequested = (context: JobContext, event: RequestedEvent): JobDecision => {
  const draft = new JobDraft(context, event.firstRunKey)
  if (mayStart(draft, context.rules)) draft.claim(event.fireAt, true, event.args)
  else queueRequest(draft, context.rules, event.fireAt, event.args)
  return draft.decision()
}

/** Runs under way go on; retries and queued fire times wait; what is due and not served is withdrawn. */
export const onPause = (context: JobContext, event: PauseEvent): JobDecision => {
  const draft = new JobDraft(context)
  withdraw(draft, event.owed)
  draft.memory.cursor = Math.max(draft.memory.cursor, event.now)
  draft.memory.pausedAt = event.now
  draft.memory.fault = null
  return draft.decision()
}

/** A fault takes the job out of service. Nothing is withdrawn: what is owed is still owed when the cause is gone. */
export const onPark = (context: JobContext, event: ParkEvent): JobDecision => {
  const draft = new JobDraft(context)
  draft.memory.pausedAt ??= event.now
  draft.memory.fault = event.fault
  return draft.decision()
}

/**
 * Ends a pause. Fire times since the job's cursor are not made up (the ledger keeps the stretch as `paused`), unless
 * `missed` is `coalesce`: then they come due at once.
 */
export const onResume = (context: JobContext, event: ResumeEvent): JobDecision => {
  const draft = new JobDraft(context, event.firstRunKey)
  const { memory } = draft
  if (event.missed === "skip") {
    draft.record("paused", { from: memory.cursor + 1, through: Math.max(event.now, memory.cursor + 1), count: 0 }, null, null)
    memory.cursor = Math.max(memory.cursor, event.now)
    memory.backlog = null
  }
  memory.pausedAt = null
  memory.fault = null
  memory.crashes = 0
  memory.misfire = null
  if (!memory.exhausted) memory.nextFireAt = event.nextFireAt
  memory.exhausted ||= event.exhausted
  startQueued(draft, context.rules, event.now)
  return draft.decision()
}

/** Another trigger from now on. A pause stays; the run count goes on. */
export const onReschedule = (context: JobContext, event: RescheduleEvent): JobDecision => {
  const draft = new JobDraft(context)
  const { memory } = draft
  withdraw(draft, event.owed)
  draft.record("superseded", { from: memory.since + 1, through: Math.max(event.now, memory.since + 1), count: 0 }, null, null)
  memory.since = event.now
  memory.cursor = event.now
  memory.catchUpThrough = null
  memory.misfire = null
  const { maxRuns } = context.rules
  memory.exhausted = event.exhausted || (maxRuns !== null && memory.runCount >= maxRuns)
  memory.nextFireAt = memory.exhausted ? null : event.nextFireAt
  return draft.decision()
}

/** Nothing more is claimed. Executing runs end by themselves and are recorded; waiting ones are cancelled. */
export const onRemove = (context: JobContext, event: RemoveEvent): JobDecision => {
  const draft = new JobDraft(context)
  const { memory } = draft
  withdraw(draft, event.owed)
  for (const fire of memory.queue) if (fire.requested !== true) draft.misfire(single(fire.fireAt), "withdrawn")
  for (const run of memory.live) if (run.retryAt !== null) draft.end(run, "cancelled", null)
  memory.queue = []
  memory.live = memory.live.filter((run) => run.retryAt === null)
  memory.cursor = Math.max(memory.cursor, event.now)
  memory.removed = true
  memory.exhausted = true
  memory.nextFireAt = null
  memory.pausedAt = null
  memory.fault = null
  return draft.decision()
}

/** Due fire times that will not be served, those of a catch-up under way included. */
const withdraw = (draft: JobDraft, owed: FireRange | null): void => {
  const { backlog } = draft.memory
  draft.memory.backlog = null
  draft.misfire(joined(joined(backlog?.late ?? null, backlog?.due ?? null), owed), "withdrawn")
}
