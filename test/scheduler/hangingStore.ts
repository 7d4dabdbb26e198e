/** A store in memory whose calls get no answer between `hang` and `answer`. */
import { Effect } from "effect"
import { memory } from "../../src/index.ts"
import type { JobStore } from "../../src/index.ts"
import { eachCall } from "../scenarios/world.ts"

export const hangingStore = (): { readonly store: JobStore; hang(): void; answer(): void } => {
  const inner = memory()
  let hanging = false
  let waiting: Array<() => void> = []
  return {
    store: {
      description: "hanging",
      open: (owner) =>
        Effect.map(inner.open(owner), (opened) =>
          eachCall(opened, (_name, call) =>
            Effect.suspend(() =>
              hanging
                ? Effect.zipRight(
                    Effect.async<void>((resume) => void waiting.push(() => resume(Effect.void))),
                    call
                  )
                : call
            )
          )
        )
    },
    hang: () => {
      hanging = true
    },
    answer: () => {
      hanging = false
      for (const resume of waiting) resume()
      waiting = []
    }
  }
}
