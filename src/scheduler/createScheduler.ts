/**
 * The face for programs that await. Here each verb of `Scheduler` checks what it is given and hands on: to the engine's life, to
 * what is written (`JobWrites`, `AddingJobs`, `RunRequests`) and to what is asked (`JobQueries`). Long because there are so many verbs.
 */
import type { Runtime } from "effect"
import type { Observable } from "rxjs"
import { inWords } from "../input/inWords.ts"
import { Engine } from "../engine/engine.ts"
import type { EngineOptions } from "../engine/engineOptions.ts"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import { recordOf } from "../engine/job/jobRecord.ts"
import type { PersistedJob } from "../engine/job/jobSnapshot.ts"
import type { WrittenJob } from "../engine/jobWrites.ts"
import { JobWrites } from "../engine/jobWrites.ts"
import { checkName, checkPart, listGiven } from "../engine/parts.ts"
import { explain } from "../engine/query/explain.ts"
import type { Explanation } from "../engine/query/explain.ts"
import { JobQueries } from "../engine/query/jobQueries.ts"
import type { JobQuery, JobSelection, LedgerQuery, PreviewEntry, RunQuery } from "../engine/query/queries.ts"
import { jobQueryFields } from "../engine/query/queries.ts"
import { checkKnownOptions } from "../engine/query/queryOptions.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { modify, pause, resume, skipNext } from "../engine/writer/jobEdits.ts"
import type { JobChanges } from "../engine/writer/jobEdits.ts"
import type { EventListener } from "../event/eventStream.ts"
import type { SchedulerEvent, SchedulerEventType } from "../event/schedulerEvent.ts"
import { noEventType } from "../event/schedulerEvent.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { JobInput } from "../job/jobOptions.ts"
import type { LedgerEntry } from "../job/ledger.ts"
import type { RunCaller, RunRecord } from "../job/run.ts"
import type { JobStore } from "../store/jobStore.ts"
import type { SentEvent } from "../task/runMessage.ts"
import type { AnyTask } from "../task/task.ts"
import { readDuration } from "../time/duration.ts"
import type { InstantInput } from "../time/instant.ts"
import { withFields } from "../input/readable.ts"
import type { HolidayCalendar } from "../trigger/holidayCalendar.ts"
import type { Trigger, TriggerSpec } from "../trigger/trigger.ts"
import { verify } from "../verify/verify.ts"
import type { Verification } from "../verify/verification.ts"
import { AddingJobs } from "./addingJobs.ts"
import { declaredJobs } from "./declaredJobs.ts"
import type { ExportedJobs, ImportOptions } from "./jobExchange.ts"
import { exportJobs, readExport } from "./jobExchange.ts"
import type { JobHandle, RunHandle } from "./jobHandle.ts"
import { FetchedJob, readMissed } from "./jobHandle.ts"
import { pauseMany, removeMany, resumeMany } from "./manyJobs.ts"
import { plainRuntime, readOptions } from "./options.ts"
import type { SchedulerOptions } from "./options.ts"
import { printJobs } from "./printJobs.ts"
import { eventsAfter } from "../engine/told/eventsAfter.ts"
import { listedJobs } from "../engine/watch/listedJobs.ts"
import { listedRuns } from "../engine/watch/listedRuns.ts"
import { WatchedJobs } from "../engine/watch/watchedJobs.ts"
import type { WatchedJob } from "../engine/watch/watchedJobs.ts"
import type { RequestedRun } from "./runRequests.ts"
import { RunRequests } from "./runRequests.ts"
import { jobActor } from "./jobActor.ts"
import type { JobActor } from "./jobActor.ts"
import { schedulerActor } from "./schedulerActor.ts"
import type { SchedulerActor } from "./schedulerActor.ts"
import type { Scheduler } from "./scheduler.ts"
import type { SchedulerStatus } from "./status.ts"
import { statusOf } from "./status.ts"
import { watchedStatus } from "./watchedStatus.ts"
import type { ResumeOptions, RunOptions, ShutdownOptions, StartOptions, Timing } from "./verbOptions.ts"

/**
 * Makes a scheduler; nothing runs and nothing is opened before `start`. Throws what is wrong with the options:
 * `InvalidOptionError`, `DuplicateTaskError`, `InvalidTaskError`, `InvalidTriggerError`, `UnknownTimezoneError`, `InvalidJobError` and
 * `InvalidDurationError` (of `jobDefaults`).
 */
