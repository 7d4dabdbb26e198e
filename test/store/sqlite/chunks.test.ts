import { describe, expect, it, vi } from "vitest"
import { inChunks, placeholders, sized } from "../../../src/store/sqlite/chunks.ts"

const rows = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, row) => row)

describe("rows in chunks", () => {
  it.each([
    [0, []],
    [1, [1]],
    [3, [2, 1]],
    [255, [128, 64, 32, 16, 8, 4, 2, 1]],
    [256, [256]],
    [300, [256, 32, 8, 4]],
    [600, [256, 256, 64, 16, 8]]
  ])("are of few sizes, and all of them in order: %i", (count, sizes) => {
    const chunks = inChunks(rows(count))
    expect(chunks.map(({ length }) => length)).toEqual(sizes)
    expect(chunks.flat()).toEqual(rows(count))
  })

  it("are the list itself where it is one chunk", () => {
    const list = rows(256)
    expect(inChunks(list)[0]).toBe(list)
  })
})

describe("a statement of many rows", () => {
  it("has a place for each value", () => {
    expect([placeholders(1, 1), placeholders(2, 3)]).toEqual(["(?)", "(?,?,?),(?,?,?)"])
  })

  it("is made once for each size", () => {
    const text = vi.fn<(size: number) => string>((size) => `of ${size}`)
    const statement = sized(text)
    expect([statement(1), statement(2), statement(1)]).toEqual(["of 1", "of 2", "of 1"])
    expect(text).toHaveBeenCalledTimes(2)
  })
})
