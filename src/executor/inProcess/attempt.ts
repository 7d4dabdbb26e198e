/**
 * One attempt on its way through an executor in this process, and whose slot it holds: first outcome wins, the end of the task comes when
 * it comes. The two differ: a task that ignores its signal has an outcome and goes on. What its task does is in `taskRun.ts`.
 */
import type { AttemptDue, Outcome, RunCaller, RunError } from "../../job/run.ts"
import { jsonOrPlaceholder } from "../../task/jsonText.ts"
import { describeError } from "../../task/runError.ts"
import type { RunMessage } from "../../task/runMessage.ts"
import type { AbortedAttempt, AbortReason, AttemptControl } from "../../task/taskContext.ts"
import type { StopValue, ValueTaker } from "../../task/taskValue.ts"
import { firstUnrun } from "../../task/unrunValue.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { CancelTimer } from "../../time/timers.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { AwaitedEnd, RunOrder, Settlement } from "../executor.ts"
import { noteWritten } from "../settlement.ts"
import type { Queued } from "./orderQueue.ts"
import type { TaskEnd, TaskPlace } from "./taskRun.ts"
import { callTask, endOf, endWith, isWorthRetrying } from "./taskRun.ts"

/** Who an attempt belongs to. */
export interface AttemptOwner extends TaskPlace {
  /** The attempt has its outcome; comes once. `attempt.ended` says whether its task is through with it. */
  outcome(attempt: Attempt, settlement: Settlement): void
  /** The attempt was aborted, and its outcome waits for its task's end. */
  awaits(attempt: Attempt): void
  /** It was stopped, and its end comes: `ended`, or `outcome` where that waits for it. */
  stopped(attempt: Attempt): void
  /** The task has ended some time after its outcome; comes at most once. */
  ended(attempt: Attempt): void
  progressed(attempt: Attempt, value: Json): void
  /** How far its task has come, as text. */
  checkpointed(attempt: Attempt, text: string, received: number): void
  /** A result's text of so many characters was made. */
  wrote(length: number): void
  /** Whether so many were made in this turn of the event loop that the next one is for another: `again` is called then. */
  writesLater(attempt: Attempt, again: () => void): boolean
}

/** waiting: for a slot. running: it holds a slot and has no outcome. aborted: outcome, slot held. stuck: outcome, no slot. */
export type AttemptPlace = "waiting" | "running" | "aborted" | "stuck"

const timeoutOf = (reason: AbortReason) => (reason._tag === "RunTimedOut" ? { timeoutMs: reason.timeoutMs } : {})

/** Shorter ones are made and read in microseconds. */
const longText = 4096

export class Attempt implements ValueTaker, AttemptControl, Queued<Attempt> {
  readonly order: RunOrder
  before: Attempt | null = null
  behind: Attempt | null = null
  place: AttemptPlace = "waiting"
  startedAt: EpochMillis | null = null
  /** True once nothing of the task is under way. */
  ended = false
  /** When it times out, by monotonic time; `null`: never. */
  deadlineMs: number | null = null
  /** The timeout, later the time an aborted attempt may hold its slot. */
  timer: CancelTimer | null = null
  private readonly owner: AttemptOwner
  private called = false
  private settled = false
  /** True once the owner knows the outcome. */
  private told = false
  /** Who else hears its outcome. */
  private heard: ((outcome: Outcome) => void) | null = null
  /** An aborted attempt's outcome, kept until its task has ended. */
  private held: Settlement | null = null
  private stop: StopValue | null = null
  /** Who takes messages in; `null`: nobody yet, or ever. */
  private takesIn: ((message: RunMessage) => void) | null = null
  /** Messages that have come before that. */
  private early: Array<RunMessage> | null = null
  private controller: AbortController | null = null
  private reason: AbortReason | null = null

  constructor(order: RunOrder, owner: AttemptOwner) {
    this.order = order
    this.owner = owner
  }

  get task(): string {
    return this.order.task
  }

  get caller(): RunCaller | undefined {
    return this.order.caller
  }

  get about(): AbortedAttempt {
    const { jobId, runId, attempt } = this.order
    return { jobId, runId, attempt }
  }

  /** Calls the task, unless the attempt has its outcome. The outcome may come before this returns. */
  run(): void {
    if (this.settled) return
    this.called = true
    this.owner.within(() => {
      const end = callTask(this.order, this, this.owner)
      if (end !== null) this.end(end)
    })
  }

