/**
 * What happens to a job, and what a job answers. Plain JSON both ways; `now` comes in the event. A few lines long of 300, for a comment
 * at every field.
 */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { FireRange, OwedFireTimes } from "./fireRange.ts"
import type { LedgerKind } from "./ledger.ts"
import type { MisfireReason } from "./misfire.ts"
import type { AttemptDue, LiveRun, Outcome, RunCaller } from "./run.ts"
import type { JobRules } from "./rules.ts"
import type { JobFault, JobMemory } from "./snapshot.ts"

/** The trigger's next answer, as the engine asked it. */
export interface NextFire {
  /** The first fire time after that; `null`: a stream's, or none is left. */
  readonly nextFireAt: EpochMillis | null
  /** True when the trigger has no fire time left. A stream has no next fire time and is never exhausted. */
  readonly exhausted: boolean
}

/** What every event carries. */
interface Timed {
  /** The instant of the event, epoch milliseconds. */
  readonly now: EpochMillis
}

/** A task's own word on its next attempt. */
interface Again {
  /** When it is due. */
  readonly at: AttemptDue
  /** Whether this attempt is one of those that `retry` allows. */
  readonly counts: boolean
  /** True: its machine only waits, and holds no slot. */
  readonly putAway?: boolean
}

interface Claiming {
  /** The key of the first run that this event claims; further ones count up. */
  readonly firstRunKey: number
}

/** An event after which what waits may start. */
interface Starting extends Claiming {
  /** True while nothing is claimed for fire times: those that wait go on waiting. */
  readonly held?: boolean | undefined
}

/** An event of a list that tells of fire times which are due together. */
interface Listed extends NextFire, Claiming, Timed {
  /** True: another one of the list comes at once. What waits goes on waiting until then. */
  readonly follows?: boolean
}

/** A fire time has come due and can be served, by itself or for others as well. */
export interface DueEvent extends Listed {
  readonly type: "due"
  /** The fire time that a run is to serve. */
  readonly fireAt: EpochMillis
  /** Fire times that its run stands for, too; `null`: none. */
  readonly coalesced: FireRange | null
  /** True: the job makes up each of its fire times, and this is one of them. */
  readonly each: boolean
  /** The newest fire time before all of these; `null`: it is not known. */
  readonly passed: EpochMillis | null
  /** For a stream: the run's own arguments. */
  readonly args?: Json
  /** Fire times up to here were missed: they came due while nothing was claimed; absent or `null`: none of these did. */
  readonly missedThrough?: EpochMillis | null
}

/** Fire times have come due, and are past the misfire grace. */
export interface LateEvent extends FireRange, Listed {
  readonly type: "late"
}

/** More have come due than one wake-up can count: so far it is these. */
export interface CountedEvent extends Listed {
  readonly type: "counted"
  /** Past grace. */
  readonly late: FireRange | null
  /** Within grace. */
  readonly due: FireRange | null
  /** The second of `due`; `null` while it holds fewer. */
  readonly second: EpochMillis | null
}

/** Fire times of a stream that cannot become runs. */
export interface RefusedEvent extends Timed {
  readonly type: "refused"
  /** The first of them. */
  readonly fireAt: EpochMillis
  /** How many; default 1. */
  readonly count?: number
  /** As the ledger will have it. */
  readonly reason: MisfireReason
}

/** Somebody wants a run, beside the schedule. */
export interface RequestedEvent extends Starting, Timed {
  readonly type: "requested"
  /** The instant of the request; with `retryOf` that run's fire time. */
  readonly fireAt: EpochMillis
  /** The run's own; absent: the job's. */
  readonly args?: Json
  /** Who asks; absent: whoever added the job. */
  readonly caller?: RunCaller
  /** The key of the run that is to be tried again, whose fire time `fireAt` is. */
  readonly retryOf?: number
  /** Tells it apart from the job's other requests that wait. */
  readonly ticket?: number
  /** For a fixed delay: the fire time counted from now, where the request ends the newest run. */
  readonly next?: NextFire | null
}

