/** Overlap: what becomes of a fire time or a request, given the runs that are live. */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { FireRange } from "./fireRange.ts"
import { single } from "./fireRange.ts"
import type { JobDraft, Request } from "./jobDraft.ts"
import type { JobContext, RequestedEvent } from "./jobEvent.ts"
import { claimFire, placesLeft, runsLeft } from "./maxRuns.ts"
import type { MisfireReason } from "./misfire.ts"
import type { JobRules } from "./rules.ts"
import { maxFireTimesPerWake } from "./rules.ts"
import type { JobMemory, QueuedFire } from "./snapshot.ts"

/** What the rules of overlap look at. */
type Knowing = Pick<JobContext, "memory" | "rules">

/** True while another run may start at once: a free instance, and nothing waits for it. */
export const instanceFree = ({ memory, rules }: Knowing): boolean =>
  memory.live.length < rules.maxInstances && waitingIn(memory) === 0

/** A newer fire time or request takes the place of what runs. */
export const overlapCancels = ({ rules }: Knowing): boolean => rules.overlap === "cancel-running"

/** As many wait as may wait of one job. */
export const queueFull = ({ memory, rules }: Knowing): boolean =>
  rules.overlap === "queue-all" && memory.queue.length >= maxFireTimesPerWake

/** A fire time that met a run waits: nothing waits yet, or all may, and `maxRuns` leaves a run for it. */
export const overlapQueues = ({ memory, rules }: Knowing): boolean =>
  rules.overlap === "queue-one"
    ? memory.queue.length === 0
    : rules.overlap === "queue-all" && placesLeft(memory, rules) > 0

/** Whether a request may be made now: an instance is free, or the policy lets it wait. */
export const acceptsRequest = (memory: JobMemory, rules: JobRules): boolean => {
  // A parked job is out of service: a run may be the very thing that kills the process.
  if (memory.removed || memory.fault !== null) return false
  const waiting = waitingIn(memory)
  // What waits while nothing is claimed takes an instance, too.
  if (memory.live.length + waiting < rules.maxInstances) return true
  switch (rules.overlap) {
    case "skip":
      return false
    case "queue-one":
      return waiting === 0
    case "queue-all":
    case "cancel-running":
      return memory.queue.length < maxFireTimesPerWake
  }
}

/** The request makes room: it is claimed as soon as what runs has gone. */
export const requestCancels = ({ memory, rules }: Knowing, { held }: RequestedEvent): boolean =>
  // While nothing is claimed it would make room for nothing.
  rules.overlap === "cancel-running" && held !== true && memory.live.length >= rules.maxInstances

/** A request that was accepted waits. */
export const queueRequest = (draft: JobDraft, event: RequestedEvent): void => {
  draft.queue(queuedRequest(event))
}

/** A request on its way into the queue. */
export const queuedRequest = ({ fireAt, args, caller, retryOf, ticket }: Request): QueuedFire => ({
  ...queued(fireAt, args),
  ...(caller === undefined ? {} : { caller }),
  requested: true,
  ...(retryOf === undefined ? {} : { retryOf }),
  ...(ticket === undefined ? {} : { ticket })
})

/**
 * Starts what waits, as far as instances are free: of a paused job only requests, of a parked job nothing at all, and no fire time
 * that the clock, set back, no longer shows. A fire time that has waited past its grace misfires. Nothing while the scheduler claims
 * nothing, nor while further fire times that are due follow.
 */
export const startQueued = (draft: JobDraft, event: StartingEvent): void => {
  const { memory, rules } = draft
  if (memory.queue.length === 0 || event.held === true || event.follows === true) return
  while (memory.live.length < rules.maxInstances && waitingIn(memory) > 0 && memory.fault === null) {
    const place = memory.queue.findIndex(
      (fire) => fire.requested === true || (memory.pausedAt === null && fire.fireAt <= event.now)
    )
    const fire = memory.queue[place]
    if (fire === undefined) break
    memory.queue = memory.queue.toSpliced(place, 1)
    const late = isLate(rules, fire.fireAt, event.now)
    if (fire.requested === true) draft.claimRequest(fire)
    else if (runsLeft(memory, rules) === 0) misfireQueued(draft, fire, "withdrawn")
    else if (late) misfireQueued(draft, fire, "late")
    else {
      const into = claimFire(draft, rules, fire.fireAt, fire.args)
      for (const range of standsFor(fire)) draft.record("coalesced", range, null, into)
    }
  }
}

/** What `startQueued` is told; `follows`: another fire time that is due comes at once. */
export interface StartingEvent {
  readonly now: EpochMillis
  readonly firstRunKey: number
  readonly held?: boolean | undefined
  readonly follows?: boolean | undefined
}

/** Past its grace. */
export const isLate = ({ misfireGraceMs }: JobRules, fireAt: EpochMillis, now: EpochMillis): boolean =>
  misfireGraceMs !== null && now - fireAt > misfireGraceMs

/** A fire time that will not run, and those that it stands for. */
export const misfireQueued = (draft: JobDraft, fire: QueuedFire, reason: MisfireReason): void => {
  for (const range of standsFor(fire)) draft.misfire(range, reason)
  draft.misfire(single(fire.fireAt), reason)
}

/** The stretches of fire times that become no runs since this one does. */
export const standsFor = ({ coalesced, apart = [] }: QueuedFire): ReadonlyArray<FireRange> =>
  coalesced === undefined ? apart : [coalesced, ...apart]

/** A fire time on its way into the queue. */
export const queued = (fireAt: EpochMillis, args: Json | undefined): QueuedFire =>
  args === undefined ? { fireAt } : { fireAt, args }

/**
 * Ends or aborts every live run; whatever waited is replaced by the newcomer, but for requests and what was missed. It met a run when it
 * came due, maybe before a restart, which is no overlap with what there is now: so the entry has a reason of its own.
 */
export const cancelRunning = (draft: JobDraft): void => {
  const { memory } = draft
  for (const run of memory.live) {
    if (run.retryAt === null) draft.cancel(run.runKey)
    else {
      draft.end(run, "cancelled", null)
      memory.lastOutcome = "cancelled"
    }
  }
  memory.live = memory.live.filter((run) => run.retryAt === null)
  const stays = (fire: QueuedFire): boolean => fire.requested === true || fire.missed === true
  for (const fire of memory.queue) if (!stays(fire)) misfireQueued(draft, fire, "replaced")
  memory.queue = memory.queue.filter(stays)
}

/** How many wait for an instance. During a pause fire times do not, so requests need not wait behind them. */
const waitingIn = (memory: JobMemory): number =>
  memory.pausedAt === null ? memory.queue.length : memory.queue.filter((fire) => fire.requested === true).length
