/**
 * Values of luxon 3, as they are given for instants, durations, stretches and time zones. They are told by the marks that luxon itself
 * goes by, so that nothing of it is loaded and any copy of it will do.
 */

/** An instant of luxon's, a `DateTime`. */
export interface LuxonDateTime {
  /** False: it is no instant, and refused. */
  readonly isValid: boolean
  /** Epoch milliseconds. */
  toMillis(): number
  /** The same as a Date. */
  toJSDate(): Date
}

/** Lengths by unit, as luxon's `Duration` holds them. */
export interface LuxonDuration {
  /** False: it is no duration, and refused. */
  readonly isValid: boolean
  /** Its lengths by unit. */
  toObject(): LuxonLengths
  /** Tells it from other values; not called. */
  negate(): unknown
}

/** A stretch of luxon's, from its start to before its end. */
export interface LuxonInterval {
  /** False: it is no stretch, and refused. */
  readonly isValid: boolean
  /** Inclusive; `null` when it is not valid. */
  readonly start: LuxonDateTime | null
  /** Exclusive; `null` when it is not valid. */
  readonly end: LuxonDateTime | null
  /** Tells it from other values; not called. */
  toDuration(): unknown
}

/** A time zone of luxon's: `IANAZone`, `FixedOffsetZone`, `SystemZone`. */
export interface LuxonZone {
  /** `"system"` is the machine's zone. */
  readonly type: string
  /** By which it is known here, and stored. */
  readonly name: string
  /** False: an `UnknownTimezoneError` names it. */
  readonly isValid: boolean
  /** Tells it from other values; not called. */
  offset(at: number): number
  /** Tells it from other values; not called. */
  equals(other: never): boolean
}

/** Lengths by unit, any of them below zero or a fraction. */
export interface LuxonLengths {
  /** Of the calendar. */
  readonly years?: number | undefined
  /** Of three months. */
  readonly quarters?: number | undefined
  /** Of the calendar. */
  readonly months?: number | undefined
  /** Of 7 days. */
  readonly weeks?: number | undefined
  /** Of 24 hours where elapsed time is wanted, else of the calendar. */
  readonly days?: number | undefined
  /** Of 60 minutes. */
  readonly hours?: number | undefined
  /** Of 60 seconds. */
  readonly minutes?: number | undefined
  /** Of 1,000 milliseconds. */
  readonly seconds?: number | undefined
  /** The whole is rounded to these. */
  readonly milliseconds?: number | undefined
}

/** Whether `value` is a `DateTime`. Throws what reading it throws. */
export const isLuxonDateTime = (value: unknown): value is LuxonDateTime => hasMark(value, "isLuxonDateTime")

/** Whether `value` is a `Duration`. Throws what reading it throws. */
export const isLuxonDuration = (value: unknown): value is LuxonDuration => hasMark(value, "isLuxonDuration")

/** Whether `value` is an `Interval`. Throws what reading it throws. */
export const isLuxonInterval = (value: unknown): value is LuxonInterval => hasMark(value, "isLuxonInterval")

/** Whether `value` is a `Zone`, which has no mark: told by its methods. Throws what reading it throws. */
export const isLuxonZone = (value: unknown): value is LuxonZone => {
  if (typeof value !== "object" || value === null) return false
  const { type, name, offset, equals } = value as Partial<LuxonZone>
  return (
    typeof type === "string" && typeof name === "string" && typeof offset === "function" && typeof equals === "function"
  )
}

const hasMark = (value: unknown, mark: string): boolean =>
  typeof value === "object" && value !== null && (value as Readonly<Record<string, unknown>>)[mark] === true
