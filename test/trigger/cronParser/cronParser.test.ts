/** The trigger of `carillon/cron-parser` against the package itself, asked anew from each instant. */
import { CronExpressionParser } from "cron-parser"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createScheduler, describeTrigger, explainFireTime, fireTimes, task } from "../../../src/index.ts"
import { cronParser } from "../../../src/cronParser.ts"
import { createTriggerRegistry } from "../../../src/trigger/triggerRegistry.ts"
import { virtualClock } from "../../../src/testing.ts"

const exhaustive = process.env["EXHAUSTIVE"] !== undefined
const zones = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]
const iso = (at: number | undefined): string => (at === undefined ? "none" : new Date(at).toISOString())

const field = (min: number, max: number): fc.Arbitrary<string> => {
  const value = fc.integer({ min, max })
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant("*") },
    { weight: 4, arbitrary: value.map(String) },
    fc.integer({ min: 2, max: Math.ceil((max - min) / 2) }).map((step) => `*/${step}`),
    fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    fc.constant("H"),
    fc.integer({ min: 2, max: Math.ceil((max - min) / 2) }).map((step) => `H/${step}`)
  )
}
const expressions = fc
  .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
  .map((fields) => fields.join(" "))
/** An hour around a change of the clocks, half of the time. */
const instants = fc.oneof(
  fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2035, 0, 1) }),
  fc.integer({ min: Date.UTC(2026, 2, 28, 20), max: Date.UTC(2026, 2, 29, 6) }),
  fc.integer({ min: Date.UTC(2026, 9, 24, 20), max: Date.UTC(2026, 9, 25, 6) }),
  fc.integer({ min: Date.UTC(2026, 9, 31, 20), max: Date.UTC(2026, 10, 1, 12) }),
  fc.integer({ min: Date.UTC(2026, 3, 4, 6), max: Date.UTC(2026, 3, 5, 6) })
)

const parserNext = (text: string, tz: string, hashSeed: string, after: number): number =>
  CronExpressionParser.parse(text, { tz, hashSeed, currentDate: after }).next().getTime()

