/**
 * Every column of every table holds what its type forbids, past the schema, as where another page was put in the place of a table's. No
 * verb fails without a type or answers with a value that is not of its own, all jobs but those whose rows they are go on, and what is
 * broken is told.
 */
import { copyFileSync } from "node:fs"
import Database from "better-sqlite3"
import { describe, expect, it } from "vitest"
import { inProcess, interval, StoreMended, task } from "../../src/index.ts"
import type { JobHandle, LedgerEntry, RunRecord, Scheduler } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import type { World } from "../scenarios/world.ts"
import { midnight, minute, newWorld, second, temporaryFile } from "../scenarios/world.ts"
import { untyped } from "./corruptionLife.ts"
import { foreignValues, pastSchema, shown } from "./looseSchema.ts"

const note = task("note", ({ attempt, jobId }) => {
  if (jobId !== "sound" && attempt === 1) throw new Error("once more")
})
const executors = { default: inProcess(), slow: inProcess({ concurrency: 4 }) }

interface Cell {
  readonly table: string
  readonly column: string
}

/** Columns but those that are the rows' own keys: SQLite keeps those whole numbers whatever a page holds. */
const columnsOf = (filename: string, tables: ReadonlyArray<string>): ReadonlyArray<Cell> => {
  const database = new Database(filename, { readonly: true })
  const cells = tables.flatMap((table) =>
    database
      .prepare<[], { name: string; pk: number }>(`PRAGMA table_info(${table})`)
      .all()
      .filter(({ pk }) => pk === 0)
      .map(({ name }) => ({ table, column: name }))
  )
  database.close()
  return cells
}

const idOf = ({ table, column }: Cell): string => `${table}.${column}`

/** Seven minutes of jobs with finished and unfinished runs, retries that wait, and misfires. */
const livedFile = async (ids: ReadonlyArray<string>): Promise<string> => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const scheduler = await world.start({ tasks: [note], executors })
  for (const id of ids)
    await scheduler.addJob({
      id,
      task: note,
      trigger: interval("1 minute", { start: midnight + minute }),
      executor: id === "slow" ? "slow" : "default",
      retry: { attempts: 2, backoff: "40 seconds" },
      misfireGrace: "1 minute"
    })
  await world.clock.advance(3 * minute)
  world.clock.stepWall(3 * minute)
  await world.clock.advance(minute + 30 * second)
  await scheduler.shutdown({ wait: false })
  return filename
}

interface Life {
  readonly world: World
  readonly scheduler: Scheduler
  readonly failures: ReadonlyArray<unknown>
  readonly unanswered: ReadonlyArray<string>
  readonly oddAnswers: ReadonlyArray<string>
  readonly ran: ReadonlyMap<string, number>
}

/** A start on the file, six minutes, every question, and every verb on `ids`. */
const liveOn = async (filename: string, ids: ReadonlyArray<string>): Promise<Life> => {
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  world.clock.stepWall(20 * minute)
  const scheduler = await world.start({ tasks: [note], executors })
  const failures: Array<unknown> = []
  const oddAnswers: Array<string> = []
  const waiting = new Set<string>()
  const ask = <A>(
    what: string,
    answer: Promise<A>,
    oddities: (answer: A) => ReadonlyArray<string> = () => []
  ): void => {
    waiting.add(what)
    void answer
      .then(
        (found) => void oddAnswers.push(...oddities(found).map((odd) => `${what}: ${odd}`)),
        (error: unknown) => failures.push(error)
      )
      .finally(() => waiting.delete(what))
  }
  await world.clock.advance(minute)
  const ran = new Map<string, number>()
  scheduler.on("RunSucceeded", ({ jobId }) => void ran.set(jobId, (ran.get(jobId) ?? 0) + 1))
  await world.clock.advance(6 * minute)
  const runs: Array<RunRecord> = []
  ask("getJobs", scheduler.getJobs(), (jobs) => jobs.flatMap(oddJob))
  for (const state of ["scheduled", "running", "misfired", "paused", "done"] as const)
    ask(`getJobs ${state}`, scheduler.getJobs({ state }), (jobs) => jobs.flatMap(oddJob))
  ask("getJobs by tag", scheduler.getJobs({ tag: "x" }))
  ask("getRuns", scheduler.getRuns(), (found) => (runs.push(...found), found.flatMap(oddRun)))
  ask("getRuns live", scheduler.getRuns({ live: true }), (found) => found.flatMap(oddRun))
  ask("getLedger", scheduler.getLedger(), (entries) => entries.flatMap(oddEntry))
  ask("preview", scheduler.preview(50))
  ask("exportJobs", scheduler.exportJobs())
  ask("status", scheduler.status())
  ask("verify", scheduler.verify())
  ask(
    "printJobs",
    scheduler.printJobs(() => undefined)
  )
  for (const id of ids) {
    ask(`getJob ${id}`, scheduler.getJob(id), (job) => (job === undefined ? [] : oddJob(job)))
    ask(`getRuns ${id}`, scheduler.getRuns({ jobId: id }), (found) => found.flatMap(oddRun))
    ask(`getLedger ${id}`, scheduler.getLedger({ jobId: id }), (entries) => entries.flatMap(oddEntry))
    ask(`preview ${id}`, scheduler.preview(3, id))
    for (const at of [2 * minute, 5 * minute, 24 * minute]) ask(`explain ${id}`, scheduler.explain(id, midnight + at))
  }
  await world.clock.advance(second)
  for (const { runId } of runs) {
    ask(`cancelRun ${runId}`, scheduler.cancelRun(runId))
    ask(`retryRun ${runId}`, scheduler.retryRun(runId))
  }
  await world.clock.advance(minute)
  return { world, scheduler, failures, unanswered: [...waiting], oddAnswers, ran }
}

