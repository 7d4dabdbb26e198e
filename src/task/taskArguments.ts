/** The arguments of a job: checked when it is added, stored as given, parsed again before each attempt. */
import type { StandardSchemaV1 } from "@standard-schema/spec"
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import type { Json } from "../trigger/trigger.ts"
import type { JsonLimits } from "./jsonText.ts"
import { jsonLimits, NotJsonError, pathText, toJson } from "./jsonText.ts"
import type { AnyTask } from "./task.ts"

export { jsonText } from "./jsonText.ts"

/** Arguments that are not JSON or that the task's schema refuses. Nothing was written. */
export class InvalidArgumentsError extends Data.TaggedError("InvalidArgumentsError")<{
  /** `null` while the job has no id. */
  readonly job: string | null
  /** Whose schema refuses them. */
  readonly task: string
  /** Keys and indexes from the root of the arguments. */
  readonly path: ReadonlyArray<string | number>
  /** What is there at `path`, in a few words. */
  readonly found: string
  /** What the schema says, or what JSON is. */
  readonly expected: string
}> {
  override get message(): string {
    const job = this.job === null ? "a job" : `job ${inWords(this.job)}`
    const place = this.path.length === 0 ? "args" : `args ${pathText(this.path)}`
    return `${job} of task ${inWords(this.task)}: ${place} is ${this.found}, expected: ${this.expected}; give args that the task accepts`
  }
}

/** The task's schema answers with a promise; arguments are checked before a job is added, and again in the moment of its run. */
export class AsyncSchemaError extends Data.TaggedError("AsyncSchemaError")<{
  /** Whose schema it is. */
  readonly task: string
}> {
  override get message(): string {
    return `task ${inWords(this.task)}: its schema checks asynchronously; give it a synchronous one and do the rest in the task`
  }
}

/**
 * The arguments as they are stored: a private copy, as given (the schema's input, not its output). `undefined` is `null`.
 * Throws `InvalidArgumentsError` and `AsyncSchemaError`.
 */
export const checkArguments = (
  task: AnyTask<unknown>,
  args: unknown,
  jobId: string | null = null,
  limits: JsonLimits = jsonLimits
): Json => {
  const json = jsonArguments(task, args, jobId, limits)
  // The schema gets a copy of its own where it might change it.
  if (task.options.args !== undefined) parse(task, task.options.args, copyOf(json), jobId)
  return json
}

/**
 * What the task is called with: stored arguments, parsed by the task's schema if it has one. Always a fresh copy. Throws
 * `InvalidArgumentsError` (the schema has changed since the job was added) and `AsyncSchemaError`.
 */
export const parseArguments = (task: AnyTask<unknown>, stored: Json, jobId: string): unknown => {
  const copy = copyOf(stored)
  return task.options.args === undefined ? copy : parse(task, task.options.args, copy, jobId)
}

const jsonArguments = (task: AnyTask<unknown>, args: unknown, job: string | null, limits: JsonLimits): Json => {
  try {
    return toJson(args, limits)
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error
    const { path, found, expected } = error
    throw new InvalidArgumentsError({ job, task: task.name, path, found, expected })
  }
}

const parse = (task: AnyTask<unknown>, schema: StandardSchemaV1, args: Json, job: string | null): unknown => {
  const answer = validate(task, schema, args, job)
  const issue = answer.issues?.[0]
  if (answer.issues === undefined) return answer.value
  const path = (issue?.path ?? []).map(keyOf)
  const expected = issue === undefined ? "what its schema allows" : moreText(issue.message, answer.issues.length)
  throw new InvalidArgumentsError({ job, task: task.name, path, found: inWords(valueAt(args, path)), expected })
}

const validate = (
  task: AnyTask<unknown>,
  schema: StandardSchemaV1,
  args: Json,
  job: string | null
): StandardSchemaV1.Result<unknown> => {
  let failure = "it gave nothing"
  try {
    const answer: unknown = schema["~standard"].validate(args)
    if (isPromise(answer)) {
      // Nobody waits for it: its failure must not end the process.
      Promise.resolve(answer).catch(() => undefined)
      throw new AsyncSchemaError({ task: task.name })
    }
    if (typeof answer === "object" && answer !== null) return answer as StandardSchemaV1.Result<unknown>
  } catch (error) {
    if (error instanceof AsyncSchemaError) throw error
    failure = `it threw ${inWords(error instanceof Error ? error.message : error)}`
  }
  const expected = `a schema that answers, ${failure}`
  throw new InvalidArgumentsError({ job, task: task.name, path: [], found: inWords(args), expected })
}

const isPromise = (answer: unknown): boolean =>
  typeof answer === "object" && answer !== null && typeof (answer as { readonly then?: unknown }).then === "function"

const keyOf = (part: PropertyKey | StandardSchemaV1.PathSegment): string | number => {
  const key = typeof part === "object" ? part.key : part
  return typeof key === "symbol" ? key.toString() : key
}

const valueAt = (args: Json, path: ReadonlyArray<string | number>): unknown => {
  let value: unknown = args
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as { readonly [key: string]: unknown })[key]
  }
  return value
}

const moreText = (message: string, count: number): string =>
  count > 1 ? `${message} (and ${count - 1} more)` : message

/** Stored arguments were looked at when they were added, and were measured then. */
const copyOf = (json: Json): Json => {
  if (typeof json !== "object" || json === null) return json
  if (Array.isArray(json)) return (json as ReadonlyArray<Json>).map(copyOf)
  const copy: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(json)) {
    // Assigning to `__proto__` would set the prototype.
    if (key === "__proto__")
      Object.defineProperty(copy, key, { value: copyOf(value), enumerable: true, configurable: true, writable: true })
    else copy[key] = copyOf(value)
  }
  return copy
}
