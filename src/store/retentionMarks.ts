/** The marks that retention leaves in a store. */
import type { EpochMillis } from "../time/instant.ts"

/** Set once runs or ledger entries were deleted. */
export const purgedMark = "purged"

/**
 * What retention has forgotten: the latest fire time of the done jobs that it has deleted. A job whose fire times all lie there or
 * before may be one of them.
 */
export const forgottenMark = "forgottenThrough"

/** `null`: nothing was forgotten. */
export const readForgotten = (value: string | undefined): EpochMillis | null => {
  const at = value === undefined ? NaN : Number(value)
  return Number.isSafeInteger(at) ? at : null
}
