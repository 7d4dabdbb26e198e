/**
 * The face for programs that await: verbs as promises, news as an Observable and listeners, actors for who wants to look. Longer
 * than most files because every public verb is here with its documentation; what the verbs do is in `engine/`.
 */
import type { Observable } from "rxjs"
import type { Runtime } from "effect"
import { Engine } from "../engine/engine.ts"
import type { SchedulerActor } from "../engine/engine.ts"
import type { EngineOptions } from "../engine/engineOptions.ts"
import { explain } from "../engine/explain.ts"
import type { Explanation } from "../engine/explain.ts"
import { command } from "../engine/intent.ts"
import type { JobActor } from "../engine/jobActors.ts"
import type { Job } from "../engine/jobCodec.ts"
import * as commands from "../engine/jobCommands.ts"
import type { JobChanges } from "../engine/jobCommands.ts"
import { defineJob } from "../engine/jobDefinition.ts"
import type { JobDefinition } from "../engine/jobDefinition.ts"
import { JobQueries, placeOfRun } from "../engine/jobQueries.ts"
import { checkKnownOptions } from "../engine/queryOptions.ts"
import { checkName, checkPart } from "../engine/givenParts.ts"
import type { JobQuery, MisfireQuery, PreviewEntry, RunQuery } from "../engine/jobQueries.ts"
import type { JobRecord } from "../engine/jobRecord.ts"
import { recordOf } from "../engine/jobRecord.ts"
import type { Plan } from "../engine/plan.ts"
import {
  DuplicateJobError,
  InvalidOptionError,
  SchedulerNotStartedError,
  UnknownNameError
} from "../engine/schedulerError.ts"
import type { StoreLane } from "../engine/storeLane.ts"
import { verify } from "../verify/verify.ts"
import type { Verification } from "../verify/verification.ts"
import { runStore } from "../engine/storePromise.ts"
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
import { checkArguments } from "../task/taskArguments.ts"
import { readDuration } from "../time/duration.ts"
import type { InstantInput } from "../time/instant.ts"
import type { Json, Trigger } from "../trigger/trigger.ts"
import type { Duration } from "effect"
import { declaredJobs } from "./declaredJobs.ts"
import type { JobHandle, RunHandle, Timing } from "./jobHandle.ts"
import { JobHandle as Handle } from "./jobHandle.ts"
import type { ExportedJobs, ImportOptions } from "./jobExchange.ts"
import { exportJobs, readExport } from "./jobExchange.ts"
import { plainRuntime, readOptions } from "./options.ts"
import type { SchedulerOptions } from "./options.ts"
import { printedJobs } from "./printJobs.ts"
import type { SchedulerStatus } from "./status.ts"
import { statusOf } from "./status.ts"

/** A job of a task whose arguments are typed. */
export type TypedJobInput<T> = Omit<JobInput, "task" | "args"> & { readonly task: T } & ArgumentsOption<TaskInput<T>>

/** A job of a task that is named, not given: its arguments are checked when it is added, not by the compiler. */
export type NamedJobInput = JobInput & { readonly task: string | { readonly name: string; readonly handler?: never } }

