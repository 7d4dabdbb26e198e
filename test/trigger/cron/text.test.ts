/** Cron text: what each field reads as. Columns of faults are in `cron.test.ts`. */
import { describe, expect, it } from "vitest"
import { cronFieldNames, maxCronText, readCronText } from "../../../src/trigger/cron/text.ts"

const upTo = (last: number, from = 0) => Array.from({ length: last - from + 1 }, (_, index) => from + index)
const refused = (found: string, expected: string) =>
  expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "cron", found, expected }) as Error

describe("a field of cron text", () => {
  it.each<[minute: string, values: ReadonlyArray<number>]>([
    ["0", [0]],
    ["59", [59]],
    ["5,3,5", [3, 5]],
    ["10-12", [10, 11, 12]],
    ["58-1", [0, 1, 58, 59]],
    ["50-10/10", [0, 10, 50]],
    ["*/30", [0, 30]],
    ["*/60", [0]],
    ["55/2", [55, 57, 59]],
    ["59/1", [59]],
    ["*", upTo(59)],
    ["*,5", upTo(59)],
    ["007", [7]]
  ])("of minutes, %s, is %j", (minute, values) => {
    expect(readCronText(`${minute} 0 * * *`).minutes).toEqual(values)
  })

  it.each<[month: string, values: ReadonlyArray<number>]>([
    ["JAN", [1]],
    ["nov-feb", [1, 2, 11, 12]],
    ["*/12", [1]],
    ["10/1", [10, 11, 12]],
    ["dec-1", [1, 12]]
  ])("of months, %s, is %j", (month, values) => {
    expect(readCronText(`0 0 * ${month} *`).months).toEqual(values)
  })

  it.each<[dayOfWeek: string, weekdays: ReadonlyArray<number>]>([
    ["0", [0]],
    ["7", [0]],
    ["sun", [0]],
    ["5-7", [0, 5, 6]],
    ["fri-mon", [0, 1, 5, 6]],
    ["0-7", [0, 1, 2, 3, 4, 5, 6]],
    ["*/2", [0, 2, 4, 6]],
    ["*/7", [0]]
  ])("of weekdays, %s, is %j", (dayOfWeek, weekdays) => {
    const { daysOfWeek } = readCronText(`0 0 * * ${dayOfWeek}`)
    expect(daysOfWeek).toEqual(weekdays.map((weekday) => ({ _tag: "Weekday", weekday })))
  })

  it.each<[day: string, terms: ReadonlyArray<object>]>([
    ["31", [{ _tag: "Day", day: 31 }]],
    ["30-2", [1, 2, 30, 31].map((day) => ({ _tag: "Day", day }))],
    ["l", [{ _tag: "LastDay", before: 0 }]],
    ["L-1", [{ _tag: "LastDay", before: 1 }]],
    ["L-30", [{ _tag: "LastDay", before: 30 }]],
    ["LW", [{ _tag: "LastWorkday" }]],
    ["wl", [{ _tag: "LastWorkday" }]],
    ["1W", [{ _tag: "NearestWorkday", day: 1 }]],
    [
      "31w,3",
      [
        { _tag: "Day", day: 3 },
        { _tag: "NearestWorkday", day: 31 }
      ]
    ]
  ])("of days, %s, is %j", (day, terms) => {
    expect(readCronText(`0 0 ${day} * *`).daysOfMonth).toEqual(terms)
  })

  it.each<[dayOfWeek: string, term: object]>([
    ["5L", { _tag: "LastWeekday", weekday: 5 }],
    ["friL", { _tag: "LastWeekday", weekday: 5 }],
    ["7L", { _tag: "LastWeekday", weekday: 0 }],
    ["7#1", { _tag: "NthWeekday", weekday: 0, nth: 1 }],
    ["MON#5", { _tag: "NthWeekday", weekday: 1, nth: 5 }]
  ])("of weekdays, %s, is %j", (dayOfWeek, term) => {
    expect(readCronText(`0 0 * * ${dayOfWeek}`).daysOfWeek).toEqual([term])
  })

  it("that begins with a star or a question mark restricts no day, even with a step", () => {
    const days = (text: string) => readCronText(text).dayFields
    expect([days("0 0 1 * 1"), days("0 0 */2 * 1"), days("0 0 1 * */2"), days("0 0 ? * 1")]).toEqual([
      "either",
      "both",
      "both",
      "both"
    ])
    expect(readCronText("0 0 ? * ?")).toMatchObject({ daysOfMonth: undefined, daysOfWeek: undefined })
    expect(readCronText("0 0 1,* * 1").daysOfMonth).toBeUndefined()
  })

  it("that begins with a star in minute or hour follows elapsed time", () => {
    const pace = (text: string) => readCronText(text).pace
    expect([pace("*/5 2 * * *"), pace("0 */2 * * *"), pace("0-59 0-23 * * *")]).toEqual(["elapsed", "elapsed", "wall"])
  })

  it("may be for seconds, before the others", () => {
    expect(readCronText("15 30 9 * * *")).toMatchObject({ seconds: [15], minutes: [30], hours: [9] })
    expect(readCronText("30 9 * * *")).toMatchObject({ seconds: [0], minutes: [30], hours: [9] })
    expect(cronFieldNames(5)).toEqual(["minute", "hour", "day-of-month", "month", "day-of-week"])
    expect(cronFieldNames(6)[0]).toBe("second")
  })
})

