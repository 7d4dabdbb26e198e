/**
 * What an Effect program has in its hand: the verbs of a scheduler as Effects, its news as Streams. Decides nothing: every verb is
 * the promise face's own, with its documentation, and fails with the errors that are named there.
 */
import type { Scope, Stream } from "effect"
import { Effect, Exit } from "effect"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type { JobQuery, RunQuery } from "../engine/query/queries.ts"
import type { SchedulerEvent } from "../event/schedulerEvent.ts"
import type { JobInput } from "../job/jobOptions.ts"
import type { RunRecord } from "../job/run.ts"
import type { AnyTask } from "../task/task.ts"
import type { Verification } from "../verify/verification.ts"
import type { EmbeddedScheduler } from "./createScheduler.ts"
import type { InEffects, JobHandle } from "./effectHandles.ts"
import { effectRun, EffectJob } from "./effectHandles.ts"
import { effectStream, subscribed } from "./effectStream.ts"
import type { ReadCaller } from "./callerContext.ts"
import { traceOfCaller } from "./callerContext.ts"
import { inWords } from "../input/inWords.ts"
import { isUnreadable } from "../input/readable.ts"
import { attempt, refusable } from "./effectVerb.ts"
import type { VerbErrors } from "./errorsByVerb.ts"
import type { JobHandle as PromiseJobHandle, RunHandle as PromiseRunHandle } from "./jobHandle.ts"
import type { NamedJobInput, Scheduler as PromiseScheduler, TypedJobInput } from "./scheduler.ts"
import type { SchedulerActor } from "./schedulerActor.ts"
import type { SchedulerFault } from "./schedulerEnd.ts"
import { endOf, stoppedOf } from "./schedulerEnd.ts"
import type { SchedulerStatus } from "./status.ts"
import type {
  AddJobError,
  EventsAfterError,
  LifeError,
  RetryRunError,
  RunJobError,
  VerbError,
  WatchJobError
} from "./verbErrors.ts"

/** Everything that a verb can fail with, whichever it is; branch on `_tag`. Each has a union of its own. Anything else is a defect. */
export type SchedulerError = VerbErrors[Verb | "addJob" | "pause" | "job$"]

/** The verbs that differ in nothing but that they give Effects, by what the Effects give. */
const verbs = {
  job: ["getJob", "modifyJob", "rescheduleJob", "pauseJob", "resumeJob", "skipNext"],
  jobs: ["addJobs", "getJobs", "importJobs"],
  run: ["runJob", "retryRun"],
  other: [
    ...(["removeJob", "removeAllJobs", "pauseJobs", "resumeJobs", "removeJobs", "jobActor", "snapshot"] as const),
    ...(["cancelRun", "sendToRun", "getRuns", "getLedger", "preview", "explain", "exportJobs"] as const),
    ...(["addTask", "addStream", "addCalendar", "addStore", "removeStore"] as const)
  ]
} as const

/** Their names. */
type Verb = (typeof verbs)[keyof typeof verbs][number]

/** Verbs as Effects. `Verb` is bound by the keys of `T` alone: only so each keeps its documentation. */
type Effects<T, Verb extends keyof T> = {
  readonly [V in Verb]: AsEffect<T[V], V extends keyof VerbErrors ? VerbErrors[V] : never>
}

type AsEffect<F, E> = F extends (...args: infer Args) => Promise<infer A>
  ? (...args: Args) => Effect.Effect<InEffects<A>, E>
  : never

/** The verbs of `createScheduler`'s scheduler, as Effects. Each fails with what the promise rejects with. */
export interface SchedulerService extends Effects<PromiseScheduler, Verb> {
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
  /**
   * Everything that happens from the moment that the stream is run; ends when the scheduler is shut down. Buffers without bound for a
   * slow consumer. Fails when the scheduler has stopped by itself, with `StoreFenced`.
   */
  readonly events: Stream.Stream<SchedulerEvent, SchedulerFault>
  /**
   * Everything that happened after the event with the id `cursor`, from what is stored, then everything that happens: see `eventsAfter$` of
   * the promise face. Fails with `InvalidCursorError`, a `StoreError`, and when the scheduler has stopped by itself.
   */
  readonly eventsAfter: (cursor: string) => Stream.Stream<SchedulerEvent, EventsAfterError | SchedulerFault>
  /**
   * Subscribes to the events until the scope is closed: the stream has all that happens from now on, whenever it is run. Each
   * event is taken once: who wants all of them subscribes himself. Ends and fails as `events` does.
   */
  readonly subscribe: Effect.Effect<Stream.Stream<SchedulerEvent, SchedulerFault>, never, Scope.Scope>
  /**
   * Fails when the scheduler has stopped by itself, with `StoreFenced`. Of one that is shut down, by the release of its layer or by `promises.shutdown`,
   * it is interrupted. Beside other work: `Effect.raceFirst(work, scheduler.stopped)`.
   */
  readonly stopped: Effect.Effect<never, SchedulerFault>
  /**
   * The job's record now and after every change; `null` while there is no such job, `undefined` while that is not known. Goes on when it
   * is removed and added again; ends when the scheduler is shut down. Buffers without bound for a slow consumer. Fails with
   * `InvalidJobError` (the id is no text), and with `StoreFenced` where the scheduler has stopped by itself.
   */
  readonly job: (id: string) => Stream.Stream<JobRecord | null | undefined, WatchJobError | SchedulerFault>
  /**
   * The jobs that `getJobs(query)` gives, in its order, now and after every change; 1,000 at the most unless `limit` says otherwise. Ends when
   * the scheduler is shut down. Fails with `InvalidOptionError`, and with `StoreFenced` where the scheduler has stopped by itself.
   */
  readonly jobs: (query?: JobQuery) => Stream.Stream<ReadonlyArray<JobRecord>, VerbErrors["jobs$"] | SchedulerFault>
  /** The same of the runs that `getRuns(query)` gives. Fails with `InvalidInstantError`, too, and so with `InvalidOptionError` and `StoreFenced`. */
  readonly runs: (query?: RunQuery) => Stream.Stream<ReadonlyArray<RunRecord>, VerbErrors["runs$"] | SchedulerFault>
  /**
   * What `status` gives, now and when it has changed; once a second at the most. The last is that of the scheduler that has stopped. Fails
   * with `StoreFenced` where it has stopped by itself.
   */
  readonly statusChanges: Stream.Stream<SchedulerStatus, SchedulerFault>
  /** The XState actor of the scheduler: see `Scheduler.actor` of the promise face. */
  readonly actor: SchedulerActor
  /** The same scheduler with promises and Observables. */
  readonly promises: PromiseScheduler
}

