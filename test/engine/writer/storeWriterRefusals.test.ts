/** A store that refuses a batch for what is in it: the part is found, and the others go through. */
import { describe, expect, it } from "vitest"
import { JobStateError } from "../../../src/engine/schedulerError.ts"
import type { StoreBatch } from "../../../src/store/jobStore.ts"
import { minute } from "./jobs.ts"
import { addJob, conflict, newScene } from "./writerScene.ts"

const adds =
  (id: string) =>
  ({ added }: StoreBatch): boolean =>
    added.some((row) => row.id === id)
/** A claim or a state of a job. */
const concerns =
  (key: number) =>
  ({ claims, states }: StoreBatch): boolean =>
    claims.some(({ jobKey }) => jobKey === key) || states.some((state) => state.key === key)

describe("a writer whose store refuses a batch", () => {
  it("refuses the one command that is in the way, with the store's error, and commits the others of the batch", async () => {
    const { timers, submit, refuse, host, row } = newScene()
    const error = conflict()
    refuse(adds("bad"), error)
    const asked: Array<unknown> = []
    submit(() => {
      for (const id of ["first", "bad", "second"]) asked.push(submit((unit) => addJob(unit, id).key))
    })
    await timers.advance(0)
    expect(asked).toEqual([
      { state: "committed", value: 1, endings: 1 },
      { state: "refused", error, endings: 1 },
      { state: "committed", value: 2, endings: 1 }
    ])
    expect([row("second").key, host.broke, host.told]).toEqual([2, [], []])
  })

  it("tries a command once more by itself: the batch may have held due jobs too", async () => {
    const { add, refuse, batches, timers } = newScene()
    refuse(adds("bad"))
    const before = batches.length
    const asked = add("bad")
    await timers.advance(0)
    expect([asked.state, batches.length - before]).toEqual(["refused", 2])
  })

  it("finds it beside a command that touches no job, such as one that only leaves a mark", async () => {
    const { timers, submit, refuse } = newScene()
    let tries = 0
    refuse((batch) => adds("bad")(batch) && ++tries < 10)
    const asked: Array<ReturnType<typeof submit>> = []
    submit(() => {
      asked.push(submit((unit) => unit.mark("note", "1"), { weight: 0 }))
      asked.push(submit((unit) => addJob(unit, "bad")))
    })
    await timers.advance(0)
    expect([asked.map(({ state }) => state), tries]).toEqual([["committed", "refused"], 2])
  })

  it("commits one by one for as long as the batch may have held parts, then together again", async () => {
    const { timers, submit, refuse, batches } = newScene()
    refuse(adds("bad"))
    submit(() => {
      for (const id of ["good", "bad"]) submit((unit) => addJob(unit, id))
    })
    await timers.advance(0)
    const before = batches.length
    submit(() => {
      for (let each = 0; each < 450; each++) submit((unit) => addJob(unit, `job-${each}`))
    })
    await timers.advance(0)
    // Two commands and 384 due jobs may have been in it; one was committed alone before.
    const sizes = batches.slice(before).map(({ added }) => added.length)
    expect([sizes.filter((size) => size === 1).length, sizes.at(-1)]).toEqual([385, 450 - 385])
  })

  it("parks a due job that is in the way, with what mends it, and claims the others", async () => {
    const { timers, add, refuse, row, host, eventsOf } = newScene()
    for (const id of ["a", "bad", "c"]) add(id)
    refuse(({ claims }) => claims.some(({ jobKey }) => jobKey === 2))
    await timers.advance(minute)
    expect(row("bad")).toMatchObject({ value: "paused", fault: true, wakeAt: null })
    expect(eventsOf("JobParked")).toMatchObject([
      { jobId: "bad", fault: { kind: "unreadable", message: expect.stringContaining("then resume it") as unknown } }
    ])
    expect(host.orders.map(({ jobId }) => jobId)).toEqual(["a", "c"])
    expect(host.reports).toEqual([])
  })

  it("does not let a command answer for a due job", async () => {
    const { timers, add, submit, refuse, host } = newScene()
    add("bad")
    timers.spend(minute)
    refuse(({ claims }) => claims.length > 0)
    const asked = submit((unit) => addJob(unit, "good"))
    await timers.advance(0)
    expect([asked.state, host.orders]).toEqual(["committed", []])
  })

  it("leaves out for a minute a job that cannot even be parked, and reports it", async () => {
    const { timers, add, refuse, heal, host, queries, row } = newScene({ name: "archive" })
    for (const id of ["bad", "good"]) add(id)
    const error = conflict()
    refuse(concerns(1), error)
    await timers.advance(minute)
    expect(host.reports).toEqual([
      { error, where: `job "bad" of store "archive", which can be neither written nor parked` }
    ])
    expect(host.orders.map(({ jobId }) => jobId)).toEqual(["good"])
    expect(queries.at(-1)?.exceptKeys).toEqual([1])
    heal()
    await timers.advance(minute)
    host.settle(host.orders[0]?.runId ?? "")
    await timers.advance(minute)
    expect([row("bad").value, host.orders.some(({ jobId }) => jobId === "bad")]).toEqual(["running", true])
  })

  it("leaves out a job that cannot be read, where that cannot be written", async () => {
    const { timers, add, submit, refuse, host, queries } = newScene({ cacheLimit: 0 })
    add("bad")
    submit(
      (unit) => {
        const job = unit.byId("bad")
        if (job !== undefined) unit.redefine(job, { ...job.row, args: "}{" }, job.rules, job.trigger)
      },
      { ids: ["bad"] }
    )
    refuse(concerns(1))
    await timers.advance(minute)
    expect(host.reports.map(({ where }) => where)).toEqual([expect.stringContaining(`job "bad"`)])
    expect(queries.at(-1)?.exceptKeys).toEqual([1])
  })

  it("gives up the turn of a suspect that can be neither written nor parked", async () => {
    const { timers, add, refuse, told } = newScene()
    add("bad", { memory: { crashes: 2 } })
    refuse(concerns(1))
    await timers.advance(minute)
    expect(told).toEqual(["turn is free"])
  })

  it("reports an outcome that the store refuses: it will never be on disk", async () => {
    const { timers, add, refuse, host, startedAt } = newScene()
    add("a")
    await timers.advance(minute)
    const error = conflict()
    refuse(({ settled }) => settled.length > 0, error)
    const runId = String(startedAt * 1000)
    host.settle(runId)
    await timers.advance(0)
    expect(host.reports).toEqual([{ error, where: `the outcome of run "${runId}" of job "a"` }])
  })

  it("says nothing of a job that it could not park because it was closed", async () => {
    const { timers, add, refuse, host, writer } = newScene()
    add("bad")
    refuse(({ claims, states }) => {
      if (claims.length === 0 && states.length > 0)
        writer.close(new JobStateError({ jobId: "", verb: "", state: "", remedy: "" }))
      return states.length > 0
    })
    await timers.advance(minute)
    expect(host.reports).toEqual([])
  })
})
