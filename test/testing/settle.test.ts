import { describe, expect, it } from "vitest"
import { virtualClock } from "../../src/testing/virtualClock.ts"

describe("VirtualClock.settle", () => {
  it("ends though others wait for the same", async () => {
    const clock = virtualClock(0)
    await Promise.all([clock.settle(), clock.settle(), clock.advance("1 second"), clock.settle()])
    expect(clock.now()).toBe(1000)
  })

  it("gives up on a program that asks for turn after turn, and says when", async () => {
    const clock = virtualClock(0)
    const ended = { yet: false }
    const again = (): void => {
      if (!ended.yet) clock.timers.after(0, again)
    }
    const armed = clock.wait("1 second").then(again)
    await expect(clock.advance("1 minute")).rejects.toMatchObject({
      _tag: "RestlessProgramError",
      at: 1000,
      doing: "turns of the event loop",
      count: 1_000_000
    })
    ended.yet = true
    await armed
    await clock.settle()
  })
})
