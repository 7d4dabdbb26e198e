/** A stretch of fire times of one trigger, kept as two ends and a number so that a year of seconds is three integers. */
import type { EpochMillis } from "../time/instant.ts"

/** `count` fire times, the first at `from`, the last at `through` (both inclusive). One fire time: `from === through`, count 1. */
export interface FireRange {
  /** The first, epoch milliseconds. */
  readonly from: EpochMillis
  /** The last, inclusive. */
  readonly through: EpochMillis
  /** How many, both ends included. */
  readonly count: number
}

/** Fire times that will not be served. `more`: not all were counted; the others lie after `through`, up to the instant asked about. */
export interface OwedFireTimes extends FireRange {
  readonly more?: boolean
}

export const single = (fireAt: EpochMillis): FireRange => ({ from: fireAt, through: fireAt, count: 1 })

/** Both stretches as one; `earlier` ends before `later` begins. */
export function joined(earlier: FireRange, later: FireRange): FireRange
export function joined(earlier: FireRange | null, later: FireRange | null): FireRange | null
export function joined(earlier: FireRange | null, later: FireRange | null): FireRange | null {
  if (earlier === null || later === null) return earlier ?? later
  return { from: earlier.from, through: later.through, count: earlier.count + later.count }
}
