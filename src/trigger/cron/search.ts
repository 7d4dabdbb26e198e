/**
 * Finds a pattern's fire times in a zone: the matching wall times, placed on the time line by the DST rule. Works span by
 * span, a span being a stretch with one offset from UTC.
 *
 * `wall` serves each matching wall time once: one in a gap at the wall time shifted forward by the gap, one in a fold at its first pass.
 * `elapsed` serves every instant whose wall time matches: none in a gap, both passes of a fold.
 */
import type { EpochMillis } from "../../time/instant.ts"
import type { Span } from "../../time/transitions.ts"
import { maxOffsetMs } from "../../time/zone.ts"
import type { Zone } from "../../time/zone.ts"
import type { CronPattern } from "./pattern.ts"

export type Pace = "elapsed" | "wall"

/** Two searches in neighbouring spans decide; a third finds a rare date after a jump. More spans than this never matter. */
const maxSpans = 64
/** Nothing of a transition reaches further than this. */
const settledMs = 172_800_000

/** The first fire time after `after`, or `undefined`. */
export const nextMatch = (
  pattern: CronPattern,
  zone: Zone,
  pace: Pace,
  after: EpochMillis
): EpochMillis | undefined => {
  let at = after + 1
  for (let spans = 0; spans < maxSpans; spans++) {
    const span = zone.spanAt(at)
    const found = nextInSpan(pattern, span, pace, at)
    if (found < span.until) return found
    if (found === Infinity && at < span.until - settledMs) return undefined
    // Far ahead of a rare date nothing can match: go there at once instead of through every span between. With `elapsed`,
    // a fold just ahead may pass wall times before `at` again, so that span is looked at.
    const far = pace === "wall" || at < span.until - settledMs
    at = far ? Math.max(span.until, found - settledMs) : span.until
    if (at === Infinity) return undefined
  }
  return undefined
}

/** The last fire time before `before`, or `undefined`. */
export const previousMatch = (
  pattern: CronPattern,
  zone: Zone,
  pace: Pace,
  before: EpochMillis
): EpochMillis | undefined => {
  let at = before - 1
  for (let spans = 0; spans < maxSpans; spans++) {
    const span = zone.spanAt(at)
    const found = previousInSpan(pattern, span, pace, at)
    // A fixed offset's only span begins at -Infinity, as "not found" does.
    if (found >= span.from && found !== -Infinity) return found
    if (found === -Infinity && at > span.from + settledMs) return undefined
    const far = at > span.from + settledMs
    at = far ? Math.min(span.from - 1, found + settledMs) : span.from - 1
    if (at === -Infinity) return undefined
  }
  return undefined
}

/** How many fire times lie in (after, through]. */
export const countMatches = (
  pattern: CronPattern,
  zone: Zone,
  pace: Pace,
  after: EpochMillis,
  through: EpochMillis
): number => {
  let count = 0
  // The pattern's calendar begins in 1970 and ends with 9999; outside it there is nothing to count.
  const until = Math.min(through + 1, 253_402_400_000_000)
  for (let at = Math.max(after + 1, -maxOffsetMs); at < until;) {
    const span = zone.spanAt(at)
    const end = Math.min(span.until, until)
    count += countInSpan(pattern, span, pace, at, end)
    at = end
  }
  return count
}

const countInSpan = (pattern: CronPattern, span: Span, pace: Pace, from: EpochMillis, until: EpochMillis): number => {
  const { offsetMs, previousOffsetMs } = span
  const start = firstPassFrom(span, pace, from)
  const regular = pattern.count(ceilSecond(start + offsetMs), ceilSecond(until + offsetMs))
  const shiftedUntil = Math.min(until, shiftedEnd(span, pace))
  if (from >= shiftedUntil) return regular
  // A wall time of the gap that lands on a wall time which matches anyway is one fire time, not two.
  const shiftSeconds = (offsetMs - previousOffsetMs) / 1000
  const end = ceilSecond(shiftedUntil + previousOffsetMs)
  let shifted = 0
  for (let local = pattern.next(ceilSecond(from + previousOffsetMs)); local < end; local = pattern.next(local + 1)) {
    if (!pattern.matches(local + shiftSeconds)) shifted += 1
  }
  return regular + shifted
}

/** The first fire time ≥ `at` by this span's offsets; it may lie past the span's end and is then only a lower bound. */
const nextInSpan = (pattern: CronPattern, span: Span, pace: Pace, at: EpochMillis): number => {
  const { offsetMs, previousOffsetMs } = span
  if (offsetMs === previousOffsetMs) return pattern.next(ceilSecond(at + offsetMs)) * 1000 - offsetMs
  const regular = pattern.next(ceilSecond(firstPassFrom(span, pace, at) + offsetMs)) * 1000 - offsetMs
  const end = shiftedEnd(span, pace)
  if (at >= end) return regular
  const shifted = pattern.next(ceilSecond(at + previousOffsetMs)) * 1000 - previousOffsetMs
  return shifted < end && shifted < regular ? shifted : regular
}

const previousInSpan = (pattern: CronPattern, span: Span, pace: Pace, at: EpochMillis): number => {
  const { offsetMs, previousOffsetMs, from } = span
  const regular = pattern.previous(floorSecond(at + offsetMs)) * 1000 - offsetMs
  if (offsetMs === previousOffsetMs) return regular
  const firstPass = firstPassFrom(span, pace, from)
  // Inside the second pass nothing of this span counts; the bound that is given back lies before it.
  const valid = regular >= firstPass ? regular : Math.min(regular, from - 1)
  const end = shiftedEnd(span, pace)
  if (end <= from) return valid
  const shifted = pattern.previous(floorSecond(Math.min(at, end - 1) + previousOffsetMs)) * 1000 - previousOffsetMs
  return shifted >= from && shifted > valid ? shifted : valid
}

/** Where this span's wall times begin to be first passes: with `wall`, the second pass of a fold is left out. */
const firstPassFrom = (span: Span, pace: Pace, at: EpochMillis): EpochMillis =>
  pace === "wall" && span.previousOffsetMs > span.offsetMs
    ? Math.max(at, span.from + span.previousOffsetMs - span.offsetMs)
    : at

/** The end of the stretch after a gap in which the gap's wall times are served, by the offset from before it. */
const shiftedEnd = (span: Span, pace: Pace): EpochMillis =>
  pace === "wall" && span.offsetMs > span.previousOffsetMs
    ? span.from + span.offsetMs - span.previousOffsetMs
    : -Infinity

const ceilSecond = (ms: number): number => Math.ceil(ms / 1000)
const floorSecond = (ms: number): number => Math.floor(ms / 1000)
