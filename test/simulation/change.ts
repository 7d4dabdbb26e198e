/** What one commit did to one job, as every part of the model looks at it. */
import { isOfFireTime } from "../../src/store/claimKind.ts"
import type { ClaimRow, LedgerRow, SettleRow } from "../../src/store/jobStore.ts"
import type { ModelJob } from "./stored.ts"

/** When the commit was decided: wall times between which it lies. The two are equal where rows of the commit tell. */
export interface Decided {
  readonly from: number
  readonly through: number
}

export interface Change {
  /** `null`: added by this commit. */
  readonly before: ModelJob | null
  readonly after: ModelJob
  /** In the order in which they were decided. */
  readonly claims: ReadonlyArray<ClaimRow>
  readonly settled: ReadonlyArray<SettleRow>
  readonly ledger: ReadonlyArray<LedgerRow>
  readonly decided: Decided
  readonly mail: Mail
}

/** What is sent to runs, by the commit and before. */
export interface Mail {
  /** This commit sends the run something. */
  isSent(runKey: number): boolean
  /** Something waits to the run, once the commit is made. */
  waits(runKey: number): boolean
}

/** The invariants that the model holds at every commit, and those of `test/history` at the end. */
export type Report = (invariant: string, message: string) => void

/** True where the job's fire times begin anew: added, rescheduled, or declared again when it was done. */
export const beginsAnew = ({ before, after }: Change): boolean =>
  before === null || before.memory.since !== after.memory.since || before.row.trigger !== after.row.trigger

/** True where a job that was done lives again: its counts begin anew. One that only runs once more on request stays over. */
export const livesAgain = ({ before, after, claims }: Change): boolean =>
  before?.row.value === "done" && after.row.value !== "done" && (!after.memory.exhausted || claims.some(isOfFireTime))
