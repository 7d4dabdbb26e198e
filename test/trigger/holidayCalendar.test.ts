import { describe, expect, it } from "vitest"
import { holidayCalendar, UnknownCalendarError } from "../../src/trigger/holidayCalendar.ts"

const refused = (field: string, found: string) =>
  expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "calendar", field, found }) as Error

describe("a holiday calendar", () => {
  it("has the dates that it was made of, or those that a function says yes to", () => {
    const listed = holidayCalendar("se", new Set(["2026-12-25", "2026-12-26"]))
    expect([listed.name, listed.has("2026-12-25"), listed.has("2026-12-24")]).toEqual(["se", true, false])
    const asked = holidayCalendar("first", (date) => date.endsWith("-01"))
    expect([asked.has("2026-12-01"), asked.has("2026-12-02")]).toEqual([true, false])
  })

  it("is made of dates, and has a name", () => {
    expect(() => holidayCalendar("", [])).toThrow(refused("name", ""))
    expect(() => holidayCalendar(5 as unknown as string, [])).toThrow(refused("name", "5"))
    expect(() => holidayCalendar("se", ["25 December"])).toThrow(refused("se", "25 December"))
    expect(() => holidayCalendar("se", ["2026-02-30"])).toThrow(refused("se", "2026-02-30"))
    for (const [dates, found] of [
      [null, "null"],
      [5, "5"],
      [{}, "an object"]
    ] as const)
      expect(() => holidayCalendar("se", dates as unknown as Iterable<string>)).toThrow(refused("se", found))
  })

  it("that nobody knows is told with those that are known", () => {
    const unknown = (...known: ReadonlyArray<string>) => new UnknownCalendarError({ calendar: "no", known }).message
    expect(unknown()).toBe('holiday calendar "no" is not registered: none is registered')
    expect(unknown("se", "dk")).toBe('holiday calendar "no" is not registered: expected one of se, dk')
  })
})
