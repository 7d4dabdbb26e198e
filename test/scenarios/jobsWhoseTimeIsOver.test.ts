/** Jobs that have had their last fire time: stated again, they change nothing and keep nobody from anything. */
import { describe, expect, it } from "vitest"
import { createSchedulerFromConfig, cron, date, interval, limit, or, task, window } from "../../src/index.ts"
import type { JobOptions, Trigger } from "../../src/index.ts"
import { day, hour, midnight, minute, newWorld, second, storeKinds } from "./world.ts"

const quiet = task("quiet", () => null)
const other = task("other", () => null)

/** Each has its last fire time within the first day. */
const overAfterADay: ReadonlyArray<readonly [string, () => Trigger, JobOptions]> = [
  ["an end", () => cron("0 * * * *"), { end: midnight + 3 * hour }],
  ["a window", () => window(cron("0 * * * *"), { end: midnight + 3 * hour }), {}],
  ["dates", () => or([date(midnight + hour), date(midnight + 2 * hour)]), {}],
  ["one date", () => date(midnight + hour), {}],
  ["a year", () => cron({ year: 2026, month: 1, day: 1, hour: 5 }), {}],
  ["an interval's end", () => interval("1 hour", { start: midnight, end: midnight + 5 * hour }), {}],
  ["a limit", () => limit(interval("1 hour", { start: midnight }), 2), {}],
  ["maxRuns", () => interval("1 hour", { start: midnight }), { maxRuns: 2 }]
]

describe.each(storeKinds)("in the %s store, a job that has ended by", (kind) => {
  it.each(overAfterADay)(
    "%s does not keep the others from starting when it is declared",
    async (_, trigger, options) => {
      const world = newWorld(kind)
      for (let life = 0; life < 3; life++) {
        const tasks = [quiet.scheduled(trigger(), options), other.scheduled(interval("1 day", { start: midnight }))]
        await world.start({ tasks })
        expect(world.events.filter(({ type }) => type === "JobModified")).toEqual([])
        await world.clock.advance(2 * day)
      }
      expect((await world.scheduler.getJob("quiet"))?.state).toBe("done")
      const ran = await world.scheduler.getRuns({ jobId: "quiet" })
      expect(new Set(ran.map(({ fireAt }) => fireAt)).size).toBe(ran.length)
      expect(Math.max(...ran.map(({ fireAt }) => fireAt))).toBeLessThan(midnight + day)
      expect((await world.scheduler.getRuns({ jobId: "other" })).length).toBe(7)
      expect((await world.scheduler.verify()).violations).toEqual([])
    }
  )

  it.each(overAfterADay)("%s is left as it is when it is added again", async (_, trigger, options) => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [quiet] })
    const job = { id: "a", task: quiet, trigger: trigger(), ...options }
    await scheduler.addJob(job)
    await world.clock.advance(2 * day)
    const before = await scheduler.getRuns()
    for (const ifExists of ["replace", "keep"] as const) {
      expect((await scheduler.addJob({ ...job, ifExists })).state).toBe("done")
      expect((await scheduler.addJobs([{ ...job, ifExists }]))[0]?.state).toBe("done")
    }
    expect(world.events.filter(({ type }) => type === "JobModified")).toEqual([])
    await world.clock.advance(day)
    expect(await scheduler.getRuns()).toEqual(before)
    // A definition that differs in something else is taken, and is over too.
    const renamed = await scheduler.addJob({ ...job, name: "renamed", ifExists: "replace" })
    expect(renamed).toMatchObject({ name: "renamed", state: "done" })
  })
})

const past = { trigger: cron("0 9 * * *"), end: midnight - day }

describe("a job that was over before it came", () => {
  it("is refused as a new one, and is done where it is stated as one that is to be there", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await expect(scheduler.addJob({ id: "a", task: quiet, ...past })).rejects.toMatchObject({
      _tag: "InvalidJobError",
      jobId: "a",
      field: "trigger"
    })
    expect(await scheduler.getJobs()).toEqual([])
    const added = await scheduler.addJob({ id: "a", task: quiet, ...past, paused: true, ifExists: "replace" })
    expect(added).toMatchObject({ state: "done", nextFireAt: null, runCount: 0, pausedBy: null })
    expect(world.events.map(({ type }) => type)).toEqual(["SchedulerStarted", "JobAdded", "JobDone"])
    await world.clock.advance(day)
    expect((await scheduler.getJob("a"))?.state).toBe("done")
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("is done when it is declared, configured or remembered for the start", async () => {
    const world = newWorld("memory")
    const { scheduler } = {
      scheduler: await world.start({ tasks: [quiet.scheduled(past.trigger, { end: past.end })] })
    }
    expect((await scheduler.getJob("quiet"))?.state).toBe("done")
    const configured = await createSchedulerFromConfig(
      {
        timezone: "UTC",
        jobs: [{ id: "c", task: "quiet", trigger: { type: "date", at: midnight }, end: midnight - 1 }]
      },
      { tasks: [quiet], clock: world.clock }
    )
    const remembered = await configured.addJob({ id: "a", task: quiet, ...past, ifExists: "keep" })
    expect(remembered.state).toBe("done")
    await configured.start()
    expect((await configured.getJobs()).map(({ id, state }) => [id, state]).toSorted()).toEqual([
      ["a", "done"],
      ["c", "done"]
    ])
    await configured.shutdown()
  })

  it("keeps no import from importing", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "ended", task: quiet, trigger: interval("1 minute"), end: midnight + hour })
    await scheduler.addJob({ id: "daily", task: quiet, trigger: cron("0 9 * * *") })
    const exported = await scheduler.exportJobs()
    const elsewhere = newWorld("memory")
    await elsewhere.clock.advance(day)
    const importer = await elsewhere.start({ tasks: [quiet] })
    const imported = await importer.importJobs(exported)
    expect(imported.map(({ id, state }) => [id, state]).toSorted()).toEqual([
      ["daily", "scheduled"],
      ["ended", "done"]
    ])
  })

  it("a job that goes on is ended by a definition that is over", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 hour", { start: midnight }) })
    await world.clock.advance(hour + 30 * minute)
    const replaced = await scheduler.addJob({ id: "a", task: quiet, ...past, ifExists: "replace" })
    expect(replaced.state).toBe("done")
    await world.clock.advance(day)
    expect((await scheduler.getRuns()).length).toBe(2)
    expect((await scheduler.verify()).violations).toEqual([])
    await world.clock.advance(second)
  })
})
