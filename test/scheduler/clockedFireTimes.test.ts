import { describe, expect, it } from "vitest"
import { take, VirtualTimeScheduler } from "rxjs"
import { TestScheduler } from "rxjs/testing"
import { cron, fireTimes$, interval } from "../../src/index.ts"
import { virtualClock } from "../../src/testing/virtualClock.ts"

const hour = 3_600_000

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

  it("comes on a scheduler of RxJS: a marble test says when", () => {
    const testing = new TestScheduler((actual, expected) => expect(actual).toEqual(expected))
    testing.run(({ expectObservable }) => {
      const every = interval("2 seconds", { start: 2000, end: 6000 })
      const times$ = fireTimes$(every, { clock: testing, after: 0 })
      expectObservable(times$).toBe("2s a 1999ms b 1999ms (c|)", { a: 2000, b: 4000, c: 6000 })
      expectObservable(times$, "3s !").toBe("2s a", { a: 2000 })
      const daily = fireTimes$(cron("0 9 * * *"), { clock: testing, after: 0, timezone: "UTC" })
      expectObservable(daily.pipe(take(2))).toBe("540m a 86399999ms (b|)", { a: 9 * hour, b: 33 * hour })
    })
  })

  it("gives what is past at once on a scheduler of RxJS, too", () => {
    const testing = new VirtualTimeScheduler()
    const seen: Array<number> = []
    fireTimes$(interval("1 second", { start: -5000, end: 0 }), { clock: testing, after: -3001 }).subscribe((fireAt) =>
      seen.push(fireAt)
    )
    expect(seen).toEqual([-3000, -2000, -1000, 0])
  })
})
