/** Jobs and runs as a caller holds them. */
import type { JobChanges } from "../engine/writer/jobEdits.ts"
import type { LedgerQuery, PreviewEntry, RunQuery } from "../engine/query/queries.ts"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type { Explanation } from "../engine/query/explain.ts"
import type { LedgerEntry } from "../job/ledger.ts"
import type { Outcome, RunRecord } from "../job/run.ts"
import type { JobFault, JobState } from "../job/snapshot.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import { checkKnownOptions } from "../engine/query/queryOptions.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import type { Json, Trigger, TriggerSpec } from "../trigger/trigger.ts"
import type { Observable } from "rxjs"
import type { JobActor } from "./jobActor.ts"
import { inWords } from "../input/inWords.ts"
import { withFields } from "../input/readable.ts"
import type { SentEvent } from "../task/runMessage.ts"
import type { ResumeOptions, RunOptions, Timing } from "./verbOptions.ts"

/** A run that was asked for. */
export interface RunHandle {
  /** `getRuns`, `cancelRun`, `retryRun` and `sendToRun` take it. */
  readonly runId: string
  /** Of the job that runs. */
  readonly jobId: string
  /** When it was asked for; of a run that is tried again, that run's fire time. */
  readonly fireAt: EpochMillis
  /** The run's record, once its outcome is on disk. Rejects with `UnknownNameError` when the run is deleted by then, or a `VerbError`. */
  settled(): Promise<RunRecord>
  /** Once it has ended without success: another run for its fire time. See `Scheduler.retryRun`, also for what it rejects with. */
  retry(): Promise<RunHandle>
  /** An event for the machine that it is. See `Scheduler.sendToRun`, also for what it rejects with. */
  send(event: SentEvent): Promise<void>
}

/** What was given as `missed`, checked. Throws `InvalidOptionError`. */
export const readMissed = (verb: string, options: ResumeOptions): ResumeOptions["missed"] => {
  checkKnownOptions(verb, options, ["missed"])
  const { missed } = options
  // Plain JavaScript may give anything.
  if (missed !== undefined && !["skip", "coalesce"].includes(missed))
    throw new InvalidOptionError({ option: "missed", found: inWords(missed), expected: `"skip" or "coalesce"` })
  return missed
}

/** The fields of a record that a handle has too. */
type RecordField =
  | "id"
  | "name"
  | "task"
  | "args"
  | "trigger"
  | "state"
  | "nextFireAt"
  | "lastFireAt"
  | "lastOutcome"
  | "runCount"
  | "tags"
  | "metadata"
  | "pausedBy"
  | "fault"
  | "store"
  | "executor"

/** What a handle shows without asking. */
export type JobField = RecordField | "record"

/**
 * A job in a caller's hand: what it was when it was fetched, and the verbs for it. `scheduler.getJob(id)` gives newer fields, `$` follows
 * them. Each verb does and rejects with what the scheduler's of that name does, for this job.
 */
export interface JobHandle extends Pick<JobRecord, RecordField> {
  /** Everything there is to know, as plain data. */
  readonly record: JobRecord
  /** The job's record now and after every change, `null` once it is removed; completes when the scheduler stops. See `Scheduler.job$`. */
  readonly $: Observable<JobRecord | null | undefined>
  /** The job's XState actor, the caller's own: to look at, to send the verbs to, and to let go with `stop()`. See `Scheduler.jobActor`. */
  actor(): Promise<JobActor>
  /** Changes some of the definition, all or nothing. See `Scheduler.modifyJob`. */
  modify(changes: JobChanges): Promise<JobHandle>
  /** Another trigger, from now on. See `Scheduler.rescheduleJob`. */
  reschedule(trigger: Trigger, timing?: Timing): Promise<JobHandle>
  /** Fire times stop; runs under way go on. See `Scheduler.pauseJob`. */
  pause(): Promise<JobHandle>
  /** Ends a pause, a fault's too. See `Scheduler.resumeJob`. */
  resume(options?: ResumeOptions): Promise<JobHandle>
  /** Leaves out the next fire time only. See `Scheduler.skipNext`. */
  skipNext(): Promise<JobHandle>
  /** The id is free at once. See `Scheduler.removeJob`. */
  remove(): Promise<void>
  /** A run now, beside the schedule. See `Scheduler.runJob`. */
  run(options?: RunOptions): Promise<RunHandle>
  /** Another run for the fire time of one of its runs that did not succeed. See `Scheduler.retryRun`. */
  retryRun(runId: string): Promise<RunHandle>
  /** Its runs, newest fire time first. See `Scheduler.getRuns`. */
  runs(query?: Omit<RunQuery, "jobId">): Promise<ReadonlyArray<RunRecord>>
  /** Its fire times that are not runs of their own, newest first. See `Scheduler.getLedger`. */
  ledger(query?: Omit<LedgerQuery, "jobId">): Promise<ReadonlyArray<LedgerEntry>>
  /** Its next `count` fire times, in order; 1 to 10,000. See `Scheduler.preview`. */
  preview(count: number): Promise<ReadonlyArray<EpochMillis>>
  /** Why it ran at this instant, or why it did not. See `Scheduler.explain`. */
  explain(instant: InstantInput): Promise<Explanation>
}

