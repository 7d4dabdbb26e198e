/** What retention deletes in one slice: so many rows and bytes, and from where it goes on where many must stay. */
import Database from "better-sqlite3"
import { Effect, Either } from "effect"
import { describe, expect, it } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import {
  batchOf,
  claim,
  entry,
  job,
  owned,
  type Owner,
  runKeysOf,
  settle
} from "../../../src/store/contract/storeCheck.ts"
import type { Retention, StoreBatch } from "../../../src/store/jobStore.ts"
import type { StoreError } from "../../../src/store/storeError.ts"
import { commitBatch } from "../../../src/store/sqlite/commit.ts"
import { purgeSlice } from "../../../src/store/sqlite/purge.ts"
import { temporaryFile } from "../../scenarios/world.ts"
import { withSession } from "./notedSession.ts"

const keep: Retention = { finishedBefore: 0, maxRuns: 9_999_999, doneBefore: 0, limit: 99 }
const old: Retention = { ...keep, finishedBefore: 9000 }
const numbers = (from: number, through: number): ReadonlyArray<number> =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index)

const inStore = <A>(body: (owner: Owner) => Effect.Effect<A, StoreError>, filename = ":memory:"): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(owned(sqlite({ filename, durability: "normal" })), body)))

/** What some calls delete, one after the other, and which runs are left. */
const purged = (batch: Partial<StoreBatch>, ...calls: ReadonlyArray<Retention>) =>
  inStore(({ store, commit }) =>
    Effect.gen(function* () {
      yield* commit({ added: [job(1)], ...batch })
      const deleted = yield* Effect.forEach(calls, (call) => store.purge(call))
      return { deleted, left: runKeysOf(yield* store.reads.runs({ limit: 20 })).toReversed() }
    })
  )

/** Runs of these keys, the keys of those that have ended apart. */
const runs = (all: ReadonlyArray<number>, ended = all, result: string | null = null): Partial<StoreBatch> => ({
  claims: all.map((key) => claim(key, 1, { fireAt: key })),
  settled: ended.map((key) => settle(key, { result }))
})

