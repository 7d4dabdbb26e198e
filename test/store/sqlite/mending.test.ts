/** Numbers that no scheduler gives are put right when a file is opened, which says so; all others are left as they are. */
import Database from "better-sqlite3"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { sqlite } from "../../../src/sqlite.ts"
import { claim, entry, job, owned, settle } from "../../../src/store/contract/storeCheck.ts"
import { latestInstant } from "../../../src/time/instant.ts"
import { temporaryFile } from "../../scenarios/world.ts"

/** The first key that no scheduler gives, and the first count that it has not. */
const keys = 2 ** 53 - 2 ** 42
const counts = 2 ** 51

/** A file with three jobs, of which one is done, three runs, of which one has ended, and three entries, changed by `sql`. */
const changedFile = async (sql: string): Promise<string> => {
  const filename = temporaryFile()
  await Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(owned(sqlite({ filename, durability: "normal" })), ({ commit }) =>
        commit({
          added: [job(1), job(2, { executor: "slow" }), job(3, { value: "done", wakeAt: null })],
          claims: [1, 2, 3].map((key) => claim(key, key)),
          settled: [settle(1)],
          ledger: [1, 2, 3].map((key) => entry(key)),
          marks: [{ name: "m", value: "1" }]
        })
      )
    )
  )
  const database = new Database(filename)
  database.pragma("foreign_keys = OFF")
  database.exec(sql)
  database.close()
  return filename
}

/** What the next owner is told, and what it finds. */
const found = async (sql: string) => {
  const filename = await changedFile(sql)
  const answers = await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const { store } = yield* owned(sqlite({ filename }), 7000)
        const due = yield* store.due({
          now: 9000,
          executors: ["default", "slow"].map((name) => ({ name, limit: 9 })),
          exceptTasks: [],
          exceptKeys: []
        })
        return {
          mended: store.mended,
          epoch: store.epoch,
          next: [store.nextJobKey, store.nextRunKey],
          jobs: (yield* store.reads.jobs({ byWake: false })).map(({ key, id }) => `${key} ${id}`),
          runs: (yield* store.reads.runs({})).map(({ runKey, jobId }) => `${runKey} ${jobId}`).toSorted(),
          entries: (yield* store.reads.ledger({})).map(({ jobId }) => jobId).toSorted(),
          counted: Object.fromEntries(yield* store.reads.countJobs()),
          due: [...due.byExecutor].map(([name, { rows }]) => [name, rows.map(({ id, wakeAt }) => `${id} at ${wakeAt}`)])
        }
      })
    )
  )
  const database = new Database(filename, { readonly: true })
  const rows = (query: string): ReadonlyArray<unknown> => database.prepare(query).raw().all()
  const stored = {
    owner: rows("SELECT job_count, finished_runs FROM owner").flat(),
    entries: rows("SELECT entry FROM ledger ORDER BY entry").flat(),
    done: rows("SELECT done_at FROM job_state WHERE done_at IS NOT NULL").flat(),
    strays: rows("PRAGMA foreign_key_check")
  }
  database.close()
  return { ...answers, stored }
}

const untouched = {
  mended: [],
  epoch: 2,
  next: [4, 4],
  jobs: ["1 job-1", "2 job-2", "3 job-3"],
  runs: ["1 job-1", "2 job-2", "3 job-3"],
  entries: ["job-1", "job-2", "job-3"],
  counted: { scheduled: 2, done: 1 },
  due: [
    ["default", ["job-1 at 2000"]],
    ["slow", ["job-2 at 2000"]]
  ],
  stored: { owner: [3, 1], entries: [1, 2, 3], strays: [] }
}

const rekeyJob = (from: number, to: number): string =>
  [`jobs SET key`, `job_state SET key`, `runs SET job_key`, `ledger SET job_key`]
    .map((set) => `UPDATE ${set} = ${to} WHERE ${set.split(" ").at(-1) ?? ""} = ${from};`)
    .join("\n")

const newKeys = (table: string): string => `1 ${table} had a key that no scheduler gives, and have a new one`
const newNumber = (column: string): string =>
  `1 number that counts for all jobs, ${column}, was none that a scheduler writes, and was found anew`

