/** What a caller does to a job: request a run, pause, park, resume, reschedule, redefine, remove. */
import type { EpochMillis } from "../time/instant.ts"
import type { OwedFireTimes } from "./fireRange.ts"
import { single } from "./fireRange.ts"
import type { JobDraft } from "./jobDraft.ts"
import type {
  JobContext,
  ParkEvent,
  PauseEvent,
  RedefineEvent,
  RemoveEvent,
  RequestedEvent,
  RescheduleEvent,
  ResumeEvent,
  SkipEvent
} from "./jobEvent.ts"
import { countedAhead, countFromNow, servedThrough, setRightFrom } from "./clockSetBack.ts"
import { withdrawBacklog } from "./maxRuns.ts"
import { misfireQueued } from "./overlap.ts"
import type { LiveRun } from "./run.ts"
import type { JobMemory } from "./snapshot.ts"

/** A run beside the schedule starts at once. */
export const claimRequest = (draft: JobDraft, event: RequestedEvent): void => {
  draft.claimRequest(event)
}

/** Runs under way and requests go on; retries and queued fire times wait; what is due and not served is withdrawn. */
export const pause = (draft: JobDraft, event: PauseEvent): void => {
  withdrawOwed(draft, event.owed, event.now)
  // When the schedule is over, no fire time after its end is accounted for, for none is owed.
  if (!draft.memory.exhausted) draft.memory.cursor = Math.max(draft.memory.cursor, event.now)
  draft.memory.pausedAt = event.now
  draft.memory.fault = null
}

/** A fault takes the job out of service. Nothing is withdrawn: what is owed is still owed when the cause is gone. */
export const park = (draft: JobDraft, event: ParkEvent): void => {
  draft.memory.pausedAt ??= event.now
  draft.memory.fault = event.fault
}

/** The clock was ahead and was set right: the job has counted where the clock is not. */
export const clockWasAhead = ({ memory }: JobContext, { now }: ResumeEvent): boolean => countedAhead(memory, now)

/** The resumed job counts by the right clock. What was over by the wrong one need not be. */
export const countByRightClock = (draft: JobDraft, event: ResumeEvent): void => {
  const { memory } = draft
  const from = resumedFrom(memory, event.now, event.missed)
  countFromNow(draft, event.now, event.firstRunKey)
  memory.since = from
  memory.cursor = from
  const { maxRuns } = draft.rules
  memory.exhausted = maxRuns !== null && memory.runCount >= maxRuns
}

/** Fire times of the pause are not made up: the ledger keeps its stretch. What a parked job still owed is withdrawn. */
export const leavePauseOut = (draft: JobDraft, { now }: ResumeEvent): void => {
  const { memory } = draft
  withdrawBacklog(draft, null)
  span(draft, "paused", memory.cursor, now)
  memory.cursor = Math.max(memory.cursor, now)
}

/** In service again, from the fire time that the event names. */
export const endPause = (draft: JobDraft, event: ResumeEvent): void => {
  const { memory } = draft
  memory.pausedAt = null
  memory.fault = null
  memory.crashes = 0
  memory.misfire = null
  if (!memory.exhausted) memory.nextFireAt = event.nextFireAt
  memory.exhausted ||= event.exhausted
}

/** Where the fire times of a resumed job begin, exclusive. */
export const resumedFrom = (memory: JobMemory, now: EpochMillis, missed: "skip" | "coalesce"): EpochMillis =>
  countedAhead(memory, now)
    ? missed === "skip"
      ? now
      : setRightFrom(now)
    : missed === "skip"
      ? Math.max(now, memory.cursor)
      : memory.cursor

/**
 * Where a new trigger's fire times begin, exclusive: one at `now` counts. Never before what the old trigger's runs have
 * served, or the same fire time would be claimed twice; but for a clock that was ahead and was set right. What was left out ahead of the
 * clock was left out of the old trigger.
 */
export const rescheduledFrom = (memory: JobMemory, now: EpochMillis, owed: OwedFireTimes | null): EpochMillis =>
  countedAhead(memory, now) ? setRightFrom(now) : Math.max(servedThrough(memory, now), now - 1, owed?.through ?? 0)

