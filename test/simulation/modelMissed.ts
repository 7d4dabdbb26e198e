/**
 * Missed fire times: those that came due while no process was there, or while it was told to claim nothing. They overlap nothing.
 * The world says since when somebody is there.
 */
import type { LedgerRow } from "../../src/store/jobStore.ts"
import type { Change, Report } from "./change.ts"

/** Instants of the wall, as the world knows them. */
export interface Missed {
  /** What came due before was missed. */
  readonly before: number
  /** What came due after was not. Later than `before` where the wall was set back since. */
  readonly through: number
}

export const checkMissed = (change: Change, missed: Missed, report: Report): void => {
  const { before, after, ledger } = change
  for (const entry of ledger)
    if (isOverlap(entry) && entry.fromAt < missed.before)
      report(
        "missed",
        `job "${after.row.id}": ${entry.count} fire times from ${entry.fromAt} are recorded as overlap, nobody was there before ${missed.before}`
      )
  const known = new Set(before?.memory.queue.map(({ fireAt }) => fireAt))
  // Several that are due at once were missed too, where no run held them up.
  const noneExecuted =
    before === null ||
    before.memory.live.length < before.rules.maxInstances ||
    before.memory.live.every(({ retryAt }) => retryAt !== null) ||
    change.settled.length > 0
  for (const fire of after.memory.queue) {
    const first = Math.min(fire.fireAt, fire.coalesced?.from ?? Infinity)
    const inCatchUp = after.memory.catchUpThrough !== null && fire.fireAt <= after.memory.catchUpThrough
    if (fire.missed === true && !known.has(fire.fireAt) && first > missed.through && !noneExecuted && !inCatchUp)
      report(
        "missed",
        `job "${after.row.id}": ${fire.fireAt} waits as missed, somebody was there since ${missed.through}`
      )
  }
  const { coalesce } = after.rules
  if (coalesce === "all" || before?.rules.coalesce !== coalesce) return
  // One stands for what was missed, at any time: the newest, or the earliest.
  for (const { fireAt, requested, coalesced } of after.memory.queue) {
    if (requested === true || coalesced === undefined || known.has(fireAt)) continue
    if (coalesce === "latest" ? coalesced.through > fireAt : coalesced.from < fireAt)
      report("missed", `job "${after.row.id}": ${fireAt} waits for ${coalesced.from} through ${coalesced.through}`)
  }
}

const isOverlap = ({ kind, reason }: LedgerRow): boolean => kind === "misfired" && reason === "maxInstances"
