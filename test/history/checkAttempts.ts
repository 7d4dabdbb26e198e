/** What was executed, against what was claimed: no start without a claim, none early, none twice, none too many. */
import { isOfFireTime } from "../../src/store/claimKind.ts"
import type { JobRow, RunRow } from "../../src/store/jobStore.ts"
import type { EpochMillis } from "../../src/time/instant.ts"
import { rowOf } from "./checkAccounting.ts"
import type { ExpectedJob, History, Line, OutcomeLine, TaskLine } from "./history.ts"
import { runKeyOf, storedMemory } from "./history.ts"
import type { Report } from "./violation.ts"

/** So many crashes in a row end a job's runs for good. */
const crashesToPark = 3

export const checkAttempts = (history: History, expected: ReadonlyArray<ExpectedJob>, report: Report): void => {
  const { jobs, runs } = history.disk
  const byKey = new Map(runs.map((run) => [run.runKey, run]))
  const expectedOf = new Map<number, ExpectedJob>()
  for (const job of expected) {
    const row = rowOf(jobs, job)
    if (row !== undefined) expectedOf.set(row.key, job)
  }
  const told = toldOf(history.seen)
  for (const run of runs) checkRun(history, told, run, expectedOf.get(run.jobKey), report)
  checkOwners(history, report)
  checkStarts(history, byKey, report)
  for (const [jobKey, job] of expectedOf) checkConcurrency(history.seen, byKey, jobKey, job, report)
}

/** What all runs are held against, gathered once: histories of real processes have tens of thousands of lines. */
interface Told {
  readonly ends: ReadonlyArray<Line>
  /** By job: how many crashes in a row there were at most, from an instant on. Ascending. */
  readonly crashes: ReadonlyMap<string, ReadonlyArray<{ readonly at: EpochMillis; readonly inRow: number }>>
  /** Keys of runs with an attempt after one that neither finished nor was aborted. */
  readonly rerun: ReadonlySet<number>
}

const toldOf = (seen: ReadonlyArray<Line>): Told => {
  const jobIds = new Set(seen.flatMap((line) => ("jobId" in line ? [line.jobId] : [])))
  const crashes = new Map([...jobIds].map((jobId) => [jobId, [{ at: -Infinity, inRow: 0 }]]))
  const open = new Set<number>()
  const rerun = new Set<number>()
  for (const line of seen) {
    if (line.kind === "died")
      for (const rows of crashes.values()) rows.push({ at: line.at, inRow: (rows.at(-1)?.inRow ?? 0) + 1 })
    // An attempt that ended by itself, or a resumption, ends a row of crashes.
    if (line.kind === "outcome" || line.kind === "resumed") {
      const rows = crashes.get(line.jobId)
      if (rows?.at(-1)?.inRow !== 0) rows?.push({ at: line.at, inRow: 0 })
    }
    if (line.kind === "finish" || line.kind === "abort") open.delete(runKeyOf(line.runId))
    if (line.kind !== "start") continue
    const runKey = runKeyOf(line.runId)
    if (open.has(runKey)) rerun.add(runKey)
    open.add(runKey)
  }
  return { ends: seen.filter(({ kind }) => kind === "died" || kind === "stopped"), crashes, rerun }
}

const checkRun = (history: History, told: Told, run: RunRow, job: ExpectedJob | undefined, report: Report): void => {
  const { runKey, jobId, outcome, attempt, claimedAt, finishedAt } = run
  if ((outcome === null) !== (finishedAt === null))
    report("unfinished", jobId, `run ${runKey} has outcome ${outcome} and its end at ${finishedAt}`)
  if (history.quietAt !== undefined && outcome === null)
    report("unfinished", jobId, `run ${runKey} of ${run.fireAt} is unfinished after everything had time to end`)
  if (isOfFireTime(run) && claimedAt < run.fireAt)
    report("early", jobId, `run ${runKey} was claimed at ${claimedAt}, before its fire time ${run.fireAt}`)
  if (job === undefined) return
  const until = finishedAt ?? Infinity
  const byClock = history.clockSetBack !== true
  // Each end of the process while the run was live may cost it one attempt beyond the limit.
  const spent = told.ends.filter(({ at }) => !byClock || (at >= claimedAt && at <= until)).length
  if (attempt > job.attempts + spent)
    report(
      "attempts",
      jobId,
      `run ${runKey} is at attempt ${attempt}, ${job.attempts} are allowed, and ${spent} more for stops`
    )
  if (job.rerun === false && (told.rerun.has(runKey) || attempt > job.attempts))
    report("onInterrupted", jobId, `run ${runKey} is at attempt ${attempt}, and its job does not rerun`)
  if (job.rerun !== true || outcome !== "interrupted" || !byClock || wasRemoved(history, run)) return
  const inRow = told.crashes.get(jobId)?.findLast(({ at }) => at <= until)?.inRow ?? 0
  if (inRow < crashesToPark)
    report(
      "onInterrupted",
      jobId,
      `run ${runKey} ended as interrupted after ${inRow} crashes in a row, and its job reruns`
    )
}

