/**
 * APScheduler's own cases, by the numbers of its two suites (3.x and 4.0). Europe/Berlin unless said; `after` is exclusive, so a case that asks
 * from an instant that fires itself asks from a millisecond before. Where our rule differs, the case says so.
 * Long, so that the numbers can be followed from the first to the last.
 */
import { describe, expect, it } from "vitest"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import type { CronFields } from "../../src/trigger/cron/fields.ts"
import type { CronOptions } from "../../src/trigger/cron/cron.ts"
import { date } from "../../src/trigger/date.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import type { Trigger, TriggerSpec } from "../../src/trigger/trigger.ts"
import { readInstant } from "../../src/time/instant.ts"
import { toLocal, zoneOf } from "../../src/time/zone.ts"
import { formatLocal } from "../../src/time/civil.ts"

const berlin = "Europe/Berlin"
const newYork = "America/New_York"

/** Wall times of up to `count` fire times not before `from`, in the zone; `none` where the trigger ends. */
const run = (trigger: Trigger, from: string, count: number, timezone = berlin): ReadonlyArray<string> => {
  const found: Array<string> = []
  let restored = trigger
  for (let at = readInstant(from, timezone) - 1; found.length < count;) {
    const next = restored.next(at)
    if (next === undefined) return [...found, "none"]
    found.push(
      formatLocal(toLocal(zoneOf(timezone), next))
        .replace("T", " ")
        .replace(/( 00:00)?:00$/, "")
    )
    at = next
    // Saved and loaded between any two fire times (cases 1, 27, 34, 45).
    restored = createTriggerRegistry().read(JSON.parse(JSON.stringify(restored.toJSON())) as TriggerSpec)
  }
  return found
}
const fields = (given: CronFields, options: CronOptions = {}) => cron(given, { timezone: berlin, ...options })

