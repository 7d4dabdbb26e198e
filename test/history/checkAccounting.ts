/** Every fire time a job owed is in exactly one place: a run, a misfire, a coalesced entry, its queue or its catch-up. */
import { isOfFireTime } from "../../src/store/claimKind.ts"
import type { JobRow, LedgerRow, RunRow } from "../../src/store/jobStore.ts"
import type { EpochMillis } from "../../src/time/instant.ts"
import type { ExpectedJob, History, StoredMemory } from "./history.ts"
import { storedMemory } from "./history.ts"
import type { Report } from "./violation.ts"

interface Entry {
  readonly from: EpochMillis
  readonly through: EpochMillis
  readonly count: number
  readonly where: string
  seen: number
}

export const checkAccounting = (history: History, expected: ReadonlyArray<ExpectedJob>, report: Report): void => {
  const { jobs, runs, ledger } = history.disk
  const keys = new Set(jobs.map(({ key }) => key))
  for (const run of runs)
    if (!keys.has(run.jobKey))
      report("invented", run.jobId, `run ${run.runKey} belongs to job ${run.jobKey}, which is not there`)
  for (const entry of ledger)
    if (!keys.has(entry.jobKey))
      report("invented", String(entry.jobKey), `a ledger entry belongs to a job that is not there`)
  for (const job of expected) {
    const row = rowOf(jobs, job)
    if (row === undefined) continue
    const own = runs.filter((run) => run.jobKey === row.key)
    const entries = ledger.filter((entry) => entry.jobKey === row.key)
    checkEntries(job.jobId, own, entries, report)
    const served = own.filter((run) => isOfFireTime(run)).length
    if (job.maxRuns !== undefined && served > job.maxRuns)
      report("maxRuns", job.jobId, `${served} runs for fire times, at most ${job.maxRuns} allowed`)
    const memory = storedMemory(row)
    if (history.quietAt !== undefined && memory.pausedAt === null && memory.queue.length > 0)
      report(
        "lost",
        job.jobId,
        `${memory.queue.length} fire times still wait in the queue after everything had time to end`
      )
    if (job.owed !== null) checkOwed(history, job, memory, own, entries, report)
  }
}

/** The row that an expectation is about. */
export const rowOf = (jobs: ReadonlyArray<JobRow>, { jobId, jobKey }: ExpectedJob): JobRow | undefined =>
  jobs.find((row) => row.id === jobId && (jobKey === undefined || row.key === jobKey))

const checkEntries = (
  jobId: string,
  runs: ReadonlyArray<RunRow>,
  entries: ReadonlyArray<LedgerRow>,
  report: Report
): void => {
  const own = new Set(runs.map(({ runKey }) => runKey))
  for (const { kind, fromAt, throughAt, count, reason, runKey } of entries) {
    const where = `the ${kind} entry from ${fromAt}`
    if (throughAt < fromAt) report("wrongEntry", jobId, `${where} ends before it begins, at ${throughAt}`)
    if (kind === "misfired" && reason === null) report("wrongEntry", jobId, `${where} has no reason`)
    if (kind === "coalesced" && (runKey === null || !own.has(runKey)))
      report("wrongEntry", jobId, `${where} is served by run ${runKey}, which is none of the job's`)
    const counts = kind === "misfired" || kind === "coalesced"
    if (counts ? count < 1 : count !== 0) report("wrongEntry", jobId, `${where} counts ${count} fire times`)
  }
}

const checkOwed = (
  history: History,
  job: ExpectedJob,
  memory: StoredMemory,
  runs: ReadonlyArray<RunRow>,
  ledger: ReadonlyArray<LedgerRow>,
  report: Report
): void => {
  const { jobId } = job
  const entries = [...entriesOf(runs, ledger), ...waitingOf(memory)]
  const singles = new Map<EpochMillis, Array<Entry>>()
  const stretches: Array<Entry> = []
  for (const entry of entries) {
    if (entry.count !== 1) stretches.push(entry)
    else singles.set(entry.from, [...(singles.get(entry.from) ?? []), entry])
  }
  for (const { after, through, fireTimes, passed } of job.owed ?? []) {
    const reached = passed === true ? Infinity : Math.max(memory.cursor, history.quietAt ?? -Infinity)
    const last = Math.min(through ?? Infinity, reached)
    if (last <= after || last === Infinity) continue
    for (const fireAt of fireTimes(after, last)) {
      const own = singles.get(fireAt) ?? []
      const inside = stretches.filter((entry) => entry.from <= fireAt && fireAt <= entry.through)
      for (const entry of own) entry.seen += 1
      // A stretch may pass over a fire time that has a place of its own (a queued one that ran earlier); it just does not count it.
      if (own.length === 0) for (const entry of inside) entry.seen += 1
      const places = own.length > 0 ? own : inside
      if (places.length === 0)
        report("lost", jobId, `fire time ${fireAt} is in no run and no entry, the cursor is at ${memory.cursor}`)
      if (places.length > 1)
        report(
          "doubleAccounting",
          jobId,
          `fire time ${fireAt} is in ${places.map(({ where }) => where).join(" and in ")}`
        )
    }
  }
  for (const entry of entries) {
    if (entry.seen === entry.count) continue
    if (entry.seen === 0) report("invented", jobId, `${entry.where} is for ${entry.from}, where no fire time was owed`)
    else if (entry.seen < entry.count || entry.count > 1)
      report(
        "wrongEntry",
        jobId,
        `${entry.where} counts ${entry.count} fire times through ${entry.through}, there are ${entry.seen}`
      )
  }
}

const entriesOf = (runs: ReadonlyArray<RunRow>, ledger: ReadonlyArray<LedgerRow>): ReadonlyArray<Entry> => [
  ...runs
    .filter((run) => isOfFireTime(run))
    .map(({ runKey, fireAt }) => ({ from: fireAt, through: fireAt, count: 1, where: `run ${runKey}`, seen: 0 })),
  ...ledger
    .filter(({ kind }) => kind === "misfired" || kind === "coalesced")
    .map(({ kind, fromAt, throughAt, count }) => ({
      from: fromAt,
      through: throughAt,
      count,
      where: `the ${kind} entry from ${fromAt}`,
      seen: 0
    }))
]

/** Fire times that have come due and wait: they are as good as accounted for, as long as they are on disk. */
const waitingOf = ({ queue, backlog }: StoredMemory): ReadonlyArray<Entry> => {
  const waiting: Array<Entry> = []
  for (const { fireAt, requested, coalesced, apart = [] } of queue) {
    if (requested !== true) waiting.push({ from: fireAt, through: fireAt, count: 1, where: "the queue", seen: 0 })
    for (const range of coalesced === undefined ? apart : [coalesced, ...apart])
      waiting.push({ ...range, where: "the queue", seen: 0 })
  }
  for (const range of [backlog?.late, backlog?.due])
    if (range) waiting.push({ ...range, where: "the catch-up under way", seen: 0 })
  return waiting
}
