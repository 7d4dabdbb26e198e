/** What a definition of jobs is made of, with its defaults, and how its arguments are encoded. */
import { Effect, ParseResult, Schema } from "effect"
import { inWords } from "../input/inWords.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import type { RuleOptions } from "../job/jobOptions.ts"
import { InvalidArgumentsError } from "../task/taskArguments.ts"
import type { AnyTask } from "../task/task.ts"
import { InvalidTaskError, task } from "../task/task.ts"

/** The parts that layers and executions of a definition work with. */
export interface JobParts<Args, Success, Error> {
  /** What jobs are checked against: the definition without code. */
  readonly definition: AnyTask
  /** `null`: there are no arguments. */
  readonly args: Schema.Schema<Args, unknown> | null
  readonly success: Schema.Schema<Success, unknown>
  readonly error: Schema.Schema<Error, unknown>
  readonly rules: RuleOptions
}

/** What of it was given, read by nobody yet. */
interface Given {
  readonly name: string
  readonly args?: unknown
  readonly success?: unknown
  readonly error?: unknown
  readonly rules?: RuleOptions
}

const fields = ["name", "args", "success", "error", "rules"]

/** Throws `InvalidTaskError`. */
export const jobParts = (given: Given): JobParts<unknown, unknown, unknown> => {
  const unreadable = isUnreadable(given, 1)
  const refuse = (field: string, found: unknown, expected: string): never => {
    const name = unreadable ? "?" : (given as Partial<Given> | null)?.name
    throw new InvalidTaskError({
      task: typeof name === "string" ? name : inWords(name),
      field,
      found: unreadable ? unreadableText : inWords(found),
      expected
    })
  }
  if (unreadable) return refuse("the definition", given, "an object")
  if (typeof (given as unknown) !== "object" || (given as unknown) === null)
    return refuse("the definition", given, "an object")
  const unknown = Object.keys(given).find((field) => !fields.includes(field))
  if (unknown !== undefined) return refuse("the definition", unknown, `only ${fields.join(", ")}`)
  const schema = (field: string, value: unknown): Schema.Schema<unknown, unknown> =>
    // The type of the definition has refused those that need services.
    Schema.isSchema(value) ? (value as Schema.Schema<unknown, unknown>) : refuse(field, value, "a Schema of effect 3")
  const args = given.args === undefined || given.args === Schema.Void ? null : schema("args", given.args)
  const definition = args === null ? task(given.name, withoutCode) : task(given.name, withoutCode, { args })
  return {
    definition,
    args,
    success: schema("success", given.success ?? Schema.Void),
    error: schema("error", given.error ?? Schema.Never),
    rules: given.rules ?? {}
  }
}

const withoutCode = (): Effect.Effect<never> => Effect.dieMessage("the code of this job is not here")

/** Arguments as they are stored. `jobId`: for whom, `null` where it has no id yet. */
export const encodeArguments = <Args, Success, Error>(
  { args, definition }: JobParts<Args, Success, Error>,
  given: unknown,
  jobId: string | null
): Effect.Effect<unknown, InvalidArgumentsError> => {
  if (args === null) return Effect.succeed(given)
  return Effect.mapError(Schema.encodeUnknown(args)(given), (error) => {
    const [first] = ParseResult.ArrayFormatter.formatErrorSync(error)
    const path = (first?.path ?? []).map((key) => (typeof key === "symbol" ? key.toString() : key))
    return new InvalidArgumentsError({
      job: jobId,
      task: definition.name,
      path,
      found: inWords(valueAt(given, path)),
      expected: first?.message ?? "what its schema allows"
    })
  })
}

const valueAt = (value: unknown, path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    (within, key) =>
      typeof within === "object" && within !== null
        ? (within as { readonly [key: PropertyKey]: unknown })[key]
        : undefined,
    value
  )
