/** What happens in one simulated world, as a list of data: made from a seed up front, so that parts can be left out. */

/** Everything instant-like in a plan is milliseconds after `epoch`. */
export const epoch = Date.UTC(2026, 0, 1)
export const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000] as const

export type TriggerPlan =
  | { readonly kind: "interval"; readonly every: number; readonly start: number; readonly end?: number }
  | { readonly kind: "date"; readonly at: number }
  | { readonly kind: "cron"; readonly expression: string }
  | { readonly kind: "calendar"; readonly days: number; readonly hour: number; readonly minute: number }
  /** A custom trigger without `count` or `previous`, at uneven instants. */
  | { readonly kind: "uneven"; readonly seed: number; readonly scale: number }
  /** Breaks its contract from `from` on. */
  | { readonly kind: "lying"; readonly how: Lie; readonly every: number; readonly from: number }
  /** Fixed delay. */
  | { readonly kind: "delay"; readonly every: number; readonly start: number }
  | { readonly kind: "stream"; readonly of: StreamName }

export type StreamName = "a" | "b"

export type Lie = "throws" | "past" | "notANumber" | "same"
export const lies: ReadonlyArray<Lie> = ["throws", "past", "notANumber", "same"]

export interface RetryPlan {
  readonly attempts: number
  readonly backoff: number
  readonly factor: number
  readonly maxBackoff: number
  readonly when?: ReadonlyArray<string>
}

/** In milliseconds; the same words as the project's, settled. */
export interface RulesPlan {
  readonly misfireGrace: number | null
  readonly coalesce: "latest" | "earliest" | "all"
  readonly maxInstances: number
  readonly overlap: "skip" | "queue-one" | "queue-all" | "cancel-running"
  readonly retry: RetryPlan | null
  readonly timeout: number | null
  readonly onInterrupted: "rerun" | "skip"
  readonly maxRuns: number | null
}

/** How a task behaves; which of them an attempt takes is drawn from job, fire time and attempt. */
export type Behaviour =
  | { readonly does: "instant" }
  | { readonly does: "slow"; readonly ms: number }
  | { readonly does: "fail"; readonly error: string; readonly ms: number }
  | { readonly does: "throwNull" }
  /** Until its signal aborts. */
  | { readonly does: "hang" }
  /** Ignores its signal; ends after `ms`. */
  | { readonly does: "ignore"; readonly ms: number }
  /** A thenable that resolves, resolves again otherwise and rejects. */
  | { readonly does: "settleTwice"; readonly ms: number }
  /** Gives something that is no JSON. */
  | { readonly does: "notJson" }

/** One step of a task that is a machine. Whether one that may fail does is drawn from fire time, attempt and step. */
export type StepPlan =
  | { readonly does: "work" | "wait"; readonly ms: number }
  | { readonly does: "fail"; readonly error: string; readonly ms: number }
  /** Waits for an event from outside, so long at the most; `null`: until it comes. */
  | { readonly does: "hear"; readonly ms: number | null }

export interface Definition {
  readonly number: number
  readonly id: string
  readonly trigger: TriggerPlan
  /** Bounds of the job, around the trigger's own. */
  readonly start?: number
  readonly end?: number
  readonly rules: RulesPlan
  readonly behaviours: ReadonlyArray<Behaviour>
  /** Its task is a machine of these steps, whatever its behaviours. Of all definitions of a job, or of none. */
  readonly steps?: ReadonlyArray<StepPlan>
}

export type Operation = { readonly at: number } & (
  | {
      readonly do: "add"
      readonly definition: number
      readonly ifExists: "error" | "replace" | "keep"
      readonly paused: boolean
    }
  /** `retimed`: its trigger too. */
  | { readonly do: "modify"; readonly definition: number; readonly retimed?: true }
  | { readonly do: "reschedule"; readonly definition: number }
  | { readonly do: "pauseJob" | "removeJob" | "runJob" | "cancelRun" | "skipNext" | "retryRun"; readonly id: string }
  /** Events to one of its runs, all at once: to the newest that is live, or to the newest that is over. Where it has none, to a machine's. */
  | { readonly do: "send"; readonly id: string; readonly to: "live" | "over"; readonly events: number }
  | { readonly do: "resumeJob"; readonly id: string; readonly missed: "skip" | "coalesce" | null }
  | { readonly do: "pause" | "resume" }
  | { readonly do: "stepWall"; readonly ms: number }
  /** Values of a stream in one millisecond; `bad`: the first is no JSON. */
  | { readonly do: "emit"; readonly of: StreamName; readonly values: number; readonly bad?: true }
  | {
      readonly do: "shutdown"
      readonly wait: boolean
      readonly deadline: number
      readonly redefine: ReadonlyArray<number>
    }
  /** The process dies now, and stays away for `away`. */
  | { readonly do: "crash"; readonly away: number; readonly redefine: ReadonlyArray<number> }
  | { readonly do: "outage"; readonly how: FaultKind; readonly ms: number }
)

export type FaultKind = "before" | "after" | "slow" | "mixed"

/** A fault of single calls of the store, counted from a life's first: of all calls, or of commits alone. */
export interface Fault {
  readonly life: number
  readonly of: "any" | "commit"
  readonly call: number
  readonly calls: number
  readonly how: FaultKind
}

export type CrashPoint = "beforeCall" | "afterCall" | "taskStart" | "taskEnd" | "event"
export const crashPoints: ReadonlyArray<CrashPoint> = ["beforeCall", "afterCall", "taskStart", "taskEnd", "event"]

/** The process dies at the `n`th of its life. */
export interface Crash {
  readonly life: number
  readonly point: CrashPoint
  readonly n: number
  readonly away: number
}

/** The process dies `afterMs` after each start of an attempt of this job, `deaths` times in all. */
export interface CulpritPlan {
  readonly id: string
  readonly afterMs: number
  readonly deaths: number
}

/**
 * A worker dies `afterMs` after a step is begun, the `n`th of all, and so do the next ones of that run, each as long after its attempt's first step:
 * `times` in all.
 */
export interface WorkerDeath {
  readonly n: number
  readonly afterMs: number
  readonly times: number
  /** What the executor makes of it. */
  readonly how: "failed" | "interrupted"
}

export interface Plan {
  readonly seed: number
  readonly store: "memory" | "sqlite"
  readonly definitions: ReadonlyArray<Definition>
  /** Ascending by `at`. */
  readonly operations: ReadonlyArray<Operation>
  readonly faults: ReadonlyArray<Fault>
  readonly crashes: ReadonlyArray<Crash>
  readonly culprit: CulpritPlan | null
  readonly deaths: ReadonlyArray<WorkerDeath>
  /** How long faults and commands go on; then everything is resumed and must come to rest. */
  readonly length: number
  readonly concurrency: number
  /** Idle jobs kept in memory: 0 makes every step read its job again. */
  readonly cachedJobs: number
  readonly commandTimeout: number | null
}
