/** Unions and what all agree on are counted by days that are alike: as stepping counts them, and a gap of decades in no time. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createScheduler, memory, task } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { defineTrigger } from "../../src/trigger/customTrigger.ts"
import { date } from "../../src/trigger/date.ts"
import { clipped, countPartOf, countsBy, placeInDay } from "../../src/trigger/dayPattern.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { holidayCalendar } from "../../src/trigger/holidayCalendar.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
import { TriggerSearchError } from "../../src/trigger/search.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"
import { cpuMs } from "./cpuTime.ts"

const start = Date.parse("2026-01-01T00:00:00Z")
const day = 86_400_000
const year = 365.25 * day
const binding = { now: start, timezone: "UTC", jobId: "a" }

const stepped = (trigger: Trigger, after: number, through: number): number => {
  let count = 0
  for (let at = trigger.next(after); at !== undefined && at <= through; at = trigger.next(at)) count += 1
  return count
}

const zones = fc.constantFrom("UTC", "Europe/Stockholm", "Australia/Lord_Howe", "America/Havana", "+05:45")
const simple: fc.Arbitrary<Trigger> = fc.oneof(
  fc
    .tuple(fc.constantFrom(1_800_000, 3_600_000, 5_400_000, 25_200_000, 86_400_001, 3 * day), fc.nat({ max: 30 * day }))
    .map(([every, offset]) => interval(every, { start: start + offset - (offset % 600_000), end: start + 400 * day })),
  fc
    .tuple(fc.constantFrom("0 * * * *", "30 2 * * *", "*/30 * * * *", "0 0-6 * * 1-5", "0 12 1,15 * *"), zones)
    .map(([text, timezone]) => cron(text, { timezone })),
  zones.map((timezone) => calendarInterval({ days: 3, hour: 2, minute: 30 }, { start: "2026-01-03", timezone })),
  fc.nat({ max: 300 }).map((days) => date(start + days * day + 7_200_000))
)
/** One more level around some of `members`. */
const around = (members: fc.Arbitrary<Trigger>): fc.Arbitrary<Trigger> =>
  fc
    .tuple(fc.array(members, { minLength: 2, maxLength: 3 }), zones, fc.nat({ max: 8 }), fc.nat({ max: 200 }))
    .map(([parts, timezone, kind, days]) => {
      const [first = or(parts), second = first] = parts
      switch (kind) {
        case 0:
          return and([or(parts), cron("*/30 * * * *", { timezone })])
        case 1:
          return or([first, filter(second, { weekdays: "mon-thu" }, { timezone })])
        case 2:
          return not(or(parts), { dates: [{ from: "2026-03-01", through: "2026-03-29" }] }, { timezone })
        case 3:
          return or([window(first, { start: start + days * day + 5_000_000, end: start + 2 * days * day }), second])
        case 4:
          return or([limit(first, days + 1), second])
        case 5:
          return jitter(or(parts), "20 minutes")
        case 6:
          return or([jitter(first, "45 seconds"), second])
        case 7:
          return not(
            first,
            { calendar: holidayCalendar("free", ["2026-03-29", "2026-04-05", "2026-10-04"]) },
            { timezone }
          )
        default:
          return or(parts)
      }
    })
const composite: fc.Arbitrary<Trigger> = fc
  .oneof(around(simple), around(around(simple)), around(around(around(simple))))
  .map((trigger) => trigger.bind?.(binding) ?? trigger)

/** Counted part by part, none of them much larger than asked for. */
const countedInParts = (trigger: Trigger, after: number, through: number, most: number) => {
  let [count, at, parts, worst] = [0, after, 0, 0]
  while (at < through) {
    const work = { steps: 0, most }
    const part = trigger.countPart?.(at, through, work) ?? { count: NaN, through: at }
    if (part.through <= at) return { count: NaN, parts, worst }
    count += part.count
    at = part.through
    parts += 1
    worst = Math.max(worst, work.steps)
  }
  return { count, parts, worst }
}

