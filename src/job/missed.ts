/**
 * Missed fire times: they came due while nothing was claimed, since no process was there, or it was paused, or its store was away.
 * They overlap nothing: each waits for a free instance whatever the overlap policy is, and `coalesce` alone says which of them run.
 */
import type { EpochMillis } from "../time/instant.ts"
import type { FireRange } from "./fireRange.ts"
import { joined, single } from "./fireRange.ts"
import type { JobDraft } from "./jobDraft.ts"
import { isLate, misfireQueued } from "./overlap.ts"
import type { JobRules } from "./rules.ts"
import type { QueuedFire } from "./snapshot.ts"

/**
 * The fire time that stands for what was missed waits. What was missed earlier and waits still is due together with it: one of them
 * stands for all. One that is past its grace by now does not. `passed`: the newest fire time before those that are due now.
 */
export const queueMissed = (
  draft: JobDraft,
  rules: JobRules,
  fire: QueuedFire,
  passed: EpochMillis,
  now: EpochMillis
): void => {
  const { memory } = draft
  const earlier = memory.queue.filter((waiting) => waiting.missed === true)
  let one: QueuedFire = { ...fire, missed: true }
  if (earlier.length === 0) return draft.queue(one)
  memory.queue = memory.queue.filter((waiting) => waiting.missed !== true)
  let before: EpochMillis | null = passed
  for (const waiting of earlier.toReversed()) {
    if (isLate(rules, waiting.fireAt, now)) misfireQueued(draft, waiting, "late")
    else one = rules.coalesce === "earliest" ? withLater(waiting, one, before) : withEarlier(one, waiting, before)
    // Of older ones it is not known whether fire times lie between them.
    before = null
  }
  // In the order of their fire times.
  const place = memory.queue.findIndex((waiting) => waiting.requested !== true && waiting.fireAt > one.fireAt)
  memory.queue = memory.queue.toSpliced(place === -1 ? memory.queue.length : place, 0, one)
}

/**
 * `fire` stands for `later`, too, and for what that stands for. What ends at `passed` is followed by it without a gap; else the two
 * stay apart, since what lies between them met a run and has a record of its own.
 */
const withLater = (fire: QueuedFire, later: QueuedFire, passed: EpochMillis | null): QueuedFire => {
  const { apart = [] } = fire
  const { apart: beyond = [] } = later
  const last = apart.at(-1) ?? stretchOf(fire)
  if (last.through !== passed) return { ...fire, apart: [...apart, stretchOf(later), ...beyond] }
  if (apart.length > 0) return { ...fire, apart: [...apart.slice(0, -1), joined(last, stretchOf(later)), ...beyond] }
  const coalesced = fire.coalesced === undefined ? stretchOf(later) : joined(fire.coalesced, stretchOf(later))
  return beyond.length === 0 ? { ...fire, coalesced } : { ...fire, coalesced, apart: beyond }
}

/** The same of `earlier`. */
const withEarlier = (fire: QueuedFire, earlier: QueuedFire, passed: EpochMillis | null): QueuedFire => {
  const { apart = [] } = fire
  const { apart: before = [] } = earlier
  const own = stretchOf(earlier)
  const last = before.at(-1)
  // Chosen under `earliest`, it stands for later ones, and the newest of these for the gap.
  if (last !== undefined && last.from > own.through) return { ...fire, apart: [own, ...before, ...apart] }
  if (own.through !== passed) return { ...fire, apart: [...before, own, ...apart] }
  const coalesced = fire.coalesced === undefined ? own : joined(own, fire.coalesced)
  const stays = [...before, ...apart]
  return stays.length === 0 ? { ...fire, coalesced } : { ...fire, coalesced, apart: stays }
}

/** The fire time and those of its own stretch. */
const stretchOf = ({ fireAt, coalesced }: QueuedFire): FireRange =>
  coalesced === undefined
    ? single(fireAt)
    : {
        from: Math.min(fireAt, coalesced.from),
        through: Math.max(fireAt, coalesced.through),
        count: coalesced.count + 1
      }
