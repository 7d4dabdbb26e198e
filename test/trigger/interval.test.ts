import { describe, expect, it } from "vitest"
import type { IntervalLength, IntervalOptions } from "../../src/trigger/interval.ts"
import { interval, intervalCodec, statedIntervalCodec } from "../../src/trigger/interval.ts"
import type { Trigger, TriggerBinding, TriggerSpec } from "../../src/trigger/trigger.ts"

const at = (text: string) => Date.parse(text)
const binding: TriggerBinding = { now: 1_000, timezone: "Europe/Oslo", jobId: "a" }
const bound = (trigger: Trigger, by: Partial<TriggerBinding> = {}) => trigger.bind?.({ ...binding, ...by }) ?? trigger
const invalid = (field: string, found: string) =>
  expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "interval", field, found }) as Error
const everyOf = (length: IntervalLength) => interval(length).toJSON()["every"]
const never = (): never => expect.fail("nobody reads what is inside")

describe("the length of an interval", () => {
  it("is the sum of its units, rounded to milliseconds", () => {
    expect(everyOf({ weeks: 1, days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 })).toBe(694_861_001)
    expect(everyOf({ hours: 1.5 })).toBe(5_400_000)
    expect(everyOf({ seconds: 0.0015 })).toBe(2)
    expect(everyOf({ days: 0, hours: 2 })).toBe(7_200_000)
  })

  it("is one millisecond at least", () => {
    expect(everyOf({ milliseconds: 1 })).toBe(1)
    for (const length of [{ milliseconds: 0 }, { milliseconds: 0.4 }])
      expect(() => interval(length)).toThrow(
        expect.objectContaining({ field: "length", expected: "at least 1 millisecond" })
      )
    expect(() => interval(0)).toThrow(expect.objectContaining({ field: "length" }))
  })

  it("is no number that is none or without end", () => {
    for (const hours of [NaN, Infinity])
      expect(() => interval({ hours })).toThrow(expect.objectContaining({ field: "hours" }))
  })

  it.each<[length: object, field: string, found: string]>([
    [{}, "length", "an object without a unit"],
    [{ hours: undefined }, "length", "an object without a unit"],
    [{ years: 1 }, "length", "years"],
    [{ hours: -1 }, "hours", "-1"],
    [{ hours: "1" }, "hours", "1"]
  ])("is none as %j", (length, field, found) => {
    expect(() => interval(length as IntervalLength)).toThrow(invalid(field, found))
  })
})

describe("an interval's options", () => {
  it.each<[options: object, field: string, found: string]>([
    [{ after: "start" }, "after", "start"],
    [{ immediately: 1 }, "immediately", "1"],
    [{ start: 1_000, end: 999 }, "end", "999"]
  ])("are refused as %j", (options, field, found) => {
    expect(() => interval(60_000, options as IntervalOptions)).toThrow(invalid(field, found))
  })

  it("may end where it starts", () => {
    const once = interval(60_000, { start: 1_000, end: 1_000 })
    expect([once.next(0), once.next(1_000), once.previous?.(5_000)]).toEqual([1_000, undefined, 1_000])
  })
})

describe("an interval", () => {
  const trigger = interval(100, { start: 1_000, end: 1_250 })

  it("fires from its start on, so far apart, through its end", () => {
    expect([0, 999, 1_000, 1_099, 1_100, 1_199, 1_200].map((after) => trigger.next(after))).toEqual([
      1_000,
      1_000,
      1_100,
      1_100,
      1_200,
      1_200,
      undefined
    ])
    expect([1_000, 1_001, 1_100, 1_101, 1_200, 1_201, 9_999].map((before) => trigger.previous?.(before))).toEqual([
      undefined,
      1_000,
      1_000,
      1_100,
      1_100,
      1_200,
      1_200
    ])
  })

  it("counts what lies after one instant, through another", () => {
    const counted = (after: number, through: number) => trigger.count?.(after, through)
    expect([counted(0, 999), counted(0, 1_000), counted(1_000, 1_100), counted(999, 1_250)]).toEqual([0, 1, 1, 3])
    expect([counted(0, 9_999), counted(1_100, 1_099), counted(1_200, 9_999)]).toEqual([3, 0, 0])
  })

  it("counts from where it is asked while it has no start", () => {
    const waiting = interval(100)
    expect([waiting.next(5), waiting.previous?.(500)]).toEqual([105, undefined])
    expect([waiting.count?.(5, 104), waiting.count?.(5, 105), waiting.count?.(5, 305)]).toEqual([0, 1, 3])
  })

  it("lists the fire times of a day, unless they are millions", () => {
    const day = at("2026-03-02T00:00Z")
    const work = { steps: 0, most: 1_000 }
    const times = interval("6 hours", { start: day - 1_000 }).dayTimes?.(day, work)
    expect([...(times ?? [])]).toEqual([6, 12, 18, 24].map((hour) => hour * 3_600_000 - 1_000))
    expect(work.steps).toBe(1)
    expect(interval(43, { start: day }).dayTimes?.(day, work)).toBeUndefined()
    expect(interval(10, { start: day }).dayTimes?.(day, work)).toBeUndefined()
  })

  it("has days of one pattern where its fire times are at the same times", () => {
    const [first, day] = [at("2026-03-02T00:00Z"), 86_400_000]
    const pattern = (length: IntervalLength, of: number) => interval(length, { start: first + 5 }).dayPattern?.(of)
    expect(pattern({ hours: 6 }, first + day)).toBe(pattern({ hours: 6 }, first + 9 * day))
    expect(pattern({ hours: 7 }, first + day)).not.toBe(pattern({ hours: 7 }, first + 2 * day))
    expect(pattern({ hours: 6 }, first)).not.toBe(pattern({ hours: 6 }, first + day))
    expect(pattern({ hours: 6 }, first - day)).not.toBe(pattern({ hours: 6 }, first + day))
  })
})

