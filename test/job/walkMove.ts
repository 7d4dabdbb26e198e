/** What a walk may do: the triggers and the moves of `JobWalk`. */
import type { JobRules } from "../../src/job/rules.ts"
import type { Outcome } from "../../src/job/run.ts"

/** Fire times every `everyMs`, the last at `endAt`. `stream`: none of its own. `fixedDelay`: counted from the end of a run. */
export interface WalkTrigger {
  readonly kind: "clock" | "stream" | "fixedDelay"
  readonly everyMs: number
  readonly endAt: number
}

/** What happens next; what is impossible in the job's state is left out. `pick` chooses among runs. */
export type WalkMove =
  | { readonly move: "pass"; readonly byMs: number }
  | { readonly move: "wake" | "emit" | "refuse" | "request" | "pause" | "park" | "remove" }
  /** Another owner takes over what is under way. */
  | { readonly move: "adopt" }
  /** The scheduler starts nothing from now on, or does again. */
  | { readonly move: "hold" | "release" }
  | {
      readonly move: "settle"
      readonly pick: number
      readonly outcome: Outcome
      readonly retryable: boolean
      readonly crashed?: boolean
    }
  | { readonly move: "cancel"; readonly pick: number }
  | { readonly move: "stop"; readonly crash: boolean }
  | { readonly move: "resume"; readonly missed: "skip" | "coalesce" }
  | { readonly move: "reschedule"; readonly trigger: WalkTrigger }
  | { readonly move: "redefine"; readonly rules: JobRules }