describe("counting by days that are alike", () => {
  // Several tests, so that each is short.
  it.each([5, 6, 7, 8, 9])(
    "gives what stepping gives, triggers of seed %i",
    (seed) => {
      fc.assert(
        fc.property(composite, fc.nat({ max: 300 * day }), fc.nat({ max: 120 * day }), (trigger, offset, length) => {
          const [after, through] = [start + offset, start + offset + length]
          const expected = agreeing(() => stepped(trigger, after, through))
          if (trigger.count !== undefined) expect(trigger.count(after, through)).toBe(expected)
          if (trigger.countPart !== undefined && through > after)
            expect(countedInParts(trigger, after, through, 1 + (offset % 500)).count).toBe(expected)
        }),
        { numRuns: process.env["EXHAUSTIVE"] === undefined ? 30 : 1_000, seed }
      )
    },
    60_000
  )

  it.for<readonly [string, Trigger, number]>([
    ["a second or a day", or([interval("1 second", { start }), cron("0 9 * * *", { timezone: "Europe/Oslo" })]), 1],
    ["a second or a minute", or([interval("1 second", { start }), cron("* * * * *", { timezone: "UTC" })]), 1],
    [
      "a second or half a second on",
      or([interval("1 second", { start }), interval("1 minute", { start: start + 500 })]),
      61 / 60
    ]
  ])("of decades takes no time: %s", ([, trigger, perSecond]) => {
    const startedMs = cpuMs()
    expect(trigger.count?.(start - 1, start + 56 * year - 1)).toBe((56 * year * perSecond) / 1000)
    expect(cpuMs() - startedMs).toBeLessThan(3000)
  })

  const minutes = cron("* * * * *", { timezone: "UTC" })
  const moved = jitter(minutes, "10 seconds")
  const each = interval("1 minute", { start })
  it.for<readonly [string, Trigger]>([
    ["minutes that move, and minutes", or([moved, each])],
    ["minutes that move, in two ways", or([moved, jitter(each, "1 minute")])],
    ["minutes that move on a second", and([moved, interval("1 second", { start })])],
    ["on weekdays", filter(or([moved, each]), { weekdays: "mon-fri" }, { timezone: "America/New_York" })],
    ["moved again", jitter(or([moved, each]), "3 seconds")],
    ["a million of them", or([limit(moved, 1_000_000), each])],
    ["within a window", or([window(moved, { start: start + year, end: start + 30 * year }), each])],
    [
      "three levels",
      or([and([or([moved, each]), interval("1 second", { start })]), cron("0 9 * * 1-5", { timezone: "Europe/Oslo" })])
    ],
    [
      "not on some days",
      not(or([moved, each]), { calendar: holidayCalendar("free", ["2030-01-01"]) }, { timezone: "UTC" })
    ]
  ])("takes parts of some milliseconds where days are not alike, some hundred for decades: %s", ([, trigger]) => {
    const bound = trigger.bind?.(binding) ?? trigger
    const { count, parts, worst } = countedInParts(bound, start, start + 7 * year, 250_000)
    expect(count).toBeGreaterThan(0)
    expect(parts).toBeLessThan(1000 / 8)
    expect(worst).toBeLessThan(300_000)
  })

  it("takes its time where days are not alike and dense", () => {
    const dense = or([interval(1000, { start }), interval(7001, { start })])
    const startedMs = cpuMs()
    expect(dense.count?.(start, start + 56 * year)).toBeUndefined()
    expect(dense.count?.(start, start + 3_600_000)).toBe(stepped(dense, start, start + 3_600_000))
    expect(cpuMs() - startedMs).toBeLessThan(3000)
    const own = defineTrigger({ type: "own", next: (after) => after + 1 })(null)
    expect(or([own, interval(1000, { start })]).count).toBeUndefined()
  })
})

describe("a clock that jumps decades forward", () => {
  it("costs a job on `or` or `and` one run and one account", async () => {
    const clock = virtualClock(start)
    const tick = task("tick", () => null)
    const scheduler = createScheduler({ tasks: [tick], clock, store: memory(), timezone: "UTC" })
    await scheduler.start()
    const seconds = interval("1 second", { start })
    await scheduler.addJob({
      id: "or",
      task: tick,
      trigger: or([seconds, cron("30 2 * * *", { timezone: "Europe/Oslo" })])
    })
    await scheduler.addJob({ id: "and", task: tick, trigger: and([seconds, cron("* * * * * *")]) })
    const hours = or([jitter(cron("0 * * * *", { timezone: "UTC" }), "10 seconds"), interval("1 minute", { start })])
    await scheduler.addJob({ id: "jittered", task: tick, trigger: hours })
    await scheduler.addJob({ id: "later", task: tick, trigger: or([seconds, cron("0 0 * * *")]), jitter: "100 millis" })
    await clock.advance("10 seconds")
    clock.stepWall(56 * year)
    const startedMs = cpuMs()
    await clock.advance("2 minutes")
    expect(cpuMs() - startedMs).toBeLessThan(30_000)
    for (const jobId of ["or", "and"]) {
      const gap = (await scheduler.getLedger({ jobId, kind: "coalesced" })).find(({ count }) => count > 1000)
      // Every second of the gap but the last, which ran: one entry, whatever their number.
      expect((gap?.through ?? 0) - (gap?.from ?? 0)).toBe(((gap?.count ?? 0) - 1) * 1000)
      expect(gap?.count).toBeGreaterThan(1_767_000_000)
    }
    // Minutes, and the hours that do not move onto one; counted part by part, and one entry all the same.
    const parts = await scheduler.getLedger({ jobId: "jittered", kind: "coalesced" })
    expect(parts.filter(({ count }) => count > 2)).toHaveLength(1)
    expect(parts.find(({ count }) => count > 2)?.count).toBeGreaterThan((56 * year) / 60_000)
    expect((await scheduler.verify()).violations).toEqual([])
    await scheduler.shutdown()
  })
})

