/**
 * What a scheduler is to a program: every verb, what it promises and what it fails with. An interface: `createScheduler` makes one.
 * A few lines long of 300, for a comment at every verb.
 */
import type { Observable } from "rxjs"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import type { PersistedJob } from "../engine/job/jobSnapshot.ts"
import type { Explanation } from "../engine/query/explain.ts"
import type { JobQuery, JobSelection, LedgerQuery, PreviewEntry, RunQuery } from "../engine/query/queries.ts"
import type { JobChanges } from "../engine/writer/jobEdits.ts"
import type { EventListener } from "../event/eventStream.ts"
import type { SchedulerEvent, SchedulerEventType } from "../event/schedulerEvent.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { JobInput } from "../job/jobOptions.ts"
import type { LedgerEntry } from "../job/ledger.ts"
import type { RunRecord } from "../job/run.ts"
import type { JobStore } from "../store/jobStore.ts"
import type { SentEvent } from "../task/runMessage.ts"
import type { AnyTask, ArgumentsOption, TaskInput } from "../task/task.ts"
import type { InstantInput } from "../time/instant.ts"
import type { HolidayCalendar } from "../trigger/holidayCalendar.ts"
import type { Trigger } from "../trigger/trigger.ts"
import type { Verification } from "../verify/verification.ts"
import type { ExportedJobs, ImportOptions } from "./jobExchange.ts"
import type { JobHandle, RunHandle } from "./jobHandle.ts"
import type { JobActor } from "./jobActor.ts"
import type { SchedulerActor } from "./schedulerActor.ts"
import type { SchedulerStatus } from "./status.ts"
import type { ResumeOptions, RunOptions, ShutdownOptions, StartOptions, Timing } from "./verbOptions.ts"

/** A job of a task whose arguments are typed. */
export type TypedJobInput<T> = Omit<JobInput, "task" | "args"> & {
  /** The task itself: its arguments are checked by the compiler, too. */
  readonly task: T
} & ArgumentsOption<TaskInput<T>>

/** A job of a task that is named, not given: its arguments are checked when it is added, not by the compiler. */
export type NamedJobInput = JobInput & {
  /** Its name, or an object that has it and is not the task itself. */
  readonly task:
    | string
    | {
        /** What the task is registered as. */
        readonly name: string
        /** A task itself is a `TypedJobInput`'s. */
        readonly handler?: never
      }
}

/**
 * A scheduler. Verbs that change something resolve when the change is on disk; one that rejects has written nothing, unless it is for many
 * jobs. What each rejects with is said by name. `VerbError` stands for what every verb has that asks a store: `SchedulerNotStartedError`
 * and `SchedulerStoppedError` outside of the scheduler's life, and `StoreUnavailable`, `StoreUnreadable`, `StoreFenced` and
 * `StoreConflict` of the store; `LifeError` for the first two; `DefinitionError` for what may be wrong with a job: `InvalidJobError`,
 * `InvalidDurationError`, `InvalidArgumentsError`, `AsyncSchemaError`, `UnknownTaskError`, `InvalidTriggerError`, `FaultyTriggerError`.
 */
export interface Scheduler {
  /** Everything that happens from now on, in order; completes when the scheduler has stopped. */
  readonly events$: Observable<SchedulerEvent>

  /**
   * Everything that happened after the event with the id `cursor`, from what is stored, in whatever process it was told; then everything
   * that happens, without a gap or a repeat. `"oldest"`: from the oldest event that is kept. What retention has deleted is told as
   * `EventsForgotten`. Events without an id are not told again. Waits for the start; completes when the scheduler stops. Fails with
   * `InvalidCursorError`, and with a `StoreError` where what is stored cannot be read.
   */
  eventsAfter$(cursor: string): Observable<SchedulerEvent>

  /**
   * The XState actor of the scheduler: new → starting → declaring → active ⇄ paused → draining → stopped, or degraded. It takes `pause`, `resume` and
   * `shutdown`, and emits `refused` for one that fails and for anything else that it is sent.
   */
  readonly actor: SchedulerActor

  /**
   * Calls `listener` for events of these types; the returned function ends it. What it throws goes to `onError`. Throws
   * `InvalidOptionError`.
   */
  on<T extends SchedulerEventType>(types: T | ReadonlyArray<T>, listener: EventListener<T>): () => void

  /**
   * Opens the stores, settles what a dead process left behind, adds declared and tentative jobs, and begins to fire. Rejects, with nothing
   * left open, with `SchedulerStartedError`, with `SchedulerStoppedError` when `shutdown` comes first, with `InvalidOptionError` or
   * `InvalidDurationError`, with a `StoreError`, and for a declared or tentative job with a `DefinitionError`, `DuplicateJobError` or
   * `UnknownNameError` (its store).
   */
  start(options?: StartOptions): Promise<void>

