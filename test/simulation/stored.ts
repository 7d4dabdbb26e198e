/** Stored texts as the model reads them: its own reading, so that what the engine writes is held against what it should mean. */
import type { JobRow } from "../../src/store/jobStore.ts"

export interface StoredRules {
  readonly misfireGraceMs: number | null
  readonly coalesce: "latest" | "earliest" | "all"
  readonly maxInstances: number
  readonly overlap: "skip" | "queue-one" | "queue-all" | "cancel-running"
  readonly retry: {
    readonly attempts: number
    readonly backoffMs: number
    readonly factor: number
    readonly maxBackoffMs: number
    readonly when: ReadonlyArray<string> | null
  } | null
  readonly timeoutMs: number | null
  readonly onInterrupted: "rerun" | "skip"
  readonly maxRuns: number | null
}

export interface StoredRange {
  readonly from: number
  readonly through: number
  readonly count: number
}

export interface StoredLive {
  readonly runKey: number
  readonly fireAt: number
  readonly attempt: number
  /** `null`: it is under way. */
  readonly retryAt: number | "event" | null
  readonly putAway?: boolean
  readonly requested?: boolean
}

export interface StoredFire {
  readonly fireAt: number
  readonly args?: unknown
  readonly requested?: boolean
  readonly coalesced?: StoredRange
  readonly apart?: ReadonlyArray<StoredRange>
  readonly missed?: boolean
}

export interface StoredMemory {
  readonly cursor: number
  readonly since: number
  readonly nextFireAt: number | null
  /** The newest fire time that became a run. */
  readonly lastFireAt: number | null
  readonly lastOutcome: string | null
  readonly live: ReadonlyArray<StoredLive>
  readonly queue: ReadonlyArray<StoredFire>
  readonly catchUpThrough: number | null
  readonly backlog: { readonly late: StoredRange | null; readonly due: StoredRange | null } | null
  readonly runCount: number
  readonly crashes: number
  readonly exhausted: boolean
  readonly pausedAt: number | null
  readonly fault: { readonly kind: string } | null
  readonly removed: boolean
  /** Fire times that were left out before they came: where the cursor was before, and the newest of them. */
  readonly skipped: { readonly after: number; readonly through: number } | null
}

/** A job of the model: its row, read. */
export interface ModelJob {
  readonly row: JobRow
  readonly rules: StoredRules
  readonly memory: StoredMemory
  /** True for a trigger whose fire times follow its runs. */
  readonly fixedDelay: boolean
  /**
   * Fire times that the cursor has passed and that have no final place yet: in the queue, or in a catch-up under way. `null`: several
   * commands shared a commit, and which fire times wait since then cannot be told.
   */
  readonly waiting: ReadonlySet<number> | null
  /** Crashes in a row while a run of it was executing. */
  readonly crashes: number
  /** It was done once and has no fire time since: a run on request does not bring its schedule back, nor do other rules. */
  readonly over: boolean
}

const defaults: StoredRules = {
  misfireGraceMs: null,
  coalesce: "latest",
  maxInstances: 1,
  overlap: "skip",
  retry: null,
  timeoutMs: null,
  onInterrupted: "rerun",
  maxRuns: null
}

export const readRules = (text: string): StoredRules => ({ ...defaults, ...(JSON.parse(text) as Partial<StoredRules>) })

export const readMemory = (text: string): StoredMemory => {
  const saved = JSON.parse(text) as Partial<StoredMemory>
  return {
    cursor: saved.cursor ?? NaN,
    since: saved.since ?? NaN,
    nextFireAt: saved.nextFireAt ?? null,
    lastFireAt: saved.lastFireAt ?? null,
    lastOutcome: saved.lastOutcome ?? null,
    live: saved.live ?? [],
    queue: saved.queue ?? [],
    catchUpThrough: saved.catchUpThrough ?? null,
    backlog: saved.backlog ?? null,
    runCount: saved.runCount ?? 0,
    crashes: saved.crashes ?? 0,
    exhausted: saved.exhausted ?? false,
    pausedAt: saved.pausedAt ?? null,
    fault: saved.fault ?? null,
    removed: saved.removed ?? false,
    skipped: saved.skipped ?? null
  }
}

/** Times the stored spec has to be read often. */
const delays = new Map<string, boolean>()

export const isFixedDelay = (trigger: string): boolean => {
  const known = delays.get(trigger)
  if (known !== undefined) return known
  const isDelay = trigger.includes('"after":"run"')
  delays.set(trigger, isDelay)
  return isDelay
}
