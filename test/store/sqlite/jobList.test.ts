/** Jobs are listed the way that reads least of the file, in slices with everything else let in between. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { batchOf, job, keysOf } from "../../../src/store/contract/storeCheck.ts"
import type { JobFilter } from "../../../src/store/jobStore.ts"
import { withTurns } from "../../../src/store/sliceTurn.ts"
import { commitBatch } from "../../../src/store/sqlite/commit.ts"
import { listJobs } from "../../../src/store/sqlite/jobList.ts"
import type { SqliteSession } from "../../../src/store/sqlite/session.ts"
import type { StoreError } from "../../../src/store/storeError.ts"
import { withSession } from "./notedSession.ts"

/** A query of a walk: along what, and the values that bound it. */
type Look = readonly [along: string, ...bounds: ReadonlyArray<unknown>]

/** What a walk along each begins with in its text, and how many of its last values say where it is. */
const walks: ReadonlyArray<readonly [text: string, along: string, bounds: number]> = [
  ["s.wake_at = ? AND s.key > ?", "an instant", 3],
  ["s.wake_at > ?", "wake-ups", 2],
  ["INDEXED BY job_state_rare", "rare states", 2],
  ["INDEXED BY job_state_done", "done jobs", 2],
  ["FROM jobs j NOT INDEXED CROSS JOIN", "definitions", 3],
  ["FROM job_state s NOT INDEXED", "states", 3],
  ["FROM jobs j NOT INDEXED LEFT JOIN", "all", 3]
]

interface Jobs {
  readonly session: SqliteSession
  /** The keys that are listed, the queries of the walk, and how many turns were taken in between. */
  list(filter: JobFilter): Effect.Effect<
    {
      readonly keys: ReadonlyArray<number>
      readonly looks: ReadonlyArray<Look>
      readonly turns: number
    },
    SqlError
  >
}

const withJobs = <A>(
  added: ReadonlyArray<ReturnType<typeof job>>,
  body: (jobs: Jobs) => Effect.Effect<A, SqlError | StoreError>
): Promise<A> => {
  const looks: Array<Look> = []
  const note = (sql: string, params: ReadonlyArray<unknown>) => {
    const [, along, bounds = 0] = walks.find(([text]) => sql.includes(text)) ?? []
    if (along !== undefined) looks.push([along, ...params.slice(-bounds)])
  }
  return withSession(note, (session) =>
    Effect.gen(function* () {
      if (added.length > 0) yield* commitBatch(session, 1, batchOf({ added }), 5000)
      return yield* body({
        session,
        list: (filter) =>
          Effect.suspend(() => {
            looks.length = 0
            let turns = 0
            const turn = Effect.suspend(() =>
              (turns += 1) > 50 ? Effect.dieMessage("it goes on and on") : Effect.void
            )
            return Effect.map(withTurns(listJobs(session, filter), turn), (rows) => ({
              ...{ keys: keysOf(rows), looks: [...looks], turns }
            }))
          })
      })
    })
  )
}

const keysFrom = (first: number, last: number): ReadonlyArray<number> =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at)

