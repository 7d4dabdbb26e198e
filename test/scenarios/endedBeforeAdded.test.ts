/** Triggers that state an end and leave the start to the day they are added: after that end they have no fire times, and fail nobody. */
import { describe, expect, it } from "vitest"
import {
  and,
  calendarInterval,
  createSchedulerFromConfig,
  cron,
  date,
  filter,
  InvalidJobError,
  interval,
  jitter,
  limit,
  or,
  task,
  window
} from "../../src/index.ts"
import type { JobInput, Trigger, TriggerSpec } from "../../src/index.ts"
import { day, hour, midnight, newWorld, storeKinds } from "./world.ts"
import type { StoreKind } from "./world.ts"

const quiet = task("quiet", () => null)
const other = task("other", () => null)
const end = midnight + 6 * hour

const kinds: ReadonlyArray<readonly [string, () => Trigger]> = [
  ["interval", () => interval("1 hour", { end })],
  ["interval with wall time", () => interval("1 hour", { end: "2026-01-01T12:00", timezone: "Asia/Tokyo" })],
  ["interval with wall time of the scheduler's zone", () => interval("1 hour", { end: "2026-01-01T06:00" })],
  ["interval immediately", () => interval("1 hour", { end, immediately: true })],
  ["interval after the run", () => interval("1 hour", { end, after: "run" })],
  ["interval after the run, immediately", () => interval("1 hour", { end, after: "run", immediately: true })],
  ["calendarInterval by a date", () => calendarInterval({ days: 1, hour: 3 }, { end: "2026-01-01" })],
  ["calendarInterval by an instant", () => calendarInterval({ weeks: 1, hour: 3 }, { end, timezone: "UTC" })],
  ["cron of a year", () => cron({ year: 2026, month: 1, day: 1 })],
  ["date", () => date(midnight + hour)],
  ["window", () => window(interval("1 hour"), { end })]
]

const fixedDelay = (name: string): boolean => name.includes("after the run")

/** What a trigger may be nested in without getting more fire times. */
const combinators: ReadonlyArray<readonly [string, (inner: Trigger) => Trigger]> = [
  ["alone", (inner) => inner],
  ["or", (inner) => or([inner, inner])],
  ["and", (inner) => and([cron("0 * * * *"), inner])],
  ["filter", (inner) => filter(inner, { months: "jan" })],
  ["jitter", (inner) => jitter(inner, "5 minutes")],
  ["limit", (inner) => limit(inner, 100)],
  ["window", (inner) => window(inner, { start: midnight })],
  ["jitter of filter of or", (inner) => jitter(filter(or([inner]), { months: "jan" }), "5 minutes")]
]

const shapes = kinds.flatMap(([kind, trigger]) =>
  combinators
    .filter(([combinator]) => !fixedDelay(kind) || ["alone", "window"].includes(combinator))
    .map(([combinator, nest]) => [`${combinator} of ${kind}`, () => nest(trigger())] as const)
)

/** What a store keeps of a trigger is the same text in each: a file, which takes its time, has few of them. */
const shapesIn = (store: StoreKind): typeof shapes =>
  store === "memory"
    ? shapes
    : shapes.filter(([name]) => name === "alone of interval" || name.startsWith("jitter of filter of or of calendar"))

