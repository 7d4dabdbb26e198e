/** What is tried on each kind of store: how one is made, opened for a test, and purged of nothing but what the test says. */
import { Effect } from "effect"
import { memory } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { owned } from "../../src/store/contract/storeCheck.ts"
import type { Owner } from "../../src/store/contract/storeCheck.ts"
import type { JobStore } from "../../src/store/jobStore.ts"
import type { StoreError } from "../../src/store/storeError.ts"

export const eachStore = [
  ["memory", memory],
  ["sqlite", () => sqlite({ filename: ":memory:" })]
] as const

/** Runs `body` on a new store, which is closed at its end. */
export const onStore =
  (make: () => JobStore) =>
  <A>(body: (owner: Owner) => Effect.Effect<A, StoreError>): Promise<A> =>
    Effect.runPromise(Effect.scoped(Effect.flatMap(owned(make()), body)))

/** A purge that deletes nothing. */
export const retention = { finishedBefore: 0, maxRuns: 999_999, doneBefore: 0, limit: 9_999 }

export const numbers = (from: number, through: number): ReadonlyArray<number> =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index)
