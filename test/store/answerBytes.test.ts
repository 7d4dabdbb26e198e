import { describe, expect, it } from "vitest"
import { withinBytes } from "../../src/store/answerBytes.ts"

const taken = (sizes: ReadonlyArray<number>, bytes: number | undefined) => withinBytes(sizes, (size) => size, bytes)

describe("an answer of so many bytes", () => {
  it("ends with the row with which they are reached", () => {
    expect(taken([4, 3, 2, 1], 6)).toEqual([4, 3])
    expect(taken([4, 3, 2, 1], 7)).toEqual([4, 3])
    expect(taken([4, 3, 2, 1], 8)).toEqual([4, 3, 2])
  })

  it("has one row at least, if there is one", () => {
    expect(taken([400, 1], 1)).toEqual([400])
    expect(taken([0, 1], 0)).toEqual([0])
    expect(taken([], 1)).toEqual([])
  })

  it("has all where they are not reached, or there is no bound", () => {
    expect(taken([4, 3], 8)).toEqual([4, 3])
    expect(taken([4, 3], undefined)).toEqual([4, 3])
  })
})