/** Triggers that never agree end their search with an error, which is another matter. */
const agreeing = <A>(ask: () => A): A => {
  try {
    return ask()
  } catch (error) {
    fc.pre(!(error instanceof TriggerSearchError))
    throw error
  }
}

describe("what counting costs", () => {
  const spent = () => ({ steps: 0, most: 1_000_000 })
  const counting = (count: Trigger["count"]): Trigger => ({
    type: "mine",
    next: () => undefined,
    toJSON: () => ({ type: "mine" }),
    ...(count && { count })
  })

  it("is told of a trigger that counts all at once", () => {
    const work = spent()
    expect(countPartOf(counting(() => 5))?.(10, 20, work)).toEqual({ count: 5, through: 20 })
    expect(work.steps).toBeGreaterThan(0)
    expect(countPartOf(counting(() => undefined))?.(10, 20, work)).toEqual({ count: 0, through: 10 })
    expect(countPartOf(counting(undefined))).toBeUndefined()
  })

  it("is less for days whose pattern is known than for those that must be listed", () => {
    const both = or([cron("* * * * *", { timezone: "UTC" }), interval("7 seconds", { start })])
    const costs = (from: number) => {
      const work = spent()
      both.countPart?.(start + from * day - 1, start + (from + 1) * day - 1, work)
      return work.steps
    }
    // The interval's phase is the same again after seven days.
    const [listed, known, again] = [costs(7), costs(14), costs(21)]
    expect(known).toBe(again)
    expect(known).toBeLessThan(listed / 10)
    expect(known).toBeGreaterThan(100)
  })

  it("is nothing where there is nothing to count", () => {
    const { count } = countsBy(() => {
      throw new Error("asked")
    })
    expect([count?.(5, 5), count?.(6, 5)]).toEqual([0, 0])
  })

  it("is too much where only a part was counted", () => {
    expect(countsBy((after, through) => ({ count: 3, through: through - 1 + after })).count?.(0, 9)).toBeUndefined()
    expect(countsBy((after, through) => ({ count: 3, through: through + after })).count?.(0, 9)).toBe(3)
  })
})

describe("a count between two bounds", () => {
  /** Counts every millisecond, `reach` of them at a time. */
  const parts = (reach: number): Trigger => ({
    type: "mine",
    next: (after) => after + 1,
    toJSON: () => ({ type: "mine" }),
    countPart: (after, through) => {
      const reached = Math.min(through, after + reach)
      return { count: reached - after, through: reached }
    }
  })
  const part = (reach: number, after: number, through: number) =>
    clipped(parts(reach), () => [100, 200]).countPart?.(after, through, { steps: 0, most: 9 })

  it("has all of a stretch counted once nothing is left within the bounds", () => {
    expect(part(1000, 0, 500)).toEqual({ count: 101, through: 500 })
    expect(part(1000, 149, 150)).toEqual({ count: 1, through: 150 })
  })

  it("has nothing outside of them", () => {
    expect([part(1000, 0, 99), part(1000, 200, 300)]).toEqual([
      { count: 0, through: 99 },
      { count: 0, through: 300 }
    ])
  })

  it("goes on where its trigger stopped, or not at all", () => {
    expect(part(10, 0, 500)).toEqual({ count: 10, through: 109 })
    expect(part(10, 150, 500)).toEqual({ count: 10, through: 160 })
    expect(part(0, 0, 500)).toEqual({ count: 0, through: 0 })
    expect(part(0, 150, 500)).toEqual({ count: 0, through: 150 })
  })
})

describe("a place in a day", () => {
  it("is before it, after it, or so many milliseconds from its beginning", () => {
    expect([start - 1, start, start + day - 1, start + day].map((at) => placeInDay(at, start))).toEqual([
      "-",
      "0",
      String(day - 1),
      "+"
    ])
  })
})
