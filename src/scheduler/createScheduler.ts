/**
 * The face for programs that await: verbs as promises, news as an Observable and listeners, actors for who wants to look. Longer
 * than most files because every public verb is here with its documentation; what the verbs do is in `engine/`.
 */
import type { Observable } from "rxjs"
import type { Runtime } from "effect"
import { Engine } from "../engine/engine.ts"
import type { SchedulerActor } from "../engine/engine.ts"
import type { EngineOptions } from "../engine/engineOptions.ts"
import { explain } from "../engine/query/explain.ts"
import type { Explanation } from "../engine/query/explain.ts"
import type { JobActor } from "../engine/jobActors.ts"
import type { Job } from "../engine/job/jobCodec.ts"
import * as commands from "../engine/writer/jobEdits.ts"
import type { JobChanges } from "../engine/writer/jobEdits.ts"
import { JobQueries } from "../engine/query/jobQueries.ts"
import { jobQueryFields } from "../engine/query/queries.ts"
import { checkKnownOptions } from "../engine/query/queryOptions.ts"
import { checkName, checkPart, listGiven } from "../engine/parts.ts"
import type { JobQuery, JobSelection, LedgerQuery, PreviewEntry, RunQuery } from "../engine/query/queries.ts"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import { recordOf } from "../engine/job/jobRecord.ts"
import type { UnitOfWork } from "../engine/writer/unitOfWork.ts"
import { InvalidOptionError, SchedulerNotStartedError } from "../engine/schedulerError.ts"
import type { StoreWriter } from "../engine/writer/storeWriter.ts"
import { verify } from "../verify/verify.ts"
import type { Verification } from "../verify/verification.ts"
import { submit, submitAnd } from "../engine/submitting.ts"
import { lazyKind, UnrunCallbackError } from "../event/callback.ts"
import type { EventListener } from "../event/eventStream.ts"
import { IsolatedObservable } from "../event/isolatedObservable.ts"
import type { SchedulerEvent, SchedulerEventType } from "../event/schedulerEvent.ts"
import { schedulerEventTypes } from "../event/schedulerEvent.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { JobInput } from "../job/jobOptions.ts"
import { checkIdText, preview } from "../job/jobOptions.ts"
import type { LedgerEntry } from "../job/ledger.ts"
import type { RunRecord } from "../job/run.ts"
import type { JobStore } from "../store/jobStore.ts"
import type { AnyTask, ArgumentsOption, TaskInput } from "../task/task.ts"
import { readDuration } from "../time/duration.ts"
import type { InstantInput } from "../time/instant.ts"
import { isUnreadable, unreadableText, withFields } from "../time/readable.ts"
import type { HolidayCalendar } from "../trigger/holidayCalendar.ts"
import type { Trigger } from "../trigger/trigger.ts"
import type { Duration } from "effect"
import type { AddedJob } from "./addingJobs.ts"
import { AddingJobs } from "./addingJobs.ts"
import { declaredJobs } from "./declaredJobs.ts"
import type { JobHandle, ResumeOptions, RunHandle, Timing } from "./jobHandle.ts"
import { JobHandle as Handle } from "./jobHandle.ts"
import type { ExportedJobs, ImportOptions } from "./jobExchange.ts"
import { exportJobs, readExport } from "./jobExchange.ts"
import { pauseMany, removeMany, resumeMany } from "./manyJobs.ts"
import { plainRuntime, readOptions } from "./options.ts"
import type { SchedulerOptions } from "./options.ts"
import { printedJobs } from "./printJobs.ts"
import type { RequestedRun } from "./runRequests.ts"
import { RunRequests } from "./runRequests.ts"
import type { SchedulerStatus } from "./status.ts"
import { statusOf } from "./status.ts"

/** A job of a task whose arguments are typed. */
export type TypedJobInput<T> = Omit<JobInput, "task" | "args"> & { readonly task: T } & ArgumentsOption<TaskInput<T>>

/** A job of a task that is named, not given: its arguments are checked when it is added, not by the compiler. */
export type NamedJobInput = JobInput & { readonly task: string | { readonly name: string; readonly handler?: never } }

/**
 * Makes a scheduler; nothing runs and nothing is opened before `start`. Throws what is wrong with the options:
 * `InvalidOptionError`, `DuplicateTaskError`, `InvalidTaskError`, `UnknownTimezoneError`, `InvalidJobError`, `InvalidDurationError`.
 */
export const createScheduler = (options: SchedulerOptions = {}): Scheduler =>
  new Scheduler(readOptions(options, plainRuntime))

