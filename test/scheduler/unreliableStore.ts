/** A store that is away for writes when a test says so. */
import { Effect } from "effect"
import type { JobStore } from "../../src/index.ts"
import { memory, StoreUnavailable } from "../../src/index.ts"

/** A memory store that is away while `away.yes`. */
export function unreliable(away: { yes: boolean }): JobStore {
  const store = memory()
  const gone = new StoreUnavailable({ store: "memory", operation: "commit", cause: "away" })
  const guarded =
    <Args extends ReadonlyArray<never>, A, E>(call: (...args: Args) => Effect.Effect<A, E>) =>
    (...args: Args) =>
      Effect.suspend((): Effect.Effect<A, E | StoreUnavailable> => (away.yes ? Effect.fail(gone) : call(...args)))
  return {
    ...store,
    open: (owner) =>
      Effect.map(store.open(owner), (opened) => ({
        ...opened,
        commit: guarded(opened.commit),
        committed: guarded(opened.committed)
      }))
  }
}
