/** Jobs of a definition that run once, and what comes of them: on disk before anybody waits, so that the process may end meanwhile. */
import { Effect, Option, Stream } from "effect"
import type { Exit } from "effect"
import type { UnknownNameError } from "../engine/schedulerError.ts"
import { DuplicateJobError, SchedulerStoppedError, UnknownJobError } from "../engine/schedulerError.ts"
import { inWords } from "../input/inWords.ts"
import { isUnreadableData, unreadableText } from "../input/readable.ts"
import type { JobInput, JobOptions } from "../job/jobOptions.ts"
import { InvalidJobError } from "../job/jobOptions.ts"
import type { RunRecord } from "../job/run.ts"
import type { RunEnded } from "../task/keptExit.ts"
import type { InvalidArgumentsError } from "../task/taskArguments.ts"
import type { InvalidDurationError } from "../time/duration.ts"
import type { InstantInput } from "../time/instant.ts"
import { date } from "../trigger/date.ts"
import type { InvalidTriggerError } from "../trigger/invalidTrigger.ts"
import type { Trigger } from "../trigger/trigger.ts"
import { attempt, refusable } from "./effectVerb.ts"
import type { JobHandle } from "./jobHandle.ts"
import { encodeArguments } from "./jobParts.ts"
import type { JobParts } from "./jobParts.ts"
import { insideOf } from "./schedulerInside.ts"
import type { SchedulerInside } from "./schedulerInside.ts"
import { Scheduler } from "./schedulerLayer.ts"
import type { AddJobError, CancelRunError, VerbError } from "./verbErrors.ts"

/** What `enqueue` and `execute` may be told of the one job that they add. */
export interface EnqueueOptions extends Pick<
  JobOptions,
  | ("name" | "tags" | "metadata" | "executor" | "store")
  | ("retry" | "timeout" | "misfireGrace" | "onInterrupted" | "onAborted")
> {
  /**
   * The job's id: whoever enqueues under an id that is taken gets the job that has it, its arguments and its outcome, as long as it is kept.
   * Default: another one each time.
   */
  readonly id?: string
  /** Not before this instant. Default: at once. */
  readonly at?: InstantInput
}

/** What `execute` may be told beside. */
export interface ExecuteOptions extends EnqueueOptions {
  /** What becomes of the run when the Effect is interrupted: `"leave"` (default) lets it go on, `"cancel"` cancels it. */
  readonly onInterrupt?: "leave" | "cancel"
}

/** What `enqueue` of a job fails with. */
export type EnqueueError =
  | VerbError
  | InvalidArgumentsError
  | InvalidJobError
  | InvalidDurationError
  | InvalidTriggerError
  | DuplicateJobError
  | UnknownNameError

/** What waiting for a job fails with, beside what its runs end with. */
export type AwaitError = VerbError | InvalidJobError | UnknownJobError | UnknownNameError

/** Reads how a run has ended; `null`: it has not. */
type ExitOf<A, E> = (run: RunRecord) => Exit.Exit<A, E | RunEnded> | null

/** What `enqueue` adds: arguments encoded, rules of the definition below those given. */
export const enqueuedJob = <Args, Success, Error>(
  parts: JobParts<Args, Success, Error>,
  args: unknown,
  given: EnqueueOptions
): Effect.Effect<
  Omit<JobInput, "ifExists">,
  InvalidArgumentsError | InvalidJobError | InvalidDurationError | InvalidTriggerError
> =>
  Effect.gen(function* () {
    const { at, ...options } = yield* readOptions(given)
    const encoded = yield* encodeArguments(parts, args, options.id ?? null)
    const timing = at === undefined ? {} : { trigger: yield* refusable<Trigger, InvalidTriggerError>(() => date(at)) }
    return { ...parts.rules, ...options, ...timing, task: parts.definition.name, args: encoded }
  })

/** `Job.enqueue`. */
export const enqueue = <Args, Success, Error>(
  parts: JobParts<Args, Success, Error>,
  args: unknown,
  given: EnqueueOptions
): Effect.Effect<string, EnqueueError, Scheduler> =>
  Effect.gen(function* () {
    const { scheduler, readCaller } = yield* Effect.flatMap(Scheduler, insideOf)
    const { definition } = parts
    // Two definitions of one name are a bug of the program, whenever it is seen.
    yield* Effect.sync(() => scheduler.defineTask(definition))
    const input = yield* enqueuedJob(parts, args, given)
    const ifExists = input.id === undefined ? "error" : "keep"
    const caller = yield* readCaller(input.id ?? "(new)")
    const job = yield* attempt<JobHandle, AddJobError>(() => scheduler.addJobFor(caller, { ...input, ifExists })).pipe(
      Effect.catchTags(impossible)
    )
    if (job.task !== definition.name)
      return yield* Effect.fail(new DuplicateJobError({ jobId: job.id, store: job.store }))
    return job.id
  })

