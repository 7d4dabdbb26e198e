/** Retention: what goes, what stays, and that one call takes no more than it was allowed. */
import { Effect } from "effect"
import type { Retention } from "../jobStore.ts"
import {
  check,
  claim,
  entry,
  job,
  keysOf,
  type Owner,
  owned,
  runKeysOf,
  same,
  settle,
  state,
  type StoreCheck,
  unfinished
} from "./storeCheck.ts"

const keepAll: Retention = { finishedBefore: 0, maxRuns: 1_000_000, doneBefore: 0, limit: 100 }

const finishedRuns = ({ commit }: Owner, finishedAt: ReadonlyArray<number>) =>
  Effect.zipRight(
    commit({ added: [job(1)], claims: finishedAt.map((_, index) => claim(index + 1, 1, { fireAt: index })) }),
    commit({ settled: finishedAt.map((at, index) => settle(index + 1, { finishedAt: at })) })
  )

export const retentionChecks: ReadonlyArray<StoreCheck> = [
  check("nothing goes while everything is within retention", (store) =>
    Effect.gen(function* () {
      const owner = yield* owned(store)
      yield* finishedRuns(owner, [100, 200])
      yield* owner.commit({ ledger: [entry(1)], added: [job(2, { value: "done", wakeAt: null })] })
      yield* same("deleted", yield* owner.store.purge(keepAll), 0)
    })
  ),
  check("finished runs older than the age go, slice by slice, the unfinished never", (store) =>
    Effect.gen(function* () {
      const owner = yield* owned(store)
      yield* finishedRuns(owner, [500, 100, 300, 200, 400])
      yield* owner.commit({ claims: [claim(6, 1, { fireAt: 6 })], settled: [settle(6, unfinished)] })
      const retention = { ...keepAll, finishedBefore: 400, limit: 2 }
      yield* same("first slice", yield* owner.store.purge(retention), 2)
      yield* same("left after it", (yield* owner.store.reads.runs({})).length, 4)
      yield* same("second slice", yield* owner.store.purge(retention), 1)
      yield* same("then none", yield* owner.store.purge(retention), 0)
      yield* same("kept", runKeysOf(yield* owner.store.reads.runs({})), [6, 5, 1])
    })
  ),
  check("finished runs beyond the count go, oldest first", (store) =>
    Effect.gen(function* () {
      const owner = yield* owned(store)
      yield* finishedRuns(owner, [100, 200, 300, 400, 500])
      yield* same("one slice", yield* owner.store.purge({ ...keepAll, maxRuns: 2, limit: 2 }), 2)
      yield* same("the next", yield* owner.store.purge({ ...keepAll, maxRuns: 2, limit: 2 }), 1)
      yield* same("then none", yield* owner.store.purge({ ...keepAll, maxRuns: 2, limit: 2 }), 0)
      yield* same("kept", runKeysOf(yield* owner.store.reads.runs({})), [5, 4])
    })
  ),
  check("finished runs behind thousands of unfinished ones go too, and those in their turn", (store) =>
    Effect.gen(function* () {
      const owner = yield* owned(store)
      const keys = Array.from({ length: 6000 }, (_, index) => index + 1)
      yield* owner.commit({
        added: [job(1)],
        claims: keys.map((key) => claim(key, 1, { fireAt: key, claimedAt: key }))
      })
      const end = (ended: ReadonlyArray<number>) =>
        owner.commit({ settled: ended.map((key) => settle(key, { finishedAt: key })) })
      const purged = Effect.reduce(Array.from({ length: 12 }), 0, (sum) =>
        Effect.map(owner.store.purge({ ...keepAll, finishedBefore: 7000, limit: 400 }), (more) => sum + more)
      )
      yield* end(keys.slice(5000))
      yield* same("the last thousand", yield* purged, 1000)
      yield* end(keys.slice(0, 10))
      yield* same("the first ten", yield* purged, 10)
      yield* same("left", (yield* owner.store.reads.runs({ live: true })).length, 4990)
    })
  ),
  check("a purged run's fire time is free, its key is not given out again in this epoch", (store) =>
    Effect.gen(function* () {
      const owner = yield* owned(store)
      yield* finishedRuns(owner, [100])
      yield* owner.store.purge({ ...keepAll, finishedBefore: 400 })
      yield* same("claimed", yield* owner.commit({ claims: [claim(2, 1, { fireAt: 0 })] }), true)
    })
  ),
  check("ledger entries go by when they were recorded, whatever they span", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1)] })
      yield* commit({ ledger: [900, 100, 200, 300].map((at) => entry(1, { at, count: at, throughAt: 5000 - at })) })
      const retention = { ...keepAll, finishedBefore: 300, limit: 1 }
      const purged = [yield* open.purge(retention), yield* open.purge(retention), yield* open.purge(retention)]
      yield* same("slices", purged, [1, 1, 0])
      yield* same(
        "kept",
        (yield* open.reads.ledger({})).map(({ count }) => count),
        [300, 900]
      )
    })
  ),
  check("done and removed jobs go with their runs and ledger when nothing of theirs is live", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1), job(2), job(3), job(4), job(5)] })
      yield* commit({
        at: 5000,
        removed: [2, 3].map((key) => ({ key, removedAt: 5000 })),
        states: [state(1, { value: "done", wakeAt: null }), state(5, { value: "done", wakeAt: null })],
        claims: [claim(1, 1), claim(2, 2), claim(3, 3), claim(4, 4)],
        settled: [settle(1), settle(2)],
        ledger: [entry(1), entry(4)]
      })
      yield* commit({ at: 9000, states: [state(5, { value: "scheduled", wakeAt: 9500 })] })
      const retention = { ...keepAll, doneBefore: 5001 }
      yield* same("too young", yield* open.purge({ ...keepAll, doneBefore: 5000 }), 0)
      yield* same("two jobs, two runs, one entry", yield* open.purge(retention), 5)
      yield* same("jobs", keysOf(yield* open.reads.jobs({ keys: [1, 2, 3, 4, 5] })).toSorted(), [3, 4, 5])
      yield* same("runs", runKeysOf(yield* open.reads.runs({})).toSorted(), [3, 4])
      yield* same("ledger", (yield* open.reads.ledger({})).length, 1)
      yield* same("its id is free", yield* commit({ added: [job(6, { id: "job-1" })] }), true)
      yield* commit({ settled: [settle(3)] })
      yield* same("once its run has ended", yield* open.purge(retention), 2)
      yield* same("counted", yield* open.reads.countJobs(), new Map([["scheduled", 3]]))
    })
  ),
  check("a done job with more runs than a slice goes over several calls, the job last", (store) =>
    Effect.gen(function* () {
      const owner = yield* owned(store)
      yield* finishedRuns(owner, [100, 200, 300])
      yield* owner.commit({ at: 5000, states: [state(1, { value: "done", wakeAt: null })] })
      const retention = { ...keepAll, doneBefore: 5001, limit: 2 }
      yield* same("two runs", yield* owner.store.purge(retention), 2)
      yield* same("the job stays", keysOf(yield* owner.store.reads.jobs({ keys: [1] })), [1])
      yield* same("a run and the job", yield* owner.store.purge(retention), 2)
      yield* same("gone", keysOf(yield* owner.store.reads.jobs({ keys: [1] })), [])
    })
  ),
  check("what done jobs are deleted is known by their latest cursor, after a reopening too", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* same("nothing", yield* open.forgottenThrough(), null)
      const done = (key: number, memory: string) => state(key, { value: "done", wakeAt: null, memory })
      yield* commit({ added: [1, 2, 3, 4].map((key) => job(key)) })
      yield* commit({
        at: 5000,
        removed: [{ key: 1, removedAt: 5000 }],
        states: [done(1, '{"cursor":4900}'), done(2, '{"cursor":300}'), done(3, '{"cursor":200}')]
      })
      yield* commit({ at: 8000, states: [done(4, "torn")] })
      yield* open.purge({ ...keepAll, doneBefore: 6000 })
      yield* same("not of the removed one", yield* open.forgottenThrough(), 300)
      yield* open.purge({ ...keepAll, doneBefore: 9000 })
      yield* same("of one that cannot be read", yield* open.forgottenThrough(), 9000)
      yield* same("gone", keysOf(yield* open.reads.jobs({ keys: [1, 2, 3, 4] })), [])
    })
  ),
  check("keys of what is gone are not given again", (store) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const owner = yield* owned(store)
          yield* owner.commit({ added: [job(7)], claims: [claim(9, 7)] })
          yield* owner.commit({
            settled: [settle(9, { finishedAt: 100 })],
            removed: [{ key: 7, removedAt: 200 }]
          })
          yield* owner.store.purge({ ...keepAll, finishedBefore: 1000, doneBefore: 1000 })
          yield* owner.store.purge({ ...keepAll, finishedBefore: 1000, doneBefore: 1000 })
          yield* same(
            "gone",
            [yield* owner.store.reads.jobs({ keys: [7] }), yield* owner.store.reads.runs({})],
            [[], []]
          )
        })
      )
      const { store: open } = yield* owned(store, 9000)
      yield* same("the next keys", [open.nextJobKey, open.nextRunKey], [8, 10])
    })
  )
]
