/** Messages to runs: in their order, there after a restart, gone once a checkpoint has taken them in and with the run's end. */
import { Effect } from "effect"
import type { KeptRow, MessageRow, OpenStore } from "../jobStore.ts"
import type { StoreError } from "../storeError.ts"
import { batchOf, check, claim, job, owned, refused, same, settle, type StoreCheck, unfinished } from "./storeCheck.ts"

const message = (runKey: number, number: number, text = `"${number}"`): MessageRow => ({ runKey, number, text })

/** What waits to the runs 1 to 3, as run and number. */
const waiting = (store: OpenStore) =>
  Effect.map(store.messages([1, 2, 3]), (found) =>
    [...found.values()]
      .flat()
      .map(({ runKey, number }) => [runKey, number])
      .sort(([a = 0], [b = 0]) => a - b)
  )

const twoRuns = { added: [job(1)], claims: [claim(1, 1), claim(2, 1, { fireAt: 3000 })] }

export const messageChecks: ReadonlyArray<StoreCheck> = [
  check("messages to a run are kept to the letter and in their order, and the next owner finds them", (store) =>
    Effect.gen(function* () {
      const text = `{"type":"pa\\u0000id ☎","list":[1,null]}`
      const former = yield* Effect.scoped(
        Effect.gen(function* () {
          const { store: open, commit } = yield* owned(store)
          yield* same("of a new store", [open.nextMessage, [...open.waiting]], [1, []])
          yield* commit({ ...twoRuns, messages: [message(1, 2)] })
          yield* commit({ messages: [message(2, 7), message(1, 10, text)] })
          yield* commit({ messages: [message(1, 9)] })
          yield* same("nobody's", [...(yield* open.messages([])), ...(yield* open.messages([99]))], [])
          return open
        })
      )
      const { store: open } = yield* owned(store)
      const late = former.commit(4, batchOf({ messages: [message(1, 11)] }))
      yield* same("a former owner's is refused", yield* Effect.isFailure(late), true)
      const found = yield* open.messages([2, 1])
      yield* same("of the one", found.get(1), [message(1, 2), message(1, 9), message(1, 10, text)])
      yield* same("of the other", found.get(2), [message(2, 7)])
      yield* same(
        "told at the opening",
        [...open.waiting].sort(([a], [b]) => a - b),
        [
          [1, [2, 9, 10]],
          [2, [7]]
        ]
      )
      yield* same("the next number", open.nextMessage, 11)
    })
  ),
  check("a checkpoint takes the messages that it has received in one commit, and no later ones", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ ...twoRuns, messages: [1, 3, 4].map((number) => message(1, number)) })
      yield* commit({ messages: [message(2, 2)], checkpoints: [{ runKey: 1, text: "none" }] })
      yield* same("one that has received none", (yield* waiting(open)).length, 4)
      yield* commit({ messages: [message(1, 5)], checkpoints: [{ runKey: 1, text: "three", received: 3 }] })
      const left = [
        [1, 4],
        [1, 5],
        [2, 2]
      ]
      yield* same("one that has received two", yield* waiting(open), left)
      yield* same("and is there", (yield* open.checkpoints([1])).get(1), "three")
      const conflict = { checkpoints: [{ runKey: 1, text: "five", received: 5 }], claims: [claim(1, 1)] }
      yield* refused("a batch with a conflict", "StoreConflict", open.commit(4, batchOf(conflict)))
      yield* same("takes none", yield* waiting(open), left)
      const twice = [
        { runKey: 1, text: "five", received: 5 },
        { runKey: 1, text: "newest" }
      ]
      yield* Effect.asVoid(open.commit(4, batchOf({ checkpoints: twice })))
      yield* same("the newest text, and all received", yield* waiting(open), [[2, 2]])
      yield* same("of the two", (yield* open.checkpoints([1])).get(1), "newest")
    })
  ),
  check("the number of a message that was taken in is not given again while its run lasts", (store) =>
    Effect.gen(function* () {
      const nextOf = (batches: ReadonlyArray<Parameters<typeof batchOf>[0]>) =>
        Effect.scoped(
          Effect.gen(function* () {
            const { store: open, commit } = yield* owned(store)
            for (const batch of batches) yield* commit(batch)
            return open.nextMessage
          })
        )
      yield* nextOf([
        { ...twoRuns, messages: [message(1, 8)] },
        { checkpoints: [{ runKey: 1, text: "eight", received: 8 }] },
        { checkpoints: [{ runKey: 1, text: "no more" }] }
      ])
      yield* same("it is gone, and its number known", yield* nextOf([]), 9)
    })
  ),
  check("messages outlive an attempt, go with the run's end, and a run that is over or unknown takes none", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      yield* commit({ ...twoRuns, messages: [message(1, 1), message(2, 2)] })
      yield* commit({ settled: [settle(1, { ...unfinished, attempt: 2 })] })
      const both = [
        [1, 1],
        [2, 2]
      ]
      yield* same("between attempts", yield* waiting(open), both)
      yield* commit({ messages: [message(1, 3), message(2, 4)], settled: [settle(1)] })
      yield* same("ended in the same batch", yield* waiting(open), [
        [2, 2],
        [2, 4]
      ])
      yield* commit({ settled: [settle(2)] })
      yield* same("ended later", yield* waiting(open), [])
      yield* commit({ messages: [message(1, 5), message(99, 6)] })
      yield* same("late", [yield* waiting(open), [...(yield* open.messages([99]))]], [[], []])
    })
  ),
  check("what is kept beside runs is told by run, in pages: how far it has received, and what waits", (store) =>
    Effect.gen(function* () {
      const { store: open, commit } = yield* owned(store)
      const pages = (limit: number, after = 0): Effect.Effect<ReadonlyArray<KeptRow>, StoreError> =>
        Effect.flatMap(open.reads.kept(after, limit), (rows) => {
          const last = rows.at(-1)
          if (last === undefined) return Effect.succeed(rows)
          return Effect.map(pages(limit, last.runKey), (further) => [...rows, ...further])
        })
      yield* same("of none", yield* pages(9), [])
      yield* commit({ ...twoRuns, messages: [1, 3, 4].map((number) => message(1, number)) })
      yield* commit({ claims: [claim(3, 1, { fireAt: 4000 }), claim(4, 1, { fireAt: 5000 })] })
      yield* commit({ checkpoints: [2, 3].map((runKey) => ({ runKey, text: "some" })), messages: [message(3, 5)] })
      yield* commit({ checkpoints: [{ runKey: 3, text: "five", received: 5 }] })
      const row = { jobId: "job-1", live: true, received: null, waiting: null }
      const [first, ...others] = [
        { ...row, runKey: 1, waiting: { first: 1, last: 4 } },
        { ...row, runKey: 2, received: 0 },
        { ...row, runKey: 3, received: 5 }
      ]
      yield* same("at once", yield* pages(9), [first, ...others])
      yield* same("two at a time", yield* pages(2), [first, ...others])
      yield* commit({ settled: [settle(1), settle(3)] })
      yield* same("of those that are not over", yield* pages(1), others.slice(0, 1))
    })
  ),
  check("messages of many runs share a commit, which applies once and for its owner only", (store) =>
    Effect.gen(function* () {
      const keys = Array.from({ length: 300 }, (_, index) => index + 1)
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1)], claims: keys.map((key) => claim(key, 1, { fireAt: key })) })
      yield* commit({ messages: keys.flatMap((key) => [message(key, 2 * key - 1), message(key, 2 * key)]) })
      const all = yield* open.messages(keys)
      yield* same("many", [all.size, [...all.values()].flat().length], [300, 600])
      yield* commit({ checkpoints: keys.map((runKey) => ({ runKey, text: "one", received: 2 * runKey - 1 })) })
      const left = yield* open.messages(keys)
      yield* same("one each", [left.size, [...left.values()].flat().length], [300, 300])
      const again = open.commit(3, batchOf({ messages: [message(7, 700)] }))
      yield* same(
        "a number that is there",
        [yield* again, (yield* open.messages([7])).get(7)],
        [false, [message(7, 14)]]
      )
      yield* commit({ settled: keys.map((key) => settle(key)) })
      yield* same("all ended", (yield* open.messages(keys)).size, 0)
    })
  )
]
