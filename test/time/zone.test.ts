import { IANAZone } from "luxon"
import { describe, expect, it } from "vitest"
import type { Zone } from "../../src/time/zone.ts"
import { localMillis } from "../../src/time/civil.ts"
import {
  formatInstant,
  offsetAt,
  placeLocal,
  toInstant,
  toLocal,
  UnknownTimezoneError,
  zoneOf
} from "../../src/time/zone.ts"
import { zoneDataVersion } from "../../src/time/zoneData.ts"

const at = (text: string) => Date.parse(text)
const local = (text: string) => Date.parse(`${text}Z`)

describe("zoneOf", () => {
  it.for([
    ["UTC", 0],
    ["Z", 0],
    ["+02:00", 120],
    ["+0230", 150],
    ["-03", -180],
    ["UTC+2", 120],
    ["+15:59", 959],
    ["-1500", -900],
    ["Etc/GMT+3", -180],
    ["CET-1CEST,M3.5.0,M10.5.0/3", 60],
    ["Asia/Kathmandu", 345],
    ["europe/stockholm", 60]
  ] as const)("knows %s", ([name, minutes]) => {
    expect(offsetAt(zoneOf(name), at("2026-01-15T12:00:00Z"))).toBe(minutes * 60_000)
  })

  it.for([
    "Mars/Olympus",
    "",
    "+99:00",
    "+16:00",
    "+02:60",
    "EST5EDT4",
    "CET-1CEST,M13.1.0,M10.5.0",
    "Europe/Stockholm ",
    "local",
    "x".repeat(500)
  ])("refuses %j by name", (name) => {
    expect(() => zoneOf(name)).toThrow(expect.objectContaining({ _tag: "UnknownTimezoneError", timezone: name }))
    expect(() => zoneOf(name)).toThrow(UnknownTimezoneError)
  })

  it("says of what is no text what it is", () => {
    expect(() => zoneOf(60 as unknown as string)).toThrow(
      expect.objectContaining({ _tag: "UnknownTimezoneError", timezone: "a number" })
    )
  })

  it("gives the same zone for a name again, which has its transitions by then", () => {
    expect(zoneOf("Europe/Oslo")).toBe(zoneOf("Europe/Oslo"))
  })

  it("forgets zones where thousands were asked for, and goes on", () => {
    const first = zoneOf("-00:01")
    for (let hours = 0; hours < 16; hours++)
      for (let minutes = 0; minutes < 60; minutes++)
        for (const colon of ["", ":"])
          for (const utc of ["", "UTC"])
            zoneOf(`${utc}+${String(hours).padStart(2, "0")}${colon}${String(minutes).padStart(2, "0")}`)
    expect(zoneOf("-00:01")).not.toBe(first)
    expect(zoneOf("-00:01").spanAt(0)).toEqual(first.spanAt(0))
  })

  it("has one span of a fixed offset, without an end", () => {
    expect(zoneOf("+02:00").spanAt(0)).toEqual({
      from: -Infinity,
      until: Infinity,
      offsetMs: 7_200_000,
      previousOffsetMs: 7_200_000
    })
  })

  it("asks the runtime once for each stretch of a year or so, in whichever order it is asked", () => {
    const zone = zoneOf("America/Halifax")
    const summer = zone.spanAt(at("2031-07-01T00:00:00Z"))
    const winter = zone.spanAt(at("1975-01-01T00:00:00Z"))
    expect(zone.spanAt(at("2031-07-02T00:00:00Z"))).toBe(summer)
    expect(zone.spanAt(at("1975-01-02T00:00:00Z"))).toBe(winter)
  })

  it("has spans without holes and with the offset before each, through a century", () => {
    const zone = zoneOf("America/New_York")
    let before = zone.spanAt(at("1950-01-01T00:00:00Z"))
    const changes = []
    while (before.until < at("2050-01-01T00:00:00Z")) {
      const span = zone.spanAt(before.until)
      expect([span.from, span.previousOffsetMs]).toEqual([before.until, before.offsetMs])
      if (span.offsetMs !== before.offsetMs) changes.push(span.from)
      before = span
    }
    // Twice a year, and twice more in 1974 and 1975, when winter time was given up and came back.
    expect(changes).toHaveLength(200)
    expect(changes.filter((change) => change % 1000 !== 0)).toEqual([])
  })

  it.for([
    ["before the year 1", at("0000-12-01T00:00:00Z") - 1e12],
    ["after the year 9999", at("9999-12-31T23:59:59Z") + 1e12]
  ] as const)("keeps the last known offset %s", ([, when]) => {
    expect(offsetAt(zoneOf("Asia/Tokyo"), when)).toBe(
      offsetAt(zoneOf("Asia/Tokyo"), when < 0 ? at("0010-01-01T00:00:00Z") : at("9990-01-01T00:00:00Z"))
    )
  })

  it("finds a transition to the second", () => {
    const zone = zoneOf("Europe/Stockholm")
    const change = at("2026-03-29T01:00:00Z")
    expect(zone.spanAt(change)).toMatchObject({ from: change, offsetMs: 7_200_000, previousOffsetMs: 3_600_000 })
    expect(zone.spanAt(change - 1).until).toBe(change)
  })

  it("knows offsets with seconds", () => {
    expect(offsetAt(zoneOf("Africa/Monrovia"), 0)).toBe(-2_670_000)
  })

  it("has the offsets that luxon gives", () => {
    for (const name of ["Africa/Casablanca", "Asia/Gaza", "Australia/Lord_Howe", "America/Recife", "Pacific/Apia"]) {
      const [zone, luxonZone] = [zoneOf(name), IANAZone.create(name)]
      for (let when = at("1970-01-01T00:00:00Z"); when < at("2070-01-01T00:00:00Z"); when += 7_654_321_000) {
        expect([name, when, offsetAt(zone, when) / 60_000]).toEqual([name, when, luxonZone.offset(when)])
      }
    }
  })
})

