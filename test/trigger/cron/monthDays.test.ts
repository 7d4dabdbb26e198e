/** Days of a month, against a look at each of them. */
import { describe, expect, it } from "vitest"
import { dayNumber, isLeapYear, isoWeek, monthLength, weekdayOf } from "../../../src/time/civil.ts"
import { monthDays, yearKind, yearKinds, yearOfEachKind } from "../../../src/trigger/cron/monthDays.ts"
import type { CronRule, DayTerm } from "../../../src/trigger/cron/rule.ts"

const rule: CronRule = {
  seconds: [0],
  minutes: [0],
  hours: [0],
  daysOfMonth: undefined,
  daysOfWeek: undefined,
  dayFields: "both",
  months: [1],
  weeks: undefined,
  years: undefined,
  pace: "wall"
}
const daysOf = (change: Partial<CronRule>, year: number, month: number): ReadonlyArray<number> => {
  const mask = monthDays({ ...rule, ...change })(year, month)
  expect(mask >>> monthLength(year, month)).toBe(0)
  return Array.from({ length: 31 }, (_, index) => index + 1).filter((day) => ((mask >>> (day - 1)) & 1) === 1)
}
const of = (term: DayTerm, year: number, month: number) => daysOf({ daysOfMonth: [term] }, year, month)
const everyMonth = Array.from(
  { length: 12 * 12 },
  (_, index) => [2020 + Math.floor(index / 12), (index % 12) + 1] as const
)
const workday = (year: number, month: number, day: number) => {
  const weekday = weekdayOf(dayNumber(year, month, day))
  return weekday >= 1 && weekday <= 5
}

describe("days of a month", () => {
  it("are all where nothing is said, 28 to 31 of them", () => {
    expect([2, 4, 1].map((month) => daysOf({}, 2026, month).length)).toEqual([28, 30, 31])
    expect(daysOf({}, 2028, 2)).toHaveLength(29)
  })

  it("are those that are named, where the month has them", () => {
    const named = [1, 15, 29, 30, 31].map((day): DayTerm => ({ _tag: "Day", day }))
    expect(daysOf({ daysOfMonth: named }, 2026, 1)).toEqual([1, 15, 29, 30, 31])
    expect(daysOf({ daysOfMonth: named }, 2026, 2)).toEqual([1, 15])
  })

  it.each([0, 1, 2, 30])("are %i before the last", (before) => {
    for (const [year, month] of everyMonth) {
      const day = monthLength(year, month) - before
      expect(of({ _tag: "LastDay", before }, year, month)).toEqual(day < 1 ? [] : [day])
    }
  })

  it.each([0, 1, 2, 3, 4, 5, 6])("are those of weekday %i: each, one by its number, the last", (weekday) => {
    for (const [year, month] of everyMonth) {
      const expected = daysOf({}, year, month).filter((day) => weekdayOf(dayNumber(year, month, day)) === weekday)
      expect(of({ _tag: "Weekday", weekday }, year, month)).toEqual(expected)
      for (const nth of [1, 2, 3, 4, 5])
        expect(of({ _tag: "NthWeekday", weekday, nth }, year, month)).toEqual(expected.slice(nth - 1, nth))
      expect(of({ _tag: "LastWeekday", weekday }, year, month)).toEqual(expected.slice(-1))
    }
  })

  it("are the last workday", () => {
    for (const [year, month] of everyMonth) {
      const expected = daysOf({}, year, month)
        .filter((day) => workday(year, month, day))
        .slice(-1)
      expect(of({ _tag: "LastWorkday" }, year, month)).toEqual(expected)
    }
  })

  it.each([1, 2, 15, 28, 30, 31])("are the workday nearest to %i, in the same month", (day) => {
    for (const [year, month] of everyMonth) {
      const length = monthLength(year, month)
      const near = [day, day - 1, day + 1, day - 2, day + 2].find(
        (each) => each >= 1 && each <= length && workday(year, month, each)
      )
      expect(of({ _tag: "NearestWorkday", day }, year, month)).toEqual(day > length || near === undefined ? [] : [near])
    }
  })

  it("are those of ISO weeks", () => {
    for (const weeks of [[1], [53], [9, 10], [52, 1]])
      for (const [year, month] of everyMonth) {
        const expected = daysOf({}, year, month).filter((day) => weeks.includes(isoWeek(dayNumber(year, month, day))))
        expect(daysOf({ weeks }, year, month)).toEqual(expected)
      }
  })

  it("are those that both fields name, or either, and that are of the week", () => {
    // March 2026 begins on a Sunday.
    const fields = {
      daysOfMonth: [1, 2, 3].map((day): DayTerm => ({ _tag: "Day", day })),
      daysOfWeek: [1, 4].map((weekday): DayTerm => ({ _tag: "Weekday", weekday }))
    }
    expect(daysOf({ ...fields, dayFields: "both" }, 2026, 3)).toEqual([2])
    expect(daysOf({ ...fields, dayFields: "either" }, 2026, 3)).toEqual([1, 2, 3, 5, 9, 12, 16, 19, 23, 26, 30])
    expect(daysOf({ ...fields, dayFields: "either", weeks: [10] }, 2026, 3)).toEqual([2, 3, 5])
  })
})

describe("kinds of years", () => {
  it("are 21, each with an example", () => {
    const kinds = yearOfEachKind().map(yearKind)
    expect(new Set(kinds).size).toBe(yearKinds)
    expect([Math.min(...kinds), Math.max(...kinds)]).toEqual([0, 20])
    expect(yearOfEachKind()).toHaveLength(21)
  })

  it("have the same days, weekdays and ISO weeks, in any century", () => {
    const signOf = (year: number) => {
      const first = dayNumber(year, 1, 1)
      return [isLeapYear(year), weekdayOf(first), isoWeek(first), isoWeek(first + 364)].join()
    }
    const signs = new Map<number, string>()
    for (let year = 1970; year < 2800; year++) {
      const sign = signs.get(yearKind(year)) ?? signOf(year)
      signs.set(yearKind(year), sign)
      expect(signOf(year)).toBe(sign)
    }
    expect([yearKind(-1), yearKind(2026)]).toEqual([yearKind(399), yearKind(1626)])
  })
})
