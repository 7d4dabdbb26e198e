/** A writer that is closed: what is pending is refused, and nothing more happens. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { SchedulerStoppedError } from "../../../src/engine/schedulerError.ts"
import { minute } from "./jobs.ts"
import { newScene, unavailable } from "./writerScene.ts"

describe("a writer that is closed", () => {
  it("refuses what is pending and what comes, calls back who waits for rest, and does nothing more", async () => {
    const { writer, submit, timers, add, host } = newScene()
    add("a")
    const error = new Error("closed")
    const idle: Array<string> = []
    let pending: ReturnType<typeof submit> | undefined
    submit(() => {
      pending = submit(() => undefined)
      writer.idle(() => idle.push("at rest"))
      writer.close(error)
    })
    expect([pending?.state, pending?.error, idle]).toEqual(["refused", error, ["at rest"]])
    const late = submit(() => undefined)
    expect(late.error).toBeInstanceOf(SchedulerStoppedError)
    expect(late.error).toMatchObject({ verb: `store "default"`, reason: null })
    writer.wake()
    writer.idle(() => idle.push("at once"))
    expect(idle).toEqual(["at rest", "at once"])
    await timers.advance(2 * minute)
    expect([host.orders, timers.armed]).toEqual([[], 0])
  })

  it("gives up the turn of its suspects", async () => {
    const { writer, timers, add, told } = newScene()
    add("a", { memory: { crashes: 2 } })
    await timers.advance(minute)
    writer.close(new Error("closed"))
    expect(told).toEqual(["turn is free"])
  })

  it("says nothing of outcomes that are lost, which the end of the store does", async () => {
    const { writer, timers, add, host, startedAt } = newScene()
    add("a")
    await timers.advance(minute)
    writer.close(new Error("closed"))
    host.settle(String(startedAt * 1000))
    expect(host.reports).toEqual([])
  })

  it("refuses what is in doubt, and tries no more", async () => {
    const { writer, fail, add, timers, calls } = newScene()
    fail("commit", unavailable())
    const inDoubt = add("a")
    const pending = add("b")
    const error = new Error("closed")
    writer.close(error)
    expect([inDoubt.error, pending.error]).toEqual([error, error])
    const { length } = calls
    await timers.advance(10_000)
    expect([calls.length, timers.armed]).toEqual([length, 0])
  })

  it("while the store does not answer, refuses what it has in hand once, and starts nothing of it", async () => {
    const { writer, meetCalls, add, timers, told, eventsOf } = newScene()
    let answer: () => void = () => undefined
    meetCalls((_call, effect) =>
      Effect.zipRight(
        Effect.promise(() => new Promise<void>((done) => (answer = done))),
        effect
      )
    )
    const asked = add("a")
    const error = new Error("closed")
    writer.close(error)
    expect([asked.state, asked.error, timers.armed]).toEqual(["refused", error, 0])
    answer()
    await timers.advance(minute)
    expect([asked.state, told, eventsOf("JobAdded"), timers.armed]).toEqual(["refused", [], [], 0])
  })

  it("by who hears of the outage, arms no further try", () => {
    const { writer, fail, add, timers } = newScene()
    writer.onLost(() => writer.close(new Error("closed")))
    fail("commit", unavailable())
    expect([add("a").state, timers.armed]).toEqual(["refused", 0])
  })
})
