/**
 * From what a caller says to what is stored: everything is checked here, before anything is written. A few lines long of 300, for what is
 * asked of a job's stream.
 */
import { inWords } from "../../input/inWords.ts"
import type { JobInput, RuleOptions } from "../../job/jobOptions.ts"
import { checkFields, checkId, checkTags, checkText, InvalidJobError, readRules } from "../../job/jobOptions.ts"
import { nextFire } from "../../job/dueFireTimes.ts"
import type { NextFire } from "../../job/jobEvent.ts"
import type { JobRules } from "../../job/rules.ts"
import type { RunCaller } from "../../job/run.ts"
import type { JobMemory } from "../../job/snapshot.ts"
import { newMemory } from "../../job/snapshot.ts"
import type { JobDefinitionRow } from "../../store/jobStore.ts"
import { checkArguments } from "../../task/taskArguments.ts"
import type { TaskRegistry } from "../../task/taskRegistry.ts"
import { NotJsonError, toJson } from "../../task/jsonText.ts"
import type { AnyTask } from "../../task/task.ts"
import { isUnreadableData } from "../../input/readable.ts"
import { InvalidDurationError, readDuration } from "../../time/duration.ts"
import type { EpochMillis, InstantInput } from "../../time/instant.ts"
import { InvalidInstantError, readInstant } from "../../time/instant.ts"
import { date } from "../../trigger/date.ts"
import { jitter } from "../../trigger/jitter.ts"
import type { Json, Trigger, TriggerSpec } from "../../trigger/trigger.ts"
import { window } from "../../trigger/window.ts"
import type { JobNotes } from "./jobNotes.ts"
import { readNotes } from "./jobNotes.ts"
import { rulesText } from "./rulesText.ts"

/** What definitions are read against. */
export interface DefinitionEnvironment {
  readonly now: EpochMillis
  readonly timezone: string
  readonly rules: JobRules
  readonly tasks: TaskRegistry
  /** Reads a trigger's stored form, once for all jobs that carry the same. */
  readonly readTrigger: (text: string) => Trigger
  /** True for a name that may be used. */
  readonly knowsExecutor: (name: string) => boolean
  readonly knowsStream: (name: string) => boolean
  /** True for a stream that has completed. */
  readonly streamIsOver: (name: string) => boolean
  /** An id for a job that has none. */
  readonly makeId: (task: string) => string
}

/** A job that passed every check. */
export interface JobDefinition {
  readonly row: JobDefinitionRow
  readonly rules: JobRules
  readonly trigger: Trigger
  readonly memory: JobMemory
  readonly ifExists: "error" | "replace" | "keep"
  readonly store: string
  /** False for an id that was made for it: nobody has used it before. */
  readonly named: boolean
}

/** A trigger that can never fire again, or a name that nothing is registered under. */
const refuse = (jobId: string, field: string, found: string, expected: string): never => {
  throw new InvalidJobError({ jobId, field, found, expected })
}

/** Who says so: a caller now, the code that declares it at every start, or an export from another day. */
export type DefinitionOrigin = "added" | "declared" | "imported"

/**
 * Reads one `JobInput`; `caller`: who adds it, for its runs. A job whose time is over is a mistake of who adds a new one, and is refused; where the same job is stated again
 * and again (`ifExists`, a declaration, an import) it is defined as done. Throws `InvalidJobError`, `InvalidDurationError`,
 * `InvalidInstantError`, `UnknownTaskError`, `InvalidArgumentsError`, `AsyncSchemaError`, and what the trigger's own check throws.
 */
export const defineJob = (
  input: JobInput,
  environment: DefinitionEnvironment,
  origin: DefinitionOrigin = "added",
  caller?: RunCaller
): JobDefinition => {
  const givenId = idOf(input)
  checkFields(givenId ?? "(new)", input, "input")
  const taskName = taskNameOf(givenId ?? "(new)", input)
  const task = environment.tasks.definition(taskName, givenId)
  const id = givenId ?? environment.makeId(taskName)
  const executor = input.executor ?? task.options.executor ?? "default"
  if (!environment.knowsExecutor(executor))
    refuse(id, "executor", inWords(executor), "the name of a registered executor")
  const rules = hasRules(input) ? readRules(id, ruleOptions(input), environment.rules) : environment.rules
  const { trigger, text, given, since } = defineTrigger(id, input, environment)
  const args = defineArguments(id, task, input.args, trigger)
  if (input.paused !== undefined && typeof input.paused !== "boolean")
    refuse(id, "paused", inWords(input.paused), "true or false")
  const notes: JobNotes = {
    ...(input.name === undefined ? {} : { name: checkText(id, "name", input.name) }),
    ...(input.tags === undefined ? {} : { tags: checkTags(id, input.tags) }),
    ...(input.metadata === undefined ? {} : { metadata: checkMetadata(id, input.metadata) }),
    ...(given === undefined ? {} : { given }),
    ...(input.trigger === undefined ? { immediate: true as const } : {}),
    ...(origin === "declared" ? { declared: true as const } : {}),
    ...(caller === undefined ? {} : { caller })
  }
  const ifExists = readIfExists(id, input.ifExists)
  const next =
    origin === "added" && ifExists === "error"
      ? firstFire(id, trigger, since, environment)
      : ofTrigger(id, () => nextOf(trigger, since, environment))
  const memory = newMemory(since, next.nextFireAt, next.exhausted)
  const row: JobDefinitionRow = {
    id,
    task: taskName,
    executor,
    trigger: text,
    stream: trigger.stream ?? null,
    args: JSON.stringify(args),
    rules: rulesText(rules),
    notes: JSON.stringify(notes),
    addedAt: environment.now
  }
  return {
    row,
    rules,
    trigger,
    memory: input.paused === true && !next.exhausted ? { ...memory, pausedAt: environment.now } : memory,
    ifExists,
    store: input.store ?? "default",
    named: givenId !== null
  }
}

