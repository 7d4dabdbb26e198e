import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/survive-a-restart", () => {
  it(
    "prints a second attempt of the killed run, and one run for what came due meanwhile",
    { timeout: 40_000 },
    async () => {
      const { exitCode, lines, errors } = await runExample("survive-a-restart")
      expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
      // How many fire times pass while the child starts and dies depends on the machine.
      expect(lines.map((line) => line.replace(/^coalesced: [1-9]\d*/, "coalesced: some"))).toEqual([
        "killed in mid-run",
        "run: succeeded, done by attempt 2",
        "run: succeeded, done by attempt 1",
        "coalesced: some fire times into the second run",
        "every fire time is accounted for: true"
      ])
    }
  )
})
