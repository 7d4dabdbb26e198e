/** Rows overwritten with anything, by SQL: at most the job they belong to is parked, with its bytes kept; all others run as if nothing were. */
import { copyFileSync } from "node:fs"
import { isDeepStrictEqual } from "node:util"
import Database from "better-sqlite3"
import { expect, it } from "vitest"
import type { Scheduler } from "../../src/index.ts"
import { date, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { midnight, minute, newWorld, second, temporaryFile } from "../scenarios/world.ts"
import { untyped } from "./corruptionLife.ts"
import { pick, randomFrom } from "./kill/killPlan.ts"

/** Damaged files; more by `DAMAGED_ROWS`. */
const damages = Number(process.env["DAMAGED_ROWS"] ?? 80)

const note = task("note", ({ attempt, jobId }) => {
  if (jobId === "bad" && attempt === 1) throw new Error("once more")
})
const victim = "bad"
const others = ["a", "b", "c"]

/** Four jobs with a past of ten minutes. The one called bad has a retry waiting, queued fire times and ledger entries. */
const soundFile = async (): Promise<string> => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const scheduler = await world.start({ tasks: [note] })
  const trigger = interval("1 minute", { start: midnight + minute })
  const retry = { attempts: 3, backoff: "90 seconds" } as const
  await scheduler.addJob({ id: victim, task: note, args: { n: 1 }, trigger, retry, overlap: "queue-all", tags: ["x"] })
  for (const id of others) await scheduler.addJob({ id, task: note, trigger })
  await scheduler.addJob({ id: "once", task: note, trigger: date(midnight + minute) })
  await world.clock.advance(5 * minute)
  world.clock.stepWall(3 * minute)
  await world.clock.advance(2 * minute + 30 * second)
  await scheduler.shutdown({ wait: false })
  return filename
}

/** What a column may be overwritten with: other JSON, other types, bounds, and what a program would never write. */
const texts = [
  ...[
    "",
    "null",
    "0",
    "[]",
    "{}",
    "}{",
    '"text"',
    '{"version":1}',
    '{"version":99}',
    '{"type":"interval"}',
    '{"type":"cron"}'
  ],
  ...[
    '{"type":"interval","every":0}',
    '{"type":"and","triggers":[]}',
    '{"__proto__":{"x":1}}',
    "\u0000",
    "\ud800",
    "1e999"
  ],
  ...[
    '{"name":5}',
    '{"tags":"x"}',
    '{"tags":[5],"metadata":null}',
    '{"maxInstances":0}',
    '{"retry":5}',
    '{"retry":{}}',
    "x".repeat(70_000)
  ]
]
const integers = [0, 1, -1, 2, 7, 99, midnight, midnight * 1000, 2 ** 53 - 1, -(2 ** 53) + 1]

const jobTables = ["jobs", "job_state", "runs", "ledger"] as const

/** Overwrites one or two columns of the victim's rows in one table; what was done, or `null` where a constraint refused it. */
const damage = (filename: string, random: () => number): string | null => {
  const database = new Database(filename)
  try {
    const table = pick(random, jobTables)
    const columns = database
      .prepare<[], { name: string; type: string; notnull: number }>(`PRAGMA table_info(${table})`)
      .all()
      .filter(({ name }) => !["key", "id", "run_key", "entry", "job_key", "removed_at"].includes(name))
    const { name, type, notnull } = pick(random, columns)
    const of = table === "jobs" || table === "job_state" ? "key" : "job_key"
    const found = database.prepare<[string], { key: number }>("SELECT key FROM jobs WHERE id = ?").get(victim)
    const kept = database
      .prepare<[number], Record<string, unknown>>(`SELECT * FROM ${table} WHERE ${of} = ? LIMIT 1`)
      .get(found?.key ?? 0)
    const before = kept?.[name]
    const value =
      notnull === 0 && random() < 0.2
        ? null
        : type === "INTEGER"
          ? pick(random, integers)
          : typeof before === "string" && random() < 0.5
            ? mutated(before, random)
            : pick(random, texts)
    database.prepare(`UPDATE ${table} SET "${name}" = ? WHERE ${of} = ?`).run(value, found?.key ?? 0)
    return `${table}.${name} = ${String(value).slice(0, 120)}`
  } catch {
    return null
  } finally {
    database.close()
  }
}

