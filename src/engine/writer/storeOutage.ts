/** A store's outage, from its first failed call to its next good one: since when, why, and when it is tried again. */
import type { StoreError } from "../../store/storeError.ts"
import { StoreUnavailable } from "../../store/storeError.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { CancelTimer, Timers } from "../../time/timers.ts"

/** Waits between attempts to reach a store that is away. */
const firstRetryMs = 50
const longestRetryMs = 10_000
/** The wait of a store that is away again so soon after it came back. */
const longestRelapseMs = 1_000
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
  /** By monotonic time: when the outage began, and when the last one ended. */
  private beganAtMs = 0
  private overAtMs = -Infinity
  private readonly timers: Timers
  private cancelWatch: CancelTimer | null = null

  constructor(timers: Timers) {
    this.timers = timers
  }

  /** `null` while the store answers. */
  get current(): Outage | null {
    return this.outage
  }

  get lastsMs(): number {
    return this.outage === null ? 0 : this.timers.monotonicMillis() - this.beganAtMs
  }

  /** A call failed with `error`; how long to wait before the next attempt. */
  failed(error: StoreError): number {
    // A store that is soon away again is given longer: it would else be told of, lost and back, at every attempt.
    const relapsed = this.outage === null && this.timers.monotonicMillis() - this.overAtMs < longestRelapseMs
    if (this.outage !== null) this.retryMs = Math.min(Math.max(this.retryMs * 2, firstRetryMs), longestRetryMs)
    else this.retryMs = relapsed ? Math.min(this.retryMs * 2, longestRelapseMs) : firstRetryMs
    this.note(error, this.timers.now() + this.retryMs)
    return this.retryMs
  }

  /** The store has answered. True when that ends an outage. */
  over(): boolean {
    if (this.outage === null) return false
    this.outage = null
    this.overAtMs = this.timers.monotonicMillis()
    return true
  }

  /**
   * Calls `silent` when a call that `begunMs` tells of has had no answer for `silenceMs`; `null`: none is out. One timer, and
   * none for a store that answers at once: a timer a call would cost more than the call.
   */
  watch(begunMs: () => number | null, silent: (error: StoreError) => void, store: string): void {
    if (this.cancelWatch !== null) return
    const check = (): void => {
      this.cancelWatch = null
      const begun = begunMs()
      if (begun === null) return
      const leftMs = begun + silenceMs - this.timers.monotonicMillis()
      if (leftMs > 0) this.cancelWatch = this.timers.after(leftMs, check)
      else {
        const cause = `no answer for ${silenceMs / 1000} s`
        const error = new StoreUnavailable({ store, operation: "a call", cause })
        this.note(error, null)
        silent(error)
      }
    }
    this.cancelWatch = this.timers.after(silenceMs, check)
  }

  unwatch(): void {
    this.cancelWatch?.()
    this.cancelWatch = null
  }

  private note(error: StoreError, retryAt: EpochMillis | null): void {
    if (this.outage === null) this.beganAtMs = this.timers.monotonicMillis()
    const { since, failures } = this.outage ?? { since: this.timers.now(), failures: 0 }
    this.outage = { since, error, failures: failures + 1, retryAt }
  }
}
