/** Reschedule, redefine, skip and remove, as decisions. */
import { describe, expect, it } from "vitest"
import type { RedefineEvent, RemoveEvent, RescheduleEvent, SkipEvent } from "../../src/job/jobEvent.ts"
import { rescheduledFrom } from "../../src/job/onCommand.ts"
import * as rules from "../../src/job/onCommand.ts"
import type { JobRules } from "../../src/job/rules.ts"
import { defaultRules } from "../../src/job/rules.ts"
import type { LiveRun } from "../../src/job/run.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { decided, deciding } from "./decided.ts"
import { contextOf, entryTexts, run } from "./jobContext.ts"

const leaveOut = deciding(rules.leaveOut)
const remove = deciding(rules.remove)
const reschedule = deciding(rules.reschedule)

describe("another trigger", () => {
  const event: RescheduleEvent = {
    type: "reschedule",
    now: 35,
    nextRunKey: 7,
    owed: null,
    nextFireAt: 42,
    exhausted: false
  }
  const rescheduled = (
    memory: Partial<JobMemory>,
    given: Partial<RescheduleEvent> = {},
    rules: Partial<JobRules> = {}
  ) => reschedule(contextOf({ since: 5, cursor: 20, ...memory }, rules), { ...event, ...given })

  it("counts from now, this instant included, and the ledger ends the old one before it", () => {
    const { memory, answer } = rescheduled({ catchUpThrough: 20, misfire: "late" })
    expect(memory).toMatchObject({ since: 34, cursor: 34, nextFireAt: 42, exhausted: false })
    expect(memory).toMatchObject({ catchUpThrough: null, misfire: null, countsAfterRun: null })
    expect(entryTexts(answer.entries)).toEqual(["superseded 6-34 (0)"])
  })

  it("counts from the newest fire time that was served or owed, where that is later", () => {
    expect(rescheduled({ cursor: 50 }).memory).toMatchObject({ since: 50, cursor: 50, countsAfterRun: null })
    const { memory, answer } = rescheduled({}, { owed: { from: 30, through: 40, count: 2 } })
    expect(memory).toMatchObject({ since: 40, cursor: 40 })
    expect(entryTexts(answer.entries)).toEqual(["withdrawn 30-40 (2)", "superseded 6-40 (0)"])
  })

  it("does not count from a fire time that was left out of the old one and has not come", () => {
    const skipped = { after: 20, through: 50 }
    const { memory } = rescheduled({ cursor: 50, skipped, queue: [{ fireAt: 40 }, { fireAt: 30 }] })
    expect(memory).toMatchObject({ since: 34, cursor: 34, skipped: null, countsAfterRun: 6, queue: [{ fireAt: 30 }] })
  })

  it("counts from now where the clock was ahead and has been set right", () => {
    expect(rescheduled({ cursor: 60_036 }).memory).toMatchObject({ since: 34, cursor: 34, countsAfterRun: 6 })
    expect(rescheduledFrom(contextOf({ cursor: 60_036 }).memory, 35, null)).toBe(34)
    expect(rescheduledFrom(contextOf({ cursor: 60_035 }).memory, 35, null)).toBe(60_035)
  })

  it("has nothing before 1970 count as served", () => {
    expect(rescheduledFrom(contextOf({ cursor: -90 }).memory, 0, null)).toBe(0)
  })

  it("brings back a job that was over, but for one that has had all its runs", () => {
    const over = { exhausted: true, nextFireAt: null, runCount: 3 }
    expect(rescheduled(over).memory).toMatchObject({ exhausted: false, nextFireAt: 42 })
    expect(rescheduled(over, {}, { maxRuns: 4 }).memory).toMatchObject({ exhausted: false, nextFireAt: 42 })
    expect(rescheduled(over, {}, { maxRuns: 3 }).memory).toMatchObject({ exhausted: true, nextFireAt: null })
    expect(rescheduled({}, { exhausted: true, nextFireAt: null }).memory.exhausted).toBe(true)
  })
})

