import { Duration } from "effect"
import { describe, expect, it } from "vitest"
import { readDuration, readExactDuration } from "../../src/time/duration.ts"

describe("readDuration", () => {
  it.for([
    [0, 0],
    [1500, 1500],
    ["5 minutes", 300_000],
    ["1 hour", 3_600_000],
    ["500ms", 500],
    ["1.5s", 1500],
    ["5m", 300_000],
    ["5min", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["2w", 1_209_600_000],
    [" 5 m ", 300_000],
    [" 5 minutes ", 300_000],
    ["1.4ms", 1],
    [1.5, 2],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [[0, 0] as [number, number], 0],
    [[0, 1_000_000] as [number, number], 1],
    [1_000_000_000n, 1000],
    [Duration.seconds(3), 3000],
    [2_000_000n, 2],
    [[1, 500_000_000] as [number, number], 1500]
  ] as const)("reads %s", ([input, expected]) => {
    expect(readDuration(input as Duration.DurationInput, "timeout")).toBe(expected)
  })

  it.for([
    -1,
    NaN,
    Infinity,
    "-5 minutes",
    "-5m",
    "soon",
    "",
    "Infinity",
    Duration.infinity,
    null,
    {},
    [1, 2, 3],
    -1n,
    -0,
    "-0s",
    2 ** 53,
    [1],
    [1, "2"],
    ["1", 2],
    ["1", "2"],
    [-1, 0],
    [0, -1],
    [1, -1],
    [-1, 2_000_000_000],
    [NaN, 0],
    "-1 soon"
  ])("refuses %s and says for which field", (input) => {
    expect(() => readDuration(input as Duration.DurationInput, "timeout")).toThrow(
      expect.objectContaining({ _tag: "InvalidDurationError", field: "timeout" })
    )
  })

  it("keeps part of a millisecond where it is asked for", () => {
    expect(readExactDuration("0.5ms", "timeout")).toBe(0.5)
    expect(readExactDuration(1n, "timeout")).toBe(0.000_001)
  })

  it.each<readonly [string, unknown, string]>([
    ["a negative one", -1, "a duration that is not negative"],
    ["a negative text of Effect's", "-5 minutes", "a duration that is not negative"],
    ["an endless one", Duration.infinity, "a duration that ends"],
    ["anything else", "soon", 'a duration such as "5 minutes", "30s" or a number of milliseconds']
  ])("says of %s what was expected", (_, input, expected) => {
    expect(() => readDuration(input as Duration.DurationInput, "timeout")).toThrow(
      expect.objectContaining({ expected })
    )
  })

  it("refuses a value that throws when it is read, and goes no deeper than its own fields", () => {
    const throwing = {
      get seconds(): number {
        throw new RangeError("not yet")
      }
    }
    expect(() => readDuration(throwing as unknown as Duration.DurationInput, "timeout")).toThrow(
      expect.objectContaining({ _tag: "InvalidDurationError", found: "a value that throws when it is read" })
    )
    expect(() => readDuration({ inner: throwing } as unknown as Duration.DurationInput, "timeout")).toThrow(
      expect.objectContaining({ _tag: "InvalidDurationError", found: "an object" })
    )
  })

  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  it.for<readonly [unknown, string]>([
    [{ seconds: 1 }, "an object"],
    [cyclic, "an object"],
    [Object.assign(Object.create(null) as object, { cyclic }), "an object"],
    [{ toJSON: () => "1 minute" }, "an object"],
    [["1 minute"], "an array of 1"],
    [Symbol("soon"), "Symbol(soon)"],
    [() => "1 minute", "a function"],
    [-(10n ** 200n), `-1${"0".repeat(98)}…n`],
    [new Date(Number.NaN), "an invalid Date"]
  ])("shows %s in its message as what it is", ([input, found]) => {
    const refusal = expect.objectContaining({
      found,
      message: expect.stringContaining(`timeout is "${found}", expected`) as string
    }) as Error
    expect(() => readDuration(input as Duration.DurationInput, "timeout")).toThrow(refusal)
  })
})
