/**
 * A scheduler at work: its actors, stores, executors and streams, and its life from start to stop. The path of a fire is in
 * `storeWriter.ts`; what callers do is in `jobEdits.ts`; what they ask is in `jobQueries.ts`.
 * Long because it is where all parts meet: most of it is handing on.
 */
import { Effect } from "effect"
import type { Observable } from "rxjs"
import type { AnyActorRef } from "xstate"
import { EventStream } from "../event/eventStream.ts"
import type { SchedulerLifecycleEvent, SchedulerLifecycleType } from "../event/schedulerEvent.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { JobStore } from "../store/jobStore.ts"
import type { StoreError } from "../store/storeError.ts"
import { StoreFenced, StoreUnavailable } from "../store/storeError.ts"
import { describeError } from "../task/runError.ts"
import type { AnyTask } from "../task/task.ts"
import type { TaskRegistry } from "../task/taskRegistry.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { HolidayCalendar } from "../trigger/holidayCalendar.ts"
import type { WallTimers } from "./clock.ts"
import { liveClock, maxSleepMs, timersOf } from "./clock.ts"
import { Deadline } from "./deadline.ts"
import type { OrderSource } from "./dispatchedOrder.ts"
import { Dispatcher } from "./dispatcher.ts"
import type { EngineOptions } from "./engineOptions.ts"
import { ExecutorActors } from "./executorActors.ts"
import { guardedInspect, inspectTasks } from "./inspection.ts"
import { Watchers } from "./watch/watchers.ts"
import type { CommitFollower } from "./writer/commitFollower.ts"
import type { HeldJob } from "./jobActors.ts"
import { JobActors } from "./jobActors.ts"
import type { Job } from "./job/jobCodec.ts"
import { JobCodec } from "./job/jobCodec.ts"
import type { DefinitionEnvironment } from "./job/jobDefinition.ts"
import type { MissingKind } from "./job/missingPart.ts"
import { JobsUnclaimedError, UnclaimedJobs } from "./writer/unclaimedJobs.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"
import { Questions } from "./questions.ts"
import { Retention } from "./writer/retention.ts"
import { RunActors } from "./runActors.ts"
import { RunWaiters } from "./runWaiters.ts"
import {
  NameTakenError,
  SchedulerNotStartedError,
  SchedulerStartedError,
  SchedulerStoppedError,
  UnknownNameError
} from "./schedulerError.ts"
import type { WriterHost } from "./writer/writerHost.ts"
import type { StoreWriter } from "./writer/storeWriter.ts"
import { runStore } from "./storePromise.ts"
import type { FencedStore } from "./openStores.ts"
import { OpenStores } from "./openStores.ts"
import { EventIds } from "./told/eventIds.ts"
import { SchedulerLife } from "./schedulerLife.ts"
import { StreamJobs } from "./stream/streamJobs.ts"
import { StreamSources } from "./stream/streamSources.ts"
import { Supervision } from "./supervision.ts"
import { Suspects } from "./writer/suspects.ts"
import { reckonWhileRunning } from "./correction/clockCorrection.ts"
import { ErrorLog } from "./errorLog.ts"

/** How long a stop waits for a store that does not answer, beyond its deadline. */
const unansweredMs = 5_000

export interface StartOptions {
  readonly paused: boolean
  /** How long each store may still be another owner's. */
  readonly waitMs: number
}

