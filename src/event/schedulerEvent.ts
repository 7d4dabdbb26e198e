/** NEWS: everything that a scheduler tells. Facts, published after the commit that makes them true. */
import { inWords } from "../input/inWords.ts"
import type { RunError } from "../job/run.ts"
import type { JobFault } from "../job/snapshot.ts"
import type { MisfireReason } from "../job/misfire.ts"
import type { EpochMillis } from "../time/instant.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import type { Json } from "../trigger/trigger.ts"

interface Stamp {
  /** When it happened, epoch milliseconds. */
  readonly at: EpochMillis
  /** Counts every event of this scheduler object from 1, without gaps; 0 of one that is told again from the store. */
  readonly seq: number
  /**
   * Of an event that a commit tells: its place in what is stored, for `eventsAfter$`, in this process and the next. Opaque text; of one
   * scheduler, ids compare as the events were told. Events that nothing in the store stands for have none.
   */
  readonly id?: string
}

/** The scheduler's life: `SchedulerDegraded` and `SchedulerRecovered` are of one store each. */
export type SchedulerLifecycleType =
  | "SchedulerStarted"
  | "SchedulerPaused"
  | "SchedulerResumed"
  | "SchedulerDegraded"
  | "SchedulerRecovered"
  | "SchedulerDraining"
  | "SchedulerStopped"

/** A job's life. `JobDone`: no fire time is left, and nothing runs. */
export type JobLifecycleType =
  "JobAdded" | "JobModified" | "JobRemoved" | "JobPaused" | "JobResumed" | "JobParked" | "JobDone"

/** The scheduler has begun, paused, ended, or lost or regained a store. */
export interface SchedulerLifecycleEvent extends Stamp {
  /** What has happened. */
  readonly type: SchedulerLifecycleType
  /** Of `SchedulerDegraded` and `SchedulerRecovered`: which. */
  readonly store?: string
  /** What the store said, or why it stopped where nobody asked for it. */
  readonly reason?: string
  /** The `_tag` of the error behind the reason, such as `StoreUnavailable` or `StoreFenced`. */
  readonly errorTag?: string
}

/** A job was added, changed, removed, paused, resumed, parked, or is done. */
export interface JobLifecycleEvent extends Stamp {
  /** What has happened. */
  readonly type: JobLifecycleType
  /** As in `JobRecord.id`. */
  readonly jobId: string
  /** Of `JobParked`: why. */
  readonly fault?: JobFault
}

/** The wall clock was ahead and has been set right. */
export interface ClockSetBackEvent extends Stamp {
  readonly type: "ClockSetBack"
  /** Which has seen later times. */
  readonly store: string
  /** Milliseconds that the clock had been ahead by. */
  readonly aheadMs: number
  /** Jobs that go on from now. */
  readonly corrected: number
  /** Jobs that wait until the clock shows again what they have accounted for. */
  readonly waiting: number
}

/** Jobs of a store need what is not registered in this process: they are left as they are, and go on when it comes. Told once. */
export interface JobsUnclaimedEvent extends Stamp {
  readonly type: "JobsUnclaimed"
  /** Of the jobs that wait. */
  readonly store: string
  /** `trigger`: a trigger's type, or a calendar. */
  readonly missing: "task" | "executor" | "stream" | "trigger"
  /** What is to be registered. */
  readonly name: string
}

/** A job's next fire time was computed anew: the clock was set back by hours, or the zone data is another. */
export interface FireTimeMovedEvent extends Stamp {
  readonly type: "FireTimeMoved"
  /** As in `JobRecord.id`. */
  readonly jobId: string
  /** What it was; `null`: there was none. */
  readonly from: EpochMillis | null
  /** What it is now; `null`: there is none. */
  readonly to: EpochMillis | null
  /** Why it was computed anew. */
  readonly reason: "clockSetBack" | "zoneData"
}

/** A stream that drives jobs has failed: it is subscribed to again, later each time. */
export interface StreamFailedEvent extends Stamp {
  readonly type: "StreamFailed"
  /** The name that it is registered under. */
  readonly stream: string
  /** Failures in a row, from 1: a subscription that lasts for a minute ends the row. */
  readonly failures: number
  /** What it failed with. */
  readonly error: RunError
  /** When it is subscribed to again. */
  readonly retryAt: EpochMillis
}

/** A stream that drives jobs gives values again after a failure, or has completed, which ends its jobs. */
export interface StreamLifecycleEvent extends Stamp {
  /** What has happened. */
  readonly type: "StreamRecovered" | "StreamCompleted"
  /** The name that it is registered under. */
  readonly stream: string
}

/** Told by `eventsAfter$` alone, in the place of what it cannot tell any more: retention has deleted it, or it cannot be read. */
export interface EventsForgottenEvent extends Stamp {
  readonly type: "EventsForgotten"
  /** The one whose commits had told them. */
  readonly store: string
  /** How many events are missing here; `null`: nobody knows. */
  readonly count: number | null
}

