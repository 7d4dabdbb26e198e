/** One execution of a job: its identity, its outcome and the record that is kept. Plain data. */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"

/** How a run ended. */
export type Outcome = "succeeded" | "failed" | "timedOut" | "cancelled" | "interrupted"

export const outcomes: ReadonlyArray<Outcome> = ["succeeded", "failed", "timedOut", "cancelled", "interrupted"]

/** A task's error as it is kept: never the object itself, so that nothing hostile is touched twice. */
export interface RunError {
  /** The error's `_tag`, else its `name`, else the type of what was thrown. */
  readonly name: string
  /** At most 4,000 characters. */
  readonly message: string
  /** At most 8,000 characters; absent when there was none. */
  readonly stack?: string
  /**
   * Of a task that `Job.make` of `carillon/effect` has defined: the whole cause, encoded by the job's error schema; `exitOf` of the job reads it.
   * At most 65,536 characters of JSON text; absent where there is more, and of what no code of the task has failed with.
   */
  readonly cause?: Json
  /** Of an attempt that timed out: what it had, extensions included. */
  readonly timeoutMs?: number
}

/** A run as `getRuns` gives it. `At` fields are epoch milliseconds; a field that has no value yet is `null`. */
export interface RunRecord {
  /** Given out once: `getRuns`, `cancelRun`, `retryRun` and `sendToRun` take it. */
  readonly runId: string
  /** Of the job, which may be removed by now. */
  readonly jobId: string
  /** The fire time it serves; for a run on request, the instant of the request. */
  readonly fireAt: EpochMillis
  /** True for a run made by `runJob` or `retryRun`. */
  readonly requested: boolean
  /** The run that this one tries again, by `retryRun`. */
  readonly retryOf: string | null
  /** When it was decided on and stored. */
  readonly claimedAt: EpochMillis
  /** Start of the newest attempt. */
  readonly startedAt: EpochMillis | null
  /** When it ended. */
  readonly finishedAt: EpochMillis | null
  /** The newest attempt; the first is 1. */
  readonly attempt: number
  /** `null` while it waits, executes or is between attempts. */
  readonly outcome: Outcome | null
  /** What the task gave, as JSON; `null` too of a run that has not succeeded. */
  readonly result: Json
  /** Of the newest attempt that did not succeed. */
  readonly error: RunError | null
}

/** Who asked for a run, or for its job, as far as the run is to know. Plain data, some kilobytes at the most. */
export interface RunCaller {
  /** The span in which it was asked for. */
  readonly trace?: {
    readonly traceId: string
    readonly spanId: string
    readonly sampled: boolean
  }
  /** What of the caller's context goes with it, by name, encoded. */
  readonly context?: { readonly [name: string]: Json }
}

/** When a further attempt of a run is due: an instant, or once an event is sent to the run. */
export type AttemptDue = EpochMillis | "event"

/** A claimed, unfinished run as the job's snapshot holds it. */
export interface LiveRun {
  /** Its place in the store's order of runs; part of its `runId`. */
  readonly runKey: number
  /** The fire time that it serves, or the instant of the request. */
  readonly fireAt: EpochMillis
  /** Of the attempt that is under way or comes next; the first is 1. */
  readonly attempt: number
  /** When the next attempt is due; `null` while an attempt is under way. */
  readonly retryAt: AttemptDue | null
  /** True for one whose machine only waits, and holds no slot: an event that is sent to it makes its next attempt due. */
  readonly putAway?: boolean
  /** The run's own arguments; absent: the job's. */
  readonly args?: Json
  /** Who asked for it; absent: whoever added the job. */
  readonly caller?: RunCaller
  /** Attempts that only put the run off; absent: none. */
  readonly putOffs?: number
  /** Attempts in a row that its worker died under; absent: none. */
  readonly workerDeaths?: number
  /** The epoch of the owner that has taken its attempt over from an earlier one; absent: none has. */
  readonly adoptedBy?: number
  /** The key of the run that this one tries again. */
  readonly retryOf?: number
  /** True once a step of it is saved: what is saved is there until the run ends. */
  readonly saved?: boolean
  /** True for a run on request. */
  readonly requested?: boolean
  /** True for one that was live as `maxInstances` became less than what was live. */
  readonly ofHigherLimit?: boolean
}

/** Its next attempt may start at `now`. */
export const isDue = ({ retryAt }: Pick<LiveRun, "retryAt">, now: EpochMillis): boolean =>
  typeof retryAt === "number" && retryAt <= now
