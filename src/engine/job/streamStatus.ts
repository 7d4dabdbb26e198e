/** How a stream that drives jobs is, as a scheduler's status and its jobs' records show it. */
import type { RunError } from "../../job/run.ts"
import type { EpochMillis } from "../../time/instant.ts"

/** How a stream is that drives jobs. */
export interface StreamStatus {
  /** The name that it is registered under. */
  readonly name: string
  /**
   * `waiting`: the scheduler does not run. `open`: subscribed to. `failed`: it is subscribed to again at `retryAt`. `completed`: over, and
   * so are its jobs. `unregistered`: jobs name it, and this process does not have it.
   */
  readonly state: "waiting" | "open" | "failed" | "completed" | "unregistered"
  /** Since when it has that state, epoch milliseconds; `null` before its first. */
  readonly since: EpochMillis | null
  /** Failures in a row, also while it is tried again: a subscription that lasts for a minute ends the row. */
  readonly failures: number
  /** What it last failed with in that row; `null`: nothing. */
  readonly error: Pick<RunError, "name" | "message"> | null
  /** When it is subscribed to again; `null` unless it has failed. */
  readonly retryAt: EpochMillis | null
}

/** What is known of streams by name; one that is not registered has a status too. */
export interface StreamsView {
  status(name: string): StreamStatus
}
