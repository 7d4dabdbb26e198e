/**
 * Takes what is due from a store and lets each job decide. Remembers when there is nothing to ask, and what is left out.
 * A few lines long of 300: what is left out and when it is asked again belong together.
 */
import { Effect } from "effect"
import { dueFireTimes } from "../../job/dueFireTimes.ts"
import { firesHeld, waitOverAt, wakeAtOf } from "../../job/snapshot.ts"
import type { DueAnswer, DueOfExecutor, JobRow, OpenStore, WakePlace } from "../../store/jobStore.ts"
import type { StoreError } from "../../store/storeError.ts"
import type { TaskRegistry } from "../../task/taskRegistry.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Timers } from "../../time/timers.ts"
import type { Dispatcher } from "../dispatcher.ts"
import type { Job, JobCodec } from "../job/jobCodec.ts"
import { JobUnreadableError } from "../job/jobCodec.ts"
import { triggerFault } from "../job/jobFaults.ts"
import { missingTriggerOf } from "../job/missingPart.ts"
import type { UnclaimedJobs } from "./unclaimedJobs.ts"
import type { UnitOfWork } from "./unitOfWork.ts"
import type { JobCache } from "./jobCache.ts"

/** "No job of this executor has a wake-up": later than any instant. */
const never = Number.MAX_SAFE_INTEGER

/**
 * A store that again and again says that a job is due and has none contradicts itself: it is damaged. It is looked at once in
 * `idleMs` then, else the look would follow itself for ever.
 */
const mostIdleReads = 3
const idleMs = 1000
/** After this long the other due jobs of an executor wait for the next turn: counting what one missed may take some ten milliseconds. */
const mostMs = 30
/** For how long a job is left out that the store refuses to write. */
const asideMs = 60_000

interface DueEnvironment {
  readonly codec: JobCodec
  readonly tasks: TaskRegistry
  readonly dispatcher: Dispatcher
  readonly timers: Timers
  readonly unclaimed: UnclaimedJobs
}

/** What one answer of the store holds, until its unit is on disk. */
export interface Taken {
  /** Executors that may have more due. */
  readonly full: ReadonlySet<string>
  /** Per executor, when its next job wakes up. */
  readonly wakeUps: ReadonlyMap<string, EpochMillis>
}

export const nothingTaken: Taken = { full: new Set(), wakeUps: new Map() }

export class DueJobs {
  private readonly store: OpenStore
  private readonly storeName: string
  private readonly cache: JobCache
  private readonly environment: DueEnvironment
  /** Reads of what is due that failed in a row. */
  private failures = 0
  /** Per executor, an instant before which none of its jobs can be due. */
  private readonly notBefore = new Map<string, EpochMillis>()
  /** Per executor, reads in a row that found nothing due. */
  private readonly idleReads = new Map<string, number>()
  /** Per executor, the first place in its order of wake-ups that is not left out: a walk over what is left out is made once. */
  private readonly from = new Map<string, WakePlace>()
  /** Keys of jobs that the store refuses to write, and until when they are left out, by monotonic time. */
  private readonly refused = new Map<number, number>()
  /** Keys of due jobs that may not start before another has ended, see `suspects.ts`. */
  private readonly held = new Set<number>()
  /** Keys of due jobs whose trigger's code is not registered. */
  private readonly triggerless = new Set<number>()
  /** Until when what they owed was missed, of those whose trigger's code came. */
  private readonly triggerCame = new Map<number, EpochMillis>()
  private readonly mayStart: (job: Job) => boolean

  constructor(
    storeName: string,
    store: OpenStore,
    cache: JobCache,
    around: DueEnvironment,
    mayStart: (job: Job) => boolean
  ) {
    this.storeName = storeName
    this.store = store
    this.cache = cache
    this.environment = around
    this.mayStart = mayStart
  }