  /**
   * Fires nothing more; runs under way go on. Fire times that come due meanwhile follow the misfire rules after `resume`. Paused already:
   * nothing. Throws a `LifeError`.
   */
  pause(): void

  /** Ends `pause`: what came due meanwhile is made up by the jobs' rules. Not paused: nothing. Throws a `LifeError`. */
  resume(): void

  /**
   * Stops: nothing new starts, runs under way may end until the deadline, what is left is interrupted and follows its job's
   * `onInterrupted` at the next start. Asked again, the earlier of the two deadlines holds. While the scheduler starts, it ends the
   * start, which rejects with its own error. From the moment that it is asked for, an end of the process by whatever means is no
   * crash of a job. Rejects with `InvalidOptionError` or `InvalidDurationError`, and has not stopped anything then.
   */
  shutdown(options?: ShutdownOptions): Promise<void>

  /** `shutdown()`, at the end of an `await using`. */
  [Symbol.asyncDispose](): Promise<void>

  /**
   * Adds one job. Before `start` it is tentative: checked now, stored then. Rejects with a `DefinitionError`, with `DuplicateJobError`
   * when the id is taken, in whatever store, with `UnknownNameError` (its store), or with a `VerbError`.
   */
  addJob<T extends AnyTask<unknown>>(input: TypedJobInput<T>): Promise<JobHandle>
  addJob(input: NamedJobInput): Promise<JobHandle>

  /**
   * Adds many, in the order given. All are checked before the first is written; then they are written in slices of some hundred, which a
   * stop may come between. Rejects as `addJob` does, for the first that is wrong: with a `DefinitionError`, `DuplicateJobError`,
   * `UnknownNameError`, a `VerbError`; and with `InvalidOptionError` for what is no list.
   */
  addJobs(inputs: Iterable<JobInput>): Promise<ReadonlyArray<JobHandle>>

  /** The job, or `undefined`. Before `start` one that is tentative. Rejects with `InvalidJobError` (the id is no text) or a `VerbError`. */
  getJob(id: string): Promise<JobHandle | undefined>

  /**
   * Jobs by next fire time, those without one last; of one fire time in the order in which they were added. Before `start` all that are
   * tentative. Rejects with `InvalidOptionError`, `UnknownNameError` (the store) or a `VerbError`.
   */
  getJobs(query?: JobQuery): Promise<ReadonlyArray<JobHandle>>

  /**
   * Changes some of a job's definition, all or nothing. A new trigger counts from now. Rejects with a `DefinitionError`,
   * `UnknownJobError`, `JobStateError` (another trigger for a job that is done, or a row that cannot be read) or a `VerbError`.
   */
  modifyJob(id: string, changes: JobChanges): Promise<JobHandle>

  /**
   * Gives a job another trigger, from now on. A pause stays. Rejects as `modifyJob` does: with a `DefinitionError`, `UnknownJobError`,
   * `JobStateError` or a `VerbError`.
   */
  rescheduleJob(id: string, trigger: Trigger, timing?: Timing): Promise<JobHandle>

  /**
   * Fire times stop; runs under way go on, retries wait. Rejects with `UnknownJobError`, `JobStateError` (it is paused or done),
   * `InvalidJobError` (the id is no text) or a `VerbError`.
   */
  pauseJob(id: string): Promise<JobHandle>

  /**
   * Ends a pause, a fault's too. Rejects with `UnknownJobError`, `JobStateError` (it is not paused), what keeps its fault alive
   * (`UnknownTaskError`, `UnknownNameError` of its executor or stream, `FaultyTriggerError`), `InvalidOptionError`, `InvalidJobError` (the
   * id is no text) or a `VerbError`.
   */
  resumeJob(id: string, options?: ResumeOptions): Promise<JobHandle>

  /**
   * Leaves out the job's next fire time, and that one only: the ledger has it with reason `skipped`. Rejects with `JobStateError` where
   * none is known (the job is paused or done, or a stream or the end of a run gives the next one), `UnknownJobError`,
   * `FaultyTriggerError`, `InvalidJobError` (the id is no text) or a `VerbError`.
   */
  skipNext(id: string): Promise<JobHandle>

  /**
   * The id is free at once. A run under way ends by itself and is recorded. Rejects with `UnknownJobError`, `InvalidJobError` (the id is no
   * text) or a `VerbError`.
   */
  removeJob(id: string): Promise<void>

  /**
   * Removes every job, of one store or of all; how many it removed. As all verbs for many it takes some hundred jobs a commit, and the event
   * loop has a turn in between: not all or nothing, and jobs that are added meanwhile stay. Rejects with `InvalidOptionError`,
   * `UnknownNameError` (the store) or a `VerbError`; what was committed by then stays so.
   */
  removeAllJobs(options?: Pick<JobSelection, "store">): Promise<number>

