/** Long: tables of fire times and of refusals. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { and, or } from "../../../src/trigger/combine.ts"
import { compileCron, cron, cronOf } from "../../../src/trigger/cron/cron.ts"
import type { CronFields } from "../../../src/trigger/cron/fields.ts"
import { explainFireTime } from "../../../src/trigger/explain.ts"
import { filter, not } from "../../../src/trigger/filter.ts"
import { fireTimes } from "../../../src/trigger/fireTimes.ts"
import { jitter } from "../../../src/trigger/jitter.ts"
import { limit } from "../../../src/trigger/limit.ts"
import { createTriggerRegistry } from "../../../src/trigger/triggerRegistry.ts"
import type { Trigger, TriggerSpec } from "../../../src/trigger/trigger.ts"
import { window } from "../../../src/trigger/window.ts"
import { slowFireTimes } from "../slowCron.ts"

const at = (text: string) => Date.parse(text)
const exhaustive = process.env["EXHAUSTIVE"] !== undefined
const take = (trigger: Trigger, after: string, count: number): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let next = trigger.next(at(after)); next !== undefined && found.length < count; next = trigger.next(next)) {
    found.push(new Date(next).toISOString().replace(":00.000Z", "Z"))
  }
  return found
}
const utc = (expression: string) => cron(expression, { timezone: "UTC" })

describe("cron text", () => {
  it.for([
    ["*/5 * * * *", ["2026-01-01T00:05Z", "2026-01-01T00:10Z"]],
    ["5/20 * * * *", ["2026-01-01T00:05Z", "2026-01-01T00:25Z", "2026-01-01T00:45Z", "2026-01-01T01:05Z"]],
    ["0 9 * * MON-FRI", ["2026-01-01T09:00Z", "2026-01-02T09:00Z", "2026-01-05T09:00Z"]],
    ["0 0 * * 7", ["2026-01-04T00:00Z", "2026-01-11T00:00Z"]],
    [
      "0 0 * * fri-mon",
      ["2026-01-02T00:00Z", "2026-01-03T00:00Z", "2026-01-04T00:00Z", "2026-01-05T00:00Z", "2026-01-09T00:00Z"]
    ],
    ["0 22-2/2 * * *", ["2026-01-01T02:00Z", "2026-01-01T22:00Z", "2026-01-02T00:00Z"]],
    ["0 0 1 nov-feb *", ["2026-02-01T00:00Z", "2026-11-01T00:00Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"]],
    ["0 0 13 * fri", ["2026-01-02T00:00Z", "2026-01-09T00:00Z", "2026-01-13T00:00Z", "2026-01-16T00:00Z"]],
    ["0 0 13 * ?", ["2026-01-13T00:00Z", "2026-02-13T00:00Z"]],
    ["0 0 */10 * fri", ["2026-05-01T00:00Z", "2026-07-31T00:00Z"]],
    ["0 0 L * *", ["2026-01-31T00:00Z", "2026-02-28T00:00Z"]],
    ["0 0 L-3 * *", ["2026-01-28T00:00Z", "2026-02-25T00:00Z"]],
    ["0 0 LW * *", ["2026-01-30T00:00Z", "2026-02-27T00:00Z", "2026-03-31T00:00Z"]],
    ["0 0 1W * *", ["2026-02-02T00:00Z", "2026-03-02T00:00Z", "2026-04-01T00:00Z"]],
    ["0 0 31W * *", ["2026-01-30T00:00Z", "2026-03-31T00:00Z", "2026-05-29T00:00Z"]],
    ["0 0 * * 5#3", ["2026-01-16T00:00Z", "2026-02-20T00:00Z"]],
    ["0 0 * * friL,mon#1", ["2026-01-05T00:00Z", "2026-01-30T00:00Z", "2026-02-02T00:00Z"]],
    ["@weekly", ["2026-01-04T00:00Z", "2026-01-11T00:00Z"]],
    ["@Yearly", ["2027-01-01T00:00Z", "2028-01-01T00:00Z"]],
    [
      "*/20 59 23 * * *",
      ["2026-01-01T23:59Z", "2026-01-01T23:59:20.000Z", "2026-01-01T23:59:40.000Z", "2026-01-02T23:59Z"]
    ],
    ["  0\t0  29 2 *  ", ["2028-02-29T00:00Z", "2032-02-29T00:00Z"]]
  ] as const)("%s", ([expression, expected]) => {
    expect(take(utc(expression), "2026-01-01T00:00:00Z", expected.length)).toEqual(expected)
  })

  it.for([
    ["61 * * * *", "minute", "61", 1],
    ["* 24 * * *", "hour", "24", 3],
    ["* * 0 * *", "day-of-month", "0", 5],
    ["* * * 13 *", "month", "13", 7],
    ["* * * * 8", "day-of-week", "8", 9],
    ["* * * * fre", "day-of-week", "fre", 9],
    ["0 0 * * mon,wed,xyz", "day-of-week", "xyz", 17],
    ["*/0 * * * *", "minute", "0", 3],
    ["*/61 * * * *", "minute", "61", 3],
    ["1-61 * * * *", "minute", "61", 3],
    ["1- * * * *", "minute", "", 3],
    ["-1 * * * *", "minute", "-1", 1],
    ["1.5 * * * *", "minute", "1.5", 1],
    ["? * * * *", "minute", "?", 1],
    ["0 0 * * 5#6", "day-of-week", "5#6", 9],
    ["0 0 * * L", "day-of-week", "L", 9],
    ["0 0 32W * *", "day-of-month", "32W", 5],
    ["* * * *", "expression", "4 fields", 1],
    ["* * * * * * *", "expression", "7 fields", 1],
    ["", "expression", "0 fields", 1],
    ["@daily x", "expression", "x", 8],
    ["@reboot", "macro", "@reboot", 1],
    ["@__proto__", "macro", "@__proto__", 1]
  ] as const)("refuses %j at its column", ([expression, field, found, column]) => {
    expect(() => utc(expression)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "cron", field, found, column })
    )
  })

  it("says what is wrong, where, and what was allowed", () => {
    expect(() => utc("61 * * * *")).toThrow('cron "61 * * * *": minute is "61", expected 0-59 (column 1)')
  })

  it.for(["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 feb ?", "0 0 30W 2 *"])(
    "refuses %s, which no year has",
    (expression) => {
      expect(() => utc(expression)).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", field: "date" }))
    }
  )
})

