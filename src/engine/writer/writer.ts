/** A store's path of a fire, as the rest of the engine sees it. */
import type { Effect } from "effect"
import type { OpenStore } from "../../store/jobStore.ts"
import type { StoreError } from "../../store/storeError.ts"
import type { Intent } from "./intent.ts"

export interface Writer {
  /** The store's name. */
  readonly name: string
  readonly store: OpenStore
  /** Public ids of runs: the number, after the store's name and a colon unless that is `default`. */
  runId(runKey: number): string
  submit(intent: Intent): void
  /** Runs a purge. What the store has forgotten by it is known before the next commit, also where the answer is lost. */
  forgetting(purge: Effect.Effect<number, StoreError>): Effect.Effect<number, StoreError>
  wake(): void
}