describe("a list of jobs", () => {
  const added = [
    job(1, { wakeAt: 40 }),
    job(2, { value: "running", wakeAt: 30 }),
    job(3, { value: "misfired", wakeAt: 20, notes: '{"tags":["x"]}' }),
    job(4, { value: "paused", wakeAt: null, fault: true }),
    job(5, { value: "paused", wakeAt: null }),
    job(6, { value: "done", wakeAt: null, task: "clean" }),
    job(7, { wakeAt: null })
  ]

  it.each<[filter: JobFilter, ways: ReadonlyArray<string>, keys: ReadonlyArray<number>]>([
    [{}, ["wake-ups", "all"], [3, 2, 1, 4, 5, 6, 7]],
    [{ limit: 2 }, ["wake-ups"], [3, 2]],
    [{ limit: 3 }, ["wake-ups"], [3, 2, 1]],
    [{ limit: 4 }, ["wake-ups", "all"], [3, 2, 1, 4]],
    [{ executor: "default" }, ["wake-ups", "states"], [3, 2, 1, 4, 5, 6, 7]],
    [{ executor: "nobody" }, ["wake-ups", "states"], []],
    [{ states: ["scheduled"] }, ["wake-ups", "states"], [1, 7]],
    [{ states: ["running", "scheduled"] }, ["wake-ups", "states"], [2, 1, 7]],
    [{ states: ["running"] }, ["states"], [2]],
    [{ states: ["running", "paused"] }, ["states"], [2, 4, 5]],
    [{ states: ["misfired"] }, ["rare states"], [3]],
    [{ states: ["paused"] }, ["rare states"], [4, 5]],
    [{ states: ["done"] }, ["done jobs"], [6]],
    [{ states: ["done", "paused"] }, ["done jobs", "rare states"], [4, 5, 6]],
    [{ states: ["paused", "paused"] }, ["rare states"], [4, 5]],
    [{ states: ["paused"], limit: 1 }, ["rare states"], [4]],
    [{ states: ["paused", "done"], task: "clean" }, ["rare states", "done jobs"], [6]],
    [{ states: [] }, [], []],
    [{ fault: true }, ["rare states"], [4]],
    [{ fault: false }, ["states"], [3, 2, 1, 5, 6, 7]],
    [{ fault: true, states: ["running"] }, ["states"], []],
    [{ fault: true, states: ["scheduled"] }, ["states"], []],
    [{ task: "clean" }, ["definitions"], [6]],
    [{ tag: "x" }, ["definitions"], [3]],
    [{ byWake: false }, ["all"], [1, 2, 3, 4, 5, 6, 7]],
    [{ byWake: false, states: ["paused"] }, ["states"], [4, 5]],
    [{ byWake: false, fault: true }, ["states"], [4]],
    [{ byWake: false, executor: "default", limit: 1 }, ["states"], [1]],
    [{ byWake: false, task: "clean" }, ["definitions"], [6]],
    [{ byWake: false, tag: "x", states: ["misfired"] }, ["definitions"], [3]]
  ])("by %j is read along %j", async (filter, ways, keys) => {
    const found = await withJobs(added, ({ list }) => list(filter))
    expect(found.looks.map(([along]) => along)).toEqual(ways)
    expect(found.keys).toEqual(keys)
  })

  it("is read whole where executors are more than queries that SQLite puts together", async () => {
    const ways = (executors: number) =>
      withJobs([job(1)], ({ session, list }) => {
        const numbers = new Map(session.executors.numbers)
        for (let number = 2; number <= executors; number++) numbers.set(`executor ${number}`, number)
        session.executors = { ...session.executors, numbers }
        return Effect.map(list({}), ({ looks }) => looks.map(([along]) => along))
      })
    expect([await ways(200), await ways(201)]).toEqual([["wake-ups", "all"], ["all"]])
  })

  it("is empty where nothing was ever added", async () => {
    expect(await withJobs([], ({ list }) => list({}))).toEqual({ keys: [], looks: [], turns: 0 })
  })
})

