/**
 * Any column of any row in any table overwritten with hostile values: the file opens, all jobs but those whose rows they are go on, and
 * what is broken is told. By seed, so that a failure comes again: `ROW_FUZZ_FROM=17 ROW_FUZZ=1`.
 */
import { copyFileSync } from "node:fs"
import Database from "better-sqlite3"
import { expect, it } from "vitest"
import { createMachine } from "xstate"
import { inProcess, interval, task } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import { midnight, minute, newWorld, second, temporaryFile } from "../scenarios/world.ts"
import { untyped } from "./corruptionLife.ts"
import { pick, randomFrom } from "./kill/killPlan.ts"

const first = Number(process.env["ROW_FUZZ_FROM"] ?? 1)
const count = Number(process.env["ROW_FUZZ"] ?? 60)

const note = task("note", ({ attempt, jobId }) => {
  if (jobId.startsWith("retried") && attempt === 1) throw new Error("once more")
})
/** It waits, put away, for the second half of each minute. */
const waiting = task(
  "waiting",
  createMachine({
    id: "waiting",
    initial: "first",
    states: { first: { after: { 40_000: "over" } }, over: { type: "final" } }
  })
)
const ids = ["a", "b", "c", "slow-a", "slow-b", "retried-a", "retried-b", "waiting-a", "waiting-b"]
const tasks = [note, waiting]
const executors = { default: inProcess(), slow: inProcess({ concurrency: 4 }) }

/** Ten minutes of nine jobs on two executors: finished and unfinished runs, retries, misfires, steps that are saved. */
const soundFile = async (): Promise<string> => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const scheduler = await world.start({ tasks, executors })
  for (const id of ids)
    await scheduler.addJob({
      id,
      task: id.startsWith("waiting") ? waiting : note,
      trigger: interval("1 minute", { start: midnight + minute }),
      executor: id.startsWith("slow") ? "slow" : "default",
      ...(id.startsWith("retried") ? { retry: { attempts: 2, backoff: "40 seconds" } } : {})
    })
  await world.clock.advance(5 * minute)
  world.clock.stepWall(3 * minute)
  await world.clock.advance(2 * minute + 30 * second)
  await scheduler.shutdown({ wait: false })
  return filename
}

const integers = [
  0n,
  1n,
  -1n,
  7n,
  10n ** 12n,
  2n ** 52n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 62n,
  2n ** 63n - 1n,
  -(2n ** 53n),
  -(2n ** 63n)
]
const others = [
  null,
  1.5,
  1e300,
  Buffer.from([0, 255]),
  "",
  "null",
  "[]",
  "{}",
  "}{",
  '{"version":1}',
  "default",
  "slow",
  "nobody",
  "x".repeat(5000)
]
const tables = ["owner", "executors", "marks", "jobs", "job_state", "runs", "ledger", "checkpoints"] as const
const keys = { jobs: "key", job_state: "key", runs: "job_key", ledger: "job_key" } as const

/** The key of the job that a row belongs to, as SQL; `null`: it is nobody's. */
const ownerOf = (table: (typeof tables)[number]): string | null => {
  if (table === "checkpoints")
    return "SELECT job_key FROM runs WHERE run_key = (SELECT run_key FROM checkpoints WHERE rowid = ?)"
  const column = table in keys ? keys[table as keyof typeof keys] : null
  return column === null ? null : `SELECT ${column} FROM ${table} WHERE rowid = ?`
}

interface Damage {
  readonly what: string
  /** The job whose row it is; `null`: nobody's. */
  readonly victim: string | null
}

