/** Pause, park and resume, as decisions: what the ledger says of the pause, and from where fire times count after it. */
import { describe, expect, it } from "vitest"
import type { PauseEvent, ResumeEvent } from "../../src/job/jobEvent.ts"
import { resumedFrom } from "../../src/job/onCommand.ts"
import * as rules from "../../src/job/onCommand.ts"
import type { JobRules } from "../../src/job/rules.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { decided, deciding } from "./decided.ts"
import { contextOf, entryTexts, run } from "./jobContext.ts"

const park = deciding(rules.park)
const pause = deciding(rules.pause)

const fault = { kind: "poison", message: "it kills" } as const

describe("a pause", () => {
  const event: PauseEvent = { type: "pause", now: 35, owed: null }
  const paused = (memory: Partial<JobMemory>, given: Partial<PauseEvent> = {}) =>
    pause(contextOf(memory), { ...event, ...given })

  it("withdraws what is owed, and a catch-up under way with it as one stretch", () => {
    const owed = { from: 20, through: 30, count: 2 }
    const late = { from: 5, through: 5, count: 1 }
    const due = { from: 10, through: 10, count: 1 }
    const { memory, answer } = paused({ backlog: { late, due, second: null } }, { owed })
    expect(entryTexts(answer.entries)).toEqual(["withdrawn 5-30 (4)"])
    expect(memory).toMatchObject({ backlog: null, misfire: "withdrawn", cursor: 35, pausedAt: 35 })
  })

  it("begins where the counting of what is owed was given up, in the ledger too", () => {
    const { answer } = paused({}, { owed: { from: 20, through: 30, count: 2, more: true } })
    expect(entryTexts(answer.entries)).toEqual(["withdrawn 20-30 (2)", "paused 31-35 (0)"])
  })

  it("does not move a cursor back that is ahead, nor one of a schedule that is over", () => {
    expect(paused({ cursor: 40 }).memory.cursor).toBe(40)
    expect(paused({ cursor: 20, exhausted: true, live: [run(2)] }).memory.cursor).toBe(20)
  })
})

describe("a job that is parked", () => {
  it("says why, and since when it does nothing: a pause before that stays", () => {
    expect(park(contextOf(), { type: "park", now: 35, fault }).memory).toMatchObject({ pausedAt: 35, fault })
    expect(park(contextOf({ pausedAt: 20 }), { type: "park", now: 35, fault }).memory).toMatchObject({
      pausedAt: 20,
      fault
    })
  })
})

describe("a job that is resumed", () => {
  const resume: ResumeEvent = {
    type: "resume",
    now: 35,
    missed: "skip",
    firstRunKey: 7,
    nextFireAt: 40,
    exhausted: false
  }
  const resumed = (memory: Partial<JobMemory>, event: Partial<ResumeEvent> = {}, rules: Partial<JobRules> = {}) =>
    decided(contextOf({ pausedAt: 20, cursor: 20, ...memory }, rules), { ...resume, ...event })

  it("is as one that nothing happened to", () => {
    const { memory, answer } = resumed({ fault, crashes: 3, misfire: "withdrawn" })
    expect(memory).toMatchObject({ pausedAt: null, fault: null, crashes: 0, misfire: null, cursor: 35, nextFireAt: 40 })
    expect(entryTexts(answer.entries)).toEqual(["paused 21-35 (0)"])
  })

  it("has no pause in the ledger where what it missed comes due, or no time has passed", () => {
    const { memory, answer } = resumed({}, { missed: "coalesce", nextFireAt: 30 })
    expect([memory.cursor, memory.nextFireAt, answer.entries]).toEqual([20, 30, []])
    expect(resumed({ cursor: 35 }).answer.entries).toEqual([])
    expect(entryTexts(resumed({ cursor: 34 }).answer.entries)).toEqual(["paused 35-35 (0)"])
  })

  it("keeps a cursor that is a little ahead of a clock that was set back", () => {
    const { memory, answer } = resumed({ cursor: 60_035 })
    expect([memory.cursor, answer.entries]).toEqual([60_035, []])
  })

  it("stays over where it was, and is over where the trigger has ended", () => {
    expect(resumed({ exhausted: true, nextFireAt: null }).memory).toMatchObject({ exhausted: true, nextFireAt: null })
    expect(resumed({}, { nextFireAt: null, exhausted: true }).memory.exhausted).toBe(true)
    expect(resumed({}).memory.exhausted).toBe(false)
  })

  it("starts what waits, unless the scheduler claims nothing", () => {
    const queue = [{ fireAt: 20 }]
    expect(resumed({ queue }).answer.claims).toMatchObject([{ runKey: 7, fireAt: 20 }])
    expect(resumed({ queue }, { held: true }).memory.queue).toEqual(queue)
  })

  it.each([
    ["skip", 35],
    ["coalesce", 34]
  ] as const)("with a clock set right since, counts from now on: missed %s after %i", (missed, from) => {
    const ahead = { cursor: 60_036, queue: [{ fireAt: 50 }, { fireAt: 30 }], exhausted: true, catchUpThrough: 50 }
    const { memory, answer } = resumed(ahead, { missed, held: true }, { maxRuns: 3 })
    expect(memory).toMatchObject({ since: from, cursor: from, nextFireAt: 40, exhausted: false, catchUpThrough: null })
    expect(memory).toMatchObject({ queue: [{ fireAt: 30 }], countsAfterRun: 6 })
    expect(entryTexts(answer.entries)).toEqual(["withdrawn 50-50 (1)"])
  })

  it("with a clock set right since, is over all the same when it has had all its runs", () => {
    const ahead = { cursor: 60_036, exhausted: true, nextFireAt: null }
    expect(resumed({ ...ahead, runCount: 3 }, {}, { maxRuns: 3 }).memory).toMatchObject({
      exhausted: true,
      nextFireAt: null
    })
    expect(resumed({ ...ahead, runCount: 3 }).memory.exhausted).toBe(false)
    expect(resumed({ ...ahead, runCount: 2 }, {}, { maxRuns: 3 }).memory.exhausted).toBe(false)
  })

  it("is asked for its next fire time after now, or after what is accounted for", () => {
    const from = (cursor: number, missed: "skip" | "coalesce") => resumedFrom(contextOf({ cursor }).memory, 35, missed)
    expect([from(20, "skip"), from(20, "coalesce")]).toEqual([35, 20])
    expect([from(50, "skip"), from(50, "coalesce")]).toEqual([50, 50])
    expect([from(60_036, "skip"), from(60_036, "coalesce")]).toEqual([35, 34])
  })
})
