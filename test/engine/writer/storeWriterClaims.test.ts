/**
 * What a writer may claim, and what it knows of the time before: missed fire times, a clock that was set back, what is
 * forgotten, and the marks of it.
 */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { StoreUnavailable } from "../../../src/store/storeError.ts"
import { defaultRules } from "../../../src/job/rules.ts"
import { everyMinute, makeJob, minute } from "./jobs.ts"
import { addJob, newScene } from "./writerScene.ts"

describe("what a writer may claim", () => {
  it("is nothing before what the last owner left is settled, nor once its store is being removed", async () => {
    const { timers, add, writer, calls, host } = newScene({ claims: false })
    add("a")
    await timers.advance(minute)
    expect(calls.includes("due")).toBe(false)
    writer.startClaiming()
    expect(host.orders.length).toBe(1)
    host.settle(host.orders[0]?.runId ?? "")
    writer.stopClaiming()
    writer.startClaiming()
    await timers.advance(minute)
    expect(host.orders.length).toBe(1)
  })

  it("is nothing while the scheduler is paused, which commands are told", () => {
    const { add, submit, writer, host, calls } = newScene()
    add("a")
    host.claiming = false
    host.paused = true
    const before = calls.length
    writer.forgetWakeUps()
    expect(calls.slice(before)).toEqual([])
    const { value } = submit((unit) => unit.environment)
    expect(value).toMatchObject({ claiming: false, paused: true })
    host.claiming = true
    expect(submit((unit) => unit.environment.claiming).value).toBe(true)
  })

  it("is nothing more in a cycle in which a command has ended it", () => {
    const { timers, add, submit, writer, host } = newScene()
    add("a")
    timers.spend(minute)
    submit(() => writer.stopClaiming())
    expect(host.orders).toEqual([])
  })

  it("counts from when it began: what came due before was missed, and the store is told since when", () => {
    const { timers, submit, writer, host, batches, startedAt } = newScene({ claims: false })
    const missedThrough = () => submit((unit) => unit.environment.missedThrough).value
    expect(missedThrough()).toBe(null)
    host.claiming = false
    writer.startClaiming()
    expect(missedThrough()).toBe(null)
    timers.spend(500)
    host.claiming = true
    writer.claimFromNow()
    timers.spend(500)
    expect(missedThrough()).toBe(startedAt + 500)
    submit((unit) => addJob(unit, "a"))
    const since = [[startedAt + 500, startedAt + 500]]
    expect(batches.at(-1)?.marks).toContainEqual({ name: "claimingSince", value: JSON.stringify(since) })
    submit((unit) => addJob(unit, "b"))
    expect(batches.at(-1)?.marks).toBe(undefined)
  })

  it("is noted to end by a stop, but not before what the last owner left is settled", () => {
    const { writer, batches } = newScene({ claims: false })
    writer.noteStop()
    expect(batches).toEqual([])
    writer.startClaiming()
    writer.noteStop()
    expect(batches.at(-1)?.marks).toContainEqual({ name: "stopAsked", value: "1" })
  })
})

describe("a clock that is set back", () => {
  it("is told to the engine after the cycle that found it, once what the last owner left is settled", () => {
    const { timers, writer, told } = newScene({ claims: false })
    writer.wake()
    timers.stepWall(-2 * minute)
    writer.wake()
    expect(told).toEqual([])
    writer.startClaiming()
    expect(told).toEqual(["clock set back"])
    writer.clock.takeStep()
    writer.wake()
    expect(told.length).toBe(1)
  })
})

describe("a purge", () => {
  const forgottenThrough = ({ submit }: ReturnType<typeof newScene>) =>
    submit((unit) => unit.environment.forgottenThrough).value

  it("that deleted something is followed by a look at what the store has forgotten", () => {
    const scene = newScene()
    const { writer, calls } = scene
    expect(forgottenThrough(scene)).toBe(null)
    scene.submit((unit) => unit.mark("forgottenThrough", "700"))
    expect(Effect.runSync(writer.forgetting(Effect.succeed(3)))).toBe(3)
    expect([forgottenThrough(scene), calls.filter((name) => name === "forgottenThrough").length]).toEqual([700, 1])
  })

  it("that deleted nothing is not", () => {
    const scene = newScene()
    Effect.runSync(scene.writer.forgetting(Effect.succeed(0)))
    expect([forgottenThrough(scene), scene.calls.includes("forgottenThrough")]).toEqual([null, false])
  })

  it("whose answer is lost makes the next command ask first, and no cycle without a command", () => {
    const scene = newScene()
    const { writer, submit, calls } = scene
    submit((unit) => unit.mark("forgottenThrough", "700"))
    const lost = Effect.fail(new StoreUnavailable({ store: "memory", operation: "purge", cause: "away" }))
    expect(Effect.runSync(Effect.either(writer.forgetting(lost)))._tag).toBe("Left")
    writer.wake()
    expect(calls.includes("forgottenThrough")).toBe(false)
    expect([forgottenThrough(scene), forgottenThrough(scene)]).toEqual([700, 700])
    expect(calls.filter((name) => name === "forgottenThrough").length).toBe(1)
  })

  it("of an earlier owner is known from its mark", () => {
    const first = newScene()
    first.submit((unit) => unit.mark("forgottenThrough", "700"))
    first.end()
    expect(forgottenThrough(newScene({ store: first.store }))).toBe(700)
  })
})

describe("marks of a store", () => {
  it("are kept as they are on disk", () => {
    const { submit, batches, store, timers, end, writer } = newScene()
    submit((unit) => unit.mark("zone:Nowhere", "{}"))
    submit((unit) => unit.mark("zone:Nowhere", null))
    expect(batches.at(-1)?.marks).toContainEqual({ name: "zone:Nowhere", value: null })
    end()
    expect(newScene({ store, timers }).writer.store.marks.has("zone:Nowhere")).toBe(false)
    expect(writer.name).toBe("default")
  })

  it("are made again of a zone whose mark was taken away", () => {
    const { submit, batches } = newScene()
    const { row, memory } = makeJob(0)
    const zoned = { ...row, trigger: `{"type":"cron","timezone":"Europe/Vienna"}` }
    submit((unit) => unit.mark("zone:Europe/Vienna", "{}"))
    submit((unit) => unit.mark("zone:Europe/Vienna", null))
    submit((unit) => unit.add({ ...zoned, id: "a" }, defaultRules, everyMinute, memory))
    expect(batches.at(-1)?.marks?.map(({ name }) => name)).toEqual(["zone:Europe/Vienna"])
  })

  it("are made of the clock and the zones of a commit, each once", () => {
    const { submit, batches } = newScene()
    const { row, memory } = makeJob(0)
    const zoned = { ...row, trigger: `{"type":"cron","timezone":"Europe/Vienna"}` }
    for (const id of ["a", "b"]) submit((unit) => unit.add({ ...zoned, id }, defaultRules, everyMinute, memory))
    const marked = batches.map(({ marks = [] }) => marks.map(({ name }) => name))
    expect(marked).toEqual([["clock", "zone:Europe/Vienna", "claimingSince"], []])
  })
})
