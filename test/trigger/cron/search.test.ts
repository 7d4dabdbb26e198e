/**
 * Fire times around changes of an offset, in zones made for it, against every instant looked at one after the other: a wall time that is
 * jumped over comes that much later, one that comes twice is served the first time, and by `elapsed` every match counts.
 */
import { describe, expect, it } from "vitest"
import type { Span } from "../../../src/time/transitions.ts"
import type { Zone } from "../../../src/time/zone.ts"
import { zoneOf } from "../../../src/time/zone.ts"
import { CronPattern } from "../../../src/trigger/cron/pattern.ts"
import type { CronRule } from "../../../src/trigger/cron/rule.ts"
import { countMatches, nextMatch, type Pace, previousMatch } from "../../../src/trigger/cron/search.ts"

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000]
const at = (text: string): number => Date.parse(`${text}Z`)
const from = at("2026-03-01T00:00")
const until = at("2026-03-14T00:00")
/** All that is asked for here lies this far apart. */
const grain = 10 * minute

/** A zone whose offset changes at these instants; at first it is none. */
const zoneWith = (changes: ReadonlyArray<readonly [at: number, offsetMs: number]>): Zone => {
  const spans = [[-Infinity, 0] as const, ...changes].map(([start, offsetMs], index, all): Span => ({
    from: start,
    until: all[index + 1]?.[0] ?? Infinity,
    offsetMs,
    previousOffsetMs: all[index - 1]?.[1] ?? offsetMs
  }))
  return {
    name: "made",
    spanAt: (instant) => {
      const found = spans.find((span) => instant >= span.from && instant < span.until)
      if (found === undefined) throw new Error("no such instant")
      return found
    }
  }
}

const zones: ReadonlyArray<readonly [string, Zone]> = [
  ["without a change", zoneWith([])],
  [
    "an hour forward and back",
    zoneWith([
      [at("2026-03-04T02:00"), hour],
      [at("2026-03-09T02:00"), 0]
    ])
  ],
  [
    "an hour back and forward",
    zoneWith([
      [at("2026-03-04T02:00"), -hour],
      [at("2026-03-09T02:00"), 0]
    ])
  ],
  [
    "half an hour, twice in a week",
    zoneWith([
      [at("2026-03-04T00:00"), hour / 2],
      [at("2026-03-10T23:50"), hour]
    ])
  ],
  ["a day left out", zoneWith([[at("2026-03-05T10:00"), day - 10 * hour]])],
  ["a day that comes twice", zoneWith([[at("2026-03-05T10:00"), -day]])],
  [
    "at the turn of the day",
    zoneWith([
      [at("2026-03-06T00:00"), hour],
      [at("2026-03-07T23:00"), 0]
    ])
  ]
]

const rule: CronRule = {
  seconds: [0],
  minutes: [0],
  hours: [0],
  daysOfMonth: undefined,
  daysOfWeek: undefined,
  dayFields: "both",
  months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  weeks: undefined,
  years: undefined,
  pace: "wall"
}
const everyHour = Array.from({ length: 24 }, (_, each) => each)
const patterns = [
  ["every ten minutes", { minutes: [0, 10, 20, 30, 40, 50], hours: everyHour }],
  ["every hour", { hours: everyHour }],
  ["at half past two", { minutes: [30], hours: [2] }],
  ["at two and at three", { hours: [2, 3] }],
  ["at half past one and at ten past two", { minutes: [10, 30], hours: [1, 2] }],
  ["at midnight and before", { minutes: [0, 50], hours: [0, 23] }],
  ["on one day", { minutes: [0, 30], hours: [1, 2, 23], daysOfMonth: [{ _tag: "Day", day: 4 }] }]
] as const satisfies ReadonlyArray<readonly [string, Partial<CronRule>]>

/** All fire times of the stretch, looked for at every ten minutes. */
const allOf = (pattern: CronPattern, zone: Zone, pace: Pace): ReadonlyArray<number> => {
  const found = new Set<number>()
  const served = new Set<number>()
  for (let instant = from - 3 * day; instant < until + 3 * day; instant += grain) {
    const span = zone.spanAt(instant)
    if (instant === span.from && pace === "wall")
      for (let missing = instant + span.previousOffsetMs; missing < instant + span.offsetMs; missing += grain)
        if (pattern.matches(missing / 1000)) found.add(missing - span.previousOffsetMs)
    const wall = instant + span.offsetMs
    if (pattern.matches(wall / 1000) && !(pace === "wall" && served.has(wall))) found.add(instant)
    served.add(wall)
  }
  return [...found].sort((a, b) => a - b).filter((instant) => instant >= from && instant < until)
}

