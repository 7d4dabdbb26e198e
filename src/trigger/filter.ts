/** Fire times of a trigger that a condition on their local date keeps (`filter`) or drops (`not`). */
import { dayMs } from "../time/civil.ts"
import type { EpochMillis } from "../time/instant.ts"
import { machineTimezone } from "../time/machineZone.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import { zoneOf } from "../time/zone.ts"
import { bindTrigger } from "./bindTrigger.ts"
import type { DateCondition, FindCalendar } from "./dateCondition.ts"
import { readCondition, weekdayAndDate } from "./dateCondition.ts"
import { countPartOf, countsBy, zonePattern } from "./dayPattern.ts"
import { dayTimesOf, hasDayTimes, union, within } from "./dayTimes.ts"
import { explainTrigger } from "./explain.ts"
import { givenOptions, givenProperties, triggerArgument } from "./triggerArguments.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { composed } from "./parts.ts"
import { maxSearchMs, maxSearchSteps, TriggerSearchError } from "./search.ts"
import { nestedTrigger, onlyFields, optionalText } from "./storedForm.ts"
import type { CountedPart, DayTimes, Trigger, TriggerCodec, Work } from "./trigger.ts"

/** Where a date begins and ends. */
export interface FilterOptions {
  /** The zone in which a fire time's date is looked at. Default: the scheduler's, else the machine's. */
  readonly timezone?: TimezoneInput | undefined
}

/**
 * The fire times of `trigger` whose local date meets `condition`. `next` throws `TriggerSearchError` when none is found within 10,000 steps
 * or 50 years, `UnknownCalendarError` for a calendar that is not registered. Throws `InvalidTriggerError`, `UnknownTimezoneError`.
 */
export const filter = (trigger: Trigger, condition: DateCondition, options: FilterOptions = {}): Trigger =>
  filterOf("filter", trigger, condition, options, undefined)

/** The fire times of `trigger` whose local date does not meet `condition`: the exact opposite of `filter`, with its bounds and errors. */
export const not = (trigger: Trigger, condition: DateCondition, options: FilterOptions = {}): Trigger =>
  filterOf("not", trigger, condition, options, undefined)

/** Reads the stored forms of `filter` and `not`: `trigger`, the condition's fields and `timezone`. */
export const filterCodecs = (find: FindCalendar): ReadonlyArray<TriggerCodec> =>
  (["filter", "not"] as const).map((type) => ({
    type,
    fromJSON: (spec, read) => {
      onlyFields(spec, ["trigger", "weekdays", "months", "dates", "calendar", "timezone"])
      const { weekdays, months, dates, calendar } = spec
      // The stored condition is what readCondition checks anyway.
      const condition = { weekdays, months, dates, calendar } as DateCondition
      return filterOf(
        type,
        nestedTrigger(spec, "trigger", read),
        condition,
        { timezone: optionalText(spec, "timezone") },
        find
      )
    }
  }))

/** What a stretch of days, all kept or all dropped, costs, in fire times of a list. */
const stretchSteps = 60

