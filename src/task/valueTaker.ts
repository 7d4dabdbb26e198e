/** Who takes what a task gives, and what tasks run on. */
import type { Runtime } from "effect"
import type { InspectionEvent } from "xstate"
import type { Outcome, RunCaller } from "../job/run.ts"
import type { Timers } from "../time/timers.ts"
import type { Json } from "../trigger/trigger.ts"

/** Stops what is under way. True when it has ended by that; false when its end comes later, through the taker. */
export type StopValue = () => boolean

/** Who takes what a task gives. Exactly one of `succeed` and `fail` is called, once; neither after a `stop` that gave true. */
export interface ValueTaker {
  /** The name of the task that gives it. */
  readonly task: string
  /** Who asked for its run; absent: nobody said. */
  readonly caller?: RunCaller | undefined
  /** True once the attempt was aborted: nothing new is begun for it. */
  readonly aborted: boolean
  succeed(value: unknown): void
  /** `cause`: what is kept of it beside its description. */
  fail(error: unknown, cause?: Json): void
  /** `heard` is told the attempt's outcome, when it has it: what was given may be refused yet. Absent: nobody is. */
  whenTold?(heard: (outcome: Outcome) => void): void
  /** Says how to stop what is under way. A taker that is aborted by then stops it at once. */
  stoppable(stop: StopValue): void
}

/** What tasks run on. */
export interface TaskEnvironment {
  /** Runs Effects. */
  readonly runtime: Runtime.Runtime<never>
  /** The clock of actor logic. */
  readonly timers: Timers
  /** Is shown the actors of actor logic. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined
}
