/** Checkpoints: the newest of a run that is not over, there after a restart, and gone with the run's end. */
import { Effect } from "effect"
import { batchOf, check, claim, job, owned, refused, same, settle, type StoreCheck, unfinished } from "./storeCheck.ts"

export const checkpointChecks: ReadonlyArray<StoreCheck> = [
  check("a run's newest checkpoint is kept to the letter, and the next owner finds it", (store) =>
    Effect.gen(function* () {
      const text = `{"at":"pa\\u0000id ☎","list":[1,null]}`
      const former = yield* Effect.scoped(
        Effect.gen(function* () {
          const { store: open, commit } = yield* owned(store)
          yield* commit({ added: [job(1)], claims: [claim(1, 1)], checkpoints: [{ runKey: 1, text: "first" }] })
          yield* commit({ claims: [2, 3, 4].map((key) => claim(key, 1, { fireAt: 2000 + key })) })
          yield* same("with its claim", [...(yield* open.checkpoints([1, 2]))], [[1, "first"]])
          yield* commit({
            checkpoints: [
              { runKey: 1, text: "second" },
              { runKey: 3, text: "other" },
              { runKey: 1, text }
            ]
          })
          yield* same("the newest of a batch", (yield* open.checkpoints([1])).get(1), text)
          yield* same("nobody's", [...(yield* open.checkpoints([])), ...(yield* open.checkpoints([99]))], [])
          return open
        })
      )
      const { store: open } = yield* owned(store)
      const late = former.commit(4, batchOf({ checkpoints: [{ runKey: 1, text: "late" }] }))
      yield* same("a former owner's is refused", yield* Effect.isFailure(late), true)
      yield* same(
        "after a restart",
        [...(yield* open.checkpoints([3, 4, 1]))].sort(([a], [b]) => a - b),
        [
          [1, text],
          [3, "other"]
        ]
      )
    })
  ),
  check(
    "a checkpoint outlives an attempt, goes with the run's end, and a run that is over or unknown takes none",
    (store) =>
      Effect.gen(function* () {
        const { store: open, commit } = yield* owned(store)
        yield* commit({ added: [job(1)], claims: [claim(1, 1), claim(2, 1, { fireAt: 3000 })] })
        yield* commit({ checkpoints: [{ runKey: 1, text: "a" }], settled: [settle(1, { ...unfinished, attempt: 2 })] })
        yield* same("between attempts", [...(yield* open.checkpoints([1, 2]))], [[1, "a"]])
        yield* commit({ checkpoints: [1, 2].map((runKey) => ({ runKey, text: "b" })), settled: [settle(1)] })
        yield* same("ended in the same batch", [...(yield* open.checkpoints([1, 2]))], [[2, "b"]])
        yield* commit({ settled: [settle(2)] })
        yield* same("ended later", [...(yield* open.checkpoints([1, 2]))], [])
        yield* commit({ checkpoints: [1, 99].map((runKey) => ({ runKey, text: "late" })) })
        yield* same("late", [...(yield* open.checkpoints([1, 2, 99]))], [])
      })
  ),
  check("checkpoints of many runs share a commit, which applies once and for its owner only", (store) =>
    Effect.gen(function* () {
      const keys = Array.from({ length: 300 }, (_, index) => index + 1)
      const { store: open, commit } = yield* owned(store)
      yield* commit({ added: [job(1)], claims: keys.map((key) => claim(key, 1, { fireAt: key })) })
      yield* commit({ checkpoints: keys.map((runKey) => ({ runKey, text: `at ${runKey}` })) })
      yield* same("many", [...(yield* open.checkpoints(keys)).values()].length, keys.length)
      const again = open.commit(2, batchOf({ checkpoints: [{ runKey: 7, text: "again" }] }))
      yield* same("a number that is there", [yield* again, (yield* open.checkpoints([7])).get(7)], [false, "at 7"])
      const conflict = { checkpoints: [{ runKey: 7, text: "refused" }], claims: [claim(1, 1)] }
      yield* refused("a batch with a conflict", "StoreConflict", open.commit(3, batchOf(conflict)))
      yield* same("nothing of it", (yield* open.checkpoints([7])).get(7), "at 7")
    })
  )
]
