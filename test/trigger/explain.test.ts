/** Why an instant is no fire time: which part of which trigger refuses it, in words. */
import { describe, expect, it } from "vitest"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { date } from "../../src/trigger/date.ts"
import { explainFireTime } from "../../src/trigger/explain.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"

const zone = { timezone: "Europe/Oslo" }
/** The lines between the first, which says whether it fires, and the last, which names its neighbours. */
const reasons = (trigger: Trigger, instant: string): ReadonlyArray<string> => {
  const { text, fires, refusedBy } = explainFireTime(trigger, instant, zone)
  const lines = text.split("\n").slice(1, -1)
  expect(lines).toHaveLength(refusedBy.length)
  expect(lines.length === 0).toBe(fires)
  return lines
}

const hourly = interval("1 hour", { start: "2026-03-02T08:00", end: "2026-03-02T20:00", ...zone })
const daily = calendarInterval({ days: 2, hour: 9, minute: 30 }, { start: "2026-03-02", end: "2026-03-20", ...zone })
const weekdaysAtNine = cron("0 9 * * mon-fri", zone)

describe("an explanation", () => {
  it("names the neighbours of an instant, and says so where it is a fire time", () => {
    const found = explainFireTime(hourly, "2026-03-02T10:00", zone)
    expect(found).toMatchObject({ fires: true, refusedBy: [], at: Date.parse("2026-03-02T09:00Z") })
    expect([found.previous, found.next]).toEqual([Date.parse("2026-03-02T08:00Z"), Date.parse("2026-03-02T10:00Z")])
    expect(found.text).toBe(
      "2026-03-02T10:00:00+01:00 is a fire time\n" +
        "before: 2026-03-02T09:00:00+01:00, after: 2026-03-02T11:00:00+01:00"
    )
  })

  it("says that there is no neighbour, or that a trigger does not look back", () => {
    expect(explainFireTime(date("2026-03-02T10:00", zone), "2026-03-02T10:00", zone).text).toContain(
      "before: none, after: none"
    )
    expect(explainFireTime(date("2026-03-02T10:00", zone), "2026-03-02T11:00", zone).text).toBe(
      "2026-03-02T11:00:00+01:00 is no fire time\n" +
        "date: at is 2026-03-02T11:00:00+01:00, expected 2026-03-02T10:00:00+01:00\n" +
        "before: 2026-03-02T10:00:00+01:00, after: none"
    )
  })

  it.each<[what: string, trigger: Trigger, instant: string, lines: ReadonlyArray<string>]>([
    ["interval", hourly, "2026-03-02T20:00", []],
    [
      "interval before its start",
      hourly,
      "2026-03-02T07:00",
      ["interval: start is 2026-03-02T07:00:00+01:00, expected 2026-03-02T08:00:00+01:00 or later"]
    ],
    [
      "interval after its end",
      hourly,
      "2026-03-02T21:00",
      ["interval: end is 2026-03-02T21:00:00+01:00, expected 2026-03-02T20:00:00+01:00 or earlier"]
    ],
    [
      "interval between two",
      hourly,
      "2026-03-02T10:00:05",
      ["interval: every is 5000 ms past one, expected a whole number of 3600000 ms from 2026-03-02T08:00:00+01:00"]
    ],
    ["calendar interval", daily, "2026-03-04T09:30", []],
    [
      "calendar interval at another time",
      daily,
      "2026-03-04T10:00",
      ["calendarInterval: time is 10:00:00, expected 09:30:00"]
    ],
    [
      "calendar interval on another date",
      daily,
      "2026-03-03T09:30",
      ["calendarInterval: date is 2026-03-03, expected a date of the sequence"]
    ],
    [
      "calendar interval after its end",
      daily,
      "2026-03-22T09:30",
      ["calendarInterval: end is 2026-03-22T09:30:00+01:00, expected 2026-03-20T23:59:59.999+01:00 or earlier"]
    ],
    ["cron", weekdaysAtNine, "2026-03-02T09:00", []],
    ["window within", window(hourly, { start: "2026-03-02T10:00", ...zone }), "2026-03-02T10:00", []],
    [
      "window outside",
      window(hourly, { start: "2026-03-02T10:00", ...zone }),
      "2026-03-02T09:00",
      ["window: start is 2026-03-02T09:00:00+01:00, expected 2026-03-02T10:00:00+01:00 or later"]
    ],
    [
      "window within, of another trigger's",
      window(hourly, { start: "2026-03-02T10:00", ...zone }),
      "2026-03-02T11:00:01",
      ["interval: every is 1000 ms past one, expected a whole number of 3600000 ms from 2026-03-02T08:00:00+01:00"]
    ],
    [
      "filter",
      filter(hourly, { weekdays: "tue" }, zone),
      "2026-03-02T10:00",
      ['filter: condition is mon 2026-03-02, expected {"weekdays":[2]}']
    ],
    [
      "not",
      not(hourly, { weekdays: "mon" }, zone),
      "2026-03-02T10:00",
      ['not: condition is mon 2026-03-02, expected not {"weekdays":[1]}']
    ],
    ["filter that agrees", filter(hourly, { weekdays: "mon" }, zone), "2026-03-02T10:00", []],
    [
      "filter, by the date in its own zone",
      filter(hourly, { weekdays: "mon" }, { timezone: "Pacific/Kiritimati" }),
      "2026-03-02T12:00",
      ['filter: condition is tue 2026-03-03, expected {"weekdays":[1]}']
    ],
    [
      "or, by each of its members",
      or([hourly, date("2026-03-02T10:00", zone)]),
      "2026-03-02T21:00",
      [
        "interval: end is 2026-03-02T21:00:00+01:00, expected 2026-03-02T20:00:00+01:00 or earlier",
        "date: at is 2026-03-02T21:00:00+01:00, expected 2026-03-02T10:00:00+01:00"
      ]
    ],
    ["or of which one fires", or([hourly, date("2026-03-02T21:00", zone)]), "2026-03-02T21:00", []],
    ["and, by those that refuse", and([hourly, weekdaysAtNine]), "2026-03-02T10:00", ["cron: hour is 10, expected 9"]],
    ["and on which all agree", and([hourly, weekdaysAtNine]), "2026-03-02T09:00", []]
  ])("of %s", (_what, trigger, instant, lines) => {
    expect(reasons(trigger, instant)).toEqual(lines)
  })

  it("of or is none where one of its members fires, though the others refuse", () => {
    const fireAt = Date.parse("2026-03-02T20:00Z")
    expect(or([hourly, date(fireAt)]).explain?.(fireAt)).toEqual([])
    expect(or([hourly, date(fireAt)]).explain?.(fireAt + 1)).toHaveLength(2)
  })

  it("of a limit says whether it is too early or too late, once a job has it", () => {
    const limited = limit(interval("1 hour", { start: "2026-03-02T06:00", ...zone }), 3)
    const bound = limited.bind?.({ now: Date.parse("2026-03-02T07:00Z"), timezone: "UTC", jobId: "a" }) ?? limited
    expect(reasons(bound, "2026-03-02T07:00")).toEqual([
      "limit: count is before the first, expected one of the first 3"
    ])
    expect(reasons(bound, "2026-03-02T11:00")).toEqual(["limit: count is after the last, expected one of the first 3"])
    for (const time of ["08:00", "09:00", "10:00"]) expect(reasons(bound, `2026-03-02T${time}`)).toEqual([])
    expect(reasons(bound, "2026-03-02T09:00:01")).toEqual([
      "interval: every is 1000 ms past one, expected a whole number of 3600000 ms from 2026-03-02T06:00:00+01:00"
    ])
  })

  it("of a trigger that cannot say is only that it does not fire", () => {
    const jittered = jitter(hourly, "10 minutes")
    const fireAt = jittered.next(Date.parse("2026-03-02T08:00Z")) ?? NaN
    expect(explainFireTime(jittered, fireAt).refusedBy).toEqual([])
    expect(explainFireTime(jittered, fireAt + 1).refusedBy).toEqual([
      { trigger: "jitter", field: "next", found: String(fireAt + 1), expected: "one of its fire times" }
    ])
  })
})
