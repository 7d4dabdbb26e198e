/** What a job's answer is told as, once it is on disk: its attempts that ended, its runs, its fire times that became none. */
import type { EventSink } from "../../event/eventStream.ts"
import type { Settlement } from "../../executor/executor.ts"
import type { AnswerEntry, Ended, JobAnswer } from "../../job/jobEvent.ts"
import type { Outcome } from "../../job/run.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { Job } from "../job/jobCodec.ts"
import type { EventsText } from "../told/eventsText.ts"
import type { UnitEnvironment } from "./unitEnvironment.ts"

type Telling = Pick<UnitEnvironment, "now" | "runId">

export class AnswerEvents {
  private readonly job: Job
  private readonly answer: JobAnswer
  private readonly settlement: Settlement | undefined

  /** `settlement`: of the attempt that the answer ends, where an executor told it. */
  constructor(job: Job, answer: JobAnswer, settlement: Settlement | undefined) {
    this.job = job
    this.answer = answer
    this.settlement = settlement
  }

  /** Makes the events that are wanted, and counts the others. */
  tellTo(sink: EventSink, telling: Telling): void {
    const { ended, claims, entries } = this.answer
    for (const end of ended) this.tellEnd(end, sink, telling)
    const jobId = this.job.row.id
    for (const { runKey, fireAt } of claims) {
      if (!sink.wants("RunClaimed")) sink.skip(1)
      else sink.tell({ type: "RunClaimed", jobId, runId: telling.runId(runKey), fireAt, attempt: 1 })
    }
    for (const entry of entries) this.tellEntry(entry, sink, telling)
  }

  /** The same, to be stored. */
  writeTo(text: EventsText, telling: Telling): void {
    const { ended, claims, entries } = this.answer
    for (const end of ended) {
      if (end.retryAt === null) text.end(end.run.runKey, this.job.row.id)
      else this.tellEnd(end, text, telling)
    }
    for (const { runKey } of claims) text.claim(runKey)
    for (const entry of entries) this.tellEntry(entry, text, telling)
  }

  private tellEnd({ run, outcome, retryAt }: Ended, sink: EventSink, { now, runId }: Telling): void {
    const { settlement } = this
    const final = retryAt === null
    const dueAt = retryAt === "event" ? null : retryAt
    const type = outcome === "succeeded" ? "RunSucceeded" : unsuccessful[outcome]
    const waits = settlement?.waitsUntil !== undefined
    const stamp = () => ({
      jobId: this.job.row.id,
      runId: runId(run.runKey),
      fireAt: run.fireAt,
      attempt: run.attempt
    })
    if (final || !waits) {
      if (!sink.wants(type)) sink.skip(1)
      else {
        const times = { startedAt: settlement?.startedAt ?? null, finishedAt: settlement?.finishedAt ?? now }
        const end = { ...stamp(), ...times, final, retryAt: dueAt }
        if (type === "RunSucceeded") sink.tell({ type, ...end, result: parsed(settlement?.result) })
        else sink.tell({ type, ...end, error: settlement?.error ?? null })
      }
    }
    // One that was interrupted follows at once.
    if (final || outcome === "interrupted") return
    if (!sink.wants("RunRetryDue")) sink.skip(1)
    else sink.tell({ type: "RunRetryDue", ...stamp(), retryAt: dueAt, error: settlement?.error ?? null })
  }

  private tellEntry(entry: AnswerEntry, sink: EventSink, { runId }: Telling): void {
    const { kind, from, through, count, reason, into } = entry
    const range = { jobId: this.job.row.id, fireAt: from, through, count }
    if (kind === "misfired" && reason !== null) sink.tell({ type: "FireMisfired", ...range, reason })
    if (kind === "coalesced" && into !== null) sink.tell({ type: "FireCoalesced", ...range, into: runId(into) })
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
