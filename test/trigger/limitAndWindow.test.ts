/** Parts of a trigger's fire times: the first so many, those between two instants, one alone; and those that are moved a little. */
import { describe, expect, it } from "vitest"
import { cron } from "../../src/trigger/cron/cron.ts"
import { date, dateCodec } from "../../src/trigger/date.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter, jitterCodec } from "../../src/trigger/jitter.ts"
import { limit, limitCodec } from "../../src/trigger/limit.ts"
import { stream } from "../../src/trigger/stream.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import type { Trigger, TriggerBinding, TriggerSpec } from "../../src/trigger/trigger.ts"
import { window, windowCodec } from "../../src/trigger/window.ts"

const binding: TriggerBinding = { now: 1_000, timezone: "Europe/Oslo", jobId: "a" }
const bound = (trigger: Trigger, own: Partial<TriggerBinding> = {}) => trigger.bind?.({ ...binding, ...own }) ?? trigger
const every = (everyMs: number) => interval(everyMs, { start: 0 })
const read = (spec: TriggerSpec) => createTriggerRegistry().read(spec)
const at = (text: string) => Date.parse(text)
const all = (trigger: Trigger, after = -1): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let each = trigger.next(after); each !== undefined && found.length < 20; each = trigger.next(each))
    found.push(each)
  return found
}
const refused = (field: string, found: string) =>
  expect.objectContaining({ _tag: "InvalidTriggerError", field, found }) as Error

describe("a limit", () => {
  it("has the first so many from when a job has it, that instant included unless it is not wanted", () => {
    expect(all(bound(limit(every(500), 3)))).toEqual([1_000, 1_500, 2_000])
    expect(all(bound(limit(every(500), 3), { nowExcluded: true }))).toEqual([1_500, 2_000, 2_500])
    expect(all(bound(limit(every(500), 1)))).toEqual([1_000])
  })

  it("looks back and counts within these", () => {
    const limited = bound(limit(every(500), 3))
    expect([999, 1_000, 1_001, 2_000, 2_001, 9_999].map((before) => limited.previous?.(before))).toEqual([
      undefined,
      undefined,
      1_000,
      1_500,
      2_000,
      2_000
    ])
    expect([limited.count?.(0, 9_999), limited.count?.(999, 1_000), limited.count?.(1_000, 1_500)]).toEqual([3, 1, 1])
  })

  it("is as many as its trigger has where that ends before", () => {
    expect(all(bound(limit(window(every(500), { end: 1_600 }), 9)))).toEqual([1_000, 1_500])
  })

  it("finds its last by counting where it is very many, to the millisecond", () => {
    for (const n of [10_001, 100_000, 1_000_000]) {
      const limited = bound(limit(every(7), n))
      const first = limited.next(0) ?? NaN
      const last = first + (n - 1) * 7
      expect([limited.previous?.(1e12), limited.next(last - 1), limited.next(last)]).toEqual([last, last, undefined])
    }
    const daily = bound(limit(cron("0 9 * * *", { timezone: "UTC" }), 10_001))
    expect(daily.previous?.(at("2100-01-01T00:00Z"))).toBe(at("1970-01-01T09:00Z") + 10_000 * 86_400_000)
  })

  it("counts nothing before a job has it, and keeps its beginning when another takes it over", () => {
    const waiting = limit(every(500), 1)
    expect([all(waiting).length, waiting.previous, waiting.toJSON()["from"]]).toEqual([20, undefined, undefined])
    const taken = bound(waiting)
    expect(bound(taken, { now: 7_000 }).toJSON()).toEqual(taken.toJSON())
    expect(taken.toJSON()).toEqual({ type: "limit", trigger: every(500).toJSON(), count: 1, from: 1_000 })
    expect(all(limitCodec.fromJSON(taken.toJSON(), read))).toEqual([1_000])
  })

  it.each([0, -1, 1.5, 1_000_001, NaN])("is not %s", (n) => {
    expect(() => limit(every(500), n)).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", field: "count" }))
  })

  it("is at most 10,000 of what cannot be counted", () => {
    const { count: _, ...stepped } = every(500)
    const uncounted: Trigger = {
      ...stepped,
      type: "mine",
      next: (after) => after + 1,
      toJSON: () => ({ type: "mine" })
    }
    expect(() => limit(uncounted, 10_001)).toThrow(refused("count", "10001"))
    expect(bound(limit(uncounted, 10_000)).next(10_998)).toBe(10_999)
    expect(bound(limit(uncounted, 10_000)).next(10_999)).toBeUndefined()
  })

  it("is none of runs, nor of a stream", () => {
    expect(() => limit(interval(5, { after: "run" }), 3)).toThrow(refused("trigger", "interval"))
    expect(() => limit(stream("orders"), 3)).toThrow(expect.objectContaining({ field: "trigger" }))
  })
})

