/** How long a store is away, why, and when it is tried again. */
import { describe, expect, it } from "vitest"
import { silenceMs, StoreOutage } from "../../../src/engine/writer/storeOutage.ts"
import { StoreUnavailable } from "../../../src/store/storeError.ts"
import { ManualTimers } from "../../executor/manualTimers.ts"

const away = (cause: string) => new StoreUnavailable({ store: "s", operation: "commit", cause })

describe("an outage", () => {
  it("begins with the first failed call and ends with the first good one", () => {
    const timers = new ManualTimers()
    const outage = new StoreOutage(timers)
    timers.spend(500)
    expect([outage.current, outage.over()]).toEqual([null, false])
    const began = timers.now()
    outage.failed(away("first"))
    timers.spend(100)
    outage.failed(away("second"))
    expect(outage.current).toMatchObject({ since: began, failures: 2, error: { cause: "second" } })
    expect(outage.lastsMs).toBe(100)
    expect(outage.over()).toBe(true)
    expect([outage.current, outage.lastsMs, outage.over()]).toEqual([null, 0, false])
  })

  it("is tried again after 50 ms, then twice as long each time, at most 10 s, and says when", () => {
    const timers = new ManualTimers()
    const outage = new StoreOutage(timers)
    const waits = Array.from({ length: 10 }, () => outage.failed(away("x")))
    expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000])
    expect(outage.current?.retryAt).toBe(timers.now() + 10_000)
  })

  it("that follows within a second of the last waits longer, up to a second; a later one begins anew", () => {
    const timers = new ManualTimers()
    const outage = new StoreOutage(timers)
    const relapse = (afterMs: number): number => {
      outage.over()
      timers.spend(afterMs)
      return outage.failed(away("x"))
    }
    outage.failed(away("x"))
    expect([relapse(999), relapse(10), relapse(10), relapse(10), relapse(10), relapse(10)]).toEqual([
      100, 200, 400, 800, 1000, 1000
    ])
    expect(relapse(1000)).toBe(50)
  })

  it("also is a call without an answer for 30 seconds, which may still be answered", async () => {
    const timers = new ManualTimers()
    const outage = new StoreOutage(timers)
    const told: Array<string> = []
    outage.watch(
      () => 0,
      ({ message }) => told.push(message),
      "far"
    )
    await timers.advance(silenceMs - 1)
    expect([told, outage.current]).toEqual([[], null])
    await timers.advance(1)
    expect(told).toEqual([expect.stringContaining("no answer for 30 s")])
    expect(outage.current).toMatchObject({ retryAt: null, failures: 1 })
    expect(outage.over()).toBe(true)
  })

  it("is none for a call that was answered, and counts for the one that is out from when that began", async () => {
    const timers = new ManualTimers()
    const outage = new StoreOutage(timers)
    let begun: number | null = 0
    let told = 0
    const watch = () =>
      outage.watch(
        () => begun,
        () => (told += 1),
        "far"
      )
    watch()
    watch()
    expect(timers.armed).toBe(1)
    begun = 20_000
    await timers.advance(silenceMs + 19_999)
    expect(told).toBe(0)
    await timers.advance(1)
    expect(told).toBe(1)
    begun = null
    watch()
    await timers.advance(silenceMs)
    expect([told, timers.armed]).toEqual([1, 0])
    begun = timers.monotonicMillis()
    watch()
    outage.unwatch()
    expect(timers.armed).toBe(0)
    watch()
    expect(timers.armed).toBe(1)
    // The call that is out then has begun a moment later than the watch.
    begun = timers.monotonicMillis() + 1
    await timers.advance(silenceMs)
    expect([told, timers.armed]).toEqual([1, 1])
    await timers.advance(1)
    expect([told, timers.armed]).toEqual([2, 0])
    watch()
    expect(timers.armed).toBe(1)
    outage.unwatch()
  })
})
