/** What a caller may say about a job, and how it becomes rules: every duration read, every bound checked, nothing unknown let through. */
import { Data } from "effect"
import type { Refuse } from "../input/fields.ts"
import { numberWithin, oneOf, unknownField, wholeNumber } from "../input/fields.ts"
import { inWords } from "../input/inWords.ts"
import { isUnreadableData, unreadableText } from "../input/readable.ts"
import type { DurationLike } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"
import type { InstantInput } from "../time/instant.ts"
import type { Json, Trigger } from "../trigger/trigger.ts"
import type { Coalesce, JobRules, OnAborted, OnInterrupted, Overlap, RetryRules } from "./rules.ts"

/** How often a run is tried that fails or times out, and how long apart. */
export interface RetryOptions {
  /** Attempts in all, the first included; at least 1. */
  readonly attempts: number
  /** Wait before the second attempt. Default 1 second. */
  readonly backoff?: DurationLike
  /** Each further wait is this many times the one before; at least 1. Default 2. */
  readonly factor?: number
  /** No wait is longer; at least `backoff`. Default 1 hour, or `backoff` where that is longer. */
  readonly maxBackoff?: DurationLike
  /** 0 to 1: each wait is spread over ± this share of itself. Default 0. */
  readonly jitter?: number
  /** Error names (`_tag` or `name`) worth another attempt. Default: all. */
  readonly when?: ReadonlyArray<string>
}

/** The rules of a job's runs, as a caller gives them. `null` takes a scheduler's default back. */
export interface RuleOptions {
  /** How late a fire time may still start; exactly this late still does. Default `null`: however late. */
  readonly misfireGrace?: DurationLike | null
  /** Which of several due fire times runs. Default `"latest"`. */
  readonly coalesce?: Coalesce
  /** Runs of the job at a time; at least 1. Default 1. */
  readonly maxInstances?: number
  /** What becomes of a fire time at that limit. Default `"skip"`: a misfire with reason `maxInstances`. */
  readonly overlap?: Overlap
  /** Default `null`: one attempt. */
  readonly retry?: RetryOptions | null
  /** Of one attempt; more than 0. Default `null`: none. */
  readonly timeout?: DurationLike | null
  /** After the process died in mid-run. Default `"rerun"`: another attempt. */
  readonly onInterrupted?: OnInterrupted
  /**
   * After a timeout or a cancellation: `"leave"` (default) settles at once, whatever the task still does; `"await"` settles when the task
   * has ended, so that no other attempt or run of the job starts beside it.
   */
  readonly onAborted?: OnAborted
  /** Runs for fire times before the job is done; at least 1. Default `null`: no limit. */
  readonly maxRuns?: number | null
}

/** A job's definition, whatever its task is. */
export interface JobOptions extends RuleOptions {
  /** 1 to 255 characters of well-formed Unicode, unique in the scheduler. Default: another one each time, made from the task's name. */
  readonly id?: string
  /** For people. Default: the id. */
  readonly name?: string
  /** At most 1,000, of 1 to 1,000 characters each. */
  readonly tags?: ReadonlyArray<string>
  /** Plain JSON, for people and programs that list jobs. */
  readonly metadata?: { readonly [key: string]: Json }
  /** Default: the task's, else `"default"`. */
  readonly executor?: string
  /** Default `"default"`. */
  readonly store?: string
  /** No fire time before this instant; inclusive. */
  readonly start?: InstantInput
  /** No fire time after this instant; inclusive. */
  readonly end?: InstantInput
  /** Each fire time is moved later by up to this long, seeded from job and fire time. Default: none. */
  readonly jitter?: DurationLike
  /** True: added paused. Default false. */
  readonly paused?: boolean
  /** When the id is taken. `"replace"` keeps a pause and the last fire time. Default `"error"`. */
  readonly ifExists?: "error" | "replace" | "keep"
}

/** What `addJob` takes. */
export interface JobInput extends JobOptions {
  /** A registered task or its name. */
  readonly task:
    | string
    | {
        /** What the task is registered as. */
        readonly name: string
      }
  /** Plain JSON that the task's schema accepts. Default `null`. */
  readonly args?: unknown
  /** Default: once, at once. */
  readonly trigger?: Trigger
}

