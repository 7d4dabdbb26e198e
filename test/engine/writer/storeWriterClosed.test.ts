/** A writer that is closed: what is pending is refused, and nothing more happens. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { SchedulerStoppedError } from "../../../src/engine/schedulerError.ts"
import { minute } from "./jobs.ts"
import { addJob, newScene, unavailable } from "./writerScene.ts"

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
    expect([pending?.state, pending?.error, idle, timers.armed]).toEqual(["refused", error, ["at rest"], 0])
    const late = submit(() => undefined)
    expect(late.error).toBeInstanceOf(SchedulerStoppedError)
    expect(late.error).toMatchObject({ verb: `store "default"`, reason: null })
    writer.wake()
    writer.idle(() => idle.push("at once"))
    expect(idle).toEqual(["at rest", "at once"])
    await timers.advance(2 * minute)
    expect([host.orders, timers.armed]).toEqual([[], 0])
  })

  it("at rest begins no cycle any more", () => {
    const { writer, timers, host } = newScene()
    writer.close(new Error("closed"))
    timers.spend(10)
    const { cycles } = host
    writer.wake()
    expect([host.cycles, writer.busy]).toEqual([cycles, false])
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
    expect([inDoubt.error, pending.error, timers.armed]).toEqual([error, error, 0])
    writer.close(error)
    expect([inDoubt.endings, pending.endings]).toEqual([1, 1])
    const { length } = calls
    await timers.advance(10_000)
    expect(calls.length).toBe(length)
  })

  it.each([
    ["a commit", "commit", undefined],
    ["a commit that fails then", "commit", unavailable()],
    ["a read of jobs", "jobs", undefined],
    ["a read of jobs that fails then", "jobs", unavailable()],
    ["a read of what is due", "due", undefined]
  ])(
    "while %s is not answered, refuses what it has in hand once, and does nothing with it",
    async (_what, call, error) => {
      const { writer, hold, submit, host, timers, told, eventsOf } = newScene()
      const answer = hold(call)
      writer.forgetWakeUps()
      const asked = submit((unit) => addJob(unit, "a"), { ids: ["a"] })
      const closing = new Error("closed")
      writer.close(closing)
      expect([asked.state, asked.error, timers.armed]).toEqual(["refused", closing, 0])
      writer.close(closing)
      answer(error)
      await timers.advance(minute)
      expect([asked.endings, told, host.broke, eventsOf("JobAdded"), timers.armed]).toEqual([1, [], [], [], 0])
    }
  )

  it("tells each command once what became of it: one that was refused before, or is on disk", async () => {
    const { writer, hold, submit, timers } = newScene()
    const answer = hold("commit")
    const asked: Array<ReturnType<typeof submit>> = []
    submit(() => {
      asked.push(
        submit(() => {
          throw new Error("no")
        }),
        submit((unit) => addJob(unit, "a"))
      )
    })
    await timers.advance(0)
    writer.close(new Error("closed"))
    expect(asked.map(({ state, endings }) => [state, endings])).toEqual([
      ["refused", 1],
      ["refused", 1]
    ])
    answer()
    await timers.advance(0)
  })

  it("by who hears of a commit leaves that acknowledged", () => {
    const { writer, host, add } = newScene()
    host.events.on("JobAdded", () => writer.close(new Error("closed")))
    const asked = add("a")
    expect([asked.state, asked.endings]).toEqual(["committed", 1])
  })

  it("tells a command once that the store has refused, or that waits for a store that is away", async () => {
    const { writer, host, add, refuse, timers, submit } = newScene()
    refuse(({ added }) => added.length > 0)
    const asked = add("bad")
    host.between = Effect.sync(() => writer.close(new Error("closed")))
    await timers.advance(0)
    expect([asked.state, asked.endings]).toEqual(["refused", 1])
    expect(submit(() => undefined).endings).toBe(1)
    const other = newScene()
    other.fail("jobs", unavailable())
    const waiting = other.submit(() => undefined, { ids: ["a"] })
    other.writer.close(new Error("closed"))
    expect(waiting.endings).toBe(1)
  })

  it("by who hears of the outage, arms no further try", () => {
    const { writer, fail, add, timers } = newScene()
    writer.onLost(() => writer.close(new Error("closed")))
    fail("commit", unavailable())
    expect([add("a").state, timers.armed]).toEqual(["refused", 0])
  })
})
