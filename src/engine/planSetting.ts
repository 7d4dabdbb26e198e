/** The surroundings of one commit. */
import type { EpochMillis } from "../time/instant.ts"

/** What a plan needs to know of its surroundings. */
export interface PlanSetting {
  readonly now: EpochMillis
  readonly firstJobKey: number
  readonly firstRunKey: number
  /** False: events are counted, not made. */
  readonly observed: boolean
  readonly runId: (runKey: number) => string
}
