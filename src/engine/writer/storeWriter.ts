/**
 * The path of a fire through one store: take what is due, decide, commit, then dispatch, settle, commit and publish. One
 * cycle at a time; whatever is pending when a cycle begins shares its transaction. Nothing is dispatched, published or
 * acknowledged before its commit. A commit that fails changes nothing here: its intents wait, and nothing new is claimed
 * until the store answers again. Long, so that the path and its failures can be read in one piece.
 */
import { Cause, Effect, Exit } from "effect"
import type { EventSink } from "../../event/eventStream.ts"
import type { Settlement } from "../../executor/executor.ts"
import { forgottenMark, readForgotten } from "../../store/retentionMarks.ts"
import { readSent, sentMark } from "../../store/sentMark.ts"
import type { JobRow, MessageRow, OpenStore } from "../../store/jobStore.ts"
import type { StoreError } from "../../store/storeError.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { CancelTimer } from "../../time/timers.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { DispatchedOrder, OrderSource } from "../dispatchedOrder.ts"
import { orderOf } from "../dispatchedOrder.ts"
import { ClockWatch } from "./clockWatch.ts"
import type { Taken } from "./dueJobs.ts"
import { DueJobs, loadRow, nothingTaken } from "./dueJobs.ts"
import type { Intent } from "./intent.ts"
import { IntentQueue, jobsOf } from "./intentQueue.ts"
import type { Job } from "../job/jobCodec.ts"
import { cancelRun } from "./jobEdits.ts"
import { findCheckpoints, PendingCheckpoints } from "./checkpoints.ts"
import { Inbox, messagesOf } from "./inbox.ts"
import { ClaimingSince } from "./claimingSince.ts"
import type { Writer } from "./writer.ts"
import type { WriterHost } from "./writerHost.ts"
import { UnitOfWork } from "./unitOfWork.ts"
import { noteStop } from "./recovery.ts"
import { JobCache } from "./jobCache.ts"
import { firstRunKey } from "./runKeys.ts"
import { SchedulerStoppedError } from "../schedulerError.ts"
import { OutcomeIntent } from "./outcomeIntent.ts"
import type { Outage } from "./storeOutage.ts"
import { StoreOutage } from "./storeOutage.ts"
import { ZoneMarks } from "./zoneMarks.ts"

/** Jobs that one cycle claims for: more while cycles are quick, fewer when one held the event loop for too long. */
const fewestClaims = 192
const mostClaims = 1024
/**
 * Milliseconds of a cycle outside its commit. A commit waits for the disk however few rows it has: fewer claims would only make more waits.
 * While a store far away is waited for, the event loop is free: the farther it is, the more a cycle may do at a time.
 */
const ownMs = 4
const ownPerWait = 4
const mostOwnMs = 16
/** Weight of the intents that one cycle takes at the most. */
const intentsPerCycle = 512
/** Milliseconds between cycles of a writer that has nearly always something to do. */
const shortRestMs = 3

/** A commit that is made, and the intents that it holds. */
interface Assembled {
  readonly unit: UnitOfWork
  readonly applied: ReadonlyArray<Intent>
}

/** A commit whose answer did not come. */
interface Doubt extends Assembled {
  readonly sequence: number
}

export class StoreWriter implements OrderSource, Writer {
  readonly name: string
  readonly store: OpenStore
  readonly cache: JobCache
  /** Whether the wall clock was set back. */
  readonly clock: ClockWatch
  /** The zone rules that fire times were computed with. */
  readonly zones: ZoneMarks
  private readonly marks: Map<string, string>
  private readonly host: WriterHost
  private readonly pending = new IntentQueue()
  private readonly checkpoints = new PendingCheckpoints(
    (intent) => this.submit(intent),
    (intent) => this.putBack([intent])
  )
  private readonly inbox: Inbox
  private sequence = 0
  private nextJobKey: number
  private nextRunKey: number
  private nextEvents: number
  /** Tells what this owner has told from what another has. */
  private readonly era: string
  private forgottenThrough: EpochMillis | null
  /** A purge has begun, and what it has deleted is not known. */
  private forgetsInDoubt = false
  private cycling = false
  private closed = false
  private claimsPerCycle = 192
  private cycleStartedAt = 0
  private cycleEndedAt = -Infinity
  /** Of the cycle under way: milliseconds in its commit, and in calls that the store did not answer within the turn. */
  private commitMs = 0
  private waitedMs = 0
  /** It claims for fire times once what a dead owner left is settled, and until it is being removed. */
  private duty: "recovering" | "claiming" | "retiring" = "recovering"
  readonly claimingSince: ClaimingSince
  private doubt: Doubt | null = null
  /** True from a commit that failed to one that was made. */
  private commitFailed = false
  /** Intents of the cycle under way. */
  private inHand: ReadonlyArray<Intent> = []
  /** When the cycle that the store has not answered began, by monotonic time. */
  private callingSince: number | null = null
  private readonly outage: StoreOutage
  private cancelRetry: CancelTimer | null = null
  private cancelWakeUp: CancelTimer | null = null
  /** No wake-up is armed any more. */
  private unwakeable = false
  private readonly due: DueJobs
  /** While above 0, intents and due jobs are committed one by one, to find the one that the store refuses. */
  private oneByOne = 0
  private whenIdle: Array<() => void> = []
  private readonly lostListeners = new Set<(error: StoreError) => void>()

