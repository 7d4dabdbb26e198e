/** What `createScheduler` takes, and how it becomes an engine's options. Everything is checked before anything is opened. */
import { Clock, Context, DefaultServices, Duration, FiberRefs, Runtime } from "effect"
import type { Observable } from "rxjs"
import type { AnyActorRef } from "xstate"
import { unknownField, wholeNumber } from "../input/fields.ts"
import { inWords } from "../input/inWords.ts"
import { captureAsyncContext, runtimeWithin } from "./asyncContext.ts"
import { liveClock } from "../engine/clock.ts"
import type { EngineOptions, Inspect } from "../engine/engineOptions.ts"
import { checkPart, checkParts, hasMethod } from "../engine/parts.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { callBack } from "../event/callback.ts"
import type { Within } from "../event/callback.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import { inProcess } from "../executor/inProcess/inProcessExecutor.ts"
import type { RuleOptions } from "../job/jobOptions.ts"
import { checkFields, readRules } from "../job/jobOptions.ts"
import { defaultRules } from "../job/rules.ts"
import type { JobStore } from "../store/jobStore.ts"
import { memory } from "../store/memory/memoryStore.ts"
import type { AnyTask } from "../task/task.ts"
import { describeError } from "../task/runError.ts"
import { TaskRegistry } from "../task/taskRegistry.ts"
import { terminalText } from "../task/terminalText.ts"
import { isUnreadable, isUnreadableData, unreadableText } from "../input/readable.ts"
import type { DurationLike } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"
import { machineTimezone } from "../time/machineZone.ts"
import { timezoneName } from "../time/timezoneInput.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import { zoneOf } from "../time/zone.ts"
import type { HolidayCalendar } from "../trigger/holidayCalendar.ts"
import type { TimeBudget } from "../trigger/checkedTrigger.ts"
import { createTriggerRegistry } from "../trigger/triggerRegistry.ts"
import type { TriggerCodec } from "../trigger/trigger.ts"
import { watchedCodec } from "../trigger/watchedTrigger.ts"

/** How long what is over is kept. */
export interface RetentionOptions {
  /** Finished runs and ledger entries older than this are deleted. Default 30 days. */
  readonly runAge?: DurationLike
  /** Finished runs kept in one store, the newest. Default 1,000,000. */
  readonly runCount?: number
  /** Done and removed jobs older than this are deleted with their runs. Default 30 days. */
  readonly jobAge?: DurationLike
}

/** All optional. `R`: what tasks that are Effects require; must be `never` here, see `carillon/effect`. */
export interface SchedulerOptions<R = never> {
  /** Everything that jobs may run. */
  readonly tasks?: ReadonlyArray<AnyTask<R>>
  /** Where jobs live. Default: in memory. The same as `stores: { default: … }`. */
  readonly store?: JobStore
  /** Several stores by name; a job names one by `store`. */
  readonly stores?: { readonly [name: string]: JobStore }
  /** Executors by name; a job or task names one by `executor`. Default: `{ default: inProcess() }`. */
  readonly executors?: { readonly [name: string]: ExecutorProvider }
  /** Streams by name, for jobs with `trigger: stream(name)`. */
  readonly streams?: { readonly [name: string]: Observable<unknown> }
  /** Codecs of your own triggers, by which a stored job finds its trigger again. */
  readonly triggers?: ReadonlyArray<TriggerCodec>
  /** Holiday calendars, by whose names stored filters find them again. */
  readonly calendars?: ReadonlyArray<HolidayCalendar>
  /** For triggers and texts without one: an IANA name, `UTC`, an offset or a `Zone` of luxon. Default: the machine's. */
  readonly timezone?: TimezoneInput
  /** Rules for jobs that say nothing else. */
  readonly jobDefaults?: RuleOptions
  /** How long what is over is kept. Default: 30 days, and 1,000,000 runs a store. */
  readonly retention?: RetentionOptions
  /** Idle jobs kept decoded in memory. Default 1,000. */
  readonly cachedJobs?: number
  /**
   * How long a command (`addJob`, `pauseJob`, …) waits for a store that is away, before it rejects with the store's error, nothing
   * of it written. `null`: for as long as it takes. Default 30 seconds.
   */
  readonly commandTimeout?: DurationLike | null
  /** XState's `inspect`: is shown every actor of this scheduler. Without it, inspection costs nothing. */
  readonly inspect?: Inspect
  /**
   * An actor of the program's, whose system the scheduler's actors then belong to: `scheduler` is its child. It hears
   * `xstate.done.actor.scheduler`; the scheduler's life is its own. Default: a system of their own.
   */
  readonly parent?: AnyActorRef
  /** Replaces the clock of everything. Default: the machine's. */
  readonly clock?: Clock.Clock
  /** Told what a listener, a stream or an executor threw, and why a store ended the scheduler. Default: a line on the console. */
  readonly onError?: (error: unknown, where: string) => void
}

