import { describe, expect, it } from "vitest"
import { numberWithin, oneOf, unknownField, wholeNumber } from "../../src/input/fields.ts"

const refuse = (...parts: readonly [field: string, found: string, expected: string]) => new Error(parts.join(" | "))

describe("what a caller gave", () => {
  it("has a field that is not known, the first of its own", () => {
    expect(unknownField({ a: 1, c: 2, d: 3 }, ["a", "b"])).toBe("c")
    expect(unknownField({ a: 1 }, ["a", "b"])).toBeUndefined()
    expect(unknownField(Object.create({ c: 1 }) as object, ["a"])).toBeUndefined()
    expect(unknownField({ ["__proto__"]: 1 }, ["a"])).toBe("__proto__")
  })

  it("is one of several", () => {
    expect(oneOf("b", ["a", "b"], "letter", refuse)).toBe("b")
    for (const given of ["c", "", null, undefined, ["a"]])
      expect(() => oneOf(given, ["a", "b"], "letter", refuse)).toThrow(/^letter \| .* \| one of a, b$/)
  })

  it.each([
    [1, [1], undefined],
    [Number.MAX_SAFE_INTEGER, [1], undefined],
    [10, [0, 10], undefined],
    [0, [1], "count | 0 | a whole number of at least 1"],
    [-0, [1], "count | -0 | a whole number of at least 1"],
    [1.5, [1], "count | 1.5 | a whole number of at least 1"],
    [2 ** 53, [1], "count | 9007199254740992 | a whole number of at least 1"],
    ["3", [1, 5000], 'count | "3" | a whole number from 1 to 5,000'],
    [11, [0, 10], "count | 11 | a whole number from 0 to 10"],
    [Number.NaN, [0, 10], "count | NaN | a whole number from 0 to 10"],
    [null, [0, 10], "count | null | a whole number from 0 to 10"]
  ] as ReadonlyArray<readonly [unknown, readonly [number, number?], string | undefined]>)(
    "is a whole number within bounds: %s",
    (given, bounds, message) => {
      const read = () => wholeNumber(given, bounds, "count", refuse)
      if (message === undefined) expect(read()).toBe(given)
      else expect(read).toThrow(message)
    }
  )

  it("is a number within bounds", () => {
    expect([0, 0.5, 1].map((given) => numberWithin(given, [0, 1], "share", refuse))).toEqual([0, 0.5, 1])
    for (const given of [-0.1, 1.1, Number.NaN, "0.5", null])
      expect(() => numberWithin(given, [0, 1], "share", refuse)).toThrow(/^share \| .* \| a number from 0 to 1$/)
  })
})
