import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/jobs-in-modules", () => {
  it("prints what comes of two jobs, and how one had ended after a restart", { timeout: 40_000 }, async () => {
    const { exitCode, lines, errors } = await runExample("jobs-in-modules")
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
    expect(lines).toEqual([
      "the stock was counted",
      "bell ships on 2026-04-01",
      "no gong before 2026-05-01T00:00:00.000Z",
      expect.stringMatching(/^it had failed: .*OutOfStock/),
      "and still waits for May: true"
    ])
  })
})
