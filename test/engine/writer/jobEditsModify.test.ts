/** Some of a job's definition is changed: all of it or nothing. */
import { describe, expect, it } from "vitest"
import { modify } from "../../../src/engine/writer/jobEdits.ts"
import type { JobChanges } from "../../../src/engine/writer/jobEdits.ts"
import { InvalidJobError } from "../../../src/job/jobOptions.ts"
import { date } from "../../../src/trigger/date.ts"
import { interval } from "../../../src/trigger/interval.ts"
import { stream } from "../../../src/trigger/stream.ts"
import { definitionEnvironment } from "./definitions.ts"
import type { JobParts } from "./jobs.ts"
import { liveRun, makeJob, makeUnit, minute, missingTrigger, thrownBy, toldBy } from "./jobs.ts"

const now = 10 * minute
const environment = definitionEnvironment({ now })
const everyHour = interval("1 hour", { start: 0 })
const notes = { name: "Report", tags: ["daily"], metadata: { team: "ops" } }

const modified = (changes: JobChanges, parts: JobParts = {}) => {
  const unit = makeUnit({ now })
  const memory = { nextFireAt: now + minute, cursor: now, ...parts.memory }
  const row = { rules: "{}", notes: JSON.stringify(notes), ...parts.row }
  unit.load(makeJob(1, { ...parts, memory, row }))
  const change = () => modify(unit, "job-1", changes, environment)
  return { unit, change }
}
/** The job's definition after the changes. */
const definitionAfter = (changes: JobChanges, parts: JobParts = {}) => {
  const { unit, change } = modified(changes, parts)
  change()
  return unit.batch().redefined[0]
}
/** What the error says of changes that plain JavaScript may give. */
const refused = (changes: object, parts: JobParts = {}) => {
  const { unit, change } = modified(changes, parts)
  const error = thrownBy(change)
  expect(unit.changes).toBe(0)
  return error
}

describe("modifying a job", () => {
  it("leaves everything as it is that is not spoken of", () => {
    const { unit, change } = modified({})
    change()
    const { row } = makeJob(1)
    expect(unit.batch().redefined).toEqual([{ key: 1, ...row, rules: "{}", notes: JSON.stringify(notes) }])
    expect(unit.byKey(1)?.memory.nextFireAt).toBe(now + minute)
    expect(toldBy(unit.consequences).events).toEqual([{ type: "JobModified", jobId: "job-1" }])
    expect(unit.batch().ledger).toEqual([])
  })

  it.each<readonly [string, JobChanges, object]>([
    ["task by its name", { task: "mail" }, { task: "mail", args: `{"to":"ops"}` }],
    ["arguments", { args: { to: "dev" } }, { args: `{"to":"dev"}` }],
    ["executor", { executor: "own" }, { executor: "own" }],
    ["rules", { maxInstances: 3 }, { rules: `{"maxInstances":3}` }],
    ["name", { name: "Sums" }, { notes: JSON.stringify({ ...notes, name: "Sums" }) }],
    ["tags", { tags: [] }, { notes: JSON.stringify({ ...notes, tags: [] }) }],
    ["metadata", { metadata: {} }, { notes: JSON.stringify({ ...notes, metadata: {} }) }]
  ])("changes its %s and nothing else", (_what, changes, expected) => {
    const { row } = makeJob(1)
    expect(definitionAfter(changes)).toEqual({
      ...{ key: 1, ...row, rules: "{}", notes: JSON.stringify(notes) },
      ...expected
    })
  })

  it("keeps the rules that it had", () => {
    expect(definitionAfter({ maxInstances: 3 }, { rules: { timeoutMs: 500 } })?.rules).toBe(
      `{"maxInstances":3,"timeoutMs":500}`
    )
  })

  it("takes a task by itself", () => {
    const mail = environment.tasks.get("mail")
    expect(definitionAfter({ task: mail })?.task).toBe("mail")
  })

  it("gives a trigger its first fire time, and withdraws what the old one owed", () => {
    const { unit, change } = modified({ trigger: everyHour }, { memory: { nextFireAt: now, cursor: 9 * minute } })
    const job = change()
    expect(job.memory).toMatchObject({ nextFireAt: 60 * minute, since: now })
    expect(job.trigger.toJSON()).toEqual(everyHour.toJSON())
    expect(unit.batch().redefined).toMatchObject([{ trigger: JSON.stringify(everyHour.toJSON()), stream: null }])
    expect(unit.batch().ledger).toMatchObject([
      { kind: "misfired", reason: "withdrawn", fromAt: now, throughAt: now, count: 1 },
      { kind: "superseded" }
    ])
  })

  it("keeps a trigger as it was given, beside what became of it", () => {
    const text = definitionAfter({ trigger: interval("1 hour") })?.notes ?? ""
    expect(JSON.parse(text)).toEqual({ ...notes, given: interval("1 hour").toJSON() })
    const before = JSON.stringify({ ...notes, given: { type: "interval" } })
    expect(definitionAfter({ task: "mail" }, { row: { notes: before } })?.notes).toBe(before)
    expect(definitionAfter({ trigger: everyHour }, { row: { notes: before } })?.notes).toBe(JSON.stringify(notes))
  })

  it("keeps that a job was declared, and that its trigger was left out, until it has one", () => {
    const before = JSON.stringify({ immediate: true, declared: true })
    expect(definitionAfter({ task: "mail" }, { row: { notes: before } })?.notes).toBe(before)
    expect(definitionAfter({ trigger: everyHour }, { row: { notes: before } })?.notes).toBe(`{"declared":true}`)
  })

  it("gives it bounds and jitter together with their trigger", () => {
    const definition = definitionAfter({ trigger: everyHour, start: new Date(5 * 60 * minute), jitter: "1 second" })
    expect(JSON.parse(definition?.trigger ?? "")).toMatchObject({ type: "jitter" })
  })

  it("makes a stream's job of it, whose arguments are checked as such", () => {
    expect(definitionAfter({ trigger: stream("orders") })).toMatchObject({ stream: "orders" })
    expect(refused({ trigger: stream("orders"), args: [1] })).toMatchObject({ _tag: "InvalidJobError", field: "args" })
    expect(refused({ args: [1] }, { trigger: stream("orders") })).toMatchObject({ field: "args" })
  })

  it("of a trigger that is not registered gives it another; other changes leave it", () => {
    const { change } = modified({ trigger: everyHour }, { trigger: missingTrigger })
    expect(change().memory.nextFireAt).toBe(60 * minute)
    expect(modified({ name: "x" }, { trigger: missingTrigger }).change().trigger).toBe(missingTrigger)
  })

  it("never goes behind what runs have served", () => {
    const { change } = modified({ trigger: everyHour }, { memory: { cursor: now + 30_000 } })
    expect(change().memory.since).toBe(now + 30_000)
  })

  it.each(["trigger", "start", "end", "jitter"])("of a job that is done does not take another %s", (field) => {
    const changes = { trigger: everyHour, ...(field === "trigger" ? {} : { [field]: 0 }) }
    expect(refused(changes, { memory: { exhausted: true, nextFireAt: null } })).toMatchObject({
      ...{ _tag: "JobStateError", verb: "rescheduleJob", state: "done" }
    })
  })

  it("changes a job that is done in what is no matter of time", () => {
    expect(definitionAfter({ task: "mail" }, { memory: { exhausted: true, nextFireAt: null } })?.task).toBe("mail")
  })
})

