/**
 * The offline checker: is a history one that the guarantees allow? At-least-once execution, exactly-once accounting, nothing
 * acknowledged that is not on disk. It knows rows and arithmetic, and none of the engine's code.
 */
import { checkAccounting } from "./checkAccounting.ts"
import { checkAcknowledged } from "./checkAcknowledged.ts"
import { checkAttempts } from "./checkAttempts.ts"
import type { ExpectedJob, History } from "./history.ts"
import type { Report, Violation } from "./violation.ts"

/** Everything in `history` that the guarantees do not allow; empty when all is well. */
export const checkHistory = (history: History, expected: ReadonlyArray<ExpectedJob>): ReadonlyArray<Violation> => {
  const violations: Array<Violation> = []
  const report: Report = (invariant, jobId, message) => violations.push({ invariant, jobId, message })
  checkAccounting(history, expected, report)
  checkAttempts(history, expected, report)
  checkAcknowledged(history, report)
  return violations
}
