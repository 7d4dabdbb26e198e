/** The face for Effect programs: a service whose verbs are Effects, and a layer that starts it and stops it. */
import type { Observable } from "rxjs"
import { Context, Effect, Layer, Stream } from "effect"
import type { JobActor } from "../engine/jobActors.ts"
import type { JobRecord } from "../engine/jobRecord.ts"
import type * as schedulerErrors from "../engine/schedulerError.ts"
import type { JobUnreadableError } from "../engine/jobCodec.ts"
import type { SchedulerEvent } from "../event/schedulerEvent.ts"
import type { JobInput } from "../job/jobOptions.ts"
import type { InvalidJobError } from "../job/jobOptions.ts"
import type { StoreError } from "../store/storeError.ts"
import type { InvalidTaskError } from "../task/task.ts"
import type { AsyncSchemaError, InvalidArgumentsError } from "../task/taskArguments.ts"
import type { DuplicateTaskError, UnknownTaskError } from "../task/taskRegistry.ts"
import type { InvalidDurationError } from "../time/duration.ts"
import type { InvalidInstantError } from "../time/instant.ts"
import type { UnknownTimezoneError } from "../time/zone.ts"
import type { InvalidTriggerError } from "../trigger/invalidTrigger.ts"
import type { FaultyTriggerError } from "../trigger/honest.ts"
import { createSchedulerWith } from "./createScheduler.ts"
import type { Scheduler as PromiseScheduler } from "./createScheduler.ts"
import type { InvalidExportError } from "./jobExchange.ts"
import type { JobHandle } from "./jobHandle.ts"
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

type Verbs = "addJobs" | "getJob" | "getJobs" | "modifyJob" | "rescheduleJob" | "pauseJob" | "resumeJob" | "removeJob" | "removeAllJobs"
  | "runJob" | "cancelRun" | "getRuns" | "getMisfires" | "preview" | "explain" | "verify" | "status" | "exportJobs" | "importJobs"
  | "addStore" | "removeStore"

type AsEffect<F> = F extends (...args: infer Args) => Promise<infer A> ? (...args: Args) => Effect.Effect<A, SchedulerError> : never

/** The verbs of `createScheduler`'s scheduler, as Effects. */
export type SchedulerService = { readonly [verb in Verbs]: AsEffect<PromiseScheduler[verb]> } & {
  readonly addJob: (input: JobInput) => Effect.Effect<JobHandle, SchedulerError>
  readonly pause: Effect.Effect<void, SchedulerError>
  readonly resume: Effect.Effect<void, SchedulerError>
  /** Everything that happens from now on; ends when the scheduler stops. Buffers without bound for a slow consumer. */
  readonly events: Stream.Stream<SchedulerEvent>
  /** The job's record now and after every change. */
  readonly job: (id: string) => Stream.Stream<JobRecord, SchedulerError>
  readonly jobActor: (id: string) => Effect.Effect<JobActor, SchedulerError>
  /** The same scheduler as promises and Observables. */
  readonly promises: PromiseScheduler
}

/** The service's tag. */
export class Scheduler extends Context.Tag("carillon/Scheduler")<Scheduler, SchedulerService>() {
  /**
   * Starts a scheduler with the surrounding clock and runtime, and drains it when the layer is released. What its tasks
   * require becomes what the layer requires.
   */
  static layer<R = never>(options: SchedulerOptions<R>): Layer.Layer<Scheduler, SchedulerError, R> {
    return Layer.scoped(Scheduler, makeService(options))
  }
}

const makeService = <R>(options: SchedulerOptions<R>) =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<R>()
    const clock = yield* Effect.clock
    const scheduler = yield* refusable(() => createSchedulerWith({ clock, ...options }, runtime))
    yield* Effect.acquireRelease(attempt(() => scheduler.start()), () => Effect.promise(() => scheduler.shutdown()))
    return serviceOf(scheduler)
  })

const serviceOf = (scheduler: PromiseScheduler): SchedulerService => ({
  addJob: (input) => attempt(() => scheduler.addJob(input)),
  addJobs: (...args) => attempt(() => scheduler.addJobs(...args)),
  getJob: (...args) => attempt(() => scheduler.getJob(...args)),
  getJobs: (...args) => attempt(() => scheduler.getJobs(...args)),
  modifyJob: (...args) => attempt(() => scheduler.modifyJob(...args)),
  rescheduleJob: (...args) => attempt(() => scheduler.rescheduleJob(...args)),
  pauseJob: (...args) => attempt(() => scheduler.pauseJob(...args)),
  resumeJob: (...args) => attempt(() => scheduler.resumeJob(...args)),
  removeJob: (...args) => attempt(() => scheduler.removeJob(...args)),
  removeAllJobs: (...args) => attempt(() => scheduler.removeAllJobs(...args)),
  runJob: (...args) => attempt(() => scheduler.runJob(...args)),
  cancelRun: (...args) => attempt(() => scheduler.cancelRun(...args)),
  getRuns: (...args) => attempt(() => scheduler.getRuns(...args)),
  getMisfires: (...args) => attempt(() => scheduler.getMisfires(...args)),
  preview: (...args) => attempt(() => scheduler.preview(...args)),
  explain: (...args) => attempt(() => scheduler.explain(...args)),
  verify: () => attempt(() => scheduler.verify()),
  status: () => attempt(() => scheduler.status()),
  exportJobs: (...args) => attempt(() => scheduler.exportJobs(...args)),
  importJobs: (...args) => attempt(() => scheduler.importJobs(...args)),
  addStore: (...args) => attempt(() => scheduler.addStore(...args)),
  removeStore: (...args) => attempt(() => scheduler.removeStore(...args)),
  pause: refusable(() => scheduler.pause()),
  resume: refusable(() => scheduler.resume()),
  events: streamOf(scheduler.events$).pipe(Stream.orDie),
  job: (id) => streamOf(scheduler.job$(id)),
  jobActor: (id) => attempt(() => scheduler.jobActor(id)),
  promises: scheduler
})

/** A verb's rejection is the Effect's failure; anything without a tag is a bug and dies. */
const attempt = <A>(verb: () => Promise<A>): Effect.Effect<A, SchedulerError> =>
  Effect.catchAll(Effect.tryPromise({ try: verb, catch: (error) => error }), failOrDie)

const refusable = <A>(verb: () => A): Effect.Effect<A, SchedulerError> =>
  Effect.catchAll(Effect.try({ try: verb, catch: (error) => error }), failOrDie)

const failOrDie = (error: unknown): Effect.Effect<never, SchedulerError> =>
  typeof error === "object" && error !== null && "_tag" in error ? Effect.fail(error as SchedulerError) : Effect.die(error)

const streamOf = <A>(observable: Observable<A>): Stream.Stream<A, SchedulerError> =>
  Stream.asyncPush<A, SchedulerError>((emit) =>
    Effect.acquireRelease(
      Effect.sync(() =>
        observable.subscribe({
          next: (value) => void emit.single(value),
          error: (error: unknown) => emit.fail(error as SchedulerError),
          complete: () => emit.end()
        })
      ),
      (subscription) => Effect.sync(() => subscription.unsubscribe())
    )
  )
