/** Unions and what all agree on are counted by days that are alike: as stepping counts them, and a gap of decades in no time. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createScheduler, memory, task } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron.ts"
import { defineTrigger } from "../../src/trigger/customTrigger.ts"
import { date } from "../../src/trigger/date.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
import { TriggerSearchError } from "../../src/trigger/search.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"

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
const composite: fc.Arbitrary<Trigger> = fc
  .tuple(fc.array(simple, { minLength: 2, maxLength: 3 }), zones, fc.nat({ max: 6 }), fc.nat({ max: 200 }))
  .map(([members, timezone, kind, days]) => {
    const union = or(members)
    switch (kind) {
      case 0:
        return and([union, cron("*/30 * * * *", { timezone })])
      case 1:
        return or([union, filter(union, { weekdays: "mon-thu" }, { timezone })])
      case 2:
        return not(union, { dates: [{ from: "2026-03-01", through: "2026-03-29" }] }, { timezone })
      case 3:
        return or([
          window(union, { start: start + days * day + 5_000_000, end: start + 2 * days * day }),
          members[0] ?? union
        ])
      case 4:
        return or([limit(union, days + 1).bind?.(binding) ?? union, members[1] ?? union])
      case 5:
        return jitter(union, "20 minutes").bind?.(binding) ?? union
      default:
        return union
    }
  })

describe("counting by days that are alike", () => {
  it("gives what stepping gives", () => {
    fc.assert(
      fc.property(composite, fc.nat({ max: 300 * day }), fc.nat({ max: 120 * day }), (trigger, offset, length) => {
        const [after, through] = [start + offset, start + offset + length]
        const expected = agreeing(() => stepped(trigger, after, through))
        expect(trigger.count?.(after, through)).toBe(expected)
      }),
      { numRuns: process.env["EXHAUSTIVE"] === undefined ? 150 : 5_000, seed: 5 }
    )
  })

  it.for<readonly [string, Trigger, number]>([
    ["a second or a day", or([interval("1 second", { start }), cron("0 9 * * *", { timezone: "Europe/Oslo" })]), 1],
    ["a second or a minute", or([interval("1 second", { start }), cron("* * * * *", { timezone: "UTC" })]), 1],
    [
      "a second or half a second on",
      or([interval("1 second", { start }), interval("1 minute", { start: start + 500 })]),
      61 / 60
    ]
  ])("of decades takes no time: %s", ([, trigger, perSecond]) => {
    const startedMs = performance.now()
    expect(trigger.count?.(start - 1, start + 56 * year - 1)).toBe((56 * year * perSecond) / 1000)
    expect(performance.now() - startedMs).toBeLessThan(3000)
  })

  it("is left to steps where days are not alike and dense", () => {
    const dense = or([interval(1000, { start }), interval(7001, { start })])
    const startedMs = performance.now()
    expect(dense.count?.(start, start + 56 * year)).toBeUndefined()
    expect(dense.count?.(start, start + 3_600_000)).toBe(stepped(dense, start, start + 3_600_000))
    expect(performance.now() - startedMs).toBeLessThan(3000)
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
    await scheduler.addJob({ id: "later", task: tick, trigger: or([seconds, cron("0 0 * * *")]), jitter: "100 millis" })
    await clock.advance("10 seconds")
    clock.stepWall(56 * year)
    const startedMs = performance.now()
    await clock.advance("2 minutes")
    expect(performance.now() - startedMs).toBeLessThan(30_000)
    for (const jobId of ["or", "and"]) {
      const gap = (await scheduler.getMisfires({ jobId, kind: "coalesced" })).find(({ count }) => count > 1000)
      // Every second of the gap but the last, which ran: one entry, whatever their number.
      expect((gap?.through ?? 0) - (gap?.from ?? 0)).toBe(((gap?.count ?? 0) - 1) * 1000)
      expect(gap?.count).toBeGreaterThan(1_767_000_000)
    }
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