export class Engine implements WriterHost {
  readonly options: EngineOptions
  readonly timers: WallTimers
  readonly events: EventStream
  readonly eventIds = new EventIds()
  readonly codec: JobCodec
  readonly dispatcher: Dispatcher
  readonly suspects: Suspects
  readonly unclaimed: UnclaimedJobs
  readonly questions: Questions
  readonly life: SchedulerLife
  readonly waiters = new RunWaiters()
  readonly cacheLimit: number
  readonly startedAt: EpochMillis
  readonly errors: ErrorLog
  private readonly stores: OpenStores
  private readonly executorActors: ExecutorActors
  private readonly streamJobs: StreamJobs
  private readonly retention: Retention
  private readonly jobActors: JobActors
  private readonly supervision: Supervision
  readonly streams: StreamSources
  /** Why it stops by itself; `null`: it does not, or was asked to. */
  private fault: { readonly error: unknown } | null = null
  private ids = 0
  private stopping: Promise<void> | null = null
  private readonly deadline: Deadline
  /** Ends a start that is under way; `startOver` resolves when it has ended, well or not. */
  private callOffStart: (error: SchedulerStoppedError) => void = () => undefined
  private startOver: Promise<unknown> = Promise.resolve()
  /** Hears of what commits have changed. */
  readonly watchers: Watchers
  /** In the order in which they are told: an actor is up to date when a watcher looks at it. */
  private readonly followers: ReadonlyArray<CommitFollower<StoreWriter>>

  constructor(options: EngineOptions) {
    this.timers = timersOf(options.clock ?? liveClock)
    this.errors = new ErrorLog(
      () => this.timers.now(),
      (error, where) => {
        options.onError(error, where)
        this.watchers.touch()
      }
    )
    const onError = this.errors.report
    this.watchers = new Watchers(this.timers, options.within, onError)
    this.options = { ...options, onError }
    this.startedAt = this.timers.now()
    this.deadline = new Deadline(this.timers)
    this.cacheLimit = options.cachedJobs
    this.events = new EventStream(onError, options.within)
    this.codec = new JobCodec(options.readTrigger)
    const released = (source: OrderSource): void => this.wakeOthers(source)
    const { inspect, runtime, within } = options
    const inspecting = inspect === undefined ? {} : { inspect: guardedInspect({ inspect, onError, within }) }
    const runOf = (runId: string): AnyActorRef | null =>
      (this.life.root.actor.system.get(`run:${runId}`) as AnyActorRef | undefined) ?? null
    const tasksInspect = inspecting.inspect === undefined ? {} : { inspect: inspectTasks(inspecting.inspect, runOf) }
    const environment = { tasks: options.tasks, timers: this.timers, runtime, within, report: onError, ...tasksInspect }
    const failed: ExecutorFailed = (name, error, doing) => {
      this.errors.reportExecutor(name, error, doing)
      // What a removed one still does wrong is the log's alone.
      if (this.dispatcher.has(name)) this.supervision.executorCrashed(name, error)
    }
    this.dispatcher = new Dispatcher(environment, released, failed, (name, settlement) =>
      this.supervision.attemptEnded(name, settlement)
    )
    this.suspects = new Suspects(this.timers, () => {
      for (const writer of this.writers) writer.forgetWakeUps()
    })
    this.unclaimed = new UnclaimedJobs(
      () => this.timers.now(),
      ({ store, missing, name, since }) => {
        this.events.publish(since, { type: "JobsUnclaimed", store, missing, name })
        onError(new JobsUnclaimedError({ store, missing, name }), `store "${store}"`)
      }
    )
    this.questions = new Questions(
      this.timers,
      () => this.writers.some(({ busy }) => busy),
      (verb, error) => this.overtaken(verb, error)
    )
    this.streams = this.openStreams(options.streams)
    const isOver = (stream: string): boolean => this.streams.isOver(stream)
    this.streamJobs = new StreamJobs(options.tasks, this.suspects, this.unclaimed, onError, isOver)
    this.retention = new Retention(options.retention, this.timers)
    const guards = { onError, within }
    this.life = new SchedulerLife(this.timers, guards, { ...inspecting, parent: options.parent })
    this.stores = new OpenStores(this)
    this.executorActors = new ExecutorActors(this.life.root, this.dispatcher, guards)
    const executor = (name: string): ReturnType<ExecutorActors["find"]> => this.executorActors.find(name)
    const messages = inspect === undefined ? null : new RunActors(this.life.root, executor, guards)
    this.jobActors = new JobActors(this.life.root, messages, guards)
    this.supervision = new Supervision(this.life, {
      executor,
      streams: () => messages?.ofStreams,
      job: (writer, key) => this.jobActors.speaker(writer, key)
    })
    this.followers = [
      this.jobActors,
      this.supervision,
      this.suspects,
      this.streamJobs,
      this.waiters,
      this.watchers,
      this.retention
    ]
  }

