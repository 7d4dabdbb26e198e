/** Finds a zone's transitions by asking for offsets (`Intl`'s, or any other's) and halving the stretches where the offset changes. */
import { dayMs } from "./civil.ts"
import type { EpochMillis } from "./epochMillis.ts"

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
export const readTransitions = (offsetAt: (at: EpochMillis) => number) => {
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

/**
 * The offsets of an IANA zone, milliseconds. The format that is asked gives an hour to have something, and the offset: a third of the
 * price of a whole wall time. Throws `RangeError`.
 */
export const offsetReader = (timezone: string): ((at: EpochMillis) => number) => {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    numberingSystem: "latn",
    hourCycle: "h23",
    hour: "numeric",
    timeZoneName: "longOffset"
  })
  return (at) => readOffset(format.format(at))
}

/** Reads `... GMT`, `... GMT+02:00` or `... GMT-00:44:30`, into milliseconds. */
const readOffset = (text: string): number => {
  const sign = text.lastIndexOf("GMT") + 3
  if (sign === text.length) return 0
  const two = (at: number): number => Number(text.slice(at, at + 2))
  const ms = two(sign + 1) * 3_600_000 + two(sign + 4) * 60_000 + (text.length > sign + 6 ? two(sign + 7) * 1000 : 0)
  return text.charAt(sign) === "+" ? ms : -ms
}
