import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/order-that-waits", () => {
  it("pays once, is killed, and reminds on the third day", { timeout: 40_000 }, async () => {
    expect(await runExample("order-that-waits")).toEqual({
      exitCode: 0,
      errors: "",
      lines: [
        "2026-01-01, before: 49 euros are paid",
        "killed while it waits",
        "2026-01-04, after: reminded, with receipt 7",
        "succeeded by attempt 2: receipt 7"
      ]
    })
  })
})