export const createScheduler = (options: SchedulerOptions = {}): Scheduler =>
  new LocalScheduler(readOptions(options, plainRuntime))

/** A scheduler inside of another face. */
export interface EmbeddedScheduler extends Scheduler {
  /** What it stops with by itself, or has stopped with; `null`: it goes on, or was asked to stop. */
  readonly fault: { readonly error: unknown } | null
  /** Calls back when it has stopped, at once when it has. The returned function calls that off. */
  whenStopped(callback: () => void): () => void
  /** A task without its code: jobs of it may be added, and wait until `addTask` brings the code. Throws `DuplicateTaskError`. */
  defineTask(definition: AnyTask<unknown>): void
  /** Takes the code of a definition out again: nothing more is claimed for its jobs. */
  withdrawTask(task: AnyTask<unknown>): void
  /** `addJob`, `runJob` and `retryRun` for somebody of whom the runs are to know. */
  addJobFor(caller: RunCaller | undefined, input: JobInput): Promise<JobHandle>
  runJobFor(caller: RunCaller | undefined, id: string, options: RunOptions): Promise<RunHandle>
  retryRunFor(caller: RunCaller | undefined, runId: string): Promise<RunHandle>
  /** `addJob` of what is declared at every start: kept while it is. */
  declareJob(input: JobInput): Promise<JobHandle>
  /** The trigger of a stored form, by the types that are registered here. Throws what its reader throws. */
  readTrigger(spec: TriggerSpec): Trigger
  /** The run's record, once its outcome is on disk. */
  settledRun(runId: string): Promise<RunRecord>
}

/** The same with a runtime for tasks that require something. */
export const createSchedulerWith = <R>(options: SchedulerOptions<R>, runtime: Runtime.Runtime<R>): EmbeddedScheduler =>
  new LocalScheduler(readOptions(options, runtime))

class LocalScheduler implements EmbeddedScheduler {
  private readonly engine: Engine
  private readonly queries: JobQueries
  private readonly adding: AddingJobs
  private readonly requests: RunRequests
  private readonly writes: JobWrites
  private readonly watched: WatchedJobs
  readonly actor: SchedulerActor
  /** Settles with the start. */
  private starting: Promise<void> | null = null

  constructor(options: EngineOptions) {
    this.engine = new Engine(options)
    this.queries = new JobQueries(this.engine)
    this.adding = new AddingJobs(this.engine, this.queries)
    this.requests = new RunRequests(this.engine, this.queries)
    this.writes = new JobWrites(this.engine, this.queries)
    this.watched = new WatchedJobs(this.engine, this.queries)
    this.actor = schedulerActor(this.engine.life.shown, this, this.engine.options)
  }

  get events$(): Observable<SchedulerEvent> {
    return this.engine.events.events$
  }

  eventsAfter$(cursor: string): Observable<SchedulerEvent> {
    return eventsAfter(this.engine, cursor)
  }

  on<T extends SchedulerEventType>(types: T | ReadonlyArray<T>, listener: EventListener<T>): () => void {
    const wrong = noEventType(types)
    if (wrong !== null) throw new InvalidOptionError({ option: "on's event type", ...wrong })
    return this.engine.events.on(types, listener)
  }

  start(options: StartOptions = {}): Promise<void> {
    const starting = this.startWith(options)
    this.starting ??= starting
    return starting
  }

  private async startWith(options: StartOptions): Promise<void> {
    checkKnownOptions("start", options, ["paused", "waitForStore"])
    const { paused = false, waitForStore = 0 } = options
    await this.engine.start({ paused, waitMs: readDuration(waitForStore, "start's waitForStore") }, async () => {
      await this.adding.addDefinitions(declaredJobs(this.engine))
      await this.adding.addTentative()
    })
  }

  pause(): void {
    this.engine.pause()
  }

  resume(): void {
    this.engine.resume()
  }

  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    checkKnownOptions("shutdown", options, ["wait", "deadline"])
    const deadlineMs = options.deadline === undefined ? 30_000 : readDuration(options.deadline, "shutdown's deadline")
    // Who calls a start off need not wait for it, too: it is no unhandled rejection.
    this.starting?.catch(() => undefined)
    await this.engine.shutdown(options.wait ?? true, deadlineMs)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  get fault(): { readonly error: unknown } | null {
    return this.engine.stopFault
  }

  whenStopped(callback: () => void): () => void {
    return this.engine.events.whenEnded(callback)
  }