/** The text with a few characters cut, doubled or exchanged: JSON that is nearly right. */
const mutated = (text: string, random: () => number): string => {
  const at = Math.floor(random() * text.length)
  const length = 1 + Math.floor(random() * 8)
  const middle = pick(random, ["", "0", "-", '"', "null", "{}", text.slice(at, at + length).repeat(2), "9".repeat(20)])
  return text.slice(0, at) + middle + text.slice(at + length)
}

const questions: ReadonlyArray<(scheduler: Scheduler) => Promise<unknown>> = [
  (scheduler) => scheduler.getJobs(),
  (scheduler) => scheduler.getJobs({ fault: true }),
  (scheduler) => scheduler.getJobs({ tag: "x" }),
  (scheduler) => scheduler.getRuns(),
  (scheduler) => scheduler.getRuns({ jobId: victim }),
  (scheduler) => scheduler.getLedger(),
  (scheduler) => scheduler.preview(20),
  (scheduler) => scheduler.explain(victim, midnight + 2 * minute),
  (scheduler) => scheduler.exportJobs(),
  (scheduler) => scheduler.status(),
  (scheduler) => scheduler.verify(),
  (scheduler) => scheduler.printJobs(() => undefined)
]

it("rows with any content harm at most the job they belong to", async () => {
  const sound = await soundFile()
  const problems: Array<unknown> = []
  let parked = 0
  for (let seed = 1; seed <= damages; seed++) {
    const random = randomFrom(seed)
    const filename = temporaryFile()
    copyFileSync(sound, filename)
    const done = [damage(filename, random), random() < 0.3 ? damage(filename, random) : null]
    const what = `seed ${seed}: ${done.filter((each) => each !== null).join(", ")}`
    const life = await lifeOf(filename).catch((error: unknown) => ({ parked: false, problem: String(error) }))
    if (life.parked) parked += 1
    if (life.problem !== null) problems.push({ what, problem: life.problem })
  }
  expect(problems).toEqual([])
  expect(parked).toBeGreaterThan(damages / 10)
}, 240_000)

/** A start on the file, every question, and the damaged job replaced; what did not go as it must. */
const lifeOf = async (filename: string): Promise<{ readonly parked: boolean; readonly problem: unknown }> => {
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  world.clock.stepWall(20 * minute)
  const failures: Array<unknown> = []
  const scheduler = await world.start({ tasks: [note] })
  const ask = (answer: Promise<unknown>): Promise<unknown> => answer.catch((error: unknown) => failures.push(error))
  await world.clock.advance(second)
  const counts = async () =>
    (await Promise.all(others.map((id) => scheduler.getJob(id)))).map((job) => job?.runCount ?? NaN)
  const before = await counts()
  await world.clock.advance(5 * minute)
  for (const question of questions) await ask(question(scheduler))
  const faulty = await scheduler.getJobs({ fault: true })
  for (const verb of [() => scheduler.pauseJob(victim), () => scheduler.resumeJob(victim)]) await ask(verb())
  await world.clock.advance(minute)
  const after = await counts()
  const state = scheduler.actor.getSnapshot().value
  // Whatever it was, a new definition mends it; one that was read keeps its pause.
  const replaced = await scheduler.addJob({
    id: victim,
    task: note,
    trigger: interval("1 minute"),
    ifExists: "replace"
  })
  if (replaced.fault !== null) await scheduler.resumeJob(victim)
  await world.clock.advance(10 * minute)
  const mended = await scheduler.getJob(victim)
  const found = {
    faulty: faulty.filter(({ id, fault }) => id !== victim || (fault?.message ?? "").length < 20).map(({ id }) => id),
    others: after.map((count, index) => count - (before[index] ?? 0)),
    state,
    mended: mended?.fault ?? null,
    untyped: untyped([...failures, ...world.reported]).map(String)
  }
  const sound = { faulty: [], others: others.map(() => 6), state: "active", mended: null, untyped: [] }
  await scheduler.shutdown({ wait: false })
  return { parked: faulty.length > 0, problem: isDeepStrictEqual(found, sound) ? null : found }
}
