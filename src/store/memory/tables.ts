/**
 * The memory store's rows, and how a batch changes them: all of it or nothing. Plain synchronous data, no Effect.
 * Some lines over 300, for rows written out field by field.
 */
import type { EpochMillis } from "../../time/instant.ts"
import { batchInstant } from "../batchInstant.ts"
import type { HeapEntry, MovableEntry } from "../../time/instantHeap.ts"
import { entryAt, InstantHeap } from "../../time/instantHeap.ts"
import type {
  CheckpointRow,
  ClaimRow,
  JobDefinitionRow,
  JobRow,
  JobStateRow,
  LedgerRow,
  RunRow,
  SettleRow,
  StoreBatch,
  StoredEventsRow
} from "../jobStore.ts"
import type { JobState } from "../../job/snapshot.ts"
import { RunMessages } from "./runMessages.ts"
import { RunsByFireTime } from "./runsByFireTime.ts"

/** A job with its places in the orders, and the runs that make it unremovable. */
export interface MemoryJob {
  row: JobRow
  wake: MovableEntry | null
  retired: MovableEntry | null
  /** Made with the first run, since most of a million jobs wait for theirs. */
  runs: RunsByFireTime<MemoryRun> | null
  liveRuns: number
  /** Keys of its ledger entries. */
  ledger: Set<number> | null
}

/**
 * A run in one object, which is its own entry in the order of finished runs: a store may hold millions. Readers get rows.
 * Instants but one are kept as the steps from each to the next: a small number is part of the object, an instant is one more.
 */
export class MemoryRun implements HeapEntry {
  readonly key: number
  readonly job: MemoryJob
  readonly fireAt: EpochMillis
  readonly request: number
  readonly args: string | null
  readonly epoch: number
  attempt = 1
  outcome: RunRow["outcome"] = null
  result: string | null = null
  error: string | null = null
  slot = -1
  readonly #toClaim: number
  #toStart: number | null = null
  #toFinish: number | null = null

  constructor(claim: ClaimRow, job: MemoryJob, epoch: number) {
    this.key = claim.runKey
    this.job = job
    this.fireAt = claim.fireAt
    this.request = claim.request
    this.args = claim.args
    this.epoch = epoch
    this.#toClaim = claim.claimedAt - claim.fireAt
  }

  settle({ attempt, startedAt, finishedAt, outcome, result, error }: SettleRow): void {
    const { claimedAt } = this
    this.attempt = attempt
    this.outcome = outcome
    this.result = result
    this.error = error
    this.#toStart = startedAt === null ? null : startedAt - claimedAt
    this.#toFinish = finishedAt === null ? null : finishedAt - claimedAt
  }

  get claimedAt(): EpochMillis {
    return this.fireAt + this.#toClaim
  }

  get startedAt(): EpochMillis | null {
    return this.#toStart === null ? null : this.claimedAt + this.#toStart
  }

  get finishedAt(): EpochMillis | null {
    return this.#toFinish === null ? null : this.claimedAt + this.#toFinish
  }

  /** Its place among the finished. */
  get at(): EpochMillis {
    return this.claimedAt + (this.#toFinish ?? 0)
  }

  /** Field by field, as everything here that is made for each run: a spread costs ten times as much. */
  get row(): RunRow {
    const { key: jobKey, id: jobId } = this.job.row
    return {
      runKey: this.key,
      jobKey,
      fireAt: this.fireAt,
      request: this.request,
      claimedAt: this.claimedAt,
      args: this.args,
      jobId,
      epoch: this.epoch,
      attempt: this.attempt,
      startedAt: this.startedAt,
      finishedAt: this.finishedAt,
      outcome: this.outcome,
      result: this.result,
      error: this.error
    }
  }
}

export interface MemoryLedger {
  readonly row: LedgerRow & { readonly jobId: string }
  readonly recorded: MovableEntry
}

/** Everything a memory store holds. Outlives the scope of an owner, so a restart finds it. */
export class MemoryTables {
  readonly jobs = new Map<number, MemoryJob>()
  /** Jobs that are not removed. */
  readonly ids = new Map<string, number>()
  /** Those that are, by the id that they had. */
  readonly #removed = new Map<string, Set<MemoryJob>>()
  readonly runs = new Map<number, MemoryRun>()
  /** Keys of unfinished runs. */
  readonly live = new Set<number>()
  /** Of unfinished runs, by key. */
  readonly checkpoints = new Map<number, Required<Omit<CheckpointRow, "runKey">>>()
  readonly messages = new RunMessages()
  /** What commits have told, by number, ascending. */
  readonly events = new Map<number, StoredEventsRow>()
  readonly ledger = new Map<number, MemoryLedger>()
  /** Wake-ups by executor. */
  readonly wakes = new Map<string, InstantHeap>()
  readonly finished = new InstantHeap<MemoryRun>()
  readonly recorded = new InstantHeap()
  /** Done and removed jobs, by the instant they became so. */
  readonly retired = new InstantHeap()
  /** How many jobs that are not removed are in each state, and the keys of those that are parked. */
  readonly counts = new Map<JobState, number>()
  readonly parked = new Set<number>()
  /** Keys of jobs in order, those of deleted ones among them until they are as many. */
  #keys: Array<number> = []
  nextJobKey = 1
  nextRunKey = 1
  nextLedgerKey = 1
  nextEvents = 1
  readonly marks = new Map<string, string>()
  latest: EpochMillis = 0

