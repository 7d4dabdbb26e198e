/** Which jobs a list has, in what order and how many at a time: the same in memory and in a file. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { memory } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { job, keysOf, owned } from "../../src/store/contract/storeCheck.ts"
import type { JobFilter } from "../../src/store/jobStore.ts"
import { withTurns } from "../../src/store/sliceTurn.ts"

describe.each([
  ["memory", memory],
  ["sqlite", () => sqlite({ filename: ":memory:" })]
] as const)("a list of jobs in %s", (name, make) => {
  /** The keys in it, and how many turns were taken in between. */
  const listed = (added: ReadonlyArray<ReturnType<typeof job>>, filter: JobFilter) =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const { store, commit } = yield* owned(make())
          yield* commit({ added })
          let turns = 0
          const turn = Effect.sync(() => void (turns += 1))
          return { keys: keysOf(yield* withTurns(store.reads.jobs(filter), turn)), turns }
        })
      )
    )

  const few = [
    job(1, { value: "misfired", wakeAt: 10 }),
    job(2, { value: "running", wakeAt: 20 }),
    job(3, { wakeAt: 40 }),
    job(4, { wakeAt: 30 }),
    job(5, { value: "paused", wakeAt: null, fault: true }),
    job(6, { value: "running", wakeAt: null, task: "clean" }),
    job(7, { wakeAt: 5, executor: "slow" })
  ]

  it.each<[filter: JobFilter, keys: ReadonlyArray<number>]>([
    [{}, [7, 1, 2, 4, 3, 5, 6]],
    [{ limit: 6 }, [7, 1, 2, 4, 3, 5]],
    [{ limit: 0 }, []],
    [{ limit: 0, byWake: false }, []],
    [{ limit: 1, states: ["scheduled"], executor: "default" }, [4]],
    [{ limit: 2, states: ["scheduled"] }, [7, 4]],
    [{ limit: 3, states: ["scheduled"] }, [7, 4, 3]],
    [{ limit: 2, states: ["running"] }, [2, 6]],
    [{ limit: 2, states: ["running", "scheduled"] }, [7, 2]],
    [{ fault: true }, [5]],
    [{ fault: true, states: ["running"] }, []],
    [{ fault: false }, [7, 1, 2, 4, 3, 6]],
    [{ fault: false, limit: 2, executor: "default" }, [1, 2]],
    [{ task: "clean" }, [6]],
    [{ executor: "slow" }, [7]],
    [{ afterKey: 3 }, [7, 4, 5, 6]],
    [{ afterKey: 3, limit: 2 }, [7, 4]],
    [{ afterKey: 3, byWake: false }, [4, 5, 6, 7]],
    [{ afterKey: 3, task: "report" }, [7, 4, 5]],
    [{ afterKey: 5, fault: true }, []]
  ])("by %j has %j", async (filter, keys) => {
    expect((await listed(few, filter)).keys).toEqual(keys)
  })

  it.each([
    [1, [1]],
    [30, [1]],
    [31, [1, 2]],
    [60, [1, 2]],
    [61, [1, 2, 3]]
  ])("ends with the job with which arguments and notes take %i bytes", async (bytes, keys) => {
    const added = [1, 2, 3].map((key) => job(key, { args: "x".repeat(20), notes: "y".repeat(10) }))
    expect((await listed(added, { bytes })).keys).toEqual(keys)
  })

  it.each([
    [2000, 0],
    [2001, 1],
    [4001, 2]
  ])("is looked for in slices where each must be looked at: %i jobs", async (jobs, turns) => {
    const added = Array.from({ length: jobs }, (_, at) => job(at + 1, { task: at === jobs - 1 ? "clean" : "report" }))
    expect(await listed(added, { task: "clean" })).toEqual({ keys: [jobs], turns })
    expect(await listed(added, { task: "clean", byWake: false })).toEqual({ keys: [jobs], turns })
  })

  it.each<JobFilter>([
    {},
    { states: ["scheduled"] },
    { states: ["scheduled", "running"] },
    { executor: "default" },
    { byWake: false, task: "report" }
  ])("is found without a look at each where the first are the first of an order: %j", async (filter) => {
    const added = Array.from({ length: 4001 }, (_, at) => job(at + 1))
    expect(await listed(added, { ...filter, limit: 3 })).toEqual({ keys: [1, 2, 3], turns: 0 })
  })

  it("is found without a look at each where only parked ones are wanted", async () => {
    const added = Array.from({ length: 4001 }, (_, at) =>
      job(at + 1, at === 4000 ? { value: "paused", fault: true } : {})
    )
    expect(await listed(added, { fault: true })).toEqual({ keys: [4001], turns: 0 })
  })

  // A file looks at no text of its own accord.
  it.runIf(name === "memory").each<[lengths: ReadonlyArray<number>, filter: JobFilter, turns: number]>([
    [[250_000, 249_999, 5], { tag: "x" }, 0],
    [[250_000, 250_000, 5], { tag: "x" }, 1],
    [[500_001, 500_001, 5], { tag: "x" }, 2],
    [[250_000, 250_000, 5], { task: "clean" }, 0]
  ])("is in smaller slices where long notes are searched for a tag: %j by %j", async (lengths, filter, turns) => {
    const added = lengths.map((length, at) => job(at + 1, { notes: "n".repeat(length) }))
    expect(await listed(added, filter)).toEqual({ keys: [], turns })
  })
})