/** Another trigger from now on. A pause stays; the run count goes on. `event.nextFireAt` lies after `rescheduledFrom`. */
export const reschedule = (draft: JobDraft, event: RescheduleEvent): void => {
  const { memory } = draft
  const after = rescheduledFrom(memory, event.now, event.owed)
  // Not through `now`, which may be a fire time of the new trigger.
  withdrawOwed(draft, event.owed, after)
  span(draft, "superseded", memory.since, after)
  if (memory.cursor > after) countFromNow(draft, event.now, event.nextRunKey)
  memory.since = after
  memory.cursor = after
  memory.catchUpThrough = null
  memory.misfire = null
  const { maxRuns } = draft.rules
  memory.exhausted = event.exhausted || (maxRuns !== null && memory.runCount >= maxRuns)
  memory.nextFireAt = memory.exhausted ? null : event.nextFireAt
}

/**
 * Other rules from now on. A run's arguments are those it was claimed with, for all its attempts; and it goes on where fewer are allowed
 * from now on, which it says itself, for whoever does not know the rules of its time.
 */
export const keepArguments = (memory: JobMemory, { args, rules }: Pick<RedefineEvent, "args" | "rules">): JobMemory => {
  const isOver = memory.live.length > rules.maxInstances
  const settled = (run: LiveRun): boolean =>
    (args === undefined || run.args !== undefined) && (!isOver || run.ofHigherLimit === true)
  if (memory.live.every(settled)) return memory
  const live = memory.live.map((run) => ({
    ...run,
    ...(args === undefined || run.args !== undefined ? {} : { args }),
    ...(isOver ? { ofHigherLimit: true } : {})
  }))
  return { ...memory, live }
}

/** Leaves out the next fire time, also one that lies ahead: it is accounted for, and no sign of trouble. */
export const leaveOut = (draft: JobDraft, event: SkipEvent): void => {
  const { memory } = draft
  const { nextFireAt } = memory
  if (nextFireAt === null) return
  draft.record("misfired", single(nextFireAt), "skipped", null)
  const through = Math.max(memory.cursor, nextFireAt)
  memory.skipped = { after: servedThrough(memory, event.now), through }
  memory.cursor = through
  memory.nextFireAt = event.nextFireAt
  memory.exhausted = event.exhausted
}

/** Nothing more is claimed. Executing runs end by themselves and are recorded; waiting ones are cancelled. A pause ends here. */
export const remove = (draft: JobDraft, event: RemoveEvent): void => {
  const { memory } = draft
  withdrawOwed(draft, event.owed, event.now)
  for (const fire of memory.queue) if (fire.requested !== true) misfireQueued(draft, fire, "withdrawn")
  for (const run of memory.live) {
    if (run.retryAt === null) continue
    draft.end(run, "cancelled", null)
    memory.lastOutcome = "cancelled"
  }
  memory.queue = []
  memory.live = memory.live.filter((run) => run.retryAt === null)
  // When the schedule is over, no fire time after its end is accounted for, as in a pause.
  if (!memory.exhausted) {
    if (memory.pausedAt !== null) span(draft, "paused", memory.cursor, event.now)
    memory.cursor = Math.max(memory.cursor, event.now)
  }
  memory.removed = true
  memory.exhausted = true
  memory.nextFireAt = null
  memory.pausedAt = null
  memory.fault = null
}

/** What is due and will not be served. Fire times too many to be counted are one entry, like those of a pause. */
const withdrawOwed = (draft: JobDraft, owed: OwedFireTimes | null, through: EpochMillis): void => {
  withdrawBacklog(draft, owed)
  if (owed?.more === true) span(draft, "paused", owed.through, through)
}

/** A stretch in which nothing was owed: after `after`, through `through`. Empty when the clock has gone back. */
const span = (draft: JobDraft, kind: "paused" | "superseded", after: EpochMillis, through: EpochMillis): void => {
  if (through > after) draft.record(kind, { from: after + 1, through, count: 0 }, null, null)
}
