/** What a move from cron-parser to `cron()` changes, held against both, one by one. */
import { CronExpressionParser } from "cron-parser"
import { describe, expect, it } from "vitest"
import { compareCron } from "../../../src/cronParser.ts"
import { compareCron as compareSpan } from "../../../src/trigger/cronParser/compareCron.ts"
import { cron } from "../../../src/trigger/cron/cron.ts"

const timezone = "Europe/Berlin"
const year = { timezone, after: Date.UTC(2026, 0, 1), until: Date.UTC(2027, 0, 1) }

describe("compareCron", () => {
  it("finds nothing where the two agree", () => {
    const { differences, same, through, refusedByCron, refusedByCronParser } = compareCron("0 9 * * 1-5", year)
    expect([differences, same, through, refusedByCron, refusedByCronParser]).toEqual([[], 261, year.until, null, null])
  })

  it("names the day fields", () => {
    const { differences, same } = compareCron("0 0 */10 * fri", year)
    expect(differences.length).toBeGreaterThan(50)
    expect(same).toBeGreaterThan(0)
    for (const { at, firesIn, reason, local, why } of differences) {
      expect([firesIn, reason]).toEqual(["cron-parser", "dayFields"])
      expect(local).toMatch(/^202[67]-\d\d-\d\dT00:00:00\+0[12]:00$/)
      expect(why).toContain("crontab(5)")
      expect(cron("0 0 */10 * fri", { timezone }).next(at - 1)).not.toBe(at)
    }
  })

  it("names the hour that the clock leaves out, and the one that it repeats", () => {
    const gap = compareCron("*/30 2 * * *", year).differences
    expect(gap.map(({ local, firesIn, reason }) => [local, firesIn, reason])).toEqual([
      ["2026-03-29T03:00:00+02:00", "cron-parser", "gap"],
      ["2026-10-25T02:00:00+01:00", "cron", "fold"],
      ["2026-10-25T02:30:00+01:00", "cron", "fold"]
    ])
    expect(gap[0]?.why).toContain("60 minutes")
  })

  it("lists each instant that only one has, in order, of whatever is asked", () => {
    for (const text of ["0 */2 * * *", "*/7 1-3 * * *", "15,45 2 * * sun", "30 2 */2 * 0"]) {
      const { differences, same } = compareCron(text, year)
      const ours = all((at) => cron(text, { timezone }).next(at))
      const theirs = all((at) => CronExpressionParser.parse(text, { tz: timezone, currentDate: at }).next().getTime())
      expect([text, differences.filter(({ firesIn }) => firesIn === "cron").map(({ at }) => at)]).toEqual([
        text,
        ours.filter((at) => !theirs.includes(at))
      ])
      expect([text, differences.filter(({ firesIn }) => firesIn === "cron-parser").map(({ at }) => at)]).toEqual([
        text,
        theirs.filter((at) => !ours.includes(at))
      ])
      expect([text, same]).toEqual([text, ours.filter((at) => theirs.includes(at)).length])
    }
  })

  it("says which of the two refuses a text, and throws where both do", () => {
    const range = compareCron("0 0 * * fri-mon", year)
    expect([range.differences, range.refusedByCron, range.through]).toEqual([[], null, year.after])
    expect(range.refusedByCronParser).toContain("cron-parser")
    const hashed = compareCron("H 2 * * *", { ...year, hashSeed: "me" })
    expect(hashed.refusedByCron).toContain("column 1")
    expect(hashed.refusedByCronParser).toBeNull()
    expect(() => compareCron("99 * * * *", year)).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError" }))
  })

  it("stops after so many fire times and says where", () => {
    const { same, through } = compareSpan("* * * * * *", { timezone: "UTC", after: 0, until: year.until }, 100)
    expect([same, through]).toEqual([100, 100_999])
  })

  it("begins now where nothing else is said", () => {
    expect(compareCron("0 9 * * *", { timezone, until: 0 })).toMatchObject({ same: 0, differences: [], through: 0 })
  })

  it.each<[string, object, string]>([
    ["an option that it does not know", { until: 0, tz: "UTC" }, "InvalidTriggerError"],
    ["a zone that nobody knows", { until: 0, timezone: "No/Where" }, "UnknownTimezoneError"],
    ["an end that is none", { until: "soon" }, "InvalidInstantError"]
  ])("refuses %s", (_, options, tag) => {
    expect(() => compareCron("0 9 * * *", options as never)).toThrow(expect.objectContaining({ _tag: tag }))
  })
})

const all = (next: (at: number) => number | undefined): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = next(year.after); at !== undefined && at <= year.until; at = next(at)) found.push(at)
  return found
}
