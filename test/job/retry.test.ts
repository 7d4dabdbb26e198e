import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { nextAttemptAt } from "../../src/job/retry.ts"
import type { RetryRules } from "../../src/job/rules.ts"

describe("nextAttemptAt", () => {
  it.each([
    [1, 1_100],
    [2, 1_200],
    [3, 1_400],
    [4, 1_500],
    [9, 1_500]
  ])("after attempt %i waits as long as backoff, factor and maxBackoff say", (attempt, at) => {
    expect(nextAttemptAt({ ...failed, attempt }, rules)).toBe(at)
  })

  it("is at once without a backoff, however many attempts there were", () => {
    expect(nextAttemptAt({ ...failed, attempt: 5_000 }, { ...rules, attempts: 10_000, backoffMs: 0 })).toBe(1_000)
  })

  it("spreads within the jitter's share, and the same for the same attempt", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.integer({ min: 1, max: 9 }), (jobId, fireAt, attempt) => {
        const ended = { ...failed, jobId, fireAt, attempt }
        const spread = { ...rules, factor: 1, jitter: 0.5 }
        const at = nextAttemptAt(ended, spread) ?? NaN
        expect(at).toBeGreaterThanOrEqual(1_050)
        expect(at).toBeLessThanOrEqual(1_150)
        expect(nextAttemptAt({ ...ended }, spread)).toBe(at)
      }),
      { seed: 20261121 }
    )
  })
})

const failed = {
  jobId: "daily",
  fireAt: 0,
  attempt: 1,
  outcome: "failed",
  errorName: null,
  retryable: true,
  now: 1_000
} as const
const rules: RetryRules = { attempts: 10, backoffMs: 100, factor: 2, maxBackoffMs: 500, jitter: 0, when: null }