  /** What keeps `batch` from being applied, in words, or `null`. */
  conflict(batch: StoreBatch): string | null {
    const freed = new Set<string>()
    for (const { key } of batch.removed) {
      const job = this.jobs.get(key)
      if (job !== undefined && job.row.removedAt === null) freed.add(job.row.id)
    }
    const { events } = batch
    if (events !== undefined && events.number < this.nextEvents) return `events with number ${events.number} exist`
    return this.#addedConflict(batch.added, freed) ?? this.#claimConflict(batch)
  }

  /** Applies a batch that has no conflict. */
  apply(batch: StoreBatch, epoch: number): void {
    const at = batchInstant(batch, this.latest)
    this.latest = Math.max(this.latest, at)
    for (const { key, removedAt } of batch.removed) this.#remove(key, removedAt)
    for (const row of batch.added) this.#add(row, at)
    // Those that this batch itself adds; the others have gone, and are left as they are.
    if (batch.added.length > 0) for (const { key, removedAt } of batch.removed) this.#remove(key, removedAt)
    for (const row of batch.redefined) this.#redefine(row)
    for (const row of batch.states) this.#state(row, at)
    for (const row of batch.claims) this.#claim(row, epoch)
    for (const row of batch.messages ?? []) if (this.live.has(row.runKey)) this.messages.add(row)
    for (const row of batch.checkpoints ?? []) if (this.live.has(row.runKey)) this.#checkpoint(row)
    for (const row of batch.settled) this.#settle(row)
    for (const row of batch.ledger) this.#record(row)
    if (batch.events !== undefined) {
      const { number, text } = batch.events
      this.events.set(number, { number, at, text })
      this.nextEvents = Math.max(this.nextEvents, number + 1)
    }
    for (const { name, value } of batch.marks ?? []) {
      if (value === null) this.marks.delete(name)
      else this.marks.set(name, value)
    }
  }

  /** Rows of jobs with a key above `afterKey`, by key. */
  *rowsAfter(afterKey: number): Generator<JobRow, undefined> {
    const keys = this.#keys
    for (let at = placeAfter(keys, afterKey); at < keys.length; at++) {
      const job = this.jobs.get(keys[at] ?? 0)
      if (job !== undefined) yield job.row
    }
  }

