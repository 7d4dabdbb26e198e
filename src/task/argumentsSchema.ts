/** Schemas of task arguments: Effect Schema and Standard Schema, read into one form. */
import type { StandardSchemaV1 } from "@standard-schema/spec"
import { Cause, Effect, ParseResult, Scheduler } from "effect"
import type { Exit, Schema } from "effect"

/** What a task's `args` option takes: an Effect Schema that needs no services, or any Standard Schema (version 1). */
export type ArgumentsSchema = Schema.Schema.AnyNoContext | StandardSchemaV1

/** What the task is given: the schema's output. */
export type ArgumentsOutput<S> =
  S extends Schema.Schema<infer A, infer _I> ? A : S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : never

/** What a job is added with, and what is stored: the schema's input. */
export type ArgumentsInput<S> =
  S extends Schema.Schema<infer _A, infer I> ? I : S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : never

/** The schema as a Standard Schema, or `null` for a value that is no schema. Reads it once. */
export const standardSchema = (schema: unknown): StandardSchemaV1 | null => {
  if (isStandardSchema(schema)) return schema
  return isEffectSchema(schema) ? standardOf(schema) : null
}

/** By its mark: `Schema` itself, and what it generates tests with, would be a third of a browser's bundle. */
const isEffectSchema = (value: unknown): value is Schema.Schema<unknown, unknown> => {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false
  const mark: unknown = (value as { readonly [schemaMark]?: unknown })[schemaMark]
  return (typeof mark === "object" && mark !== null) || typeof mark === "function"
}

const schemaMark = Symbol.for("effect/Schema")

/** Answers as `Schema.standardSchemaV1` does, but for the common case without a fiber: 6 µs, and arguments are parsed in every attempt. */
const standardOf = (schema: Schema.Schema<unknown, unknown>): StandardSchemaV1 => {
  const decode = ParseResult.decodeUnknownEither(schema)
  const decodeAll = ParseResult.decodeUnknown(schema, { errors: "all" })
  return {
    "~standard": {
      version: 1,
      vendor: "effect",
      validate: (value) => {
        const decoded = decode(value)
        return decoded._tag === "Right" ? { value: decoded.right } : answer(issuesOf(decodeAll(value)))
      }
    }
  }
}

const issuesOf = (
  decoding: Effect.Effect<unknown, ParseResult.ParseIssue>
): Effect.Effect<StandardSchemaV1.Result<unknown>> =>
  Effect.matchEffect(decoding, {
    onFailure: (issue) =>
      Effect.map(ParseResult.ArrayFormatter.formatIssue(issue), (issues) => ({
        issues: issues.map(({ path, message }) => ({ path, message }))
      })),
    onSuccess: (value) => Effect.succeed({ value })
  })

/** What is there at once, else a promise of it. */
const answer = (
  effect: Effect.Effect<StandardSchemaV1.Result<unknown>>
): StandardSchemaV1.Result<unknown> | Promise<StandardSchemaV1.Result<unknown>> => {
  const scheduler = new Scheduler.SyncScheduler()
  const fiber = Effect.runFork(effect, { scheduler })
  scheduler.flush()
  const exit = fiber.unsafePoll()
  return exit === null ? new Promise((resolve) => fiber.addObserver((late) => resolve(resultOf(late)))) : resultOf(exit)
}

const resultOf = (exit: Exit.Exit<StandardSchemaV1.Result<unknown>>): StandardSchemaV1.Result<unknown> =>
  exit._tag === "Success" ? exit.value : { issues: [{ message: Cause.pretty(exit.cause) }] }

// Some libraries' schemas are functions.
const isStandardSchema = (value: unknown): value is StandardSchemaV1 => {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false
  const props: unknown = (value as { readonly "~standard"?: unknown })["~standard"]
  return (
    typeof props === "object" &&
    props !== null &&
    (props as { readonly version?: unknown }).version === 1 &&
    typeof (props as { readonly validate?: unknown }).validate === "function"
  )
}
