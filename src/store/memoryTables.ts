/** The memory store's rows, and how a batch changes them: all of it or nothing. Plain synchronous data, no Effect. */
import type { EpochMillis } from "../time/instant.ts"
import { batchInstant } from "./batchInstant.ts"
import { type HeapEntry, InstantHeap } from "./instantHeap.ts"
import type {
  ClaimRow,
  JobDefinitionRow,
  JobRow,
  JobStateRow,
  LedgerRow,
  RunRow,
  SettleRow,
  StoreBatch
} from "./jobStore.ts"

/** A job with its places in the orders, and the runs that make it unremovable. */
export interface MemoryJob {
  row: JobRow
  wake: HeapEntry | null
  retired: HeapEntry | null
  /** `fireAt/request` → run key; made with the first run, since most of a million jobs wait for theirs. */
  runs: Map<string, number> | null
  liveRuns: number
  /** Keys of its ledger entries. */
  ledger: Set<number> | null
}

export interface MemoryRun {
  row: RunRow
  finished: HeapEntry | null
}

export interface MemoryLedger {
  readonly row: LedgerRow & { readonly jobId: string }
  readonly recorded: HeapEntry
}

/** Everything a memory store holds. Outlives the scope of an owner, so a restart finds it. */
export class MemoryTables {
  readonly jobs = new Map<number, MemoryJob>()
  /** Jobs that are not removed. */
  readonly ids = new Map<string, number>()
  readonly runs = new Map<number, MemoryRun>()
  /** Keys of unfinished runs. */
  readonly live = new Set<number>()
  readonly ledger = new Map<number, MemoryLedger>()
  /** Wake-ups by executor. */
  readonly wakes = new Map<string, InstantHeap>()
  readonly finished = new InstantHeap()
  readonly recorded = new InstantHeap()
  /** Done and removed jobs, by the instant they became so. */
  readonly retired = new InstantHeap()
  nextJobKey = 1
  nextRunKey = 1
  nextLedgerKey = 1
  latest: EpochMillis = 0

  /** What keeps `batch` from being applied, in words, or `null`. */
  conflict(batch: StoreBatch): string | null {
    const freed = new Set<string>()
    for (const { key } of batch.removed) {
      const job = this.jobs.get(key)
      if (job !== undefined && job.row.removedAt === null) freed.add(job.row.id)
    }
    return this.#addedConflict(batch.added, freed) ?? this.#claimConflict(batch)
  }

  /** Applies a batch that has no conflict. */
  apply(batch: StoreBatch, epoch: number): void {
    const at = batchInstant(batch, this.latest)
    this.latest = Math.max(this.latest, at)
    for (const { key, removedAt } of batch.removed) this.#remove(key, removedAt)
    for (const row of batch.added) this.#add(row, at)
    for (const row of batch.redefined) this.#redefine(row)
    for (const row of batch.states) this.#state(row, at)
    for (const row of batch.claims) this.#claim(row, epoch)
    for (const row of batch.settled) this.#settle(row)
    for (const row of batch.ledger) this.#record(row)
  }

  deleteRun(runKey: number): void {
    const run = this.runs.get(runKey)
    if (run === undefined) {
      return
    }
    if (run.finished !== null) this.finished.remove(run.finished)
    this.runs.delete(runKey)
    this.live.delete(runKey)
    this.jobs.get(run.row.jobKey)?.runs?.delete(runIdentity(run.row))
  }

  deleteLedger(key: number): void {
    const entry = this.ledger.get(key)
    if (entry === undefined) {
      return
    }
    this.recorded.remove(entry.recorded)
    this.ledger.delete(key)
    this.jobs.get(entry.row.jobKey)?.ledger?.delete(key)
  }

  deleteJob(key: number): void {
    const job = this.jobs.get(key)
    if (job === undefined) {
      return
    }
    if (job.wake !== null) this.#wakesOf(job.row.executor).remove(job.wake)
    if (job.retired !== null) this.retired.remove(job.retired)
    if (job.row.removedAt === null) this.ids.delete(job.row.id)
    this.jobs.delete(key)
  }

