/**
 * A clock that was ahead and was set right: whoever reschedules a job that has counted more than a minute ahead has it count from the
 * clock's new time; nothing else takes a job back.
 */
import type { Change, Report } from "./change.ts"
import { beginsAnew, livesAgain } from "./change.ts"

/** A clock may step back so far and nothing is made of it. */
const marginMs = 60_000

/** True where the job's fire times begin again before what it had passed: they may come twice, as they may by the two clocks. */
export const countsAgain = ({ before, after }: Change): boolean =>
  before !== null && after.memory.since < before.memory.cursor && after.memory.since !== before.memory.since

export const checkClock = (change: Change, report: Report): void => {
  const { before, after, decided } = change
  if (before === null) return
  const { cursor, skippedThrough } = before.memory
  const name = `job "${after.row.id}"`
  const wasSkipped = cursor === skippedThrough
  if (countsAgain(change) && (wasSkipped || cursor <= decided.from + marginMs))
    report("countsAgain", `${name}: its cursor was ${cursor}, it counts again from ${after.memory.since}`)
  const ahead = !wasSkipped && cursor > decided.through + marginMs
  if (ahead && beginsAnew(change) && !livesAgain(change) && after.memory.since > decided.through)
    report("setRight", `${name}: it counts from ${after.memory.since}, the clock shows ${decided.through}`)
}
