/** A fixed delay counts from the end of the run of its newest fire time, however that run ended. */
import type { JobDraft } from "./jobDraft.ts"
import type { NextFire } from "./jobEvent.ts"
import type { LiveRun } from "./run.ts"

/** `next`: the fire time counted from now; `null`: the job's fire times do not depend on its runs. */
export const countFromEnd = ({ memory }: JobDraft, ended: LiveRun, next: NextFire | null): void => {
  // A run on request leaves the schedule alone.
  if (next === null || ended.fireAt !== memory.lastFireAt || ended.retryOf !== undefined || memory.exhausted) return
  memory.nextFireAt = next.nextFireAt
  memory.exhausted = next.exhausted
}
