/**
 * Rows of what is saved of runs, damaged: the run's job is parked and says why, or the machine goes on. Never does it begin anew as if nothing had
 * been saved, and nobody else is harmed. By seed, so that a failure comes again.
 */
import { readFileSync, writeFileSync } from "node:fs"
import Database from "better-sqlite3"
import { describe, expect, it } from "vitest"
import { createMachine, fromPromise, setup } from "xstate"
import { date, interval, task } from "../../src/index.ts"
import type { AnyTask } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import { midnight, minute, newWorld, second, temporaryFile } from "../scenarios/world.ts"
import { untyped } from "./corruptionLife.ts"
import { pick, randomFrom } from "./kill/killPlan.ts"
import { foreignValues, pastSchema, shown } from "./looseSchema.ts"

const waitMs = 20 * minute

/** Paid, then reminded after a while, by what it tells. */
const order = (tell: (what: string) => void): AnyTask =>
  task(
    "order",
    ({ jobId }) =>
      setup({
        actors: {
          pay: fromPromise(async () => tell(`${jobId} paid`)),
          rest: createMachine({ id: "rest", after: { [waitMs]: {} } })
        },
        actions: { remind: () => tell(`${jobId} reminded`) }
      }).createMachine({
        id: "order",
        context: { parcels: ["a", "b"], weight: 1.5 },
        initial: "paying",
        states: {
          paying: { invoke: { src: "pay", onDone: "waiting" } },
          waiting: { after: { [waitMs]: { target: "over", actions: "remind" } } },
          over: { type: "final" }
        }
      }),
    { checkpoint: "every-step" }
  )

const note = task("note", () => null)

/** Two orders that wait for their parcels, and a job that goes on and on. */
const soundFile = async (): Promise<string> => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const told: Array<string> = []
  const scheduler = await world.start({ tasks: [order((what) => told.push(what)), note] })
  for (const id of ["damaged", "sound"]) await scheduler.addJob({ id, task: "order", trigger: date(midnight + second) })
  await scheduler.addJob({ id: "other", task: note, trigger: interval("1 minute", { start: midnight }) })
  await world.clock.advance(5 * minute)
  await scheduler.shutdown({ wait: false })
  expect(told.toSorted()).toEqual(["damaged paid", "sound paid"])
  return filename
}

interface Ending {
  readonly told: ReadonlyArray<string>
  readonly fault: string | null
  readonly outcome: string | null | undefined
  readonly others: boolean
  readonly untyped: ReadonlyArray<unknown>
  readonly state: unknown
}

/** A start on the file, and twice the time that the orders wait. */
const lifeOn = async (filename: string): Promise<Ending> => {
  const failures: Array<unknown> = []
  await verifyFile(filename).catch((error: unknown) => failures.push(error))
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  world.clock.stepWall(6 * minute)
  const told: Array<string> = []
  const scheduler = await world.start({ tasks: [order((what) => told.push(what)), note] })
  let ran = 0
  scheduler.on("RunSucceeded", ({ jobId }) => void (ran += jobId === "other" ? 1 : 0))
  await world.clock.advance(2 * waitMs)
  const [damaged] = await scheduler.getRuns({ jobId: "damaged" })
  const [sound] = await scheduler.getRuns({ jobId: "sound" })
  const ending = {
    told: told.filter((what) => what.startsWith("damaged")),
    fault: (await scheduler.getJob("damaged"))?.fault?.kind ?? null,
    outcome: damaged?.outcome,
    others:
      sound?.outcome === "succeeded" &&
      told.filter((what) => what.startsWith("sound")).join() === "sound reminded" &&
      ran >= 30,
    untyped: untyped([...failures, ...world.reported]),
    state: scheduler.actor.getSnapshot().value
  }
  await scheduler.shutdown({ wait: false })
  return ending
}

const ofDamaged = "run_key = (SELECT run_key FROM runs JOIN jobs ON jobs.key = runs.job_key WHERE jobs.id = 'damaged')"

