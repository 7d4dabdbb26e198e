/** What callers do to a job while it lives: pause, request, change, remove. */
import { describe, expect, it } from "vitest"
import { date, defineTrigger, interval, task } from "../../src/index.ts"
import type { JobOptions } from "../../src/index.ts"
import { everyTenSeconds } from "./everyTenSeconds.ts"
import { hour, midnight, minute, newWorld, second, shortLedger, shortRuns } from "./world.ts"

describe("pausing", () => {
  it.each([
    ["skip", [0, 10, 40, 50, 60], [["paused", 10_001, 35_000, 0, null]]],
    ["coalesce", [0, 10, 30, 40, 50, 60], [["coalesced", 20_000, 20_000, 1, null]]]
  ] as const)("a job's fire times of a pause: %s", async (missed, ran, ledger) => {
    const { scheduler, clock } = await everyTenSeconds(0, {})
    await clock.advance(15 * second)
    expect((await scheduler.pauseJob("a")).state).toBe("paused")
    await clock.advance(20 * second)
    await scheduler.resumeJob("a", { missed })
    await clock.advance(minute)
    expect(shortRuns(await scheduler.getRuns()).map(([at]) => at / second)).toEqual(ran)
    const seen = await shortLedger(scheduler, "a")
    expect(seen.map(([kind, , through, count]) => [kind, through, count])).toEqual(
      ledger.map(([kind, , through, count]) => [kind, through, count])
    )
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("a job whose last run is under way owes nothing for the time before the pause", async () => {
    const { scheduler, clock } = await everyTenSeconds(hour, { maxRuns: 1 })
    await clock.advance(35 * second)
    await scheduler.pauseJob("a")
    expect(await scheduler.verify()).toMatchObject({ violations: [], checked: { fireTimes: 1 } })
    await scheduler.resumeJob("a")
    await clock.advance(2 * hour)
    expect((await scheduler.getJob("a"))?.state).toBe("done")
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it.each(["pauseJob", "removeJob"] as const)(
    "%s accounts for more fire times than can be counted one by one",
    async (verb) => {
      const world = newWorld("memory")
      const quiet = task("quiet", () => null)
      // Only its code knows how many there are; `or` and `and` of days that are alike are counted.
      const eachSecond = defineTrigger({
        type: "eachSecond",
        next: (after) => (Math.floor(after / second) + 1) * second
      })
      const scheduler = await world.start({ tasks: [quiet], triggers: [eachSecond] })
      await scheduler.addJob({ id: "a", task: quiet, trigger: eachSecond(null) })
      await world.clock.settle()
      scheduler.pause()
      await world.clock.advance(30 * hour)
      await scheduler[verb]("a")
      expect(await shortLedger(scheduler, "a")).toEqual([
        ["misfired", second, 100_000 * second, 100_000, "withdrawn"],
        ["paused", 100_000 * second + 1, 108_000 * second, 0, null]
      ])
    }
  )

  it("a paused scheduler fires nothing, and what came due follows the misfire rules", async () => {
    const { scheduler, clock } = await everyTenSeconds(0, { misfireGrace: "10 seconds" })
    await clock.advance(second)
    scheduler.pause()
    await clock.advance(34 * second)
    expect(shortRuns(await scheduler.getRuns()).length).toBe(1)
    scheduler.resume()
    await clock.advance(second)
    expect(shortRuns(await scheduler.getRuns())).toEqual([
      [0, "succeeded", 1],
      [30_000, "succeeded", 1]
    ])
    expect(await shortLedger(scheduler, "a")).toEqual([["misfired", 10_000, 20_000, 2, "late"]])
  })

  it("a paused job runs on request, and its schedule stays paused", async () => {
    const { scheduler, clock } = await everyTenSeconds(0, { paused: true })
    const run = await scheduler.runJob("a")
    await clock.advance(minute)
    expect(await run.settled()).toMatchObject({ outcome: "succeeded", requested: true })
    expect((await scheduler.getJob("a"))?.state).toBe("paused")
    await expect(scheduler.pauseJob("a")).rejects.toMatchObject({ _tag: "JobStateError", state: "paused" })
  })
})

describe("requests and removal", () => {
  it("a request obeys maxInstances: it is refused, or waits", async () => {
    const { scheduler, clock } = await everyTenSeconds(hour, { trigger: date(midnight) } as JobOptions)
    await clock.settle()
    await expect(scheduler.runJob("a")).rejects.toMatchObject({
      _tag: "MaxInstancesError",
      jobId: "a",
      maxInstances: 1
    })
    await scheduler.modifyJob("a", { overlap: "queue-all" })
    const waiting = scheduler.runJob("a")
    await clock.advance(hour)
    const run = await waiting
    await clock.advance(hour)
    expect(await run.settled()).toMatchObject({ requested: true, outcome: "succeeded", startedAt: midnight + hour })
  })

  it("a request that waits is refused when its job is removed", async () => {
    const { scheduler, clock } = await everyTenSeconds(hour, {
      trigger: date(midnight),
      overlap: "queue-all"
    } as JobOptions)
    await clock.settle()
    const waiting = scheduler.runJob("a").catch((error: unknown) => error)
    await clock.settle()
    await scheduler.removeJob("a")
    expect(await waiting).toMatchObject({ _tag: "JobStateError", verb: "runJob" })
  })

  it("a request has arguments of its own", async () => {
    const world = newWorld("memory")
    const echo = task("echo", ({ args }) => args)
    const scheduler = await world.start({ tasks: [echo] })
    await scheduler.addJob({ id: "a", task: echo, args: "the job's", trigger: date(midnight + hour) })
    const runs = [await scheduler.runJob("a", { args: { own: 1 } }), await scheduler.runJob("a")]
    await world.clock.settle()
    expect((await Promise.all(runs.map((run) => run.settled()))).map(({ result }) => result)).toEqual([
      { own: 1 },
      "the job's"
    ])
    await expect(scheduler.runJob("a", { args: () => 1 })).rejects.toMatchObject({
      _tag: "InvalidArgumentsError",
      job: "a"
    })
    await expect(scheduler.runJob("nobody")).rejects.toMatchObject({ _tag: "UnknownJobError", jobId: "nobody" })
  })

  it("a job removed while it runs frees its id at once; its run ends, is recorded, and can be cancelled", async () => {
    const { scheduler, clock } = await everyTenSeconds(hour, { trigger: date(midnight) } as JobOptions)
    await clock.settle()
    await scheduler.removeJob("a")
    expect(await scheduler.getJob("a")).toBeUndefined()
    await scheduler.addJob({ id: "a", task: "work" })
    await clock.settle()
    const [second_, first] = await scheduler.getRuns({ jobId: "a" })
    const cancelled = scheduler.cancelRun(first?.runId ?? "")
    await clock.settle()
    expect(await cancelled).toBe(true)
    await clock.advance(hour)
    expect((await scheduler.getRuns({ jobId: "a" })).map(({ runId, outcome }) => [runId, outcome])).toEqual([
      [second_?.runId, "succeeded"],
      [first?.runId, "cancelled"]
    ])
  })

  it("a task may change, pause and remove its own job", async () => {
    const world = newWorld("memory")
    const own = task("own", async ({ jobId, fireAt }) => {
      if (fireAt === midnight) await world.scheduler.modifyJob(jobId, { tags: ["changed"] })
      if (fireAt === midnight + minute)
        await world.scheduler.rescheduleJob(jobId, interval("1 hour", { start: midnight }))
      if (fireAt === midnight + hour) await world.scheduler.removeJob(jobId)
      return fireAt
    })
    const scheduler = await world.start({ tasks: [own] })
    await scheduler.addJob({ id: "a", task: own, trigger: interval("1 minute", { start: midnight }) })
    await world.clock.advance(3 * hour)
    expect(shortRuns(await scheduler.getRuns())).toEqual([
      [0, "succeeded", 1],
      [minute, "succeeded", 1],
      [hour, "succeeded", 1]
    ])
    expect(await scheduler.getJobs()).toEqual([])
  })
})
