/** The layer for Effect programs: starts a scheduler and stops it. What it gives is in `schedulerService.ts`. */
import { Context, Effect, Layer, Option, Runtime, Scope, Tracer } from "effect"
import type { ConfigError } from "effect"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { inWords } from "../input/inWords.ts"
import { isUnreadable } from "../input/readable.ts"
import type { FromConfig } from "../store/storeService.ts"
import { configured, Store } from "../store/storeService.ts"
import { AttemptObserver } from "../task/attemptObserver.ts"
import type { AnyTask, TaskRequirements } from "../task/task.ts"
import type { DurationLike } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"
import { attemptTelemetry } from "./attemptTelemetry.ts"
import type { Carried, CarriedContext } from "./callerContext.ts"
import { callerReader } from "./callerContext.ts"
import { createSchedulerWith } from "./createScheduler.ts"
import type { EmbeddedScheduler } from "./createScheduler.ts"
import { attempt, refusable } from "./effectVerb.ts"
import type { SchedulerOptions } from "./options.ts"
import { onlyEffect3 } from "./otherEffect.ts"
import { patientLog } from "./programLog.ts"
import type { SchedulerFault } from "./schedulerEnd.ts"
import { putInside } from "./schedulerInside.ts"
import type { SchedulerService } from "./schedulerService.ts"
import { serviceOf } from "./schedulerService.ts"
import type { CreateSchedulerError, StartError } from "./verbErrors.ts"

/** What the building of the layer fails with: what `createScheduler` throws, and what `start` rejects with. */
export type LayerError = CreateSchedulerError | StartError

/** The options of a layer: a scheduler's, with tasks that may require something, and how it ends. */
export interface LayerOptions<T extends AnyTask<unknown> = AnyTask> extends Omit<SchedulerOptions, "tasks"> {
  /** Everything that jobs may run. What their Effects require, the layer requires. */
  readonly tasks?: ReadonlyArray<T>
  /** How long runs under way have when the layer is released; then they are interrupted. Default 30 seconds. */
  readonly deadline?: DurationLike
  /**
   * FiberRefs whose values go from who asks for a run or adds a job (`addJob`, `runJob`, `execute`, `enqueue`) to the attempts that are Effects, by
   * the names that they are stored under: `{ tenant: carry(Tenant, Schema.String) }`. At most 4,096 characters of JSON in all, or the verb
   * fails with `InvalidJobError`; one that nobody has set is not stored. Default: none.
   */
  readonly context?: CarriedContext
  /** How long to wait for another process to give a store back. Default: not at all. */
  readonly waitForStore?: DurationLike
}

/** The options of a layer, each as it is or as a Config. */
export type ConfigurableOptions<T extends AnyTask<unknown> = AnyTask> = Pick<LayerOptions<T>, "tasks"> &
  FromConfig<Omit<LayerOptions<T>, "tasks">>

/** What the layer requires of the tasks' requirements: the rest is each attempt's own. */
type LayerRequirements<T> = Exclude<TaskRequirements<T>, Scheduler | Scope.Scope>

/** The service's tag. */
export class Scheduler extends Context.Tag("carillon/Scheduler")<Scheduler, SchedulerService>() {
  /**
   * Starts a scheduler with the surrounding clock, and drains it when the layer is released: runs under way may end until the
   * deadline, then they are interrupted, and the release waits for their finalizers; for 5 seconds, or what is left of the
   * deadline. Fibers that a task has forked elsewhere than into its own scope it does not wait for. What its tasks require
   * becomes what the layer requires, except `Scope` and the `Scheduler` itself: each attempt has a scope of its own, and a
   * task may use the scheduler that runs it. What is wrong with the options fails the building of the layer.
   */
  static layer<T extends AnyTask<unknown> = never>(
    options: LayerOptions<T>
  ): Layer.Layer<Scheduler, LayerError, LayerRequirements<T>> {
    return onlyEffect3(Layer.scoped(Scheduler, makeService(options)), "Scheduler.layer(…)")
  }

  /** The same of options of which each, but for the tasks, may be a Config, such as `{ timezone: Config.string("TZ") }`. */
  static layerConfig<T extends AnyTask<unknown> = never>(
    options: ConfigurableOptions<T>
  ): Layer.Layer<Scheduler, LayerError | ConfigError.ConfigError, LayerRequirements<T>> {
    return Layer.unwrapEffect(Effect.map(configured<LayerOptions<T>>(options), (read) => Scheduler.layer(read)))
  }

