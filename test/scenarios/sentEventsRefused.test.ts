/** What sendToRun refuses: with an error that says where, what and how to mend it, and nothing written. */
import { Cause, Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { createScheduler, memory, task } from "../../src/index.ts"
import { Scheduler } from "../../src/effect.ts"
import { mostWaiting } from "../../src/engine/writer/sentEvents.ts"
import { busy, close, collector, ended, item, sendAll } from "./collector.ts"
import { addJob, kept, once, run } from "./orders.ts"
import { firstRunId, minute, newWorld, second } from "./world.ts"

const tasks = [
  task("collector", collector()),
  task("forgetful", collector(busy), { checkpoint: "never" }),
  task("plain", () => new Promise(() => undefined))
]

const started = async (name: string) => {
  const world = newWorld("memory")
  await world.start({ tasks })
  await addJob(world, name)
  await world.clock.advance(minute)
  return { world, runId: (await run(world)).runId }
}

/** Deeper than may be. */
const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)])

describe("sendToRun refuses", () => {
  const typed = `an object with a type, such as { type: "paid" }`
  it.each<readonly [string, unknown, ReadonlyArray<string | number> | null, string]>([
    ["nothing", undefined, [], typed],
    ["a text", "paid", [], typed],
    ["a list", [{ type: "paid" }], [], typed],
    ["a class's instance", new Date(0), [], ""],
    ["no type", { paid: true }, ["type"], "a text that is not empty"],
    ["a type that is no text", { type: 7 }, ["type"], "a text that is not empty"],
    ["an empty type", { type: "" }, ["type"], "a text that is not empty"],
    ["any type", { type: "*" }, ["type"], "one of the machine's own events, not one of XState's"],
    ["one of XState's", { type: "xstate.stop" }, ["type"], "one of the machine's own events, not one of XState's"],
    ["a date in it", { type: "a", order: { due: new Date(0) } }, ["order", "due"], ""],
    ["a number that is none", { type: "a", euros: [Number.NaN] }, ["euros", 0], "a finite number"],
    ["a function", { type: "a", call: () => 1 }, ["call"], "JSON"],
    ["too much", { type: "a", text: "x".repeat(70_000) }, ["text"], "at most 65536 characters of JSON"],
    ["too deep a one", { type: "a", deep: deep(101) }, null, ""]
  ])("%s, and says where", async (_what, event, path, expected) => {
    const { world, runId } = await started("collector")
    const refused = world.scheduler.sendToRun(runId, event as never)
    await expect(refused).rejects.toMatchObject({
      _tag: "InvalidEventError",
      runId,
      ...(path === null ? {} : { path }),
      expected: expect.stringContaining(expected) as string
    })
    await expect(refused).rejects.toThrow(`sendToRun: run "${runId}": `)
    await sendAll(world, close)
    await world.clock.advance(second)
    expect(ended(await run(world))).toEqual(["succeeded", [], 2])
  })

  it.each(["none", "7", "", `other:${firstRunId}`])("the run %j, which is not there", async (runId) => {
    const { world } = await started("collector")
    await expect(world.scheduler.sendToRun(runId, close)).rejects.toMatchObject({ _tag: "UnknownNameError" })
  })

  it.each(["plain", "forgetful"])("a run of the task %s, whose steps are not saved", async (name) => {
    const { world, runId } = await started(name)
    const refused = world.scheduler.sendToRun(runId, item(1))
    await expect(refused).rejects.toMatchObject({ _tag: "RunStateError", verb: "sendToRun", state: "unsaved", runId })
    await expect(refused).rejects.toThrow(`let task "${name}" be one, with checkpoint "every-step" or "tagged"`)
  })

  it("one that is over, also where it has ended just now", async () => {
    const { world, runId } = await started("collector")
    const sent = [close, item(1)].map((event) => world.scheduler.sendToRun(runId, event))
    await world.clock.advance(minute)
    // Both were in time; the later one went with the run.
    await Promise.all(sent)
    const refused = world.scheduler.sendToRun(runId, item(2))
    await expect(refused).rejects.toMatchObject({ _tag: "RunStateError", state: "succeeded" })
    await expect(refused).rejects.toThrow(`has succeeded; runJob("a") makes another run`)
    await world.crash()
    expect(await kept(world)).toEqual([])
  })

  it(`more than ${mostWaiting} that wait, until some are taken in`, async () => {
    const { world, runId } = await started("collector")
    await world.scheduler.pauseJob("a")
    const all = Array.from({ length: mostWaiting }, (_, n) => world.scheduler.sendToRun(runId, item(n)))
    await world.clock.settle()
    await Promise.all(all)
    await expect(world.scheduler.sendToRun(runId, item(-1))).rejects.toMatchObject({ state: "full" })
    await world.scheduler.resumeJob("a")
    await world.clock.advance(minute)
    await sendAll(world, item("last"), close)
    await world.clock.advance(minute)
    const { result } = await run(world)
    expect(result).toEqual([...Array.from({ length: mostWaiting }, (_, n) => n), "last"])
  })

  it("everything before the start, and after the stop", async () => {
    const scheduler = createScheduler({ tasks })
    await expect(scheduler.sendToRun("1", close)).rejects.toMatchObject({ _tag: "SchedulerNotStartedError" })
    await scheduler.start()
    await scheduler.shutdown()
    await expect(scheduler.sendToRun("1", close)).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
  })

  it("with the same errors in the Effect face", async () => {
    const send = Effect.flatMap(Scheduler, ({ sendToRun }) => sendToRun("7", close))
    const layer = Scheduler.layer({ tasks, store: memory() })
    const exit = await Effect.runPromiseExit(Effect.provide(send, layer))
    expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({ _tag: "UnknownNameError", name: "7" })
  })
})

describe("a removed job", () => {
  it("has its run that executes go on taking events in, until it only waits", async () => {
    const world = newWorld("memory")
    await world.start({ tasks: [task("collector", collector(busy))] })
    await world.scheduler.addJob({ id: "a", task: "collector", trigger: once })
    await world.clock.advance(minute)
    const { runId } = await run(world)
    await world.scheduler.removeJob("a")
    await sendAll(world, item(1), close)
    const [over] = await world.scheduler.getRuns({ runId })
    expect([over?.outcome, over?.result]).toEqual(["succeeded", [1]])
  })
})