const filterOf = (
  type: "filter" | "not",
  given: Trigger,
  givenCondition: DateCondition,
  options: FilterOptions,
  find: FindCalendar | undefined
): Trigger => {
  const inner = triggerArgument(type, given)
  const { timezone } = givenOptions(type, options, ["timezone"])
  if (inner.after !== undefined || inner.stream !== undefined) {
    const found = inner.stream === undefined ? "a fixed delay after runs" : "a stream"
    throw new InvalidTriggerError({
      trigger: type,
      field: "trigger",
      found,
      expected: "a trigger whose fire times can be told ahead"
    })
  }
  const zone = zoneOf(timezone ?? machineTimezone())
  const condition = givenProperties(type, "condition", givenCondition)
  const { allows, always, lastDay, stored } = readCondition(type, condition, find)
  const keep = type === "filter"
  const { previous, dayPattern } = inner
  const countInner = countPartOf(inner)
  /** Not even a search is needed: `not` of every weekday. */
  const never = always && !keep
  const keeps = (day: number): boolean => allows(day) === keep

  /** The first day from `day` on, in steps of `step`, that is kept or not as asked; at most a year is looked at. */
  const firstDay = (day: number, step: 1 | -1, kept: boolean): number => {
    let found = day
    while (Math.abs(found - day) < 366 && keeps(found) !== kept) found += step
    return found
  }

  const search = (start: EpochMillis | undefined, asked: EpochMillis, step: 1 | -1): EpochMillis | undefined => {
    let at = never ? undefined : start
    let from = start ?? asked
    for (let steps = 0; steps < maxSearchSteps; steps++) {
      if (at === undefined) return undefined
      if (Math.abs(at - from) > maxSearchMs) break
      const span = zone.spanAt(at)
      const day = Math.floor((at + span.offsetMs) / dayMs)
      if (keeps(day)) return at
      if (keep && step === 1 && day > lastDay + 1) return undefined
      if (keep && step === -1 && day > lastDay + 2) {
        at = previous?.call(inner, (lastDay + 2) * dayMs)
        from = at ?? from
        continue
      }
      const target = firstDay(day + step, step, true)
      // Never past a transition: a fold may bring back a date that was left.
      if (step === 1) at = inner.next(Math.max(at, Math.min(span.until, target * dayMs - span.offsetMs) - 1))
      else at = previous?.call(inner, Math.min(at, Math.max(span.from, (target + 1) * dayMs - span.offsetMs)))
    }
    throw new TriggerSearchError({ trigger: type, after: asked, steps: maxSearchSteps })
  }

  /** Up to where it is kept, or not, what comes after `at`. */
  const stretchAfter = (at: EpochMillis, through: EpochMillis) => {
    const span = zone.spanAt(at + 1)
    const day = Math.floor((at + 1 + span.offsetMs) / dayMs)
    const kept = keeps(day)
    const until = firstDay(day + 1, 1, !kept) * dayMs - span.offsetMs - 1
    return { kept, end: Math.min(through, span.until - 1, until) }
  }

  const countPart = (after: EpochMillis, through: EpochMillis, work: Work): CountedPart => {
    let [count, at] = [0, after]
    while (at < through && (at === after || work.steps < work.most)) {
      const { kept, end } = stretchAfter(at, through)
      work.steps += stretchSteps
      const part = kept ? countInner?.(at, end, work) : { count: 0, through: end }
      if (part === undefined || part.through <= at) break
      count += part.count
      at = part.through
    }
    return { count, through: at }
  }

  return composed([inner], {
    type,
    ...(inner.end === undefined ? {} : { end: inner.end }),
    next: (after) => search(inner.next(after), after, 1),
    ...(previous && { previous: (before: EpochMillis) => search(previous.call(inner, before), before, -1) }),
    ...(dayPattern && {
      dayPattern: (day: EpochMillis) => `${dayPattern.call(inner, day)}:${zonePattern(zone, day, keeps)}`
    }),
    ...(countInner && countsBy(countPart)),
    ...(hasDayTimes(inner) && {
      dayTimes: (day: EpochMillis, work: Work) => {
        const times = dayTimesOf(inner, day, work)
        if (times === undefined) return undefined
        const stretches: Array<DayTimes> = []
        for (let at = day - 1; at < day + dayMs - 1;) {
          const { kept, end } = stretchAfter(at, day + dayMs - 1)
          if (kept) stretches.push(within(times, at + 1 - day, end - day))
          at = end
        }
        return stretches.length === 0 ? times.subarray(0, 0) : union(stretches, work)
      }
    }),
    explain: (at) => {
      const day = Math.floor((at + zone.spanAt(at).offsetMs) / dayMs)
      const expected = `${keep ? "" : "not "}${JSON.stringify(stored)}`
      const refusal = { trigger: type, field: "condition", found: weekdayAndDate(day), expected }
      return [...(keeps(day) ? [] : [refusal]), ...explainTrigger(inner, at)]
    },
    toJSON: () => ({ type, trigger: inner.toJSON(), ...stored, ...(timezone === undefined ? {} : { timezone }) }),
    bind: (binding) =>
      filterOf(type, bindTrigger(inner, binding), condition, { timezone: timezone ?? binding.timezone }, find)
  })
}
