import { Duration } from "effect"
import { describe, expect, it } from "vitest"
import { readDuration } from "../../src/time/duration.ts"

describe("readDuration", () => {
  it.for([
    [0, 0],
    [1500, 1500],
    ["5 minutes", 300_000],
    ["1 hour", 3_600_000],
    ["500ms", 500],
    ["1.5s", 1500],
    ["5m", 300_000],
    [Duration.seconds(3), 3000],
    [2_000_000n, 2],
    [[1, 500_000_000] as [number, number], 1500]
  ] as const)("reads %s", ([input, expected]) => {
    expect(readDuration(input as Duration.DurationInput, "timeout")).toBe(expected)
  })

  it.for([-1, NaN, Infinity, "-5 minutes", "-5m", "soon", "", "Infinity", Duration.infinity, null, {}, [1, 2, 3], -1n])(
    "refuses %s and says for which field",
    (input) => {
      expect(() => readDuration(input as Duration.DurationInput, "timeout")).toThrow(
        expect.objectContaining({ _tag: "InvalidDurationError", field: "timeout" })
      )
    }
  )

  const cyclic: { self?: unknown } = {}
  cyclic.self = cyclic
  it.for<readonly [unknown, string]>([
    [{ seconds: 1 }, "an object"],
    [cyclic, "an object"],
    [Object.assign(Object.create(null) as object, { cyclic }), "an object"],
    [{ toJSON: () => "1 minute" }, "an object"],
    [["1 minute"], "a list"],
    [Symbol("soon"), "Symbol(soon)"],
    [() => "1 minute", "a function"],
    [-(10n ** 200n), `-1${"0".repeat(98)}`],
    [new Date(Number.NaN), "Invalid Date"]
  ])("shows %s in its message as what it is", ([input, found]) => {
    const refusal = expect.objectContaining({
      found,
      message: expect.stringContaining(`timeout is "${found}", expected`) as string
    }) as Error
    expect(() => readDuration(input as Duration.DurationInput, "timeout")).toThrow(refusal)
  })
})
