/**
 * A day's fire times as one list: what days that are not alike are counted by, some tens of times faster than by asking for one fire time
 * after another. Lists of days that are alike are kept.
 */
import { dayMs } from "../time/civil.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { DayTimes, Trigger, Work } from "./trigger.ts"

/** Fire times of one day that are listed: one each 43 ms. */
export const mostDayTimes = 2_000_000
/** Fire times that are kept of one trigger, 8 MB. */
const mostKept = 2_000_000
/** What one answer of a trigger costs, and a day's pattern, in fire times of a list. */
const nextSteps = 8
export const patternSteps = 60

interface Kept {
  readonly byPattern: Map<string, DayTimes>
  size: number
}

const kept = new WeakMap<Trigger, Kept>()

/** Whether `dayTimesOf` can be asked. */
export const hasDayTimes = (trigger: Trigger): boolean =>
  trigger.dayTimes !== undefined || trigger.dayPattern !== undefined

/** The fire times of a day (UTC, from `day` on); `undefined` where they are too many, or cannot be listed. */
export const dayTimesOf = (trigger: Trigger, day: EpochMillis, work: Work): DayTimes | undefined => {
  if (trigger.dayPattern === undefined) return trigger.dayTimes?.(day, work)
  const own = kept.get(trigger) ?? { byPattern: new Map<string, DayTimes>(), size: 0 }
  const pattern = trigger.dayPattern(day)
  work.steps += patternSteps
  const known = own.byPattern.get(pattern)
  if (known !== undefined) return known
  const times = trigger.dayTimes === undefined ? askedFor(trigger, day, work) : trigger.dayTimes(day, work)
  if (times === undefined) return undefined
  if (own.size + times.length > mostKept) {
    own.byPattern.clear()
    own.size = 0
  }
  own.byPattern.set(pattern, times)
  own.size += times.length + 1
  kept.set(trigger, own)
  return times
}

/** Those of each of `members`; `undefined` where some cannot be listed. */
export const listsOf = (
  members: ReadonlyArray<Trigger>,
  day: EpochMillis,
  work: Work
): ReadonlyArray<DayTimes> | undefined => {
  const lists: Array<DayTimes> = []
  for (const member of members) {
    const list = dayTimesOf(member, day, work)
    if (list === undefined) return undefined
    lists.push(list)
  }
  return lists
}

/** Asked for one after another. */
const askedFor = (trigger: Trigger, day: EpochMillis, work: Work): DayTimes | undefined => {
  const times: Array<number> = []
  for (let at = trigger.next(day - 1); at !== undefined && at < day + dayMs; at = trigger.next(at)) {
    if (times.length === mostDayTimes) return undefined
    times.push(at - day)
  }
  work.steps += times.length * nextSteps
  return Int32Array.from(times)
}

/** The first place in `times`, from `place` on, of a time that is not before `time`. Leaps, so that few in many are found quickly. */
const placeOf = (times: DayTimes, time: number, place: number): number => {
  let [low, leap] = [place, 1]
  while (low + leap < times.length && (times[low + leap] ?? 0) < time) {
    low += leap
    leap *= 2
  }
  let high = Math.min(times.length, low + leap)
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? 0) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** Those from `from` through `through`, both inclusive. */
export const within = (times: DayTimes, from: number, through: number): DayTimes => {
  const first = placeOf(times, from, 0)
  const end = placeOf(times, through + 1, first)
  return first === 0 && end === times.length ? times : times.subarray(first, end)
}

/** Every time of any list, once. */
export const union = (lists: ReadonlyArray<DayTimes>, work: Work): DayTimes =>
  lists.reduce((all, list) => (all.length === 0 ? list : list.length === 0 ? all : merged(all, list, work)))

const merged = (first: DayTimes, second: DayTimes, work: Work): DayTimes => {
  const all = new Int32Array(first.length + second.length)
  let [length, i, j] = [0, 0, 0]
  while (i < first.length || j < second.length) {
    const a = first[i] ?? Infinity
    const b = second[j] ?? Infinity
    all[length++] = a < b ? a : b
    if (a <= b) i += 1
    if (b <= a) j += 1
  }
  work.steps += all.length
  return all.subarray(0, length)
}

/** The times that all lists have. */
export const common = (lists: ReadonlyArray<DayTimes>, work: Work): DayTimes =>
  [...lists].sort((a, b) => a.length - b.length).reduce((few, many) => sifted(few, many, true, work))

/** How many times any list has: those of the longest need not be looked at. */
export const countUnion = (lists: ReadonlyArray<DayTimes>, work: Work): number => {
  const [longest, ...others] = [...lists].sort((a, b) => b.length - a.length)
  if (longest === undefined) return 0
  const before: Array<DayTimes> = [longest]
  let count = longest.length
  for (const list of others) {
    count += before.reduce((rest, earlier) => sifted(rest, earlier, false, work), list).length
    before.push(list)
  }
  return count
}

/** Those of `few` that `many` has, or has not. */
const sifted = (few: DayTimes, many: DayTimes, having: boolean, work: Work): DayTimes => {
  const found = new Int32Array(few.length)
  let [length, place] = [0, 0]
  for (const time of few) {
    place = placeOf(many, time, place)
    if ((many[place] === time) === having) found[length++] = time
  }
  work.steps += few.length * 2
  return found.subarray(0, length)
}
