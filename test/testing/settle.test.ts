import { describe, expect, it } from "vitest"
import { virtualClock } from "../../src/testing/virtualClock.ts"

describe("VirtualClock.settle", () => {
  it("ends though others wait for the same", async () => {
    const clock = virtualClock(0)
    await Promise.all([clock.settle(), clock.settle(), clock.advance("1 second"), clock.settle()])
    expect(clock.now()).toBe(1000)
  })
})
