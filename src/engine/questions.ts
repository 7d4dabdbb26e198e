/**
 * Questions of callers beside the engine's own work, which goes first: while a writer works, all questions together get about a fifteenth of
 * the time, slice by slice, each in its turn. While none does, only the event loop's turns keep them apart. None waits for ever: each
 * slice that is done moves the queue on, and so does a turn of the loop where an answer does not come. Time is the timers' monotonic
 * one, which stands still while a virtual clock's callers ask: there nobody waits.
 */
import { Effect } from "effect"
import type { StoreError } from "../store/storeError.ts"
import { withTurns } from "../store/sliceTurn.ts"
import type { CancelTimer, Timers } from "../time/timers.ts"
import { runStore } from "./storePromise.ts"

/** Milliseconds for the engine after each that questions took. */
const pausePerMs = 14
/** Milliseconds of questions between two turns of the event loop; one slice may take longer. */
const burstMs = 1
/** Pause at the longest, after a slice that took long, perhaps by no fault of its own. */
const longestPauseMs = 350
/** How often it is looked whether the engine has nothing to do any more. */
const checkMs = 4

export class Questions {
  private readonly timers: Timers
  private readonly isBusy: () => boolean
  private readonly failureOf: (verb: string, error: unknown) => unknown
  private waiting: Array<() => void> = []
  /** Slices that are let in and not told to be over. */
  private inside = 0
  /** Milliseconds that slices have taken since the last turn of the loop. */
  private burst = 0
  /** Monotonic time at which the engine has had its share. */
  private pausedUntil = -Infinity
  private cancelCheck: CancelTimer | null = null

  /** `failureOf`: what a caller is told of a failure. */
  constructor(timers: Timers, isBusy: () => boolean, failureOf: (verb: string, error: unknown) => unknown) {
    this.timers = timers
    this.isBusy = isBusy
    this.failureOf = failureOf
  }

  /** Finds an answer when its turn has come. `verb`: who asks. */
  async ask<A>(verb: string, answer: (question: Question) => Promise<A>): Promise<A> {
    const question = new Question(this, this.timers)
    await question.begin()
    try {
      return await answer(question)
    } catch (error) {
      throw this.failureOf(verb, error)
    } finally {
      question.end()
    }
  }

  /** A question of one read. */
  read<A>(verb: string, effect: Effect.Effect<A, StoreError>): Promise<A> {
    return this.ask(verb, (question) => question.read(effect))
  }

  /** Resolves when the next slice may be taken. */
  enter(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve)
      if (this.inside === 0) this.next()
      else this.checkLater(0)
    })
  }

  /** A slice is over that took `ms`. */
  leave(ms: number): void {
    this.inside = Math.max(0, this.inside - 1)
    this.burst += ms
    const now = this.timers.monotonicMillis()
    this.pausedUntil = Math.min(Math.max(now, this.pausedUntil) + ms * pausePerMs, now + longestPauseMs)
    if (this.inside === 0) this.next()
  }

  private next(): void {
    if (this.waiting.length === 0) return
    const pauseMs = this.pauseMs()
    if (pauseMs > 0) this.checkLater(Math.min(pauseMs, checkMs))
    else if (this.burst >= burstMs) this.checkLater(0)
    else this.letIn()
  }

  private letIn(): void {
    this.inside += 1
    this.waiting.shift()?.()
    if (this.waiting.length > 0) this.checkLater(0)
  }

  /** Milliseconds for the engine before the next slice. A burst is paid for when it is over. */
  private pauseMs(): number {
    const leftMs = this.pausedUntil - this.timers.monotonicMillis()
    return leftMs > burstMs * pausePerMs && this.isBusy() ? leftMs - burstMs * pausePerMs : 0
  }

  private checkLater(delayMs: number): void {
    this.cancelCheck ??= this.timers.after(delayMs, () => {
      this.cancelCheck = null
      this.burst = 0
      this.next()
    })
  }
}

/** One caller's question, and the time that it takes. */
export class Question {
  private readonly questions: Questions
  private readonly timers: Timers
  /** When it was let in; `null`: it waits for its turn. */
  private since: number | null = null

  constructor(questions: Questions, timers: Timers) {
    this.questions = questions
    this.timers = timers
  }

  async begin(): Promise<void> {
    await this.questions.enter()
    this.since = this.timers.monotonicMillis()
  }

  end(): void {
    const { heldMs } = this
    if (this.since !== null) this.questions.leave(heldMs)
    this.since = null
  }

  /** Milliseconds for which the slice under way has lasted. */
  get heldMs(): number {
    return this.since === null ? 0 : this.timers.monotonicMillis() - this.since
  }

  /** Lets others in: the engine and other questions. To be awaited after each few milliseconds of work. */
  turn(): Promise<void> {
    this.end()
    return this.begin()
  }

  /** A store's answer, with turns for others between its slices. */
  read<A>(effect: Effect.Effect<A, StoreError>): Promise<A> {
    return runStore(
      withTurns(
        effect,
        Effect.promise(() => this.turn())
      )
    )
  }
}
