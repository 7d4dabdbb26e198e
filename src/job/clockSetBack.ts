/**
 * A clock that was ahead and was set right: what a job has accounted for by the wrong clock would keep it silent until the right one
 * shows that again. After a small step that is waited for, so that nothing runs twice.
 */
import type { EpochMillis } from "../time/instant.ts"
import { clockMarginMs } from "../time/timers.ts"
import type { JobDraft } from "./jobDraft.ts"
import type { RetimeEvent, SetRightEvent } from "./jobEvent.ts"
import type { LedgerKind } from "./ledger.ts"
import { withdrawBacklog } from "./maxRuns.ts"
import { misfireQueued } from "./overlap.ts"
import type { JobMemory, QueuedFire } from "./snapshot.ts"

/** A step back beyond this is a correction of the clock, as cron has it: jobs go on from now by themselves. */
export const correctionMs = 3 * 3_600_000

/** Whether the job has accounted for fire times more than `marginMs` ahead of `now`: the clock must have been there. */
export const countedAhead = (
  memory: Pick<JobMemory, "cursor" | "skipped">,
  now: EpochMillis,
  marginMs = clockMarginMs
): boolean => servedThrough(memory, now) > now + marginMs

/** Through where fire times have come and are accounted for: what was left out ahead of the clock has not come. */
export const servedThrough = (
  { cursor, skipped }: Pick<JobMemory, "cursor" | "skipped">,
  now: EpochMillis
): EpochMillis => (skipped !== null && cursor === skipped.through && cursor > now ? skipped.after : cursor)

/** Where the fire times of such a job begin again, exclusive: one at `now` counts. */
export const setRightFrom = (now: EpochMillis): EpochMillis => now - 1

/**
 * The job's fire times count from `now` by the right clock. What came due by the wrong one and has not started is withdrawn; what has
 * its run or its ledger entry keeps it, and these count no more: `nextRunKey` tells them from what follows.
 */
export const countFromNow = (draft: JobDraft, now: EpochMillis, nextRunKey: number): void => {
  const { memory } = draft
  memory.since = setRightFrom(now)
  // They come again.
  const ahead = memory.queue.filter((fire) => fire.requested !== true && throughOf(fire) > memory.since)
  for (const fire of ahead) misfireQueued(draft, fire, "withdrawn")
  memory.queue = memory.queue.filter((fire) => !ahead.includes(fire))
  withdrawBacklog(draft, null)
  memory.cursor = memory.since
  memory.catchUpThrough = null
  memory.skipped = null
  Object.assign(memory, countsAfter(memory, nextRunKey))
}

/** What has been recorded so far counts no more. Entries have numbers of their own, since many may come between two runs. */
export const countsAfter = (
  { countsAfterEntry }: Pick<JobMemory, "countsAfterEntry">,
  nextRunKey: number
): Pick<JobMemory, "countsAfterRun" | "countsAfterEntry"> => ({
  countsAfterRun: nextRunKey - 1,
  countsAfterEntry: Math.max(nextRunKey - 1, (countsAfterEntry ?? -1) + 1)
})

/**
 * Whether a run, or a ledger entry (it has a `kind`), counts for the job as it is: not one of a clock that was ahead, nor one that an
 * earlier trigger had ahead of the clock.
 */
export const counts = (
  { countsAfterRun, countsAfterEntry }: Pick<JobMemory, "countsAfterRun" | "countsAfterEntry">,
  { runKey, kind }: { readonly runKey: number | null; readonly kind?: LedgerKind }
): boolean => {
  // What is coalesced carries its run's key.
  const after = kind === undefined || kind === "coalesced" ? countsAfterRun : countsAfterEntry
  return after === null || (runKey ?? 0) > after
}

/** The newest that a queued fire time stands for. */
const throughOf = ({ fireAt, coalesced }: QueuedFire): EpochMillis => Math.max(fireAt, coalesced?.through ?? fireAt)

/** The engine has found the clock set back by `aheadMs`: the job goes on, and so do attempts that wait for an instant of the wrong clock. */
export const setRight = (draft: JobDraft, event: SetRightEvent): void => {
  const { memory } = draft
  const { now, aheadMs, next, nextRunKey } = event
  memory.live = memory.live.map((run) =>
    typeof run.retryAt !== "number" || run.retryAt <= now + correctionMs
      ? run
      : { ...run, retryAt: Math.max(now, run.retryAt - aheadMs) }
  )
  if (next !== null) {
    countFromNow(draft, now, nextRunKey)
    memory.misfire = null
    const { maxRuns } = draft.rules
    memory.exhausted = next.exhausted || (maxRuns !== null && memory.runCount >= maxRuns)
    memory.nextFireAt = memory.exhausted ? null : next.nextFireAt
  }
}

/** The trigger's zone has other rules since the job's next fire time was computed: it counts on from `from`, by the new ones. */
export const retime = (draft: JobDraft, event: RetimeEvent): void => {
  const { memory } = draft
  if (event.from > memory.since)
    draft.record("superseded", { from: memory.since + 1, through: event.from, count: 0 }, null, null)
  memory.since = event.from
  memory.cursor = event.from
  memory.exhausted = event.exhausted
  memory.nextFireAt = event.nextFireAt
}
