/** A job's saved state: the part that changes with every run, small and plain JSON. */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { FireRange } from "./fireRange.ts"
import type { MisfireReason } from "./misfire.ts"
import type { JobRules } from "./rules.ts"
import type { LiveRun, Outcome, RunCaller } from "./run.ts"

/**
 * `scheduled`: nothing runs, and the latest due fire time was served. `misfired`: nothing runs, and it was not. `running`: a run is live.
 * `paused`, by somebody or for a fault: no fire time comes. `done`: none is left, and nothing runs.
 */
export type JobState = "scheduled" | "running" | "misfired" | "paused" | "done"

export const jobStates: ReadonlyArray<JobState> = ["scheduled", "running", "misfired", "paused", "done"]

/** Why a job was parked. */
export type FaultKind = (typeof faultKinds)[number]

export const faultKinds = ["faultyTrigger", "unreadable", "poison", "checkpoint"] as const

/** Why a job is parked. */
export interface JobFault {
  /**
   * Its trigger failed, its row cannot be read, the process, or a worker under one of its runs, died three times while it ran, or what one
   * of its runs was saved as does not fit its task's machine, or is lost.
   */
  readonly kind: FaultKind
  /** One sentence: what is wrong, and what ends it. */
  readonly message: string
}

/** A fire time that waits for a free instance. */
export interface QueuedFire {
  readonly fireAt: EpochMillis
  /** The run's own arguments: a stream's emission or those of a request; absent: the job's. */
  readonly args?: Json
  /** Who made the request; absent: whoever added the job. */
  readonly caller?: RunCaller
  /** True for a run on request. */
  readonly requested?: boolean
  /** For a request: the key of the run that it tries again. */
  readonly retryOf?: number
  /** Tells requests of one job apart while they wait. */
  readonly ticket?: number
  /** Fire times that this one stands for: all between it and the end of the stretch. */
  readonly coalesced?: FireRange
  /** Further stretches that it stands for, ascending: of earlier downtimes, where fire times in between met a run. */
  readonly apart?: ReadonlyArray<FireRange>
  /** True for one that came due while nothing was claimed: it overlaps no run, so no overlap policy takes its place. */
  readonly missed?: boolean
}

/** Fire times counted so far by a catch-up that takes more than one wake. */
export interface Backlog {
  readonly late: FireRange | null
  readonly due: FireRange | null
  /** The second of `due`; `null` while it holds fewer. */
  readonly second: EpochMillis | null
}

/** Fire times that were left out on request. */
export interface Skipped {
  /** Where the cursor was before. */
  readonly after: EpochMillis
  /** The newest of them: while the cursor is there, the clock need not have been. */
  readonly through: EpochMillis
}

/** What a job remembers between events, besides its definition. */
export interface JobMemory {
  /** Every fire time up to here, inclusive, is accounted for or waits in `queue` or `backlog`. */
  readonly cursor: EpochMillis
  /** Fire times count from here (exclusive): when the job was added, rescheduled or resumed. */
  readonly since: EpochMillis
  /** Epoch milliseconds; `null`: none is known. */
  readonly nextFireAt: EpochMillis | null
  /** The newest fire time that became a run. */
  readonly lastFireAt: EpochMillis | null
  /** Of the run that ended last; `null`: none has. */
  readonly lastOutcome: Outcome | null
  /** Claimed runs that have not ended, in the order of their claims. */
  readonly live: ReadonlyArray<LiveRun>
  /** Fire times and requests that wait for a free instance, in the order in which they will run. */
  readonly queue: ReadonlyArray<QueuedFire>
  /** Fire times up to here were missed, not overlapped: under `coalesce: "all"` they queue whatever the overlap policy. */
  readonly catchUpThrough: EpochMillis | null
  /** Due fire times of a catch-up still under way: `late` are past grace, `due` are not. */
  readonly backlog: Backlog | null
  /** Runs claimed for fire times, against `maxRuns`. */
  readonly runCount: number
  /** Crashes in a row while a run of this job was live. */
  readonly crashes: number
  /** No fire time is left, now or ever: the trigger has ended, `maxRuns` is reached or the job was removed. */
  readonly exhausted: boolean
  /** Why the latest due fire time was not served; `null` when it was. */
  readonly misfire: MisfireReason | null
  /** When it was paused or parked; `null`: it is not. */
  readonly pausedAt: EpochMillis | null
  /** Why it is parked; `null`: it is not. */
  readonly fault: JobFault | null
  /** Set by `removeJob`: nothing more is claimed, and the job is done when its live runs have ended. */
  readonly removed: boolean
  /**
   * Runs up to this key are of a clock that was ahead and was set right, or were there when a trigger gave way whose fire times to come
   * had been left out: they no longer count. `null`: all count.
   */
  readonly countsAfterRun: number | null
  /** The same for ledger entries, by the number that they carry; never below `countsAfterRun`. */
  readonly countsAfterEntry: number | null
  /** Fire times that were left out before they came; see `servedThrough`. `null`: none was. */
  readonly skipped: Skipped | null
}