  #addedConflict(added: StoreBatch["added"], freed: ReadonlySet<string>): string | null {
    const ids = new Set<string>()
    const keys = new Set<number>()
    for (const { id, key } of added) {
      if ((this.ids.has(id) && !freed.has(id)) || ids.has(id)) return `a job with id ${JSON.stringify(id)} exists`
      if (this.jobs.has(key) || keys.has(key)) return `a job with key ${key} exists`
      ids.add(id)
      keys.add(key)
    }
    return null
  }

  #claimConflict(batch: StoreBatch): string | null {
    const added = new Set(batch.claims.length === 0 ? [] : batch.added.map(({ key }) => key))
    const keys = new Set<number>()
    const identities = new Set<string>()
    for (const claim of batch.claims) {
      const { runKey, jobKey } = claim
      const identity = runIdentity(claim)
      const job = this.jobs.get(jobKey)
      if (job === undefined && !added.has(jobKey)) return `run ${runKey} names job ${jobKey}, which does not exist`
      if (this.runs.has(runKey) || keys.has(runKey)) return `a run with key ${runKey} exists`
      if (job?.runs?.has(identity) === true || identities.has(`${jobKey}/${identity}`)) {
        return `job ${jobKey} has a run for fire time ${claim.fireAt}, request ${claim.request}`
      }
      keys.add(runKey)
      identities.add(`${jobKey}/${identity}`)
    }
    return null
  }

  #remove(key: number, removedAt: EpochMillis): void {
    const job = this.jobs.get(key)
    if (job === undefined || job.row.removedAt !== null) {
      return
    }
    this.ids.delete(job.row.id)
    job.row = { ...job.row, removedAt, wakeAt: null }
    this.#wake(job)
    this.#retire(job, removedAt)
  }

  #add(added: JobDefinitionRow & JobStateRow, at: EpochMillis): void {
    const { key, value } = added
    const row: JobRow = { ...added, removedAt: null }
    const job: MemoryJob = { row, wake: null, retired: null, runs: null, liveRuns: 0, ledger: null }
    this.jobs.set(key, job)
    this.ids.set(row.id, key)
    this.nextJobKey = Math.max(this.nextJobKey, key + 1)
    this.#wake(job)
    if (value === "done") this.#retire(job, at)
  }

  #redefine(definition: JobDefinitionRow & { readonly key: number }): void {
    const job = this.jobs.get(definition.key)
    if (job !== undefined) {
      const { task, executor, trigger, stream, args, rules, notes, addedAt } = definition
      this.#route(job, executor)
      job.row = { ...job.row, task, executor, trigger, stream, args, rules, notes, addedAt }
    }
  }

  #state({ key, value, wakeAt, fault, executor, memory }: JobStateRow, at: EpochMillis): void {
    const job = this.jobs.get(key)
    if (job === undefined) {
      return
    }
    const wasDone = job.row.value === "done"
    this.#route(job, executor)
    job.row = { ...job.row, value, wakeAt, fault, executor, memory }
    this.#wake(job)
    if (job.row.removedAt === null) {
      if (value === "done") this.#retire(job, at)
      else if (wasDone) this.#retire(job, null)
    }
  }

  #claim(claim: ClaimRow, epoch: number): void {
    const { runKey, jobKey, fireAt, request, claimedAt, args } = claim
    const job = this.jobs.get(jobKey)
    if (job === undefined) {
      return
    }
    const row: RunRow = {
      runKey,
      jobKey,
      fireAt,
      request,
      claimedAt,
      args,
      jobId: job.row.id,
      epoch,
      attempt: 1,
      startedAt: null,
      finishedAt: null,
      outcome: null,
      result: null,
      error: null
    }
    this.runs.set(runKey, { row, finished: null })
    this.live.add(runKey)
    job.runs ??= new Map()
    job.runs.set(runIdentity(claim), runKey)
    job.liveRuns += 1
    this.nextRunKey = Math.max(this.nextRunKey, runKey + 1)
  }

  #settle({ runKey, attempt, startedAt, finishedAt, outcome, result, error }: SettleRow): void {
    const run = this.runs.get(runKey)
    if (run === undefined || run.finished !== null) {
      return
    }
    run.row = { ...run.row, attempt, startedAt, finishedAt, outcome, result, error }
    if (finishedAt !== null) {
      run.finished = this.finished.add(finishedAt, runKey)
      this.live.delete(runKey)
      const job = this.jobs.get(run.row.jobKey)
      if (job !== undefined) job.liveRuns -= 1
    }
  }

  #record({ jobKey, kind, fromAt, throughAt, count, reason, runKey, at }: LedgerRow): void {
    const job = this.jobs.get(jobKey)
    if (job === undefined) {
      return
    }
    const key = this.nextLedgerKey++
    const row = { jobKey, kind, fromAt, throughAt, count, reason, runKey, at, jobId: job.row.id }
    job.ledger ??= new Set()
    job.ledger.add(key)
    this.ledger.set(key, { row, recorded: this.recorded.add(at, key) })
  }

  #wake(job: MemoryJob): void {
    job.wake = this.#place(this.#wakesOf(job.row.executor), job.wake, job.row.wakeAt, job.row.key)
  }

  #wakesOf(executor: string): InstantHeap {
    const known = this.wakes.get(executor)
    if (known !== undefined) {
      return known
    }
    const wakes = new InstantHeap()
    this.wakes.set(executor, wakes)
    return wakes
  }

  /** Takes the wake-up out of the order of an executor that the job leaves; it goes into the new one's as it was. */
  #route(job: MemoryJob, executor: string): void {
    if (executor === job.row.executor) {
      return
    }
    if (job.wake !== null) this.#wakesOf(job.row.executor).remove(job.wake)
    job.wake = null
    job.row = { ...job.row, executor }
    this.#wake(job)
  }

  #retire(job: MemoryJob, at: EpochMillis | null): void {
    job.retired = this.#place(this.retired, job.retired, at, job.row.key)
  }

  #place(order: InstantHeap, entry: HeapEntry | null, at: EpochMillis | null, key: number): HeapEntry | null {
    if (at === null) {
      if (entry !== null) order.remove(entry)
      return null
    }
    if (entry === null) {
      return order.add(at, key)
    }
    if (entry.at !== at) order.move(entry, at)
    return entry
  }
}

const runIdentity = ({ fireAt, request }: { readonly fireAt: EpochMillis; readonly request: number }): string =>
  `${fireAt}/${request}`
