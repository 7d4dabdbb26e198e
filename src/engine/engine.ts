/**
 * A scheduler at work: its actors, stores, executors and streams, and its life from start to stop. The path of a fire is in
 * `storeLane.ts`; what callers do is in `jobCommands.ts`; what they ask is in `jobQueries.ts`.
 */
import type { Runtime } from "effect"
import { Clock, Effect, Exit, Scope } from "effect"
import type { Observable, Subscription } from "rxjs"
import { createActor } from "xstate"
import type { ActorOptions, ActorRefFrom, AnyActorLogic } from "xstate"
import { executorMachine } from "../../machines/executorMachine.ts"
import { schedulerMachine } from "../../machines/schedulerMachine.ts"
import { EventStream } from "../event/eventStream.ts"
import type { SchedulerLifecycleType } from "../event/schedulerEvent.ts"
import type { ExecutorProvider } from "../executor/executor.ts"
import type { JobRules } from "../job/rules.ts"
import type { JobStore } from "../store/jobStore.ts"
import type { StoreError } from "../store/storeError.ts"
import type { TaskRegistry } from "../task/taskRegistry.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Timers } from "../time/timers.ts"
import type { Trigger, TriggerSpec } from "../trigger/trigger.ts"
import { liveClock, rxjsScheduler, timersOf, xstateClock } from "./clock.ts"
import { Dispatcher } from "./dispatcher.ts"
import { FireTimeStream } from "./fireTimeStream.ts"
import { JobActors } from "./jobActors.ts"
import type { Job } from "./jobCodec.ts"
import { JobCodec } from "./jobCodec.ts"
import type { DefinitionSetting } from "./jobDefinition.ts"
import type { Plan } from "./plan.ts"
import { interruptOrphans, orphansPerCommit, parkHomeless } from "./recovery.ts"
import type { RetentionRules } from "./retention.ts"
import { Retention } from "./retention.ts"
import { RunWaiters } from "./runWaiters.ts"
import {
  NameTakenError,
  SchedulerNotStartedError,
  SchedulerStartedError,
  SchedulerStoppedError,
  UnknownNameError
} from "./schedulerError.ts"
import type { LaneHost } from "./storeLane.ts"
import { StoreLane } from "./storeLane.ts"
import { StreamJobs } from "./streamJobs.ts"

export type Inspect = NonNullable<ActorOptions<AnyActorLogic>["inspect"]>

/** Everything an engine is made of, checked and with its defaults. */
export interface EngineOptions {
  readonly tasks: TaskRegistry
  readonly stores: ReadonlyMap<string, JobStore>
  readonly executors: ReadonlyMap<string, ExecutorProvider>
  readonly streams: ReadonlyMap<string, Observable<unknown>>
  readonly readTrigger: (spec: TriggerSpec) => Trigger
  readonly timezone: string
  readonly rules: JobRules
  readonly retention: RetentionRules
  readonly residentJobs: number
  readonly clock?: Clock.Clock
  readonly inspect?: Inspect
  readonly runtime: Runtime.Runtime<never>
  readonly owner: { readonly pid: number; readonly host: string }
  /** Told what a listener, a stream or the engine's surroundings threw. */
  readonly onError: (error: unknown, where: string) => void
}

export type SchedulerActor = ActorRefFrom<typeof schedulerMachine>
type ExecutorActor = ActorRefFrom<typeof executorMachine>

interface Home {
  readonly lane: StoreLane
  readonly scope: Scope.CloseableScope
  readonly description: string
  readonly wakeUps: Subscription
}

export class Engine implements LaneHost {
  readonly options: EngineOptions
  readonly timers: Timers
  readonly events: EventStream
  readonly codec: JobCodec
  readonly dispatcher: Dispatcher
  readonly actor: SchedulerActor
  readonly waiters = new RunWaiters()
  readonly residentLimit: number
  readonly startedAt: EpochMillis
  private readonly homes = new Map<string, Home>()
  private readonly executorActors = new Map<string, ExecutorActor>()
  private readonly news: FireTimeStream
  private readonly streamJobs: StreamJobs
  private readonly retention: Retention
  private jobActors: JobActors | null = null
  private emissions: Subscription | null = null
  private phase: "new" | "starting" | "started" | "stopping" | "stopped" = "new"
  private stopReason: string | null = null
  private ids = 0
  private stopping: Promise<void> | null = null
  private readonly watchers = new Set<(job: Job, lane: StoreLane) => void>()

