/** Long: tables of fire times, one combination after another. */
import { describe, expect, it } from "vitest"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { date } from "../../src/trigger/date.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { fireTimes } from "../../src/trigger/fireTimes.ts"
import { holidayCalendar } from "../../src/trigger/holidayCalendar.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import { stream } from "../../src/trigger/stream.ts"
import type { Trigger, TriggerSpec } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"
import { cpuMs } from "./cpuTime.ts"

const zone = { timezone: "Europe/Stockholm" }
const at = (text: string) => Date.parse(text)
const dates = (trigger: Trigger, after: string, limited: number) =>
  [...fireTimes(trigger, { after, limit: limited, ...zone })].map((fireAt) =>
    new Date(fireAt).toISOString().slice(0, 13)
  )

/** `next`, `previous` and `count` tell one story, also from in between and after being stored. */
const consistent = (trigger: Trigger, from: number, until: number): void => {
  const found: Array<number> = []
  for (let next = trigger.next(from); next !== undefined && next <= until; next = trigger.next(next)) {
    if (found.length > 0) expect(next).toBeGreaterThan(found.at(-1) ?? NaN)
    found.push(next)
  }
  expect(found.length).toBeGreaterThan(3)
  const read = createTriggerRegistry([], [holidays]).read(trigger.toJSON())
  const cuts = [...found.slice(0, 20).flatMap((each) => [each - 1, each, each + 1]), from + 12_345_678, until - 1]
  for (const cut of cuts) {
    const expected = { next: found.find((each) => each > cut), previous: found.findLast((each) => each < cut) }
    if (expected.next !== undefined) expect(read.next(cut)).toBe(expected.next)
    if (trigger.previous !== undefined && expected.previous !== undefined)
      expect(read.previous?.(cut)).toBe(expected.previous)
    if (trigger.count !== undefined) expect(read.count?.(from, cut)).toBe(found.filter((each) => each <= cut).length)
  }
}

const holidays = holidayCalendar("se", ["2026-12-24", "2026-12-25", "2026-12-26", "2027-01-01"])

describe("filter and not", () => {
  const daily = cron("0 9 * * *", zone)

  it("keeps or drops fire times by their local date", () => {
    expect(dates(filter(daily, { weekdays: "sat,sun" }, zone), "2026-11-20", 3)).toEqual([
      "2026-11-21T08",
      "2026-11-22T08",
      "2026-11-28T08"
    ])
    expect(dates(not(daily, { weekdays: "fri-mon" }, zone), "2026-11-20", 2)).toEqual([
      "2026-11-24T08",
      "2026-11-25T08"
    ])
    expect(dates(filter(daily, { months: "dec-jan", weekdays: [0] }, zone), "2026-11-20", 2)).toEqual([
      "2026-12-06T08",
      "2026-12-13T08"
    ])
    expect(
      dates(
        filter(daily, { dates: ["2026-12-24", { from: "2027-02-01", through: "2027-02-02" }] }, zone),
        "2026-11-20",
        9
      )
    ).toEqual(["2026-12-24T08", "2027-02-01T08", "2027-02-02T08"])
  })

  it("drops holidays, and finds its calendar again by name", () => {
    const trigger = not(cron("0 9 * * 1-5", zone), { calendar: holidays }, zone)
    const expected = ["2026-12-23T08", "2026-12-28T08"]
    expect(dates(trigger, "2026-12-22T12:00", 2)).toEqual(expected)
    expect(trigger.toJSON()).toMatchObject({ type: "not", calendar: "se" })
    expect(dates(createTriggerRegistry([], [holidays]).read(trigger.toJSON()), "2026-12-22T12:00", 2)).toEqual(expected)
  })

  it("names an unknown calendar", () => {
    const trigger = not(daily, { calendar: "se" })
    const unknown = expect.objectContaining({ _tag: "UnknownCalendarError", calendar: "se" }) as Error
    expect(() => trigger.next(0)).toThrow(unknown)
    expect(() => createTriggerRegistry().read(trigger.toJSON())).toThrow(unknown)
  })

  it("looks at the date in its own zone", () => {
    const trigger = filter(cron("0 23 * * *", { timezone: "UTC" }), { weekdays: "sat" }, { timezone: "Asia/Tokyo" })
    expect(trigger.next(at("2026-11-18T00:00:00Z"))).toBe(at("2026-11-20T23:00:00Z"))
  })

  it("keeps the second pass of a day that a fold brings back", () => {
    const stJohns = { timezone: "America/St_Johns" }
    const trigger = filter(cron("*/10 * * * *", stJohns), { dates: ["1988-10-29"] }, stJohns)
    const found = [...fireTimes(trigger, { after: "1988-10-29T23:45", ...stJohns })]
    // 00:01 on the 30th goes back to 22:01 on the 29th (two hours that year).
    expect(found.length).toBe(12)
    expect(trigger.count?.(found[0] ?? 0, found.at(-1) ?? 0)).toBe(11)
  })

  it.for([
    { weekdays: "fre" },
    { weekdays: 8 },
    { months: "0" },
    { months: "13" },
    { dates: [] },
    { dates: ["2026-02-30"] },
    {},
    { week: 3 }
  ])("refuses %j", (condition) => {
    expect(() => filter(daily, condition as never)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "filter" })
    )
  })

  it.for([
    [{ weekdays: "0-7/2" }, "0-7/2"],
    [{ weekdays: "mon,fri-sun/2" }, "fri-sun/2"],
    [{ weekdays: "x-sun" }, "x-sun"],
    [{ months: "jan-foo" }, "jan-foo"]
  ] as const)("shows the whole of what it refuses in %j", ([condition, found]) => {
    expect(() => filter(daily, condition)).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", found }))
  })

  it("gives up within 50 ms where nothing can be found", () => {
    const never = filter(cron("0 0 * * 1", zone), { weekdays: "sat" }, zone)
    const tookMs = [1, 2, 3].map(() => {
      const startedMs = cpuMs()
      expect(() => never.next(0)).toThrow(expect.objectContaining({ _tag: "TriggerSearchError", trigger: "filter" }))
      return cpuMs() - startedMs
    })
    expect(Math.min(...tookMs)).toBeLessThan(50)
  })
})