describe("a window", () => {
  it("has the fire times from its start through its end", () => {
    const open = window(every(500), { start: 1_000, end: 2_000 })
    expect(all(open)).toEqual([1_000, 1_500, 2_000])
    expect([1_000, 1_001, 2_000, 2_001, 9_999].map((before) => open.previous?.(before))).toEqual([
      undefined,
      1_000,
      1_500,
      2_000,
      2_000
    ])
    expect([open.count?.(0, 9_999), open.count?.(999, 1_000), open.count?.(2_000, 9_999), open.end]).toEqual([
      3, 1, 0, 2_000
    ])
    expect(all(window(every(500), { end: 600 }))).toEqual([0, 500])
    expect(window(window(every(500), { end: 600 }), { end: 2_000 }).end).toBe(600)
  })

  it("has a fixed delay begin at its start, and no later than its end", () => {
    const delay = window(interval(100, { after: "run", start: 0 }), { start: 1_000, end: 2_000 })
    expect([-50, 0, 1_200, 1_900, 1_901].map((after) => delay.next(after))).toEqual([
      1_000,
      1_000,
      1_300,
      2_000,
      undefined
    ])
    expect(delay.after).toBe("run")
  })

  it("reads text in its own zone, or in the scheduler's once a job has it", () => {
    const text = { start: "1970-01-01T02:00" }
    expect(bound(window(every(500), text)).next(0)).toBe(3_600_000)
    expect(bound(window(every(500), { ...text, timezone: "UTC" })).next(0)).toBe(7_200_000)
    expect(bound(window(every(500), { end: "1970-01-01T02:00" })).end).toBe(3_600_000)
    const stored = {
      type: "window",
      trigger: every(500).toJSON(),
      start: "1970-01-01T02:00",
      timezone: "UTC",
      end: 9_000_000
    }
    expect(windowCodec.fromJSON(stored, read).toJSON()).toEqual(stored)
  })

  it.each<[bounds: object, field: string, found: string]>([
    [{ start: "soon" }, "start", "soon"],
    [{ end: null }, "end", "null"],
    [{ start: true }, "start", "true"],
    [{ timezone: 5 }, "timezone", "5"]
  ])("is none from %j", (bounds, field, found) => {
    expect(() => window(every(500), bounds)).toThrow(refused(field, found))
  })
})

describe("a date", () => {
  const one = date(1_000)

  it("fires once, at its instant", () => {
    expect([one.next(999), one.next(1_000), one.previous?.(1_000), one.previous?.(1_001)]).toEqual([
      1_000,
      undefined,
      undefined,
      1_000
    ])
    expect([one.count?.(999, 1_000), one.count?.(1_000, 2_000), one.count?.(0, 999)]).toEqual([1, 0, 0])
  })

  it("reads text in its own zone, or in the scheduler's once a job has it", () => {
    expect(bound(date("1970-01-01T02:00")).next(0)).toBe(3_600_000)
    const settled = date("1970-01-01T02:00", { timezone: "UTC" })
    expect([settled.next(0), bound(settled), bound(one)]).toEqual([7_200_000, settled, one])
    for (const spec of [settled.toJSON(), one.toJSON()]) expect(dateCodec.fromJSON(spec, read).toJSON()).toEqual(spec)
  })

  it("is an instant that can be read", () => {
    expect(() => date(undefined as unknown as number)).toThrow(refused("at", "undefined"))
    expect(() => date("soon")).toThrow(refused("at", "soon"))
    expect(() => date(5, { timezone: "Nowhere/Land" })).toThrow(
      expect.objectContaining({ _tag: "UnknownTimezoneError" })
    )
  })
})

