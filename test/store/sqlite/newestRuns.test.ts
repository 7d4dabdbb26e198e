/** Runs of all jobs are looked for from the newest key back: slice by slice, and past stretches of keys whose runs are known to be too old. */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { runKeysOf } from "../../../src/store/contract/storeCheck.ts"
import type { RunFilter } from "../../../src/store/jobStore.ts"
import { withTurns } from "../../../src/store/sliceTurn.ts"
import { readRuns } from "../../../src/store/sqlite/runs.ts"
import type { SqliteSession } from "../../../src/store/sqlite/session.ts"
import { withSession } from "./notedSession.ts"

/** A slice of keys that was read, lower bound exclusive; or the stretch whose facts were. */
type Look = readonly [after: number, through: number] | { readonly factsOf: number }

const noted =
  (looks: Array<Look>) =>
  (sql: string, params: ReadonlyArray<unknown>): void => {
    if (sql.includes("max(fire_at)")) looks.push({ factsOf: (Number(params[0]) + 1) / 2000 })
    else if (sql.includes("NOT INDEXED")) looks.push([Number(params.at(-3)), Number(params.at(-2))])
  }

interface Runs {
  readonly session: SqliteSession
  /** The keys that are found, what was looked at for them, and how many turns were taken in between. */
  find(filter: RunFilter): Effect.Effect<
    {
      readonly keys: ReadonlyArray<number>
      readonly looks: ReadonlyArray<Look>
      readonly turns: number
    },
    SqlError
  >
}

/** Runs of these keys, their instants as SQL of key `k`. */
const withRuns = <A>(
  { through, fireAt, claimedAt }: { readonly through: number; readonly fireAt: string; readonly claimedAt: string },
  body: (runs: Runs) => Effect.Effect<A, SqlError>
): Promise<A> => {
  const looks: Array<Look> = []
  return withSession(noted(looks), (session) =>
    Effect.gen(function* () {
      yield* session.connection.run(
        "INSERT INTO jobs(key, id, task, trigger, args, rules, notes, added_at) VALUES (1, 'a', 't', '{}', '{}', '{}', '{}', 0)"
      )
      yield* session.connection.run(
        `WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?)
        INSERT INTO runs(run_key, job_key, fire_at, request, claimed_at, epoch) SELECT k, 1, ${fireAt}, k, ${claimedAt}, 1 FROM n`,
        [through]
      )
      return yield* body({
        session,
        find: (filter) =>
          Effect.suspend(() => {
            looks.length = 0
            let turns = 0
            const turn = Effect.sync(() => void (turns += 1))
            return Effect.map(withTurns(readRuns(session, filter), turn), (rows) => ({
              ...{ keys: runKeysOf(rows), looks: [...looks], turns }
            }))
          })
      })
    })
  )
}

const rising = { through: 9500, fireAt: "k * 100", claimedAt: "k * 100" }
/** As after a long time without a scheduler: none can be too old by when it was claimed. */
const claimedLate = { ...rising, claimedAt: "5000000" }

describe("the slices in which runs are looked for", () => {
  it.each<[limit: number | undefined, first: ReadonlyArray<Look>]>([
    [
      1,
      [
        [9436, 9500],
        [9180, 9436],
        [8156, 9180],
        [7999, 8156]
      ]
    ],
    [
      100,
      [
        [9300, 9500],
        [8500, 9300],
        [7999, 8500]
      ]
    ],
    [5000, [[7999, 9500]]],
    [undefined, [[7999, 9500]]]
  ])("begin with twice the keys that are wanted, and grow: %s", async (limit, first) => {
    const found = await withRuns(rising, ({ find }) =>
      find({ outcomes: ["failed"], ...(limit === undefined ? {} : { limit }) })
    )
    const looks = [...first, [5999, 7999], [3999, 5999], [1999, 3999], [-1, 1999]]
    expect(found).toEqual({ keys: [], looks, turns: looks.length - 1 })
  })

  it("are none where none is wanted, or there is none", async () => {
    expect(await withRuns(rising, ({ find }) => find({ limit: 0 }))).toEqual({ keys: [], looks: [], turns: 0 })
    const none = { ...rising, through: 1 }
    const found = withRuns(none, ({ session, find }) =>
      Effect.zipRight(session.connection.run("DELETE FROM runs"), find({}))
    )
    expect(await found).toEqual({ keys: [], looks: [], turns: 0 })
  })

  it("end before a stretch that was claimed too early for any that is older to be wanted", async () => {
    const found = await withRuns(rising, ({ find }) => find({ limit: 10 }))
    expect(found).toEqual({
      keys: [9500, 9499, 9498, 9497, 9496, 9495, 9494, 9493, 9492, 9491],
      looks: [
        [9436, 9500],
        ...[{ factsOf: 4 }, [9180, 9436], { factsOf: 4 }, [8156, 9180], { factsOf: 4 }, [7999, 8156]],
        { factsOf: 3 }
      ],
      turns: 4
    })
  })

  it.each([
    ["a fire time that may come of it", 799_900 + 60_000, [{ factsOf: 3 }, { factsOf: 2 }]],
    ["none", 799_900 + 60_000 + 1, [{ factsOf: 3 }]]
  ])("may end there by the instant from which on runs are wanted: %s", async (_what, from, ends) => {
    const { looks } = await withRuns(rising, ({ find }) => find({ from }))
    expect(looks).toEqual([{ factsOf: 4 }, [7999, 9500], ...ends])
  })

  it("leave out stretches that fired too early, which are known from then on", async () => {
    const [first, again, earlier] = await withRuns(claimedLate, ({ find }) =>
      Effect.all([find({ from: 799_901 }), find({ from: 799_901 }), find({ from: 700_001, limit: 2500 })])
    )
    const facts = [4, 3, 2, 1, 0].map((factsOf) => ({ factsOf }))
    expect(first.looks).toEqual([facts[0], [7999, 9500], ...facts.slice(1)])
    // Four between what is looked at, three as the rows are read.
    expect([first.keys.length, first.turns]).toEqual([1501, 4 + 3])
    expect(again.looks).toEqual([facts[0], [7999, 9500]])
    expect([again.keys, again.turns]).toEqual([first.keys, 1 + 3])
    expect(earlier.looks).toEqual([facts[0], [7999, 9500], [5999, 7999]])
    expect(earlier.keys.length).toBe(2500)
  })
})

