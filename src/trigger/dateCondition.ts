/** Conditions on the local date of a fire time: weekdays, months, date ranges, a holiday calendar. */
import { unknownField } from "../input/fields.ts"
import { unquoted } from "../input/inWords.ts"
import { civilDate, dayNumber, formatDate, readDate, weekdayOf } from "../time/civil.ts"
import { monthNames, weekdayNames } from "./cron/text.ts"
import { givenProperties } from "./triggerArguments.ts"
import type { HolidayCalendar } from "./holidayCalendar.ts"
import { UnknownCalendarError } from "./holidayCalendar.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import type { Json } from "./trigger.ts"
import { weekdayRange } from "./weekdays.ts"

/** A date (`2026-12-24`), or a range with both ends inclusive. */
export type DateRange =
  | string
  | {
      /** The first date, such as `2026-12-24`. */
      readonly from: string
      /** The last one. */
      readonly through: string
    }

/** What is given must hold, all of it. Lists and ranges wrap: `"fri-mon"`, `"nov-feb"`. */
export interface DateCondition {
  /** `"mon-fri"`, `"sat,sun"`, `[1, 2]`; 0 and 7 are Sunday. */
  readonly weekdays?: string | ReadonlyArray<string | number> | undefined
  /** `"jun-aug"`, `[6, 7, 8]`; 1 is January. */
  readonly months?: string | ReadonlyArray<string | number> | undefined
  /** The date is one of these, or in one of these ranges. */
  readonly dates?: ReadonlyArray<DateRange> | undefined
  /** The date is in this calendar: a registered name, or the calendar itself. */
  readonly calendar?: string | HolidayCalendar | undefined
}

/** A condition ready for use. Days are day numbers. */
export interface ReadyCondition {
  readonly allows: (day: number) => boolean
  /** Every day is allowed: the weekdays, or months, are all there are. */
  readonly always: boolean
  /** After this day nothing is allowed; `Infinity` when that cannot be told. */
  readonly lastDay: number
  /** As it is stored; the calendar by its name. */
  readonly stored: { readonly [field: string]: Json }
}

/** Finds a registered calendar. */
export type FindCalendar = (name: string) => HolidayCalendar | undefined

/** Reads a condition of a trigger of type `trigger`. Throws `InvalidTriggerError`; asking one whose calendar is unknown, `UnknownCalendarError`. */
export const readCondition = (
  trigger: string,
  condition: DateCondition,
  find: FindCalendar = () => undefined
): ReadyCondition => {
  const surplus = unknownField(condition, known)
  if (surplus !== undefined) throw invalid(trigger, "condition", surplus, `only ${known.join(", ")}`)
  const ranges = condition.dates === undefined ? undefined : readDates(trigger, condition.dates)
  const dates = ranges === undefined ? undefined : merged(ranges)
  const weekdays =
    condition.weekdays === undefined ? undefined : readNames(trigger, "weekdays", condition.weekdays, weekdayNames, 0)
  const months =
    condition.months === undefined ? undefined : readNames(trigger, "months", condition.months, monthNames, 1)
  const { calendar } = condition
  if (weekdays === undefined && months === undefined && dates === undefined && calendar === undefined) {
    throw invalid(trigger, "condition", condition, `at least one of ${known.join(", ")}`)
  }
  const holidays = calendar === undefined ? undefined : calendarOf(trigger, calendar, find)
  const always =
    (weekdays ?? weekdayNames).length === 7 &&
    (months ?? monthNames).length === 12 &&
    dates === undefined &&
    holidays === undefined
  return {
    allows: (day) => {
      if (weekdays !== undefined && !weekdays.includes(weekdayOf(day))) return false
      if (dates !== undefined && !covers(dates, day)) return false
      if (months === undefined && holidays === undefined) return true
      const date = civilDate(day)
      return (
        (months === undefined || months.includes(date.month)) &&
        (holidays === undefined || isHoliday(trigger, holidays, formatDate(date)))
      )
    },
    always,
    lastDay: dates?.at(-1)?.through ?? Infinity,
    stored: {
      ...(weekdays === undefined ? {} : { weekdays }),
      ...(months === undefined ? {} : { months }),
      ...(ranges === undefined
        ? {}
        : { dates: ranges.map(({ from, through }) => ({ from: isoDate(from), through: isoDate(through) })) }),
      ...(holidays === undefined ? {} : { calendar: holidays.name })
    }
  }
}

