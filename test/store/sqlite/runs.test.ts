import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { memory } from "../../../src/index.ts"
import { batchOf, claim, job, owned, runKeysOf, settle } from "../../../src/store/contract/storeCheck.ts"
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
    [{ live: false }, [3, 2, 1]],
    [{ live: true, jobId: "job-1" }, [3]],
    [{ live: true, jobId: "nobody" }, []],
    [{ live: true, runKey: 1 }, []],
    [{ live: true, runKey: 3 }, [3]],
    [{ jobId: "job-1", limit: 2 }, [3, 2]],
    [{ jobId: "job-1", from: 2 }, [3, 2]],
    [{ jobId: "job-1", to: 2 }, [2, 1]],
    [{ runKey: 2, jobId: "job-1" }, [2]],
    [{ runKey: 2, jobId: "nobody" }, []],
    [{ runKey: 2, from: 3 }, []],
    [{ runKey: 2, to: 1 }, []],
    [{ runKey: 2, outcomes: ["failed"] }, []],
    [{ runKey: 9 }, []],
    [{ from: 2, to: 2 }, [2]],
    [{ limit: 1 }, [3]]
  ])("by %j are %j", async (filter, keys) => {
    expect(await found(make(), filter)).toEqual(keys)
  })

  /** What is read of four runs: without a text, and with one of a hundred characters as argument, as error and as result. */
  const withTexts = (filter: RunFilter) => {
    const long = "x".repeat(100)
    const claims = [1, 2, 3, 4].map((key) => claim(key, 1, { fireAt: key, ...(key === 4 ? { args: long } : {}) }))
    const settled = [settle(1), settle(2, { result: long }), settle(3, { error: long })]
    return Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(owned(make()), ({ store, commit }) =>
          Effect.zipRight(commit({ added: [job(1)], claims, settled }), store.reads.runs(filter))
        )
      )
    )
  }

  it.each([
    [1, [4]],
    [100, [4]],
    [101, [4, 3]],
    [200, [4, 3]],
    [201, [4, 3, 2]],
    [300, [4, 3, 2]],
    [301, [4, 3, 2, 1]]
  ])("end with the one with which their texts take %i bytes", async (bytes, keys) => {
    expect(runKeysOf(await withTexts({ bytes }))).toEqual(keys)
    expect(runKeysOf(await withTexts({ bytes, jobId: "job-1" }))).toEqual(keys)
  })

  it("have no texts where none are wanted", async () => {
    const lengths = async (filter: RunFilter) =>
      (await withTexts(filter)).map(({ args, result, error }) =>
        [args, result, error].map((text) => text?.length ?? null)
      )
    const none = [null, null, null]
    expect(await lengths({ texts: false })).toEqual([none, none, none, none])
    expect(await lengths({ texts: true })).toEqual([[100, null, null], [null, null, 100], [null, 100, null], none])
    expect(await lengths({})).toEqual(await lengths({ texts: true }))
    // They take no bytes then.
    expect(await lengths({ texts: false, bytes: 1 })).toHaveLength(4)
  })
})