  constructor(name: string, store: OpenStore, host: WriterHost) {
    this.name = name
    this.store = store
    this.host = host
    this.marks = new Map(store.marks)
    this.clock = new ClockWatch(this.marks)
    this.zones = new ZoneMarks(this.marks)
    this.outage = new StoreOutage(host.timers)
    this.inbox = new Inbox(store)
    this.nextJobKey = store.nextJobKey
    this.nextRunKey = firstRunKey(store, host.timers.now())
    this.nextEvents = store.nextEvents
    this.era = `${store.epoch.toString(36)}x${Math.max(0, host.timers.now()).toString(36)}`
    host.eventIds.tell(name, { number: this.nextEvents - 1, index: null, era: "" })
    this.claimingSince = new ClaimingSince(store.marks)
    this.forgottenThrough = readForgotten(store.marks.get(forgottenMark))
    this.cache = new JobCache(host.cacheLimit, (job) => host.evicted(this, job))
    this.due = new DueJobs(name, store, this.cache, host, (job) => host.suspects.mayStart(this, job))
  }

  runId(runKey: number): string {
    return this.name === "default" ? String(runKey) : `${this.name}:${runKey}`
  }

  /** The highest key that a job of it has had. */
  get lastJobKey(): number {
    return this.nextJobKey - 1
  }

  /** The highest number that an event to a run has had; `null`: none was sent. */
  get sentThrough(): number | null {
    return readSent(this.marks.get(sentMark))
  }

  /** True while the store does not answer. */
  get lost(): boolean {
    return this.outage.current !== null
  }

  /** Why it is lost, since when, and when it is tried again. */
  get away(): Outage | null {
    return this.outage.current
  }

  private get mayClaim(): boolean {
    // A store that was away shows first that it can be written.
    return this.host.claiming && this.duty === "claiming" && !this.lost
  }

  /** True while it works, with pauses that are shorter than it takes to ask it something. */
  get busy(): boolean {
    return (this.cycling && !this.lost) || this.host.timers.monotonicMillis() - this.cycleEndedAt < shortRestMs
  }

  /** How long it has been lost. */
  get awayMs(): number {
    return this.outage.lastsMs
  }

  /** What a dead owner left is settled. */
  startClaiming(): void {
    if (this.duty === "recovering") this.duty = "claiming"
    this.claimFromNow()
    this.wake()
  }

  /** What held claims back is over, unless something else does. */
  claimFromNow(): void {
    if (this.mayClaim) this.claimingSince.begin(this.host.timers.now())
  }

  /** Claims nothing more: the store is being removed. */
  stopClaiming(): void {
    this.duty = "retiring"
  }

  /** A stop is asked for: whatever ends the process from now on is no crash. What an earlier owner left is not its matter. */
  noteStop(): void {
    if (this.duty !== "recovering") this.submit(noteStop(this.store))
  }

  submit(intent: Intent): void {
    if (this.closed) intent.failed(new SchedulerStoppedError({ verb: `store "${this.name}"`, reason: null }))
    else {
      this.pending.push(intent)
      this.wake()
    }
  }

  forgetting(purge: Effect.Effect<number, StoreError>): Effect.Effect<number, StoreError> {
    return Effect.suspend(() => {
      this.forgetsInDoubt = true
      return Effect.tap(purge, (deleted) =>
        deleted === 0 ? Effect.sync(() => void (this.forgetsInDoubt = false)) : this.learnForgotten
      )
    })
  }

