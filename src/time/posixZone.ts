/**
 * Time zones as the `TZ` variable of POSIX writes them (XBD 8.3): `UTC-3`, `<+0330>-3:30`, `CET-1CEST,M3.5.0,M10.5.0/3`. Their sign is the
 * opposite of ISO 8601's: hours west of Greenwich. Knows no zone names and no file.
 */
import { civilDate, dayMs, dayNumber, isLeapYear, monthLength, weekdayOf } from "./civil.ts"
import type { EpochMillis } from "./epochMillis.ts"

/** `name` is what `zoneOf` reads as the same zone: an offset of ISO 8601, or the whole text where there is summer time. */
export interface PosixZone {
  readonly name: string
  /** Local minus UTC, milliseconds. */
  readonly offsetAt: (at: EpochMillis) => number
  readonly fixed: boolean
}

/**
 * Reads a value of `TZ`; `undefined` for what is none of POSIX's forms. Summer time without rules follows those of the C library, the USA's. No
 * seconds in offsets, and no offset of more than 15 hours.
 */
export const readPosixZone = (text: string): PosixZone | undefined => {
  const match = text.length > 100 ? null : form.exec(text)
  if (match === null) return undefined
  const [, standardText = "", summerName, summerText, startText, endText] = match
  const standardMs = readOffset(standardText)
  if (standardMs === undefined) return undefined
  if (summerName === undefined) return { name: offsetName(standardMs), offsetAt: () => standardMs, fixed: true }
  const summerMs = summerText === undefined ? standardMs + 3_600_000 : readOffset(summerText)
  const start = readChange(startText ?? "M3.2.0")
  const end = readChange(endText ?? "M11.1.0")
  if (summerMs === undefined || start === undefined || end === undefined) return undefined
  return {
    name: startText === undefined ? `${text},M3.2.0,M11.1.0` : text,
    fixed: false,
    offsetAt: (at) => {
      const { year } = civilDate(Math.floor((at + standardMs) / dayMs))
      const from = start(year) - standardMs
      const until = end(year) - summerMs
      // South of the equator the year begins and ends in summer.
      const summer = from < until ? at >= from && at < until : at >= from || at < until
      return summer ? summerMs : standardMs
    }
  }
}

/** `+03:00`, or `UTC`, as `zoneOf` reads it. Part of a minute is rounded. */
export const offsetName = (offsetMs: number): string => {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000)
  const two = (value: number) => String(value).padStart(2, "0")
  return minutes === 0 ? "UTC" : `${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

const nameForm = "(?:[A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)"
const offsetForm = "[+-]?\\d{1,2}(?::[0-5]\\d)?(?::00)?"
const form = new RegExp(`^${nameForm}(${offsetForm})(?:(${nameForm})(${offsetForm})?(?:,([^,]+),([^,]+))?)?$`)

const readOffset = (text: string): number | undefined => {
  const [hours = "", minutes = "0"] = text.replace(/^[+-]/, "").split(":")
  const ms = (Number(hours) * 60 + Number(minutes)) * 60_000
  if (Number(hours) > 15) return undefined
  return text.startsWith("-") || ms === 0 ? ms : -ms
}

/** When in a year the clocks change, as a wall time written as if it were UTC: `Mm.w.d`, `Jn` or `n`, then `/time`. */
const readChange = (text: string): ((year: number) => number) | undefined => {
  const match =
    /^(?:M(\d{1,2})\.([1-5])\.([0-6])|J(\d{1,3})|(\d{1,3}))(?:\/([+-]?)(\d{1,3})(?::([0-5]\d))?(?::([0-5]\d))?)?$/.exec(
      text
    )
  if (match === null) return undefined
  const [, monthText, weekText, weekdayText, noLeapText, dayText, sign, ...time] = match
  const [hours = 2, minutes = 0, seconds = 0] = time.map((part: string | undefined) =>
    part === undefined ? undefined : Number(part)
  )
  if (hours > 167) return undefined
  const timeMs = (sign === "-" ? -1 : 1) * (hours * 3600 + minutes * 60 + seconds) * 1000
  const month = Number(monthText ?? 1)
  const [noLeap, day] = [Number(noLeapText ?? 1), Number(dayText ?? 0)]
  if (month < 1 || month > 12 || noLeap < 1 || noLeap > 365 || day > 365) return undefined
  return (year) => {
    const firstDay = dayNumber(year, 1, 1)
    const onDay =
      monthText !== undefined
        ? nthWeekday(year, month, Number(weekText), Number(weekdayText))
        : noLeapText !== undefined
          ? firstDay + noLeap - 1 + (isLeapYear(year) && noLeap > 59 ? 1 : 0)
          : firstDay + day
    return onDay * dayMs + timeMs
  }
}

/** The fifth is the last. */
const nthWeekday = (year: number, month: number, nth: number, weekday: number): number => {
  const first = dayNumber(year, month, 1)
  const day = first + ((weekday - weekdayOf(first) + 7) % 7) + (nth - 1) * 7
  return day >= first + monthLength(year, month) ? day - 7 : day
}
