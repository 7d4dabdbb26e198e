/** Lists of jobs are found in slices: what changes in the turns between them is seen, or was never there. */
import { Effect } from "effect"
import { expect, it } from "vitest"
import { memory } from "../../src/index.ts"
import { batchOf, job, state } from "../../src/store/contract/storeCheck.ts"
import type { JobFilter } from "../../src/store/jobStore.ts"
import { withTurns } from "../../src/store/sliceTurn.ts"
import { sqlite } from "../../src/sqlite.ts"

const count = 7000
const tagged = (key: number) => ({ ...job(key), notes: JSON.stringify({ tags: [key % 2 === 0 ? 'e"ven' : "odd"] }) })
const filters: ReadonlyArray<JobFilter> = [
  { tag: 'e"ven' },
  { tag: 'e"ven', byWake: false },
  { tag: 'e"ven', states: ["scheduled"], byWake: false, limit: 3000 }
]

it.each(
  [memory(), sqlite({ filename: ":memory:" })].flatMap((store) => filters.map((filter) => ({ ...filter, store })))
)("$store.description: by tag $tag, byWake $byWake, limit $limit", ({ store, ...filter }) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const open = yield* store.open({ pid: 1, host: "test", startedAt: 0 })
        const first = open.nextJobKey + (open.nextJobKey % 2)
        const keys = Array.from({ length: count }, (_, index) => first + index)
        yield* open.commit(1, batchOf({ added: keys.map(tagged) }))
        let turns = 0
        const turn = Effect.suspend(() => {
          turns += 1
          if (turns > 1) return Effect.void
          return Effect.orDie(
            open.commit(
              2,
              batchOf({
                removed: [{ key: first + 2, removedAt: 5 }],
                added: [tagged(first + count)],
                redefined: [{ ...tagged(first + 4), notes: "{}" }]
              })
            )
          )
        })
        const found = yield* withTurns(open.reads.jobs({ ...filter, afterKey: first - 1 }), turn)
        expect(turns).toBeGreaterThan(1)
        const wanted = keys.filter((key) => key % 2 === 0 && key !== first + 2 && key !== first + 4)
        const limit = filter.limit ?? Infinity
        // Those that went had their places when these were found.
        expect(found.map(({ key }) => key)).toEqual(limit < count ? wanted.slice(0, limit - 2) : wanted)
        yield* open.commit(3, batchOf({ removed: [...keys, first + count].map((key) => ({ key, removedAt: 6 })) }))
      })
    )
  )
)

it.each([memory(), sqlite({ filename: ":memory:" })])(
  "$description: a job that falls asleep while those asleep are listed is listed once",
  (store) =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const open = yield* store.open({ pid: 1, host: "test", startedAt: 0 })
          const keys = Array.from({ length: count }, (_, index) => index + 1)
          yield* open.commit(1, batchOf({ added: keys.map((key) => job(key, { wakeAt: key === count ? 5 : null })) }))
          let turns = 0
          const turn = Effect.suspend(() => {
            turns += 1
            return turns > 1
              ? Effect.void
              : Effect.orDie(open.commit(2, batchOf({ states: [state(count, { wakeAt: null })] })))
          })
          const found = yield* withTurns(open.reads.jobs({}), turn)
          expect(turns).toBeGreaterThan(1)
          expect(found.map(({ key }) => key)).toEqual([count, ...keys.slice(0, -1)])
        })
      )
    )
)