  /**
   * Pauses every job that `which` selects, all without a field; how many it paused. Those paused or done already are passed over. Rejects
   * with `InvalidOptionError`, `UnknownNameError` (the store) or a `VerbError`.
   */
  pauseJobs(which?: JobSelection): Promise<number>

  /**
   * Ends the pauses of all that `which` selects; how many it ended. A parked job whose fault has not gone stays as it is. Rejects with
   * `InvalidOptionError`, `UnknownNameError` (the store) or a `VerbError`.
   */
  resumeJobs(which?: JobSelection, options?: ResumeOptions): Promise<number>

  /**
   * Removes every job that `which` selects; how many it removed. All of them: `removeAllJobs`. Rejects with `InvalidOptionError`,
   * `UnknownNameError` (the store) or a `VerbError`.
   */
  removeJobs(which: JobSelection): Promise<number>

  /**
   * Runs a job now, beside its schedule, also one that is done; resolves when the run is claimed. At `maxInstances` the overlap policy
   * decides: with `skip` it rejects with `MaxInstancesError`, else the run waits or makes room. Rejects with `UnknownJobError`,
   * `JobStateError` (it is parked, or removed while the request waited), `UnknownTaskError`, `InvalidArgumentsError`, `AsyncSchemaError`,
   * `InvalidOptionError`, `InvalidJobError` (the id is no text) or a `VerbError`.
   */
  runJob(id: string, options?: RunOptions): Promise<RunHandle>

  /**
   * Tries a run again that has failed, timed out, or was cancelled or interrupted: another run for its fire time with its arguments, beside
   * the schedule, also of a job that is done. Each run is tried again once; then it is the turn of that other one. Rejects with
   * `UnknownNameError` for no run, `RunStateError` for one that has succeeded, is live or was retried, and as `runJob` does:
   * `UnknownJobError`, `JobStateError`, `UnknownTaskError`, `MaxInstancesError`, a `VerbError`.
   */
  retryRun(runId: string): Promise<RunHandle>

  /**
   * Ends a run: outcome `cancelled`. False when it had ended already, or ends by itself before it is told. Resolves when the outcome is on
   * disk. Rejects with `UnknownNameError` for no run, or a `VerbError`.
   */
  cancelRun(runId: string): Promise<boolean>

  /**
   * Sends an event to the machine that a run is: on disk when it resolves, and taken in once, in order, by whichever attempt comes, after a
   * restart too. One that only waits goes on at once; in a pause of its job it waits. At most 65,536 characters of JSON, and 1,000 that
   * wait. Rejects with `InvalidEventError` (no JSON with a `type`, or one of XState's own), `UnknownNameError` for no run, `RunStateError`
   * for one that is over, whose task's steps are not saved, or to which too many wait, or with a `VerbError`.
   */
  sendToRun(runId: string, event: SentEvent): Promise<void>

  /**
   * Runs, newest fire time first, finished and live. Rejects with `InvalidOptionError`, `InvalidInstantError` (a bound), `UnknownNameError`
   * (the store) or a `VerbError`.
   */
  getRuns(query?: RunQuery): Promise<ReadonlyArray<RunRecord>>

  /**
   * The ledger's other entries, newest first: fire times that are not runs of their own, and why. Rejects with `InvalidOptionError`,
   * `InvalidInstantError` (a bound), `UnknownNameError` (the store) or a `VerbError`.
   */
  getLedger(query?: LedgerQuery): Promise<ReadonlyArray<LedgerEntry>>

  /**
   * The next `count` fire times, of one job or of all, in order of time; 1 to 10,000. Changes nothing. Rejects with `InvalidOptionError`
   * (the count), `UnknownJobError`, `InvalidJobError` (the id is no text), `FaultyTriggerError` or a `VerbError`.
   */
  preview(count: number, jobId?: string): Promise<ReadonlyArray<PreviewEntry>>

  /**
   * Why the job ran at this instant, or why it did not. Rejects with `UnknownJobError`, `InvalidInstantError`, `InvalidJobError` (the id is
   * no text), `FaultyTriggerError` or a `VerbError`.
   */
  explain(jobId: string, instant: InstantInput): Promise<Explanation>

  /** Checks the records of every job that is not removed against the promises. Changes nothing. Rejects with a `VerbError`. */
  verify(): Promise<Verification>

  /** The scheduler at a glance, at any time of its life: every fault that lasts has a line here. Answers whatever the stores do. */
  status(): Promise<SchedulerStatus>

  /**
   * One line a job, as `getJobs` orders them; to the console unless `print` is given. Rejects with what `print` throws, with
   * `InvalidOptionError`, `UnrunCallbackError` or a `VerbError`.
   */
  printJobs(print?: (line: string) => unknown): Promise<void>

