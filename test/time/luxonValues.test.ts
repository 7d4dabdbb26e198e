import { DateTime, Duration, FixedOffsetZone, IANAZone, Interval, SystemZone } from "luxon"
import { describe, expect, it } from "vitest"
import {
  and,
  calendarInterval,
  createScheduler,
  cron,
  date,
  explainFireTime,
  filter,
  fireTimes,
  interval,
  jitter,
  readCrontab,
  task,
  window
} from "../../src/index.ts"
import type { DurationLike, TimezoneInput, Trigger } from "../../src/index.ts"
import { simulate, virtualClock } from "../../src/testing.ts"
import { readDuration } from "../../src/time/duration.ts"
import { readInstant } from "../../src/time/instant.ts"
import { machineTimezone } from "../../src/time/machineZone.ts"
import { timezoneName } from "../../src/time/timezoneInput.ts"

const first = (trigger: Trigger, count: number, timezone = "UTC"): ReadonlyArray<string> =>
  [...fireTimes(trigger, { after: "2026-01-01", limit: count, timezone })].map((at) => new Date(at).toISOString())

describe("luxon's Duration and ISO 8601 text", () => {
  it.for<readonly [Duration | DurationLike, number]>([
    [Duration.fromObject({ hours: 2 }), 7_200_000],
    [Duration.fromObject({ weeks: 1, days: 1, hours: 1, minutes: 1, seconds: 1, milliseconds: 1 }), 694_861_001],
    [Duration.fromObject({ hours: 1, minutes: -30 }), 1_800_000],
    [Duration.fromMillis(1500), 1500],
    [Duration.fromISO("P1DT12H"), 129_600_000],
    ["PT2H", 7_200_000],
    ["PT2H30M", 9_000_000],
    ["P1D", 86_400_000],
    ["P2W", 1_209_600_000],
    ["PT0.5S", 500],
    ["PT0,5S", 500],
    ["PT0S", 0],
    ["P0Y", 0]
  ])("are durations: %s", ([given, expected]) => {
    expect(readDuration(given, "timeout")).toBe(expected)
  })

  it.for<readonly [unknown, string]>([
    [Duration.fromObject({ months: 1 }), "a duration without years and months, which have no one length"],
    [Duration.fromObject({ quarters: 1 }), "a duration without years and months, which have no one length"],
    ["P1Y", "a duration without years and months, which have no one length"],
    ["P1M", "a duration without years and months, which have no one length"],
    [Duration.fromMillis(-1), "a duration that is not negative"],
    ["-PT1S", "a duration that is not negative"],
    ["PT-1S", "a duration that is not negative"],
    [Duration.invalid("no"), 'a duration such as "5 minutes", "30s" or a number of milliseconds'],
    [{ isLuxonDuration: true }, 'a duration such as "5 minutes", "30s" or a number of milliseconds'],
    ["P", 'a duration such as "5 minutes", "30s" or a number of milliseconds'],
    ["PT", 'a duration such as "5 minutes", "30s" or a number of milliseconds'],
    ["P1DT", 'a duration such as "5 minutes", "30s" or a number of milliseconds'],
    ["P1H", 'a duration such as "5 minutes", "30s" or a number of milliseconds']
  ])("are refused where they have no length: %s", ([given, expected]) => {
    expect(() => readDuration(given as DurationLike, "timeout")).toThrow(
      expect.objectContaining({ _tag: "InvalidDurationError", expected })
    )
  })

  it("are how far apart fire times are", () => {
    const expected = ["2026-01-01T06:00:00.000Z", "2026-01-01T12:00:00.000Z"]
    expect(first(interval(Duration.fromObject({ hours: 6 })), 2)).toEqual(expected)
    expect(first(interval("PT6H"), 2)).toEqual(expected)
    expect(interval(Duration.fromObject({ hours: 6 })).toJSON()).toEqual(interval({ hours: 6 }).toJSON())
  })

  it("are how far two triggers lie apart, and how far a fire time is moved", () => {
    const both = [cron("0 * * * *"), cron("2 * * * *")]
    expect(and(both, { threshold: Duration.fromObject({ minutes: 5 }) }).toJSON()).toEqual(
      and(both, { threshold: "5 minutes" }).toJSON()
    )
    expect(jitter(cron("0 * * * *"), "PT5M").toJSON()).toEqual(jitter(cron("0 * * * *"), "5 minutes").toJSON())
  })

  it("are calendar intervals, with the same fields", () => {
    const stored = calendarInterval({ years: 1, months: 4, weeks: 1, days: 2 }, { start: "2026-01-31" }).toJSON()
    const given = Duration.fromObject({ years: 1, quarters: 1, months: 1, weeks: 1, days: 2 })
    expect(calendarInterval(given, { start: "2026-01-31" }).toJSON()).toEqual(stored)
    expect(calendarInterval("P1Y4M1W2D", { start: "2026-01-31" }).toJSON()).toEqual(stored)
    expect(first(calendarInterval(Duration.fromObject({ months: 1 }), { start: "2026-01-31" }), 2)).toEqual([
      "2026-01-31T00:00:00.000Z",
      "2026-03-31T00:00:00.000Z"
    ])
  })

  it("are no calendar interval with a time of day", () => {
    expect(() => calendarInterval("P1DT6H")).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", field: "step", found: "hours" })
    )
  })

  it("are rules of a job", async () => {
    const scheduler = createScheduler({
      tasks: [task("t", () => 1)],
      jobDefaults: { misfireGrace: Duration.fromObject({ minutes: 5 }) }
    })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "t", trigger: interval("1 day"), timeout: "PT90S" })
    expect((await scheduler.exportJobs()).jobs).toMatchObject([
      { rules: { misfireGraceMs: 300_000, timeoutMs: 90_000 } }
    ])
    await scheduler.shutdown()
  })

  it("move a virtual clock", async () => {
    const clock = virtualClock(Date.parse("2026-01-01T00:00:00Z"))
    await clock.advance(Duration.fromObject({ hours: 1 }))
    expect(clock.now()).toBe(Date.parse("2026-01-01T01:00:00Z"))
  })
})

