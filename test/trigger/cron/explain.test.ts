/** Which fields of a cron expression refuse an instant. */
import { describe, expect, it } from "vitest"
import type { CronOptions } from "../../../src/trigger/cron/cron.ts"
import { cron } from "../../../src/trigger/cron/cron.ts"
import type { CronFields } from "../../../src/trigger/cron/fields.ts"

const utc = { timezone: "UTC" }
const refusals = (expression: string | CronFields, instant: string | number, options: CronOptions = utc) =>
  (cron(expression, options).explain?.(new Date(instant).valueOf()) ?? []).map(
    ({ field, found, expected }) => `${field}: ${found}, expected ${expected}`
  )

describe("an instant is no fire time of cron", () => {
  it.each<[expression: string | CronFields, instant: string, lines: ReadonlyArray<string>]>([
    ["30 9 * * *", "2026-03-02T09:30Z", []],
    ["30 9 * * *", "2026-03-02T09:31Z", ["minute: 31, expected 30"]],
    ["30 9 * * *", "2026-03-02T10:31Z", ["minute: 31, expected 30", "hour: 10, expected 9"]],
    ["30 9 * * *", "2026-03-02T09:30:05Z", ["second: 5, expected 0"]],
    ["15 30 9 * * *", "2026-03-02T09:30:05Z", ["second: 5, expected 15"]],
    ["30 9 * * *", "2026-03-02T09:30:00.250Z", ["millisecond: 250, expected 0"]],
    ["30 9 * * *", "1969-12-31T09:30:00.250Z", ["millisecond: 250, expected 0"]],
    ["0 9 * jan,feb *", "2026-03-02T09:00Z", ["month: 3, expected jan,feb"]],
    ["0 9 3 * *", "2026-03-02T09:00Z", ["day-of-month: 2 (2026-03-02), expected 3"]],
    ["0 9 * * tue-fri", "2026-03-02T09:00Z", ["day-of-week: mon, expected tue-fri"]],
    [
      "0 9 3 * fri",
      "2026-03-02T09:00Z",
      ["day-of-month: 2 (2026-03-02), expected 3", "day-of-week: mon, expected fri"]
    ],
    ["0 9 2 * fri", "2026-03-02T10:00Z", ["hour: 10, expected 9"]],
    ["0 9 3 * mon", "2026-03-02T10:00Z", ["hour: 10, expected 9"]],
    ["@daily", "2026-03-02T10:00Z", ["hour: 10, expected 0"]],
    [" @Daily ", "2026-03-02T10:00Z", ["hour: 10, expected 0"]],
    ["  30   9 * * *", "2026-03-02T10:30Z", ["hour: 10, expected 9"]],
    [{ hour: 9, minute: 30 }, "2026-03-02T10:30Z", ["hour: 10, expected 9"]],
    [{ hour: 9 }, "2026-03-02T09:05:07Z", ["second: 7, expected 0", "minute: 5, expected 0"]],
    [{ week: 11, hour: 9 }, "2026-03-02T09:00Z", ["week: 10, expected 11"]],
    [{ year: "2027-2028", hour: 9 }, "2026-03-02T09:00Z", ["year: 2026, expected 2027-2028"]],
    [{ day: "last", hour: 9 }, "2026-03-02T09:00Z", ["day-of-month: 2 (2026-03-02), expected last"]],
    [{ day: 2, dayOfWeek: "tue", hour: 9 }, "2026-03-02T09:00Z", ["day-of-week: mon, expected tue"]]
  ])("%j at %s", (expression, instant, lines) => {
    expect(refusals(expression, instant)).toEqual(lines)
  })

  it("by the clock on the wall of its own zone", () => {
    expect(refusals("0 9 * * mon", "2026-03-02T00:00Z", { timezone: "Asia/Tokyo" })).toEqual([])
    expect(refusals("0 9 * * sun", "2026-03-01T15:30Z", { timezone: "Asia/Tokyo" })).toEqual([
      "minute: 30, expected 0",
      "hour: 0, expected 9",
      "day-of-week: mon, expected sun"
    ])
  })

  it("as the second pass of a fixed wall time that comes twice", () => {
    const oslo = { timezone: "Europe/Oslo" }
    const [first, second] = ["2026-10-25T00:30Z", "2026-10-25T01:30Z"]
    expect(refusals("30 2 * * *", first, oslo)).toEqual([])
    expect(refusals("30 2 * * *", second, oslo)).toEqual([
      "dst: the second pass of a wall time that comes twice, expected the first pass"
    ])
    expect(refusals("31 2 * * *", second, oslo)).toEqual(["minute: 30, expected 31"])
    expect(refusals("30 2 * * *", second, { ...oslo, dst: "every-match" })).toEqual([])
    expect(refusals("*/30 2 * * *", second, oslo)).toEqual([])
  })

  it("as outside of its bounds, beside what its fields say", () => {
    const bounds = { ...utc, start: "2026-03-02T09:00Z", end: "2026-03-04T09:00Z" }
    expect(refusals("0 9 * * *", "2026-03-01T09:00Z", bounds)).toEqual([
      "start: 2026-03-01T09:00:00+00:00, expected 2026-03-02T09:00:00+00:00 or later"
    ])
    expect(refusals("0 9 * * *", "2026-03-05T10:00Z", bounds)).toEqual([
      "hour: 10, expected 9",
      "end: 2026-03-05T10:00:00+00:00, expected 2026-03-04T09:00:00+00:00 or earlier"
    ])
    for (const instant of ["2026-03-02T09:00Z", "2026-03-04T09:00Z"])
      expect(refusals("0 9 * * *", instant, bounds)).toEqual([])
  })
})