describe.each(zones)("in a zone: %s", (_zone, zone) => {
  describe.each(["wall", "elapsed"] as const)("by %s", (pace) => {
    it.each(patterns)("%s", (_pattern, own) => {
      const pattern = new CronPattern({ ...rule, ...own })
      const all = allOf(pattern, zone, pace)
      expect(all.length).toBeGreaterThan(1)
      const [first = 0, last = 0] = [all[0], all.at(-1)]
      const wrong: Array<string> = []
      let passed = 0
      for (let instant = first; instant < last; instant += grain) {
        if (all[passed] === instant) passed += 1
        for (const asked of [instant, instant + 1, instant + grain - 1]) {
          const right =
            nextMatch(pattern, zone, pace, asked) === all[passed] &&
            previousMatch(pattern, zone, pace, asked + 1) === all[passed - 1] &&
            countMatches(pattern, zone, pace, first - 1, asked) === passed &&
            countMatches(pattern, zone, pace, asked, last) === all.length - passed
          if (!right) wrong.push(new Date(asked).toISOString())
        }
      }
      expect(wrong).toEqual([])
    })
  })
})

describe("far away", () => {
  const leapDay = new CronPattern({ ...rule, months: [2], daysOfMonth: [{ _tag: "Day", day: 29 }] })
  const of2026 = new CronPattern({ ...rule, years: [2026], months: [3], daysOfMonth: [{ _tag: "Day", day: 29 }] })
  const stockholm = zoneOf("Europe/Stockholm")

  it.each(["wall", "elapsed"] as const)("a rare date is found past all changes in between, by %s", (pace) => {
    expect(nextMatch(leapDay, stockholm, pace, at("2096-03-01T00:00"))).toBe(at("2104-02-28T23:00"))
    expect(previousMatch(leapDay, stockholm, pace, at("2104-02-01T00:00"))).toBe(at("2096-02-28T23:00"))
    expect(countMatches(leapDay, stockholm, pace, at("2020-03-01T00:00"), at("2104-03-01T00:00"))).toBe(20)
  })

  it.each(["wall", "elapsed"] as const)("there is none before the first nor after the last, by %s", (pace) => {
    for (const zone of [stockholm, zoneOf("UTC"), zoneOf("+02:00")]) {
      const only = nextMatch(of2026, zone, pace, 0) ?? NaN
      expect(only).toBe(at("2026-03-29T00:00") - zone.spanAt(only).offsetMs)
      expect([nextMatch(of2026, zone, pace, only), previousMatch(of2026, zone, pace, only)]).toEqual([
        undefined,
        undefined
      ])
      expect(previousMatch(of2026, zone, pace, at("2500-01-01T00:00"))).toBe(only)
      expect(countMatches(of2026, zone, pace, -8.64e15, 8.64e15)).toBe(1)
      expect([
        countMatches(of2026, zone, pace, only - 1, only),
        countMatches(of2026, zone, pace, only, 8.64e15)
      ]).toEqual([1, 0])
    }
  })

  it("the last of all may come twice, by the second pass too", () => {
    const zone = zoneWith([[at("2026-03-09T02:00"), -hour]])
    const last = new CronPattern({
      ...rule,
      minutes: [30],
      hours: [1],
      years: [2026],
      months: [3],
      daysOfMonth: [{ _tag: "Day", day: 9 }]
    })
    const [first, second] = [at("2026-03-09T01:30"), at("2026-03-09T02:30")]
    expect([nextMatch(last, zone, "elapsed", first), nextMatch(last, zone, "elapsed", second)]).toEqual([
      second,
      undefined
    ])
    expect(nextMatch(last, zone, "wall", first)).toBeUndefined()
    expect([previousMatch(last, zone, "elapsed", second), previousMatch(last, zone, "wall", second)]).toEqual([
      first,
      first
    ])
  })

  it("the calendar begins with 1970 and ends with 9999", () => {
    const yearly = new CronPattern({ ...rule, months: [1], daysOfMonth: [{ _tag: "Day", day: 1 }] })
    for (const name of ["UTC", "+14:00", "-12:00"])
      expect(countMatches(yearly, zoneOf(name), "wall", -8.64e15, 8.64e15)).toBe(8030)
  })
})