describe("jitter", () => {
  const jittered = (jobId: string, max = 100) => bound(jitter(every(500), max), { jobId })

  it("moves each fire time later by no more than it may", () => {
    const moved = all(jittered("a")).map((fireAt, index) => fireAt - index * 500)
    expect([Math.min(...moved) >= 0, Math.max(...moved) <= 100, new Set(moved).size > 5]).toEqual([true, true, true])
    expect(all(jittered("b"))).not.toEqual(all(jittered("a")))
  })

  it.each([
    ["a", 0, 566_963_667_456],
    ["a", 1_772_442_000_000, 194_324_534_535],
    ["daily report", 1_772_442_000_000, 178_400_655_528],
    ["a", -5_000_000_000_000, 97_559_191_172]
  ])("of job %s moves fire time %i by %i in every process and version", (jobId, fireAt, by) => {
    expect(bound(jitter(date(fireAt), 1_000_000_000_000), { jobId }).next(fireAt - 1)).toBe(fireAt + by)
  })

  it("draws from the whole of it: nothing, all, and evenly between", () => {
    const moved = Array.from(
      { length: 4_000 },
      (_, index) => (bound(jitter(date(index * 1_000), 3)).next(-1) ?? NaN) % 1_000
    )
    for (const by of [0, 1, 2, 3]) {
      const share = moved.filter((each) => each === by).length
      expect(share).toBeGreaterThan(900)
      expect(share).toBeLessThan(1_100)
    }
  })

  it("keeps a fire time before the next one, and each is told alike from wherever it is asked", () => {
    const wide = jittered("a", 10_000)
    const found = all(wide)
    found.forEach((fireAt, index) => {
      expect(fireAt).toBeGreaterThanOrEqual(index * 500)
      expect(fireAt).toBeLessThan((index + 1) * 500)
      expect([wide.next(fireAt - 1), wide.previous?.(fireAt + 1)]).toEqual([fireAt, fireAt])
      expect(wide.previous?.(fireAt)).toBe(found[index - 1])
      expect(wide.count?.(-1, fireAt)).toBe(index + 1)
    })
  })

  it("does without a look back where its trigger has none, unless too many lie within it", () => {
    const { previous: _, ...stepped } = every(500)
    const forwards: Trigger = {
      ...stepped,
      type: "mine",
      next: (after) => every(500).next(after),
      toJSON: () => ({ type: "mine" })
    }
    expect(all(bound(jitter(forwards, 100), { jobId: "a" }))).toEqual(all(jittered("a")))
    const dense: Trigger = { ...forwards, next: (after) => after + 1 }
    expect(() => bound(jitter(dense, 20_001)).next(50_000)).toThrow(refused("max", "20001 ms"))
    expect(bound(jitter(dense, 19_000)).next(50_000)).toBe(50_001)
  })

  it("moves by all the room that there is", () => {
    const tight = all(bound(jitter(interval(2, { start: 0 }), 5)))
    expect(new Set(tight.map((fireAt) => fireAt % 2))).toEqual(new Set([0, 1]))
  })

  it("knows without a look back what it has moved past an instant", () => {
    const forwards: Trigger = {
      type: "mine",
      next: (after) => every(500).next(after),
      toJSON: () => ({ type: "mine" })
    }
    const moved = bound(jitter(forwards, 100), { jobId: "a" })
    const later = all(moved).flatMap((fireAt, index) => (fireAt > index * 500 ? [[index * 500, fireAt] as const] : []))
    expect(later.length).toBeGreaterThan(5)
    for (const [from, fireAt] of later) expect([moved.next(from), moved.next(fireAt - 1)]).toEqual([fireAt, fireAt])
  })

  it("is stored with its seed, which another job does not change", () => {
    const spec = jittered("a").toJSON()
    expect(spec).toEqual({ type: "jitter", trigger: every(500).toJSON(), max: 100, seed: "a" })
    expect(jitterCodec.fromJSON(spec, read).toJSON()).toEqual(spec)
    expect(bound(jittered("a"), { jobId: "b" }).toJSON()).toEqual(spec)
    expect(() => jitter(stream("orders"), 5)).toThrow(refused("trigger", "stream"))
  })
})
