/** What commits have told: kept in their order over all owners, and taken by retention from the oldest on. */
import { Effect } from "effect"
import type { EventsRow, OpenStore, Retention } from "../jobStore.ts"
import { batchOf, check, claim, job, owned, refused, runKeysOf, same, settle, type StoreCheck } from "./storeCheck.ts"

const told = (number: number, text = `[${number}]`): EventsRow => ({ number, text })

const numbers = (store: OpenStore, after = 0, limit = 100) =>
  Effect.map(store.reads.events({ after, limit }), (rows) => rows.map(({ number }) => number))

const keepAll: Retention = { finishedBefore: 0, maxRuns: 1_000_000, doneBefore: 0, limit: 100 }

export const eventsChecks: ReadonlyArray<StoreCheck> = [
  check(
    "events are kept to the letter with the instant of their batch, and the next owner goes on after them",
    (store) =>
      Effect.gen(function* () {
        const text = `[{"type":"pa\\u0000id ☎"},"ajob",[0,7,3]]`
        yield* Effect.scoped(
          Effect.gen(function* () {
            const { store: open, commit } = yield* owned(store)
            yield* same("of a new store", [open.nextEvents, yield* numbers(open)], [1, []])
            yield* commit({ at: 2000, events: told(1, text) })
            yield* commit({ added: [job(1)] })
            yield* commit({ at: 3000, events: told(2) })
            yield* same("two", yield* open.reads.events({ after: 0, limit: 9 }), [
              { number: 1, at: 2000, text },
              { number: 2, at: 3000, text: "[2]" }
            ])
          })
        )
        const { store: open, commit } = yield* owned(store)
        yield* same("the next number", open.nextEvents, 3)
        yield* commit({ events: told(3) })
        yield* same("after the first", yield* numbers(open, 1), [2, 3])
        yield* same("one of them", yield* numbers(open, 1, 1), [2])
        yield* same("after the last", yield* numbers(open, 3), [])
      })
  ),
  check(
    "an answer with events ends where their texts take the bytes that were asked for, with one at the least",
    (store) =>
      Effect.gen(function* () {
        const { store: open, commit } = yield* owned(store)
        for (const number of [1, 2, 3]) yield* commit({ events: told(number, "x".repeat(100)) })
        const within = (bytes: number) =>
          Effect.map(open.reads.events({ after: 0, limit: 9, bytes }), (rows) => rows.length)
        yield* same("rows", [yield* within(1), yield* within(150), yield* within(1000)], [1, 2, 3])
      })
  ),
  check("a batch that is refused, or is there already, leaves no events", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1)], events: told(1) })
      yield* refused("a conflict", "StoreConflict", open.commit(2, batchOf({ added: [job(1)], events: told(2) })))
      yield* refused("a number that exists", "StoreConflict", open.commit(2, batchOf({ events: told(1) })))
      yield* same("there already", yield* open.commit(1, batchOf({ events: told(2) })), false)
      yield* same("kept", yield* numbers(open), [1])
      yield* open.commit(2, batchOf({ events: told(2) }))
      yield* same("and the next", yield* numbers(open), [1, 2])
    })
  ),
  check("old events go oldest first and without holes, the newest stay, and no number is given again", (store) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const { store: open, commit } = yield* owned(store)
          const instants = [2000, 2100, 5000, 2200, 2300]
          for (const [index, at] of instants.entries()) yield* commit({ at, events: told(index + 1) })
          yield* same("none yet", yield* open.purge({ ...keepAll, finishedBefore: 2000 }), 0)
          yield* same("a slice", yield* open.purge({ ...keepAll, finishedBefore: 4000, limit: 1 }), 1)
          yield* same("the next", yield* open.purge({ ...keepAll, finishedBefore: 4000 }), 1)
          yield* same("up to a younger one", yield* numbers(open), [3, 4, 5])
          yield* same("all but the newest", yield* open.purge({ ...keepAll, finishedBefore: 9000 }), 2)
          yield* same("then none", yield* open.purge({ ...keepAll, finishedBefore: 9000 }), 0)
          yield* same("left", yield* numbers(open), [5])
        })
      )
      const { store: open } = yield* owned(store)
      yield* same("the next number", open.nextEvents, 6)
    })
  ),
  check("events from before the claim of a run that goes for its number go with it", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ at: 1000, added: [job(1)], events: told(1) })
      for (const key of [1, 2, 3])
        yield* commit({
          at: 1000 * key + 500,
          claims: [claim(key, 1, { fireAt: key, claimedAt: 1000 * key + 500 })],
          settled: [settle(key, { finishedAt: 1000 * key + 600 })],
          events: told(key + 1)
        })
      yield* open.purge({ ...keepAll, maxRuns: 1 })
      yield* same("runs", runKeysOf(yield* open.reads.runs({})), [3])
      yield* same("events", yield* numbers(open), [3, 4])
    })
  ),
  check("runs are found by a list of keys", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const keys = Array.from({ length: 300 }, (_, index) => index + 1)
      yield* commit({ added: [job(1)], claims: keys.map((key) => claim(key, 1, { fireAt: key })) })
      yield* same("three", runKeysOf(yield* open.reads.runs({ runKeys: [7, 299, 2, 900] })), [299, 7, 2])
      yield* same("none", yield* open.reads.runs({ runKeys: [] }), [])
      yield* same("all", runKeysOf(yield* open.reads.runs({ runKeys: keys })), keys.toReversed())
    })
  )
]
