/**
 * Cron in every zone of the runtime, around every transition 1970-2070. The unit run takes a seeded sample; `EXHAUSTIVE=1` takes all,
 * which is minutes of work.
 */
import { IANAZone } from "luxon"
import { describe, expect, it } from "vitest"
import type { Span } from "../../src/time/transitions.ts"
import { zoneOf } from "../../src/time/zone.ts"
import { compileCron, cron } from "../../src/trigger/cron/cron.ts"
import { matchesWall } from "./slowCron.ts"

const exhaustive = process.env["EXHAUSTIVE"] !== undefined
const timezones = Intl.supportedValuesOf("timeZone")
const [from, until] = [0, Date.UTC(2070, 0, 1)]
const hourMs = 3_600_000

/** Numbers that look random and are the same in each run. */
const seeded = (seed: number) => () => {
  seed = (Math.imul(seed ^ (seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
  return (seed ^ (seed >>> 13)) >>> 0
}

const spansOf = (timezone: string): ReadonlyArray<Span> => {
  const zone = zoneOf(timezone)
  const spans: Array<Span> = []
  for (let at = from; at < until; at = spans.at(-1)?.until ?? until) spans.push(zone.spanAt(at))
  return spans
}

const transitionsOf = (timezone: string): ReadonlyArray<Span> =>
  spansOf(timezone).filter((span) => span.offsetMs !== span.previousOffsetMs)

/** Wall times that a transition may hit, as fixed times, steps and wildcards; minutes divide 15, so quarters are enough to look at. */
const expressions = [
  "30 2 * * *",
  "0 0 * * *",
  "15,45 1-3 * * *",
  "*/15 * * * *",
  "0 */2 * * *",
  "45 23 * * 6,0",
  "0 0 1 * *",
  "30 0-3 * * *"
]

/** What must fire in [from, until), from luxon's offsets and field by field, quarter by quarter. */
const expectedAround = (
  expression: string,
  dst: "compatible" | "every-match",
  timezone: string,
  start: number,
  end: number
) => {
  const { rule } = compileCron(expression).pattern
  const luxonZone = IANAZone.create(timezone)
  const found = new Set<number>()
  const wall = dst === "compatible" && rule.pace === "wall"
  const quarterMs = 900_000
  const seen = new Set<number>()
  let previousMs: number | undefined
  // Two days more before, so that first passes and gaps just outside are seen.
  for (let at = start - 48 * hourMs; at < end; at += quarterMs) {
    const offsetMs = luxonZone.offset(at) * 60_000
    const local = at + offsetMs
    if (wall && previousMs !== undefined && offsetMs > previousMs) {
      for (let missing = at + previousMs; missing < local; missing += quarterMs) {
        if (matchesWall(rule, missing)) found.add(missing - previousMs)
      }
    }
    if (!(wall && seen.has(local)) && matchesWall(rule, local)) found.add(at)
    seen.add(local)
    previousMs = offsetMs
  }
  return [...found].filter((at) => at >= start && at < end).sort((a, b) => a - b)
}

/** Transitions and offsets that lie on quarters of an hour; the few others (Monrovia 1972) are in the search's own tests. */
const onQuarters = (span: Span): boolean =>
  [span.from, span.offsetMs, span.previousOffsetMs].every((value) => value % 900_000 === 0)

const check = (timezone: string, transition: Span, expression: string, dst: "compatible" | "every-match"): void => {
  const [start, end] = [transition.from - 30 * hourMs, transition.from + 30 * hourMs]
  const trigger = cron(expression, { timezone, dst })
  const expected = expectedAround(expression, dst, timezone, start, end)
  const found: Array<number> = []
  for (let at = trigger.next(start - 1); at !== undefined && at < end; at = trigger.next(at)) {
    // Strictly increasing, or this would not end.
    if (found.length > 0 && at <= (found.at(-1) ?? at))
      throw new Error(`${timezone} ${expression}: ${at} after ${found.at(-1) ?? ""}`)
    found.push(at)
    if (trigger.previous?.(at + 1) !== at)
      throw new Error(`${timezone} ${expression}: previous(${at + 1}) is not ${at}`)
  }
  if (found.join() !== expected.join()) {
    expect({ timezone, expression, dst, at: transition.from, found: found.map(iso) }).toEqual({
      timezone,
      expression,
      dst,
      at: transition.from,
      found: expected.map(iso)
    })
  }
  if (trigger.count?.(start - 1, end - 1) !== expected.length) {
    expect({ timezone, expression, dst, at: iso(transition.from), count: trigger.count?.(start - 1, end - 1) }).toEqual(
      {
        timezone,
        expression,
        dst,
        at: iso(transition.from),
        count: expected.length
      }
    )
  }
}

const iso = (at: number): string => new Date(at).toISOString()

describe("cron in every zone", () => {
  it("serves each match once around transitions, skips none and invents none", { timeout: 7_200_000 }, () => {
    const random = seeded(20_261_121)
    let checked = 0
    const sample = exhaustive
      ? timezones
      : Array.from({ length: 10 }, () => timezones[random() % timezones.length] ?? "UTC")
    for (const timezone of sample) {
      const transitions = transitionsOf(timezone).filter(onQuarters)
      const picked =
        exhaustive || transitions.length < 3
          ? transitions
          : Array.from({ length: 3 }, () => transitions[random() % transitions.length])
      for (const transition of picked) {
        if (transition === undefined) continue
        // All expressions at each transition would be hours: which one it meets is drawn.
        const expression = expressions[random() % expressions.length] ?? ""
        check(timezone, transition, expression, random() % 3 === 0 ? "every-match" : "compatible")
        checked += 1
      }
    }
    expect(checked).toBeGreaterThan(10)
  })

  it("has luxon's offsets, and finds each transition to the second", { timeout: 7_200_000 }, () => {
    const random = seeded(7)
    const sample = exhaustive
      ? timezones
      : Array.from({ length: 8 }, () => timezones[random() % timezones.length] ?? "UTC")
    for (const timezone of sample) {
      const luxonZone = IANAZone.create(timezone)
      const spans = exhaustive ? spansOf(timezone) : spansOf(timezone).filter(() => random() % 4 === 0)
      for (const span of spans) {
        const places = [
          span.from,
          span.until - 1000,
          span.from + (random() % Math.max(1, Math.min(span.until - span.from, 2 ** 31)))
        ]
        for (const at of places) {
          if (luxonZone.offset(at) * 60_000 !== span.offsetMs)
            expect([timezone, iso(at), luxonZone.offset(at)]).toEqual([timezone, iso(at), span.offsetMs / 60_000])
        }
        if (luxonZone.offset(span.from - 1000) * 60_000 !== span.previousOffsetMs) {
          expect([timezone, iso(span.from - 1000), luxonZone.offset(span.from - 1000)]).toEqual([
            timezone,
            iso(span.from - 1000),
            span.previousOffsetMs / 60_000
          ])
        }
      }
    }
  })

  it("restarted in the middle, gives the same sequence", () => {
    const random = seeded(99)
    for (let round = 0; round < (exhaustive ? 2000 : 60); round++) {
      const timezone = timezones[random() % timezones.length] ?? "UTC"
      const trigger = cron(expressions[random() % expressions.length] ?? "", { timezone })
      const start = from + (random() / 2 ** 32) * (until - from)
      let at = Math.floor(start)
      const sequence = Array.from({ length: 50 }, () => (at = trigger.next(at) ?? NaN))
      for (const [index, fireAt] of sequence.entries()) {
        const before = sequence[index - 1] ?? Math.floor(start)
        const between = Math.floor(before + (random() / 2 ** 32) * (fireAt - before))
        expect(trigger.next(between)).toBe(fireAt)
        expect(trigger.previous?.(fireAt)).toBe(index === 0 ? trigger.previous?.(before + 1) : before)
      }
      expect(trigger.count?.(Math.floor(start), at)).toBe(50)
    }
  })
})
