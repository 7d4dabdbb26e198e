/** What a unit does to jobs besides running them: other definitions, new lives, removals, and what is told of their states. */
import { describe, expect, it } from "vitest"
import type { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import { dueFireTimes } from "../../../src/job/dueFireTimes.ts"
import { defaultRules } from "../../../src/job/rules.ts"
import { newMemory } from "../../../src/job/snapshot.ts"
import { interval } from "../../../src/trigger/interval.ts"
import { everyMinute, liveRun, makeJob, makeUnit, minute, toldBy } from "./jobs.ts"

const everyHour = interval("1 hour", { start: 0 })
const done = { exhausted: true, nextFireAt: null } as const
const poison = { kind: "poison", message: "it kills" } as const
const eventsOf = ({ consequences }: UnitOfWork) => toldBy(consequences).events.map(({ type }) => type)
const crash = (runKeys: ReadonlyArray<number>) =>
  ({ type: "interrupted", now: minute, firstRunKey: 1000, runKeys, crash: true, next: null }) as const

describe("a job that is added", () => {
  it("when its time is over is told to be done", () => {
    const unit = makeUnit()
    unit.add(makeJob(0).row, defaultRules, everyMinute, newMemory(0, null, true))
    expect(eventsOf(unit)).toEqual(["JobAdded", "JobDone"])
    expect(unit.batch().added).toMatchObject([{ value: "done", wakeAt: null }])
  })

  it("with its time forgotten has accounted for all of it", () => {
    const unit = makeUnit()
    const forgotten = { from: 10, through: 30, count: 3 }
    const { value, memory } = unit.addOver(makeJob(0).row, defaultRules, everyMinute, forgotten)
    expect([value, memory.since, memory.cursor]).toEqual(["done", 9, 30])
  })
})

describe("another definition", () => {
  const redefined = (args: string, task: string, live: ReadonlyArray<ReturnType<typeof liveRun>>) => {
    const unit = makeUnit()
    const job = unit.load(makeJob(1, { memory: { live } }))
    const rules = { ...defaultRules, maxInstances: 3 }
    const after = unit.redefine(job, { ...job.row, args, task }, rules, everyHour)
    return { unit, after, rules }
  }

  it("is written with the job's state, and heard of by its actor", () => {
    const { unit, after, rules } = redefined(`{"to":"ops"}`, "mail", [])
    expect(after).toMatchObject({ row: { task: "mail" }, rules: { maxInstances: 3 }, value: "scheduled" })
    expect(after.trigger).toBe(everyHour)
    const { redefined: rows, states } = unit.batch()
    expect([rows.map(({ task }) => task), states.map(({ key }) => key)]).toEqual([["mail"], [1]])
    expect(unit.steps).toEqual([{ key: 1, event: { type: "redefine", rules } }])
    expect([...unit.defined()].map(({ key }) => key)).toEqual([1])
  })

  it("leaves runs under way the arguments with which they began", () => {
    const { after, unit } = redefined(`{"to":"dev"}`, "report", [liveRun(7)])
    expect(after.memory.live).toMatchObject([{ runKey: 7, args: { to: "ops" } }])
    expect(unit.steps).toMatchObject([{ event: { args: { to: "ops" } } }])
  })

  it.each([
    ["the arguments stay", `{"to":"ops"}`, "report", [liveRun(7)]],
    ["another task takes over, with its own", `{"to":"dev"}`, "mail", [liveRun(7)]],
    ["nothing runs", `{"to":"dev"}`, "report", []]
  ])("says nothing of them where %s", (_why, args, task, live) => {
    const { unit, after } = redefined(args, task, live)
    expect(unit.steps[0]?.event).not.toHaveProperty("args")
    expect(after.memory.live).toEqual(live)
  })

  it("follows what the job did before in the same commit", () => {
    const { unit, after } = redefined("{}", "mail", [])
    unit.due(after, dueFireTimes(everyMinute, minute, minute, defaultRules))
    unit.redefine(after, after.row, defaultRules, everyMinute)
    expect(unit.steps.map(({ event }) => event.type)).toEqual(["redefine", "due", "redefine"])
  })
})

describe("a unit that something was done to", () => {
  it("counts it, whatever it was", () => {
    const unit = makeUnit()
    const job = unit.load(makeJob(1, { memory: done }))
    const doings: ReadonlyArray<() => unknown> = [
      () => unit.add({ ...job.row, id: "new" }, defaultRules, everyMinute, newMemory(0, minute, false)),
      () => unit.redefine(job, job.row, defaultRules, everyHour),
      () => unit.revive(job, newMemory(0, minute, false)),
      () => unit.discardUnreadable(5, "bad"),
      () => unit.mark("zone", "UTC"),
      () => unit.checkpoint(7, "text", 0),
      () => unit.send(7, "{}"),
      () => unit.markRemoved(job)
    ]
    for (const doing of doings) {
      const { edits } = unit
      doing()
      expect(unit.edits).toBeGreaterThan(edits)
    }
  })

  it("has as many changes as rows and jobs", () => {
    const unit = makeUnit()
    unit.due(unit.load(makeJob(1)), dueFireTimes(everyMinute, minute, minute, defaultRules))
    const [two, three] = [2, 3].map((key) => unit.load(makeJob(key, { memory: { live: [liveRun(key)] } })))
    for (const job of [two, three]) if (job !== undefined) unit.step(job, crash([job.key]))
    for (const key of [8, 9]) unit.discardUnreadable(key, `job-${key}`)
    for (const key of [10, 11]) unit.parkUnreadable({ key, id: `job-${key}`, executor: "own", memory: "}{" }, "no")
    unit.mark("a", "1")
    // A claim, two outcomes, two removals, two that cannot be read, a mark, and three jobs.
    expect(unit.changes).toBe(1 + 2 + 2 + 2 + 1 + 3)
  })

  it("writes in the order in which it was done", () => {
    const unit = makeUnit()
    const jobs = [1, 2].map((key) => unit.load(makeJob(key)))
    for (const job of jobs) unit.redefine(job, job.row, defaultRules, everyHour)
    for (const key of [10, 11]) unit.parkUnreadable({ key, id: `job-${key}`, executor: "own", memory: "}{" }, "no")
    unit.discardUnreadable(10, "job-10")
    for (const job of jobs) unit.markRemoved(job)
    unit.discardUnreadable(11, "job-11")
    const batch = unit.batch()
    expect(batch.redefined.map(({ key }) => key)).toEqual([1, 2])
    expect(batch.states.map(({ key }) => key)).toEqual([10, 11, 1, 2])
    expect(batch.removed.map(({ key }) => key)).toEqual([10, 1, 2, 11])
  })

  it("gives a done job that is removed to those who follow it, though it takes no step", () => {
    const unit = makeUnit()
    unit.markRemoved(unit.load(makeJob(1, { memory: done })))
    expect([...unit.changed()]).toMatchObject([{ key: 1, removedAt: minute }])
  })

  it("writes a job that lives anew", () => {
    const unit = makeUnit()
    unit.revive(unit.load(makeJob(1, { memory: done })), newMemory(0, 5 * minute, false))
    expect(unit.batch().states).toMatchObject([{ key: 1, value: "scheduled", wakeAt: 5 * minute }])
  })

  it("leaves an id to the job that has it by now", () => {
    const unit = makeUnit()
    const first = unit.load(makeJob(1))
    unit.markRemoved(first)
    const second = unit.add(first.row, defaultRules, everyMinute, newMemory(0, minute, false))
    unit.markRemoved(first)
    expect(unit.byId("job-1")?.key).toBe(second.key)
  })
})

describe("keys of runs", () => {
  it("go on after the highest that was given", () => {
    const unit = makeUnit()
    const due = { fireAt: minute, coalesced: null, each: false, passed: 0, missedThrough: null }
    const next = { nextFireAt: 2 * minute, exhausted: false }
    unit.step(unit.load(makeJob(1)), { type: "due", now: minute, firstRunKey: 5, ...due, ...next })
    expect(unit.nextRunKey).toBe(1000)
  })

  it("are left to the next owner where a job counts from them", () => {
    const unit = makeUnit({ now: minute })
    const ahead = makeJob(1, { memory: { cursor: 900 * minute, nextFireAt: 901 * minute } })
    const next = { nextFireAt: minute, exhausted: false }
    unit.step(unit.load(ahead), { type: "setRight", now: minute, aheadMs: 900 * minute, nextRunKey: 1000, next })
    expect(unit.batch().marks).toEqual([{ name: "runKeys", value: "1000" }])
  })

  it("of runs that must end are given to their executors, in order", () => {
    const unit = makeUnit()
    const live = [liveRun(7), liveRun(8)]
    const job = makeJob(1, { memory: { live }, rules: { overlap: "cancel-running", maxInstances: 2 } })
    unit.due(unit.load(job), dueFireTimes(everyMinute, minute, minute, defaultRules))
    expect(unit.consequences.cancels).toEqual([
      { jobKey: 1, runKey: 7 },
      { jobKey: 1, runKey: 8 }
    ])
  })
})

describe("a job's state", () => {
  it("is told when it is done, once, unless it was removed", () => {
    const last = { ...done, live: [liveRun(7)] }
    const ended = (removed: boolean) => {
      const unit = makeUnit()
      const job = makeJob(1, { memory: { ...last, removed }, rules: { onInterrupted: "skip" } })
      unit.step(unit.load(job), crash([7]))
      return [unit.byKey(1)?.value, eventsOf(unit)]
    }
    expect(ended(false)).toEqual(["done", ["RunInterrupted", "JobDone"]])
    expect(ended(true)).toEqual(["done", ["RunInterrupted"]])
  })

  it.each([
    ["running", {}],
    ["paused", { pausedAt: 5 }]
  ])("is told when a run of a job that is %s turns out to be poison", (_state, part) => {
    const unit = makeUnit()
    unit.step(unit.load(makeJob(1, { memory: { live: [liveRun(7)], crashes: 2, ...part } })), crash([7]))
    expect(unit.byKey(1)?.memory.fault).toMatchObject({ kind: "poison" })
    expect(toldBy(unit.consequences).events.filter(({ type }) => type === "JobParked")).toMatchObject([
      { jobId: "job-1", fault: { kind: "poison" } }
    ])
  })

  it("is told once where a parked job is parked anew", () => {
    const unit = makeUnit()
    unit.park(unit.load(makeJob(1, { memory: { pausedAt: 5, fault: poison } })), { ...poison, message: "again" })
    expect(toldBy(unit.consequences).events).toMatchObject([{ type: "JobParked", fault: { message: "again" } }])
  })
})