  constructor(options: EngineOptions) {
    this.options = options
    this.timers = timersOf(options.clock ?? liveClock)
    this.startedAt = this.timers.now()
    this.residentLimit = options.residentJobs
    this.events = new EventStream((error, event) => options.onError(error, `a listener of ${event.type}`))
    this.codec = new JobCodec(options.readTrigger)
    this.dispatcher = new Dispatcher(this.timers, options.runtime)
    this.news = new FireTimeStream(this.timers, rxjsScheduler(this.timers))
    this.streamJobs = new StreamJobs(options.onError)
    this.retention = new Retention(options.retention, this.timers)
    this.actor = createActor(schedulerMachine, {
      id: "scheduler",
      clock: xstateClock(this.timers),
      ...(options.inspect === undefined ? {} : { inspect: options.inspect })
    })
  }

  get tasks(): TaskRegistry {
    return this.options.tasks
  }

  get claiming(): boolean {
    return this.phase === "started" && this.actor.getSnapshot().value === "active"
  }

  /** Open stores by name, in the order in which they were given. */
  get lanes(): ReadonlyArray<StoreLane> {
    return [...this.homes.values()].map(({ lane }) => lane)
  }

  get descriptions(): ReadonlyMap<string, string> {
    return new Map([...this.homes].map(([name, { description }]) => [name, description]))
  }

  get stopped(): boolean {
    return this.phase === "stopping" || this.phase === "stopped"
  }

  get fresh(): boolean {
    return this.phase === "new"
  }

  /** The lane of a store, or an error that says why there is none. */
  lane(name: string, verb: string): StoreLane {
    this.mustRun(verb)
    const home = this.homes.get(name)
    if (home === undefined) throw new UnknownNameError({ kind: "store", name, known: [...this.homes.keys()] })
    return home.lane
  }

  mustRun(verb: string): void {
    if (this.phase === "new" || this.phase === "starting") throw new SchedulerNotStartedError({ verb })
    if (this.stopped) throw new SchedulerStoppedError({ verb, reason: this.stopReason })
  }

  get setting(): DefinitionSetting {
    const { options } = this
    return {
      now: this.timers.now(),
      timezone: options.timezone,
      rules: options.rules,
      tasks: options.tasks,
      readTrigger: options.readTrigger,
      knowsExecutor: (name) => (this.phase === "new" ? options.executors.has(name) : this.dispatcher.has(name)),
      knowsStream: (name) => options.streams.has(name),
      makeId: (task) => `${task}-${this.startedAt.toString(36)}-${++this.ids}`
    }
  }

  /** Opens stores, settles what a dead owner left, then runs `declare` and begins to claim. */
  async start(paused: boolean, declare: () => Promise<void>): Promise<void> {
    if (this.stopped) throw new SchedulerStoppedError({ verb: "start", reason: this.stopReason })
    if (this.phase !== "new") throw new SchedulerStartedError({ verb: "start" })
    this.phase = "starting"
    this.actor.start()
    this.jobActors = new JobActors(this.actor, this.options.inspect !== undefined)
    try {
      for (const [name, provider] of this.options.executors) this.openExecutor(name, provider)
      for (const [name, store] of this.options.stores) await this.openStore(name, store)
      this.phase = "started"
      await declare()
      this.actor.send({ type: "started" })
      if (paused) this.actor.send({ type: "pause" })
    } catch (error) {
      await this.abandon(error)
      throw error
    }
    this.tellLifecycle("SchedulerStarted")
    this.emissions = this.news.emissions$(this.options.streams).subscribe((news) => {
      if (news.type === "emission") this.streamJobs.emitted(news.stream, news.value, this.lanes, this.claiming)
      else if (news.type === "streamFailed") this.options.onError(news.error, `stream "${news.stream}"`)
    })
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
    this.tellLifecycle("SchedulerResumed")
    this.lookEverywhere()
  }

  /**
   * Claims nothing more; with `wait`, runs under way have until `deadlineMs` to end. What is left is interrupted and follows
   * its job's `onInterrupted` at the next start. Called again, it gives the same promise; with a shorter wait, it shortens it.
   */
  shutdown(wait: boolean, deadlineMs: number): Promise<void> {
    if (this.phase === "new") {
      this.phase = "stopped"
      this.events.end()
      return Promise.resolve()
    }
    if (this.phase === "starting") return Promise.reject(new SchedulerNotStartedError({ verb: "shutdown" }))
    if (this.stopping !== null) {
      if (!wait) this.dispatcher.closeAll()
      return this.stopping
    }
    this.stopping = this.stop(wait, deadlineMs)
    return this.stopping
  }

  async addStore(name: string, store: JobStore): Promise<void> {
    this.mustRun("addStore")
    if (this.homes.has(name)) throw new NameTakenError({ kind: "store", name })
    await this.openStore(name, store)
    this.lookEverywhere()
  }