interface RunStamp extends Stamp {
  /** As in `JobRecord.id`. */
  readonly jobId: string
  /** As `getRuns` gives it. */
  readonly runId: string
  /** The fire time that it serves; for a run on request, the instant of the request. */
  readonly fireAt: EpochMillis
  /** The first is 1. */
  readonly attempt: number
}

interface RunEnd extends RunStamp {
  /** `null` when the attempt never started. */
  readonly startedAt: EpochMillis | null
  /** End of the attempt; of one that never started, when that was recorded. */
  readonly finishedAt: EpochMillis
  /** True when the run has ended with this attempt; false when another follows. */
  readonly final: boolean
  /** When the next attempt is due; `null` when there is none. After an interruption it comes with the next start. */
  readonly retryAt: EpochMillis | null
}

/** A run was decided on and stored; it starts as soon as its executor has room. */
export interface RunClaimedEvent extends RunStamp {
  readonly type: "RunClaimed"
}
/** An attempt has started. */
export interface RunStartedEvent extends RunStamp {
  readonly type: "RunStarted"
}
/** A task has said `progress`. */
export interface RunProgressedEvent extends RunStamp {
  readonly type: "RunProgressed"
  /** A copy of what it said. Not stored. */
  readonly value: Json
}
/** A run has ended well. */
export interface RunSucceededEvent extends RunEnd {
  readonly type: "RunSucceeded"
  /** What the task gave, as JSON. */
  readonly result: Json
}
/** An attempt has ended otherwise; `final` says whether the run has. */
export interface RunUnsuccessfulEvent extends RunEnd {
  /** The attempt's outcome. */
  readonly type: "RunFailed" | "RunTimedOut" | "RunCancelled" | "RunInterrupted"
  /** Of the attempt; `null` where its outcome says it all. */
  readonly error: RunError | null
}
/** The attempt failed, or its machine only waits, and another follows at `retryAt`, or once an event is sent to the run. */
export interface RunRetryDueEvent extends RunStamp {
  readonly type: "RunRetryDue"
  /** When the next attempt is due; `null`: its machine waits for an event, see `sendToRun`. */
  readonly retryAt: EpochMillis | null
  /** Of the attempt that has ended; `null` where it only waits. */
  readonly error: RunError | null
}

/** `count` fire times from `fireAt` through `through` will not run. */
export interface FireMisfiredEvent extends Stamp {
  readonly type: "FireMisfired"
  /** As in `JobRecord.id`. */
  readonly jobId: string
  /** The first of them. */
  readonly fireAt: EpochMillis
  /** The last of them. */
  readonly through: EpochMillis
  /** How many, both included. */
  readonly count: number
  /** Why, as the ledger has it. */
  readonly reason: MisfireReason
}

/** `count` fire times from `fireAt` through `through` are served by the run `into`. */
export interface FireCoalescedEvent extends Stamp {
  readonly type: "FireCoalesced"
  /** As in `JobRecord.id`. */
  readonly jobId: string
  /** The first of them. */
  readonly fireAt: EpochMillis
  /** The last of them. */
  readonly through: EpochMillis
  /** How many, both included. */
  readonly count: number
  /** The `runId` of the run that stands for them. */
  readonly into: string
}

/** What happens to runs; of one run in the order of its life. */
export type RunEvent =
  RunClaimedEvent | RunStartedEvent | RunProgressedEvent | RunSucceededEvent | RunUnsuccessfulEvent | RunRetryDueEvent

/** Everything that a scheduler tells; `type` says what. */
export type SchedulerEvent =
  | SchedulerLifecycleEvent
  | JobLifecycleEvent
  | RunEvent
  | FireMisfiredEvent
  | FireCoalescedEvent
  | FireTimeMovedEvent
  | JobsUnclaimedEvent
  | ClockSetBackEvent
  | StreamFailedEvent
  | StreamLifecycleEvent
  | EventsForgottenEvent

/** What `on` takes. */
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
  JobsUnclaimed: true,
  StreamFailed: true,
  StreamRecovered: true,
  StreamCompleted: true,
  EventsForgotten: true
}

/** Every type of event there is. */
export const schedulerEventTypes: ReadonlySet<string> = new Set(Object.keys(everyType))

/** What is given where the type of an event, or a list of them, is expected, and what would do; `null`: it is that. */
export const noEventType = (types: unknown): { readonly found: string; readonly expected: string } | null => {
  if (isUnreadable(types)) return { found: unreadableText, expected: "the type of an event, or a list of them" }
  for (const type of Array.isArray(types) ? (types as ReadonlyArray<unknown>) : [types])
    if (typeof type !== "string" || !schedulerEventTypes.has(type))
      return { found: inWords(type), expected: `one of ${[...schedulerEventTypes].join(", ")}` }
  return null
}

/** An event before it is given its time, number and id. */
export type EventBody = SchedulerEvent extends infer E
  ? E extends SchedulerEvent
    ? Omit<E, "at" | "seq" | "id">
    : never
  : never