/** An option that cannot be accepted: which job, which field, what it is, what was allowed. Nothing was written. */
export class InvalidJobError extends Data.TaggedError("InvalidJobError")<{
  /** The job's id; empty, or what stands for it, where it has none. */
  readonly jobId: string
  /** The option, with its place, such as `retry.attempts`. */
  readonly field: string
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `job ${inWords(this.jobId)}: ${this.field} is ${this.found}, expected ${this.expected}`
  }
}

/** All of them: the compiler asks for each. */
const ruleFields = Object.keys({
  misfireGrace: true,
  coalesce: true,
  maxInstances: true,
  overlap: true,
  retry: true,
  timeout: true,
  onInterrupted: true,
  onAborted: true,
  maxRuns: true
} satisfies Record<keyof RuleOptions, true>)
const optionFields = [
  ...ruleFields,
  ...["id", "name", "tags", "metadata", "executor", "store", "start", "end", "jitter", "paused", "ifExists"]
]
const inputFields = [...optionFields, "task", "args", "trigger"]

/** Refuses anything that is not an object of known fields. */
export const checkFields = (jobId: string, given: unknown, kind: "rules" | "options" | "input"): void => {
  const known = kind === "rules" ? ruleFields : kind === "options" ? optionFields : inputFields
  if (typeof given !== "object" || given === null) {
    throw new InvalidJobError({ jobId, field: "the definition", found: inWords(given), expected: "an object" })
  }
  if (isUnreadableData(given, 3))
    throw new InvalidJobError({ jobId, field: "the definition", found: unreadableText, expected: "plain data" })
  checkKnown(jobId, "an option", given, known)
}

/** `given` over `defaults`. Throws `InvalidJobError` and `InvalidDurationError`. */
export const readRules = (jobId: string, given: RuleOptions, defaults: JobRules): JobRules => {
  const refuse = refusal(jobId)
  const choice = <A extends string>(field: string, value: A | undefined, allowed: ReadonlyArray<A>, otherwise: A): A =>
    value === undefined ? otherwise : oneOf(value, allowed, field, refuse)
  return {
    misfireGraceMs: orNull(given.misfireGrace, defaults.misfireGraceMs, (grace) =>
      duration(jobId, "misfireGrace", grace, 0)
    ),
    coalesce: choice("coalesce", given.coalesce, ["latest", "earliest", "all"], defaults.coalesce),
    maxInstances:
      given.maxInstances === undefined
        ? defaults.maxInstances
        : wholeNumber(given.maxInstances, [1], "maxInstances", refuse),
    overlap: choice("overlap", given.overlap, ["skip", "queue-one", "queue-all", "cancel-running"], defaults.overlap),
    retry: orNull(given.retry, defaults.retry, (retry) => readRetry(jobId, retry)),
    timeoutMs: orNull(given.timeout, defaults.timeoutMs, (timeout) => duration(jobId, "timeout", timeout, 1)),
    onInterrupted: choice("onInterrupted", given.onInterrupted, ["rerun", "skip"], defaults.onInterrupted),
    onAborted: choice("onAborted", given.onAborted, ["leave", "await"], defaults.onAborted),
    maxRuns: orNull(given.maxRuns, defaults.maxRuns, (runs) => wholeNumber(runs, [1], "maxRuns", refuse))
  }
}

/** The options that rules are read from: what `readRules` makes of them is `rules` again. */
export const ruleOptions = (rules: JobRules): Required<RuleOptions> => ({
  misfireGrace: rules.misfireGraceMs,
  coalesce: rules.coalesce,
  maxInstances: rules.maxInstances,
  overlap: rules.overlap,
  retry: rules.retry === null ? null : retryOptions(rules.retry),
  timeout: rules.timeoutMs,
  onInterrupted: rules.onInterrupted,
  onAborted: rules.onAborted,
  maxRuns: rules.maxRuns
})

const retryOptions = ({ attempts, backoffMs, factor, maxBackoffMs, jitter, when }: RetryRules): RetryOptions => ({
  ...{ attempts, backoff: backoffMs, factor, maxBackoff: maxBackoffMs, jitter },
  ...(when === null ? {} : { when })
})

const refusal =
  (jobId: string): Refuse =>
  (field, found, expected) =>
    new InvalidJobError({ jobId, field, found, expected })

