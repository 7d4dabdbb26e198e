/** A scheduler from a plain JSON object: stores, executors and triggers are named, and what the names mean is given in code. */
import { unknownField } from "../input/fields.ts"
import { inWords } from "../input/inWords.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import { inProcess } from "../executor/inProcess/inProcessExecutor.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { ofTrigger } from "../engine/job/jobDefinition.ts"
import type { JobInput } from "../job/jobOptions.ts"
import type { JobStore } from "../store/jobStore.ts"
import { memory } from "../store/memory/memoryStore.ts"
import { isUnreadable, unreadableText } from "../input/readable.ts"
import { createTriggerRegistry } from "../trigger/triggerRegistry.ts"
import type { TriggerSpec } from "../trigger/trigger.ts"
import { createScheduler } from "./createScheduler.ts"
import type { SchedulerOptions } from "./options.ts"
import type { Scheduler } from "./scheduler.ts"

/** A part by its registered type; the other fields are that type's options. */
export interface PartConfig {
  /** `memory`, `inProcess`, or a name in the registry. */
  readonly type: string
  readonly [option: string]: unknown
}

/** Everything JSON; the fields mean what they mean in `SchedulerOptions` and `JobInput`. */
export interface SchedulerConfig extends Pick<
  SchedulerOptions,
  "timezone" | "jobDefaults" | "retention" | "cachedJobs" | "commandTimeout"
> {
  /** Stores by name. Default: `default`, in memory. */
  readonly stores?: { readonly [name: string]: PartConfig }
  /** Executors by name. Default: `default`, in this process. */
  readonly executors?: { readonly [name: string]: PartConfig }
  /** Added at `start`, with `ifExists: "replace"` unless they say otherwise. */
  readonly jobs?: ReadonlyArray<
    Omit<JobInput, "trigger" | "task"> & {
      /** The name of a task in the registry. */
      readonly task: string
      /** A trigger's stored form. Default: once, at once. */
      readonly trigger?: TriggerSpec
    }
  >
}

/** What the names in a configuration stand for, beside `memory` and `inProcess`, which are known. */
export interface ConfigRegistry extends Omit<
  SchedulerOptions,
  "stores" | "store" | "executors" | "timezone" | "jobDefaults" | "retention" | "cachedJobs" | "commandTimeout"
> {
  /** By type: makes a store of the part's other fields. */
  readonly storeTypes?: { readonly [type: string]: (options: never) => JobStore }
  /** By type: makes an executor of the part's other fields. */
  readonly executorTypes?: { readonly [type: string]: (options: never) => ExecutorProvider }
}

const isObject = (given: unknown): boolean => typeof given === "object" && given !== null && !Array.isArray(given)

const known = ["timezone", "jobDefaults", "retention", "cachedJobs", "commandTimeout", "stores", "executors", "jobs"]

/**
 * Throws `InvalidOptionError` for an unknown key or type, and everything that `createScheduler` throws. Its jobs are
 * tentative until `start`, with `ifExists: "replace"` unless they say otherwise.
 */
export const createSchedulerFromConfig = async (
  config: SchedulerConfig,
  registry: ConfigRegistry = {}
): Promise<Scheduler> => {
  if (isUnreadable(config, 4))
    throw new InvalidOptionError({ option: "(all)", found: unreadableText, expected: "an object" })
  if (isUnreadable(registry, 1))
    throw new InvalidOptionError({ option: "registry", found: unreadableText, expected: "an object" })
  if (!isObject(registry))
    throw new InvalidOptionError({ option: "registry", found: inWords(registry), expected: "an object" })
  if (!isObject(config))
    throw new InvalidOptionError({ option: "(all)", found: inWords(config), expected: "an object" })
  const unknown = unknownField(config, known)
  if (unknown !== undefined)
    throw new InvalidOptionError({ option: unknown, found: "given", expected: `one of ${known.join(", ")}` })
  const { stores, executors, jobs: given, ...plain } = config
  const jobs: unknown = given ?? []
  const { storeTypes = {}, executorTypes = {}, ...rest } = registry
  if (!Array.isArray(jobs))
    throw new InvalidOptionError({ option: "jobs", found: inWords(jobs), expected: "a list of jobs" })
  const triggers = createTriggerRegistry(rest.triggers ?? [], rest.calendars ?? [])
  const scheduler = createScheduler({
    ...rest,
    ...plain,
    ...(stores === undefined ? {} : { stores: parts("stores", stores, { memory: plainMemory, ...storeTypes }) }),
    ...(executors === undefined ? {} : { executors: parts("executors", executors, { inProcess, ...executorTypes }) })
  })
  for (const job of jobs as NonNullable<SchedulerConfig["jobs"]>) {
    if (!isObject(job))
      throw new InvalidOptionError({ option: "jobs", found: inWords(job), expected: "objects, one a job" })
    const { trigger, ...others } = job
    await scheduler.addJob({
      ifExists: "replace",
      ...others,
      ...(trigger === undefined ? {} : { trigger: ofTrigger(job.id ?? job.task, () => triggers.readStated(trigger)) })
    })
  }
  return scheduler
}

/** The memory store has no options. */
const plainMemory = (options: object): JobStore => {
  const [strange] = Object.keys(options)
  if (strange === undefined) return memory()
  throw new InvalidOptionError({ option: `a memory store's ${strange}`, found: "given", expected: "no option" })
}

const parts = <A>(
  kind: string,
  configs: { readonly [name: string]: PartConfig },
  types: { readonly [type: string]: (options: never) => A }
): { readonly [name: string]: A } => {
  const known = new Map(Object.entries(types))
  return Object.fromEntries(
    Object.entries(configs).map(([name, part]) => {
      const { type, ...options } = isObject(part) ? part : { type: inWords(part) }
      const make = known.get(type)
      if (make === undefined) {
        throw new InvalidOptionError({
          option: `${kind}.${name}.type`,
          found: inWords(type),
          expected: `one of ${[...known.keys()].join(", ")}`
        })
      }
      return [name, make(options as never)] as const
    })
  )
}
