import { IANAZone } from "luxon"
import { describe, expect, it } from "vitest"
import { localMillis } from "../../src/time/civil.ts"
import { offsetAt, placeLocal, toInstant, UnknownTimezoneError, zoneOf } from "../../src/time/zone.ts"
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
    ["Etc/GMT+3", -180],
    ["Asia/Kathmandu", 345],
    ["europe/stockholm", 60]
  ] as const)("knows %s", ([name, minutes]) => {
    expect(offsetAt(zoneOf(name), at("2026-01-15T12:00:00Z"))).toBe(minutes * 60_000)
  })

  it.for(["Mars/Olympus", "", "+99:00", "Europe/Stockholm ", "local", "x".repeat(500)])(
    "refuses %j by name",
    (name) => {
      expect(() => zoneOf(name)).toThrow(expect.objectContaining({ _tag: "UnknownTimezoneError", timezone: name }))
      expect(() => zoneOf(name)).toThrow(UnknownTimezoneError)
    }
  )

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
