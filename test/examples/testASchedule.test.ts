import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/test-a-schedule", () => {
  it("finds what it asserts, and prints each job's account", { timeout: 40_000 }, async () => {
    const { exitCode, lines, errors } = await runExample("test-a-schedule")
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
    expect(lines).toEqual([
      "backup: 88 runs, 2 coalesced, 0 misfired, 390 min late at most",
      "report: 64 runs, 0 coalesced, 0 misfired, 0 min late at most"
    ])
  })
})
