/** Whether the wall clock was set back, as far as a store can tell. */
import { describe, expect, it } from "vitest"
import { ClockWatch } from "../../../src/engine/writer/clockWatch.ts"
import { makeUnit, minute } from "./jobs.ts"

const hour = 60 * minute
const seen = (at: number | string | null): Map<string, string> =>
  new Map(at === null ? [] : [["clock", String(at)] as const])
const marksOf = (watch: ClockWatch, now: number) => {
  const unit = makeUnit({ now })
  watch.note(unit)
  return [...unit.marks]
}

describe("a clock", () => {
  it("that goes on is not found set back, nor one that steps back within a minute", () => {
    const watch = new ClockWatch(seen(null))
    for (const now of [hour, 2 * hour, 2 * hour - minute]) watch.observe(now)
    expect([watch.found, watch.takeStep()]).toEqual([false, 0])
  })

  it("that shows a minute less than an earlier life has seen is found, by how much, and told once", () => {
    const watch = new ClockWatch(seen(3 * hour))
    watch.observe(2 * hour)
    expect([watch.found, watch.takeStep(), watch.found, watch.takeStep()]).toEqual([true, hour, false, 0])
    watch.observe(2 * hour + 1)
    expect(watch.found).toBe(false)
  })

  it("that is set back bit by bit is found when it adds up", () => {
    const watch = new ClockWatch(seen(null))
    for (const back of [0, 40_000, 60_000, 60_001]) watch.observe(hour - back)
    expect(watch.takeStep()).toBe(60_001)
  })

  it("that is set back twice before it is asked for counts the larger step", () => {
    const watch = new ClockWatch(seen(5 * hour))
    watch.observe(2 * hour)
    watch.observe(hour)
    expect(watch.takeStep()).toBe(3 * hour)
  })

  it("of which an earlier life has left no sense is new", () => {
    const watch = new ClockWatch(seen("yesterday"))
    watch.observe(hour)
    expect(watch.found).toBe(false)
  })
})

describe("the mark of the clock", () => {
  it("is left once a minute", () => {
    const marks = seen(null)
    const watch = new ClockWatch(marks)
    expect(marksOf(watch, hour)).toEqual([["clock", String(hour)]])
    marks.set("clock", String(hour))
    expect(marksOf(watch, hour + minute - 1)).toEqual([])
    expect(marksOf(watch, hour + minute)).toEqual([["clock", String(hour + minute)]])
  })

  it("takes the place of one that makes no sense", () => {
    expect(marksOf(new ClockWatch(seen("yesterday")), hour)).toEqual([["clock", String(hour)]])
  })

  it("stays while a step is looked at, so that a start would look at it again", () => {
    const watch = new ClockWatch(seen(3 * hour))
    watch.observe(hour)
    expect(marksOf(watch, 9 * hour)).toEqual([])
    watch.takeStep()
    watch.settling = true
    expect([marksOf(watch, 9 * hour), watch.setBack]).toEqual([[], null])
    watch.settling = false
    expect(marksOf(watch, 9 * hour).length).toBe(1)
  })
})