/** The same with a runtime for tasks that require something. */
export const createSchedulerWith = <R>(options: SchedulerOptions<R>, runtime: Runtime.Runtime<R>): Scheduler =>
  new Scheduler(readOptions(options, runtime))

/**
 * A scheduler. Verbs that change something resolve when the change is on disk. They reject with a typed error (`_tag`)
 * before anything is written; `SchedulerNotStartedError` and `SchedulerStoppedError` outside its life.
 */
export class Scheduler {
  private readonly engine: Engine
  private readonly queries: JobQueries
  private readonly adding: AddingJobs
  private readonly requests: RunRequests

  /** Settles with the start. */
  private starting: Promise<void> | null = null

  constructor(options: EngineOptions) {
    this.engine = new Engine(options)
    this.queries = new JobQueries(this.engine)
    this.adding = new AddingJobs(this.engine, this.queries)
    this.requests = new RunRequests(this.engine, this.queries)
  }

  /** Everything that happens from now on, in order; completes when the scheduler has stopped. */
  get events$(): Observable<SchedulerEvent> {
    return this.engine.events.events$
  }

  /** The XState actor of the scheduler: starting → active ⇄ paused → draining → stopped, or degraded. */
  get actor(): SchedulerActor {
    return this.engine.actor
  }

  /** Calls `listener` for events of these types; the returned function ends it. What it throws is reported, not passed on. */
  on<T extends SchedulerEventType>(types: T | ReadonlyArray<T>, listener: EventListener<T>): () => void {
    checkEventTypes(types)
    return this.engine.events.on(types, listener)
  }

  /**
   * Opens the stores, settles what a dead process left behind, adds declared and tentative jobs, and begins to fire. `paused`:
   * fires nothing until `resume`. `waitForStore`: how long to wait for another process to give a store back, as the old one does in a
   * deployment (default: not at all). Rejects with the store's error (`StoreInUse`, `StoreUnreadable`, `StoreTooNew`,
   * `StoreUnavailable`), a `DuplicateJobError` of a tentative job, or `SchedulerStoppedError` when `shutdown` comes first; nothing is
   * left open then.
   */
  start(options: { readonly paused?: boolean; readonly waitForStore?: Duration.DurationInput } = {}): Promise<void> {
    const starting = this.startWith(options)
    this.starting ??= starting
    return starting
  }

  private async startWith(options: {
    readonly paused?: boolean
    readonly waitForStore?: Duration.DurationInput
  }): Promise<void> {
    checkKnownOptions("start", options, ["paused", "waitForStore"])
    const { paused = false, waitForStore = 0 } = options
    await this.engine.start({ paused, waitMs: readDuration(waitForStore, "start's waitForStore") }, async () => {
      await this.adding.addDefinitions(declaredJobs(this.engine))
      await this.adding.addTentative()
    })
  }

  /** Fires nothing more; runs under way go on. Fire times that come due meanwhile follow the misfire rules after `resume`. */
  pause(): void {
    this.engine.pause()
  }

  resume(): void {
    this.engine.resume()
  }