const parked: Ending = { told: [], fault: "checkpoint", outcome: null, others: true, untyped: [], state: "active" }

describe("what is saved of a run, damaged", () => {
  let kept: Buffer | null = null
  /** A copy for each test: made once, by the first. */
  const copy = async (): Promise<string> => {
    kept ??= readFileSync(await soundFile())
    const filename = temporaryFile()
    writeFileSync(filename, kept)
    return filename
  }
  const damaged = async (change: (database: Database.Database) => void): Promise<Ending> => {
    const filename = await copy()
    pastSchema(filename, change)
    return lifeOn(filename)
  }
  const withText = (text: unknown): Promise<Ending> =>
    damaged((database) => database.prepare(`UPDATE checkpoints SET text = ? WHERE ${ofDamaged}`).run(text))
  const savedText = async (): Promise<string> => {
    const database = new Database(await copy(), { readonly: true })
    try {
      return database.prepare<[], { text: string }>(`SELECT text FROM checkpoints WHERE ${ofDamaged}`).get()?.text ?? ""
    } finally {
      database.close()
    }
  }

  it("is nothing to a sound file: both orders go on, and are not paid again", async () => {
    expect(await lifeOn(await copy())).toEqual({
      ...parked,
      told: ["damaged reminded"],
      fault: null,
      outcome: "succeeded"
    })
  })

  it.each(
    [...foreignValues, "", "null", "{}", "[]", "}{", 2n ** 62n].map((value) => [shownText(value), value] as const)
  )("parks its job over %s in its place", async (_, value) => {
    expect(await withText(value)).toEqual(parked)
  })

  it("parks its job over parts that are not what they were", { timeout: 60_000 }, async () => {
    const saved = JSON.parse(await savedText()) as { readonly snapshot: object; readonly delays: ReadonlyArray<object> }
    const [delay] = saved.delays
    const parts: ReadonlyArray<object> = [
      { format: 2 },
      { version: "1" },
      { version: 7 },
      { snapshot: null },
      { snapshot: [] },
      { snapshot: {} },
      { snapshot: { ...saved.snapshot, value: "sleeping" } },
      { snapshot: { ...saved.snapshot, value: 7 } },
      { snapshot: { ...saved.snapshot, status: "done" } },
      { snapshot: { ...saved.snapshot, status: "error" } },
      { snapshot: { ...saved.snapshot, children: { pay: { snapshot: { status: "active" }, src: "pay" }, x: null } } },
      { delays: null },
      { delays: {} },
      { delays: [null] },
      { delays: [{ ...delay, dueAt: null }] },
      { delays: [{ ...delay, source: ["nobody"] }] },
      { delays: [{ ...delay, event: { type: "xstate.after.7.nowhere" } }] }
    ]
    const odd: Array<unknown> = []
    for (const part of parts) {
      const ending = await withText(JSON.stringify({ ...saved, ...part }))
      if (JSON.stringify(ending) !== JSON.stringify(parked)) odd.push([part, ending])
    }
    expect(odd).toEqual([])
  })

  it("never begins anew, whatever single character of it was changed", { timeout: 240_000 }, async () => {
    const saved = await savedText()
    const odd: Array<unknown> = []
    let parkedTimes = 0
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomFrom(seed)
      const at = Math.floor(random() * saved.length)
      const text = `${saved.slice(0, at)}${pick(random, ["", "x", "0", "9", '"', "{", "]", ",", "-", "\u0000"])}${saved.slice(at + 1)}`
      const { told, fault, others, untyped: strange, state } = await withText(text)
      if (fault === "checkpoint") parkedTimes += 1
      if (!others || strange.length > 0 || state !== "active" || told.includes("damaged paid"))
        odd.push({ seed, text, told, fault, others, strange, state })
    }
    expect(odd).toEqual([])
    expect(parkedTimes).toBeGreaterThan(20)
  })
})

function shownText(value: unknown): string {
  return typeof value === "bigint" ? `${value}` : shown(value)
}
