/** Timers that a test moves, and tells how far the next one is. */
import type { CancelTimer, WallTimers } from "../../../src/time/timers.ts"
import { ManualTimers } from "../../executor/manualTimers.ts"

export class SceneTimers extends ManualTimers implements WallTimers {
  private readonly dues = new Set<{ readonly atMs: number }>()

  override after(delayMs: number, callback: () => void): CancelTimer {
    const due = { atMs: this.monotonicMillis() + delayMs }
    this.dues.add(due)
    const cancel = super.after(delayMs, () => {
      this.dues.delete(due)
      callback()
    })
    return () => {
      this.dues.delete(due)
      cancel()
    }
  }

  /** As if nobody moved the wall until then. */
  at(instant: number, callback: () => void): CancelTimer {
    return this.after(Math.max(0, instant - this.now()), callback)
  }

  /** Milliseconds until the earliest; `null`: none is armed. */
  get nextInMs(): number | null {
    const { dues } = this
    return dues.size === 0 ? null : Math.min(...[...dues].map(({ atMs }) => atMs)) - this.monotonicMillis()
  }
}
