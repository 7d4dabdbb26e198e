/**
 * A clock that only a test moves: Effect's `Clock` on one heap of sleepers, so that the whole engine (its timers, XState's,
 * RxJS's, Effects in tasks) runs in virtual time. Never waits for real time. The wall can be stepped apart from the
 * monotonic clock, as a real one is by NTP, an operator or a suspended machine.
 */
import { Clock, Duration, Effect } from "effect"
import { platformTurn, turnsPending } from "../engine/clock.ts"
import type { Due } from "../time/dueHeap.ts"
import { DueHeap } from "../time/dueHeap.ts"
import type { EpochMillis } from "../time/instant.ts"

interface Sleeper extends Due {
  wake: (() => void) | null
}

/** What `advance` gives up at, so that a program that re-arms itself for ever fails a test instead of hanging it. */
const maxWakeUps = 100_000_000

export class VirtualClock implements Clock.Clock {
  readonly [Clock.ClockTypeId]: typeof Clock.ClockTypeId = Clock.ClockTypeId
  private elapsedMs = 0
  private wallOffset: number
  private order = 0
  private readonly sleepers = new DueHeap<Sleeper>()

  /** `startAt`: the wall time it begins with. */
  constructor(startAt: EpochMillis) {
    this.wallOffset = startAt
  }

  /** Wall time. */
  now(): EpochMillis {
    return this.unsafeCurrentTimeMillis()
  }

  /** Moves time on by `duration`, waking what is due on the way, in order, each at its own instant. */
  async advance(duration: Duration.DurationInput): Promise<void> {
    const target = this.elapsedMs + Duration.toMillis(Duration.decode(duration))
    await this.settle()
    for (let woken = 0; ; woken++) {
      const { first } = this.sleepers
      if (first === undefined || first.dueAt > target) break
      if (woken === maxWakeUps) throw new RangeError(`${maxWakeUps} wake-ups within one advance`)
      this.elapsedMs = Math.max(this.elapsedMs, first.dueAt)
      this.sleepers.pop()
      if (first.wake === null) continue
      first.wake()
      await this.settle()
    }
    this.elapsedMs = target
    await this.settle()
  }

  /** Moves time on to a wall instant, by monotonic time. */
  runUntil(instant: EpochMillis): Promise<void> {
    return this.advance(Math.max(0, instant - this.now()))
  }

  /** Moves the wall clock by `ms` (either way) and nothing else: no sleeper wakes. */
  stepWall(ms: number): void {
    this.wallOffset += ms
  }

  /** Lets everything that is ready run, without moving time. */
  async settle(): Promise<void> {
    do await new Promise<void>((resolve) => platformTurn(resolve))
    while (turnsPending() > 0)
  }

  /** Sleepers that wait. */
  get waiting(): number {
    return [...this.sleepers].filter(({ wake }) => wake !== null).length
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
      const sleeper: Sleeper = {
        dueAt: this.elapsedMs + Duration.toMillis(duration),
        order: this.order++,
        wake: () => resume(Effect.void)
      }
      this.sleepers.push(sleeper)
      return Effect.sync(() => {
        sleeper.wake = null
      })
    })
  }
}

/** A virtual clock whose wall shows `startAt`, epoch milliseconds. Give it to `createScheduler({ clock })`. */
export const virtualClock = (startAt: EpochMillis): VirtualClock => new VirtualClock(startAt)