/** The verbs of a scheduler that starts and stops elsewhere. `readCaller`: who asks for runs. */
export const serviceOf = (scheduler: EmbeddedScheduler, readCaller: ReadCaller): SchedulerService => {
  const atEnd = (): Exit.Exit<void, SchedulerFault> => endOf(scheduler) ?? Exit.void
  // Handles are made when a verb is run, and the service is whole by then.
  const service: SchedulerService = {
    ...promisedVerbs(scheduler, () => service),
    addJob: (input: JobInput) =>
      readCaller(idIn(input)).pipe(
        Effect.flatMap((caller) => attempt<PromiseJobHandle, AddJobError>(() => scheduler.addJobFor(caller, input))),
        Effect.map((job) => new EffectJob(service, job))
      ),
    runJob: (id, options = {}) =>
      readCaller(typeof id === "string" ? id : inWords(id)).pipe(
        Effect.flatMap((caller) =>
          attempt<PromiseRunHandle, RunJobError>(() => scheduler.runJobFor(caller, id, options))
        ),
        Effect.map((run) => effectRun(service, run))
      ),
    retryRun: (runId) =>
      traceOfCaller.pipe(
        Effect.flatMap((caller) =>
          attempt<PromiseRunHandle, RetryRunError>(() => scheduler.retryRunFor(caller, runId))
        ),
        Effect.map((run) => effectRun(service, run))
      ),
    verify: attempt(() => scheduler.verify()),
    status: attempt(() => scheduler.status()),
    pause: refusable(() => scheduler.pause()),
    resume: refusable(() => scheduler.resume()),
    events: effectStream(scheduler.events$, atEnd),
    eventsAfter: (cursor) =>
      effectStream<SchedulerEvent, EventsAfterError | SchedulerFault>(scheduler.eventsAfter$(cursor), atEnd),
    subscribe: subscribed(scheduler.events$, atEnd),
    stopped: stoppedOf(scheduler),
    job: (id) => effectStream<JobRecord | null | undefined, WatchJobError | SchedulerFault>(scheduler.job$(id), atEnd),
    jobs: (query) =>
      effectStream<ReadonlyArray<JobRecord>, VerbErrors["jobs$"] | SchedulerFault>(scheduler.jobs$(query), atEnd),
    runs: (query) =>
      effectStream<ReadonlyArray<RunRecord>, VerbErrors["runs$"] | SchedulerFault>(scheduler.runs$(query), atEnd),
    statusChanges: effectStream(scheduler.status$, atEnd),
    actor: scheduler.actor,
    promises: scheduler
  }
  return service
}

/** For the error that names the job: what is wrong with the input itself, `addJob` says. */
const idIn = (input: unknown): string => {
  const id: unknown = isUnreadable(input, 1) ? undefined : (input as { readonly id?: unknown } | null | undefined)?.id
  return typeof id === "string" ? id : "(new)"
}

const promisedVerbs = (
  scheduler: PromiseScheduler,
  service: () => SchedulerService
): Effects<PromiseScheduler, Verb> => {
  const job = (given: PromiseJobHandle): JobHandle => new EffectJob(service(), given)
  const convert: Readonly<Record<keyof typeof verbs, (given: never) => unknown>> = {
    job: (given: PromiseJobHandle | undefined) => given && job(given),
    jobs: (given: ReadonlyArray<PromiseJobHandle>) => given.map(job),
    run: (given: PromiseRunHandle) => effectRun(service(), given),
    other: (given: unknown) => given
  }
  const asEffect = (verb: Verb, give: (given: never) => unknown) => {
    const call = scheduler[verb].bind(scheduler) as (...args: ReadonlyArray<unknown>) => Promise<never>
    return (...args: ReadonlyArray<unknown>) =>
      Effect.map(
        attempt(() => call(...args)),
        give
      )
  }
  const entries = (["job", "jobs", "run", "other"] as const).flatMap((kind) =>
    verbs[kind].map((verb) => [verb, asEffect(verb, convert[kind])] as const)
  )
  // `AsEffect` says of each verb's type what `asEffect` does to its value.
  return Object.fromEntries(entries) as Effects<PromiseScheduler, Verb>
}
