/**
 * Runs tasks in this process, on this thread. A plain function runs to its end inside `submit`; what waits for a slot starts
 * when one is free. It cannot kill: a task that ignores its signal holds its slot for `stuckAfter` more, then the slot is free
 * and the task is counted as stuck until it ends by itself. One whose end is awaited is counted then, too, and keeps its slot.
 * Long so that what holds a slot, and when news are told, can be read in one piece.
 */
import { Data } from "effect"
import type { Runtime } from "effect"
import { inWords } from "../../input/inWords.ts"
import type { Within } from "../../event/callback.ts"
import type { Outcome } from "../../job/run.ts"
import type { RunMessage } from "../../task/runMessage.ts"
import type { AbortReason } from "../../task/taskContext.ts"
import { RunCancelled, RunInterrupted, RunTimedOut } from "../../task/taskContext.ts"
import type { Timers } from "../../time/timers.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { AttemptOwner } from "./attempt.ts"
import { Attempt } from "./attempt.ts"
import type {
  AwaitedEnd,
  Executor,
  ExecutorContext,
  ExecutorProvider,
  ExecutorStatus,
  RunListener,
  RunOrder,
  Settlement,
  TaskSource
} from "../executor.ts"
import type { InProcessLimits, InProcessOptions } from "./options.ts"
import { readInProcessOptions } from "./options.ts"
import { OrderQueue } from "./orderQueue.ts"
import { PendingEnds } from "./pendingEnds.ts"
import { ResultTexts } from "../resultTexts.ts"

/** Runs tasks in this process. Throws `InvalidExecutorError`. */
export const inProcess = (options: InProcessOptions = {}): ExecutorProvider => {
  const limits = readInProcessOptions(options)
  return Object.freeze({
    kind: "inProcess",
    concurrency: limits.concurrency,
    queue: limits.queue,
    make: (context: ExecutorContext) => new InProcessExecutor(context, limits)
  })
}

/** An order that the caller should not have submitted: `free()` was 0, the executor is closed, or the run is here already. */
export class OrderRefusedError extends Data.TaggedError("OrderRefusedError")<{
  readonly executor: string
  readonly runId: string
  readonly reason: "full" | "closed" | "duplicate"
}> {
  override get message(): string {
    return `executor ${inWords(this.executor)} refuses run ${inWords(this.runId)}: ${this.reason}`
  }
}

/** Longest turn in which waiting orders are started one after the other, before the event loop gets one. */
const turnMs = 10

class InProcessExecutor implements Executor, AttemptOwner {
  readonly tasks: TaskSource
  readonly timers: Timers
  readonly runtime: Runtime.Runtime<never>
  readonly inspect: ExecutorContext["inspect"] | undefined
  readonly within: Within
  readonly report: NonNullable<ExecutorContext["report"]>
  private readonly name: string
  private readonly listener: RunListener
  private readonly limits: InProcessLimits
  private readonly waiting = new OrderQueue<Attempt>()
  /** Attempts without an outcome, by run. A retry may come while an earlier attempt of its run still has not ended. */
  private readonly live = new Map<string, Attempt>()
  /** Attempts with an outcome that still hold their slot. */
  private readonly aborted = new Set<Attempt>()
  /** Aborted attempts whose outcome waits for their end, and since when, by monotonic time. */
  private readonly awaitedSinceMs = new Map<Attempt, number>()
  /** Whether they have a slot or not. */
  private readonly stopping = new PendingEnds<Attempt>()
  private running = 0
  private stuck = 0
  private closed = false
  /** The attempt whose task or listener is being called: meanwhile no other is started, and none is told of. */
  private inside: Attempt | null = null
  private turnAsked = false
  /** News that came up inside another attempt, told on the next turn. */
  private deferred: Array<() => void> = []
  private readonly texts: ResultTexts

  constructor(context: ExecutorContext, limits: InProcessLimits) {
    this.name = context.name
    this.tasks = context.tasks
    this.timers = context.timers
    this.runtime = context.runtime
    this.inspect = context.inspect
    this.within = context.within ?? ((call) => call())
    this.report = context.report ?? (() => undefined)
    this.listener = context.listener
    this.limits = limits
    this.texts = new ResultTexts(context.timers)
  }

  free(): number {
    const { concurrency, queue } = this.limits
    return this.closed ? 0 : concurrency + queue - this.running - this.waiting.length
  }

