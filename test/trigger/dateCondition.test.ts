import { describe, expect, it } from "vitest"
import { dayNumber } from "../../src/time/civil.ts"
import type { DateCondition } from "../../src/trigger/dateCondition.ts"
import { readCondition, weekdayAndDate } from "../../src/trigger/dateCondition.ts"
import { holidayCalendar } from "../../src/trigger/holidayCalendar.ts"

const day = (date: string): number => {
  const [year = NaN, month = NaN, dayOfMonth = NaN] = date.split("-").map(Number)
  return dayNumber(year, month, dayOfMonth)
}
const read = (condition: object) => readCondition("filter", condition)
/** Those of March 2026, which begins on a Sunday, that a condition allows. */
const inMarch = (condition: DateCondition): ReadonlyArray<number> =>
  Array.from({ length: 31 }, (_, index) => index + 1).filter((date) => read(condition).allows(day(`2026-03-${date}`)))

describe("a condition on dates", () => {
  it.each<[given: DateCondition["weekdays"], stored: ReadonlyArray<number>]>([
    ["mon", [1]],
    ["MON, Fri", [1, 5]],
    ["mon-wed", [1, 2, 3]],
    ["fri-mon", [0, 1, 5, 6]],
    ["sat-sun", [0, 6]],
    ["sun-sat", [0, 1, 2, 3, 4, 5, 6]],
    ["0", [0]],
    ["7", [0]],
    ["5-7", [0, 5, 6]],
    ["0-1", [0, 1]],
    [
      [1, "wed", "fri-sat"],
      [1, 3, 5, 6]
    ],
    [
      [6, 1, 6],
      [1, 6]
    ]
  ])("reads weekdays %j as %j, where 0 is Sunday", (weekdays, stored) => {
    expect(read({ weekdays }).stored).toEqual({ weekdays: stored })
  })

  it.each<[given: DateCondition["months"], stored: ReadonlyArray<number>]>([
    ["jan", [1]],
    ["dec", [12]],
    ["jun-aug", [6, 7, 8]],
    ["nov-feb", [1, 2, 11, 12]],
    ["12-1", [1, 12]],
    ["jan-dec", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
    [
      [1, "12"],
      [1, 12]
    ]
  ])("reads months %j as %j", (months, stored) => {
    expect(read({ months }).stored).toEqual({ months: stored })
  })

  it("allows a date on which all that is given holds", () => {
    expect(inMarch({ weekdays: "sun" })).toEqual([1, 8, 15, 22, 29])
    expect(inMarch({ weekdays: "sun", dates: [{ from: "2026-03-08", through: "2026-03-22" }] })).toEqual([8, 15, 22])
    expect(inMarch({ weekdays: "sun", months: "apr" })).toEqual([])
    expect(inMarch({ weekdays: "sun", months: "mar-apr" })).toEqual([1, 8, 15, 22, 29])
    const calendar = holidayCalendar("se", ["2026-03-08", "2026-03-09", "2026-04-01"])
    expect(inMarch({ calendar })).toEqual([8, 9])
    expect(inMarch({ calendar, weekdays: "mon" })).toEqual([9])
    expect(inMarch({ calendar, months: "apr" })).toEqual([])
  })

  it("allows each date of a list and of its ranges, in whatever order they come and overlap", () => {
    const dates = [
      "2026-03-20",
      { from: "2026-03-10", through: "2026-03-12" },
      { from: "2026-03-01", through: "2026-03-02" },
      { from: "2026-03-09", through: "2026-03-14" },
      { from: "2026-03-10", through: "2026-03-11" },
      "2026-03-15",
      "2026-03-17"
    ]
    expect(inMarch({ dates })).toEqual([1, 2, 9, 10, 11, 12, 13, 14, 15, 17, 20])
    expect(read({ dates: dates.slice(0, 2) }).stored).toEqual({
      dates: [
        { from: "2026-03-20", through: "2026-03-20" },
        { from: "2026-03-10", through: "2026-03-12" }
      ]
    })
  })

  it("knows its last day where dates are listed", () => {
    expect(read({ dates: ["2026-03-20", { from: "2026-03-01", through: "2026-03-25" }] }).lastDay).toBe(
      day("2026-03-25")
    )
    expect(read({ weekdays: "mon" }).lastDay).toBe(Infinity)
  })

  it("always holds where it names all weekdays or all months, and nothing else", () => {
    const always = (condition: object) => read(condition).always
    expect([always({ weekdays: "mon-sun" }), always({ months: "jan-dec" })]).toEqual([true, true])
    expect(always({ weekdays: "mon-sun", months: "jan-dec" })).toBe(true)
    expect(always({ weekdays: "mon-sat" })).toBe(false)
    expect(always({ weekdays: "mon-sun", months: "jan" })).toBe(false)
    expect(always({ weekdays: "mon-sun", dates: ["2026-03-01"] })).toBe(false)
    expect(always({ weekdays: "mon-sun", calendar: holidayCalendar("se", ["2026-03-08"]) })).toBe(false)
  })

  it.each<[condition: object, field: string, found: string]>([
    [{}, "condition", "an object"],
    [{ week: 3 }, "condition", "week"],
    [{ weekdays: "" }, "weekdays", ""],
    [{ weekdays: [] }, "weekdays", "an array of 0"],
    [{ weekdays: "8" }, "weekdays", "8"],
    [{ weekdays: "mon-tue-wed" }, "weekdays", "mon-tue-wed"],
    [{ weekdays: [null] }, "weekdays", "null"],
    [{ weekdays: 5.5 }, "weekdays", "5.5"],
    [{ weekdays: "100" }, "weekdays", "100"],
    [{ months: "0" }, "months", "0"],
    [{ months: "13" }, "months", "13"],
    [{ dates: "2026-03-01" }, "dates", "2026-03-01"],
    [{ dates: [] }, "dates", "an array of 0"],
    [{ dates: ["1 March"] }, "dates", "1 March"],
    [{ dates: [5] }, "dates", "5"],
    [{ dates: [{ from: "2026-03-01" }] }, "dates", "undefined"],
    [{ calendar: 5 }, "calendar", "5"],
    [{ calendar: null }, "calendar", "null"],
    [{ calendar: { name: "se" } }, "calendar", "an object"]
  ])("refuses %j", (condition, field, found) => {
    expect(() => read(condition)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "filter", field, found })
    )
  })

  it("refuses a range that runs backwards, but not one of one day", () => {
    expect(() => read({ dates: [{ from: "2026-03-02", through: "2026-03-01" }] })).toThrow(
      expect.objectContaining({ field: "dates", expected: "a range that does not run backwards" })
    )
    expect(inMarch({ dates: [{ from: "2026-03-02", through: "2026-03-02" }] })).toEqual([2])
  })

  it("finds a calendar by its name, and believes no answer but yes and no", () => {
    const calendar = holidayCalendar("se", ["2026-03-08"])
    const found = readCondition("filter", { calendar: "se" }, (name) => (name === "se" ? calendar : undefined))
    expect([found.allows(day("2026-03-08")), found.allows(day("2026-03-09"))]).toEqual([true, false])
    expect(found.stored).toEqual({ calendar: "se" })
    expect(() => read({ calendar: "no" }).allows(day("2026-03-08"))).toThrow(
      expect.objectContaining({ _tag: "UnknownCalendarError", calendar: "no" })
    )
    const async = { name: "async", has: () => Promise.reject(new Error("away")) as unknown as boolean }
    expect(() => read({ calendar: async }).allows(day("2026-03-08"))).toThrow(
      expect.objectContaining({ field: "calendar's answer for 2026-03-08", expected: "true or false" })
    )
  })

  it("shows a date to people with its weekday", () => {
    expect([weekdayAndDate(day("2026-12-26")), weekdayAndDate(0)]).toEqual(["sat 2026-12-26", "thu 1970-01-01"])
  })
})
