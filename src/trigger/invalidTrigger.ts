/** The error of a trigger that cannot be made: from arguments, from text or from its stored form. */
import { TaggedError } from "../input/taggedError.ts"
import type { DurationLike } from "../time/duration.ts"
import { InvalidDurationError, readDuration } from "../time/duration.ts"
import { InvalidInstantError } from "../time/instant.ts"

/** A trigger that cannot be made, from arguments, from text or from its stored form. */
export class InvalidTriggerError extends TaggedError("InvalidTriggerError")<{
  /** Its type, or the function that was called. */
  readonly trigger: string
  /** Which argument or part. */
  readonly field: string
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
  /** The whole expression where there is one, cut at 120 characters. */
  readonly text?: string
  /** Where in `text` the fault begins, counted from 1. */
  readonly column?: number
}> {
  override get message(): string {
    const text = this.text === undefined ? "" : ` ${JSON.stringify(this.text)}`
    const place = this.column === undefined ? "" : ` (column ${this.column})`
    return `${this.trigger}${text}: ${this.field} is ${JSON.stringify(this.found)}, expected ${this.expected}${place}`
  }
}

/** Reads a positive duration of a trigger. Throws `InvalidTriggerError`. */
export const readTriggerDuration = (trigger: string, field: string, input: DurationLike): number => {
  try {
    return readDuration(input, field)
  } catch (cause) {
    if (!(cause instanceof InvalidDurationError)) throw cause
    throw new InvalidTriggerError({ trigger, field, found: cause.found, expected: cause.expected })
  }
}

/** Runs `read`, giving an unreadable instant the name of the trigger and the field it was given for. */
export const namingInstant = <A>(trigger: string, field: string, read: () => A): A => {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof InvalidInstantError)) throw cause
    throw new InvalidTriggerError({ trigger, field, found: cause.found, expected: cause.expected })
  }
}
