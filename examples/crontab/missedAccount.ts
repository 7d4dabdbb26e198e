/** What came due while no scheduler ran, and what became of it: counted from runs and ledger. Pure. */
import type { LedgerEntry, RunRecord } from "carillon"
import { counted, spanText, timeText } from "./wording.ts"

export interface MissedAccount {
  readonly jobs: number
  readonly ranLate: number
  readonly coalesced: number
  readonly misfired: number
  /** The earliest of these fire times; `null` when there is none. */
  readonly since: number | null
  /** Of the latest run. */
  readonly mostLateMs: number
}

/** Of what was recorded from `resumedAt` on, the fire times before it. */
export const accountOf = (
  runs: ReadonlyArray<RunRecord>,
  ledger: ReadonlyArray<LedgerEntry>,
  resumedAt: number
): MissedAccount => {
  const late = runs.filter((run) => !run.requested && run.fireAt < resumedAt && run.claimedAt >= resumedAt)
  const entries = ledger.filter((entry) => entry.from < resumedAt && entry.at >= resumedAt)
  const countOf = (kind: LedgerEntry["kind"]) =>
    entries.reduce((sum, entry) => (entry.kind === kind ? sum + entry.count : sum), 0)
  const earliest = Math.min(...late.map(({ fireAt }) => fireAt), ...entries.map(({ from }) => from))
  return {
    jobs: new Set([...late, ...entries].map(({ jobId }) => jobId)).size,
    ranLate: late.length,
    coalesced: countOf("coalesced"),
    misfired: countOf("misfired"),
    since: earliest === Infinity ? null : earliest,
    mostLateMs: Math.max(0, ...late.map((run) => (run.startedAt ?? resumedAt) - run.fireAt))
  }
}

/** For people. `cutOff`: runs that the last stop interrupted. */
export const accountText = (account: MissedAccount, cutOff: number, now: number, timezone: string): string =>
  cutOff === 0 ? missedText(account, now, timezone) : `${missedText(account, now, timezone)} ${cutOffText(cutOff)}`

const missedText = (account: MissedAccount, now: number, timezone: string): string => {
  const { jobs, ranLate, coalesced, misfired, since, mostLateMs } = account
  if (since === null) return "Nothing came due while the scheduler was stopped."
  const late = ranLate === 0 ? "0 ran late" : `${ranLate} ran late (up to ${spanText(mostLateMs)})`
  return (
    `While the scheduler was stopped, ${counted(ranLate + coalesced + misfired, "fire time")} of ${counted(jobs, "job")} ` +
    `came due since ${timeText(since, now, timezone)}: ${late}, ${coalesced} coalesced into those runs, ${misfired} misfired.`
  )
}

const cutOffText = (cutOff: number): string =>
  `${counted(cutOff, "run")} that the last stop cut off ${cutOff === 1 ? "runs" : "run"} again.`
