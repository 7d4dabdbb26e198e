/**
 * Jobs defined apart from their code, for Effect programs: a name and schemas, which every module may import, and a layer that brings
 * the code and what it requires. What is executed by a definition is a durable job like any other.
 */
import type { Effect, Exit, Layer, Schema, Scope } from "effect"
import type { RuleOptions } from "../job/jobOptions.ts"
import type { RunRecord } from "../job/run.ts"
import type { RunEnded } from "../task/keptExit.ts"
import { exitReader } from "../task/keptExit.ts"
import type { DuplicateTaskError } from "../task/taskRegistry.ts"
import type { Trigger } from "../trigger/trigger.ts"
import { awaitJob, awaitRun, enqueue, execute } from "./jobExecution.ts"
import type { AwaitError, EnqueueError, EnqueueOptions, ExecuteOptions } from "./jobExecution.ts"
import { handlerLayer } from "./handlerLayer.ts"
import type { JobHandler } from "./handlerLayer.ts"
import { jobParts } from "./jobParts.ts"
import type { JobParts } from "./jobParts.ts"
import { scheduleLayer } from "./scheduleLayer.ts"
import type { ScheduleError, ScheduleOptions } from "./scheduleLayer.ts"
import type { Scheduler } from "./schedulerLayer.ts"

/** Arguments of a call: none where the job has none. */
export type Arguments<Args, Options> = [Args] extends [void]
  ? [args?: undefined, options?: Options]
  : [args: Args, options?: Options]

/** What is left of a handler's requirements: each attempt has its own scope, and the scheduler is there. */
type HandlerRequirements<R> = Exclude<R, Scheduler | Scope.Scope>

/** A kind of job: what it is called, takes, gives and fails with. Its code comes by `toLayer`, here or in another module. */
export interface Job<Name extends string = string, Args = never, Success = unknown, Error = unknown> {
  /** What stored jobs know its code by. */
  readonly name: Name
  /**
   * The code, as a layer: jobs of this definition are claimed from when it is built. Its release takes nothing new, lets runs under way end
   * within the scheduler's deadline, and interrupts and puts off the others, whatever `onInterrupted` says, before what the handler requires
   * is released. Fails with `DuplicateTaskError`: other code, or another definition, has the name.
   */
  toLayer<R>(
    handler: JobHandler<Args, Success, Error, R>
  ): Layer.Layer<never, DuplicateTaskError, Scheduler | HandlerRequirements<R>>
  /** The same of a handler that is made once, by an Effect with resources of its own until the layer is released. */
  toLayer<R, E2, R2>(
    handler: Effect.Effect<JobHandler<Args, Success, Error, R>, E2, R2>
  ): Layer.Layer<never, DuplicateTaskError | E2, Scheduler | HandlerRequirements<R> | Exclude<R2, Scope.Scope>>
  /**
   * A durable job of this definition, added when the layer is built, and replaced where it is there in another form. It stays when the layer is
   * released. Its id is the definition's name unless given. Fails with a `DefinitionError`, with `DuplicateJobError` (another layer, or
   * another store, has the id), `DuplicateTaskError`, `UnknownNameError` (its store), or with a `VerbError`.
   */
  schedule(
    trigger: Trigger,
    ...options: [Args] extends [void] ? [options?: ScheduleOptions<Args>] : [options: ScheduleOptions<Args>]
  ): Layer.Layer<never, ScheduleError, Scheduler>
  /**
   * Adds a job that runs once, at once or `at` an instant; it is on disk when its id is given. It waits until its code is here. Fails with
   * `InvalidArgumentsError`, `InvalidJobError` and `InvalidDurationError` (its options), `DuplicateJobError` (a job of another kind, or of another
   * store, has the id), `UnknownNameError` (its store), or with a `VerbError`.
   */
  enqueue(...given: Arguments<Args, EnqueueOptions>): Effect.Effect<string, EnqueueError, Scheduler>
  /**
   * `enqueue`, and what comes of it: gives what its last attempt gives, and fails with what that failed with, a defect as a defect. The process may
   * end meanwhile; execute it again under the same `id` then. Fails beside with `RunTimedOut`, `RunCancelled` and `RunInterrupted`, with
   * what `enqueue` fails with, and with `UnknownJobError` when the job is removed before it has run.
   */
  execute(
    ...given: Arguments<Args, ExecuteOptions>
  ): Effect.Effect<Success, Error | RunEnded | EnqueueError | AwaitError, Scheduler>
  /** What comes of an enqueued job, by its id: as `execute`. Waits while the job is not done. */
  await(jobId: string): Effect.Effect<Success, Error | RunEnded | AwaitError, Scheduler>
  /** What comes of one run, by its id, also of an earlier process: as `execute`. Waits while it has not ended. */
  awaitRun(runId: string): Effect.Effect<Success, Error | RunEnded | AwaitError, Scheduler>
  /** How a run of this definition has ended, of whatever day; `null`: it has not. What the schemas cannot read is a defect in it. */
  exitOf(run: RunRecord): Exit.Exit<Success, Error | RunEnded> | null
}