  get tasks(): TaskRegistry {
    return this.options.tasks
  }

  get claiming(): boolean {
    // A store that is away claims nothing by itself; the others go on.
    const { now } = this.life
    return now.hasTag("claims") && !now.context.paused
  }

  get paused(): boolean {
    return this.life.now.context.paused
  }

  /** Open stores by name, in the order in which they were given. */
  get writers(): ReadonlyArray<StoreWriter> {
    return this.stores.writers
  }

  /** Stores that another owner has taken, by name. */
  get fenced(): ReadonlyMap<string, FencedStore> {
    return this.stores.fenced
  }

  get descriptions(): ReadonlyMap<string, string> {
    return this.stores.descriptions
  }

  /** It has been asked to stop, or has had to. */
  get stopped(): boolean {
    const { now } = this.life
    return now.value === "draining" || now.value === "stopped"
  }

  /** It has started, and its stores are still there to be asked. */
  get awake(): boolean {
    return this.life.now.hasTag("answers")
  }

  get fresh(): boolean {
    return this.life.now.value === "new"
  }

  private get atWork(): boolean {
    return this.life.now.hasTag("at-work")
  }

  /** What it has stopped with, or is about to, by itself; `null`: it goes on, or was asked to stop. */
  get stopFault(): { readonly error: unknown } | null {
    return this.fault
  }

  /** Why it has stopped, where nobody asked for it. */
  get stopReason(): string | null {
    return this.fault === null ? null : reasonOf(this.fault.error)
  }

  /** The writer of a store, or an error that says why there is none. */
  writer(name: string, verb: string): StoreWriter {
    this.mustRun(verb)
    return this.writerNamed(name)
  }

  writerNamed(name: string): StoreWriter {
    const writer = this.stores.writer(name)
    const fenced = this.stores.fenced.get(name)
    if (fenced !== undefined) throw fenced.error
    if (writer === undefined) throw new UnknownNameError({ kind: "store", name, known: this.stores.names })
    return writer
  }

  /** Questions are answered while a stop waits for runs, too. */
  mustAnswer(verb: string): void {
    if (!this.life.now.hasTag("answers")) this.mustRun(verb)
  }

  mustRun(verb: string): void {
    const { now } = this.life
    if (now.hasTag("takes-commands")) return
    if (now.hasTag("not-started")) throw new SchedulerNotStartedError({ verb })
    throw new SchedulerStoppedError({ verb, reason: this.stopReason })
  }

  /** What a store fails with that the stop has closed beneath a caller is that stop, and no fault of the store. */
  overtaken(verb: string, error: unknown): unknown {
    const isClosed = error instanceof StoreUnavailable || error instanceof StoreFenced
    return this.stopped && isClosed ? new SchedulerStoppedError({ verb, reason: this.stopReason }) : error
  }

  /** A read of a caller's that waits for no turn. */
  async read<A>(verb: string, effect: Effect.Effect<A, StoreError>): Promise<A> {
    try {
      return await runStore(effect)
    } catch (error) {
      throw this.overtaken(verb, error)
    }
  }

  get commandTimeoutMs(): number {
    return this.options.commandTimeoutMs
  }

  get readTrigger(): EngineOptions["readTrigger"] {
    return this.options.readTrigger
  }

  get environment(): DefinitionEnvironment {
    const { options } = this
    return {
      now: this.timers.now(),
      timezone: options.timezone,
      rules: options.rules,
      tasks: options.tasks,
      readTrigger: (text) => this.codec.readTriggerText(text),
      knowsExecutor: (name) => (this.fresh ? options.executors.has(name) : this.dispatcher.has(name)),
      knowsStream: (name) => this.streams.has(name),
      streamIsOver: (name) => this.streams.isOver(name),
      makeId: (task) => `${task}-${this.startedAt.toString(36)}${this.eraSuffix}-${++this.ids}`
    }
  }