describe("an interval that is given to a job", () => {
  it("starts one interval later, or at once", () => {
    expect(bound(interval(100)).toJSON()).toEqual({ type: "interval", every: 100, start: 1_100 })
    expect(bound(interval(100, { immediately: true })).toJSON()).toEqual({ type: "interval", every: 100, start: 1_000 })
  })

  it("keeps a start that it has, and reads text in its own zone or the scheduler's", () => {
    const settled = interval(100, { start: 5, end: 500 })
    expect(bound(settled)).toBe(settled)
    const text = { start: "2026-03-02T10:00", end: "2026-03-02T11:00" }
    expect(bound(interval("1 hour", text)).next(0)).toBe(at("2026-03-02T09:00Z"))
    expect(bound(interval("1 hour", { ...text, timezone: "UTC" })).next(0)).toBe(at("2026-03-02T10:00Z"))
    expect(bound(interval("1 hour", text)).toJSON()).toMatchObject({ start: text.start, timezone: "Europe/Oslo" })
    expect(bound(interval("1 hour", text)).end).toBe(at("2026-03-02T10:00Z"))
  })

  it("reads an end that is text, also where its start is an instant or none", () => {
    // Two days on, so that no machine's own zone takes it for an end before the start.
    const end = "1970-01-03T02:00"
    expect(bound(interval("1 minute", { start: 5, end })).end).toBe(176_400_000)
    expect(bound(interval("1 minute", { end })).end).toBe(176_400_000)
    expect(bound(interval("1 minute", { end, after: "run" })).end).toBe(176_400_000)
  })

  it("has no fire time where its end is past, which is no mistake then", () => {
    const over = bound(interval(100, { end: 500 }))
    expect([over.next(0), over.next(2_000)]).toEqual([undefined, undefined])
    expect(intervalCodec.fromJSON(over.toJSON(), never).toJSON()).toEqual(over.toJSON())
    expect(() => statedIntervalCodec.fromJSON(over.toJSON(), never)).toThrow(invalid("end", "500"))
  })
})

describe("a fixed delay", () => {
  it("comes so long after it is asked, not before its start, nor past its end", () => {
    const delay = bound(interval(100, { after: "run", end: 1_500 }))
    expect([0, 1_099, 1_100, 1_400, 1_401].map((after) => delay.next(after))).toEqual([
      1_100,
      1_100,
      1_200,
      1_500,
      undefined
    ])
    expect([delay.after, delay.end]).toEqual(["run", 1_500])
    expect(delay.toJSON()).toEqual({ type: "interval", every: 100, start: 1_100, end: 1_500, after: "run" })
    expect(bound(delay)).toBe(delay)
  })
})

describe("the bounds of an interval", () => {
  it("are settled once a job has it, text and all", () => {
    const oslo = { now: 0, timezone: "Europe/Oslo", jobId: "a" }
    expect(interval("1 day", { start: 0, end: "2026-01-01" }).bind?.(oslo).toJSON()).toEqual({
      type: "interval",
      every: 86_400_000,
      timezone: "Europe/Oslo",
      start: 0,
      end: Date.parse("2026-01-01T00:00+01:00")
    })
  })

  it("are not those of a list", () => {
    expect(() => interval([5] as never)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", field: "length", found: "an array of 1" })
    )
  })
})

describe("the stored form of an interval", () => {
  it.each<TriggerSpec>([
    { type: "interval", every: 100 },
    { type: "interval", every: 100, start: 5, end: 900, timezone: "UTC" },
    { type: "interval", every: 100, immediately: true },
    { type: "interval", every: 100, after: "run" }
  ])("is read and written as %j", (spec) => {
    expect(intervalCodec.fromJSON(spec, never).toJSON()).toEqual(spec)
  })

  it.each<[spec: object, field: string]>([
    [{}, "every"],
    [{ every: "100" }, "every"],
    [{ every: 0 }, "length"],
    [{ every: 100, immediately: false }, "immediately"],
    [{ every: 100, after: "start" }, "after"],
    [{ every: 100, seconds: 5 }, "field"]
  ])("is none as %j", (spec, field) => {
    expect(() => intervalCodec.fromJSON({ type: "interval", ...spec }, never)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", field })
    )
  })
})
