/** Durations: the forms a caller may give, read into milliseconds of elapsed time. */
import { TaggedError } from "../input/taggedError.ts"
import type { Duration } from "effect"
import { effectDurationMillis } from "../input/effectDuration.ts"
import { unquoted } from "../input/inWords.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import { durationLengths, elapsedMillis } from "./durationLengths.ts"
import { isLuxonDuration } from "./luxonValues.ts"
import type { LuxonDuration } from "./luxonValues.ts"

/** One number and a unit, without a space. */
export type DurationText = `${number}${"ms" | "s" | "m" | "min" | "h" | "d" | "w"}`

/** ISO 8601: `PT2H30M`, `P1D`. */
export type IsoDurationText = `P${string}`

/**
 * What a caller may give for a duration: Effect's forms (`"5 minutes"`, milliseconds, a `Duration`), short text (`"5m"`), ISO 8601 text
 * (`"PT2H"`) and luxon's `Duration`. A day is 24 hours; years and months, which have no one length, are refused.
 */
export type DurationLike = Duration.DurationInput | DurationText | IsoDurationText | LuxonDuration

/** A duration that cannot be read, or is negative or endless. `field` says which option it was given for. */
export class InvalidDurationError extends TaggedError("InvalidDurationError")<{
  /** Which option it was given for. */
  readonly field: string
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `${this.field} is "${this.found}", expected ${this.expected}`
  }
}

/**
 * Reads a duration into whole milliseconds, zero allowed. Part of a millisecond is rounded. Throws `InvalidDurationError`.
 */
export const readDuration = (input: DurationLike, field: string): number => Math.round(readExactDuration(input, field))

/** Reads a duration into milliseconds, parts of one kept. Throws `InvalidDurationError`. */
export const readExactDuration = (input: DurationLike, field: string): number => {
  const unreadable = isUnreadable(input, 1)
  const refuse = (expected: string) =>
    new InvalidDurationError({ field, found: unreadable ? unreadableText : unquoted(input), expected })
  const lengths = unreadable ? undefined : durationLengths(input)
  const ms = lengths !== undefined ? elapsedMillis(lengths) : unreadable ? undefined : decode(input)
  if (lengths !== undefined && ms === undefined)
    throw refuse("a duration without years and months, which have no one length")
  if (ms === undefined || Number.isNaN(ms)) {
    throw refuse('a duration such as "5 minutes", "30s" or a number of milliseconds')
  }
  if (ms < 0 || Object.is(ms, -0)) throw refuse("a duration that is not negative")
  if (ms > Number.MAX_SAFE_INTEGER) throw refuse("a duration that ends")
  return ms
}

/** Whether it is one of Effect's or luxon's, not a text, a number or lengths by unit. Throws what reading it throws. */
export const isDurationValue = (given: unknown): boolean =>
  effectDurationMillis(given) !== undefined || isLuxonDuration(given)

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  nano: 1e-6,
  micro: 1e-3,
  milli: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000
}

/** Our short units, or Effect's words. */
const textForm = /^(-?\d+(?:\.\d+)?)(?: ?(ms|s|m|min|h|d|w)|\s+(nano|micro|milli|second|minute|hour|day|week)s?)$/

const decode = (input: unknown): number | undefined => {
  if (typeof input === "number") return input
  if (typeof input === "bigint") return Number(input) / 1e6
  if (typeof input === "string") {
    const match = textForm.exec(input.trim())
    return match === null ? undefined : Number(match[1]) * (unitsMs[match[2] ?? match[3] ?? ""] ?? NaN)
  }
  if (!Array.isArray(input)) return effectDurationMillis(input)
  const [seconds, nanos] = input as ReadonlyArray<unknown>
  const fits = input.length === 2 && typeof seconds === "number" && typeof nanos === "number"
  return fits && seconds >= 0 && nanos >= 0 ? seconds * 1000 + nanos / 1e6 : undefined
}