  private readonly learnForgotten = Effect.suspend(() =>
    Effect.map(this.store.forgottenThrough(), (through) => {
      this.forgottenThrough = through
      this.forgetsInDoubt = false
    })
  )

  /** Starts a cycle unless one is under way or the store is away. */
  wake(): void {
    if (this.cycling || this.closed || this.lost) return
    this.cycling = true
    this.run()
  }

  /** Sleeps through what comes due from now on; what is pending still goes through. */
  stopWaking(): void {
    this.unwakeable = true
    this.cancelWakeUp?.()
  }

  /** Forgets what it knows of an executor's next wake-up: the executor was added, or jobs were changed from outside. */
  forgetWakeUps(): void {
    this.due.forget()
    this.wake()
  }

  /** True while the job's turn has not come, see `suspects.ts`. */
  isHeld(key: number): boolean {
    return this.due.isHeld(key)
  }

  /** Calls back once no intent is pending and no cycle is under way. */
  idle(callback: () => void): void {
    if (this.closed || (!this.cycling && this.pending.length === 0 && this.doubt === null)) callback()
    else this.whenIdle.push(callback)
  }

  /** The same, or the store has stopped answering: it may not come back in time. */
  idleOrLost(callback: () => void): void {
    if (this.lost) callback()
    else {
      this.onLost(callback)
      this.idle(callback)
    }
  }

  /** Calls back each time that the store fails, until the returned function is called. */
  onLost(callback: (error: StoreError) => void): () => void {
    this.lostListeners.add(callback)
    return () => void this.lostListeners.delete(callback)
  }

  /** Takes nothing more. What is pending fails with `error`. */
  close(error: unknown): void {
    this.closed = true
    this.stopWaking()
    this.host.suspects.leave(this)
    this.cancelRetry?.()
    this.outage.unwatch()
    const left = [...(this.doubt?.applied ?? []), ...this.inHand, ...this.pending.empty()]
    this.doubt = null
    this.inHand = []
    for (const intent of left) intent.failed(error)
    this.notifyIdle()
  }

  started({ order }: DispatchedOrder, at: EpochMillis): void {
    const { events } = this.host
    const { jobId, runId, fireAt, attempt } = order
    if (events.wants("RunStarted")) events.publish(at, { type: "RunStarted", jobId, runId, fireAt, attempt })
    else events.skip(1)
  }

  progressed({ order }: DispatchedOrder, value: Json): void {
    const { jobId, runId, fireAt, attempt } = order
    this.host.events.publish(this.host.timers.now(), { type: "RunProgressed", jobId, runId, fireAt, attempt, value })
  }

  checkpointed(dispatched: DispatchedOrder, text: string, received: number): void {
    this.checkpoints.add(dispatched, text, received)
  }

  settled(dispatched: DispatchedOrder, settlement: Settlement): void {
    this.submit(new OutcomeIntent(dispatched, settlement, this.outcomeThrough, this.outcomeLost))
  }

  private readonly outcomeThrough = (dispatched: DispatchedOrder, settlement: Settlement): void =>
    this.host.dispatcher.saved(dispatched, settlement)

  /** Of what ends all of them, the end of the store tells once. */
  private readonly outcomeLost = ({ order }: DispatchedOrder, error: unknown): void => {
    if (!this.closed) this.host.report(error, `the outcome of run "${order.runId}" of job "${order.jobId}"`)
  }

  /** Gives attempts that an executor goes on with what was sent to their runs: what they have had already they drop. */
  deliverWaiting(runKeys: Iterable<number>): Effect.Effect<void, StoreError> {
    const sent = [...runKeys].filter((runKey) => this.inbox.numbers(runKey).length > 0)
    if (sent.length === 0) return Effect.void
    return Effect.map(this.store.messages(sent), (found) => {
      for (const rows of found.values()) this.deliver(rows)
    })
  }

  private deliver(rows: ReadonlyArray<MessageRow>): void {
    for (const row of rows)
      for (const message of messagesOf([row], this.damagedMessage))
        this.host.dispatcher.deliver(this.runId(row.runKey), message)
  }

  private readonly damagedMessage = ({ runKey, number }: MessageRow): void =>
    this.host.report(new Error("its text is damaged"), `event ${number} that was sent to run "${this.runId(runKey)}"`)

