/** Retries: whether a failed attempt is followed by another, and when. Pure: the spread is seeded, not random. */
import type { EpochMillis } from "../time/instant.ts"
import type { Outcome } from "./run.ts"
import type { RetryRules } from "./rules.ts"

/** What is known of the attempt that ended. */
export interface EndedAttempt {
  readonly jobId: string
  readonly fireAt: EpochMillis
  /** The first is 1. */
  readonly attempt: number
  readonly outcome: Outcome
  readonly errorName: string | null
  readonly retryable: boolean
  readonly again?: { readonly at: EpochMillis; readonly counts: boolean } | null | undefined
  /** Attempts before it that do not count. */
  readonly putOffs?: number
  readonly now: EpochMillis
}

/** When the next attempt is due, or `null` when there is none. Only `failed` and `timedOut` are tried again. */
export const nextAttemptAt = (ended: EndedAttempt, rules: RetryRules | null): EpochMillis | null => {
  if (ended.outcome !== "failed" && ended.outcome !== "timedOut") return null
  const { again, now } = ended
  const attempt = ended.attempt - (ended.putOffs ?? 0)
  // The task has said so itself: nobody else is asked whether.
  if (again?.counts === false) return Math.max(now, again.at)
  if (rules === null || !ended.retryable || attempt >= rules.attempts) return null
  if (again) return Math.max(now, again.at)
  if (rules.when !== null && (ended.errorName === null || !rules.when.includes(ended.errorName))) return null
  // 0 times an endless factor is not a number.
  const backoffMs =
    rules.backoffMs === 0 ? 0 : Math.min(rules.backoffMs * rules.factor ** (attempt - 1), rules.maxBackoffMs)
  const spread = 1 + rules.jitter * (2 * seededFraction(`${ended.jobId}\n${ended.fireAt}\n${ended.attempt}`) - 1)
  return now + Math.round(backoffMs * spread)
}

/** A number in [0, 1) that depends on `seed` alone (FNV-1a with a final mix). */
const seededFraction = (seed: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x100000000
}
