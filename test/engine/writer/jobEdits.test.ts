/** What callers do to a job: pause, resume, leave out a fire time, remove. What is refused says how to mend it. */
import { describe, expect, it } from "vitest"
import { JobStateError, UnknownJobError } from "../../../src/engine/schedulerError.ts"
import { jobIn, pause, removeById, resume, skipNext } from "../../../src/engine/writer/jobEdits.ts"
import type { UnitEnvironment } from "../../../src/engine/writer/unitEnvironment.ts"
import type { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import { date } from "../../../src/trigger/date.ts"
import { interval } from "../../../src/trigger/interval.ts"
import { stream } from "../../../src/trigger/stream.ts"
import { definitionEnvironment } from "./definitions.ts"
import type { JobParts } from "./jobs.ts"
import { faultyTrigger, liveRun, makeJob, makeUnit, minute, missingTrigger, thrownBy, toldBy } from "./jobs.ts"

const now = 10 * minute
const environment = definitionEnvironment({ now })
const eventsOf = ({ consequences }: UnitOfWork) => toldBy(consequences).events.map(({ type }) => type)
const done = { exhausted: true, nextFireAt: null } as const

/** A unit at the tenth minute with a job that is next due at the eleventh. */
const unitWith = (parts: JobParts = {}, given: Partial<UnitEnvironment> = {}) => {
  const unit = makeUnit({ now, ...given })
  const memory = { nextFireAt: now + minute, cursor: now, ...parts.memory }
  return { unit, job: unit.load(makeJob(1, { ...parts, memory })) }
}

describe("a job that is asked for", () => {
  it("is found by its id", () => {
    const { unit, job } = unitWith()
    expect(jobIn(unit, "job-1", "pauseJob")).toBe(job)
  })

  it("is unknown, or cannot be read: the error says which, and what was called", () => {
    const { unit } = unitWith()
    unit.unreadableKeys.set("bad", 3)
    const [unknown, unreadable] = ["none", "bad"].map((id) => thrownBy(() => jobIn(unit, id, "pauseJob")))
    expect(unknown).toBeInstanceOf(UnknownJobError)
    expect(unknown).toMatchObject({ jobId: "none", verb: "pauseJob" })
    expect(unreadable).toBeInstanceOf(JobStateError)
    expect(unreadable).toMatchObject({ jobId: "bad", verb: "pauseJob", state: "unreadable" })
  })
})

describe("pausing", () => {
  it("stops a job, and tells so", () => {
    const { unit, job } = unitWith()
    expect(pause(unit, job)).toMatchObject({ value: "paused", memory: { pausedAt: now } })
    expect(eventsOf(unit)).toEqual(["JobPaused"])
    expect([unit.batch().ledger, unit.batch().states[0]?.wakeAt]).toEqual([[], null])
  })

  it.each([
    ["that is due at this very instant", now, 1],
    ["that were due for a while", 7 * minute, 4]
  ])("withdraws fire times %s", (_what, nextFireAt, count) => {
    const { unit, job } = unitWith({ memory: { nextFireAt, cursor: nextFireAt - minute } })
    pause(unit, job)
    expect(unit.batch().ledger).toMatchObject([
      { kind: "misfired", reason: "withdrawn", fromAt: nextFireAt, throughAt: now, count }
    ])
  })

  it("withdraws what a faulty trigger had promised", () => {
    const { unit, job } = unitWith({ trigger: faultyTrigger, memory: { nextFireAt: 7 * minute } })
    pause(unit, job)
    expect(unit.batch().ledger).toMatchObject([{ fromAt: 7 * minute, throughAt: 7 * minute, count: 1 }])
  })

  it("withdraws nothing of a job without a fire time: a stream's, or one whose last run is live", () => {
    for (const memory of [{ nextFireAt: null }, { ...done, live: [liveRun(7)] }]) {
      const { unit, job } = unitWith({ memory })
      pause(unit, job)
      expect(unit.batch().ledger).toEqual([])
    }
  })

  it.each([
    ["paused", { pausedAt: 5 }],
    ["done", done]
  ])("is refused for a job that is %s", (state, memory) => {
    const { unit, job } = unitWith({ memory })
    const error = thrownBy(() => pause(unit, job))
    expect(error).toBeInstanceOf(JobStateError)
    expect(error).toMatchObject({ jobId: "job-1", verb: "pauseJob", state })
    expect(toldBy(unit.consequences).events).toEqual([])
  })

  it("is refused where the trigger's code is not registered, with what is missing", () => {
    const { unit, job } = unitWith({ trigger: missingTrigger })
    const error = thrownBy(() => pause(unit, job))
    expect(error).toMatchObject({ verb: "pauseJob", state: "unreadable" })
    expect(error).toHaveProperty("remedy", expect.stringContaining(`trigger type "tides" is not registered`))
  })
})

describe("resuming", () => {
  const paused = { pausedAt: 5 * minute, nextFireAt: 6 * minute, cursor: 5 * minute } as const

  it("goes on with the first fire time from now on; those of the pause are not made up", () => {
    const { unit, job } = unitWith({ memory: paused })
    const resumed = resume(unit, job, undefined, environment)
    expect(resumed).toMatchObject({ value: "scheduled", memory: { pausedAt: null, nextFireAt: 11 * minute } })
    expect(unit.batch().ledger).toMatchObject([{ kind: "paused", fromAt: 5 * minute + 1, throughAt: now }])
    expect(eventsOf(unit)).toEqual(["JobResumed"])
  })

  it("makes up those of the pause where that is asked for", () => {
    const { unit, job } = unitWith({ memory: paused })
    expect(resume(unit, job, "coalesce", environment).memory.nextFireAt).toBe(6 * minute)
    expect(unit.batch().ledger).toEqual([])
  })

  it("makes up those of a fault, which nobody wished for, unless they are not wanted", () => {
    const fault = { kind: "faultyTrigger", message: "it throws" } as const
    for (const [missed, nextFireAt] of [
      [undefined, 6 * minute],
      ["skip", 11 * minute]
    ] as const) {
      const { unit, job } = unitWith({ memory: { ...paused, fault } })
      expect(resume(unit, job, missed, environment).memory).toMatchObject({ nextFireAt, fault: null })
    }
  })

  describe("a job whose last fire time the pause has lasted over", () => {
    const once = { trigger: date(6 * minute), memory: paused }

    it("makes that up: there is nothing else to go on with", () => {
      const { unit, job } = unitWith(once)
      expect(resume(unit, job, undefined, environment)).toMatchObject({
        value: "scheduled",
        memory: { nextFireAt: 6 * minute, exhausted: false }
      })
    })

    it("is done where it is not wanted", () => {
      const { unit, job } = unitWith(once)
      expect(resume(unit, job, "skip", environment)).toMatchObject({ value: "done", memory: { nextFireAt: null } })
    })

    it("is done where it was served before the pause", () => {
      const { unit, job } = unitWith({ ...once, memory: { ...paused, cursor: 6 * minute } })
      expect(resume(unit, job, undefined, environment).value).toBe("done")
      expect(unit.batch().ledger).toMatchObject([{ kind: "paused" }])
    })
  })

  it("of a job whose schedule is over leaves it over", () => {
    const memory = { ...paused, ...done, live: [liveRun(7)] }
    const { unit, job } = unitWith({ trigger: date(6 * minute), memory })
    expect(resume(unit, job, undefined, environment)).toMatchObject({ value: "running", memory: { exhausted: true } })
    expect(unit.batch().ledger).toMatchObject([{ kind: "paused" }])
  })

  it("starts what waits, unless nothing may be claimed", () => {
    for (const claiming of [true, false]) {
      const { unit, job } = unitWith({ memory: { ...paused, queue: [{ fireAt: 5 * minute }] } }, { claiming })
      resume(unit, job, undefined, environment)
      expect(unit.consequences.claims.map(({ fireAt }) => fireAt)).toEqual(claiming ? [5 * minute] : [])
    }
  })

  it("is refused for a job that is not paused", () => {
    const { unit, job } = unitWith()
    const error = thrownBy(() => resume(unit, job, undefined, environment))
    expect(error).toMatchObject({ _tag: "JobStateError", verb: "resumeJob", state: "scheduled" })
  })

  it.each<readonly [string, JobParts, object]>([
    ["task", { task: "gone" }, { _tag: "UnknownTaskError", task: "gone", job: "job-1" }],
    ["executor", { executor: "gone" }, { _tag: "UnknownNameError", kind: "executor", name: "gone" }],
    ["stream", { trigger: stream("gone") }, { _tag: "UnknownNameError", kind: "stream", name: "gone" }],
    ["trigger", { trigger: missingTrigger }, { _tag: "JobStateError", verb: "resumeJob", state: "unreadable" }]
  ])("is refused where its %s is not registered: the fault would stay alive", (_what, parts, error) => {
    const { unit, job } = unitWith({ ...parts, memory: paused })
    expect(thrownBy(() => resume(unit, job, undefined, environment))).toMatchObject(error)
  })

  it("waits for the next value of a stream that is registered", () => {
    const { unit, job } = unitWith({ trigger: stream("orders"), memory: { ...paused, nextFireAt: null } })
    expect(resume(unit, job, undefined, environment)).toMatchObject({ value: "scheduled" })
  })
})

describe("leaving out the next fire time", () => {
  it("goes on with the one after it, and records it as left out", () => {
    const { unit, job } = unitWith()
    expect(skipNext(unit, job).memory).toMatchObject({ nextFireAt: 12 * minute, cursor: 11 * minute })
    expect(unit.batch().ledger).toMatchObject([
      { kind: "misfired", reason: "skipped", fromAt: 11 * minute, throughAt: 11 * minute, count: 1 }
    ])
    expect(eventsOf(unit)).toEqual(["FireMisfired", "JobModified"])
  })

  it("goes on after what is accounted for already", () => {
    const { unit, job } = unitWith({ memory: { cursor: 15 * minute } })
    expect(skipNext(unit, job).memory.nextFireAt).toBe(16 * minute)
  })

  it.each<readonly [string, string, JobParts]>([
    ["that is paused", "paused", { memory: { pausedAt: 5 } }],
    ["that catches up", "catching up", { memory: { backlog: { late: null, due: null, second: null } } }],
    ["that is done", "done", { memory: done }],
    ["of a stream", "scheduled", { trigger: stream("orders"), memory: { nextFireAt: null } }],
    [
      "that counts from the end of a run, while one is live",
      "running",
      { trigger: interval("1 minute", { start: 0, after: "run" }), memory: { live: [liveRun(7)] } }
    ]
  ])("is refused for a job %s", (_what, state, parts) => {
    const { unit, job } = unitWith(parts)
    const error = thrownBy(() => skipNext(unit, job))
    expect(error).toMatchObject({ _tag: "JobStateError", jobId: "job-1", verb: "skipNext", state })
    if (state === "paused") expect(error).toHaveProperty("remedy", expect.stringContaining("resumeJob first"))
    expect(unit.changes).toBe(0)
  })

  it("is done while a run is live, where fire times do not count from its end; and where none is", () => {
    const running = unitWith({ memory: { live: [liveRun(7)] } })
    expect(skipNext(running.unit, running.job).memory.nextFireAt).toBe(12 * minute)
    const delayed = unitWith({ trigger: interval("1 minute", { start: 0, after: "run" }) })
    expect(skipNext(delayed.unit, delayed.job).memory.cursor).toBe(11 * minute)
  })
})

describe("removing", () => {
  it("frees the id, withdraws what is due and tells so", () => {
    const { unit, job } = unitWith({ memory: { nextFireAt: now, cursor: 9 * minute } })
    removeById(unit, "job-1")
    expect(unit.byId("job-1")).toBe(undefined)
    expect(unit.byKey(job.key)).toMatchObject({ value: "done", removedAt: now, memory: { removed: true } })
    expect(unit.batch().removed).toEqual([{ key: 1, removedAt: now }])
    expect(unit.batch().ledger).toMatchObject([{ reason: "withdrawn", fromAt: now, count: 1 }])
    expect(eventsOf(unit)).toEqual(["FireMisfired", "JobRemoved"])
  })

  it("takes no step with a job that is done", () => {
    const { unit } = unitWith({ memory: done })
    removeById(unit, "job-1")
    expect([unit.steps, unit.batch().removed.length, eventsOf(unit)]).toEqual([[], 1, ["JobRemoved"]])
  })

  it("withdraws nothing of a pause: the ledger says that it was one", () => {
    const { unit } = unitWith({ memory: { pausedAt: 5 * minute, nextFireAt: 6 * minute, cursor: 5 * minute } })
    removeById(unit, "job-1")
    expect(unit.batch().ledger).toMatchObject([{ kind: "paused", fromAt: 5 * minute + 1, throughAt: now }])
  })

  it("lets one go that cannot be read", () => {
    const { unit } = unitWith()
    unit.unreadableKeys.set("bad", 3)
    removeById(unit, "bad")
    expect(unit.batch().removed).toEqual([{ key: 3, removedAt: now }])
    expect(toldBy(unit.consequences).events).toEqual([{ type: "JobRemoved", jobId: "bad" }])
  })

  it("is refused for an id that nobody has", () => {
    const { unit } = unitWith()
    expect(thrownBy(() => removeById(unit, "none"))).toMatchObject({ _tag: "UnknownJobError", verb: "removeJob" })
  })
})
