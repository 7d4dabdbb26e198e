import { DateTime } from "luxon"
import { describe, expect, it } from "vitest"
import { isZoneFree, readInstant } from "../../src/time/instant.ts"

describe("readInstant", () => {
  it.for([
    ["2026-03-01", "2026-03-01T00:00:00+01:00"],
    ["2009-7-6", "2009-07-06T00:00:00+02:00"],
    ["2026-03-01 2:30", "2026-03-01T02:30:00+01:00"],
    ["2026-03-01T02:30:15.5", "2026-03-01T02:30:15.500+01:00"],
    ["2026-03-01T02:30:15.123456789", "2026-03-01T02:30:15.123+01:00"],
    ["2026-03-01T02:30:00Z", "2026-03-01T02:30:00Z"],
    ["2026-03-01t02:30:00z", "2026-03-01T02:30:00Z"],
    [" 2026-03-01T02:30:00Z ", "2026-03-01T02:30:00Z"],
    ["2026-03-01T23:59:59Z", "2026-03-01T23:59:59Z"],
    ["2026-03-01T02:30:00,25Z", "2026-03-01T02:30:00.250Z"],
    ["2026-03-01T02:30:00+18:59", "2026-02-28T07:31:00Z"],
    ["2026-03-01T02:30:00-18", "2026-03-01T20:30:00Z"],
    ["2026-03-01T02:30:00 +05:45", "2026-03-01T02:30:00+05:45"],
    ["2026-03-01T02:30:00-0230", "2026-03-01T02:30:00-02:30"],
    ["2026-03-29T02:30:00", "2026-03-29T03:30:00+02:00"],
    ["2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"]
  ] as const)("reads %s", ([text, expected]) => {
    expect(readInstant(text, "Europe/Stockholm")).toBe(Date.parse(expected))
  })

  it("reads a Date, epoch milliseconds and a DateTime", () => {
    const when = Date.parse("2026-03-01T02:30:00Z")
    expect([new Date(when), when, DateTime.fromMillis(when)].map((input) => readInstant(input, "UTC"))).toEqual([
      when,
      when,
      when
    ])
  })

  it.for([
    "",
    "tomorrow",
    "2026-02-30",
    "2026-13-01",
    "2026-03-01T24:00",
    "2026-03-01T12:60",
    "2026-03-01T12:00:60",
    "2026-03-01T12:00+25:00",
    "2026-03-01T12:00+19:00",
    "2026-03-01T12:00+02:60",
    "x".repeat(2000)
  ])("refuses %j", (text) => {
    expect(() => readInstant(text, "UTC")).toThrow(
      expect.objectContaining({ _tag: "InvalidInstantError", found: text.slice(0, 100) })
    )
  })

  it("reads as far as Date reaches, to either side", () => {
    expect([8.64e15, -8.64e15].map((when) => readInstant(when, "UTC"))).toEqual([8.64e15, -8.64e15])
  })

  it("refuses what throws when it is read", () => {
    const date = new Proxy(new Date(0), {})
    expect(() => readInstant(date, "UTC")).toThrow(
      expect.objectContaining({ _tag: "InvalidInstantError", found: "a value that throws when it is read" })
    )
  })

  it("refuses an object that could be taken for a number", () => {
    expect(() => readInstant({ valueOf: () => 5 } as unknown as Date, "UTC")).toThrow(
      expect.objectContaining({ _tag: "InvalidInstantError", found: "an object" })
    )
  })

  it("doesn't look into what a Date carries along", () => {
    const carried = {
      get more(): number {
        throw new RangeError("not yet")
      }
    }
    expect(readInstant(Object.assign(new Date(5), { carried }), "UTC")).toBe(5)
  })

  it.for([NaN, Infinity, 1.5, 1e300, 8.64e15 + 1, -8.64e15 - 1, new Date(NaN), DateTime.invalid("no")])(
    "refuses %s",
    (input) => {
      expect(() => readInstant(input, "UTC")).toThrow(expect.objectContaining({ _tag: "InvalidInstantError" }))
    }
  )

  it("names an unknown zone", () => {
    expect(() => readInstant("2026-03-01", "Nowhere")).toThrow(
      expect.objectContaining({ _tag: "UnknownTimezoneError", timezone: "Nowhere" })
    )
  })

  it("knows which inputs need no zone", () => {
    expect(
      ["2026-03-01T00:00Z", " 2026-03-01T00:00+02:00 ", 5, "2026-03-01", "2026-03-01T00:00"].map(isZoneFree)
    ).toEqual([true, true, true, false, false])
  })
})
