/** Asks a trigger which of its fire times have come due: in one step where the trigger can count, else in several that each take some milliseconds. */
import type { EpochMillis } from "../time/instant.ts"
import { checkedCount, checkedNext, checkedPart, checkedPrevious } from "../trigger/checkedTrigger.ts"
import type { CountedPart, Trigger } from "../trigger/trigger.ts"
import type { FireRange, OwedFireTimes } from "./fireRange.ts"
import { single } from "./fireRange.ts"
import type { NextFire } from "./jobEvent.ts"
import type { JobRules } from "./rules.ts"
import { maxFireTimesPerWake } from "./rules.ts"

/** Fire times that have come due, split at the misfire grace. */
export interface DueFireTimes extends NextFire {
  /** Past grace. */
  readonly late: FireRange | null
  /** Within grace. */
  readonly due: FireRange | null
  /** The second of `due`; `null` where it holds fewer than two. */
  readonly second: EpochMillis | null
  /** The last but one of `due`; `null` where it holds fewer than two. */
  readonly penultimate: EpochMillis | null
  /** Each fire time of `due`, ascending; empty unless the job makes up all of them. */
  readonly times: ReadonlyArray<EpochMillis>
  /** True when more are due than one wake takes; `nextFireAt` is then the first of those. */
  readonly more: boolean
}

/** The first fire time after `after`, as the job machine takes it. Throws `FaultyTriggerError`. */
export const nextFire = (trigger: Trigger, after: EpochMillis): NextFire => {
  const next = checkedNext(trigger, after)
  return next === undefined
    ? { nextFireAt: null, exhausted: trigger.stream === undefined }
    : { nextFireAt: next, exhausted: false }
}

/**
 * What is due at `now`, given the first fire time `first` that is (≤ `now`). As many as are counted in some milliseconds, or 1,000 where
 * they are stepped through; when more are due, `more` is set and the next call goes on from `nextFireAt`. Throws `FaultyTriggerError`.
 */
export const dueFireTimes = (
  trigger: Trigger,
  first: EpochMillis,
  now: EpochMillis,
  rules: Pick<JobRules, "coalesce" | "misfireGraceMs">
): DueFireTimes => {
  const all = rules.coalesce === "all"
  const graceFrom = rules.misfireGraceMs === null ? -Infinity : now - rules.misfireGraceMs
  if (trigger.after === "run") return oneDue(first, graceFrom, all, nextFire(trigger, now))
  const following = nextFire(trigger, first)
  if (following.nextFireAt === null || following.nextFireAt > now) return oneDue(first, graceFrom, all, following)
  return all
    ? stepped(trigger, first, now, graceFrom, true)
    : (counted(trigger, first, now, graceFrom) ?? stepped(trigger, first, now, graceFrom, false))
}

/**
 * The next fire time of a fixed delay whose run has ended at `endedAt`; `null`: the trigger counts from something else. One that
 * fails here is parked when it is next asked, at `now`.
 */
export const nextAfterRun = (trigger: Trigger, endedAt: EpochMillis, now: EpochMillis): NextFire | null => {
  if (trigger.after !== "run") return null
  try {
    return nextFire(trigger, endedAt)
  } catch {
    return { nextFireAt: now, exhausted: false }
  }
}

/** Fire times that are stepped through one by one where the trigger cannot count. */
const mostOwed = 100_000
/** What is looked at where a trigger counts part by part: some ten milliseconds of a wake-up, more of a command, which has no second turn. */
const stepsPerWake = 250_000
const stepsPerCommand = 1_500_000

/** All fire times in [first, now], for those that will not be served. Throws `FaultyTriggerError`. */
export const owedFireTimes = (trigger: Trigger, first: EpochMillis | null, now: EpochMillis): OwedFireTimes | null => {
  if (first === null || first > now) return null
  if (trigger.after === "run") return single(first)
  const part = trigger.previous === undefined ? undefined : countedPart(trigger, first, now, stepsPerCommand)
  if (part !== undefined) {
    const through = checkedPrevious(trigger, part.through + 1, first)
    const range = { from: first, through, count: Math.max(1, part.count) }
    return goingOn(nextFire(trigger, through), now).more ? { ...range, more: true } : range
  }
  let [through, count] = [first, 1]
  let next = checkedNext(trigger, first)
  while (next !== undefined && next <= now && count < mostOwed) {
    through = next
    count += 1
    next = checkedNext(trigger, next)
  }
  const more = next !== undefined && next <= now
  return more ? { from: first, through, count, more } : { from: first, through, count }
}

