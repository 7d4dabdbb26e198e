/**
 * The conformance suite of `JobStore`, for every implementation, in whatever test framework: a list of named checks. With vitest:
 *
 * ```ts
 * describe.each([{ name: "mine", makeStore: () => myStore() }])("$name", ({ makeStore }) => {
 *   it.each(storeContract(makeStore))("$name", ({ run }) => run())
 * })
 * ```
 */
import { Cause, Effect, Exit } from "effect"
import { checkpointChecks } from "./checkpointChecks.ts"
import { commitChecks } from "./commitChecks.ts"
import { eventsChecks } from "./eventsChecks.ts"
import { jobChecks } from "./jobChecks.ts"
import { messageChecks } from "./messageChecks.ts"
import { retentionChecks } from "./retentionChecks.ts"
import { runChecks } from "./runChecks.ts"
import { textChecks } from "./textChecks.ts"
import type { JobStore } from "../jobStore.ts"

/** One promise of the contract, to be examined. */
export interface StoreContractCheck {
  /** One sentence of the contract. */
  readonly name: string
  /** Rejects with `ContractViolation` (the promise, what was expected and found), or with the store's own error. */
  readonly run: () => Promise<void>
}

/**
 * The checks against stores from `makeStore`: each check gets one of its own, empty, that it opens and closes, more than once where
 * a restart is meant. Removing files afterwards is the caller's.
 */
export const storeContract = (makeStore: () => JobStore | Promise<JobStore>): ReadonlyArray<StoreContractCheck> =>
  [
    ...[...commitChecks, ...jobChecks, ...runChecks, ...checkpointChecks, ...messageChecks],
    ...[...textChecks, ...retentionChecks, ...eventsChecks]
  ].map(({ name, body }) => ({
    name,
    run: async () => {
      const store = await makeStore()
      const exit = await Effect.runPromiseExit(Effect.scoped(body(store)))
      // `runPromise` would reject with a wrapping of its own, which has no `_tag`.
      if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
    }
  }))
