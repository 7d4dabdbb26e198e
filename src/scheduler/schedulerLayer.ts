/**
 * The face for Effect programs: a service whose verbs are Effects, and a layer that starts it and stops it. Decides nothing:
 * every verb is the promise face's own, with its documentation, and fails with the errors that are named there.
 */
import { Context, Effect, Layer, Runtime } from "effect"
import type { Scope, Stream } from "effect"
import { inWords } from "../input/inWords.ts"
import { effectStream } from "./effectStream.ts"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import type { SchedulerEvent } from "../event/schedulerEvent.ts"
import type { JobInput } from "../job/jobOptions.ts"
import type { RunRecord } from "../job/run.ts"
import type { AnyTask, TaskRequirements } from "../task/task.ts"
import type { DurationLike } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"
import type { Verification } from "../verify/verification.ts"
import { createSchedulerWith } from "./createScheduler.ts"
import type { JobHandle, RunHandle } from "./jobHandle.ts"
import type { VerbErrors } from "./errorsByVerb.ts"
import type { SchedulerOptions } from "./options.ts"
import type { NamedJobInput, Scheduler as PromiseScheduler, TypedJobInput } from "./scheduler.ts"
import type { SchedulerActor } from "./schedulerActor.ts"
import type { SchedulerStatus } from "./status.ts"
import type {
  AddJobError,
  CancelRunError,
  CreateSchedulerError,
  LifeError,
  StartError,
  VerbError,
  WatchJobError
} from "./verbErrors.ts"

/** Everything that a verb can fail with, whichever it is; branch on `_tag`. Each has a union of its own. Anything else is a defect. */
export type SchedulerError = VerbErrors[(typeof verbs)[number] | "addJob" | "pause" | "job$"]

/** What the building of the layer fails with: what `createScheduler` throws, and what `start` rejects with. */
export type LayerError = CreateSchedulerError | StartError

/** The verbs that differ in nothing but that they give an Effect. */
const verbs = [
  ...(["addJobs", "getJob", "getJobs", "modifyJob", "rescheduleJob", "pauseJob", "resumeJob", "removeJob"] as const),
  ...(["pauseJobs", "resumeJobs", "removeJobs", "skipNext", "jobActor", "snapshot"] as const),
  ...(["removeAllJobs", "runJob", "retryRun", "cancelRun", "getRuns", "getLedger", "preview", "explain"] as const),
  ...(["exportJobs", "importJobs", "addTask", "addStream", "addCalendar", "addStore", "removeStore"] as const)
]

/** Verbs as Effects. `Verb` is bound by the keys of `T` alone: only so each keeps its documentation. */
type Effects<T, Verb extends keyof T> = {
  readonly [V in Verb]: AsEffect<T[V], V extends keyof VerbErrors ? VerbErrors[V] : never>
}

type AsEffect<F, E> = F extends (...args: infer Args) => Promise<infer A>
  ? (...args: Args) => Effect.Effect<A, E>
  : never

/** The verbs of `createScheduler`'s scheduler, as Effects. Each fails with what the promise rejects with. */
export interface SchedulerService extends Effects<PromiseScheduler, (typeof verbs)[number]> {
  /**
   * Adds one job; a task given as itself has its arguments checked by the compiler too. Fails with a `DefinitionError`, with
   * `DuplicateJobError` when the id is taken, in whatever store, with `UnknownNameError` (its store), or with a `VerbError`.
   */
  readonly addJob: {
    <T extends AnyTask<unknown>>(input: TypedJobInput<T>): Effect.Effect<JobHandle, AddJobError>
    (input: NamedJobInput): Effect.Effect<JobHandle, AddJobError>
  }
  /** Checks the records of every job that is not removed against the promises. Changes nothing. Fails with a `VerbError`. */
  readonly verify: Effect.Effect<Verification, VerbError>
  /** The scheduler at a glance: every fault that lasts has a line here. Answers whatever the stores do. */
  readonly status: Effect.Effect<SchedulerStatus>
  /** Fires nothing more; runs under way go on. Paused already: nothing. Fails with a `LifeError`. */
  readonly pause: Effect.Effect<void, LifeError>
  /** Ends `pause`: what came due meanwhile is made up by the jobs' rules. Not paused: nothing. Fails with a `LifeError`. */
  readonly resume: Effect.Effect<void, LifeError>
  /** A run's record, once its outcome is on disk. Fails with `UnknownNameError` when the run is deleted by then, or a `VerbError`. */
  readonly settled: (run: RunHandle) => Effect.Effect<RunRecord, CancelRunError>
  /** Everything that happens from now on; ends when the scheduler stops. Buffers without bound for a slow consumer. */
  readonly events: Stream.Stream<SchedulerEvent>
  /**
   * The job's record now and after every change; ends when the job is removed or the scheduler stops. Buffers without bound for a slow
   * consumer. Fails with `UnknownJobError`, `InvalidJobError` (the id is no text) or a `VerbError`.
   */
  readonly job: (id: string) => Stream.Stream<JobRecord, WatchJobError>
  /** The XState actor of the scheduler: see `Scheduler.actor` of the promise face. */
  readonly actor: SchedulerActor
  /** The same scheduler with promises and Observables. */
  readonly promises: PromiseScheduler
}

