/** Named sets of dates, holidays for example. Registered by name, so that a stored trigger finds its calendar again. */
import { TaggedError } from "../input/taggedError.ts"
import { unquoted } from "../input/inWords.ts"
import { formatDate, readDate } from "../time/civil.ts"
import { reading } from "./triggerArguments.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"

/** A named set of dates. */
export interface HolidayCalendar {
  /** What stored triggers find it by; unique in a scheduler. */
  readonly name: string
  /** Asked with a date as `2026-12-25`. Pure: the same date, the same answer. */
  readonly has: (date: string) => boolean
}

/** A trigger names a calendar that is not registered. */
export class UnknownCalendarError extends TaggedError("UnknownCalendarError")<{
  /** The name that is not registered. */
  readonly calendar: string
  /** Registered names, in order of registration. */
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    const known = this.known.length === 0 ? "none is registered" : `expected one of ${this.known.join(", ")}`
    return `holiday calendar "${this.calendar}" is not registered: ${known}`
  }
}

/**
 * A calendar of the given dates (`2026-12-25`), or of those a pure function says yes to. Throws `InvalidTriggerError` for a date
 * that is none.
 */
export const holidayCalendar = (
  name: string,
  dates: Iterable<string> | ((date: string) => boolean)
): HolidayCalendar => {
  if (typeof (name as unknown) !== "string" || name === "")
    throw new InvalidTriggerError({ trigger: "calendar", field: "name", found: unquoted(name), expected: "a name" })
  if (typeof dates === "function") return { name, has: dates }
  return reading("calendar", name, () => calendarOf(name, dates))
}

const calendarOf = (name: string, dates: Iterable<string>): HolidayCalendar => {
  const list: unknown = dates
  if (typeof list !== "object" || list === null || !(Symbol.iterator in list)) {
    const expected = "dates such as 2026-12-25, or a function"
    throw new InvalidTriggerError({ trigger: "calendar", field: name, found: unquoted(list), expected })
  }
  const known = new Set<string>()
  for (const text of dates) {
    const date = readDate(text)
    if (date === undefined) {
      throw new InvalidTriggerError({
        trigger: "calendar",
        field: name,
        found: unquoted(text),
        expected: "a date such as 2026-12-25"
      })
    }
    known.add(formatDate(date))
  }
  return { name, has: (date) => known.has(date) }
}