/** What a handle needs of its scheduler. */
interface JobVerbs {
  job$(id: string): Observable<JobRecord | null | undefined>
  jobActor(id: string): Promise<JobActor>
  modifyJob(id: string, changes: JobChanges): Promise<JobHandle>
  rescheduleJob(id: string, trigger: Trigger, timing: Timing): Promise<JobHandle>
  pauseJob(id: string): Promise<JobHandle>
  resumeJob(id: string, options: ResumeOptions): Promise<JobHandle>
  skipNext(id: string): Promise<JobHandle>
  removeJob(id: string): Promise<void>
  runJob(id: string, options: RunOptions): Promise<RunHandle>
  retryRun(runId: string): Promise<RunHandle>
  getRuns(query: RunQuery): Promise<ReadonlyArray<RunRecord>>
  getLedger(query: LedgerQuery): Promise<ReadonlyArray<LedgerEntry>>
  preview(count: number, jobId: string): Promise<ReadonlyArray<PreviewEntry>>
  explain(jobId: string, instant: InstantInput): Promise<Explanation>
}

/** What a handle of either face shows of its job. Makes a record when it is first asked for one: most handles are only passed on. */
export class JobFields implements Pick<JobHandle, JobField> {
  private readonly read: () => JobRecord
  private kept: JobRecord | null = null
  readonly id: string

  constructor(id: string, read: () => JobRecord) {
    this.id = id
    this.read = read
  }

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
}

/** A job and the verbs of its scheduler. */
export class FetchedJob extends JobFields implements JobHandle {
  private readonly scheduler: JobVerbs

  constructor(scheduler: JobVerbs, id: string, read: () => JobRecord) {
    super(id, read)
    this.scheduler = scheduler
  }

  get $(): Observable<JobRecord | null | undefined> {
    return this.scheduler.job$(this.id)
  }

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

  skipNext(): Promise<JobHandle> {
    return this.scheduler.skipNext(this.id)
  }

  remove(): Promise<void> {
    return this.scheduler.removeJob(this.id)
  }

  run(options: RunOptions = {}): Promise<RunHandle> {
    return this.scheduler.runJob(this.id, options)
  }

  retryRun(runId: string): Promise<RunHandle> {
    return this.scheduler.retryRun(runId)
  }

  runs(query: Omit<RunQuery, "jobId"> = {}): Promise<ReadonlyArray<RunRecord>> {
    return this.scheduler.getRuns(withFields(query, { jobId: this.id }))
  }

  ledger(query: Omit<LedgerQuery, "jobId"> = {}): Promise<ReadonlyArray<LedgerEntry>> {
    return this.scheduler.getLedger(withFields(query, { jobId: this.id }))
  }

  async preview(count: number): Promise<ReadonlyArray<EpochMillis>> {
    return (await this.scheduler.preview(count, this.id)).map(({ fireAt }: PreviewEntry) => fireAt)
  }

  explain(instant: InstantInput): Promise<Explanation> {
    return this.scheduler.explain(this.id, instant)
  }
}
