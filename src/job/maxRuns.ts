/** `maxRuns`: how many runs a job may still claim for fire times, and its end when they are used up. */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { FireRange } from "./fireRange.ts"
import { joined } from "./fireRange.ts"
import type { JobDraft } from "./jobDraft.ts"
import type { JobRules } from "./rules.ts"
import type { JobMemory } from "./snapshot.ts"

/** Runs that may still be claimed. */
export const runsLeft = (memory: JobMemory, rules: JobRules): number =>
  rules.maxRuns === null ? Infinity : Math.max(0, rules.maxRuns - memory.runCount)

/** Fire times that may still be queued: each of those that wait may become a run. */
export const placesLeft = (memory: JobMemory, rules: JobRules): number =>
  rules.maxRuns === null
    ? Infinity
    : Math.max(0, runsLeft(memory, rules) - memory.queue.filter((fire) => fire.requested !== true).length)

/** Claims a run for a fire time; the last one that `maxRuns` allows ends the schedule. */
export const claimFire = (draft: JobDraft, rules: JobRules, fireAt: EpochMillis, args?: Json): number => {
  const runKey = draft.claim(fireAt, args)
  if (runsLeft(draft.memory, rules) === 0) exhaust(draft)
  return runKey
}

/** No fire time is left; those of a catch-up under way find no run. */
export const exhaust = (draft: JobDraft): void => {
  withdrawBacklog(draft, null)
  draft.memory.exhausted = true
  draft.memory.nextFireAt = null
}

/** Fire times that are due and will not be served: those of a catch-up under way, then what else is `owed`. */
export const withdrawBacklog = (draft: JobDraft, owed: FireRange | null): void => {
  const { backlog } = draft.memory
  draft.memory.backlog = null
  draft.misfire(joined(joined(backlog?.late ?? null, backlog?.due ?? null), owed), "withdrawn")
}
