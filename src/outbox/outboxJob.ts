/** A job as it lies in an outbox: checked as far as it can be without a scheduler, and plain JSON. */
import { defineJob } from "../engine/job/jobDefinition.ts"
import type { JobInput, RuleOptions } from "../job/jobOptions.ts"
import { checkFields, InvalidJobError, ruleOptions } from "../job/jobOptions.ts"
import { defaultRules } from "../job/rules.ts"
import { inWords } from "../input/inWords.ts"
import type { AnyTask } from "../task/task.ts"
import { InvalidTaskError, task as makeTask } from "../task/task.ts"
import { TaskRegistry } from "../task/taskRegistry.ts"
import { readDuration } from "../time/duration.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import { isZoneFree, readInstant } from "../time/instant.ts"
import { date } from "../trigger/date.ts"
import type { Json, Trigger, TriggerSpec } from "../trigger/trigger.ts"

/** What `Outbox.addJob` takes: a job's definition. An id that is taken keeps the job that has it. */
export type OutboxJobInput = Omit<JobInput, "ifExists">

/** The stored form, version 1. */
interface StoredJob {
  readonly version: 1
  readonly id: string
  readonly task: string
  readonly args: Json
  readonly trigger: TriggerSpec | null
  readonly options: { readonly [field: string]: Json }
}

/** A job that passed the checks, and its text. */
export interface WrittenOutboxJob {
  readonly id: string
  readonly text: string
}

/** What is kept as it is given, once it was checked. */
const plainFields = ["name", "tags", "metadata", "executor", "store", "paused"] as const
const ruleFields = Object.keys(ruleOptions(defaultRules)) as ReadonlyArray<keyof RuleOptions>

/**
 * Throws what `addJob` throws for a definition that is wrong by itself. Whether its task, its stream, its store and its trigger's type are
 * registered only the scheduler knows. `suffix` ends the id of a job without one, and is nobody else's.
 */
export const writeOutboxJob = (input: OutboxJobInput, now: EpochMillis, suffix: string): WrittenOutboxJob => {
  checkFields("(outbox)", input, "input")
  if ("ifExists" in input) {
    const found = inWords((input as JobInput).ifExists)
    const expected = "nothing: a job that is there is kept"
    throw new InvalidJobError({ jobId: inWords(input.id), field: "ifExists", found, expected })
  }
  const { row, rules } = defineJob(input, environmentOf(input, now, suffix))
  const allRules = ruleOptions(rules)
  const options = Object.fromEntries([
    ...plainFields.filter((field) => input[field] !== undefined).map((field) => [field, input[field]]),
    ...ruleFields.filter((field) => input[field] !== undefined).map((field) => [field, allRules[field]]),
    ...(["start", "end"] as const)
      .map((field) => [field, boundOf(input[field])])
      .filter(([, bound]) => bound !== undefined),
    ...(input.jitter === undefined ? [] : [["jitter", readDuration(input.jitter, "jitter")]])
  ]) as StoredJob["options"]
  const stored: StoredJob = {
    version: 1,
    id: row.id,
    task: row.task,
    args: JSON.parse(row.args) as Json,
    trigger: input.trigger === undefined ? null : input.trigger.toJSON(),
    options
  }
  return { id: row.id, text: JSON.stringify(stored) }
}

/** The job of a text. Throws `InvalidJobError` for what no version of this code has written, and what `readTrigger` throws. */
export const readOutboxJob = (text: string, readTrigger: (spec: TriggerSpec) => Trigger): JobInput => {
  const stored = parsed(text)
  const { id, task, args, trigger, options } = stored
  return {
    ...options,
    id,
    task,
    args,
    ifExists: "keep",
    ...(trigger === null ? {} : { trigger: readTrigger(trigger) })
  }
}

const parsed = (text: string): StoredJob => {
  const refuse = (found: string) =>
    new InvalidJobError({
      jobId: "(outbox)",
      field: "the row",
      found,
      expected: "a job of version 1, as Outbox.addJob writes it"
    })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse(inWords(text))
  }
  const { version, id, task, options } = (value ?? {}) as Partial<StoredJob>
  if (version !== 1 || typeof id !== "string" || typeof task !== "string" || typeof options !== "object")
    throw refuse(inWords(text))
  return value as StoredJob
}

const boundOf = (given: InstantInput | undefined): EpochMillis | string | undefined =>
  given === undefined ? undefined : typeof given === "string" && !isZoneFree(given) ? given : readInstant(given, "UTC")

/** As a scheduler's that knows every name. */
const environmentOf = (input: OutboxJobInput, now: EpochMillis, suffix: string): Parameters<typeof defineJob>[1] => ({
  now,
  timezone: "UTC",
  rules: defaultRules,
  tasks: registryOf(input),
  readTrigger: () => input.trigger ?? date(now),
  knowsExecutor: () => true,
  knowsStream: () => true,
  streamIsOver: () => false,
  makeId: (name) => `${name.slice(0, 200)}-${suffix}`
})

/** One that was given as a value has a schema for its arguments. What is no task at all is for `defineJob` to refuse. */
const registryOf = (input: OutboxJobInput): TaskRegistry => {
  const given: unknown = input.task
  const name = typeof given === "object" && given !== null && "name" in given ? given.name : given
  if (typeof name !== "string") return new TaskRegistry([])
  try {
    return new TaskRegistry([
      typeof given === "object" && given !== null && "options" in given
        ? (given as AnyTask)
        : makeTask(name, () => null)
    ])
  } catch (error) {
    if (!(error instanceof InvalidTaskError)) throw error
    throw new InvalidJobError({
      jobId: input.id ?? "(outbox)",
      field: "task",
      found: error.found,
      expected: error.expected
    })
  }
}
