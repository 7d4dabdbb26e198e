/** CODE: a task is named code. Made at module level, registered with a scheduler by `tasks: [...]`; stored jobs refer to it by name. */
import type { StandardSchemaV1 } from "@standard-schema/spec"
import type { Effect, Scope } from "effect"
import { Data } from "effect"
import { unknownField } from "../input/fields.ts"
import { inWords } from "../input/inWords.ts"
import { generatorKind, lazyKind } from "../event/callback.ts"
import type { JobOptions } from "../job/jobOptions.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import type { Json, Trigger } from "../trigger/trigger.ts"
import type { CheckpointOptions } from "./checkpointOptions.ts"
import { readCheckpointOptions } from "./checkpointOptions.ts"
import type { ArgumentsInput, ArgumentsOutput, ArgumentsSchema } from "./argumentsSchema.ts"
import { standardSchema } from "./argumentsSchema.ts"
import type { TaskContext } from "./taskContext.ts"
import { isHandler } from "./taskValue.ts"

export type { TaskContext } from "./taskContext.ts"

/**
 * A task's code. A function may give a value, a promise, an Effect, an Observable (its last value is the result) or XState
 * actor logic (its input is the context, its output the result); the last three may also be given directly.
 */
export type TaskHandler<Args> = ((context: TaskContext<Args>) => unknown) | object

/** What a task may be told besides its arguments' schema. */
export interface TaskBehaviour extends CheckpointOptions {
  /** Whether an error is worth another attempt, beside the job's own `retry`; default: always. A throw counts as no. */
  readonly retryWhen?: (error: unknown) => boolean
  /** The executor for jobs of this task that name none. */
  readonly executor?: string
}

/** The options of a task whose arguments have a schema. */
export interface SchemaOptions<S extends ArgumentsSchema> extends TaskBehaviour {
  /** Effect Schema or any Standard Schema. Arguments are checked when a job is added and again before each attempt. */
  readonly args: S
}

/** The options of a task whose arguments are any JSON. */
export interface FreeOptions extends TaskBehaviour {
  readonly args?: undefined
}

/** A task's options as they are kept: the schema in its standard form. */
export interface TaskOptions extends TaskBehaviour {
  /** Checks the arguments of a job when it is added, and again before each attempt. Absent: any JSON. */
  readonly args?: StandardSchemaV1
}

/** A job declared beside its task; added at `start` with `ifExists: "replace"` unless `options` says otherwise. */
export interface DeclaredJob {
  /** When it fires. */
  readonly trigger: Trigger
  /** Default: none of its own; its id is made from the task's name. */
  readonly options: DeclaredOptions
}

/** A job's options and arguments. */
export interface DeclaredOptions extends JobOptions {
  /** As `args` of `JobInput`. */
  readonly args?: unknown
}

/** Arguments that may be left out when `null` is among them; leaving them out means `null`. */
export type ArgumentsOption<Input> = null extends Input
  ? {
      /** As `args` of `JobInput`, by the task's schema. */
      readonly args?: Input
    }
  : {
      /** As `args` of `JobInput`, by the task's schema. */
      readonly args: Input
    }

declare const phantom: unique symbol

/**
 * Named code. Immutable: `scheduled` gives another task. `Args`: what the handler is given; `R`: what its Effect requires,
 * `never` for everything else; `Input`: what a job of it is added with.
 */
export interface Task<Name extends string = string, Args = unknown, R = never, Input = Args> {
  /** What jobs know it by, also stored ones: 1 to 255 characters, unique in a scheduler. */
  readonly name: Name
  /** Its code; nobody calls it but executors. */
  readonly handler: TaskHandler<Args>
  /** What it was made with. */
  readonly options: TaskOptions
  /** The jobs declared beside it, in the order of `scheduled`. */
  readonly declared: ReadonlyArray<DeclaredJob>
  /** The same task with a job declared beside it; `options` are those of a job, without `task` and `trigger`. */
  scheduled(
    trigger: Trigger,
    ...options: null extends Input
      ? [options?: JobOptions & ArgumentsOption<Input>]
      : [options: JobOptions & ArgumentsOption<Input>]
  ): Task<Name, Args, R, Input>
  /** Never there: carries the types that no field shows. */
  readonly [phantom]?: { readonly requirements: R; readonly input: Input }
}

/** A task of any name and any arguments. */
export type AnyTask<R = never> = Task<string, never, R, unknown>

/** What a task's Effect requires; `never` for tasks that are no Effects. */
export type TaskRequirements<T> = T extends Task<string, never, infer R, unknown> ? R : never

/** What a job of the task is added with. */
export type TaskInput<T> = T extends { readonly [phantom]?: { readonly input: infer Input } } ? Input : never

/** What the Effect requires that a handler gives, is, or promises. No `Scope`: each attempt has its own. */
export type RequirementsOf<Value> =
  Awaited<Value> extends infer Given
    ? Given extends Effect.Effect<unknown, unknown, infer R>
      ? Exclude<R, Scope.Scope>
      : never
    : never

/** A task that cannot be registered: which option is wrong, what it is and what is allowed. */
export class InvalidTaskError extends Data.TaggedError("InvalidTaskError")<{
  /** Its name, `?` where it has none. */
  readonly task: string
  /** Which part of it is wrong. */
  readonly field: string
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `task ${inWords(this.task)}: ${this.field} is ${this.found}, expected ${this.expected}`
  }
}

/** Longest name, in UTF-16 code units. */
export const maxTaskName = 255

/**
 * Names code. `name`: 1 to 255 characters of well-formed Unicode, unique within a scheduler; stored jobs hold it. With a schema
 * in `options.args` the handler's `args` have the schema's output type, without one they are JSON or what the handler declares.
 * Throws `InvalidTaskError`.
 */