describe("APScheduler's cron cases", () => {
  it.for<readonly [string, CronFields, string, ReadonlyArray<string>]>([
    ["1a", { year: "2009/2", month: "1/3", day: "5-13" }, "2008-12-01", ["2009-01-05"]],
    ["1b", { year: "2009/2", month: "1/3", day: "5-13" }, "2009-10-14", ["2011-01-05"]],
    [
      "1c",
      { year: "2009/2", month: "1-4/3", day: "5-6" },
      "2008-12-01",
      ["2009-01-05", "2009-01-06", "2009-04-05", "2009-04-06", "2011-01-05"]
    ],
    [
      "2",
      { year: "2009/2", month: "1-3", day: 5 },
      "2009-10-14",
      ["2011-01-05", "2011-02-05", "2011-03-05", "2013-01-05"]
    ],
    [
      "3",
      { year: 2009, month: "feb-dec", hour: "8-9" },
      "2009-01-01",
      ["2009-02-01 08:00", "2009-02-01 09:00", "2009-02-02 08:00"]
    ],
    ["4", { year: 2012, month: 2, day: "last" }, "2012-01-01", ["2012-02-29", "none"]],
    ["5", { hour: 0 }, "2009-01-01", ["2009-01-01", "2009-01-02"]],
    ["6", { year: "2009,2008" }, "2009-01-01", ["2009-01-01", "none"]],
    ["8", { day: "*" }, "2015-11-24", ["2015-11-24", "2015-11-25"]],
    ["9a", { year: 2009, month: 1, day: "6-10", dayOfWeek: "wed-fri" }, "2009-01-01", ["2009-01-07"]],
    ["9b", { year: 2009, month: 1, day: "6-10", dayOfWeek: "mon,sun" }, "2009-01-01", ["none"]],
    ["10a", { year: 2009, month: 1, day: "4th wed" }, "2009-01-01", ["2009-01-28", "none"]],
    ["10b", { day: "last sun" }, "2020-01-01", ["2020-01-26", "2020-02-23", "2020-03-29"]],
    [
      "11a",
      { year: 2009, month: 2, week: 8 },
      "2009-01-01",
      ["2009-02-16", "2009-02-17", "2009-02-18", "2009-02-19", "2009-02-20", "2009-02-21", "2009-02-22", "none"]
    ],
    ["11b", { year: 2009, week: 15, dayOfWeek: "wed" }, "2009-01-01", ["2009-04-08", "none"]],
    [
      "11c",
      { year: 2020, month: 1, week: 1, dayOfWeek: "fri-sun" },
      "2020-01-01",
      ["2020-01-03", "2020-01-04", "2020-01-05", "none"]
    ],
    ["12", { day: "6,8" }, "2009-12-31", ["2010-01-06"]],
    ["13", { hour: "5-6" }, "2009-09-25 07:00", ["2009-09-26 05:00"]],
    ["14", { day: 30 }, "2016-02-01", ["2016-03-30", "2016-04-30"]],
    ["26", { day: "1-2, 4-7" }, "2009-01-01", ["2009-01-01", "2009-01-02", "2009-01-04"]]
  ])("%s", ([, given, from, expected]) => {
    expect(run(fields(given), from, expected.length)).toEqual(expected)
  })

  it("7: a start on a later hour", () => {
    const trigger = fields({ year: 2009, month: 2, hour: "8-10" }, { start: "2009-02-03 11:00" })
    expect(run(trigger, "2009-01-01", 1)).toEqual(["2009-02-04 08:00"])
  })

  it("8: is asked for what follows an instant, so a clock that went back changes nothing", () => {
    expect(run(fields({ day: "*" }), "2016-04-25T00:00:00.001", 1)).toEqual(["2016-04-26"])
  })

  it("15: an inclusive end", () => {
    const until3 = fields({ hour: 4 }, { end: "2014-04-13 03:00" })
    expect(run(until3, "2014-04-12 02:30", 2)).toEqual(["2014-04-12 04:00", "none"])
    expect(run(fields({ hour: 4 }, { end: "2014-04-13 04:00" }), "2014-04-13 02:30", 2)).toEqual([
      "2014-04-13 04:00",
      "none"
    ])
  })

  it("16, 17: an instant with another offset is the same instant", () => {
    expect(run(fields({ year: 2009, week: 15, dayOfWeek: "wed" }), "2008-12-31T22:00:00-10:00", 1)).toEqual([
      "2009-04-08"
    ])
    const everyFive = cron({ hour: 11, minute: "*/5" }, { timezone: "-05:00" })
    expect(run(everyFive, "2009-09-26T10:16:00-06:00", 1, "-05:00")).toEqual(["2009-09-26 11:20"])
    const chicago = cron(
      { hour: 11, minute: "*/5" },
      { timezone: newYork, start: "2009-09-26T10:16:00-05:00", end: "2009-09-26 11:00" }
    )
    expect(run(chicago, "2009-01-01", 1, newYork)).toEqual(["none"])
  })

  it.for<readonly [string, CronFields, string, ReadonlyArray<string>]>([
    ["hour 8 in spring", { hour: 8 }, "2013-03-09T12:00", ["2013-03-10T08:00:00-04:00", "2013-03-11T08:00:00-04:00"]],
    ["hour 8 in autumn", { hour: 8 }, "2013-11-02T12:00", ["2013-11-03T08:00:00-05:00"]],
    ["*/30 from the last minutes before a gap", { minute: "*/30" }, "2013-03-10T01:35", ["2013-03-10T03:00:00-04:00"]],
    [
      "*/30 from the first pass of a fold",
      { minute: "*/30" },
      "2013-11-03T01:35:00-04:00",
      ["2013-11-03T01:00:00-05:00"]
    ],
    // APScheduler answers the second 01:30 too; by our rule a fixed wall time is served once, and `every-match` below does as it does.
    [
      "01:30 in a fold",
      { hour: 1, minute: 30 },
      "2013-11-03T00:30",
      ["2013-11-03T01:30:00-04:00", "2013-11-04T01:30:00-05:00"]
    ],
    // 19: APScheduler skips the day; by our rule the wall time moves to 03:00.
    ["02:00 in a gap", { hour: 2 }, "2013-03-09T20:00", ["2013-03-10T03:00:00-04:00", "2013-03-11T02:00:00-04:00"]]
  ])("18, 19: New York, %s", ([, given, from, expected]) => {
    const trigger = cron(given, { timezone: newYork })
    const found = expected.map(() => 0)
    let at = readInstant(from, newYork) - 1
    for (const index of expected.keys()) found[index] = at = trigger.next(at) ?? NaN
    expect(found).toEqual(expected.map((text) => Date.parse(text)))
  })

  it("18, 19: every-match is APScheduler's rule", () => {
    const twice = cron({ hour: 1, minute: 30 }, { timezone: newYork, dst: "every-match" })
    const first = Date.parse("2013-11-03T01:30:00-04:00")
    expect([twice.next(first - 3_600_000), twice.next(first + 5000), twice.next(first + 3_605_000)]).toEqual([
      first,
      first + 3_600_000,
      Date.parse("2013-11-04T01:30:00-05:00")
    ])
    const skipped = cron({ hour: 2 }, { timezone: newYork, dst: "every-match" })
    expect(skipped.next(Date.parse("2013-03-09T20:00:00-05:00"))).toBe(Date.parse("2013-03-11T02:00:00-04:00"))
  })

  it("20: parts of a second are past", () => {
    const trigger = cron({ minute: 30 }, { timezone: "Europe/Helsinki" })
    expect(trigger.next(Date.parse("2017-10-29T03:30:00.001+02:00"))).toBe(Date.parse("2017-10-29T04:30:00+02:00"))
  })

  it.for([0, 1])("21: minute %i of every hour through a fold", (minute) => {
    const trigger = fields({ minute })
    const first = Date.parse("2024-10-27T02:00:00+02:00") + minute * 60_000
    expect([trigger.next(first - 1), trigger.next(first), trigger.next(first + 3_600_000)]).toEqual([
      first,
      first + 3_600_000,
      first + 7_200_000
    ])
  })

  it("22: a start in a gap moves forward; APScheduler 4 refuses it", () => {
    const trigger = fields({ minute: "*" }, { start: "2025-03-30 02:30" })
    expect(trigger.next(0)).toBe(Date.parse("2025-03-30T03:30:00+02:00"))
  })

  it.for<CronFields>([
    { year: "2009-fault" },
    { year: "2009/0" },
    { year: "2009-2008" },
    { day: "*/31" },
    { day: "4-6/3" },
    { hour: "0-24" },
    { day: "0-3" },
    { month: "fab" },
    { month: "jan-fab" },
    { month: "nov-feb" },
    { hour: "22-2" },
    { hour: "*/24" },
    { month: "*/12" },
    { second: "59/1" },
    { dayOfWeek: "web" },
    { dayOfWeek: "mon-web" },
    { dayOfWeek: "fri#3" },
    { dayOfWeek: "mon-" },
    { dayOfWeek: 8 },
    { day: "1st web" },
    { day: "6th fri" },
    { day: "1st mon-fri" },
    { day: "lastday" },
    { nonsense: 1 } as CronFields
  ])("23: refuses %j", (given) => {
    expect(() => fields(given)).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "cron" }))
  })

  it("an impossible date is refused, unless years are named: then there is none", () => {
    expect(() => fields({ month: 2, day: 30 })).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", field: "date" })
    )
    expect(run(fields({ year: 2025, month: 2, day: 30 }), "2025-01-01", 1)).toEqual(["none"])
  })

  it("a step of months ends at midnight of the 1st, also after a spring change (APScheduler loses April)", () => {
    expect(run(fields({ month: "3-6" }), "2024-01-01", 3)).toEqual(["2024-03-01", "2024-04-01", "2024-05-01"])
  })

  it("23: refuses a crontab of one field", () => {
    expect(() => cron("*")).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError" }))
  })

  it.for([
    ["* * * * 1-5", "mon-fri"],
    ["* * * * 0-3", "sun,mon-wed"],
    ["* * * * 6-1", "sat,sun,mon"],
    ["* * * * 6-7", "sat-sun"]
  ] as const)("24: %s is %s", ([text, dayOfWeek]) => {
    const [byText, byFields] = [cron(text, { timezone: berlin }), fields({ dayOfWeek, hour: "*", minute: "*" })]
    for (let day = 0; day < 14; day++) {
      const at = Date.parse("2024-05-01T10:00:30Z") + day * 86_400_000
      expect(byText.next(at)).toBe(byFields.next(at))
    }
  })

  it("24: extra blanks change nothing, start and end are kept", () => {
    const [tight, wide] = ["0-14 * 14-28 jul fri", " 0-14   * 14-28   jul       fri"].map((text) =>
      cron(text, { timezone: berlin, start: "2024-01-01", end: "2024-12-31" })
    )
    expect(run(wide ?? date(0), "2023-01-01", 40)).toEqual(run(tight ?? date(0), "2023-01-01", 40))
    // By cron's either-rule (APScheduler asks for both): Monday the 15th is in.
    expect(run(wide ?? date(0), "2024-07-15", 1)).toEqual(["2024-07-15"])
  })

  it("25: jitter differs between jobs, stays under its bound and the next fire time, and inside the end", () => {
    const [from, next] = [Date.parse("2009-09-25T06:55:30Z"), Date.parse("2009-09-25T06:56:00Z")]
    const draws = Array.from({ length: 100 }, (_, index) => {
      const bound = jitter(cron("* * * * *", { timezone: "UTC" }), "5 seconds").bind?.({
        now: from,
        timezone: "UTC",
        jobId: `job ${index}`
      })
      return (bound?.next(from) ?? 0) - next
    })
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...draws)).toBeLessThanOrEqual(5000)
    expect(new Set(draws).size).toBeGreaterThan(50)
    expect(jitter(cron("* * * * *", { timezone: "UTC", end: next }), 5000).next(from)).toBe(next)
  })

  it.for([
    [{ hour: "*/3" }, ["2009-01-01", "2009-01-01 03:00", "2009-01-01 06:00"]],
    [{ hour: "2-9/3" }, ["2009-01-01 02:00", "2009-01-01 05:00", "2009-01-01 08:00", "2009-01-02 02:00"]],
    [{ dayOfWeek: "TUE-SAT" }, ["2009-01-01", "2009-01-02", "2009-01-03", "2009-01-06"]],
    [{ year: 2008, month: 2, day: "1st fri, 2nd wed, last fri" }, ["none"]],
    [{ month: "*", day: "1st   FRI" }, ["2009-01-02", "2009-02-06"]],
    [{ dayOfWeek: "*/2" }, ["2009-01-02", "2009-01-04", "2009-01-05", "2009-01-07"]],
    [{ dayOfWeek: "1-5/2" }, ["2009-01-02", "2009-01-05", "2009-01-07"]],
    [{ dayOfWeek: "0-7" }, ["2009-01-01", "2009-01-02", "2009-01-03", "2009-01-04", "2009-01-05"]],
    [{ day: "last,15" }, ["2009-01-15", "2009-01-31"]],
    [{ week: "*/2", dayOfWeek: "mon" }, ["2009-01-12", "2009-01-26"]],
    [{ day: 1, minute: 20 }, ["2009-01-01 00:20", "2009-01-01 01:20"]],
    [{ year: 2024 }, ["2024-01-01", "none"]]
  ] as const)("expressions: %j", ([given, expected]) => {
    expect(run(fields(given), "2009-01-01", expected.length)).toEqual(expected)
  })
})

