/** What a file can show: damage of every kind is found in it, and what cannot be checked is told. Long: each kind spoils a file. */
import { readFileSync, writeFileSync } from "node:fs"
import Database from "better-sqlite3"
import { Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { defineTrigger, interval, stream, task } from "../../src/index.ts"
import { sqlite, verifyFile } from "../../src/sqlite.ts"
import type { Scheduler } from "../../src/index.ts"
import type { Verification } from "../../src/verify/verification.ts"
import { midnight, minute, newWorld, sleepOn, temporaryFile } from "../scenarios/world.ts"
import type { World } from "../scenarios/world.ts"
import { stoppedFile } from "./stoppedFile.ts"

const quiet = task("quiet", () => null)

/** Ten one-minute runs of job `a`, and job `b` in the middle of a run when its process dies; then the statements. */
const damaged = async (...statements: ReadonlyArray<string>): Promise<Verification> => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  const endless = task("endless", () => new Promise<null>(() => undefined))
  const tasks = [quiet, endless]
  await world.start({ tasks })
  await world.scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute", { start: midnight + minute }) })
  await world.scheduler.addJob({ id: "b", task: endless, trigger: interval("1 hour", { start: midnight + minute }) })
  await world.clock.advance(10 * minute)
  await world.crash()
  const database = new Database(filename)
  database.pragma("foreign_keys = OFF")
  for (const statement of statements) database.exec(statement)
  database.close()
  return verifyFile(filename)
}

const found = ({ violations }: Verification) =>
  violations.map(({ jobId, invariant }) => `${jobId ?? "file"}: ${invariant}`)

/** Sets fields of a job's snapshot. */
const snapshot = (id: string, fields: string): string =>
  `UPDATE job_state SET memory = json_patch(memory, '${fields}') WHERE key = (SELECT key FROM jobs WHERE id = '${id}')`

const fifthRun = "(SELECT run_key FROM runs ORDER BY run_key LIMIT 1 OFFSET 4)"
const ofA = "(SELECT key FROM jobs WHERE id = 'a')"
const entry = (kind: number, from: number, through: number, count: number, runKey: number | null = null): string =>
  `INSERT INTO ledger(job_key, kind, from_at, through_at, count, reason, run_key, at)
  VALUES (${ofA}, ${kind}, ${from}, ${through}, ${count}, 'late', ${runKey}, ${through})`

