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
})
