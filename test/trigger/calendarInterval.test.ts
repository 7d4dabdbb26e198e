import { describe, expect, it } from "vitest"
import type { CalendarStep } from "../../src/trigger/calendarInterval.ts"
import {
  calendarInterval,
  calendarIntervalCodec,
  statedCalendarIntervalCodec
} from "../../src/trigger/calendarInterval.ts"
import { fireTimes } from "../../src/trigger/fireTimes.ts"
import type { Trigger, TriggerBinding, TriggerSpec } from "../../src/trigger/trigger.ts"

const oslo = { timezone: "Europe/Oslo" }
const at = (text: string) => Date.parse(text)
const found = (trigger: Trigger, after: string, limit = 3) =>
  [...fireTimes(trigger, { after, limit, timezone: "UTC" })].map((each) => new Date(each).toISOString().slice(0, 19))
const never = (): never => expect.fail("nothing is inside")
const bound = (trigger: Trigger, own: Partial<TriggerBinding> = {}) =>
  trigger.bind?.({ now: at("2026-03-02T12:00Z"), timezone: "Europe/Oslo", jobId: "a", ...own }) ?? trigger

describe("a calendar interval", () => {
  it("fires at its wall time, hours, minutes and seconds", () => {
    const step = { days: 1, hour: 9, minute: 30, second: 15 }
    expect(found(calendarInterval(step, { start: "2026-03-02", ...oslo }), "2026-03-02", 2)).toEqual([
      "2026-03-02T08:30:15",
      "2026-03-03T08:30:15"
    ])
  })

  it("adds years and months, then weeks and days", () => {
    const dates = (step: CalendarStep) =>
      found(calendarInterval(step, { start: "2026-01-31", timezone: "UTC" }), "2026-01-30")
    const at0 = (...texts: ReadonlyArray<string>) => texts.map((text) => `${text}T00:00:00`)
    expect(dates({ years: 1 })).toEqual(at0("2026-01-31", "2027-01-31", "2028-01-31"))
    expect(dates({ months: 1 })).toEqual(at0("2026-01-31", "2026-03-31", "2026-05-31"))
    expect(dates({ weeks: 1 })).toEqual(at0("2026-01-31", "2026-02-07", "2026-02-14"))
    expect(dates({ weeks: 1, days: 1 })).toEqual(at0("2026-01-31", "2026-02-08", "2026-02-16"))
    expect(dates({ years: 1, months: 2, days: 1 })).toEqual(at0("2026-01-31", "2027-04-01", "2028-06-02"))
  })

  it("moves a wall time in a gap forward, and takes the first pass of a fold", () => {
    const nightly = calendarInterval({ days: 1, hour: 2, minute: 30 }, { start: "2026-01-01", ...oslo })
    expect(found(nightly, "2026-03-28T12:00Z", 2)).toEqual(["2026-03-29T01:30:00", "2026-03-30T00:30:00"])
    expect(found(nightly, "2026-10-24T12:00Z", 2)).toEqual(["2026-10-25T00:30:00", "2026-10-26T01:30:00"])
    expect(nightly.previous?.(at("2026-03-29T01:30:00Z") + 1)).toBe(at("2026-03-29T01:30:00Z"))
    expect(nightly.previous?.(at("2026-03-29T01:30:00Z"))).toBe(at("2026-03-28T01:30:00Z"))
  })

  it("has dates for bounds, both inclusive, and instants that bound too", () => {
    const days = (start: string, end: string) =>
      found(calendarInterval({ days: 1, hour: 9 }, { start, end, timezone: "UTC" }), "2026-01-01", 9)
    expect(days("2026-03-02", "2026-03-03")).toEqual(["2026-03-02T09:00:00", "2026-03-03T09:00:00"])
    expect(days("2026-03-02T10:00", "2026-03-04T08:00")).toEqual(["2026-03-03T09:00:00"])
    expect(days("2026-03-02T09:00", "2026-03-03T09:00")).toEqual(["2026-03-02T09:00:00", "2026-03-03T09:00:00"])
  })

  it("finds the last before an instant, none before its start, and its last after its end", () => {
    const trigger = calendarInterval({ days: 2, hour: 9 }, { start: "2026-03-02", end: "2026-03-07", timezone: "UTC" })
    const previous = (text: string) => trigger.previous?.(at(text))
    expect(previous("2026-03-02T09:00Z")).toBeUndefined()
    expect(previous("2026-03-02T09:00:01Z")).toBe(at("2026-03-02T09:00Z"))
    expect(previous("2026-03-04T09:00Z")).toBe(at("2026-03-02T09:00Z"))
    expect(previous("2030-01-01T00:00Z")).toBe(at("2026-03-06T09:00Z"))
    expect(trigger.next(at("2026-03-06T09:00Z"))).toBeUndefined()
    expect(trigger.end).toBe(at("2026-03-08T00:00Z") - 1)
  })

  it("counts from where it is asked while it has no start", () => {
    const waiting = calendarInterval({ days: 3, hour: 9 }, { timezone: "UTC" })
    expect(waiting.next(at("2026-03-02T08:00Z"))).toBe(at("2026-03-02T09:00Z"))
    expect(waiting.next(at("2026-03-02T09:00Z"))).toBe(at("2026-03-05T09:00Z"))
    expect(waiting.previous?.(at("2026-03-02T08:00Z"))).toBeUndefined()
  })

  it("ends with the year 9999", () => {
    const trigger = calendarInterval({ years: 1 }, { start: "9998-06-01", timezone: "UTC" })
    expect(found(trigger, "9990-01-01", 9)).toEqual(["9998-06-01T00:00:00", "9999-06-01T00:00:00"])
    expect(trigger.previous?.(at("9999-12-31T00:00Z"))).toBe(at("9999-06-01T00:00Z"))
  })
})

