/** Searches of `filter` and `not`: how far they go, and what they keep of the trigger inside. */
import { describe, expect, it } from "vitest"
import { cron } from "../../src/trigger/cron/cron.ts"
import { describeTrigger } from "../../src/trigger/describe.ts"
import { and } from "../../src/trigger/combine.ts"
import { date } from "../../src/trigger/date.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { interval } from "../../src/trigger/interval.ts"
import { stream } from "../../src/trigger/stream.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import type { Trigger, TriggerSpec } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"

const utc = { timezone: "UTC" }
const at = (text: string) => Date.parse(text)
const daily = cron("0 9 * * *", utc)
const day = 86_400_000

describe("a filter", () => {
  it("keeps the end of its trigger, and looks back and counts only where that does", () => {
    const {
      previous: _p,
      count: _c,
      countPart: _cp,
      dayPattern: _d,
      dayTimes: _t,
      ...forwards
    } = {
      ...window(daily, { end: 50 * day })
    }
    expect(filter(forwards, { weekdays: "mon" }, utc)).toMatchObject({ end: 50 * day, type: "filter" })
    const kept = filter(forwards, { weekdays: "mon" }, utc)
    expect([kept.previous, kept.count, kept.countPart, kept.dayPattern, kept.dayTimes]).toEqual(
      Array(5).fill(undefined)
    )
    const { end: _e, ...endless } = forwards
    expect("end" in filter(endless, { weekdays: "mon" }, utc)).toBe(false)
  })

  it("steps over long stretches that it drops, both ways", () => {
    const august = filter(interval("1 minute", { start: 0 }), { months: "aug" }, utc)
    expect(august.next(at("2026-01-01T00:00Z"))).toBe(at("2026-08-01T00:00Z"))
    expect(august.next(at("2026-08-31T23:58Z"))).toBe(at("2026-08-31T23:59Z"))
    expect(august.next(at("2026-08-31T23:59Z"))).toBe(at("2027-08-01T00:00Z"))
    expect(august.previous?.(at("2026-08-01T00:00Z"))).toBe(at("2025-08-31T23:59Z"))
    expect(august.previous?.(at("2026-08-01T00:01Z"))).toBe(at("2026-08-01T00:00Z"))
    expect(august.count?.(at("2026-01-01T00:00Z"), at("2027-12-31T00:00Z"))).toBe(2 * 31 * 1440)
  })

  it("has none after its last date, and finds that from far beyond", () => {
    const dates = filter(daily, { dates: ["2026-03-02", "2026-03-04"] }, utc)
    expect(dates.next(at("2026-03-04T09:00Z"))).toBeUndefined()
    expect(dates.previous?.(at("2190-01-01T00:00Z"))).toBe(at("2026-03-04T09:00Z"))
    expect(dates.previous?.(at("2026-03-04T09:00Z"))).toBe(at("2026-03-02T09:00Z"))
    expect(not(daily, { dates: ["2026-03-02"] }, utc).next(at("2026-03-01T09:00Z"))).toBe(at("2026-03-03T09:00Z"))
  })

  it("of nothing that may be kept is empty at once; of what is rare it is given up", () => {
    const never = not(daily, { weekdays: "mon-sun" }, utc)
    expect([never.next(0), never.previous?.(50 * day), never.count?.(0, 50 * day)]).toEqual([undefined, undefined, 0])
    const mondays = filter(cron("0 9 * * tue", utc), { weekdays: "mon" }, utc)
    expect(() => mondays.next(7)).toThrow(
      expect.objectContaining({ _tag: "TriggerSearchError", trigger: "filter", after: 7, steps: 10_000 })
    )
  })

  it.each<[trigger: Trigger, found: string]>([
    [interval(5, { after: "run" }), "a fixed delay after runs"],
    [stream("orders"), "a stream"]
  ])("is none of what cannot be told ahead: %#", (trigger, found) => {
    expect(() => not(trigger, { weekdays: "mon" })).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "not", field: "trigger", found })
    )
  })

  it.each<TriggerSpec>([
    { type: "filter", trigger: { type: "date", at: 5 }, weekdays: [1, 2], timezone: "UTC" },
    {
      type: "not",
      trigger: { type: "date", at: 5 },
      months: [1],
      dates: [{ from: "2026-03-01", through: "2026-03-02" }]
    }
  ])("is stored and read as %j", (spec) => {
    expect(createTriggerRegistry().read(spec).toJSON()).toEqual(spec)
    expect(() => createTriggerRegistry().read({ ...spec, week: 5 })).toThrow(expect.objectContaining({ found: "week" }))
  })

  it("takes its job's zone where it has none", () => {
    const binding = { now: 0, timezone: "Asia/Tokyo", jobId: "a" }
    const tuesday = filter(cron("0 20 * * *", utc), { weekdays: "tue" })
    expect(tuesday.bind?.(binding).next(at("2026-03-01T00:00Z"))).toBe(at("2026-03-02T20:00Z"))
    expect(filter(daily, { weekdays: "tue" }, utc).bind?.(binding).toJSON()).toMatchObject({ timezone: "UTC" })
  })
})

describe("a trigger in words", () => {
  it.each<[trigger: Trigger, words: string]>([
    [and([interval(1_000), interval("2 hours")]), "when all agree: every 1 second; and every 2 hours"],
    [
      and([interval(1), interval("8 days")], { threshold: 1_500 }),
      "when all agree within 1 second 500 milliseconds: every 1 millisecond; and every 1 week 1 day"
    ],
    [date(0, utc), "once, at 1970-01-01T00:00:00.000Z (UTC)"],
    [
      window(interval(5), { start: 0, end: 1_000 }),
      "every 5 milliseconds, from 1970-01-01T00:00:00.000Z, through 1970-01-01T00:00:01.000Z"
    ],
    [not(interval("90 minutes"), { weekdays: "sat,sun" }), "every 1 hour 30 minutes, except on Sunday, Saturday"]
  ])("%#", (trigger, words) => {
    expect(describeTrigger(trigger)).toBe(words)
  })
})
