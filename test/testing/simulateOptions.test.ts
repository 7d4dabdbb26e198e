/** What `simulate` and `takes` refuse, and with what. */
import { describe, expect, it } from "vitest"
import { takes, virtualClock } from "../../src/testing.ts"
import { day, hour, midnight } from "../scenarios/world.ts"
import { refusal } from "./refusal.ts"

const [from, to] = [midnight, midnight + 7 * day]

describe("simulate refuses", () => {
  const within = { from, to, tasks: "none" } as const
  it.for<readonly [string, unknown, string, string | undefined]>([
    ["what is no object", null, "InvalidOptionError", "simulate's options"],
    ["an unknown option", { ...within, until: to }, "InvalidOptionError", "simulate's options"],
    ["an end that is not after the beginning", { ...within, to: from }, "InvalidOptionError", "simulate's to"],
    [
      "a stretch of more than 1,000 years, which microseconds soon are",
      { ...within, to: from * 1000 },
      "InvalidOptionError",
      "simulate's to"
    ],
    ["an instant that is none", { ...within, from: "soon" }, "InvalidInstantError", undefined],
    ["an unknown zone", { ...within, timezone: "Mars/Base" }, "UnknownTimezoneError", undefined],
    ["jobs that are no list", { ...within, jobs: 5 }, "InvalidOptionError", "simulate's jobs"],
    ["a job that is none", { ...within, jobs: [null] }, "InvalidJobError", undefined],
    ["a job whose task is null", { ...within, jobs: [{ id: "a", task: null }] }, "InvalidJobError", undefined],
    [
      "a step before the beginning",
      { ...within, steps: [{ at: 0, act: () => 0 }] },
      "InvalidOptionError",
      "simulate's step's at"
    ],
    ["a step that does nothing", { ...within, steps: [{ at: from }] }, "InvalidOptionError", "simulate's step's act"],
    [
      "downtimes that overlap",
      {
        ...within,
        downtime: [
          { from: from + hour, to: from + 3 * hour },
          { from: from + 2 * hour, to }
        ]
      },
      "InvalidOptionError",
      "simulate's downtime's from"
    ],
    [
      "a clock that is past the beginning",
      { ...within, clock: virtualClock(to) },
      "InvalidOptionError",
      "simulate's clock"
    ],
    ["a listener that is none", { ...within, onEvent: {} }, "InvalidOptionError", "simulate's onEvent"]
  ])("%s", async ([, options, tag, option]) => {
    expect(await refusal(options)).toEqual([tag, option])
  })
})

describe("takes refuses", () => {
  it("what is no duration, at once", () => {
    expect(() => takes("often" as "1 minute")).toThrow(expect.objectContaining({ _tag: "InvalidDurationError" }))
  })
})
