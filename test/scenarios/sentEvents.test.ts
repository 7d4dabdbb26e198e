/** Events that are sent to runs: on disk before they are answered, taken in once and in order, whenever they come and whatever happens. */
import { describe, expect, it } from "vitest"
import { createMachine } from "xstate"
import { inProcess, task } from "../../src/index.ts"
import { busy, close, collector, ended, item, restart, sendAll } from "./collector.ts"
import { addJob, once, run } from "./orders.ts"
import { day, hour, midnight, minute, newWorld, second, storeKinds } from "./world.ts"

describe.each(storeKinds)("with the %s store, a run that is a machine", (kind) => {
  it("is put away while it waits for events alone, and goes on with each", async () => {
    const world = newWorld(kind)
    await world.start({
      tasks: [task("collector", collector()), task("quick", () => "quick")],
      executors: { default: inProcess({ concurrency: 1, queue: 0 }) }
    })
    await addJob(world, "collector")
    await world.clock.advance(day)
    expect((await world.scheduler.status()).executors).toMatchObject([{ running: 0, queued: 0 }])
    const told = world.events.filter((event) => "runId" in event)
    expect(told.map(({ type }) => type)).toEqual(["RunClaimed", "RunStarted", "RunRetryDue"])
    expect(told.at(-1)).toMatchObject({ attempt: 1, retryAt: null, error: null })
    const explained = await world.scheduler.explain("a", midnight + second)
    expect(explained).toMatchObject({ verdict: "running", runId: (await run(world)).runId })
    expect(explained.sentence).toContain("attempt 2 is due when an event is sent to the run")
    await sendAll(world, item(1))
    await world.clock.advance(day)
    await sendAll(world, item(2))
    await world.clock.advance(day)
    await sendAll(world, close)
    await world.clock.advance(minute)
    expect(ended(await run(world))).toEqual(["succeeded", [1, 2], 4])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("takes in what comes in one turn in its order, in one attempt", async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [task("collector", collector())] })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    await sendAll(world, item("a"), item({ b: [null] }), item("c"), close)
    await world.clock.advance(minute)
    expect(ended(await run(world))).toEqual(["succeeded", ["a", { b: [null] }, "c"], 2])
  })

  it("takes it in while it works, and keeps its attempt", async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [task("collector", collector(busy))] })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    await sendAll(world, item(1))
    await sendAll(world, item(2), close)
    expect(ended(await run(world))).toEqual(["succeeded", [1, 2], 1])
  })

  it("takes it in after a stop in good order, and after a crash", async () => {
    const world = newWorld(kind)
    const tasks = [task("collector", collector())]
    await world.start({ tasks })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    await world.scheduler.pauseJob("a")
    await sendAll(world, item(1), item(2))
    await restart(world, { tasks })
    await sendAll(world, item(3))
    await world.crash()
    await world.start({ tasks })
    await world.clock.advance(hour)
    // In a pause it waits.
    expect((await run(world)).attempt).toBe(1)
    await world.scheduler.resumeJob("a")
    await sendAll(world, close)
    await world.clock.advance(minute)
    const { outcome, result } = await run(world)
    expect([outcome, result]).toEqual(["succeeded", [1, 2, 3]])
  })

  it("takes it in once it has a slot, when it was sent before its first attempt began", async () => {
    const world = newWorld(kind)
    const tasks = [task("collector", collector()), task("long", () => new Promise((done) => void (end = done)))]
    let end = (_: unknown): void => undefined
    await world.start({ tasks, executors: { default: inProcess({ concurrency: 1, queue: 5 }) } })
    await world.scheduler.addJob({ id: "long", task: "long", trigger: once })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    expect((await run(world)).startedAt).toBeNull()
    await sendAll(world, item(1), item(2))
    end(null)
    await world.clock.advance(second)
    await sendAll(world, item(3), close)
    await world.clock.advance(second)
    expect((await run(world)).result).toEqual([1, 2, 3])
  })

  it("drops what it has no transition for, and is sent it no more", async () => {
    const world = newWorld(kind)
    const tasks = [task("collector", collector())]
    await world.start({ tasks })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    await sendAll(world, { type: "unknown" })
    await world.clock.advance(minute)
    expect((await run(world)).attempt).toBe(2)
    await world.clock.advance(day)
    await restart(world, { tasks })
    await world.clock.advance(day)
    await sendAll(world, close)
    await world.clock.advance(minute)
    expect(ended(await run(world))).toEqual(["succeeded", [], 3])
  })

  it("whose delay is far off goes on at once, and the delay stays due", async () => {
    const world = newWorld(kind)
    const seen: Array<string> = []
    const machine = createMachine({
      initial: "waiting",
      states: {
        waiting: {
          on: { asked: { actions: () => void seen.push("asked") } },
          after: { [3 * day]: "over" }
        },
        over: { type: "final" }
      }
    })
    await world.start({ tasks: [task("machine", machine)] })
    await addJob(world, "machine")
    await world.clock.advance(day)
    await sendAll(world, { type: "asked" })
    expect(seen).toEqual(["asked"])
    await world.clock.advance(2 * day + minute)
    const { outcome, finishedAt } = await run(world)
    expect([outcome, finishedAt]).toEqual(["succeeded", midnight + second + 3 * day])
  })

  it("that waits for an event is cancelled, removed with its job, and leaves nothing", async () => {
    const world = newWorld(kind)
    const tasks = [task("collector", collector())]
    await world.start({ tasks })
    for (const id of ["a", "b"]) await world.scheduler.addJob({ id, task: "collector", trigger: once })
    await world.clock.advance(hour)
    const [runA] = await world.scheduler.getRuns({ jobId: "a" })
    const cancelled = world.scheduler.cancelRun(runA?.runId ?? "")
    await world.clock.settle()
    expect(await cancelled).toBe(true)
    await world.scheduler.removeJob("b")
    const runs = await world.scheduler.getRuns()
    expect(runs.map(({ outcome }) => outcome)).toEqual(["cancelled", "cancelled"])
    await expect(world.scheduler.sendToRun(runA?.runId ?? "", item(1))).rejects.toMatchObject({
      _tag: "RunStateError",
      state: "cancelled"
    })
  })

  it("is not timed out while it is put away", async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [task("collector", collector())] })
    await addJob(world, "collector", { timeout: "1 minute" })
    await world.clock.advance(day)
    await sendAll(world, close)
    await world.clock.advance(second)
    expect((await run(world)).outcome).toBe("succeeded")
  })
})
