import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { dueFireTimes, owedFireTimes } from "../../src/job/dueFireTimes.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"

describe("dueFireTimes", () => {
  it("says the same whether the trigger counts or is stepped through, and what a list of all fire times says", () => {
    fc.assert(
      fc.property(
        anyGaps,
        fc.nat(400),
        fc.option(fc.nat(200)),
        fc.constantFrom("latest", "all"),
        (gaps, elapsed, misfireGraceMs, coalesce) => {
          const times = timesOf(gaps)
          const [first = 0] = times
          const now = first + elapsed
          const due = times.filter((at) => at <= now && (misfireGraceMs === null || now - at <= misfireGraceMs))
          const late = times.filter((at) => at <= now && !due.includes(at))
          const next = times.find((at) => at > now)
          const expected = {
            late: rangeOf(late),
            due: rangeOf(due),
            second: due[1] ?? null,
            penultimate: due.at(-2) ?? null,
            times: coalesce === "all" ? due : [],
            more: false,
            nextFireAt: next ?? null,
            exhausted: next === undefined
          }
          for (const trigger of [listed(times), counting(times)]) {
            expect(dueFireTimes(trigger, first, now, { coalesce, misfireGraceMs })).toEqual(expected)
            expect(owedFireTimes(trigger, first, now)).toEqual(rangeOf([...late, ...due]))
          }
        }
      ),
      { seed: 20261121, numRuns: 1_000 }
    )
  })

  it("takes a thousand fire times at most where the trigger cannot count, and says where to go on", () => {
    const every = { type: "every", next: (after: number) => after + 1, toJSON: () => ({ type: "every" }) }
    const rules = { coalesce: "latest", misfireGraceMs: 100 } as const
    expect(dueFireTimes(every, 1, 1_050, rules)).toEqual({
      late: { from: 1, through: 949, count: 949 },
      due: { from: 950, through: 1_000, count: 51 },
      second: 951,
      penultimate: 999,
      times: [],
      more: true,
      nextFireAt: 1_001,
      exhausted: false
    })
  })

  it("counts a hundred thousand owed at most where the trigger cannot, and says that there are more", () => {
    const every = { type: "every", next: (after: number) => after + 1, toJSON: () => ({ type: "every" }) }
    expect(owedFireTimes(every, 1, 100_000)).toEqual({ from: 1, through: 100_000, count: 100_000 })
    expect(owedFireTimes(every, 1, 100_001)).toEqual({ from: 1, through: 100_000, count: 100_000, more: true })
  })

  const liars: ReadonlyArray<readonly [string, Partial<Trigger>]> = [
    ["a previous instant that is later", { previous: (before) => before }],
    ["a previous instant that is none", { previous: () => NaN }],
    ["a count that is none", { count: () => NaN }],
    ["a negative count", { count: () => -1 }],
    ["more fire times than milliseconds", { count: (after, through) => through - after + 1 }],
    ["a count that is a text", { count: () => "2" as unknown as number }]
  ]
  it.each(liars)("believes no trigger that gives %s", (_what, lie) => {
    const trigger: Trigger = { ...counting([10, 20, 30]), ...lie }
    const contradicts = expect.objectContaining({ _tag: "FaultyTriggerError", reason: "contradicts" }) as Error
    expect(() => dueFireTimes(trigger, 10, 25, { coalesce: "latest", misfireGraceMs: null })).toThrow(contradicts)
    expect(() => owedFireTimes(trigger, 10, 25)).toThrow(contradicts)
  })

  it("takes a fire time that the trigger no longer knows, as after new rules of its time zone", () => {
    const trigger = counting([15, 25, 90])
    expect(dueFireTimes(trigger, 10, 30, { coalesce: "latest", misfireGraceMs: 17 })).toMatchObject({
      late: { from: 10, through: 10, count: 1 },
      due: { from: 15, through: 25, count: 2 },
      nextFireAt: 90
    })
  })

  it("gives one fire time of a fixed delay however long ago it was", () => {
    const delay: Trigger = { ...listed([10, 20, 30, 40, 90]), after: "run" }
    const due = dueFireTimes(delay, 10, 45, { coalesce: "all", misfireGraceMs: null })
    expect(due).toMatchObject({ due: { from: 10, through: 10, count: 1 }, times: [10], more: false, nextFireAt: 90 })
    expect(owedFireTimes(delay, 10, 45)).toEqual({ from: 10, through: 10, count: 1 })
  })
})

const anyGaps = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 })
const timesOf = (gaps: ReadonlyArray<number>): ReadonlyArray<number> => {
  let at = 0
  return gaps.map((gap) => (at += gap))
}
const listed = (times: ReadonlyArray<number>): Trigger => ({
  type: "listed",
  next: (after) => times.find((at) => at > after),
  toJSON: () => ({ type: "listed" })
})
const counting = (times: ReadonlyArray<number>): Trigger => ({
  ...listed(times),
  previous: (before) => times.findLast((at) => at < before),
  count: (after, through) => times.filter((at) => at > after && at <= through).length
})
const rangeOf = (times: ReadonlyArray<number>) => {
  const [from] = times
  return from === undefined ? null : { from, through: times.at(-1), count: times.length }
}
