/** APScheduler's fields: what each expression means, and where it is wrong. */
import { describe, expect, it } from "vitest"
import type { CronFields } from "../../../src/trigger/cron/fields.ts"
import { cron } from "../../../src/trigger/cron/cron.ts"
import { readCronFields, settleFields } from "../../../src/trigger/cron/fields.ts"

const upTo = (last: number, from = 0) => Array.from({ length: last - from + 1 }, (_, index) => from + index)

describe("a field's expression", () => {
  it.each<[field: "second" | "minute" | "hour", expression: string | number, values: ReadonlyArray<number>]>([
    ["second", "0,15, 30 , 59", [0, 15, 30, 59]],
    ["second", 7, [7]],
    ["minute", "10-12", [10, 11, 12]],
    ["minute", "10-20/5", [10, 15, 20]],
    ["minute", "50/4", [50, 54, 58]],
    ["minute", "*/20", [0, 20, 40]],
    ["minute", "*/59", [0, 59]],
    ["minute", "*", upTo(59)],
    ["minute", "5,*", upTo(59)],
    ["minute", "5-5", [5]],
    ["minute", "5,5,3", [3, 5]],
    ["hour", "*/23", [0, 23]],
    ["hour", "22-23", [22, 23]]
  ])("of %s, %j, is %j", (field, expression, values) => {
    const { seconds: second, minutes: minute, hours: hour } = readCronFields({ [field]: expression })
    const rule = { second, minute, hour }
    expect(rule[field]).toEqual(values)
  })

  it.each<[expression: string | number, values: ReadonlyArray<number>]>([
    ["jan", [1]],
    ["DEC", [12]],
    ["mar-may", [3, 4, 5]],
    ["*/6", [1, 7]],
    ["10-12/2", [10, 12]]
  ])("of month, %j, is %j", (month, values) => {
    expect(readCronFields({ month }).months).toEqual(values)
  })

  it.each<[expression: string | number, weekdays: ReadonlyArray<number>]>([
    ["mon", [1]],
    ["0", [0]],
    [7, [0]],
    ["sun", [0]],
    ["mon-fri", [1, 2, 3, 4, 5]],
    ["fri-mon", [1, 5, 6, 0]],
    ["sat-tue/2", [1, 6]],
    ["0-7", [1, 2, 3, 4, 5, 6, 0]],
    ["sun-7", [1, 2, 3, 4, 5, 6, 0]],
    ["5-7", [5, 6, 0]],
    ["*/2", [1, 3, 5, 0]],
    ["*/3", [1, 4, 0]]
  ])("of dayOfWeek, %j, is %j from Monday on, where 0 is Sunday", (dayOfWeek, weekdays) => {
    expect(readCronFields({ dayOfWeek }).daysOfWeek).toEqual(weekdays.map((weekday) => ({ _tag: "Weekday", weekday })))
  })

  it.each<[expression: string, terms: ReadonlyArray<object>]>([
    ["3", [{ _tag: "Day", day: 3 }]],
    ["last", [{ _tag: "LastDay", before: 0 }]],
    ["1st mon", [{ _tag: "NthWeekday", weekday: 1, nth: 1 }]],
    ["5th  sun", [{ _tag: "NthWeekday", weekday: 0, nth: 5 }]],
    ["last fri", [{ _tag: "LastWeekday", weekday: 5 }]],
    [
      "2nd Tue, 30-31",
      [
        { _tag: "Day", day: 30 },
        { _tag: "Day", day: 31 },
        { _tag: "NthWeekday", weekday: 2, nth: 2 }
      ]
    ]
  ])("of day, %j, is %j", (day, terms) => {
    expect(readCronFields({ day }).daysOfMonth).toEqual(terms)
  })

  it("of week and year is a number within its bounds", () => {
    expect(readCronFields({ week: "1,53" }).weeks).toEqual([1, 53])
    expect(readCronFields({ year: "2026-2030/2" }).years).toEqual([2026, 2028, 2030])
    expect(readCronFields({ year: "1970,9999" }).years).toEqual([1970, 9999])
  })

  it("that is everything leaves the field out", () => {
    expect(readCronFields({ day: "*", week: "*", dayOfWeek: "*", year: "*", hour: 1 })).toMatchObject({
      daysOfMonth: undefined,
      daysOfWeek: undefined,
      weeks: undefined,
      years: undefined,
      dayFields: "both"
    })
  })

  it("that begins with a star in minute or hour follows elapsed time", () => {
    const pace = (fields: CronFields) => readCronFields(fields).pace
    expect([pace({ minute: "*/5" }), pace({ hour: "*" }), pace({ hour: "*/2", minute: 5 })]).toEqual(
      Array(3).fill("elapsed")
    )
    expect([pace({ hour: 2 }), pace({ hour: "1-5", minute: "0-59" }), pace({ day: 2 })]).toEqual(Array(3).fill("wall"))
  })
})

