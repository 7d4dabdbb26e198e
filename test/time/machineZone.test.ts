import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
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
    [
      "POSIX's rules, though the name before them has a file",
      { variable: "EST5EDT,M3.2.0,M11.1.0" },
      "EST5EDT,M3.2.0,M11.1.0"
    ],
    [
      "the system's file where no link leads away from it",
      { linkTarget: () => undefined, offsetsMs: [hour, hour] },
      "+01:00"
    ],
    [
      "a variable's name, whatever the system's link says",
      { variable: "Mars/Olympus", linkTarget: berlin, offsetsMs: [hour, hour] },
      "+01:00"
    ],
    [
      "Date's offset where a variable names no file, though a link of that name were there",
      { variable: "Mars/Olympus", linkTarget: () => "/usr/share/zoneinfo/Asia/Tokyo", offsetsMs: [hour, hour] },
      "+01:00"
    ],
    ["no name where Intl says that it knows none", { named: "Etc/Unknown", linkTarget: berlin }, "Europe/Berlin"],
    ["standard time where only Date knows, south of the equator too", { offsetsMs: [13 * hour, 12 * hour] }, "+12:00"],
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

describe("this machine's zone", () => {
  beforeEach(() => {
    vi.resetModules()
  })

  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  const machineZoneWith = async (process: unknown, named: string | undefined): Promise<string> => {
    vi.stubGlobal("process", process)
    const { DateTimeFormat } = Intl
    vi.stubGlobal("Intl", {
      DateTimeFormat: class extends DateTimeFormat {
        override resolvedOptions(): Intl.ResolvedDateTimeFormatOptions {
          return { ...super.resolvedOptions(), timeZone: named as string }
        }
      }
    })
    const { machineTimezone: ask } = await import("../../src/time/machineZone.ts")
    const timezone = ask()
    vi.unstubAllGlobals()
    expect(ask(), "asked again").toBe(timezone)
    return timezone
  }

  it.each<readonly [string, unknown, string | undefined, string]>([
    ["by its variable", { env: { TZ: "Europe/Oslo" } }, "Europe/Oslo", "Europe/Oslo"],
    ["by Intl where it has no process", undefined, "Asia/Tokyo", "Asia/Tokyo"],
    ["by Intl where its process has no variables", {}, "Asia/Tokyo", "Asia/Tokyo"],
    [
      "by its link where Intl knows no name",
      { env: {}, getBuiltinModule: () => ({ realpathSync: () => "/usr/share/zoneinfo/Asia/Seoul" }) },
      undefined,
      "Asia/Seoul"
    ]
  ])("is read %s, once", async (_, process, named, expected) => {
    expect(await machineZoneWith(process, named)).toBe(expected)
  })

  it.each<readonly [string, unknown]>([
    ["it has no files", { env: {}, getBuiltinModule: () => undefined }],
    ["it can't load any", { env: {} }],
    [
      "it forbids to read them",
      {
        get env(): never {
          throw new Error("forbidden")
        },
        getBuiltinModule: () => {
          throw new Error("forbidden")
        }
      }
    ]
  ])("is Date's offset in January and July, the smaller one, where %s", async (_, process) => {
    vi.spyOn(Date.prototype, "getTimezoneOffset").mockImplementation(function (this: Date) {
      return this.getUTCMonth() === 0 ? -600 : this.getUTCMonth() === 6 ? -660 : 0
    })
    expect(await machineZoneWith(process, undefined)).toBe("+10:00")
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
    ["AAA5BBB", "AAA5BBB,M3.2.0,M11.1.0"],
    ["EST5EDT,M4.1.0,M10.5.0", "EST5EDT,M4.1.0,M10.5.0"],
    ["UTC", "UTC"],
    ["+03:00", undefined],
    ["Mars/Olympus", undefined],
    ["/etc/localtime", undefined],
    ["", undefined]
  ] as const)("%j is %s", ([value, expected]) => {
    expect(timezoneOfVariable(value)).toBe(expected)
  })
})
