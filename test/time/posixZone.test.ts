import { describe, expect, it } from "vitest"
import { readPosixZone } from "../../src/time/posixZone.ts"
import { offsetAt, zoneOf } from "../../src/time/zone.ts"

const hours = (text: string, at: string): number | undefined => {
  const offsetMs = readPosixZone(text)?.offsetAt(Date.parse(at))
  return offsetMs === undefined ? undefined : offsetMs / 3_600_000
}

describe("readPosixZone", () => {
  it.for([
    ["UTC-3", "+03:00"],
    ["JST-9", "+09:00"],
    ["EST5", "-05:00"],
    ["EST+05:00", "-05:00"],
    ["<+0330>-3:30", "+03:30"],
    ["<-02>2:00:00", "-02:00"],
    ["UTC0", "UTC"],
    ["GMT+0", "UTC"]
  ] as const)("reads %s as %s", ([text, name]) => {
    expect(readPosixZone(text)).toMatchObject({ name, fixed: true })
    expect(zoneOf(name).spanAt(0).offsetMs).toBe(readPosixZone(text)?.offsetAt(0))
  })

  it.for([
    ["CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Berlin"],
    ["EST5EDT,M3.2.0,M11.1.0", "America/New_York"],
    ["EST5EDT", "America/New_York"],
    ["NZST-12NZDT,M9.5.0,M4.1.0/3", "Pacific/Auckland"],
    ["<-04>4<-03>,M9.1.6/24,M4.1.6/24", "America/Santiago"],
    ["IST-1GMT0,M10.5.0,M3.5.0/1", "Europe/Dublin"]
  ] as const)("has the offsets of %s, those of %s", ([text, timezone]) => {
    const [zone, other] = [zoneOf(readPosixZone(text)?.name ?? ""), zoneOf(timezone)]
    for (let at = Date.parse("2024-01-01T00:30Z"); at < Date.parse("2029-01-01T00:00Z"); at += 3_600_000) {
      if (offsetAt(zone, at) !== offsetAt(other, at)) expect(new Date(at).toISOString()).toBe("no difference")
    }
  })

  it("counts days with and without 29 February", () => {
    const text = "AAA-1BBB,J60/0,59/0"
    // J60 is 1 March in every year, 59 is the 60th day: south of the equator, a day apart in leap years.
    expect(hours(text, "2024-02-29T12:00Z")).toBe(1)
    expect(hours(text, "2024-03-01T12:00Z")).toBe(2)
    expect(hours("AAA-1BBB,59/0,J365/24", "2024-02-29T12:00Z")).toBe(2)
    expect(hours("AAA-1BBB,J1/-2:30,J2/+1:00:30", "2024-01-01T00:00Z")).toBe(2)
  })

  it.for([
    "UTC",
    "AB-3",
    "UTC-16",
    "UTC-3:60",
    "<AB>-3",
    "+03:00",
    "Europe/Berlin",
    "CET-1CEST,M13.1.0,M10.5.0",
    "CET-1CEST,M3.6.0,M10.5.0",
    "CET-1CEST,J0,J10",
    "CET-1CEST,366,10",
    "CET-1CEST,M3.5.0/168,M10.5.0",
    "CET-1CEST,M3.5.0",
    "A".repeat(200) + "-3"
  ])("does not take %j", (text) => {
    expect(readPosixZone(text)).toBeUndefined()
  })
})
