import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { memory } from "../../../src/index.ts"
import { batchOf, claim, entry, job, owned, runKeysOf, settle } from "../../../src/store/contract/storeCheck.ts"
import type { JobStore, LedgerFilter, RunFilter } from "../../../src/store/jobStore.ts"
import { sqlite } from "../../../src/sqlite.ts"

/** The keys of runs of four: of one job one that failed, one that succeeded, one that is live; of another one that was cancelled before. */
const found = (store: JobStore, filter: RunFilter): Promise<ReadonlyArray<number>> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const open = yield* store.open({ pid: 1, host: "test", startedAt: 0 })
        const claims = [1, 2, 3].map((key) => claim(key, 1, { fireAt: key }))
        const settled = [settle(1, { outcome: "failed" }), settle(2), settle(4, { outcome: "cancelled" })]
        yield* open.commit(
          1,
          batchOf({ added: [job(1), job(2)], claims: [...claims, claim(4, 2, { fireAt: 0 })], settled })
        )
        return runKeysOf(yield* open.reads.runs(filter))
      })
    )
  )

/** The ends of what is found of four entries: of one job a stretch and two fire times, of another a fire time. */
const ledgerOf = (store: JobStore, filter: LedgerFilter): Promise<ReadonlyArray<number>> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(owned(store), ({ store: open, commit }) =>
        Effect.zipRight(
          commit({
            added: [job(1), job(2)],
            ledger: [
              entry(1, { fromAt: 10, throughAt: 20 }),
              entry(1, { fromAt: 40, throughAt: 40, kind: "paused" }),
              entry(1, { fromAt: 30, throughAt: 30, kind: "superseded" }),
              entry(2, { fromAt: 25, throughAt: 25 })
            ]
          }),
          Effect.map(open.reads.ledger(filter), (rows) => rows.map(({ throughAt }) => throughAt))
        )
      )
    )
  )

describe.each([
  ["memory", memory],
  ["sqlite", () => sqlite({ filename: ":memory:" })]
] as const)("records in %s", (_name, make) => {
  it.each<[RunFilter, keys: ReadonlyArray<number>]>([
    [{ outcomes: [] }, []],
    [{ outcomes: [], live: true }, []],
    [{ outcomes: [], jobId: "job-1" }, []],
    [{ outcomes: [], runKey: 1 }, []],
    [{ outcomes: ["failed"], live: true }, []],
    [{ outcomes: ["failed", "succeeded"] }, [2, 1]],
    [{ live: true }, [3]],
    [{ live: false }, [3, 2, 1, 4]],
    [{ jobId: "job-1" }, [3, 2, 1]],
    [{ jobId: "job-2" }, [4]],
    [{ jobId: "job-2", live: true }, []],
    [{ to: 1 }, [1, 4]],
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
  ])("of runs by %j are %j", async (filter, keys) => {
    expect(await found(make(), filter)).toEqual(keys)
  })

  it.each<[LedgerFilter, ends: ReadonlyArray<number>]>([
    [{}, [40, 30, 25, 20]],
    [{ jobId: "job-1" }, [40, 30, 20]],
    [{ jobId: "job-1", from: 21 }, [40, 30]],
    [{ jobId: "job-2" }, [25]],
    [{ jobId: "nobody" }, []],
    [{ kinds: ["misfired"] }, [25, 20]],
    [{ kinds: ["paused", "superseded"] }, [40, 30]],
    [{ kinds: [] }, []],
    [{ jobId: "job-1", kinds: ["misfired"] }, [20]],
    [{ from: 20 }, [40, 30, 25, 20]],
    [{ from: 21 }, [40, 30, 25]],
    [{ to: 10 }, [20]],
    [{ to: 9 }, []],
    [{ from: 15, to: 25, limit: 9 }, [25, 20]],
    [{ limit: 2 }, [40, 30]],
    [{ jobId: "job-1", kinds: ["misfired", "paused"], from: 1, to: 99, limit: 1 }, [40]]
  ])("of the ledger by %j end at %j", async (filter, ends) => {
    expect(await ledgerOf(make(), filter)).toEqual(ends)
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
  ])("of runs end with the one with which their texts take %i bytes", async (bytes, keys) => {
    expect(runKeysOf(await withTexts({ bytes }))).toEqual(keys)
    expect(runKeysOf(await withTexts({ bytes, jobId: "job-1" }))).toEqual(keys)
  })

  it("of runs have no texts where none are wanted", async () => {
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
