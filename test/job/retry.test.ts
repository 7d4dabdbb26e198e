import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { EndedAttempt } from "../../src/job/retry.ts"
import { attemptsLeft, nextAttemptAt } from "../../src/job/retry.ts"
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
        const at = nextAttemptAt(ended, spread)
        expect(at).toBeGreaterThanOrEqual(1_050)
        expect(at).toBeLessThanOrEqual(1_150)
        expect(nextAttemptAt({ ...ended }, spread)).toBe(at)
      }),
      { seed: 20261121 }
    )
  })

  it.each([
    ["daily", 0, 1, 412_201],
    ["daily", 0, 2, 907_383],
    ["daily", 60_000, 1, 1_800_401],
    ["hourly", 0, 1, 888_532]
  ])(
    "of job %s, fire time %i and attempt %i is spread to %i in every process and version",
    (jobId, fireAt, attempt, at) => {
      const spread = { ...rules, backoffMs: 1_000_000, factor: 1, maxBackoffMs: 1_000_000, jitter: 1 }
      expect(nextAttemptAt({ ...failed, jobId, fireAt, attempt, now: 0 }, spread)).toBe(at)
    }
  )

  it("is when the task wants it, which is its last word where the attempt does not count", () => {
    const at = (again: EndedAttempt["again"], own: Partial<EndedAttempt> = {}, by: RetryRules | null = rules) =>
      nextIfAny({ ...failed, ...own, again }, by)
    expect(at({ at: 5_000, counts: false }, { attempt: 99, retryable: false }, null)).toBe(5_000)
    expect(at({ at: 5_000, counts: true }, { errorName: "Other" }, { ...rules, when: ["Busy"] })).toBe(5_000)
    expect(at({ at: 5_000, counts: true }, { attempt: 10 })).toBeNull()
    expect(at({ at: 5_000, counts: true }, { retryable: false })).toBeNull()
    expect([at({ at: 500, counts: false }), at({ at: 500, counts: true })]).toEqual([1_000, 1_000])
  })

  it("does not count the attempts that only put the run off", () => {
    expect(nextAttemptAt({ ...failed, attempt: 5, putOffs: 3 }, rules)).toBe(1_200)
    expect(nextAttemptAt({ ...failed, attempt: 10, putOffs: 1 }, rules)).toBe(1_500)
    expect(nextIfAny({ ...failed, attempt: 11, putOffs: 1 }, rules)).toBeNull()
  })
})

/** `null`: there is none. */
const nextIfAny = (ended: EndedAttempt, by: RetryRules | null) =>
  attemptsLeft(ended, by) ? nextAttemptAt(ended, by) : null
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
