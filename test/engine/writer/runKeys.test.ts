/** Where an owner's run keys begin, and what an id of a run says. */
import { describe, expect, it } from "vitest"
import { firstRunKey, placeOfRun } from "../../../src/engine/writer/runKeys.ts"

const first = (nextRunKey: number, openedAt: number, mark?: string): number =>
  firstRunKey({ nextRunKey, marks: new Map(mark === undefined ? [] : [["runKeys", mark]]) }, openedAt)

describe("the first run key of an owner", () => {
  it("is a thousand for each millisecond of the clock, so that a copy of the store gives others", () => {
    expect(first(1, 2_000_000)).toBe(2_000_000_000)
  })

  it.each([
    ["the store has given", 1, 5_000, 5_000],
    ["an owner by a clock that was ahead has kept free", 1, 1, 7_000, "7000"],
    ["the clock says, where the mark makes no sense", 1, 3, 3_000, "many"],
    ["the clock says, where the mark is too large for a key", 1, 3, 3_000, "1e300"]
  ])("is never below what %s", (_what, _one, given, expected, mark?: string) => {
    expect(mark === undefined ? first(given, 1) : first(1, given, mark)).toBe(expected)
  })

  it("is the store's own from the year 2255 on, where the clock's would be no number", () => {
    expect(first(42, Date.UTC(2254, 0, 1))).toBe(Date.UTC(2254, 0, 1) * 1000)
    expect([2255, 2256].map((year) => first(42, Date.UTC(year, 5, 1)))).toEqual([42, 42])
  })
})

describe("the id of a run", () => {
  it.each([
    ["17", { store: "default", runKey: 17 }],
    ["archive:17", { store: "archive", runKey: 17 }],
    ["a:b:17", { store: "a:b", runKey: 17 }],
    [":17", { store: "", runKey: 17 }]
  ])("%s says which store has it, and its key there", (id, place) => {
    expect(placeOfRun(id)).toEqual(place)
  })

  it.each([["1e3"], ["017"], ["0"], ["-1"], ["x7"], ["7x"], [""], ["archive:"], ["9007199254740993"], [17], [null]])(
    "%s is nobody's",
    (id) => {
      expect(placeOfRun(id)).toBe(null)
    }
  )
})