describe("cron", () => {
  it("keeps start and end inclusive", () => {
    const trigger = cron("0 * * * *", { timezone: "UTC", start: "2026-01-01T05:00", end: "2026-01-01T07:00" })
    expect(take(trigger, "2020-01-01T00:00:00Z", 9)).toEqual([
      "2026-01-01T05:00Z",
      "2026-01-01T06:00Z",
      "2026-01-01T07:00Z"
    ])
    expect(trigger.previous?.(at("2030-01-01T00:00:00Z"))).toBe(at("2026-01-01T07:00:00Z"))
    expect(trigger.previous?.(at("2026-01-01T05:00:00Z"))).toBeUndefined()
    expect(trigger.count?.(0, at("2030-01-01T00:00:00Z"))).toBe(3)
  })

  it("takes the scheduler's zone when it is bound, for its text bounds too", () => {
    const bound = cron("0 9 * * *", { start: "2026-06-01" }).bind?.({ now: 0, timezone: "Asia/Tokyo", jobId: "a" })
    expect(bound?.toJSON()).toEqual({
      type: "cron",
      expression: "0 9 * * *",
      timezone: "Asia/Tokyo",
      start: "2026-06-01"
    })
    expect(bound?.next(0)).toBe(at("2026-06-01T09:00:00+09:00"))
  })

  it("is read back from its stored form", () => {
    const registry = createTriggerRegistry()
    for (const trigger of [
      cron("*/5 * * * *"),
      cron("0 2 * * *", { timezone: "Europe/Oslo", dst: "every-match", end: "2030-01-01" }),
      cron({ hour: "8-10", dayOfWeek: "mon" }, { timezone: "UTC" })
    ]) {
      const stored = trigger.toJSON()
      expect(registry.read(JSON.parse(JSON.stringify(stored)) as TriggerSpec).toJSON()).toEqual(stored)
    }
  })

  it("shares what is compiled", () => {
    expect(compileCron("1 2 3 4 *")).toBe(compileCron("1 2 3 4 *"))
    expect(cronOf(cron({ hour: 3 }))?.pattern).toBe(cronOf(cron({ hour: 3 }, { timezone: "UTC" }))?.pattern)
  })

  it("answers at the ends of time", () => {
    const daily = cron("0 0 * * *", { timezone: "Europe/Stockholm" })
    expect(daily.next(-8.64e15)).toBe(at("1970-01-01T00:00:00+01:00"))
    expect(daily.next(8.64e15)).toBeUndefined()
    expect(daily.previous?.(8.64e15)).toBe(at("9999-12-31T00:00:00+01:00"))
    expect(daily.previous?.(-8.64e15)).toBeUndefined()
    expect(utc("0 0 29 2 *").next(at("9998-01-01T00:00:00Z"))).toBeUndefined()
  })

  it("counts a year of seconds without stepping", () => {
    const everySecond = cron("* * * * * *", { timezone: "America/New_York" })
    expect(everySecond.count?.(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))).toBe(365 * 86_400)
  })
})

