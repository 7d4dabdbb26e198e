import { describe, expect, it } from "vitest"
import { readPosixZone } from "../../src/time/posixZone.ts"
import { offsetAt, zoneOf } from "../../src/time/zone.ts"

const at = (text: string) => Date.parse(text)

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
    ["XYZ-15:59", "+15:59"],
    ["XYZ15", "-15:00"],
    ["UTC-0:01", "+00:01"],
    [`<${"A".repeat(96)}>-3`, "+03:00"],
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
    expect(hours(text, "2025-02-28T22:59Z")).toBe(1)
    expect(hours(text, "2025-02-28T23:00Z")).toBe(2)
    expect(hours("AAA-1BBB,59/0,J365/24", "2024-02-29T12:00Z")).toBe(2)
    expect(hours("AAA-1BBB,J1/-2:30,J2/+1:00:30", "2024-01-01T00:00Z")).toBe(2)
  })

  it.for<readonly [string, string, number, number]>([
    [
      "begins and ends as the hours of its rules say",
      "AAA-1BBB,M3.5.0/1:02:03,M10.5.0/4:05:06",
      at("2026-03-29T00:02:03Z"),
      at("2026-10-25T02:05:06Z")
    ],
    [
      "begins and ends at two where no hour is given",
      "AAA-1BBB,M3.5.0,M10.5.0",
      at("2026-03-29T01:00:00Z"),
      at("2026-10-25T00:00:00Z")
    ],
    [
      "may begin before its day, and end after it",
      "AAA-1BBB,M3.5.0/-1:30,M10.5.0/167",
      at("2026-03-28T21:30:00Z"),
      at("2026-10-31T21:00:00Z")
    ],
    ["counts days without 29 February", "AAA0BBB,J59/0,J60/0", at("2024-02-28T00:00:00Z"), at("2024-02-29T23:00:00Z")],
    [
      "counts days to the last of the year",
      "AAA0BBB,J1/0,J365/0",
      at("2024-01-01T00:00:00Z"),
      at("2024-12-30T23:00:00Z")
    ],
    [
      "counts days from nought, with 29 February",
      "AAA0BBB,59/0,365/0",
      at("2024-02-29T00:00:00Z"),
      at("2024-12-30T23:00:00Z")
    ],
    [
      "has an offset of its own",
      "AAA-1BBB-3:30,M1.1.0/0,M12.5.6/0",
      at("2026-01-03T23:00:00Z"),
      at("2026-12-25T20:30:00Z")
    ]
  ])("has a summer time that %s", ([, text, from, until]) => {
    const { offsetAt: posixOffsetAt } = readPosixZone(text) ?? {}
    const [winter, summer] = [posixOffsetAt?.(from - 1), posixOffsetAt?.(from)]
    expect([winter, summer]).not.toContain(undefined)
    expect(summer).not.toBe(winter)
    expect([posixOffsetAt?.(until - 1), posixOffsetAt?.(until)]).toEqual([summer, winter])
  })

  it("lets summer time last over New Year south of the equator, from its first moment to its last", () => {
    const [from, until] = [at("2026-09-26T14:00:00Z"), at("2027-04-03T14:00:00Z")]
    const offsets = [from - 1, from, at("2026-12-31T23:59:59Z"), at("2027-01-01T00:00:00Z"), until - 1, until]
    expect(offsets.map((when) => hours("NZST-12NZDT,M9.5.0,M4.1.0/3", new Date(when).toISOString()))).toEqual([
      12, 13, 13, 13, 13, 12
    ])
  })

  it("has summer time all year where it begins as it ends", () => {
    expect(hours("AAA-1BBB,J1/0,J365/25", "2025-12-31T22:59:59Z")).toBe(2)
  })

  it("names the rules that it follows where the text has none, so that the name reads as the same zone", () => {
    expect(readPosixZone("EST5EDT")?.name).toBe("EST5EDT,M3.2.0,M11.1.0")
    expect(readPosixZone("EST5EDT,M4.1.0,M10.5.0")?.name).toBe("EST5EDT,M4.1.0,M10.5.0")
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
    "CET-1CEST,10,366",
    "CET-1CEST,J366,J10",
    "CET-1CEST,M0.1.0,M10.5.0",
    "CET-1CEST-16,M3.1.0,M10.5.0",
    "CET-1CEST,M3.5.0/168,M10.5.0",
    "CET-1CEST,M3.5.0",
    `<${"A".repeat(97)}>-3`
  ])("does not take %j", (text) => {
    expect(readPosixZone(text)).toBeUndefined()
  })
})