export function task<const Name extends string, S extends ArgumentsSchema, Given>(
  name: Name,
  handler: (context: TaskContext<ArgumentsOutput<S>>) => Given,
  options: SchemaOptions<S>
): Task<Name, ArgumentsOutput<S>, RequirementsOf<Given>, ArgumentsInput<S>>
export function task<const Name extends string, Given, Args = Json>(
  name: Name,
  handler: (context: TaskContext<Args>) => Given,
  options?: FreeOptions
): Task<Name, Args, RequirementsOf<Given>>
export function task<const Name extends string, S extends ArgumentsSchema, Value extends object>(
  name: Name,
  value: Value,
  options: SchemaOptions<S>
): Task<Name, ArgumentsOutput<S>, RequirementsOf<Value>, ArgumentsInput<S>>
export function task<const Name extends string, Value extends object>(
  name: Name,
  value: Value,
  options?: FreeOptions
): Task<Name, Json, RequirementsOf<Value>>
export function task(name: string, handler: object, options: object = {}): object {
  checkName(name)
  if (isUnreadable(handler, 1)) throw refusal(name, "handler", unreadableText, "a handler that can be read")
  const lazy = generatorKind(handler)
  if (lazy !== null) {
    throw new InvalidTaskError({
      task: name,
      field: "handler",
      found: lazy,
      expected: "an async function, or Effect.gen"
    })
  }
  if (!isHandler(handler)) {
    throw refusal(name, "handler", handler, "a function, an Effect, an Observable or XState actor logic")
  }
  return new NamedTask(name, handler, readOptions(name, handler, options), noJobs)
}

const noJobs: ReadonlyArray<DeclaredJob> = Object.freeze([])

class NamedTask implements Task {
  readonly name: string
  readonly handler: object
  readonly options: TaskOptions
  readonly declared: ReadonlyArray<DeclaredJob>

  constructor(name: string, handler: object, options: TaskOptions, declared: ReadonlyArray<DeclaredJob>) {
    this.name = name
    this.handler = handler
    this.options = options
    this.declared = declared
    Object.freeze(this)
  }

  scheduled(trigger: Trigger, options: DeclaredOptions = {}): Task {
    if (!isTrigger(trigger)) throw refusal(this.name, "the trigger of a declared job", trigger, "a trigger")
    const job: DeclaredJob = Object.freeze({ trigger, options: Object.freeze({ ...options }) })
    return new NamedTask(this.name, this.handler, this.options, Object.freeze([...this.declared, job]))
  }
}

const isTrigger = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof (value as { readonly next?: unknown }).next === "function"

const checkName = (name: unknown): void => {
  const expected = `1 to ${maxTaskName} characters of well-formed Unicode`
  if (typeof name !== "string" || name === "" || /\p{Surrogate}/u.test(name))
    throw refusal(name, "name", name, expected)
  if (name.length > maxTaskName) {
    throw new InvalidTaskError({ task: name, field: "name", found: `${name.length} characters`, expected })
  }
}

const knownOptions = ["args", "retryWhen", "executor", "checkpoint", "version", "migrate"]

const readOptions = (name: string, handler: object, options: unknown): TaskOptions => {
  if (typeof options !== "object" || options === null) throw refusal(name, "options", options, "an object")
  // Not into a schema: it may have getters that are meant for later.
  if (isUnreadable(options, 1))
    throw new InvalidTaskError({ task: name, field: "options", found: unreadableText, expected: "an object" })
  const unknown = unknownField(options, knownOptions)
  if (unknown !== undefined) throw refusal(name, "options", unknown, `only ${knownOptions.join(", ")}`)
  const { args, retryWhen, executor, checkpoint, version, migrate } = options as {
    readonly [option in keyof TaskOptions]?: unknown
  }
  const kept: { args?: StandardSchemaV1; retryWhen?: (error: unknown) => boolean; executor?: string } = {}
  if (args !== undefined) {
    const schema = readable(name, () => standardSchema(args))
    if (schema === null) throw refusal(name, "args", args, "a Schema of effect 3 or a Standard Schema (version 1)")
    kept.args = schema
  }
  if (retryWhen !== undefined) {
    if (typeof retryWhen !== "function") throw refusal(name, "retryWhen", retryWhen, "a function")
    const late = generatorKind(retryWhen) ?? (isAsync(retryWhen) ? "an async function" : null)
    if (late !== null)
      throw new InvalidTaskError({
        task: name,
        field: "retryWhen",
        found: late,
        expected: "a function that answers at once"
      })
    kept.retryWhen = retryWhen as (error: unknown) => boolean
  }
  if (executor !== undefined) {
    if (typeof executor !== "string" || executor === "")
      throw refusal(name, "executor", executor, "the name of an executor")
    kept.executor = executor
  }
  const refused = (field: string, found: unknown, expected: string): Error => refusal(name, field, found, expected)
  return Object.freeze({ ...kept, ...readCheckpointOptions(handler, { checkpoint, version, migrate }, refused) })
}

const readable = <A>(name: string, read: () => A): A => {
  try {
    return read()
  } catch {
    throw new InvalidTaskError({ task: name, field: "args", found: unreadableText, expected: "a schema" })
  }
}

const isAsync = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object AsyncFunction]"

const refusal = (name: unknown, field: string, found: unknown, expected: string): InvalidTaskError =>
  new InvalidTaskError({
    task: typeof name === "string" ? name : inWords(name),
    field,
    found: lazyKind(found) ?? inWords(found),
    expected
  })
