/** Jobs and their runs as actor logic, for `invoke` and `spawn` in a program's own machines. */
import { Data } from "effect"
import { filter, map, takeWhile } from "rxjs"
import { fromObservable, fromPromise } from "xstate"
import type { ObservableActorLogic, PromiseActorLogic } from "xstate"
import type { JobRecord } from "../engine/job/jobRecord.ts"
import { UnknownJobError } from "../engine/schedulerError.ts"
import { inWords } from "../input/inWords.ts"
import type { Outcome, RunError, RunRecord } from "../job/run.ts"
import type { Scheduler } from "./scheduler.ts"
import type { RunOptions } from "./verbOptions.ts"

/** What an actor of `runLogic` fails with where its run has ended without success. */
export class RunNotSucceededError extends Data.TaggedError("RunNotSucceededError")<{
  /** The job that ran. */
  readonly jobId: string
  /** `retryRun` takes it. */
  readonly runId: string
  /** How it ended; never `succeeded`. */
  readonly outcome: Outcome
  /** What the task failed with, where it did. */
  readonly error: RunError | null
}> {
  override get message(): string {
    const why = this.error === null ? "" : ` (${this.error.message})`
    return `run ${inWords(this.runId)} of job ${inWords(this.jobId)} has ended as ${this.outcome}${why}; retryRun(${inWords(this.runId)}) tries it again`
  }
}

/**
 * Runs the job, beside its schedule, and ends with the run's record as output once its outcome is on disk. `input` is `runJob`'s options, such
 * as `{ args }`. An outcome other than `succeeded` is an error of the actor, `RunNotSucceededError`, and so is what `runJob` rejects with. An actor
 * that is stopped, as by leaving the state that invoked it, cancels the run.
 */
export const runLogic = (
  scheduler: Pick<Scheduler, "runJob" | "cancelRun">,
  jobId: string
): PromiseActorLogic<RunRecord, RunOptions | undefined> =>
  fromPromise<RunRecord, RunOptions | undefined>(async ({ input, signal }) => {
    const run = await scheduler.runJob(jobId, input ?? {})
    // Nobody is left to tell that it failed: the scheduler has stopped, or its store is away and the run ends by itself.
    const cancel = (): void => void scheduler.cancelRun(run.runId).catch(() => undefined)
    if (signal.aborted) cancel()
    signal.addEventListener("abort", cancel, { once: true })
    try {
      const record = await run.settled()
      const { runId, outcome, error } = record
      if (outcome === "succeeded") return record
      throw new RunNotSucceededError({ jobId, runId, outcome: outcome ?? "interrupted", error })
    } finally {
      signal.removeEventListener("abort", cancel)
    }
  })

/**
 * Follows the job: the snapshot's `context` is its record, now and after every change. Ends when the job is done or removed, or the
 * scheduler stops. The actor fails with `UnknownJobError` where there is no such job at first, and with what `job$` fails with. Stopped, it
 * is the job's no more than an onlooker that has gone.
 */
export const jobLogic = (
  scheduler: Pick<Scheduler, "job$">,
  jobId: string
): ObservableActorLogic<JobRecord, undefined> =>
  fromObservable<JobRecord, undefined>(() =>
    scheduler.job$(jobId).pipe(
      filter((job) => job !== undefined),
      map((job, index) => {
        if (job === null && index === 0) throw new UnknownJobError({ jobId, verb: "jobLogic" })
        return job
      }),
      takeWhile((job) => job !== null && job.state !== "done", true),
      filter((job) => job !== null)
    )
  )
