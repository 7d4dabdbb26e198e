/** Retries: whether a failed attempt is followed by another, and when. Pure: the spread is seeded, not random. */
import type { EpochMillis } from "../time/instant.ts"
import type { AttemptDue, Outcome } from "./run.ts"
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
  readonly again?: { readonly at: AttemptDue; readonly counts: boolean } | null | undefined
  /** Attempts before it that do not count. */
  readonly putOffs?: number
  readonly now: EpochMillis
}

/** Whether there is another attempt. Only `failed` and `timedOut` are tried again. */
export const attemptsLeft = (ended: EndedAttempt, rules: RetryRules | null): boolean => {
  if (ended.outcome !== "failed" && ended.outcome !== "timedOut") return false
  // The task has said so itself: nobody else is asked whether.
  if (ended.again?.counts === false) return true
  if (rules === null || !ended.retryable || countedAttempt(ended) >= rules.attempts) return false
  if (ended.again) return true
  return rules.when === null || (ended.errorName !== null && rules.when.includes(ended.errorName))
}

/** When the next attempt is due, where `attemptsLeft` says that there is one. */
export const nextAttemptAt = (ended: EndedAttempt, rules: RetryRules | null): AttemptDue => {
  const { again, now } = ended
  if (again) return again.at === "event" ? "event" : Math.max(now, again.at)
  // 0 times an endless factor is not a number.
  const backoffMs =
    rules === null || rules.backoffMs === 0
      ? 0
      : Math.min(rules.backoffMs * rules.factor ** (countedAttempt(ended) - 1), rules.maxBackoffMs)
  const jitter = rules?.jitter ?? 0
  const spread = 1 + jitter * (2 * seededFraction(`${ended.jobId}\n${ended.fireAt}\n${ended.attempt}`) - 1)
  return now + Math.round(backoffMs * spread)
}

/** As the rules count it. */
const countedAttempt = ({ attempt, putOffs = 0 }: EndedAttempt): number => attempt - putOffs

/** A number in [0, 1) that depends on `seed` alone (FNV-1a with a final mix). */
const seededFraction = (seed: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x100000000
}