describe("combined triggers", () => {
  const everyHour = cron("0 * * * *", zone)
  const [from, until] = [at("2026-03-27T00:00:00Z"), at("2026-04-06T00:00:00Z")]

  it.for<readonly [string, Trigger]>([
    ["or", or([cron("0 9 * * *", zone), cron("30 2 * * *", zone), interval("5h", { start: from })])],
    ["and", and([everyHour, interval("3h", { start: from })])],
    ["and with a threshold", and([everyHour, interval("3h", { start: from + 2000 })], { threshold: 5000 })],
    ["filter", filter(everyHour, { weekdays: "sat-mon" }, zone)],
    ["not", not(everyHour, { weekdays: "sat-mon" }, zone)],
    ["not on holidays", not(cron("0 */6 * * *", zone), { calendar: holidays }, zone)],
    ["jitter", jitter(everyHour, "2h")],
    ["jitter over or", jitter(or([everyHour, interval("7m", { start: from })]), "30s")],
    ["limit", limit(everyHour, 100).bind?.({ now: from, timezone: "UTC", jobId: "a" }) ?? everyHour],
    ["window", window(everyHour, { start: from + 100_000_000, end: until - 100_000_000 })],
    ["interval", interval("7h", { start: from - 1234 })],
    ["calendar interval", calendarInterval({ days: 1, hour: 2, minute: 30 }, { start: "2026-03-01", ...zone })],
    ["mixed calendar interval", calendarInterval({ months: 1, days: 1, hour: 2 }, { start: "1970-01-01", ...zone })],
    [
      "nested",
      limit(jitter(not(or([everyHour, cron("*/7 2 * * *", zone)]), { weekdays: "sun" }, zone), "3m"), 50).bind?.({
        now: from,
        timezone: "UTC",
        jobId: "b"
      }) ?? everyHour
    ]
  ])("%s: next, previous and count agree", ([name, trigger]) => {
    consistent(trigger, name.startsWith("mixed") ? 0 : from, until)
  })

  it.for<readonly [string, () => Trigger]>([
    ["a fixed delay", () => or([interval("1h", { after: "run" }), everyHour])],
    ["a stream", () => and([stream("a"), everyHour])],
    ["nothing", () => or([])],
    ["a filtered stream", () => filter(stream("a"), { weekdays: "mon" })],
    ["a limited delay", () => limit(interval("1h", { after: "run" }), 3)],
    ["no limit", () => limit(everyHour, 0)],
    ["a negative threshold", () => and([everyHour], { threshold: -1 })],
    ["jitter without end", () => jitter(everyHour, Infinity)]
  ])("refuses %s", ([, make]) => {
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError" }))
  })

  it("jitters by the job: the same after a restart, another for another job", () => {
    const seeded = (jobId: string) =>
      jitter(everyHour, "10m").bind?.({ now: from, timezone: "UTC", jobId }) ?? everyHour
    const [a, again, b] = [seeded("a"), createTriggerRegistry().read(seeded("a").toJSON()), seeded("b")]
    expect(again.next(from)).toBe(a.next(from))
    expect(b.next(from)).not.toBe(a.next(from))
  })

  it.for<readonly [string, Trigger]>([
    ["a date", date(from)],
    ["a window around it", window(date(from), { start: from - 1 })],
    ["a filter of it", filter(date(from), { months: "jan-dec" })],
    ["either of two", or([date(from - 5_000_000), date(from)])],
    ["a limit", limit(date(from), 1)],
    ["a cron with a year", cron({ year: 2026, month: 1, day: 1, hour: 0 }, { timezone: "UTC" })]
  ])("jitters the last fire time, in each job otherwise: %s", ([, trigger]) => {
    const last = trigger.previous?.(at("2027-01-01T00:00Z")) ?? trigger.next(0) ?? NaN
    const draws = Array.from({ length: 50 }, (_, index) => {
      const bound = jitter(trigger, "10m").bind?.({ now: 0, timezone: "UTC", jobId: `job ${index}` }) ?? trigger
      const moved = bound.next(last - 1) ?? NaN
      expect(bound.next(moved)).toBeUndefined()
      expect(bound.previous?.(moved + 1)).toBe(moved)
      return moved - last
    })
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...draws)).toBeLessThanOrEqual(600_000)
    expect(new Set(draws).size).toBeGreaterThan(40)
  })

  it.for<readonly [string, Trigger]>([
    ["the window's", window(date(from), { end: from })],
    ["a job's, around the jitter's trigger", window(window(date(from), { end: from + 1 }), { end: from })],
    ["the cron's", cron("0 * * * *", { timezone: "UTC", end: from })],
    ["the interval's", interval("1h", { start: from, end: from })]
  ])("never passes an end that was given: %s", ([, trigger]) => {
    for (const jobId of ["a", "b", "c"]) {
      expect(
        jitter(trigger, "10m")
          .bind?.({ now: 0, timezone: "UTC", jobId })
          .next(from - 1)
      ).toBe(from)
    }
  })

  it("finds a day among many dates in no time", () => {
    const [first, many] = [at("1990-01-01T00:00Z"), 15_000]
    const days = Array.from({ length: 10 * many }, (_, index) =>
      new Date(first + (index % many) * 86_400_000).toISOString().slice(0, 10)
    )
    const startedMs = cpuMs()
    const trigger = not(cron("0 9 * * *", { timezone: "UTC" }), { dates: days }, { timezone: "UTC" })
    expect(trigger.next(first)).toBe(first + many * 86_400_000 + 9 * 3_600_000)
    expect(trigger.count?.(first, first + (many + 3) * 86_400_000)).toBe(3)
    expect(cpuMs() - startedMs).toBeLessThan(3000)
  })

  it("limits to the first fire times, also many", () => {
    const trigger = limit(cron("* * * * * *", { timezone: "UTC" }), 100_000).bind?.({
      now: from,
      timezone: "UTC",
      jobId: "a"
    })
    expect(trigger?.previous?.(until * 2)).toBe(from + 99_999_000)
    expect(trigger?.next(from + 99_999_000)).toBeUndefined()
  })
})

