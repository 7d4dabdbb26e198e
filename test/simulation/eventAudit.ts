/** What is published, against what was committed: each fact once, after its commit and not before, numbered without gaps. */
import type { SchedulerEvent } from "../../src/index.ts"
import type { StoreBatch } from "../../src/store/jobStore.ts"
import type { Report } from "./change.ts"
import type { Model } from "./model.ts"
import { endOf } from "./modelRuns.ts"

const outcomeEvent = {
  succeeded: "RunSucceeded",
  failed: "RunFailed",
  timedOut: "RunTimedOut",
  cancelled: "RunCancelled",
  interrupted: "RunInterrupted"
} as const

/** Events that come with a commit; the others are the scheduler's own. */
const audited = new Set<string>([
  ...Object.values(outcomeEvent),
  "RunClaimed",
  "RunRetryDue",
  "FireMisfired",
  "FireCoalesced",
  "JobAdded",
  "JobRemoved"
])

export class EventAudit {
  /** Facts that are on disk and not told yet. */
  private readonly due = new Map<string, number>()
  private seq = 0
  private readonly report: Report
  private readonly model: Model

  constructor(report: Report, model: Model) {
    this.report = report
    this.model = model
  }

  /** A life begins, or ends: what was not told is not told any more. */
  renew(): void {
    this.due.clear()
    this.seq = 0
  }

  /** Before the model takes the batch: it knows what the jobs were. */
  expect(batch: StoreBatch): void {
    const idOf = (key: number): string =>
      this.model.jobs.get(key)?.row.id ?? batch.added.find((added) => added.key === key)?.id ?? "?"
    for (const { id } of batch.added) this.owe(`JobAdded ${id}`)
    for (const { key } of batch.removed) this.owe(`JobRemoved ${idOf(key)}`)
    for (const { runKey } of batch.claims) this.owe(`RunClaimed ${runKey} 1`)
    for (const row of batch.settled) {
      const end = endOf(row)
      this.owe(`${outcomeEvent[end]} ${row.runKey} ${row.attempt}`)
      if (row.outcome === null && end !== "interrupted") this.owe(`RunRetryDue ${row.runKey} ${row.attempt}`)
    }
    for (const { kind, jobKey, fromAt, count, reason, runKey } of batch.ledger) {
      if (kind === "misfired") this.owe(`FireMisfired ${idOf(jobKey)} ${fromAt} ${count} ${reason}`)
      if (kind === "coalesced") this.owe(`FireCoalesced ${idOf(jobKey)} ${fromAt} ${count} ${runKey}`)
    }
  }

  told(event: SchedulerEvent): void {
    this.seq += 1
    if (event.seq !== this.seq) {
      this.report("eventNumber", `${event.type} has number ${event.seq}, expected ${this.seq}`)
      this.seq = event.seq
    }
    if (!audited.has(event.type)) return
    const fact = factOf(event)
    const times = this.due.get(fact) ?? 0
    if (times === 0) this.report("event", `${fact} is published and not on disk, or twice`)
    else if (times === 1) this.due.delete(fact)
    else this.due.set(fact, times - 1)
  }

  /** Everything that is on disk has been told. */
  settled(): void {
    for (const fact of this.due.keys()) this.report("eventMissing", `${fact} is on disk and was not published`)
  }

  private owe(fact: string): void {
    this.due.set(fact, (this.due.get(fact) ?? 0) + 1)
  }
}

const factOf = (event: SchedulerEvent): string => {
  if (event.type === "FireMisfired")
    return `${event.type} ${event.jobId} ${event.fireAt} ${event.count} ${event.reason}`
  if (event.type === "FireCoalesced") return `${event.type} ${event.jobId} ${event.fireAt} ${event.count} ${event.into}`
  if ("runId" in event) return `${event.type} ${event.runId} ${event.attempt}`
  return "jobId" in event ? `${event.type} ${event.jobId}` : event.type
}
