import { Duration, Effect, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { createScheduler, cron, fireTimes$, interval, task } from "../../src/index.ts"
import { virtualClock, type VirtualClock } from "../../src/testing/virtualClock.ts"
import { day, hour, midnight, minute, second } from "../scenarios/world.ts"

describe("VirtualClock", () => {
  it("wakes each sleeper at its own instant, in the order of their coming, whoever they are", async () => {
    const clock = virtualClock(midnight)
    const told: Array<readonly [string, number]> = []
    const tell = (name: string) => (): void => void told.push([name, clock.now() - midnight])
    const slept = Effect.runPromise(Effect.map(clock.sleep(Duration.seconds(2)), tell("effect")))
    clock.timers.after(2 * second, tell("timer"))
    void clock.wait("2 seconds").then(tell("wait"))
    clock.timers.at(midnight + 2 * second, tell("wall"))
    clock.timers.after(second, tell("early"))
    await clock.advance("1 minute")
    await slept
    expect(told).toEqual([
      ["early", second],
      ["effect", 2 * second],
      ["timer", 2 * second],
      ["wait", 2 * second],
      ["wall", 2 * second]
    ])
    expect(clock.now()).toBe(midnight + minute)
  })

  it("moves an engine with its jobs, its timeouts, its retries, its streams and its tasks' sleeps", async () => {
    const clock = virtualClock(midnight)
    const told: Array<string> = []
    const nap = task("nap", ({ attempt }) => Effect.as(Effect.sleep(attempt === 1 ? "1 hour" : "1 minute"), "rested"))
    const scheduler = createScheduler({ tasks: [nap], clock, timezone: "UTC" })
    await scheduler.start()
    scheduler.on(["RunStarted", "RunTimedOut", "RunRetryDue", "RunSucceeded"], ({ type, at }) => {
      told.push(`${type} ${(at - midnight) / minute}`)
    })
    const stream = fireTimes$(interval("20 minutes", { timezone: "UTC" }), { clock }).subscribe(() => {
      told.push(`stream ${(clock.now() - midnight) / minute}`)
    })
    const retry = { attempts: 2, backoff: "5 minutes" } as const
    await scheduler.addJob({ id: "nap", task: nap, trigger: cron("10 0 * * *"), timeout: "15 minutes", retry })
    await clock.runUntil(midnight + 35 * minute)
    expect(told).toEqual([
      "RunStarted 10",
      "stream 20",
      "RunTimedOut 25",
      "RunRetryDue 25",
      "RunStarted 30",
      "RunSucceeded 31"
    ])
    stream.unsubscribe()
    await scheduler.shutdown()
  })

  it("advances ten years of a yearly job without the minutes between", async () => {
    const clock = virtualClock(midnight)
    let ran = 0
    let wakes = 0
    const counted = task("counted", () => void (ran += 1))
    const forever = {
      runAge: Number.MAX_SAFE_INTEGER,
      runCount: Number.MAX_SAFE_INTEGER,
      jobAge: Number.MAX_SAFE_INTEGER
    }
    const scheduler = createScheduler({ tasks: [counted], clock, timezone: "UTC", retention: forever })
    await scheduler.start()
    await scheduler.addJob({ id: "yearly", task: counted, trigger: cron("0 12 1 7 *") })
    const settle = clock.settle.bind(clock)
    clock.settle = () => {
      wakes += 1
      return settle()
    }
    await clock.advance("3653 days")
    expect(ran).toBe(10)
    expect(wakes).toBeLessThan(50)
    await scheduler.shutdown()
  })

  describe("runUntil", () => {
    it("ends at the wall instant, though the wall is stepped on the way", async () => {
      const clock = virtualClock(midnight)
      clock.timers.after(hour, () => clock.stepWall(-30 * minute))
      clock.timers.after(2 * hour, () => clock.stepWall(10 * minute))
      await clock.runUntil(midnight + 3 * hour)
      expect(clock.now()).toBe(midnight + 3 * hour)
      expect(clock.timers.monotonicMillis()).toBe(3 * hour + 20 * minute)
    })

    it("ends at once when a step takes the wall past the instant", async () => {
      const clock = virtualClock(midnight)
      const woken: Array<string> = []
      clock.timers.after(hour, () => clock.stepWall(day))
      clock.timers.after(2 * hour, () => woken.push("too late"))
      await clock.runUntil(midnight + 3 * hour)
      expect([clock.now(), woken]).toEqual([midnight + hour + day, []])
      await clock.runUntil(midnight)
      expect(clock.now()).toBe(midnight + hour + day)
    })
  })

  it("does not wake who was interrupted, nor keep a place for them", async () => {
    const clock = virtualClock(midnight)
    const fibers = Array.from({ length: 1000 }, () => Effect.runFork(clock.sleep(Duration.days(1))))
    expect(clock.waiting).toBe(1000)
    await Effect.runPromise(Fiber.interruptAll(fibers))
    expect(clock.waiting).toBe(0)
    await clock.advance("2 days")
    expect(clock.now()).toBe(midnight + 2 * day)
  })

  it("does not follow the wall with what waits for a duration", async () => {
    const clock = virtualClock(midnight)
    const woken: Array<number> = []
    void clock.wait("1 hour").then(() => woken.push(clock.timers.monotonicMillis()))
    clock.stepWall(10 * hour)
    await clock.settle()
    expect(woken).toEqual([])
    await clock.advance("1 hour")
    expect(woken).toEqual([hour])
  })

  it("moves by parts of a millisecond", async () => {
    const clock = virtualClock(midnight)
    await clock.advance(0.4)
    await clock.advance(Duration.micros(700n))
    expect(clock.timers.monotonicMillis()).toBeCloseTo(1.1, 9)
    expect(clock.now()).toBe(midnight + 1)
  })

  describe("refuses", () => {
    const bare: unknown = Object.create(null)
    const moves = {
      wait: async (clock, given) => clock.wait(given as number),
      advance: (clock, given) => clock.advance(given as number),
      stepWall: async (clock, given) => clock.stepWall(given as number),
      runUntil: (clock, given) => clock.runUntil(given as number),
      virtualClock: async (_, given) => virtualClock(given as number)
    } satisfies { [name: string]: (clock: VirtualClock, given: unknown) => Promise<unknown> }
    const cases: ReadonlyArray<readonly [keyof typeof moves, string, ReadonlyArray<unknown>]> = [
      ["wait", "InvalidDurationError", ["soon", null, undefined, Symbol("s"), bare, -1, Infinity]],
      ["advance", "InvalidDurationError", ["soon", null, undefined, Symbol("s"), bare, -1, Infinity]],
      ["stepWall", "InvalidDurationError", ["soon", null, undefined, Symbol("s"), bare, 1n, NaN, -Infinity]],
      ["runUntil", "InvalidInstantError", ["soon", null, undefined, Symbol("s"), bare, 1n, NaN, Infinity]],
      ["virtualClock", "InvalidInstantError", ["soon", null, undefined, Symbol("s"), bare, 1n, NaN, Infinity]]
    ]
    it.for(cases.flatMap(([move, tag, given]) => given.map((each) => [move, each, tag] as const)))(
      "%s(%s) with %s, and stands still",
      async ([move, given, tag]) => {
        const clock = virtualClock(midnight)
        const error: unknown = await moves[move](clock, given).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ _tag: tag, message: expect.stringMatching(/expected/) as string })
        expect([clock.now(), clock.timers.monotonicMillis()]).toEqual([midnight, 0])
      }
    )
  })
})