/** Overwrites one cell, or deletes one row; `null` where the table refuses it. */
const damage = (filename: string, random: () => number): Damage | null => {
  const database = new Database(filename)
  try {
    database.pragma("foreign_keys = OFF")
    const table = pick(random, tables)
    const rows = database.prepare<[], { row: bigint }>(`SELECT rowid AS row FROM ${table}`).safeIntegers()
    const row = table === "marks" ? undefined : pick(random, rows.all())
    if (row === undefined) return null
    const owner = ownerOf(table)
    const found =
      owner === null
        ? undefined
        : database.prepare<[bigint], { id: string }>(`SELECT id FROM jobs WHERE key = (${owner})`).get(row.row)
    const columns = database.prepare<[], { name: string }>(`PRAGMA table_info(${table})`).all()
    const { name } = pick(
      random,
      columns.filter((each) => each.name !== "id")
    )
    const value = random() < 0.7 ? pick(random, integers) : pick(random, others)
    const victim = found?.id ?? null
    if (random() < 0.1 && table !== "owner") {
      database.prepare(`DELETE FROM ${table} WHERE rowid = ?`).run(row.row)
      return { what: `row ${row.row} of ${table} deleted`, victim }
    }
    database.prepare(`UPDATE ${table} SET "${name}" = ? WHERE rowid = ?`).run(value, row.row)
    return { what: `${table}.${name} of row ${row.row} = ${String(value).slice(0, 40)}`, victim }
  } catch {
    return null
  } finally {
    database.close()
  }
}

/** What did not go as it must, after a start and six minutes on the file. */
const lifeOn = async (filename: string, victims: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const problems: Array<string> = []
  const before = await verifyFile(filename, { runAge: "1 day" })
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  world.clock.stepWall(20 * minute)
  const scheduler = await world.start({ tasks, executors })
  const failures: Array<unknown> = []
  const ask = (answer: Promise<unknown>): Promise<unknown> => answer.catch((error: unknown) => failures.push(error))
  await world.clock.advance(minute)
  const ran = new Map<string, number>()
  scheduler.on("RunSucceeded", ({ jobId }) => void ran.set(jobId, (ran.get(jobId) ?? 0) + 1))
  await world.clock.advance(6 * minute)
  for (const question of [
    scheduler.getJobs(),
    scheduler.getRuns(),
    scheduler.getLedger(),
    scheduler.preview(20),
    scheduler.exportJobs(),
    scheduler.status(),
    ...ids.map((id) => scheduler.getRuns({ jobId: id }))
  ])
    await ask(question)
  for (const id of ids)
    if (!victims.includes(id) && (ran.get(id) ?? 0) < 5) problems.push(`job ${id} ran ${ran.get(id) ?? 0} times`)
  const parked = (await scheduler.getJobs({ fault: true })).map(({ id }) => id)
  const verification = await scheduler.verify()
  const { unclaimed } = await scheduler.status()
  for (const id of victims) {
    const job = await scheduler.getJob(id)
    const goesOn = (ran.get(id) ?? 0) >= 5
    // One whose task or executor was made another's name waits for whoever knows that.
    const waits = unclaimed.some(({ name, missing }) => name === (missing === "task" ? job?.task : job?.executor))
    const told = parked.includes(id) || job === undefined || job.state !== "scheduled" || !verification.ok || waits
    if (!goesOn && !told) problems.push(`job ${id} ran ${ran.get(id) ?? 0} times, and nobody is told`)
    if (!goesOn && before.ok && world.reported.length === 0 && !parked.includes(id) && verification.ok)
      problems.push(`job ${id} does not go on, and verifyFile finds the file well`)
  }
  for (const error of untyped([...failures, ...world.reported])) problems.push(`untyped: ${String(error)}`)
  const { value } = scheduler.actor.getSnapshot()
  if (value !== "active") problems.push(`the scheduler is ${value}`)
  await scheduler.shutdown({ wait: false })
  return problems
}

it(
  "whatever a cell holds, at most its own job is harmed, and that is told",
  async () => {
    const sound = await soundFile()
    const problems: Array<unknown> = []
    let damaged = 0
    for (let seed = first; seed < first + count; seed++) {
      const random = randomFrom(seed)
      const filename = temporaryFile()
      copyFileSync(sound, filename)
      const done = Array.from({ length: random() < 0.3 ? 3 : 1 }, () => damage(filename, random)).filter(
        (each) => each !== null
      )
      if (done.length === 0) continue
      damaged += 1
      const victims = done.flatMap(({ victim }) => victim ?? [])
      const life = await lifeOn(filename, victims).catch((error: unknown) => [String(error)])
      if (life.length > 0) problems.push({ seed, what: done.map(({ what }) => what).join("; "), life })
    }
    expect(problems).toEqual([])
    expect(damaged).toBeGreaterThan(count / 4)
  },
  60_000 + count * 4_000
)
