/** Commits: all of a batch or nothing, once, by the owner of the store, and there after a restart. */
import { Effect } from "effect"
import { ContractViolation } from "../../contract/contractViolation.ts"
import { nextWakeAt } from "./dueReads.ts"
import {
  asStored,
  batchOf,
  check,
  claim,
  entry,
  job,
  keysOf,
  owned,
  refused,
  runKeysOf,
  same,
  settle,
  state,
  type StoreCheck
} from "./storeCheck.ts"

export const commitChecks: ReadonlyArray<StoreCheck> = [
  check("a batch with one conflict applies nothing, and its number may be used again", (store) =>
    Effect.gen(function* () {
      const { store: open } = yield* owned(store)
      yield* open.commit(1, batchOf({ added: [job(1), job(2)], claims: [claim(1, 1)] }))
      const rest = {
        states: [state(2, { value: "paused" })],
        ledger: [entry(2)],
        removed: [{ key: 2, removedAt: 5000 }]
      }
      const conflicts = {
        "an id that exists": { added: [job(3), job(4, { id: "job-1" })] },
        "an id that comes twice": { added: [job(3, { id: "x" }), job(4, { id: "x" })] },
        "a key that exists": { added: [job(3), job(1, { id: "x" })] },
        "a run key that exists": { claims: [claim(2, 2), claim(1, 2, { fireAt: 9 })] },
        "a fire time that is claimed": { claims: [claim(2, 2), claim(3, 1)] },
        "a fire time that is claimed twice": { claims: [claim(2, 2), claim(3, 2)] },
        "a claim that names no job": { claims: [claim(2, 2), claim(3, 99)] }
      }
      for (const [name, conflict] of Object.entries(conflicts)) {
        yield* refused(name, "StoreConflict", open.commit(2, batchOf({ ...rest, ...conflict })))
        yield* same(`${name}: jobs`, yield* open.reads.jobs({ byWake: false }), [asStored(job(1)), asStored(job(2))])
        yield* same(`${name}: runs`, runKeysOf(yield* open.reads.runs({})), [1])
        yield* same(`${name}: ledger`, yield* open.reads.ledger({}), [])
        yield* same(`${name}: number`, yield* open.committed(), 1)
      }
      yield* same("the next batch", yield* open.commit(2, batchOf({ added: [job(3)] })), true)
    })
  ),
  check("a run is claimed once for a fire time, any number of times on request", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1), job(2)] })
      yield* commit({ claims: [claim(1, 1), claim(2, 2), claim(3, 1, { request: 3 }), claim(4, 1, { request: 4 })] })
      yield* commit({ settled: [settle(1)] })
      yield* refused("claimed again", "StoreConflict", commit({ claims: [claim(5, 1)] }))
      yield* same("runs", runKeysOf(yield* open.reads.runs({ jobId: "job-1" })), [4, 3, 1])
    })
  ),
  check("a commit with a number that is on disk applies nothing and says so; one too far ahead is refused", (store) =>
    Effect.gen(function* () {
      const { store: open } = yield* owned(store)
      yield* same("before the first", yield* open.committed(), 0)
      yield* same("first", yield* open.commit(1, batchOf({ added: [job(1)] })), true)
      yield* same("again", yield* open.commit(1, batchOf({ added: [job(2)] })), false)
      yield* same("nothing", keysOf(yield* open.reads.jobs({})), [1])
      yield* refused("ahead", "StoreConflict", open.commit(3, batchOf({ added: [job(3)] })))
      yield* same("empty", yield* open.commit(2, batchOf({})), true)
      yield* same("the newest", yield* open.committed(), 2)
    })
  ),
  check("of rows for one key the last wins, and the first outcome of a run stands", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1)], claims: [claim(1, 1)] })
      yield* commit({
        states: [state(1, { value: "running", wakeAt: 1 }), state(1, { value: "misfired", wakeAt: 2 })],
        redefined: [job(1, { task: "a" }), job(1, { task: "b" })],
        settled: [
          settle(1, { finishedAt: null, outcome: null, attempt: 1 }),
          settle(1, { finishedAt: null, outcome: null, attempt: 2 }),
          settle(1, { outcome: "failed", attempt: 3 }),
          settle(1, { outcome: "succeeded", attempt: 4 })
        ]
      })
      const [read] = yield* open.reads.jobs({})
      yield* same("job", [read?.value, read?.wakeAt, read?.task], ["misfired", 2, "b"])
      yield* commit({ settled: [settle(1, { outcome: "cancelled", attempt: 5 })] })
      const [run] = yield* open.reads.runs({})
      yield* same("run", [run?.outcome, run?.attempt], ["failed", 3])
    })
  ),
  check("rows for what does not exist are ignored, and the rest of their batch is applied", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1)] })
      yield* commit({
        removed: [{ key: 7, removedAt: 5000 }],
        added: [job(2)],
        redefined: [job(7)],
        states: [state(7, { wakeAt: 1 }), state(1, { wakeAt: 9000 }), state(2, { wakeAt: 9001 })],
        settled: [settle(7)],
        ledger: [entry(7), entry(2)]
      })
      yield* same("jobs", keysOf(yield* open.reads.jobs({})), [1, 2])
      yield* same("wake-up", yield* nextWakeAt(open, "default"), 9000)
      yield* same(
        "ledger",
        (yield* open.reads.ledger({})).map(({ jobKey }) => jobKey),
        [2]
      )
    })
  ),
  check("a batch of thousands is one commit", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const keys = Array.from({ length: 3333 }, (_, index) => index + 1)
      yield* commit({
        added: keys.map((key) => job(key)),
        states: keys.map((key) => state(key, { wakeAt: 10_000 - key })),
        claims: keys.map((key) => claim(key, key)),
        settled: keys.map((key) => settle(key)),
        ledger: keys.map((key) => entry(key))
      })
      yield* same("wake-up", yield* nextWakeAt(open, "default"), 10_000 - 3333)
      yield* same("runs", (yield* open.reads.runs({ outcomes: ["succeeded"] })).length, 3333)
      yield* same("ledger", (yield* open.reads.ledger({})).length, 3333)
    })
  ),
  check("what one owner wrote the next one finds, with keys that count on and a higher epoch", (store) =>
    Effect.gen(function* () {
      const first = yield* Effect.scoped(
        Effect.gen(function* () {
          const { store: open, commit } = yield* owned(store)
          yield* commit({ added: [job(1), job(5)], claims: [claim(8, 1)], ledger: [entry(5)] })
          yield* commit({ removed: [{ key: 5, removedAt: 5000 }] })
          return [open.epoch, open.nextJobKey, open.nextRunKey]
        })
      )
      yield* same("an empty store", first, [1, 1, 1])
      const { store: open, commit } = yield* owned(store, 9000)
      yield* same("the next", [open.epoch, open.nextJobKey, open.nextRunKey], [2, 6, 9])
      yield* same("numbers start over", yield* open.committed(), 0)
      yield* same("jobs", yield* open.reads.jobs({}), [asStored(job(1))])
      yield* same(
        "runs and ledger",
        [(yield* open.reads.runs({})).length, (yield* open.reads.ledger({})).length],
        [1, 1]
      )
      yield* same("writes", yield* commit({ added: [job(6)] }), true)
    })
  ),
  check("marks are one owner's word to the next; those of a batch that fails are not written", (store) =>
    Effect.gen(function* () {
      const none = yield* Effect.scoped(
        Effect.gen(function* () {
          const { store: open, commit } = yield* owned(store)
          yield* commit({
            marks: [
              { name: "kept", value: "1" },
              { name: "gone", value: "1" },
              { name: "__proto__", value: "é\n" }
            ]
          })
          yield* commit({
            marks: [
              { name: "kept", value: "2" },
              { name: "gone", value: null },
              { name: "unknown", value: null }
            ]
          })
          yield* refused(
            "conflict",
            "StoreConflict",
            commit({ claims: [claim(1, 99)], marks: [{ name: "kept", value: "3" }] })
          )
          return open.marks
        })
      )
      yield* same("an empty store", none, new Map())
      const { store: open } = yield* owned(store, 9000)
      yield* same("the next", [...open.marks].toSorted(), [
        ["__proto__", "é\n"],
        ["kept", "2"]
      ])
    })
  ),
  check("a store that is open is not opened again, by the name and age of who has it", (store) =>
    Effect.gen(function* () {
      const { commit } = yield* owned(store, 1000)
      const error = yield* Effect.scoped(store.open({ pid: 2, host: "other", startedAt: 31_000 })).pipe(
        Effect.matchEffect({
          onFailure: Effect.succeed,
          onSuccess: ({ epoch: found }) =>
            Effect.fail(new ContractViolation({ promise: "refused", expected: "StoreInUse", found }))
        })
      )
      yield* same("refusal", error._tag === "StoreInUse" ? [error.pid, error.host, error.ageMs] : error._tag, [
        4711,
        "contract",
        30_000
      ])
      yield* same("the owner is not disturbed", yield* commit({ added: [job(1)] }), true)
    })
  ),
  check("after its scope a store answers nothing", (store) =>
    Effect.gen(function* () {
      const { store: closed } = yield* Effect.scoped(owned(store))
      const answer = (effect: Effect.Effect<unknown, { readonly _tag: string }>) =>
        Effect.match(effect, { onSuccess: () => "answered", onFailure: ({ _tag }) => _tag })
      yield* same("closed", yield* answer(closed.reads.jobs({})), "StoreUnavailable")
      yield* same("closed", yield* answer(closed.commit(1, batchOf({}))), "StoreUnavailable")
    })
  )
]