describe("cron before its first fire time", () => {
  const zones = ["UTC", "Z", "+02:00", "UTC-3", "Europe/Oslo"]
  const early = at("2026-01-01T00:00Z")
  const wrapped = (trigger: Trigger): ReadonlyArray<Trigger> => [
    trigger,
    or([trigger, trigger]),
    and([trigger, trigger]),
    window(trigger, { end: "2040-01-01" }),
    filter(trigger, { months: "jan-dec" }),
    not(trigger, { dates: ["2026-02-01"] }),
    jitter(trigger, "1 minute"),
    limit(trigger, 3).bind?.({ now: early, timezone: "UTC", jobId: "a" }) ?? trigger
  ]

  it.for(zones)("has none: %s", (timezone) => {
    const firsts = [cron({ year: 2030, month: 1, day: 1 }, { timezone }), cron("0 0 * * *", { timezone, start: early })]
    for (const trigger of firsts.flatMap(wrapped)) {
      for (const before of [early, 0, -1e12]) expect(trigger.previous?.(before)).toBeUndefined()
      expect(explainFireTime(trigger, early - 1).text).toContain("before: none")
      expect(trigger.count?.(-1e12, early - 86_400_000) ?? 0).toBe(0)
    }
    expect(cron("* * * * *", { timezone }).previous?.(-50_400_000)).toBeUndefined()
  })
})

describe("cron text's last day", () => {
  it.for(["last", "LAST", "L", "l"])("%s", (word) => {
    const trigger = cron(`0 0 ${word} * *`, { timezone: "UTC" })
    expect(trigger.next(at("2026-02-02T00:00Z"))).toBe(at("2026-02-28T00:00Z"))
    expect(trigger.next(at("2028-02-02T00:00Z"))).toBe(at("2028-02-29T00:00Z"))
  })

  it("stands in a list, and nowhere else", () => {
    expect(cron("0 0 1,last * *", { timezone: "UTC" }).next(at("2026-02-02T00:00Z"))).toBe(at("2026-02-28T00:00Z"))
    for (const text of ["0 0 * last *", "0 0 * * last", "last 0 * * *", "0 0 last-3 * *"])
      expect(() => cron(text)).toThrow()
  })
})

describe("what follows elapsed time", () => {
  // Cron's programs look at the first character of the minute and hour field alone.
  it.for<readonly [string | CronFields, "elapsed" | "wall"]>([
    ["* 2 * * *", "elapsed"],
    ["*/30 2 * * *", "elapsed"],
    ["*,5 2 * * *", "elapsed"],
    ["0 */2 * * *", "elapsed"],
    ["0-30/30 2 * * *", "wall"],
    ["0-59/5 2 * * *", "wall"],
    ["5/15 2 * * *", "wall"],
    ["0 0-22/2 * * *", "wall"],
    ["0,*/15 2 * * *", "wall"],
    ["*/5 0 2 * * *", "wall"],
    [{ hour: 2, minute: "*/30" }, "elapsed"],
    [{ hour: 2, minute: "0-30/30" }, "wall"]
  ])("%j: %s", ([expression, pace]) => {
    expect(compileCron(expression).pattern.rule.pace).toBe(pace)
  })

  it("serves a stepped range once a day", () => {
    const trigger = cron("0-30/30 2 * * *", { timezone: "Europe/Stockholm" })
    const on = (day: string) => [...fireTimes(trigger, { after: at(day) - 7_200_000, until: `${day}T12:00Z` })].length
    expect([on("2026-03-29"), on("2026-10-25")]).toEqual([2, 2])
  })
})

