/**
 * A scheduler at work: its actors, stores, executors and streams, and its life from start to stop. The path of a fire is in
 * `storeLane.ts`; what callers do is in `jobCommands.ts`; what they ask is in `jobQueries.ts`.
 * Long because it is where all parts meet: most of it is handing on.
 */
import type { Effect } from "effect"
import type { Observable } from "rxjs"
import { Subscription } from "rxjs"
import { createActor } from "xstate"
import type { ActorRefFrom } from "xstate"
import { schedulerMachine } from "../../machines/schedulerMachine.ts"
import { EventStream } from "../event/eventStream.ts"
import type { SchedulerLifecycleEvent, SchedulerLifecycleType } from "../event/schedulerEvent.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { JobStore } from "../store/jobStore.ts"
import type { StoreError } from "../store/storeError.ts"
import { StoreFenced, StoreUnavailable } from "../store/storeError.ts"
import type { AnyTask } from "../task/task.ts"
import type { TaskRegistry } from "../task/taskRegistry.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { HolidayCalendar } from "../trigger/holidayCalendar.ts"
import type { WallTimers } from "./clock.ts"
import { liveClock, maxSleepMs, rxjsScheduler, timersOf, xstateClock } from "./clock.ts"
import { Deadline } from "./deadline.ts"
import type { RunHome } from "./dispatcher.ts"
import { Dispatcher } from "./dispatcher.ts"
import type { EngineOptions } from "./engineOptions.ts"
import { ExecutorActors } from "./executorActors.ts"
import { FireTimeStream } from "./fireTimeStream.ts"
import { guardedInspect, guardSubscribers } from "./inspection.ts"
import type { JobActor } from "./jobActors.ts"
import { JobActors } from "./jobActors.ts"
import type { Job } from "./jobCodec.ts"
import { JobCodec } from "./jobCodec.ts"
import type { DefinitionSetting } from "./jobDefinition.ts"
import { parkStreamless, resumeParked } from "./parkedJobs.ts"
import type { Plan } from "./plan.ts"
import { Questions } from "./questions.ts"
import { Retention } from "./retention.ts"
import { RunWaiters } from "./runWaiters.ts"
import {
  NameTakenError,
  SchedulerNotStartedError,
  SchedulerStartedError,
  SchedulerStoppedError,
  UnknownNameError
} from "./schedulerError.ts"
import type { LaneHost } from "./laneHost.ts"
import type { StoreLane } from "./storeLane.ts"
import { runStore } from "./storePromise.ts"
import { StoreHomes } from "./storeHomes.ts"
import { StreamJobs } from "./streamJobs.ts"
import { Suspects } from "./suspects.ts"
import { reckonWhileRunning } from "./timeKeeping.ts"
import { TroubleLog } from "./troubleLog.ts"

/** How long a stop waits for a store that does not answer, beyond its deadline. */
const unansweredMs = 5_000

export type SchedulerActor = ActorRefFrom<typeof schedulerMachine>

export interface StartOptions {
  readonly paused: boolean
  /** How long each store may still be another owner's. */
  readonly waitMs: number
}

export class Engine implements LaneHost {
  readonly options: EngineOptions
  readonly timers: WallTimers
  readonly events: EventStream
  readonly codec: JobCodec
  readonly dispatcher: Dispatcher
  readonly suspects: Suspects
  readonly questions: Questions
  readonly actor: SchedulerActor
  readonly waiters = new RunWaiters()
  readonly residentLimit: number
  readonly startedAt: EpochMillis
  readonly troubles: TroubleLog
  private readonly homes: StoreHomes
  private readonly executorActors: ExecutorActors
  private readonly news: FireTimeStream
  private readonly streamJobs: StreamJobs
  private readonly retention: Retention
  private readonly jobActors: JobActors
  /** By name; those that came while running too. */
  private readonly streams: Map<string, Observable<unknown>>
  /** Names of the streams that are listened to, once the scheduler has started. */
  private readonly listening = new Set<string>()
  private readonly emissions = new Subscription()
  private phase: "new" | "starting" | "declaring" | "started" | "stopping" | "stopped" = "new"
  /** What it stops of, where nobody asked for it. */
  private fault: { readonly error: unknown } | null = null
  private ids = 0
  private stopping: Promise<void> | null = null
  private readonly deadline: Deadline
  /** Ends a start that is under way; `startOver` resolves when it has ended, well or not. */
  private callOffStart: (error: SchedulerStoppedError) => void = () => undefined
  private startOver: Promise<unknown> = Promise.resolve()
  private readonly watchers = new Set<(job: Job, lane: StoreLane) => void>()

