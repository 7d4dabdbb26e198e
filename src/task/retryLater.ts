/** A task's own word on when to try again, thrown or failed with. Decides nothing: the job's `retry` says how often. */
import { Data } from "effect"
import { unknownField } from "../input/fields.ts"
import { inWords } from "../input/inWords.ts"
import type { DurationLike } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import { InvalidInstantError, readInstant } from "../time/instant.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"

/** When, by one of the two, and whether it counts. */
export interface RetryLaterOptions {
  /** From the end of this attempt. */
  readonly after?: DurationLike
  /** An instant; text without an offset is UTC. One that has passed is at once. */
  readonly at?: InstantInput
  /** Whether this attempt is one of `retry.attempts`. Default true; with false the run is only put off, however often. */
  readonly counts?: boolean
  /** For people: why. */
  readonly reason?: string
}

/**
 * Thrown by a task, rejected or failed with: the next attempt is due then, instead of after the job's `backoff`. Neither `retry.when`
 * nor `retryWhen` is asked. Throws `InvalidDurationError`, and `InvalidInstantError` for an option that is none or of the wrong type.
 */
export class RetryLater extends Data.TaggedError("RetryLater")<{
  /** Milliseconds from the end of the attempt; `null` where `at` says when. */
  readonly afterMs: number | null
  /** The instant, epoch milliseconds; `null` where `afterMs` says when. */
  readonly at: EpochMillis | null
  /** Whether the attempt is one of `retry.attempts`. */
  readonly counts: boolean
  /** For people; `null`: none was given. */
  readonly reason: string | null
}> {
  constructor(options: RetryLaterOptions) {
    if (isUnreadable(options, 1))
      throw new InvalidInstantError({ found: unreadableText, expected: "RetryLater's options" })
    if (typeof (options as unknown) !== "object" || (options as unknown) === null)
      throw new InvalidInstantError({
        found: inWords(options),
        expected: "RetryLater's options, `{ after }` or `{ at }`"
      })
    const unknown = unknownField(options, knownOptions)
    if (unknown !== undefined)
      throw new InvalidInstantError({
        found: inWords(unknown).slice(1, -1),
        expected: `only ${knownOptions.join(", ")} among RetryLater's options`
      })
    const { after, at, counts = true, reason } = options
    if (typeof (counts as unknown) !== "boolean")
      throw new InvalidInstantError({ found: inWords(counts), expected: "RetryLater's counts, true or false" })
    if (reason !== undefined && typeof (reason as unknown) !== "string")
      throw new InvalidInstantError({ found: inWords(reason), expected: "RetryLater's reason, a text" })
    if ((after === undefined) === (at === undefined))
      throw new InvalidInstantError({ found: inWords(at), expected: "either `after` or `at` of RetryLater" })
    super({
      afterMs: after === undefined ? null : readDuration(after, "RetryLater's after"),
      at: at === undefined ? null : readInstant(at, "UTC"),
      counts,
      reason: reason ?? null
    })
  }

  override get message(): string {
    const when = this.at === null ? `after ${this.afterMs} ms` : `at ${new Date(this.at).toISOString()}`
    return `try again ${when}${this.reason === null ? "" : `: ${this.reason}`}`
  }
}

const knownOptions = ["after", "at", "counts", "reason"]

/** When the next attempt is due, and whether the one that asks for it counts as one. */
export interface PutOff {
  /** Epoch milliseconds; one that has passed is at once. */
  readonly at: EpochMillis
  /** Whether the attempt is one of `retry.attempts`. */
  readonly counts: boolean
}

/** What an error asks for; `null` for any other. By shape: two copies of the package may be loaded. Never throws. */
export const putOffOf = (error: unknown, now: EpochMillis): PutOff | null => {
  if (typeof error !== "object" || error === null) return null
  try {
    const { _tag, afterMs, at, counts } = error as { readonly [field: string]: unknown }
    if (_tag !== "RetryLater" || typeof counts !== "boolean") return null
    const due = typeof at === "number" ? at : typeof afterMs === "number" ? now + afterMs : NaN
    return Number.isSafeInteger(Math.round(due)) ? { at: Math.round(due), counts } : null
  } catch {
    return null
  }
}