describe("a field that is left out", () => {
  it("means every value where a smaller one is given, else its first", () => {
    expect(settleFields({ hour: 9 })).toEqual({
      year: "*",
      month: "*",
      day: "*",
      week: "*",
      dayOfWeek: "*",
      hour: "9",
      minute: "0",
      second: "0"
    })
    expect(settleFields({ year: 2026 })).toMatchObject({ month: "1", day: "1", week: "*", dayOfWeek: "*", hour: "0" })
    expect(settleFields({ second: " * ", month: "JAN" })).toMatchObject({ month: "jan", minute: "*", second: "*" })
    expect(settleFields({ hour: 9, second: undefined } as object)).toMatchObject({ second: "0" })
  })
})

describe("a wrong field", () => {
  it.each<[fields: object, field: string, found: string]>([
    [{}, "fields", "{}"],
    [{ hours: 9 }, "field", "hours"],
    [{ hour: true }, "hour", "true"],
    [{ hour: "x".repeat(1025) }, "hour", "1025 characters"],
    [{ hour: 24 }, "hour", "24"],
    [{ hour: -1 }, "hour", "-1"],
    [{ minute: 60 }, "minute", "60"],
    [{ minute: "1-2-3" }, "minute", "1-2-3"],
    [{ minute: "20-10" }, "minute", "20-10"],
    [{ minute: "5,,6" }, "minute", ""],
    [{ minute: "jan" }, "minute", "jan"],
    [{ minute: "5/0" }, "minute", "5/0"],
    [{ minute: "10-20/11" }, "minute", "10-20/11"],
    [{ minute: "10-10/1" }, "minute", "10-10/1"],
    [{ minute: "*/60" }, "minute", "*/60"],
    [{ month: 0 }, "month", "0"],
    [{ month: 13 }, "month", "13"],
    [{ month: "dec-jan" }, "month", "dec-jan"],
    [{ day: 32 }, "day", "32"],
    [{ day: 0 }, "day", "0"],
    [{ day: "1st foo" }, "day", "1st foo"],
    [{ day: "6th mon" }, "day", "6th mon"],
    [{ week: 54 }, "week", "54"],
    [{ week: 0 }, "week", "0"],
    [{ dayOfWeek: 8 }, "dayOfWeek", "8"],
    [{ dayOfWeek: "jan" }, "dayOfWeek", "jan"],
    [{ year: 1969 }, "year", "1969"],
    [{ year: 10000 }, "year", "10000"]
  ])("is refused: %j", (fields, field, found) => {
    expect(() => readCronFields(fields as CronFields)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "cron", field, found })
    )
  })

  it("is shown with its text and the column where it begins", () => {
    expect(() => readCronFields({ minute: "1, 2, 99, 3" })).toThrow(
      expect.objectContaining({ text: "1, 2, 99, 3", column: 7, found: "99", expected: "0-59" })
    )
    expect(() => readCronFields({ minute: "99" })).toThrow(expect.objectContaining({ column: 1 }))
    expect(() => readCronFields({ minute: "1, 10-20/11" })).toThrow(
      expect.objectContaining({ column: 4, expected: "a step from 1 to 10" })
    )
    expect(() => readCronFields({ minute: "10-10/1" })).toThrow(
      expect.objectContaining({ expected: "a range for the step" })
    )
  })

  it.each<[expression: unknown, field: string, found: string]>([
    [null, "expression", "null"],
    [["0 9 * * *"], "expression", "an array of 1"],
    [5, "expression", "5"],
    [undefined, "expression", "undefined"],
    [{ hour: 9, hours: 5 }, "field", "hours"],
    [{ hour: [9] }, "hour", "an array of 1"],
    [{ hour: 9, hours: null }, "hours", "null"]
  ])("is no expression of a trigger: %j", (expression, field, found) => {
    expect(() => cron(expression as CronFields)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "cron", field, found })
    )
  })

  it("may be as long as 1,024 characters", () => {
    expect(readCronFields({ minute: `1${" ".repeat(1023)}` }).minutes).toEqual([1])
  })
})
