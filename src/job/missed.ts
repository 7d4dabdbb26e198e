/**
 * Missed fire times: they came due while nothing was claimed, since no process was there, or it was paused, or its store was away.
 * They overlap nothing: each waits for a free instance whatever the overlap policy is, and `coalesce` alone says which of them run.
 */
import type { EpochMillis } from "../time/instant.ts"
import type { FireRange } from "./fireRange.ts"
import type { JobDraft } from "./jobDraft.ts"
import { isLate, misfireQueued } from "./overlap.ts"
import type { Coalesce, JobRules } from "./rules.ts"
import type { QueuedFire } from "./snapshot.ts"

/**
 * The fire time that stands for what was missed waits. What was missed earlier and waits still is due together with it: one of them
 * stands for all. One that is past its grace by now does not.
 */
export const queueMissed = (draft: JobDraft, rules: JobRules, fire: QueuedFire, now: EpochMillis): void => {
  const { memory } = draft
  const earlier = memory.queue.filter((waiting) => waiting.missed === true)
  let one: QueuedFire = { ...fire, missed: true }
  if (earlier.length === 0) return draft.queue(one)
  memory.queue = memory.queue.filter((waiting) => waiting.missed !== true)
  for (const waiting of earlier.toReversed()) {
    if (isLate(rules, waiting.fireAt, now)) misfireQueued(draft, waiting, "late")
    else one = together(waiting, one, rules.coalesce)
  }
  // In the order of their fire times.
  const place = memory.queue.findIndex((waiting) => waiting.requested !== true && waiting.fireAt > one.fireAt)
  memory.queue = memory.queue.toSpliced(place === -1 ? memory.queue.length : place, 0, one)
}

/** One of two stands for both, and for what each of them stands for. All of `earlier` lies before `later`. */
const together = (earlier: QueuedFire, later: QueuedFire, coalesce: Coalesce): QueuedFire => {
  const [before, after] = [allOf(earlier), allOf(later)]
  const count = before.count + after.count - 1
  return coalesce === "earliest"
    ? { ...earlier, coalesced: { from: earlier.coalesced?.from ?? after.from, through: after.through, count } }
    : { ...later, coalesced: { from: before.from, through: later.coalesced?.through ?? before.through, count } }
}

/** The fire time and those that it stands for. */
const allOf = ({ fireAt, coalesced }: QueuedFire): FireRange =>
  coalesced === undefined
    ? { from: fireAt, through: fireAt, count: 1 }
    : {
        from: Math.min(fireAt, coalesced.from),
        through: Math.max(fireAt, coalesced.through),
        count: coalesced.count + 1
      }
