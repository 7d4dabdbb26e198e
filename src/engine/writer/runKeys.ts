/**
 * Where the run keys of an owner begin. A store knows what it gave; one that is new, or was brought back from a copy, does not know
 * what was given elsewhere or since: the time of its opening keeps them apart, unless a thousand runs began in every millisecond.
 */
import type { OpenStore } from "../../store/jobStore.ts"
import type { EpochMillis } from "../../time/instant.ts"

/** The mark: a key that none given later may be below, whatever the clock shows then. */
export const runKeysMark = "runKeys"

export const firstRunKey = (
  { nextRunKey, marks }: Pick<OpenStore, "nextRunKey" | "marks">,
  openedAt: EpochMillis
): number => {
  const kept = Number(marks.get(runKeysMark) ?? 0)
  return Math.max(nextRunKey, keyAt(openedAt), Number.isSafeInteger(kept) ? kept : 0)
}

/** From the year 2255 on the store's own count must do. */
const keyAt = (openedAt: EpochMillis): number => {
  const key = openedAt * 1000
  return key < Number.MAX_SAFE_INTEGER / 1.001 ? key : 0
}

/** A run id is the run's number, after the store's name and a colon unless that is `default`. */
export const placeOfRun = (runId: unknown): { readonly store: string; readonly runKey: number } | null => {
  if (typeof runId !== "string") return null
  const colon = runId.lastIndexOf(":")
  const digits = runId.slice(colon + 1)
  const runKey = Number(digits)
  // As it is given out, to the letter: "1e3" is nobody's.
  return /^[1-9]\d*$/.test(digits) && Number.isSafeInteger(runKey)
    ? { store: colon === -1 ? "default" : runId.slice(0, colon), runKey }
    : null
}
