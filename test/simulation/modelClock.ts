/**
 * A clock that was ahead and was set right: whoever reschedules a job that has counted more than a minute ahead has it count from the
 * clock's new time; so does another trigger after a fire time to come was left out; nothing else takes a job back. Beyond three hours
 * no job waits for the wrong clock's time.
 */
import type { Change, Report } from "./change.ts"
import { beginsAnew, livesAgain } from "./change.ts"
import type { ModelJob } from "./stored.ts"

/** A clock may step back so far and nothing is made of it. */
const marginMs = 60_000
/** A step back beyond this is a correction. */
export const correctionMs = 3 * 3_600_000

/** True where the job's fire times begin again before what it had passed: they may come twice, as they may by the two clocks. */
export const countsAgain = ({ before, after }: Change): boolean =>
  before !== null && after.memory.since < before.memory.cursor && after.memory.since !== before.memory.since

export const checkClock = (change: Change, report: Report): void => {
  const { before, after, decided } = change
  if (before === null) return
  const { cursor, skipped } = before.memory
  const name = `job "${after.row.id}"`
  /** What was left out before it came belongs to the trigger: another one counts from now, but for what has been served. */
  const leftOut = skipped !== null && skipped.through === cursor && cursor > decided.through
  const served = leftOut ? skipped.after : cursor
  const mayCountAgain = served > decided.from + marginMs || (leftOut && after.memory.since >= served)
  if (countsAgain(change) && !mayCountAgain)
    report("countsAgain", `${name}: its cursor was ${cursor}, it counts again from ${after.memory.since}`)
  const begins = beginsAnew(change) && !livesAgain(change)
  if (served > decided.through + marginMs && begins && after.memory.since > decided.through)
    report("setRight", `${name}: it counts from ${after.memory.since}, the clock shows ${decided.through}`)
  if (leftOut && begins && after.memory.since > Math.max(served, decided.through))
    report("leftOut", `${name}: it counts from ${after.memory.since}, the clock shows ${decided.through}`)
}

/** Once the engine has had the time to notice: nobody's fire times are accounted for hours ahead of the clock. */
export const checkCorrected = (jobs: ReadonlyArray<ModelJob>, now: number, report: Report): void => {
  for (const { row, memory } of jobs) {
    if (row.value === "done" || row.fault || memory.pausedAt !== null) continue
    const { cursor, skipped } = memory
    const served = skipped !== null && skipped.through === cursor && cursor > now ? skipped.after : cursor
    if (served > now + correctionMs) report("corrected", `job "${row.id}" waits for ${served}, it is ${now}`)
  }
}