  /** Waits for the store's live runs, then closes it. Its jobs stay in it. */
  async removeStore(name: string): Promise<void> {
    const lane = this.lane(name, "removeStore")
    lane.stopClaiming()
    await this.drained(() => this.dispatcher.liveOf(lane) === 0, [lane])
    await this.closeStore(name, new SchedulerStoppedError({ verb: `store "${name}"`, reason: "it was removed" }))
  }

  addExecutor(name: string, provider: ExecutorProvider): void {
    this.mustRun("addExecutor")
    if (this.dispatcher.has(name)) throw new NameTakenError({ kind: "executor", name })
    this.openExecutor(name, provider)
    for (const lane of this.lanes) lane.lookAgain()
  }

  /** Its runs are interrupted; its jobs stay and fire again when an executor of that name is added. */
  removeExecutor(name: string): void {
    this.mustRun("removeExecutor")
    if (!this.dispatcher.has(name)) throw new UnknownNameError({ kind: "executor", name, known: this.dispatcher.names })
    this.dispatcher.remove(name)
    this.executorActors.get(name)?.send({ type: "drain" })
    this.executorActors.delete(name)
  }

  /** The live actor of a job that is kept decoded or was just read. */
  actorOf(lane: StoreLane, job: Job) {
    this.mustRun("actor")
    if (this.jobActors === null) throw new SchedulerNotStartedError({ verb: "actor" })
    return this.jobActors.ask(lane.name, job)
  }

  /** Calls `watcher` with every job that a commit has changed. */
  watch(watcher: (job: Job, lane: StoreLane) => void): () => void {
    this.watchers.add(watcher)
    return () => void this.watchers.delete(watcher)
  }

  committed(lane: StoreLane, plan: Plan): void {
    this.jobActors?.follow(lane.name, plan)
    this.streamJobs.follow(lane, plan)
    this.waiters.follow(lane, plan)
    if (this.watchers.size > 0)
      for (const job of plan.changed())
        for (const watcher of this.watchers) this.guarded(() => watcher(job, lane), "a watcher")
    this.retention.noteWork(lane, plan.runsEnded.length)
  }

  cycled(lane: StoreLane): Effect.Effect<void, StoreError> {
    this.showLoad()
    return this.retention.sweep(lane)
  }

  putAway(lane: StoreLane, job: Job): void {
    this.jobActors?.putAway(lane.name, job)
  }

  wakeAt(lane: StoreLane, at: EpochMillis | null): void {
    if (this.phase === "started" || this.phase === "starting") this.news.wakeAt(lane.name, at)
  }

  storeLost(lane: StoreLane, error: StoreError): void {
    const known = this.actor.getSnapshot().context.lost.includes(lane.name)
    this.actor.send({ type: "storeLost", store: lane.name, reason: error.message })
    if (!known) this.tellLifecycle("SchedulerDegraded", { store: lane.name, reason: error.message })
  }

  storeBack(lane: StoreLane): void {
    this.actor.send({ type: "storeBack", store: lane.name })
    this.tellLifecycle("SchedulerRecovered", { store: lane.name })
    this.lookEverywhere()
  }

  broken(lane: StoreLane, error: unknown): void {
    this.options.onError(error, `store "${lane.name}"`)
    this.stopReason = error instanceof Error ? error.message : String(error)
    lane.close(error)
    if (this.phase === "started") void this.shutdown(false, 0)
  }

  private async openStore(name: string, store: JobStore): Promise<void> {
    const scope = await Effect.runPromise(Scope.make())
    const owner = { ...this.options.owner, startedAt: this.timers.now() }
    const opened = await Effect.runPromiseExit(Scope.extend(store.open(owner), scope))
    if (Exit.isFailure(opened)) {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      throw failureOf(opened)
    }
    const lane = new StoreLane(name, opened.value, this)
    const wakeUps = this.news.wakeUps$(name).subscribe(() => lane.look())
    this.homes.set(name, { lane, scope, description: store.description, wakeUps })
    await this.recover(lane)
    await Effect.runPromise(this.streamJobs.read(lane)).catch((error: unknown) =>
      Promise.reject(error instanceof Error ? error : new Error(String(error)))
    )
  }

