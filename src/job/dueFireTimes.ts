/** Asks a trigger which of its fire times have come due, in one step where the trigger can count, else in bounded many. */
import type { EpochMillis } from "../time/instant.ts"
import { honestNext } from "../trigger/honest.ts"
import type { Trigger } from "../trigger/trigger.ts"
import type { FireRange } from "./fireRange.ts"
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

/** All fire times in [first, now], for those that will not be served. Counts up to 100,000 where the trigger cannot count. */
export const owedFireTimes = (trigger: Trigger, first: EpochMillis | null, now: EpochMillis): FireRange | null => {
  if (first === null || first > now) return null
  if (trigger.after === "run") return single(first)
  if (trigger.count !== undefined && trigger.previous !== undefined) {
    return { from: first, through: trigger.previous(now + 1) ?? first, count: trigger.count(first - 1, now) }
  }
  let [through, count] = [first, 1]
  for (
    let next = honestNext(trigger, first);
    next !== undefined && next <= now && count < 100_000;
    next = honestNext(trigger, next)
  ) {
    through = next
    count += 1
  }
  return { from: first, through, count }
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
  const { count, previous } = trigger
  if (count === undefined || previous === undefined) return null
  const countIn = (from: EpochMillis, through: EpochMillis): number => count.call(trigger, from - 1, through)
  const last = previous.call(trigger, now + 1) ?? first
  const lateLast = first < graceFrom ? (previous.call(trigger, graceFrom) ?? first) : null
  const late = lateLast === null ? null : { from: first, through: lateLast, count: countIn(first, lateLast) }
  const dueFirst = lateLast === null ? first : (honestNext(trigger, lateLast) ?? Infinity)
  const due = dueFirst > now ? null : { from: dueFirst, through: last, count: countIn(dueFirst, last) }
  return {
    late,
    due,
    second: due === null || due.count < 2 ? null : (honestNext(trigger, due.from) ?? null),
    penultimate: due === null || due.count < 2 ? null : (previous.call(trigger, due.through) ?? null),
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
