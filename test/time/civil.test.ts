import fc from "fast-check"
import { DateTime } from "luxon"
import { describe, expect, it } from "vitest"
import {
  civilDate,
  civilTime,
  dayMs,
  dayNumber,
  formatDate,
  formatLocal,
  isLeapYear,
  isoWeek,
  localMillis,
  monthLength,
  readDate,
  weekdayOf
} from "../../src/time/civil.ts"

/** Every day of four centuries, after which the calendar repeats, and of some before and after. */
const everyDay = (look: (day: number, date: Date) => void): void => {
  const [first, last] = [Date.UTC(1599, 0, 1) / dayMs, Date.UTC(2401, 0, 1) / dayMs]
  for (let day = first; day <= last; day++) look(day, new Date(day * dayMs))
}

describe("the calendar in integers", () => {
  it("has the dates and weekdays of Date, and their numbers", () => {
    everyDay((day, date) => {
      const [year, month, dayOfMonth] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()]
      const found = civilDate(day)
      const number = dayNumber(year, month, dayOfMonth)
      const agrees =
        found.year === year &&
        found.month === month &&
        found.day === dayOfMonth &&
        number === day &&
        weekdayOf(day) === date.getUTCDay()
      if (!agrees) expect([date.toISOString(), found, number, weekdayOf(day)]).toBe("what Date says")
    })
  })

  it("runs a day past the month's end on into the next month", () => {
    expect([dayNumber(2026, 1, 32), dayNumber(2026, 2, 29)]).toEqual([dayNumber(2026, 2, 1), dayNumber(2026, 3, 1)])
  })

  it("has ISO 8601's weeks, those of luxon", () => {
    everyDay((day, date) => {
      const week = DateTime.fromJSDate(date, { zone: "UTC" }).weekNumber
      if (isoWeek(day) !== week) expect([date.toISOString(), isoWeek(day)]).toEqual([date.toISOString(), week])
    })
  })

  it("knows how long each month is", () => {
    for (let month = 1; month <= 12; month++)
      for (const year of [1900, 2000, 2023, 2024, 2100])
        expect([year, month, monthLength(year, month)]).toEqual([
          year,
          month,
          new Date(Date.UTC(year, month, 0)).getUTCDate()
        ])
  })

  it("has no days in a month that is none", () => {
    expect([monthLength(2024, 0), monthLength(2024, 13)]).toEqual([0, 0])
  })

  it("leaps every fourth year, of the hundredth only every fourth", () => {
    expect([2023, 2024, 1900, 2100, 2000, 2400].filter(isLeapYear)).toEqual([2024, 2000, 2400])
  })
})

describe("wall times", () => {
  const whenever = fc.date({
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true
  })

  it("are those of Date in UTC, to the second, both ways", () => {
    fc.assert(
      fc.property(whenever, (date) => {
        const time = civilTime(date.valueOf())
        expect(time).toEqual({
          year: date.getUTCFullYear(),
          month: date.getUTCMonth() + 1,
          day: date.getUTCDate(),
          hour: date.getUTCHours(),
          minute: date.getUTCMinutes(),
          second: date.getUTCSeconds()
        })
        expect(localMillis(time)).toBe(Math.floor(date.valueOf() / 1000) * 1000)
      })
    )
  })

  it("are written as ISO 8601 writes them", () => {
    fc.assert(
      fc.property(whenever, (date) => {
        const iso = date.toISOString()
        expect(formatLocal(date.valueOf())).toBe(iso.slice(0, 19))
        expect(formatDate(civilDate(Math.floor(date.valueOf() / dayMs)))).toBe(iso.slice(0, 10))
      })
    )
  })
})

describe("readDate", () => {
  it.each([
    ["2026-03-29", { year: 2026, month: 3, day: 29 }],
    ["2026-3-9", { year: 2026, month: 3, day: 9 }],
    ["2024-01-01", { year: 2024, month: 1, day: 1 }],
    ["2024-12-31", { year: 2024, month: 12, day: 31 }],
    ["2024-02-29", { year: 2024, month: 2, day: 29 }]
  ])("reads %s", (text, date) => {
    expect(readDate(text)).toEqual(date)
  })

  it.each(["2023-02-29", "2026-04-31", "2026-00-10", "2026-13-10", "2026-03-00", "2026-03-32", "26-03-29", "soon", ""])(
    "does not take %j",
    (text) => {
      expect(readDate(text)).toBeUndefined()
    }
  )
})
