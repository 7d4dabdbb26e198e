/** What a scheduler refuses, one class a cause. */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import type { Outcome } from "../job/run.ts"
import { durationWords } from "../time/durationWords.ts"

/** The verb needs a started scheduler. */
export class SchedulerNotStartedError extends Data.TaggedError("SchedulerNotStartedError")<{
  /** What was called, such as `pauseJob`. */
  readonly verb: string
}> {
  override get message(): string {
    return `${this.verb}: the scheduler is not started; await scheduler.start() first`
  }
}

/** The scheduler has stopped, or is on its way there. */
export class SchedulerStoppedError extends Data.TaggedError("SchedulerStoppedError")<{
  /** What was called, or what the stop has cut off. */
  readonly verb: string
  /** Why it has stopped; `null` where somebody asked for it. */
  readonly reason: string | null
}> {
  override get message(): string {
    const why = this.reason === null ? "" : ` (${this.reason})`
    return `${this.verb}: the scheduler has stopped${why}; create another one`
  }
}

/** The scheduler was started already. */
export class SchedulerStartedError extends Data.TaggedError("SchedulerStartedError")<{
  /** Always `start`. */
  readonly verb: string
}> {
  override get message(): string {
    return `${this.verb}: the scheduler is started already`
  }
}

/** An option of the scheduler that cannot be accepted. */
export class InvalidOptionError extends Data.TaggedError("InvalidOptionError")<{
  /** Its name; of a verb's with the verb's, such as `getRuns's limit`. */
  readonly option: string
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `option ${this.option} is ${this.found}, expected ${this.expected}`
  }
}

/** No job of this id. */
export class UnknownJobError extends Data.TaggedError("UnknownJobError")<{
  /** As it was asked for. */
  readonly jobId: string
  /** What was called, such as `pauseJob`. */
  readonly verb: string
}> {
  override get message(): string {
    return `${this.verb}: there is no job ${inWords(this.jobId)}; getJobs() lists those there are`
  }
}

/** The id is taken. */
export class DuplicateJobError extends Data.TaggedError("DuplicateJobError")<{
  /** The id that is taken. */
  readonly jobId: string
  /** The store of the job that has the id; of one given twice in a list, the list's. */
  readonly store: string
}> {
  override get message(): string {
    return `job ${inWords(this.jobId)} exists already in store ${inWords(this.store)}; give another id, or ifExists: "replace" or "keep"`
  }
}

/** The job is in no state for this. */
export class JobStateError extends Data.TaggedError("JobStateError")<{
  /** The job that was asked about. */
  readonly jobId: string
  /** What was called, such as `pauseJob`. */
  readonly verb: string
  /** What it is: a `JobState`, or in words, such as `unreadable` or `catching up`. */
  readonly state: string
  /** What to do instead, or first. */
  readonly remedy: string
}> {
  override get message(): string {
    return `${this.verb}: job ${inWords(this.jobId)} is ${this.state}; ${this.remedy}`
  }
}

/** The run is in no state for this. */
export class RunStateError extends Data.TaggedError("RunStateError")<{
  /** The run that was asked about. */
  readonly runId: string
  /** What was called: `retryRun` or `sendToRun`. */
  readonly verb: string
  /**
   * Its outcome; `live` while it has none; `retried` when another run tries it again or has done so; `unreadable`: its record is damaged, or
   * its job's; `over`: it has ended just now; `unsaved`: its task is none whose steps are saved; `full`: as many events as may wait already.
   */
  readonly state: Outcome | "live" | "retried" | "unreadable" | "over" | "unsaved" | "full"
  /** What to do instead, or first. */
  readonly remedy: string
}> {
  override get message(): string {
    return `${this.verb}: run ${inWords(this.runId)} ${runStateText[this.state]}; ${this.remedy}`
  }
}

const runStateText: Record<RunStateError["state"], string> = {
  succeeded: "has succeeded",
  failed: "has failed",
  timedOut: "has timed out",
  cancelled: "was cancelled",
  interrupted: "was interrupted",
  live: "is live",
  retried: "was retried",
  unreadable: "is unreadable",
  over: "is over",
  unsaved: "is of a task whose steps are not saved",
  full: "is sent more than it takes in"
}

/** As many runs of the job are live as may be, and its overlap policy lets none wait. */
export class MaxInstancesError extends Data.TaggedError("MaxInstancesError")<{
  /** The job of the refused run. */
  readonly jobId: string
  /** The job's limit, which is reached. */
  readonly maxInstances: number
  /** The job's overlap policy. */
  readonly overlap: string
}> {
  override get message(): string {
    return `runJob: job ${inWords(this.jobId)} has ${this.maxInstances} live runs, its maxInstances, and overlap "${this.overlap}" lets no more wait; try again later, or choose another overlap`
  }
}

/** Nothing is registered under this name. */
export class UnknownNameError extends Data.TaggedError("UnknownNameError")<{
  /** What was looked for under that name. */
  readonly kind: "store" | "executor" | "stream" | "run"
  /** As it was asked for; of a run, its id. */
  readonly name: string
  /** Names that there are; empty where they are not listed. */
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    const known = this.known.length === 0 ? "" : `; there are ${this.known.map((name) => inWords(name)).join(", ")}`
    return `there is no ${this.kind} ${inWords(this.name)}${known}`
  }
}

/** The name is in use. */
export class NameTakenError extends Data.TaggedError("NameTakenError")<{
  /** What has the name. */
  readonly kind: "store" | "executor" | "stream" | "calendar"
  /** The name that is in use. */
  readonly name: string
}> {
  override get message(): string {
    // What jobs may lean on as code stays for as long as the scheduler runs.
    const removable = this.kind === "store" || this.kind === "executor"
    return `there is a ${this.kind} ${inWords(this.name)} already; ${removable ? "remove it first or choose another name" : "choose another name"}`
  }
}

/** In `refused` alone: an actor was sent what is no command of its. */
export class UnknownCommandError extends Data.TaggedError("UnknownCommandError")<{
  /** Its id, such as `job:backup`. */
  readonly actor: string
  /** What it was sent: the event's type, or what is no event, in a few words. */
  readonly found: string
  /** The commands that it takes. */
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `actor ${inWords(this.actor)} was sent ${this.found}, which is no command of its; send an event whose type is one of ${this.known.join(", ")}`
  }
}

/** To `onError` alone: an executor has not answered. The scheduler goes on without its answer. */
export class ExecutorUnansweredError extends Data.TaggedError("ExecutorUnansweredError")<{
  /** Its name. */
  readonly executor: string
  /** What it was asked. */
  readonly call: "close" | "adopt"
  /** How long it had, milliseconds. */
  readonly afterMs: number
}> {
  override get message(): string {
    return `executor ${inWords(this.executor)}: its ${this.call} has not answered in ${durationWords(this.afterMs)}, and is waited for no longer`
  }
}
