import { take } from "rxjs"
import { describe, expect, it } from "vitest"
import type { CancelTimer, WallTimers } from "../../src/time/timers.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { fireTimes, fireTimes$ } from "../../src/trigger/fireTimes.ts"
import { interval } from "../../src/trigger/interval.ts"
import { limit } from "../../src/trigger/limit.ts"
import { stream } from "../../src/trigger/stream.ts"

describe("fireTimes", () => {
  it("gives the fire times after an instant, through another, so many at most", () => {
    const hourly = cron("0 * * * *", { timezone: "UTC" })
    const options = { after: "2026-01-01T00:00", timezone: "UTC" }
    const start = Date.parse("2026-01-01T00:00:00Z")
    const hours = (...numbers: ReadonlyArray<number>) => numbers.map((number) => start + number * 3_600_000)
    expect([...fireTimes(hourly, { ...options, until: "2026-01-01T03:00" })]).toEqual(hours(1, 2, 3))
    expect([...fireTimes(hourly, { ...options, limit: 2 })]).toEqual(hours(1, 2))
    expect([...fireTimes(limit(hourly, 2), options)]).toEqual(hours(1, 2))
    expect([...fireTimes(interval("1h"), { ...options, limit: 2 })]).toEqual(hours(1, 2))
  })

  it("starts anew with each iteration", () => {
    const times = fireTimes(interval("1s"), { after: 0, limit: 2 })
    expect([...times, ...times]).toEqual([1000, 2000, 1000, 2000])
  })

  it("has a limit from none on", () => {
    const of = (limit: unknown) => [...fireTimes(interval("1s"), { after: 0, until: 4000, limit: limit as number })]
    expect([of(0), of(1), of(undefined), of(Infinity)].map(({ length }) => length)).toEqual([0, 1, 4, 4])
    for (const [limit, found] of [
      [-1, "-1"],
      [NaN, "NaN"],
      ["2", "2"],
      [null, "null"]
    ] as const)
      expect(() => of(limit)).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", field: "limit", found }))
  })

  it("reads text in its zone, and has the trigger without one in it too", () => {
    const given = { after: "2026-06-01T00:00", until: "2026-06-01T09:00", timezone: "Asia/Tokyo" }
    expect([...fireTimes(cron("0 9 * * *"), given)]).toEqual([Date.parse("2026-06-01T09:00+09:00")])
    expect(() => fireTimes(cron("0 9 * * *"), { after: 0, timezone: "Nowhere/Land" })).toThrow(
      expect.objectContaining({ _tag: "UnknownTimezoneError" })
    )
  })

  it("looks beyond the instant that it begins after", () => {
    expect([...fireTimes(interval("1s", { start: 1000 }), { after: 1000, limit: 1 })]).toEqual([2000])
    expect([...fireTimes(limit(interval("1s", { start: 1000 }), 2), { after: 1000 })]).toEqual([2000, 3000])
  })

  it("ends with a faulty trigger when it is asked, not before", () => {
    const faulty = { type: "liar", next: (after: number) => after, toJSON: () => ({ type: "liar" }) }
    const times = fireTimes(faulty, { after: 0 })
    expect(() => [...times]).toThrow(expect.objectContaining({ _tag: "FaultyTriggerError" }))
  })

  it("refuses a stream", () => {
    expect(() => fireTimes(stream("a"), { after: 0 })).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError" }))
  })
})