  /** Two owners of a store may have started in the same millisecond, of virtual time at least; their epochs differ. */
  private get eraSuffix(): string {
    const [first] = this.writers
    return first === undefined ? "" : `.${first.store.epoch.toString(36)}`
  }

  /** Opens stores, settles what a dead owner left, then runs `declare` and begins to claim. A `shutdown` meanwhile ends it. */
  start({ paused, waitMs }: StartOptions, declare: () => Promise<void>): Promise<void> {
    if (this.stopped) return Promise.reject(new SchedulerStoppedError({ verb: "start", reason: this.stopReason }))
    if (!this.life.now.can({ type: "start" })) return Promise.reject(new SchedulerStartedError({ verb: "start" }))
    this.life.send({ type: "start" })
    const calledOff = new Promise<never>((_resolve, reject) => (this.callOffStart = reject))
    const started = this.comeUp(paused, Promise.race([this.open(waitMs, declare), calledOff]))
    this.startOver = started.catch(() => undefined)
    return started
  }

  private async open(waitMs: number, declare: () => Promise<void>): Promise<void> {
    for (const [name, provider] of this.options.executors) this.openExecutor(name, provider)
    for (const [name, store] of this.options.stores) await this.openStore(name, store, waitMs)
    if (this.stopped) return
    this.life.send({ type: "opened" })
    await declare()
  }

  private async comeUp(paused: boolean, opened: Promise<void>): Promise<void> {
    try {
      await opened
      if (this.stopped) throw calledOff()
      // A store that was opened may have been lost to another owner meanwhile.
      if (this.fault !== null) throw this.fault.error
      this.life.send({ type: "started" })
      if (paused) this.life.send({ type: "pause" })
      this.claimFromNow()
    } catch (error) {
      await this.abandon(error)
      throw error
    }
    this.tellLifecycle("SchedulerStarted")
    this.streams.listen()
    this.wakeAll()
    this.watchers.refresh()
  }

  pause(): void {
    this.mustRun("pause")
    if (!this.life.now.can({ type: "pause" })) return
    this.life.send({ type: "pause" })
    this.tellLifecycle("SchedulerPaused")
  }

  resume(): void {
    this.mustRun("resume")
    if (!this.life.now.can({ type: "resume" })) return
    this.life.send({ type: "resume" })
    this.claimFromNow()
    this.tellLifecycle("SchedulerResumed")
    this.wakeAll()
  }

  /**
   * Claims nothing more; with `wait`, runs under way have until `deadlineMs` to end. What is left is interrupted and follows
   * its job's `onInterrupted` at the next start. Called again, it gives the same promise; with a shorter wait, it shortens it.
   * Before the start is through, it ends the start.
   */
  shutdown(wait: boolean, deadlineMs: number): Promise<void> {
    if (this.fresh) {
      this.life.send({ type: "drain" })
      this.events.end()
      return Promise.resolve()
    }
    this.deadline.shorten(wait ? deadlineMs : 0)
    this.stopping ??= this.atWork ? this.stop() : this.endStart()
    return this.stopping
  }

  async addStore(name: string, store: JobStore): Promise<void> {
    this.mustRun("addStore")
    try {
      await this.openStore(name, store)
      if (this.stores.forgetFenced(name)) this.storeBack(this.writerNamed(name))
    } finally {
      // One that a stop has closed while it was opened fails in its own words, or not at all.
      this.mustRun("addStore")
    }
    this.wakeAll()
    this.watchers.refresh()
  }