  /** Orphans first, so that no job claims beside a run that may still be counted live; then jobs nobody would ever ask for. */
  private async recover(lane: StoreLane): Promise<void> {
    let after = 0
    for (;;) {
      const orphans = await runStore(lane.store.orphans(after, orphansPerCommit))
      const last = orphans.at(-1)
      if (last === undefined) break
      await new Promise<void>((resolve, reject) => lane.submit(interruptOrphans(orphans, resolve, reject)))
      after = last.runKey
    }
    for (const executor of await runStore(lane.store.executorNames())) {
      if (this.dispatcher.has(executor)) continue
      for (;;) {
        const homeless = await runStore(lane.store.due(executor, Number.MAX_SAFE_INTEGER, orphansPerCommit))
        if (homeless.length === 0) break
        await new Promise<void>((resolve, reject) => lane.submit(parkHomeless(homeless, executor, resolve, reject)))
      }
    }
  }

  private openExecutor(name: string, provider: ExecutorProvider): void {
    this.dispatcher.add(name, provider)
    const { concurrency, queue } = provider
    const actor = createActor(executorMachine, {
      parent: this.actor,
      id: `executor:${name}`,
      input: { concurrency, queue }
    }).start()
    this.executorActors.set(name, actor)
  }

  /** Brings the executors' actors up to date: in batches, since an event a run would cost more than the run. */
  private showLoad(): void {
    for (const [name, status] of this.dispatcher.status()) {
      const actor = this.executorActors.get(name)
      if (actor === undefined) continue
      const known = actor.getSnapshot().context.inFlight
      const actual = Math.min(status.running + status.queued, status.concurrency + status.queue)
      if (actual > known) actor.send({ type: "submitted", count: actual - known })
      else if (actual < known) actor.send({ type: "settled", count: known - actual })
    }
  }

  private async stop(wait: boolean, deadlineMs: number): Promise<void> {
    this.actor.send({ type: "drain" })
    this.phase = "stopping"
    this.tellLifecycle("SchedulerDraining")
    this.emissions?.unsubscribe()
    for (const { wakeUps } of this.homes.values()) wakeUps.unsubscribe()
    for (const actor of this.executorActors.values()) actor.send({ type: "drain" })
    let cancelDeadline = (): void => undefined
    const deadline = new Promise<void>((resolve) => {
      if (!wait) resolve()
      else if (deadlineMs !== Infinity) cancelDeadline = this.timers.after(deadlineMs, resolve)
    })
    await Promise.race([this.drained(() => this.dispatcher.live === 0, this.lanes), deadline])
    this.dispatcher.closeAll()
    // The interruptions themselves want to be saved; a store that is away may not come back in time.
    const saved = this.drained(
      () => true,
      this.lanes.filter((lane) => !lane.lost)
    )
    await saved
    cancelDeadline()
    this.showLoad()
    for (const name of [...this.homes.keys()])
      await this.closeStore(name, new SchedulerStoppedError({ verb: "a command under way", reason: this.stopReason }))
    this.phase = "stopped"
    this.actor.send({ type: "drained" })
    this.waiters.close(new SchedulerStoppedError({ verb: "waiting for a run", reason: this.stopReason }))
    this.tellLifecycle("SchedulerStopped", this.stopReason === null ? {} : { reason: this.stopReason })
    this.events.end()
  }

  /** A start that failed leaves nothing open. */
  private async abandon(error: unknown): Promise<void> {
    this.stopReason = error instanceof Error ? error.message : String(error)
    this.phase = "stopping"
    this.dispatcher.closeAll()
    for (const name of [...this.homes.keys()]) await this.closeStore(name, error)
    this.phase = "stopped"
    this.actor.send({ type: "failed", reason: this.stopReason })
    this.events.end()
  }

  private async closeStore(name: string, error: unknown): Promise<void> {
    const home = this.homes.get(name)
    if (home === undefined) return
    this.homes.delete(name)
    home.wakeUps.unsubscribe()
    home.lane.close(error)
    await Effect.runPromise(Scope.close(home.scope, Exit.void))
  }

  /** Resolves once `quiet` holds and the lanes have nothing pending. */
  private async drained(quiet: () => boolean, lanes: ReadonlyArray<StoreLane>): Promise<void> {
    do {
      if (!quiet()) await this.dispatcher.nextSettled()
      for (const lane of lanes) await new Promise<void>((resolve) => lane.idle(resolve))
    } while (!quiet())
  }

  private lookEverywhere(): void {
    for (const lane of this.lanes) lane.look()
  }

  private tellLifecycle(
    type: SchedulerLifecycleType,
    facts: { readonly store?: string; readonly reason?: string } = {}
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

/** A store's answer as a promise that fails with the store's own error. */
export const runStore = async <A>(effect: Effect.Effect<A, StoreError>): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isSuccess(exit)) return exit.value
  throw failureOf(exit)
}

const failureOf = <E>(exit: Exit.Failure<unknown, E>): unknown => {
  const { cause } = exit
  return cause._tag === "Fail" ? cause.error : cause
}
