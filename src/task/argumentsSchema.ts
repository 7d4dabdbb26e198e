/** Schemas of task arguments: Effect Schema and Standard Schema, read into one form. */
import type { StandardSchemaV1 } from "@standard-schema/spec"
import { Schema } from "effect"

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
  // Widened by `isSchema` to one that may need services; the type of the option has refused those.
  return Schema.isSchema(schema) ? standardOf(schema as Schema.Schema<unknown, unknown>) : null
}

/** Effect's own form, but for the common case: it forks a fiber for each answer, 6 µs, and arguments are parsed in every attempt. */
const standardOf = (schema: Schema.Schema<unknown, unknown>): StandardSchemaV1 => {
  const own = Schema.standardSchemaV1(schema)["~standard"]
  const decode = Schema.decodeUnknownEither(schema)
  return {
    "~standard": {
      ...own,
      validate: (value) => {
        const decoded = decode(value)
        // What is refused, or takes time, is told in the standard's way.
        return decoded._tag === "Right" ? { value: decoded.right } : own.validate(value)
      }
    }
  }
}

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