describe("the step of a calendar interval", () => {
  it.each<[step: object, field: string, found: string]>([
    [{ hour: 9 }, "step", "an object"],
    [{ days: 0 }, "step", "an object"],
    [{ day: 1 }, "step", "day"],
    [{ days: 1.5 }, "days", "1.5"],
    [{ days: -1 }, "days", "-1"],
    [{ days: "1" }, "days", "1"],
    [{ years: 8_001 }, "years", "8001"],
    [{ months: 96_001 }, "months", "96001"],
    [{ weeks: 420_001 }, "weeks", "420001"],
    [{ days: 3_000_001 }, "days", "3000001"],
    [{ days: 1, hour: 24 }, "hour", "24"],
    [{ days: 1, minute: 60 }, "minute", "60"],
    [{ days: 1, second: 60 }, "second", "60"]
  ])("is none as %j", (step, field, found) => {
    expect(() => calendarInterval(step as CalendarStep)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "calendarInterval", field, found })
    )
  })

  it.each<CalendarStep>([
    { years: 8_000 },
    { months: 96_000 },
    { weeks: 420_000 },
    { days: 3_000_000, hour: 23, minute: 59, second: 59 }
  ])("may be as long as %j", (step) => {
    expect(calendarInterval(step).toJSON()).toEqual({ type: "calendarInterval", ...step })
  })
})

describe("a calendar interval that is given to a job", () => {
  it("starts today, in its own zone or the scheduler's", () => {
    const late = { now: at("2026-03-02T23:30Z") }
    expect(bound(calendarInterval({ days: 1 }), late).toJSON()).toEqual({
      type: "calendarInterval",
      days: 1,
      start: "2026-03-03",
      timezone: "Europe/Oslo"
    })
    expect(bound(calendarInterval({ days: 1 }, { timezone: "UTC" }), late).toJSON()).toMatchObject({
      start: "2026-03-02",
      timezone: "UTC"
    })
  })

  it("keeps what it has", () => {
    const settled = calendarInterval({ days: 1 }, { start: "2026-03-01", timezone: "UTC" })
    expect(bound(settled)).toBe(settled)
    const elsewhere = bound(calendarInterval({ days: 1, hour: 9 }, { start: " 2026-03-01 ", end: "2026-03-05" }))
    expect(elsewhere.toJSON()).toMatchObject({ start: "2026-03-01", end: "2026-03-05", timezone: "Europe/Oslo" })
    expect(elsewhere.next(0)).toBe(at("2026-03-01T08:00Z"))
  })

  it("has no fire time where its end is past, which is no mistake then; stated so, it is one", () => {
    const over = bound(calendarInterval({ days: 1 }, { end: "2026-03-01" }))
    expect(over.next(0)).toBeUndefined()
    expect(calendarIntervalCodec.fromJSON(over.toJSON(), never).toJSON()).toEqual(over.toJSON())
    const refused = expect.objectContaining({ field: "end", found: "2026-03-01" }) as Error
    expect(() => statedCalendarIntervalCodec.fromJSON(over.toJSON(), never)).toThrow(refused)
    expect(() => calendarInterval({ days: 1 }, { start: "2026-03-02", end: "2026-03-01" })).toThrow(refused)
    expect(
      found(calendarInterval({ days: 1 }, { start: "2026-03-02", end: "2026-03-02", timezone: "UTC" }), "2026-01-01")
    ).toEqual(["2026-03-02T00:00:00"])
  })
})

it("a calendar interval looks back as far as its start, which is one of its fire times", () => {
  const daily = calendarInterval({ days: 1, hour: 3 }, { start: "2026-01-01T03:00", timezone: "UTC" })
  const first = Date.parse("2026-01-01T03:00Z")
  expect([daily.next(0), daily.previous?.(first + 1), daily.previous?.(first)]).toEqual([first, first, undefined])
})

describe("the stored form of a calendar interval", () => {
  it.each<TriggerSpec>([
    { type: "calendarInterval", months: 1, hour: 9, timezone: "UTC", start: "2026-01-31", end: "2026-12-31" },
    { type: "calendarInterval", days: 2, timezone: "UTC", start: 1_767_225_600_000 },
    { type: "calendarInterval", years: 1, months: 2, weeks: 3, days: 4, hour: 5, minute: 6, second: 7 }
  ])("is read and written as %j", (spec) => {
    expect(calendarIntervalCodec.fromJSON(spec, never).toJSON()).toEqual(spec)
  })
})