const retentionKnown = ["runAge", "runCount", "jobAge"]
const known = [
  "tasks",
  "store",
  "stores",
  "executors",
  "streams",
  "triggers",
  "calendars",
  "timezone",
  "jobDefaults",
  "retention",
  "cachedJobs",
  "commandTimeout",
  "inspect",
  "parent",
  "clock",
  "onError"
]

/** Throws `InvalidOptionError`, `DuplicateTaskError`, `InvalidTaskError`, `UnknownTimezoneError`, `InvalidJobError` and `InvalidDurationError`. */
export const readOptions = <R>(options: SchedulerOptions<R>, runtime: Runtime.Runtime<R>): EngineOptions => {
  if (!isObject(options))
    throw new InvalidOptionError({ option: "(all)", found: inWords(options), expected: "an object" })
  if (isUnreadable(options, 3))
    throw new InvalidOptionError({ option: "(all)", found: unreadableText, expected: "options that can be read" })
  const unknown = unknownField(options, known)
  if (unknown !== undefined)
    throw new InvalidOptionError({ option: unknown, found: "given", expected: `one of ${known.join(", ")}` })
  if (options.store !== undefined && options.stores?.["default"] !== undefined) {
    throw new InvalidOptionError({ option: "stores.default", found: "given beside store", expected: "one of the two" })
  }
  checkFields("jobDefaults", options.jobDefaults ?? {}, "rules")
  checkOptional(
    "inspect",
    options.inspect,
    (part) => typeof part === "function" || (!isUnreadableData(part) && hasMethod(part, "next")),
    "a function or an observer"
  )
  checkOptional(
    "parent",
    options.parent,
    (part) => hasMethod(part, "getSnapshot") && hasMethod((part as Partial<AnyActorRef>).system, "inspect"),
    "an actor of XState"
  )
  checkOptional(
    "clock",
    options.clock,
    (part) => hasMethod(part, "unsafeCurrentTimeMillis"),
    "Effect's Clock, such as virtualClock(…)"
  )
  checkOptional("onError", options.onError, (part) => typeof part === "function", "a function")
  for (const option of ["stores", "executors", "streams"] as const)
    checkOptional(option, options[option], isObject, "an object, parts by name")
  checkOptional("tasks", options.tasks, Array.isArray, "a list of tasks")
  checkParts("triggers", options.triggers, "fromJSON", "trigger types, made by defineTrigger")
  checkParts("calendars", options.calendars, "has", "holiday calendars")
  checkOptional("retention", options.retention, (part) => typeof part === "object" && part !== null, "an object")
  const strange = unknownField(options.retention ?? {}, retentionKnown)
  if (strange !== undefined)
    throw new InvalidOptionError({
      option: `retention.${strange}`,
      found: "given",
      expected: `one of ${retentionKnown.join(", ")}`
    })
  const timezone = timezoneName(options.timezone) ?? machineTimezone()
  zoneOf(timezone)
  const within = captureAsyncContext()
  const registry = createTriggerRegistry(
    (options.triggers ?? []).map((codec) => watchedCodec(codec, triggerBudget(options.clock ?? liveClock))),
    options.calendars ?? []
  )
  const stores = new Map(Object.entries(options.stores ?? {}))
  if (options.store !== undefined || stores.size === 0) stores.set("default", options.store ?? memory())
  const executors = new Map(Object.entries(options.executors ?? {}))
  if (!executors.has("default")) executors.set("default", inProcess())
  for (const [name, store] of stores)
    checkPart(`stores.${name}`, store, "open", "a store, such as memory() or sqlite(…)")
  for (const [name, executor] of executors)
    checkPart(`executors.${name}`, executor, "make", "an executor, such as inProcess(…)")
  const streams = new Map(Object.entries(options.streams ?? {}))
  for (const [name, stream] of streams) checkPart(`streams.${name}`, stream, "subscribe", "an Observable")
  return {
    tasks: new TaskRegistry(options.tasks ?? []),
    stores,
    executors,
    streams,
    readTrigger: (spec) => registry.read(spec),
    addCalendar: (calendar) => registry.addCalendar(calendar),
    timezone,
    rules: readRules("jobDefaults", options.jobDefaults ?? {}, defaultRules),
    retention: {
      runAgeMs: readDuration(options.retention?.runAge ?? Duration.days(30), "retention.runAge"),
      runCount: countOr(1_000_000, "retention.runCount", options.retention?.runCount),
      jobAgeMs: readDuration(options.retention?.jobAge ?? Duration.days(30), "retention.jobAge")
    },
    cachedJobs: countOr(1000, "cachedJobs", options.cachedJobs),
    commandTimeoutMs:
      options.commandTimeout === null
        ? Infinity
        : readDuration(options.commandTimeout ?? Duration.seconds(30), "commandTimeout"),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
    ...(options.parent === undefined ? {} : { parent: options.parent }),
    // The executor runs only tasks of this scheduler, whose requirements `R` are.
    runtime: runtimeWithin(onClock(runtime, options.clock), within),
    within,
    owner: processOwner(),
    onError: guarded(options.onError ?? warn, within)
  }
}