describe("luxon's DateTime", () => {
  it("is an instant, by its mark: that of any copy of luxon", () => {
    const at = Date.parse("2026-03-29T00:30:00Z")
    const given = DateTime.fromISO("2026-03-29T01:30", { zone: "Europe/Oslo" })
    expect(readInstant(given, "UTC")).toBe(at)
    expect(date(given).toJSON()).toEqual({ type: "date", at })
    const copy = {
      isLuxonDateTime: true,
      isValid: true,
      toMillis: () => at,
      toJSDate: () => new Date(at),
      valueOf: () => at
    }
    expect(readInstant(copy, "UTC")).toBe(at)
  })

  it("is no instant when it is not valid", () => {
    expect(() => date(DateTime.invalid("no"))).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError" }))
  })
})

describe("luxon's Interval", () => {
  const start = DateTime.fromISO("2026-01-02T00:00:00Z")
  const morning = Interval.after(start, { hours: 2 })

  it("is a window, from its start to before its end", () => {
    expect(first(window(cron("0 * * * *", { timezone: "UTC" }), morning), 9)).toEqual([
      "2026-01-02T00:00:00.000Z",
      "2026-01-02T01:00:00.000Z"
    ])
  })

  it("is refused when it is not valid", () => {
    expect(() => window(cron("0 * * * *"), Interval.invalid("no"))).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", field: "options", found: "an Interval that is not valid" })
    )
  })
})

describe("luxon's Zone", () => {
  it.for<readonly [TimezoneInput, string]>([
    [IANAZone.create("Europe/Oslo"), "Europe/Oslo"],
    [FixedOffsetZone.instance(330), "UTC+5:30"],
    [FixedOffsetZone.utcInstance, "UTC"],
    [SystemZone.instance, machineTimezone()],
    ["Asia/Tokyo", "Asia/Tokyo"]
  ])("have a name: $1", ([zone, name]) => {
    expect(timezoneName(zone)).toBe(name)
  })

  const zone = IANAZone.create("Asia/Tokyo")
  it.for<readonly [string, (timezone: TimezoneInput) => unknown]>([
    ["cron", (timezone) => cron("0 9 * * *", { timezone }).toJSON()],
    ["interval", (timezone) => interval("1 day", { start: "2026-01-01", timezone }).toJSON()],
    ["calendarInterval", (timezone) => calendarInterval({ days: 1 }, { timezone }).toJSON()],
    ["window", (timezone) => window(interval("1 day"), { start: "2026-01-01", timezone }).toJSON()],
    ["date", (timezone) => date("2026-01-01", { timezone }).toJSON()],
    ["filter", (timezone) => filter(interval("1 day"), { weekdays: "mon" }, { timezone }).toJSON()],
    ["fireTimes", (timezone) => [...fireTimes(cron("0 9 * * *"), { after: "2026-01-01", limit: 1, timezone })]],
    ["explainFireTime", (timezone) => explainFireTime(interval("1 day"), "2026-01-01", { timezone })],
    [
      "readCrontab",
      (timezone) => readCrontab("0 9 * * * x", { timezone }).map((entry) => !entry.reboot && entry.trigger.toJSON())
    ],
    ["createScheduler", async (timezone) => (await createScheduler({ timezone }).status()).timezone],
    [
      "simulate",
      async (timezone) =>
        (
          await simulate({
            from: "2026-01-01",
            to: "2026-01-02",
            tasks: "none",
            timezone,
            jobs: [{ id: "a", task: "t", trigger: cron("0 9 * * *") }]
          })
        ).runs
    ]
  ])("are taken by %s as their name is", async ([, make]) => {
    expect(await make(zone)).toEqual(await make("Asia/Tokyo"))
  })

  it("are unknown when they are not valid", () => {
    expect(() => cron("0 9 * * *", { timezone: IANAZone.create("Nowhere/At_All") })).toThrow(
      expect.objectContaining({ _tag: "UnknownTimezoneError", timezone: "Nowhere/At_All" })
    )
  })
})
