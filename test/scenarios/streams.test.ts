/** User streams as triggers: each emission a run, whatever is emitted and whenever. */
import { Schema } from "effect"
import { defer, EMPTY, Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { StoreUnavailable, stream, task } from "../../src/index.ts"
import type { JobOptions } from "../../src/index.ts"
import { faultyStore } from "./faultyStore.ts"
import { midnight, newWorld, second, shortLedger, shortRuns, sleepOn, storeKinds, storeOf } from "./world.ts"

const scene = async (options: JobOptions & { readonly args?: unknown } = {}, store = storeOf("memory")) => {
  const world = newWorld("memory", store)
  const readings = new Subject<unknown>()
  const seen: Array<unknown> = []
  const record = task("record", async ({ args, fireAt }) => {
    seen.push([fireAt - midnight, args])
    await sleepOn(world.clock, second)
  })
  const plan = { tasks: [record], streams: { readings } }
  const scheduler = await world.start(plan)
  await scheduler.addJob({ id: "a", task: "record", trigger: stream("readings"), overlap: "queue-all", ...options })
  return { ...world, world, plan, scheduler, readings, seen }
}

describe.each(storeKinds)("a stream's job in the %s store", (kind) => {
  it("runs once for each emission, also in one instant, and goes on after a restart", async () => {
    const { world, plan, readings, seen } = await scene({ args: { unit: "m" } }, storeOf(kind))
    for (const value of [1, "two", { three: 3 }]) readings.next(value)
    await world.clock.advance(5 * second)
    await world.start(plan)
    readings.next(null)
    await world.clock.advance(5 * second)
    expect(seen).toEqual([
      [0, { unit: "m", value: 1 }],
      [0, { unit: "m", value: "two" }],
      [0, { unit: "m", value: { three: 3 } }],
      [5000, { unit: "m", value: null }]
    ])
    expect((await world.scheduler.getJob("a"))?.record).toMatchObject({
      state: "scheduled",
      nextFireAt: null,
      runCount: 4
    })
    expect((await world.scheduler.verify()).violations).toEqual([])
  })
})

describe("a stream's job", () => {
  it("skips an emission at maxInstances, and the ledger says so", async () => {
    const { scheduler, clock, readings } = await scene({ overlap: "skip" })
    readings.next(1)
    readings.next(2)
    await clock.advance(5 * second)
    expect(shortRuns(await scheduler.getRuns())).toEqual([[0, "succeeded", 1]])
    expect(await shortLedger(scheduler, "a")).toEqual([["misfired", 0, 0, 1, "maxInstances"]])
  })

  it("records a value that is not JSON, and one that its task refuses, as invalid", async () => {
    const { world, readings, reported } = await scene()
    const typed = task("typed", () => null, { args: Schema.Struct({ value: Schema.Number }) })
    const next = await world.start({ tasks: [typed, task("record", () => null)], streams: { readings } })
    await next.addJob({ id: "typed", task: "typed", trigger: stream("readings") })
    readings.next(() => 1)
    await world.clock.advance(second)
    readings.next("text")
    await world.clock.advance(second)
    readings.next(7)
    await world.clock.advance(second)
    expect(shortRuns(await next.getRuns({ jobId: "typed" }))).toEqual([[2000, "succeeded", 1]])
    expect(await shortLedger(next, "typed")).toEqual([
      ["misfired", 0, 0, 1, "invalidValue"],
      ["misfired", 1000, 1000, 1, "invalidValue"]
    ])
    expect(reported).toMatchObject([
      { _tag: "NotJsonError" },
      { _tag: "InvalidArgumentsError", job: "typed", path: ["value"] }
    ])
    expect((await next.explain("typed", midnight)).verdict).toBe("misfired")
  })

  it("takes no emission while it is paused, and accounts for those while its scheduler is", async () => {
    const { scheduler, clock, readings, seen } = await scene()
    await scheduler.pauseJob("a")
    readings.next(1)
    await clock.advance(second)
    await scheduler.resumeJob("a")
    scheduler.pause()
    await clock.advance(second)
    readings.next(2)
    await clock.advance(second)
    scheduler.resume()
    readings.next(3)
    await clock.advance(second)
    expect(seen).toEqual([[3000, { value: 3 }]])
    expect((await shortLedger(scheduler, "a")).filter(([kind]) => kind !== "paused")).toEqual([
      ["misfired", 2000, 2000, 1, "withdrawn"]
    ])
  })

  it("loses no emission while its store is away", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const { scheduler, clock, readings, seen } = await scene({}, faulty.store)
    faulty.fail("before", () => new StoreUnavailable({ store: "test", operation: "a call", cause: "injected" }))
    readings.next(1)
    await clock.advance(5 * second)
    readings.next(2)
    faulty.heal()
    await clock.advance(30 * second)
    expect(seen.length).toBe(2)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("is subscribed to again when its stream fails, and is left alone when it completes", async () => {
    let subscriptions = 0
    const failing = defer(() => {
      subscriptions += 1
      if (subscriptions > 2) return EMPTY
      throw new Error(`failure ${subscriptions}`)
    })
    const world = newWorld("memory")
    await world.start({ streams: { failing } })
    expect(subscriptions).toBe(1)
    await world.clock.advance(10 * second)
    expect(subscriptions).toBe(3)
    expect(world.reported).toMatchObject([{ message: "failure 1" }, { message: "failure 2" }])
    expect((await world.scheduler.status()).state).toBe("active")
  })

  it("waits for its task with the values that came meanwhile", async () => {
    const { world, readings } = await scene()
    const next = await world.start({ tasks: [], streams: { readings } })
    readings.next(1)
    await world.clock.advance(second)
    readings.next(2)
    await world.clock.advance(second)
    expect((await next.status()).unclaimed).toMatchObject([{ missing: "task" }])
    expect(await next.getRuns()).toEqual([])
    expect((await next.verify()).violations).toEqual([])
    await next.addTask(task("record", () => null))
    await world.clock.settle()
    expect((await next.getRuns()).map(({ outcome }) => outcome)).toEqual(["succeeded", "succeeded"])
    expect((await next.verify()).violations).toEqual([])
  })
})