describe("cronParser", () => {
  it("has the fire times of cron-parser, in every zone and around every change of its clock", () => {
    fc.assert(
      fc.property(expressions, instants, fc.constantFrom(...zones), (text, after, timezone) => {
        const trigger = cronParser(text, { timezone, hashSeed: "seed" })
        let at = after
        for (let count = 0; count < 3; count++) {
          const theirs = parserNext(text, timezone, "seed", at)
          expect([text, timezone, iso(at), iso(trigger.next(at))]).toEqual([text, timezone, iso(at), iso(theirs)])
          at = theirs
        }
      }),
      { numRuns: exhaustive ? 5_000 : 120, seed: 5 }
    )
  })

  it("has the one before that its next ones lead to", () => {
    fc.assert(
      fc.property(expressions, instants, fc.constantFrom(...zones), (text, from, timezone) => {
        const trigger = cronParser(text, { timezone, hashSeed: "seed" })
        let [before, at] = [trigger.next(from) ?? 0, 0]
        for (let count = 0; count < 4; count++) {
          at = trigger.next(before) ?? 0
          expect([text, timezone, iso(at), iso(trigger.previous?.(at))]).toEqual([text, timezone, iso(at), iso(before)])
          expect(trigger.previous?.(at - 1)).toBe(at - 1 === before ? trigger.previous?.(before) : before)
          before = at
        }
      }),
      { numRuns: exhaustive ? 5_000 : 80, seed: 6 }
    )
  })

  it("takes the macros, six fields, L and # of cron-parser", () => {
    const after = Date.UTC(2026, 0, 1)
    for (const text of [
      "@daily",
      "@weekdays",
      "@minutely",
      "30 * * * * *",
      "0 0 L * *",
      "0 0 * * 5L",
      "0 9 * * 1#2",
      "5/15 * * * *"
    ]) {
      expect([text, iso(cronParser(text, { timezone: "UTC" }).next(after))]).toEqual([
        text,
        iso(parserNext(text, "UTC", "x", after))
      ])
    }
  })

  it("keeps start and end, both inclusive", () => {
    const trigger = cronParser("0 * * * *", {
      timezone: "Europe/Berlin",
      start: "2026-05-01T10:00:00",
      end: "2026-05-01T12:00:00"
    })
    expect([...fireTimes(trigger, { after: 0 })].map(iso)).toEqual([
      "2026-05-01T08:00:00.000Z",
      "2026-05-01T09:00:00.000Z",
      "2026-05-01T10:00:00.000Z"
    ])
    expect(iso(trigger.previous?.(Date.UTC(2030, 0, 1)))).toBe("2026-05-01T10:00:00.000Z")
    expect(trigger.previous?.(Date.UTC(2026, 4, 1, 8))).toBeUndefined()
    expect(trigger.previous?.(Date.UTC(2026, 4, 1, 7))).toBeUndefined()
    expect(trigger.end).toBe(Date.UTC(2026, 4, 1, 10))
  })

  it("ends with the year 9999, and starts after it never", () => {
    const trigger = cronParser("0 0 1 1 *", { timezone: "UTC" })
    expect(iso(trigger.next(Date.UTC(9998, 5, 1)))).toBe("9999-01-01T00:00:00.000Z")
    expect(trigger.next(Date.UTC(9999, 5, 1))).toBeUndefined()
    expect(trigger.next(Date.UTC(10_000, 5, 1))).toBeUndefined()
  })

  it("spreads H by the id of its job, the same after a restart, or by a seed", async () => {
    const clock = virtualClock(Date.UTC(2026, 0, 1))
    const scheduler = createScheduler({
      tasks: [task("t", () => null)],
      triggers: [cronParser],
      timezone: "Europe/Berlin",
      clock
    })
    await scheduler.start()
    const trigger = cronParser("H H * * *")
    const ids = ["a", "b", "c", "d", "e", "f"]
    for (const id of ids) await scheduler.addJob({ id, task: "t", trigger })
    const jobs = await scheduler.getJobs()
    for (const job of jobs) {
      expect(job.trigger).toEqual({
        type: "cron-parser",
        expression: "H H * * *",
        timezone: "Europe/Berlin",
        hashSeed: job.id
      })
      expect(job.nextFireAt).toBe(parserNext("H H * * *", "Europe/Berlin", job.id, clock.now()))
    }
    expect(new Set(jobs.map(({ nextFireAt }) => nextFireAt)).size).toBeGreaterThan(3)
    expect(await scheduler.verify()).toMatchObject({ ok: true })
    await scheduler.shutdown()
    expect(trigger.next(clock.now())).toBe(trigger.next(clock.now()))
  })

  it("runs, is caught up after a downtime, and explained", async () => {
    const clock = virtualClock(Date.UTC(2026, 2, 28))
    const ran: Array<string> = []
    const scheduler = createScheduler({
      tasks: [task("t", ({ fireAt }) => void ran.push(iso(fireAt)))],
      triggers: [cronParser],
      clock
    })
    await scheduler.start()
    const trigger = cronParser("*/30 2 * * *", { timezone: "Europe/Berlin" })
    await scheduler.addJob({ id: "gap", task: "t", trigger, coalesce: "all" })
    await clock.advance("26 hours")
    // Asked anew after it, cron-parser makes one fire time of the hour that is left out; an iterator of it makes two.
    expect(ran).toEqual(["2026-03-28T01:00:00.000Z", "2026-03-28T01:30:00.000Z", "2026-03-29T01:00:00.000Z"])
    await scheduler.shutdown()
    expect(explainFireTime(trigger, "2026-03-28T01:30:00Z")).toMatchObject({ fires: true })
    expect(explainFireTime(trigger, "2026-03-28T01:31:00Z").refusedBy).toEqual([
      { trigger: "cron-parser", field: "expression", found: "2026-03-28T02:31:00+01:00", expected: "*/30 2 * * *" }
    ])
    expect(describeTrigger(trigger)).toBe('as cron-parser reads "*/30 2 * * *" (Europe/Berlin)')
  })

  it("is read back from what is stored, and nothing else is", () => {
    const { read } = createTriggerRegistry([cronParser])
    const trigger = cronParser("H 2 * * *", { timezone: "UTC", hashSeed: "me", start: 5, end: "2027-01-01" })
    const stored = JSON.parse(JSON.stringify(trigger)) as { type: string }
    expect(read(stored).toJSON()).toEqual(stored)
    expect(read(stored).next(10)).toBe(trigger.next(10))
    expect(() => read({ ...stored, surplus: 1 })).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "cron-parser", found: "surplus" })
    )
    expect(() => read({ type: "cron-parser" })).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError" }))
    expect(() => createTriggerRegistry([]).read(stored)).toThrow(
      expect.objectContaining({ _tag: "UnknownTriggerError" })
    )
  })

  it.each<[string, () => unknown, object]>([
    ["what cron-parser does not read", () => cronParser("99 * * * *"), { field: "expression", found: "99 * * * *" }],
    ["30 February", () => cronParser("0 0 30 2 *"), { field: "expression" }],
    ["no text", () => cronParser(""), { field: "expression", found: "" }],
    ["blanks", () => cronParser("  "), { field: "expression" }],
    ["a number", () => cronParser(5 as never), { field: "expression", found: "5" }],
    ["an unknown option", () => cronParser("* * * * *", { tz: "UTC" } as never), { field: "options", found: "tz" }],
    ["an empty seed", () => cronParser("H * * * *", { hashSeed: "" }), { field: "hashSeed" }],
    ["POSIX's zones", () => cronParser("0 2 * * *", { timezone: "CET-1CEST,M3.5.0,M10.5.0/3" }), { field: "timezone" }]
  ])("refuses %s", (_, make, error) => {
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "cron-parser", ...error }))
  })

  it("refuses an unknown zone", () => {
    expect(() => cronParser("0 2 * * *", { timezone: "Europe/Nowhere" })).toThrow(
      expect.objectContaining({ _tag: "UnknownTimezoneError" })
    )
  })

  it("takes a zone that is an offset", () => {
    const after = Date.UTC(2026, 0, 1)
    for (const [timezone, hour] of [
      ["+02:00", 22],
      ["-05:30", 5],
      ["UTC+2", 22],
      ["Z", 0]
    ] as const) {
      const at = cronParser("0 0 * * *", { timezone }).next(after - 1) ?? 0
      expect([timezone, new Date(at).getUTCHours()]).toEqual([timezone, hour])
    }
  })
})

