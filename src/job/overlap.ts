/** Overlap: what becomes of a fire time or a request, given the runs that are live. */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import { single } from "./fireRange.ts"
import type { JobDraft } from "./jobDraft.ts"
import type { JobRules } from "./rules.ts"
import { maxFireTimesPerWake } from "./rules.ts"
import type { QueuedFire } from "./snapshot.ts"

/** True while another run may start at once: a free instance, and nothing waits for it. */
export const mayStart = (draft: JobDraft, rules: JobRules): boolean =>
  draft.memory.live.length < rules.maxInstances && draft.memory.queue.length === 0

/** Applies the overlap policy to one fire time that may not start now. */
export const refuseOrQueue = (draft: JobDraft, rules: JobRules, fireAt: EpochMillis, args?: Json): void => {
  switch (rules.overlap) {
    case "skip":
      return draft.misfire(single(fireAt), "maxInstances")
    case "queue-one":
      return draft.memory.queue.length === 0 ? draft.queue(queued(fireAt, args)) : draft.misfire(single(fireAt), "maxInstances")
    case "queue-all":
      return draft.memory.queue.length < maxFireTimesPerWake
        ? draft.queue(queued(fireAt, args))
        : draft.misfire(single(fireAt), "queueFull")
    case "cancel-running":
      makeRoom(draft)
      return draft.queue(queued(fireAt, args))
  }
}

/** Whether a request may be made now: an instance is free, or the policy lets it wait. */
export const acceptsRequest = (live: number, waiting: number, rules: JobRules): boolean => {
  if (live < rules.maxInstances && waiting === 0) return true
  switch (rules.overlap) {
    case "skip":
      return false
    case "queue-one":
      return waiting === 0
    case "queue-all":
      return waiting < maxFireTimesPerWake
    case "cancel-running":
      return true
  }
}

/** A request that was accepted and may not start now: it waits, after making room where the policy says so. */
export const queueRequest = (draft: JobDraft, rules: JobRules, fireAt: EpochMillis, args?: Json): void => {
  if (rules.overlap === "cancel-running") makeRoom(draft)
  draft.queue({ ...queued(fireAt, args), requested: true })
}

/** Starts what waits, as far as instances are free. A fire time that has waited past its grace misfires. */
export const startQueued = (draft: JobDraft, rules: JobRules, now: EpochMillis): void => {
  while (draft.memory.queue.length > 0 && draft.memory.live.length < rules.maxInstances) {
    const [first, ...rest] = draft.memory.queue
    if (first === undefined) return
    draft.memory.queue = rest
    const late = rules.misfireGraceMs !== null && now - first.fireAt > rules.misfireGraceMs
    if (late && first.requested !== true) draft.misfire(single(first.fireAt), "late")
    else draft.claim(first.fireAt, first.requested === true, first.args)
  }
}

/** Aborts every executing run; whatever waited gives way to the newcomer, requests excepted. */
const makeRoom = (draft: JobDraft): void => {
  for (const run of draft.memory.live) draft.cancel(run.runKey)
  for (const fire of draft.memory.queue) if (fire.requested !== true) draft.misfire(single(fire.fireAt), "maxInstances")
  draft.memory.queue = draft.memory.queue.filter((fire) => fire.requested === true)
}

const queued = (fireAt: EpochMillis, args: Json | undefined): QueuedFire => (args === undefined ? { fireAt } : { fireAt, args })
