/** A store's Effect as a promise, for the promise faces. */
import { Cause, Effect, Exit } from "effect"
import type { StoreError } from "../store/storeError.ts"

/** The answer, or a rejection with the store's own error. */
export const runStore = async <A>(effect: Effect.Effect<A, StoreError>): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isSuccess(exit)) return exit.value
  throw failureOf(exit)
}

/** The error of a failed exit; for a bug what was thrown. */
export const failureOf = <E>(exit: Exit.Failure<unknown, E>): unknown => Cause.squash(exit.cause)
