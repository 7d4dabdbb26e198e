/** A clock that was ahead and is set right, while the scheduler runs and over a restart: jobs go on by the right clock, or say that they wait. */
import { beforeEach, describe, expect, it } from "vitest"
import { createScheduler, cron, interval, memory, task } from "../../src/index.ts"
import type { JobInput, Scheduler } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { day, hour, midnight, minute, newWorld, second, storeKinds } from "./world.ts"
import type { StoreKind, World } from "./world.ts"

/** Fire times that ran, in order. */
const ran: Array<number> = []
beforeEach(() => void (ran.length = 0))
const quiet = task("quiet", ({ fireAt }) => void ran.push(fireAt))
const hourly = cron("0 * * * *")
const everyFive = cron("*/5 * * * *")
const endless = Number.MAX_SAFE_INTEGER
const years = 12 * 365 * day

/** Ahead for an hour with its job at work, then right again: by the running scheduler, or by the next one. */
const setBack = async (kind: StoreKind, aheadMs: number, how: "running" | "restart", job: Partial<JobInput> = {}) => {
  const world = newWorld(kind)
  const options = { tasks: [quiet] }
  const scheduler = await world.start(options)
  await scheduler.addJob({ id: "j", task: "quiet", trigger: hourly, ...job })
  await world.clock.advance(90 * minute)
  world.clock.stepWall(aheadMs)
  await world.clock.advance(61 * minute)
  if (how === "restart") await scheduler.shutdown()
  world.clock.stepWall(-aheadMs)
  if (how === "restart") await world.start(options)
  await world.clock.advance(2 * minute)
  ran.length = 0
  return world
}

/** 02:33 by the right clock. */
const now = midnight + 153 * minute

const nextOf = async (scheduler: Scheduler, id = "j"): Promise<number | null> =>
  (await scheduler.getJob(id))?.nextFireAt ?? null

const sound = async ({ scheduler }: World): Promise<void> => expect((await scheduler.verify()).violations).toEqual([])

const lifetimes = storeKinds.flatMap((kind) =>
  (["running", "restart"] as const).flatMap((how) =>
    (kind === "memory" ? [40 * minute, 2 * hour, 5 * hour, day, years] : [2 * hour, years]).map((aheadMs) => ({
      kind,
      how,
      aheadMs
    }))
  )
)

describe.each(lifetimes)("a clock that was ahead by $aheadMs ms ($kind, $how)", ({ kind, how, aheadMs }) => {
  const byItself = aheadMs > 3 * hour

  it("is noticed and said: by an event, in status() and to onError", async () => {
    const world = await setBack(kind, aheadMs, how)
    const counts = { corrected: byItself ? 1 : 0, waiting: byItself ? 0 : 1 }
    const [event] = world.events.filter(({ type }) => type === "ClockSetBack")
    expect(event).toMatchObject({ store: "default", ...counts })
    const [store] = (await world.scheduler.status()).stores
    expect(store?.clockSetBack).toMatchObject(counts)
    // The next start knows of the clock what the last commits had.
    const shown = aheadMs - (store?.clockSetBack?.aheadMs ?? 0)
    expect(shown).toBeLessThanOrEqual(how === "running" ? 2 * minute : hour)
    expect(world.reported).toMatchObject([{ _tag: "ClockSetBackError", ...counts }])
    expect(world.events.filter(({ type }) => type === "FireTimeMoved")).toHaveLength(byItself ? 1 : 0)
    await sound(world)
  })

  it("a large step lets jobs go on by themselves; after a small one they wait and never run twice", async () => {
    const world = await setBack(kind, aheadMs, how)
    if (!byItself) {
      expect(await nextOf(world.scheduler)).toBeGreaterThan(now + aheadMs - hour)
      await world.clock.advance(5 * hour)
      const served = (await world.scheduler.getRuns()).map(({ fireAt }) => fireAt)
      expect(new Set(served).size).toBe(served.length)
    } else {
      expect(await nextOf(world.scheduler)).toBe(midnight + 3 * hour)
      await world.clock.advance(6 * hour)
      expect(ran).toEqual([3, 4, 5, 6, 7, 8].map((at) => midnight + at * hour))
    }
    await sound(world)
  })

  it.each<readonly [string, (scheduler: Scheduler) => Promise<unknown>]>([
    ["rescheduleJob", (scheduler) => scheduler.rescheduleJob("j", everyFive)],
    [
      "addJob with another trigger",
      (scheduler) => scheduler.addJob({ id: "j", task: "quiet", trigger: everyFive, ifExists: "replace" })
    ],
    ["modifyJob", (scheduler) => scheduler.modifyJob("j", { trigger: everyFive })]
  ])("is mended by %s", async (_verb, mend) => {
    const world = await setBack(kind, aheadMs, how)
    await mend(world.scheduler)
    expect(await nextOf(world.scheduler)).toBe(now + 2 * minute)
    await world.clock.advance(30 * minute)
    expect(ran).toEqual([2, 7, 12, 17, 22, 27].map((at) => now + at * minute))
    expect(await world.scheduler.explain("j", now + 2 * minute)).toMatchObject({ verdict: "ran" })
    expect(await world.scheduler.explain("j", now + 32 * minute)).toMatchObject({ verdict: "ahead" })
    await sound(world)
    // The instants of the wrong clock come in truth, and are served again.
    await world.clock.advance(aheadMs > day ? day : aheadMs)
    expect(new Set(world.reported.map((error) => (error as { _tag: string })._tag))).toEqual(
      new Set(["ClockSetBackError"])
    )
    await sound(world)
  })

  it.each(["skip", "coalesce"] as const)("is mended by a pause that is ended with %s", async (missed) => {
    const world = await setBack(kind, aheadMs, how)
    await world.scheduler.pauseJob("j")
    await world.clock.advance(minute)
    await world.scheduler.resumeJob("j", { missed })
    expect(await nextOf(world.scheduler)).toBe(midnight + 3 * hour)
    await world.clock.advance(2 * hour)
    expect(ran).toEqual([3, 4].map((at) => midnight + at * hour))
    await sound(world)
  })
})

