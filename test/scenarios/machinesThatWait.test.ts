/** A machine that only waits: its run holds no slot, is no suspect, and goes on when the wait is over. */
import { describe, expect, it } from "vitest"
import { createMachine, fromPromise } from "xstate"
import { date, inProcess, task } from "../../src/index.ts"
import { addJob, kept, Lives, once, orderMachine, run } from "./orders.ts"
import { day, hour, midnight, newWorld, second, storeKinds } from "./world.ts"

describe.each(storeKinds)("with the %s store, a task that is a machine", (kind) => {
  it("holds no slot while it waits, and tells when it will go on", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const tasks = [task("order", orderMachine(lives.next())), task("quick", () => lives.done.push("quick"))]
    await world.start({ tasks, executors: { default: inProcess({ concurrency: 1, queue: 0 }) } })
    for (const id of ["a", "b", "c"]) await world.scheduler.addJob({ id, task: "order", trigger: once })
    await world.scheduler.addJob({ id: "quick", task: "quick", trigger: date(midnight + hour) })
    await world.clock.advance(2 * hour)
    expect(lives.done).toEqual(["pay", "pay", "pay", "quick"])
    const told = world.events.filter((event) => "runId" in event && event.jobId === "a")
    expect(told.map(({ type }) => type)).toEqual(["RunClaimed", "RunStarted", "RunRetryDue"])
    expect(told.at(-1)).toMatchObject({ attempt: 1, error: null, retryAt: midnight + second + 3 * day })
    expect((await world.scheduler.status()).executors).toMatchObject([{ running: 0, queued: 0 }])
    const stopped = world.scheduler.shutdown()
    await world.clock.settle()
    await stopped
    await world.start({ tasks })
    await world.clock.advance(3 * day)
    expect(lives.done.slice(4)).toEqual(["remind", "remind", "remind"])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("is held guilty of no crash that came while it waited", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const tasks = () => [task("order", orderMachine(lives.next()))]
    await world.start({ tasks: tasks() })
    await addJob(world, "order", { retry: { attempts: 2 } })
    for (let crash = 0; crash < 5; crash++) {
      await world.clock.advance(hour)
      await world.crash()
      await world.start({ tasks: tasks() })
    }
    await world.clock.advance(3 * day)
    expect([lives.done, (await run(world)).outcome]).toEqual([["pay", "remind"], "succeeded"])
  })

  it("that waits is cancelled as any other run, and with its job", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    await world.start({ tasks: [task("order", orderMachine(lives.next()))] })
    for (const id of ["a", "b"]) await world.scheduler.addJob({ id, task: "order", trigger: once })
    await world.clock.advance(hour)
    await world.scheduler.cancelRun((await run(world)).runId)
    await world.scheduler.removeJob("b")
    await world.clock.advance(4 * day)
    const runs = await world.scheduler.getRuns()
    expect([lives.done, runs.map(({ outcome }) => outcome)]).toEqual([
      ["pay", "pay"],
      ["cancelled", "cancelled"]
    ])
    await world.crash()
    expect(await kept(world)).toEqual([])
  })

  it("keeps its slot while something is under way beside the wait, and for a short wait", async () => {
    const world = newWorld(kind)
    const machine = (waitMs: number, invoke: object) =>
      createMachine({
        initial: "waiting",
        states: { waiting: { ...invoke, after: { [waitMs]: "over" } }, over: { type: "final" } }
      })
    const work = { invoke: { src: fromPromise(() => new Promise(() => undefined)) } }
    await world.start({ tasks: [task("works", machine(hour, work)), task("short", machine(4 * second, {}))] })
    for (const id of ["works", "short"]) await world.scheduler.addJob({ id, task: id, trigger: once })
    await world.clock.advance(2 * hour)
    const runs = await world.scheduler.getRuns()
    expect(runs.map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
      ["succeeded", 1],
      ["succeeded", 1]
    ])
  })
})