  /**
   * A program that is a scheduler: starts it, and runs until it is interrupted, which drains it, or until the scheduler has stopped by
   * itself, which it fails with. What is wrong with the options fails it too.
   */
  static launch<T extends AnyTask<unknown> = never>(
    options: LayerOptions<T>
  ): Effect.Effect<never, LayerError | SchedulerFault, LayerRequirements<T>> {
    const launched = Effect.scoped(
      Effect.flatMap(Layer.build(Scheduler.layer(options)), (built) => Context.get(built, Scheduler).stopped)
    )
    return onlyEffect3(launched, "Scheduler.launch(…)")
  }

  static {
    onlyEffect3(Scheduler, "Scheduler")
    const iterate = Scheduler[Symbol.iterator].bind(Scheduler)
    // What `yield*` gives to whoever runs the generator is no longer the tag.
    Scheduler[Symbol.iterator] = () => {
      const iterator = iterate()
      const next = iterator.next.bind(iterator)
      iterator.next = (...given) => {
        const step = next(...(given as []))
        if (step.done !== true) onlyEffect3(step.value, "Scheduler")
        return step
      }
      return iterator
    }
  }
}

const makeService = <T extends AnyTask<unknown>>(given: LayerOptions<T>) =>
  Effect.gen(function* () {
    const { deadlineMs, waitMs, carried, options } = yield* refusable<
      ReturnType<typeof readLayerOptions<T>>,
      LayerError
    >(() => readLayerOptions(given))
    const clock = yield* Effect.clock
    const outer = yield* Effect.runtime<LayerRequirements<T>>()
    // Tasks run after `start`, so the service that they may ask for is whole by then.
    const service = {} as SchedulerService
    const runtime = Runtime.updateContext(outer, (context) =>
      // The layer's own scope and the span that surrounds its building are no attempt's.
      Context.omit(
        Scope.Scope,
        Tracer.ParentSpan
      )(context).pipe(
        Context.add(Scheduler, service),
        Context.add(AttemptObserver, attemptTelemetry(outer as Runtime.Runtime<never>, carried))
      )
    )
    const provided = yield* storeOf(options)
    const log = patientLog(outer, yield* Effect.scope, () => service.status)
    const scheduler = yield* refusable<EmbeddedScheduler, CreateSchedulerError>(() =>
      // The compiler holds the tasks' requirements to be this runtime's; the scheduler need not know which they are.
      createSchedulerWith(
        { clock, ...provided, ...options, onError: options.onError ?? log },
        runtime as Runtime.Runtime<unknown>
      )
    )
    const readCaller = callerReader(carried)
    Object.assign(service, serviceOf(scheduler, readCaller))
    putInside(service, { scheduler, deadlineMs, readCaller, scheduled: new Set() })
    yield* Effect.acquireRelease(
      attempt<void, StartError>(() => scheduler.start({ waitForStore: waitMs })),
      () => Effect.promise(() => scheduler.shutdown(deadlineMs === undefined ? {} : { deadline: deadlineMs }))
    )
    return service
  })

/** The program's store, for options that name none. */
const storeOf = ({ store, stores }: Pick<SchedulerOptions, "store" | "stores">) =>
  Effect.map(Effect.serviceOption(Store), (provided) =>
    store === undefined && stores?.["default"] === undefined && Option.isSome(provided) ? { store: provided.value } : {}
  )

/** Read before anything is started: a release cannot fail. Plain JavaScript may give anything. */
const readLayerOptions = <T extends AnyTask<unknown>>(given: LayerOptions<T>) => {
  if (!isObject(given)) throw new InvalidOptionError({ option: "(all)", found: inWords(given), expected: "an object" })
  const { deadline, waitForStore, context = {}, ...options } = given
  return {
    options,
    carried: readCarried(context),
    deadlineMs: deadline === undefined ? undefined : readDuration(deadline, "the layer's deadline"),
    waitMs: waitForStore === undefined ? 0 : readDuration(waitForStore, "the layer's waitForStore")
  }
}

const readCarried = (context: CarriedContext): CarriedContext => {
  const refuse = (option: string, found: unknown, expected: string): never => {
    throw new InvalidOptionError({ option, found: inWords(found), expected })
  }
  if (!isObject(context) || isUnreadable(context, 1))
    return refuse("context", context, "an object of what carry(…) gives")
  for (const [name, each] of Object.entries(context) as ReadonlyArray<[string, Partial<Carried> | null]>)
    if (typeof each?.read !== "function" || typeof each.put !== "function")
      return refuse(`context.${name}`, each, "what carry(…) gives")
  return { ...context }
}

const isObject = (given: unknown): boolean => typeof given === "object" && given !== null
