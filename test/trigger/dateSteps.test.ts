import { describe, expect, it } from "vitest"
import { civilDate, dayNumber, formatDate } from "../../src/time/civil.ts"
import type { DateSteps } from "../../src/trigger/dateSteps.ts"
import { dateSteps } from "../../src/trigger/dateSteps.ts"

const january31 = dayNumber(2026, 1, 31)
const endOfTime = dayNumber(10_000, 1, 1)
const shown = (day: number | undefined): string =>
  day === undefined ? "-" : day === Infinity ? "end" : formatDate(civilDate(day))
const first = (steps: DateSteps, count: number) =>
  Array.from({ length: count }, (_, index) => shown(steps.dayAt(index)))

describe("the dates of a calendar interval", () => {
  it("are so many days apart", () => {
    expect(first(dateSteps(january31, 0, 10), 3)).toEqual(["2026-01-31", "2026-02-10", "2026-02-20"])
  })

  it("are the same day of months apart, where these have it", () => {
    expect(first(dateSteps(january31, 1, 0), 4)).toEqual(["2026-01-31", "-", "2026-03-31", "-"])
    expect(first(dateSteps(dayNumber(2026, 11, 30), 3, 0), 3)).toEqual(["2026-11-30", "-", "2027-05-30"])
    expect(first(dateSteps(dayNumber(2024, 2, 29), 12, 0), 5)).toEqual(["2024-02-29", "-", "-", "-", "2028-02-29"])
    expect(first(dateSteps(dayNumber(2025, 12, 15), 1, 0), 2)).toEqual(["2025-12-15", "2026-01-15"])
  })

  it("are months, until the day is there, and then days apart", () => {
    expect(first(dateSteps(january31, 1, 1), 3)).toEqual(["2026-01-31", "2026-04-01", "2026-05-02"])
    expect(first(dateSteps(dayNumber(2026, 12, 10), 1, 7), 3)).toEqual(["2026-12-10", "2027-01-17", "2027-02-24"])
  })

  it.each([
    ["days", dateSteps(endOfTime - 3, 0, 2), ["9999-12-29", "9999-12-31", "end"]],
    ["months", dateSteps(dayNumber(9999, 11, 15), 1, 0), ["9999-11-15", "9999-12-15", "end"]],
    ["both", dateSteps(dayNumber(9999, 11, 15), 1, 1), ["9999-11-15", "9999-12-16", "end"]],
    ["a first day of the year 10000", dateSteps(endOfTime - 1, 0, 1), ["9999-12-31", "end"]]
  ])("end with the year 9999: %s", (_what, steps, dates) => {
    expect(first(steps, dates.length)).toEqual(dates)
    // And stay so.
    expect(first(steps, dates.length + 2).slice(dates.length)).toEqual(["end", "end"])
  })

  it.each<[what: string, months: number, days: number]>([
    ["days", 0, 10],
    ["months", 1, 0],
    ["seven months", 7, 0],
    ["both", 1, 3]
  ])("are found by a day: none later than it is left out, of %s", (_what, months, days) => {
    const steps = dateSteps(january31, months, days)
    const all = Array.from({ length: 60 }, (_, index) => steps.dayAt(index))
    for (let day = january31 - 40; day < january31 + 500; day++) {
      // Asked anew, as what was found before is kept.
      const index = dateSteps(january31, months, days).indexUntil(day)
      expect(index).toBe(steps.indexUntil(day))
      const isDue = (each: number | undefined) => each !== undefined && each <= day
      // Going back from there, the first that is met is the newest; going on, nothing later was left out.
      expect(all.slice(0, index + 1).findLast(isDue)).toBe(all.findLast(isDue))
      expect(all.slice(0, index).filter((each) => each !== undefined && each > day)).toEqual([])
      expect(all.slice(index).filter(isDue).length).toBeLessThanOrEqual(1)
    }
  })

  it("are found for days far beyond their end", () => {
    for (const [months, days] of [
      [0, 10],
      [1, 0],
      [1, 3]
    ] as const) {
      const steps = dateSteps(dayNumber(9990, 1, 1), months, days)
      let index = steps.indexUntil(endOfTime + 5_000)
      while (steps.dayAt(index) === Infinity || steps.dayAt(index) === undefined) index -= 1
      expect(shown(steps.dayAt(index))).toMatch(/^9999-1[12]-/)
    }
  })
})
