/** Which days of a month a cron rule allows, as a bit mask. Day 1 is bit 0. */
import { dayNumber, isLeapYear, isoWeek, monthLength, weekdayOf } from "../../time/civil.ts"
import type { CronRule, DayTerm } from "./rule.ts"

/** The mask of the allowed days, months not looked at. */
export type MonthDays = (year: number, month: number) => number

/** Compiles the day fields of a rule. */
export const monthDays = (rule: CronRule): MonthDays => {
  const { daysOfMonth, daysOfWeek, dayFields, weeks } = rule
  const monthTerms = daysOfMonth === undefined ? undefined : compileTerms(daysOfMonth)
  const weekTerms = daysOfWeek === undefined ? undefined : compileTerms(daysOfWeek)
  const allowedWeeks = weeks === undefined ? undefined : new Set(weeks)
  return (year, month) => {
    const firstDay = dayNumber(year, month, 1)
    const length = monthLength(year, month)
    const firstWeekday = weekdayOf(firstDay)
    const all = 0x7fffffff >>> (31 - length)
    const byMonth = monthTerms === undefined ? all : monthTerms(length, firstWeekday) & all
    const byWeek = weekTerms === undefined ? all : weekTerms(length, firstWeekday) & all
    const days = dayFields === "either" ? byMonth | byWeek : byMonth & byWeek
    return allowedWeeks === undefined ? days : days & weekMask(firstDay, length, allowedWeeks)
  }
}

/** How many kinds of years there are. */
export const yearKinds = 21

/**
 * 0 to 20: years of one kind have the same days, weekdays and ISO weeks. Leap or not, weekday of 1 January, and whether the
 * year before was leap, which moves ISO week 53.
 */
export const yearKind = (year: number): number => {
  const place = ((year % 400) + 400) % 400
  return (kinds ??= Uint8Array.from({ length: 400 }, (_, each) => kindOf(2000 + each)))[place] ?? 0
}

/** One year of each kind. */
export const yearOfEachKind = (): ReadonlyArray<number> => {
  if (examples === undefined) {
    const years = new Map<number, number>()
    for (let year = 2000; years.size < yearKinds; year++)
      if (!years.has(yearKind(year))) years.set(yearKind(year), year)
    examples = [...years.values()]
  }
  return examples
}

let examples: ReadonlyArray<number> | undefined

/** By year of the Gregorian calendar's cycle of 400. */
let kinds: Uint8Array | undefined

const kindOf = (year: number): number =>
  weekdayOf(dayNumber(year, 1, 1)) + (isLeapYear(year) ? 7 : isLeapYear(year - 1) ? 14 : 0)

type Terms = (length: number, firstWeekday: number) => number

const compileTerms = (terms: ReadonlyArray<DayTerm>): Terms => {
  let fixed = 0
  const weekdays = new Set<number>()
  const moving: Array<DayTerm> = []
  for (const term of terms) {
    if (term._tag === "Day") fixed |= 1 << (term.day - 1)
    else if (term._tag === "Weekday") weekdays.add(term.weekday)
    else moving.push(term)
  }
  const byFirstWeekday = Array.from({ length: weekdays.size === 0 ? 0 : 7 }, (_, firstWeekday) =>
    [...weekdays].reduce((mask, weekday) => mask | weekdayMask(weekday, firstWeekday), 0)
  )
  return (length, firstWeekday) => {
    let mask = fixed | (byFirstWeekday[firstWeekday] ?? 0)
    for (const term of moving) mask |= movingDay(term, length, firstWeekday)
    return mask
  }
}

const weekdayMask = (weekday: number, firstWeekday: number): number => {
  const first = (weekday - firstWeekday + 7) % 7
  return (0b10000001000000100000010000001 << first) & 0x7fffffff
}

const bit = (day: number, length: number): number => (day >= 1 && day <= length ? 1 << (day - 1) : 0)

const movingDay = (term: DayTerm, length: number, firstWeekday: number): number => {
  const weekdayAt = (day: number): number => (firstWeekday + day - 1) % 7
  switch (term._tag) {
    case "Day":
      return bit(term.day, length)
    case "LastDay":
      return bit(length - term.before, length)
    case "Weekday":
      return weekdayMask(term.weekday, firstWeekday)
    case "NthWeekday":
      return bit(((term.weekday - firstWeekday + 7) % 7) + 1 + 7 * (term.nth - 1), length)
    case "LastWeekday":
      return bit(length - ((weekdayAt(length) - term.weekday + 7) % 7), length)
    case "LastWorkday": {
      const weekday = weekdayAt(length)
      return bit(weekday === 0 ? length - 2 : weekday === 6 ? length - 1 : length, length)
    }
    case "NearestWorkday": {
      const { day } = term
      if (day > length) return 0
      const weekday = weekdayAt(day)
      if (weekday === 6) return bit(day === 1 ? 3 : day - 1, length)
      if (weekday === 0) return bit(day === length ? day - 2 : day + 1, length)
      return bit(day, length)
    }
  }
}

const weekMask = (firstDay: number, length: number, weeks: ReadonlySet<number>): number => {
  let mask = 0
  for (let day = 0; day < length;) {
    // To the end of this ISO week: its Sunday.
    const through = Math.min(day + ((7 - weekdayOf(firstDay + day)) % 7), length - 1)
    if (weeks.has(isoWeek(firstDay + day))) {
      for (let inWeek = day; inWeek <= through; inWeek++) mask |= 1 << inWeek
    }
    day = through + 1
  }
  return mask
}
