/** The first so many fire times: how the last of them is found, and what is said of the others. */
import { describe, expect, it } from "vitest"
import { cron } from "../../src/trigger/cron/cron.ts"
import { explainFireTime } from "../../src/trigger/explain.ts"
import { interval } from "../../src/trigger/interval.ts"
import { limit, limitCodec } from "../../src/trigger/limit.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import type { CountedPart, Trigger, TriggerSpec } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"

const years400 = 12_622_780_800_000
const day = 86_400_000

const bound = (trigger: Trigger, now = 1000, nowExcluded = false): Trigger =>
  trigger.bind?.({ now, nowExcluded, timezone: "UTC", jobId: "a" }) ?? trigger

/** A trigger that has these functions and no others. */
const made = (own: Partial<Trigger> & Pick<Trigger, "next">): Trigger => ({
  type: "mine",
  toJSON: () => ({ type: "mine" }),
  ...own
})

/** Every `ms` from 0 on. */
const every = (ms: number) => (after: number) => (Math.floor(after / ms) + 1) * ms
const countEvery = (ms: number) => (after: number, through: number) => Math.floor(through / ms) - Math.floor(after / ms)

const refused = (field: string, found: string) =>
  expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "limit", field, found }) as Error

describe("the last of so many fire times", () => {
  it("is none further away than 400 years", () => {
    const twice = (ms: number) =>
      bound(limit(made({ next: (after) => (after < 1000 ? 1000 : after < ms ? ms : undefined) }), 2))
    expect([twice(1000 + years400).next(1000), twice(1000 + years400).next(1000 + years400)]).toEqual([
      1000 + years400,
      undefined
    ])
    // Then there is no last, and all that there are count.
    expect(twice(1001 + years400).next(1000)).toBe(1001 + years400)
  })

  it("is counted where it is far, and found to the millisecond", () => {
    for (const [ms, n] of [
      [1, 20_000],
      [day, 10_001],
      [7 * day + 3, 15_000]
    ] as const) {
      const limited = bound(limit(made({ next: every(ms), count: countEvery(ms) }), n), 0)
      const last = (n - 1) * ms
      expect([limited.next(last - 1), limited.next(last)]).toEqual([last, undefined])
      expect(bound(limit(made({ next: every(ms), count: countEvery(ms) }), n), 1).next(last)).toBe(last + ms)
    }
  })

  it("is none of those that are counted where there are fewer in 400 years", () => {
    const few = made({ next: every(years400), count: countEvery(years400) })
    expect(bound(limit(few, 20_000)).next(50 * years400)).toBe(51 * years400)
  })

  it("is counted part by part where the trigger counts no more at once", () => {
    const countPart = (after: number, through: number): CountedPart => {
      const reached = Math.min(through, after + 5000)
      return { count: countEvery(100)(after, reached), through: reached }
    }
    const limited = bound(limit(made({ next: every(100), countPart }), 10_001), 0)
    expect([limited.next(999_999), limited.next(1_000_000)]).toEqual([1_000_000, undefined])
  })

  it("cannot be counted where the trigger gets no further", () => {
    const stuck = made({ next: every(100), countPart: (after) => ({ count: 5, through: after }) })
    expect(() => bound(limit(stuck, 10_001)).next(5)).toThrow(refused("count", "10001"))
    const unknown = made({ next: every(100), count: () => undefined })
    expect(() => bound(limit(unknown, 10_001)).next(5)).toThrow(refused("count", "10001"))
    expect(bound(limit(unknown, 10_000), 0).next(999_800)).toBe(999_900)
  })
})

describe("a limit", () => {
  const minutes = interval("1 minute", { start: 0 })
  const three = bound(limit(minutes, 3), 60_000)

  it("says of each instant whether it is one of them", () => {
    const refusals = (at: number) => explainFireTime(three, at, { timezone: "UTC" }).refusedBy
    const expected = "one of the first 3"
    expect(refusals(60_000)).toEqual([])
    expect(refusals(180_000)).toEqual([])
    expect(refusals(59_999)).toEqual([{ trigger: "limit", field: "count", found: "before the first", expected }])
    expect(refusals(180_001)).toEqual([{ trigger: "limit", field: "count", found: "after the last", expected }])
    expect(refusals(90_000)).toMatchObject([{ trigger: "interval" }])
    expect([three.explain?.(60_000), three.explain?.(180_000)]).toEqual([[], []])
  })

  it("ends where its trigger does, if that ends", () => {
    expect(bound(limit(window(minutes, { end: 90_000 }), 9)).end).toBe(90_000)
    expect("end" in bound(limit(made({ next: every(100) }), 3))).toBe(false)
  })

  it("looks back, and knows its days, where its trigger does", () => {
    const forwards = bound(limit(made({ next: every(100) }), 3))
    expect([forwards.previous, forwards.dayPattern, forwards.count]).toEqual([undefined, undefined, undefined])
    const daily = bound(limit(cron("0 9 * * *", { timezone: "UTC" }), 3), 0)
    const patterns = [0, 1, 2, 3, 4].map((each) => daily.dayPattern?.(each * day))
    // The first day, one in the middle, the last, and those after it.
    expect(new Set(patterns).size).toBe(4)
    expect(patterns[3]).toBe(patterns[4])
  })

  it.each<[fields: object, field: string]>([
    [{ trigger: minutes.toJSON() }, "count"],
    [{ trigger: minutes.toJSON(), count: "3" }, "count"],
    [{ trigger: minutes.toJSON(), count: 0 }, "count"],
    [{ trigger: minutes.toJSON(), count: 3, from: "soon" }, "from"],
    [{ trigger: minutes.toJSON(), count: 3, until: 5 }, "field"],
    [{ count: 3 }, "trigger"]
  ])("is not read of %j", (fields, field) => {
    const read = (spec: TriggerSpec) => createTriggerRegistry().read(spec)
    expect(() => limitCodec.fromJSON({ type: "limit", ...fields }, read)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", field })
    )
  })

  it("looks back to its last and no further, however soon another follows", () => {
    expect(bound(limit(interval(1, { start: 0 }), 3), 0).previous?.(9_999)).toBe(2)
    expect(window(interval(1, { start: 0 }), { end: 5 }).previous?.(9_999)).toBe(5)
  })

  it("is one level of those that triggers may have, before a job has it and then", () => {
    const nested = (depth: number): Trigger =>
      Array.from({ length: depth }).reduce<Trigger>((inner) => bound(limit(inner, 3)), minutes)
    expect(nested(31).next(0)).toBe(60_000)
    expect(() => nested(32)).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", field: "depth" }))
  })

  it("is at most a million, and takes as many", () => {
    expect(bound(limit(interval(1, { start: 0 }), 1_000_000), 0).next(999_998)).toBe(999_999)
    expect(bound(limit(interval(1, { start: 0 }), 1_000_000), 0).next(999_999)).toBeUndefined()
  })
})
