/** Durations that are given by units, as ISO 8601 text (`PT2H30M`) or as luxon's `Duration`: months are no number of milliseconds. */
import { isLuxonDuration } from "./luxonValues.ts"
import type { LuxonLengths } from "./luxonValues.ts"

/** Lengths by unit. */
export type DurationLengths = Readonly<Record<keyof LuxonLengths, number>>

/** The lengths of ISO 8601 text and of a valid `Duration` of luxon; `undefined` for anything else. */
export const durationLengths = (given: unknown): DurationLengths | undefined => {
  if (typeof given === "string") return isoLengths(given.trim())
  try {
    return isLuxonDuration(given) && given.isValid ? allOf(given.toObject()) : undefined
  } catch {
    // It only bears the mark.
    return undefined
  }
}

/** Elapsed time, a day of 24 hours; `undefined` where there are years or months, which have no one length. */
export const elapsedMillis = (lengths: DurationLengths): number | undefined => {
  if (lengths.years !== 0 || lengths.quarters !== 0 || lengths.months !== 0) return undefined
  const { weeks, days, hours, minutes, seconds, milliseconds } = lengths
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
}

const none: DurationLengths = {
  years: 0,
  quarters: 0,
  months: 0,
  weeks: 0,
  days: 0,
  hours: 0,
  minutes: 0,
  seconds: 0,
  milliseconds: 0
}

const allOf = (some: LuxonLengths): DurationLengths =>
  Object.fromEntries(
    (Object.keys(none) as Array<keyof LuxonLengths>).map((unit) => [unit, some[unit] ?? 0])
  ) as DurationLengths

const number = String.raw`(-?\d{1,16}(?:[.,]\d{1,9})?)`
const isoForm = new RegExp(
  `^(-?)P(?=.*\\d)(?:${number}Y)?(?:${number}M)?(?:${number}W)?(?:${number}D)?(?:T(?=.*\\d)(?:${number}H)?(?:${number}M)?(?:${number}S)?)?$`,
  "i"
)

const isoLengths = (text: string): DurationLengths | undefined => {
  const match = text.length > 200 ? null : isoForm.exec(text)
  if (match === null) return undefined
  const sign = match[1] === "-" ? -1 : 1
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(2)
    .map((part: string | undefined) => (part === undefined ? 0 : sign * Number(part.replace(",", "."))))
  return { ...none, years, months, weeks, days, hours, minutes, seconds }
}