describe.each(storeKinds)("in the %s store, an end that has passed", (store) => {
  it.each(shapesIn(store))("%s blocks nothing at any start, however the job is stated", async (_, trigger) => {
    const world = newWorld(store)
    let exported
    for (let life = 0; life < 3; life++) {
      const hourly = other.scheduled(interval("1 day", { start: midnight }))
      const scheduler = await world.start({ tasks: [quiet.scheduled(trigger()), hourly] })
      for (const ifExists of ["replace", "keep"] as const) {
        const job: JobInput = { id: ifExists, task: quiet, trigger: trigger(), ifExists }
        await scheduler.addJob(job)
        await scheduler.addJobs([{ ...job, id: `${ifExists}-batch` }])
      }
      exported ??= await scheduler.exportJobs()
      await scheduler.importJobs(exported, { ifExists: life === 1 ? "keep" : "replace" })
      await world.clock.advance(2 * day)
      expect((await scheduler.verify()).violations).toEqual([])
    }
    const jobs = await world.scheduler.getJobs()
    expect(jobs.filter(({ task: name, state }) => name === "quiet" && state !== "done")).toEqual([])
    expect((await world.scheduler.getRuns({ jobId: "other" })).length).toBe(7)
    for (const { fireAt } of await world.scheduler.getRuns()) expect(fireAt).toBeGreaterThanOrEqual(midnight)
  })

  it.each(shapesIn(store))(
    "%s is first stated after its end: done, or refused as a new job that never fires",
    async (name, trigger) => {
      const world = newWorld(store)
      const source = await world.start({ tasks: [quiet] })
      await source.addJob({ id: "imported", task: quiet, trigger: trigger() })
      const exported = await source.exportJobs()
      const elsewhere = newWorld(store)
      await elsewhere.clock.advance(2 * day)
      const isDate = name.endsWith("of date")
      const declared = isDate ? quiet : quiet.scheduled(trigger())
      const scheduler = await elsewhere.start({ tasks: [declared] })
      await scheduler.importJobs(exported)
      for (const ifExists of ["replace", "keep"] as const)
        await scheduler.addJob({ id: ifExists, task: quiet, trigger: trigger(), ifExists })
      await elsewhere.clock.advance(day)
      expect((await scheduler.getJobs()).filter(({ state }) => state !== "done")).toEqual([])
      // A single instant that has passed still fires, or is a misfire; nothing else has.
      if (!isDate) {
        expect(await scheduler.getRuns()).toEqual([])
        const added = scheduler.addJob({ id: "new", task: quiet, trigger: trigger() })
        await expect(added).rejects.toThrow("never fires")
        await expect(added).rejects.toBeInstanceOf(InvalidJobError)
      }
      expect((await scheduler.verify()).violations).toEqual([])
    }
  )

  it("leaves the other fire times of an or", async () => {
    const world = newWorld(store)
    await world.clock.advance(2 * day)
    const trigger = or([
      interval("1 hour", { end }),
      calendarInterval({ days: 1 }, { end: "2026-01-01" }),
      cron("0 5 * * *")
    ])
    const scheduler = await world.start({ tasks: [quiet.scheduled(trigger)] })
    await world.clock.advance(day)
    expect((await scheduler.getRuns()).map(({ fireAt }) => fireAt)).toEqual([midnight + 2 * day + 5 * hour])
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

describe("a configuration whose end has passed", () => {
  const configured: ReadonlyArray<readonly [string, TriggerSpec]> = [
    ["interval", { type: "interval", every: hour, end }],
    ["interval after the run", { type: "interval", every: hour, end, after: "run" }],
    ["calendarInterval", { type: "calendarInterval", days: 1, end: "2026-01-01" }],
    ["or", { type: "or", triggers: [{ type: "interval", every: hour, end }] }]
  ]
  it.each(configured)("%s is done", async (_, trigger) => {
    const world = newWorld("memory")
    await world.clock.advance(2 * day)
    const jobs = [{ id: "a", task: "quiet", trigger }]
    const scheduler = await createSchedulerFromConfig({ timezone: "UTC", jobs }, { tasks: [quiet], clock: world.clock })
    await scheduler.start()
    expect((await scheduler.getJob("a"))?.state).toBe("done")
    await scheduler.shutdown()
  })

  it.each(configured)("%s is refused with a start of its own after the end", async (name, trigger) => {
    const start = midnight + day
    const stated =
      name === "or" ? { type: "or", triggers: [{ type: "interval", every: hour, start, end }] } : { ...trigger, start }
    const jobs = [{ id: "a", task: "quiet", trigger: stated }]
    await expect(createSchedulerFromConfig({ timezone: "UTC", jobs }, { tasks: [quiet] })).rejects.toThrow("start")
  })
})

it("a start of the user's own after the end is refused where it is stated", () => {
  expect(() => interval("1 hour", { start: end + 1, end })).toThrow("or later")
  expect(() => calendarInterval({ days: 1 }, { start: "2026-01-02", end: "2026-01-01" })).toThrow("later date")
})
