import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/events-over-sse", () => {
  it("tells a client each run once, though its server is killed twice", { timeout: 60_000 }, async () => {
    const { exitCode, lines, errors } = await runExample("events-over-sse")
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
    expect(lines).toEqual([
      "life 1: the server is killed, the client comes back with the last id",
      "life 2: the server is killed, the client comes back with the last id",
      "told: 30 runs claimed, 30 succeeded, 0 events twice"
    ])
  })
})
