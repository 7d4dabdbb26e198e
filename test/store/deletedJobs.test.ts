/** What goes of a store as jobs are deleted, and what stays: the same in memory and in a file. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { claim, entry, job, keysOf, owned, runKeysOf, settle, state } from "../../src/store/contract/storeCheck.ts"
import type { StoreBatch } from "../../src/store/jobStore.ts"
import { eachStore, numbers, onStore, retention } from "./eachStore.ts"

describe.each(eachStore)("a store in %s", (_name, make) => {
  const inStore = onStore(make)

  it("has its jobs by key, in whatever order they were added, those that are deleted left out", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({ added: [5, 3, 4, 9, 1].map((key) => job(key)) })
        const list = (afterKey: number) => Effect.map(store.reads.jobs({ byWake: false, afterKey }), keysOf)
        const before = [yield* list(0), yield* list(3), yield* list(9)]
        yield* commit({ removed: [{ key: 4, removedAt: 10 }] })
        yield* store.purge({ ...retention, doneBefore: 11 })
        yield* commit({ added: [job(2), job(10)] })
        return [...before, yield* list(0), keysOf(yield* store.reads.jobs({ keys: [4] }))]
      })
    )
    expect(found).toEqual([[1, 3, 4, 5, 9], [4, 5, 9], [], [1, 2, 3, 5, 9, 10], []])
  })

  it("has them so after very many were deleted", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        const keys = numbers(1, 400)
        yield* commit({ added: keys.map((key) => job(key)) })
        yield* commit({ removed: keys.filter((key) => key % 100 !== 0).map((key) => ({ key, removedAt: 10 })) })
        yield* store.purge({ ...retention, doneBefore: 11 })
        yield* commit({ added: [job(401)] })
        return keysOf(yield* store.reads.jobs({ byWake: false, afterKey: 100 }))
      })
    )
    expect(found).toEqual([200, 300, 400, 401])
  })

  it("knows runs of all removed jobs that had an id, until the last of them is deleted", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        for (const key of [1, 2, 3]) {
          yield* commit({ added: [job(key, { id: "a" })], claims: [claim(key, key)], settled: [settle(key)] })
          yield* commit({ removed: [{ key, removedAt: key * 1000 }] })
        }
        const ofA = Effect.map(store.reads.runs({ jobId: "a" }), runKeysOf)
        const seen = [yield* ofA]
        for (const doneBefore of [1001, 2001, 3001]) {
          yield* store.purge({ ...retention, doneBefore })
          seen.push(yield* ofA)
        }
        return seen
      })
    )
    expect(found).toEqual([[3, 2, 1], [3, 2], [3], []])
  })

  it.each<[what: string, batches: ReadonlyArray<Partial<StoreBatch>>, doneAt: number]>([
    ["its own", [{ at: 5000, states: [state(1, { value: "done", wakeAt: null })] }], 5000],
    [
      "the latest before, where it has none",
      [{ at: 5000 }, { states: [state(1, { value: "done", wakeAt: null })] }],
      5000
    ],
    [
      "the latest before, whatever the clock",
      [{ at: 5000 }, { at: 3000 }, { states: [state(1, { value: "done", wakeAt: null })] }],
      5000
    ],
    ["that of its owner's start", [{ states: [state(1, { value: "done", wakeAt: null })] }], 1000]
  ])("has a done job so since the instant of its batch: %s", async (_what, batches, doneAt) => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({ added: [job(1, { addedAt: 500 })], at: 500 })
        for (const batch of batches) yield* commit(batch)
        return [
          yield* store.purge({ ...retention, doneBefore: doneAt }),
          yield* store.purge({ ...retention, doneBefore: doneAt + 1 })
        ]
      })
    )
    expect(found).toEqual([0, 1])
  })

  it("has it so since 1970 where that is all that it was told", async () => {
    const found = await Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(owned(make(), 0), ({ store, commit }) =>
          Effect.zipRight(
            Effect.zipRight(
              commit({ added: [job(1, { addedAt: 0 })], at: 0 }),
              commit({ states: [state(1, { value: "done" })] })
            ),
            Effect.all([0, 1].map((doneBefore) => store.purge({ ...retention, doneBefore })))
          )
        )
      )
    )
    expect(found).toEqual([0, 1])
  })

  it.each([
    ['{"cursor":1234}', 1234],
    ['{"cursor":9999}', 5000],
    ['{"cursor":-5}', -5],
    ['{"cursor":1.5}', 5000],
    ['{"cursor":"9"}', 5000],
    ["{}", 5000],
    ["unreadable", 5000]
  ])("tells how far a deleted job may have come at the most: %s", async (memory, forgotten) => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({ added: [job(1, { value: "done", wakeAt: null, memory })], at: 1000 })
        return [yield* store.purge({ ...retention, doneBefore: 5000 }), yield* store.forgottenThrough()]
      })
    )
    expect(found).toEqual([1, forgotten])
  })

  it("has nobody wait for what a deleted job waited for", async () => {
    const others = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({ added: [job(1, { value: "done", executor: "slow" })] })
        const waiting = Effect.map(
          store.due({ now: 9000, executors: [{ name: "default", limit: 9 }], exceptTasks: [], exceptKeys: [] }),
          ({ others: names }) => names
        )
        const before = yield* waiting
        yield* store.purge({ ...retention, doneBefore: 9_000_000 })
        return [before, yield* waiting]
      })
    )
    expect(others).toEqual([["slow"], []])
  })

  it.each<[what: string, batch: Partial<StoreBatch>]>([
    ["entries", { ledger: [entry(1), entry(1)] }],
    ["runs", { claims: [1, 2].map((key) => claim(key, 1, { fireAt: key })), settled: [settle(1), settle(2)] }]
  ])("keeps a deleted job until the last of its %s is gone", async (_what, batch) => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({ added: [job(1, { value: "done", wakeAt: null })], ...batch })
        const purge = store.purge({ ...retention, doneBefore: 9_000_000, limit: 1 })
        const jobs = Effect.map(store.reads.jobs({}), keysOf)
        return [yield* purge, yield* jobs, yield* purge, yield* jobs, yield* purge]
      })
    )
    expect(found).toEqual([1, [1], 2, [], 0])
  })

  it("has nothing left of jobs that are deleted one by one", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        const done = [1, 2].map((key) => job(key, { value: "done", wakeAt: null }))
        yield* commit({ added: done, ledger: [entry(1)], claims: [claim(1, 2)], settled: [settle(1)] })
        const purge = store.purge({ ...retention, doneBefore: 9_000_000, limit: 1 })
        const old = store.purge({ ...retention, finishedBefore: 9_000_000 })
        const deleted = [yield* old, yield* purge, yield* purge, yield* purge]
        yield* commit({ added: [job(3, { id: "job-1" })] })
        return { deleted, counts: [...(yield* store.reads.countJobs())], jobs: keysOf(yield* store.reads.jobs({})) }
      })
    )
    expect(found).toEqual({ deleted: [2, 1, 1, 0], counts: [["scheduled", 1]], jobs: [3] })
  })
})
