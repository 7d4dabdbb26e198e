/**
 * The face for Effect programs: a service whose verbs are Effects, and a layer that starts it and stops it. Decides nothing:
 * every verb is the promise face's own.
 */
import { Context, Effect, Fiber, Layer, Runtime, Supervisor } from "effect"
import type { Duration, Stream } from "effect"
import { effectStream } from "./effectStream.ts"
import type { SchedulerActor } from "../engine/engine.ts"
import type { JobActor } from "../engine/jobActors.ts"
import type { JobUnreadableError } from "../engine/job/jobCodec.ts"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type * as schedulerErrors from "../engine/schedulerError.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import type { SchedulerEvent } from "../event/schedulerEvent.ts"
import type { InvalidJobError, JobInput } from "../job/jobOptions.ts"
import { preview } from "../job/jobOptions.ts"
import type { RunRecord } from "../job/run.ts"
import type { StoreError } from "../store/storeError.ts"
import type { AnyTask, InvalidTaskError, TaskRequirements } from "../task/task.ts"
import type { AsyncSchemaError, InvalidArgumentsError } from "../task/taskArguments.ts"
import type { DuplicateTaskError, UnknownTaskError } from "../task/taskRegistry.ts"
import type { InvalidDurationError } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"
import type { InvalidInstantError } from "../time/instant.ts"
import type { UnknownTimezoneError } from "../time/zone.ts"
import type { FaultyTriggerError } from "../trigger/checkedTrigger.ts"
import type { InvalidTriggerError } from "../trigger/invalidTrigger.ts"
import { createSchedulerWith } from "./createScheduler.ts"
import type { NamedJobInput, Scheduler as PromiseScheduler, TypedJobInput } from "./createScheduler.ts"
import type { InvalidExportError } from "./jobExchange.ts"
import type { JobHandle, RunHandle } from "./jobHandle.ts"
import type { SchedulerOptions } from "./options.ts"

/** Everything a verb can fail with; branch on `_tag`. Anything else is a defect. */
export type SchedulerError =
  | InstanceType<(typeof schedulerErrors)[keyof typeof schedulerErrors]>
  | JobUnreadableError
  | InvalidJobError
  | InvalidTaskError
  | InvalidArgumentsError
  | AsyncSchemaError
  | DuplicateTaskError
  | UnknownTaskError
  | InvalidDurationError
  | InvalidInstantError
  | InvalidTriggerError
  | FaultyTriggerError
  | UnknownTimezoneError
  | InvalidExportError
  | StoreError

/** The verbs that differ in nothing but that they give an Effect. */
const verbs = [
  ...(["addJobs", "getJob", "getJobs", "modifyJob", "rescheduleJob", "pauseJob", "resumeJob", "removeJob"] as const),
  ...(["pauseJobs", "resumeJobs", "removeJobs", "skipNext"] as const),
  ...(["removeAllJobs", "runJob", "retryRun", "cancelRun", "getRuns", "getLedger", "preview", "explain"] as const),
  ...(["exportJobs", "importJobs", "addTask", "addStream", "addCalendar", "addStore", "removeStore"] as const)
]

type AsEffect<F> = F extends (...args: infer Args) => Promise<infer A>
  ? (...args: Args) => Effect.Effect<A, SchedulerError>
  : never

/** The verbs of `createScheduler`'s scheduler, as Effects. */
export type SchedulerService = { readonly [verb in (typeof verbs)[number]]: AsEffect<PromiseScheduler[verb]> } & {
  /** Adds one job; a task given as itself has its arguments checked by the compiler too. */
  readonly addJob: {
    <T extends AnyTask<unknown>>(input: TypedJobInput<T>): Effect.Effect<JobHandle, SchedulerError>
    (input: NamedJobInput): Effect.Effect<JobHandle, SchedulerError>
  }
  readonly verify: Effect.Effect<Awaited<ReturnType<PromiseScheduler["verify"]>>, SchedulerError>
  readonly status: Effect.Effect<Awaited<ReturnType<PromiseScheduler["status"]>>, SchedulerError>
  readonly pause: Effect.Effect<void, SchedulerError>
  readonly resume: Effect.Effect<void, SchedulerError>
  /** A run's record, once its outcome is on disk. */
  readonly settled: (run: RunHandle) => Effect.Effect<RunRecord, SchedulerError>
  /** Everything that happens from now on; ends when the scheduler stops. Buffers without bound for a slow consumer. */
  readonly events: Stream.Stream<SchedulerEvent>
  /** The job's record now and after every change; ends when the job is removed or the scheduler stops. */
  readonly job: (id: string) => Stream.Stream<JobRecord, SchedulerError>
  /** The scheduler's XState actor. */
  readonly actor: SchedulerActor
  /** The job's XState actor, live from now on until the job is done or the scheduler stops. */
  readonly jobActor: (id: string) => Effect.Effect<JobActor, SchedulerError>
  /** The same scheduler as promises and Observables. */
  readonly promises: PromiseScheduler
}