describe("verifyFile", () => {
  it("finds nothing wrong after a crash", async () => {
    expect(await damaged()).toEqual({
      ok: true,
      checked: { jobs: 2, runs: 11, fireTimes: 11 },
      notChecked: [],
      violations: []
    })
  })

  it.each([
    [
      "a run that is gone",
      [
        `DELETE FROM runs WHERE job_key = ${ofA} AND fire_at = ${midnight + 5 * minute}`,
        "UPDATE owner SET finished_runs = finished_runs - 1",
        snapshot("a", '{"runCount":9}')
      ],
      ["a: accounting"]
    ],
    ["a record of no fire time", [entry(0, midnight + 90_000, midnight + 90_000, 1)], ["a: accounting"]],
    [
      "a fire time recorded twice",
      [entry(0, midnight + 5 * minute, midnight + 5 * minute, 1)],
      ["a: doubleAccounting"]
    ],
    ["a range over runs", [entry(0, midnight + 2 * minute, midnight + 3 * minute, 2)], ["a: accounting"]],
    [
      "a cursor that went back",
      [
        snapshot("a", `{"cursor":${midnight + 8 * minute},"nextFireAt":${midnight + 9 * minute}}`),
        `UPDATE job_state SET wake_at = ${midnight + 9 * minute} WHERE key = ${ofA}`
      ],
      ["a: cursor", "a: cursor", "a: cursor"]
    ],
    [
      "a next fire time that skips one",
      [
        snapshot("a", `{"nextFireAt":${midnight + 12 * minute}}`),
        `UPDATE job_state SET wake_at = ${midnight + 12 * minute} WHERE key = ${ofA}`
      ],
      ["a: wakeUp"]
    ],
    ["a wake-up that is lost", [`UPDATE job_state SET wake_at = NULL WHERE key = ${ofA}`], ["a: wakeUp"]],
    ["a state that its snapshot is not in", [`UPDATE job_state SET value = 2 WHERE key = ${ofA}`], ["a: state"]],
    ["a fault that its snapshot does not know", [`UPDATE job_state SET fault = 1 WHERE key = ${ofA}`], ["a: state"]],
    [
      "more live runs than may be",
      [
        snapshot(
          "b",
          `{"live":[{"runKey":${midnight * 1000 + 1},"fireAt":1,"attempt":1,"retryAt":null},{"runKey":2,"fireAt":2,"attempt":1,"retryAt":null}]}`
        )
      ],
      ["b: maxInstances", "b: liveRuns"]
    ],
    [
      "a live run without a record",
      ["DELETE FROM runs WHERE outcome IS NULL", snapshot("b", '{"runCount":0}')],
      ["b: liveRuns", "b: accounting"]
    ],
    [
      "an unfinished run that no job knows",
      [
        `UPDATE runs SET outcome = NULL, finished_at = NULL WHERE run_key = ${fifthRun}`,
        "UPDATE owner SET finished_runs = finished_runs - 1"
      ],
      ["a: liveRuns"]
    ],
    ["a run of an owner to come", ["UPDATE runs SET epoch = 9 WHERE outcome IS NULL"], ["b: ownerless"]],
    [
      "a run that its dead owner still executes",
      ["UPDATE owner SET epoch = 9", "UPDATE runs SET epoch = 9 WHERE outcome IS NOT NULL"],
      ["b: ownerless"]
    ],
    [
      "a finished run without an outcome",
      [`UPDATE runs SET outcome = NULL WHERE run_key = ${fifthRun}`],
      ["a: finished", "a: liveRuns"]
    ],
    ["an outcome that there is not", [`UPDATE runs SET outcome = 77 WHERE run_key = ${fifthRun}`], ["a: finished"]],
    [
      "a run that was early",
      [`UPDATE runs SET claimed_at = fire_at - 2, started_at = fire_at - 1 WHERE run_key = ${fifthRun}`],
      ["a: finished"]
    ],
    ["a snapshot that is torn", [`UPDATE job_state SET memory = '{"vers' WHERE key = ${ofA}`], ["a: readable"]],
    [
      "rows of a job that is gone",
      [`DELETE FROM jobs WHERE id = 'a'`, "UPDATE owner SET job_count = job_count - 1"],
      ["file: file", "file: file"]
    ],
    ["a job without a state", [`DELETE FROM job_state WHERE key = ${ofA}`], ["file: file"]],
    ["counts that are wrong", ["UPDATE owner SET job_count = 7, finished_runs = 7"], ["file: file", "file: file"]]
  ] as ReadonlyArray<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]>)(
    "finds %s",
    async (_what, statements, expected) => {
      const verification = await damaged(...statements)
      expect([verification.ok, found(verification)]).toEqual([false, expected])
    }
  )

  it("ends with 1,000 violations, however many there are of one job", async () => {
    const next = midnight + 5001 * minute
    const { violations, checked } = await damaged(
      snapshot("a", `{"cursor":${next - minute},"nextFireAt":${next}}`),
      `UPDATE job_state SET wake_at = ${next} WHERE key = ${ofA}`
    )
    expect(violations).toHaveLength(1000)
    expect(checked).toEqual({ jobs: 1, runs: 10, fireTimes: 5000 })
  })

  it("tells damaged pages, and checks what can still be read", async () => {
    const filename = await stoppedFile()
    const database = new Database(filename, { readonly: true })
    const root = database
      .prepare<[], { readonly page: number }>("SELECT rootpage AS page FROM sqlite_schema WHERE name = 'ledger'")
      .get()
    database.close()
    const bytes = readFileSync(filename)
    bytes.fill(0xff, ((root?.page ?? 1) - 1) * 4096, (root?.page ?? 1) * 4096)
    writeFileSync(filename, bytes)
    const { ok, violations } = await verifyFile(filename)
    expect(ok).toBe(false)
    expect(new Set(violations.map(({ invariant }) => invariant))).toEqual(new Set(["file"]))
  })

  it("tells whose fire times it did not count", async () => {
    const filename = temporaryFile()
    const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
    const whim = defineTrigger({ type: "whim", next: (after) => after + 7 * minute })
    const scheduler = await world.start({ tasks: [quiet], triggers: [whim], streams: { readings: new Subject() } })
    await scheduler.addJob({ id: "custom", task: quiet, trigger: whim(null) })
    await scheduler.addJob({ id: "fed", task: quiet, trigger: stream("readings") })
    await scheduler.addJob({ id: "delayed", task: quiet, trigger: interval("1 minute", { after: "run" }) })
    await world.clock.advance(20 * minute)
    await scheduler.shutdown()
    expect(await verifyFile(filename)).toMatchObject({
      ok: true,
      notChecked: [
        { reason: "customTrigger", jobs: 1 },
        { reason: "stream", jobs: 1 },
        { reason: "fixedDelay", jobs: 1 }
      ]
    })
    expect(await verifyFile(filename, { triggers: [whim] })).toMatchObject({
      ok: true,
      checked: { fireTimes: 2 },
      notChecked: [{ reason: "stream" }, { reason: "fixedDelay" }]
    })
  })

  it("knows removed jobs, paused ones, and what retention has deleted", async () => {
    const filename = temporaryFile()
    const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
    const scheduler = await world.start({ tasks: [quiet], retention: { runCount: 30, runAge: "1 day" } })
    const trigger = interval("1 minute", { start: midnight })
    for (const id of ["removed", "paused", "kept"]) await scheduler.addJob({ id, task: quiet, trigger })
    await world.clock.advance(5 * minute)
    await scheduler.pauseJob("removed")
    await scheduler.pauseJob("paused")
    await world.clock.advance(5 * minute)
    await scheduler.removeJob("removed")
    expect(await verifyFile(filename)).toMatchObject({ violations: [], checked: { jobs: 3, fireTimes: 23 } })
    await world.clock.advance(2 * 60 * minute)
    await scheduler.resumeJob("paused")
    await world.clock.advance(30 * minute)
    expect((await scheduler.getRuns()).length).toBeLessThan(50)
    // This world is long past, and no run is younger than the default of 30 days.
    expect((await verifyFile(filename)).checked).toMatchObject({ jobs: 3, fireTimes: 0 })
    const { violations, checked } = await verifyFile(filename, { runAge: "40000 days" })
    expect(violations).toEqual([])
    expect(checked.fireTimes).toBeGreaterThan(10)
  })
})

