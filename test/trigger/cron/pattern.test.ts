/** Matching wall times, in seconds as if they were UTC, against all that a rule names, written out. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { civilDate, dayNumber } from "../../../src/time/civil.ts"
import { monthDays } from "../../../src/trigger/cron/monthDays.ts"
import { CronPattern } from "../../../src/trigger/cron/pattern.ts"
import type { CronRule } from "../../../src/trigger/cron/rule.ts"

const everySecondOf = { seconds: [0], minutes: [0], hours: [0] }
const rule: CronRule = {
  ...everySecondOf,
  daysOfMonth: undefined,
  daysOfWeek: undefined,
  dayFields: "both",
  months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  weeks: undefined,
  years: undefined,
  pace: "wall"
}
const pattern = (own: Partial<CronRule>) => new CronPattern({ ...rule, ...own })
const local = (text: string) => Date.parse(`${text}Z`) / 1000
const shown = (seconds: number) =>
  Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString().slice(0, 19) : seconds

/** The matches of days in [from, until), one after the other. */
const writtenOut = (own: CronRule, from: number, until: number): ReadonlyArray<number> => {
  const days = monthDays(own)
  const found: Array<number> = []
  for (let day = from; day < until; day++) {
    const { year, month, day: ofMonth } = civilDate(day)
    if (!own.months.includes(month) || own.years?.includes(year) === false) continue
    if (((days(year, month) >>> (ofMonth - 1)) & 1) === 0) continue
    for (const hour of own.hours)
      for (const minute of own.minutes)
        for (const second of own.seconds) found.push(((day * 24 + hour) * 60 + minute) * 60 + second)
  }
  return found
}

const some = (last: number) =>
  fc
    .oneof(
      fc.uniqueArray(fc.integer({ min: 0, max: last }), { minLength: 1, maxLength: 3 }),
      fc.constantFrom([0], [last], [0, last], [0, 1, 2], [last - 1, last])
    )
    .map((values) => values.toSorted((a, b) => a - b))
const anyRule: fc.Arbitrary<CronRule> = fc
  .record({
    seconds: some(59),
    minutes: some(59),
    hours: some(23),
    days: fc.option(fc.uniqueArray(fc.constantFrom(1, 2, 15, 28, 29, 30, 31), { minLength: 1, maxLength: 3 })),
    weekdays: fc.option(fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 3 })),
    dayFields: fc.constantFrom("either" as const, "both" as const),
    months: fc.constantFrom(rule.months, [1], [12], [2, 3], [1, 12], [6, 7, 8]),
    weeks: fc.constantFrom(undefined, undefined, [1, 2, 9, 27, 53]),
    years: fc.constantFrom(undefined, undefined, [2026], [2025, 2027])
  })
  .map(({ days, weekdays, ...own }) => ({
    ...rule,
    ...own,
    daysOfMonth: days?.map((day) => ({ _tag: "Day", day }) as const),
    daysOfWeek: weekdays?.map((weekday) => ({ _tag: "Weekday", weekday }) as const)
  }))