/** What a definition is made of. Schemas need no services and answer at once. */
export interface JobDefinition<Name extends string, Args, ArgsI, Success, SuccessI, Error, ErrorI> {
  /** 1 to 255 characters of well-formed Unicode, unique in the scheduler. */
  readonly name: Name
  /** What a job takes. Its encoded side is plain JSON. Default: nothing. */
  readonly args?: Schema.Schema<Args, ArgsI>
  /** What it gives. Its encoded side is plain JSON. Default: nothing. */
  readonly success?: Schema.Schema<Success, SuccessI>
  /** What it fails with. Its encoded side is plain JSON. Default: it does not. */
  readonly error?: Schema.Schema<Error, ErrorI>
  /** The rules of its jobs' runs, unless a job has its own. Default: the scheduler's. */
  readonly rules?: RuleOptions
}

/** Makes definitions of jobs. */
export const Job = {
  /** A definition apart from its code. Throws `InvalidTaskError`. */
  make: <
    const Name extends string,
    Args = void,
    ArgsI = void,
    Success = void,
    SuccessI = void,
    Error = never,
    ErrorI = never
  >(
    definition: JobDefinition<Name, Args, ArgsI, Success, SuccessI, Error, ErrorI>
  ): Job<Name, Args, Success, Error> => {
    // The parts that work with a definition know its encoded sides as JSON of whatever form, and its defaults as what they stand for.
    const parts = jobParts(definition) as unknown as JobParts<Args, Success, Error>
    return new NamedJob(definition.name, parts)
  }
}

class NamedJob<Name extends string, Args, Success, Error> implements Job<Name, Args, Success, Error> {
  readonly name: Name
  readonly exitOf: (run: RunRecord) => Exit.Exit<Success, Error | RunEnded> | null
  readonly #parts: JobParts<Args, Success, Error>

  constructor(name: Name, parts: JobParts<Args, Success, Error>) {
    this.name = name
    this.#parts = parts
    this.exitOf = exitReader(parts.success, parts.error)
    Object.freeze(this)
  }

  static partsOf(job: object): JobParts<unknown, unknown, unknown> | null {
    return #parts in job ? (job.#parts as JobParts<unknown, unknown, unknown>) : null
  }

  toLayer<R, E2 = never, R2 = never>(
    handler: JobHandler<Args, Success, Error, R> | Effect.Effect<JobHandler<Args, Success, Error, R>, E2, R2>
  ): Layer.Layer<never, DuplicateTaskError | E2, Scheduler | HandlerRequirements<R> | Exclude<R2, Scope.Scope>> {
    return handlerLayer(this.#parts, handler)
  }

  schedule(trigger: Trigger, options: object = {}): Layer.Layer<never, ScheduleError, Scheduler> {
    return scheduleLayer(this.#parts, trigger, options)
  }

  enqueue(args?: unknown, options: EnqueueOptions = {}): Effect.Effect<string, EnqueueError, Scheduler> {
    return enqueue(this.#parts, args, options)
  }

  execute(args?: unknown, options: ExecuteOptions = {}) {
    return execute(this.#parts, this.exitOf, args, options)
  }

  await(jobId: string): Effect.Effect<Success, Error | RunEnded | AwaitError, Scheduler> {
    return awaitJob(this.exitOf, jobId)
  }

  awaitRun(runId: string): Effect.Effect<Success, Error | RunEnded | AwaitError, Scheduler> {
    return awaitRun(this.exitOf, runId)
  }
}

/** What a definition is made of; `null`: `Job.make` has not made it. */
export const partsOf = (job: object): JobParts<unknown, unknown, unknown> | null => NamedJob.partsOf(job)