/** The options of a layer: a scheduler's, with tasks that may require something, and how it ends. */
export interface LayerOptions<T extends AnyTask<unknown> = AnyTask> extends Omit<SchedulerOptions, "tasks"> {
  /** Everything that jobs may run. What their Effects require, the layer requires. */
  readonly tasks?: ReadonlyArray<T>
  /** How long runs under way have when the layer is released; then they are interrupted. Default 30 seconds. */
  readonly deadline?: DurationLike
  /** How long to wait for another process to give a store back. Default: not at all. */
  readonly waitForStore?: DurationLike
}

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
    return Layer.scoped(Scheduler, makeService(options))
  }
}

const makeService = <T extends AnyTask<unknown>>(given: LayerOptions<T>) =>
  Effect.gen(function* () {
    const { deadlineMs, waitMs, options } = yield* refusable<ReturnType<typeof readLayerOptions<T>>, LayerError>(() =>
      readLayerOptions(given)
    )
    const clock = yield* Effect.clock
    const outer = yield* Effect.runtime<LayerRequirements<T>>()
    // Tasks run after `start`, so the service that they may ask for is whole by then.
    const service = {} as SchedulerService
    const runtime = Runtime.updateContext(outer, Context.add(Scheduler, service))
    const scheduler = yield* refusable<PromiseScheduler, CreateSchedulerError>(() =>
      // The compiler holds the tasks' requirements to be this runtime's; the scheduler need not know which they are.
      createSchedulerWith({ clock, ...options }, runtime as Runtime.Runtime<unknown>)
    )
    Object.assign(service, serviceOf(scheduler))
    yield* Effect.acquireRelease(
      attempt<void, StartError>(() => scheduler.start({ waitForStore: waitMs })),
      () => Effect.promise(() => scheduler.shutdown(deadlineMs === undefined ? {} : { deadline: deadlineMs }))
    )
    return service
  })

/** Read before anything is started: a release cannot fail. Plain JavaScript may give anything. */
const readLayerOptions = <T extends AnyTask<unknown>>(given: LayerOptions<T>) => {
  if (!isObject(given)) throw new InvalidOptionError({ option: "(all)", found: inWords(given), expected: "an object" })
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
  addJob: (input: JobInput) => attempt<JobHandle, AddJobError>(() => scheduler.addJob(input)),
  verify: attempt(() => scheduler.verify()),
  status: attempt(() => scheduler.status()),
  pause: refusable(() => scheduler.pause()),
  resume: refusable(() => scheduler.resume()),
  settled: (run) => attempt(() => run.settled()),
  events: effectStream(scheduler.events$),
  job: (id) => effectStream<JobRecord, WatchJobError>(scheduler.job$(id)),
  actor: scheduler.actor,
  promises: scheduler
})

const promisedVerbs = (scheduler: PromiseScheduler): Effects<PromiseScheduler, (typeof verbs)[number]> => {
  const asEffect = (verb: (typeof verbs)[number]) => {
    const call = scheduler[verb].bind(scheduler) as (...args: ReadonlyArray<unknown>) => Promise<unknown>
    return (...args: ReadonlyArray<unknown>) => attempt(() => call(...args))
  }
  // `AsEffect` says of each verb's type what `asEffect` does to its value.
  return Object.fromEntries(verbs.map((verb) => [verb, asEffect(verb)])) as Effects<
    PromiseScheduler,
    (typeof verbs)[number]
  >
}

/** A verb's rejection is the Effect's failure when it is a tagged error, `E` by what the verb promises; anything else is a bug and dies. */
const attempt = <A, E>(verb: () => Promise<A>): Effect.Effect<A, E> =>
  Effect.catchAll(Effect.tryPromise({ try: verb, catch: (error) => error }), failOrDie<E>)

const refusable = <A, E>(verb: () => A): Effect.Effect<A, E> =>
  Effect.catchAll(Effect.try({ try: verb, catch: (error) => error }), failOrDie<E>)

// A tag alone says little: Effect's own Causes and Exits have one too.
const failOrDie = <E>(error: unknown): Effect.Effect<never, E> =>
  error instanceof Error && "_tag" in error && typeof error._tag === "string"
    ? Effect.fail(error as E)
    : Effect.die(error)
