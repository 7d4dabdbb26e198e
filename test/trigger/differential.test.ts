/**
 * The search against two other schedulers' readers of cron text, cron-parser and croner, on seeded random expressions in the dialect all
 * three share. Where they are known to differ, docs/trigger-differences.md says why, and the tests at the end hold it.
 */
import { CronExpressionParser } from "cron-parser"
import { Cron } from "croner"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { cron } from "../../src/trigger/cron/cron.ts"

const exhaustive = process.env["EXHAUSTIVE"] !== undefined
const runs = exhaustive ? 3000 : 60
const iso = (at: number): string => new Date(at).toISOString()

const ours = (expression: string, timezone: string, after: number, count: number): ReadonlyArray<string> => {
  const trigger = cron(expression, { timezone })
  let at = after
  return Array.from({ length: count }, () => iso((at = trigger.next(at) ?? NaN)))
}

const cronParsers = (expression: string, timezone: string, after: number, count: number): ReadonlyArray<string> => {
  const iterator = CronExpressionParser.parse(expression, { tz: timezone, currentDate: new Date(after) })
  return Array.from({ length: count }, () => iso(iterator.next().getTime()))
}

const croners = (expression: string, timezone: string, after: number, count: number): ReadonlyArray<string> =>
  new Cron(expression, { timezone, paused: true }).nextRuns(count, new Date(after)).map((date) => date.toISOString())

const field = (min: number, max: number, names: ReadonlyArray<string> = []): fc.Arbitrary<string> => {
  const value = fc.integer({ min, max })
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
  const step = fc.integer({ min: 2, max: Math.max(2, Math.floor((max - min) / 2)) })
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant("*") },
    { weight: 3, arbitrary: value.map(String) },
    { weight: 2, arbitrary: range },
    { weight: 2, arbitrary: step.map((each) => `*/${each}`) },
    { weight: 1, arbitrary: fc.tuple(range, step).map(([each, by]) => `${each}/${by}`) },
    {
      weight: 1,
      arbitrary: fc
        .uniqueArray(value, { minLength: 2, maxLength: 4 })
        .map((each) => each.sort((a, b) => a - b).join(","))
    },
    ...(names.length === 0 ? [] : [{ weight: 2, arbitrary: fc.constantFrom(...names) }])
  )
}

/** Never both day fields with a leading `*` and a step: there the other two do not follow crontab(5). */
const expressions = fc
  .tuple(
    field(0, 59),
    field(0, 23),
    field(1, 28),
    field(1, 12, ["jan", "JUL", "dec"]),
    field(0, 6, ["sun", "MON", "fri"])
  )
  .filter(([, , day, , weekday]) => !(/^\*\//.test(day) && weekday !== "*") && !(/^\*\//.test(weekday) && day !== "*"))
  .map((fields) => fields.join(" "))

describe("cron text, read and searched by others", () => {
  const after = fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2040, 0, 1) })

  it("has cron-parser's fire times in UTC", { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(expressions, after, (expression, start) => {
        expect([expression, ...ours(expression, "UTC", start, 4)]).toEqual([
          expression,
          ...cronParsers(expression, "UTC", start, 4)
        ])
      }),
      { numRuns: runs, seed: 11 }
    )
  })

  it("has croner's fire times in UTC", { timeout: 600_000 }, () => {
    fc.assert(
      fc.property(expressions, after, (expression, start) => {
        expect([expression, ...ours(expression, "UTC", start, 4)]).toEqual([
          expression,
          ...croners(expression, "UTC", start, 4)
        ])
      }),
      { numRuns: runs, seed: 12 }
    )
  })

  it("has the fire times of both in zones, away from transitions", { timeout: 600_000 }, () => {
    // June to August of the northern zones: between the transitions the rules cannot differ.
    const summers = fc
      .tuple(fc.integer({ min: 2000, max: 2039 }), fc.integer({ min: 0, max: 60 * 1440 }))
      .map(([year, minute]) => Date.UTC(year, 5, 1) + minute * 60_000)
    const daily = fc.tuple(field(0, 59), field(0, 23)).map(([minute, hour]) => `${minute} ${hour} * * *`)
    const zones = fc.constantFrom("Europe/Stockholm", "America/New_York", "Asia/Kathmandu", "America/St_Johns")
    fc.assert(
      fc.property(daily, zones, summers, (expression, timezone, start) => {
        const found = ours(expression, timezone, start, 3)
        expect([expression, ...cronParsers(expression, timezone, start, 3)]).toEqual([expression, ...found])
        expect([expression, ...croners(expression, timezone, start, 3)]).toEqual([expression, ...found])
      }),
      { numRuns: runs, seed: 13 }
    )
  })
})

describe("the explained differences", () => {
  const start = Date.UTC(2026, 0, 1)
  const firstDays = (found: ReadonlyArray<string>) => found.map((text) => text.slice(0, 10))

  it("asks for both day fields when one begins with a star, as crontab(5)", () => {
    const expression = "0 0 */10 * fri"
    expect(firstDays(ours(expression, "UTC", start, 2))).toEqual(["2026-05-01", "2026-07-31"])
    expect(firstDays(cronParsers(expression, "UTC", start, 2))).toEqual(["2026-01-02", "2026-01-09"])
    expect(firstDays(croners(expression, "UTC", start, 2))).toEqual(["2026-01-02", "2026-01-09"])
  })

  it("reads ranges that wrap, which the others refuse", () => {
    expect(firstDays(ours("0 0 * * fri-mon", "UTC", start, 2))).toEqual(["2026-01-02", "2026-01-03"])
    expect(() => cronParsers("0 0 * * fri-mon", "UTC", start, 1)).toThrow()
    expect(() => croners("0 0 * * fri-mon", "UTC", start, 1)).toThrow()
  })

  it.for([
    // A fixed wall time in a gap: moved by the gap, as both others do.
    ["30 2 * * *", "2026-03-28T12:00:00Z", ["2026-03-29T01:30", "2026-03-30T00:30"]],
    // In a fold: the first pass only.
    ["30 2 * * *", "2026-10-24T12:00:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]]
  ] as const)("serves %s after %s by the DST rule", ([expression, after, expected]) => {
    const found = ours(expression, "Europe/Stockholm", Date.parse(after), 2).map((text) => text.slice(0, 16))
    expect(found).toEqual(expected)
  })
})
