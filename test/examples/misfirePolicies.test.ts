import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/misfire-policies", () => {
  it("prints what ten missed fire times become under each policy", { timeout: 40_000 }, async () => {
    const { exitCode, lines, errors } = await runExample("misfire-policies")
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
    expect(lines).toEqual([
      "latest (default): 1 ran (09:10) 9 coalesced",
      "earliest: 1 ran (09:01) 9 coalesced",
      "all: 10 ran (09:01, 09:02, 09:03, 09:04, 09:05, 09:06, 09:07, 09:08, 09:09, 09:10)",
      "all within 3 minutes: 4 ran (09:07, 09:08, 09:09, 09:10) 6 misfired"
    ])
  })
})