/** An attempt has ended, by its own doing or as it was told. */
export interface SettledEvent extends Starting, Timed {
  readonly type: "settled"
  /** The run whose newest attempt it was. */
  readonly runKey: number
  /** Of the attempt: the run may go on. One that was interrupted is an event of its own. */
  readonly outcome: Exclude<Outcome, "interrupted">
  /** The error's name, for `retry.when`; `null` without an error. */
  readonly errorName: string | null
  /** False: no further attempt, whatever the rules. */
  readonly retryable: boolean
  /** True: its worker died under it; of `failed` only. */
  readonly crashed?: boolean | undefined
  /** When the task itself wants to be tried again; `null` and absent: it says nothing. */
  readonly again?: Again | null | undefined
  /** For a fixed delay: the fire time counted from the end of this run. */
  readonly next: NextFire | null
}

/** A next attempt is due, or a queued fire time may start that the clock did not show before. */
export interface WaitOverEvent extends Claiming, Timed {
  readonly type: "waitOver"
}

/** An event from outside was sent to a run of the job. */
export interface MessageSentEvent extends Timed {
  readonly type: "messageSent"
  /** The run that is to take it in. */
  readonly runKey: number
}

/** Attempts that ended without their own doing. */
export interface InterruptedEvent extends Starting, Timed {
  readonly type: "interrupted"
  /** The runs whose attempts were under way. */
  readonly runKeys: ReadonlyArray<number>
  /** True: the process died. False: it was stopped in good order. */
  readonly crash: boolean
  /** True where several jobs that one more crash would park were under way: which of them it was is not known, and none is parked. */
  readonly shared?: boolean
  /** True: the worker of the only one of them died, and the process goes on. */
  readonly workerDied?: boolean
  /** For a fixed delay: the fire time counted from now. */
  readonly next: NextFire | null
}

/** A step of a run is saved. */
export interface StepSavedEvent extends Timed {
  readonly type: "stepSaved"
  /** The run that it is a step of. */
  readonly runKey: number
}

/** What it was suspected of was not its doing. */
export interface AcquittedEvent extends Timed {
  readonly type: "acquitted"
}

/** Attempts of an owner that is gone go on, elsewhere, under the one that is there now. */
export interface AdoptedEvent extends Timed {
  readonly type: "adopted"
  /** The runs whose attempts they are. */
  readonly runKeys: ReadonlyArray<number>
  /** Of the owner that is there now. */
  readonly epoch: number
}

/** Somebody pauses the job. */
export interface PauseEvent extends Timed {
  readonly type: "pause"
  /** Due and not served. */
  readonly owed: OwedFireTimes | null
}

/** The job cannot go on: it is taken out of service. */
export interface ParkEvent extends Timed {
  readonly type: "park"
  /** Why, and what ends it. */
  readonly fault: JobFault
}

/** A pause ends, or a fault; the next fire time is counted as `missed` says. */
export interface ResumeEvent extends NextFire, Starting, Timed {
  readonly type: "resume"
  /** `skip`: fire times of the pause are not made up. `coalesce`: they come due now. */
  readonly missed: "skip" | "coalesce"
}

/** The job has another trigger by now: `nextFireAt` is its first fire time. */
export interface RescheduleEvent extends NextFire, Timed {
  readonly type: "reschedule"
  /** The key that the next run will have. */
  readonly nextRunKey: number
  /** Due by the old trigger and not served; `null`: nothing was. */
  readonly owed: OwedFireTimes | null
}

/** The next fire time is left out; `nextFireAt` is the one after it. */
export interface SkipEvent extends NextFire, Timed {
  readonly type: "skip"
}

/** The clock was ahead and has been set right. */
export interface SetRightEvent extends Timed {
  readonly type: "setRight"
  /** Milliseconds that the clock had been ahead by. */
  readonly aheadMs: number
  /** The key that the next run will have: earlier ones no longer count. */
  readonly nextRunKey: number
  /** The first fire time from now on; `null`: the job has not counted ahead. */
  readonly next: NextFire | null
}