describe("what is known of a stretch of keys", () => {
  it.each([6000, 7999])("has its first run and its last: %i", async (late) => {
    const runs = { ...claimedLate, fireAt: `CASE k WHEN ${late} THEN 2000000 ELSE k * 100 END` }
    const keys = await withRuns(runs, ({ find }) => Effect.map(find({ from: 949_999 }), (found) => found.keys))
    expect(keys).toEqual([late, 9500])
  })

  it("does not hide a late run that belongs among the newest", async () => {
    const runs = { ...claimedLate, fireAt: "CASE k WHEN 7000 THEN 949850 ELSE k * 100 END" }
    const { keys } = await withRuns(runs, ({ find }) => find({ limit: 3 }))
    expect(keys).toEqual([9500, 9499, 7000])
  })

  it("keeps those of one instant in their order, the newest key first", async () => {
    const runs = { ...rising, through: 300, fireAt: "1000 + (k % 2)" }
    const { keys, looks } = await withRuns(runs, ({ find }) => find({ limit: 200 }))
    expect(keys).toEqual([
      ...Array.from({ length: 150 }, (_, at) => 299 - 2 * at),
      ...Array.from({ length: 50 }, (_, at) => 300 - 2 * at)
    ])
    expect(looks.length).toBe(1)
    const slices = await withRuns({ ...runs, through: 3000 }, ({ find }) => find({ limit: 1400 }))
    expect(slices.keys).toEqual(Array.from({ length: 1400 }, (_, at) => 2999 - 2 * at))
  })

  it("is not kept of the newest, to which runs are added", async () => {
    const found = await withRuns(claimedLate, ({ session, find }) =>
      Effect.gen(function* () {
        const before = yield* find({ from: 1_000_000 })
        const known = [...session.stretches.keys()]
        yield* session.connection.run("UPDATE runs SET fire_at = 1000000 WHERE run_key = 9500")
        return [before.keys, known, (yield* find({ from: 1_000_000 })).keys]
      })
    )
    expect(found).toEqual([[], [3, 2, 1, 0], [9500]])
  })

  it("is forgotten at twenty thousand of them", async () => {
    const kept = (before: number) =>
      withRuns(claimedLate, ({ session, find }) => {
        const facts = { latestFireAt: 0, latestClaimAt: 0, next: null }
        for (let at = 0; at < before; at++) session.stretches.set(1000 + at, facts)
        return Effect.map(find({ from: 900_000 }), () => session.stretches.size)
      })
    expect([await kept(19_996), await kept(19_997), await kept(19_998)]).toEqual([20_000, 1, 2])
  })

  it("is nothing where one of its fire times is no number, by damage", async () => {
    const runs = { ...claimedLate, fireAt: "CASE k WHEN 3000 THEN 'x' WHEN 3001 THEN 2000000 ELSE k * 100 END" }
    expect((await withRuns(runs, ({ find }) => find({ from: 949_901 }))).keys).toEqual([3001, 9500])
  })
})

describe("runs whose fire times are no numbers, by damage", () => {
  it.each<RunFilter>([{}, { jobId: "a" }])("lie in no stretch of time: %j", async (filter) => {
    const runs = { ...rising, through: 4, fireAt: "CASE k WHEN 1 THEN 'x' WHEN 2 THEN NULL ELSE k END" }
    expect((await withRuns(runs, ({ find }) => find(filter))).keys).toEqual([4, 3])
  })
})

describe("the rows of runs", () => {
  it.each([
    ["small ones in five hundreds", 600, "NULL", 1],
    ["large ones one by one", 2, "zeroblob(1200000)", 1]
  ])("are read with turns in between: %s", async (_what, through, result, turns) => {
    const found = await withRuns({ ...rising, through }, ({ session, find }) =>
      Effect.zipRight(session.connection.run(`UPDATE runs SET result = ${result}`), find({ jobId: "a" }))
    )
    expect([found.keys.length, found.turns]).toEqual([through, turns])
  })

  it("are those that there are when they are read", async () => {
    const keys = await withRuns({ ...rising, through: 3 }, ({ session }) =>
      Effect.gen(function* () {
        const { connection } = session
        yield* connection.run("UPDATE runs SET result = zeroblob(1200000)")
        const remove = Effect.orDie(connection.run("DELETE FROM runs WHERE run_key = 2"))
        return runKeysOf(yield* withTurns(readRuns(session, { jobId: "a" }), Effect.asVoid(remove)))
      })
    )
    expect(keys).toEqual([3, 1])
  })
})