/** A removed job does not run again what was interrupted. */
const wasRemoved = ({ disk }: History, { jobKey, finishedAt }: RunRow): boolean => {
  const row = disk.jobs.find(({ key }) => key === jobKey)
  return row === undefined || (row.removedAt !== null && row.removedAt <= (finishedAt ?? Infinity))
}

/** Every unfinished run is live in its job's snapshot, and every live one is unfinished. */
const checkOwners = ({ disk }: History, report: Report): void => {
  const unfinished = new Map(disk.runs.filter(({ outcome }) => outcome === null).map((run) => [run.runKey, run]))
  const owned = new Set<number>()
  for (const row of disk.jobs) {
    for (const { runKey } of storedMemory(row).live) {
      owned.add(runKey)
      if (unfinished.get(runKey)?.jobKey !== row.key)
        report("unfinished", row.id, `run ${runKey} is live in its job's snapshot and has no unfinished record`)
    }
  }
  for (const run of unfinished.values())
    if (!owned.has(run.runKey))
      report("unfinished", run.jobId, `run ${run.runKey} is unfinished and its job does not know it`)
}

const checkStarts = (history: History, byKey: ReadonlyMap<number, RunRow>, report: Report): void => {
  const startedOf = new Map<string, number>()
  const told = new Map<string, OutcomeLine>()
  const finished = new Set<string>()
  const liveAttempt = new Map(
    history.disk.jobs.flatMap((row) => storedMemory(row).live.map(({ runKey, attempt }) => [runKey, attempt] as const))
  )
  let endsSince = 0
  const endsAt = new Map<string, number>()
  for (const line of history.seen) {
    if (line.kind === "died" || line.kind === "stopped") endsSince += 1
    else if (line.kind === "outcome") told.set(line.runId, line)
    else if (line.kind === "finish") finished.add(attemptId(line))
    if (line.kind === "outcome" && line.outcome === "succeeded" && !finished.has(attemptId(line)))
      report(
        "outcomeInvented",
        line.jobId,
        `run ${line.runId} is told to have succeeded, its attempt ${line.attempt} has not finished`
      )
    if (line.kind !== "start") continue
    const { jobId, runId, attempt, fireAt, at } = line
    const run = byKey.get(runKeyOf(runId))
    if (run === undefined || run.jobId !== jobId || run.fireAt !== fireAt)
      report("unclaimedStart", jobId, `run ${runId} of ${fireAt} started and is not on disk`)
    else if (attempt > ((run.outcome === null ? liveAttempt.get(run.runKey) : undefined) ?? run.attempt))
      report("unclaimedStart", jobId, `attempt ${attempt} of run ${runId} started, on disk it is at ${run.attempt}`)
    if (run !== undefined && isOfFireTime(run) && at < fireAt && history.clockSetBack !== true)
      report("early", jobId, `run ${runId} started at ${at}, before its fire time ${fireAt}`)
    const outcome = told.get(runId)
    if (outcome !== undefined)
      report(
        "ranAgain",
        jobId,
        `attempt ${attempt} of run ${runId} started after it was told to have ${outcome.outcome}`
      )
    const before = startedOf.get(runId) ?? 0
    if (attempt <= before)
      report("startedTwice", jobId, `attempt ${attempt} of run ${runId} started after attempt ${before}`)
    // One that was interrupted before its task was called leaves a gap.
    else if (attempt - before - 1 > endsSince - (endsAt.get(runId) ?? 0))
      report("attempts", jobId, `attempt ${attempt} of run ${runId} follows attempt ${before}`)
    startedOf.set(runId, Math.max(before, attempt))
    endsAt.set(runId, endsSince)
  }
}

const attemptId = ({ runId, attempt }: { readonly runId: string; readonly attempt: number }): string =>
  `${runId}/${attempt}`

/** An attempt counts from its start until it finishes, is aborted, or its process ends. */
const checkConcurrency = (
  seen: ReadonlyArray<Line>,
  byKey: ReadonlyMap<number, RunRow>,
  jobKey: number,
  job: ExpectedJob,
  report: Report
): void => {
  const live = new Set<string>()
  const isOwn = (line: Line): line is TaskLine =>
    (line.kind === "start" || line.kind === "finish" || line.kind === "abort") &&
    byKey.get(runKeyOf(line.runId))?.jobKey === jobKey
  for (const line of seen) {
    if (line.kind === "died" || line.kind === "stopped") live.clear()
    if (!isOwn(line)) continue
    if (line.kind !== "start") live.delete(attemptId(line))
    else if (live.add(attemptId(line)).size > job.maxInstances)
      report(
        "maxInstances",
        job.jobId,
        `attempts ${[...live].join(", ")} at a time, at most ${job.maxInstances} allowed`
      )
  }
}

export const liveJob = (jobs: ReadonlyArray<JobRow>, id: string): JobRow | undefined =>
  jobs.find((row) => row.id === id && row.removedAt === null)
