/** `compareCron` from now on, on the machine's clock. */
import { liveClock } from "../engine/clock.ts"
import type { CronComparison, CronComparisonOptions as ComparedSpan } from "../trigger/cronParser/compareCron.ts"
import { compareCron as compareSpan } from "../trigger/cronParser/compareCron.ts"
import { givenOptions } from "../trigger/triggerArguments.ts"
import type { InstantInput } from "../time/instant.ts"

/** What is compared. */
export interface CronComparisonOptions extends Omit<ComparedSpan, "after"> {
  /** Exclusive. Default: now. */
  readonly after?: InstantInput | undefined
}

/**
 * Compares what `cron(text)` and `cronParser(text)` do after `after`, through `until`: "does a move change a night?" An answer, not an
 * error, is a text that only one of them reads. Throws `InvalidTriggerError` where neither does and for unknown options,
 * `InvalidInstantError` and `UnknownTimezoneError`.
 */
export const compareCron = (text: string, given: CronComparisonOptions): CronComparison => {
  const options = givenOptions("compareCron", given, ["timezone", "after", "until", "hashSeed"])
  return compareSpan(text, { ...options, after: options.after ?? liveClock.unsafeCurrentTimeMillis() })
}
