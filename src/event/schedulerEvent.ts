/** NEWS: everything that a scheduler tells. Facts, published after the commit that makes them true. */
import { preview } from "../job/jobOptions.ts"
import type { RunError } from "../job/run.ts"
import type { JobFault } from "../job/snapshot.ts"
import type { MisfireReason } from "../job/misfire.ts"
import type { EpochMillis } from "../time/instant.ts"
import { isUnreadable, unreadableText } from "../time/readable.ts"
import type { Json } from "../trigger/trigger.ts"

interface Stamp {
  /** When it happened. */
  readonly at: EpochMillis
  /** Counts every event of this scheduler object from 1, without gaps. */
  readonly seq: number
}

export type SchedulerLifecycleType =
  | "SchedulerStarted"
  | "SchedulerPaused"
  | "SchedulerResumed"
  | "SchedulerDegraded"
  | "SchedulerRecovered"
  | "SchedulerDraining"
  | "SchedulerStopped"

export type JobLifecycleType =
  "JobAdded" | "JobModified" | "JobRemoved" | "JobPaused" | "JobResumed" | "JobParked" | "JobDone"

export interface SchedulerLifecycleEvent extends Stamp {
  readonly type: SchedulerLifecycleType
  /** `SchedulerDegraded`: the store and what it said. `SchedulerStopped`: why, where nobody asked for it. */
  readonly store?: string
  readonly reason?: string
  /** The `_tag` of the error behind the reason, such as `StoreUnavailable` or `StoreFenced`. */
  readonly errorTag?: string
}

export interface JobLifecycleEvent extends Stamp {
  readonly type: JobLifecycleType
  readonly jobId: string
  /** `JobParked`: why. */
  readonly fault?: JobFault
}

/** The wall clock was ahead by `aheadMs` and has been set right. */
export interface ClockSetBackEvent extends Stamp {
  readonly type: "ClockSetBack"
  readonly store: string
  readonly aheadMs: number
  /** Jobs that go on from now. */
  readonly corrected: number
  /** Jobs that wait until the clock shows again what they have accounted for. */
  readonly waiting: number
}

/** Jobs of a store need what is not registered in this process: they are left as they are, and go on when it comes. Told once. */
export interface JobsUnclaimedEvent extends Stamp {
  readonly type: "JobsUnclaimed"
  readonly store: string
  /** `trigger`: a trigger's type, or a calendar. */
  readonly missing: "task" | "executor" | "stream" | "trigger"
  readonly name: string
}

/** A job's next fire time was computed anew: the clock was set back by hours, or the zone data is another. `null`: none. */
export interface FireTimeMovedEvent extends Stamp {
  readonly type: "FireTimeMoved"
  readonly jobId: string
  readonly from: EpochMillis | null
  readonly to: EpochMillis | null
  readonly reason: "clockSetBack" | "zoneData"
}

interface RunStamp extends Stamp {
  readonly jobId: string
  readonly runId: string
  readonly fireAt: EpochMillis
  readonly attempt: number
}

interface RunEnd extends RunStamp {
  /** `null` when the attempt never started. */
  readonly startedAt: EpochMillis | null
  readonly finishedAt: EpochMillis
  /** True when the run has ended with this attempt; false when another follows. */
  readonly final: boolean
  /** When the next attempt is due; `null` when there is none. After an interruption it comes with the next start. */
  readonly retryAt: EpochMillis | null
}

export interface RunClaimedEvent extends RunStamp {
  readonly type: "RunClaimed"
}
export interface RunStartedEvent extends RunStamp {
  readonly type: "RunStarted"
}
export interface RunProgressedEvent extends RunStamp {
  readonly type: "RunProgressed"
  readonly value: Json
}
export interface RunSucceededEvent extends RunEnd {
  readonly type: "RunSucceeded"
  readonly result: Json
}
export interface RunUnsuccessfulEvent extends RunEnd {
  readonly type: "RunFailed" | "RunTimedOut" | "RunCancelled" | "RunInterrupted"
  readonly error: RunError | null
}
/** The attempt failed and another follows at `retryAt`. */
export interface RunRetryDueEvent extends RunStamp {
  readonly type: "RunRetryDue"
  readonly retryAt: EpochMillis
  readonly error: RunError | null
}

/** `count` fire times from `fireAt` through `through` will not run. */
export interface FireMisfiredEvent extends Stamp {
  readonly type: "FireMisfired"
  readonly jobId: string
  readonly fireAt: EpochMillis
  readonly through: EpochMillis
  readonly count: number
  readonly reason: MisfireReason
}

/** `count` fire times from `fireAt` through `through` are served by the run `into`. */
export interface FireCoalescedEvent extends Stamp {
  readonly type: "FireCoalesced"
  readonly jobId: string
  readonly fireAt: EpochMillis
  readonly through: EpochMillis
  readonly count: number
  readonly into: string
}

export type RunEvent =
  RunClaimedEvent | RunStartedEvent | RunProgressedEvent | RunSucceededEvent | RunUnsuccessfulEvent | RunRetryDueEvent

export type SchedulerEvent =
  | SchedulerLifecycleEvent
  | JobLifecycleEvent
  | RunEvent
  | FireMisfiredEvent
  | FireCoalescedEvent
  | FireTimeMovedEvent
  | JobsUnclaimedEvent
  | ClockSetBackEvent

export type SchedulerEventType = SchedulerEvent["type"]

const everyType: Readonly<Record<SchedulerEventType, true>> = {
  SchedulerStarted: true,
  SchedulerPaused: true,
  SchedulerResumed: true,
  SchedulerDegraded: true,
  SchedulerRecovered: true,
  SchedulerDraining: true,
  SchedulerStopped: true,
  JobAdded: true,
  JobModified: true,
  JobRemoved: true,
  JobPaused: true,
  JobResumed: true,
  JobParked: true,
  JobDone: true,
  RunClaimed: true,
  RunStarted: true,
  RunProgressed: true,
  RunSucceeded: true,
  RunFailed: true,
  RunTimedOut: true,
  RunCancelled: true,
  RunInterrupted: true,
  RunRetryDue: true,
  FireMisfired: true,
  FireCoalesced: true,
  FireTimeMoved: true,
  ClockSetBack: true,
  JobsUnclaimed: true
}

/** Every type of event there is. */
export const schedulerEventTypes: ReadonlySet<string> = new Set(Object.keys(everyType))

/** What is given where the type of an event, or a list of them, is expected, and what would do; `null`: it is that. */
export const noEventType = (types: unknown): { readonly found: string; readonly expected: string } | null => {
  if (isUnreadable(types)) return { found: unreadableText, expected: "the type of an event, or a list of them" }
  for (const type of Array.isArray(types) ? (types as ReadonlyArray<unknown>) : [types])
    if (typeof type !== "string" || !schedulerEventTypes.has(type))
      return { found: preview(type), expected: `one of ${[...schedulerEventTypes].join(", ")}` }
  return null
}

/** An event before it is given its time and number. */
export type EventBody = SchedulerEvent extends infer E
  ? E extends SchedulerEvent
    ? Omit<E, "at" | "seq">
    : never
  : never