const none: ReadonlyArray<EpochMillis> = []

const oneDue = (fireAt: EpochMillis, graceFrom: number, all: boolean, following: NextFire): DueFireTimes => {
  const late = fireAt < graceFrom
  return {
    late: late ? single(fireAt) : null,
    due: late ? null : single(fireAt),
    second: null,
    penultimate: null,
    times: all && !late ? [fireAt] : none,
    more: false,
    nextFireAt: following.nextFireAt,
    exhausted: following.exhausted
  }
}

/**
 * One step however long the gap where the trigger counts it, else as much of it as it counts at once. It may no longer know `first`, which
 * was a fire time when it was asked for.
 */
const counted = (trigger: Trigger, first: EpochMillis, now: EpochMillis, graceFrom: number): DueFireTimes | null => {
  if (trigger.previous === undefined) return null
  const part = countedPart(trigger, first, now, stepsPerWake)
  if (part === undefined) return null
  const last = checkedPrevious(trigger, part.through + 1, first)
  const lateLast = first < graceFrom ? Math.min(last, checkedPrevious(trigger, graceFrom, first)) : null
  const late = lateLast === null ? null : lateLast === last ? part : countedPart(trigger, first, lateLast, stepsPerWake)
  if (late === undefined || (late !== null && lateLast !== null && late.through < lateLast)) return null
  const dueFirst = lateLast === null ? first : (checkedNext(trigger, lateLast) ?? Infinity)
  const isDue = dueFirst <= part.through
  const dueCount = isDue ? Math.max(1, part.count - (late?.count ?? 0)) : 0
  return {
    late:
      late === null || lateLast === null ? null : { from: first, through: lateLast, count: Math.max(1, late.count) },
    due: isDue ? { from: dueFirst, through: last, count: dueCount } : null,
    second: dueCount < 2 ? null : (checkedNext(trigger, dueFirst) ?? null),
    penultimate: dueCount < 2 ? null : checkedPrevious(trigger, last, dueFirst),
    times: [],
    ...goingOn(nextFire(trigger, last), now)
  }
}

/** How many lie from `first` on, where that may be none, through as much of (first, now] as is counted at once. */
const countedPart = (
  trigger: Trigger,
  first: EpochMillis,
  now: EpochMillis,
  mostSteps: number
): CountedPart | undefined => {
  if (trigger.countPart !== undefined) return checkedPart(trigger, first - 1, now, mostSteps)
  const count = checkedCount(trigger, first - 1, now)
  return count === undefined ? undefined : { count, through: now }
}

const goingOn = (following: NextFire, now: EpochMillis): NextFire & Pick<DueFireTimes, "more"> => ({
  more: following.nextFireAt !== null && following.nextFireAt <= now,
  ...following
})

const stepped = (
  trigger: Trigger,
  first: EpochMillis,
  now: EpochMillis,
  graceFrom: number,
  all: boolean
): DueFireTimes => {
  let late: FireRange | null = null
  let due: FireRange | null = null
  let second: EpochMillis | null = null
  let penultimate: EpochMillis | null = null
  const times: Array<EpochMillis> = []
  let fireAt = first
  let following = nextFire(trigger, fireAt)
  for (let taken = 1; ; taken++) {
    if (fireAt < graceFrom) late = extended(late, fireAt)
    else {
      if (due !== null) {
        second ??= fireAt
        penultimate = due.through
      }
      due = extended(due, fireAt)
      if (all) times.push(fireAt)
    }
    if (following.nextFireAt === null || following.nextFireAt > now || taken === maxFireTimesPerWake) break
    fireAt = following.nextFireAt
    following = nextFire(trigger, fireAt)
  }
  return { late, due, second, penultimate, times, ...goingOn(following, now) }
}

const extended = (range: FireRange | null, fireAt: EpochMillis): FireRange =>
  range === null ? single(fireAt) : { from: range.from, through: fireAt, count: range.count + 1 }