  /**
   * All jobs with their pauses, as versioned JSON; those that are done, and those whose rows cannot be read, are left out, as are runs and
   * ledger. Rejects with `InvalidOptionError`, `UnknownNameError` (the store) or a `VerbError`.
   */
  exportJobs(query?: JobQuery): Promise<ExportedJobs>

  /**
   * Adds exported jobs. All are checked before the first is written. Rejects with `InvalidExportError`, and as `addJob` does: with a
   * `DefinitionError`, `DuplicateJobError`, `UnknownNameError` or a `VerbError`.
   */
  importJobs(exported: ExportedJobs, options?: ImportOptions): Promise<ReadonlyArray<JobHandle>>

  /**
   * The job's record now and after every change; `null` while there is no such job, and `undefined` while that is not known: before the
   * start, or for a moment where the store has to be asked. A value comes in the turn of the subscription, always. Goes on when the job is
   * removed and added again; completes when the scheduler stops. Fails with `InvalidJobError`: the id is no text.
   */
  job$(id: string): Observable<JobRecord | null | undefined>

  /**
   * The jobs that `getJobs(query)` gives, in its order, now and after every change; 1,000 at the most unless `limit` says otherwise. Asked for
   * once and kept up with what is committed, so nothing falls between, and a record that has not changed is the same object. The first list
   * comes once the scheduler has started; completes when it stops. Each subscription has a list of its own. Fails with `InvalidOptionError`.
   */
  jobs$(query?: JobQuery): Observable<ReadonlyArray<JobRecord>>

  /** The same of the runs that `getRuns(query)` gives. Fails with `InvalidOptionError` and `InvalidInstantError`. */
  runs$(query?: RunQuery): Observable<ReadonlyArray<RunRecord>>

  /**
   * What `status()` gives, now and when it has changed: at once after a quiet second, and no more often than that. The last shows the
   * scheduler that has stopped; then it completes.
   */
  readonly status$: Observable<SchedulerStatus>

  /**
   * The job's XState actor, live until the job is done, the scheduler stops or `stop()` lets it go: a caller's own, which takes `pause`,
   * `resume`, `run`, `reschedule` and `remove`, and emits `refused` for one that fails and for anything else that it is sent. Rejects with `UnknownJobError`, `JobStateError`
   * (its row cannot be read), `InvalidJobError` (the id is no text) or a `VerbError`.
   */
  jobActor(id: string): Promise<JobActor>

  /**
   * The job in XState's persisted form, plain JSON, without an actor of it: `createActor(jobMachine, { snapshot, input: snapshot.context })`
   * goes on from it. Rejects with `UnknownJobError`, `JobStateError` (its row cannot be read), `InvalidJobError` (the id is no text) or a
   * `VerbError`.
   */
  snapshot(jobId: string): Promise<PersistedJob>

  /**
   * Registers a task, also while running, and adds the jobs that it declares. Jobs that waited for it go on; what they missed is made up by
   * their rules. The same task again changes nothing. Rejects with `DuplicateTaskError` for another of the name, `InvalidTaskError`, and
   * for the jobs that it declares with a `DefinitionError`, `DuplicateJobError`, `UnknownNameError` or a `VerbError`.
   */
  addTask(task: AnyTask): Promise<void>

  /**
   * Registers a stream, also while running. Jobs that waited for it go on with what it gives from now on. The same stream again changes
   * nothing. Rejects with `NameTakenError` for another under the name, `InvalidOptionError` or a `LifeError`.
   */
  addStream(name: string, values$: Observable<unknown>): Promise<void>

  /**
   * Registers a holiday calendar, also while running, under the name that it has and stored triggers know. Jobs that waited for it go on;
   * what they missed is made up by their rules. The same calendar again changes nothing. Rejects with `NameTakenError` for another under
   * the name, `InvalidOptionError` or a `LifeError`.
   */
  addCalendar(name: string, calendar: HolidayCalendar): Promise<void>

  /**
   * Adds a store while running; what a dead process left in it is settled first. Rejects with `NameTakenError`, `InvalidOptionError`, a
   * `StoreError` or a `LifeError`.
   */
  addStore(name: string, store: JobStore): Promise<void>

  /** Waits for the store's live runs, then closes it; its jobs stay in it. Rejects with `UnknownNameError` or a `LifeError`. */
  removeStore(name: string): Promise<void>

  /**
   * Adds an executor while running: jobs that waited for one of the name go on. Throws `NameTakenError`, `InvalidOptionError` or a
   * `LifeError`, and what the executor's maker throws.
   */
  addExecutor(name: string, executor: ExecutorProvider): void

  /**
   * Its runs are interrupted; its jobs wait until an executor of that name is added again. Throws `UnknownNameError` or a `LifeError`.
   */
  removeExecutor(name: string): void
}
