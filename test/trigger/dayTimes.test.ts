/** The fire times of a day, and what they depend on: as stepping finds them, on days of every kind. */
import { describe, expect, it } from "vitest"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { date } from "../../src/trigger/date.ts"
import { common, countUnion, dayTimesOf, union, within } from "../../src/trigger/dayTimes.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"

const day = 86_400_000
/** Two days before Oslo's clocks go forward. */
const first = Date.parse("2026-03-27T00:00Z")
const oslo = { timezone: "Europe/Oslo" }
const lordHowe = { timezone: "Australia/Lord_Howe" }
const work = () => ({ steps: 0, most: 1_000_000 })

const listed = (trigger: Trigger, from: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = trigger.next(from - 1); at !== undefined && at < from + day; at = trigger.next(at))
    found.push(at - from)
  return found
}
const hourly = cron("0 * * * *", oslo)
const seven = interval("7 hours", { start: first + 5_000_000 })
const bound = (trigger: Trigger) => trigger.bind?.({ now: first, timezone: "UTC", jobId: "a" }) ?? trigger

describe("the fire times of a day", () => {
  it.each<[what: string, trigger: Trigger]>([
    ["a date", date(first + day + 5_000)],
    ["an interval", seven],
    ["cron", cron("*/20 1-3 * * *", oslo)],
    ["cron elsewhere", cron("30 0,23 * * mon-fri", lordHowe)],
    ["cron with bounds", cron("0 * * * *", { ...oslo, start: first + 1.5 * day, end: first + 3.5 * day })],
    ["a calendar interval", calendarInterval({ days: 2, hour: 2, minute: 30 }, { start: "2026-03-01", ...oslo })],
    ["or", or([hourly, seven])],
    ["and", and([hourly, interval("3 hours", { start: first })])],
    ["filter", filter(hourly, { weekdays: "sun" }, lordHowe)],
    ["not", not(hourly, { weekdays: "sat" }, oslo)],
    ["a window", window(hourly, { start: first + 1.5 * day + 1, end: first + 3.5 * day })],
    ["a limit", bound(limit(hourly, 60))],
    ["jitter", bound(jitter(hourly, "3 hours"))],
    ["jitter across midnight", bound(jitter(cron("50 23 * * *", { timezone: "UTC" }), "30 minutes"))],
    ["jitter over or", bound(jitter(or([hourly, seven]), "20 minutes"))],
    ["or of several kinds", or([not(seven, { weekdays: "sun" }, oslo), bound(jitter(hourly, "1 minute"))])]
  ])("are those that stepping finds, of %s", (_what, trigger) => {
    const timesByPattern = new Map<string, ReadonlyArray<number>>()
    for (let from = first - 2 * day; from < first + 10 * day; from += day) {
      const expected = listed(trigger, from)
      expect([...(dayTimesOf(trigger, from, work()) ?? [])]).toEqual(expected)
      // Days of one pattern have the same.
      const pattern = trigger.dayPattern?.(from)
      if (pattern === undefined) continue
      expect(timesByPattern.get(pattern) ?? expected).toEqual(expected)
      timesByPattern.set(pattern, expected)
    }
  })

  it("are alike on most days, so that few are looked at", () => {
    const patterns = new Set(Array.from({ length: 60 }, (_, index) => hourly.dayPattern?.(first + index * day)))
    expect(patterns.size).toBeLessThan(6)
    // By the day, and those beside it, which may touch it in another zone.
    const weekdays = cron("0 9 * * mon-fri", { timezone: "UTC" })
    expect(new Set(Array.from({ length: 60 }, (_, index) => weekdays.dayPattern?.(first + index * day))).size).toBe(5)
  })
})

describe("lists of fire times", () => {
  const lists = [[1, 3, 5], [2, 3, 9], [3]].map((list) => Int32Array.from(list))

  it("have all, each once; what all have; and how many", () => {
    expect([...union(lists, work())]).toEqual([1, 2, 3, 5, 9])
    expect([...common(lists, work())]).toEqual([3])
    expect(countUnion(lists, work())).toBe(5)
    expect([...common([Int32Array.of(1, 2), Int32Array.of(3)], work())]).toEqual([])
    expect([...union([Int32Array.of(), Int32Array.of(4)], work())]).toEqual([4])
    expect([...union([Int32Array.of(4)], work())]).toEqual([4])
  })

  it("are cut to a stretch, both ends included", () => {
    const times = Int32Array.of(10, 20, 30, 40)
    const cut = (from: number, through: number) => [...within(times, from, through)]
    expect([cut(20, 30), cut(11, 39), cut(0, 99), cut(41, 99), cut(0, 9), cut(31, 39)]).toEqual([
      [20, 30],
      [20, 30],
      [10, 20, 30, 40],
      [],
      [],
      []
    ])
  })
})
