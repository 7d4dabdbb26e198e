import { describe, expect, it } from "vitest"
import { runExample } from "./runExample.ts"

describe("examples/order-that-waits", () => {
  it("takes the payment once, is killed, and reminds on the third day after it", { timeout: 40_000 }, async () => {
    expect(await runExample("order-that-waits")).toEqual({
      exitCode: 0,
      errors: "",
      lines: [
        "2026-01-01, before: the lamp is ordered, and waits for its payment",
        "2026-01-01, before: 49 euros are booked",
        "killed while it waits",
        "2026-01-04, after: reminded of the lamp",
        "succeeded by attempt 3: receipt 7"
      ]
    })
  })
})
