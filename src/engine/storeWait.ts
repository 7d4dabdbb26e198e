/** Waiting for a store's owner to leave, as the old process does in a deployment. */
import type { Scope } from "effect"
import { Effect } from "effect"
import type { OpenStore } from "../store/jobStore.ts"
import type { StoreError } from "../store/storeError.ts"
import type { Timers } from "../time/timers.ts"

/** Between two tries. */
const apartMs = 200

/** `open`, again while another has the store, for `waitMs` at the most; then its `StoreInUse`. To be interrupted at any moment. */
export const onceFree = (
  open: Effect.Effect<OpenStore, StoreError, Scope.Scope>,
  waitMs: number,
  timers: Timers
): Effect.Effect<OpenStore, StoreError, Scope.Scope> =>
  Effect.suspend(() => {
    const untilMs = timers.monotonicMillis() + waitMs
    const tried: typeof open = Effect.catchTag(open, "StoreInUse", (error) => {
      const leftMs = untilMs - timers.monotonicMillis()
      return leftMs <= 0
        ? Effect.fail(error)
        : Effect.zipRight(
            sleep(Math.min(apartMs, leftMs), timers),
            Effect.suspend(() => tried)
          )
    })
    return tried
  })

const sleep = (ms: number, timers: Timers): Effect.Effect<void> =>
  Effect.async((resume) => {
    const cancel = timers.after(ms, () => resume(Effect.void))
    return Effect.sync(cancel)
  })