  constructor(options: EngineOptions) {
    this.timers = timersOf(options.clock ?? liveClock)
    this.troubles = new TroubleLog(() => this.timers.now(), options.onError)
    const onError = this.troubles.report
    this.options = { ...options, onError }
    this.startedAt = this.timers.now()
    this.deadline = new Deadline(this.timers)
    this.residentLimit = options.residentJobs
    this.events = new EventStream(onError, options.within)
    this.codec = new JobCodec(options.readTrigger)
    const released = (home: RunHome): void => this.lookElsewhere(home)
    const { inspect, runtime, within } = options
    const inspecting = inspect === undefined ? {} : { inspect: guardedInspect({ inspect, onError, within }) }
    const ground = { timers: this.timers, runtime, within, report: onError, ...inspecting }
    this.dispatcher = new Dispatcher(ground, released, this.troubles.reportExecutor)
    this.suspects = new Suspects(this.timers, () => {
      for (const lane of this.lanes) lane.lookAgain()
    })
    this.questions = new Questions(
      this.timers,
      () => this.lanes.some(({ busy }) => busy),
      (verb, error) => this.overtaken(verb, error)
    )
    this.news = new FireTimeStream(this.timers, rxjsScheduler(this.timers))
    this.streams = new Map(options.streams)
    this.streamJobs = new StreamJobs(options.tasks, this.suspects, onError)
    this.retention = new Retention(options.retention, this.timers)
    const root = createActor(schedulerMachine, { id: "scheduler", clock: xstateClock(this.timers), ...inspecting })
    this.actor = guardSubscribers(root, { onError, within })
    this.homes = new StoreHomes(this, this.news)
    this.executorActors = new ExecutorActors(this.actor, this.dispatcher)
    this.jobActors = new JobActors(this.actor, inspect !== undefined, (actor) =>
      guardSubscribers(actor, { onError, within })
    )
  }

  get tasks(): TaskRegistry {
    return this.options.tasks
  }

  get claiming(): boolean {
    return this.phase === "started" && this.actor.getSnapshot().value === "active"
  }

  get paused(): boolean {
    return this.actor.getSnapshot().context.paused
  }

  /** Open stores by name, in the order in which they were given. */
  get lanes(): ReadonlyArray<StoreLane> {
    return this.homes.lanes
  }

  get descriptions(): ReadonlyMap<string, string> {
    return this.homes.descriptions
  }

  get stopped(): boolean {
    return this.phase === "stopping" || this.phase === "stopped"
  }

  get fresh(): boolean {
    return this.phase === "new"
  }

  /** Why it has stopped, where nobody asked for it. */
  get stopReason(): string | null {
    return this.fault === null ? null : reasonOf(this.fault.error)
  }

  /** The lane of a store, or an error that says why there is none. */
  lane(name: string, verb: string): StoreLane {
    this.mustRun(verb)
    return this.laneNamed(name)
  }

  laneNamed(name: string): StoreLane {
    const lane = this.homes.lane(name)
    if (lane === undefined) throw new UnknownNameError({ kind: "store", name, known: this.homes.names })
    return lane
  }

  /** Questions are answered while a stop waits for runs, too. */
  mustAnswer(verb: string): void {
    if (this.phase !== "stopping") this.mustRun(verb)
  }