  /**
   * Brings at most `most` due jobs of each executor that has room into the unit. `alone`: one job of one executor, so that a refusal of
   * the commit is a refusal of that job.
   */
  take(unit: UnitOfWork, most: number, alone: boolean): Effect.Effect<Taken, StoreError> {
    const { dispatcher } = this.environment
    const asked = dispatcher.names.flatMap((name) => {
      const limit = Math.min(alone ? 1 : most, dispatcher.free(name))
      return limit > 0 && (this.notBefore.get(name) ?? -Infinity) <= unit.now ? { name, limit } : []
    })
    if (asked.length === 0) return Effect.succeed(nothingTaken)
    return Effect.map(this.read(asked, unit.now), ({ byExecutor }) => {
      const [full, wakeUps] = [new Set<string>(), new Map<string, EpochMillis>()]
      let served = 0
      for (const [name, { rows, nextWakeAt }] of byExecutor) {
        const wanted = alone && served > 0 ? [] : rows
        served += wanted.length
        const left = this.serveAll(unit, name, wanted) + rows.length - wanted.length
        this.keepPlace(name, rows, nextWakeAt)
        const more = left > 0 || (nextWakeAt !== null && nextWakeAt <= unit.now)
        if (!more) wakeUps.set(name, nextWakeAt ?? never)
        else if ((this.idleReads.get(name) ?? 0) >= mostIdleReads) wakeUps.set(name, unit.now + idleMs)
        else full.add(name)
      }
      return { full, wakeUps }
    })
  }

  /** Due jobs of one executor, as long as it takes no more than its share; how many are left. */
  private serveAll(unit: UnitOfWork, name: string, rows: ReadonlyArray<JobRow>): number {
    const leftOutBefore = this.held.size + this.triggerless.size
    const startedAt = this.environment.timers.monotonicMillis()
    let [served, left] = [0, rows.length]
    for (const row of rows) {
      if (left < rows.length && this.environment.timers.monotonicMillis() - startedAt > mostMs) break
      left -= 1
      if (this.serve(unit, row, name)) served += 1
    }
    served += this.held.size + this.triggerless.size - leftOutBefore
    if (served > 0) this.idleReads.delete(name)
    else this.idleReads.set(name, (this.idleReads.get(name) ?? 0) + 1)
    return left
  }

  /** True when what is due cannot be read, try after try: the store does not count as back before it can. */
  get unreadable(): boolean {
    return this.failures > 2
  }

  /** Reads what is due and leaves it: whether a store that was away can be read. */
  findUnreadable(now: EpochMillis, most: number): Effect.Effect<void, StoreError> {
    return Effect.asVoid(
      this.read(
        this.environment.dispatcher.names.map((name) => ({ name, limit: most })),
        now
      )
    )
  }

  /** The unit is on disk: what its answer told of later wake-ups holds, but for jobs that it has changed. */
  learn({ wakeUps }: Taken): void {
    for (const [name, at] of wakeUps) this.notBefore.set(name, at)
  }

  /** A commit gave a job another wake-up. */
  noteChanged(job: Job): void {
    this.refused.delete(job.key)
    this.held.delete(job.key)
    this.triggerless.delete(job.key)
    this.triggerCame.delete(job.key)
    const { executor } = job.row
    const [known, from] = [this.notBefore.get(executor) ?? -Infinity, this.from.get(executor)]
    if (known === -Infinity && from === undefined) return
    const wakeAt = wakeAtOf(job.memory, job.rules, job.trigger.after === "run")
    if (wakeAt === null) return
    if (wakeAt < known) this.notBefore.set(executor, wakeAt)
    if (from !== undefined && (wakeAt < from.wakeAt || (wakeAt === from.wakeAt && job.key <= from.key)))
      this.from.delete(executor)
  }

  /** When to read again: the earliest wake-up of an executor that has room. A full one is read when a run has ended. */
  earliest(): EpochMillis | null {
    let earliest: EpochMillis | null = null
    for (const name of this.environment.dispatcher.names) {
      if (this.environment.dispatcher.free(name) === 0) continue
      const at = this.notBefore.get(name) ?? -Infinity
      if (at !== never && (earliest === null || at < earliest)) earliest = at
    }
    return earliest
  }

  /** Something has come, or changed, that jobs were left out for. */
  forget(): void {
    const now = this.environment.timers.now()
    this.notBefore.clear()
    this.from.clear()
    this.held.clear()
    for (const key of this.triggerless) this.triggerCame.set(key, now)
    this.triggerless.clear()
  }

  isHeld(key: number): boolean {
    return this.held.has(key)
  }

  /** The store refuses to write this job, even to park it: for a while the others go first. */
  quarantine(key: number): void {
    this.refused.set(key, this.environment.timers.monotonicMillis() + asideMs)
  }