describe("a pattern", () => {
  it("finds the next, the last and the number of all that its rule names", () => {
    const [from, until] = [dayNumber(2025, 11, 1), dayNumber(2027, 4, 1)]
    const [begin, end] = [from * 86_400, until * 86_400]
    const places = fc.array(fc.tuple(fc.nat(1_000_000), fc.integer({ min: -70, max: 70 })), {
      minLength: 12,
      maxLength: 12
    })
    fc.assert(
      fc.property(anyRule, places, (own, asked) => {
        const all = writtenOut(own, from, until)
        const found = new CronPattern(own)
        for (const [place, shift] of asked) {
          const near = (all[place % Math.max(1, all.length)] ?? begin + place) + shift
          const at = Math.min(Math.max(near, begin), end - 1)
          const next = all.find((each) => each >= at)
          if (next === undefined) expect(found.next(at)).toBeGreaterThanOrEqual(end)
          else expect(found.next(at)).toBe(next)
          const last = all.findLast((each) => each <= at)
          if (last === undefined) expect(found.previous(at)).toBeLessThan(begin)
          else expect(found.previous(at)).toBe(last)
          expect(found.matches(at)).toBe(all.includes(at))
          expect(found.count(begin, at)).toBe(all.filter((each) => each < at).length)
          expect(found.count(at, end)).toBe(all.filter((each) => each >= at).length)
        }
      }),
      { numRuns: 60 }
    )
  })

  it("finds rare dates across years that lack them", () => {
    const leap = pattern({ daysOfMonth: [{ _tag: "Day", day: 29 }], months: [2] })
    expect([leap.next(local("2097-01-01T00:00")), leap.previous(local("2104-02-28T23:59:59"))].map(shown)).toEqual([
      "2104-02-29T00:00:00",
      "2096-02-29T00:00:00"
    ])
    expect(leap.next(local("2104-02-29T00:00:01"))).toBe(local("2108-02-29T00:00"))
    expect(leap.count(local("2097-01-01T00:00"), local("2105-01-01T00:00"))).toBe(1)
    const friday31 = pattern({ daysOfMonth: [{ _tag: "Day", day: 31 }], daysOfWeek: [{ _tag: "Weekday", weekday: 5 }] })
    expect(shown(friday31.next(local("2026-08-01T00:00")))).toBe("2027-12-31T00:00:00")
    expect(shown(friday31.previous(local("2027-12-30T00:00")))).toBe("2026-07-31T00:00:00")
  })

  it("begins with 1970 and ends with 9999", () => {
    const noon = pattern({ hours: [12] })
    expect([-1, -86_400_000, 0].map((at) => noon.next(at))).toEqual([43_200, 43_200, 43_200])
    expect([43_199, 0, -1, -86_400_000].map((at) => noon.previous(at))).toEqual(Array(4).fill(-Infinity))
    const last = local("9999-12-31T12:00")
    expect([noon.next(last), noon.next(last + 1), noon.next(last + 900_000)]).toEqual([last, Infinity, Infinity])
    expect([noon.previous(last), noon.previous(last + 50_000), noon.previous(last * 2)]).toEqual([last, last, last])
    expect(noon.count(-900_000, 86_400)).toBe(1)
    expect(noon.count(last, last + 900_000)).toBe(1)
    expect(noon.count(last + 1, last + 900_000)).toBe(0)
    expect([noon.count(5, 5), noon.count(6, 5)]).toEqual([0, 0])
  })

  it("keeps to the years that are named", () => {
    const rare = pattern({ years: [2026, 2028], months: [3], daysOfMonth: [{ _tag: "Day", day: 2 }] })
    expect(shown(rare.next(local("2026-03-02T00:00:01")))).toBe("2028-03-02T00:00:00")
    expect(shown(rare.previous(local("2028-03-01T00:00")))).toBe("2026-03-02T00:00:00")
    expect(rare.next(local("2028-03-02T00:00:01"))).toBe(Infinity)
    expect(rare.previous(local("2026-03-01T23:59:59"))).toBe(-Infinity)
    expect(rare.count(0, local("2100-01-01T00:00"))).toBe(2)
  })

  it("is possible where some year has such a day", () => {
    const day = (ofMonth: number, months: ReadonlyArray<number>, own: Partial<CronRule> = {}) =>
      pattern({ daysOfMonth: [{ _tag: "Day", day: ofMonth }], months, ...own }).isPossible()
    expect([day(29, [2]), day(30, [2]), day(31, [4, 6, 9, 11]), day(31, [4, 5])]).toEqual([true, false, false, true])
    expect(day(1, [1], { weeks: [53] })).toBe(true)
    expect(day(4, [1], { weeks: [53] })).toBe(false)
  })

  it("allows days in whatever order they are asked about", () => {
    const mondays = pattern({ daysOfWeek: [{ _tag: "Weekday", weekday: 1 }] })
    const monday = dayNumber(2026, 3, 2)
    const asked = [0, 7, 350, -7, 1, 28, 29, 30, -30, 0]
    expect(asked.map((shift) => mondays.allowsDay(monday + shift))).toEqual(asked.map((shift) => shift % 7 === 0))
    expect([dayNumber(1969, 12, 29), dayNumber(10_000, 1, 3)].map((day) => mondays.allowsDay(day))).toEqual([
      false,
      false
    ])
  })
})
