/** Leaving out the next fire time, and no other. */
import { describe, expect, it } from "vitest"
import { cron, date, interval, stream, task } from "../../src/index.ts"
import { NEVER } from "rxjs"
import { day, hour, midnight, minute, newWorld, shortLedger, shortRuns, storeKinds } from "./world.ts"

const quiet = task("quiet", () => null)

describe.each(storeKinds)("in the %s store, skipNext", (kind) => {
  it("leaves out one fire time, with an entry that says so, and survives a restart", async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [quiet] })
    const job = await world.scheduler.addJob({ id: "a", task: quiet, trigger: cron("0 9 * * *") })
    expect((await job.skipNext()).nextFireAt).toBe(midnight + day + 9 * hour)
    await world.start({ tasks: [quiet] })
    await world.clock.advance(2 * day)
    const { scheduler } = world
    expect(shortRuns(await scheduler.getRuns()).map(([at]) => at / hour)).toEqual([33])
    expect(await shortLedger(scheduler, "a")).toEqual([["misfired", 9 * hour, 9 * hour, 1, "skipped"]])
    const told = await scheduler.explain("a", midnight + 9 * hour)
    expect(told).toMatchObject({ verdict: "misfired" })
    expect(told.sentence).toContain("asked")
    expect((await scheduler.getJob("a"))?.state).toBe("scheduled")
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

describe("skipNext", () => {
  it("leaves out one more each time, beside a run and after a misfire", async () => {
    const world = newWorld("memory")
    const slow = task("slow", () => world.clock.wait("90 seconds"))
    const scheduler = await world.start({ tasks: [slow] })
    await scheduler.addJob({ id: "a", task: slow, trigger: interval("1 minute", { start: midnight + minute }) })
    await world.clock.advance(minute + minute / 2)
    expect((await scheduler.skipNext("a")).state).toBe("running")
    await scheduler.skipNext("a")
    await world.clock.advance(3 * minute)
    expect(shortRuns(await scheduler.getRuns()).map(([at]) => at / minute)).toEqual([1, 4])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("ends a job that has no other", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: date(midnight + hour) })
    expect((await scheduler.skipNext("a")).state).toBe("done")
    await world.clock.advance(day)
    expect(await scheduler.getRuns()).toEqual([])
  })

  it("skips what is due and waits for a paused scheduler, and what comes after a pause", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet], paused: true })
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 hour", { start: midnight + hour }) })
    await world.clock.advance(hour + minute)
    await scheduler.skipNext("a")
    scheduler.resume()
    await world.clock.advance(hour)
    await scheduler.pauseJob("a")
    await scheduler.resumeJob("a")
    await scheduler.skipNext("a")
    await world.clock.advance(2 * hour)
    expect(shortRuns(await scheduler.getRuns()).map(([at]) => at / hour)).toEqual([2, 4])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("is refused where no next fire time is known", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet], streams: { s: NEVER } })
    await scheduler.addJobs([
      { id: "paused", task: quiet, trigger: cron("0 9 * * *"), paused: true },
      { id: "stream", task: quiet, trigger: stream("s") },
      { id: "done", task: quiet }
    ])
    await world.clock.settle()
    for (const id of ["paused", "stream", "done"])
      await expect(scheduler.skipNext(id)).rejects.toMatchObject({ _tag: "JobStateError", verb: "skipNext", jobId: id })
    await expect(scheduler.skipNext("nobody")).rejects.toMatchObject({ _tag: "UnknownJobError" })
  })
})
