/** Who follows the Effects of attempts, to trace and count them. It is found in the context of the runtime that runs them. */
import { Context } from "effect"
import type { Effect, Exit, Runtime } from "effect"
import type { EpochMillis } from "../time/instant.ts"
import type { AbortReason, AttemptSubject } from "./taskContext.ts"

/** An attempt whose task is, or gave, an Effect. */
export interface EffectAttempt extends AttemptSubject {
  /** The task's name. */
  readonly task: string
  /** When the Effect is begun, epoch milliseconds. */
  readonly startedAt: EpochMillis
  /** Why it was aborted; `null`: it was not. */
  readonly abortedBy: AbortReason | null
}

export class AttemptObserver extends Context.Tag("carillon/AttemptObserver")<
  AttemptObserver,
  {
    /** What the attempt runs on. */
    runtimeOf(runtime: Runtime.Runtime<never>, attempt: EffectAttempt): Runtime.Runtime<never>
    /** What is run in the Effect's place, and ends as it does. */
    around(effect: Effect.Effect<unknown, unknown>, attempt: EffectAttempt): Effect.Effect<unknown, unknown>
    /** How it has ended, its scope closed. Never throws. */
    ended(exit: Exit.Exit<unknown, unknown>, attempt: EffectAttempt): void
  }
>() {}
