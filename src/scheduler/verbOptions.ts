/** What verbs take beside what they are about. */
import type { JobOptions } from "../job/jobOptions.ts"
import type { DurationLike } from "../time/duration.ts"

/** How a scheduler starts. */
export interface StartOptions {
  /** True: fires nothing until `resume`. Default false. */
  readonly paused?: boolean
  /** How long to wait for another process to give a store back, as the old one does in a deployment. Default: not at all. */
  readonly waitForStore?: DurationLike
}

/** How a scheduler stops. */
export interface ShutdownOptions {
  /** False: runs under way are interrupted at once. Default true. */
  readonly wait?: boolean
  /** How long runs under way may take to end, where they are waited for; then they are interrupted. Default 30 seconds. */
  readonly deadline?: DurationLike
}

/** When a job fires, beside its trigger. */
export type Timing = Pick<JobOptions, "start" | "end" | "jitter">

/** What becomes of the fire times of a pause. */
export interface ResumeOptions {
  /**
   * `"skip"`: they are not made up. `"coalesce"`: they come due now. Default: `"skip"` after a user's pause, `"coalesce"` after a fault, and
   * where the pause has outlasted the job's last fire time.
   */
  readonly missed?: "skip" | "coalesce"
}

/** What a run on request may have of its own. */
export interface RunOptions {
  /** Plain JSON that the task's schema accepts. Default: the job's. */
  readonly args?: unknown
}
