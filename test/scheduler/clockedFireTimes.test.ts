import { describe, expect, it } from "vitest"
import { fireTimes$, interval } from "../../src/index.ts"
import { virtualClock } from "../../src/testing/virtualClock.ts"

describe("fireTimes$", () => {
  it("emits each fire time when it has come and ends with the trigger", async () => {
    const clock = virtualClock(Date.UTC(2026, 0, 1))
    const start = clock.now() + 1000
    const seen: Array<readonly [at: number, fireAt: number]> = []
    let completed = false
    fireTimes$(interval("1 second", { start, end: start + 2000 }), { clock }).subscribe({
      next: (fireAt) => seen.push([clock.now(), fireAt]),
      complete: () => (completed = true)
    })
    await clock.advance("1500 millis")
    expect(seen).toEqual([[start, start]])
    await clock.advance("1 minute")
    expect(seen.map(([, fireAt]) => fireAt - start)).toEqual([0, 1000, 2000])
    expect(seen.every(([at, fireAt]) => at === fireAt)).toBe(true)
    expect(completed).toBe(true)
  })
})
