/**
 * One attempt on its way through an executor in this process: first outcome wins, the end of the task comes when it comes.
 * The two differ: a task that ignores its signal has an outcome and goes on.
 */
import { inWords } from "../../input/inWords.ts"
import { heed } from "../../event/callback.ts"
import type { Within } from "../../event/callback.ts"
import type { Outcome, RunError } from "../../job/run.ts"
import { putOffOf } from "../../task/retryLater.ts"
import type { PutOff } from "../../task/retryLater.ts"
import { describeError, underlying } from "../../task/runError.ts"
import { InvalidTaskError } from "../../task/task.ts"
import type { AnyTask } from "../../task/task.ts"
import { UnknownTaskError } from "../../task/taskRegistry.ts"
import { parseArguments } from "../../task/taskArguments.ts"
import type { AbortedAttempt, AbortReason, AttemptControl } from "../../task/taskContext.ts"
import { AttemptContext } from "../../task/taskContext.ts"
import type { StopValue, TaskEnvironment, ValueTaker } from "../../task/taskValue.ts"
import { runHandler } from "../../task/taskValue.ts"
import { firstUnrun, UnrunResultError } from "../../task/unrunValue.ts"
import { exactText, jsonOrPlaceholder, jsonText } from "../../task/jsonText.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { CancelTimer } from "../../time/timers.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { AwaitedEnd, RunOrder, Settlement, TaskSource } from "../executor.ts"
import type { Queued } from "./orderQueue.ts"
import { noteWritten } from "../settlement.ts"

/** Who an attempt belongs to. */
export interface AttemptOwner extends TaskEnvironment {
  readonly tasks: TaskSource
  readonly within: Within
  report(error: unknown, where: string): void
  /** The attempt has its outcome; comes once. `attempt.ended` says whether its task is through with it. */
  outcome(attempt: Attempt, settlement: Settlement): void
  /** The attempt was aborted, and its outcome waits for its task's end. */
  awaits(attempt: Attempt): void
  /** The task has ended some time after its outcome; comes at most once. */
  ended(attempt: Attempt): void
  progressed(attempt: Attempt, value: Json): void
  /** A result's text of so many characters was made. */
  wrote(length: number): void
  /** Whether so many were made in this turn of the event loop that the next one is for another: `again` is called then. */
  writesLater(attempt: Attempt, again: () => void): boolean
}

/** waiting: for a slot. running: it holds a slot and has no outcome. aborted: outcome, slot held. stuck: outcome, no slot. */
export type AttemptPlace = "waiting" | "running" | "aborted" | "stuck"

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
  /** `undefined` before it is called, and where nobody knows it. */
  private task: AnyTask<unknown> | undefined = undefined
  private called = false
  private settled = false
  /** True once the owner knows the outcome. */
  private told = false
  /** An aborted attempt's outcome, kept until its task has ended. */
  private held: Settlement | null = null
  private stop: StopValue | null = null
  private controller: AbortController | null = null
  private reason: AbortReason | null = null

  constructor(order: RunOrder, owner: AttemptOwner) {
    this.order = order
    this.owner = owner
  }

  get about(): AbortedAttempt {
    const { jobId, runId, attempt } = this.order
    return { jobId, runId, attempt }
  }

  /** Calls the task, unless the attempt has its outcome. The outcome may come before this returns. */
  run(): void {
    if (this.settled) return
    this.called = true
    this.owner.within(() => this.call())
  }

  private call(): void {
    const { order } = this
    const task = this.owner.tasks.find(order.task)
    if (task === undefined) {
      // Somebody who knows it may take the next attempt.
      const unknown = new UnknownTaskError({ task: order.task, job: order.jobId, known: this.owner.tasks.names })
      this.end("failed", null, describeError(unknown), true)
      return
    }
    this.task = task
    let args: unknown
    try {
      args = parseArguments(task, order.args, order.jobId)
    } catch (error) {
      // The same arguments would fail again.
      this.end("failed", null, describeError(error), false)
      return
    }
    runHandler(task.handler, new AttemptContext(args, order, this), this, this.owner)
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
    const error = timedOut ? describeError(reason) : null
    const settlement = this.settlement(outcome, null, error, !timedOut || this.worthRetrying(reason))
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
    } else if (value === undefined || value === null) this.end("succeeded", null, null, true)
    // It is in time, whenever its text is made.
    else if (this.owner.writesLater(this, () => this.succeed(value))) this.disarm()
    else this.succeedWith(value)
  }

  fail(error: unknown): void {
    if (this.ended) return
    if (this.settled) this.endLate()
    else {
      const again = putOffOf(underlying(error), this.owner.timers.now())
      this.end("failed", null, describeError(error), again !== null || this.worthRetrying(error), again)
    }
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
    try {
      if (stop?.() === true) this.ended = true
    } catch {
      // A stop that throws: the end is left to the task, as with one that has to be waited for.
    }
    return this.ended
  }

  private end(
    outcome: Outcome,
    result: string | null,
    error: RunError | null,
    retryable: boolean,
    again: PutOff | null = null
  ): void {
    this.settled = true
    this.ended = true
    this.stop = null
    const settlement = this.settlement(outcome, result, error, retryable)
    if (result !== null && result.length >= longText) noteWritten(settlement)
    this.tell(again === null ? settlement : { ...settlement, again })
  }

  private tell(settlement: Settlement): void {
    this.told = true
    this.held = null
    this.owner.outcome(this, settlement)
  }

  /** What is still to be run is never JSON, so what is costs no further look. */
  private succeedWith(value: unknown): void {
    const exact = exactText(value)
    if (exact !== null) {
      if (exact.length >= longText) this.owner.wrote(exact.length)
      return this.end("succeeded", exact, null, true)
    }
    const left = firstUnrun(value)
    if (left === null) return this.end("succeeded", jsonText(value), null, true)
    const { jobId: job, task } = this.order
    this.end("failed", null, describeError(new UnrunResultError({ job, task, ...left })), false)
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

  private worthRetrying(error: unknown): boolean {
    const retryWhen = this.task?.options.retryWhen
    if (retryWhen === undefined) return true
    const { jobId, task } = this.order
    const report = (failure: unknown): void => this.owner.report(failure, `retryWhen of task "${task}", job "${jobId}"`)
    try {
      const answer: unknown = this.owner.within(() => retryWhen(error))
      if (typeof answer !== "object" || answer === null) return Boolean(answer)
      report(
        new InvalidTaskError({
          task,
          field: "retryWhen's answer",
          found: inWords(answer),
          expected: "true or false"
        })
      )
      heed(answer, report)
    } catch (failure) {
      report(failure)
    }
    return false
  }
}