  private read(asked: ReadonlyArray<DueOfExecutor>, now: EpochMillis): Effect.Effect<DueAnswer, StoreError> {
    const { refused, held, triggerless, store, storeName } = this
    const { unclaimed, dispatcher, timers } = this.environment
    if (refused.size > 0) {
      const monotonicMs = timers.monotonicMillis()
      for (const [key, untilMs] of refused)
        if (untilMs <= monotonicMs) {
          refused.delete(key)
          this.from.clear()
        }
    }
    const query = {
      now,
      executors: this.from.size === 0 ? asked : asked.map((each) => ({ ...each, from: this.from.get(each.name) })),
      exceptTasks: unclaimed.names(storeName, "task"),
      exceptKeys: [...refused.keys(), ...held, ...triggerless]
    }
    return Effect.tapBoth(store.due(query), {
      onFailure: () => Effect.sync(() => (this.failures += 1)),
      onSuccess: ({ others }) =>
        Effect.sync(() => {
          this.failures = 0
          for (const name of others) if (!dispatcher.has(name)) unclaimed.note(storeName, "executor", name)
        })
    })
  }

  /** Where something is left out, the next walk begins where this one found the first that is not. */
  private keepPlace(name: string, [first]: ReadonlyArray<JobRow>, nextWakeAt: EpochMillis | null): void {
    const { refused, held, triggerless, storeName } = this
    const leavesOut = refused.size + held.size + triggerless.size > 0
    if (!leavesOut && this.environment.unclaimed.names(storeName, "task").length === 0) return
    // The first one itself is served, and is somewhere else in the order then, or is left out.
    if (first !== undefined && first.wakeAt !== null) this.from.set(name, { wakeAt: first.wakeAt, key: first.key - 1 })
    else if (nextWakeAt !== null) this.from.set(name, { wakeAt: nextWakeAt, key: 0 })
  }

  /** What is due of one job: fire times, then attempts and queued fire times whose wait is over. False when nothing was due. */
  private serve(unit: UnitOfWork, row: JobRow, executor: string): boolean {
    const known = unit.byKey(row.key) ?? this.cache.byKey(row.key)
    let job = known === undefined ? loadRow(unit, row, this.environment.codec) : unit.load(known)
    if (job === undefined) return false
    const { now } = unit
    if (job.row.executor !== executor) {
      // The file has it under the wrong executor: it is written anew under its own, which asks for it then.
      unit.touch(job)
      return true
    }
    const fixedDelay = job.trigger.after === "run"
    const wakeAt = wakeAtOf(job.memory, job.rules, fixedDelay)
    if (wakeAt === null || wakeAt > now) {
      unit.touch(job)
      return false
    }
    if (this.environment.tasks.find(job.row.task) === undefined) {
      this.environment.unclaimed.note(this.storeName, "task", job.row.task)
      return true
    }
    if (!this.mayStart(job)) {
      this.held.add(row.key)
      return false
    }
    if (this.firesNow(unit, job)) {
      const missing = missingTriggerOf(job)
      if (missing !== null) {
        this.environment.unclaimed.note(this.storeName, "trigger", missing)
        this.triggerless.add(row.key)
        return false
      }
      // Fire times before attempts: an overlap policy may end the very run whose next attempt is due.
      job = this.serveFireTimes(unit, job)
    }
    const waitsUntil = waitOverAt(job.memory, job.rules)
    if (waitsUntil !== null && waitsUntil <= now)
      unit.step(job, { type: "waitOver", now, firstRunKey: unit.nextRunKey })
    return true
  }

  private firesNow({ now }: UnitOfWork, { memory, trigger }: Job): boolean {
    const first = memory.nextFireAt
    return memory.pausedAt === null && first !== null && first <= now && !firesHeld(memory, trigger.after === "run")
  }

  private serveFireTimes(unit: UnitOfWork, job: Job): Job {
    const first = job.memory.nextFireAt
    if (first === null) return job
    try {
      const due = dueFireTimes(job.trigger, first, unit.now, job.rules)
      return unit.due(job, due, this.missedThrough(unit, job))
    } catch (error) {
      unit.park(job, triggerFault(error))
      return unit.byKey(job.key) ?? job
    }
  }

  /** The latest that says so: nobody claimed, or nobody knew what the job needs. */
  private missedThrough({ environment: { missedThrough } }: UnitOfWork, job: Job): EpochMillis | null {
    const [known, came] = [this.environment.unclaimed.missedThrough(job), this.triggerCame.get(job.key)]
    const latest = Math.max(missedThrough ?? -Infinity, known ?? -Infinity, came ?? -Infinity)
    return latest === -Infinity ? null : latest
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
