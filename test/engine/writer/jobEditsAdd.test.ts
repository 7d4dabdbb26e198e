/** Jobs that are added, and what `ifExists` makes of one that is there already. */
import { describe, expect, it } from "vitest"
import { DuplicateJobError } from "../../../src/engine/schedulerError.ts"
import { addAllTo, addTo } from "../../../src/engine/writer/jobEdits.ts"
import type { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import { cron } from "../../../src/trigger/cron/cron.ts"
import { date } from "../../../src/trigger/date.ts"
import { interval } from "../../../src/trigger/interval.ts"
import { define } from "./definitions.ts"
import type { JobParts } from "./jobs.ts"
import { everyMinute, liveRun, makeJob, makeUnit, minute, missingTrigger, thrownBy, toldBy } from "./jobs.ts"

const now = 10 * minute
const eventsOf = ({ consequences }: UnitOfWork) => toldBy(consequences).events.map(({ type }) => type)
const everyHour = interval("1 hour", { start: 0 })

/** A unit with the job `job-1`, as it was declared, and what happened to it since. */
const unitWith = (parts: JobParts = {}) => {
  const unit = makeUnit({ now })
  const { row } = define({ id: "job-1", args: { to: "ops" } })
  const memory = { nextFireAt: now + minute, ...parts.memory }
  const job = unit.load(makeJob(1, { ...parts, memory, row: { ...row, addedAt: 5, rules: "{}", ...parts.row } }))
  return { unit, job }
}
const again = (input: Parameters<typeof define>[0]) =>
  define({ args: { to: "ops" }, ifExists: "replace", ...input }, { now })

describe("adding a job", () => {
  it("gives it the next key, its first fire time and an event", () => {
    const unit = makeUnit({ now })
    const job = addTo(unit, define({ id: "a" }, { now }))
    expect(job).toMatchObject({ key: 100, value: "scheduled", memory: { nextFireAt: now, since: now - 1 } })
    expect(unit.batch().added).toMatchObject([{ id: "a", task: "report", wakeAt: now, addedAt: now }])
    expect(eventsOf(unit)).toEqual(["JobAdded"])
  })

  it("is refused where the id is taken, and says in which store", () => {
    const { unit } = unitWith()
    const error = thrownBy(() => addTo(unit, define({ id: "job-1" })))
    expect(error).toBeInstanceOf(DuplicateJobError)
    expect(error).toMatchObject({ jobId: "job-1", store: "default" })
  })

  it("of several is refused whole, before anything is changed", () => {
    const { unit } = unitWith()
    const { edits } = unit
    expect(thrownBy(() => addAllTo(unit, [define({ id: "new" }), define({ id: "job-1" })]))).toBeInstanceOf(
      DuplicateJobError
    )
    expect([unit.edits, unit.changes]).toEqual([edits, 0])
    expect(addAllTo(unit, [define({ id: "new" }), define({ id: "newer" })]).map(({ key }) => key)).toEqual([100, 101])
  })

  it("twice by one list is refused too", () => {
    const unit = makeUnit()
    expect(thrownBy(() => addAllTo(unit, [define({ id: "a" }), define({ id: "a" })]))).toBeInstanceOf(DuplicateJobError)
  })

  it("keeps the one that is there where it is told to", () => {
    const { unit, job } = unitWith()
    expect(addTo(unit, define({ id: "job-1", task: "mail", ifExists: "keep" }))).toBe(job)
    expect(unit.changes).toBe(0)
  })

  it("writes one that is done again, kept or the same: its age counts from now", () => {
    for (const ifExists of ["keep", "replace"] as const) {
      const { unit } = unitWith({ memory: { exhausted: true, nextFireAt: null } })
      addTo(unit, again({ id: "job-1", ifExists }))
      expect(unit.batch().states).toMatchObject([{ key: 1, value: "done" }])
      expect(unit.batch().redefined).toEqual([])
    }
  })

  it.each(["error", "keep"] as const)(
    "with ifExists %s does not take a job that cannot be read for one",
    (ifExists) => {
      const unreadable = makeUnit()
      unreadable.unreadableKeys.set("bad", 3)
      expect(thrownBy(() => addTo(unreadable, define({ id: "bad", ifExists })))).toBeInstanceOf(DuplicateJobError)
      const { unit } = unitWith({ trigger: missingTrigger })
      expect(thrownBy(() => addTo(unit, define({ id: "job-1", ifExists })))).toBeInstanceOf(DuplicateJobError)
    }
  )

  it("in the place of one that cannot be read frees its id, and keeps its bytes", () => {
    const unit = makeUnit()
    unit.unreadableKeys.set("bad", 3)
    expect(addTo(unit, define({ id: "bad", ifExists: "replace" })).key).toBe(100)
    expect(unit.batch().removed).toEqual([{ key: 3, removedAt: minute }])
    expect(unit.unreadableKeys.size).toBe(0)
  })

  it("discards nothing where the id was free", () => {
    const unit = makeUnit()
    addTo(unit, define({ id: "a" }))
    expect(unit.batch().removed).toEqual([])
  })
})

describe("a job of which retention may have deleted an earlier life", () => {
  const past = date(5 * minute)
  const addPast = (forgottenThrough: number | null, input: Partial<Parameters<typeof define>[0]> = {}) => {
    const unit = makeUnit({ now, forgottenThrough })
    const job = addTo(unit, define({ id: "once", trigger: past, ifExists: "keep", ...input }, { now }))
    return { unit, job }
  }

  it("is over when it comes: its fire times may have run", () => {
    const { unit, job } = addPast(5 * minute)
    expect([job.value, job.memory.cursor]).toEqual(["done", 5 * minute])
    expect(unit.batch().ledger).toMatchObject([
      { jobKey: 100, kind: "misfired", reason: "forgotten", fromAt: 5 * minute, throughAt: 5 * minute, count: 1 }
    ])
  })

  it.each([
    ["nothing was forgotten", null],
    ["what was forgotten lies before its fire time", 5 * minute - 1]
  ])("runs where %s", (_why, forgottenThrough) => {
    const { unit, job } = addPast(forgottenThrough)
    expect([job.value, job.memory.nextFireAt, unit.batch().ledger]).toEqual(["scheduled", 5 * minute, []])
  })

  it("runs where it has a fire time after what was forgotten", () => {
    for (const forgottenThrough of [5 * minute, 12 * minute]) {
      const { job } = addPast(forgottenThrough, { trigger: everyMinute })
      expect(job.value).toBe("scheduled")
    }
  })

  it("runs where its id was made for it, or none of its fire times is known", () => {
    const { id: _id, ...unnamed } = { ...define({ id: "once", trigger: past, ifExists: "keep" }, { now }), id: "" }
    const unit = makeUnit({ now, forgottenThrough: 5 * minute })
    expect(addTo(unit, { ...unnamed, named: false }).value).toBe("scheduled")
    const ofStream = { ...unnamed, memory: { ...unnamed.memory, nextFireAt: null } }
    expect(addTo(makeUnit({ now, forgottenThrough: 5 * minute }), ofStream).value).toBe("scheduled")
  })
})

describe("a job that is declared again", () => {
  it("as it is changes nothing", () => {
    const { unit, job } = unitWith()
    expect(addTo(unit, again({ id: "job-1" }))).toBe(job)
    expect([unit.changes, toldBy(unit.consequences).events]).toEqual([0, []])
  })

  it.each<readonly [string, Parameters<typeof define>[0], object]>([
    ["task", { id: "job-1", task: "mail" }, { task: "mail" }],
    ["executor", { id: "job-1", executor: "own" }, { executor: "own" }],
    ["trigger", { id: "job-1", trigger: everyHour }, { trigger: JSON.stringify(everyHour.toJSON()) }],
    ["arguments", { id: "job-1", args: { to: "dev" } }, { args: `{"to":"dev"}` }],
    ["rules", { id: "job-1", maxInstances: 2 }, { rules: `{"maxInstances":2}` }],
    ["notes", { id: "job-1", name: "Report" }, { notes: `{"name":"Report"}` }]
  ])("with another %s takes it over, and stays as old as it is", (_what, input, changed) => {
    const { unit } = unitWith()
    addTo(unit, again(input))
    expect(unit.batch().redefined).toMatchObject([{ key: 1, addedAt: 5, ...changed }])
    expect(eventsOf(unit)).toEqual(["JobModified"])
  })

  it("with the same trigger keeps its next fire time, and the trigger as it is stored", () => {
    const bound = interval("1 minute", { start: 30_000 })
    const { unit } = unitWith({
      trigger: bound,
      memory: { nextFireAt: now + 30_000 },
      row: { trigger: JSON.stringify(bound.toJSON()), notes: JSON.stringify({ given: interval("1 minute").toJSON() }) }
    })
    const job = addTo(unit, again({ id: "job-1", task: "mail", trigger: interval("1 minute") }))
    expect([job.memory.nextFireAt, job.trigger]).toEqual([now + 30_000, bound])
    expect(unit.batch().redefined).toMatchObject([{ trigger: JSON.stringify(bound.toJSON()), stream: null }])
    expect(unit.batch().ledger).toEqual([])
  })

  it("with another trigger counts from now; what was owed is withdrawn", () => {
    const { unit } = unitWith({ memory: { nextFireAt: now - minute, cursor: now - 2 * minute } })
    const job = addTo(unit, again({ id: "job-1", trigger: everyHour }))
    expect(job.memory).toMatchObject({ nextFireAt: 60 * minute, since: now })
    expect(job.trigger.toJSON()).toEqual(everyHour.toJSON())
    expect(unit.batch().ledger).toContainEqual(
      expect.objectContaining({ kind: "misfired", reason: "withdrawn", fromAt: now - minute, throughAt: now, count: 2 })
    )
  })

  it("with another trigger serves no fire time that the old one owed", () => {
    const { unit } = unitWith({ memory: { nextFireAt: now, cursor: now - minute } })
    const job = addTo(unit, again({ id: "job-1", trigger: interval("10 minutes", { start: 0 }) }))
    expect(job.memory.nextFireAt).toBe(20 * minute)
  })

  it("in another zone has another trigger, though it says nothing of it", () => {
    const daily = cron("0 9 * * *")
    const stored = cron("0 9 * * *", { timezone: "Asia/Tokyo" })
    const { unit } = unitWith({
      trigger: stored,
      memory: { nextFireAt: 100 * minute },
      row: { trigger: JSON.stringify(stored.toJSON()), notes: JSON.stringify({ given: daily.toJSON() }) }
    })
    const job = addTo(unit, again({ id: "job-1", trigger: daily }))
    expect(job.memory.nextFireAt).toBe(9 * 60 * minute)
  })

  it("stays paused, and is paused where the definition says so", () => {
    const paused = unitWith({ memory: { pausedAt: 7 } })
    expect(addTo(paused.unit, again({ id: "job-1", task: "mail", paused: true })).memory.pausedAt).toBe(7)
    expect(eventsOf(paused.unit)).toEqual(["JobModified"])
    const { unit } = unitWith()
    expect(addTo(unit, again({ id: "job-1", task: "mail", paused: true })).memory.pausedAt).toBe(now)
    expect(eventsOf(unit)).toEqual(["JobPaused", "JobModified"])
    const neither = unitWith({ memory: { pausedAt: 7 } })
    expect(addTo(neither.unit, again({ id: "job-1", task: "mail" })).memory.pausedAt).toBe(7)
  })

  it("is not paused where it is done: it has no fire time left", () => {
    const { unit } = unitWith({ memory: { exhausted: true, nextFireAt: null, cursor: 5 * minute } })
    const job = addTo(unit, again({ id: "job-1", task: "mail", paused: true }))
    expect([job.value, eventsOf(unit)]).toEqual(["done", ["JobModified"]])
  })

  it("with more runs than before goes on while the run that was to be the last is live", () => {
    const last = { runCount: 3, exhausted: true, nextFireAt: null, cursor: now, live: [liveRun(7)] }
    const { unit } = unitWith({ memory: last, rules: { maxRuns: 3 } })
    const job = addTo(unit, again({ id: "job-1", maxRuns: 4 }))
    expect(job.memory).toMatchObject({ exhausted: false, nextFireAt: now + minute })
  })
})

describe("a job that is done and declared again with another trigger", () => {
  const done = { exhausted: true, nextFireAt: null, cursor: 5 * minute, since: 0, lastFireAt: 5 * minute } as const

  it("lives anew, after what it has served, and remembers its last run", () => {
    const { unit } = unitWith({ memory: { ...done, lastOutcome: "failed", runCount: 3 } })
    const job = addTo(unit, again({ id: "job-1", trigger: everyHour }))
    expect(job).toMatchObject({
      value: "scheduled",
      memory: {
        ...{ nextFireAt: 60 * minute, exhausted: false, runCount: 0, lastFireAt: 5 * minute, lastOutcome: "failed" },
        ...{ since: now - 1, cursor: now - 1, countsAfterRun: null }
      }
    })
    expect(unit.batch().marks).toBe(undefined)
  })

  it("serves no fire time twice that it has served ahead by a clock a little fast", () => {
    const { unit } = unitWith({ memory: { ...done, cursor: now + 30_000 } })
    const job = addTo(unit, again({ id: "job-1", trigger: interval("10 seconds", { start: 0 }) }))
    expect(job.memory).toMatchObject({ since: now + 30_000, nextFireAt: now + 40_000, countsAfterRun: null })
  })

  it("counts from now where its clock was far ahead: what it had accounted for counts no more", () => {
    const { unit } = unitWith({ memory: { ...done, cursor: now + 60 * minute } })
    const job = addTo(unit, again({ id: "job-1", trigger: everyHour }))
    expect(job.memory).toMatchObject({
      ...{ since: now - 1, cursor: now - 1, nextFireAt: 60 * minute },
      ...{ countsAfterRun: 999, countsAfterEntry: 999 }
    })
    expect(unit.batch().marks).toEqual([{ name: "runKeys", value: "1000" }])
  })

  it("counts on from an earlier correction of its clock", () => {
    const { unit } = unitWith({ memory: { ...done, countsAfterRun: 40, countsAfterEntry: 41 } })
    const job = addTo(unit, again({ id: "job-1", trigger: everyHour }))
    expect(job.memory).toMatchObject({ countsAfterRun: 40, countsAfterEntry: 41 })
    expect(unit.batch().marks).toBe(undefined)
  })

  it("stays done where that has no fire time left either", () => {
    const { unit } = unitWith({ memory: { ...done, runCount: 3 } })
    const job = addTo(unit, again({ id: "job-1", trigger: date(2 * minute) }))
    const memory = { runCount: 3, lastFireAt: 5 * minute, since: 5 * minute, cursor: 5 * minute }
    expect(job).toMatchObject({ value: "done", memory })
  })

  it("runs for an instant that has passed, if that was not served", () => {
    const { unit } = unitWith({ memory: done })
    expect(addTo(unit, again({ id: "job-1", trigger: date(7 * minute) })).memory.nextFireAt).toBe(7 * minute)
  })

  it("needs no keys of its own where it has served nothing ahead", () => {
    const { unit } = unitWith({ memory: { ...done, cursor: now - 1 } })
    expect(addTo(unit, again({ id: "job-1", trigger: everyHour })).memory.countsAfterRun).toBe(null)
    expect(unit.batch().marks).toBe(undefined)
  })

  it("forgets what was left out of the old one", () => {
    const skipped = { after: 4 * minute, through: 5 * minute }
    const { unit } = unitWith({ memory: { ...done, skipped } })
    expect(addTo(unit, again({ id: "job-1", trigger: everyHour })).memory.skipped).toBe(null)
  })
})
