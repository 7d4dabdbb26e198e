/** What a scheduler refuses, one class a cause. */
import { Data } from "effect"
import { preview } from "../job/jobOptions.ts"
import type { Outcome } from "../job/run.ts"

/** The verb needs a started scheduler. */
export class SchedulerNotStartedError extends Data.TaggedError("SchedulerNotStartedError")<{ readonly verb: string }> {
  override get message(): string {
    return `${this.verb}: the scheduler is not started; await scheduler.start() first`
  }
}

/** The scheduler has stopped, or is on its way there. */
export class SchedulerStoppedError extends Data.TaggedError("SchedulerStoppedError")<{
  readonly verb: string
  readonly reason: string | null
}> {
  override get message(): string {
    const why = this.reason === null ? "" : ` (${this.reason})`
    return `${this.verb}: the scheduler has stopped${why}; create another one`
  }
}

/** The scheduler was started already. */
export class SchedulerStartedError extends Data.TaggedError("SchedulerStartedError")<{ readonly verb: string }> {
  override get message(): string {
    return `${this.verb}: the scheduler is started already`
  }
}

/** An option of the scheduler that cannot be accepted. */
export class InvalidOptionError extends Data.TaggedError("InvalidOptionError")<{
  readonly option: string
  readonly found: string
  readonly expected: string
}> {
  override get message(): string {
    return `option ${this.option} is ${this.found}, expected ${this.expected}`
  }
}

/** No job of this id. */
export class UnknownJobError extends Data.TaggedError("UnknownJobError")<{
  readonly jobId: string
  readonly verb: string
}> {
  override get message(): string {
    return `${this.verb}: there is no job ${preview(this.jobId)}; getJobs() lists those there are`
  }
}

/** The id is taken. */
export class DuplicateJobError extends Data.TaggedError("DuplicateJobError")<{
  readonly jobId: string
  readonly store: string
}> {
  override get message(): string {
    return `job ${preview(this.jobId)} exists already in store ${preview(this.store)}; give another id, or ifExists: "replace" or "keep"`
  }
}

/** The job is in no state for this. */
export class JobStateError extends Data.TaggedError("JobStateError")<{
  readonly jobId: string
  readonly verb: string
  readonly state: string
  readonly remedy: string
}> {
  override get message(): string {
    return `${this.verb}: job ${preview(this.jobId)} is ${this.state}; ${this.remedy}`
  }
}

/** The run is in no state for this. */
export class RunStateError extends Data.TaggedError("RunStateError")<{
  readonly runId: string
  readonly verb: string
  /** Its outcome; `live` while it has none; `retried` when another run tries it again or has done so; `unreadable`: its record is damaged. */
  readonly state: Outcome | "live" | "retried" | "unreadable"
  readonly remedy: string
}> {
  override get message(): string {
    return `${this.verb}: run ${preview(this.runId)} ${this.state === "retried" ? "was" : this.state === "live" || this.state === "unreadable" ? "is" : "has"} ${this.state}; ${this.remedy}`
  }
}

/** As many runs of the job are live as may be, and its overlap policy lets none wait. */
export class MaxInstancesError extends Data.TaggedError("MaxInstancesError")<{
  readonly jobId: string
  readonly maxInstances: number
  readonly overlap: string
}> {
  override get message(): string {
    return `runJob: job ${preview(this.jobId)} has ${this.maxInstances} live runs, its maxInstances, and overlap "${this.overlap}" lets no more wait; try again later, or choose another overlap`
  }
}

/** Nothing is registered under this name. */
export class UnknownNameError extends Data.TaggedError("UnknownNameError")<{
  readonly kind: "store" | "executor" | "stream" | "run"
  readonly name: string
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    const known = this.known.length === 0 ? "" : `; there are ${this.known.map((name) => preview(name)).join(", ")}`
    return `there is no ${this.kind} ${preview(this.name)}${known}`
  }
}

/** The name is in use. */
export class NameTakenError extends Data.TaggedError("NameTakenError")<{
  readonly kind: "store" | "executor" | "stream" | "calendar"
  readonly name: string
}> {
  override get message(): string {
    // What jobs may lean on as code stays for as long as the scheduler runs.
    const removable = this.kind === "store" || this.kind === "executor"
    return `there is a ${this.kind} ${preview(this.name)} already; ${removable ? "remove it first or choose another name" : "choose another name"}`
  }
}