describe("a clock that was ahead by years", () => {
  it("a second correction counts anew once more", async () => {
    const world = await setBack("memory", years, "running")
    await world.clock.advance(2 * hour)
    world.clock.stepWall(years)
    await world.clock.advance(61 * minute)
    world.clock.stepWall(-years)
    await world.clock.advance(2 * minute)
    expect(await nextOf(world.scheduler)).toBe(midnight + 6 * hour)
    await world.clock.advance(day)
    await sound(world)
  })

  it("a job that was added by it, at an interval from then, begins now", async () => {
    const world = newWorld("memory")
    await world.start({ tasks: [quiet] })
    world.clock.stepWall(years)
    await world.scheduler.addJob({ id: "j", task: "quiet", trigger: interval("1 hour") })
    await world.clock.advance(30 * minute)
    world.clock.stepWall(-years)
    await world.clock.advance(90 * minute)
    expect((await world.scheduler.getJob("j"))?.nextFireAt).toBeLessThanOrEqual(world.clock.now() + hour)
    await world.clock.advance(3 * hour)
    expect((await world.scheduler.getRuns({ to: midnight + day })).length).toBeGreaterThanOrEqual(4)
    await sound(world)
  })

  it("an attempt that waits for an instant of it comes as long after its failure as it should", async () => {
    const world = newWorld("memory")
    let attempts = 0
    const failing = task("failing", () => {
      attempts += 1
      if (attempts < 3) throw new Error("again")
    })
    await world.start({ tasks: [failing] })
    await world.scheduler.addJob({
      id: "j",
      task: "failing",
      trigger: hourly,
      retry: { attempts: 3, backoff: "29 minutes", factor: 1 }
    })
    world.clock.stepWall(years)
    await world.clock.advance(2 * minute)
    expect(attempts).toBe(1)
    world.clock.stepWall(-years)
    // The second after 29 minutes, the third after 58: not one earlier, and before the next fire time.
    await world.clock.advance(55 * minute)
    expect(attempts).toBe(2)
    await world.clock.advance(2 * minute)
    expect(attempts).toBe(3)
    await sound(world)
  })

  it("what it had queued and not started is withdrawn, and the queue is free for what comes", async () => {
    const world = newWorld("memory")
    const slow = task("slow", () => world.clock.wait("90 minutes"))
    await world.start({ tasks: [slow] })
    await world.scheduler.addJob({ id: "j", task: "slow", trigger: hourly, overlap: "queue-one" })
    world.clock.stepWall(years)
    await world.clock.advance(61 * minute)
    world.clock.stepWall(-years)
    await world.clock.advance(3 * hour)
    const runs = await world.scheduler.getRuns({ to: midnight + day })
    expect(runs.map(({ fireAt }) => fireAt).reverse()).toEqual(
      [2, 3, 4].map((at) => midnight + at * hour).slice(0, runs.length)
    )
    expect(runs.length).toBeGreaterThanOrEqual(2)
    await sound(world)
  })

  it("what waits in the queue, however little ahead, does not wait twice once the job is resumed", async () => {
    const world = newWorld("memory")
    const slow = task("slow", () => world.clock.wait("15 seconds"))
    await world.start({ tasks: [slow] })
    await world.scheduler.addJob({ id: "j", task: "slow", trigger: interval(10 * second), overlap: "queue-all" })
    await world.clock.advance(10 * minute)
    world.clock.stepWall(-100 * second)
    await world.scheduler.pauseJob("j")
    await world.scheduler.resumeJob("j")
    const since = world.clock.now()
    await world.clock.advance(30 * minute)
    const runs = (await world.scheduler.getRuns({ limit: 1000 })).filter(({ claimedAt }) => claimedAt > since)
    const fireTimes = runs.map(({ fireAt }) => fireAt)
    expect(fireTimes.length).toBeGreaterThan(50)
    expect(new Set(fireTimes).size).toBe(fireTimes.length)
    await sound(world)
  })

  it.each(storeKinds)(
    "what runs after a restart by the right clock counts, whatever an owner by the wrong one had (%s)",
    async (kind) => {
      const world = newWorld(kind)
      const options = { tasks: [quiet] }
      await world.start(options)
      await world.scheduler.addJob({ id: "j", task: "quiet", trigger: hourly, misfireGrace: "1 second" })
      await world.scheduler.shutdown()
      // That owner claims nothing: all that comes due by its clock is late.
      world.clock.stepWall(2 * hour + minute)
      await world.start(options)
      await world.clock.advance(2 * minute)
      world.clock.stepWall(-2 * hour - minute)
      await world.scheduler.rescheduleJob("j", everyFive)
      await world.scheduler.shutdown()
      await world.start(options)
      ran.length = 0
      await world.clock.advance(10 * minute)
      expect(ran).toEqual([midnight + 5 * minute, midnight + 10 * minute])
      for (const fireAt of ran) expect(await world.scheduler.explain("j", fireAt)).toMatchObject({ verdict: "ran" })
      await sound(world)
    }
  )

  it.each([30, 60, 200])("by %i years leaves a sound file, whenever it is opened", async (ahead) => {
    const world = newWorld("sqlite")
    const options = { tasks: [quiet] }
    world.clock.stepWall(ahead * 365 * day)
    for (let life = 0; life < 3; life++) {
      await world.start(options)
      await world.scheduler.addJob({ id: `j${life}`, task: "quiet" })
      await world.clock.advance(minute)
      await sound(world)
      await world.scheduler.shutdown()
    }
    expect(world.reported).toEqual([])
  })

  it("a job that has ended by it can be added again", async () => {
    const world = await setBack("memory", years, "running", {
      trigger: cron("0 * * * *", { end: midnight + 30 * day })
    })
    expect((await world.scheduler.getJob("j"))?.state).toBe("done")
    await world.scheduler.addJob({ id: "j", task: "quiet", trigger: everyFive, ifExists: "replace" })
    expect(await nextOf(world.scheduler)).toBe(now + 2 * minute)
    await world.clock.advance(hour)
    expect(ran).toHaveLength(12)
    await sound(world)
  })

  it("it is found though nothing is ever deleted, and the next fire time is years ahead", async () => {
    const clock = virtualClock(midnight)
    const scheduler = createScheduler({
      tasks: [quiet],
      store: memory(),
      clock,
      timezone: "UTC",
      onError: () => undefined,
      retention: { runAge: endless, runCount: endless, jobAge: endless }
    })
    await scheduler.start()
    await scheduler.addJob({ id: "j", task: "quiet", trigger: hourly })
    clock.stepWall(years)
    await clock.advance(2 * minute)
    clock.stepWall(-years)
    await clock.advance(2 * minute)
    expect(await nextOf(scheduler)).toBe(midnight + hour)
    const stopped = scheduler.shutdown()
    await clock.settle()
    await stopped
  })
})

describe("a small step back", () => {
  it("of a minute is nothing to speak of, and rescheduling does not repeat what was served", async () => {
    const world = newWorld("memory")
    await world.start({ tasks: [quiet] })
    await world.scheduler.addJob({ id: "j", task: "quiet", trigger: interval("10 seconds", { start: midnight }) })
    await world.clock.advance(5 * minute)
    world.clock.stepWall(-minute)
    await world.scheduler.rescheduleJob("j", interval("5 seconds", { start: midnight }))
    expect(await nextOf(world.scheduler)).toBe(midnight + 5 * minute + 5 * second)
    await world.clock.advance(5 * minute)
    expect(world.events.filter(({ type }) => type === "ClockSetBack")).toEqual([])
    expect(world.reported).toEqual([])
    await sound(world)
  })
})
