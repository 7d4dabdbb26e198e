/** Takes what is due from a store, executor by executor, and lets each job decide. Remembers when there is nothing to ask. */
import { Effect } from "effect"
import { dueFireTimes } from "../../job/dueFireTimes.ts"
import { firesHeld, waitOverAt, wakeAtOf } from "../../job/snapshot.ts"
import type { JobRow, OpenStore } from "../../store/jobStore.ts"
import type { StoreError } from "../../store/storeError.ts"
import type { TaskRegistry } from "../../task/taskRegistry.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Timers } from "../../time/timers.ts"
import type { Dispatcher } from "../dispatcher.ts"
import type { Job, JobCodec } from "../job/jobCodec.ts"
import { JobUnreadableError } from "../job/jobCodec.ts"
import { triggerFault, unknownExecutor, unknownTask } from "../job/jobFaults.ts"
import type { UnitOfWork } from "./unitOfWork.ts"
import type { JobCache } from "./jobCache.ts"

/** "No job of this executor has a wake-up": later than any instant, and not `Infinity`, which stands for "not known". */
const never = Number.MAX_SAFE_INTEGER

/**
 * A store that again and again says that a job is due and has none contradicts itself: it is damaged. It is looked at once in
 * `idleMs` then, else the look would follow itself for ever.
 */
const mostIdleReads = 3
const idleMs = 1000
/** After this long the other due jobs of an executor wait for the next turn: counting what one missed may take some ten milliseconds. */
const mostMs = 30
/** For how long a job is passed over that the store refuses to write. */
const asideMs = 60_000

interface DueEnvironment {
  readonly codec: JobCodec
  readonly tasks: TaskRegistry
  readonly dispatcher: Dispatcher
  readonly timers: Timers
}

export class DueJobs {
  private readonly store: OpenStore
  private readonly cache: JobCache
  private readonly environment: DueEnvironment
  /** Reads of what is due that failed in a row. */
  private failures = 0
  /** Per executor, an instant before which none of its jobs can be due. */
  private readonly notBefore = new Map<string, EpochMillis>()
  /** Per executor, looks in a row that found nothing due. */
  private readonly idleReads = new Map<string, number>()
  /** Keys of jobs that the store refuses to write, and until when they are passed over, by monotonic time. */
  private readonly aside = new Map<number, number>()
  /** Keys of due jobs that may not start before another has ended, see `suspects.ts`. */
  private readonly held = new Set<number>()
  private readonly mayStart: (job: Job) => boolean

  constructor(store: OpenStore, cache: JobCache, around: DueEnvironment, mayStart: (job: Job) => boolean) {
    this.store = store
    this.cache = cache
    this.environment = around
    this.mayStart = mayStart
  }

  /**
   * Brings at most `most` due jobs of each executor that has room into the unit; the executors that may have more due. `alone`:
   * one job of one executor, so that a refusal of the commit is a refusal of that job.
   */
  take(unit: UnitOfWork, most: number, alone: boolean): Effect.Effect<Set<string>, StoreError> {
    const full = new Set<string>()
    let found = false
    const { dispatcher } = this.environment
    const wanted = dispatcher.names.filter((name) => (this.notBefore.get(name) ?? -Infinity) <= unit.now)
    if (wanted.length === 0) return Effect.succeed(full)
    return Effect.as(
      Effect.forEach(
        wanted,
        (name) => {
          const limit = Math.min(alone ? 1 : most, dispatcher.free(name))
          if (limit === 0) return Effect.void
          if (alone && found) {
            full.add(name)
            return Effect.void
          }
          return Effect.map(this.read(name, unit.now, limit), (rows) => {
            let served = 0
            found ||= rows.length > 0
            const heldBefore = this.held.size
            const startedAt = this.environment.timers.monotonicMillis()
            let left = rows.length
            for (const row of rows) {
              if (left < rows.length && this.environment.timers.monotonicMillis() - startedAt > mostMs) break
              left -= 1
              if (this.serve(unit, row, name)) served += 1
            }
            served += this.held.size - heldBefore
            if (served > 0) this.idleReads.delete(name)
            else this.idleReads.set(name, (this.idleReads.get(name) ?? 0) + 1)
            if (left > 0 || rows.length === limit) full.add(name)
            else this.notBefore.set(name, Infinity)
          })
        },
        { discard: true }
      ),
      full
    )
  }

  /** True when what is due cannot be read, try after try: the store does not count as back before it can. */
  get unreadable(): boolean {
    return this.failures > 2
  }

  /** Reads what is due and leaves it: whether a store that was away can be read. */
  findUnreadable(now: EpochMillis, most: number): Effect.Effect<void, StoreError> {
    return Effect.forEach(this.environment.dispatcher.names, (name) => this.read(name, now, most), { discard: true })
  }

  /** After the commit: asks for the next wake-up of each executor that has nothing more due. */
  learnNext(full: ReadonlySet<string>, now: EpochMillis): Effect.Effect<void, StoreError> {
    const unknown = this.environment.dispatcher.names.filter(
      (name) => this.notBefore.get(name) === Infinity && !full.has(name)
    )
    if (unknown.length === 0) return Effect.void
    return Effect.forEach(
      unknown,
      (name) =>
        Effect.map(this.nextWakeAt(name), (at) => {
          const contradicts = at !== null && at <= now && (this.idleReads.get(name) ?? 0) >= mostIdleReads
          this.notBefore.set(name, contradicts ? now + idleMs : (at ?? never))
        }),
      { discard: true }
    )
  }