  submit(order: RunOrder): void {
    const reason = this.closed ? "closed" : this.live.has(order.runId) ? "duplicate" : this.free() <= 0 ? "full" : null
    if (reason !== null) throw new OrderRefusedError({ executor: this.name, runId: order.runId, reason })
    const attempt = new Attempt(order, this)
    this.live.set(order.runId, attempt)
    // From inside another attempt it waits its turn: tasks that submit tasks would nest without end.
    if (this.inside === null && this.waiting.length === 0 && this.running < this.limits.concurrency) this.start(attempt)
    else this.waiting.push(attempt)
    this.askTurn()
  }

  cancel(runId: string): boolean {
    const attempt = this.live.get(runId)
    if (attempt === undefined) return false
    this.abort(attempt, "cancelled", new RunCancelled(attempt.about))
    this.askTurn()
    return true
  }

  deliver(runId: string, message: RunMessage): void {
    const attempt = this.live.get(runId)
    if (attempt === undefined) return
    const outer = this.inside
    if (outer === null) this.tellDeferred()
    this.inside = attempt
    attempt.deliver(message)
    this.inside = outer
    this.askTurn()
  }

  /** What ends by being stopped is waited for: an Effect's finalizers use what is released next. A promise may never end. */
  close(): void | Promise<void> {
    if (!this.closed) {
      this.closed = true
      this.texts.finish()
      for (const attempt of [...this.live.values()])
        this.abort(attempt, "interrupted", new RunInterrupted(attempt.about))
      for (const attempt of [...this.aborted]) this.abandon(attempt)
    }
    return this.stopping.over()
  }

  status(): ExecutorStatus {
    let { stuck } = this
    if (this.awaitedSinceMs.size > 0) {
      const untilMs = this.timers.monotonicMillis() - this.limits.stuckAfterMs
      for (const sinceMs of this.awaitedSinceMs.values()) if (sinceMs <= untilMs) stuck += 1
    }
    return { running: this.running, queued: this.waiting.length, stuck }
  }

  awaited(runId: string): AwaitedEnd | null {
    return this.live.get(runId)?.awaited ?? null
  }

  awaits(attempt: Attempt): void {
    this.awaitedSinceMs.set(attempt, this.timers.monotonicMillis())
  }

  stopped(attempt: Attempt): void {
    this.stopping.add(attempt)
  }

  outcome(attempt: Attempt, settlement: Settlement): void {
    this.live.delete(attempt.order.runId)
    this.awaitedSinceMs.delete(attempt)
    if (attempt.ended) this.stopping.delete(attempt)
    attempt.disarm()
    if (attempt.place === "waiting") this.waiting.remove(attempt)
    else if (attempt.ended) this.running -= 1
    else this.hold(attempt)
    if (this.isElsewhere(attempt)) {
      this.tellLater(() => this.tellSettled(attempt, settlement))
      return
    }
    const own = this.inside === null
    if (own) this.tellDeferred()
    this.tellSettled(attempt, settlement)
    if (own) this.startWaiting()
  }

  ended(attempt: Attempt): void {
    this.stopping.delete(attempt)
    if (attempt.place === "stuck") {
      this.stuck -= 1
      return
    }
    attempt.disarm()
    this.aborted.delete(attempt)
    this.running -= 1
    if (this.inside === null) this.startWaiting()
    else this.askTurn()
  }

  progressed(attempt: Attempt, value: Json): void {
    this.tellOf(attempt, () => this.listener.progressed(attempt.order, value))
  }

  checkpointed(attempt: Attempt, text: string, received: number): void {
    this.tellOf(attempt, () => this.listener.checkpointed(attempt.order, text, received))
  }

  private tellOf(attempt: Attempt, call: () => void): void {
    const tell = (): void => this.guarded(attempt, call)
    if (this.isElsewhere(attempt)) {
      this.tellLater(tell)
      return
    }
    if (this.inside === null) this.tellDeferred()
    tell()
  }

  wrote(length: number): void {
    this.texts.wrote(length)
  }

  writesLater(attempt: Attempt, again: () => void): boolean {
    // While a plain function is called, its result counts at once, so that no more are called than can be saved.
    return this.inside !== attempt && !this.closed && this.texts.postpone(again)
  }

