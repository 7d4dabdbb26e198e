/** The path of a fire through a store that answers: what is committed, told and started, in that order. */
import { describe, expect, it } from "vitest"
import { cancelRun, request } from "../../../src/engine/writer/jobEdits.ts"
import { minute } from "./jobs.ts"
import { addJob, newScene } from "./writerScene.ts"

describe("a writer", () => {
  it("claims what is due when it is due, and starts it once the claim is on disk", async () => {
    const { timers, host, runs, row, add, startedAt, eventsOf } = newScene()
    add("a")
    await timers.advance(minute - 1)
    expect(host.orders).toEqual([])
    await timers.advance(1)
    const runId = String(startedAt * 1000)
    expect(host.orders).toEqual([
      {
        runId,
        jobId: "a",
        task: "report",
        args: { to: "ops" },
        fireAt: startedAt + minute,
        attempt: 1,
        timeoutMs: null,
        awaitEnd: false
      }
    ])
    expect(runs()).toMatchObject([
      { runKey: startedAt * 1000, jobId: "a", claimedAt: startedAt + minute, outcome: null }
    ])
    expect(row("a")).toMatchObject({ value: "running", wakeAt: startedAt + 2 * minute })
    expect(eventsOf("RunClaimed", "RunStarted")).toMatchObject([
      { type: "RunClaimed", runId },
      { type: "RunStarted", runId, jobId: "a", attempt: 1, fireAt: startedAt + minute, at: startedAt + minute }
    ])
  })

  it("writes an outcome, and goes on with the next fire time", async () => {
    const { timers, host, runs, row, add, startedAt, eventsOf } = newScene()
    add("a")
    await timers.advance(minute)
    host.settle(String(startedAt * 1000), { result: `"sent"` })
    expect(runs()).toMatchObject([{ outcome: "succeeded", result: `"sent"`, finishedAt: startedAt + minute }])
    expect(row("a")).toMatchObject({ value: "scheduled" })
    expect(eventsOf("RunSucceeded")).toMatchObject([{ runId: String(startedAt * 1000), result: "sent" }])
    await timers.advance(minute)
    expect(runs().map(({ runKey, fireAt }) => [runKey - startedAt * 1000, fireAt - startedAt])).toEqual([
      [0, minute],
      [1, 2 * minute]
    ])
  })

  it("gives runs ids with the store's name, unless it is the default", () => {
    expect(newScene().writer.runId(7)).toBe("7")
    expect(newScene({ name: "archive" }).writer.runId(7)).toBe("archive:7")
  })

  it("tells how far a run is", async () => {
    const { timers, host, writer, add, startedAt, eventsOf } = newScene()
    add("a")
    await timers.advance(minute)
    const [order] = host.orders
    if (order === undefined) throw new Error("nothing was started")
    writer.progressed({ order, executor: "default", source: writer, jobKey: 1, runKey: 1 }, { done: 3 })
    expect(eventsOf("RunProgressed")).toMatchObject([
      { runId: order.runId, jobId: "a", attempt: 1, value: { done: 3 }, at: startedAt + minute }
    ])
  })

  it("gives a run its own arguments where it has any, its job's time limit, and whether its end is awaited", () => {
    const { host, submit, add } = newScene()
    add("a", { rules: { timeoutMs: 500, onAborted: "await" } })
    submit(
      (unit) => {
        const job = unit.byId("a")
        return job && request(unit, job, { to: "dev" }, host.environment)
      },
      { ids: ["a"] }
    )
    expect(host.orders).toMatchObject([{ jobId: "a", args: { to: "dev" }, timeoutMs: 500, awaitEnd: true }])
  })

  it("counts keys of jobs up, and tells the highest", () => {
    const { writer, add } = newScene()
    expect(writer.lastJobKey).toBe(0)
    expect([add("a").value?.key, add("b").value?.key]).toEqual([1, 2])
    expect(writer.lastJobKey).toBe(2)
  })

  it("counts keys on from where the last owner of the store has left them", async () => {
    const first = newScene()
    first.add("a")
    await first.timers.advance(minute)
    first.end()
    // The clock is set back: what was given stays given.
    first.timers.stepWall(-10 * minute)
    const second = newScene({ store: first.store, timers: first.timers })
    expect(second.add("b").value?.key).toBe(2)
    await second.timers.advance(minute)
    expect(second.runs().find(({ jobId }) => jobId === "b")?.runKey).toBe(first.startedAt * 1000 + 1)
  })

  it("puts what was submitted during a cycle into one commit, in order", async () => {
    const { timers, submit, batches, events } = newScene()
    const before = batches.length
    submit((unit) => {
      for (const id of ["b", "c"]) submit((next) => addJob(next, id))
      return addJob(unit, "a")
    })
    await timers.advance(0)
    expect(batches.slice(before).map(({ added }) => added.map(({ id }) => id))).toEqual([["a"], ["b", "c"]])
    expect(events.map((event) => ("jobId" in event ? event.jobId : ""))).toEqual(["a", "b", "c"])
  })

  it("commits nothing for a command that changes nothing, and acknowledges it", () => {
    const { submit, batches } = newScene()
    const before = batches.length
    expect(submit(() => 7)).toMatchObject({ state: "committed", value: 7 })
    expect(batches.length).toBe(before)
  })

  it("refuses a command that throws, and leaves nothing of it behind; the others of its commit go through", async () => {
    const { timers, submit, row, events } = newScene()
    const refused: Array<unknown> = []
    const error = new Error("no")
    submit(() => {
      submit((unit) => addJob(unit, "first"))
      refused.push(
        submit((unit) => {
          addJob(unit, "half")
          throw error
        })
      )
      submit((unit) => addJob(unit, "second"))
    })
    await timers.advance(0)
    expect(refused).toEqual([{ state: "refused", error, endings: 1 }])
    expect([row("first").key, row("second").key]).toEqual([1, 2])
    expect(() => row("half")).toThrow()
    expect(events.map(({ type }) => type)).toEqual(["JobAdded", "JobAdded"])
  })

  it("refuses a command that throws before it changes anything without doing the others of its commit again", async () => {
    const { timers, submit } = newScene()
    const applied: Array<string> = []
    submit(() => {
      submit(() => applied.push("before"))
      submit(() => {
        throw new Error("no")
      })
      submit(() => applied.push("after"))
    })
    await timers.advance(0)
    expect(applied).toEqual(["before", "after"])
  })

  it("brings in the jobs that a command names: those it has decoded, and those that it must read", () => {
    const { submit, add, calls } = newScene({ cacheLimit: 1 })
    for (const id of ["a", "b"]) add(id)
    const asked = submit((unit) => [unit.byId("a")?.key, unit.byKey(2)?.row.id, unit.byId("none")], {
      ids: ["a", "none"],
      keys: [2]
    })
    expect(asked.value).toEqual([1, "b", undefined])
    expect(calls.filter((name) => name === "jobs").length).toBe(1)
  })

  it("tells the engine which jobs it keeps decoded no more", () => {
    const { host, add } = newScene({ cacheLimit: 1 })
    for (const id of ["a", "b"]) add(id)
    expect(host.evictions).toEqual(["a"])
  })

  it("tells callers and the engine of a commit once it is on disk, in that order", () => {
    const { host, submit, row } = newScene()
    const seen: Array<string> = []
    host.events.on("JobAdded", () => seen.push(`event, ${row("a").id} is there`))
    const { length } = host.units
    const asked = submit((unit) => addJob(unit, "a"))
    expect([asked.state, host.units.length - length]).toEqual(["committed", 1])
    expect(seen).toEqual(["event, a is there"])
  })

  it("numbers events that nobody hears", () => {
    const { host, submit } = newScene({ observed: false })
    submit((unit) => ["a", "b"].map((id) => addJob(unit, id)))
    const numbers: Array<number> = []
    host.events.on("JobAdded", ({ seq }) => numbers.push(seq))
    submit((unit) => addJob(unit, "c"))
    expect(numbers).toEqual([3])
  })

  it("tells a listener what a commit says that was on its way when it began to listen", async () => {
    const { host, hold, add, timers } = newScene({ observed: false })
    const answer = hold("commit")
    const asked = add("a")
    const seen: Array<number> = []
    host.events.on("JobAdded", ({ seq }) => seen.push(seq))
    answer()
    await timers.advance(0)
    expect([asked.state, seen]).toEqual(["committed", [1]])
  })

  it("aborts runs after the commit that decided so", async () => {
    const { timers, host, submit, add, startedAt } = newScene()
    add("a")
    await timers.advance(minute)
    const runKey = startedAt * 1000
    const asked = submit((unit) => cancelRun(unit, 1, runKey), { keys: [1] })
    expect([asked.value, host.aborted]).toEqual([true, [String(runKey)]])
  })

  it.each([
    ["in the same commit", null],
    ["in a later one, for the outcome is long", JSON.stringify("x".repeat(2 ** 20))]
  ])("aborts the next attempt of a run where the one that it meant has just ended, %s", async (_when, result) => {
    const { timers, host, submit, add, startedAt, runs } = newScene()
    const retry = { attempts: 2, backoffMs: minute, factor: 1, maxBackoffMs: minute, jitter: 0, when: null }
    add("a", { rules: { retry } })
    await timers.advance(minute)
    const runId = String(startedAt * 1000)
    submit(
      (unit) => {
        // Ends while the cancellation is on its way to the disk.
        host.settle(runId, { outcome: "failed", result, error: { name: "Error", message: "no" } })
        return cancelRun(unit, 1, startedAt * 1000)
      },
      { keys: [1] }
    )
    await timers.advance(0)
    expect(runs()).toMatchObject([{ outcome: "cancelled" }])
    expect(host.reports).toEqual([])
  })

  it("tells an executor once to abort a run, though it says that it has none", async () => {
    const { timers, host, submit, add, startedAt } = newScene()
    add("a")
    await timers.advance(minute)
    host.aborts = false
    submit((unit) => cancelRun(unit, 1, startedAt * 1000), { keys: [1] })
    await timers.advance(0)
    expect(host.aborted).toEqual([String(startedAt * 1000)])
  })

  it("claims what is due together with commands, and nothing in a cycle that began before it could", async () => {
    const { timers, add, host, batches, writer, submit, calls } = newScene()
    add("a")
    timers.spend(minute)
    add("b")
    expect(batches.at(-1)).toMatchObject({ added: [{ id: "b" }], claims: [{ jobKey: 1 }] })
    host.claiming = false
    writer.forgetWakeUps()
    const { length } = calls
    submit(() => (host.claiming = true))
    expect(calls.slice(length)).toEqual([])
    await timers.advance(0)
    expect(calls.slice(length)).toEqual(["due"])
  })

  it("parks a stored job that cannot be read when it meets it, and leaves the others alone", async () => {
    const { timers, submit, add, row, host } = newScene({ cacheLimit: 0 })
    add("bad")
    submit(
      (unit) => {
        const job = unit.byId("bad")
        if (job !== undefined) unit.redefine(job, { ...job.row, args: "}{" }, job.rules, job.trigger)
      },
      { ids: ["bad"] }
    )
    add("good")
    await timers.advance(minute)
    expect(row("bad")).toMatchObject({ value: "paused", fault: true })
    expect(host.orders.map(({ jobId }) => jobId)).toEqual(["good"])
    expect(submit((unit) => unit.unreadableKeys.get("bad"), { ids: ["bad"] }).value).toBe(1)
  })

  it("holds the job whose turn has not come", async () => {
    const { timers, add, writer, host } = newScene()
    for (const id of ["a", "b"]) add(id, { memory: { crashes: 2 } })
    await timers.advance(minute)
    expect(host.orders.map(({ jobId }) => jobId)).toEqual(["a"])
    expect([writer.isHeld(1), writer.isHeld(2)]).toEqual([false, true])
  })
})
