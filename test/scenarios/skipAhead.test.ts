/** What happens to a job after its next fire time was left out: the clock has not been there, whatever the ledger says of it. */
import { describe, expect, it } from "vitest"
import { cron, date, interval, limit, or, task } from "../../src/index.ts"
import type { Scheduler } from "../../src/index.ts"
import { day, hour, midnight, minute, newWorld, shortLedger, shortRuns, storeKinds } from "./world.ts"

const quiet = task("quiet", () => null)
const hourly = interval("1 hour", { start: midnight })
const nightly = cron("0 23 * * *")

const ranAt = async (scheduler: Scheduler, unit: number = hour): Promise<ReadonlyArray<number>> =>
  shortRuns(await scheduler.getRuns()).map(([at]) => at / unit)

const mustVerify = async (scheduler: Scheduler): Promise<void> =>
  expect((await scheduler.verify()).violations).toEqual([])

describe.each(storeKinds)("in the %s store, another trigger after skipNext counts from now", (kind) => {
  it.each(["rescheduleJob", "modifyJob", "addJob"] as const)("given by %s", async (verb) => {
    const world = newWorld(kind)
    await world.start({ tasks: [quiet] })
    const job = await world.scheduler.addJob({ id: "a", task: quiet, trigger: nightly })
    await job.skipNext()
    await world.clock.advance(hour + minute)
    const { scheduler } = world
    if (verb === "rescheduleJob") await scheduler.rescheduleJob("a", hourly)
    else if (verb === "modifyJob") await scheduler.modifyJob("a", { trigger: hourly })
    else await scheduler.addJob({ id: "a", task: quiet, trigger: hourly, ifExists: "replace" })
    expect((await scheduler.getJob("a"))?.nextFireAt).toBe(midnight + 2 * hour)
    await world.start({ tasks: [quiet] })
    await world.clock.advance(day)
    // At 23:00 too, which it was the other trigger to leave out.
    expect(await ranAt(world.scheduler)).toEqual(Array.from({ length: 24 }, (_, index) => index + 2))
    await mustVerify(world.scheduler)
    expect((await world.scheduler.explain("a", midnight + 23 * hour)).verdict).toBe("ran")
  })
})

describe("another trigger after skipNext", () => {
  it("does not give again what the old one has served at this very instant", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: hourly })
    await world.clock.advance(hour)
    await scheduler.skipNext("a")
    await scheduler.rescheduleJob("a", interval("30 minutes", { start: midnight }))
    await world.clock.advance(hour)
    expect(await ranAt(scheduler, minute)).toEqual([0, 60, 90, 120])
    await mustVerify(scheduler)
  })

  it("counts from now, however often the two come in turn without a run between", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: nightly })
    for (const minutes of [45, 40, 35, 30]) {
      await scheduler.skipNext("a")
      await scheduler.skipNext("a")
      await scheduler.rescheduleJob("a", interval({ minutes }, { start: midnight + minutes * minute }))
    }
    await world.clock.advance(2 * hour)
    expect(await ranAt(scheduler, minute)).toEqual([30, 60, 90, 120])
    await mustVerify(scheduler)
    await scheduler.skipNext("a")
    await world.clock.advance(hour)
    expect(await ranAt(scheduler, minute)).toEqual([30, 60, 90, 120, 180])
    await mustVerify(scheduler)
  })

  it("counts from now where the job was done since it had no other", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: date(midnight + day) })
    expect((await scheduler.skipNext("a")).state).toBe("done")
    await scheduler.addJob({ id: "a", task: quiet, trigger: hourly, ifExists: "replace" })
    await world.clock.advance(2 * hour)
    expect(await ranAt(scheduler)).toEqual([0, 1, 2])
    await mustVerify(scheduler)
  })
})

describe("the same trigger after skipNext leaves out what was left out", () => {
  it.each([
    ["within a pause that ends before it", 1, [23 + 24]],
    ["within a pause that lasts over it", 24, [23 + 24]]
  ])("%s", async (_case, hours, expected) => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: nightly })
    await scheduler.skipNext("a")
    await scheduler.pauseJob("a")
    await world.clock.advance(hours * hour)
    await scheduler.resumeJob("a")
    await world.clock.advance((48 - hours) * hour)
    expect(await ranAt(scheduler)).toEqual(expected)
    const ledger = await shortLedger(scheduler, "a")
    expect(ledger.filter(([kind]) => kind === "misfired")).toEqual([["misfired", 23 * hour, 23 * hour, 1, "skipped"]])
    await mustVerify(scheduler)
  })

  it("when the task is not there for a while", async () => {
    const world = newWorld("memory")
    await world.start({ tasks: [quiet] })
    await world.scheduler.addJob({ id: "a", task: quiet, trigger: hourly })
    await world.clock.settle()
    await world.scheduler.skipNext("a")
    await world.start({ tasks: [] })
    await world.clock.advance(2 * hour)
    expect((await world.scheduler.getJob("a"))?.fault).toBe(null)
    await world.start({ tasks: [quiet] })
    await world.clock.settle()
    expect(await ranAt(world.scheduler)).toEqual([0, 2])
    await mustVerify(world.scheduler)
  })
})

