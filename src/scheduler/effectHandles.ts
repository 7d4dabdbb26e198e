/** Jobs and runs as an Effect program holds them: verbs are Effects, news are Streams. */
import { Effect } from "effect"
import type { Stream } from "effect"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type { Explanation } from "../engine/query/explain.ts"
import type { LedgerQuery, PreviewEntry, RunQuery } from "../engine/query/queries.ts"
import type { JobChanges } from "../engine/writer/jobEdits.ts"
import { withFields } from "../input/readable.ts"
import type { LedgerEntry } from "../job/ledger.ts"
import type { RunRecord } from "../job/run.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import type { Trigger } from "../trigger/trigger.ts"
import { attempt } from "./effectVerb.ts"
import type { JobActor } from "./jobActor.ts"
import type { JobField, JobHandle as PromiseJobHandle, RunHandle as PromiseRunHandle } from "./jobHandle.ts"
import { JobFields } from "./jobHandle.ts"
import type {
  CancelRunError,
  ExplainError,
  HistoryError,
  JobActorError,
  ModifyJobError,
  PauseJobError,
  PreviewError,
  RemoveJobError,
  ResumeJobError,
  RetryRunError,
  RunJobError,
  SkipNextError,
  WatchJobError
} from "./verbErrors.ts"
import type { SchedulerFault } from "./schedulerEnd.ts"
import type { ResumeOptions, RunOptions, Timing } from "./verbOptions.ts"

/** A run that was asked for. */
export interface RunHandle extends Pick<PromiseRunHandle, "runId" | "jobId" | "fireAt"> {
  /** The run's record, once its outcome is on disk. */
  readonly settled: Effect.Effect<RunRecord, CancelRunError>
  /** Once it has ended without success: another run for its fire time. See `retryRun` of the service. */
  readonly retry: Effect.Effect<RunHandle, RetryRunError>
}

/**
 * A job in a program's hand: what it was when it was fetched, and the verbs for it. `scheduler.getJob(id)` gives newer fields, `changes`
 * follows them. Each verb does and fails with what the service's of that name does, for this job.
 */
export interface JobHandle extends Pick<PromiseJobHandle, JobField> {
  /** The job's record now and after every change, `null` once it is removed. See `job` of the service. */
  readonly changes: Stream.Stream<JobRecord | null | undefined, WatchJobError | SchedulerFault>
  /** The job's XState actor, the caller's own: to look at, to send the verbs to, and to let go with `stop()`. */
  readonly actor: Effect.Effect<JobActor, JobActorError>
  /** Changes some of the definition, all or nothing. */
  modify(changes: JobChanges): Effect.Effect<JobHandle, ModifyJobError>
  /** Another trigger, from now on. */
  reschedule(trigger: Trigger, timing?: Timing): Effect.Effect<JobHandle, ModifyJobError>
  /** Fire times stop; runs under way go on. */
  readonly pause: Effect.Effect<JobHandle, PauseJobError>
  /** Ends a pause, a fault's too. */
  resume(options?: ResumeOptions): Effect.Effect<JobHandle, ResumeJobError>
  /** Leaves out the next fire time only. */
  readonly skipNext: Effect.Effect<JobHandle, SkipNextError>
  /** The id is free at once. */
  readonly remove: Effect.Effect<void, RemoveJobError>
  /** A run now, beside the schedule. */
  run(options?: RunOptions): Effect.Effect<RunHandle, RunJobError>
  /** Another run for the fire time of one of its runs that did not succeed. */
  retryRun(runId: string): Effect.Effect<RunHandle, RetryRunError>
  /** Its runs, newest fire time first. */
  runs(query?: Omit<RunQuery, "jobId">): Effect.Effect<ReadonlyArray<RunRecord>, HistoryError>
  /** Its fire times that are not runs of their own, newest first. */
  ledger(query?: Omit<LedgerQuery, "jobId">): Effect.Effect<ReadonlyArray<LedgerEntry>, HistoryError>
  /** Its next `count` fire times, in order; 1 to 10,000. */
  preview(count: number): Effect.Effect<ReadonlyArray<EpochMillis>, PreviewError>
  /** Why it ran at this instant, or why it did not. */
  explain(instant: InstantInput): Effect.Effect<Explanation, ExplainError>
}

