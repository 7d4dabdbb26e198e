/** Due jobs are read a few at a time from a file: more and more of small ones, fewer of large ones. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import { job, keysOf, owned } from "../../../src/store/contract/storeCheck.ts"
import type { DueOfExecutor } from "../../../src/store/jobStore.ts"

/** The keys that each of some questions is answered with, of jobs whose texts are as given. */
const answers = (
  jobs: number,
  texts: { readonly args?: string; readonly memory?: string },
  questions: ReadonlyArray<Omit<DueOfExecutor, "name">>,
  now = 8000
) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { store, commit } = yield* owned(sqlite({ filename: ":memory:" }))
        // Two of each instant.
        yield* commit({
          added: Array.from({ length: jobs }, (_, at) => job(at + 1, { wakeAt: 2000 + Math.floor(at / 2), ...texts }))
        })
        return yield* Effect.forEach(questions, (question) =>
          Effect.map(
            store.due({ now, executors: [{ name: "default", ...question }], exceptTasks: [], exceptKeys: [] }),
            ({ byExecutor }) => byExecutor.get("default") ?? { rows: [], nextWakeAt: null }
          )
        )
      })
    )
  )

const sizes = async (...given: Parameters<typeof answers>): Promise<ReadonlyArray<number>> =>
  (await answers(...given)).map(({ rows }) => rows.length)

const times = <A>(count: number, one: A): ReadonlyArray<A> => Array.from({ length: count }, () => one)

describe("due jobs of a file", () => {
  it("are twice as many each time, up to what is asked for", async () => {
    expect(await sizes(100, {}, times(5, { limit: 100 }))).toEqual([16, 32, 64, 100, 100])
    expect(await sizes(100, {}, [{ limit: 5 }, { limit: 5 }, { limit: 100 }])).toEqual([5, 5, 16])
  })

  it.each([
    ["arguments", { args: "x".repeat(900_000) }],
    ["memory", { memory: "x".repeat(900_000) }],
    ["both", { args: "x".repeat(450_000), memory: "x".repeat(450_000) }]
  ])("are as many as make two megabytes of long %s", async (_what, texts) => {
    expect(await sizes(40, texts, times(3, { limit: 100 }))).toEqual([16, 2, 4])
  })

  it("are twice as many while their texts are no more than two megabytes", async () => {
    const ofBytes = (bytes: number) => sizes(40, { args: "x".repeat(bytes - 2) }, times(2, { limit: 100 }))
    expect([await ofBytes(2_000_000 / 16), await ofBytes(2_000_000 / 16 + 1)]).toEqual([
      [16, 32],
      [16, 15]
    ])
  })

  it("are those up to now, that instant included, also behind a place in it", async () => {
    const question = { limit: 9, from: { wakeAt: 2001, key: 3 } }
    const [at, before] = [await answers(6, {}, [question], 2001), await answers(6, {}, [question], 2000)]
    expect([...at, ...before].map(({ rows, nextWakeAt }) => [keysOf(rows), nextWakeAt])).toEqual([
      [[4], 2002],
      [[], 2001]
    ])
  })

  it("are one at the least, however large", async () => {
    expect(await sizes(20, { args: "x".repeat(3_000_000) }, times(3, { limit: 100 }))).toEqual([16, 1, 1])
  })

  it("go on behind a place: the rest of its instant, then what is later", async () => {
    const found = await answers(6, {}, [
      { limit: 3 },
      { limit: 9, from: { wakeAt: 2001, key: 3 } },
      { limit: 1, from: { wakeAt: 2001, key: 3 } },
      { limit: 2, from: { wakeAt: 2001, key: 3 } },
      { limit: 9, from: { wakeAt: 9000, key: 1 } }
    ])
    expect(found.map(({ rows }) => keysOf(rows))).toEqual([[1, 2, 3], [4, 5, 6], [4], [4, 5], []])
    expect(found.map(({ nextWakeAt }) => nextWakeAt)).toEqual([2001, null, 2002, 2002, null])
  })
})