  /** Every job that has or had this id. */
  jobsOf(id: string): ReadonlyArray<MemoryJob> {
    const key = this.ids.get(id)
    const present = key === undefined ? undefined : this.jobs.get(key)
    const removed = [...(this.#removed.get(id) ?? [])]
    return present === undefined ? removed : [...removed, present]
  }

  /** Of a run that has finished. */
  deleteRun(runKey: number): void {
    const run = this.runs.get(runKey)
    if (run === undefined) {
      return
    }
    this.finished.remove(run)
    this.runs.delete(runKey)
    run.job.runs?.delete(run)
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

  deleteJob(job: MemoryJob): void {
    if (job.wake !== null) this.#wakesOf(job.row.executor).remove(job.wake)
    if (job.retired !== null) this.retired.remove(job.retired)
    const { key, id, removedAt } = job.row
    if (removedAt === null) {
      this.ids.delete(id)
      this.#count(job.row, -1)
    } else {
      const namesakes = this.#removed.get(id)
      namesakes?.delete(job)
      if (namesakes?.size === 0) this.#removed.delete(id)
    }
    this.jobs.delete(key)
    if (this.#keys.length > 2 * this.jobs.size + 100) this.#keys = this.#keys.filter((each) => this.jobs.has(each))
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

  /** Claims mostly come with rising keys and fire times; only what does not is searched for. */
  #claimConflict({ claims, added }: StoreBatch): string | null {
    if (claims.length === 0) return null
    const addedKeys = new Set(added.map(({ key }) => key))
    const newestFires = new Map<number, EpochMillis>()
    let newestKey = -Infinity
    for (const claim of claims) {
      const { runKey, jobKey, fireAt, request } = claim
      const job = this.jobs.get(jobKey)
      if (job === undefined && !addedKeys.has(jobKey)) return `run ${runKey} names job ${jobKey}, which does not exist`
      // A key that was never given is not looked for: in a map of millions that takes longer than all the rest.
      const known =
        (runKey < this.nextRunKey && this.runs.has(runKey)) ||
        (runKey <= newestKey && repeats(claims, claim, isSameKey))
      if (known) return `a run with key ${runKey} exists`
      const newestFire = newestFires.get(jobKey)
      const again = newestFire !== undefined && fireAt <= newestFire && repeats(claims, claim, isSameFire)
      if (again || job?.runs?.has(fireAt, request) === true)
        return `job ${jobKey} has a run for fire time ${fireAt}, request ${request}`
      newestKey = Math.max(newestKey, runKey)
      if (newestFire === undefined || fireAt > newestFire) newestFires.set(jobKey, fireAt)
    }
    return null
  }

  #remove(key: number, removedAt: EpochMillis): void {
    const job = this.jobs.get(key)
    if (job === undefined || job.row.removedAt !== null) {
      return
    }
    const { id } = job.row
    this.ids.delete(id)
    this.#count(job.row, -1)
    this.#removed.set(id, (this.#removed.get(id) ?? new Set()).add(job))
    job.row = { ...job.row, removedAt, wakeAt: null }
    this.#wake(job)
    this.#retire(job, removedAt)
  }

  #add(added: JobDefinitionRow & JobStateRow, at: EpochMillis): void {
    const { key, value } = added
    const row: JobRow = { ...added, removedAt: null }
    const job: MemoryJob = { row, wake: null, retired: null, runs: null, liveRuns: 0, ledger: null }
    this.jobs.set(key, job)
    if (key > (this.#keys.at(-1) ?? -Infinity)) this.#keys.push(key)
    else {
      const at = placeAfter(this.#keys, key)
      // Of a job that was deleted.
      if (this.#keys[at - 1] !== key) this.#keys.splice(at, 0, key)
    }
    this.ids.set(row.id, key)
    this.#count(row, 1)
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
    const before = job.row
    job.row = {
      key,
      id: before.id,
      task: before.task,
      executor,
      trigger: before.trigger,
      stream: before.stream,
      args: before.args,
      rules: before.rules,
      notes: before.notes,
      addedAt: before.addedAt,
      value,
      wakeAt,
      fault,
      memory,
      removedAt: before.removedAt
    }
    this.#wake(job)
    if (job.row.removedAt === null) {
      if (before.value !== value || before.fault !== fault) {
        this.#count(before, -1)
        this.#count(job.row, 1)
      }
      if (value === "done") this.#retire(job, at)
      else if (wasDone) this.#retire(job, null)
    }
  }

  #claim(claim: ClaimRow, epoch: number): void {
    const job = this.jobs.get(claim.jobKey)
    if (job === undefined) {
      return
    }
    const run = new MemoryRun(claim, job, epoch)
    this.runs.set(run.key, run)
    this.live.add(run.key)
    job.runs ??= new RunsByFireTime()
    job.runs.add(run)
    job.liveRuns += 1
    this.nextRunKey = Math.max(this.nextRunKey, run.key + 1)
  }

  #checkpoint({ runKey, text, received = 0 }: CheckpointRow): void {
    const before = this.checkpoints.get(runKey)?.received ?? 0
    this.checkpoints.set(runKey, { text, received: Math.max(before, received) })
    if (received > 0) this.messages.take(runKey, received)
  }

  #settle(row: SettleRow): void {
    const run = this.runs.get(row.runKey)
    if (run === undefined || run.finishedAt !== null) {
      return
    }
    run.settle(row)
    if (row.finishedAt !== null) {
      this.finished.insert(run)
      this.live.delete(run.key)
      this.checkpoints.delete(run.key)
      this.messages.end(run.key)
      run.job.liveRuns -= 1
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
    const recorded = entryAt(at, key)
    this.recorded.insert(recorded)
    this.ledger.set(key, { row, recorded })
  }

  #count({ key, value, fault }: JobRow, by: 1 | -1): void {
    this.counts.set(value, (this.counts.get(value) ?? 0) + by)
    if (fault && by === 1) this.parked.add(key)
    else this.parked.delete(key)
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

  #place(order: InstantHeap, entry: MovableEntry | null, at: EpochMillis | null, key: number): MovableEntry | null {
    if (at === null) {
      if (entry !== null) order.remove(entry)
      return null
    }
    if (entry === null) {
      const added = entryAt(at, key)
      order.insert(added)
      return added
    }
    if (entry.at !== at) order.move(entry, at)
    return entry
  }
}

/** The first place in an ascending list of a number above `key`. */
const placeAfter = (keys: ReadonlyArray<number>, key: number): number => {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] ?? Infinity) <= key) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether one before `claim` in the list is the same, be it the very object. */
const repeats = (
  claims: ReadonlyArray<ClaimRow>,
  claim: ClaimRow,
  isSame: (one: ClaimRow, other: ClaimRow) => boolean
): boolean => claims.slice(0, claims.lastIndexOf(claim)).some((other) => isSame(other, claim))

const isSameKey = (one: ClaimRow, other: ClaimRow): boolean => one.runKey === other.runKey

const isSameFire = (one: ClaimRow, other: ClaimRow): boolean =>
  one.jobKey === other.jobKey && one.fireAt === other.fireAt && one.request === other.request
