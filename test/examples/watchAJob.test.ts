import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/watch-a-job", () => {
  it("prints the component for each state of a job with two runs", { timeout: 40_000 }, async () => {
    const { exitCode, lines, errors } = await runExample("watch-a-job")
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
    expect(lines).toEqual([
      "<p>active: backup is scheduled, 0 runs</p>",
      "<p>active: backup is running, 1 run</p>",
      "<p>active: backup is scheduled, 1 run</p>",
      "<p>active: backup is running, 2 runs</p>",
      "<p>active: backup is done, 2 runs</p>"
    ])
  })
})
