/** Triggers that count only some questions, or only part by part, and what is asked of them. Fire times are small whole numbers. */
import { describe, expect, it } from "vitest"
import { dueFireTimes, nextAfterRun, nextFire, owedFireTimes } from "../../src/job/dueFireTimes.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"

const latest = { coalesce: "latest", misfireGraceMs: null } as const
const range = (from: number, through: number, count: number) => ({ from, through, count })

const listed = (times: ReadonlyArray<number>): Trigger => ({
  type: "listed",
  next: (after) => times.find((at) => at > after),
  previous: (before) => times.findLast((at) => at < before),
  toJSON: () => ({ type: "listed" })
})
const countIn = (times: ReadonlyArray<number>, after: number, through: number) =>
  times.filter((at) => at > after && at <= through).length
/** Counts up to `most` milliseconds at once. */
const inParts = (times: ReadonlyArray<number>, most: number): Trigger => ({
  ...listed(times),
  count: () => expect.fail("it counts part by part"),
  countPart: (after, until) => {
    const through = Math.min(until, after + most)
    return { count: countIn(times, after, through), through }
  }
})
const everyOne = Array.from({ length: 3_000 }, (_, index) => index + 1)

describe("a trigger that counts part by part", () => {
  it("gives as much as it counts at once, and where to go on", () => {
    expect(dueFireTimes(inParts([10, 20, 30, 40, 50], 25), 10, 45, latest)).toEqual({
      late: null,
      due: range(10, 30, 3),
      second: 20,
      penultimate: 20,
      times: [],
      more: true,
      nextFireAt: 40,
      exhausted: false
    })
  })

  it("has more although the next is due only now", () => {
    expect(dueFireTimes(inParts([10, 20, 30], 19), 10, 30, latest)).toMatchObject({
      due: range(10, 20, 2),
      more: true,
      nextFireAt: 30
    })
  })

  it("says of what is owed that there is more of it", () => {
    expect(owedFireTimes(inParts([10, 20, 30, 40, 50], 25), 10, 45)).toEqual({ ...range(10, 30, 3), more: true })
    expect(owedFireTimes(inParts([10, 20, 30, 40, 50], 90), 10, 45)).toEqual(range(10, 40, 4))
  })

  it("begins with the fire time that it is asked from, and counts none before it", () => {
    const trigger = inParts([8, 9, 10, 11, 12, 90], 50)
    expect(dueFireTimes(trigger, 10, 12, latest)).toMatchObject({ due: range(10, 12, 3) })
    expect(owedFireTimes(trigger, 10, 12)).toEqual(range(10, 12, 3))
  })
})

describe("a trigger that counts", () => {
  const counting = (times: ReadonlyArray<number>): Trigger => ({
    ...listed(times),
    count: (after, through) => countIn(times, after, through)
  })

  it("gives all fire times in one step, however many, also where some are past grace", () => {
    expect(dueFireTimes(counting(everyOne), 1, 2_500, latest)).toMatchObject({
      due: range(1, 2_500, 2_500),
      more: false
    })
    expect(dueFireTimes(counting(everyOne), 1, 2_500, { ...latest, misfireGraceMs: 100 })).toMatchObject({
      late: range(1, 2_399, 2_399),
      due: range(2_400, 2_500, 101),
      more: false
    })
  })

  it("begins with the fire time that it is asked from, and counts none before it", () => {
    expect(dueFireTimes(counting([8, 9, 10, 11, 90]), 10, 12, latest)).toMatchObject({ due: range(10, 11, 2) })
    expect(owedFireTimes(counting([8, 9, 10, 11, 90]), 10, 12)).toEqual(range(10, 11, 2))
  })

  it("keeps the fire time that it is asked from, though it no longer knows that one", () => {
    expect(dueFireTimes(counting([15, 25, 90]), 10, 30, latest)).toMatchObject({ due: { from: 10, through: 25 } })
    expect(owedFireTimes(counting([90]), 10, 30)).toEqual(range(10, 10, 1))
  })

  it("is stepped through where it doesn't count what is past grace", () => {
    const all = counting([10, 20, 30, 40, 90])
    const none: Trigger = {
      ...all,
      count: (after, through) => (through < 45 ? undefined : all.count?.(after, through))
    }
    const half: Trigger = {
      ...all,
      countPart: (after, through) => {
        const end = through < 45 ? 15 : through
        return { count: countIn([10, 20, 30, 40], after, end), through: end }
      }
    }
    for (const trigger of [none, half])
      expect(dueFireTimes(trigger, 10, 45, { ...latest, misfireGraceMs: 20 })).toMatchObject({
        late: range(10, 20, 2),
        due: range(30, 40, 2)
      })
  })

  it("is stepped through where it can't tell the last before an instant", () => {
    const { previous: _, ...forwards } = counting([10, 20, 30, 90])
    expect(dueFireTimes(forwards, 10, 35, latest)).toMatchObject({ due: range(10, 30, 3), penultimate: 20 })
    expect(owedFireTimes(forwards, 10, 35)).toEqual(range(10, 30, 3))
  })
})

describe("a trigger that doesn't count", () => {
  it("is stepped through", () => {
    expect(dueFireTimes(listed([10, 20, 30, 90]), 10, 35, latest)).toMatchObject({ due: range(10, 30, 3) })
    expect(owedFireTimes(listed([10, 20, 30, 90]), 10, 35)).toEqual(range(10, 30, 3))
  })

  it("owes nothing where no fire time is known or the next lies ahead", () => {
    expect(owedFireTimes(listed([10]), null, 35)).toBeNull()
    expect(owedFireTimes(listed([40]), 40, 35)).toBeNull()
    expect(owedFireTimes(listed([35]), 35, 35)).toEqual(range(35, 35, 1))
  })

  it("has ended where it has no next fire time, but for a stream, which may emit at any time", () => {
    expect(nextFire(listed([10]), 10)).toEqual({ nextFireAt: null, exhausted: true })
    const stream: Trigger = {
      ...listed([]),
      stream: "ticks"
    }
    expect(nextFire(stream, 10)).toEqual({ nextFireAt: null, exhausted: false })
  })
})

describe("the next fire time after a run", () => {
  it("is that of a fixed delay, counted from the run's end", () => {
    expect(nextAfterRun({ ...listed([10, 40, 70]), after: "run" }, 35, 50)).toEqual({
      nextFireAt: 40,
      exhausted: false
    })
    expect(nextAfterRun({ ...listed([10]), after: "run" }, 35, 50)).toEqual({ nextFireAt: null, exhausted: true })
  })

  it("is nobody's business where fire times don't depend on runs", () => {
    expect(nextAfterRun(listed([10, 40]), 35, 50)).toBeNull()
  })

  it("is now where the trigger fails, which is met when it is asked again", () => {
    const failing: Trigger = { ...listed([]), after: "run", next: () => expect.fail("it can't tell") }
    expect(nextAfterRun(failing, 35, 50)).toEqual({ nextFireAt: 50, exhausted: false })
  })
})