describe("placeLocal", () => {
  const stockholm = zoneOf("Europe/Stockholm")

  it("moves a wall time in a gap forward by the gap", () => {
    expect(placeLocal(stockholm, local("2026-03-29T02:30:00"))).toEqual({
      _tag: "Gap",
      at: at("2026-03-29T03:30:00+02:00"),
      transitionAt: at("2026-03-29T01:00:00Z")
    })
  })

  it("gives both passes of a wall time in a fold", () => {
    expect(placeLocal(stockholm, local("2026-10-25T02:30:00"))).toEqual({
      _tag: "Fold",
      at: at("2026-10-25T02:30:00+02:00"),
      second: at("2026-10-25T02:30:00+01:00")
    })
  })

  it("has one place for the wall times just around a gap, and for those in its first moment", () => {
    const places = ["01:59:59.999", "02:00:00", "02:59:59.999", "03:00:00"].map(
      (time) => placeLocal(stockholm, local(`2026-03-29T${time}`))._tag
    )
    expect(places).toEqual(["Unique", "Gap", "Gap", "Unique"])
  })

  it("has two places for all of a fold, from its first moment to before its end", () => {
    const places = ["01:59:59.999", "02:00:00", "02:59:59.999", "03:00:00"].map(
      (time) => placeLocal(stockholm, local(`2026-10-25T${time}`))._tag
    )
    expect(places).toEqual(["Unique", "Fold", "Fold", "Unique"])
  })

  it("finds each instant by its wall time, to either side of each change in a year", () => {
    for (const name of ["Europe/Stockholm", "America/St_Johns", "Pacific/Apia", "Etc/GMT-14", "Etc/GMT+12", "+05:30"]) {
      const zone = zoneOf(name)
      for (let when = at("2011-01-01T00:00:00Z"); when < at("2012-01-01T00:00:00Z"); when += 1_800_000) {
        const place = placeLocal(zone, toLocal(zone, when))
        const found = place._tag === "Fold" && place.at !== when ? place.second : place.at
        if (found !== when || place._tag === "Gap") expect([name, place]).toEqual([name, when])
      }
    }
  })

  it("takes no more than sixteen spans for what lies around a wall time, whatever a zone makes up", () => {
    let asked = 0
    const zone: Zone = {
      name: "made up",
      spanAt: (from) => {
        asked += 1
        return { from, until: from + 1000, offsetMs: 7_200_000, previousOffsetMs: 7_200_000 }
      }
    }
    expect(placeLocal(zone, 0)).toEqual({ _tag: "Unique", at: -7_200_000 })
    expect(asked).toBe(17)
  })

  it("moves a whole missing day", () => {
    const missing = localMillis({ year: 2011, month: 12, day: 30, hour: 12, minute: 0, second: 0 })
    expect(toInstant(zoneOf("Pacific/Apia"), missing)).toBe(at("2011-12-31T12:00:00+14:00"))
  })
})

describe("zoneDataVersion", () => {
  it("names an edition", () => {
    expect(zoneDataVersion()).toMatch(/^20\d\d[a-z]/)
  })
})

describe("formatInstant", () => {
  it.each([
    ["Europe/Stockholm", "2026-03-29T00:59:59.000Z", "2026-03-29T01:59:59+01:00"],
    ["Europe/Stockholm", "2026-03-29T01:00:00.000Z", "2026-03-29T03:00:00+02:00"],
    ["Europe/Stockholm", "2026-03-29T01:00:00.007Z", "2026-03-29T03:00:00.007+02:00"],
    ["America/St_Johns", "2026-01-01T12:00:00.250Z", "2026-01-01T08:30:00.250-03:30"],
    ["UTC", "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999+00:00"],
    ["UTC", "1969-12-31T23:59:59.000Z", "1969-12-31T23:59:59+00:00"],
    ["Africa/Monrovia", "1970-01-01T00:00:00.000Z", "1969-12-31T23:15:30-00:45"]
  ])("writes an instant as %s has it", (name, instant, written) => {
    expect(formatInstant(zoneOf(name), at(instant))).toBe(written)
  })

  it.each([Infinity, -Infinity, Number.NaN])("writes %s as the number it is", (when) => {
    expect(formatInstant(zoneOf("Europe/Stockholm"), when)).toBe(String(when))
  })
})
