/** A job's fire times come due: each is misfired, coalesced, claimed, queued or withdrawn, as the chart says, and ends in exactly one place. */
import type { EpochMillis } from "../time/instant.ts"
import type { FireRange } from "./fireRange.ts"
import { single } from "./fireRange.ts"
import type { FireTimeEvent } from "./fireTimeEvents.ts"
import type { JobDraft } from "./jobDraft.ts"
import type { DueEvent, JobContext, LateEvent, RefusedEvent } from "./jobEvent.ts"
import { claimFire, exhaust, placesLeft, runsLeft } from "./maxRuns.ts"
import type { MisfireReason } from "./misfire.ts"
import { queueMissed } from "./missed.ts"
import { misfireQueued, queued } from "./overlap.ts"
import { maxFireTimesPerWake } from "./rules.ts"
import { isDue } from "./run.ts"
import type { Backlog, JobMemory, QueuedFire } from "./snapshot.ts"
import { isOver } from "./snapshot.ts"

/** Not paused, not removed, not over. */
export const takesFireTimes = ({ memory }: JobContext): boolean =>
  memory.pausedAt === null && !memory.removed && !isOver(memory)

/** Also where `maxRuns` was lowered to what has run already. */
export const maxRunsReached = ({ memory, rules }: JobContext): boolean => runsLeft(memory, rules) === 0

/** Nothing was claimed when it came due, or none of the job's runs executed: it overlaps nothing, and waits whatever the policy. */
export const isMissed = ({ memory }: JobContext, event: DueEvent): boolean => {
  const { each, fireAt, coalesced, missedThrough = null, now } = event
  if (missedThrough !== null && Math.min(fireAt, coalesced?.from ?? fireAt) <= missedThrough) return true
  return each ? memory.catchUpThrough !== null && fireAt <= memory.catchUpThrough : noneExecutes(memory, now)
}

/** Every live run is about to start its next attempt: none executed when the fire time came due. */
const noneExecutes = ({ queue, live }: JobMemory, now: EpochMillis): boolean =>
  queue.length === 0 && live.every((run) => isDue(run, now))

/** As many wait as may, or as `maxRuns` leaves runs for. What stands for all that was missed has its place always. */
export const noPlaceForMissed = (context: JobContext, event: DueEvent): boolean =>
  event.each &&
  isMissed(context, event) &&
  (placesLeft(context.memory, context.rules) === 0 || context.memory.queue.length >= maxFireTimesPerWake)

/** Up to here the job has accounted for its fire times, or is about to. */
export const accountFor = (draft: JobDraft, event: FireTimeEvent): void => {
  const { memory } = draft
  const through = throughOf(event)
  memory.cursor = Math.max(memory.cursor, through)
  memory.nextFireAt = event.nextFireAt
  memory.exhausted ||= event.exhausted
  if (memory.backlog !== null) memory.backlog = countedAfter(memory.backlog, through)
  if (event.type === "counted" && (event.late ?? event.due) !== null)
    memory.backlog = { late: event.late, due: event.due, second: event.second }
  if (event.type === "due") noteMissed(memory, event)
}

const throughOf = (event: FireTimeEvent): EpochMillis => {
  switch (event.type) {
    case "due":
      return Math.max(event.fireAt, event.coalesced?.through ?? event.fireAt)
    case "late":
      return event.through
    case "counted":
      return (event.due ?? event.late)?.through ?? -Infinity
  }
}

/** What has been counted and comes later. */
const countedAfter = ({ due, second }: Backlog, through: EpochMillis): Backlog | null =>
  due !== null && due.from > through ? { late: null, due, second } : null

/** Those of a catch-up that comes one by one were missed together. */
const noteMissed = (memory: JobDraft["memory"], { each, fireAt, missedThrough = null }: DueEvent): void => {
  if (each && missedThrough !== null && fireAt <= missedThrough) memory.catchUpThrough = missedThrough
}

/** Claims the run; the last one that `maxRuns` allows ends the schedule. */
export const claim = (draft: JobDraft, { fireAt, args }: DueEvent): void => {
  claimFire(draft, draft.rules, fireAt, args)
}

/** The newest run stands for the others, too. */
export const coalesce = (draft: JobDraft, { coalesced }: DueEvent): void => {
  const claimed = draft.claimed.at(-1)
  if (coalesced === null || claimed === undefined) return
  draft.record("coalesced", coalesced, null, claimed.runKey)
}

/** No fire time follows: what waits and what runs is the last. */
export const endSchedule = (draft: JobDraft): void => exhaust(draft)

/** It waits as the overlap policy has it. */
export const queueFire = (draft: JobDraft, event: DueEvent): void => {
  draft.queue(asQueued(event))
}

/** It waits for a free instance: together with what was missed before, or in its turn where each is made up. */
export const queueAsMissed = (draft: JobDraft, event: DueEvent): void => {
  const fire = asQueued(event)
  if (event.each) draft.queue({ ...fire, missed: true })
  else queueMissed(draft, draft.rules, fire, event.passed ?? -Infinity, event.now)
}

/** It stays due: the job asks for it again when the queue is empty, since some may misfire in it. */
export const leaveDue = (draft: JobDraft, event: DueEvent): void => {
  const { memory } = draft
  noteMissed(memory, event)
  memory.cursor = Math.max(memory.cursor, event.fireAt - 1)
  memory.nextFireAt = event.fireAt
  memory.exhausted = false
}

/** It met a run, or a full queue. */
export const misfireOne = (draft: JobDraft, event: DueEvent, reason: MisfireReason): void => {
  misfireQueued(draft, asQueued(event), reason)
}

/** One of those that are made up finds no run left: to the trigger it has not come. A stream's value is here, and is withdrawn. */
export const endsCatchUp = (context: JobContext, { each, args }: DueEvent): boolean =>
  each && args === undefined && maxRunsReached(context)

/** The schedule ends before it. */
export const endBefore = (draft: JobDraft, { fireAt }: DueEvent): void => {
  draft.memory.cursor = Math.max(draft.memory.cursor, fireAt - 1)
  exhaust(draft)
}

/** No run is left for it, nor for what comes after. */
export const withdraw = (draft: JobDraft, event: DueEvent): void => {
  draft.misfire(allOf(event), "withdrawn")
  exhaust(draft)
}

/** All of them were past grace. */
export const misfireLate = (draft: JobDraft, event: LateEvent): void => {
  draft.misfire(event, "late")
}

/** Fire times that cannot become runs whatever the rules say. */
export const refuse = (draft: JobDraft, event: RefusedEvent): void => {
  draft.memory.cursor = Math.max(draft.memory.cursor, event.fireAt)
  draft.misfire({ ...single(event.fireAt), count: event.count ?? 1 }, event.reason)
}

const asQueued = ({ fireAt, args, coalesced }: DueEvent): QueuedFire =>
  coalesced === null ? queued(fireAt, args) : { ...queued(fireAt, args), coalesced }

const allOf = ({ fireAt, coalesced }: DueEvent): FireRange =>
  coalesced === null
    ? single(fireAt)
    : {
        from: Math.min(fireAt, coalesced.from),
        through: Math.max(fireAt, coalesced.through),
        count: coalesced.count + 1
      }
