/**
 * What is left when a scheduler has lived, crashed and lived again: the rows on disk, and one list of what was seen outside
 * of it, in the order in which it happened. Plain data, so that it can come from a simulation or from a log file of real
 * processes.
 */
import type { Outcome } from "../../src/job/run.ts"
import type { JobRow, LedgerRow, RunRow } from "../../src/store/jobStore.ts"
import type { EpochMillis } from "../../src/time/instant.ts"

/** What an attempt did, as its task tells it. `abort`: its signal aborted, whether or not it has ended. */
export interface TaskLine {
  readonly kind: "start" | "finish" | "abort"
  readonly jobId: string
  readonly runId: string
  readonly fireAt: EpochMillis
  readonly attempt: number
  /** Wall time. */
  readonly at: EpochMillis
}

/** A run's final outcome, as a caller learned it: by an event or by a promise. */
export interface OutcomeLine {
  readonly kind: "outcome"
  readonly jobId: string
  readonly runId: string
  readonly attempt: number
  readonly outcome: Outcome
  readonly at: EpochMillis
}

/**
 * A command about a job: `asked` before it is given, then what the answer said, `refused` when it failed. Between `asked` and the
 * answer, and when the process ended without one, both outcomes are allowed. `asked` may be left out where no answer can be lost.
 */
export interface CommandLine {
  readonly kind: "asked" | "added" | "removed" | "paused" | "resumed" | "refused"
  readonly jobId: string
  readonly at: EpochMillis
}

/** Its process is gone, by a crash or in good order: nothing that ran in it goes on. */
export interface EndLine {
  readonly kind: "died" | "stopped"
  readonly at: EpochMillis
}

export type Line = TaskLine | OutcomeLine | CommandLine | EndLine

/** Rows as the store gives them. Retention must not have deleted any. */
export interface Disk {
  /** Removed jobs too. */
  readonly jobs: ReadonlyArray<JobRow>
  readonly runs: ReadonlyArray<RunRow>
  readonly ledger: ReadonlyArray<LedgerRow>
}

export interface History {
  readonly disk: Disk
  readonly seen: ReadonlyArray<Line>
  /**
   * Set when everything had time to end: all that was owed up to here must be accounted for, and no run may be unfinished.
   * Without it a history may be looked at in mid-flight.
   */
  readonly quietAt?: EpochMillis
  /** True where the wall clock was set back: instants of different moments can then not be compared. */
  readonly clockSetBack?: boolean
}

/** The fire times in (after, through], ascending. Worked out apart from the project's triggers. */
export type FireTimesBetween = (after: EpochMillis, through: EpochMillis) => ReadonlyArray<EpochMillis>

/** A stretch in which one trigger's fire times were owed: after `after`, through `through`. */
export interface Stretch {
  readonly after: EpochMillis
  /** Left out: it goes on. */
  readonly through?: EpochMillis
  readonly fireTimes: FireTimesBetween
  /** True: the cursor has passed all of it once, though a clock that was set right may have taken it back. */
  readonly passed?: boolean
}

/** A job as whoever added it means it. */
export interface ExpectedJob {
  readonly jobId: string
  /** Where an id was used again after `removeJob`: which of them. */
  readonly jobKey?: number
  /**
   * Ascending, not overlapping; pauses and changes of trigger lie between them. `null`: its fire times are not known beforehand (a
   * stream, a fixed delay), so they are not checked.
   */
  readonly owed: ReadonlyArray<Stretch> | null
  readonly maxInstances: number
  /** Attempts in all after failures; 1 without retries. */
  readonly attempts: number
  readonly maxRuns?: number
  /** Whether a run whose process ended is tried again; `null`: it depends (a run that was to give way is not). */
  readonly rerun: boolean | null
}

/** What a job's snapshot says of its fire times. Read from the stored text, not by the engine's decoder. */
export interface StoredMemory {
  readonly cursor: EpochMillis
  readonly live: ReadonlyArray<{
    readonly runKey: number
    readonly attempt: number
    readonly retryAt: EpochMillis | null
  }>
  readonly queue: ReadonlyArray<{
    readonly fireAt: EpochMillis
    readonly requested?: boolean
    readonly coalesced?: StoredRange
    readonly apart?: ReadonlyArray<StoredRange>
  }>
  readonly backlog: { readonly late: StoredRange | null; readonly due: StoredRange | null } | null
  readonly pausedAt: EpochMillis | null
}

export interface StoredRange {
  readonly from: EpochMillis
  readonly through: EpochMillis
  readonly count: number
}

export const storedMemory = (row: Pick<JobRow, "memory">): StoredMemory => {
  const saved = JSON.parse(row.memory) as Partial<StoredMemory>
  return {
    cursor: saved.cursor ?? 0,
    live: saved.live ?? [],
    queue: saved.queue ?? [],
    backlog: saved.backlog ?? null,
    pausedAt: saved.pausedAt ?? null
  }
}

/** The key in a run's id: `7` of `"7"`, and of `"archive:7"`. */
export const runKeyOf = (runId: string): number => Number(runId.slice(runId.lastIndexOf(":") + 1))
