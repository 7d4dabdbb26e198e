/**
 * What the decisions of one commit lead to: rows to write, then events to publish, attempts to start and to abort. In the
 * order in which they were decided.
 */
import type { EventSink } from "../../event/eventStream.ts"
import type { EventBody } from "../../event/schedulerEvent.ts"
import type { Settlement } from "../../executor/executor.ts"
import type { Claim, JobAnswer } from "../../job/jobEvent.ts"
import type { RunCaller } from "../../job/run.ts"
import { anewRequest, valueRequest } from "../../store/claimKind.ts"
import type { ClaimRow, LedgerRow, RunRow, SettleRow } from "../../store/jobStore.ts"
import type { RunMessage } from "../../task/runMessage.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Job } from "../job/jobCodec.ts"
import { EventsText } from "../told/eventsText.ts"
import { AnswerEvents } from "./answerEvents.ts"
import type { UnitEnvironment } from "./unitEnvironment.ts"

/** An attempt to start once its claim is on disk. */
export interface Start {
  readonly job: Job
  readonly runKey: number
  readonly fireAt: EpochMillis
  readonly attempt: number
  /** The run's own arguments as JSON text; `null`: the job's. */
  readonly args: string | null
  /** Who asked for the run; absent: whoever added the job. */
  readonly caller?: RunCaller | undefined
  /** What an earlier attempt of the run came to; `null`: nothing. Found before the commit, see `checkpoints.ts`. */
  checkpoint: string | null
  /** What was sent to the run since, in order; `null`: nothing. Found with it. */
  messages: ReadonlyArray<RunMessage> | null
}

export class Consequences {
  readonly claims: Array<ClaimRow> = []
  readonly settled: Array<SettleRow> = []
  readonly ledger: Array<LedgerRow> = []
  readonly starts: Array<Start> = []
  /** Executing runs to abort. */
  readonly cancels: Array<{ readonly jobKey: number; readonly runKey: number }> = []
  /** Requests that became runs, and runs that ended: somebody may wait for them. */
  readonly requestsClaimed: Array<{ readonly jobKey: number; readonly ticket: number; readonly runKey: number }> = []
  readonly runsEnded: Array<number> = []
  /** What is to be told, in order. Events are made when they are told: most of them nobody wants. */
  private readonly toTell: Array<EventBody | AnswerEvents> = []
  private readonly environment: UnitEnvironment

  constructor(environment: UnitEnvironment) {
    this.environment = environment
  }

  tell(event: EventBody): void {
    this.toTell.push(event)
  }

  /** Tells all that this leads to. */
  tellTo(sink: EventSink): void {
    for (const each of this.toTell)
      if (each instanceof AnswerEvents) each.tellTo(sink, this.environment)
      else sink.tell(each)
  }

  /** All that is told, as text to be stored; `null`: nothing is. `era`: of the owner. */
  eventsText(era: string): string | null {
    if (this.toTell.length === 0) return null
    const text = new EventsText(era)
    // Of runs their keys alone: what they are called depends on what the store is called.
    const telling = { now: this.environment.now, runId: String }
    for (const each of this.toTell)
      if (each instanceof AnswerEvents) each.writeTo(text, telling)
      else text.tell(each)
    return text.whole
  }

  /**
   * Turns what the machine decided into rows, starts and events, in the order in which they are told. `counted`: after which number
   * ledger entries of the job counted before this step; `null`: all.
   */
  add(job: Job, answer: JobAnswer, settlement: Settlement | undefined, counted: number | null): void {
    const { now } = this.environment
    if (answer.ended.length + answer.claims.length + answer.entries.length > 0)
      this.toTell.push(new AnswerEvents(job, answer, settlement))
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
      const { runKey, fireAt, caller } = claim
      this.starts.push({ job, runKey, fireAt, attempt: 1, args, caller, checkpoint: null, messages: null })
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
    }
    for (const run of answer.retries) {
      const args = run.args === undefined ? null : JSON.stringify(run.args)
      const { runKey, fireAt, attempt, caller } = run
      this.starts.push({ job, runKey, fireAt, attempt, args, caller, checkpoint: null, messages: null })
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
