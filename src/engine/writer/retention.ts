/** How long finished runs, ledger entries and done jobs are kept. Deleted in small slices, between other work. */
import { Effect } from "effect"
import type { StoreError } from "../../store/storeError.ts"
import type { Timers } from "../../time/timers.ts"
import type { CommitFollower } from "./commitFollower.ts"
import type { UnitOfWork } from "./unitOfWork.ts"
import type { Writer } from "./writer.ts"

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
/** Slices are at least this far apart while nothing goes, and no farther once a run has ended: it may be one too many. */
const sweepEveryMs = 60_000
/** Where none has ended, rows only grow old: by no more than a hundredth of what they may, and an hour. */
const ageShare = 100
const quietEveryMs = 3_600_000
/**
 * A slice that deleted something is followed by the next: so many times as long after it as it took, and no sooner than this. A full
 * one has more behind it for certain, and a backlog goes at some thousands of rows a second in a tenth of the time.
 */
const restShare = 9
const restAfterFullMs = 20
const restAfterSomeMs = 250

interface Sweeping {
  /** When it is time again, by monotonic time: a wall that is set right must not put it off. */
  nextMs: number
  /** The same, if no run ends until then. */
  quietMs: number
  /** Runs that ended since the last slice. */
  ended: number
}

export class Retention implements CommitFollower<Writer> {
  private readonly rules: RetentionRules
  private readonly timers: Timers
  private readonly writers = new WeakMap<Writer, Sweeping>()

  /** True where nothing is ever deleted. */
  private readonly endless: boolean
  private readonly quietEveryMs: number

  constructor(rules: RetentionRules, timers: Timers) {
    this.rules = rules
    this.timers = timers
    this.endless = [rules.runAgeMs, rules.runCount, rules.jobAgeMs].every((limit) => limit === Number.MAX_SAFE_INTEGER)
    const shareMs = Math.min(rules.runAgeMs, rules.jobAgeMs) / ageShare
    this.quietEveryMs = Math.min(quietEveryMs, Math.max(sweepEveryMs, shareMs))
  }

  /** Runs that ended: many of them bring the next sweep forward, so that a busy store does not outgrow its count. */
  follow(writer: Writer, unit: UnitOfWork): void {
    this.of(writer).ended += unit.consequences.runsEnded.length
  }

  /** Milliseconds until it is time for a slice; `Infinity` where nothing is ever deleted. */
  dueInMs(writer: Writer): number {
    return this.endless ? Infinity : Math.max(0, timeOf(this.of(writer)) - this.timers.monotonicMillis())
  }

  /** One slice, when it is time; the number of rows that it deleted. */
  sweep(writer: Writer): Effect.Effect<number, StoreError> {
    if (this.endless) return nothing
    const state = this.of(writer)
    const startedMs = this.timers.monotonicMillis()
    if (state.ended < sweepAfterRuns && startedMs < timeOf(state)) return nothing
    const now = this.timers.now()
    const { runAgeMs, runCount, jobAgeMs } = this.rules
    const purge = writer.store.purge({
      finishedBefore: now - runAgeMs,
      maxRuns: runCount,
      doneBefore: now - jobAgeMs,
      limit: sliceRows
    })
    return Effect.map(writer.forgetting(purge), (deleted) => {
      state.ended = 0
      const endedMs = this.timers.monotonicMillis()
      const atLeastMs = deleted >= sliceRows ? restAfterFullMs : restAfterSomeMs
      state.nextMs =
        endedMs +
        (deleted === 0 ? sweepEveryMs : Math.min(sweepEveryMs, Math.max(atLeastMs, restShare * (endedMs - startedMs))))
      state.quietMs = deleted === 0 ? endedMs + this.quietEveryMs : state.nextMs
      return deleted
    })
  }

  private of(writer: Writer): Sweeping {
    const known = this.writers.get(writer)
    if (known !== undefined) return known
    // What the last life has left may be old.
    const nextMs = this.timers.monotonicMillis() + sweepEveryMs
    const state = { nextMs, quietMs: nextMs, ended: 0 }
    this.writers.set(writer, state)
    return state
  }
}

const nothing = Effect.succeed(0)

const timeOf = ({ nextMs, quietMs, ended }: Sweeping): number => (ended > 0 ? nextMs : quietMs)