/** Eleven minutes of job `a`, in which the fire time of the second had no run: the first one took long. Then `what` happens to it. */
const interrupted = async (what: (scheduler: Scheduler, world: World) => Promise<unknown>): Promise<string> => {
  const filename = temporaryFile()
  const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
  let runs = 0
  const slowAtFirst = task("slowAtFirst", () => (runs++ === 0 ? sleepOn(world.clock, 90_000) : null))
  const scheduler = await world.start({ tasks: [slowAtFirst] })
  const trigger = interval("1 minute", { start: midnight + minute })
  await scheduler.addJob({ id: "a", task: slowAtFirst, trigger })
  await world.clock.advance(5 * minute)
  await what(scheduler, world)
  await world.clock.advance(3 * minute)
  await scheduler.shutdown()
  return filename
}

const pausedFor =
  (ms: number) =>
  async (scheduler: Scheduler, { clock }: World) => {
    await scheduler.pauseJob("a")
    await clock.advance(ms)
    await scheduler.resumeJob("a")
  }

const pausedTwice = async (scheduler: Scheduler, world: World) => {
  await pausedFor(3 * minute)(scheduler, world)
  await world.clock.advance(minute)
  await pausedFor(2 * minute)(scheduler, world)
}

const stillPaused = (scheduler: Scheduler) => scheduler.pauseJob("a")

const rescheduled = (scheduler: Scheduler) => scheduler.rescheduleJob("a", interval("20 seconds"))

const removedInPause = async (scheduler: Scheduler, { clock }: World) => {
  await scheduler.pauseJob("a")
  await clock.advance(2 * minute)
  await scheduler.removeJob("a")
}

const change = (filename: string, statement: string): void => {
  const database = new Database(filename)
  expect(database.prepare(statement).run().changes).toBe(1)
  database.close()
}

