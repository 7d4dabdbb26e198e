/**
 * The proleptic Gregorian calendar in integers: day numbers, months, weekdays, ISO weeks. Knows no zone: a "local"
 * number is a wall time written as if it were UTC. Day 0 is 1970-01-01.
 */

/** Milliseconds in a day of 24 hours. */
export const dayMs = 86_400_000

/** A calendar date; `month` 1-12, `day` 1-31. */
export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** A wall time: a date and a time of day, in whole units. */
export interface CivilTime extends CivilDate {
  readonly hour: number
  readonly minute: number
  readonly second: number
}

/** The day number of a date. A day past the month's end runs on into the next month. */
export const dayNumber = (year: number, month: number, day: number): number => {
  // Years run from March, so that the leap day is the last of its year (Howard Hinnant's days_from_civil).
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** The date of a day number. */
export const civilDate = (day: number): CivilDate => {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  }
}

/** The wall time of a local number; its milliseconds are dropped. */
export const civilTime = (localMs: number): CivilTime => {
  const day = Math.floor(localMs / dayMs)
  const second = Math.floor((localMs - day * dayMs) / 1000)
  return {
    ...civilDate(day),
    hour: Math.floor(second / 3600),
    minute: Math.floor(second / 60) % 60,
    second: second % 60
  }
}

/** The local number of a wall time. */
export const localMillis = (time: CivilTime): number =>
  dayNumber(time.year, time.month, time.day) * dayMs + (time.hour * 3600 + time.minute * 60 + time.second) * 1000

export const isLeapYear = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Days in the month, 28 to 31. */
export const monthLength = (year: number, month: number): number =>
  month === 2 && isLeapYear(year) ? 29 : (monthLengths[month - 1] ?? 0)

/** The weekday of a day number: 0 is Sunday, 6 Saturday. */
export const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7

/** The ISO 8601 week, 1 to 53, of a day number. Around New Year it may belong to the neighbouring year. */
export const isoWeek = (day: number): number => {
  const thursday = day - ((weekdayOf(day) + 6) % 7) + 3
  const { year } = civilDate(thursday)
  return Math.floor((thursday - dayNumber(year, 1, 1)) / 7) + 1
}

/** `2026-03-29`. */
export const formatDate = ({ year, month, day }: CivilDate): string => `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`

/** `2026-03-29T02:30:00`, a wall time without an offset. */
export const formatLocal = (localMs: number): string => {
  const time = civilTime(localMs)
  return `${formatDate(time)}T${pad(time.hour, 2)}:${pad(time.minute, 2)}:${pad(time.second, 2)}`
}

/** Reads `2026-3-29`; `undefined` for anything that is not a date of the calendar. */
export const readDate = (text: string): CivilDate | undefined => {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text)
  if (match === null) return undefined
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  return month >= 1 && month <= 12 && day >= 1 && day <= monthLength(year, month) ? { year, month, day } : undefined
}

const pad = (value: number, width: number): string => String(value).padStart(width, "0")
