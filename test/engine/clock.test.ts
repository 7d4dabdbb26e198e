import { Clock } from "effect"
import { timer } from "rxjs"
import { describe, expect, it } from "vitest"
import { createActor, setup } from "xstate"
import { rxjsScheduler, timersOf, xstateClock } from "../../src/engine/clock.ts"
import { virtualClock } from "../../src/testing/virtualClock.ts"
import type { VirtualClock } from "../../src/testing/virtualClock.ts"
import { hour, midnight, minute, second } from "../scenarios/world.ts"

/** The same clock as one that only sleeps, as the machine's does: its timers are made of sleeps. */
const sleeping = (clock: VirtualClock): Clock.Clock => ({
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis(),
  unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
  currentTimeMillis: clock.currentTimeMillis,
  currentTimeNanos: clock.currentTimeNanos,
  sleep: (duration) => clock.sleep(duration)
})

const kinds = [
  { name: "timers of a clock that keeps its own", of: (clock: VirtualClock) => timersOf(clock) },
  { name: "timers made of a clock's sleeps", of: (clock: VirtualClock) => timersOf(sleeping(clock)) }
]

describe.each(kinds)("$name", ({ of }) => {
  const world = () => {
    const clock = virtualClock(midnight)
    const timers = of(clock)
    const told: Array<readonly [string, number, number]> = []
    const start = timers.monotonicMillis()
    const tell = (name: string) => (): void => {
      told.push([name, timers.monotonicMillis() - start, timers.now() - midnight])
    }
    return { clock, timers, told, tell }
  }

  it("come in order, equals first come first, those of 0 without time passing", async () => {
    const { clock, timers, told, tell } = world()
    timers.after(2 * second, tell("late"))
    timers.after(second, tell("one"))
    timers.after(second, tell("two"))
    timers.after(0, tell("now"))
    await clock.settle()
    expect(told).toEqual([["now", 0, 0]])
    await clock.advance("1 second")
    expect(told.slice(1)).toEqual([
      ["one", second, second],
      ["two", second, second]
    ])
    await clock.advance("1 second")
    expect(told.slice(3)).toEqual([["late", 2 * second, 2 * second]])
  })

  it("may be added and cancelled by one another", async () => {
    const { clock, timers, told, tell } = world()
    const cancel = timers.after(2 * second, tell("cancelled"))
    timers.after(second, () => {
      cancel()
      timers.after(3 * second, tell("added"))
    })
    await clock.advance("1 minute")
    expect(told).toEqual([["added", 4 * second, 4 * second]])
  })

  it("leave nothing behind when they are cancelled", async () => {
    const { clock, timers, told, tell } = world()
    for (let index = 0; index < 1000; index++) timers.after(hour + index, tell("no"))()
    await clock.settle()
    expect(clock.waiting).toBe(0)
    timers.after(second, tell("yes"))
    await clock.advance("2 hours")
    expect(told).toEqual([["yes", second, second]])
    expect(clock.waiting).toBe(0)
  })

  it("leave nothing behind when one that is still there comes after they were cancelled", async () => {
    const { clock, timers, told, tell } = world()
    const cancelLater = timers.after(minute, tell("cancelled"))
    timers.after(second, tell("first"))
    cancelLater()
    await clock.advance("1 second")
    expect(told).toEqual([["first", second, second]])
    expect(clock.waiting).toBe(0)
  })

  it("wait longer than a platform's timer can", async () => {
    const { clock, timers, told, tell } = world()
    timers.after(60 * 24 * hour, tell("sixty days"))
    await clock.advance("61 days")
    expect(told).toEqual([["sixty days", 60 * 24 * hour, 60 * 24 * hour]])
  })

  it("do not follow steps of the wall", async () => {
    const { clock, timers, told, tell } = world()
    timers.after(10 * minute, tell("ten minutes"))
    clock.stepWall(-hour)
    await clock.advance("10 minutes")
    expect(told).toEqual([["ten minutes", 10 * minute, 10 * minute - hour]])
  })

  describe("at a wall instant", () => {
    it("come then, and on the next turn when it is past", async () => {
      const { clock, timers, told, tell } = world()
      timers.at(midnight - hour, tell("past"))
      timers.at(midnight + 3 * hour + 1, tell("future"))
      await clock.settle()
      expect(told).toEqual([["past", 0, 0]])
      await clock.advance(3 * hour)
      expect(told.length).toBe(1)
      await clock.advance(1)
      expect(told[1]).toEqual(["future", 3 * hour + 1, 3 * hour + 1])
    })

    it("come within a minute when the wall steps past it", async () => {
      const { clock, timers, told, tell } = world()
      timers.at(midnight + 3 * hour, tell("at three"))
      await clock.advance(10 * second)
      clock.stepWall(5 * hour)
      await clock.advance("50 seconds")
      expect(told).toEqual([["at three", minute, minute + 5 * hour]])
    })

    it("wait on when the wall steps back, and are never early", async () => {
      const { clock, timers, told, tell } = world()
      timers.at(midnight + 90 * second, tell("ninety"))
      await clock.advance("80 seconds")
      clock.stepWall(-50 * second)
      await clock.advance("59 seconds")
      expect(told).toEqual([])
      await clock.advance("1 second")
      expect(told).toEqual([["ninety", 140 * second, 90 * second]])
    })

    it("follow step upon step", async () => {
      const { clock, timers, told, tell } = world()
      timers.at(midnight + 2 * hour, tell("at two"))
      await clock.advance("30 seconds")
      clock.stepWall(hour)
      await clock.advance("90 seconds")
      clock.stepWall(-30 * minute)
      await clock.advance("1 hour")
      expect(told).toEqual([])
      await clock.advance("28 minutes")
      expect(told).toEqual([["at two", 90 * minute, 2 * hour]])
    })

    it("can be cancelled, after a step too", async () => {
      const { clock, timers, told, tell } = world()
      const cancel = timers.at(midnight + hour, tell("no"))
      await clock.advance("5 minutes")
      clock.stepWall(-minute)
      cancel()
      await clock.advance("2 hours")
      expect([told, clock.waiting]).toEqual([[], 0])
    })
  })

  it("drive RxJS and XState", async () => {
    const { clock, timers, told, tell } = world()
    const subscription = timer(minute, hour, rxjsScheduler(timers)).subscribe(tell("rxjs"))
    const machine = setup({ actions: { tell: tell("xstate") } }).createMachine({
      initial: "waiting",
      states: { waiting: { after: { 90_000: { target: "done", actions: "tell" } } }, done: { type: "final" } }
    })
    createActor(machine, { clock: xstateClock(timers) }).start()
    await clock.advance(hour + 2 * minute)
    subscription.unsubscribe()
    await clock.advance("1 day")
    expect(told.map(([name, elapsed]) => [name, elapsed])).toEqual([
      ["rxjs", minute],
      ["xstate", 90 * second],
      ["rxjs", hour + minute]
    ])
  })
})