describe("fireTimes$", () => {
  it("emits each fire time when it has come, and completes", () => {
    const timers = manualTimers(500)
    const seen: Array<unknown> = []
    fireTimes$(limit(interval("2 minutes"), 2), { timers }).subscribe({
      next: (fireAt) => seen.push([timers.now(), fireAt]),
      complete: () => seen.push("complete")
    })
    timers.advance(119_999)
    expect(seen).toEqual([])
    timers.advance(200_000)
    expect(seen).toEqual([[120_500, 120_500], [240_500, 240_500], "complete"])
  })

  it("emits what is past at once and in order", () => {
    const timers = manualTimers(10_500)
    const seen: Array<number> = []
    const subscription = fireTimes$(interval("1s", { start: 0 }), { timers, after: 7000 }).subscribe((fireAt) =>
      seen.push(fireAt)
    )
    expect(seen).toEqual([8000, 9000, 10_000])
    subscription.unsubscribe()
    timers.advance(60_000)
    expect(seen.length).toBe(3)
    expect(timers.waiting()).toBe(0)
  })

  it("follows a wall clock that was set forward within a minute", () => {
    const timers = manualTimers(0)
    const seen: Array<number> = []
    fireTimes$(interval("1h", { start: 3_600_000 }), { timers }).subscribe((fireAt) => seen.push(fireAt))
    timers.setWall(3_600_000)
    timers.advance(60_000)
    expect(seen).toEqual([3_600_000])
  })

  it("lets others have a turn while it catches up", () => {
    const timers = manualTimers(5_000_000)
    const seen: Array<number> = []
    fireTimes$(interval("1s", { start: 0 }), { timers, after: 0 }).subscribe((fireAt) => seen.push(fireAt))
    expect(seen.length).toBe(1000)
    timers.advance(0)
    expect(seen.length).toBe(2000)
  })

  it("reads text in its zone, and has the trigger without one in it too", () => {
    const timers = manualTimers(Date.parse("2026-06-02T12:00Z"))
    const seen: Array<number> = []
    fireTimes$(cron("0 9 * * *"), { timers, after: "2026-06-01T10:00", timezone: "Asia/Tokyo" }).subscribe((fireAt) =>
      seen.push(fireAt)
    )
    expect(seen).toEqual([Date.parse("2026-06-02T09:00+09:00")])
  })

  it("is silent once nobody listens, be it in the middle of what is past", () => {
    const timers = manualTimers(10_500)
    const seen: Array<number> = []
    fireTimes$(interval("1s", { start: 0 }), { timers, after: 0 })
      .pipe(take(2))
      .subscribe((fireAt) => seen.push(fireAt))
    timers.advance(60_000)
    expect([seen, timers.waiting()]).toEqual([[1000, 2000], 0])
  })

  it("waits for nothing once nobody listens", () => {
    const timers = manualTimers(0)
    const subscription = fireTimes$(interval("1s", { start: 0 }), { timers }).subscribe()
    expect(timers.waiting()).toBe(1)
    subscription.unsubscribe()
    expect(timers.waiting()).toBe(0)
  })

  it("begins anew with each listener, and after the instant of its own", () => {
    const timers = manualTimers(0)
    const seconds = fireTimes$(interval("1s"), { timers })
    const [first, second]: [Array<number>, Array<number>] = [[], []]
    seconds.subscribe((fireAt) => first.push(fireAt))
    timers.advance(1500)
    seconds.subscribe((fireAt) => second.push(fireAt))
    timers.advance(1000)
    expect([first, second]).toEqual([[1000, 2000], [2500]])
  })

  it.for<readonly [string, Parameters<typeof fireTimes$>[0], object, string]>([
    ["a stream", stream("a"), {}, "InvalidTriggerError"],
    ["no trigger", 5 as never, {}, "InvalidTriggerError"],
    ["an instant that is none", interval("1s"), { after: "soon" }, "InvalidInstantError"]
  ])("fails of %s, and throws nothing", ([, trigger, options, tag]) => {
    const errors: Array<unknown> = []
    fireTimes$(trigger, { timers: manualTimers(5), timezone: "UTC", ...options }).subscribe({
      error: (error: unknown) => errors.push(error)
    })
    expect(errors).toMatchObject([{ _tag: tag }])
  })

  it("fails with what is wrong with the trigger", () => {
    const errors: Array<unknown> = []
    const faulty = { type: "liar", next: () => 0, toJSON: () => ({ type: "liar" }) }
    fireTimes$(faulty, { timers: manualTimers(5) }).subscribe({ error: (error: unknown) => errors.push(error) })
    expect(errors).toMatchObject([{ _tag: "FaultyTriggerError", reason: "notLater" }])
  })
})

/** Timers that move only when told. A timer that another one arms waits for the next move. */
const manualTimers = (startAt: number) => {
  let wall = startAt
  let monotonic = 0
  let waiting: Array<{ readonly dueAt: number; readonly callback: () => void }> = []
  const after = (delayMs: number, callback: () => void): CancelTimer => {
    const timer = { dueAt: monotonic + delayMs, callback }
    waiting.push(timer)
    return () => {
      waiting = waiting.filter((each) => each !== timer)
    }
  }
  const timers: WallTimers = {
    now: () => wall,
    monotonicMillis: () => monotonic,
    after,
    at: (instant, callback) => {
      let cancel: CancelTimer
      const look = (): void => {
        if (wall >= instant) callback()
        else cancel = after(Math.min(instant - wall, 60_000), look)
      }
      cancel = after(Math.min(Math.max(0, instant - wall), 60_000), look)
      return () => cancel()
    }
  }
  const advance = (ms: number): void => {
    const until = monotonic + ms
    for (;;) {
      const due = waiting.filter((each) => each.dueAt <= until).sort((a, b) => a.dueAt - b.dueAt)[0]
      if (due === undefined) break
      waiting = waiting.filter((each) => each !== due)
      wall += due.dueAt - monotonic
      const moved = due.dueAt > monotonic
      monotonic = due.dueAt
      due.callback()
      if (!moved && ms === 0) break
    }
    wall += until - monotonic
    monotonic = until
  }
  return { ...timers, advance, setWall: (at: number) => (wall = at), waiting: () => waiting.length }
}
