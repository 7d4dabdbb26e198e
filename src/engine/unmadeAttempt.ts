/** Settlements of attempts that no executor has made, or of which nobody knows what became. */
import type { Settlement } from "../executor/executor.ts"
import { describeError } from "../task/runError.ts"
import type { EpochMillis } from "../time/instant.ts"

/** Of one that was never given out. */
export const neverStarted = (outcome: "cancelled" | "interrupted" | "failed", now: EpochMillis): Settlement => ({
  outcome,
  startedAt: null,
  finishedAt: now,
  result: null,
  error: null,
  retryable: false
})

/** Of one that an executor refused, or settled with what is no settlement. */
export const failedBy = (cause: unknown, now: EpochMillis): Settlement => {
  const { name, message } = describeError(cause)
  return { ...neverStarted("failed", now), error: { name, message }, retryable: true }
}
