/** Cron text that cron itself does not take, and what it would have instead. */
import { describe, expect, it } from "vitest"
import { foreignTo } from "../../../src/trigger/cron/crontabDialect.ts"

describe("an item of a crontab", () => {
  it.each([
    ["month", "feb-jan"],
    ["month", "dec-jan"],
    ["day-of-week", "sat-sun"],
    ["hour", "22-2"]
  ])("in the field %s goes up, other than %s", (field, item) => {
    expect(foreignTo(field, item)).toBe("a range that goes up; write two of them")
  })

  it.each([
    ["month", "jan-feb"],
    ["month", "Jan-DEC"],
    ["day-of-week", "sun-sat"],
    ["hour", "2-22"],
    ["hour", "2-2"],
    ["hour", "*/2"],
    ["hour", "1-5/2"]
  ])("in the field %s may be %s", (field, item) => {
    expect(foreignTo(field, item)).toBeNull()
  })

  it.each([
    ["month", "5-xyz"],
    ["month", "xyz-5"],
    ["day-of-week", "sun-xyz"],
    ["day-of-week", "xyz-sun"]
  ])("in the field %s that nobody knows is told by who reads it: %s", (field, item) => {
    expect(foreignTo(field, item)).toBeNull()
  })

  it.each([
    ["hour", "5/2", "a step of * or of a range, such as 5-59/15"],
    ["hour", "?", "*"],
    ["day-of-month", "L", "days by number: cron knows no L, W or last"],
    ["day-of-week", "5L", "weekdays: cron knows no # and no L"],
    ["day-of-week", "5#2", "weekdays: cron knows no # and no L"],
    ["day-of-week", "last", "weekdays: cron knows no # and no L"]
  ])("in the field %s is not %s", (field, item, instead) => {
    expect(foreignTo(field, item)).toBe(instead)
  })
})
