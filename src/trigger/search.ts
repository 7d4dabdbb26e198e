/** The bound on a search for a fire time among triggers that may never agree. */
import { TaggedError } from "../input/taggedError.ts"
import type { EpochMillis } from "../time/instant.ts"

/** How many answers of the triggers inside one search may ask for. */
export const maxSearchSteps = 10_000

/**
 * How far one search may look: 50 years. With the steps this holds a search that cannot succeed under 50 ms; most of that is
 * finding the zone's transitions for the first time.
 */
export const maxSearchMs = 1_577_880_000_000

/** A search was given up: perhaps no fire time exists, perhaps it is rarer than the bound. */
export class TriggerSearchError extends TaggedError("TriggerSearchError")<{
  /** Its type. */
  readonly trigger: string
  /** The instant that the search began at, epoch milliseconds. */
  readonly after: EpochMillis
  /** Fire times that its parts may be asked for. */
  readonly steps: number
}> {
  override get message(): string {
    return `trigger "${this.trigger}": no fire time found after ${this.after} within ${this.steps} steps or 50 years; its parts may never agree`
  }
}
