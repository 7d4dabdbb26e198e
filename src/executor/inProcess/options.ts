/** What a caller says about an executor in this process, read and checked. */
import { Data } from "effect"
import { unknownField, wholeNumber } from "../../input/fields.ts"
import { inWords } from "../../input/inWords.ts"
import { isUnreadable } from "../../input/readable.ts"
import type { DurationLike } from "../../time/duration.ts"
import { InvalidDurationError, readDuration } from "../../time/duration.ts"

/** How much an executor takes at once. */
export interface InProcessOptions {
  /**
   * Tasks at a time, 1 to 1,000,000. Default 100: tasks in this process mostly wait for something else (a database, another
   * host), and more at once mostly wait longer for it. A plain function that never waits holds no slot at all.
   */
  readonly concurrency?: number
  /**
   * Orders that wait for a slot, 0 to 1,000,000. Default 900, a thousand in flight with the slots: claims are committed in
   * groups, so the slots need a few groups' worth at hand, but what waits here is claimed, and a crash makes it an
   * interrupted run.
   */
  readonly queue?: number
  /** How long an aborted task may still hold its slot; 0 or more, `"Infinity"` for as long as it likes. Default 5 seconds. */
  readonly stuckAfter?: DurationLike
}

/** An option of an executor that is out of its bounds. */
export class InvalidExecutorError extends Data.TaggedError("InvalidExecutorError")<{
  /** Which part of it is wrong. */
  readonly field: string
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `executor: ${this.field} is ${this.found}, expected ${this.expected}`
  }
}

/** Options with every default settled. */
export interface InProcessLimits {
  readonly concurrency: number
  readonly queue: number
  /** `Infinity`: an aborted task holds its slot until it ends. */
  readonly stuckAfterMs: number
}

/** Throws `InvalidExecutorError`. */
export const readInProcessOptions = (options: unknown): InProcessLimits => {
  if (isUnreadable(options) || typeof options !== "object" || options === null)
    throw refuse("options", inWords(options), "an object")
  const unknown = unknownField(options, knownOptions)
  if (unknown !== undefined) throw refuse("options", inWords(unknown), `only ${knownOptions.join(", ")}`)
  const { concurrency = 100, queue = 900, stuckAfter = "5 seconds" } = options as { readonly [option: string]: unknown }
  return {
    concurrency: wholeNumber(concurrency, [1, maxOrders], "concurrency", refuse),
    queue: wholeNumber(queue, [0, maxOrders], "queue", refuse),
    stuckAfterMs: durationMs("stuckAfter", stuckAfter)
  }
}

const knownOptions = ["concurrency", "queue", "stuckAfter"]

/** Largest `concurrency` and `queue`. */
const maxOrders = 1_000_000

const durationMs = (field: string, value: unknown): number => {
  if (value === Infinity || value === "Infinity") return Infinity
  try {
    return readDuration(value as DurationLike, field)
  } catch (error) {
    if (!(error instanceof InvalidDurationError)) throw error
    throw new InvalidExecutorError({ field, found: error.found, expected: error.expected })
  }
}

const refuse = (field: string, found: string, expected: string): InvalidExecutorError =>
  new InvalidExecutorError({ field, found, expected })