describe("a slice of retention", () => {
  it("has as many rows as it may, the oldest first", async () => {
    const found = await purged(runs(numbers(1, 12)), { ...old, limit: 5 }, { ...old, limit: 5 })
    expect(found).toEqual({ deleted: [5, 5], left: [11, 12] })
  })

  it.each(["result", "error"] as const)("ends with eight megabytes of long texts: %s", async (text) => {
    const batch = runs(numbers(1, 12))
    const settled = (batch.settled ?? []).map((row) => ({ ...row, [text]: "x".repeat(1_000_000) }))
    expect(await purged({ ...batch, settled }, old, old, old)).toEqual({ deleted: [8, 4, 0], left: [] })
  })

  it("has those that are more than there may be, and no others", async () => {
    const most: Retention = { ...keep, maxRuns: 12 }
    const batch = runs(numbers(1, 20))
    expect(await purged(batch, most, most)).toEqual({ deleted: [8, 0], left: numbers(9, 20) })
    const slices = [most, most, most].map((call) => ({ ...call, limit: 5 }))
    expect(await purged(batch, ...slices)).toEqual({ deleted: [5, 3, 0], left: numbers(9, 20) })
    expect(await purged(batch, { ...keep, maxRuns: 20 })).toMatchObject({ deleted: [0] })
  })

  it("has none that are unfinished, nor any as young as they may be", async () => {
    const batch = runs(numbers(1, 6), [2, 4, 6])
    const settled = [settle(2), settle(4, { finishedAt: 9000 }), settle(6, { finishedAt: 8999 })]
    expect(await purged({ ...batch, settled }, old)).toEqual({ deleted: [2], left: [1, 3, 4, 5] })
  })

  it("goes on behind very many that stay, and begins again after the last", async () => {
    const batch = runs(numbers(1, 4510), [1, ...numbers(4501, 4510)])
    const found = await purged(batch, { ...old, limit: 1 }, old, old, old)
    expect(found.deleted[0]).toBe(1)
    expect(found.deleted.reduce((sum, deleted) => sum + deleted, 0)).toBe(11)
    expect(found.left).toEqual(numbers(4481, 4500))
  })

  it("is not too large for a number in the file that nothing stands for", async () => {
    const filename = temporaryFile()
    await inStore(({ commit }) => commit({ added: [job(1)], ...runs(numbers(1, 20)) }), filename)
    const database = new Database(filename)
    database.exec("UPDATE owner SET finished_runs = 5000")
    database.close()
    const most: Retention = { ...keep, maxRuns: 15, limit: 10 }
    const found = await inStore(
      ({ store }) =>
        Effect.gen(function* () {
          return [yield* store.purge(most), yield* store.purge(most), runKeysOf(yield* store.reads.runs({})).length]
        }),
      filename
    )
    expect(found).toEqual([5, 0, 15])
  })

  it("has a job once nothing of it is left, and tells the latest fire time of those that were done", async () => {
    const batch: Partial<StoreBatch> = {
      added: [
        job(1, { value: "done", wakeAt: null, memory: '{"cursor":1234}' }),
        job(2, { value: "done", wakeAt: null, memory: '{"cursor":9999999}' }),
        job(3)
      ],
      at: 1000,
      ...runs(numbers(1, 5)),
      ledger: [entry(1), entry(1)]
    }
    const found = await inStore(({ store, commit }) =>
      Effect.gen(function* () {
        yield* commit(batch)
        const call: Retention = { ...keep, doneBefore: 5000, limit: 3 }
        const deleted = [yield* store.purge(call), yield* store.purge(call), yield* store.purge(call)]
        return {
          deleted,
          jobs: (yield* store.reads.jobs({})).map(({ id }) => id),
          forgotten: yield* store.forgottenThrough()
        }
      })
    )
    // Three runs, two entries and the second job; then two runs and the first job.
    expect(found).toEqual({ deleted: [6, 3, 0], jobs: ["job-3"], forgotten: 5000 })
  })

  it("is not deleted by an owner that another has overtaken", async () => {
    const filename = temporaryFile()
    const found = await inStore(
      ({ store, commit }) =>
        Effect.scoped(
          Effect.gen(function* () {
            yield* commit({ added: [job(1)], ...runs(numbers(1, 5)) })
            const next = yield* sqlite({ filename, takeOver: true }).open({ pid: 2, host: "test", startedAt: 0 })
            const outcome = yield* Effect.either(store.purge(old))
            return [
              Either.isLeft(outcome) ? outcome.left._tag : outcome.right,
              runKeysOf(yield* next.reads.runs({})).length
            ]
          })
        ),
      filename
    )
    expect(found).toEqual(["StoreFenced", 5])
  })
})

describe("the mark that something was deleted", () => {
  /** Whether it is there after what is done or ended has gone. */
  const isMarked = (batch: Partial<StoreBatch>) =>
    withSession(
      () => undefined,
      (session) =>
        Effect.gen(function* () {
          yield* commitBatch(session, 1, batchOf(batch), 1000)
          const deleted = yield* purgeSlice(session, { ...old, doneBefore: 9000 })
          return [deleted, (yield* session.connection.rows("SELECT 1 FROM marks WHERE name = 'purged'")).length]
        })
    )

  it("is left by one run or one entry of the ledger, and not by a job alone", async () => {
    const done = { added: [job(1, { value: "done", wakeAt: null })] }
    expect(await isMarked({ added: [job(1)] })).toEqual([0, 0])
    expect(await isMarked(done)).toEqual([1, 0])
    expect(await isMarked({ added: [job(1)], ...runs([1]) })).toEqual([1, 1])
    expect(await isMarked({ added: [job(1)], ledger: [entry(1)] })).toEqual([1, 1])
    expect(await isMarked({ ...done, ledger: [entry(1)] })).toEqual([2, 1])
  })
})