/** The zone data under the trigger has changed; the next fire time is of the new rules. */
export interface RetimeEvent extends NextFire, Timed {
  readonly type: "retime"
  /** What was served by the old rules, exclusive. */
  readonly from: EpochMillis
}

/** The job's stream has completed: it gives no more. */
export interface StreamCompletedEvent extends Timed {
  readonly type: "streamCompleted"
}

/** The job has other rules, or other arguments. */
export interface RedefineEvent {
  readonly type: "redefine"
  /** All of them, as they are from now on. */
  readonly rules: JobRules
  /** The job's arguments until now, where they change: runs under way keep them. */
  readonly args?: Json
}

/** Somebody removes the job. */
export interface RemoveEvent extends Timed {
  readonly type: "remove"
  /** Due and not served; `null`: nothing was. */
  readonly owed: OwedFireTimes | null
}

/** Everything that can happen to a job. */
export type JobEvent =
  | DueEvent
  | LateEvent
  | CountedEvent
  | RefusedEvent
  | RequestedEvent
  | SettledEvent
  | WaitOverEvent
  | MessageSentEvent
  | StepSavedEvent
  | InterruptedEvent
  | AcquittedEvent
  | AdoptedEvent
  | PauseEvent
  | ParkEvent
  | ResumeEvent
  | RescheduleEvent
  | SkipEvent
  | SetRightEvent
  | RetimeEvent
  | StreamCompletedEvent
  | RedefineEvent
  | RemoveEvent

/** A run to claim. */
export interface Claim {
  /** Given out once; `firstRunKey` of the event, and up. */
  readonly runKey: number
  /** The fire time that it serves, or the instant of the request. */
  readonly fireAt: EpochMillis
  /** True for a run on request. */
  readonly requested: boolean
  /** Of a request: its own, as far as it was given any. Else the value of a stream. */
  readonly args?: Json
  /** Of a request: who made it. */
  readonly caller?: RunCaller
  /** The key of the run that it tries again. */
  readonly retryOf?: number
  /** Of a request. */
  readonly ticket?: number
}

/** Fire times to write into the ledger. */
export interface AnswerEntry extends FireRange {
  /** Which entry it is. */
  readonly kind: LedgerKind
  /** Of a misfire; `null` of any other. */
  readonly reason: MisfireReason | null
  /** The key of the run that stands for them; `null`: none does. */
  readonly into: number | null
}

/** An attempt that is over. */
export interface Ended {
  /** As it was before. */
  readonly run: LiveRun
  /** Of the attempt. */
  readonly outcome: Outcome
  /** When the next attempt is due; `null`: the run has ended. */
  readonly retryAt: AttemptDue | null
}

/** What one event made the job decide. The engine writes it down, then does it. */
export interface JobAnswer {
  /** Claim and start. */
  readonly claims: ReadonlyArray<Claim>
  /** Start the next attempt of these. */
  readonly retries: ReadonlyArray<LiveRun>
  /** Attempts to settle, in the order in which they ended. */
  readonly ended: ReadonlyArray<Ended>
  /** Abort these executing runs. */
  readonly cancels: ReadonlyArray<number>
  /** What to write into the ledger, in this order. */
  readonly entries: ReadonlyArray<AnswerEntry>
}

/** Of an event that decides nothing. */
export const noAnswer: JobAnswer = { claims: [], retries: [], ended: [], cancels: [], entries: [] }

/** What a job machine knows. */
export interface JobContext {
  /** The seed of its retries' jitter. */
  readonly jobId: string
  /** As they are stored with the job. */
  readonly rules: JobRules
  /** What is saved, and changes with events. */
  readonly memory: JobMemory
  /** What the newest event made it decide, each action its part; not saved. */
  readonly answer: JobAnswer
}
