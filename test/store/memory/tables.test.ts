/** What a store keeps of its rows as they come and go. Each store does so; the one in memory has tables of its own for it. */
import { Effect, Either } from "effect"
import { describe, expect, it } from "vitest"
import {
  batchOf,
  claim,
  entry,
  idsOf,
  job,
  keysOf,
  runKeysOf,
  settle,
  state,
  unfinished
} from "../../../src/store/contract/storeCheck.ts"
import type { ClaimRow, StoreBatch } from "../../../src/store/jobStore.ts"
import { eachStore, numbers, onStore, retention } from "../eachStore.ts"

describe.each(eachStore)("a store in %s", (_name, make) => {
  const inStore = onStore(make)

  it("keeps a job that is done no more, and counts it as what it is", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({ added: [job(1, { value: "done", wakeAt: null }), job(2, { value: "paused", fault: true })] })
        yield* commit({ states: [state(1), state(2, { value: "paused" })] })
        const purged = yield* store.purge({ ...retention, doneBefore: 9_000_000 })
        const parked = idsOf(yield* store.reads.jobs({ fault: true }))
        yield* commit({ states: [state(1, { value: "paused", fault: true })] })
        const counts = yield* store.reads.countJobs()
        return { purged, parked, later: idsOf(yield* store.reads.jobs({ fault: true })), counts: [...counts] }
      })
    )
    expect(found).toEqual({ purged: 0, parked: [], later: ["job-1"], counts: [["paused", 2]] })
  })

  it("has a job wait for its new executor with the wake-up that it had", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({ added: [job(1, { wakeAt: 2000 }), job(2, { wakeAt: null })] })
        yield* commit({ redefined: [1, 2].map((key) => job(key, { executor: "slow" })), states: [] })
        const due = yield* store.due({
          now: 9000,
          executors: ["default", "slow"].map((name) => ({ name, limit: 9 })),
          exceptTasks: [],
          exceptKeys: []
        })
        return [...due.byExecutor].map(([name, { rows }]) => [name, rows.map(({ id, wakeAt }) => [id, wakeAt])])
      })
    )
    expect(found).toEqual([
      ["default", []],
      ["slow", [["job-1", 2000]]]
    ])
  })

  it.each<[what: string, batch: Partial<StoreBatch>]>([
    ["a job's key", { added: [job(1, { id: "x" })] }],
    ["a job's key, twice in a batch", { added: [job(7, { id: "x" }), job(7, { id: "y" })] }],
    ["an id", { added: [job(7, { id: "job-1" })] }],
    ["an id, twice in a batch", { added: [job(7, { id: "x" }), job(8, { id: "x" })] }],
    [
      "an id of a job that was removed before, and is another's",
      { removed: [{ key: 3, removedAt: 5 }], added: [job(7, { id: "job-1" })] }
    ],
    ["a run's key", { claims: [claim(1, 1, { fireAt: 9 })] }],
    [
      "an id of a job that was removed before, and is another's by now",
      { removed: [{ key: 3, removedAt: 6 }], added: [job(7, { id: "job-3" })] }
    ],
    ["a run's key, twice in a row", { claims: [5, 5].map((key, at) => claim(key, 1, { fireAt: 10 + at })) }],
    ["a run's key, twice in a batch", { claims: [5, 6, 5].map((key, at) => claim(key, 1, { fireAt: 10 + at })) }],
    ["a fire time", { claims: [claim(5, 1, { fireAt: 2000 })] }],
    ["a fire time, twice in a batch", { claims: [10, 20, 10].map((fireAt, at) => claim(5 + at, 1, { fireAt })) }],
    ["a fire time, twice in a row", { claims: [10, 20, 20].map((fireAt, at) => claim(5 + at, 1, { fireAt })) }],
    ["a job that is not there", { claims: [claim(5, 99)] }],
    ["the very row, twice", { claims: Array<ClaimRow>(2).fill(claim(5, 1, { fireAt: 9 })) }]
  ])("refuses a batch for %s, and has nothing of it", async (_what, batch) => {
    const found = await inStore(({ store }) =>
      Effect.gen(function* () {
        yield* store.commit(1, batchOf({ added: [job(1), job(3)], claims: [claim(1, 1)] }))
        yield* store.commit(2, batchOf({ removed: [{ key: 3, removedAt: 5 }], added: [job(4, { id: "job-3" })] }))
        const refused = yield* Effect.either(store.commit(3, batchOf({ ...batch, marks: [{ name: "m", value: "1" }] })))
        return {
          tag: Either.isLeft(refused) ? refused.left._tag : "none",
          jobs: keysOf(yield* store.reads.jobs({ byWake: false })),
          runs: runKeysOf(yield* store.reads.runs({})),
          again: yield* store.commit(3, batchOf({}))
        }
      })
    )
    expect(found).toEqual({ tag: "StoreConflict", jobs: [1, 4], runs: [1], again: true })
  })

  it("takes fire times of one job that another has, or that are a request's", async () => {
    const claims = [
      claim(1, 1),
      claim(2, 2),
      claim(3, 1, { request: 3 }),
      claim(4, 1, { request: -1 }),
      claim(5, 1, { fireAt: 1 }),
      claim(7, 2, { fireAt: 1 }),
      claim(6, 2, { fireAt: 2 })
    ]
    const found = await inStore(({ store, commit }) =>
      Effect.zipRight(commit({ added: [job(1), job(2)], claims }), Effect.map(store.reads.runs({}), runKeysOf))
    )
    expect(found).toEqual([4, 3, 2, 1, 6, 7, 5])
  })

  it("has all of a batch but what is of jobs that are not there", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({ added: [job(1), job(2)], claims: [claim(1, 2)] })
        const before = [...(yield* store.reads.countJobs())]
        yield* commit({
          added: [job(3)],
          states: [1, 3, 98, 99].map((key) => state(key, { value: key === 1 || key === 99 ? "running" : "paused" })),
          ledger: [1, 99, 3].map((key) => entry(key)),
          settled: [settle(1)]
        })
        return {
          before,
          counts: Object.fromEntries(yield* store.reads.countJobs()),
          states: (yield* store.reads.jobs({ byWake: false })).map(({ key, value }) => `${key} ${value}`),
          entries: (yield* store.reads.ledger({})).map(({ jobId }) => jobId).toSorted(),
          ended: (yield* store.reads.runs({})).map(({ outcome }) => outcome)
        }
      })
    )
    expect(found).toEqual({
      before: [["scheduled", 2]],
      counts: { scheduled: 1, running: 1, paused: 1 },
      states: ["1 running", "2 scheduled", "3 paused"],
      entries: ["job-1", "job-3"],
      ended: ["succeeded"]
    })
  })

  it("keeps what a run has come to from one attempt to the next, and until it ends", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        const seen: Array<ReadonlyArray<readonly [number, string]>> = []
        const batches: ReadonlyArray<Partial<StoreBatch>> = [
          { added: [job(1)], claims: [1, 2, 3].map((key) => claim(key, 1, { fireAt: key })) },
          {
            checkpoints: [
              { runKey: 1, text: "a" },
              { runKey: 2, text: "b" },
              { runKey: 9, text: "c" }
            ]
          },
          { settled: [settle(1, unfinished), settle(3)], checkpoints: [{ runKey: 1, text: "d" }] },
          { settled: [settle(1)] },
          { checkpoints: [{ runKey: 1, text: "late" }] },
          { settled: [settle(2)] }
        ]
        for (const batch of batches) {
          yield* commit(batch)
          seen.push([...(yield* store.checkpoints([1, 2, 3, 9]))])
        }
        return seen
      })
    )
    const both = (first: string) => [
      [1, first],
      [2, "b"]
    ]
    expect(found).toEqual([[], both("a"), both("d"), [[2, "b"]], [[2, "b"]], []])
  })

  it("lists nobody's jobs for an executor that nobody has, and of another's as many as are wanted", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        const asleep = numbers(1, 5).map((key) => job(key, { wakeAt: null, executor: key > 3 ? "slow" : "default" }))
        yield* commit({ added: [...asleep, job(6, { executor: "slow" })] })
        return yield* Effect.forEach(
          [
            { executor: "nobody" },
            { executor: "slow" },
            { executor: "slow", limit: 1 },
            { executor: "slow", limit: 2 }
          ],
          (filter) => Effect.map(store.reads.jobs(filter), keysOf)
        )
      })
    )
    expect(found).toEqual([[], [6, 4, 5], [6], [6, 4]])
  })

  it("finds runs of a stretch of time among many of few jobs", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({
          added: [job(1), job(2), job(3)],
          claims: numbers(1, 60).map((key) => claim(key, (key % 2) + 1, { fireAt: key }))
        })
        return yield* Effect.forEach([{ from: 5, to: 7 }, { from: 59 }, { to: 2 }], (filter) =>
          Effect.map(store.reads.runs(filter), runKeysOf)
        )
      })
    )
    expect(found).toEqual([
      [7, 6, 5],
      [60, 59],
      [2, 1]
    ])
  })

  it("finds a tag however its text is written, and only where it is one of the tags", async () => {
    const notes = [
      '{"tags":["x"]}',
      '{"tags":["\\u0078"]}',
      '{"name":"x"}',
      '{"tags":"x"}',
      '"x"',
      '["x"]',
      "x",
      '{"tags":["y","x"]}',
      '{"tags":["y"],"name":"x"}',
      '{"tags":[{"x":"x"}]}'
    ]
    const found = await inStore(({ store, commit }) =>
      Effect.zipRight(
        commit({ added: notes.map((text, at) => job(at + 1, { notes: text })) }),
        Effect.map(store.reads.jobs({ tag: "x" }), keysOf)
      )
    )
    expect(found).toEqual([1, 2, 8])
  })

  it("has entries of the ledger by job, and of none that is not there", async () => {
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit({
          added: [job(1), job(2)],
          ledger: [entry(1), entry(2), entry(99), entry(1, { throughAt: 2500 })]
        })
        const all = yield* store.reads.ledger({})
        const ofFirst = yield* store.reads.ledger({ jobId: "job-1", limit: 9 })
        const purged = yield* store.purge({ ...retention, finishedBefore: 9000, limit: 2 })
        return [all.length, ofFirst.map(({ throughAt }) => throughAt), purged, (yield* store.reads.ledger({})).length]
      })
    )
    expect(found).toEqual([3, [2500, 2000], 2, 1])
  })
})
