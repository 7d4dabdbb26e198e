/** The surroundings of one commit. */
import type { EpochMillis } from "../../time/instant.ts"

/** What was sent to runs before this commit. */
export interface SentBefore {
  /** The number of the next message. */
  readonly next: number
  /** Of the messages that wait to a run, ascending. */
  numbers(runKey: number): ReadonlyArray<number>
}

/** What a unit needs to know of its surroundings. */
export interface UnitEnvironment {
  readonly now: EpochMillis
  readonly firstJobKey: number
  readonly firstRunKey: number
  /** False: nothing new may start, for the scheduler is paused, stopping or starting. */
  readonly claiming: boolean
  /** True while the scheduler is paused by a caller. */
  readonly paused: boolean
  /** Fire times up to here came due while nothing was claimed; `null`: nothing has been claimed yet. */
  readonly missedThrough: EpochMillis | null
  /** Fire times up to here may be those of done jobs that retention has deleted; `null`: it has deleted none. */
  readonly forgottenThrough: EpochMillis | null
  readonly runId: (runKey: number) => string
  readonly inbox: SentBefore
}