/** Jobs of one `addJobs` that share a commit. */
const jobsPerIntent = 256
/** Slices of one `addJobs` that are on their way to the disk. */
const slicesUnderWay = 8

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
  /** Added before `start`, by id. */
  private readonly tentative = new Map<string, JobDefinition>()

  constructor(options: EngineOptions) {
    this.engine = new Engine(options)
    this.queries = new JobQueries(this.engine)
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
   * fires nothing until `resume`. Rejects with the store's error (`StoreInUse`, `StoreUnreadable`, `StoreTooNew`,
   * `StoreUnavailable`) or a `DuplicateJobError` of a tentative job; nothing is left open then.
   */
  async start(options: { readonly paused?: boolean } = {}): Promise<void> {
    checkKnownOptions("start", options, ["paused"])
    await this.engine.start(options.paused ?? false, async () => {
      await this.addDefinitions(declaredJobs(this.engine))
      await this.addDefinitions([...this.tentative.values()])
      this.tentative.clear()
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
   * and follows its job's `onInterrupted` at the next start. `wait: false` interrupts at once. Idempotent.
   */
  async shutdown(options: { readonly wait?: boolean; readonly deadline?: Duration.DurationInput } = {}): Promise<void> {
    checkKnownOptions("shutdown", options, ["wait", "deadline"])
    const deadlineMs = options.deadline === undefined ? 30_000 : readDuration(options.deadline, "shutdown's deadline")
    await this.engine.shutdown(options.wait ?? true, deadlineMs)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  /** Adds one job. Before `start` it is tentative: checked now, stored then. */
  addJob<T extends AnyTask<unknown>>(input: TypedJobInput<T>): Promise<JobHandle>
  addJob(input: NamedJobInput): Promise<JobHandle>
  async addJob(input: JobInput): Promise<JobHandle> {
    const definition = defineJob(input, this.engine.setting)
    if (this.engine.fresh) return this.addTentative(definition)
    await this.refuseElsewhere([definition])
    return this.change(definition.store, "addJob", [definition.row.id], (plan) => commands.addTo(plan, definition))
  }

  /** Adds many. All are checked before the first is written; then they are written in slices. */
  async addJobs(inputs: Iterable<JobInput>): Promise<ReadonlyArray<JobHandle>> {
    checkPart("addJobs' argument", inputs, Symbol.iterator, "a list of jobs")
    const definitions: Array<JobDefinition> = []
    for (const input of inputs) {
      definitions.push(defineJob(input, this.engine.setting))
      // Checking takes microseconds a job, so a large batch gives way to other work now and then.
      if (definitions.length % 500 === 0) await this.turn()
    }
    if (this.engine.fresh) return definitions.map((definition) => this.addTentative(definition))
    return this.addDefinitions(definitions)
  }

  /** The job, or `undefined`. */
  async getJob(id: string): Promise<JobHandle | undefined> {
    if (this.engine.fresh) return this.tentativeHandles().find((job) => job.id === id)
    const found = await this.queries.find(id, "getJob")
    return found === undefined ? undefined : new Handle(this, id, () => found.record)
  }

  /** Jobs by next fire time, those without one last. */
  async getJobs(query: JobQuery = {}): Promise<ReadonlyArray<JobHandle>> {
    if (this.engine.fresh) return this.tentativeHandles()
    return (await this.queries.jobs(query)).map((record) => new Handle(this, record.id, () => record))
  }

  /** Changes some of a job's definition, all or nothing. A new trigger counts from now. */
  async modifyJob(id: string, changes: JobChanges): Promise<JobHandle> {
    return this.changeJob(id, "modifyJob", (plan) => commands.modify(plan, id, changes, this.engine.setting))
  }

  /** Gives a job another trigger, from now on. A pause stays. */
  async rescheduleJob(id: string, trigger: Trigger, timing: Timing = {}): Promise<JobHandle> {
    return this.modifyJob(id, { ...timing, trigger })
  }

  /** Fire times stop; runs under way go on, retries wait. */
  async pauseJob(id: string): Promise<JobHandle> {
    return this.changeJob(id, "pauseJob", (plan) => commands.pause(plan, commands.jobIn(plan, id, "pauseJob")))
  }

  /**
   * Ends a pause, a fault's too. `missed: "skip"` (default after a user's pause) forgets the fire times of the pause;
   * `"coalesce"` (default after a fault) lets them come due now.
   */
  async resumeJob(id: string, options: { readonly missed?: "skip" | "coalesce" } = {}): Promise<JobHandle> {
    checkKnownOptions("resumeJob", options, ["missed"])
    const { missed } = options
    if (missed !== undefined && !["skip", "coalesce"].includes(missed)) {
      throw new InvalidOptionError({ option: "missed", found: preview(missed), expected: `"skip" or "coalesce"` })
    }
    return this.changeJob(id, "resumeJob", (plan) =>
      commands.resume(plan, commands.jobIn(plan, id, "resumeJob"), missed, this.engine.setting)
    )
  }

  /** The id is free at once. A run under way ends by itself and is recorded. */
  async removeJob(id: string): Promise<void> {
    const lane = await this.laneOf(id, "removeJob")
    await this.submit(lane, [id], (plan) => commands.removeById(plan, id))
  }

  /** Removes every job, of one store or of all; how many there were. */
  async removeAllJobs(options: { readonly store?: string } = {}): Promise<number> {
    let removed = 0
    for (;;) {
      const jobs = await this.queries.jobs({ ...options, limit: jobsPerIntent })
      if (jobs.length === 0) return removed
      await Promise.all(jobs.map(({ id }) => this.removeJob(id)))
      removed += jobs.length
    }
  }

  /**
   * Runs a job now, beside its schedule; resolves when the run is claimed. At `maxInstances` the overlap policy decides:
   * `skip` rejects with `MaxInstancesError`, the others wait or make room.
   */
  async runJob(id: string, options: { readonly args?: unknown } = {}): Promise<RunHandle> {
    const { lane, record } = await this.queries.mustFind(id, "runJob")
    checkKnownOptions("runJob", options, ["args"])
    const task = this.engine.tasks.get(record.task, id)
    const args: Json | undefined = "args" in options ? checkArguments(task, options.args, id) : undefined
    const request = (plan: Plan) => {
      const job = commands.jobIn(plan, id, "runJob")
      return { jobKey: job.key, fireAt: commands.request(plan, job, args, this.engine.setting) }
    }
    const { claimed, fireAt } = await this.submitAnd(lane, [id], request, (made) => ({
      claimed: this.engine.waiters.claimed(lane, made.jobKey, made.fireAt),
      fireAt: made.fireAt
    }))
    const runId = lane.runId(await claimed)
    return { runId, jobId: id, fireAt, settled: () => this.settledRun(runId) }
  }

  /**
   * Ends a run: outcome `cancelled`. False when it had ended already, or ends by itself before it is told. Resolves when the outcome is
   * on disk.
   */
  async cancelRun(runId: string): Promise<boolean> {
    const place = placeOfRun(runId)
    const unknown = new UnknownNameError({
      kind: "run",
      name: typeof runId === "string" ? runId : preview(runId),
      known: []
    })
    if (place === null) throw unknown
    const lane = this.engine.lane(place.store, "cancelRun")
    const [run] = await runStore(lane.store.runs({ runKey: place.runKey, limit: 1 }))
    if (run === undefined) throw unknown
    if (run.outcome !== null) return false
    const { ended, forget } = this.engine.waiters.untilEnded(runId)
    // By key: the job may be removed, and its id in use again.
    const keys = [run.jobKey]
    try {
      const wasLive = await new Promise<boolean>((resolve, reject) =>
        lane.submit(
          command(
            { keys, givenAt: this.engine.timers.monotonicMillis() },
            (plan) => commands.cancelRun(plan, run.jobKey, place.runKey),
            { resolve, reject }
          )
        )
      )
      if (!wasLive) return false
      await ended
    } finally {
      forget()
    }
    const [left] = await runStore(lane.store.runs({ runKey: place.runKey, limit: 1 }))
    // Retention may have been quicker.
    return left === undefined || left.outcome === "cancelled"
  }

  /** Runs, newest fire time first, finished and live. */
  getRuns(query: RunQuery = {}): Promise<ReadonlyArray<RunRecord>> {
    return this.queries.runs(query)
  }

  /** The ledger's other entries: fire times that are not runs of their own, and why. */
  getMisfires(query: MisfireQuery = {}): Promise<ReadonlyArray<LedgerEntry>> {
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
  async printJobs(print: (line: string) => void = printLine): Promise<void> {
    if (typeof print !== "function") {
      throw new InvalidOptionError({ option: "printJobs' argument", found: preview(print), expected: "a function" })
    }
    for (const line of printedJobs(await this.getJobs(), this.engine.fresh)) print(line)
  }

  /** All jobs with their pauses, as versioned JSON. Runs and ledger stay behind. */
  async exportJobs(query: JobQuery = {}): Promise<ExportedJobs> {
    return exportJobs(await this.queries.jobs({ limit: 10_000_000, ...query }), this.engine.timers.now())
  }

  /** Adds exported jobs. All are checked before the first is written. */
  async importJobs(exported: ExportedJobs, options: ImportOptions = {}): Promise<ReadonlyArray<JobHandle>> {
    return this.addJobs(readExport(exported, options, this.engine.options.readTrigger))
  }

  /** The job's record now and after every change; completes when the job is removed or the scheduler stops. */
  job$(id: string): Observable<JobRecord> {
    const report = (error: unknown): void => this.engine.options.onError(error, `a subscriber of job$("${id}")`)
    return new IsolatedObservable<JobRecord>(report, (subscriber) => {
      let fresh = true
      const unwatch = this.engine.watch((job, lane) => {
        if (job.row.id !== id) return
        fresh = false
        subscriber.next(recordOf(job, lane.name))
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
    const { lane } = await this.queries.mustFind(id, "actor")
    const find = (plan: Plan) => ({ plan, job: commands.jobIn(plan, id, "actor") })
    return this.submitAnd(lane, [id], find, ({ plan, job }) => this.engine.actorOf(lane, plan, job))
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

  private addTentative(definition: JobDefinition): JobHandle {
    const { row, ifExists, store } = definition
    if (!this.engine.options.stores.has(store))
      throw new UnknownNameError({ kind: "store", name: store, known: [...this.engine.options.stores.keys()] })
    if (this.tentative.has(row.id) && ifExists === "error") throw new DuplicateJobError({ jobId: row.id, store })
    if (!this.tentative.has(row.id) || ifExists === "replace") this.tentative.set(row.id, definition)
    return this.tentativeHandle(definition)
  }

  private tentativeHandles(): ReadonlyArray<JobHandle> {
    return [...this.tentative.values()].map((definition) => this.tentativeHandle(definition))
  }

  private tentativeHandle({ row, rules, trigger, memory, store }: JobDefinition): JobHandle {
    const value = memory.pausedAt === null ? "scheduled" : "paused"
    return new Handle(this, row.id, () =>
      recordOf({ key: 0, row, rules, trigger, value, memory, removedAt: null }, store)
    )
  }

  private async addDefinitions(definitions: ReadonlyArray<JobDefinition>): Promise<ReadonlyArray<JobHandle>> {
    await this.refuseDuplicates(definitions)
    const handles: Array<ReadonlyArray<JobHandle>> = []
    const left = slices(definitions)
    const addSlices = async (): Promise<void> => {
      // One that fails ends `left` for all: no further slice is submitted.
      for (const slice of left) {
        const lane = this.engine.lane(slice.store, "addJobs")
        const ids = slice.definitions.map(({ row }) => row.id)
        const jobs = await this.submit(lane, ids, (plan) => commands.addAllTo(plan, slice.definitions))
        handles[slice.index] = jobs.map((job) => this.handle(lane, job))
      }
    }
    // A few slices are on their way at a time; the others wait here, not in the lane's memory.
    await Promise.all(Array.from({ length: slicesUnderWay }, addSlices))
    return handles.flat()
  }

  /** Before the first slice is written: an id that is given twice, or taken. */
  private async refuseDuplicates(definitions: ReadonlyArray<JobDefinition>): Promise<void> {
    const seen = new Set<string>()
    for (const { row, store, ifExists } of definitions) {
      if (seen.has(row.id) && ifExists === "error") throw new DuplicateJobError({ jobId: row.id, store })
      seen.add(row.id)
    }
    for (const definition of definitions) this.engine.lane(definition.store, "addJobs")
    const strict = definitions.filter(({ ifExists }) => ifExists === "error")
    for (let at = 0; at < strict.length; at += 1000) {
      const taken = await this.queries.taken(strict.slice(at, at + 1000).map(({ row }) => row.id))
      const [first] = taken
      if (first !== undefined) throw new DuplicateJobError({ jobId: first.id, store: first.store })
    }
    await this.refuseElsewhere(definitions.filter(({ ifExists }) => ifExists !== "error"))
  }

  /** An id is unique over all stores, whatever `ifExists` says of the job in its own. */
  private async refuseElsewhere(definitions: ReadonlyArray<JobDefinition>): Promise<void> {
    for (const { store } of definitions) this.engine.lane(store, "addJob")
    if (this.engine.lanes.length < 2) return
    const wanted = new Map(definitions.map(({ row, store }) => [row.id, store]))
    const ids = [...wanted.keys()]
    for (let at = 0; at < ids.length; at += 1000) {
      const taken = await this.queries.taken(ids.slice(at, at + 1000))
      const other = taken.find(({ id, store }) => wanted.get(id) !== store)
      if (other !== undefined) throw new DuplicateJobError({ jobId: other.id, store: other.store })
    }
  }

  private async changeJob(id: string, verb: string, apply: (plan: Plan) => Job): Promise<JobHandle> {
    const lane = await this.laneOf(id, verb)
    return this.change(lane.name, verb, [id], apply)
  }

  private async laneOf(id: string, verb: string): Promise<StoreLane> {
    checkIdText(id)
    const { lane } = this.engine.lanes.length === 1 ? this.onlyLane(verb) : await this.queries.mustFind(id, verb)
    return lane
  }

  private onlyLane(verb: string): { readonly lane: StoreLane } {
    this.engine.mustRun(verb)
    const [lane] = this.engine.lanes
    if (lane === undefined) throw new SchedulerNotStartedError({ verb })
    return { lane }
  }

  private async change(
    store: string,
    verb: string,
    ids: ReadonlyArray<string>,
    apply: (plan: Plan) => Job
  ): Promise<JobHandle> {
    const lane = this.engine.lane(store, verb)
    return this.handle(lane, await this.submit(lane, ids, apply))
  }

  private submit<A>(lane: StoreLane, ids: ReadonlyArray<string>, apply: (plan: Plan) => A): Promise<A> {
    return this.submitAnd(lane, ids, apply, (given) => given)
  }

  /** `then` is called within the commit: a moment later another may have passed by. */
  private submitAnd<A, B>(
    lane: StoreLane,
    ids: ReadonlyArray<string>,
    apply: (plan: Plan) => A,
    then: (given: A) => B
  ): Promise<B> {
    return new Promise((resolve, reject) => {
      const settle = (given: A): void => {
        try {
          resolve(then(given))
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)))
        }
      }
      const needs = { ids, weight: ids.length, givenAt: this.engine.timers.monotonicMillis() }
      lane.submit(command(needs, apply, { resolve: settle, reject }))
    })
  }

  private handle({ name }: StoreLane, job: Job): JobHandle {
    return new Handle(this, job.row.id, () => recordOf(job, name))
  }

  private async settledRun(runId: string): Promise<RunRecord> {
    const { ended, forget } = this.engine.waiters.untilEnded(runId)
    try {
      const now = await this.storedRun(runId)
      if (now.outcome !== null) return now
      await ended
      return await this.storedRun(runId)
    } finally {
      forget()
    }
  }

  private async storedRun(runId: string): Promise<RunRecord> {
    const [run] = await this.queries.runs({ runId })
    if (run === undefined) throw new UnknownNameError({ kind: "run", name: runId, known: [] })
    return run
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.engine.timers.after(0, resolve))
  }
}

// eslint-disable-next-line no-console -- printing is what it is asked for
const printLine = (line: string): void => console.log(line)

/** Definitions in the order given, in stretches that go into one store and one commit. */
function* slices(
  definitions: ReadonlyArray<JobDefinition>
): Iterable<{ readonly index: number; readonly store: string; readonly definitions: ReadonlyArray<JobDefinition> }> {
  for (let at = 0, index = 0; at < definitions.length; index++) {
    const store = definitions[at]?.store ?? "default"
    let end = at + 1
    while (end < definitions.length && end < at + jobsPerIntent && definitions[end]?.store === store) end += 1
    yield { index, store, definitions: definitions.slice(at, end) }
    at = end
  }
}

const checkEventTypes = (types: unknown): void => {
  for (const type of Array.isArray(types) ? types : [types]) {
    if (!schedulerEventTypes.has(String(type))) {
      const expected = `one of ${[...schedulerEventTypes].join(", ")}`
      throw new InvalidOptionError({ option: "on's event type", found: preview(type), expected })
    }
  }
}