describe("cronParser of a CronExpression", () => {
  const after = Date.UTC(2026, 0, 1)
  const parse = (text: string, tz = "Europe/Berlin", hashSeed = "seed") =>
    CronExpressionParser.parse(text, { tz, hashSeed, currentDate: after })

  it.each(["0 9 * * 1-5", "H H(1-4) * * *", "*/10 * * * *", "0 0 1-31 * mon", "0 0 L * *", "0 0 * * 1#2", "@daily"])(
    "has its fire times: %s",
    (text) => {
      const trigger = cronParser(parse(text), { timezone: "Europe/Berlin" })
      const theirs = parse(text)
        .take(5)
        .map((each) => each.getTime())
      expect([...fireTimes(trigger, { after, limit: 5 })]).toEqual(theirs)
      const { read } = createTriggerRegistry([cronParser])
      expect([...fireTimes(read(trigger.toJSON()), { after, limit: 5 })]).toEqual(theirs)
    }
  )

  it("leaves the expression where it was", () => {
    const expression = parse("0 9 * * *")
    cronParser(expression, { timezone: "Europe/Berlin" })
    expect(expression.next().getTime()).toBe(Date.UTC(2026, 0, 1, 8))
  })

  it("asks for its zone, which it does not tell, and refuses another", () => {
    const error = { _tag: "InvalidTriggerError", trigger: "cron-parser", field: "timezone" }
    expect(() => cronParser(parse("0 9 * * *"))).toThrow(expect.objectContaining({ ...error, found: "nothing" }))
    expect(() => cronParser(parse("0 9 * * *"), { timezone: "America/New_York" })).toThrow(
      expect.objectContaining({ ...error, found: "America/New_York" })
    )
    // Only their summers differ.
    expect(() => cronParser(parse("0 9 * * *"), { timezone: "Africa/Lagos" })).toThrow(expect.objectContaining(error))
  })
})