  /** Gives it its outcome now, unless it has one: aborts the signal and stops what can be stopped. */
  abort(outcome: Outcome, reason: AbortReason): void {
    if (this.settled) {
      // The executor closes, and waits for nobody.
      if (outcome === "interrupted" && this.held !== null) this.tell(this.held)
      return
    }
    this.settled = true
    this.reason = reason
    this.ended = !this.called
    // Listeners of the signal and finalizers are the task's too.
    if (this.called)
      this.owner.within(() => {
        this.controller?.abort(reason)
        this.halt()
      })
    const timedOut = outcome === "timedOut"
    const error = timedOut ? { ...describeError(reason), ...timeoutOf(reason) } : null
    const settlement = this.settlement(
      outcome,
      null,
      error,
      !timedOut || isWorthRetrying(reason, this.order, this.owner)
    )
    if (this.order.awaitEnd !== true || this.ended || outcome === "interrupted") this.tell(settlement)
    else {
      this.disarm()
      this.held = settlement
      this.owner.awaits(this)
    }
  }

  /** Drops its timer. */
  disarm(): void {
    this.timer?.()
    this.timer = null
  }

  /** Its outcome, which is kept until its task ends; `null`: it is not. */
  get awaited(): AwaitedEnd | null {
    return this.held === null ? null : { outcome: this.held.outcome, at: this.held.finishedAt }
  }

  /** True while it is under way and has no outcome. */
  get pending(): boolean {
    return this.called && !this.settled
  }

  get aborted(): boolean {
    return this.reason !== null
  }

  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController()
      if (this.reason !== null) this.controller.abort(this.reason)
    }
    return this.controller.signal
  }

  report(value: Json): void {
    if (!this.settled) this.owner.progressed(this, jsonOrPlaceholder(value))
  }

  checkpoint(text: string, received: number): void {
    if (!this.settled) this.owner.checkpointed(this, text, received)
  }

  /** Gives its task an event that was sent to its run. */
  deliver(message: RunMessage): void {
    const { takesIn } = this
    if (this.settled) return
    if (takesIn === null) (this.early ??= []).push(message)
    else this.owner.within(() => takesIn(message))
  }

  listen(deliver: (message: RunMessage) => void): void {
    for (const message of this.order.messages ?? []) deliver(message)
    for (let next = this.early?.shift(); next !== undefined; next = this.early?.shift()) deliver(next)
    // Only now: what comes meanwhile comes behind them.
    this.takesIn = deliver
  }

  wait(until: AttemptDue): void {
    if (this.settled) return
    this.settled = true
    this.ended = true
    this.stop = null
    this.tell({ ...this.settlement("interrupted", null, null, true), waitsUntil: until })
  }

  extend(byMs: number): void {
    if (!this.settled && this.deadlineMs !== null)
      this.deadlineMs = Math.max(this.deadlineMs, this.owner.timers.monotonicMillis() + byMs)
  }

  succeed(value: unknown): void {
    if (this.ended) return
    if (this.settled) {
      // What it holds may be rejected later.
      firstUnrun(value)
      this.endLate()
      return
    }
    const something = value !== undefined && value !== null
    // It is in time, whenever its text is made.
    if (something && this.owner.writesLater(this, () => this.succeed(value))) this.disarm()
    else this.end(endWith(value, this.order))
  }

  fail(error: unknown, cause?: Json): void {
    if (this.ended) return
    if (this.settled) this.endLate()
    else this.end(endOf(error, this.order, this.owner, cause))
  }

  whenTold(heard: (outcome: Outcome) => void): void {
    this.heard = heard
  }

  stoppable(stop: StopValue): void {
    if (this.ended) return
    this.stop = stop
    if ((this.told || this.held !== null) && this.halt()) this.endLate()
  }

  /** Stops what is under way. True when the attempt has ended, by this or before. */
  private halt(): boolean {
    const { stop } = this
    this.stop = null
    if (stop === null) return this.ended
    try {
      if (stop()) this.ended = true
      else if (!this.ended) this.owner.stopped(this)
    } catch {
      // A stop that throws: the end is left to the task, as with one that has to be waited for.
    }
    return this.ended
  }

  private end({ outcome, result, error, retryable, again, unfit }: TaskEnd): void {
    this.settled = true
    this.ended = true
    this.stop = null
    const settlement = this.settlement(outcome, result, error, retryable)
    if (result !== null && result.length >= longText) {
      this.owner.wrote(result.length)
      noteWritten(settlement)
    }
    this.tell(again === null ? settlement : { ...settlement, again, ...(unfit === true ? { unfit } : {}) })
  }

  private tell(settlement: Settlement): void {
    this.told = true
    this.held = null
    this.heard?.(settlement.outcome)
    this.owner.outcome(this, settlement)
  }

  private endLate(): void {
    this.ended = true
    this.stop = null
    if (this.told) this.owner.ended(this)
    else if (this.held !== null) this.tell({ ...this.held, finishedAt: this.settledAt() })
  }

  private settlement(outcome: Outcome, result: string | null, error: RunError | null, retryable: boolean): Settlement {
    return { outcome, startedAt: this.startedAt, finishedAt: this.settledAt(), result, error, retryable }
  }

  /** Now, unless the wall clock has been set back meanwhile. */
  private settledAt(): EpochMillis {
    return Math.max(this.owner.timers.now(), this.startedAt ?? -Infinity)
  }
}
