/** Asks a trigger which of its fire times have come due, in one step where the trigger can count, else in bounded many. */
import type { EpochMillis } from "../time/instant.ts"
import { honestCount, honestNext, honestPrevious } from "../trigger/honest.ts"
import type { Trigger } from "../trigger/trigger.ts"
import type { FireRange, OwedFireTimes } from "./fireRange.ts"
import { single } from "./fireRange.ts"
import type { DueFireTimes, NextFire } from "./jobEvent.ts"
import type { JobRules } from "./rules.ts"
import { maxFireTimesPerWake } from "./rules.ts"

/** The first fire time after `after`, as the job machine takes it. Throws `FaultyTriggerError`. */
export const nextFire = (trigger: Trigger, after: EpochMillis): NextFire => {
  const next = honestNext(trigger, after)
  return next === undefined
    ? { nextFireAt: null, exhausted: trigger.stream === undefined }
    : { nextFireAt: next, exhausted: false }
}

/**
 * What is due at `now`, given the first fire time `first` that is (≤ `now`). At most 1,000 fire times are stepped through;
 * when more are due, `more` is set and the next call goes on from `nextFireAt`. Throws `FaultyTriggerError`.
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

/** All fire times in [first, now], for those that will not be served. Throws `FaultyTriggerError`. */
export const owedFireTimes = (trigger: Trigger, first: EpochMillis | null, now: EpochMillis): OwedFireTimes | null => {
  if (first === null || first > now) return null
  if (trigger.after === "run") return single(first)
  const counted = trigger.previous === undefined ? undefined : honestCount(trigger, first - 1, now)
  if (counted !== undefined) return { from: first, through: honestPrevious(trigger, now + 1, first), count: counted }
  let [through, count] = [first, 1]
  let next = honestNext(trigger, first)
  while (next !== undefined && next <= now && count < mostOwed) {
    through = next
    count += 1
    next = honestNext(trigger, next)
  }
  const more = next !== undefined && next <= now
  return more ? { from: first, through, count, more } : { from: first, through, count }
}

const oneDue = (fireAt: EpochMillis, graceFrom: number, all: boolean, following: NextFire): DueFireTimes => {
  const late = fireAt < graceFrom
  return {
    late: late ? single(fireAt) : null,
    due: late ? null : single(fireAt),
    second: null,
    penultimate: null,
    times: all && !late ? [fireAt] : [],
    more: false,
    ...following
  }
}

/** One step however long the gap: the trigger counts. */
const counted = (trigger: Trigger, first: EpochMillis, now: EpochMillis, graceFrom: number): DueFireTimes | null => {
  if (trigger.count === undefined || trigger.previous === undefined) return null
  const rangeOf = (from: EpochMillis, through: EpochMillis): FireRange | null => {
    const count = honestCount(trigger, from - 1, through)
    return count === undefined ? null : { from, through, count }
  }
  const last = honestPrevious(trigger, now + 1, first)
  const lateLast = first < graceFrom ? honestPrevious(trigger, graceFrom, first) : null
  const late = lateLast === null ? null : rangeOf(first, lateLast)
  const dueFirst = lateLast === null ? first : (honestNext(trigger, lateLast) ?? Infinity)
  const due = dueFirst > now ? null : rangeOf(dueFirst, last)
  if ((lateLast !== null && late === null) || (dueFirst <= now && due === null)) return null
  return {
    late,
    due,
    second: due === null || due.count < 2 ? null : (honestNext(trigger, due.from) ?? null),
    penultimate: due === null || due.count < 2 ? null : honestPrevious(trigger, due.through, due.from),
    times: [],
    more: false,
    ...nextFire(trigger, last)
  }
}

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
  const more = following.nextFireAt !== null && following.nextFireAt <= now
  return { late, due, second, penultimate, times, more, ...following }
}

const extended = (range: FireRange | null, fireAt: EpochMillis): FireRange =>
  range === null ? single(fireAt) : { from: range.from, through: fireAt, count: range.count + 1 }
