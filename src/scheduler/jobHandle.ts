/** A job in a caller's hand: what it was when it was fetched, and the verbs for it. */
import type { JobActor } from "../engine/jobActors.ts"
import type { JobChanges } from "../engine/writer/jobEdits.ts"
import type { LedgerQuery, PreviewEntry, RunQuery } from "../engine/query/queries.ts"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type { Explanation } from "../engine/query/explain.ts"
import type { LedgerEntry } from "../job/ledger.ts"
import type { JobOptions } from "../job/jobOptions.ts"
import type { Outcome, RunRecord } from "../job/run.ts"
import type { JobFault, JobState } from "../job/snapshot.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import { withFields } from "../time/readable.ts"
import type { Json, Trigger, TriggerSpec } from "../trigger/trigger.ts"
import type { Observable } from "rxjs"

/** A run that was asked for. */
export interface RunHandle {
  readonly runId: string
  readonly jobId: string
  readonly fireAt: EpochMillis
  /** The run's record, once its outcome is on disk. */
  settled(): Promise<RunRecord>
  /** When it has ended without success: another run for its fire time, see `retryRun`. */
  retry(): Promise<RunHandle>
}

/** When a job fires, for `rescheduleJob`. */
export type Timing = Pick<JobOptions, "start" | "end" | "jitter">

/** What becomes of the fire times of a pause. */
export interface ResumeOptions {
  /** `"skip"`: they are not made up. `"coalesce"`: they come due now. Default: what `resumeJob` says. */
  readonly missed?: "skip" | "coalesce"
}

/** What a handle needs of its scheduler. */
interface JobVerbs {
  job$(id: string): Observable<JobRecord>
  jobActor(id: string): Promise<JobActor>
  modifyJob(id: string, changes: JobChanges): Promise<JobHandle>
  rescheduleJob(id: string, trigger: Trigger, timing: Timing): Promise<JobHandle>
  pauseJob(id: string): Promise<JobHandle>
  resumeJob(id: string, options: ResumeOptions): Promise<JobHandle>
  skipNext(id: string): Promise<JobHandle>
  removeJob(id: string): Promise<void>
  runJob(id: string, options: { readonly args?: unknown }): Promise<RunHandle>
  retryRun(runId: string): Promise<RunHandle>
  getRuns(query: RunQuery): Promise<ReadonlyArray<RunRecord>>
  getLedger(query: LedgerQuery): Promise<ReadonlyArray<LedgerEntry>>
  preview(count: number, jobId: string): Promise<ReadonlyArray<PreviewEntry>>
  explain(jobId: string, instant: InstantInput): Promise<Explanation>
}

/** The fields are as of the moment it was fetched; `scheduler.getJob(id)` gives newer ones, `job.$` follows them. */
export class JobHandle {
  private readonly scheduler: JobVerbs
  private readonly read: () => JobRecord
  private kept: JobRecord | null = null
  readonly id: string

  constructor(scheduler: JobVerbs, id: string, read: () => JobRecord) {
    this.scheduler = scheduler
    this.id = id
    this.read = read
  }

  /** Everything there is to know, as plain data. */
  get record(): JobRecord {
    return (this.kept ??= this.read())
  }

  get name(): string {
    return this.record.name
  }
  get task(): string {
    return this.record.task
  }
  get args(): Json {
    return this.record.args
  }
  get trigger(): TriggerSpec {
    return this.record.trigger
  }
  get state(): JobState {
    return this.record.state
  }
  get nextFireAt(): EpochMillis | null {
    return this.record.nextFireAt
  }
  get lastFireAt(): EpochMillis | null {
    return this.record.lastFireAt
  }
  get lastOutcome(): Outcome | null {
    return this.record.lastOutcome
  }
  get runCount(): number {
    return this.record.runCount
  }
  get tags(): ReadonlyArray<string> {
    return this.record.tags
  }
  get metadata(): { readonly [key: string]: Json } {
    return this.record.metadata
  }
  get pausedBy(): "user" | "fault" | null {
    return this.record.pausedBy
  }
  get fault(): JobFault | null {
    return this.record.fault
  }
  get store(): string {
    return this.record.store
  }
  get executor(): string {
    return this.record.executor
  }

  /** The job's record now and after every change; completes when the job is removed or the scheduler stops. */
  get $(): Observable<JobRecord> {
    return this.scheduler.job$(this.id)
  }

  /** The job's XState actor, live from now on. */
  actor(): Promise<JobActor> {
    return this.scheduler.jobActor(this.id)
  }

  modify(changes: JobChanges): Promise<JobHandle> {
    return this.scheduler.modifyJob(this.id, changes)
  }

  reschedule(trigger: Trigger, timing: Timing = {}): Promise<JobHandle> {
    return this.scheduler.rescheduleJob(this.id, trigger, timing)
  }

  pause(): Promise<JobHandle> {
    return this.scheduler.pauseJob(this.id)
  }

  resume(options: ResumeOptions = {}): Promise<JobHandle> {
    return this.scheduler.resumeJob(this.id, options)
  }

  /** Leaves out the next fire time only. */
  skipNext(): Promise<JobHandle> {
    return this.scheduler.skipNext(this.id)
  }

  remove(): Promise<void> {
    return this.scheduler.removeJob(this.id)
  }

  run(options: { readonly args?: unknown } = {}): Promise<RunHandle> {
    return this.scheduler.runJob(this.id, options)
  }

  /** Another run for the fire time of a run of this job that did not succeed. */
  retryRun(runId: string): Promise<RunHandle> {
    return this.scheduler.retryRun(runId)
  }

  runs(query: Omit<RunQuery, "jobId"> = {}): Promise<ReadonlyArray<RunRecord>> {
    return this.scheduler.getRuns(withFields(query, { jobId: this.id }))
  }

  misfires(query: Omit<LedgerQuery, "jobId"> = {}): Promise<ReadonlyArray<LedgerEntry>> {
    return this.scheduler.getLedger(withFields(query, { jobId: this.id }))
  }

  async preview(count: number): Promise<ReadonlyArray<EpochMillis>> {
    return (await this.scheduler.preview(count, this.id)).map(({ fireAt }: PreviewEntry) => fireAt)
  }

  explain(instant: InstantInput): Promise<Explanation> {
    return this.scheduler.explain(this.id, instant)
  }
}
