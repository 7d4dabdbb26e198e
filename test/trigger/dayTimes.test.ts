/** The fire times of a day, and what they depend on: as stepping finds them, on days of every kind. */
import { describe, expect, it } from "vitest"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { date } from "../../src/trigger/date.ts"
import { common, countUnion, dayTimesOf, hasDayTimes, listsOf, union, within } from "../../src/trigger/dayTimes.ts"
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
    ["a window that ends as a day begins", window(hourly, { end: first + day })],
    ["a window that begins as a day ends", window(hourly, { start: first + day - 1 })],
    ["an interval that meets the day's last millisecond", interval(day, { start: first - 1 })],
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

describe("what listing a day costs", () => {
  /** A trigger that fires at these milliseconds of each day, by the day's pattern; `asked`: how often it was. */
  const listing = (times: ReadonlyArray<number>, patternOf: (day: number) => string) => {
    const asked = { times: 0 }
    const trigger: Trigger = {
      type: "mine",
      next: () => undefined,
      toJSON: () => ({ type: "mine" }),
      dayPattern: patternOf,
      dayTimes: () => {
        asked.times += 1
        return Int32Array.from(times)
      }
    }
    return { trigger, asked }
  }

  it("is paid once for days of one pattern", () => {
    const { trigger, asked } = listing([5, 6], (each) => (each % (2 * day) === 0 ? "even" : "odd"))
    const found = [0, 1, 2, 3, 4].map((each) => [...(dayTimesOf(trigger, each * day, work()) ?? [])])
    expect([found, asked.times]).toEqual([[0, 1, 2, 3, 4].map(() => [5, 6]), 2])
  })

  it("is paid each time without a pattern, and nothing is listed where neither is there", () => {
    const { dayPattern: _, ...unalike } = listing([5], () => "").trigger
    expect(dayTimesOf(unalike, 0, work())).toEqual(Int32Array.of(5))
    const { dayTimes: __, ...neither } = unalike
    expect([dayTimesOf(neither, 0, work()), hasDayTimes(neither), hasDayTimes(unalike)]).toEqual([
      undefined,
      false,
      true
    ])
    expect(listsOf([unalike, neither], 0, work())).toBeUndefined()
    expect(listsOf([unalike, unalike], 0, work())).toEqual([Int32Array.of(5), Int32Array.of(5)])
  })

  it("keeps no more than there is room for, and lists what is gone again", () => {
    const { trigger, asked } = listing(
      Array.from({ length: 900_000 }, (_, each) => each),
      String
    )
    const ask = (each: number) => dayTimesOf(trigger, each * day, work())?.length
    expect([ask(0), ask(1), ask(0), ask(1), asked.times]).toEqual([900_000, 900_000, 900_000, 900_000, 2])
    expect([ask(2), asked.times, ask(2), asked.times, ask(0), asked.times]).toEqual([
      900_000, 3, 900_000, 3, 900_000, 4
    ])
  })

  it("is none where a trigger fires too often in a day", () => {
    const dense: Trigger = {
      type: "mine",
      next: (after) => after + 40,
      toJSON: () => ({ type: "mine" }),
      dayPattern: () => "all"
    }
    expect(dayTimesOf(dense, 0, work())).toBeUndefined()
    expect(dayTimesOf({ ...dense, next: (after) => after + 50 }, 0, work())).toHaveLength(1_728_000)
  })

  it("cannot be told of a part whose whole cannot be", () => {
    const dense = interval(1, { start: 0 })
    for (const trigger of [filter(dense, { weekdays: "sun" }, oslo), window(dense, { start: 0 }), or([dense, hourly])])
      expect(dayTimesOf(trigger, first, work())).toBeUndefined()
    expect(or([dense, hourly]).count?.(first - 1, first + 2 * day)).toBeUndefined()
  })

  it("grows with what is looked at", () => {
    const costs = (use: (spent: ReturnType<typeof work>) => unknown) => {
      const spent = work()
      use(spent)
      return spent.steps
    }
    const [few, many] = [Int32Array.of(1, 2), Int32Array.from({ length: 50 }, (_, each) => each)]
    expect(costs((spent) => union([few, many], spent))).toBe(52)
    expect(costs((spent) => common([many, few], spent))).toBe(costs((spent) => common([few, many], spent)))
    expect(costs((spent) => countUnion([many, few], spent))).toBe(costs((spent) => countUnion([few, many], spent)))
    expect(costs((spent) => countUnion([many, few], spent))).toBeLessThan(
      costs((spent) => countUnion([many, many], spent))
    )
    const hours = cron("0 * * * *", { timezone: "UTC" })
    const first = costs((spent) => dayTimesOf(hours, 0, spent))
    expect(costs((spent) => dayTimesOf(hours, 0, spent))).toBeLessThan(first)
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

  it("are found in one another however long they are", () => {
    for (const length of [1, 2, 3, 7, 8, 9, 100, 1000]) {
      const all = Int32Array.from({ length }, (_, each) => each * 2)
      for (const wanted of [0, 1, 2, length, length - 1, 2 * length - 2, 2 * length - 1, 2 * length]) {
        const there = wanted % 2 === 0 && wanted >= 0 && wanted < 2 * length
        expect([...common([Int32Array.of(wanted), all], work())]).toEqual(there ? [wanted] : [])
        expect(countUnion([all, Int32Array.of(wanted)], work())).toBe(there ? length : length + 1)
        expect([...within(all, wanted, wanted)]).toEqual(there ? [wanted] : [])
      }
    }
    expect([countUnion([], work()), [...union([Int32Array.of()], work())]]).toEqual([0, []])
    expect(countUnion([Int32Array.of(1, 2, 3), Int32Array.of(3, 4), Int32Array.of(4, 5)], work())).toBe(5)
  })
})