describe("skipNext of", () => {
  it("an or leaves out what comes first", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const trigger = or([
      interval("2 hours", { start: midnight + hour }),
      interval("3 hours", { start: midnight + hour })
    ])
    await scheduler.addJob({ id: "a", task: quiet, trigger })
    await scheduler.skipNext("a")
    await world.clock.advance(4 * hour)
    // Of one instant that both parts give there is one fire time.
    expect(await ranAt(scheduler)).toEqual([3, 4])
    await mustVerify(scheduler)
  })

  it("a limited trigger counts it, and maxRuns does not", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const from = interval("1 hour", { start: midnight + hour })
    await scheduler.addJob({ id: "limit", task: quiet, trigger: limit(from, 2) })
    await scheduler.addJob({ id: "runs", task: quiet, trigger: from, maxRuns: 2 })
    await scheduler.skipNext("limit")
    await scheduler.skipNext("runs")
    await world.clock.advance(6 * hour)
    const ran = (await scheduler.getRuns()).map(({ jobId, fireAt }) => [jobId, (fireAt - midnight) / hour])
    expect(ran.toSorted()).toEqual([
      ["limit", 2],
      ["runs", 2],
      ["runs", 3]
    ])
    await mustVerify(scheduler)
  })

  it("a trigger with jitter leaves out the fire time as it was moved", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const plain = await scheduler.addJob({
      id: "a",
      task: quiet,
      trigger: hourly,
      start: midnight + hour,
      jitter: "5 minutes"
    })
    const [first, second, third] = (await scheduler.preview(3, "a")).map(({ fireAt }) => fireAt)
    expect(plain.nextFireAt).toBe(first)
    expect((await scheduler.skipNext("a")).nextFireAt).toBe(second)
    await world.clock.advance(4 * hour)
    expect(
      (await scheduler.getRuns())
        .map(({ fireAt }) => fireAt)
        .toSorted((a, b) => a - b)
        .slice(0, 2)
    ).toEqual([second, third])
    await mustVerify(scheduler)
  })

  it("a fixed delay waits once more; while it runs the end of the run gives the next", async () => {
    const world = newWorld("memory")
    const slow = task("slow", () => world.clock.wait("5 minutes"))
    const scheduler = await world.start({ tasks: [slow] })
    await scheduler.addJob({ id: "a", task: slow, trigger: interval("10 minutes", { after: "run" }) })
    await world.clock.advance(11 * minute)
    await expect(scheduler.skipNext("a")).rejects.toMatchObject({ _tag: "JobStateError", state: "running" })
    await world.clock.advance(5 * minute)
    // It ended at 15; 25 is left out, and the delay counts from there.
    expect((await scheduler.skipNext("a")).nextFireAt).toBe(midnight + 35 * minute)
    await world.clock.advance(hour)
    expect((await ranAt(scheduler, minute)).slice(0, 3)).toEqual([10, 35, 50])
    await mustVerify(scheduler)
  })

  it("a misfired job leaves it misfired until a run starts", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: hourly, misfireGrace: "1 minute" })
    scheduler.pause()
    await world.clock.advance(hour / 2)
    scheduler.resume()
    await world.clock.settle()
    expect((await scheduler.skipNext("a")).state).toBe("misfired")
    await world.clock.advance(2 * hour)
    expect(await ranAt(scheduler)).toEqual([2])
    expect((await scheduler.getJob("a"))?.state).toBe("scheduled")
    await mustVerify(scheduler)
  })

  it("several that are due leaves out the first of them, and the others follow their rules", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet], paused: true })
    await scheduler.addJob({ id: "all", task: quiet, trigger: hourly, coalesce: "all" })
    await scheduler.addJob({ id: "latest", task: quiet, trigger: hourly })
    await world.clock.advance(2 * hour)
    await scheduler.skipNext("all")
    await scheduler.skipNext("latest")
    scheduler.resume()
    await world.clock.settle()
    const ran = (await scheduler.getRuns()).map(({ jobId, fireAt }) => [jobId, (fireAt - midnight) / hour])
    expect(ran.toSorted()).toEqual([
      ["all", 1],
      ["all", 2],
      ["latest", 2]
    ])
    await mustVerify(scheduler)
  })

  it("a job whose clock was ahead does not keep it there", async () => {
    const world = newWorld("memory")
    await world.start({ tasks: [quiet] })
    const { scheduler, clock } = world
    await scheduler.addJob({ id: "a", task: quiet, trigger: hourly })
    clock.stepWall(30 * day)
    await clock.advance(minute)
    await scheduler.skipNext("a")
    clock.stepWall(-30 * day)
    await clock.advance(2 * hour)
    expect((await scheduler.getJob("a"))?.nextFireAt).toBe(midnight + 3 * hour)
    await mustVerify(scheduler)
  })
})
