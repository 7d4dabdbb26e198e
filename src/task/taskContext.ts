/** What a task is called with, and why its signal aborts. Holds no rule of when: that is the executor's. */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import type { DurationLike } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"

/** What a task is called with. `signal`, `progress` and `extendTimeout` are made when read, so take them from the context itself, not from a copy. */
export interface TaskContext<Args = unknown> {
  /** The job's arguments, parsed by the task's schema if it has one. A fresh copy for each attempt. */
  readonly args: Args
  /** The job that runs. */
  readonly jobId: string
  /** The run, the same in all its attempts: a key for what must be done once. */
  readonly runId: string
  /** The fire time this run serves, epoch milliseconds. */
  readonly fireAt: EpochMillis
  /** 1 for the first. */
  readonly attempt: number
  /**
   * Aborts on timeout, on `cancelRun` and when the scheduler stops before the task has ended. Its `reason` is `RunTimedOut`,
   * `RunCancelled` or `RunInterrupted`.
   */
  readonly signal: AbortSignal
  /**
   * Publishes a `RunProgressed` event with a copy of `value`. Nothing is stored; ignored once the attempt has an outcome. A
   * value that is not JSON is published as its placeholder.
   */
  readonly progress: (value: Json) => void
  /**
   * Asks for more time: the attempt times out no earlier than this long from now. Never shortens; nothing without a timeout or after
   * the attempt's outcome. Throws `InvalidDurationError`.
   */
  readonly extendTimeout: (duration: DurationLike) => void
}

/** Which attempt was aborted. */
export interface AbortedAttempt {
  /** The job of the run. */
  readonly jobId: string
  /** The run, as `getRuns` gives it. */
  readonly runId: string
  /** 1 for the first. */
  readonly attempt: number
}

/** The attempt did not end within its timeout. */
export class RunTimedOut extends Data.TaggedError("RunTimedOut")<
  AbortedAttempt & {
    /** What it had, in milliseconds, extensions included. */
    readonly timeoutMs: number
  }
> {
  override get message(): string {
    return `job "${this.jobId}": attempt ${this.attempt} did not end within ${this.timeoutMs} ms`
  }
}

/** Somebody asked for the run's end. */
export class RunCancelled extends Data.TaggedError("RunCancelled")<AbortedAttempt> {
  override get message(): string {
    return `job "${this.jobId}": attempt ${this.attempt} was cancelled`
  }
}

/** The executor was closed before the attempt ended. */
export class RunInterrupted extends Data.TaggedError("RunInterrupted")<AbortedAttempt> {
  override get message(): string {
    return `job "${this.jobId}": attempt ${this.attempt} was interrupted, its executor was closed`
  }
}

/** The `reason` of a task's signal. */
export type AbortReason = RunTimedOut | RunCancelled | RunInterrupted

/** What an attempt is of. */
export type AttemptSubject = Pick<TaskContext, "jobId" | "runId" | "fireAt" | "attempt">

/** Where a context's lazy parts come from. */
export interface AttemptControl {
  readonly signal: AbortSignal
  report(value: Json): void
  extend(byMs: number): void
}

/**
 * The context of one attempt. A class, because most tasks read neither `signal` nor `progress`: a getter costs them
 * nothing, an `AbortController` a run costs more than the rest of it.
 */
export class AttemptContext implements TaskContext {
  readonly args: unknown
  readonly jobId: string
  readonly runId: string
  readonly fireAt: EpochMillis
  readonly attempt: number
  readonly #control: AttemptControl

  constructor(args: unknown, about: AttemptSubject, control: AttemptControl) {
    this.args = args
    this.jobId = about.jobId
    this.runId = about.runId
    this.fireAt = about.fireAt
    this.attempt = about.attempt
    this.#control = control
  }

  get signal(): AbortSignal {
    return this.#control.signal
  }

  get extendTimeout(): (duration: DurationLike) => void {
    const control = this.#control
    return (duration) => {
      control.extend(readDuration(duration, `job ${inWords(this.jobId)}: extendTimeout`))
    }
  }

  get progress(): (value: Json) => void {
    const control = this.#control
    return (value) => {
      control.report(value)
    }
  }
}
