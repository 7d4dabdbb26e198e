/** What is published, against what was committed: each fact once, after its commit and not before, numbered without gaps. */
import { isOfFireTime } from "../../src/store/claimKind.ts"
import type { SchedulerEvent } from "../../src/index.ts"
import type { StoreBatch } from "../../src/store/jobStore.ts"
import type { Report } from "./change.ts"
import type { Model } from "./model.ts"
import { readMemory } from "./stored.ts"

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
  "JobRemoved",
  "JobModified",
  "JobPaused",
  "JobResumed",
  "JobParked",
  "JobDone"
])

export class EventAudit {
  /** Facts that are on disk and not told yet. */
  private readonly due = new Map<string, number>()
  /** Attempts whose task was called, less those that are told to have started. */
  private readonly starts = new Map<string, number>()
  /** Jobs to which so much may have happened in one commit that they tell more than its rows show, and single such facts. */
  private readonly busy = new Set<string>()
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
    this.starts.clear()
    this.busy.clear()
    this.seq = 0
  }

  /** Before the model takes the batch: it knows what the jobs were. */
  expect(batch: StoreBatch, life: number, blurred: (jobId: string) => boolean): void {
    const idOf = (key: number): string =>
      this.model.jobs.get(key)?.row.id ?? batch.added.find((added) => added.key === key)?.id ?? "?"
    for (const { id, value, memory } of batch.added) {
      this.owe(`JobAdded ${id}`)
      if (value === "done" && !readMemory(memory).removed) this.owe(`JobDone ${id}`)
      if (blurred(id)) this.busy.add(id)
    }
    for (const { key } of batch.removed) this.owe(`JobRemoved ${idOf(key)}`)
    for (const { key } of batch.redefined) {
      this.owe(`JobModified ${idOf(key)}`)
      // Its last run may have ended before, in the same commit.
      this.busy.add(`JobDone ${idOf(key)}`)
    }
    for (const state of batch.states) this.expectOfJob(state, batch, blurred)
    for (const { runKey } of batch.claims) this.owe(`RunClaimed ${runKey} 1`)
    for (const row of batch.settled) {
      const end = this.model.endOf(row, life)
      if (end !== "putAway")
        this.owe(`${outcomeEvent[end]} ${row.runKey} ${row.attempt} ${row.outcome === null ? "again" : "final"}`)
      if (row.outcome === null && end !== "interrupted") this.owe(`RunRetryDue ${row.runKey} ${row.attempt}`)
    }
    for (const { kind, jobKey, fromAt, count, reason, runKey } of batch.ledger) {
      if (kind === "misfired") this.owe(`FireMisfired ${idOf(jobKey)} ${fromAt} ${count} ${reason}`)
      if (reason === "skipped") this.owe(`JobModified ${idOf(jobKey)}`)
      if (kind === "coalesced") this.owe(`FireCoalesced ${idOf(jobKey)} ${fromAt} ${count} ${runKey}`)
    }
  }

  /** What a job tells of itself, by what it was and what it is. */
  private expectOfJob(
    { key, value, memory }: StoreBatch["states"][number],
    batch: StoreBatch,
    blurred: (jobId: string) => boolean
  ): void {
    const job = this.model.jobs.get(key)
    if (job === undefined) return
    const { id, value: valueBefore } = job.row
    const [before, after] = [job.memory, readMemory(memory)]
    if (blurred(id) || before.fault !== null || after.fault !== null) this.busy.add(id)
    if (value === "done" && valueBefore !== "done" && !after.removed) this.owe(`JobDone ${id}`)
    // It was asked for once more in the commit in which it ended, or was done and ran and ended in one.
    if (batch.claims.some((claim) => claim.jobKey === key && !isOfFireTime(claim))) this.busy.add(`JobDone ${id}`)
    if (after.fault !== null && before.fault === null) this.owe(`JobParked ${id}`)
    // One that is declared again as paused, after it was done, is not paused by anybody.
    if (before.pausedAt === null && after.pausedAt !== null && after.fault === null && valueBefore !== "done")
      this.owe(`JobPaused ${id}`)
    if (before.pausedAt !== null && after.pausedAt === null && !after.removed) this.owe(`JobResumed ${id}`)
  }

  /** A task is called. */
  started(runKey: number, attempt: number): void {
    this.count(`${runKey}/${attempt}`, 1)
  }

  told(event: SchedulerEvent): void {
    this.seq += 1
    if (event.seq !== this.seq) {
      this.report("eventNumber", `${event.type} has number ${event.seq}, expected ${this.seq}`)
      this.seq = event.seq
    }
    if (event.type === "RunStarted") this.count(`${event.runId}/${event.attempt}`, -1)
    if (!audited.has(event.type)) return
    const fact = factOf(event)
    const times = this.due.get(fact) ?? 0
    const mayBe = !("runId" in event) && "jobId" in event && (this.busy.has(event.jobId) || this.busy.has(fact))
    if (times === 0 && mayBe) return
    if (times === 0) this.report("event", `${fact} is published and not on disk, or twice`)
    else if (times === 1) this.due.delete(fact)
    else this.due.set(fact, times - 1)
  }

  /** Everything that is on disk has been told. */
  settled(): void {
    for (const fact of this.due.keys()) this.report("eventMissing", `${fact} is on disk and was not published`)
    for (const [attempt, more] of this.starts)
      this.report("event", `the task of ${attempt} was called ${more > 0 ? "more" : "less"} often than RunStarted says`)
    this.busy.clear()
  }

  private count(attempt: string, change: number): void {
    const now = (this.starts.get(attempt) ?? 0) + change
    if (now === 0) this.starts.delete(attempt)
    else this.starts.set(attempt, now)
  }

  private owe(fact: string): void {
    this.due.set(fact, (this.due.get(fact) ?? 0) + 1)
  }
}

const factOf = (event: SchedulerEvent): string => {
  if (event.type === "FireMisfired")
    return `${event.type} ${event.jobId} ${event.fireAt} ${event.count} ${event.reason}`
  if (event.type === "FireCoalesced") return `${event.type} ${event.jobId} ${event.fireAt} ${event.count} ${event.into}`
  if ("final" in event) {
    // One that says otherwise of itself is no fact.
    const end = event.final !== (event.retryAt === null) ? "contradicts itself" : event.final ? "final" : "again"
    return `${event.type} ${event.runId} ${event.attempt} ${end}`
  }
  if ("runId" in event) return `${event.type} ${event.runId} ${event.attempt}`
  return "jobId" in event ? `${event.type} ${event.jobId}` : event.type
}
