/** One moment of a file, read at leisure: what is in it, what is wrong with it, and that it stays as it is. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import Database from "better-sqlite3"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import { claim, entry, idsOf, job, owned, runKeysOf, settle } from "../../../src/store/contract/storeCheck.ts"
import type { StoreBatch } from "../../../src/store/jobStore.ts"
import { schemaVersion } from "../../../src/store/sqlite/migrations/migrations.ts"
import { openSnapshot, type SqliteSnapshot } from "../../../src/store/sqlite/snapshot.ts"
import type { StoreError } from "../../../src/store/storeError.ts"
import { temporaryFile } from "../../scenarios/world.ts"

const keys = 2 ** 53 - 2 ** 42

const given: Partial<StoreBatch> = {
  added: [job(1), job(2, { executor: "slow" }), job(3)],
  claims: [1, 2, 3].map((key) => claim(key, 1, { fireAt: 2000 + key, args: "[1]" })),
  settled: [settle(1, { result: '"long"' })],
  ledger: [entry(1), entry(1, { throughAt: 3000 }), entry(2)],
  marks: [{ name: "m", value: "1" }]
}

/** A file that an owner has written and left, and that another program has changed then. */
const fileWith = async (batch: Partial<StoreBatch> = given, sql = ""): Promise<string> => {
  const filename = temporaryFile()
  await Effect.runPromise(
    Effect.scoped(Effect.flatMap(owned(sqlite({ filename, durability: "normal" })), ({ commit }) => commit(batch)))
  )
  const database = new Database(filename)
  database.pragma("foreign_keys = OFF")
  database.exec(sql)
  database.close()
  return filename
}

const of = <A>(filename: string, ask: (snapshot: SqliteSnapshot) => Effect.Effect<A, StoreError>): Promise<A> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(openSnapshot(filename), ask)))

const refusal = (filename: string): Promise<StoreError> =>
  Effect.runPromise(Effect.scoped(Effect.flip(openSnapshot(filename))))

const damageAfter = async (sql: string): Promise<ReadonlyArray<string>> =>
  of(await fileWith(given, sql), (snapshot) => snapshot.damage())

describe("a snapshot", () => {
  it("has the jobs by key, the removed ones too, so many at a time", async () => {
    const filename = await fileWith({ ...given, removed: [{ key: 2, removedAt: 5000 }] })
    const found = await of(filename, (snapshot) =>
      Effect.all([snapshot.jobs(0, 9), snapshot.jobs(0, 2), snapshot.jobs(2, 9), snapshot.jobs(3, 9)])
    )
    expect(found.map(idsOf)).toEqual([["job-1", "job-2", "job-3"], ["job-1", "job-2"], ["job-3"], []])
    expect(found[0].map(({ removedAt, executor }) => [removedAt, executor])).toEqual([
      [null, "default"],
      [5000, "slow"],
      [null, "default"]
    ])
  })

  it("has a job's runs and entries, newest first, without the runs' texts", async () => {
    const found = await of(await fileWith(), (snapshot) =>
      Effect.all({
        runs: snapshot.runsOf(1, 9),
        newest: snapshot.runsOf(1, 1),
        none: snapshot.runsOf(3, 9),
        entries: snapshot.ledgerOf(1, 9),
        last: snapshot.ledgerOf(1, 1),
        marks: snapshot.marks
      })
    )
    expect([runKeysOf(found.runs), runKeysOf(found.newest), found.none]).toEqual([[3, 2, 1], [3], []])
    expect(found.runs.map(({ outcome, args, result }) => [outcome, args, result])).toEqual([
      [null, null, null],
      [null, null, null],
      ["succeeded", null, null]
    ])
    expect([found.entries, found.last].map((rows) => rows.map(({ throughAt }) => throughAt))).toEqual([
      [3000, 2000],
      [3000]
    ])
    expect([...found.marks]).toEqual([["m", "1"]])
  })

  it("stays what it was while an owner goes on, and takes nothing from it", async () => {
    const filename = await fileWith()
    const seen = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const { commit } = yield* owned(sqlite({ filename, durability: "normal" }))
          const snapshot = yield* openSnapshot(filename)
          yield* commit({ added: [job(4)] })
          const later = yield* openSnapshot(filename)
          return [snapshot.epoch, yield* snapshot.jobs(0, 9), yield* later.jobs(0, 9)] as const
        })
      )
    )
    expect([seen[0], seen[1].length, seen[2].length]).toEqual([2, 3, 4])
  })

  it("leaves the file and what lies beside it as they were", async () => {
    const filename = await fileWith()
    const before = [readFileSync(filename).toString("hex"), readdirSync(dirname(filename))]
    await of(filename, (snapshot) => snapshot.damage())
    expect([readFileSync(filename).toString("hex"), readdirSync(dirname(filename))]).toEqual(before)
  })

  it("knows whether the newest owner has begun, and whether anything was deleted", async () => {
    const past = async (batch: Partial<StoreBatch>, sql = "") =>
      of(await fileWith(batch, sql), (snapshot) => snapshot.past)
    expect(await past(given)).toEqual({ recovered: true, purged: false })
    expect(await past({})).toEqual({ recovered: false, purged: false })
    expect(await past(given, "UPDATE owner SET epoch = 5")).toEqual({ recovered: false, purged: false })
    expect(await past(given, "UPDATE runs SET epoch = 0 WHERE run_key = 3")).toMatchObject({ recovered: false })
    expect(await past({ ...given, marks: [{ name: "purged", value: "1" }] })).toMatchObject({ purged: true })
    expect(await past(given, "DELETE FROM ledger WHERE entry = 1")).toMatchObject({ purged: true })
    expect(await past(given, "DELETE FROM runs WHERE run_key = 1")).toMatchObject({ purged: true })
  })
})