/** Around transitions of every kind: half an hour, a whole day, at midnight, negative, backwards in spring. */
const places = [
  ["Europe/Stockholm", "2026-03-29"],
  ["Europe/Stockholm", "2026-10-25"],
  ["Australia/Lord_Howe", "2026-04-05"],
  ["Australia/Lord_Howe", "2026-10-04"],
  ["Pacific/Apia", "2011-12-30"],
  ["America/Havana", "2026-03-08"],
  ["America/Havana", "2026-11-01"],
  ["Africa/Casablanca", "2026-02-15"],
  ["Africa/Casablanca", "2026-03-22"],
  ["Europe/Dublin", "2026-10-25"],
  ["Antarctica/Troll", "2026-03-29"],
  ["Antarctica/Troll", "2026-10-25"],
  ["Asia/Kathmandu", "1986-01-01"],
  ["America/St_Johns", "1988-04-03"],
  ["Pacific/Kwajalein", "1993-08-21"]
] as const

const expressions = fc
  .tuple(
    fc.constantFrom("0", "30", "*/15", "*", "0,45", "10-50/20", "59", "0-29"),
    fc.constantFrom("*", "2", "0", "*/2", "1-3", "23", "3", "0,1,2,3", "22-2"),
    fc.constantFrom("*", "*", "*", "29", "1-7", "L", "15W", "*/2"),
    fc.constantFrom("*", "*", "*", "mon-fri", "0", "sunL", "5#4,6")
  )
  .map(([minute, hour, day, weekday]) => `${minute} ${hour} ${day} * ${weekday}`)

describe("cron around transitions", () => {
  it.for(["compatible", "every-match"] as const)("serves what a slow search finds, with dst %s", (dst) => {
    fc.assert(
      fc.property(expressions, fc.constantFrom(...places), (expression, [timezone, day]) => {
        const [from, until] = [at(`${day}T00:00:00Z`) - 36 * 3_600_000, at(`${day}T00:00:00Z`) + 60 * 3_600_000]
        const trigger = cron(expression, { timezone, dst })
        const { rule } = compileCron(expression).pattern
        const expected = slowFireTimes(
          rule,
          timezone,
          dst === "every-match" ? "elapsed" : rule.pace,
          from,
          until,
          900_000 / 15
        )
        const found: Array<number> = []
        for (let next = trigger.next(from - 1); next !== undefined && next < until; next = trigger.next(next))
          found.push(next)
        expect(found.map((each) => new Date(each).toISOString())).toEqual(
          expected.map((each) => new Date(each).toISOString())
        )
        const back: Array<number> = []
        for (let last = trigger.previous?.(until); last !== undefined && last >= from; last = trigger.previous?.(last))
          back.unshift(last)
        expect(back).toEqual(found)
        for (const cut of [from - 1, ...found.slice(0, 40), from + 5_000_000, from + 100_000_000, from + 130_000_000]) {
          expect(trigger.count?.(cut, until - 1)).toBe(found.filter((each) => each > cut).length)
          expect(trigger.count?.(from - 1, cut)).toBe(found.filter((each) => each <= cut).length)
          expect(trigger.next(cut)).toBe(found.find((each) => each > cut) ?? trigger.next(until - 1))
        }
      }),
      { numRuns: exhaustive ? 400 : 6, seed: 3 }
    )
  })
})

describe("cron text of other programs", () => {
  it.for<readonly [string, string, string]>([
    ["@every 5m", "macro", 'interval("5m")'],
    ["@reboot", "macro", "when the program starts"],
    ["0 0 1 1 * 2027 2028", "expression", "cron({ year: 2027"],
    ["0 0 * * * 2027", "day-of-week", "cron({ year: 2027"],
    ["0 0 1 1 * 2026-2030", "day-of-week", "cron({ year: 2027"],
    ["H * * * *", "minute", "jitter"],
    ["H/15 * * * *", "minute", "jitter"],
    ["0 0~6 * * *", "hour", "jitter"],
    ["0 9 * * Monday", "day-of-week", "three letters"],
    ["0 9 * January *", "month", "three letters"],
    ["0 9 * * Mon-Friday", "day-of-week", "three letters"],
    ["TZ=UTC 0 9 * * *", "expression", "timezone"],
    ["CRON_TZ=Europe/Oslo 0 9 * * *", "expression", "timezone"]
  ])("is refused with what does the same here: %s", ([text, field, advice]) => {
    expect(() => cron(text)).toThrow(
      expect.objectContaining({
        _tag: "InvalidTriggerError",
        field,
        expected: expect.stringContaining(advice) as string
      })
    )
  })
})