/** The memory of a job that nothing has happened to. Fire times count from `since`, exclusive. */
export const newMemory = (since: EpochMillis, nextFireAt: EpochMillis | null, exhausted: boolean): JobMemory => ({
  cursor: since,
  since,
  nextFireAt,
  lastFireAt: null,
  lastOutcome: null,
  live: [],
  queue: [],
  catchUpThrough: null,
  backlog: null,
  runCount: 0,
  crashes: 0,
  exhausted,
  misfire: null,
  pausedAt: null,
  fault: null,
  removed: false,
  countsAfterRun: null,
  countsAfterEntry: null,
  skipped: null
})

/** Something runs, waits for its next attempt, or waits for a free instance. */
export const anythingRuns = ({ live, queue }: Pick<JobMemory, "live" | "queue">): boolean =>
  live.length > 0 || queue.length > 0

/** No fire time is left, now or ever, and nothing runs: also not of a catch-up that is still counted. */
export const isOver = (memory: JobMemory): boolean =>
  memory.exhausted && memory.backlog === null && memory.pausedAt === null && !anythingRuns(memory)

/** The state that a memory stands for; a job machine is always in it. */
export const stateOf = (memory: JobMemory): JobState =>
  memory.pausedAt !== null
    ? "paused"
    : anythingRuns(memory)
      ? "running"
      : isOver(memory)
        ? "done"
        : memory.misfire !== null
          ? "misfired"
          : "scheduled"

/** True while due fire times must wait: a fixed delay counts from the end of the run, a catch-up's queue is drained first. */
export const firesHeld = (memory: JobMemory, fixedDelay: boolean): boolean =>
  memory.exhausted ||
  (fixedDelay && memory.live.length > 0) ||
  (memory.queue.length > 0 && memory.catchUpThrough !== null && (memory.nextFireAt ?? 0) <= memory.catchUpThrough)

/**
 * When the engine must look at the job again; `null`: not until something happens to it. A paused job waits for `resume`, but for
 * its requests; a full catch-up queue is drained before more fire times are taken.
 */
export const wakeAtOf = (
  memory: JobMemory,
  rules: Pick<JobRules, "maxInstances">,
  fixedDelay: boolean
): EpochMillis | null => {
  // A parked job is out of service.
  if (memory.fault !== null) return null
  const fireAt = memory.pausedAt !== null || firesHeld(memory, fixedDelay) ? null : memory.nextFireAt
  const waitsUntil = waitOverAt(memory, rules)
  if (fireAt === null || waitsUntil === null) return fireAt ?? waitsUntil
  return Math.min(fireAt, waitsUntil)
}

/** In a pause by a caller only what was asked for goes on. */
export const goesOn = ({ pausedAt }: JobMemory, { requested }: { readonly requested?: boolean }): boolean =>
  pausedAt === null || requested === true

/**
 * When the first of the attempts and queued fire times that wait for an instant may start. A fire time waits so, though an
 * instance is free, when the clock was set back behind it.
 */
export const waitOverAt = (memory: JobMemory, { maxInstances }: Pick<JobRules, "maxInstances">): EpochMillis | null => {
  let at: EpochMillis | null = null
  for (const run of memory.live)
    if (typeof run.retryAt === "number" && (at === null || run.retryAt < at) && goesOn(memory, run)) at = run.retryAt
  if (memory.live.length < maxInstances)
    for (const fire of memory.queue) if ((at === null || fire.fireAt < at) && goesOn(memory, fire)) at = fire.fireAt
  return at
}

/** The format of `JobMemory`; a stored snapshot of another version is migrated or refused. */
export const snapshotVersion = 1

export interface JobSnapshot {
  readonly value: JobState
  readonly memory: JobMemory
}
