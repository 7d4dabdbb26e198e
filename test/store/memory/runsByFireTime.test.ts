import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { RunsByFireTime } from "../../../src/store/memory/runsByFireTime.ts"

interface Run {
  readonly key: number
  readonly fireAt: number
  readonly request: number
}

const inOrder = (runs: Iterable<Run>): ReadonlyArray<Run> =>
  [...runs].sort((one, other) => one.fireAt - other.fireAt || one.key - other.key)

/** Adds a run with this fire time, or deletes the run in this place of those that are there. */
const moves = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: fc.integer({ min: 0, max: 50 }), requested: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ deleteAt: fc.nat({ max: 30 }) }) }
  ),
  { maxLength: 300 }
)

describe("RunsByFireTime", () => {
  it("agrees with a sorted list, whatever comes and goes", () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50 }), (steps, from, to) => {
        const runs = new RunsByFireTime<Run>()
        let expected: ReadonlyArray<Run> = []
        steps.forEach((step, index) => {
          if ("add" in step) {
            const run = { key: index, fireAt: step.add, request: step.requested ? index : 0 }
            runs.add(run)
            expected = inOrder([...expected, run])
          } else {
            const gone = expected[step.deleteAt]
            if (gone !== undefined) runs.delete(gone)
            expected = expected.filter((run) => run !== gone)
          }
        })
        expect([...runs]).toEqual(expected)
        expect(runs.size).toBe(expected.length)
        expect([...runs.between(from, to)]).toEqual(expected.filter(({ fireAt }) => fireAt >= from && fireAt <= to))
        const known = expected.some(({ fireAt, request }) => fireAt === from && request === 0)
        expect(runs.has(from, 0)).toBe(known)
      }),
      { seed: 1 }
    )
  })

  it("keeps its order while the oldest of very many go", () => {
    const runs = new RunsByFireTime<Run>()
    const all = Array.from({ length: 10_000 }, (_, key) => ({ key, fireAt: key, request: 0 }))
    for (const run of all) runs.add(run)
    for (const run of all.slice(0, 9000)) runs.delete(run)
    expect([...runs]).toEqual(all.slice(9000))
    expect([runs.has(8999, 0), runs.has(9000, 0)]).toEqual([false, true])
  })

  it("has all that are left, whichever of them went last", () => {
    const runs = new RunsByFireTime<Run>()
    const all = Array.from({ length: 300 }, (_, key) => ({ key, fireAt: key, request: 0 }))
    for (const run of all) runs.add(run)
    all.forEach((run, index) => {
      runs.delete(run)
      runs.delete(run)
      expect([runs.size, [...runs]]).toEqual([299 - index, all.slice(index + 1)])
    })
    const again = { key: 5, fireAt: 5, request: 0 }
    runs.add(again)
    expect([[...runs], runs.has(5, 0), runs.has(299, 0)]).toEqual([[again], true, false])
  })
})