/** What changes jobs, when all else is looked at. */
const changeAll = async ({ world, scheduler }: Life, ids: ReadonlyArray<string>): Promise<ReadonlyArray<unknown>> => {
  const failures: Array<unknown> = []
  const change = (answer: Promise<unknown>): void => void answer.catch((error: unknown) => failures.push(error))
  for (const id of ids) {
    change(scheduler.pauseJob(id))
    change(scheduler.resumeJob(id))
    change(scheduler.runJob(id))
    change(scheduler.modifyJob(id, { name: "mended" }))
    change(scheduler.skipNext(id))
  }
  await world.clock.advance(2 * minute)
  for (const id of ids) change(scheduler.addJob({ id, task: note, trigger: interval("1 minute"), ifExists: "replace" }))
  await world.clock.advance(2 * minute)
  change(scheduler.removeJobs({ fault: true }))
  await world.clock.advance(minute)
  for (const id of ids.slice(0, 10)) change(scheduler.removeJob(id))
  await world.clock.advance(second)
  return failures
}

const oddFields = (what: string, facts: ReadonlyArray<readonly [name: string, fits: boolean, found: unknown]>) =>
  facts.flatMap(([name, fits, found]) => (fits ? [] : [`${what}: ${name} is ${shown(found)}`]))

const isText = (value: unknown): boolean => typeof value === "string" && value !== ""
const isInstant = (value: unknown): boolean => Number.isSafeInteger(value)
const isInstantOrNull = (value: unknown): boolean => value === null || isInstant(value)

const oddJob = ({ id, name, task, executor, nextFireAt, tags, state }: JobHandle): ReadonlyArray<string> =>
  oddFields(`job ${id}`, [
    ["id", isText(id), id],
    ["name", isText(name), name],
    ["task", typeof task === "string", task],
    ["executor", isText(executor), executor],
    ["nextFireAt", isInstantOrNull(nextFireAt), nextFireAt],
    ["tags", Array.isArray(tags), tags],
    ["state", ["scheduled", "running", "misfired", "paused", "done"].includes(state), state]
  ])

/** What stands for a field that cannot be read is told by the record's own error. */
const oddRun = (run: RunRecord): ReadonlyArray<string> =>
  oddFields(`run ${run.runId}`, [
    ["jobId", isText(run.jobId), run.jobId],
    ["fireAt", isInstant(run.fireAt) && (run.fireAt > 0 || run.error?.name === "Unreadable"), run.fireAt],
    ["claimedAt", isInstant(run.claimedAt) && (run.claimedAt > 0 || run.error?.name === "Unreadable"), run.claimedAt],
    ["startedAt", isInstantOrNull(run.startedAt), run.startedAt],
    ["finishedAt", isInstantOrNull(run.finishedAt), run.finishedAt],
    ["attempt", Number.isSafeInteger(run.attempt), run.attempt],
    ["outcome", run.outcome === null || isText(run.outcome), run.outcome],
    ["error", run.error === null || typeof run.error === "object" || isText(run.error), run.error]
  ])

const oddEntry = (entry: LedgerEntry): ReadonlyArray<string> =>
  oddFields(`entry of ${entry.jobId}`, [
    ["jobId", isText(entry.jobId), entry.jobId],
    ["kind", isText(entry.kind), entry.kind],
    ["from", isInstant(entry.from), entry.from],
    ["through", isInstant(entry.through), entry.through],
    ["count", Number.isSafeInteger(entry.count), entry.count],
    ["reason", entry.reason === null || isText(entry.reason), entry.reason],
    ["into", entry.into === null || isText(entry.into), entry.into],
    ["at", isInstant(entry.at), entry.at]
  ])

const ownTables = { jobs: "key", job_state: "key", runs: "job_key", ledger: "job_key" } as const

