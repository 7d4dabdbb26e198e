/** The rules of a run, settled: every duration in milliseconds, every default filled in. Stored with the job as JSON. */

/** Which of several due fire times runs: the newest, the oldest, or each. */
export type Coalesce = "latest" | "earliest" | "all"
/**
 * What becomes of a fire time at `maxInstances`: with `skip` it is a misfire, with `queue-one` it waits if nothing waits yet, with `queue-all` it
 * waits, with `cancel-running` it waits and the live runs are cancelled.
 */
export type Overlap = "skip" | "queue-one" | "queue-all" | "cancel-running"
/** After an interruption: another attempt at once, or the end of the run. */
export type OnInterrupted = "rerun" | "skip"

/** After a timeout or a cancellation: the run is over at once, or when its task has ended. */
export type OnAborted = "leave" | "await"

/** `RetryOptions` with its defaults, in milliseconds. */
export interface RetryRules {
  /** Attempts in all, the first included. */
  readonly attempts: number
  /** Wait before the second attempt. */
  readonly backoffMs: number
  /** Each further wait is this many times the one before. */
  readonly factor: number
  /** No wait is longer, `jitter` aside. */
  readonly maxBackoffMs: number
  /** 0 to 1: each wait is spread at random over ± this share of itself, seeded from job, fire time and attempt. */
  readonly jitter: number
  /** Error names (`_tag` or `name`) that are worth another attempt; `null`: all. */
  readonly when: ReadonlyArray<string> | null
}

/** The rules of a job's runs, each settled. */
export interface JobRules {
  /** How late a fire time may still start, exactly this late included; `null`: however late. */
  readonly misfireGraceMs: number | null
  /** Which of several due fire times runs. */
  readonly coalesce: Coalesce
  /** Runs of the job at a time, from 1. */
  readonly maxInstances: number
  /** What becomes of a fire time at that limit. */
  readonly overlap: Overlap
  /** `null`: one attempt. */
  readonly retry: RetryRules | null
  /** Of one attempt; `null`: none. */
  readonly timeoutMs: number | null
  /** What follows when the process died, or stopped, in mid-run. */
  readonly onInterrupted: OnInterrupted
  /** Whether a run that was aborted is over at once, or when its task has ended. */
  readonly onAborted: OnAborted
  /** Runs claimed for fire times before the job is done; `null`: no limit. */
  readonly maxRuns: number | null
}

/** Of a job that says nothing, in a scheduler without `jobDefaults`. */
export const defaultRules: JobRules = {
  misfireGraceMs: null,
  coalesce: "latest",
  maxInstances: 1,
  overlap: "skip",
  retry: null,
  timeoutMs: null,
  onInterrupted: "rerun",
  onAborted: "leave",
  maxRuns: null
}

/** Fire times of one job that one wake takes, and the longest queue of one job. */
export const maxFireTimesPerWake = 1000

/**
 * Crashes of the process in a row, while runs of a job were live, that park the job as poison; and deaths in a row of the workers of
 * one of its runs.
 */
export const crashesToPark = 3