describe("modifying is refused, and nothing is changed,", () => {
  it.each<readonly [string, object, object]>([
    ["with a field that nobody knows", { colour: "red" }, { field: "an option", found: `"colour"` }],
    ["with another id", { id: "job-2" }, { field: "id", found: "given" }],
    ["with another store", { store: "archive" }, { field: "store" }],
    ["with a word on what exists", { ifExists: "replace" }, { field: "ifExists" }],
    ["with a pause", { paused: true }, { field: "paused" }],
    ["with a task that is none", { task: 7 }, { field: "task", found: "7" }],
    ["with no task at all", { task: null }, { field: "task" }],
    ["with an executor that is not registered", { executor: "gone" }, { field: "executor" }],
    ["with bounds without their trigger", { start: 0 }, { field: "trigger", found: "missing" }],
    ["with an end without its trigger", { end: 9e12 }, { field: "trigger", found: "missing" }],
    ["with jitter without its trigger", { jitter: "1 second" }, { field: "trigger", found: "missing" }],
    ["with a trigger that never fires", { trigger: date(minute), end: 2 * minute, start: now }, { field: "trigger" }],
    ["with a rule out of its bounds", { maxInstances: 0 }, { field: "maxInstances" }],
    ["with a name that is no text", { name: 7 }, { field: "name" }],
    ["with tags that are no texts", { tags: [7] }, { field: "an entry of tags" }],
    ["with metadata that is no object", { metadata: [] }, { field: "metadata" }]
  ])("%s", (_why, changes, expected) => {
    const error = refused(changes)
    expect(error).toBeInstanceOf(InvalidJobError)
    expect(error).toMatchObject({ jobId: "job-1", ...expected })
  })

  it("with a task that is not registered", () => {
    expect(refused({ task: "gone" })).toMatchObject({ _tag: "UnknownTaskError", task: "gone", job: "job-1" })
  })

  it("where there is no such job", () => {
    const unit = makeUnit()
    expect(thrownBy(() => modify(unit, "none", {}, environment))).toMatchObject({ verb: "modifyJob" })
  })
})

describe("more runs than before", () => {
  const last = { runCount: 3, exhausted: true, nextFireAt: null, cursor: 10 * minute, live: [liveRun(7)] }
  const after = (changes: JobChanges, parts: JobParts) => modified(changes, parts).change().memory

  it("let the schedule go on while the run that was to be the last is live", () => {
    expect(after({ maxRuns: 4 }, { memory: last, rules: { maxRuns: 3 } })).toMatchObject({
      ...{ exhausted: false, nextFireAt: 11 * minute }
    })
    expect(after({ maxRuns: null }, { memory: last, rules: { maxRuns: 3 } }).exhausted).toBe(false)
  })

  it.each<readonly [string, JobChanges, JobParts]>([
    ["they are not more than it has had", { maxRuns: 3 }, { memory: last, rules: { maxRuns: 2 } }],
    ["it was not for want of runs that it ended", { maxRuns: 9 }, { memory: last, rules: { maxRuns: 4 } }],
    ["it had no limit", { maxRuns: 9 }, { memory: last }],
    ["it was removed", { maxRuns: 4 }, { memory: { ...last, removed: true }, rules: { maxRuns: 3 } }],
    ["it is done", { maxRuns: 4 }, { memory: { ...last, live: [] }, rules: { maxRuns: 3 } }]
  ])("change nothing where %s", (_why, changes, parts) => {
    const { unit, change } = modified(changes, parts)
    expect(change().memory).toMatchObject({ exhausted: true, nextFireAt: null })
    expect(unit.steps.map(({ event }) => event.type)).toEqual(["redefine"])
  })

  it("change nothing while there are fire times to come", () => {
    const parts = { memory: { ...last, exhausted: false, nextFireAt: 30 * minute }, rules: { maxRuns: 3 } }
    expect(after({ maxRuns: 4 }, parts)).toMatchObject({ nextFireAt: 30 * minute, since: 0 })
  })
})
