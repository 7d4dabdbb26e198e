import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Nearest, textOrder, wakeOrder } from "../../src/store/jobOrder.ts"

interface Job {
  readonly key: number
  readonly wakeAt: number | null
}

describe("the order of jobs", () => {
  it("is by wake-up, then by key; those without a wake-up come last", () => {
    const jobs: ReadonlyArray<Job> = [
      { key: 1, wakeAt: null },
      { key: 2, wakeAt: 20 },
      { key: 5, wakeAt: null },
      { key: 4, wakeAt: 10 },
      { key: 3, wakeAt: 10 },
      { key: 6, wakeAt: -10 }
    ]
    expect(jobs.toSorted(wakeOrder).map(({ key }) => key)).toEqual([6, 3, 4, 2, 1, 5])
    expect(
      jobs
        .toReversed()
        .toSorted(wakeOrder)
        .map(({ key }) => key)
    ).toEqual([6, 3, 4, 2, 1, 5])
  })
})

describe("the nearest of many", () => {
  it("are those that a sorted list begins with, in whatever order they come", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.nat(50)), { maxLength: 400 }),
        fc.integer({ min: 0, max: 30 }),
        (wakes, limit) => {
          const jobs = wakes.map((wakeAt, key): Job => ({ key, wakeAt }))
          const nearest = new Nearest<Job>(limit)
          for (const job of jobs) expect(nearest.add(job)).toBe(true)
          expect(nearest.inOrder()).toEqual(jobs.toSorted(wakeOrder).slice(0, limit))
        }
      ),
      { numRuns: 50 }
    )
  })

  it("are all where there is no limit, and stay few where there is one", () => {
    const many = Array.from({ length: 5_000 }, (_, key): Job => ({ key, wakeAt: 5_000 - key }))
    const all = new Nearest<Job>()
    const three = new Nearest<Job>(3)
    for (const job of many) {
      all.add(job)
      three.add(job)
    }
    expect(all.inOrder()).toHaveLength(5_000)
    expect(three.inOrder().map(({ key }) => key)).toEqual([4_999, 4_998, 4_997])
    three.add({ key: 9, wakeAt: 2.5 })
    expect(three.inOrder().map(({ key }) => key)).toEqual([4_999, 4_998, 9])
    three.add({ key: 0, wakeAt: 0 })
    expect(three.inOrder().map(({ key }) => key)).toEqual([0, 4_999, 4_998])
  })
})

describe("the order of texts", () => {
  it("is by code point, as a file has it, and the shorter first where one begins the other", () => {
    const ordered = [
      "",
      "a",
      "ab",
      "b",
      "é",
      "\uD7FF",
      "\uE000",
      "\uFFFD",
      "\uFFFF",
      "\u{10000}",
      "\u{1F600}",
      "\u{10FFFF}"
    ]
    expect(ordered.toReversed().sort(textOrder)).toEqual(ordered)
    for (const text of ordered) expect(textOrder(text, text)).toBe(0)
  })

  it("is that of UTF-8, whatever the texts", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "z", "\uD7FF", "\uE000", "\uFFFD", "\u{10000}", "\u{1F600}"),
      maxLength: 3
    })
    fc.assert(
      fc.property(text, text, (one, other) => {
        const bytes = Buffer.compare(Buffer.from(one), Buffer.from(other))
        expect(Math.sign(textOrder(one, other))).toBe(bytes)
      })
    )
  })
})
