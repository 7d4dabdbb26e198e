/**
 * Jobs: what is written is read back to the letter, and found by wake-up, id, key and filter.
 * Long: one check after another, each for itself.
 */
import { Effect } from "effect"
import { asStored, byKey, check, idsOf, job, keysOf, owned, same, state, type StoreCheck } from "./storeCheck.ts"
import { dueQuery, dueRows, nextWakeAt, wakingExecutors } from "./dueReads.ts"

export const jobChecks: ReadonlyArray<StoreCheck> = [
  check("a job is read as it was written, whichever way it is found", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const written = job(1, {
        stream: "orders",
        args: '{"a":[1,2]}',
        notes: '{"tags":["x"]}',
        fault: true,
        memory: '{"v":1}'
      })
      yield* commit({ added: [written] })
      const expected = [asStored(written)]
      yield* same("by id", yield* open.reads.jobs({ ids: ["job-1"] }), expected)
      yield* same("by key", yield* open.reads.jobs({ keys: [1] }), expected)
      yield* same("due", yield* dueRows(open, "default", 2000, 10), expected)
      yield* same("by filter", yield* open.reads.jobs({}), expected)
      yield* same("by stream", yield* open.reads.jobs({ ofStreams: true }), expected)
    })
  ),
  check("due gives jobs up to now, now included, earliest first, ties by key, at most the limit", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const wakes = [3000, 2000, null, 2000, 1000, 4000]
      yield* commit({ added: wakes.map((wakeAt, index) => job(index + 1, { wakeAt })) })
      yield* same("all due", keysOf(yield* dueRows(open, "default", 3000, 10)), [5, 2, 4, 1])
      yield* same("limited", keysOf(yield* dueRows(open, "default", 3000, 2)), [5, 2])
      yield* same("none yet", keysOf(yield* dueRows(open, "default", 999, 10)), [])
    })
  ),
  check("one answer holds what is due for each executor, and when its next job wakes up", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const wakes = [1000, 2000, 2000, 3000, 9000]
      yield* commit({
        added: [
          ...wakes.map((wakeAt, index) => job(index + 1, { wakeAt })),
          job(11, { executor: "slow", wakeAt: 2500 }),
          job(12, { executor: "slow", wakeAt: null }),
          job(21, { executor: "full", wakeAt: 1 }),
          job(31, { executor: "idle", wakeAt: null })
        ]
      })
      const answer = (query: Parameters<typeof dueQuery>[0]) =>
        Effect.map(open.due(dueQuery({ now: 3000, ...query })), ({ byExecutor, others }) => [
          [...byExecutor].map(([name, { rows, nextWakeAt: next }]) => [name, rows.map(({ key }) => key), next]),
          [...others].sort()
        ])
      const of = (name: string, limit = 10) => ({ name, limit })
      yield* same("each", yield* answer({ executors: [of("default"), of("slow"), of("none")] }), [
        [
          ["default", [1, 2, 3, 4], 9000],
          ["slow", [11], null],
          ["none", [], null]
        ],
        ["full"]
      ])
      yield* same("limited", yield* answer({ executors: [of("default", 2), of("slow", 1), of("full", 1)] }), [
        [
          ["default", [1, 2], 2000],
          ["slow", [11], null],
          ["full", [21], null]
        ],
        []
      ])
      yield* same("nobody", yield* answer({}), [[], ["default", "full", "slow"]])
    })
  ),
  check("jobs of tasks and with keys that are left out are neither due nor awaited", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const rows = [
        job(1, { wakeAt: 1000, task: "unknown" }),
        job(2, { wakeAt: 1000 }),
        job(3, { wakeAt: 1000, task: "unknown" }),
        job(4, { wakeAt: 2000 }),
        job(5, { wakeAt: 2500, task: "unknown" }),
        job(6, { wakeAt: 2500 }),
        job(7, { wakeAt: 4000, task: "unknown" }),
        job(8, { wakeAt: 5000 })
      ]
      yield* commit({ added: rows })
      const left = (query: Parameters<typeof dueQuery>[0], limit = 10, from?: { wakeAt: number; key: number }) =>
        Effect.map(
          open.due(dueQuery({ now: 3000, executors: [{ name: "default", limit, from }], ...query })),
          ({ byExecutor }) => [keysOf(byExecutor.get("default")?.rows ?? []), byExecutor.get("default")?.nextWakeAt]
        )
      yield* same("nothing left out", yield* left({}), [[1, 2, 3, 4, 5, 6], 4000])
      yield* same("a task", yield* left({ exceptTasks: ["unknown", "nobody's"] }), [[2, 4, 6], 5000])
      yield* same("keys", yield* left({ exceptKeys: [1, 4, 7, 99] }), [[2, 3, 5, 6], 5000])
      yield* same("both, limited", yield* left({ exceptTasks: ["unknown"], exceptKeys: [2] }, 1), [[4], 2500])
      yield* same("all that is due", yield* left({ exceptTasks: ["unknown"], exceptKeys: [2, 4, 6] }), [[], 5000])
      yield* same("from a place", yield* left({ exceptTasks: ["unknown"] }, 10, { wakeAt: 1000, key: 1 }), [
        [2, 4, 6],
        5000
      ])
      yield* same("from a place with nothing due", yield* left({ now: 500 }, 10, { wakeAt: 1000, key: 0 }), [[], 1000])
    })
  ),
  check("a wake-up moves with the job's state, and goes with null", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1, { wakeAt: 2000 }), job(2, { wakeAt: 3000 })] })
      yield* same("earliest", yield* nextWakeAt(open, "default"), 2000)
      yield* commit({ states: [state(1, { wakeAt: 5000 })] })
      yield* same("moved", yield* nextWakeAt(open, "default"), 3000)
      yield* same("order", keysOf(yield* dueRows(open, "default", 9000, 10)), [2, 1])
      yield* commit({ states: [state(1, { wakeAt: null }), state(2, { wakeAt: null })] })
      yield* same("none", yield* nextWakeAt(open, "default"), null)
      yield* same("nothing due", yield* dueRows(open, "default", 9000, 10), [])
    })
  ),
  check("jobs that stay scheduled keep or move their wake-ups in one batch, each its own way", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [1, 2, 3, 4].map((key) => job(key, { wakeAt: 2000 })) })
      yield* commit({
        states: [
          state(1, { wakeAt: 2000, memory: "[1]" }),
          state(2, { wakeAt: 3000, memory: "[2]" }),
          state(3, { wakeAt: null, memory: "[3]" }),
          state(4, { wakeAt: 2000, executor: "slow", memory: "[4]" })
        ]
      })
      const read = byKey(yield* open.reads.jobs({ keys: [1, 2, 3, 4] }))
      yield* same(
        "memory",
        read.map(({ memory }) => memory),
        ["[1]", "[2]", "[3]", "[4]"]
      )
      yield* same(
        "wake-ups",
        read.map(({ wakeAt }) => wakeAt),
        [2000, 3000, null, 2000]
      )
      yield* same("due", keysOf(yield* dueRows(open, "default", 9000, 10)), [1, 2])
      yield* same("due elsewhere", keysOf(yield* dueRows(open, "slow", 9000, 10)), [4])
    })
  ),
  check("a filter finds jobs however far apart their keys are", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const keys = [1, 5000, 5001, 12_345]
      yield* commit({
        added: keys.map((key) => job(key, { task: key === 5000 ? "other" : "report", wakeAt: 20_000 - key }))
      })
      yield* same("all", keysOf(yield* open.reads.jobs({ task: "report" })), [12_345, 5001, 1])
      yield* same("limited", keysOf(yield* open.reads.jobs({ task: "report", limit: 2 })), [12_345, 5001])
      yield* same("after a key", keysOf(yield* open.reads.jobs({ task: "report", afterKey: 5001 })), [12_345])
    })
  ),
  check("jobs are due by executor, and follow when they are given another", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const slow = { executor: "slow" }
      yield* commit({ added: [job(1), job(2, { ...slow, wakeAt: 1000 }), job(3, { executor: "idle", wakeAt: null })] })
      yield* same("names", yield* wakingExecutors(open), ["default", "slow"])
      yield* same("one's own", keysOf(yield* dueRows(open, "slow", 9000, 10)), [2])
      yield* same(
        "one's own earliest",
        [yield* nextWakeAt(open, "default"), yield* nextWakeAt(open, "slow")],
        [2000, 1000]
      )
      yield* same("unknown", [yield* dueRows(open, "none", 9000, 10), yield* nextWakeAt(open, "none")], [[], null])
      yield* commit({ states: [state(2, { executor: "fast", wakeAt: 1500 })] })
      yield* same("followed a state", keysOf(yield* dueRows(open, "fast", 9000, 10)), [2])
      yield* commit({ redefined: [job(1, slow)], states: [state(1, { ...slow, wakeAt: 2500 })] })
      yield* same("followed a definition", keysOf(yield* dueRows(open, "slow", 9000, 10)), [1])
      yield* same("names moved", yield* wakingExecutors(open), ["fast", "slow"])
      yield* same(
        "written",
        (yield* open.reads.jobs({ keys: [1] })).map(({ executor }) => executor),
        ["slow"]
      )
    })
  ),
  check("an id belongs to one job that is not removed, and is free again with its removal", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1, { id: "daily" })] })
      yield* commit({ removed: [{ key: 1, removedAt: 5000 }], added: [job(2, { id: "daily" })] })
      yield* same("the new one", keysOf(yield* open.reads.jobs({ ids: ["daily"] })), [2])
      const removed = asStored(job(1, { id: "daily" }), { removedAt: 5000, wakeAt: null })
      yield* same("the old one is kept, asleep", yield* open.reads.jobs({ keys: [1] }), [removed])
      yield* same("not listed", keysOf(yield* open.reads.jobs({})), [2])
      yield* same("not due", keysOf(yield* dueRows(open, "default", 9000, 10)), [2])
    })
  ),
  check("a job may be added and removed by one batch", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1, { id: "daily" })], removed: [{ key: 1, removedAt: 5000 }] })
      yield* same("not listed", keysOf(yield* open.reads.jobs({})), [])
      const removed = asStored(job(1, { id: "daily" }), { removedAt: 5000, wakeAt: null })
      yield* same("its row is kept, asleep", yield* open.reads.jobs({ keys: [1] }), [removed])
      yield* commit({ added: [job(2, { id: "daily" })] })
      yield* same("its id is free", keysOf(yield* open.reads.jobs({ ids: ["daily"] })), [2])
    })
  ),
  check("a removed job may still be woken by a later state", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1)] })
      yield* commit({ removed: [{ key: 1, removedAt: 5000 }], states: [state(1, { value: "running", wakeAt: 6000 })] })
      yield* same("due", keysOf(yield* dueRows(open, "default", 6000, 10)), [1])
    })
  ),
  check("a definition is replaced whole, and the state stays", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1, { wakeAt: 2500, memory: '{"v":1}' })] })
      const redefined = job(1, {
        task: "other",
        args: "[]",
        rules: "[1]",
        notes: "[2]",
        stream: "s",
        trigger: "[3]",
        addedAt: 7
      })
      yield* commit({ redefined: [redefined] })
      const expected = asStored(redefined, { wakeAt: 2500, memory: '{"v":1}' })
      yield* same("definition", yield* open.reads.jobs({ keys: [1] }), [expected])
    })
  ),
  check("jobs are filtered by state, fault, task, executor and tag, all at once", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({
        added: [
          job(1, { task: "a", notes: '{"tags":["red","blue"]}' }),
          job(2, { task: "a", value: "paused", fault: true, wakeAt: null }),
          job(3, { task: "b", value: "running", executor: "slow", notes: '{"tags":["red"]}' }),
          job(4, { task: "b", value: "done", wakeAt: null, notes: '{"tags":"red"}' }),
          job(5, { notes: "not JSON" }),
          job(6, { notes: '{"tags":[7]}' })
        ]
      })
      const listed = (filter: Parameters<typeof open.reads.jobs>[0]) =>
        Effect.map(open.reads.jobs({ byWake: false, ...filter }), keysOf)
      yield* same("states", yield* listed({ states: ["paused", "done"] }), [2, 4])
      yield* same("no state", yield* listed({ states: [] }), [])
      yield* same("fault", [yield* listed({ fault: true }), yield* listed({ fault: false })], [[2], [1, 3, 4, 5, 6]])
      yield* same("task", yield* listed({ task: "b" }), [3, 4])
      yield* same("executor", [yield* listed({ executor: "slow" }), yield* listed({ executor: "none" })], [[3], []])
      yield* same("tag", [yield* listed({ tag: "red" }), yield* listed({ tag: "7" })], [[1, 3], []])
      yield* same("together", yield* listed({ tag: "red", task: "b", states: ["running"] }), [3])
    })
  ),
  check("jobs are listed by wake-up over all executors, then by key, the sleeping last", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({
        added: [
          job(1, { id: "\u{1f600}" }),
          job(2, { id: "\ufffd", executor: "slow" }),
          job(3, { id: "z", wakeAt: null }),
          job(4, { id: "b", wakeAt: 1000 }),
          job(5, { id: "a", wakeAt: null }),
          job(6, { id: "B", executor: "slow" })
        ]
      })
      const expected = ["b", "\u{1f600}", "\ufffd", "B", "z", "a"]
      yield* same("order", idsOf(yield* open.reads.jobs({})), expected)
      yield* same("limit within the waking", idsOf(yield* open.reads.jobs({ limit: 3 })), expected.slice(0, 3))
      yield* same("limit beyond the waking", idsOf(yield* open.reads.jobs({ limit: 5 })), expected.slice(0, 5))
    })
  ),
  check("what is asked of all jobs follows the jobs there are, not the highest key", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const keys = [1, 3, 1_000_000_000, 2 ** 45, 2 ** 45 + 7]
      const named = { task: "rare", notes: '{"tags":["x"]}', value: "paused", wakeAt: null } as const
      yield* commit({ added: keys.map((key) => job(key, key % 2 === 0 ? { wakeAt: null } : named)) })
      yield* same("all", keysOf(yield* open.reads.jobs({})), keys)
      yield* same("paged", keysOf(yield* open.reads.jobs({ byWake: false, afterKey: 1, limit: 3 })), keys.slice(1, 4))
      const some = keys.filter((key) => key % 2 === 1)
      for (const filter of [{ task: "rare" }, { tag: "x" }, { states: ["paused" as const] }])
        yield* same(JSON.stringify(filter), keysOf(yield* open.reads.jobs(filter)), some)
      const counts = yield* open.reads.countJobs()
      yield* same("counted", [counts.get("paused"), counts.get("scheduled")], [some.length, keys.length - some.length])
    })
  ),
  check("many jobs of one instant are listed by key, however they are asked for", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const keys = Array.from({ length: 5000 }, (_, index) => index + 1)
      const valueOf = (key: number) => (key % 3 === 0 ? "paused" : key % 3 === 1 ? "scheduled" : "done")
      yield* commit({
        added: keys.map((key) =>
          job(key, {
            value: valueOf(key),
            wakeAt: key % 3 === 1 ? 2000 : null,
            ...(key % 6 === 0 ? { fault: true } : {})
          })
        )
      })
      const byState = (value: string) => keys.filter((key) => valueOf(key) === value)
      const asleep = keys.filter((key) => key % 3 !== 1)
      yield* same("all", keysOf(yield* open.reads.jobs({})), [...byState("scheduled"), ...asleep])
      yield* same("first", keysOf(yield* open.reads.jobs({ limit: 20 })), byState("scheduled").slice(0, 20))
      for (const state of ["paused", "done"] as const)
        yield* same(
          state,
          keysOf(yield* open.reads.jobs({ states: [state], limit: 1500 })),
          byState(state).slice(0, 1500)
        )
      const parked = keys.filter((key) => key % 6 === 0)
      yield* same("parked", keysOf(yield* open.reads.jobs({ fault: true })), parked)
      yield* same("parked, some", keysOf(yield* open.reads.jobs({ fault: true, limit: 7 })), parked.slice(0, 7))
      yield* same(
        "by filter",
        keysOf(yield* open.reads.jobs({ task: "report", states: ["done"], limit: 30 })),
        byState("done").slice(0, 30)
      )
    })
  ),
  check("jobs are paged by key", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [3, 1, 2, 5, 4].map((key) => job(key)) })
      yield* commit({ removed: [{ key: 3, removedAt: 5000 }] })
      yield* same("first", keysOf(yield* open.reads.jobs({ byWake: false, limit: 2 })), [1, 2])
      yield* same("next", keysOf(yield* open.reads.jobs({ byWake: false, limit: 2, afterKey: 2 })), [4, 5])
    })
  ),
  check("jobs are counted by state, the removed not among them", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* same("none", yield* open.reads.countJobs(), new Map())
      yield* commit({ added: [job(1), job(2), job(3, { value: "done" }), job(4, { value: "done" }), job(5)] })
      yield* commit({
        removed: [4, 5].map((key) => ({ key, removedAt: 5000 })),
        states: [state(2, { value: "misfired" })]
      })
      yield* same(
        "counted",
        yield* open.reads.countJobs(),
        new Map([
          ["scheduled", 1],
          ["misfired", 1],
          ["done", 1]
        ])
      )
    })
  ),
  check("stream jobs are those that name a stream and are neither done nor removed", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const stream = { stream: "orders" }
      yield* commit({ added: [job(1, stream), job(2), job(3, { ...stream, value: "done" }), job(4, stream)] })
      yield* commit({ removed: [{ key: 4, removedAt: 5000 }] })
      yield* same("stream jobs", keysOf(yield* open.reads.jobs({ ofStreams: true })), [1])
    })
  ),
  check("lookups of many, of none and of unknown jobs give what there is", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const keys = Array.from({ length: 1300 }, (_, index) => index + 1)
      yield* commit({ added: keys.map((key) => job(key)) })
      const ids = keys.map((key) => `job-${key}`)
      yield* same("by key", keysOf(byKey(yield* open.reads.jobs({ keys: [...keys, 9999, 1] }))), keys)
      yield* same("by id", keysOf(byKey(yield* open.reads.jobs({ ids: [...ids, "nobody", "job-1"] }))), keys)
      yield* same("of none", [yield* open.reads.jobs({ keys: [] }), yield* open.reads.jobs({ ids: [] })], [[], []])
    })
  )
]