describe("what is wrong with a file", () => {
  it("is nothing where it is sound", async () => {
    expect(await damageAfter("")).toEqual([])
  })

  it.each([
    ["DELETE FROM jobs WHERE key = 3", ['1 rows of "job_state" belong to no job', "it counts 3 jobs, and there are 2"]],
    ["DELETE FROM job_state WHERE key < 3", ["2 jobs have no state"]],
    ["UPDATE owner SET job_count = 5", ["it counts 5 jobs, and there are 3"]],
    ["UPDATE owner SET finished_runs = 0", ["it counts 0 finished runs, and there are 1"]],
    [
      "UPDATE job_state SET executor = 99 WHERE key = 2",
      ["1 jobs wait under another executor than their definition's"]
    ],
    ["UPDATE owner SET epoch = -1", ["its owner row has epoch -1"]],
    ["UPDATE owner SET job_key = 2", ["its owner row has given job keys up to 2, and there is 3"]],
    ["UPDATE owner SET run_key = 1", ["its owner row has given run keys up to 1, and there is 3"]],
    ["UPDATE ledger SET entry = 0 WHERE entry = 1", ['1 rows of "ledger" have a key that no scheduler gives']],
    [`UPDATE ledger SET entry = ${keys} WHERE entry = 1`, ['1 rows of "ledger" have a key that no scheduler gives']],
    [`UPDATE ledger SET entry = ${keys - 1} WHERE entry = 1`, []]
  ])("is told in sentences: %s", async (sql, sentences) => {
    expect(await damageAfter(sql)).toEqual(sentences)
  })

  it("leaves out of the jobs one whose key no scheduler gives", async () => {
    const filename = await fileWith(
      given,
      `UPDATE jobs SET key = ${keys} WHERE key = 3; UPDATE job_state SET key = ${keys} WHERE key = 3`
    )
    expect(idsOf(await of(filename, (snapshot) => snapshot.jobs(0, 9)))).toEqual(["job-1", "job-2"])
  })
})

describe("a file that cannot be looked at", () => {
  it.each([
    ["none", "there is no such file"],
    ["link", "it is a link that leads nowhere"],
    ["folder", "it is not a file"]
  ])("%s", async (name, cause) => {
    const directory = dirname(temporaryFile())
    symlinkSync("nowhere", join(directory, "link"))
    mkdirSync(join(directory, "folder"))
    expect(await refusal(join(directory, name))).toMatchObject({
      _tag: "StoreUnreadable",
      cause,
      remedy: "check the name"
    })
  })

  it("was never used, is of an older version, or of a newer one", async () => {
    const empty = temporaryFile()
    writeFileSync(empty, "")
    expect(await refusal(empty)).toMatchObject({ cause: "no scheduler has used it yet" })
    const newer = await fileWith(given, `PRAGMA user_version = ${schemaVersion + 1}`)
    expect(await refusal(newer)).toMatchObject({ _tag: "StoreTooNew", found: schemaVersion + 1 })
  })

  it("has no owner row", async () => {
    expect(await refusal(await fileWith(given, "DELETE FROM owner"))).toMatchObject({
      _tag: "StoreUnreadable",
      cause: "its owner row is gone"
    })
  })

  it("is told from one whose owner row has an epoch that is none", async () => {
    const filename = await fileWith(given, "UPDATE owner SET epoch = -7")
    expect(await of(filename, (snapshot) => Effect.succeed(snapshot.epoch))).toBe(-7)
  })
})
