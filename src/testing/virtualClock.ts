/**
 * A clock that only a test moves: Effect's `Clock` and the engine's timers on one heap of sleepers, so that everything (the
 * engine, XState, RxJS, executors, Effects in tasks) runs in virtual time. Never waits for real time. The wall can be stepped
 * apart from the monotonic clock, as a real one is by NTP, an operator or a suspended machine.
 */
import { Clock, Data, Duration, Effect } from "effect"
import { unquoted } from "../input/inWords.ts"
import type { TimedClock, WallTimers } from "../engine/clock.ts"
import { maxSleepMs, platformTurn } from "../engine/clock.ts"
import type { DurationLike } from "../time/duration.ts"
import { InvalidDurationError, readDuration, readExactDuration } from "../time/duration.ts"
import type { EpochMillis } from "../time/instant.ts"
import { readInstant } from "../time/instant.ts"
import type { HeapEntry } from "../time/instantHeap.ts"
import { InstantHeap } from "../time/instantHeap.ts"
import type { CancelTimer } from "../time/timers.ts"
import { clockMarginMs } from "../time/timers.ts"

/** `at` by monotonic time, `key` as they came. */
interface Sleeper extends HeapEntry {
  readonly wake: () => void
}

/** One that waits for the wall clock. It wakes every `maxSleepMs`, like one on a real clock; only wakes that matter are made. */
interface WallSleeper {
  readonly instant: EpochMillis
  readonly wake: () => void
  /** Called instead when the wall was set back; absent: it is waited for. */
  readonly setBack: ((shown: EpochMillis) => void) | undefined
  /** The wall's offset at its newest look. */
  offset: number
  /** Where its wakes are counted from. */
  since: number
  sleeper: Sleeper
}

/** What `advance` and `settle` give up at, so that a program that re-arms itself for ever fails a test instead of hanging it. */
const maxWakeUps = 100_000_000
const maxTurns = 1_000_000

/** The program is never at rest: each thing that it does asks for another, and time cannot move on. */
export class RestlessProgramError extends Data.TaggedError("RestlessProgramError")<{
  /** Where time stands, epoch milliseconds. */
  readonly at: EpochMillis
  /** What it did so often since it was last at rest. */
  readonly doing: "turns of the event loop" | "wake-ups of one advance"
  /** How many of them. */
  readonly count: number
}> {
  override get message(): string {
    const at = new Date(this.at).toISOString()
    return `not at rest after ${this.count} ${this.doing}, at ${at}; find what asks for another each time, such as a delay of 0 in a loop, and let it wait or end`
  }
}

/** Effect's `Clock`, standing still until it is moved, and what moves it. `virtualClock` makes one. */
export class VirtualClock implements TimedClock {
  /** What Effect knows a clock by. */
  readonly [Clock.ClockTypeId]: typeof Clock.ClockTypeId = Clock.ClockTypeId
  private elapsedMs = 0
  private wallOffset: number
  private order = 0
  private readonly sleepers = new InstantHeap<Sleeper>()
  private readonly wallSleepers = new Set<WallSleeper>()
  /** Turns of the event loop that were asked for and have not come. */
  private pendingTurns = 0

  /** `startAt`: the wall time it begins with. Throws `InvalidInstantError`. */
  constructor(startAt: EpochMillis) {
    this.wallOffset = readInstant(startAt, "UTC")
  }

  /** Wall time. */
  now(): EpochMillis {
    return this.unsafeCurrentTimeMillis()
  }

  /** Moves time on by `duration`, waking what is due on the way, in order, each at its own instant. Rejects with `InvalidDurationError`. */
  async advance(duration: DurationLike): Promise<void> {
    const target = this.elapsedMs + readExactDuration(duration, "advance's duration")
    await this.move(() => target)
  }

  /**
   * Moves time on to a wall instant, by monotonic time. Who is woken on the way may step the wall: it ends when the wall shows
   * `instant` or more, and at once when it does already. Rejects with `InvalidInstantError`.
   */
  async runUntil(instant: EpochMillis): Promise<void> {
    const until = readInstant(instant, "UTC")
    await this.move(() => until - this.wallOffset)
  }

  /** Moves the wall clock by `ms` (either way) and nothing else: no sleeper wakes. Throws `InvalidDurationError`. */
  stepWall(ms: number): void {
    this.wallOffset += readStep(ms)
    // Who waits for a wall instant notices at the next look, at most a minute from now.
    for (const each of this.wallSleepers) {
      const wakes = Math.floor((this.elapsedMs - each.since) / maxSleepMs) + 1
      this.sleepers.remove(each.sleeper)
      each.sleeper = this.add(Math.min(each.since + wakes * maxSleepMs, each.sleeper.at), () => this.wake(each))
    }
  }