/** `sat 2026-12-26`, for people. */
export const weekdayAndDate = (day: number): string => `${weekdayNames[weekdayOf(day)] ?? ""} ${isoDate(day)}`

const known = ["weekdays", "months", "dates", "calendar"]

interface DayRange {
  readonly from: number
  readonly through: number
}

/** Ascending, without overlaps, so that a day is found among many by halving. */
const merged = (ranges: ReadonlyArray<DayRange>): ReadonlyArray<DayRange> => {
  const joined: Array<DayRange> = []
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last === undefined || range.from > last.through + 1) joined.push(range)
    else joined[joined.length - 1] = { from: last.from, through: Math.max(last.through, range.through) }
  }
  return joined
}

const covers = (ranges: ReadonlyArray<DayRange>, day: number): boolean => {
  let [low, high] = [0, ranges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.through ?? Infinity) < day) low = middle + 1
    else high = middle
  }
  return (ranges[low]?.from ?? Infinity) <= day
}

const isoDate = (day: number): string => formatDate(civilDate(day))

const invalid = (trigger: string, field: string, found: unknown, expected: string): InvalidTriggerError =>
  new InvalidTriggerError({ trigger, field, found: unquoted(found), expected })

const calendarOf = (trigger: string, calendar: string | HolidayCalendar, find: FindCalendar): HolidayCalendar => {
  const given: unknown = calendar
  if (typeof calendar === "string") {
    return find(calendar) ?? { name: calendar, has: () => unknownCalendar(calendar) }
  }
  if (typeof given === "object" && given !== null && typeof calendar.has === "function") return calendar
  throw invalid(trigger, "calendar", given, "a calendar or the name of one")
}

/** The user's code: an async function's promise would make a holiday of every day. */
const isHoliday = (trigger: string, calendar: HolidayCalendar, date: string): boolean => {
  const answer: unknown = calendar.has(date)
  if (typeof answer === "boolean") return answer
  if (answer instanceof Promise) answer.catch(() => undefined)
  throw invalid(trigger, `calendar's answer for ${date}`, answer, "true or false")
}

const unknownCalendar = (calendar: string): never => {
  throw new UnknownCalendarError({ calendar, known: [] })
}

const readNames = (
  trigger: string,
  field: string,
  given: string | ReadonlyArray<string | number>,
  names: ReadonlyArray<string>,
  first: number
): ReadonlyArray<number> => {
  const size = names.length
  const week = field === "weekdays"
  const items = typeof given === "string" ? given.split(",") : Array.isArray(given) ? given : [given]
  const values = new Set<number>()
  const read = (item: unknown, part: string): number => {
    const text = part.trim().toLowerCase()
    const place = names.indexOf(text)
    const number = place === -1 && /^\d{1,2}$/.test(text) ? Number(text) - first : place
    if (number < 0 || number > (week ? 7 : size - 1)) {
      throw invalid(trigger, field, item, `${names[0] ?? ""} to ${names.at(-1) ?? ""}, numbers, or ranges of them`)
    }
    return number
  }
  for (const item of items as ReadonlyArray<unknown>) {
    if (typeof item !== "string" && typeof item !== "number") throw invalid(trigger, field, item, "names or numbers")
    const [from = "", through = from, more] = String(item).split("-")
    if (more !== undefined) throw invalid(trigger, field, item, "one range")
    const [start, end] = [read(item, from), read(item, through)]
    if (week) for (const value of weekdayRange(start, end)) values.add(value)
    else for (let value = start; value <= (end < start ? end + size : end); value++) values.add((value % size) + first)
  }
  if (values.size === 0) throw invalid(trigger, field, given, "at least one")
  return [...values].sort((a, b) => a - b)
}

const readDates = (trigger: string, given: ReadonlyArray<DateRange>): ReadonlyArray<DayRange> => {
  const list: unknown = given
  if (!Array.isArray(list) || list.length === 0) throw invalid(trigger, "dates", list, "a list of dates and ranges")
  const read = (text: unknown): number => {
    const date = typeof text === "string" ? readDate(text) : undefined
    if (date === undefined) throw invalid(trigger, "dates", text, "a date such as 2026-12-24")
    return dayNumber(date.year, date.month, date.day)
  }
  return given.map((each) => {
    const range = typeof each === "string" ? { from: each, through: each } : givenProperties(trigger, "dates", each)
    const [from, through] = [read(range.from), read(range.through)]
    if (through < from) throw invalid(trigger, "dates", range, "a range that does not run backwards")
    return { from, through }
  })
}