  /** Waits for the store's live runs as long as it answers, then closes it. Its jobs stay in it. */
  async removeStore(name: string): Promise<void> {
    this.mustRun("removeStore")
    if (this.stores.forgetFenced(name)) {
      this.life.send({ type: "storeBack", store: name })
      return
    }
    const writer = this.writer(name, "removeStore")
    writer.stopClaiming()
    // One that is away may never come back: its live runs are then interrupted when it is opened again.
    if (!writer.lost) {
      let forget = (): void => undefined
      const lost = new Promise<void>((resolve) => (forget = writer.onLost(() => resolve())))
      await Promise.race([this.drained(() => this.dispatcher.liveOf(writer) === 0, [writer]), lost])
      forget()
    }
    const removed = new SchedulerStoppedError({ verb: `store "${name}"`, reason: "it was removed" })
    await this.stores.close(name, removed)
    if (this.life.now.context.lost.includes(name)) this.storeBack(writer)
    this.leave(writer, removed)
  }

  addExecutor(name: string, provider: ExecutorProvider): void {
    this.mustRun("addExecutor")
    if (this.dispatcher.has(name)) throw new NameTakenError({ kind: "executor", name })
    this.openExecutor(name, provider)
    this.came("executor", name)
  }

  /** Jobs that waited for the task go on. Before the start there is nothing to go on with. */
  async addTask(task: AnyTask<unknown>): Promise<void> {
    if (!this.fresh) this.mustRun("addTask")
    this.tasks.add(task)
    this.came("task", task.name)
  }

  /** Jobs that waited for the stream go on with what it gives from now on. */
  async addStream(name: string, values$: Observable<unknown>): Promise<void> {
    if (!this.fresh) this.mustRun("addStream")
    if (!this.streams.mayAdd(name, values$)) throw new NameTakenError({ kind: "stream", name })
    this.streamJobs.begun(name, this.writers)
    this.came("stream", name)
    this.streams.add(name, values$)
    this.supervision.streamBack(name)
  }

  /** Jobs that waited for the calendar go on. */
  async addCalendar(calendar: HolidayCalendar): Promise<void> {
    if (!this.fresh) this.mustRun("addCalendar")
    if (!this.options.addCalendar(calendar)) throw new NameTakenError({ kind: "calendar", name: calendar.name })
    this.came("trigger", null)
  }

  /** Jobs that were left out for want of it are claimed for again. */
  private came(missing: MissingKind, name: string | null): void {
    this.unclaimed.came(missing, name)
    for (const writer of this.writers) writer.forgetWakeUps()
    if (missing === "task") this.streamJobs.taskCame(this.writers)
  }

  private openStreams(streams: ReadonlyMap<string, Observable<unknown>>): StreamSources {
    const { timers, events } = this
    return new StreamSources(streams, timers, {
      emitted: (stream, value) => this.streamJobs.emitted(stream, value, this.writers),
      completed: (stream) => {
        events.publish(timers.now(), { type: "StreamCompleted", stream })
        this.supervision.streamBack(stream)
        this.streamJobs.completed(stream, this.writers)
      },
      failed: ({ name: stream, failures, retryAt }, error) => {
        events.publish(timers.now(), { type: "StreamFailed", stream, failures, error: describeError(error), retryAt })
        this.options.onError(error, `stream "${stream}"`)
        this.supervision.streamFailed(stream, error)
      },
      recovered: (stream) => {
        events.publish(timers.now(), { type: "StreamRecovered", stream })
        this.supervision.streamBack(stream)
      },
      changed: (stream) => this.watchers.streamChanged(stream)
    })
  }

  /** Its runs are interrupted; its jobs stay and fire again when an executor of that name is added. */
  removeExecutor(name: string): void {
    this.mustRun("removeExecutor")
    if (!this.dispatcher.has(name)) throw new UnknownNameError({ kind: "executor", name, known: this.dispatcher.names })
    this.executorActors.remove(name, this.dispatcher.remove(name))
    this.supervision.executorRemoved(name)
  }

  /** The live actor of a job, asked for while the commit of `unit` is told. */
  actorOf(writer: StoreWriter, unit: UnitOfWork, job: Job): HeldJob {
    this.mustRun("actor")
    return this.jobActors.ask(writer, unit, job)
  }

  committed(writer: StoreWriter, unit: UnitOfWork): void {
    for (const follower of this.followers) follower.follow(writer, unit)
  }

