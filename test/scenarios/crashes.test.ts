/** What a process that dies leaves behind, and what the next one makes of it. */
import { describe, expect, it } from "vitest"
import { date, interval, task } from "../../src/index.ts"
import type { JobOptions } from "../../src/index.ts"
import { day, midnight, minute, newWorld, second, shortLedger, shortRuns, storeKinds } from "./world.ts"

describe.each(storeKinds)("with the %s store", (kind) => {
  /** A task that never ends until `lives` processes have died in it. */
  const dying = async (lives: number, options: JobOptions) => {
    const world = newWorld(kind)
    const attempts: Array<number> = []
    let deaths = 0
    const fatal = task("fatal", ({ attempt }) => {
      attempts.push(attempt)
      return deaths < lives ? new Promise<null>(() => undefined) : null
    })
    await world.start({ tasks: [fatal] })
    await world.scheduler.addJob({ id: "a", task: fatal, trigger: date(midnight + second), ...options })
    await world.clock.advance(2 * second)
    for (let life = 0; life < lives; life++) {
      await world.crash()
      deaths += 1
      await world.start({ tasks: [fatal] })
      await world.clock.advance(second)
    }
    return { world, attempts }
  }

  it("rerun makes another attempt of the interrupted run", async () => {
    const { world, attempts } = await dying(1, {})
    expect(attempts).toEqual([1, 2])
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[second, "succeeded", 2]])
    expect(world.events.map(({ type }) => type)).toEqual([
      "RunInterrupted",
      "SchedulerStarted",
      "RunStarted",
      "RunSucceeded",
      "JobDone"
    ])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("skip ends the run as interrupted", async () => {
    const { world, attempts } = await dying(1, { onInterrupted: "skip" })
    expect(attempts).toEqual([1])
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[second, "interrupted", 1]])
    expect((await world.scheduler.getJob("a"))?.state).toBe("done")
    const { sentence } = await world.scheduler.explain("a", midnight + second)
    expect(sentence).toContain(
      "attempt 1 may have started, interrupted before an end of it was recorded, as was found at 2026-01-01T00:00:02.000Z, 1 second after the claim."
    )
  })

  it.each(["rerun", "skip"] as const)("explain tells a death from a long run under %s", async (onInterrupted) => {
    const world = newWorld(kind)
    const fatal = task("fatal", ({ attempt }) => (attempt === 1 ? new Promise<null>(() => undefined) : null))
    await world.start({ tasks: [fatal] })
    await world.scheduler.addJob({ id: "a", task: fatal, trigger: date(midnight + second), onInterrupted })
    await world.clock.advance(minute)
    await world.crash()
    await world.clock.advance(3 * day)
    await world.start({ tasks: [fatal] })
    await world.clock.advance(second)
    const { sentence } = await world.scheduler.explain("a", midnight + second)
    const at = "2026-01-04T00:01:00.000Z"
    const claimed = "claimed at 2026-01-01T00:00:01.000Z"
    expect(sentence).toBe(
      onInterrupted === "rerun"
        ? `It ran for this fire time: ${claimed}, attempt 2 (after 1 that did not succeed or was cut off) started at ${at}, 3 days 59 seconds after its time, succeeded at ${at}.`
        : `A run for this fire time was ${claimed}, attempt 1 may have started, interrupted before an end of it was recorded, as was found at ${at}, 3 days 59 seconds after the claim.`
    )
  })

  it("three crashes in a row park the job as poison, and resuming it lets it run again", async () => {
    const { world, attempts } = await dying(3, {
      trigger: interval("1 minute", { start: midnight + second })
    } as JobOptions)
    expect(attempts).toEqual([1, 2, 3])
    const parked = await world.scheduler.getJob("a")
    expect([parked?.state, parked?.fault?.kind]).toEqual(["paused", "poison"])
    await expect(world.scheduler.runJob("a")).rejects.toMatchObject({
      _tag: "JobStateError",
      state: "paused",
      verb: "runJob"
    })
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[second, "interrupted", 3]])
    await world.clock.advance(10 * minute)
    expect(attempts.length).toBe(3)
    await world.scheduler.resumeJob("a")
    await world.clock.advance(minute)
    expect(attempts).toEqual([1, 2, 3, 1, 1])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("a paused job whose run on request is poison is parked, and that is told", async () => {
    const world = newWorld(kind)
    const fatal = task("fatal", () => new Promise<null>(() => undefined))
    await world.start({ tasks: [fatal] })
    const trigger = date(midnight + minute)
    await world.scheduler.addJob({ id: "a", task: fatal, trigger, paused: true, onInterrupted: "skip" })
    for (let life = 0; life < 3; life++) {
      await world.scheduler.runJob("a")
      await world.clock.settle()
      await world.crash()
      await world.start({ tasks: [fatal] })
      await world.clock.advance(second)
    }
    expect(world.events.filter(({ type }) => type === "JobParked")).toMatchObject([
      { jobId: "a", fault: { kind: "poison" } }
    ])
    expect((await world.scheduler.getJobs({ fault: true })).map(({ id }) => id)).toEqual(["a"])
  })

  it("a waiting retry survives restarts and crashes as a due time", async () => {
    const world = newWorld(kind)
    const attempts: Array<readonly [number, number]> = []
    const flaky = task("flaky", ({ attempt }) => {
      attempts.push([world.clock.now() - midnight, attempt])
      if (attempt < 4) throw new Error("not yet")
    })
    await world.start({ tasks: [flaky] })
    await world.scheduler.addJob({ id: "a", task: flaky, retry: { attempts: 4, backoff: "10 seconds" } })
    await world.clock.advance(5 * second)
    await world.crash()
    await world.start({ tasks: [flaky] })
    await world.clock.advance(15 * second)
    await world.start({ tasks: [flaky] })
    await world.clock.advance(minute)
    expect(attempts).toEqual([
      [0, 1],
      [10_000, 2],
      [30_000, 3],
      [70_000, 4]
    ])
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[0, "succeeded", 4]])
  })

  it("draining interrupts what is left at the deadline, and that is no crash", async () => {
    const world = newWorld(kind)
    const reasons: Array<unknown> = []
    const stubborn = task("stubborn", ({ signal, attempt }) =>
      attempt > 5 ? null : new Promise<null>(() => signal.addEventListener("abort", () => reasons.push(signal.reason)))
    )
    await world.start({ tasks: [stubborn] })
    await world.scheduler.addJob({ id: "a", task: stubborn })
    for (let life = 0; life < 5; life++) {
      await world.clock.settle()
      const stopped = world.scheduler.shutdown({ deadline: "3 seconds" })
      await world.clock.advance(4 * second)
      await stopped
      await world.start({ tasks: [stubborn] })
    }
    await world.clock.advance(second)
    expect(reasons.length).toBe(5)
    expect(reasons[0]).toMatchObject({ _tag: "RunInterrupted", jobId: "a", attempt: 1 })
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[0, "succeeded", 6]])
  })

  it.each([{}, { wait: false }, { deadline: 0 }])(
    "a process that is killed while it stops as it was told (%j) has not crashed",
    async (how) => {
      const world = newWorld(kind)
      const held = task("held", () => new Promise<null>(() => undefined))
      const trigger = interval("1 minute", { start: midnight })
      for (let life = 0; life < 5; life++) {
        await world.start({ tasks: [held] })
        await world.scheduler.addJob({ id: "a", task: held, trigger, ifExists: "keep" })
        await world.clock.advance(second)
        void world.scheduler.shutdown(how)
        await world.clock.settle()
        await world.crash()
        await world.clock.advance(second)
      }
      await world.start({ tasks: [held] })
      await world.clock.settle()
      expect((await world.scheduler.getJob("a"))?.fault ?? null).toBeNull()
      expect(shortRuns(await world.scheduler.getRuns())).toEqual([[0, null, 5]])
    }
  )

  it("a stop speaks for its own process only: the crashes of the next ones count", async () => {
    const world = newWorld(kind)
    const held = task("held", () => new Promise<null>(() => undefined))
    for (let life = 0; life < 4; life++) {
      await world.start({ tasks: [held] })
      if (life === 0) await world.scheduler.addJob({ id: "a", task: held })
      await world.clock.settle()
      if (life === 0) void world.scheduler.shutdown()
      await world.clock.settle()
      await world.crash()
    }
    await world.start({ tasks: [held] })
    expect((await world.scheduler.getJob("a"))?.fault?.kind).toBe("poison")
  })

  it("draining waits for a run that ends in time, and claims nothing meanwhile", async () => {
    const world = newWorld(kind)
    let finish = (): void => undefined
    const slow = task("slow", () => new Promise<void>((resolve) => (finish = resolve)))
    await world.start({ tasks: [slow] })
    await world.scheduler.addJob({
      id: "a",
      task: slow,
      trigger: interval("1 second", { start: midnight }),
      maxInstances: 9
    })
    await world.clock.settle()
    const stopped = world.scheduler.shutdown({ deadline: "1 minute" })
    await world.clock.advance(10 * second)
    finish()
    await world.clock.settle()
    await stopped
    await world.start({ tasks: [slow], paused: true })
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[0, "succeeded", 1]])
  })

  it("runs that were claimed and never started are made up too", async () => {
    const world = newWorld(kind)
    const ran: Array<number> = []
    const queued = task("queued", ({ fireAt }) => {
      ran.push(fireAt - midnight)
      return ran.length < 2 ? new Promise<null>(() => undefined) : null
    })
    await world.start({ tasks: [queued] })
    await world.scheduler.addJob({
      id: "a",
      task: queued,
      trigger: interval("1 second", { start: midnight, end: midnight + 3 * second }),
      overlap: "queue-all"
    })
    await world.clock.advance(10 * second)
    await world.crash()
    await world.start({ tasks: [queued] })
    await world.clock.advance(second)
    expect(ran).toEqual([0, 0, 1000, 2000, 3000])
    expect(await shortLedger(world.scheduler, "a")).toEqual([])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("a clock that is stepped back fires nothing twice, and forward is downtime", async () => {
    const world = newWorld(kind)
    const ran: Array<number> = []
    const tick = task("tick", ({ fireAt }) => void ran.push((fireAt - midnight) / minute))
    await world.start({ tasks: [tick] })
    await world.scheduler.addJob({ id: "a", task: tick, trigger: interval("1 minute", { start: midnight }) })
    await world.clock.advance(3 * minute)
    world.clock.stepWall(-2 * minute)
    await world.clock.advance(3 * minute)
    expect(ran).toEqual([0, 1, 2, 3, 4])
    world.clock.stepWall(60 * minute)
    await world.clock.advance(minute)
    expect(ran).toEqual([0, 1, 2, 3, 4, 65])
    expect(await shortLedger(world.scheduler, "a")).toEqual([["coalesced", 5 * minute, 64 * minute, 60, null]])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })
})
