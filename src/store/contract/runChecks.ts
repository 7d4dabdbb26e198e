/** Runs and the ledger: from claim to outcome, in the order they are asked for, and the orphans of earlier owners. */
import { Effect } from "effect"
import {
  asClaimed,
  check,
  claim,
  entry,
  job,
  owned,
  runKeysOf,
  same,
  settle,
  type StoreCheck,
  unfinished
} from "./storeCheck.ts"

export const runChecks: ReadonlyArray<StoreCheck> = [
  check("a run is read as it was claimed, then as it was settled", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const claimed = claim(1, 1, { args: '{"n":1}', request: 1 })
      yield* commit({ added: [job(1)], claims: [claimed] })
      yield* same("claimed", yield* open.reads.runs({}), [asClaimed(claimed)])
      const first = settle(1, { ...unfinished, attempt: 2, error: '{"name":"E"}' })
      yield* commit({ settled: [first] })
      yield* same("another attempt", yield* open.reads.runs({ live: true }), [asClaimed(claimed, first)])
      const last = settle(1, { attempt: 2, outcome: "timedOut", result: "null", error: '{"name":"T"}' })
      yield* commit({ settled: [last] })
      yield* same("settled", yield* open.reads.runs({}), [asClaimed(claimed, last)])
      yield* same("no longer live", yield* open.reads.runs({ live: true }), [])
    })
  ),
  check("runs come newest fire time first, then newest key, and are filtered together", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1), job(2)] })
      const fires = [3000, 1000, 2000, 2000, 4000]
      yield* commit({ claims: fires.map((fireAt, index) => claim(index + 1, 1 + (index % 2), { fireAt })) })
      yield* commit({
        settled: [settle(1), settle(2, { outcome: "failed" }), settle(3, { outcome: "cancelled" }), settle(4)]
      })
      const listed = (filter: Parameters<typeof open.reads.runs>[0]) => Effect.map(open.reads.runs(filter), runKeysOf)
      yield* same("all", yield* listed({}), [5, 1, 4, 3, 2])
      yield* same("limited", yield* listed({ limit: 2 }), [5, 1])
      yield* same("of a job", yield* listed({ jobId: "job-1" }), [5, 1, 3])
      yield* same("of nobody", yield* listed({ jobId: "nobody" }), [])
      yield* same("by outcome", yield* listed({ outcomes: ["succeeded", "failed"] }), [1, 4, 2])
      yield* same("live", yield* listed({ live: true }), [5])
      yield* same("bounds are inclusive", yield* listed({ from: 2000, to: 3000 }), [1, 4, 3])
      yield* same("by key", [yield* listed({ runKey: 4 }), yield* listed({ runKey: 99 })], [[4], []])
      yield* same("together", yield* listed({ jobId: "job-2", outcomes: ["succeeded"], from: 2000 }), [4])
    })
  ),
  check("runs are found however far apart their keys are, and whatever order their fire times have", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const day = 86_400_000
      const rows = [
        { key: 1, fireAt: 10 * day, claimedAt: 10 * day },
        { key: 1999, fireAt: 11 * day, claimedAt: 11 * day },
        { key: 2000, fireAt: 12 * day + 50_000, claimedAt: 12 * day },
        // A catch-up: claimed late, for fire times long past.
        { key: 2001, fireAt: day, claimedAt: 12 * day },
        { key: 9000, fireAt: 2 * day, claimedAt: 12 * day + 1 },
        { key: 9001, fireAt: 12 * day + 2, claimedAt: 12 * day + 2 }
      ]
      yield* commit({ added: [job(1)], claims: rows.map(({ key, ...times }) => claim(key, 1, times)) })
      yield* commit({ settled: [settle(1), settle(9000, { outcome: "failed" })] })
      const listed = (filter: Parameters<typeof open.reads.runs>[0]) => Effect.map(open.reads.runs(filter), runKeysOf)
      yield* same("all", yield* listed({}), [2000, 9001, 1999, 1, 9000, 2001])
      yield* same(
        "the newest",
        [yield* listed({ limit: 1 }), yield* listed({ limit: 3 })],
        [[2000], [2000, 9001, 1999]]
      )
      yield* same("since", yield* listed({ from: 11 * day }), [2000, 9001, 1999])
      yield* same("until", yield* listed({ to: 10 * day, limit: 2 }), [1, 9000])
      yield* same("by outcome", yield* listed({ outcomes: ["succeeded"], limit: 1 }), [1])
      yield* same("none wanted", yield* listed({ limit: 0 }), [])
    })
  ),
  check("runs and ledger of removed jobs are found by their id, beside those of the job that has it now", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const daily = { id: "daily" }
      yield* commit({ added: [job(1, daily)], claims: [claim(1, 1)], ledger: [entry(1)] })
      yield* commit({ removed: [{ key: 1, removedAt: 5000 }], added: [job(2, daily)] })
      yield* commit({ claims: [claim(2, 2, { fireAt: 6000 })], ledger: [entry(2, { throughAt: 6000 })] })
      yield* same("runs", runKeysOf(yield* open.reads.runs({ jobId: "daily" })), [2, 1])
      yield* same(
        "ledger",
        (yield* open.reads.ledger({ jobId: "daily" })).map(({ jobKey }) => jobKey),
        [2, 1]
      )
    })
  ),
  check("orphans are the unfinished runs of earlier epochs, by key, in pages", (store) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { store: open, commit } = yield* owned(store)
          yield* commit({ added: [job(1)] })
          yield* commit({ claims: [1, 2, 3, 4].map((key) => claim(key, 1, { fireAt: 9000 - key })) })
          yield* commit({ settled: [settle(2), settle(3, unfinished)] })
          yield* same("one's own are not", yield* open.orphans(0, 10), [])
        })
      )
      const { store: open, commit } = yield* owned(store)
      yield* commit({ claims: [claim(5, 1, { fireAt: 1 })] })
      yield* same("orphans", runKeysOf(yield* open.orphans(0, 10)), [1, 3, 4])
      yield* same("first page", runKeysOf(yield* open.orphans(0, 2)), [1, 3])
      yield* same("next page", runKeysOf(yield* open.orphans(3, 2)), [4])
      yield* commit({ settled: [settle(1, { outcome: "interrupted" }), settle(4, { ...unfinished, attempt: 2 })] })
      yield* same("until finished", runKeysOf(yield* open.orphans(0, 10)), [3, 4])
    })
  ),
  check("the ledger comes newest end first, then newest entry, and is filtered by what touches a span", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const coalesced = entry(1, {
        kind: "coalesced",
        fromAt: 1000,
        throughAt: 3000,
        count: 3,
        reason: null,
        runKey: 1
      })
      yield* commit({ added: [job(1), job(2)], claims: [claim(1, 1)], ledger: [coalesced] })
      yield* commit({
        ledger: [
          entry(2, { fromAt: 3000, throughAt: 3000, at: 1 }),
          entry(2, { kind: "paused", fromAt: 500, throughAt: 9000, count: 0, reason: null, at: 2 }),
          entry(1, { kind: "superseded", fromAt: 100, throughAt: 200, count: 0, reason: null, at: 3 })
        ]
      })
      const listed = (filter: Parameters<typeof open.reads.ledger>[0]) =>
        Effect.map(open.reads.ledger(filter), (rows) => rows.map(({ kind }) => kind))
      yield* same("to the letter", yield* open.reads.ledger({ kinds: ["coalesced"] }), [
        { ...coalesced, jobId: "job-1" }
      ])
      yield* same("all", yield* listed({}), ["paused", "misfired", "coalesced", "superseded"])
      yield* same("limited", yield* listed({ limit: 2 }), ["paused", "misfired"])
      yield* same("of a job", yield* listed({ jobId: "job-1" }), ["coalesced", "superseded"])
      yield* same("by kind", yield* listed({ kinds: ["misfired", "paused"] }), ["paused", "misfired"])
      yield* same("touching", yield* listed({ from: 200, to: 1000 }), ["paused", "coalesced", "superseded"])
    })
  )
]
