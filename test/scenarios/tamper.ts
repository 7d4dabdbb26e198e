/** Damage for tests: rows written behind a scheduler's back. */
import { Effect } from "effect"
import type { JobStore } from "../../src/index.ts"
import type { OpenStore, StoreBatch } from "../../src/store/jobStore.ts"

const nothing: StoreBatch = { removed: [], added: [], redefined: [], states: [], claims: [], settled: [], ledger: [] }

/** Writes behind a scheduler's back, while nobody has the store open. */
export const tamper = (
  store: JobStore,
  batchOf: (open: OpenStore) => Effect.Effect<Partial<StoreBatch>, unknown>
): Promise<unknown> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const open = yield* store.open({ pid: 1, host: "test", startedAt: 0 })
        const batch = yield* batchOf(open)
        yield* open.commit(1, { ...nothing, ...batch })
      })
    )
  )
