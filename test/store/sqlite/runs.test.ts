import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { memory } from "../../../src/index.ts"
import { batchOf, claim, job, runKeysOf, settle } from "../../../src/store/contract/storeCheck.ts"
import type { JobStore, RunFilter } from "../../../src/store/jobStore.ts"
import { sqlite } from "../../../src/sqlite.ts"

/** The keys of runs of three: one that failed, one that succeeded, one that is live. */
const found = (store: JobStore, filter: RunFilter): Promise<ReadonlyArray<number>> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const open = yield* store.open({ pid: 1, host: "test", startedAt: 0 })
        const claims = [1, 2, 3].map((key) => claim(key, 1, { fireAt: key }))
        const settled = [settle(1, { outcome: "failed" }), settle(2)]
        yield* open.commit(1, batchOf({ added: [job(1)], claims, settled }))
        return runKeysOf(yield* open.reads.runs(filter))
      })
    )
  )

describe.each([
  ["memory", memory],
  ["sqlite", () => sqlite({ filename: ":memory:" })]
] as const)("runs in %s", (_name, make) => {
  it.each<[RunFilter, keys: ReadonlyArray<number>]>([
    [{ outcomes: [] }, []],
    [{ outcomes: [], live: true }, []],
    [{ outcomes: [], jobId: "job-1" }, []],
    [{ outcomes: [], runKey: 1 }, []],
    [{ outcomes: ["failed"], live: true }, []],
    [{ outcomes: ["failed", "succeeded"] }, [2, 1]],
    [{ live: true }, [3]],
    [{ live: false }, [3, 2, 1]]
  ])("by %j are %j", async (filter, keys) => {
    expect(await found(make(), filter)).toEqual(keys)
  })
})
