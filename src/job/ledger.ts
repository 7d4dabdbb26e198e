/**
 * The ledger: what became of fire times that are not runs of their own. Together with the runs it holds every fire time
 * a trigger gave while its job was not paused, exactly once.
 */
import type { EpochMillis } from "../time/instant.ts"
import type { MisfireReason } from "./misfire.ts"

/**
 * What became of fire times that are no runs: `misfired` did not run, `coalesced` became part of another one's run; `paused` spans a pause, and
 * `superseded` the time before another trigger, where nothing was owed.
 */
export type LedgerKind = "misfired" | "coalesced" | "paused" | "superseded"

export const ledgerKinds: ReadonlyArray<LedgerKind> = ["misfired", "coalesced", "paused", "superseded"]

/** One stretch of fire times, `from` and `through` inclusive. */
export interface LedgerEntry {
  /** Of the job, which may be removed by now. */
  readonly jobId: string
  /** Of `paused` and `superseded` the `count` is 0. */
  readonly kind: LedgerKind
  /** The first fire time, or the beginning of the stretch. */
  readonly from: EpochMillis
  /** The last fire time, or the end of the stretch. */
  readonly through: EpochMillis
  /** Fire times in it. */
  readonly count: number
  /** Of `misfired`: why; `null` of the others. */
  readonly reason: MisfireReason | null
  /** For `coalesced`: the run that stands for them. */
  readonly into: string | null
  /** When it was recorded. */
  readonly at: EpochMillis
}
