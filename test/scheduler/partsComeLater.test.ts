/** Streams and calendars that are registered on a running scheduler, and jobs that waited for theirs. */
import { Effect } from "effect"
import type { Layer } from "effect"
import { defer, NEVER, of, Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { Scheduler } from "../../src/effect.ts"
import { createScheduler, defineTrigger, holidayCalendar, interval, not, stream, task } from "../../src/index.ts"
import { day, hour, midnight, minute, newWorld, shortRuns, storeKinds } from "../scenarios/world.ts"

const quiet = task("quiet", () => null)
const twice = task<"twice", number, { readonly value: number }>("twice", ({ args }) => 2 * args.value)
const holidays = holidayCalendar("holidays", ["2026-01-02"])
const daily = interval("1 day", { start: midnight })

describe.each(storeKinds)("in the %s store, a job whose stream is not there at the start", (kind) => {
  const unclaimed = async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [twice], streams: { numbers: NEVER } })
    await world.scheduler.addJobs([
      { id: "job", task: "twice", trigger: stream("numbers"), overlap: "queue-all" },
      { id: "paused", task: "twice", trigger: stream("numbers"), paused: true }
    ])
    await world.start({ tasks: [twice] })
    expect(await world.scheduler.getJobs({ fault: true })).toEqual([])
    expect((await world.scheduler.status()).unclaimed).toMatchObject([{ missing: "stream", name: "numbers" }])
    expect(world.events.filter(({ type }) => type === "JobsUnclaimed")).toMatchObject([{ name: "numbers" }])
    expect((await world.scheduler.explain("job", midnight + 1)).sentence).toContain(
      'stream "numbers" is not registered'
    )
    await expect(world.scheduler.resumeJob("paused")).rejects.toMatchObject({
      _tag: "UnknownNameError",
      name: "numbers"
    })
    return world
  }

  it("waits, and goes on when the stream is added, with what it gives at once", async () => {
    const { scheduler, clock } = await unclaimed()
    await scheduler.addStream("numbers", of(1, 2))
    await clock.settle()
    const ran = (await scheduler.getRuns()).map(({ jobId, result }) => [jobId, result])
    expect(ran.toSorted()).toEqual([
      ["job", 2],
      ["job", 4]
    ])
    expect((await scheduler.getJob("paused"))?.pausedBy).toBe("user")
    expect((await scheduler.status()).unclaimed).toEqual([])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("goes on at the next start that has it", async () => {
    const world = await unclaimed()
    const numbers = new Subject<number>()
    await world.start({ tasks: [twice], streams: { numbers } })
    expect(await world.scheduler.getJobs({ fault: true })).toEqual([])
    numbers.next(4)
    await world.clock.settle()
    expect((await world.scheduler.getRuns()).map(({ jobId, result }) => [jobId, result])).toEqual([["job", 8]])
  })
})

describe.each(storeKinds)("in the %s store, a job whose calendar is not there", (kind) => {
  const unclaimed = async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [quiet], calendars: [holidays] })
    await world.scheduler.addJob({ id: "a", task: quiet, trigger: not(daily, { calendar: holidays }) })
    await world.clock.settle()
    await world.start({ tasks: [quiet] })
    await world.clock.advance(3 * day)
    expect(await world.scheduler.getJob("a")).toMatchObject({ state: "scheduled", fault: null })
    const missing = { missing: "trigger", name: "calendar holidays" }
    expect((await world.scheduler.status()).unclaimed).toMatchObject([missing])
    expect(world.events.filter(({ type }) => type === "JobsUnclaimed")).toMatchObject([missing])
    expect(await world.scheduler.explain("a", midnight + day)).toMatchObject({
      verdict: "unknown",
      sentence: expect.stringContaining("addCalendar") as string
    })
    await expect(world.scheduler.runJob("a")).rejects.toMatchObject({ _tag: "JobStateError", state: "unreadable" })
    return world
  }
  const madeUp = async (world: Awaited<ReturnType<typeof unclaimed>>) => {
    await world.clock.advance(day)
    expect(shortRuns(await world.scheduler.getRuns()).map(([at]) => at / day)).toEqual([0, 3, 4])
    expect(await world.scheduler.getJobs({ fault: true })).toEqual([])
    expect((await world.scheduler.verify()).violations).toEqual([])
  }

  it("goes on when it is added, and what it missed is made up", async () => {
    const world = await unclaimed()
    await world.scheduler.addCalendar("holidays", holidays)
    await madeUp(world)
  })

  it("goes on at the next start that has it", async () => {
    const world = await unclaimed()
    await world.start({ tasks: [quiet], calendars: [holidays] })
    await world.clock.settle()
    await madeUp(world)
  })

  it("may be given another trigger, and be removed", async () => {
    const { scheduler, clock } = await unclaimed()
    await scheduler.rescheduleJob("a", interval("1 hour", { start: midnight }))
    await clock.advance(hour)
    expect(shortRuns(await scheduler.getRuns({ jobId: "a" })).length).toBeGreaterThan(1)
    await scheduler.removeJob("a")
    expect(await scheduler.getJobs()).toEqual([])
  })
})