describe("APScheduler's interval and date cases", () => {
  const start = Date.parse("2009-08-04T00:00:02Z")

  it("28, 30: fires at the start and on its grid", () => {
    const trigger = interval({ seconds: 1 }, { start })
    expect([trigger.next(start - 2000), trigger.next(start), trigger.next(start + 1)]).toEqual([
      start,
      start + 1000,
      start + 1000
    ])
  })

  it("29: without a start fires one interval after it is added, or at once", () => {
    const binding = { now: start, timezone: "UTC", jobId: "a" }
    expect(
      interval({ seconds: 1 })
        .bind?.(binding)
        .next(start - 1)
    ).toBe(start + 1000)
    expect(
      interval({ seconds: 1 }, { immediately: true })
        .bind?.(binding)
        .next(start - 1)
    ).toBe(start)
  })

  it("31: an inclusive end", () => {
    const at = (minute: number) => Date.parse("2011-11-05T00:00:00Z") + minute * 60_000
    const trigger = interval({ minutes: 5 }, { start: at(0), end: at(7) })
    expect([trigger.next(at(2)), trigger.next(at(6))]).toEqual([at(5), undefined])
  })

  it("32: counts elapsed time over transitions", () => {
    const trigger = interval({ hours: 1 }, { start: "2013-03-01", timezone: newYork })
    expect(trigger.next(Date.parse("2013-03-10T01:05:00-05:00"))).toBe(Date.parse("2013-03-10T03:00:00-04:00"))
    expect(trigger.next(Date.parse("2013-11-03T01:05:00-04:00"))).toBe(Date.parse("2013-11-03T01:00:00-05:00"))
  })

  it("33: refuses a wrong length, nothing, and an end before the start", () => {
    const refused = expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "interval" }) as Error
    expect(() => interval({ hours: "6" as unknown as number })).toThrow(refused)
    expect(() => interval({ seconds: 0 })).toThrow(refused)
    expect(() => interval({ seconds: -1 })).toThrow(refused)
    expect(() => interval({ seconds: 1 }, { start, end: start - 1 })).toThrow(refused)
  })

  it("34: three fire times and no more, also after saving", () => {
    const trigger = interval(
      { hours: 1, seconds: 6 },
      { start: "2020-05-16 19:32:44.649521", end: "2020-05-16 22:33:01", timezone: berlin }
    )
    expect(run(trigger, "2020-05-01", 4)).toEqual([
      "2020-05-16 19:32:44",
      "2020-05-16 20:32:50",
      "2020-05-16 21:32:56",
      "none"
    ])
  })

  it("35: jitter is not fed back", () => {
    const trigger = jitter(interval({ seconds: 5 }, { start }), 3000)
    let at = start - 1
    for (let index = 0; index < 100; index++) {
      at = trigger.next(at) ?? NaN
      expect(at - (start + index * 5000)).toBeGreaterThanOrEqual(0)
      expect(at - (start + index * 5000)).toBeLessThanOrEqual(3000)
    }
  })

  it("date: fires once, at its instant; a past one is past", () => {
    const trigger = date("2009-7-6", { timezone: berlin })
    const at = Date.parse("2009-07-06T00:00:00+02:00")
    expect([trigger.next(at - 1), trigger.next(at), trigger.previous?.(at + 1)]).toEqual([at, undefined, at])
  })
})

