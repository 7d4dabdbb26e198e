/**
 * What the decisions of one commit lead to: rows to write, then events to publish, attempts to start and to abort. In the
 * order in which they were decided.
 */
import type { EventBody } from "../../event/schedulerEvent.ts"
import type { Settlement } from "../../executor/executor.ts"
import type { Claim, JobAnswer } from "../../job/jobEvent.ts"
import type { Outcome } from "../../job/run.ts"
import { anewRequest, valueRequest } from "../../store/claimKind.ts"
import type { ClaimRow, LedgerRow, RunRow, SettleRow } from "../../store/jobStore.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { Job } from "../job/jobCodec.ts"
import type { UnitEnvironment } from "./unitEnvironment.ts"

/** An attempt to start once its claim is on disk. */
export interface Start {
  readonly job: Job
  readonly runKey: number
  readonly fireAt: EpochMillis
  readonly attempt: number
  /** The run's own arguments as JSON text; `null`: the job's. */
  readonly args: string | null
  /** What an earlier attempt of the run came to; `null`: nothing. Found before the commit, see `checkpoints.ts`. */
  checkpoint: string | null
}

export class Consequences {
  readonly claims: Array<ClaimRow> = []
  readonly settled: Array<SettleRow> = []
  readonly ledger: Array<LedgerRow> = []
  readonly events: Array<EventBody> = []
  /** Events that nobody looks at are counted, not made. */
  unmadeEvents = 0
  readonly starts: Array<Start> = []
  /** Executing runs to abort. */
  readonly cancels: Array<{ readonly jobKey: number; readonly runKey: number }> = []
  /** Requests that became runs, and runs that ended: somebody may wait for them. */
  readonly requestsClaimed: Array<{ readonly jobKey: number; readonly ticket: number; readonly runKey: number }> = []
  readonly runsEnded: Array<number> = []
  private readonly environment: UnitEnvironment

  constructor(environment: UnitEnvironment) {
    this.environment = environment
  }

  tell(event: EventBody): void {
    if (this.environment.observed) this.events.push(event)
    else this.unmadeEvents += 1
  }

  /**
   * Turns what the machine decided into rows, starts and events, in the order in which they are told. `counted`: after which number
   * ledger entries of the job counted before this step; `null`: all.
   */
  add(job: Job, answer: JobAnswer, settlement: Settlement | undefined, counted: number | null): void {
    const { now, runId, observed } = this.environment
    const jobId = job.row.id
    for (const { run, outcome, retryAt } of answer.ended) {
      const final = retryAt === null
      if (final) this.runsEnded.push(run.runKey)
      this.settled.push({
        runKey: run.runKey,
        attempt: run.attempt,
        startedAt: settlement?.startedAt ?? null,
        finishedAt: final ? (settlement?.finishedAt ?? now) : null,
        outcome: final ? outcome : null,
        result: settlement?.result ?? null,
        error: errorText(settlement)
      })
      const waits = settlement?.waitsUntil !== undefined
      if (!observed) this.unmadeEvents += final || outcome === "interrupted" || waits ? 1 : 2
      else {
        const stamp = { jobId, runId: runId(run.runKey), fireAt: run.fireAt, attempt: run.attempt }
        const times = { startedAt: settlement?.startedAt ?? null, finishedAt: settlement?.finishedAt ?? now }
        const end = { ...stamp, ...times, final, retryAt }
        if (outcome === "succeeded")
          this.events.push({ type: "RunSucceeded", ...end, result: parsed(settlement?.result) })
        else if (final || !waits)
          this.events.push({ type: unsuccessful[outcome], ...end, error: settlement?.error ?? null })
        if (!final && outcome !== "interrupted") {
          this.events.push({ type: "RunRetryDue", ...stamp, retryAt, error: settlement?.error ?? null })
        }
      }
    }
    for (const claim of answer.claims) {
      const args = claim.args === undefined ? null : JSON.stringify(claim.args)
      this.claims.push({
        runKey: claim.runKey,
        jobKey: job.key,
        fireAt: claim.fireAt,
        request: requestOf(claim, job.memory.countsAfterRun),
        claimedAt: now,
        args
      })
      if (claim.ticket !== undefined)
        this.requestsClaimed.push({ jobKey: job.key, ticket: claim.ticket, runKey: claim.runKey })
      this.starts.push({ job, runKey: claim.runKey, fireAt: claim.fireAt, attempt: 1, args, checkpoint: null })
      if (!observed) this.unmadeEvents += 1
      else this.events.push({ type: "RunClaimed", jobId, runId: runId(claim.runKey), fireAt: claim.fireAt, attempt: 1 })
    }
    for (const entry of answer.entries) {
      this.ledger.push({
        jobKey: job.key,
        kind: entry.kind,
        fromAt: entry.from,
        throughAt: entry.through,
        count: entry.count,
        reason: entry.reason,
        runKey: entry.into ?? (counted === null ? null : counted + 1),
        at: now
      })
      const range = { jobId, fireAt: entry.from, through: entry.through, count: entry.count }
      if (entry.kind === "misfired" && entry.reason !== null)
        this.tell({ type: "FireMisfired", ...range, reason: entry.reason })
      if (entry.kind === "coalesced" && entry.into !== null)
        this.tell({ type: "FireCoalesced", ...range, into: runId(entry.into) })
    }
    for (const run of answer.retries) {
      const args = run.args === undefined ? null : JSON.stringify(run.args)
      this.starts.push({ job, runKey: run.runKey, fireAt: run.fireAt, attempt: run.attempt, args, checkpoint: null })
    }
  }

  /** Ends a run that no job holds any more. */
  closeOrphan(run: RunRow): void {
    const { now, runId } = this.environment
    const error = run.damage === undefined ? null : { name: "Unreadable", message: run.damage }
    const text = error === null ? run.error : JSON.stringify(error)
    this.settled.push({ ...run, finishedAt: now, outcome: "interrupted", error: text })
    const stamp = { jobId: run.jobId, runId: runId(run.runKey), fireAt: run.fireAt, attempt: run.attempt }
    this.tell({
      type: "RunInterrupted",
      ...stamp,
      startedAt: run.startedAt,
      finishedAt: now,
      final: true,
      retryAt: null,
      error
    })
  }
}

const unsuccessful = {
  failed: "RunFailed",
  timedOut: "RunTimedOut",
  cancelled: "RunCancelled",
  interrupted: "RunInterrupted"
} as const satisfies Record<Exclude<Outcome, "succeeded">, string>

const parsed = (text: string | null | undefined): Json =>
  text === null || text === undefined ? null : (JSON.parse(text) as Json)

const errorText = (settlement: Settlement | undefined): string | null =>
  settlement?.error ? JSON.stringify(settlement.error) : null

/** What tells a run apart from others of its job and fire time. */
const requestOf = ({ runKey, requested, retryOf, args }: Claim, countsAfterRun: number | null): number => {
  if (retryOf !== undefined) return -retryOf
  if (requested) return runKey
  // Only a stream's fire time has arguments of its own.
  if (args !== undefined) return valueRequest(runKey)
  return countsAfterRun === null ? 0 : anewRequest(countsAfterRun)
}
