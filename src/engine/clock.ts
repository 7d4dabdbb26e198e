/**
 * The one file that knows how to wait. Makes the engine's timers from Effect's Clock, and XState's and RxJS's from those,
 * so that whoever replaces the Clock moves everything. Many waits, one armed sleep, at most a minute long: a machine that slept
 * wakes late, and a wall clock steps. Only a clock that a test moves does neither.
 */
import { Clock, Duration, Effect, Fiber } from "effect"
import { Subscription } from "rxjs"
import type { SchedulerAction, SchedulerLike } from "rxjs"
import type { EpochMillis } from "../time/epochMillis.ts"
import type { HeapEntry } from "../time/instantHeap.ts"
import { InstantHeap } from "../time/instantHeap.ts"
import { clockMarginMs } from "../time/timers.ts"
import type { CancelTimer, Timers, WallTimers } from "../time/timers.ts"

export type { WallTimers } from "../time/timers.ts"

/** Longest single sleep, milliseconds. */
export const maxSleepMs = 60_000

/** A clock that keeps its timers itself, as a virtual one does: no sleep has to be armed for them. */
export interface TimedClock extends Clock.Clock {
  readonly timers: WallTimers
}

/** Timers that fire this much before their time have waited by another clock than the one that is asked here. */
const strangeMs = 5

let newestMs = -Infinity
/** What `performance.now()` lacks: fake timers of a test runner may begin it anew, or move the timers and not it. */
let aheadMs = 0

/** The platform is asked at each call, and nothing of it is kept: whoever replaces its time, as fake timers do, moves the engine. */
const liveMillis = (): number => {
  const now = (typeof performance === "undefined" ? Date.now() : performance.now()) + aheadMs
  if (now < newestMs) aheadMs += newestMs - now
  newestMs = Math.max(newestMs, now)
  return newestMs
}

const liveNanos = (): bigint => BigInt(Math.round(liveMillis() * 1e6))

const liveSchedule = (task: () => void, duration: Duration.Duration): (() => boolean) => {
  const delayMs = Duration.toMillis(duration)
  const dueMs = liveMillis() + delayMs
  let over = false
  const timer = setTimeout(() => {
    over = true
    const early = dueMs - liveMillis()
    if (early > strangeMs) aheadMs += early
    task()
  }, delayMs)
  return () => {
    clearTimeout(timer)
    return !over
  }
}

/** The clock of the machine. */
export const liveClock: Clock.Clock = {
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  unsafeCurrentTimeMillis: () => Date.now(),
  unsafeCurrentTimeNanos: liveNanos,
  currentTimeMillis: Effect.sync(() => Date.now()),
  currentTimeNanos: Effect.sync(liveNanos),
  sleep: (duration) =>
    Effect.async<void>((resume) => {
      const cancel = liveSchedule(() => resume(Effect.void), duration)
      return Effect.sync(cancel)
    })
}

/** `at` by monotonic time, `key` as they came. */
interface Waiting extends HeapEntry {
  readonly callback: () => void
}

/** Timers on `clock`. A delay of 0 is the next turn of the event loop, whatever the clock: a turn is not time. */
export const timersOf = (clock: Clock.Clock): WallTimers => (isTimed(clock) ? clock.timers : timersBySleeps(clock))

const isTimed = (clock: Clock.Clock): clock is TimedClock => "timers" in clock

/** Effect's TestClock: its wall and its sleeps are one, and move together. */
const isTestClock = (clock: Clock.Clock): boolean => "adjust" in clock && "sleeps" in clock