describe("a search across what is known to be empty", () => {
  const hours = interval("1 hour", { start: 0 })
  const utc = { timezone: "UTC" }
  const past = { start: "2026-01-01T00:00Z", end: "2026-03-01T00:00Z" }
  const bound = (trigger: Trigger) => trigger.bind?.({ now: 0, timezone: "UTC", jobId: "a" }) ?? trigger

  it.for<readonly [string, Trigger, string]>([
    ["and, one of which has ended", and([window(cron("0 9 * * *", utc), past), hours]), "2026-02-28T09:00Z"],
    ["and of a year", and([hours, cron({ year: 2026, hour: 9 }, utc)]), "2026-12-31T09:00Z"],
    ["filter by dates", filter(hours, { dates: ["2026-02-01"] }, utc), "2026-02-01T23:00Z"],
    [
      "filter by dates elsewhere",
      filter(hours, { dates: ["2026-02-01"] }, { timezone: "Pacific/Kiritimati" }),
      "2026-02-01T09:00Z"
    ],
    [
      "filter by dates in the far west",
      filter(hours, { dates: ["2026-02-01"] }, { timezone: "Etc/GMT+12" }),
      "2026-02-02T11:00Z"
    ],
    ["jitter of and", jitter(and([window(hours, past), hours]), "0 seconds"), "2026-03-01T00:00Z"]
  ])("finds the last fire time, decades ago: %s", ([, trigger, last]) => {
    expect(bound(trigger).previous?.(Date.parse("2126-01-01T00:00Z"))).toBe(Date.parse(last))
  })

  it.for<readonly [string, Trigger, string]>([
    ["and of a year", and([hours, cron({ year: 2126, hour: 9 }, utc)]), "2126-01-01T09:00Z"],
    ["and, one of which begins", and([window(hours, { start: "2126-01-01T00:00Z" }), hours]), "2126-01-01T00:00Z"]
  ])("finds the first fire time, decades ahead: %s", ([, trigger, first]) => {
    expect(bound(trigger).next(0)).toBe(Date.parse(first))
  })

  it("gives no instant past what a Date can hold", () => {
    const last = 8_640_000_000_000_000
    for (const trigger of [hours, jitter(interval("1 day", { start: 0 }), "1 hour"), jitter(date(last), "1 hour")])
      for (let at = bound(trigger).next(last - 7_200_000); at !== undefined; at = bound(trigger).next(at))
        expect(at).toBeLessThanOrEqual(last)
  })
})

