/** A store that fails at chosen calls, before they reach it or after they took effect. */
import { Effect } from "effect"
import type { JobStore, StoreError } from "../../src/index.ts"
import type { CallName } from "./world.ts"
import { eachCall } from "./world.ts"

export interface FaultyStore {
  readonly store: JobStore
  /** The calls that failed, in order. */
  readonly failed: Array<CallName>
  /** From now on, call by call from 1, `error` says what each fails with; `null`: it goes through. */
  fail(moment: "before" | "after", error: (call: number, name: CallName) => StoreError | null): void
  heal(): void
}

export const faultyStore = (inner: JobStore): FaultyStore => {
  const failed: Array<CallName> = []
  let calls = 0
  let plan: { readonly moment: string; readonly error: (call: number, name: CallName) => StoreError | null } | null =
    null
  const through = <A, E>(name: CallName, call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const error = plan?.error(++calls, name) ?? null
      if (plan === null || error === null) return call
      failed.push(name)
      // The error is a StoreError, which every call may fail with.
      const failure = Effect.fail(error as E)
      return plan.moment === "before" ? failure : Effect.zipRight(call, failure)
    })
  return {
    store: {
      description: inner.description,
      open: (owner) => Effect.map(inner.open(owner), (opened) => eachCall(opened, through))
    },
    failed,
    fail: (moment, error) => {
      calls = 0
      plan = { moment, error }
    },
    heal: () => {
      plan = null
    }
  }
}