  readTrigger(spec: TriggerSpec): Trigger {
    return this.engine.environment.readTrigger(JSON.stringify(spec))
  }

  async addJob(input: JobInput): Promise<JobHandle> {
    return this.handle(await this.adding.addOne(input))
  }

  async addJobs(inputs: Iterable<JobInput>): Promise<ReadonlyArray<JobHandle>> {
    const listed = listGiven("addJobs' argument", inputs, "a list of jobs")
    return (await this.adding.addMany(listed, "added")).map((added) => this.handle(added))
  }

  async getJob(id: string): Promise<JobHandle | undefined> {
    if (this.engine.fresh) return this.tentativeHandles().find((job) => job.id === id)
    const found = await this.queries.find(id, "getJob")
    return found === undefined ? undefined : new FetchedJob(this, id, () => found.record)
  }

  async getJobs(query: JobQuery = {}): Promise<ReadonlyArray<JobHandle>> {
    if (this.engine.fresh) return this.tentativeHandles()
    return (await this.queries.jobs(query)).map((record) => new FetchedJob(this, record.id, () => record))
  }

  modifyJob(id: string, changes: JobChanges): Promise<JobHandle> {
    return this.change(id, "modifyJob", (unit) => modify(unit, id, changes, this.engine.environment))
  }

  async rescheduleJob(id: string, trigger: Trigger, timing: Timing = {}): Promise<JobHandle> {
    return this.modifyJob(id, withFields(timing, { trigger }))
  }

  pauseJob(id: string): Promise<JobHandle> {
    return this.change(id, "pauseJob", pause)
  }

  async resumeJob(id: string, options: ResumeOptions = {}): Promise<JobHandle> {
    const missed = readMissed("resumeJob", options)
    return this.change(id, "resumeJob", (unit, job) => resume(unit, job, missed, this.engine.environment))
  }

  skipNext(id: string): Promise<JobHandle> {
    return this.change(id, "skipNext", skipNext)
  }

  removeJob(id: string): Promise<void> {
    return this.writes.remove(id)
  }

  async removeAllJobs(options: Pick<JobSelection, "store"> = {}): Promise<number> {
    checkKnownOptions("removeAllJobs", options, ["store"])
    return removeMany(this.engine, options, "removeAllJobs")
  }

  async pauseJobs(which: JobSelection = {}): Promise<number> {
    return pauseMany(this.engine, which)
  }

  async resumeJobs(which: JobSelection = {}, options: ResumeOptions = {}): Promise<number> {
    return resumeMany(this.engine, which, readMissed("resumeJobs", options))
  }

  async removeJobs(which: JobSelection): Promise<number> {
    return removeMany(this.engine, which)
  }

  async runJob(id: string, options: RunOptions = {}): Promise<RunHandle> {
    return this.runHandle(await this.requests.run(id, options))
  }

  async retryRun(runId: string): Promise<RunHandle> {
    return this.runHandle(await this.requests.retry(runId))
  }

  cancelRun(runId: string): Promise<boolean> {
    return this.requests.cancel(runId)
  }

  sendToRun(runId: string, event: SentEvent): Promise<void> {
    return this.requests.send(runId, event)
  }

  getRuns(query: RunQuery = {}): Promise<ReadonlyArray<RunRecord>> {
    return this.queries.runs(query)
  }

  getLedger(query: LedgerQuery = {}): Promise<ReadonlyArray<LedgerEntry>> {
    return this.queries.ledger(query)
  }

  preview(count: number, jobId?: string): Promise<ReadonlyArray<PreviewEntry>> {
    return this.queries.preview(count, jobId)
  }

  explain(jobId: string, instant: InstantInput): Promise<Explanation> {
    return explain(this.engine, this.queries, jobId, instant)
  }

  verify(): Promise<Verification> {
    return verify(this.engine)
  }

  status(): Promise<SchedulerStatus> {
    return statusOf(this.engine)
  }

  async printJobs(print?: (line: string) => unknown): Promise<void> {
    await printJobs(() => this.getJobs(), this.engine.fresh, print)
  }

  async exportJobs(query: JobQuery = {}): Promise<ExportedJobs> {
    checkKnownOptions("exportJobs", query, [...jobQueryFields, "limit"])
    return exportJobs(await this.queries.jobs({ limit: 10_000_000, ...query }), this.engine.timers.now())
  }

  async importJobs(exported: ExportedJobs, options: ImportOptions = {}): Promise<ReadonlyArray<JobHandle>> {
    const jobs = readExport(exported, options, this.engine.options.readTrigger)
    return (await this.adding.addMany(jobs, "imported")).map((added) => this.handle(added))
  }