it("a calendar that comes before a fire time is due parks nobody, nor does a run that was under way keep the job", async () => {
  const world = newWorld("memory")
  const slow = task("slow", () => world.clock.wait("1 hour"))
  await world.start({ tasks: [slow], calendars: [holidays] })
  await world.scheduler.addJob({ id: "a", task: slow, trigger: not(daily, { calendar: holidays }) })
  await world.clock.advance(minute)
  await world.crash()
  await world.start({ tasks: [slow] })
  await world.clock.advance(minute)
  expect((await world.scheduler.getJob("a"))?.state).toBe("running")
  await world.scheduler.addCalendar("holidays", holidays)
  await world.clock.advance(2 * day)
  expect(shortRuns(await world.scheduler.getRuns()).map(([at]) => at / day)).toEqual([0, 2])
  expect((await world.scheduler.verify()).violations).toEqual([])
})

it("a job whose trigger's type is not there goes on at the next start that has it", async () => {
  const world = newWorld("memory")
  const hourly = defineTrigger({ type: "hourly", next: (after) => (Math.floor(after / hour) + 1) * hour })
  await world.start({ tasks: [quiet], triggers: [hourly] })
  await world.scheduler.addJob({ id: "a", task: quiet, trigger: hourly(null) })
  await world.start({ tasks: [quiet] })
  await world.clock.advance(2 * hour)
  expect((await world.scheduler.getJob("a"))?.state).toBe("scheduled")
  expect((await world.scheduler.status()).unclaimed).toMatchObject([{ missing: "trigger", name: "hourly" }])
  await world.start({ tasks: [quiet], triggers: [hourly] })
  await world.clock.settle()
  expect(shortRuns(await world.scheduler.getRuns()).map(([at]) => at / hour)).toEqual([2])
})

describe("addStream and addCalendar", () => {
  it("take the same again, and refuse another of the name and what is none", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [twice], streams: { s: NEVER }, calendars: [holidays] })
    await scheduler.addStream("s", NEVER)
    await scheduler.addCalendar("holidays", holidays)
    await expect(scheduler.addStream("s", of(1))).rejects.toMatchObject({
      _tag: "NameTakenError",
      kind: "stream",
      name: "s"
    })
    const other = holidayCalendar("holidays", [])
    await expect(scheduler.addCalendar("holidays", other)).rejects.toMatchObject({
      _tag: "NameTakenError",
      kind: "calendar"
    })
    for (const refused of [
      scheduler.addStream("t", [1, 2] as never),
      scheduler.addStream("t", null as never),
      scheduler.addStream(7 as never, NEVER),
      scheduler.addCalendar("t", { name: "t" } as never),
      scheduler.addCalendar("t", holidays)
    ])
      await expect(refused).rejects.toMatchObject({ _tag: "InvalidOptionError" })
    await expect(scheduler.addJob({ task: "twice", trigger: stream("t") })).rejects.toMatchObject({
      _tag: "InvalidJobError"
    })
    await scheduler.shutdown()
    await expect(scheduler.addStream("t", NEVER)).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
    await expect(scheduler.addCalendar("holidays", holidays)).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
  })

  it("before the start add to the parts that it starts with; each stream is subscribed to once", async () => {
    const world = newWorld("memory")
    const scheduler = createScheduler({ clock: world.clock, timezone: "UTC", tasks: [twice, quiet] })
    let subscriptions = 0
    const numbers = new Subject<number>()
    const counted = defer(() => {
      subscriptions += 1
      return numbers
    })
    await scheduler.addStream("numbers", counted)
    await scheduler.addCalendar("holidays", holidays)
    await scheduler.addJob({ id: "twice", task: "twice", trigger: stream("numbers") })
    await scheduler.addJob({ id: "quiet", task: quiet, trigger: not(daily, { calendar: "holidays" }) })
    await scheduler.start()
    await scheduler.addStream("numbers", counted)
    numbers.next(1)
    await world.clock.advance(1)
    expect((await scheduler.getRuns()).map(({ jobId }) => jobId).toSorted()).toEqual(["quiet", "twice"])
    await scheduler.shutdown()
    expect(numbers.observed).toBe(false)
    expect(subscriptions).toBe(1)
  })

  it("let jobs be added for what has come", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [twice, quiet] })
    const numbers = new Subject<number>()
    await scheduler.addStream("numbers", numbers)
    await scheduler.addCalendar("holidays", holidays)
    await scheduler.addJob({ id: "b", task: quiet, trigger: not(daily, { calendar: "holidays" }) })
    await scheduler.addJob({ id: "a", task: "twice", trigger: stream("numbers") })
    numbers.next(3)
    await world.clock.settle()
    expect((await scheduler.getRuns({ jobId: "a" })).map(({ result }) => result)).toEqual([6])
  })

  it("are verbs of the Effect layer", async () => {
    const world = newWorld("memory")
    const numbers = new Subject<number>()
    const program = Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* scheduler.addStream("numbers", numbers)
      yield* scheduler.addCalendar("holidays", holidays)
      return yield* Effect.flip(scheduler.addStream("numbers", of(1)))
    })
    const layer = Scheduler.layer({ tasks: [twice], clock: world.clock })
    const error = await Effect.runPromise(Effect.provide(program, layer as Layer.Layer<Scheduler>))
    expect(error).toMatchObject({ _tag: "NameTakenError", name: "numbers" })
  })
})