/** The runtime of a scheduler whose tasks require nothing. */
export const plainRuntime: Runtime.Runtime<never> = Runtime.defaultRuntime

/** Effects in tasks wait on the clock that everything else waits on. */
const onClock = (runtime: Runtime.Runtime<never>, clock: Clock.Clock | undefined): Runtime.Runtime<never> => {
  if (clock === undefined) return runtime
  const services = FiberRefs.getOrDefault(runtime.fiberRefs, DefaultServices.currentServices)
  return Runtime.setFiberRef(runtime, DefaultServices.currentServices, Context.add(services, Clock.Clock, clock))
}

/** What is told of others' errors may itself fail, now or later; that ends on the console. */
const guarded =
  (onError: EngineOptions["onError"], within: Within): EngineOptions["onError"] =>
  (error, where) => {
    within(() =>
      callBack(
        () => onError(error, where),
        (second) => warn(second, "onError")
      )
    )
  }

const checkOptional = (option: string, given: unknown, fits: (given: unknown) => boolean, expected: string): void => {
  if (given !== undefined && !fits(given)) throw new InvalidOptionError({ option, found: inWords(given), expected })
}

const isObject = (given: unknown): boolean => typeof given === "object" && given !== null

/** How long one answer of a custom trigger may take: far more than any honest one needs, also on a busy machine. */
const triggerBudgetMs = 1000

const triggerBudget = (clock: Clock.Clock): TimeBudget => ({
  budgetMs: triggerBudgetMs,
  elapsedMs: () => Number(clock.unsafeCurrentTimeNanos() / 1000n) / 1000
})

const countOr = (fallback: number, option: string, given: number | undefined): number =>
  given === undefined ? fallback : wholeNumber(given, [0], option, refuse)

const refuse = (option: string, found: string, expected: string): InvalidOptionError =>
  new InvalidOptionError({ option, found, expected })

/** A browser has no process; there a store of its own needs no owner's name. */
const processOwner = (): { readonly pid: number; readonly host: string } => {
  const process = (
    globalThis as { readonly process?: { readonly pid?: number; readonly env?: { readonly HOSTNAME?: string } } }
  ).process
  return { pid: process?.pid ?? 0, host: process?.env?.HOSTNAME ?? "" }
}

/** An error's stack with its causes, escaped; of what is no error, whatever the console makes of it. */
const shownError = (error: unknown): unknown => {
  if (typeof error === "string") return terminalText(error)
  if (!(error instanceof Error)) return error
  const { name, message, stack } = describeError(error)
  return terminalText(stack ?? `${name}: ${message}`, { lines: true, max: 8_000 })
}

/** One line for what is expected to fail; with its stack only what nobody expected. */
const warn = (error: unknown, where: string): void => {
  const known = error instanceof Error && "_tag" in error
  // eslint-disable-next-line no-console -- where nobody says who is to be told, the console is
  console.warn(
    terminalText(`carillon: ${where}:`),
    known ? terminalText(`${String(error._tag)}: ${error.message}`) : shownError(error)
  )
}
