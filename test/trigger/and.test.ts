/** What several triggers agree on: exactly, or within a threshold; and the forms that `or` and `and` are stored in. */
import { describe, expect, it } from "vitest"
import { and, andCodec, or, orCodec } from "../../src/trigger/combine.ts"
import { date } from "../../src/trigger/date.ts"
import { interval } from "../../src/trigger/interval.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import type { Trigger, TriggerSpec } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"

/** A trigger of exactly these fire times. */
const times = (...at: ReadonlyArray<number>): Trigger => or(at.map((each) => date(each)))
const all = (trigger: Trigger, after = 0): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = trigger.next(after); at !== undefined && found.length < 20; at = trigger.next(at)) found.push(at)
  return found
}
const back = (trigger: Trigger): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = trigger.previous?.(9_999); at !== undefined && found.length < 20; at = trigger.previous?.(at))
    found.push(at)
  return found
}

describe("and", () => {
  it("has the instants that all of its members have, both ways", () => {
    const three = and([times(10, 20, 30, 40), times(15, 20, 30, 45), times(5, 20, 25, 30, 50)])
    expect([all(three), back(three)]).toEqual([
      [20, 30],
      [30, 20]
    ])
    expect(all(and([times(10, 20)]))).toEqual([10, 20])
    expect(all(and([times(10), times(20)]))).toEqual([])
  })

  it("ends when one of its members ends; or when the last does", () => {
    const [short, long] = [
      window(interval(10, { start: 0 }), { end: 50 }),
      window(interval(10, { start: 0 }), { end: 90 })
    ]
    expect([and([short, long]).end, or([short, long]).end, or([short, times(5)]).end]).toEqual([50, 90, Infinity])
    expect(and([short, times(5)]).end).toBe(50)
  })

  it("with a threshold has the earliest of those that lie so close, each used once", () => {
    const near = (thresholdMs: number) => and([times(100, 200, 300), times(103, 197, 350)], { threshold: thresholdMs })
    expect(all(near(3))).toEqual([100, 197])
    expect(all(near(2))).toEqual([])
    expect(all(near(50))).toEqual([100, 197, 300])
    expect(all(and([times(100, 101, 102), times(102, 104)], { threshold: 2 }))).toEqual([100, 102])
  })

  it("with a threshold gives no fire time that it was made of again", () => {
    const near = and([times(100, 105), times(104, 109)], { threshold: 5 })
    expect(near.next(99)).toBe(100)
    expect(near.next(100)).toBe(105)
    expect(near.next(101)).toBe(104)
  })

  it("with a threshold neither looks back nor counts", () => {
    const near = and([times(100), times(103)], { threshold: 5 })
    expect([near.previous, near.count, near.dayTimes, near.explain]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined
    ])
    expect(and([times(100), times(103)]).previous).toBeDefined()
  })

  it("is given up where its members may never agree", () => {
    const never = and([interval(10, { start: 0 }), interval(10, { start: 5 })])
    const gaveUp = (after: number) =>
      expect.objectContaining({ _tag: "TriggerSearchError", trigger: "and", after }) as Error
    expect(() => never.next(7)).toThrow(gaveUp(7))
    expect(() => never.previous?.(7_000_000)).toThrow(gaveUp(7_000_000))
    expect(() => and([interval(10, { start: 0 }), interval(10, { start: 5 })], { threshold: 4 }).next(7)).toThrow(
      gaveUp(7)
    )
  })
})

describe("or", () => {
  it("has each instant once, both ways, and as long as one of its members has one", () => {
    const either = or([times(10, 30), times(20, 30, 40)])
    expect([all(either), back(either)]).toEqual([
      [10, 20, 30, 40],
      [40, 30, 20, 10]
    ])
    expect([either.next(40), either.previous?.(10)]).toEqual([undefined, undefined])
  })

  it("looks back only where all of its members do", () => {
    const { previous: _, ...forwards } = times(5)
    expect(or([forwards, times(6)]).previous).toBeUndefined()
  })
})

describe("a list of triggers", () => {
  it.each<[triggers: unknown, found: string]>([
    [[], "0"],
    [Array.from({ length: 101 }, () => times(1)), "101"],
    ["all", "all"],
    [null, "null"]
  ])("is none that cannot be combined, as number %#", (triggers, found) => {
    for (const make of [or, and])
      expect(() => make(triggers as ReadonlyArray<Trigger>)).toThrow(
        expect.objectContaining({ _tag: "InvalidTriggerError", field: "triggers", found })
      )
  })

  it("may have a hundred", () => {
    expect(all(or(Array.from({ length: 100 }, () => times(5))))).toEqual([5])
  })

  it("has none that waits for runs, or emits", () => {
    expect(() => or([times(5), interval(5, { after: "run" })])).toThrow(
      expect.objectContaining({ found: "a fixed delay after runs" })
    )
    const stream: Trigger = { ...times(5), stream: "orders" }
    expect(() => and([times(5), stream])).toThrow(expect.objectContaining({ found: "a stream" }))
  })
})

describe("the stored form", () => {
  const read = (spec: TriggerSpec) => createTriggerRegistry().read(spec)
  const stored = [
    { type: "date", at: 5 },
    { type: "interval", every: 10, start: 0 }
  ]

  it.each<TriggerSpec>([
    { type: "or", triggers: stored },
    { type: "and", triggers: stored },
    { type: "and", triggers: stored, threshold: 5 }
  ])("is read and written as %j", (spec) => {
    expect(read(spec).toJSON()).toEqual(spec)
  })

  it("has no field that nobody knows", () => {
    expect(() => orCodec.fromJSON({ type: "or", triggers: stored, threshold: 5 }, read)).toThrow(
      expect.objectContaining({ found: "threshold" })
    )
    expect(() => andCodec.fromJSON({ type: "and", triggers: stored, most: 5 }, read)).toThrow(
      expect.objectContaining({ found: "most" })
    )
  })

  it("keeps the threshold of a trigger that a job has", () => {
    const bound = and([interval(10), times(5)], { threshold: 7 }).bind?.({ now: 0, timezone: "UTC", jobId: "a" })
    expect(bound?.toJSON()).toMatchObject({ threshold: 7, triggers: [{ every: 10, start: 10 }, { type: "or" }] })
  })
})