describe("the slices in which jobs are listed", () => {
  it("go on within an instant that many share, and then to the next", async () => {
    const keys = keysFrom(1, 5000)
    const wakeAt = (key: number) => (key <= 1500 ? key : key <= 4600 ? 9000 : 4400 + key)
    const found = await withJobs(
      keys.map((key) => job(key, { wakeAt: wakeAt(key) })),
      ({ list }) => list({})
    )
    expect(found.keys).toEqual(keys)
    expect(found.looks).toEqual([
      ["wake-ups", -Infinity, 2000],
      ["an instant", 9000, 2000, 2000],
      ["wake-ups", 9000, 0],
      ["an instant", 9000, 4000, 2000],
      ["wake-ups", 9000, 1400],
      ["all", 0, 2000, 2000],
      ["all", 2000, 4000, 2000],
      ["all", 4000, 5000, 2000]
    ])
    // Two as wake-ups are walked along, two among those asleep, and nine as the rows are read.
    expect(found.turns).toBe(2 + 2 + 9)
  })

  it("go on by wake-up, however the keys lie", async () => {
    const added = keysFrom(1, 4500).map((key) => job(key, { wakeAt: 9000 - key }))
    expect((await withJobs(added, ({ list }) => list({}))).keys).toEqual(keysFrom(1, 4500).toReversed())
  })

  it("are no longer than what is wanted, and begin behind the last key of a page", async () => {
    const added = keysFrom(1, 4500).map((key) => job(key, { executor: key % 1000 === 0 ? "slow" : "default" }))
    const looks = (filter: JobFilter) =>
      withJobs(added, ({ list }) =>
        Effect.map(list({ byWake: false, ...filter }), (found) => [found.keys, found.looks])
      )
    expect(await looks({ executor: "slow", limit: 3 })).toEqual([
      [1000, 2000, 3000],
      [
        ["states", 0, 2000, 3],
        ["states", 2000, 4000, 1]
      ]
    ])
    expect(await looks({ executor: "slow", afterKey: 2500 })).toEqual([[3000, 4000], [["states", 2500, 4500, 2000]]])
    expect(await looks({ executor: "slow", afterKey: -5, limit: 1 })).toEqual([[1000], [["states", 0, 2000, 1]]])
    expect(await looks({ byWake: true, task: "report", limit: 2 })).toEqual([
      [1, 2],
      [
        ["definitions", 0, 2000, 2000],
        ["definitions", 2000, 4000, 2000],
        ["definitions", 4000, 4500, 2000]
      ]
    ])
  })

  it("are read one by one where jobs are large", async () => {
    const added = keysFrom(1, 2).map((key) => job(key, { args: "x".repeat(1_200_000) }))
    const found = await withJobs(added, ({ list }) => list({ states: ["scheduled"], limit: 2 }))
    expect([found.keys, found.turns]).toEqual([[1, 2], 1])
  })

  it("have no rows of jobs that go between them", async () => {
    const added = keysFrom(1, 3).map((key) => job(key, { args: "x".repeat(1_200_000) }))
    const keys = await withJobs(added, ({ session }) => {
      const removal = session.connection.run("UPDATE jobs SET removed_at = 9 WHERE key = 2")
      return Effect.map(withTurns(listJobs(session, {}), Effect.asVoid(Effect.orDie(removal))), keysOf)
    })
    expect(keys).toEqual([1, 3])
  })
})

describe("jobs of a damaged file", () => {
  const listed = (sql: string, filter: JobFilter, added = [1, 2, 3].map((key) => job(key, { wakeAt: key }))) =>
    withJobs(added, ({ session, list }) => Effect.zipRight(session.connection.run(sql), list(filter)))

  it("are listed by key though their states are gone", async () => {
    const { keys } = await listed("DELETE FROM job_state WHERE key = 2", { byWake: false })
    expect(keys).toEqual([1, 2, 3])
  })

  it("come last where their wake-up is no number", async () => {
    const { keys } = await listed("UPDATE job_state SET wake_at = 'x' WHERE key = 1", { task: "report" })
    expect(keys).toEqual([2, 3, 1])
    const many = keysFrom(1, 2001).map((key) => job(key))
    const along = await listed("UPDATE job_state SET wake_at = 'x' WHERE key >= 2000", {}, many)
    expect(along.keys).toEqual(keysFrom(1, 2000))
  })

  it("are listed once though their wake-up is beyond what a number holds", async () => {
    const many = keysFrom(1, 2001).map((key) => job(key))
    const { keys } = await listed("UPDATE job_state SET wake_at = 9007199254740993", {}, many)
    expect(keys).toEqual(keysFrom(1, 2000))
  })
})