  job$(id: string): Observable<WatchedJob> {
    return this.watched.watch(id)
  }

  jobs$(query: JobQuery = {}): Observable<ReadonlyArray<JobRecord>> {
    return listedJobs(this.engine, query)
  }

  runs$(query: RunQuery = {}): Observable<ReadonlyArray<RunRecord>> {
    return listedRuns(this.engine, query)
  }

  get status$(): Observable<SchedulerStatus> {
    return watchedStatus(this.engine)
  }

  async jobActor(id: string): Promise<JobActor> {
    return jobActor(await this.writes.actor(id), id, this, this.engine.options)
  }

  snapshot(jobId: string): Promise<PersistedJob> {
    return this.writes.snapshot(jobId)
  }

  async addTask(task: AnyTask): Promise<void> {
    // Before the start it is one of those that `start` looks at. Later, what is wrong with its jobs refuses it whole.
    const begun = !this.engine.fresh
    if (begun) this.engine.mustRun("addTask")
    const declared = begun ? declaredJobs(this.engine, [task], this.engine.tasks.with(task)) : []
    await this.adding.refuseDuplicates(declared)
    await this.engine.addTask(task)
    await this.adding.addDefinitions(declared)
  }

  defineTask(definition: AnyTask<unknown>): void {
    this.engine.tasks.define(definition)
  }

  withdrawTask(task: AnyTask<unknown>): void {
    this.engine.tasks.withdraw(task)
  }

  async addJobFor(caller: RunCaller | undefined, input: JobInput): Promise<JobHandle> {
    return this.handle(await this.adding.addOne(input, caller))
  }

  async runJobFor(caller: RunCaller | undefined, id: string, options: RunOptions): Promise<RunHandle> {
    return this.runHandle(await this.requests.run(id, options, caller))
  }

  async retryRunFor(caller: RunCaller | undefined, runId: string): Promise<RunHandle> {
    return this.runHandle(await this.requests.retry(runId, caller))
  }

  async declareJob(input: JobInput): Promise<JobHandle> {
    return this.handle(await this.adding.declareOne(input))
  }

  settledRun(runId: string): Promise<RunRecord> {
    return this.requests.settled(runId)
  }

  async addStream(name: string, values$: Observable<unknown>): Promise<void> {
    checkName("addStream", name)
    checkPart(`stream ${inWords(name)}`, values$, "subscribe", "an Observable")
    await this.engine.addStream(name, values$)
  }

  async addCalendar(name: string, calendar: HolidayCalendar): Promise<void> {
    checkName("addCalendar", name)
    checkPart(`calendar ${inWords(name)}`, calendar, "has", "a holiday calendar, such as holidayCalendar(…)")
    if (calendar.name !== name)
      throw new InvalidOptionError({
        option: "addCalendar's name",
        found: inWords(name),
        expected: `${inWords(calendar.name)}, which the calendar says`
      })
    await this.engine.addCalendar(calendar)
  }

  async addStore(name: string, store: JobStore): Promise<void> {
    checkName("addStore", name)
    checkPart(`store ${inWords(name)}`, store, "open", "a store, such as memory() or sqlite(…)")
    await this.engine.addStore(name, store)
  }

  removeStore(name: string): Promise<void> {
    return this.engine.removeStore(name)
  }

  addExecutor(name: string, executor: ExecutorProvider): void {
    checkName("addExecutor", name)
    checkPart(`executor ${inWords(name)}`, executor, "make", "an executor, such as inProcess(…)")
    this.engine.addExecutor(name, executor)
  }

  removeExecutor(name: string): void {
    this.engine.removeExecutor(name)
  }

  private tentativeHandles(): ReadonlyArray<JobHandle> {
    return this.adding.tentativeJobs.map((added) => this.handle(added))
  }

  private async change(...change: Parameters<JobWrites["change"]>): Promise<JobHandle> {
    return this.handle(await this.writes.change(...change))
  }

  private handle({ job, store }: WrittenJob): JobHandle {
    return new FetchedJob(this, job.row.id, () => recordOf(job, store, this.engine.streams))
  }

  private runHandle(run: RequestedRun): RunHandle {
    const { runId } = run
    return {
      ...run,
      settled: () => this.requests.settled(runId),
      retry: () => this.retryRun(runId),
      send: (event) => this.sendToRun(runId, event)
    }
  }
}