describe("other rules and other arguments", () => {
  const redefined = (live: ReadonlyArray<LiveRun>, event: Partial<RedefineEvent>) => {
    const context = contextOf({ live })
    const { memory, answer } = decided(context, { type: "redefine", rules: defaultRules, ...event })
    expect(answer.entries).toEqual([])
    return { live: memory.live, changed: memory !== context.memory }
  }

  it("leave each run the arguments that it was claimed with", () => {
    const live = [run(1), run(2, { args: { page: 2 } })]
    expect(redefined(live, { args: { page: 1 }, rules: { ...defaultRules, maxInstances: 2 } }).live).toStrictEqual([
      run(1, { args: { page: 1 } }),
      run(2, { args: { page: 2 } })
    ])
  })

  it("mark the runs that are more than may run from now on, once", () => {
    const marked = [run(1, { ofHigherLimit: true }), run(2, { ofHigherLimit: true })]
    expect(redefined([run(1), run(2)], {})).toStrictEqual({ live: marked, changed: true })
    expect(redefined(marked, {})).toStrictEqual({ live: marked, changed: false })
    expect(redefined([run(1), run(2)], { rules: { ...defaultRules, maxInstances: 2 } }).changed).toBe(false)
  })

  it("change nothing where every run has its own arguments or the arguments stay", () => {
    expect(redefined([run(1, { args: 1 })], { args: 2 })).toStrictEqual({ live: [run(1, { args: 1 })], changed: false })
    expect(redefined([run(1)], {}).changed).toBe(false)
    expect(redefined([run(1)], { args: 2 }).changed).toBe(true)
  })
})

describe("a fire time that is left out", () => {
  const event: SkipEvent = { type: "skip", now: 35, nextFireAt: 60, exhausted: false }

  it("is in the ledger, and the job goes on with the one after it", () => {
    const { memory, answer } = leaveOut(contextOf({ cursor: 20, nextFireAt: 50 }), event)
    expect(entryTexts(answer.entries)).toEqual(["skipped 50-50 (1)"])
    expect(memory).toMatchObject({ cursor: 50, nextFireAt: 60, exhausted: false, misfire: null })
    expect(memory.skipped).toEqual({ after: 20, through: 50 })
  })

  it("may be followed by another, of which the cursor remembers where it was before both", () => {
    const skipped = { after: 20, through: 50 }
    const { memory } = leaveOut(contextOf({ cursor: 50, nextFireAt: 60, skipped }), event)
    expect(memory.skipped).toEqual({ after: 20, through: 60 })
  })

  it("may be the last one, or none at all", () => {
    const last = { ...event, nextFireAt: null, exhausted: true }
    expect(leaveOut(contextOf({ nextFireAt: 50 }), last).memory).toMatchObject({ nextFireAt: null, exhausted: true })
    const { memory, answer } = leaveOut(contextOf({ cursor: 20, nextFireAt: null }), event)
    expect([memory.cursor, memory.skipped, answer.entries]).toEqual([20, null, []])
  })

  it("does not move a cursor back that is beyond it", () => {
    const { memory } = leaveOut(contextOf({ cursor: 70, nextFireAt: 50 }), event)
    expect([memory.cursor, memory.skipped]).toEqual([70, { after: 70, through: 70 }])
  })
})

describe("a job that is removed", () => {
  const event: RemoveEvent = { type: "remove", now: 35, owed: null }
  const removed = (memory: Partial<JobMemory>, owed: RemoveEvent["owed"] = null) =>
    remove(contextOf({ cursor: 20, ...memory }), { ...event, owed })

  it("has nothing left: what waits and is owed is withdrawn, attempts that wait are cancelled, the others end", () => {
    const queue = [
      { fireAt: 12, coalesced: { from: 10, through: 11, count: 2 } },
      { fireAt: 13, requested: true }
    ]
    const { memory, answer } = removed(
      { queue, live: [run(1), run(2, { retryAt: 90 })], lastOutcome: "succeeded" },
      { from: 30, through: 35, count: 2 }
    )
    expect(entryTexts(answer.entries)).toEqual(["withdrawn 30-35 (2)", "withdrawn 10-11 (2)", "withdrawn 12-12 (1)"])
    expect(answer.ended.map(({ run, outcome }) => [run.runKey, outcome])).toEqual([[2, "cancelled"]])
    expect(memory).toMatchObject({ queue: [], live: [run(1)], lastOutcome: "cancelled", cursor: 35 })
    expect(memory).toMatchObject({ removed: true, exhausted: true, nextFireAt: null })
  })

  it("is no longer paused or parked, and the ledger has the stretch", () => {
    const fault = { kind: "poison", message: "it kills" } as const
    const { memory, answer } = removed({ pausedAt: 20, fault })
    expect(memory).toMatchObject({ pausedAt: null, fault: null })
    expect(entryTexts(answer.entries)).toEqual(["paused 21-35 (0)"])
    expect(removed({}).answer.entries).toEqual([])
  })

  it("accounts for no time after the end of its schedule, nor moves back what lies ahead", () => {
    const over = removed({ exhausted: true, pausedAt: 20, live: [run(1)] })
    expect([over.memory.cursor, over.answer.entries]).toEqual([20, []])
    expect(removed({ cursor: 50 }).memory.cursor).toBe(50)
  })
})
