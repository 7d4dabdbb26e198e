import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Span } from "../../src/time/transitions.ts"
import { offsetReader, readTransitions } from "../../src/time/transitions.ts"

const hour = 3_600_000
const day = 24 * hour

/** A zone with a change at each of `changes`, the offset being an hour more each time; and how often it was asked. */
const zoneWith = (changes: ReadonlyArray<number>) => {
  let asked = 0
  const offsetAt = (at: number): number => {
    asked += 1
    return changes.filter((change) => change <= at).length * hour
  }
  return { offsetAt, asked: () => asked }
}

/** What reading should give. */
const spansOf = (changes: ReadonlyArray<number>, from: number, until: number): ReadonlyArray<Span> => {
  const { offsetAt } = zoneWith(changes)
  const starts = [from, ...changes.filter((change) => change > from && change < until)]
  return starts.map((start, index) => ({
    from: start,
    until: starts[index + 1] ?? until,
    offsetMs: offsetAt(start),
    previousOffsetMs: offsetAt(start - 1000)
  }))
}

describe("readTransitions", () => {
  it("gives spans without holes, each with the offset before it", () => {
    const changes = [30 * day, 200 * day + 900_000, 300 * day + 1000]
    expect(readTransitions(zoneWith(changes).offsetAt)(0, 366 * day)).toEqual(spansOf(changes, 0, 366 * day))
  })

  it("finds each change to the second, two in a day as well, as far as one look in five days tells them apart", () => {
    const whole = fc.integer({ min: 1, max: 60 * 86_400 - 2 }).map((second) => second * 1000)
    fc.assert(
      fc.property(fc.uniqueArray(whole, { maxLength: 8 }), fc.integer({ min: -5, max: 5 }), (unordered, shift) => {
        const changes = unordered.toSorted((a, b) => a - b).map((change) => change + shift * day)
        expect(readTransitions(zoneWith(changes).offsetAt)(shift * day, (60 + shift) * day)).toEqual(
          spansOf(changes, shift * day, (60 + shift) * day)
        )
      })
    )
  })

  it("tells a change at the very start from none", () => {
    expect(readTransitions(zoneWith([0]).offsetAt)(0, day)).toEqual([
      { from: 0, until: day, offsetMs: hour, previousOffsetMs: 0 }
    ])
  })

  it("leaves a change at the very end to the next stretch", () => {
    const until = 10 * day
    expect(readTransitions(zoneWith([until]).offsetAt)(0, until)).toEqual(spansOf([], 0, until))
  })

  it("finds a change in the last second", () => {
    const until = 10 * day
    expect(readTransitions(zoneWith([until - 1000]).offsetAt)(0, until)).toEqual(spansOf([until - 1000], 0, until))
  })

  it("asks a year without changes once in five days, a change on a quarter of an hour costs ten questions more", () => {
    const calm = zoneWith([])
    readTransitions(calm.offsetAt)(0, 365 * day)
    expect(calm.asked()).toBe(73 + 3)
    const changing = zoneWith([100 * day + 900_000])
    readTransitions(changing.offsetAt)(0, 365 * day)
    expect(changing.asked() - calm.asked()).toBeLessThanOrEqual(12)
  })
})

describe("offsetReader", () => {
  it.each([
    ["UTC", "2026-01-01T00:00:00Z", 0],
    ["Europe/Stockholm", "2026-01-01T00:00:00Z", hour],
    ["Asia/Kathmandu", "2026-01-01T00:00:00Z", 5.75 * hour],
    ["America/St_Johns", "2026-01-01T00:00:00Z", -3.5 * hour],
    ["Africa/Monrovia", "1970-01-01T00:00:00Z", -2_670_000],
    ["Etc/GMT-14", "2026-01-01T00:00:00Z", 14 * hour]
  ])("reads the offset of %s at %s", (name, at, offset) => {
    expect(offsetReader(name)(Date.parse(at))).toBe(offset)
  })

  it("throws for a name that nobody knows", () => {
    expect(() => offsetReader("Mars/Olympus")).toThrow(RangeError)
  })
})
