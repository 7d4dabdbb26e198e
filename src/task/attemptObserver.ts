/** Who follows the Effects of attempts, to trace and count them. It is found in the context of the runtime that runs them. */
import { Context } from "effect"
import type { Effect, Runtime } from "effect"
import type { Outcome, RunCaller } from "../job/run.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { AttemptSubject } from "./taskContext.ts"

/** An attempt whose task is, or gave, an Effect. */
export interface EffectAttempt extends AttemptSubject {
  /** The task's name. */
  readonly task: string
  /** Who asked for its run, as it is stored; `undefined`: nobody said. */
  readonly caller: RunCaller | undefined
  /** When the Effect is begun, epoch milliseconds. */
  readonly startedAt: EpochMillis
}

export class AttemptObserver extends Context.Tag("carillon/AttemptObserver")<
  AttemptObserver,
  {
    /** What the attempt runs on. */
    runtimeOf(runtime: Runtime.Runtime<never>, attempt: EffectAttempt): Runtime.Runtime<never>
    /** What is run in the Effect's place, and ends as it does. */
    around(effect: Effect.Effect<unknown, unknown>, attempt: EffectAttempt): Effect.Effect<unknown, unknown>
    /** What has become of it. Never throws. */
    ended(outcome: Outcome, attempt: EffectAttempt): void
  }
>() {}
