/**
 * Whether the wall clock shows less than a store has seen: then it was ahead, and has been set right. What a life has seen is left to
 * the next as a mark, at most once a minute and with commits that are made anyway.
 */
import type { EpochMillis } from "../../time/instant.ts"
import { clockMarginMs } from "../../time/timers.ts"
import type { UnitOfWork } from "./unitOfWork.ts"

/** The mark: the newest instant of a commit, epoch milliseconds, to the minute. */
export const clockMark = "clock"

/** What was found, and made of it, when the clock had been set back. */
export interface ClockSetBack {
  /** When it was found, by the clock set right. */
  readonly at: EpochMillis
  /** How far ahead the clock had been. */
  readonly aheadMs: number
  /** Jobs that go on from then. */
  readonly corrected: number
  /** Jobs that wait until the clock shows again what they have accounted for. */
  readonly waiting: number
}

export class ClockWatch {
  private readonly marks: ReadonlyMap<string, string>
  private newest: EpochMillis
  private aheadMs = 0
  /** True while jobs are looked at: the mark stays, so that a start would do it again. */
  settling = false
  /** The newest that was found; `null`: none. */
  setBack: ClockSetBack | null = null

  /** `marks`: those on disk, kept up to date. */
  constructor(marks: ReadonlyMap<string, string>) {
    this.marks = marks
    const seen = Number(marks.get(clockMark) ?? NaN)
    this.newest = Number.isSafeInteger(seen) ? seen : -Infinity
  }

  /** The clock as it shows now. Small steps back add up. */
  observe(now: EpochMillis): void {
    const aheadMs = this.newest - now
    if (aheadMs > clockMarginMs) {
      this.aheadMs = Math.max(this.aheadMs, aheadMs)
      this.newest = now
    } else this.newest = Math.max(this.newest, now)
  }

  /** By how much it was found set back since this was asked last; 0: not at all. */
  takeStep(): number {
    const { aheadMs } = this
    this.aheadMs = 0
    return aheadMs
  }

  get found(): boolean {
    return this.aheadMs > 0
  }

  /** Adds the mark to a commit when it is due. */
  note(unit: UnitOfWork): void {
    if (this.settling || this.found) return
    const marked = Number(this.marks.get(clockMark) ?? -Infinity)
    if (!(unit.now < marked + clockMarginMs)) unit.mark(clockMark, String(unit.now))
  }
}