  /**
   * Stops: nothing new starts, runs under way may end until the deadline (default 30 seconds), what is left is interrupted
   * and follows its job's `onInterrupted` at the next start. `wait: false` interrupts at once. Asked again, the earlier of the two
   * deadlines holds. While the scheduler starts, it ends the start, which rejects with `SchedulerStoppedError`. From the moment that it is
   * asked for, an end of the process by whatever means is no crash of a job.
   */
  async shutdown(options: { readonly wait?: boolean; readonly deadline?: Duration.DurationInput } = {}): Promise<void> {
    checkKnownOptions("shutdown", options, ["wait", "deadline"])
    const deadlineMs = options.deadline === undefined ? 30_000 : readDuration(options.deadline, "shutdown's deadline")
    // Who calls a start off need not wait for it, too: it is no unhandled rejection.
    this.starting?.catch(() => undefined)
    await this.engine.shutdown(options.wait ?? true, deadlineMs)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  /** Adds one job. Before `start` it is tentative: checked now, stored then. */
  addJob<T extends AnyTask<unknown>>(input: TypedJobInput<T>): Promise<JobHandle>
  addJob(input: NamedJobInput): Promise<JobHandle>
  async addJob(input: JobInput): Promise<JobHandle> {
    return this.handle(await this.adding.addOne(input))
  }

  /** Adds many. All are checked before the first is written; then they are written in slices. */
  async addJobs(inputs: Iterable<JobInput>): Promise<ReadonlyArray<JobHandle>> {
    const listed = listGiven("addJobs' argument", inputs, "a list of jobs")
    return (await this.adding.addMany(listed, "added")).map((added) => this.handle(added))
  }

  /** The job, or `undefined`. */
  async getJob(id: string): Promise<JobHandle | undefined> {
    if (this.engine.fresh) return this.tentativeHandles().find((job) => job.id === id)
    const found = await this.queries.find(id, "getJob")
    return found === undefined ? undefined : new Handle(this, id, () => found.record)
  }

  /** Jobs by next fire time, those without one last; of one fire time in the order in which they were added. */
  async getJobs(query: JobQuery = {}): Promise<ReadonlyArray<JobHandle>> {
    if (this.engine.fresh) return this.tentativeHandles()
    return (await this.queries.jobs(query)).map((record) => new Handle(this, record.id, () => record))
  }

  /** Changes some of a job's definition, all or nothing. A new trigger counts from now. */
  async modifyJob(id: string, changes: JobChanges): Promise<JobHandle> {
    return this.changeJob(id, "modifyJob", (unit) => commands.modify(unit, id, changes, this.engine.environment))
  }

  /** Gives a job another trigger, from now on. A pause stays. */
  async rescheduleJob(id: string, trigger: Trigger, timing: Timing = {}): Promise<JobHandle> {
    return this.modifyJob(id, withFields(timing, { trigger }))
  }

  /** Fire times stop; runs under way go on, retries wait. */
  async pauseJob(id: string): Promise<JobHandle> {
    return this.changeJob(id, "pauseJob", (unit) => commands.pause(unit, commands.jobIn(unit, id, "pauseJob")))
  }

  /**
   * Ends a pause, a fault's too. `missed: "skip"` (default after a user's pause) forgets the fire times of the pause;
   * `"coalesce"` (default after a fault, and where the pause has outlasted the job's last fire time) lets them come due now.
   */
  async resumeJob(id: string, options: ResumeOptions = {}): Promise<JobHandle> {
    const missed = readMissed("resumeJob", options)
    return this.changeJob(id, "resumeJob", (unit) =>
      commands.resume(unit, commands.jobIn(unit, id, "resumeJob"), missed, this.engine.environment)
    )
  }

  /**
   * Leaves out the job's next fire time, and that one only: the ledger has it with reason `skipped`. Rejects with `JobStateError` where
   * none is known: the job is paused or done, or a stream or the end of a run gives the next one.
   */
  async skipNext(id: string): Promise<JobHandle> {
    return this.changeJob(id, "skipNext", (unit) => commands.skipNext(unit, commands.jobIn(unit, id, "skipNext")))
  }

  /** The id is free at once. A run under way ends by itself and is recorded. */
  async removeJob(id: string): Promise<void> {
    const writer = await this.writerOf(id, "removeJob")
    await submit(this.engine, writer, { ids: [id] }, (unit) => commands.removeById(unit, id))
  }

  /**
   * Removes every job, of one store or of all; how many it removed. As all verbs for many it takes some hundred jobs a commit, and the event
   * loop has a turn in between: not all or nothing, and jobs that are added meanwhile stay. After a stop meanwhile it rejects with
   * `SchedulerStoppedError`; what was committed stays so.
   */
  async removeAllJobs(options: { readonly store?: string } = {}): Promise<number> {
    checkKnownOptions("removeAllJobs", options, ["store"])
    return removeMany(this.engine, options, "removeAllJobs")
  }

  /** Pauses every job that `which` selects, all without a field; how many it paused. Those paused or done already are passed over. */
  async pauseJobs(which: JobSelection = {}): Promise<number> {
    return pauseMany(this.engine, which)
  }

  /** Ends the pauses of all that `which` selects; how many it ended. A parked job whose fault has not gone stays as it is. */
  async resumeJobs(which: JobSelection = {}, options: ResumeOptions = {}): Promise<number> {
    return resumeMany(this.engine, which, readMissed("resumeJobs", options))
  }

  /** Removes every job that `which` selects; how many it removed. All of them: `removeAllJobs`. */
  async removeJobs(which: JobSelection): Promise<number> {
    return removeMany(this.engine, which)
  }

  /**
   * Runs a job now, beside its schedule, also one that is done; resolves when the run is claimed. At `maxInstances` the overlap policy decides:
   * `skip` rejects with `MaxInstancesError`, the others wait or make room.
   */
  async runJob(id: string, options: { readonly args?: unknown } = {}): Promise<RunHandle> {
    return this.runHandle(await this.requests.run(id, options))
  }

  /**
   * Tries a run again that has failed, timed out, or was cancelled or interrupted: another run for its fire time with its arguments,
   * beside the schedule, also of a job that is done. Each run is tried again once; then it is the turn of that other one. Rejects with
   * `RunStateError` for a run that has succeeded, is live or was retried, and as `runJob` does.
   */
  async retryRun(runId: string): Promise<RunHandle> {
    return this.runHandle(await this.requests.retry(runId))
  }

  /**
   * Ends a run: outcome `cancelled`. False when it had ended already, or ends by itself before it is told. Resolves when the outcome is
   * on disk.
   */
  cancelRun(runId: string): Promise<boolean> {
    return this.requests.cancel(runId)
  }

  /** Runs, newest fire time first, finished and live. */
  getRuns(query: RunQuery = {}): Promise<ReadonlyArray<RunRecord>> {
    return this.queries.runs(query)
  }

  /** The ledger's other entries: fire times that are not runs of their own, and why. */
  getLedger(query: LedgerQuery = {}): Promise<ReadonlyArray<LedgerEntry>> {
    return this.queries.misfires(query)
  }

  /** The next `count` fire times, of one job or of all. */
  preview(count: number, jobId?: string): Promise<ReadonlyArray<PreviewEntry>> {
    return this.queries.preview(count, jobId)
  }

  /** Why the job ran at this instant, or why it did not. */
  explain(jobId: string, instant: InstantInput): Promise<Explanation> {
    return explain(this.engine, this.queries, jobId, instant)
  }

  /** Checks the records of every job that is not removed against the promises. Reads only. */
  verify(): Promise<Verification> {
    return verify(this.engine)
  }

  status(): Promise<SchedulerStatus> {
    return statusOf(this.engine)
  }

  /** One line a job, as `getJobs` orders them. */
  async printJobs(print: (line: string) => unknown = printLine): Promise<void> {
    if (typeof print !== "function") {
      throw new InvalidOptionError({ option: "printJobs' argument", found: preview(print), expected: "a function" })
    }
    for (const line of printedJobs(await this.getJobs(), this.engine.fresh)) {
      // It may be an async function: what it rejects with is this verb's own failure.
      const given: unknown = await print(line)
      const found = lazyKind(given)
      if (found !== null) throw new UnrunCallbackError({ found })
    }
  }

  /** All jobs with their pauses, as versioned JSON. Runs and ledger stay behind. */
  async exportJobs(query: JobQuery = {}): Promise<ExportedJobs> {
    checkKnownOptions("exportJobs", query, [...jobQueryFields, "limit"])
    return exportJobs(await this.queries.jobs({ limit: 10_000_000, ...query }), this.engine.timers.now())
  }

  /** Adds exported jobs. All are checked before the first is written. */
  async importJobs(exported: ExportedJobs, options: ImportOptions = {}): Promise<ReadonlyArray<JobHandle>> {
    const jobs = readExport(exported, options, this.engine.options.readTrigger)
    return (await this.adding.addMany(jobs, "imported")).map((added) => this.handle(added))
  }

  /** The job's record now and after every change; completes when the job is removed or the scheduler stops. */
  job$(id: string): Observable<JobRecord> {
    const report = (error: unknown): void => this.engine.options.onError(error, `a subscriber of job$("${id}")`)
    return new IsolatedObservable<JobRecord>(report, (subscriber) => {
      let fresh = true
      const unwatch = this.engine.watchers.add((job, writer) => {
        if (job.row.id !== id) return
        fresh = false
        subscriber.next(recordOf(job, writer.name))
        if (job.removedAt !== null) subscriber.complete()
      })
      const forget = this.engine.events.whenEnded(() => subscriber.complete())
      this.queries.mustFind(id, "job$").then(
        ({ record }) => {
          if (fresh) subscriber.next(record)
        },
        (error: unknown) => subscriber.error(error)
      )
      return () => {
        unwatch()
        forget()
      }
    })
  }

  /** The job's XState actor, live from now on until the job is done or the scheduler stops. */
  async jobActor(id: string): Promise<JobActor> {
    const { writer } = await this.queries.mustFind(id, "actor")
    const find = (unit: UnitOfWork) => ({ unit, job: commands.jobIn(unit, id, "actor") })
    return submitAnd(this.engine, writer, { ids: [id] }, find, ({ unit, job }) =>
      this.engine.actorOf(writer, unit, job)
    )
  }

  /**
   * Registers a task while running, and adds the jobs that it declares. Jobs that were parked because it was not there go on; what they
   * missed is made up by their rules. The same task again changes nothing; another of the name is a `DuplicateTaskError`.
   */
  async addTask(task: AnyTask): Promise<void> {
    // Before the start it is one of those that `start` looks at. Later, what is wrong with its jobs refuses it whole.
    const begun = !this.engine.fresh
    if (begun) this.engine.mustRun("addTask")
    const declared = begun ? declaredJobs(this.engine, [task], this.engine.tasks.with(task)) : []
    await this.adding.refuseDuplicates(declared)
    await this.engine.addTask(task)
    await this.adding.addDefinitions(declared)
  }

  /**
   * Registers a stream while running. Jobs that were parked because it was not there go on, then it is subscribed to. The same stream again
   * changes nothing; another under the name is a `NameTakenError`.
   */
  async addStream(name: string, values$: Observable<unknown>): Promise<void> {
    checkName("addStream", name)
    checkPart(`stream ${preview(name)}`, values$, "subscribe", "an Observable")
    await this.engine.addStream(name, values$)
  }

  /**
   * Registers a holiday calendar while running, under the name that it has and stored triggers know. Jobs that were parked because it was
   * not there go on; what they missed is made up by their rules. The same calendar again changes nothing; another under the name is a
   * `NameTakenError`.
   */
  async addCalendar(name: string, calendar: HolidayCalendar): Promise<void> {
    checkName("addCalendar", name)
    checkPart(`calendar ${preview(name)}`, calendar, "has", "a holiday calendar, such as holidayCalendar(…)")
    if (calendar.name !== name)
      throw new InvalidOptionError({
        option: "addCalendar's name",
        found: preview(name),
        expected: `${preview(calendar.name)}, which the calendar says`
      })
    await this.engine.addCalendar(calendar)
  }

  /** Adds a store while running; what a dead process left in it is settled first. */
  async addStore(name: string, store: JobStore): Promise<void> {
    checkName("addStore", name)
    checkPart(`store ${preview(name)}`, store, "open", "a store, such as memory() or sqlite(…)")
    await this.engine.addStore(name, store)
  }

  /** Waits for its live runs, then closes it; its jobs stay in it. */
  removeStore(name: string): Promise<void> {
    return this.engine.removeStore(name)
  }

  addExecutor(name: string, executor: ExecutorProvider): void {
    checkName("addExecutor", name)
    checkPart(`executor ${preview(name)}`, executor, "make", "an executor, such as inProcess(…)")
    this.engine.addExecutor(name, executor)
  }

  /** Its runs are interrupted; its jobs wait until an executor of that name is added again. */
  removeExecutor(name: string): void {
    this.engine.removeExecutor(name)
  }

  private tentativeHandles(): ReadonlyArray<JobHandle> {
    return this.adding.tentativeJobs.map((added) => this.handle(added))
  }

  private async changeJob(id: string, verb: string, apply: (unit: UnitOfWork) => Job): Promise<JobHandle> {
    const writer = await this.writerOf(id, verb)
    return this.handle({ job: await submit(this.engine, writer, { ids: [id] }, apply), store: writer.name })
  }

  private async writerOf(id: string, verb: string): Promise<StoreWriter> {
    checkIdText(id)
    const { writer } = this.engine.writers.length === 1 ? this.onlyWriter(verb) : await this.queries.mustFind(id, verb)
    return writer
  }

  private onlyWriter(verb: string): { readonly writer: StoreWriter } {
    this.engine.mustRun(verb)
    const [writer] = this.engine.writers
    if (writer === undefined) throw new SchedulerNotStartedError({ verb })
    return { writer }
  }

  private handle({ job, store }: AddedJob): JobHandle {
    return new Handle(this, job.row.id, () => recordOf(job, store))
  }

  private runHandle(run: RequestedRun): RunHandle {
    const { runId } = run
    return { ...run, settled: () => this.requests.settled(runId), retry: () => this.retryRun(runId) }
  }
}

// eslint-disable-next-line no-console -- printing is what it is asked for
const printLine = (line: string): void => console.log(line)

const readMissed = (verb: string, options: ResumeOptions): ResumeOptions["missed"] => {
  checkKnownOptions(verb, options, ["missed"])
  const { missed } = options
  // Plain JavaScript may give anything.
  if (missed !== undefined && !["skip", "coalesce"].includes(missed))
    throw new InvalidOptionError({ option: "missed", found: preview(missed), expected: `"skip" or "coalesce"` })
  return missed
}

const checkEventTypes = (types: unknown): void => {
  if (isUnreadable(types))
    throw new InvalidOptionError({
      option: "on's event type",
      found: unreadableText,
      expected: "the type of an event, or a list of them"
    })
  for (const type of Array.isArray(types) ? types : [types]) {
    if (typeof type !== "string" || !schedulerEventTypes.has(type)) {
      const expected = `one of ${[...schedulerEventTypes].join(", ")}`
      throw new InvalidOptionError({ option: "on's event type", found: preview(type), expected })
    }
  }
}
