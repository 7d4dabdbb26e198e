/** What happens to a job, and what a job answers. Plain JSON both ways; `now` comes in the event. */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { FireRange, OwedFireTimes } from "./fireRange.ts"
import type { LedgerKind } from "./ledger.ts"
import type { MisfireReason } from "./misfire.ts"
import type { LiveRun, Outcome } from "./run.ts"
import type { JobRules } from "./rules.ts"
import type { JobFault, JobMemory } from "./snapshot.ts"

/** The trigger's next answer, as the engine asked it. */
export interface NextFire {
  readonly nextFireAt: EpochMillis | null
  /** True when the trigger has no fire time left. A stream has no next fire time and is never exhausted. */
  readonly exhausted: boolean
}

/** Fire times that have come due, split at the misfire grace. */
export interface DueFireTimes extends NextFire {
  /** Past grace. */
  readonly late: FireRange | null
  /** Within grace. */
  readonly due: FireRange | null
  /** The second and the last but one of `due`; `null` where it holds fewer than two. */
  readonly second: EpochMillis | null
  readonly penultimate: EpochMillis | null
  /** Each fire time of `due`, ascending; empty unless the job makes up all of them. */
  readonly times: ReadonlyArray<EpochMillis>
  /** True when more are due than one wake takes; `nextFireAt` is then the first of those. */
  readonly more: boolean
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

export interface DueEvent extends DueFireTimes, Claiming {
  readonly type: "due"
  readonly now: EpochMillis
  /** For a stream: the run's own arguments. */
  readonly args?: Json
  /** Fire times up to here came due while nothing was claimed; absent or `null`: none of these did. */
  readonly missedThrough?: EpochMillis | null
}
/** Fire times of a stream that cannot become runs. */
export interface RefusedEvent {
  readonly type: "refused"
  readonly now: EpochMillis
  readonly fireAt: EpochMillis
  /** How many; default 1. */
  readonly count?: number
  readonly reason: MisfireReason
}
export interface RequestedEvent extends Starting {
  readonly type: "requested"
  readonly now: EpochMillis
  readonly fireAt: EpochMillis
  readonly args?: Json
  /** The key of the run that is to be tried again, whose fire time `fireAt` is. */
  readonly retryOf?: number
  /** Tells it apart from the job's other requests that wait. */
  readonly ticket?: number
  /** For a fixed delay: the fire time counted from now, where the request ends the newest run. */
  readonly next?: NextFire | null
}
export interface SettledEvent extends Starting {
  readonly type: "settled"
  readonly now: EpochMillis
  readonly runKey: number
  readonly outcome: Outcome
  /** The error's name, for `retry.when`; `null` without an error. */
  readonly errorName: string | null
  /** False: no further attempt, whatever the rules. */
  readonly retryable: boolean
  /** When the task itself wants to be tried again; `counts`: whether this attempt is one of those that `retry` allows. */
  readonly again?: { readonly at: EpochMillis; readonly counts: boolean } | null | undefined
  /** For a fixed delay: the fire time counted from the end of this run. */
  readonly next: NextFire | null
}
/** A next attempt is due, or a queued fire time may start that the clock did not show before. */
export interface WaitOverEvent extends Claiming {
  readonly type: "waitOver"
  readonly now: EpochMillis
}
/** Attempts that ended without their own doing. `crash`: the process died; otherwise it was stopped in good order. */
export interface InterruptedEvent extends Starting {
  readonly type: "interrupted"
  readonly now: EpochMillis
  readonly runKeys: ReadonlyArray<number>
  readonly crash: boolean
  /** True where several jobs that one more crash would park were under way: which of them it was is not known, and none is parked. */
  readonly shared?: boolean
  /** For a fixed delay: the fire time counted from now. */
  readonly next: NextFire | null
}
/** What it was suspected of was not its doing. */
export interface AcquittedEvent {
  readonly type: "acquitted"
  readonly now: EpochMillis
}
export interface PauseEvent {
  readonly type: "pause"
  readonly now: EpochMillis
  /** Due and not served. */
  readonly owed: OwedFireTimes | null
}
export interface ParkEvent {
  readonly type: "park"
  readonly now: EpochMillis
  readonly fault: JobFault
}
export interface ResumeEvent extends NextFire, Starting {
  readonly type: "resume"
  readonly now: EpochMillis
  /** `skip`: fire times of the pause are not made up. `coalesce`: they come due now. */
  readonly missed: "skip" | "coalesce"
}
export interface RescheduleEvent extends NextFire {
  readonly type: "reschedule"
  readonly now: EpochMillis
  /** The key that the next run will have. */
  readonly nextRunKey: number
  readonly owed: OwedFireTimes | null
}
/** The next fire time is left out; `nextFireAt` is the one after it. */
export interface SkipEvent extends NextFire {
  readonly type: "skip"
  readonly now: EpochMillis
}
/** The clock was ahead by `aheadMs` and has been set right. `next`: from now on; `null`: the job has not counted ahead. */
export interface SetRightEvent {
  readonly type: "setRight"
  readonly now: EpochMillis
  readonly aheadMs: number
  readonly nextRunKey: number
  readonly next: NextFire | null
}
/** The zone data under the trigger has changed. `from`: what was served by the old rules, exclusive; the next fire time lies after it. */
export interface RetimeEvent extends NextFire {
  readonly type: "retime"
  readonly now: EpochMillis
  readonly from: EpochMillis
}
export interface RedefineEvent {
  readonly type: "redefine"
  readonly rules: JobRules
  /** The job's arguments until now, where they change: runs under way keep them. */
  readonly args?: Json
}
export interface RemoveEvent {
  readonly type: "remove"
  readonly now: EpochMillis
  readonly owed: OwedFireTimes | null
}

export type JobEvent =
  | DueEvent
  | RefusedEvent
  | RequestedEvent
  | SettledEvent
  | WaitOverEvent
  | InterruptedEvent
  | AcquittedEvent
  | PauseEvent
  | ParkEvent
  | ResumeEvent
  | RescheduleEvent
  | SkipEvent
  | SetRightEvent
  | RetimeEvent
  | RedefineEvent
  | RemoveEvent

/** A run to claim. */
export interface Claim {
  readonly runKey: number
  readonly fireAt: EpochMillis
  readonly requested: boolean
  /** Of a request: its own, as far as it was given any. Else the value of a stream. */
  readonly args?: Json
  readonly retryOf?: number
  /** Of a request. */
  readonly ticket?: number
}

/** Fire times to write into the ledger. */
export interface AnswerEntry extends FireRange {
  readonly kind: LedgerKind
  readonly reason: MisfireReason | null
  readonly into: number | null
}

/** An attempt that is over. `retryAt`: when the next one is due; `null`: the run has ended with `outcome`. */
export interface Ended {
  readonly run: LiveRun
  readonly outcome: Outcome
  readonly retryAt: EpochMillis | null
}

/** What one event made the job decide. The engine writes it down, then does it. */
export interface JobAnswer {
  /** Claim and start. */
  readonly claims: ReadonlyArray<Claim>
  /** Start the next attempt of these. */
  readonly retries: ReadonlyArray<LiveRun>
  readonly ended: ReadonlyArray<Ended>
  /** Abort these executing runs. */
  readonly cancels: ReadonlyArray<number>
  readonly entries: ReadonlyArray<AnswerEntry>
}

export const noAnswer: JobAnswer = { claims: [], retries: [], ended: [], cancels: [], entries: [] }

/** What a job machine knows. */
export interface JobContext {
  readonly jobId: string
  readonly rules: JobRules
  readonly memory: JobMemory
  /** What the newest event made it decide; not saved. */
  readonly answer: JobAnswer
}
