/** A clock that was ahead and has been set right. Fire times lie hours apart. */
import { describe, expect, it } from "vitest"
import { countedAhead, counts, countsAfter, correctionMs, servedThrough } from "../../src/job/clockSetBack.ts"
import * as rules from "../../src/job/clockSetBack.ts"
import type { SetRightEvent } from "../../src/job/jobEvent.ts"
import { deciding } from "./decided.ts"
import { contextOf, entryTexts, run } from "./jobContext.ts"

const retime = deciding(rules.retime)
const setRight = deciding(rules.setRight)

const hour = 3_600_000
const now = 100 * hour

describe("a job has counted ahead", () => {
  it("when its fire times are accounted for beyond now and a minute", () => {
    expect(countedAhead({ cursor: now + 60_001, skipped: null }, now)).toBe(true)
    expect(countedAhead({ cursor: now + 60_000, skipped: null }, now)).toBe(false)
  })

  it("by the margin that is asked for", () => {
    expect(countedAhead({ cursor: now + 60_001, skipped: null }, now, correctionMs)).toBe(false)
    expect(countedAhead({ cursor: now + 3 * hour + 1, skipped: null }, now, correctionMs)).toBe(true)
    expect(countedAhead({ cursor: now + 3 * hour, skipped: null }, now, correctionMs)).toBe(false)
  })

  it("not when somebody left out a fire time that lies ahead", () => {
    const skipped = { after: now - hour, through: now + hour }
    expect(countedAhead({ cursor: now + hour, skipped }, now)).toBe(false)
    expect(countedAhead({ cursor: now + 2 * hour, skipped }, now)).toBe(true)
  })
})

describe("what has come and is accounted for", () => {
  const skipped = { after: 10, through: 30 }

  it("ends before a fire time that was left out and has not come", () => {
    expect(servedThrough({ cursor: 30, skipped }, 29)).toBe(10)
  })

  it("ends with it once its instant is there", () => {
    expect(servedThrough({ cursor: 30, skipped }, 30)).toBe(30)
  })

  it("ends with the newest fire time where that came after it, or none was left out", () => {
    expect(servedThrough({ cursor: 40, skipped }, 29)).toBe(40)
    expect(servedThrough({ cursor: 30, skipped: null }, 29)).toBe(30)
  })
})

describe("a clock set right", () => {
  const event: SetRightEvent = {
    type: "setRight",
    now,
    aheadMs: 50 * hour,
    nextRunKey: 8,
    next: { nextFireAt: now + hour, exhausted: false }
  }
  const ahead = { cursor: now + 50 * hour, since: 0, nextFireAt: now + 51 * hour }

  it("has the job count its fire times from now on, one at this instant included", () => {
    const { memory, answer } = setRight(
      contextOf({
        ...ahead,
        misfire: "late",
        catchUpThrough: now + 9 * hour,
        skipped: { after: 0, through: now + 50 * hour }
      }),
      event
    )
    expect(memory).toMatchObject({
      cursor: now - 1,
      since: now - 1,
      nextFireAt: now + hour,
      exhausted: false,
      misfire: null,
      catchUpThrough: null,
      skipped: null
    })
    expect(answer.entries).toEqual([])
  })

  it("withdraws what waits of the wrong time, and keeps requests and what is older", () => {
    const request = { fireAt: now + hour, requested: true }
    const { memory, answer } = setRight(
      contextOf({
        ...ahead,
        live: [run(7)],
        queue: [
          { fireAt: now - 1 },
          { fireAt: now },
          request,
          { fireAt: now - hour, coalesced: { from: now - 5, through: now - 5, count: 1 } },
          { fireAt: now - hour, coalesced: { from: now - 5, through: now + hour, count: 3 } }
        ]
      }),
      event
    )
    expect(memory.queue).toEqual([
      { fireAt: now - 1 },
      request,
      { fireAt: now - hour, coalesced: { from: now - 5, through: now - 5, count: 1 } }
    ])
    expect(entryTexts(answer.entries)).toEqual([
      `withdrawn ${now}-${now} (1)`,
      `withdrawn ${now - 5}-${now + hour} (3)`,
      `withdrawn ${now - hour}-${now - hour} (1)`
    ])
  })

  it("withdraws a catch-up that was being counted", () => {
    const due = { from: now + hour, through: now + 2 * hour, count: 2 }
    const { memory, answer } = setRight(contextOf({ ...ahead, backlog: { late: null, due, second: null } }), event)
    expect(memory.backlog).toBeNull()
    expect(entryTexts(answer.entries)).toEqual([`withdrawn ${now + hour}-${now + 2 * hour} (2)`])
  })

  it("ends a job that has no fire time by the right clock, or has had all its runs", () => {
    const over = { exhausted: true, nextFireAt: null }
    expect(setRight(contextOf(ahead), { ...event, next: over }).memory).toMatchObject(over)
    expect(setRight(contextOf({ ...ahead, runCount: 3 }, { maxRuns: 3 }), event).memory).toMatchObject(over)
    expect(setRight(contextOf({ ...ahead, runCount: 2 }, { maxRuns: 3 }), event).memory.exhausted).toBe(false)
  })

  it("has a job that was over by the wrong clock go on", () => {
    const memory = { ...ahead, exhausted: true, nextFireAt: null }
    expect(setRight(contextOf(memory), event).memory).toMatchObject({
      exhausted: false,
      nextFireAt: now + hour
    })
  })

  it("leaves the fire times of a job alone that has not counted ahead", () => {
    const memory = { cursor: now - hour, nextFireAt: now + hour, misfire: "late" } as const
    const context = contextOf(memory)
    expect(setRight(context, { ...event, next: null }).memory).toEqual(context.memory)
  })

  it("brings forward an attempt that waits beyond a correction, but not into the past", () => {
    const live = [null, now + 3 * hour, now + 3 * hour + 1, now + 60 * hour].map((retryAt, index) =>
      run(index + 1, { retryAt })
    )
    const { memory } = setRight(contextOf({ live }), { ...event, next: null })
    expect(memory.live.map(({ retryAt }) => retryAt)).toEqual([null, now + 3 * hour, now, now + 10 * hour])
  })

  it("has runs and entries so far count no more", () => {
    const { memory } = setRight(contextOf(ahead), event)
    expect([7, 8].map((runKey) => counts(memory, { runKey }))).toEqual([false, true])
    expect([7, 8].map((runKey) => counts(memory, { runKey, kind: "coalesced" }))).toEqual([false, true])
    expect([7, 8].map((runKey) => counts(memory, { runKey, kind: "misfired" }))).toEqual([false, true])
  })
})

