/**
 * A decision while it is made: a private copy of the job's memory, and the answer so far. The actions of a transition change it one after
 * the other. Pure to whoever asks for the decision.
 */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { FireRange } from "./fireRange.ts"
import type { AnswerEntry, Claim, Ended, JobAnswer, JobContext, JobEvent } from "./jobEvent.ts"
import { noAnswer } from "./jobEvent.ts"
import type { JobRules } from "./rules.ts"
import type { LedgerKind } from "./ledger.ts"
import type { MisfireReason } from "./misfire.ts"
import type { LiveRun } from "./run.ts"
import type { JobMemory, QueuedFire } from "./snapshot.ts"

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What a run on request is asked for with. */
export type Request = Pick<QueuedFire, "fireAt" | "args" | "caller" | "retryOf" | "ticket">

/** What actions lead to. */
export interface JobDecision {
  readonly memory: JobMemory
  readonly answer: JobAnswer
}

export class JobDraft {
  readonly jobId: string
  readonly rules: JobRules
  private readonly given: JobMemory
  private own: Mutable<JobMemory> | null = null
  private claims: Array<Claim> | null = null
  private retries: Array<LiveRun> | null = null
  private ended: Array<Ended> | null = null
  private cancels: Array<number> | null = null
  private entries: Array<AnswerEntry> | null = null
  private before: JobAnswer
  private readonly firstRunKey: number

  /** `event`: names the key of the first run, if it may claim; what earlier actions of its step claimed is counted on. */
  constructor(context: JobContext, event: Pick<JobEvent, "type"> & { readonly firstRunKey?: number }) {
    this.jobId = context.jobId
    this.rules = context.rules
    this.given = context.memory
    this.before = context.answer
    this.firstRunKey = event.firstRunKey ?? Number.NaN
  }

  /** A copy from the first time on that somebody asks for it. */
  get memory(): Mutable<JobMemory> {
    return (this.own ??= copied(this.given))
  }

  /** What was claimed so far. */
  get claimed(): ReadonlyArray<Claim> {
    return this.claims ?? this.before.claims
  }

  /** Attempts that have ended so far. */
  get endedSoFar(): ReadonlyArray<Ended> {
    return this.ended ?? this.before.ended
  }

  /** Forgets what was decided about the event before. */
  answerAnew(): void {
    this.before = noAnswer
  }

  /** Claims a run for a fire time; the key of it. */
  claim(fireAt: EpochMillis, args?: Json): number {
    const runKey = args === undefined ? this.beginPlain(fireAt) : this.begin({ fireAt, args }, false)
    this.memory.runCount += 1
    this.memory.lastFireAt = fireAt
    this.memory.misfire = null
    return runKey
  }

  /** Claims a run on request. */
  claimRequest({ fireAt, args, caller, retryOf, ticket }: Request): void {
    this.begin(
      {
        fireAt,
        ...(args === undefined ? {} : { args }),
        ...(caller === undefined ? {} : { caller }),
        ...(retryOf === undefined ? {} : { retryOf }),
        ...(ticket === undefined ? {} : { ticket })
      },
      true
    )
  }

  private begin({ ticket, ...own }: Request, requested: boolean): number {
    const runKey = this.takeRunKey()
    const run = { runKey, attempt: 1, retryAt: null, ...own }
    const claim = { runKey, requested, ...own }
    this.add(requested ? { ...run, requested } : run, ticket === undefined ? claim : { ...claim, ticket })
    return runKey
  }

  /** The same for what most runs are: no spread, for they are many. */
  private beginPlain(fireAt: EpochMillis): number {
    const runKey = this.takeRunKey()
    this.add({ runKey, fireAt, attempt: 1, retryAt: null }, { runKey, requested: false, fireAt })
    return runKey
  }

  private takeRunKey(): number {
    const runKey = this.firstRunKey + this.claimed.length
    // Any key would be another run's.
    if (Number.isNaN(runKey)) throw new TypeError("a run is claimed for an event that names no key for it")
    return runKey
  }

  private add(run: LiveRun, claim: Claim): void {
    this.memory.live = [...this.memory.live, run]
    ;(this.claims ??= [...this.before.claims]).push(claim)
  }

  /** The run as it will be while its next attempt is under way. */
  retry(run: LiveRun): void {
    ;(this.retries ??= [...this.before.retries]).push(run)
  }

  end(run: LiveRun, outcome: Ended["outcome"], retryAt: Ended["retryAt"]): void {
    ;(this.ended ??= [...this.before.ended]).push({ run, outcome, retryAt })
  }

  cancel(runKey: number): void {
    ;(this.cancels ??= [...this.before.cancels]).push(runKey)
  }

  queue(fire: QueuedFire): void {
    this.memory.queue = [...this.memory.queue, fire]
  }

  misfire(range: FireRange | null, reason: MisfireReason): void {
    if (range === null) return
    this.record("misfired", range, reason, null)
    this.memory.misfire = reason
  }

  record(kind: LedgerKind, range: FireRange, reason: MisfireReason | null, into: number | null): void {
    ;(this.entries ??= [...this.before.entries]).push({
      kind,
      from: range.from,
      through: range.through,
      count: range.count,
      reason,
      into
    })
  }

  decision(): JobDecision {
    const { before, claims, retries, ended, cancels, entries } = this
    const memory = this.own ?? this.given
    if ((claims ?? retries ?? ended ?? cancels ?? entries) === null) return { memory, answer: before }
    return {
      memory,
      answer: {
        claims: claims ?? before.claims,
        retries: retries ?? before.retries,
        ended: ended ?? before.ended,
        cancels: cancels ?? before.cancels,
        entries: entries ?? before.entries
      }
    }
  }
}

/** Field by field, each of which the compiler asks for: a spread costs several times as much, and a run is three. */
const copied = (memory: JobMemory): Mutable<JobMemory> => ({
  cursor: memory.cursor,
  since: memory.since,
  nextFireAt: memory.nextFireAt,
  lastFireAt: memory.lastFireAt,
  lastOutcome: memory.lastOutcome,
  live: memory.live,
  queue: memory.queue,
  catchUpThrough: memory.catchUpThrough,
  backlog: memory.backlog,
  runCount: memory.runCount,
  crashes: memory.crashes,
  exhausted: memory.exhausted,
  misfire: memory.misfire,
  pausedAt: memory.pausedAt,
  fault: memory.fault,
  removed: memory.removed,
  countsAfterRun: memory.countsAfterRun,
  countsAfterEntry: memory.countsAfterEntry,
  skipped: memory.skipped
})