  private run(): void {
    if (this.closed) return
    this.cycleStartedAt = this.host.timers.monotonicMillis()
    this.commitMs = 0
    this.waitedMs = 0
    this.callingSince = this.cycleStartedAt
    Effect.runCallback(this.cycle, {
      onExit: (exit) => {
        this.callingSince = null
        // Too late to matter: what was under way has been refused, and nothing of it is started.
        if (this.closed) return
        if (Exit.isSuccess(exit)) return this.afterCycle(exit.value)
        const error = Cause.failureOption(exit.cause)
        if (error._tag === "Some" && error.value._tag !== "StoreFenced") this.storeAway(error.value)
        else {
          this.cycling = false
          this.host.broken(this, error._tag === "Some" ? error.value : Cause.squash(exit.cause))
        }
      }
    })
    if (this.unanswered)
      this.outage.watch(
        () => this.callingSince,
        (error) => this.tellLost(error),
        this.name
      )
  }

  private get unanswered(): boolean {
    return this.callingSince !== null
  }

  /** One turn of the path. True when there is more to do at once. */
  private readonly cycle: Effect.Effect<boolean, StoreError> = Effect.gen(this, function* () {
    if (this.doubt !== null) yield* this.resolveDoubt(this.doubt)
    this.refuseOverdue()
    const alone = this.oneByOne > 0
    const intents = this.pending.take(alone ? 1 : intentsPerCycle)
    this.inHand = intents
    // Only intents ask for it.
    if (this.forgetsInDoubt && intents.length > 0) yield* this.orPutBack(intents, this.learnForgotten)
    const loaded = yield* this.orPutBack(intents, jobsOf(intents, this.cache, this.store))
    const { unit, applied } = this.unitOf(intents, loaded)
    this.inHand = applied
    // Looking for what the store refuses, a command and a due job must not share a commit: one would answer for the other.
    const taken =
      unit.environment.claiming && this.mayClaim && !(alone && applied.length > 0)
        ? yield* this.orPutBack(applied, this.due.take(unit, this.claimsPerCycle, alone))
        : nothingTaken
    if (!this.mayClaim && this.due.unreadable)
      yield* this.orPutBack(applied, this.due.findUnreadable(unit.now, this.claimsPerCycle))
    const finding = findCheckpoints(unit, this.host.tasks, this.store)
    if (finding !== null) yield* this.orPutBack(applied, finding)
    const sent = this.inbox.find(unit, this.store, this.damagedMessage)
    if (sent !== null) yield* this.orPutBack(applied, sent)
    yield* this.commit(unit, applied, taken)
    yield* this.host.cycled(this)
    return this.pending.length > 0 || taken.full.size > 0
  })

  /** A read that fails leaves the intents where they were. */
  private orPutBack<A>(
    intents: ReadonlyArray<Intent>,
    read: Effect.Effect<A, StoreError>
  ): Effect.Effect<A, StoreError> {
    return Effect.tapError(this.calling(read), () => Effect.sync(() => this.putBack(intents)))
  }