describe("how large a trigger may be", () => {
  const wrap: ReadonlyArray<readonly [string, (trigger: Trigger) => Trigger]> = [
    ["or", (trigger) => or(Array.from({ length: 20 }, () => trigger))],
    ["and", (trigger) => and(Array.from({ length: 20 }, () => trigger))],
    ["not between", (trigger) => or(Array.from({ length: 20 }, () => not(trigger, { months: "jan" })))],
    ["others between", (trigger) => or(Array.from({ length: 20 }, () => jitter(window(limit(trigger, 3), {}), 1)))]
  ]

  it.for(wrap)("is 1,000 parts at most: %s", ([, level]) => {
    const startedMs = cpuMs()
    let trigger = level(cron("0 9 * * *", zone))
    const grow = () => {
      for (let levels = 0; levels < 5; levels++) trigger = level(trigger)
    }
    expect(grow).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", field: "parts" }))
    expect(trigger.next(0)).toBeDefined()
    const bound = trigger.bind?.({ now: 0, timezone: "UTC", jobId: "a" }) ?? trigger
    expect(createTriggerRegistry().read(bound.toJSON()).next(0)).toBe(bound.next(0))
    expect(cpuMs() - startedMs).toBeLessThan(3000)
  })

  it("is 1,000 parts at most in its stored form, too", () => {
    const stored = (depth: number): TriggerSpec =>
      depth === 0
        ? { type: "date", at: 0 }
        : { type: "or", triggers: Array.from({ length: 20 }, () => stored(depth - 1)) }
    expect(() => createTriggerRegistry().read(stored(4))).toThrow(expect.objectContaining({ field: "parts" }))
  })

  it("takes a hundred of nine each", () => {
    const nine = or(Array.from({ length: 8 }, (_, hour) => cron(`0 ${hour} * * *`, zone)))
    expect(or(Array.from({ length: 100 }, () => nine)).next(0)).toBeDefined()
  })

  it("is 32 levels deep at most", () => {
    let trigger: Trigger = cron("0 9 * * *", zone)
    const deepen = () => {
      for (let level = 0; level < 32; level++) trigger = window(trigger, {})
    }
    expect(deepen).toThrow(expect.objectContaining({ field: "depth", found: "33 levels" }))
    expect(createTriggerRegistry().read(trigger.toJSON()).next(0)).toBe(trigger.next(0))
  })
})