describe("what was before a pause or another trigger", () => {
  const lost = `DELETE FROM ledger WHERE from_at = ${midnight + 2 * minute}`

  it.each([
    ["a pause", pausedFor(3 * minute), 8],
    ["a pause within a minute", pausedFor(20_000), 8],
    ["two pauses", pausedTwice, 9],
    ["a pause that lasts", stillPaused, 5],
    ["a removal in a pause", removedInPause, 5]
  ] as const)("is counted before %s", async (_what, what, fireTimes) => {
    const filename = await interrupted(what)
    expect(await verifyFile(filename, { runAge: "40000 days" })).toMatchObject({
      checked: { fireTimes },
      notChecked: [],
      violations: []
    })
    change(filename, lost)
    const { violations } = await verifyFile(filename, { runAge: "40000 days" })
    expect(violations.map(({ message }) => message)).toEqual([
      `fire time ${midnight + 2 * minute} has no run and no ledger entry`
    ])
  })

  it("finds a fire time that is recorded within a pause", async () => {
    const filename = await interrupted(pausedFor(3 * minute))
    change(
      filename,
      `UPDATE ledger SET from_at = from_at + ${5 * minute}, through_at = from_at + ${5 * minute} WHERE kind = 0`
    )
    const { violations } = await verifyFile(filename)
    expect(violations.map(({ message }) => message)).toEqual([
      `fire time ${midnight + 2 * minute} has no run and no ledger entry`,
      `${midnight + 7 * minute} is accounted for and is no fire time of the trigger, or lies in a pause`
    ])
  })

  it("is told not to be counted before another trigger, where only what is recorded twice is found", async () => {
    const filename = await interrupted(rescheduled)
    const told = { checked: { fireTimes: 9 }, notChecked: [{ reason: "earlierTrigger", jobs: 1 }] }
    expect(await verifyFile(filename)).toMatchObject({ ...told, violations: [] })
    change(
      filename,
      `UPDATE ledger SET from_at = ${midnight + 3 * minute}, through_at = ${midnight + 3 * minute} WHERE kind = 0`
    )
    expect(await verifyFile(filename)).toMatchObject({ ...told, violations: [{ invariant: "doubleAccounting" }] })
  })

  it("is told of a job that was done and was added again", async () => {
    const filename = temporaryFile()
    const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet })
    await world.clock.advance(minute)
    expect((await verifyFile(filename)).notChecked).toEqual([])
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute"), ifExists: "replace" })
    await world.clock.advance(3 * minute)
    expect(await verifyFile(filename)).toMatchObject({
      violations: [],
      notChecked: [{ reason: "earlierTrigger", jobs: 1 }]
    })
  })

  it("is nothing after the last run that a removed job may make", async () => {
    const filename = temporaryFile()
    const world = newWorld("sqlite", sqlite({ filename, durability: "normal" }))
    const slow = task("slow", () => sleepOn(world.clock, 10 * minute))
    const scheduler = await world.start({ tasks: [slow] })
    const last = { task: slow, trigger: interval("1 minute"), maxRuns: 1 }
    for (const id of ["removed", "removed in a pause"]) await scheduler.addJob({ id, ...last })
    await world.clock.advance(2 * minute)
    await scheduler.pauseJob("removed in a pause")
    await world.clock.advance(3 * minute)
    for (const id of ["removed", "removed in a pause"]) await scheduler.removeJob(id)
    await world.clock.advance(10 * minute)
    expect(await verifyFile(filename)).toMatchObject({ violations: [], checked: { fireTimes: 2 } })
  })
})

describe("what verifyFile is given", () => {
  it.each([
    [null, {}],
    [5, {}],
    ["", {}],
    ["a\0b", {}],
    [new URL("file:///jobs.db"), {}],
    ["jobs.db", null],
    ["jobs.db", { runage: "1 day" }],
    ["jobs.db", { triggers: 1 }],
    ["jobs.db", { triggers: [null] }],
    ["jobs.db", { calendars: [{}] }]
  ])("is refused: %j, %j", async (filename, options) => {
    await expect(verifyFile(filename as string, options as object)).rejects.toMatchObject({
      _tag: "InvalidOptionError"
    })
  })
})
