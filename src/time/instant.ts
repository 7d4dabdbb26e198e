/** Instants: the forms a caller may give, read into epoch milliseconds. Holds no clock and no "now". */
import { TaggedError } from "../input/taggedError.ts"
import { unquoted } from "../input/inWords.ts"
import { localMillis, readDate } from "./civil.ts"
import { type EpochMillis, latestInstant } from "./epochMillis.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import { isLuxonDateTime } from "./luxonValues.ts"
import type { LuxonDateTime } from "./luxonValues.ts"
import { toInstant, zoneOf } from "./zone.ts"

export { type EpochMillis, latestInstant } from "./epochMillis.ts"

/** What a caller may give for an instant, luxon's `DateTime` included. Text without an offset is read in the time zone at hand. */
export type InstantInput = Date | EpochMillis | string | LuxonDateTime

/** An instant that cannot be read. `found` is the input as text. */
export class InvalidInstantError extends TaggedError("InvalidInstantError")<{
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `instant "${this.found}": expected ${this.expected}`
  }
}

/**
 * Reads an instant. Text: `2026-03-29`, `2026-03-29 02:30`, `2026-03-29T02:30:00.5`, each also with `Z` or `+02:00` at the
 * end (ISO 8601; a space for `T`, one-digit months, days and hours are taken). Without an offset it is a wall time in
 * `timezone`: one in a gap moves forward by the gap, an ambiguous one is its first pass. Digits past the millisecond are
 * dropped. Throws `InvalidInstantError`, and `UnknownTimezoneError` when the zone is needed and unknown.
 */
export const readInstant = (input: InstantInput, timezone: string): EpochMillis => {
  if (typeof input === "string") return readText(input, timezone)
  const at = typeof input === "number" ? input : millisOf(input)
  if (!Number.isSafeInteger(at) || Math.abs(at) > latestInstant) {
    throw new InvalidInstantError({
      found: isUnreadable(input, 1) ? unreadableText : unquoted(input),
      expected: "a whole number of milliseconds that Date can hold"
    })
  }
  return at
}

/** Plain JavaScript may give anything: what is neither a Date nor a DateTime is no instant. */
const millisOf = (input: unknown): number =>
  !isUnreadable(input, 1) && (input instanceof Date || isLuxonDateTime(input)) ? Number(input.valueOf()) : Number.NaN

/** Whether the text carries its own offset, so that no zone is needed to read it. Anything that is not text does. */
export const isZoneFree = (input: InstantInput): boolean =>
  typeof input !== "string" || textForm.exec(input.trim())?.[7] !== undefined

const textForm =
  /^(\d{4}-\d{1,2}-\d{1,2})(?:[Tt ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?( ?)([Zz]|[+-]\d{2}(?::?\d{2})?)?$/

const expectedText = "ISO 8601 text such as 2026-03-29, 2026-03-29T02:30 or 2026-03-29T02:30:00+02:00"

const readText = (input: string, timezone: string): EpochMillis => {
  const refuse = (expected: string) => new InvalidInstantError({ found: input.slice(0, 100), expected })
  const match = textForm.exec(input.trim())
  if (match === null) throw refuse(expectedText)
  const [, dateText = "", hourText = "0", minuteText = "0", secondText = "0", fraction = "", , offset] = match
  const date = readDate(dateText)
  const [hour, minute, second] = [Number(hourText), Number(minuteText), Number(secondText)]
  if (date === undefined) throw refuse("a date of the calendar")
  if (hour > 23 || minute > 59 || second > 59) throw refuse("a time from 00:00:00 to 23:59:59")
  const local = localMillis({ ...date, hour, minute, second })
  const fractionMs = Number(fraction.padEnd(3, "0").slice(0, 3))
  return (offset === undefined ? toInstant(zoneOf(timezone), local) : local - readOffset(offset, refuse)) + fractionMs
}

const readOffset = (text: string, refuse: (expected: string) => InvalidInstantError): number => {
  if (text === "Z" || text === "z") return 0
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(3).replace(":", ""))]
  if (hours > 18 || minutes > 59) throw refuse("an offset from -18:00 to +18:59")
  return (text.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