/** Plain JavaScript may give anything, so the types are not believed here. */
const idOf = (input: unknown): string | null =>
  !isUnreadableData(input, 1) && typeof input === "object" && input !== null && "id" in input && input.id !== undefined
    ? checkId(input.id)
    : null

const taskNameOf = (jobId: string, { task }: { readonly task: unknown }): string => {
  if (typeof task === "string") return task
  if (typeof task === "object" && task !== null && "name" in task && typeof task.name === "string") return task.name
  return refuse(jobId, "task", inWords(task), "a task or its name")
}

/**
 * Arguments as they are stored. A stream's job gets the emitted value into them, so its own are an object or nothing, and its
 * task's schema sees them only together. Throws `InvalidArgumentsError`, `AsyncSchemaError`, `InvalidJobError`.
 */
export const defineArguments = (id: string, task: AnyTask<unknown>, given: unknown, trigger: Trigger): Json => {
  if (trigger.stream === undefined) return checkArguments(task, given, id)
  const args = checkArguments({ ...task, options: {} }, given, id)
  if (args === null || (typeof args === "object" && !Array.isArray(args))) return args
  return refuse(id, "args", inWords(args), "an object, to which a stream's job adds the emitted `value`")
}

/** The first fire time; a trigger without one, and one that fails when it is asked, is refused. */
export const firstFire = (
  id: string,
  trigger: Trigger,
  since: EpochMillis,
  streams: Pick<DefinitionEnvironment, "streamIsOver">
): NextFire => {
  const next = ofTrigger(id, () => nextOf(trigger, since, streams))
  if (!next.exhausted) return next
  const { stream } = trigger
  if (stream === undefined)
    return refuse(id, "trigger", "one that never fires", "a trigger with a fire time from now on")
  return refuse(
    id,
    "trigger",
    `stream ${inWords(stream)}, which has completed`,
    "one that goes on; addStream begins it anew"
  )
}

/** A stream that has completed has no fire time left, like a date that is past. */
const nextOf = (
  trigger: Trigger,
  since: EpochMillis,
  { streamIsOver }: Pick<DefinitionEnvironment, "streamIsOver">
): NextFire =>
  trigger.stream !== undefined && streamIsOver(trigger.stream)
    ? { nextFireAt: null, exhausted: true }
    : nextFire(trigger, since)

/** What a trigger's own check throws says nothing of the job. */
export const ofTrigger = <A>(id: string, ask: () => A): A => {
  try {
    return ask()
  } catch (error) {
    if (error instanceof InvalidJobError || error instanceof InvalidDurationError) throw error
    const reason = error instanceof Error ? error.message : inWords(error)
    return refuse(
      id,
      "trigger",
      `one that fails (${reason})`,
      "a trigger of a registered type that gives later and later instants"
    )
  }
}

/** `given`: the trigger before its defaults were settled, where that differs. */
export interface DefinedTrigger {
  readonly trigger: Trigger
  /** Its stored form. */
  readonly text: string
  readonly given?: TriggerSpec
  readonly since: EpochMillis
}

/** A trigger with its window, jitter and defaults settled, as the job will have it; `since`: where its fire times begin. */
export const defineTrigger = (
  id: string,
  input: Pick<JobInput, "trigger" | "start" | "end" | "jitter">,
  environment: DefinitionEnvironment
): DefinedTrigger => {
  const { now, timezone } = environment
  // Only what is left out is a job for now: `null` is somebody's missing trigger.
  const bare = input.trigger === undefined ? date(now) : input.trigger
  if (!isTrigger(bare)) {
    return refuse(id, "trigger", inWords(bare), "a trigger, such as cron(…) or interval(…)")
  }
  const timed = timing(id, input, timezone)
  const asGiven = timed === null ? bare : timed(bare)
  const bound = ofTrigger(id, () => asGiven.bind?.({ now, timezone, jobId: id }) ?? asGiven)
  const text = ofTrigger(id, () => JSON.stringify(bound.toJSON()))
  // What will be read back is what is used: a trigger whose type is not registered is refused now, not after a restart.
  const read = ofTrigger(id, () => environment.readTrigger(text))
  if (read.stream !== undefined && !environment.knowsStream(read.stream)) {
    refuse(id, "trigger", `stream ${inWords(read.stream)}`, "the name of a stream given in `streams`")
  }
  const since = ofTrigger(id, () => firstSince(id, read, now))
  // Whoever leaves the trigger out again at another moment gives the same; without bounds and jitter that it was left out says all.
  const stated = input.trigger !== undefined ? asGiven : timed === null ? null : timed(date(0))
  if (stated === null) return { trigger: read, text, since }
  const given = ofTrigger(id, () => stated.toJSON())
  return JSON.stringify(given) === text ? { trigger: read, text, since } : { trigger: read, text, given, since }
}