const checkKnown = (jobId: string, field: string, given: object, known: ReadonlyArray<string>): void => {
  const unknown = unknownField(given, known)
  if (unknown !== undefined) throw refusal(jobId)(field, inWords(unknown), `one of ${known.join(", ")}`)
}

/** Throws `InvalidJobError` for an id that is empty, longer than 255 characters or has a lone surrogate. */
export const checkId = (id: unknown): string => {
  const expected = "1 to 255 characters of well-formed Unicode"
  if (typeof id !== "string" || id === "" || /\p{Surrogate}/u.test(id)) {
    throw new InvalidJobError({ jobId: typeof id === "string" ? id : "", field: "id", found: inWords(id), expected })
  }
  if (id.length > 255) throw new InvalidJobError({ jobId: id, field: "id", found: `${id.length} characters`, expected })
  return id
}

/** Throws `InvalidJobError` for an id that is no text; what a store makes of such a value is nobody's business. */
export const checkIdText = (id: unknown): void => {
  if (typeof id !== "string")
    throw new InvalidJobError({ jobId: "", field: "id", found: inWords(id), expected: "text" })
}

/** Text that names something; `field` says what. */
export const checkText = (jobId: string, field: string, value: unknown): string => {
  if (typeof value === "string" && value !== "" && value.length <= 1000 && !/\p{Surrogate}/u.test(value)) return value
  throw new InvalidJobError({
    jobId,
    field,
    found: inWords(value),
    expected: "1 to 1,000 characters of well-formed Unicode"
  })
}

/** Tags of a job, and names in a list of its; looking at a job takes as long as there are. */
const maxTexts = 1000

/** Tags: distinct texts. */
export const checkTags = (jobId: string, tags: unknown): ReadonlyArray<string> => checkTexts(jobId, "tags", tags)

const checkTexts = (jobId: string, field: string, texts: unknown): ReadonlyArray<string> => {
  if (!Array.isArray(texts))
    throw new InvalidJobError({ jobId, field, found: inWords(texts), expected: "a list of texts" })
  if (texts.length > maxTexts)
    throw new InvalidJobError({
      jobId,
      field,
      found: `a list of ${texts.length}`,
      expected: `at most ${maxTexts.toLocaleString("en")} texts; what only describes the job belongs into metadata`
    })
  return [...new Set(texts.map((text: unknown) => checkText(jobId, `an entry of ${field}`, text)))]
}

const readRetry = (jobId: string, retry: RetryOptions): RetryRules => {
  const known = ["attempts", "backoff", "factor", "maxBackoff", "jitter", "when"]
  if (typeof retry !== "object")
    throw new InvalidJobError({ jobId, field: "retry", found: inWords(retry), expected: "an object" })
  checkKnown(jobId, "an option of retry", retry, known)
  const refuse = refusal(jobId)
  const backoffMs = duration(jobId, "retry.backoff", retry.backoff ?? 1000, 0)
  const maxBackoffMs = duration(jobId, "retry.maxBackoff", retry.maxBackoff ?? Math.max(3_600_000, backoffMs), 0)
  if (maxBackoffMs < backoffMs) {
    throw new InvalidJobError({
      jobId,
      field: "retry.maxBackoff",
      found: `${maxBackoffMs} ms`,
      expected: `at least the backoff, ${backoffMs} ms`
    })
  }
  return {
    attempts: wholeNumber(retry.attempts, [1], "retry.attempts", refuse),
    backoffMs,
    factor: numberWithin(retry.factor ?? 2, [1, 1000], "retry.factor", refuse),
    maxBackoffMs,
    jitter: numberWithin(retry.jitter ?? 0, [0, 1], "retry.jitter", refuse),
    when: retry.when === undefined ? null : checkTexts(jobId, "retry.when", retry.when)
  }
}

const orNull = <A, B>(given: A | null | undefined, fallback: B | null, read: (given: A) => B | null): B | null =>
  given === undefined ? fallback : given === null ? null : read(given)

const duration = (jobId: string, field: string, given: DurationLike, leastMs: number): number => {
  const ms = readDuration(given, `job ${inWords(jobId)}: ${field}`)
  if (ms >= leastMs) return ms
  throw new InvalidJobError({ jobId, field, found: `${ms} ms`, expected: `at least ${leastMs} ms` })
}