describe("rows of jobs", () => {
  it.each(foreignValues.map((value) => [shown(value), value] as const))(
    "with %s in any column harm no other job, and are told",
    async (_, value) => {
      const cells = columnsOf(await livedFile([]), Object.keys(ownTables))
      const victims = cells.map(idOf)
      const filename = await livedFile(["sound", "slow", ...victims])
      pastSchema(filename, (database) => {
        // The keys first: a job whose own id is gone would not be found by it any more. Of runs UNIQUE lets one have the value.
        const keys = new Map(
          database
            .prepare<[], { id: string; key: number }>("SELECT id, key FROM jobs")
            .all()
            .map(({ id, key }) => [id, key])
        )
        for (const { table, column } of cells) {
          const own = ownTables[table as keyof typeof ownTables]
          database
            .prepare(`UPDATE OR IGNORE ${table} SET "${column}" = ? WHERE ${own} = ?`)
            .run(value, keys.get(idOf({ table, column })))
        }
      })
      expect((await verifyFile(filename, { runAge: "1 day" })).ok).toBe(false)
      const life = await liveOn(filename, victims)
      const { world, scheduler, ran, failures, unanswered, oddAnswers } = life
      expect({ untyped: untyped([...failures, ...world.reported]), unanswered, oddAnswers }).toEqual({
        untyped: [],
        unanswered: [],
        oddAnswers: []
      })
      for (const id of ["sound", "slow"]) expect([id, (ran.get(id) ?? 0) >= 5]).toEqual([id, true])
      const parked = new Set((await scheduler.getJobs({ fault: true })).map(({ id }) => id))
      const { violations } = await scheduler.verify()
      const told = new Set(violations.map(({ jobId }) => jobId))
      const { unclaimed } = await scheduler.status()
      const waits = ({ task: name, executor }: { readonly task: string; readonly executor: string }): boolean =>
        unclaimed.some((part) => part.name === (part.missing === "task" ? name : executor))
      const silent: Array<string> = []
      for (const id of victims) {
        const job = await scheduler.getJob(id)
        if ((ran.get(id) ?? 0) < 4 && !parked.has(id) && !told.has(id) && job !== undefined && !waits(job))
          silent.push(id)
      }
      expect(silent).toEqual([])
      expect(untyped([...(await changeAll(life, victims)), ...world.reported])).toEqual([])
      expect(scheduler.actor.getSnapshot().value).toBe("active")
    },
    60_000
  )
})

describe("rows that all jobs lean on", () => {
  const tables = ["owner", "executors", "marks"]

  it.each(foreignValues.map((value) => [shown(value), value] as const))(
    "with %s in any column are mended: every job goes on",
    async (_, value) => {
      const sound = await livedFile(["sound", "slow"])
      const problems: Array<unknown> = []
      for (const { table, column } of columnsOf(sound, tables)) {
        const filename = temporaryFile()
        copyFileSync(sound, filename)
        pastSchema(filename, (database) => {
          const before = database.prepare(`SELECT typeof("${column}") FROM ${table}`).pluck().get()
          // UNIQUE: one at a time.
          const rows = table === "executors" ? "WHERE number = 1" : ""
          database.prepare(`UPDATE ${table} SET "${column}" = ? ${rows}`).run(value)
          expect(before).not.toBe(undefined)
        })
        await verifyFile(filename, { runAge: "1 day" })
        const { world, ran, failures, unanswered, oddAnswers } = await liveOn(filename, ["sound", "slow"])
        const found = {
          untyped: untyped([...failures, ...world.reported]).map(String),
          unanswered,
          oddAnswers,
          idle: ["sound", "slow"].filter((id) => (ran.get(id) ?? 0) < 5)
        }
        if (Object.values(found).some((list) => list.length > 0)) problems.push({ table, column, ...found })
      }
      expect(problems).toEqual([])
    },
    60_000
  )
})

describe("a page of another table", () => {
  it("where the owner's row was is refused: commits to several owners would be lost", async () => {
    const filename = await livedFile(["sound"])
    pastSchema(filename, (database) => {
      const [, ...columns] = database.prepare("SELECT name FROM pragma_table_info('owner')").pluck().all()
      database.exec(`INSERT INTO owner SELECT 2, ${columns.join(", ")} FROM owner`)
    })
    const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
    await expect(world.start({ tasks: [note], executors })).rejects.toMatchObject({ _tag: "StoreUnreadable" })
  })
})

it("what is mended is told once", async () => {
  const filename = await livedFile(["sound", "slow"])
  pastSchema(filename, (database) => database.exec("UPDATE owner SET epoch = NULL, job_count = 'x'"))
  const { world } = await liveOn(filename, ["sound"])
  expect(world.reported.filter((error) => error instanceof StoreMended)).toHaveLength(2)
})
