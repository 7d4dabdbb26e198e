/**
 * The clock seam: what everything that waits or asks the time is handed. The engine makes one from Effect's Clock;
 * nothing else in the project knows another source of time.
 */
import type { EpochMillis } from "./epochMillis.ts"

/** A clock that is adjusted all the time may step back so far, and nothing is made of it. */
export const clockMarginMs = 60_000

/** Ends a waiting timer; a timer that has fired or was cancelled stays as it is. */
export type CancelTimer = () => void

/** A clock, and waiting on it. Nothing else here knows what time it is. */
export interface Timers {
  /** Wall-clock time. May jump either way. */
  now(): EpochMillis
  /** Milliseconds from an arbitrary start, with fractions. Never goes back, does not follow wall-clock steps. */
  monotonicMillis(): number
  /**
   * Calls `callback` once, `delayMs` of monotonic time from now; with 0, on the next turn of the event loop, after what is
   * pending has had its turn. Any delay is allowed: long ones are waited in hops.
   */
  after(delayMs: number, callback: () => void): CancelTimer
}

/** Timers that can also wait for what the wall clock shows. */
export interface WallTimers extends Timers {
  /**
   * Calls `callback` once, when the wall clock shows `instant` or more; never early. Looks at the clock at most a minute
   * apart, since clocks step and machines sleep: after a step it may come that much late. A look that finds the clock set back by
   * more than `clockMarginMs` calls `setBack` instead, where it is given, with the newest that the clock had shown.
   */
  at(instant: EpochMillis, callback: () => void, setBack?: (shown: EpochMillis) => void): CancelTimer
}