  private start(attempt: Attempt): void {
    const { timers } = this
    const { order } = attempt
    const { timeoutMs } = order
    const startedMs = timeoutMs === null ? 0 : timers.monotonicMillis()
    attempt.startedAt = timers.now()
    if (timeoutMs !== null) attempt.deadlineMs = startedMs + timeoutMs
    attempt.place = "running"
    this.running += 1
    this.inside = attempt
    try {
      this.listener.started(order, attempt.startedAt)
    } catch {
      // Its failure is the listener's own.
    }
    attempt.run()
    this.inside = null
    // Armed only now: a plain function has ended, and needs none.
    if (timeoutMs !== null && attempt.pending) this.armTimeout(attempt, startedMs)
  }

  private armTimeout(attempt: Attempt, startedMs: number): void {
    const dueMs = attempt.deadlineMs ?? startedMs
    attempt.timer = this.timers.after(Math.max(0, dueMs - this.timers.monotonicMillis()), () => {
      const { deadlineMs } = attempt
      // The task may have asked for more time, and platforms' timers may be a fraction of a millisecond early.
      if (deadlineMs !== null && this.timers.monotonicMillis() < deadlineMs) this.armTimeout(attempt, startedMs)
      else {
        const timeoutMs = Math.round(dueMs - startedMs)
        this.abort(attempt, "timedOut", new RunTimedOut({ ...attempt.about, timeoutMs }))
        if (this.inside === null) this.startWaiting()
      }
    })
  }

  /** Its news are told at once, even from inside another attempt: the caller asked for them. */
  private abort(attempt: Attempt, outcome: Outcome, reason: AbortReason): void {
    const outer = this.inside
    if (outer === null) this.tellDeferred()
    this.inside = attempt
    attempt.abort(outcome, reason)
    this.inside = outer
  }

  /** The attempt has its outcome and goes on: its slot is kept for it a while. */
  private hold(attempt: Attempt): void {
    attempt.place = "aborted"
    this.aborted.add(attempt)
    if (this.closed) this.abandon(attempt)
    else if (this.limits.stuckAfterMs < Infinity) {
      attempt.timer = this.timers.after(this.limits.stuckAfterMs, () => {
        this.abandon(attempt)
        if (this.inside === null) this.startWaiting()
      })
    }
  }

  /** Frees the slot of an attempt that does not end. */
  private abandon(attempt: Attempt): void {
    attempt.disarm()
    this.aborted.delete(attempt)
    attempt.place = "stuck"
    this.running -= 1
    this.stuck += 1
  }

  /** A loop, not a recursion: each plain function that ends here makes room for the next. */
  private startWaiting(): void {
    let started = 0
    let untilMs = Infinity
    while (this.running < this.limits.concurrency && this.waiting.length > 0) {
      // The clock is not read for the first: mostly one slot was freed, and one order takes it.
      if (started === 1) untilMs = this.timers.monotonicMillis() + turnMs
      else if (started > 1 && this.timers.monotonicMillis() >= untilMs) {
        this.turnAsked = true
        this.timers.after(0, this.takeTurn)
        return
      }
      started += 1
      const attempt = this.waiting.shift()
      if (attempt !== null) this.start(attempt)
    }
  }

  private readonly takeTurn = (): void => {
    this.turnAsked = false
    if (this.inside !== null) return
    this.tellDeferred()
    this.startWaiting()
  }

  /** Has waiting orders and news seen to when the caller is through. */
  private askTurn(): void {
    if (
      this.turnAsked ||
      (this.deferred.length === 0 && (this.waiting.length === 0 || this.running >= this.limits.concurrency))
    )
      return
    this.turnAsked = true
    void Promise.resolve().then(this.takeTurn)
  }

  private isElsewhere(attempt: Attempt): boolean {
    return this.inside !== null && this.inside !== attempt
  }

  private tellLater(tell: () => void): void {
    this.deferred.push(tell)
    this.askTurn()
  }

  private tellDeferred(): void {
    if (this.deferred.length === 0) return
    const { deferred: news } = this
    this.deferred = []
    for (const tell of news) tell()
  }

  private tellSettled(attempt: Attempt, settlement: Settlement): void {
    const outer = this.inside
    this.inside = attempt
    try {
      this.listener.settled(attempt.order, settlement)
    } catch {
      // Its failure is the listener's own.
    }
    this.inside = outer
  }

  private guarded(attempt: Attempt, tell: () => void): void {
    const outer = this.inside
    this.inside = attempt
    try {
      tell()
    } catch {
      // Its failure is the listener's own.
    }
    this.inside = outer
  }
}