describe("what counts", () => {
  it("is everything of a job whose clock was never set right", () => {
    const never = { countsAfterRun: null, countsAfterEntry: null }
    expect(counts(never, { runKey: 1 })).toBe(true)
    expect(counts(never, { runKey: null, kind: "misfired" })).toBe(true)
  })

  it("of entries goes by their own numbers, but for what a run stands for", () => {
    const memory = { countsAfterRun: 5, countsAfterEntry: 9 }
    expect(counts(memory, { runKey: 6 })).toBe(true)
    expect(counts(memory, { runKey: 6, kind: "coalesced" })).toBe(true)
    expect(counts(memory, { runKey: 9, kind: "misfired" })).toBe(false)
    expect(counts(memory, { runKey: 10, kind: "misfired" })).toBe(true)
    expect(counts(memory, { runKey: null, kind: "paused" })).toBe(false)
    // Before the first run.
    expect(counts({ countsAfterRun: 0, countsAfterEntry: 0 }, { runKey: null, kind: "paused" })).toBe(false)
  })

  it("moves on with each correction: at least to the newest run, and always beyond the entries before", () => {
    expect(countsAfter({ countsAfterEntry: null }, 1)).toEqual({ countsAfterRun: 0, countsAfterEntry: 0 })
    expect(countsAfter({ countsAfterEntry: null }, 4)).toEqual({ countsAfterRun: 3, countsAfterEntry: 3 })
    expect(countsAfter({ countsAfterEntry: 3 }, 4)).toEqual({ countsAfterRun: 3, countsAfterEntry: 4 })
    expect(countsAfter({ countsAfterEntry: 3 }, 9)).toEqual({ countsAfterRun: 8, countsAfterEntry: 8 })
  })
})

describe("new rules of a time zone", () => {
  it("have the job count on from what was served by the old ones, which the ledger says", () => {
    const { memory, answer } = retime(contextOf({ since: 5, cursor: 20 }), {
      type: "retime",
      now: 40,
      from: 30,
      nextFireAt: 44,
      exhausted: false
    })
    expect(memory).toMatchObject({ since: 30, cursor: 30, nextFireAt: 44, exhausted: false })
    expect(entryTexts(answer.entries)).toEqual(["superseded 6-30 (0)"])
  })

  it("are no entry where nothing lies between, and may leave no fire time", () => {
    const { memory, answer } = retime(contextOf({ since: 30, cursor: 40 }), {
      type: "retime",
      now: 40,
      from: 30,
      nextFireAt: null,
      exhausted: true
    })
    expect(memory).toMatchObject({ since: 30, cursor: 30, nextFireAt: null, exhausted: true })
    expect(answer.entries).toEqual([])
  })
})
