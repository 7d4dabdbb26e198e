/** Durations: the forms a caller may give, read into milliseconds of elapsed time. */
import { Data, Duration, Option } from "effect"
import { unquoted } from "../input/inWords.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"

/** One number and a unit, without a space. */
export type DurationText = `${number}${"ms" | "s" | "m" | "min" | "h" | "d" | "w"}`

/** What a caller may give for a duration: Effect's forms (`"5 minutes"`, milliseconds, a `Duration`) and short text (`"5m"`). */
export type DurationLike = Duration.DurationInput | DurationText

/** A duration that cannot be read, or is negative or endless. `field` says which option it was given for. */
export class InvalidDurationError extends Data.TaggedError("InvalidDurationError")<{
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
  const ms = unreadable ? undefined : decode(input)
  if (ms === undefined || Number.isNaN(ms)) {
    throw refuse('a duration such as "5 minutes", "30s" or a number of milliseconds')
  }
  if (ms < 0 || Object.is(ms, -0)) throw refuse("a duration that is not negative")
  if (ms > Number.MAX_SAFE_INTEGER) throw refuse("a duration that ends")
  return ms
}

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000
}

const decode = (input: unknown): number | undefined => {
  if (typeof input === "number") return input
  if (typeof input === "string") {
    const text = input.trim()
    const short = /^(-?\d+(?:\.\d+)?) ?(ms|s|m|min|h|d|w)$/.exec(text)
    if (short !== null) return Number(short[1]) * (unitsMs[short[2] ?? ""] ?? NaN)
    const negative = /^-\d/.test(text)
    const decoded = decodeInput(negative ? text.slice(1) : text)
    return decoded !== undefined && negative ? -decoded : decoded
  }
  if (Array.isArray(input) && !(input.length === 2 && input.every((part) => typeof part === "number"))) return undefined
  return decodeInput(input)
}

/** Effect reads a negative or NaN amount as zero; those are refused before it is asked. */
const decodeInput = (input: unknown): number | undefined => {
  if (typeof input === "bigint") return Number(input) / 1e6
  if (Array.isArray(input) && input.some((part) => typeof part !== "number" || !(part >= 0))) return undefined
  const decoded = Option.getOrUndefined(Duration.decodeUnknown(input))
  return decoded === undefined ? undefined : Duration.toMillis(decoded)
}