  mustRun(verb: string): void {
    if (this.phase === "new" || this.phase === "starting") throw new SchedulerNotStartedError({ verb })
    if (this.stopped) throw new SchedulerStoppedError({ verb, reason: this.stopReason })
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

  get setting(): DefinitionSetting {
    const { options } = this
    return {
      now: this.timers.now(),
      timezone: options.timezone,
      rules: options.rules,
      tasks: options.tasks,
      readTrigger: (text) => this.codec.readTriggerText(text),
      knowsExecutor: (name) => (this.phase === "new" ? options.executors.has(name) : this.dispatcher.has(name)),
      knowsStream: (name) => this.streams.has(name),
      makeId: (task) => `${task}-${this.startedAt.toString(36)}${this.eraSuffix}-${++this.ids}`
    }
  }

  /** Two owners of a store may have started in the same millisecond, of virtual time at least; their epochs differ. */
  private get eraSuffix(): string {
    const [first] = this.lanes
    return first === undefined ? "" : `.${first.store.epoch.toString(36)}`
  }

  /** Opens stores, settles what a dead owner left, then runs `declare` and begins to claim. A `shutdown` meanwhile ends it. */
  start({ paused, waitMs }: StartOptions, declare: () => Promise<void>): Promise<void> {
    if (this.stopped) return Promise.reject(new SchedulerStoppedError({ verb: "start", reason: this.stopReason }))
    if (this.phase !== "new") return Promise.reject(new SchedulerStartedError({ verb: "start" }))
    this.phase = "starting"
    this.actor.start()
    const calledOff = new Promise<never>((_resolve, reject) => (this.callOffStart = reject))
    const started = this.comeUp(paused, Promise.race([this.open(waitMs, declare), calledOff]))
    this.startOver = started.catch(() => undefined)
    return started
  }

  private async open(waitMs: number, declare: () => Promise<void>): Promise<void> {
    for (const [name, provider] of this.options.executors) this.openExecutor(name, provider)
    for (const [name, store] of this.options.stores) await this.openStore(name, store, waitMs)
    if (this.stopping !== null) return
    this.phase = "declaring"
    await declare()
  }

  private async comeUp(paused: boolean, opened: Promise<void>): Promise<void> {
    try {
      await opened
      if (this.stopping !== null) throw calledOff()
      // A store that was opened may have been lost to another owner meanwhile.
      if (this.fault !== null) throw this.fault.error
      this.phase = "started"
      this.actor.send({ type: "started" })
      if (paused) this.actor.send({ type: "pause" })
      this.claimFromNow()
    } catch (error) {
      await this.abandon(error)
      throw error
    }
    this.tellLifecycle("SchedulerStarted")
    this.listen()
    this.lookEverywhere()
  }

  pause(): void {
    this.mustRun("pause")
    if (!this.actor.getSnapshot().can({ type: "pause" })) return
    this.actor.send({ type: "pause" })
    this.tellLifecycle("SchedulerPaused")
  }

  resume(): void {
    this.mustRun("resume")
    if (!this.actor.getSnapshot().can({ type: "resume" })) return
    this.actor.send({ type: "resume" })
    this.claimFromNow()
    this.tellLifecycle("SchedulerResumed")
    this.lookEverywhere()
  }

  /**
   * Claims nothing more; with `wait`, runs under way have until `deadlineMs` to end. What is left is interrupted and follows
   * its job's `onInterrupted` at the next start. Called again, it gives the same promise; with a shorter wait, it shortens it.
   * Before the start is through, it ends the start.
   */
  shutdown(wait: boolean, deadlineMs: number): Promise<void> {
    if (this.phase === "new") {
      this.phase = "stopped"
      this.events.end()
      return Promise.resolve()
    }
    this.deadline.shorten(wait ? deadlineMs : 0)
    this.stopping ??= this.phase === "started" ? this.stop() : this.endStart()
    return this.stopping
  }

  async addStore(name: string, store: JobStore): Promise<void> {
    this.mustRun("addStore")
    try {
      await this.openStore(name, store)
    } finally {
      // One that a stop has closed while it was opened fails in its own words, or not at all.
      this.mustRun("addStore")
    }
    this.lookEverywhere()
  }

  /** Waits for the store's live runs as long as it answers, then closes it. Its jobs stay in it. */
  async removeStore(name: string): Promise<void> {
    const lane = this.lane(name, "removeStore")
    lane.stopClaiming()
    // One that is away may never come back: its live runs are then interrupted when it is opened again.
    if (!lane.lost) {
      let forget = (): void => undefined
      const lost = new Promise<void>((resolve) => (forget = lane.onLost(() => resolve())))
      await Promise.race([this.drained(() => this.dispatcher.liveOf(lane) === 0, [lane]), lost])
      forget()
    }
    await this.homes.close(name, new SchedulerStoppedError({ verb: `store "${name}"`, reason: "it was removed" }))
    if (this.actor.getSnapshot().context.lost.includes(name)) this.storeBack(lane)
    this.jobActors.closeStore(name)
  }

  addExecutor(name: string, provider: ExecutorProvider): void {
    this.mustRun("addExecutor")
    if (this.dispatcher.has(name)) throw new NameTakenError({ kind: "executor", name })
    this.openExecutor(name, provider)
    for (const lane of this.lanes) lane.lookAgain()
  }

  /** Jobs that were parked for want of the task go on. Before the start there is nothing to go on with. */
  async addTask(task: AnyTask<unknown>): Promise<void> {
    if (this.phase !== "new") this.mustRun("addTask")
    this.tasks.add(task)
    await this.resumeParked({ task: task.name })
  }

  /** Jobs that were parked for want of the stream go on, then it is listened to: what it gives at once is not lost. */
  async addStream(name: string, values$: Observable<unknown>): Promise<void> {
    if (this.phase !== "new") this.mustRun("addStream")
    const known = this.streams.get(name)
    if (known !== undefined && known !== values$) throw new NameTakenError({ kind: "stream", name })
    this.streams.set(name, values$)
    await this.resumeParked()
    if (this.phase === "started") this.listen()
  }

  /** Jobs that were parked for want of the calendar go on. */
  async addCalendar(calendar: HolidayCalendar): Promise<void> {
    if (this.phase !== "new") this.mustRun("addCalendar")
    if (!this.options.addCalendar(calendar)) throw new NameTakenError({ kind: "calendar", name: calendar.name })
    await this.resumeParked()
  }

  private async resumeParked(which: { readonly task?: string } = {}): Promise<void> {
    await Promise.all(this.lanes.map((lane) => resumeParked(lane, this.setting, which)))
  }

  /** Subscribes to the streams that are not listened to yet, in one step: two may be one stream's parts. */
  private listen(): void {
    const fresh = [...this.streams].filter(([name]) => !this.listening.has(name))
    for (const [name] of fresh) this.listening.add(name)
    const news$ = this.news.emissions$(new Map(fresh))
    this.emissions.add(
      news$.subscribe((news) => {
        if (news.type === "emission") this.streamJobs.emitted(news.stream, news.value, this.lanes)
        else if (news.type === "streamFailed") this.options.onError(news.error, `stream "${news.stream}"`)
      })
    )
  }

  /** Its runs are interrupted; its jobs stay and fire again when an executor of that name is added. */
  removeExecutor(name: string): void {
    this.mustRun("removeExecutor")
    if (!this.dispatcher.has(name)) throw new UnknownNameError({ kind: "executor", name, known: this.dispatcher.names })
    this.dispatcher.remove(name)
    this.executorActors.remove(name)
  }

  /** The live actor of a job, asked for while the commit of `plan` is told. */
  actorOf(lane: StoreLane, plan: Plan, job: Job): JobActor {
    this.mustRun("actor")
    return this.jobActors.ask(lane, plan, job)
  }

  /** Calls `watcher` with every job that a commit has changed. */
  watch(watcher: (job: Job, lane: StoreLane) => void): () => void {
    this.watchers.add(watcher)
    return () => void this.watchers.delete(watcher)
  }

  committed(lane: StoreLane, plan: Plan): void {
    this.jobActors.follow(lane, plan)
    this.suspects.follow(lane, plan)
    this.streamJobs.follow(lane, plan)
    this.waiters.follow(lane, plan)
    if (this.watchers.size > 0)
      this.options.within(() => {
        for (const job of plan.changed())
          for (const watcher of this.watchers) this.guarded(() => watcher(job, lane), "a watcher")
      })
    this.retention.noteWork(lane, plan.consequences.runsEnded.length)
  }

  cycled(lane: StoreLane): Effect.Effect<void, StoreError> {
    this.executorActors.showLoad()
    return this.retention.sweep(lane)
  }

  putAway(lane: StoreLane, job: Job): void {
    this.jobActors.putAway(lane, job)
  }

  wakeAt(lane: StoreLane, at: EpochMillis | null): void {
    if (this.fresh || this.stopped) return
    // Retention has its times, and a slot that a stuck task held becomes free without a word.
    const full = this.dispatcher.names.some((name) => this.dispatcher.free(name) === 0)
    const lookMs = Math.min(this.retention.dueInMs(lane), full ? maxSleepMs : Infinity)
    this.news.wakeAt(lane.name, at, lookMs === Infinity ? null : lookMs)
  }

  troubled(error: unknown, where: string): void {
    this.options.onError(error, where)
  }

  clockSetBack(lane: StoreLane): void {
    reckonWhileRunning(lane, this).catch((error: unknown) => {
      if (!this.stopped) this.options.onError(error, `jobs of store "${lane.name}" after the clock was set back`)
    })
  }

  storeLost(lane: StoreLane, error: StoreError): void {
    const known = this.actor.getSnapshot().context.lost.includes(lane.name)
    this.actor.send({ type: "storeLost", store: lane.name, reason: error.message })
    if (!known) {
      const { message: reason, _tag: errorTag } = error
      this.tellLifecycle("SchedulerDegraded", { store: lane.name, reason, errorTag })
    }
  }

  storeBack(lane: StoreLane): void {
    this.actor.send({ type: "storeBack", store: lane.name })
    this.claimFromNow()
    this.tellLifecycle("SchedulerRecovered", { store: lane.name })
    this.lookEverywhere()
  }

  broken(lane: StoreLane, error: unknown): void {
    this.options.onError(error, `store "${lane.name}"`)
    this.fault ??= { error }
    lane.close(error)
    // A start that is under way fails by itself.
    if (this.phase === "started")
      this.shutdown(false, 0).catch((failure: unknown) => this.options.onError(failure, "shutdown"))
  }

  private async stop(): Promise<void> {
    this.actor.send({ type: "drain" })
    this.phase = "stopping"
    this.tellLifecycle("SchedulerDraining")
    this.emissions.unsubscribe()
    this.homes.quiet()
    this.executorActors.drain()
    for (const lane of this.lanes) lane.noteStop()
    await Promise.race([this.drained(() => this.dispatcher.live === 0, this.lanes), this.deadline.passed])
    this.deadline.cancel()
    await this.interruptAll()
    this.executorActors.showLoad()
    const stopped = new SchedulerStoppedError({ verb: "a command under way", reason: this.stopReason })
    await this.within(unansweredMs, [this.homes.closeAll(stopped)])
    this.phase = "stopped"
    this.jobActors.close()
    this.actor.send({ type: "drained" })
    this.waiters.close(this.stopReason)
    const errorTag = tagOf(this.fault?.error)
    this.tellLifecycle("SchedulerStopped", {
      ...(this.stopReason === null ? {} : { reason: this.stopReason }),
      ...(errorTag === null ? {} : { errorTag })
    })
    this.events.end()
  }

  private async endStart(): Promise<void> {
    this.callOffStart(calledOff())
    await this.startOver
  }

  /** A start that failed, or was called off, leaves nothing open. */
  private async abandon(error: unknown): Promise<void> {
    if (this.stopping === null) this.fault ??= { error }
    this.phase = "stopping"
    // While jobs were declared, somebody may have asked for a run.
    if (this.dispatcher.live > 0) {
      for (const lane of this.lanes) lane.noteStop()
      await this.interruptAll()
    }
    await this.within(unansweredMs, [this.homes.closeAll(error)])
    this.phase = "stopped"
    this.executorActors.drain()
    this.jobActors.close()
    this.waiters.close(this.stopReason)
    this.actor.send(this.fault === null ? { type: "drain" } : { type: "failed", reason: reasonOf(error) })
    this.actor.send({ type: "drained" })
    this.events.end()
  }

  /** The interruptions themselves want to be saved; a store that is away may not come back in time. */
  private async interruptAll(): Promise<void> {
    this.dispatcher.closeAll()
    await this.within(
      unansweredMs,
      this.lanes.map((lane) => new Promise<void>((resolve) => lane.idleOrLost(resolve)))
    )
  }

  /** Resolves once `quiet` holds and the lanes have nothing pending. */
  private async drained(quiet: () => boolean, lanes: ReadonlyArray<StoreLane>): Promise<void> {
    do {
      if (!quiet()) await this.dispatcher.nextSettled()
      for (const lane of lanes) await new Promise<void>((resolve) => lane.idle(resolve))
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
    await this.homes.open(name, store, { owner, waitMs }, async (lane) =>
      parkStreamless(lane, await runStore(this.streamJobs.read(lane)), this.setting)
    )
  }

  private openExecutor(name: string, provider: ExecutorProvider): void {
    this.dispatcher.add(name, provider)
    this.executorActors.open(name, provider)
  }

  /** Room in an executor that several stores share: the others may have waited for it. */
  private lookElsewhere(home: RunHome): void {
    if (this.homes.several) for (const lane of this.lanes) if (lane !== home) lane.look()
  }

  private claimFromNow(): void {
    for (const lane of this.lanes) lane.claimFromNow()
  }

  private lookEverywhere(): void {
    for (const lane of this.lanes) lane.look()
  }

  private tellLifecycle(
    type: SchedulerLifecycleType,
    facts: Pick<SchedulerLifecycleEvent, "store" | "reason" | "errorTag"> = {}
  ): void {
    this.events.publish(this.timers.now(), { type, ...facts })
  }

  private guarded(call: () => void, where: string): void {
    try {
      call()
    } catch (error) {
      this.options.onError(error, where)
    }
  }
}

const calledOff = (): SchedulerStoppedError =>
  new SchedulerStoppedError({ verb: "start", reason: "shutdown was called before it was through" })

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const tagOf = (error: unknown): string | null =>
  typeof error === "object" && error !== null && "_tag" in error && typeof error._tag === "string" ? error._tag : null