/** What puts a job's own window and jitter around its trigger; `null`: it has none. */
const timing = (
  id: string,
  input: Pick<JobInput, "start" | "end" | "jitter">,
  timezone: string
): ((trigger: Trigger) => Trigger) | null => {
  const bounds = {
    ...(input.start === undefined ? {} : { start: boundOf(id, "start", input.start, timezone) }),
    ...(input.end === undefined ? {} : { end: boundOf(id, "end", input.end, timezone) })
  }
  const jitterMs = input.jitter === undefined ? 0 : readDuration(input.jitter, `job ${inWords(id)}: jitter`)
  const isBounded = bounds.start !== undefined || bounds.end !== undefined
  if (!isBounded && jitterMs === 0) return null
  return (trigger) => {
    const bounded = isBounded ? ofTrigger(id, () => window(trigger, bounds)) : trigger
    return jitterMs > 0 ? jitter(bounded, jitterMs) : bounded
  }
}

const isTrigger = (given: unknown): given is Trigger => {
  if (isUnreadableData(given, 1)) return false
  const { next, toJSON } = (typeof given === "object" && given !== null ? given : {}) as {
    readonly [method: string]: unknown
  }
  return typeof next === "function" && typeof toJSON === "function"
}

const boundOf = (id: string, field: string, given: InstantInput, timezone: string): EpochMillis => {
  try {
    return readInstant(given, timezone)
  } catch (error) {
    if (error instanceof InvalidInstantError) return refuse(id, field, inWords(error.found), error.expected)
    return refuse(id, field, inWords(given), "an instant: a Date, epoch milliseconds or ISO 8601 text")
  }
}

/** A fire time at this very instant counts. A single instant that has passed still fires: the misfire rules decide. */
const firstSince = (id: string, trigger: Trigger, now: EpochMillis): EpochMillis => {
  if (!isOneInstant(trigger.toJSON()) || trigger.next(now - 1) !== undefined) return now - 1
  const at = trigger.next(-8_640_000_000_000_001) ?? now
  // Seconds of our time, taken for milliseconds, lie in the first months of 1970.
  if (at >= 1e9 && at < 1e10 && now > 100 * at) {
    const date = `${at}, which is ${new Date(at).toISOString()}`
    refuse(id, "trigger", date, `milliseconds since 1970: seconds are date(${at} * 1000)`)
  }
  return at - 1
}

/** A date, with jitter or without. */
const isOneInstant = (spec: unknown): boolean => {
  if (typeof spec !== "object" || spec === null || !("type" in spec)) return false
  return spec.type === "date" || (spec.type === "jitter" && "trigger" in spec && isOneInstant(spec.trigger))
}

/** The trigger of a stored job as it was given, to see whether it is declared again. */
export const triggerAsGiven = (row: Pick<JobDefinitionRow, "notes" | "trigger">): string => {
  const { given, immediate } = readNotes(row)
  return given !== undefined ? JSON.stringify(given) : immediate === true ? "immediate" : row.trigger
}

const hasRules = (input: RuleOptions): boolean =>
  input.misfireGrace !== undefined ||
  input.coalesce !== undefined ||
  input.maxInstances !== undefined ||
  input.overlap !== undefined ||
  input.retry !== undefined ||
  input.timeout !== undefined ||
  input.onInterrupted !== undefined ||
  input.onAborted !== undefined ||
  input.maxRuns !== undefined

/** Only the fields that are rules. */
export const ruleOptions = (input: JobInput): RuleOptions => {
  const { misfireGrace, coalesce, maxInstances, overlap, retry, timeout, onInterrupted, onAborted, maxRuns } = input
  const given = { misfireGrace, coalesce, maxInstances, overlap, retry, timeout, onInterrupted, onAborted, maxRuns }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

export const checkMetadata = (jobId: string, metadata: unknown): { readonly [key: string]: never } => {
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata)) {
    return refuse(jobId, "metadata", inWords(metadata), "an object of JSON values")
  }
  try {
    return toJson(metadata) as { readonly [key: string]: never }
  } catch (error) {
    if (error instanceof NotJsonError)
      return refuse(jobId, ["metadata", ...error.path].join("."), error.found, error.expected)
    throw error
  }
}

const readIfExists = (jobId: string, given: unknown): "error" | "replace" | "keep" => {
  if (given === undefined) return "error"
  if (given === "error" || given === "replace" || given === "keep") return given
  return refuse(jobId, "ifExists", inWords(given), "one of error, replace, keep")
}
