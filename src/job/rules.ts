/** The rules of a run, settled: every duration in milliseconds, every default filled in. Stored with the job as JSON. */

export type Coalesce = "latest" | "earliest" | "all"
export type Overlap = "skip" | "queue-one" | "queue-all" | "cancel-running"
export type OnInterrupted = "rerun" | "skip"

export type OnAborted = "leave" | "await"

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

export interface JobRules {
  /** How late a fire time may still start, exactly this late included; `null`: however late. */
  readonly misfireGraceMs: number | null
  readonly coalesce: Coalesce
  readonly maxInstances: number
  readonly overlap: Overlap
  readonly retry: RetryRules | null
  /** Of one attempt; `null`: none. */
  readonly timeoutMs: number | null
  readonly onInterrupted: OnInterrupted
  /** Whether a run that was aborted is over at once, or when its task has ended. */
  readonly onAborted: OnAborted
  /** Runs claimed for fire times before the job is done; `null`: no limit. */
  readonly maxRuns: number | null
}

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

/** Crashes of the process in a row, while runs of a job were live, that park the job as poison. */
export const crashesToPark = 3
