/** Runs on request in a pause: of a paused job they go on to their end; while the scheduler is paused nothing is claimed. */
import { describe, expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import type { JobInput } from "../../src/index.ts"
import { midnight, minute, newWorld, second } from "./world.ts"

const retry = { attempts: 3, backoff: "1 minute", factor: 1 } as const

/** The first attempts fail. */
const scene = async (failures: number, options: Partial<JobInput> = {}) => {
  const world = newWorld("memory")
  let calls = 0
  const flaky = task("flaky", () => {
    calls += 1
    if (calls <= failures) throw new Error("not yet")
    return calls
  })
  const start = () => world.start({ tasks: [flaky] })
  const scheduler = await start()
  const job = await scheduler.addJob({ id: "j", task: flaky, paused: true, retry, ...options })
  return { ...world, world, scheduler, job, start, calls: () => calls }
}

describe("a requested run of a paused job", () => {
  it("has its further attempts, and whoever waits for it hears of its end", async () => {
    const { job, clock } = await scene(2, { trigger: interval("10 seconds") })
    const run = await job.run()
    const settled = run.settled()
    await clock.advance("5 minutes")
    expect(await settled).toMatchObject({ outcome: "succeeded", attempt: 3, result: 3 })
    expect(await job.runs()).toHaveLength(1)
  })

  it("has them after a restart, and after a crash", async () => {
    const { world, start, job, clock } = await scene(2)
    await job.run()
    await clock.settle()
    await start()
    await clock.advance("61 seconds")
    await world.crash()
    const again = await start()
    await clock.advance("5 minutes")
    expect((await again.getRuns()).map(({ outcome, attempt }) => [outcome, attempt])).toEqual([["succeeded", 3]])
  })

  it("times out, is tried again, and can be called off in between", async () => {
    const world = newWorld("memory")
    const hanging = task("hanging", ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", resolve)))
    const scheduler = await world.start({ tasks: [hanging] })
    const job = await scheduler.addJob({ id: "j", task: hanging, paused: true, retry, timeout: "1 second" })
    const run = await job.run()
    const settled = run.settled()
    await world.clock.advance("62 seconds")
    expect((await job.runs()).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([[2, null]])
    await world.clock.advance("1 second")
    const cancelled = scheduler.cancelRun(run.runId)
    await world.clock.settle()
    expect(await cancelled).toBe(true)
    expect((await settled).outcome).toBe("cancelled")
    const next = job.run()
    await world.clock.settle()
    expect((await next).runId).not.toBe(run.runId)
  })

  it("waits behind another one for its turn, and gets it", async () => {
    const { scheduler, job, clock } = await scene(1, { overlap: "queue-all" })
    const [first, second] = [job.run(), job.run()]
    await clock.advance("3 minutes")
    const outcomes = [await (await first).settled(), await (await second).settled()].map(({ outcome }) => outcome)
    expect(outcomes).toEqual(["succeeded", "succeeded"])
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

describe("a run of a fire time whose job is paused between its attempts", () => {
  it("waits until the job is resumed, and explain says so", async () => {
    const { scheduler, job, clock } = await scene(1, { paused: false, trigger: interval("1 hour") })
    await clock.advance("1 hour")
    const pausing = job.pause()
    await clock.advance("10 minutes")
    await pausing
    const { sentence } = await job.explain(midnight + 60 * minute)
    expect(sentence).toContain("attempt 2")
    expect(sentence).toContain("waits until the job is resumed")
    const resuming = job.resume()
    await clock.settle()
    await resuming
    expect((await scheduler.getRuns()).map(({ outcome, attempt }) => [outcome, attempt])).toEqual([["succeeded", 2]])
  })
})

describe("while the scheduler is paused", () => {
  it("a request is accepted and waits for resume", async () => {
    const { scheduler, job, clock, calls } = await scene(0, { paused: false, trigger: interval("1 hour") })
    scheduler.pause()
    const asked = job.run()
    await clock.advance("10 minutes")
    expect(calls()).toBe(0)
    expect(job.record.live).toEqual([])
    scheduler.resume()
    await clock.settle()
    const run = await asked
    expect((await run.settled()).outcome).toBe("succeeded")
    expect((await scheduler.getRuns()).every(({ claimedAt }) => claimedAt >= midnight + 10 * minute)).toBe(true)
  })

  it("as many are accepted as may run at a time; of more the overlap policy decides", async () => {
    const { scheduler, job, clock, calls } = await scene(0, {
      paused: false,
      maxInstances: 2,
      trigger: interval("1 hour")
    })
    scheduler.pause()
    const [first, second] = [job.run(), job.run()]
    await expect(job.run()).rejects.toMatchObject({ _tag: "MaxInstancesError" })
    scheduler.resume()
    await clock.settle()
    await Promise.all([first, second])
    expect(calls()).toBe(2)
  })

  it("a request of a paused job waits too, and one that would make room makes it when it starts", async () => {
    const world = newWorld("memory")
    const slow = task("slow", () => world.clock.wait("1 minute"))
    const scheduler = await world.start({ tasks: [slow] })
    const job = await scheduler.addJob({ id: "j", task: slow, paused: true, overlap: "cancel-running" })
    const first = await job.run()
    scheduler.pause()
    const asked = job.run()
    await world.clock.advance(30 * second)
    expect((await job.runs()).map(({ outcome }) => outcome)).toEqual([null])
    await world.clock.advance("2 minutes")
    expect((await first.settled()).outcome).toBe("succeeded")
    scheduler.resume()
    await world.clock.advance("2 minutes")
    expect((await (await asked).settled()).outcome).toBe("succeeded")
  })

  it("a job without a trigger, retries and fire times wait, and the pause ends with the process", async () => {
    const { world, scheduler, start, clock, calls } = await scene(1, { paused: false, trigger: interval("1 hour") })
    await clock.advance("1 hour")
    scheduler.pause()
    const once = scheduler.addJob({ id: "once", task: "flaky" })
    await clock.advance("3 hours")
    await once
    expect(calls()).toBe(1)
    const next = await start()
    await clock.advance("10 seconds")
    expect(next.actor.getSnapshot().value).toBe("active")
    expect(world.scheduler).toBe(next)
    expect((await next.getRuns()).map(({ jobId, outcome }) => [jobId, outcome])).toEqual(
      expect.arrayContaining([
        ["once", "succeeded"],
        ["j", "succeeded"]
      ])
    )
  })

  it.each([
    ["the scheduler is paused", {}],
    ["a run is under way", { overlap: "queue-all", args: "long" }]
  ] as const)(
    "a request that waits at a stop since %s is kept, its caller is told so, and it runs once",
    async (_why, options) => {
      const world = newWorld("sqlite")
      const work = task("work", ({ args }) => (args === "long" ? world.clock.wait("1 day") : args))
      const scheduler = await world.start({ tasks: [work] })
      const job = await scheduler.addJob({ id: "w", task: work, paused: true, onInterrupted: "skip", ...options })
      if ("args" in options) await job.run()
      else scheduler.pause()
      const asked = job.run({ args: "asked" })
      await world.clock.settle()
      await scheduler.shutdown({ wait: false })
      await expect(asked).rejects.toMatchObject({
        _tag: "SchedulerStoppedError",
        message: expect.stringContaining("the request is stored, and its run follows the next start")
      })
      const next = await world.start({ tasks: [work] })
      await world.clock.advance("1 minute")
      const runs = await next.getRuns({ jobId: "w", outcome: "succeeded" })
      expect(runs.map(({ result }) => result)).toEqual(["asked"])
      expect((await next.verify()).violations).toEqual([])
    }
  )
})
