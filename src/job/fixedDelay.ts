/** A fixed delay counts from the end of the run of its newest fire time, however that run ended. */
import type { JobDraft } from "./jobDraft.ts"
import type { NextFire } from "./jobEvent.ts"
import type { LiveRun } from "./run.ts"
import type { JobMemory } from "./snapshot.ts"

/** `next`: the fire time counted from now; `null`: the job's fire times do not depend on its runs. */
export const countFromEnd = ({ memory }: JobDraft, ended: LiveRun, next: NextFire | null): void => {
  if (next === null || !isCountedFrom(memory, ended) || memory.exhausted) return
  memory.nextFireAt = next.nextFireAt
  memory.exhausted = next.exhausted
}

/** True while a fixed delay's next fire time is not known: the run that it counts from has not ended, or not begun. */
export const awaitsEnd = (memory: JobMemory): boolean =>
  memory.live.some((run) => isCountedFrom(memory, run)) || memory.queue.some(({ requested }) => requested !== true)

/** A run on request leaves the schedule alone. */
const isCountedFrom = (
  { lastFireAt }: Pick<JobMemory, "lastFireAt">,
  { fireAt, retryOf }: Pick<LiveRun, "fireAt" | "retryOf">
): boolean => fireAt === lastFireAt && retryOf === undefined
