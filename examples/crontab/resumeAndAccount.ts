/** Lets a paused scheduler fire, and says what became of the fire times that had come due while none ran. */
import type { LedgerEntry, RunRecord, Scheduler } from "carillon"
import { accountOf, accountText } from "./missedAccount.ts"

/** A catch-up that takes longer than this is told as far as it has come. */
const patienceMs = 10_000

/**
 * Counts for jobs that had something due before `startedAt`, when this program began. `null` when the jobs are new, so that nothing could have come
 * due, or when `stop` comes first.
 */
export const resumeAndAccount = async (
  scheduler: Scheduler,
  startedAt: number,
  timezone: string,
  stop: Promise<unknown>
): Promise<string | null> => {
  const resumedAt = Date.now()
  const records = (await scheduler.getJobs()).map(({ record }) => record)
  const known = records.some(({ lastFireAt, misfire }) => lastFireAt !== null || misfire !== null)
  const overdue = records.filter(({ nextFireAt }) => nextFireAt !== null && nextFireAt < startedAt)
  const cutOff = (await scheduler.getRuns({ live: true })).length
  const told = (runs: ReadonlyArray<RunRecord>, ledger: ReadonlyArray<LedgerEntry>) =>
    accountText(accountOf(runs, ledger, resumedAt), cutOff, resumedAt, timezone)
  if (overdue.length === 0) {
    scheduler.resume()
    return known || cutOff > 0 ? told([], []) : null
  }
  const ids = new Set(overdue.map(({ id }) => id))
  const missed = ({ jobId }: { readonly jobId: string }) => ids.has(jobId)
  const served = allServed(scheduler, new Set(ids))
  scheduler.resume()
  const stopped = await Promise.race([served.then(() => false), stop.then(() => true)])
  if (stopped) return null
  const from = Math.min(...overdue.map(({ nextFireAt }) => nextFireAt ?? resumedAt))
  const runs = await scheduler.getRuns({ from, to: resumedAt, limit: 100_000 })
  const ledger = await scheduler.getLedger({ from, to: resumedAt, limit: 100_000 })
  return told(runs.filter(missed), ledger.filter(missed))
}

/** Each of the jobs has had a run started, a misfire or a fault. */
const allServed = (scheduler: Scheduler, waiting: Set<string>): Promise<void> =>
  new Promise((resolve) => {
    const finish = () => {
      clearTimeout(patience)
      forget()
      resolve()
    }
    const patience = setTimeout(finish, patienceMs)
    const forget = scheduler.on(["RunStarted", "FireMisfired", "JobParked"], ({ jobId }) => {
      waiting.delete(jobId)
      if (waiting.size === 0) finish()
    })
  })
