/** 0 and 7 are Sunday in every reader of weekdays: ranges run over what lies between. */
import { describe, expect, it } from "vitest"
import { cron } from "../../src/trigger/cron/cron.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { fireTimes } from "../../src/trigger/fireTimes.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"
import { weekdayRange } from "../../src/trigger/weekdays.ts"

const utc = { timezone: "UTC" }
const midnights = cron("0 0 * * *", utc)

/** The weekdays on which it fires, 0 to 6, ascending. */
const weekdays = (trigger: Trigger): ReadonlyArray<number> =>
  [
    ...new Set(
      [...fireTimes(trigger, { after: "2026-01-01T12:00Z", until: "2026-01-15T12:00Z" })].map((at) =>
        new Date(at).getUTCDay()
      )
    )
  ].sort()
const week = [0, 1, 2, 3, 4, 5, 6]

describe("weekdays", () => {
  it.for<readonly [string, ReadonlyArray<number>]>([
    ["0-7", week],
    ["sun-7", week],
    ["1-7", week],
    ["7-6", week],
    ["5-7", [0, 5, 6]],
    ["7-2", [0, 1, 2]],
    ["fri-mon", [0, 1, 5, 6]],
    ["7", [0]],
    ["7-7", [0]],
    ["0-0", [0]],
    ["6,7", [0, 6]]
  ])("%s", ([range, expected]) => {
    expect(weekdays(filter(midnights, { weekdays: range }, utc))).toEqual(expected)
    expect(weekdays(not(midnights, { weekdays: range }, utc))).toEqual(week.filter((day) => !expected.includes(day)))
    expect(weekdays(cron(`0 0 * * ${range}`, utc))).toEqual(expected)
    expect(weekdays(cron({ dayOfWeek: range }, utc))).toEqual(expected)
  })

  it.for<readonly [string, ReadonlyArray<number>]>([
    ["0-7/2", [0, 2, 4, 6]],
    ["1-7/2", [0, 1, 3, 5]],
    ["5-7/2", [0, 5]],
    ["7-3/3", [0, 3]]
  ])("steps from where the range begins: %s", ([range, expected]) => {
    expect(weekdays(cron(`0 0 * * ${range}`, utc))).toEqual(expected)
    expect(weekdays(cron({ dayOfWeek: range }, utc))).toEqual(expected)
  })

  it("keeps the order of the range", () => {
    expect(weekdayRange(5, 7)).toEqual([5, 6, 0])
    expect(weekdayRange(0, 7)).toEqual([0, 1, 2, 3, 4, 5, 6, 0])
  })

  it("refuses 8 and numbers below 0", () => {
    for (const range of ["8", "0-8", "sun-9"])
      expect(() => filter(midnights, { weekdays: range })).toThrow(range.slice(-1))
  })
})
