import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/stream-as-trigger", () => {
  it("prints one run for each order that the stream lets through", { timeout: 40_000 }, async () => {
    const { exitCode, lines, errors } = await runExample("stream-as-trigger")
    expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: "" })
    expect(lines).toEqual(["order 1 of 250 reviewed by anna", "order 3 of 100 reviewed by anna"])
  })
})