  /** Lets everything that is ready run, without moving time. Rejects with `RestlessProgramError` when that never ends. */
  async settle(): Promise<void> {
    for (let turns = 1; ; turns++) {
      await new Promise<void>((resolve) => platformTurn(resolve))
      if (this.pendingTurns === 0) return
      if (turns === maxTurns) throw this.restless("turns of the event loop", turns)
    }
  }

  /** Waits `duration` of this clock's time: for tasks that are async functions. Do not await it before time is moved. */
  wait(duration: DurationLike): Promise<void> {
    const delayMs = readDuration(duration, "wait's duration")
    return new Promise((resolve) => void this.add(this.elapsedMs + delayMs, resolve))
  }

  /** Sleepers that wait. */
  get waiting(): number {
    return this.sleepers.size
  }

  unsafeCurrentTimeMillis(): number {
    return Math.floor(this.wallOffset + this.elapsedMs)
  }

  unsafeCurrentTimeNanos(): bigint {
    return BigInt(Math.round(this.elapsedMs * 1_000_000))
  }

  readonly currentTimeMillis: Effect.Effect<number> = Effect.sync(() => this.unsafeCurrentTimeMillis())
  readonly currentTimeNanos: Effect.Effect<bigint> = Effect.sync(() => this.unsafeCurrentTimeNanos())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const sleeper = this.add(this.elapsedMs + Duration.toMillis(duration), () => resume(Effect.void))
      return Effect.sync(() => void this.sleepers.remove(sleeper))
    })
  }

  /** The timers of everything that is given this clock. */
  readonly timers: WallTimers = {
    now: () => this.unsafeCurrentTimeMillis(),
    monotonicMillis: () => this.elapsedMs,
    after: (delayMs, callback) => {
      if (delayMs <= 0) return this.turn(callback)
      const sleeper = this.add(this.elapsedMs + delayMs, callback)
      return () => void this.sleepers.remove(sleeper)
    },
    at: (instant, callback, setBack) => {
      if (instant <= this.unsafeCurrentTimeMillis()) return this.turn(callback)
      const dueAt = Math.ceil(instant - this.wallOffset)
      const sleeper = this.add(dueAt, () => this.wake(each))
      const each: WallSleeper = {
        instant,
        wake: callback,
        setBack,
        offset: this.wallOffset,
        since: this.elapsedMs,
        sleeper
      }
      this.wallSleepers.add(each)
      return () => {
        this.wallSleepers.delete(each)
        this.sleepers.remove(each.sleeper)
      }
    }
  }

  /** Moves on until `target`, in monotonic milliseconds, which is asked for again after each that was woken. */
  private async move(target: () => number): Promise<void> {
    await this.settle()
    for (let woken = 0; ; woken++) {
      const first = this.sleepers.first()
      if (first === undefined || first.at > target()) break
      if (woken === maxWakeUps) throw this.restless("wake-ups of one advance", woken)
      this.sleepers.remove(first)
      this.elapsedMs = Math.max(this.elapsedMs, first.at)
      first.wake()
      await this.settle()
    }
    this.elapsedMs = Math.max(this.elapsedMs, target())
    await this.settle()
  }

  private restless(doing: RestlessProgramError["doing"], count: number): RestlessProgramError {
    return new RestlessProgramError({ at: this.now(), doing, count })
  }

  private add(at: number, wake: () => void): Sleeper {
    const sleeper: Sleeper = { at, key: this.order++, slot: -1, wake }
    this.sleepers.insert(sleeper)
    return sleeper
  }

  private wake(each: WallSleeper): void {
    const leftMs = each.instant - this.unsafeCurrentTimeMillis()
    const wasSetBack = this.wallOffset < each.offset - clockMarginMs
    if (leftMs > 0 && !(wasSetBack && each.setBack !== undefined)) {
      each.offset = Math.max(each.offset, this.wallOffset)
      each.since = this.elapsedMs
      each.sleeper = this.add(this.elapsedMs + leftMs, () => this.wake(each))
      return
    }
    this.wallSleepers.delete(each)
    if (leftMs > 0) each.setBack?.(this.unsafeCurrentTimeMillis() + each.offset - this.wallOffset)
    else each.wake()
  }

  private turn(callback: () => void): CancelTimer {
    let wanted = true
    this.pendingTurns += 1
    platformTurn(() => {
      this.pendingTurns -= 1
      if (wanted) callback()
    })
    return () => {
      wanted = false
    }
  }
}

/** Plain JavaScript may give anything. */
const readStep = (ms: unknown): number => {
  if (typeof ms === "number" && Math.abs(ms) <= Number.MAX_SAFE_INTEGER) return ms
  const expected = "a number of milliseconds, forward or, negative, back"
  throw new InvalidDurationError({ field: "stepWall's ms", found: unquoted(ms), expected })
}

/** A virtual clock whose wall shows `startAt`, epoch milliseconds. Give it to `createScheduler({ clock })`. Throws `InvalidInstantError`. */
export const virtualClock = (startAt: EpochMillis): VirtualClock => new VirtualClock(startAt)
