/**
 * The ledger: what became of fire times that are not runs of their own. Together with the runs it holds every fire time
 * a trigger gave while its job was not paused, exactly once.
 */
import type { EpochMillis } from "../time/instant.ts"
import type { MisfireReason } from "./misfire.ts"

export type LedgerKind = "misfired" | "coalesced" | "paused" | "superseded"

export const ledgerKinds: ReadonlyArray<LedgerKind> = ["misfired", "coalesced", "paused", "superseded"]

/** One stretch of fire times, `from` and `through` inclusive. */
export interface LedgerEntry {
  readonly jobId: string
  /** `paused` spans a pause and `superseded` a change of trigger: nothing was owed in them, and their `count` is 0. */
  readonly kind: LedgerKind
  readonly from: EpochMillis
  readonly through: EpochMillis
  readonly count: number
  readonly reason: MisfireReason | null
  /** For `coalesced`: the run that stands for them. */
  readonly into: string | null
  /** When it was recorded. */
  readonly at: EpochMillis
}
