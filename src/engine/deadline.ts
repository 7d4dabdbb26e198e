/** How long a stop may take. Whoever asks again can only shorten it. */
import type { WallTimers } from "./clock.ts"

export class Deadline {
  /** Resolves at the earliest instant that was asked for. */
  readonly passed: Promise<void>
  private readonly timers: WallTimers
  private atMs = Infinity
  private end: () => void = () => undefined
  private cancelTimer = (): void => undefined

  constructor(timers: WallTimers) {
    this.timers = timers
    this.passed = new Promise((resolve) => (this.end = resolve))
  }

  /** Passes in `ms` at the latest; 0 at once, `Infinity` never. A longer wait than was asked for before changes nothing. */
  shorten(ms: number): void {
    const atMs = this.timers.monotonicMillis() + ms
    if (atMs >= this.atMs) return
    this.atMs = atMs
    this.cancelTimer()
    if (ms <= 0) this.end()
    else this.cancelTimer = this.timers.after(ms, this.end)
  }

  /** Nobody waits any more. */
  cancel(): void {
    this.cancelTimer()
  }
}
