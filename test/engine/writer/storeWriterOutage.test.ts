/** A store that fails, does not answer, or is taken over: what waits, what is told, and what is done when it is back. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { StoreFenced } from "../../../src/store/storeError.ts"
import { minute } from "./jobs.ts"
import { addJob, newScene, unavailable } from "./writerScene.ts"

describe("a writer whose store is away", () => {
  it("tells so, keeps what it was given, and tries again after 50 ms", async () => {
    const { writer, fail, heal, add, told, timers, row, batches, calls, submit } = newScene()
    const error = unavailable()
    fail("commit", error)
    const asked = add("a")
    expect([asked.state, told, writer.lost]).toEqual(["waits", ["lost: StoreUnavailable"], true])
    expect(writer.away).toMatchObject({ error, failures: 1, since: timers.now(), retryAt: timers.now() + 50 })
    heal()
    await timers.advance(49)
    expect([asked.state, writer.awayMs]).toEqual(["waits", 49])
    await timers.advance(1)
    expect([asked.state, told.at(-1), writer.lost, row("a").key]).toEqual(["committed", "back", false, 1])
    expect(writer.awayMs).toBe(0)
    const [committed, called] = [batches.length, calls.length]
    submit(() => undefined)
    expect([batches.length, calls.length]).toEqual([committed, called])
  })

  it("does not come back before a commit went through, though reads do", async () => {
    const { writer, fail, add, told, timers, calls } = newScene()
    fail("commit", unavailable())
    add("a")
    await timers.advance(50)
    expect([writer.lost, told.length]).toEqual([true, 2])
    expect(calls.slice(-2)).toEqual(["committed", "commit"])
  })

  it("proves with an empty commit that it can be written where nothing is left to write", async () => {
    const { writer, fail, heal, submit, timers, batches } = newScene()
    fail("commit", unavailable())
    const overdue = submit((unit) => addJob(unit, "a"), { givenAt: timers.monotonicMillis() - 10_000 })
    expect(overdue.state).toBe("waits")
    await timers.advance(50)
    expect(overdue.state).toBe("refused")
    heal()
    await timers.advance(1_000)
    expect([writer.lost, batches.at(-1)?.added]).toEqual([false, []])
    expect(batches.at(-1)?.marks?.map(({ name }) => name)).toEqual(["claimingSince"])
  })

  it("claims nothing before the store is back", async () => {
    const { writer, fail, heal, add, submit, timers, host, calls, batches } = newScene()
    add("a")
    fail("commit", unavailable())
    submit((unit) => addJob(unit, "b"))
    await timers.advance(40)
    const before = calls.length
    writer.wake()
    expect(calls.length).toBe(before)
    timers.spend(minute)
    heal()
    await timers.advance(10)
    expect(batches.slice(-2).map(({ added, claims }) => [added.length, claims.length])).toEqual([
      [1, 0],
      [0, 1]
    ])
    expect(host.orders.map(({ jobId }) => jobId)).toEqual(["a"])
  })

  it("finds a commit whose answer was lost on disk, and settles it as it is", async () => {
    const { fail, heal, add, timers, batches, row, eventsOf, submit } = newScene()
    fail("commit", unavailable(), "after")
    const before = batches.length
    const asked = add("a")
    expect([asked.state, eventsOf("JobAdded")]).toEqual(["waits", []])
    heal()
    await timers.advance(50)
    expect([asked.state, row("a").key, eventsOf("JobAdded").length]).toEqual(["committed", 1, 1])
    expect(batches.length - before).toBe(1)
    submit(() => undefined)
    add("b")
    expect([row("b").key, batches.length - before, eventsOf("JobAdded").length, asked.endings]).toEqual([2, 2, 2, 1])
  })

  it("commits at once what is given by who hears that it is back", async () => {
    const { fail, heal, add, submit, timers, host } = newScene()
    fail("commit", unavailable())
    add("a")
    heal()
    const given: Array<ReturnType<typeof submit>> = []
    host.whenBack = () => void given.push(submit((unit) => addJob(unit, "b")))
    await timers.advance(50)
    expect(given.map(({ state }) => state)).toEqual(["committed"])
  })

  it("makes a commit anew that is not on disk, with the instant of then", async () => {
    const { fail, heal, add, timers, batches, startedAt } = newScene()
    fail("commit", unavailable())
    add("a")
    heal()
    await timers.advance(50)
    const added = batches.filter((batch) => batch.added.length > 0)
    expect(added.map(({ at }) => (at ?? 0) - startedAt)).toEqual([0, 50])
  })

  it("refuses a command in time that its caller does not wait for any longer, with what the store fails with", async () => {
    const { fail, submit, timers } = newScene()
    const error = unavailable()
    const given = { givenAt: timers.monotonicMillis() }
    fail("jobs", error)
    const patient = submit(() => undefined, { ids: ["a"] })
    const asked = submit(() => undefined, { ...given, ids: ["a"] })
    await timers.advance(5_000)
    expect([asked.state, patient.state]).toEqual(["waits", "waits"])
    await timers.advance(1_500)
    expect([asked.state, asked.error, patient.state]).toEqual(["refused", error, "waits"])
  })

  it("refuses at once what was given too long ago when the store goes away", () => {
    const { fail, submit, timers } = newScene()
    fail("jobs", unavailable())
    timers.spend(10_000)
    expect(submit(() => undefined, { ids: ["a"], givenAt: 5_000 }).state).toBe("refused")
    expect(submit(() => undefined, { ids: ["a"], givenAt: 5_001 }).state).toBe("waits")
  })

  it("waits with everything where jobs cannot be read, and goes on in the same order", async () => {
    const { fail, heal, add, submit, timers } = newScene({ cacheLimit: 0 })
    add("a")
    fail("jobs", unavailable())
    const order: Array<string> = []
    submit(() => order.push("first"), { ids: ["a"] })
    submit(() => order.push("second"))
    expect(order).toEqual([])
    heal()
    await timers.advance(50)
    expect(order).toEqual(["first", "second"])
  })

  it("puts back what it has in hand where what is due cannot be read", async () => {
    const { fail, heal, writer, submit, timers } = newScene()
    fail("due", unavailable())
    writer.forgetWakeUps()
    heal()
    await timers.advance(1_000)
    fail("due", unavailable())
    writer.forgetWakeUps()
    const asked = submit((unit) => addJob(unit, "a"))
    expect(asked.state).toBe("waits")
    heal()
    await timers.advance(1_000)
    expect(asked.state).toBe("committed")
  })

  it("is not back while what is due cannot be read, try after try", async () => {
    const { fail, heal, writer, timers, told } = newScene()
    fail("due", unavailable())
    for (let times = 0; times < 3; times++) {
      writer.forgetWakeUps()
      await timers.advance(200)
    }
    const { length } = told
    writer.forgetWakeUps()
    await timers.advance(10_000)
    expect(told.slice(length).includes("back")).toBe(false)
    expect(writer.lost).toBe(true)
    heal()
    await timers.advance(10_000)
    expect([writer.lost, told.at(-1)]).toEqual([false, "back"])
  })

  it("counts a call of half a minute without an answer as an outage, which ends with the answer", async () => {
    const { writer, hold, heal, add, timers, told } = newScene({ name: "far" })
    const answer = hold("commit")
    const asked = add("a")
    await timers.advance(30_000)
    expect([told, writer.lost]).toEqual([["lost: StoreUnavailable"], true])
    expect(writer.away?.error.message).toContain("store far: a call failed: no answer for 30 s")
    heal()
    answer()
    await timers.advance(0)
    expect([asked.state, told.at(-1), writer.lost]).toEqual(["committed", "back", false])
    await timers.advance(29_000)
    expect(told.length).toBe(2)
  })

  it("arms no watch for a store that answers at once", () => {
    const { timers, submit } = newScene()
    const { armed } = timers
    submit((unit) => addJob(unit, "a"))
    expect(timers.armed).toBe(armed + 1)
  })

  it("calls back who waits for rest or for an outage, whichever comes first, and who wants to hear of each", async () => {
    const { writer, fail, heal, add, timers } = newScene()
    const heard: Array<string> = []
    const forget = writer.onLost((error) => heard.push(`lost ${error._tag}`))
    writer.idleOrLost(() => heard.push("at rest"))
    fail("commit", unavailable())
    add("a")
    writer.idle(() => heard.push("idle"))
    writer.idleOrLost(() => heard.push("lost already"))
    expect(heard).toEqual(["at rest", "lost StoreUnavailable", "at rest", "lost already"])
    forget()
    await timers.advance(50)
    expect(heard.slice(4)).toEqual(["at rest"])
    heal()
    await timers.advance(100)
    expect(heard.slice(5)).toEqual(["idle"])
  })

  it("is not at rest while a commit is in doubt, nor while something is pending", () => {
    const { writer, fail, add } = newScene()
    const heard: Array<string> = []
    fail("commit", unavailable())
    add("a")
    writer.idle(() => heard.push("at rest"))
    expect(heard).toEqual([])
  })
})

describe("a writer whose store is taken over", () => {
  it("tells the engine, which must stop, and tries no more", async () => {
    const { fail, add, host, told, timers } = newScene()
    const error = new StoreFenced({ store: "memory", epoch: 1 })
    fail("commit", error)
    add("a")
    expect([host.broke, told]).toEqual([[error], []])
    await timers.advance(10_000)
    expect(host.broke.length).toBe(1)
  })

  it("tells the engine its own fault in the same way", () => {
    const { host, submit, add } = newScene()
    const fault = new TypeError("a bug")
    host.between = Effect.die(fault)
    add("a")
    expect(host.broke).toEqual([fault])
    host.between = Effect.void
    expect(submit(() => 1).state).toBe("committed")
  })
})