describe("the walk to what goes", () => {
  interface Walked {
    /** The keys behind which each window of runs was read. */
    readonly windows: ReadonlyArray<number>
    readonly deleted: number
    /** From where the next call goes on. */
    readonly looked: number
  }

  /** Some calls on runs that were claimed at `claimedAt`; all of them have ended, or none. */
  const walked = (
    { through, claimedAt, ended }: { readonly through: number; readonly claimedAt: number; readonly ended: boolean },
    ...calls: ReadonlyArray<{ readonly retention?: Partial<Retention>; readonly from?: number }>
  ): Promise<ReadonlyArray<Walked>> => {
    const windows: Array<number> = []
    const note = (sql: string, params: ReadonlyArray<unknown>) => {
      if (sql.includes("FROM runs NOT INDEXED WHERE run_key > ?")) windows.push(Number(params[0]))
    }
    return withSession(note, (session) =>
      Effect.gen(function* () {
        const { connection } = session
        yield* connection.run(
          "INSERT INTO jobs(key, id, task, trigger, args, rules, notes, added_at) VALUES (1, 'a', 't', '{}', '{}', '{}', '{}', 0)"
        )
        yield* connection.run(
          `WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < ?)
          INSERT INTO runs(run_key, job_key, fire_at, claimed_at, finished_at, epoch) SELECT k, 1, k, ?, ?, 0 FROM n`,
          [through, claimedAt, ended ? claimedAt : null]
        )
        yield* connection.run("UPDATE owner SET finished_runs = 105")
        return yield* Effect.forEach(calls, ({ retention, from }) =>
          Effect.gen(function* () {
            windows.length = 0
            if (from !== undefined) session.looked = { runs: from, ledger: 0 }
            const deleted = yield* purgeSlice(session, { ...keep, finishedBefore: 1000, ...retention })
            return { windows: [...windows], deleted, looked: session.looked.runs }
          })
        )
      })
    )
  }

  const old = { claimedAt: 500, ended: false }
  const young = { claimedAt: 2000, ended: false }
  /** Five of those that have ended are too many. */
  const tooMany = { retention: { maxRuns: 100 } }

  it("ends with a window of runs that are too young", async () => {
    expect(await walked({ through: 1200, ...young }, {})).toEqual([{ windows: [0], deleted: 0, looked: 0 }])
  })

  it("goes past old ones that have not ended, and begins again behind the last", async () => {
    expect(await walked({ through: 1200, ...old }, {})).toEqual([{ windows: [0, 500, 1000], deleted: 0, looked: 0 }])
  })

  it("goes on among young ones while there are too many, to the last", async () => {
    const all = [{ windows: [0, 500, 1000], deleted: 0, looked: 0 }]
    expect(await walked({ through: 1200, ...young }, tooMany)).toEqual(all)
    expect(await walked({ through: 1000, ...young }, tooMany)).toEqual(all)
    const ended = { through: 1200, claimedAt: 2000, ended: true }
    expect(await walked(ended, tooMany)).toEqual([{ windows: [0, 500], deleted: 5, looked: 0 }])
  })

  it("stops where as many go as may, and goes on from there", async () => {
    const call = { retention: { limit: 5 } }
    expect(await walked({ through: 1200, claimedAt: 500, ended: true }, call, call)).toEqual([
      { windows: [0], deleted: 5, looked: 5 },
      { windows: [5], deleted: 5, looked: 10 }
    ])
  })

  it("begins again from the first where it ends after it went on", async () => {
    expect(await walked({ through: 1200, ...young }, { from: 600 })).toEqual([
      { windows: [600, 0], deleted: 0, looked: 0 }
    ])
  })

  it("looks at four thousand in one call, and goes on with the next", async () => {
    expect(await walked({ through: 5000, ...old }, {}, {})).toEqual([
      { windows: [0, 500, 1000, 1500, 2000, 2500, 3000, 3500], deleted: 0, looked: 4000 },
      { windows: [4000, 4500, 5000, 0, 500, 1000, 1500, 2000], deleted: 0, looked: 2500 }
    ])
  })
})