/** What a handle needs of the service. */
export interface EffectVerbs {
  job(id: string): Stream.Stream<JobRecord | null | undefined, WatchJobError | SchedulerFault>
  jobActor(id: string): Effect.Effect<JobActor, JobActorError>
  modifyJob(id: string, changes: JobChanges): Effect.Effect<JobHandle, ModifyJobError>
  rescheduleJob(id: string, trigger: Trigger, timing?: Timing): Effect.Effect<JobHandle, ModifyJobError>
  pauseJob(id: string): Effect.Effect<JobHandle, PauseJobError>
  resumeJob(id: string, options?: ResumeOptions): Effect.Effect<JobHandle, ResumeJobError>
  skipNext(id: string): Effect.Effect<JobHandle, SkipNextError>
  removeJob(id: string): Effect.Effect<void, RemoveJobError>
  runJob(id: string, options?: RunOptions): Effect.Effect<RunHandle, RunJobError>
  retryRun(runId: string): Effect.Effect<RunHandle, RetryRunError>
  getRuns(query?: RunQuery): Effect.Effect<ReadonlyArray<RunRecord>, HistoryError>
  getLedger(query?: LedgerQuery): Effect.Effect<ReadonlyArray<LedgerEntry>, HistoryError>
  preview(count: number, jobId?: string): Effect.Effect<ReadonlyArray<PreviewEntry>, PreviewError>
  explain(jobId: string, instant: InstantInput): Effect.Effect<Explanation, ExplainError>
}

/** What the promise face gives, as this face gives it; all else as it is. */
export type InEffects<A> = A extends PromiseJobHandle
  ? JobHandle
  : A extends PromiseRunHandle
    ? RunHandle
    : A extends ReadonlyArray<PromiseJobHandle>
      ? ReadonlyArray<JobHandle>
      : A

export class EffectJob extends JobFields implements JobHandle {
  private readonly verbs: EffectVerbs

  constructor(verbs: EffectVerbs, job: PromiseJobHandle) {
    super(job.id, () => job.record)
    this.verbs = verbs
  }

  get changes(): Stream.Stream<JobRecord | null | undefined, WatchJobError | SchedulerFault> {
    return this.verbs.job(this.id)
  }

  get actor(): Effect.Effect<JobActor, JobActorError> {
    return this.verbs.jobActor(this.id)
  }

  get pause(): Effect.Effect<JobHandle, PauseJobError> {
    return this.verbs.pauseJob(this.id)
  }

  get skipNext(): Effect.Effect<JobHandle, SkipNextError> {
    return this.verbs.skipNext(this.id)
  }

  get remove(): Effect.Effect<void, RemoveJobError> {
    return this.verbs.removeJob(this.id)
  }

  modify(changes: JobChanges): Effect.Effect<JobHandle, ModifyJobError> {
    return this.verbs.modifyJob(this.id, changes)
  }

  reschedule(trigger: Trigger, timing: Timing = {}): Effect.Effect<JobHandle, ModifyJobError> {
    return this.verbs.rescheduleJob(this.id, trigger, timing)
  }

  resume(options: ResumeOptions = {}): Effect.Effect<JobHandle, ResumeJobError> {
    return this.verbs.resumeJob(this.id, options)
  }

  run(options: RunOptions = {}): Effect.Effect<RunHandle, RunJobError> {
    return this.verbs.runJob(this.id, options)
  }

  retryRun(runId: string): Effect.Effect<RunHandle, RetryRunError> {
    return this.verbs.retryRun(runId)
  }

  runs(query: Omit<RunQuery, "jobId"> = {}): Effect.Effect<ReadonlyArray<RunRecord>, HistoryError> {
    return this.verbs.getRuns(withFields(query, { jobId: this.id }))
  }

  ledger(query: Omit<LedgerQuery, "jobId"> = {}): Effect.Effect<ReadonlyArray<LedgerEntry>, HistoryError> {
    return this.verbs.getLedger(withFields(query, { jobId: this.id }))
  }

  preview(count: number): Effect.Effect<ReadonlyArray<EpochMillis>, PreviewError> {
    return Effect.map(this.verbs.preview(count, this.id), (entries) => entries.map(({ fireAt }) => fireAt))
  }

  explain(instant: InstantInput): Effect.Effect<Explanation, ExplainError> {
    return this.verbs.explain(this.id, instant)
  }
}

export const effectRun = (verbs: EffectVerbs, run: PromiseRunHandle): RunHandle => ({
  runId: run.runId,
  jobId: run.jobId,
  fireAt: run.fireAt,
  settled: attempt(() => run.settled()),
  get retry() {
    return verbs.retryRun(run.runId)
  }
})