describe("APScheduler's calendar interval cases", () => {
  it("36: refuses no step and an end before the start", () => {
    const refused = expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "calendarInterval" }) as Error
    expect(() => calendarInterval({})).toThrow(refused)
    expect(() => calendarInterval({ days: 1 }, { start: "2020-01-02", end: "2020-01-01" })).toThrow(refused)
  })

  it("37: start = end fires once", () => {
    expect(
      run(calendarInterval({ days: 1 }, { timezone: berlin, start: "2020-12-31", end: "2020-12-31" }), "2020-01-01", 2)
    ).toEqual(["2020-12-31", "none"])
  })

  it("38: keeps a date whose wall time is in a gap (APScheduler drops it), and takes the first pass of a fold", () => {
    const daily = calendarInterval({ days: 1, hour: 2, minute: 30 }, { timezone: berlin, start: "2016-03-27" })
    expect(run(daily, "2016-03-01", 2)).toEqual(["2016-03-27 03:30", "2016-03-28 02:30"])
    const everyOther = calendarInterval({ days: 2, hour: 2, minute: 30 }, { timezone: berlin, start: "2016-10-30" })
    expect(everyOther.next(0)).toBe(Date.parse("2016-10-30T02:30:00+02:00"))
  })

  it("39: passes over months that lack the day", () => {
    expect(run(calendarInterval({ months: 1 }, { timezone: berlin, start: "2016-03-31" }), "2016-01-01", 3)).toEqual([
      "2016-03-31",
      "2016-05-31",
      "2016-07-31"
    ])
  })

  it("39: loses no month to a gap (APScheduler loses March)", () => {
    const monthly = calendarInterval(
      { months: 1, hour: 2, minute: 30 },
      { timezone: "Europe/Stockholm", start: "2024-01-31" }
    )
    expect(run(monthly, "2024-01-01", 3)).toEqual(["2024-01-31 02:30", "2024-03-31 03:30", "2024-05-31 02:30"])
  })

  it("40: does not stand still in UTC", () => {
    expect(
      run(calendarInterval({ days: 1, hour: 1 }, { timezone: "UTC", start: "2016-03-31" }), "2016-03-31", 3, "UTC")
    ).toEqual(["2016-03-31 01:00", "2016-04-01 01:00", "2016-04-02 01:00"])
  })
})