  cycled(writer: StoreWriter): Effect.Effect<void, StoreError> {
    this.executorActors.showLoad()
    return Effect.map(this.retention.sweep(writer), (deleted) => {
      if (deleted > 0) this.watchers.forgot()
    })
  }

  evicted(writer: StoreWriter, job: Job): void {
    this.jobActors.evicted(writer, job)
  }

  wakeWithinMs(writer: StoreWriter): number {
    // Retention has its times, and a slot that a stuck task held becomes free without a word.
    const full = this.dispatcher.names.some((name) => this.dispatcher.free(name) === 0)
    return Math.min(this.retention.dueInMs(writer), full ? maxSleepMs : Infinity)
  }

  report(error: unknown, where: string): void {
    this.options.onError(error, where)
  }

  clockSetBack(writer: StoreWriter): void {
    reckonWhileRunning(writer, this).catch((error: unknown) => {
      if (!this.stopped) this.options.onError(error, `jobs of store "${writer.name}" after the clock was set back`)
    })
  }

  storeLost(writer: StoreWriter, error: StoreError): void {
    const known = this.life.now.context.lost.includes(writer.name)
    this.life.send({ type: "storeLost", store: writer.name, reason: error.message })
    if (!known) {
      const { message: reason, _tag: errorTag } = error
      this.tellLifecycle("SchedulerDegraded", { store: writer.name, reason, errorTag })
    }
  }

  storeBack(writer: StoreWriter): void {
    this.life.send({ type: "storeBack", store: writer.name })
    writer.claimFromNow()
    this.tellLifecycle("SchedulerRecovered", { store: writer.name })
    this.wakeAll()
    this.watchers.refresh()
  }

  broken(writer: StoreWriter, error: unknown): void {
    this.options.onError(error, `store "${writer.name}"`)
    if (error instanceof StoreFenced && this.atWork && this.stores.several) return this.fence(writer, error)
    this.fault ??= { error }
    writer.close(error)
    // A start that is under way fails by itself.
    if (this.stopped) this.noteFault()
    if (this.atWork) this.shutdown(false, 0).catch((failure: unknown) => this.options.onError(failure, "shutdown"))
  }

  /** Another owner has this one of several stores: its jobs are that one's, and the others' go on. */
  private fence(writer: StoreWriter, error: StoreFenced): void {
    this.storeLost(writer, error)
    const closed = this.stores.fence(writer.name, error, this.timers.now())
    this.dispatcher.cancelAll(writer)
    this.leave(writer, error)
    closed.catch((failure: unknown) => this.options.onError(failure, `store "${writer.name}"`))
  }

  /** Whoever waits for something in a store that is closed is told. */
  private leave({ name }: StoreWriter, error: unknown): void {
    this.waiters.closeStore(name, error)
    this.unclaimed.closeStore(name)
    this.jobActors.closeStore(name)
    this.supervision.closeStore(name)
    this.watchers.refresh()
  }

  /** It takes no command any more. */
  private endLife(): void {
    if (this.fault === null) this.life.send({ type: "drain" })
    else this.noteFault()
  }

  private noteFault(): void {
    if (this.stopReason !== null) this.life.send({ type: "failed", reason: this.stopReason })
  }

  private async stop(): Promise<void> {
    this.endLife()
    this.tellLifecycle("SchedulerDraining")
    this.streams.close()
    this.stores.quiet()
    this.executorActors.drain()
    for (const writer of this.writers) writer.noteStop()
    await Promise.race([this.drained(() => this.dispatcher.live === 0, this.writers), this.deadline.passed])
    await this.closeExecutors(this.deadline.passed)
    this.deadline.cancel()
    await this.saved()
    this.executorActors.close()
    const stopped = new SchedulerStoppedError({ verb: "a command under way", reason: this.stopReason })
    await this.within(unansweredMs, [this.stores.closeAll(stopped)])
    this.endActors()
    this.waiters.close(this.stopReason)
    const errorTag = tagOf(this.fault?.error)
    this.tellLifecycle("SchedulerStopped", {
      ...(this.stopReason === null ? {} : { reason: this.stopReason }),
      ...(errorTag === null ? {} : { errorTag })
    })
    this.events.end()
  }

