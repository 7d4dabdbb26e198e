/**
 * Counting what cannot be counted in one step, a union above all, without asking for each fire time: most days are alike. A day's pattern names
 * what its fire times depend on, and what one day of a pattern has, each has.
 */
import { dayMs } from "../time/civil.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Zone } from "../time/zone.ts"
import type { Trigger } from "./trigger.ts"

/** An answer and how many fire times were asked for to get it. */
export interface Counted {
  readonly count: number
  readonly steps: number
}

/** Days and fire times that one count may look at: some tenths of a second. */
export const mostCountSteps = 500_000
const mostPatterns = 10_000

/**
 * Counts day by day (UTC), days of a pattern that is known already by looking it up. `countIn` counts within a day. `undefined` where more
 * than the bound would have to be looked at.
 */
export const countByDays = (
  pattern: (day: EpochMillis) => string,
  countIn: (after: EpochMillis, through: EpochMillis) => Counted | undefined
): ((after: EpochMillis, through: EpochMillis) => number | undefined) => {
  const known = new Map<string, number>()
  return (after, through) => {
    let [total, steps] = [0, 0]
    for (let at = after; at < through;) {
      const day = Math.floor((at + 1) / dayMs) * dayMs
      const end = Math.min(through, day + dayMs - 1)
      const key = at === day - 1 && end === day + dayMs - 1 ? pattern(day) : undefined
      const remembered = key === undefined ? undefined : known.get(key)
      const counted = remembered === undefined ? countIn(at, end) : { count: remembered, steps: 0 }
      steps += 1 + (counted?.steps ?? 0)
      if (counted === undefined || steps > mostCountSteps) return undefined
      if (key !== undefined && remembered === undefined) {
        if (known.size >= mostPatterns) known.clear()
        known.set(key, counted.count)
      }
      total += counted.count
      at = end
    }
    return total
  }
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

/** How many instants any of `members` has: the densest is counted, what the others add to it is asked for one by one. */
export const countUnion =
  (members: ReadonlyArray<Trigger>) =>
  (after: EpochMillis, through: EpochMillis): Counted | undefined => {
    const counts = countEach(members, after, through)
    if (counts === undefined) return undefined
    const densest = counts.indexOf(Math.max(...counts))
    const sparse = counts.reduce((sum, count) => sum + count, 0) - (counts[densest] ?? 0)
    if (sparse * members.length > mostCountSteps) return undefined
    let count = counts[densest] ?? 0
    for (const [place, member] of members.entries()) {
      if (place === densest) continue
      const others = members.filter((_, other) => other === densest || other < place)
      for (let at = member.next(after); at !== undefined && at <= through; at = member.next(at))
        if (!others.some(firesAt(at))) count += 1
    }
    return { count, steps: sparse * members.length }
  }

/** How many instants all of `members` have: the sparsest's are asked for, and of each whether the others have it. */
export const countCommon =
  (members: ReadonlyArray<Trigger>) =>
  (after: EpochMillis, through: EpochMillis): Counted | undefined => {
    const counts = countEach(members, after, through)
    if (counts === undefined) return undefined
    const fewest = Math.min(...counts)
    if (fewest * members.length > mostCountSteps) return undefined
    const sparsest = members[counts.indexOf(fewest)]
    let count = 0
    for (let at = sparsest?.next(after); at !== undefined && at <= through; at = sparsest?.next(at))
      if (members.every(firesAt(at))) count += 1
    return { count, steps: fewest * members.length }
  }

const firesAt =
  (at: EpochMillis) =>
  (trigger: Trigger): boolean =>
    trigger.next(at - 1) === at

const countEach = (
  members: ReadonlyArray<Trigger>,
  after: EpochMillis,
  through: EpochMillis
): ReadonlyArray<number> | undefined => {
  const counts: Array<number> = []
  for (const member of members) {
    const count = member.count === undefined ? stepped(member, after, through) : member.count(after, through)
    if (count === undefined) return undefined
    counts.push(count)
  }
  return counts
}

/** Of a trigger that cannot count but has a pattern: a few a day. */
const stepped = (trigger: Trigger, after: EpochMillis, through: EpochMillis): number => {
  let count = 0
  for (let at = trigger.next(after); at !== undefined && at <= through; at = trigger.next(at)) count += 1
  return count
}