  /** A commit gave a job another wake-up. */
  noteChanged(job: Job): void {
    this.aside.delete(job.key)
    this.held.delete(job.key)
    const known = this.notBefore.get(job.row.executor) ?? -Infinity
    // Not known yet: the store is asked after this commit. This job's wake-up need not be the earliest.
    if (known === Infinity) return
    const wakeAt = wakeAtOf(job.memory, job.rules, job.trigger.after === "run")
    if (wakeAt !== null && wakeAt < known) this.notBefore.set(job.row.executor, wakeAt)
  }

  /** When to look again: the earliest wake-up of an executor that has room. A full one looks when a run has ended. */
  earliest(): EpochMillis | null {
    let earliest: EpochMillis | null = null
    for (const name of this.environment.dispatcher.names) {
      if (this.environment.dispatcher.free(name) === 0) continue
      const at = this.notBefore.get(name) ?? -Infinity
      if (at !== never && (earliest === null || at < earliest)) earliest = at
    }
    return earliest
  }

  forget(): void {
    this.notBefore.clear()
    this.held.clear()
  }

  isHeld(key: number): boolean {
    return this.held.has(key)
  }

  /** The store refuses to write this job, even to park it: for a while the others go first. */
  quarantine(key: number): void {
    this.aside.set(key, this.environment.timers.monotonicMillis() + asideMs)
  }

  private read(executor: string, now: EpochMillis, most: number): Effect.Effect<ReadonlyArray<JobRow>, StoreError> {
    return Effect.tapBoth(this.readPastAside(executor, now, most), {
      onFailure: () => Effect.sync(() => (this.failures += 1)),
      onSuccess: () => Effect.sync(() => (this.failures = 0))
    })
  }

  private readPastAside(
    executor: string,
    now: EpochMillis,
    most: number
  ): Effect.Effect<ReadonlyArray<JobRow>, StoreError> {
    const { aside, held, store } = this
    if (aside.size === 0 && held.size === 0) return store.due(executor, now, most)
    const monotonicMs = this.environment.timers.monotonicMillis()
    for (const [key, untilMs] of aside) if (untilMs <= monotonicMs) aside.delete(key)
    return Effect.map(store.due(executor, now, most + aside.size + held.size), (rows) =>
      rows.filter(({ key }) => !aside.has(key) && !held.has(key)).slice(0, most)
    )
  }

  /** Past those that are held, which wait for no instant. */
  private nextWakeAt(executor: string): Effect.Effect<EpochMillis | null, StoreError> {
    const { held, store } = this
    if (held.size === 0) return store.nextWakeAt(executor)
    return Effect.map(
      store.due(executor, never, held.size + 1),
      (rows) => rows.find(({ key }) => !held.has(key))?.wakeAt ?? null
    )
  }

  /** What is due of one job: fire times, then attempts and queued fire times whose wait is over. False when nothing was due. */
  private serve(unit: UnitOfWork, row: JobRow, executor: string): boolean {
    const known = unit.byKey(row.key) ?? this.cache.byKey(row.key)
    let job = known === undefined ? loadRow(unit, row, this.environment.codec) : unit.load(known)
    if (job === undefined) return false
    const { now } = unit
    if (job.row.executor !== executor) {
      // The file has it under the wrong executor: it is written anew under its own, which looks for it then.
      if (this.environment.dispatcher.has(job.row.executor)) unit.touch(job)
      else unit.park(job, unknownExecutor(job.row.executor))
      return true
    }
    const fixedDelay = job.trigger.after === "run"
    const wakeAt = wakeAtOf(job.memory, job.rules, fixedDelay)
    if (wakeAt === null || wakeAt > now) {
      unit.touch(job)
      return false
    }
    if (this.environment.tasks.find(job.row.task) === undefined) {
      unit.park(job, unknownTask(job.row.task))
      return true
    }
    if (!this.mayStart(job)) {
      this.held.add(row.key)
      return false
    }
    // Fire times before attempts: an overlap policy may end the very run whose next attempt is due.
    job = this.serveFireTimes(unit, job)
    const waitsUntil = waitOverAt(job.memory, job.rules)
    if (waitsUntil !== null && waitsUntil <= now)
      unit.step(job, { type: "waitOver", now, firstRunKey: unit.nextRunKey })
    return true
  }

  private serveFireTimes(unit: UnitOfWork, job: Job): Job {
    const first = job.memory.nextFireAt
    if (
      job.memory.pausedAt !== null ||
      first === null ||
      first > unit.now ||
      firesHeld(job.memory, job.trigger.after === "run")
    )
      return job
    try {
      return unit.due(job, dueFireTimes(job.trigger, first, unit.now, job.rules)) ?? job
    } catch (error) {
      unit.park(job, triggerFault(job, error))
      return unit.byKey(job.key) ?? job
    }
  }
}

/** Decodes a row into the unit. One that cannot be read is parked there, its bytes kept, and gives `undefined`. */
export const loadRow = (unit: UnitOfWork, row: JobRow, codec: JobCodec): Job | undefined => {
  try {
    return unit.load(codec.decode(row))
  } catch (error) {
    if (!(error instanceof JobUnreadableError)) throw error
    if (row.fault && row.wakeAt === null) unit.unreadableKeys.set(row.id, row.key)
    else unit.parkUnreadable(row, error.message)
    return undefined
  }
}