describe("what is not cron text", () => {
  const time = (max: number) => `0-${max}`
  const weekday = "0-7 or sun-sat (0 and 7 are Sunday), 5#1 to 5#5, or 5L"

  it.each([
    ["*/61 * * * *", "61", "a step from 1 to 60"],
    ["*/x * * * *", "x", "a step from 1 to 60"],
    ["*/5/5 * * * *", "5/5", "a step from 1 to 60"],
    ["* */25 * * *", "25", "a step from 1 to 24"],
    ["0 0 */32 * *", "32", "a step from 1 to 31"],
    ["0 0 * * */8", "8", "a step from 1 to 7"],
    ["60 * * * *", "60", time(59)],
    ["0 24 * * *", "24", time(23)],
    ["0 0 L-0 * *", "L-0", "L-1 to L-30"],
    ["0 0 L-31 * *", "L-31", "L-1 to L-30"],
    ["0 0 0W * *", "0W", "1W to 31W"],
    ["0 0 32W * *", "32W", "1W to 31W"],
    ["0 0 * * 5#0", "5#0", "a number from 1 to 5, or L, after #"],
    ["0 0 * * 5#12", "5#12", "a number from 1 to 5, or L, after #"],
    ["0 0 * * foo#1", "foo#1", weekday],
    ["0 0 * * 8L", "8L", weekday],
    ["@daily x", "x", "nothing after a macro"]
  ])("%s", (text, found, expected) => {
    expect(() => readCronText(text)).toThrow(refused(found, expected))
  })

  it("is a text of one field, of more than six, or of more than 1,024 characters", () => {
    expect(() => readCronText("5")).toThrow(expect.objectContaining({ found: "1 field" }))
    expect(() => readCronText("1 2 3 4 5 6 7 8")).toThrow(expect.objectContaining({ found: "8 fields" }))
    expect(readCronText("0 0 * * *".padEnd(maxCronText)).hours).toEqual([0])
    expect(() => readCronText("0 0 * * *".padEnd(maxCronText + 1))).toThrow(
      expect.objectContaining({ found: "1025 characters", column: 1025 })
    )
  })

  it("is told what to write instead, with what was given", () => {
    const message = (text: string) => {
      try {
        readCronText(text)
      } catch (error) {
        return error instanceof Error ? error.message : ""
      }
      return ""
    }
    expect(message("@every 90s")).toContain('interval("90s")')
    expect(message("@every")).toContain('interval("5m")')
    expect(message("CRON_TZ=UTC 0 0 * * *")).toContain("timezone")
    expect(message("0 0 * * mondays")).toContain("three letters")
    expect(message("0 0 * * x")).not.toContain("three letters")
    expect(message("mon 0 * * *")).not.toContain("three letters")
    expect(message("H(0-5) * * * *")).toContain("jitter")
    expect(message("0 0 * * hx")).not.toContain("jitter")
  })
})
