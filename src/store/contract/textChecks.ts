/** Text: ids and JSON of any well-formed shape come back to the letter. Lone surrogates are refused before they reach a store. */
import { Effect } from "effect"
import { asStored, byKey, check, claim, entry, job, owned, same, settle, type StoreCheck } from "./storeCheck.ts"
import { dueRows, wakingExecutors } from "./dueReads.ts"

const strangeIds = [
  "'; DROP TABLE jobs; --",
  '" OR ""="',
  "%_[*?",
  "__proto__",
  "constructor",
  "nul\0inside",
  "nul\0inside too",
  "\0",
  " ",
  " leading and trailing ",
  "line\nbreak\r\n\ttab",
  "\u{1f4c5} \u{1f469}\u200d\u{1f4bb}",
  "e\u0301",
  "\u00e9",
  "\u202eright to left",
  "null",
  "123",
  "k".repeat(1024)
]

export const textChecks: ReadonlyArray<StoreCheck> = [
  check("strange ids are ids like any other", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const added = strangeIds.map((id, index) => job(index + 1, { id }))
      yield* commit({ added })
      yield* same(
        "all at once",
        byKey(yield* open.reads.jobs({ ids: strangeIds })),
        added.map((row) => asStored(row))
      )
      for (const row of added) {
        yield* same(`id ${JSON.stringify(row.id)}`, yield* open.reads.jobs({ ids: [row.id] }), [asStored(row)])
      }
      yield* commit({ claims: added.map(({ key }) => claim(key, key)) })
      for (const { key, id } of added) {
        yield* same(
          `runs of ${JSON.stringify(id)}`,
          (yield* open.reads.runs({ jobId: id })).map((run) => run.runKey),
          [key]
        )
      }
    })
  ),
  check("names of tasks, executors, streams and tags are text like any other", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const name = 'it\'s "\u{1f680}" __proto__'
      const row = job(1, { task: name, executor: name, stream: name, notes: JSON.stringify({ tags: [name] }) })
      yield* commit({ added: [row, job(2)] })
      yield* same("filtered", yield* open.reads.jobs({ task: name, executor: name, tag: name }), [asStored(row)])
      yield* same("executors", yield* wakingExecutors(open), ["default", name])
      yield* same("due", yield* dueRows(open, name, 9000, 10), [asStored(row)])
    })
  ),
  check("JSON columns keep every letter: spaces, key order, escapes, long numbers, a megabyte", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const text = '{ "b":1,"a":1.0, "__proto__":null,"n":12345678901234567890,"e":"\\u0000\\ud83d\u{1f600}","a":2 }'
      const long = JSON.stringify("x\u00e5".repeat(500_000))
      const row = job(1, { trigger: text, args: long, rules: text, notes: text, memory: text })
      yield* commit({ added: [row] })
      yield* same("job", yield* open.reads.jobs({ keys: [1] }), [asStored(row)])
      yield* commit({
        claims: [claim(1, 1, { args: text })],
        settled: [settle(1, { outcome: "failed", result: text, error: text })],
        ledger: [entry(1, { reason: "invalidValue" })]
      })
      const [run] = yield* open.reads.runs({})
      yield* same("run", [run?.args, run?.result, run?.error], [text, text, text])
    })
  ),
  check("instants and keys are exact up to 2^53 - 1, and instants may be negative", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const last = Number.MAX_SAFE_INTEGER
      const late = job(last, { wakeAt: last, addedAt: last })
      const early = job(1, { wakeAt: -62_135_596_800_000, addedAt: -1 })
      yield* commit({ added: [late, early] })
      yield* same("read", yield* dueRows(open, "default", last, 10), [asStored(early), asStored(late)])
      const claimed = claim(last, last, { fireAt: last - 1, request: last, claimedAt: last })
      yield* commit({ claims: [claimed] })
      yield* same(
        "run",
        (yield* open.reads.runs({ from: last - 1 })).map(({ request, fireAt }) => [request, fireAt]),
        [[last, last - 1]]
      )
    })
  )
]