/** The options of a layer: a scheduler's, with tasks that may require something, and how it ends. */
export interface LayerOptions<T extends AnyTask<unknown> = AnyTask> extends Omit<SchedulerOptions, "tasks"> {
  readonly tasks?: ReadonlyArray<T>
  /** How long runs under way have when the layer is released; then they are interrupted. Default 30 seconds. */
  readonly deadline?: Duration.DurationInput
  /** How long to wait for another process to give a store back. Default: not at all. */
  readonly waitForStore?: Duration.DurationInput
}

/** The service's tag. */
export class Scheduler extends Context.Tag("carillon/Scheduler")<Scheduler, SchedulerService>() {
  /**
   * Starts a scheduler with the surrounding clock, and drains it when the layer is released: runs under way may end until
   * the deadline, then they are interrupted, and the release waits for their finalizers. What its tasks require becomes what
   * the layer requires, except the `Scheduler` itself: a task may use the scheduler that runs it. What is wrong with the
   * options fails the building of the layer.
   */
  static layer<T extends AnyTask<unknown> = never>(
    options: LayerOptions<T>
  ): Layer.Layer<Scheduler, SchedulerError, Exclude<TaskRequirements<T>, Scheduler>> {
    return Layer.scoped(Scheduler, makeService(options))
  }
}

const makeService = <T extends AnyTask<unknown>>(given: LayerOptions<T>) =>
  Effect.gen(function* () {
    const { deadlineMs, waitMs, options } = yield* refusable(() => readLayerOptions(given))
    const clock = yield* Effect.clock
    const fibers = yield* Supervisor.track
    const outer = yield* Effect.supervised(Effect.runtime<Exclude<TaskRequirements<T>, Scheduler>>(), fibers)
    // Tasks run after `start`, so the service that they may ask for is whole by then.
    const service = {} as SchedulerService
    const runtime = Runtime.updateContext(outer, Context.add(Scheduler, service))
    const scheduler = yield* refusable(() =>
      // The compiler holds the tasks' requirements to be this runtime's; the scheduler need not know which they are.
      createSchedulerWith({ clock, ...options }, runtime as Runtime.Runtime<unknown>)
    )
    Object.assign(service, serviceOf(scheduler))
    // Runs after the shutdown. The tasks' own resources are released later still.
    yield* Effect.addFinalizer(() => Effect.flatMap(fibers.value, Fiber.awaitAll))
    yield* Effect.acquireRelease(
      attempt(() => scheduler.start({ waitForStore: waitMs })),
      () => Effect.promise(() => scheduler.shutdown(deadlineMs === undefined ? {} : { deadline: deadlineMs }))
    )
    return service
  })

/** Read before anything is started: a release cannot fail. Plain JavaScript may give anything. */
const readLayerOptions = <T extends AnyTask<unknown>>(given: LayerOptions<T>) => {
  if (!isObject(given)) throw new InvalidOptionError({ option: "(all)", found: preview(given), expected: "an object" })
  const { deadline, waitForStore, ...options } = given
  return {
    options,
    deadlineMs: deadline === undefined ? undefined : readDuration(deadline, "the layer's deadline"),
    waitMs: waitForStore === undefined ? 0 : readDuration(waitForStore, "the layer's waitForStore")
  }
}

const isObject = (given: unknown): boolean => typeof given === "object" && given !== null

const serviceOf = (scheduler: PromiseScheduler): SchedulerService => ({
  ...promisedVerbs(scheduler),
  addJob: (input: JobInput) => attempt(() => scheduler.addJob(input)),
  verify: attempt(() => scheduler.verify()),
  status: attempt(() => scheduler.status()),
  pause: refusable(() => scheduler.pause()),
  resume: refusable(() => scheduler.resume()),
  settled: (run) => attempt(() => run.settled()),
  events: effectStream(scheduler.events$),
  job: (id) => effectStream<JobRecord, SchedulerError>(scheduler.job$(id)),
  actor: scheduler.actor,
  jobActor: (id) => attempt(() => scheduler.jobActor(id)),
  promises: scheduler
})

const promisedVerbs = (scheduler: PromiseScheduler): Pick<SchedulerService, (typeof verbs)[number]> => {
  const asEffect = (verb: (typeof verbs)[number]) => {
    const call = scheduler[verb].bind(scheduler) as (...args: ReadonlyArray<unknown>) => Promise<unknown>
    return (...args: ReadonlyArray<unknown>) => attempt(() => call(...args))
  }
  // `AsEffect` says of each verb's type what `asEffect` does to its value.
  return Object.fromEntries(verbs.map((verb) => [verb, asEffect(verb)])) as Pick<
    SchedulerService,
    (typeof verbs)[number]
  >
}

/** A verb's rejection is the Effect's failure when it is a tagged error; anything else is a bug and dies. */
const attempt = <A>(verb: () => Promise<A>): Effect.Effect<A, SchedulerError> =>
  Effect.catchAll(Effect.tryPromise({ try: verb, catch: (error) => error }), failOrDie)

const refusable = <A>(verb: () => A): Effect.Effect<A, SchedulerError> =>
  Effect.catchAll(Effect.try({ try: verb, catch: (error) => error }), failOrDie)

// A tag alone says little: Effect's own Causes and Exits have one too.
const failOrDie = (error: unknown): Effect.Effect<never, SchedulerError> =>
  error instanceof Error && "_tag" in error && typeof error._tag === "string"
    ? Effect.fail(error as SchedulerError)
    : Effect.die(error)