  /**
   * A call that is answered in a later turn of the event loop has left the loop to others: a wait, and no work of this cycle. One that is
   * answered in the turn was work.
   */
  private calling<A>(call: Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> {
    return Effect.suspend(() => {
      const startedAt = this.host.timers.monotonicMillis()
      let sameTurn = true
      queueMicrotask(() => (sameTurn = false))
      return Effect.tap(call, () =>
        Effect.sync(() => {
          if (!sameTurn) this.waitedMs += this.host.timers.monotonicMillis() - startedAt
        })
      )
    })
  }

  private afterCycle(full: boolean): void {
    this.adaptCycle(full)
    if (this.outage.over()) this.host.storeBack(this)
    if (this.clock.found && this.duty === "claiming") this.host.clockSetBack(this)
    // Who was told just now may have given something: a stream's value, say.
    const more = full || this.pending.length > 0
    if (more && !this.closed) {
      // A turn between cycles: timers, sockets and the caller's own work come first.
      this.host.timers.after(0, () => this.run())
      return
    }
    this.cycling = false
    this.cycleEndedAt = this.host.timers.monotonicMillis()
    this.armWakeUp()
    this.notifyIdle()
  }

  /** The next wake-up: never early, and after a step of the clock or a sleep of the machine within a minute; and what else has its time. */
  private armWakeUp(): void {
    this.cancelWakeUp?.()
    this.cancelWakeUp = null
    if (this.unwakeable) return
    const { timers } = this.host
    const at = this.mayClaim ? this.due.earliest() : null
    const withinMs = this.host.wakeWithinMs(this)
    const wake = (): void => this.wake()
    // By the wall also what could wait by monotonic time: so a clock that is set back is noticed.
    const wakeAt = Math.min(at ?? Infinity, timers.now() + withinMs)
    const setBack = (shown: EpochMillis): void => {
      this.clock.observe(shown)
      this.wake()
    }
    if (wakeAt !== Infinity) this.cancelWakeUp = timers.at(wakeAt, wake, setBack)
  }

  private newUnit(loaded: ReadonlyArray<Job | JobRow>): UnitOfWork {
    const { host } = this
    const now = host.timers.now()
    this.clock.observe(now)
    const unit = new UnitOfWork({
      now,
      firstJobKey: this.nextJobKey,
      firstRunKey: this.nextRunKey,
      claiming: this.mayClaim,
      paused: host.paused,
      missedThrough: this.claimingSince.missedThrough(now),
      forgottenThrough: this.forgottenThrough,
      runId: (runKey) => this.runId(runKey),
      inbox: this.inbox
    })
    for (const job of loaded) {
      if ("row" in job) unit.load(job)
      else loadRow(unit, job, host.codec)
    }
    return unit
  }

  /** A unit of `intents` and those that it holds. One that fails is refused whole: what it had changed goes with the unit. */
  private unitOf(intents: ReadonlyArray<Intent>, loaded: ReadonlyArray<Job | JobRow>): Assembled {
    const unit = this.newUnit(loaded)
    const applied: Array<Intent> = []
    for (const [index, intent] of intents.entries()) {
      const { edits } = unit
      try {
        intent.apply(unit)
        applied.push(intent)
      } catch (error) {
        intent.failed(error)
        if (unit.edits > edits) return this.unitOf([...applied, ...intents.slice(index + 1)], loaded)
      }
    }
    return { unit, applied }
  }

  private commit(unit: UnitOfWork, applied: ReadonlyArray<Intent>, taken: Taken): Effect.Effect<void, StoreError> {
    const done = (): void => {
      this.due.learn(taken)
      this.settle(unit, applied)
    }
    // A store that could not be written must show that it can before it counts as back.
    if (unit.changes === 0 && !this.commitFailed) return Effect.sync(done)
    if (unit.changes > 0) {
      this.clock.note(unit)
      this.zones.note(unit)
    }
    const sequence = this.sequence + 1
    const { all: begins } = this.claimingSince
    for (const { name, value } of this.claimingSince.marks(unit.consequences.ledger, unit.now)) unit.mark(name, value)
    if (unit.changes > 0) unit.writeEvents(this.nextEvents, this.era)
    const batch = unit.batch()
    const startedAt = this.host.timers.monotonicMillis()
    const waitedBefore = this.waitedMs
    return this.calling(this.store.commit(sequence, batch)).pipe(
      Effect.map(() => {
        const tookMs = this.host.timers.monotonicMillis() - startedAt
        this.commitMs = tookMs - (this.waitedMs - waitedBefore)
        this.sequence = sequence
        this.commitFailed = false
        this.claimingSince.committed(begins)
        this.oneByOne = Math.max(0, this.oneByOne - 1)
        done()
      }),
      Effect.catchAll((error) => {
        if (error._tag === "StoreConflict") return Effect.sync(() => this.isolate(error, unit, applied))
        this.doubt = { sequence, unit, applied }
        this.commitFailed = true
        this.inHand = []
        return Effect.fail(error)
      })
    )
  }

  /** Was the commit whose answer is missing made, or not? */
  private resolveDoubt(doubt: Doubt): Effect.Effect<void, StoreError> {
    return Effect.map(this.store.committed(), (sequence) => {
      this.doubt = null
      if (sequence === doubt.sequence) {
        this.sequence = sequence
        this.commitFailed = false
        this.settle(doubt.unit, doubt.applied)
      } else this.putBack(doubt.applied)
    })
  }

  /** The store refused a batch for what is in it: find the part, and let the others through. */
  private isolate(error: StoreError, unit: UnitOfWork, applied: ReadonlyArray<Intent>): void {
    const [only, ...others] = applied
    if (this.oneByOne > 0 && others.length === 0) {
      this.inHand = []
      if (only !== undefined) return only.failed(error)
      for (const job of unit.changed()) return this.pending.putBack([this.parking(job, error)])
      for (const [id, key] of unit.unreadableKeys) this.quarantine(id, key, error)
      return
    }
    this.oneByOne = applied.length + this.claimsPerCycle
    this.putBack(applied)
  }

  private putBack(intents: ReadonlyArray<Intent>): void {
    this.inHand = []
    // Closed meanwhile, it has refused them.
    if (!this.closed) this.pending.putBack(intents)
  }

  /** Commands that have waited long enough for a store that is away. Nothing of them is on disk: those in doubt are not here. */
  private refuseOverdue(): void {
    const { current } = this.outage
    const { commandTimeoutMs, timers } = this.host
    if (current === null) return
    for (const intent of this.pending.overdue(timers.monotonicMillis() - commandTimeoutMs)) intent.failed(current.error)
  }

  /** The commit is on disk: make it the truth here, tell it, then start what was claimed. */
  private settle(unit: UnitOfWork, applied: ReadonlyArray<Intent>): void {
    const { host } = this
    if (this.closed) return
    this.inHand = []
    this.nextJobKey = unit.nextJobKey
    this.nextRunKey = unit.nextRunKey
    this.inbox.follow(unit)
    for (const [name, value] of unit.marks) {
      if (value === null) this.marks.delete(name)
      else this.marks.set(name, value)
    }
    for (const job of unit.changed()) {
      this.cache.put(job)
      this.due.noteChanged(job)
    }
    this.tell(unit)
    for (const intent of applied) intent.committed()
    host.committed(this, unit)
    this.deliver(unit.messages)
    for (const start of unit.consequences.starts) host.dispatcher.submit(orderOf(this, start.job, start))
    // After the starts: a run may be claimed and told to give way in one commit.
    for (const { jobKey, runKey } of unit.consequences.cancels) {
      const runId = this.runId(runKey)
      // An attempt that ended meanwhile may be followed by another, once its end is written.
      if (!host.dispatcher.cancel(runId) && !host.dispatcher.holds(runId)) this.submit(cancellingAgain(jobKey, runKey))
    }
  }

  private tell(unit: UnitOfWork): void {
    const { name, era, host } = this
    const tellTo = (sink: EventSink): void => unit.consequences.tellTo(sink)
    if (unit.events === null) return void host.events.publishAll(unit.now, tellTo, null)
    const { number } = unit.events
    this.nextEvents = number + 1
    const told = host.events.publishAll(unit.now, tellTo, host.eventIds.ofCommit(name, number, era))
    host.eventIds.tell(name, { number, index: told - 1, era })
  }

  private storeAway(error: StoreError): void {
    const retryMs = this.outage.failed(error)
    this.tellLost(error)
    if (this.closed) return
    this.refuseOverdue()
    this.cancelRetry = this.host.timers.after(retryMs, () => this.run())
  }

  private tellLost(error: StoreError): void {
    this.host.storeLost(this, error)
    for (const callback of this.lostListeners) callback(error)
  }

  /** A quick cycle may be larger the next time, a slow one must be smaller: commits are dear, and so is a blocked event loop. */
  private adaptCycle(full: boolean): void {
    const tookMs = this.host.timers.monotonicMillis() - this.cycleStartedAt - this.commitMs - this.waitedMs
    const mayMs = Math.min(mostOwnMs, Math.max(ownMs, ownPerWait * this.waitedMs))
    if (tookMs > mayMs) this.claimsPerCycle = Math.max(fewestClaims, this.claimsPerCycle >> 1)
    else if (full && tookMs < mayMs / 2) this.claimsPerCycle = Math.min(mostClaims, this.claimsPerCycle << 1)
  }

  private notifyIdle(): void {
    const callbacks = this.whenIdle
    this.whenIdle = []
    for (const callback of callbacks) callback()
  }

  /** Takes a due job that the store refuses out of service. */
  private parking(job: Job, error: StoreError): Intent {
    return {
      keys: [job.key],
      weight: 1,
      apply: (unit) => {
        const message = `${error.message}; mend or replace the job, then resume it`
        const current = unit.byKey(job.key)
        if (current !== undefined) unit.park(current, { kind: "unreadable", message })
      },
      committed: () => undefined,
      failed: (refusal) => this.quarantine(job.row.id, job.key, refusal)
    }
  }

  /** Not even parking can be written. */
  private quarantine(id: string, key: number, error: unknown): void {
    if (this.closed) return
    this.due.quarantine(key)
    this.host.suspects.leave(this, key)
    this.host.report(error, `job "${id}" of store "${this.name}", which can be neither written nor parked`)
  }
}

const cancellingAgain = (jobKey: number, runKey: number): Intent => ({
  keys: [jobKey],
  weight: 1,
  apply: (unit) => void cancelRun(unit, jobKey, runKey),
  committed: () => undefined,
  failed: () => undefined
})
