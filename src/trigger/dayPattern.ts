/**
 * Counting what cannot be counted in one step, a union above all, without asking for each fire time: most days are alike. A day's pattern names
 * what its fire times depend on, and what one day of a pattern has, each has.
 */
import { dayMs } from "../time/civil.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Zone } from "../time/zone.ts"
import { dayTimesOf, hasDayTimes, listsOf, patternSteps, within } from "./dayTimes.ts"
import type { CountedPart, DayTimes, Trigger, Work } from "./trigger.ts"

/** Fire times that are looked at where all is asked for: some tenths of a second. */
const stepsForAll = 8_000_000
const mostPatterns = 10_000
/** What a day and a count in one step cost, in fire times of a list. */
const daySteps = 20
const countSteps = 60

export type CountPart = (after: EpochMillis, through: EpochMillis, work: Work) => CountedPart

/** `countPart`, and `count`, which gives `undefined` where that would take too long. */
export const countsBy = (countPart: CountPart): Pick<Trigger, "count" | "countPart"> => ({
  countPart,
  count: (after, through) => {
    if (through <= after) return 0
    const part = countPart(after, through, { steps: 0, most: stepsForAll })
    return part.through < through ? undefined : part.count
  }
})

/** How a trigger counts a part, for one that is made of it. `undefined` where it cannot count. */
export const countPartOf = (inner: Trigger): CountPart | undefined => {
  const { count, countPart } = inner
  if (countPart !== undefined) return (after, through, work) => countPart.call(inner, after, through, work)
  if (count === undefined) return undefined
  return (after, through, work) => {
    work.steps += countSteps
    const counted = count.call(inner, after, through)
    return counted === undefined ? { count: 0, through: after } : { count: counted, through }
  }
}

/**
 * Counts day by day (UTC) what `countIn` counts of the lists of `members`: days of a pattern that is known already by looking it up.
 * Empty where some member's fire times cannot be listed.
 */
export const countsByDays = (
  members: ReadonlyArray<Trigger>,
  pattern: ((day: EpochMillis) => string) | undefined,
  countIn: (lists: ReadonlyArray<DayTimes>, work: Work) => number
): Pick<Trigger, "count" | "countPart"> => {
  if (!members.every(hasDayTimes)) return {}
  const known = new Map<string, number>()
  const countDay = (day: EpochMillis, work: Work): number | undefined => {
    const key = pattern?.(day)
    const remembered = key === undefined ? undefined : known.get(key)
    if (key !== undefined) work.steps += patternSteps * members.length
    if (remembered !== undefined) return remembered
    const lists = listsOf(members, day, work)
    if (lists === undefined) return undefined
    const count = countIn(lists, work)
    if (key === undefined) return count
    if (known.size >= mostPatterns) known.clear()
    known.set(key, count)
    return count
  }
  return countsBy((after, through, work) => {
    let count = 0
    let at = after
    while (at < through && (at === after || work.steps < work.most)) {
      const day = Math.floor((at + 1) / dayMs) * dayMs
      const end = Math.min(through, day + dayMs - 1)
      const whole = at === day - 1 && end === day + dayMs - 1
      const lists = whole
        ? undefined
        : listsOf(members, day, work)?.map((list) => within(list, at + 1 - day, end - day))
      const found = whole ? countDay(day, work) : lists && countIn(lists, work)
      work.steps += daySteps
      if (found === undefined) break
      count += found
      at = end
    }
    return { count, through: at }
  })
}

/** The patterns of all, joined; `undefined` where one has none. */
export const joinedPattern = (members: ReadonlyArray<Trigger>): ((day: EpochMillis) => string) | undefined =>
  members.every((member) => member.dayPattern !== undefined)
    ? (day) => members.map((member) => member.dayPattern?.(day) ?? "").join("|")
    : undefined

/** Where in the day an instant lies: before it, after it, or so many milliseconds from its beginning. */
export const placeInDay = (at: EpochMillis, day: EpochMillis): string =>
  at < day ? "-" : at >= day + dayMs ? "+" : String(at - day)

/** What the zone's clock does on the day: its offsets, and changes that may still be felt. `allows` is asked about the local days it may touch. */
export const zonePattern = (zone: Zone, day: EpochMillis, allows: (localDay: number) => boolean): string => {
  const number = Math.floor(day / dayMs)
  let key = [-1, 0, 1].map((each) => (allows(number + each) ? "1" : "0")).join("")
  for (let at = day; at < day + dayMs;) {
    const { from, until, offsetMs, previousOffsetMs } = zone.spanAt(at)
    key += `,${at - day}:${offsetMs}`
    // What a gap moves and a fold repeats lies within a day of it.
    if (offsetMs !== previousOffsetMs && day - from < 2 * dayMs) key += `:${previousOffsetMs}:${day - from}`
    at = until
  }
  return key
}

/** The fire times themselves, for triggers that have a few a day. */
export const fireTimesPattern = (trigger: Trigger, day: EpochMillis): string => {
  let key = ""
  for (let at = trigger.next(day - 1); at !== undefined && at < day + dayMs; at = trigger.next(at))
    key += `,${at - day}`
  return key
}

/** How `inner` is counted, and a day of it listed, between two bounds, both inclusive. */
export const clipped = (
  inner: Trigger,
  bounds: () => readonly [EpochMillis, EpochMillis]
): Pick<Trigger, "count" | "countPart" | "dayTimes"> => {
  const { count, countPart } = inner
  const clip = (after: EpochMillis, through: EpochMillis): readonly [EpochMillis, EpochMillis] => {
    const [from, until] = bounds()
    return [Math.max(after, from - 1), Math.min(through, until)]
  }
  return {
    ...(count && {
      count: (after: EpochMillis, through: EpochMillis) => {
        const [low, high] = clip(after, through)
        return low >= high ? 0 : count.call(inner, low, high)
      }
    }),
    ...(countPart && {
      countPart: (after: EpochMillis, through: EpochMillis, work: Work) => {
        const [low, high] = clip(after, through)
        if (low >= high) return { count: 0, through }
        const part = countPart.call(inner, low, high, work)
        // Outside the bounds there is nothing.
        return {
          count: part.count,
          through: part.through >= high ? through : part.through > low ? part.through : after
        }
      }
    }),
    ...(hasDayTimes(inner) && {
      dayTimes: (day: EpochMillis, work: Work) => {
        const [from, until] = bounds()
        if (until < day || from >= day + dayMs) return noTimes
        const times = dayTimesOf(inner, day, work)
        return times && within(times, Math.max(0, from - day), Math.min(dayMs, until - day))
      }
    })
  }
}

const noTimes: DayTimes = new Int32Array(0)
