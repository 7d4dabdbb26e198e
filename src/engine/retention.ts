/** How long finished runs, ledger entries and done jobs are kept. Deleted in small slices, between other work. */
import { Effect } from "effect"
import type { StoreError } from "../store/storeError.ts"
import type { Timers } from "../time/timers.ts"
import type { Lane } from "./laneHost.ts"

export interface RetentionRules {
  /** Age of a finished run or ledger entry, milliseconds. */
  readonly runAgeMs: number
  /** Finished runs kept in one store. */
  readonly runCount: number
  /** Age of a done or removed job. */
  readonly jobAgeMs: number
}

/** Rows of one kind that one slice deletes at the most. */
const sliceRows = 500
/** Runs that bring the next sweep forward, so that a busy store does not outgrow its count by more. */
const sweepAfterRuns = 10_000
/** Slices are this far apart unless one was full. */
const sweepEveryMs = 60_000

interface Sweeping {
  /** When it is time again, by monotonic time: a wall that is set right must not put it off. */
  nextMs: number
  /** Runs that ended since the last slice. */
  ended: number
}

export class Retention {
  private readonly rules: RetentionRules
  private readonly timers: Timers
  private readonly lanes = new WeakMap<Lane, Sweeping>()

  /** True where nothing is ever deleted: nobody has to look whether it is time. */
  readonly endless: boolean

  constructor(rules: RetentionRules, timers: Timers) {
    this.rules = rules
    this.timers = timers
    this.endless = [rules.runAgeMs, rules.runCount, rules.jobAgeMs].every((limit) => limit === Number.MAX_SAFE_INTEGER)
  }

  /** Runs that ended: many of them bring the next sweep forward, so that a busy store does not outgrow its count. */
  noteWork(lane: Lane, ended: number): void {
    this.of(lane).ended += ended
  }

  /** One slice, when it is time. */
  sweep(lane: Lane): Effect.Effect<void, StoreError> {
    if (this.endless) return Effect.void
    const state = this.of(lane)
    if (state.ended < sweepAfterRuns && this.timers.monotonicMillis() < state.nextMs) return Effect.void
    const now = this.timers.now()
    const { runAgeMs, runCount, jobAgeMs } = this.rules
    return Effect.map(
      lane.store.purge({
        finishedBefore: now - runAgeMs,
        maxRuns: runCount,
        doneBefore: now - jobAgeMs,
        limit: sliceRows
      }),
      (deleted) => {
        state.ended = 0
        state.nextMs = this.timers.monotonicMillis() + (deleted >= sliceRows ? 0 : sweepEveryMs)
      }
    )
  }

  private of(lane: Lane): Sweeping {
    const known = this.lanes.get(lane)
    if (known !== undefined) return known
    const state = { nextMs: this.timers.monotonicMillis() + sweepEveryMs, ended: 0 }
    this.lanes.set(lane, state)
    return state
  }
}