describe("APScheduler's and/or cases", () => {
  const a = fields({ month: "5-8", day: "6-15" }, { end: "2017-08-10" })
  const b = fields({ month: "6-9", day: "*/3" }, { end: "2017-09-07" })

  it("41: and ends with its first, or with its last", () => {
    expect([run(and([a, b]), "2017-08-06", 1), run(and([a, b]), "2017-08-10 01:00", 1)]).toEqual([
      ["2017-08-07"],
      ["none"]
    ])
    expect([run(or([a, b]), "2017-08-06", 1), run(or([a, b]), "2017-09-07 01:00", 1)]).toEqual([
      ["2017-08-06"],
      ["none"]
    ])
  })

  it("42: two dates a second apart agree within a second only", () => {
    const dates = [date("2020-05-16T14:17:30Z"), date("2020-05-16T14:17:31Z")]
    expect(run(and(dates, { threshold: 1000 }), "2020-01-01", 2, "UTC")).toEqual(["2020-05-16 14:17:30", "none"])
    expect(run(and(dates), "2020-01-01", 1, "UTC")).toEqual(["none"])
  })

  it("43: a search that cannot succeed ends with an error", () => {
    const offset = [interval({ seconds: 4 }, { start: 0 }), interval({ seconds: 4 }, { start: 2000 })]
    for (const threshold of [0, 1000]) {
      expect(() => and(offset, { threshold }).next(0)).toThrow(
        expect.objectContaining({ _tag: "TriggerSearchError", trigger: "and" })
      )
    }
  })

  const hourly = (hours: number, start: string) => interval({ hours }, { start, timezone: berlin })

  it.for<readonly [string, Trigger, string, ReadonlyArray<string>]>([
    [
      "6 h and 12 h",
      and([hourly(6, "2024-05-01"), hourly(12, "2024-05-01")]),
      "2024-05-01",
      ["2024-05-01", "2024-05-01 12:00", "2024-05-02"]
    ],
    [
      "day and week",
      and([
        interval({ days: 1 }, { start: "2024-05-01", timezone: berlin }),
        interval({ weeks: 1 }, { start: "2024-05-01", timezone: berlin })
      ]),
      "2024-05-01",
      ["2024-05-01", "2024-05-08", "2024-05-15"]
    ],
    [
      "mon-fri hourly and 12 h",
      and([fields({ dayOfWeek: "mon-fri", hour: "*" }), hourly(12, "2024-05-03")]),
      "2024-05-03",
      ["2024-05-03", "2024-05-03 12:00", "2024-05-06"]
    ],
    [
      "mon-fri and 4 days",
      and([fields({ dayOfWeek: "mon-fri" }), interval({ days: 4 }, { start: "2024-05-13", timezone: berlin })]),
      "2024-05-13",
      ["2024-05-13", "2024-05-17", "2024-05-21", "2024-05-29"]
    ],
    [
      "monthly and mon-fri",
      and([
        calendarInterval({ months: 1 }, { start: "2024-01-01", timezone: berlin }),
        fields({ dayOfWeek: "mon-fri" })
      ]),
      "2024-01-01",
      [
        "2024-01-01",
        "2024-02-01",
        "2024-03-01",
        "2024-04-01",
        "2024-05-01",
        "2024-07-01",
        "2024-08-01",
        "2024-10-01",
        "2024-11-01"
      ]
    ]
  ])("44: %s", ([, trigger, from, expected]) => {
    expect(run(trigger, from, expected.length)).toEqual(expected)
  })

  it("45: or is the union", () => {
    const start = Date.parse("2020-05-16T14:17:30Z")
    const every = (seconds: number, length: number) => interval({ seconds }, { start, end: start + length * 1000 })
    const trigger = or([every(4, 16), every(6, 18)])
    expect(run(limit(trigger, 10), "2020-05-16T14:17:30Z", 9, "UTC")).toEqual([
      ...[30, 34, 36, 38, 42, 46, 48].map((second) => `2020-05-16 14:17:${second}`),
      "none"
    ])
  })
})