  private async endStart(): Promise<void> {
    this.endLife()
    this.callOffStart(calledOff())
    await this.startOver
  }

  /** A start that failed, or was called off, leaves nothing open. */
  private async abandon(error: unknown): Promise<void> {
    if (!this.stopped) this.fault ??= { error }
    this.endLife()
    this.stores.quiet()
    this.executorActors.drain()
    // While jobs were declared, somebody may have asked for a run.
    const live = this.dispatcher.live > 0
    if (live) for (const writer of this.writers) writer.noteStop()
    await this.closeExecutors(Promise.resolve())
    if (live) await this.saved()
    this.executorActors.close()
    await this.within(unansweredMs, [this.stores.closeAll(error)])
    this.endActors()
    this.waiters.close(this.stopReason)
    this.events.end()
  }

  /** Jobs' actors go before the one above them. */
  private endActors(): void {
    this.life.end(() => this.jobActors.close())
  }

  /** What is left is interrupted, at once or while the executors close. */
  private closeExecutors(deadline: Promise<void>): Promise<void> {
    this.dispatcher.closeAll()
    return this.dispatcher.closingEnded(deadline)
  }

  /** The interruptions themselves want to be saved; a store that is away may not come back in time. */
  private async saved(): Promise<void> {
    await this.within(
      unansweredMs,
      this.writers.map((writer) => new Promise<void>((resolve) => writer.idleOrLost(resolve)))
    )
  }

  /** Resolves once `quiet` holds and the writers have nothing pending. */
  private async drained(quiet: () => boolean, writers: ReadonlyArray<StoreWriter>): Promise<void> {
    do {
      if (!quiet()) await this.dispatcher.nextSettled()
      for (const writer of writers) await new Promise<void>((resolve) => writer.idle(resolve))
    } while (!quiet())
  }

  /** Resolves when all of `pending` have, or after `ms`. */
  private async within(ms: number, pending: ReadonlyArray<Promise<unknown>>): Promise<void> {
    let cancel = (): void => undefined
    const late = new Promise<void>((resolve) => (cancel = this.timers.after(ms, resolve)))
    await Promise.race([Promise.all(pending), late])
    cancel()
  }

  private async openStore(name: string, store: JobStore, waitMs = 0): Promise<void> {
    const owner = () => ({ ...this.options.owner, startedAt: this.timers.now() })
    await this.stores.open(name, store, { owner, waitMs }, async (writer) => {
      for (const { stream } of await runStore(this.streamJobs.read(writer)))
        if (stream !== null && !this.streams.has(stream)) this.unclaimed.note(name, "stream", stream)
    })
  }

  private openExecutor(name: string, provider: ExecutorProvider): void {
    this.dispatcher.add(name, provider)
    this.executorActors.open(name, provider)
  }

  /** Room in an executor that several stores share: the others may have waited for it. */
  private wakeOthers(source: OrderSource): void {
    if (this.stores.several) for (const writer of this.writers) if (writer !== source) writer.wake()
  }

  private claimFromNow(): void {
    for (const writer of this.writers) writer.claimFromNow()
  }

  private wakeAll(): void {
    for (const writer of this.writers) writer.wake()
  }

  private tellLifecycle(
    type: SchedulerLifecycleType,
    facts: Pick<SchedulerLifecycleEvent, "store" | "reason" | "errorTag"> = {}
  ): void {
    this.events.publish(this.timers.now(), { type, ...facts })
    this.watchers.touch()
  }
}

type ExecutorFailed = ErrorLog["reportExecutor"]

const calledOff = (): SchedulerStoppedError =>
  new SchedulerStoppedError({ verb: "start", reason: "shutdown was called before it was through" })

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const tagOf = (error: unknown): string | null =>
  typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string" ? error._tag : null
