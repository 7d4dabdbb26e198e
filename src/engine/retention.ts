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

export class Retention {
  private readonly rules: RetentionRules
  private readonly timers: Timers
  private readonly lanes = new WeakMap<Lane, { nextAt: number; ended: number }>()

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
    const now = this.timers.now()
    if (state.ended < sweepAfterRuns && now < state.nextAt) return Effect.void
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
        state.nextAt = deleted >= sliceRows ? now : now + sweepEveryMs
      }
    )
  }

  private of(lane: Lane): { nextAt: number; ended: number } {
    let state = this.lanes.get(lane)
    if (state === undefined) this.lanes.set(lane, (state = { nextAt: this.timers.now() + sweepEveryMs, ended: 0 }))
    return state
  }
}