describe("a file", () => {
  it("that is sound is left as it is", async () => {
    expect(await found("")).toMatchObject(untouched)
  })

  it.each([-5, 0, keys])("with job %i has it under the next key, with all that is the job's", async (key) => {
    expect(await found(rekeyJob(1, key))).toMatchObject({
      ...untouched,
      mended: [newKeys("jobs")],
      next: [5, 4],
      jobs: ["2 job-2", "3 job-3", "4 job-1"]
    })
  })

  it.each([-5, 0, keys])("with run %i has it under the next key", async (key) => {
    expect(await found(`UPDATE runs SET run_key = ${key} WHERE run_key = 1`)).toMatchObject({
      ...untouched,
      mended: [newKeys("runs")],
      next: [4, 5],
      runs: ["2 job-2", "3 job-3", "4 job-1"]
    })
  })

  it.each([-5, 0, keys])("with ledger entry %i has it under the next key", async (key) => {
    expect(await found(`UPDATE ledger SET entry = ${key} WHERE entry = 1`)).toMatchObject({
      ...untouched,
      mended: [newKeys("ledger entries")],
      stored: { entries: [2, 3, 4] }
    })
  })

  it("with the highest keys that a scheduler gives keeps them", async () => {
    const key = keys - 1
    const sql = `${rekeyJob(3, key)} UPDATE runs SET run_key = ${key} WHERE run_key = 3; UPDATE ledger SET entry = ${key} WHERE entry = 3`
    expect(await found(sql)).toMatchObject({
      mended: [],
      next: [keys, keys],
      jobs: ["1 job-1", "2 job-2", `${key} job-3`],
      stored: { entries: [1, 2, key] }
    })
  })

  it("with several such keys gives each its own", async () => {
    const sql = [rekeyJob(1, -1), rekeyJob(2, -2), rekeyJob(3, 2 ** 53)].join("\n")
    const { jobs, mended, runs } = await found(sql)
    expect(mended).toEqual(["3 jobs had a key that no scheduler gives, and have a new one"])
    expect(jobs.map((each) => each.split(" ")[0])).toEqual(["4", "5", "6"])
    expect(runs).toEqual(untouched.runs)
  })

  it.each([-5, 0, keys])("with the state %i of no job has it no more", async (key) => {
    const sql = `INSERT INTO job_state SELECT ${key}, value, wake_at, fault, done_at, executor, memory FROM job_state WHERE key = 1`
    expect(await found(sql)).toMatchObject({
      ...untouched,
      mended: ["1 states of jobs that do not exist are deleted"]
    })
  })

  it.each([0, 2 ** 31])("with an executor numbered %i gives it another, and its jobs too", async (number) => {
    const sql = `UPDATE executors SET number = ${number} WHERE name = 'slow'; UPDATE job_state SET executor = ${number} WHERE key = 2`
    expect(await found(sql)).toMatchObject({
      ...untouched,
      mended: [
        "1 executors had a number or a name that no scheduler gives",
        "1 executors had no number, and have one",
        "1 jobs had an executor that the file does not name, and have that of their definition"
      ]
    })
  })

  it.each([1, 2 ** 31 - 1])("with an executor numbered %i keeps it", async (number) => {
    const sql = `UPDATE executors SET number = 99 WHERE name = 'default'; UPDATE job_state SET executor = 99 WHERE key <> 2;
      UPDATE executors SET number = ${number} WHERE name = 'slow'; UPDATE job_state SET executor = ${number} WHERE key = 2`
    expect(await found(sql)).toMatchObject(untouched)
  })

  it("with a job that waits for nobody has it wait for its definition's executor", async () => {
    expect(await found("UPDATE job_state SET executor = 77 WHERE key = 2")).toMatchObject({
      ...untouched,
      mended: ["1 jobs had an executor that the file does not name, and have that of their definition"]
    })
  })

  it("with a wake-up past all instants has it at once, and with the latest instant then", async () => {
    expect(await found(`UPDATE job_state SET wake_at = ${latestInstant + 1} WHERE key = 1`)).toMatchObject({
      ...untouched,
      mended: ["1 jobs had a wake-up that is no instant, and are woken at once"],
      due: [["default", ["job-1 at 0"]], untouched.due[1]]
    })
    expect((await found(`UPDATE job_state SET wake_at = ${latestInstant} WHERE key = 1`)).mended).toEqual([])
  })

  it("with a job that was done past all instants has it done now", async () => {
    const { mended, stored } = await found(`UPDATE job_state SET done_at = ${latestInstant + 1} WHERE key = 3`)
    expect(mended).toEqual(["1 jobs were done at what is no instant, and count as done now"])
    expect(stored.done).toEqual([7000])
  })

  it.each(["job_count", "finished_runs", "job_key", "epoch"])(
    "counts %s anew where it is below 0 or too high, and not where it is less",
    async (column) => {
      const expected = { ...untouched, mended: [newNumber(column)] }
      expect(await found(`UPDATE owner SET ${column} = -1`)).toMatchObject(expected)
      expect(await found(`UPDATE owner SET ${column} = ${counts}`)).toMatchObject(expected)
      expect((await found(`UPDATE owner SET ${column} = ${counts - 1}`)).mended).toEqual([])
    }
  )

  it("takes a run key from further ahead, since it is made of the time", async () => {
    const end = keys - 2 ** 41
    expect(await found(`UPDATE owner SET run_key = ${end - 1}`)).toMatchObject({ mended: [], next: [4, end] })
    expect(await found(`UPDATE owner SET run_key = ${end}`)).toMatchObject({
      ...untouched,
      mended: [newNumber("run_key")]
    })
  })
})