const timersBySleeps = (clock: Clock.Clock): WallTimers => {
  const mostMs = isTestClock(clock) ? Infinity : maxSleepMs
  const waiting = new InstantHeap<Waiting>()
  let armedFor = Infinity
  let sleeper: Fiber.RuntimeFiber<void> | null = null
  let newest = 0

  const monotonicMillis = (): number => Number(clock.unsafeCurrentTimeNanos() / 1000n) / 1000

  const arm = (): void => {
    const first = waiting.first()
    if (first === undefined || first.at >= armedFor) return
    if (sleeper !== null) Effect.runFork(Fiber.interruptFork(sleeper))
    armedFor = first.at
    const sleepMs = Math.min(Math.max(0, Math.ceil(first.at - monotonicMillis())), mostMs)
    sleeper = Effect.runFork(Effect.map(clock.sleep(Duration.millis(sleepMs)), fire))
  }

  const fire = (): void => {
    sleeper = null
    armedFor = Infinity
    const now = monotonicMillis()
    // A callback may add timers; those wait for the next sleep, so this loop ends.
    const last = newest
    const later: Array<Waiting> = []
    for (let first = waiting.first(); first !== undefined && first.at <= now; first = waiting.first()) {
      waiting.remove(first)
      if (first.key > last) later.push(first)
      else first.callback()
    }
    for (const timer of later) waiting.insert(timer)
    arm()
  }

  const after = (delayMs: number, callback: () => void): CancelTimer => {
    if (delayMs <= 0) return nextTurn(callback)
    const timer: Waiting = { at: monotonicMillis() + delayMs, key: ++newest, slot: -1, callback }
    waiting.insert(timer)
    arm()
    return () => {
      waiting.remove(timer)
      if (waiting.size === 0 && sleeper !== null) {
        Effect.runFork(Fiber.interruptFork(sleeper))
        sleeper = null
        armedFor = Infinity
      }
    }
  }

  const at = (instant: EpochMillis, callback: () => void, setBack?: (shown: EpochMillis) => void): CancelTimer => {
    let cancel: CancelTimer
    let seen = clock.unsafeCurrentTimeMillis()
    const arm = (): void => {
      const now = clock.unsafeCurrentTimeMillis()
      const leftMs = instant - now
      if (leftMs <= 0) callback()
      else if (setBack !== undefined && now < seen - clockMarginMs) setBack(seen)
      else cancel = after(Math.min(leftMs, mostMs), arm)
      seen = Math.max(seen, now)
    }
    cancel = after(Math.min(Math.max(0, instant - clock.unsafeCurrentTimeMillis()), mostMs), arm)
    return () => cancel()
  }

  return { now: () => clock.unsafeCurrentTimeMillis(), monotonicMillis, after, at }
}

/** A clock for XState's `createActor({ clock })`. Our machines use no delays; a user's actor logic may. */
export const xstateClock = (timers: Timers) => ({
  setTimeout: (callback: () => void, delayMs: number): CancelTimer => timers.after(delayMs, callback),
  clearTimeout: (cancel: CancelTimer | undefined): void => cancel?.()
})

/** A scheduler for RxJS's time operators. */
export const rxjsScheduler = (timers: Timers): SchedulerLike => {
  const schedule = <T>(work: (this: SchedulerAction<T>, state?: T) => void, delayMs = 0, state?: T): Subscription => {
    const subscription = new Subscription()
    const action = Object.assign(subscription, {
      schedule(this: SchedulerAction<T>, nextState?: T, nextDelayMs = 0): Subscription {
        subscription.add(timers.after(nextDelayMs, () => work.call(action, nextState)))
        return subscription
      }
    }) as unknown as SchedulerAction<T> // `Action` is a class in RxJS only for its own schedulers; the interface is these two parts.
    return action.schedule(state, delayMs)
  }
  return { now: () => timers.now(), schedule }
}

/** Timers on a scheduler of RxJS, such as a `TestScheduler`: its time is both the wall's and what passes. */
export const timersOfScheduler = (scheduler: SchedulerLike): WallTimers => {
  const now = (): EpochMillis => scheduler.now()
  const after = (delayMs: number, callback: () => void): CancelTimer => {
    const action = scheduler.schedule(() => callback(), delayMs)
    return () => action.unsubscribe()
  }
  const at = (instant: EpochMillis, callback: () => void): CancelTimer => {
    let cancel: CancelTimer
    const arm = (): void => {
      const leftMs = instant - now()
      cancel = leftMs <= 0 ? after(0, callback) : after(Math.min(leftMs, maxSleepMs), again)
    }
    const again = (): void => {
      if (now() >= instant) callback()
      else arm()
    }
    arm()
    return () => cancel()
  }
  return { now, monotonicMillis: now, after, at }
}

/** The next turn of the event loop: not time, so it is the platform's own. */
const nextTurn = (callback: () => void): CancelTimer => {
  let wanted = true
  platformTurn(() => {
    if (wanted) callback()
  })
  return () => {
    wanted = false
  }
}

const ownTurn = typeof setImmediate === "function" ? setImmediate : null

/** One turn of the event loop, after all that is ready. A browser has no `setImmediate`. */
export const platformTurn = (callback: () => void): void => {
  if (ownTurn !== null) {
    if (setImmediate === ownTurn) ownTurn(callback)
    else {
      // Fake timers: theirs keeps its place in their time, our own comes also while nobody moves that.
      let over = false
      const once = (): void => {
        if (!over) callback()
        over = true
      }
      setImmediate(once)
      ownTurn(once)
    }
    return
  }
  const channel = new MessageChannel()
  const opened = (): void => {
    channel.port1.close()
    callback()
  }
  channel.port1.addEventListener("message", opened, { once: true })
  channel.port1.start()
  channel.port2.postMessage(null)
}
