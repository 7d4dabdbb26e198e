/** Finds a zone's transitions by asking `Intl` for wall times and halving the stretches where the offset changes. */
import { dayMs, dayNumber } from "./civil.ts"
import type { EpochMillis } from "./instant.ts"

/** A stretch of time with one offset: [from, until). */
export interface Span {
  readonly from: EpochMillis
  readonly until: EpochMillis
  /** Local minus UTC, milliseconds. */
  readonly offsetMs: number
  /** The offset just before `from`; equal to `offsetMs` where only a table begins. */
  readonly previousOffsetMs: number
}

/**
 * How far apart the offset is asked for. The shortest time between two transitions since 1970 is 6.96 days (Brazil in
 * October 2000, Gaza before Ramadan 2040), so none is stepped over.
 */
const stepMs = 5 * dayMs

/** Nearly every transition falls on a quarter of an hour, UTC; only the others are halved down to the second. */
const grainsMs = [900_000, 1000]

/** Gives a reader of [from, until), whole seconds: its spans in order, without holes. */
export const readTransitions = (format: Intl.DateTimeFormat) => {
  const offsetAt = (at: EpochMillis): number => wallTime(format, at) - at

  const narrow = (from: EpochMillis, before: number, until: EpochMillis, after: number): ReadonlyArray<EpochMillis> => {
    let [low, high, highOffset] = [from, until, after]
    for (const grainMs of grainsMs) {
      for (;;) {
        const middle = Math.floor((low + high) / 2 / grainMs) * grainMs
        const inside = middle <= low ? middle + grainMs : middle
        if (inside <= low || inside >= high) break
        const offset = offsetAt(inside)
        if (offset === before) low = inside
        else [high, highOffset] = [inside, offset]
      }
      if (offsetAt(high - 1000) === before) break
    }
    return highOffset === after ? [high] : [high, ...narrow(high, highOffset, until, after)]
  }

  return (from: EpochMillis, until: EpochMillis): ReadonlyArray<Span> => {
    const starts: Array<EpochMillis> = []
    let offset = offsetAt(from)
    for (let at = from; at < until - 1000;) {
      const nextAt = Math.min(at + stepMs, until - 1000)
      const nextOffset = offsetAt(nextAt)
      if (nextOffset !== offset) starts.push(...narrow(at, offset, nextAt, nextOffset))
      at = nextAt
      offset = nextOffset
    }
    let previousOffsetMs = offsetAt(from - 1000)
    return [from, ...starts].map((start, index) => {
      const offsetMs = offsetAt(start)
      const span = { from: start, until: starts[index] ?? until, offsetMs, previousOffsetMs }
      previousOffsetMs = offsetMs
      return span
    })
  }
}

/** The wall time at a whole second, written as if it were UTC. `en-US` numeric text is read by place: `3/29/2026, 02:30:00`. */
const wallTime = (format: Intl.DateTimeFormat, at: EpochMillis): number => {
  const text = format.format(at)
  const parts = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/.exec(text)
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] =
    parts === null ? namedParts(format, at) : parts.slice(1).map(Number)
  return dayNumber(year, month, day) * dayMs + (hour * 3600 + minute * 60 + second) * 1000
}

/** Slower, for a runtime that writes `en-US` otherwise. */
const namedParts = (format: Intl.DateTimeFormat, at: EpochMillis): ReadonlyArray<number> => {
  const parts = new Map<string, number>(format.formatToParts(at).map((part) => [part.type, Number(part.value)]))
  return ["month", "day", "year", "hour", "minute", "second"].map((name) => parts.get(name) ?? 0)
}
