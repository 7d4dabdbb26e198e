/** A store's outage, from its first failed call to its next good one: since when, why, and when it is tried again. */
import type { StoreError } from "../store/storeError.ts"
import { StoreUnavailable } from "../store/storeError.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { CancelTimer, Timers } from "../time/timers.ts"

/** Waits between attempts to reach a store that is away. */
const firstRetryMs = 50
const longestRetryMs = 10_000
/** A call that is this long without an answer counts as an outage, though it may still be answered. */
export const silenceMs = 30_000

export interface Outage {
  readonly since: EpochMillis
  /** What the last call failed with. */
  readonly error: StoreError
  /** Calls that failed so far. */
  readonly failures: number
  /** When the next attempt is made; `null` while a call is out that does not answer. */
  readonly retryAt: EpochMillis | null
}

export class StoreOutage {
  private outage: Outage | null = null
  private retryMs = 0
  private readonly timers: Timers
  private cancelWatch: CancelTimer | null = null

  constructor(timers: Timers) {
    this.timers = timers
  }

  /** `null` while the store answers. */
  get current(): Outage | null {
    return this.outage
  }

  /** A call failed with `error`; how long to wait before the next attempt. */
  failed(error: StoreError): number {
    this.retryMs = this.retryMs === 0 ? firstRetryMs : Math.min(this.retryMs * 2, longestRetryMs)
    this.note(error, this.timers.now() + this.retryMs)
    return this.retryMs
  }

  /** The store has answered. True when that ends an outage. */
  over(): boolean {
    const wasAway = this.outage !== null
    this.outage = null
    this.retryMs = 0
    return wasAway
  }

  /**
   * Calls `silent` when a call that `begunMs` tells of has had no answer for `silenceMs`; `null`: none is out. One timer, and
   * none for a store that answers at once: a timer a call would cost more than the call.
   */
  watch(begunMs: () => number | null, silent: (error: StoreError) => void, store: string): void {
    if (this.cancelWatch !== null) return
    const look = (): void => {
      this.cancelWatch = null
      const begun = begunMs()
      if (begun === null) return
      const leftMs = begun + silenceMs - this.timers.monotonicMillis()
      if (leftMs > 0) this.cancelWatch = this.timers.after(leftMs, look)
      else {
        const cause = `no answer for ${silenceMs / 1000} s`
        const error = new StoreUnavailable({ store, operation: "a call", cause })
        this.note(error, null)
        silent(error)
      }
    }
    this.cancelWatch = this.timers.after(silenceMs, look)
  }

  unwatch(): void {
    this.cancelWatch?.()
    this.cancelWatch = null
  }

  private note(error: StoreError, retryAt: EpochMillis | null): void {
    const { since, failures } = this.outage ?? { since: this.timers.now(), failures: 0 }
    this.outage = { since, error, failures: failures + 1, retryAt }
  }
}
