import { describe, expect, it } from "vitest"
import type { MachineZone } from "../../src/time/machineZone.ts"
import { machineTimezone, namedTimezone, timezoneOfVariable } from "../../src/time/machineZone.ts"
import { zoneOf } from "../../src/time/zone.ts"

const hour = 3_600_000
const nothing: MachineZone = { variable: undefined, named: undefined, linkTarget: () => undefined, offsetsMs: [0, 0] }
const berlin = (path: string) => (path === "/etc/localtime" ? "/usr/share/zoneinfo/Europe/Berlin" : undefined)

describe("the machine's zone", () => {
  it.for<readonly [string, Partial<MachineZone>, string]>([
    ["what Intl says", { variable: undefined, named: "Europe/Oslo", offsetsMs: [hour, 2 * hour] }, "Europe/Oslo"],
    ["a name after a colon", { variable: ":Europe/Oslo", named: "Europe/Oslo" }, "Europe/Oslo"],
    ["POSIX's offset", { variable: "UTC-3", offsetsMs: [3 * hour, 3 * hour] }, "+03:00"],
    ["POSIX's offset that Intl takes for ISO 8601's", { variable: "GMT+5", named: "GMT+05:00" }, "-05:00"],
    [
      "POSIX's rules that Intl takes for UTC",
      { variable: "CET-1CEST,M3.5.0,M10.5.0/3", named: "UTC" },
      "CET-1CEST,M3.5.0,M10.5.0/3"
    ],
    ["a name in POSIX's form", { variable: "EST5EDT", named: "America/New_York" }, "EST5EDT"],
    [
      "the link that TZ names",
      { variable: ":/etc/localtime", linkTarget: berlin, offsetsMs: [hour, hour] },
      "Europe/Berlin"
    ],
    ["the system's link", { linkTarget: berlin, offsetsMs: [hour, hour] }, "Europe/Berlin"],
    ["a zone file", { variable: "/usr/share/zoneinfo/posix/Asia/Tokyo" }, "Asia/Tokyo"],
    [
      "a copy of a zone file: Date's offset",
      { variable: ":/etc/localtime", offsetsMs: [5.5 * hour, 5.5 * hour] },
      "+05:30"
    ],
    ["a file of no zone", { variable: "/nowhere", offsetsMs: [-hour, -hour] }, "-01:00"],
    ["a misspelt name", { variable: "Europe/Berln" }, "UTC"],
    ["an empty variable", { variable: "", named: "Etc/Unknown", linkTarget: berlin }, "UTC"],
    ["a name that nobody knows", { named: "Mars/Olympus", offsetsMs: [hour, hour] }, "+01:00"],
    ["an offset that no zone has", { variable: "XXX-24", offsetsMs: [24 * hour, 24 * hour] }, "UTC"],
    ["an offset that no zone has, to the west", { variable: "XXX24", offsetsMs: [-24 * hour, -24 * hour] }, "UTC"],
    ["nothing at all", {}, "UTC"]
  ])("is %s", ([, known, expected]) => {
    const timezone = namedTimezone({ ...nothing, ...known })
    expect(timezone).toBe(expected)
    expect(zoneOf(timezone).name).toBe(timezone)
  })

  it("is one that can be read, here too", () => {
    expect(zoneOf(machineTimezone()).name).toBe(machineTimezone())
  })
})

describe("a value of TZ", () => {
  it.for([
    ["UTC-3", "+03:00"],
    ["UTC+2", "-02:00"],
    ["GMT+5", "-05:00"],
    ["UTC-03:30", "+03:30"],
    [":UTC-3", "+03:00"],
    ["Etc/GMT-3", "Etc/GMT-3"],
    [":Europe/Oslo", "Europe/Oslo"],
    ["/usr/share/zoneinfo/Europe/Oslo", "Europe/Oslo"],
    ["CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/3"],
    ["EST5EDT", "EST5EDT"],
    ["UTC", "UTC"],
    ["+03:00", undefined],
    ["Mars/Olympus", undefined],
    ["/etc/localtime", undefined],
    ["", undefined]
  ] as const)("%j is %s", ([value, expected]) => {
    expect(timezoneOfVariable(value)).toBe(expected)
  })
})