/** The definition is known, its trigger a date, its schema answers at once. */
const impossible = {
  UnknownTaskError: Effect.die,
  FaultyTriggerError: Effect.die,
  AsyncSchemaError: Effect.die
} as const

/** Plain JavaScript may give anything. */
const readOptions = <Options extends object>(given: Options): Effect.Effect<Options, InvalidJobError> => {
  const unreadable = isUnreadableData(given, 1)
  if (typeof (given as unknown) === "object" && (given as unknown) !== null && !unreadable) return Effect.succeed(given)
  const found = unreadable ? unreadableText : inWords(given)
  return Effect.fail(new InvalidJobError({ jobId: "(new)", field: "the options", found, expected: "an object" }))
}

/** `Job.execute`. */
export const execute = <Args, Success, Error>(
  parts: JobParts<Args, Success, Error>,
  exitOf: ExitOf<Success, Error>,
  args: unknown,
  given: ExecuteOptions
): Effect.Effect<Success, Error | RunEnded | EnqueueError | AwaitError, Scheduler> =>
  Effect.gen(function* () {
    const { onInterrupt = "leave", ...options } = yield* readOptions(given)
    if (!(["leave", "cancel"] as ReadonlyArray<unknown>).includes(onInterrupt)) {
      const expected = `"leave" or "cancel"`
      const refused = { jobId: options.id ?? "(new)", field: "onInterrupt", found: inWords(onInterrupt), expected }
      return yield* Effect.fail(new InvalidJobError(refused))
    }
    const jobId = yield* enqueue(parts, args, options)
    const waiting = awaitJob(exitOf, jobId)
    return yield* onInterrupt === "cancel" ? Effect.onInterrupt(waiting, () => cancel(jobId)) : waiting
  })

/** `Job.await`. */
export const awaitJob = <A, E>(
  exitOf: ExitOf<A, E>,
  jobId: string
): Effect.Effect<A, E | RunEnded | AwaitError, Scheduler> =>
  Effect.gen(function* () {
    const service = yield* Scheduler
    const inside = yield* insideOf(service)
    const last = yield* service.job(jobId).pipe(
      Stream.filter((job) => job === null || job?.state === "done"),
      Stream.runHead
    )
    if (Option.isNone(last)) return yield* Effect.fail(new SchedulerStoppedError({ verb: "await", reason: null }))
    const run = yield* newestRun(inside, jobId)
    if (run === undefined) return yield* Effect.fail(new UnknownJobError({ jobId, verb: "await" }))
    return yield* exitOf(run) ?? runEnd(inside, exitOf, run.runId)
  })

/** `Job.awaitRun`. */
export const awaitRun = <A, E>(
  exitOf: ExitOf<A, E>,
  runId: string
): Effect.Effect<A, E | RunEnded | AwaitError, Scheduler> =>
  Effect.flatMap(Effect.flatMap(Scheduler, insideOf), (inside) => runEnd(inside, exitOf, runId))

const runEnd = <A, E>(
  { scheduler }: SchedulerInside,
  exitOf: ExitOf<A, E>,
  runId: string
): Effect.Effect<A, E | RunEnded | AwaitError> =>
  Effect.flatMap(
    attempt<RunRecord, CancelRunError>(() => scheduler.settledRun(runId)),
    (run) => exitOf(run) ?? Effect.dieMessage(`run "${runId}" has settled without an outcome`)
  )

const newestRun = ({ scheduler }: SchedulerInside, jobId: string): Effect.Effect<RunRecord | undefined, VerbError> =>
  Effect.map(
    attempt<ReadonlyArray<RunRecord>, VerbError>(() => scheduler.getRuns({ jobId, limit: 1 })),
    ([run]) => run
  )

/** Nobody waits for it any more: what is not claimed is removed, what is under way cancelled. */
const cancel = (jobId: string): Effect.Effect<void, never, Scheduler> =>
  Effect.gen(function* () {
    const inside = yield* Effect.flatMap(Scheduler, insideOf)
    const { scheduler } = inside
    const run = yield* newestRun(inside, jobId)
    if (run === undefined) yield* attempt(() => scheduler.removeJob(jobId))
    const claimed = run ?? (yield* newestRun(inside, jobId))
    if (claimed?.outcome === null) yield* attempt(() => scheduler.cancelRun(claimed.runId))
  }).pipe(Effect.ignoreLogged)
