/** What may be asked for: the shapes of queries, and what they are to a store. */
import type { LedgerKind } from "../../job/ledger.ts"
import type { Outcome } from "../../job/run.ts"
import type { JobState } from "../../job/snapshot.ts"
import type { JobFilter } from "../../store/jobStore.ts"
import type { EpochMillis, InstantInput } from "../../time/instant.ts"
import { listOf } from "./queryOptions.ts"

/** Which jobs `getJobs` gives. Without a field, all. */
export interface JobQuery {
  /** One, or any of several. */
  readonly state?: JobState | ReadonlyArray<JobState>
  /** True: only parked jobs. False: only others. */
  readonly fault?: boolean
  /** The task's name. */
  readonly task?: string
  /** The executor's name. */
  readonly executor?: string
  /** Jobs that have it, perhaps among others. */
  readonly tag?: string
  /** Default: all stores. */
  readonly store?: string
  /** At most this many. Default 10,000, or fewer whose arguments and notes take 64 MB. */
  readonly limit?: number
}

/** Which runs `getRuns` gives, newest fire time first. */
export interface RunQuery {
  /** Of the job of this id, and of removed ones that had it. Default: of all jobs. */
  readonly jobId?: string
  /** One, or any of several; runs that have not ended have none. */
  readonly outcome?: Outcome | ReadonlyArray<Outcome>
  /** True: only runs that have not ended. */
  readonly live?: boolean
  /** This run only. */
  readonly runId?: string
  /** The earliest fire time, inclusive. */
  readonly from?: InstantInput
  /** The latest fire time, inclusive. */
  readonly to?: InstantInput
  /** Default: all stores. */
  readonly store?: string
  /** At most this many. Default 1,000, or fewer whose arguments, results and errors take 64 MB. */
  readonly limit?: number
}

/** Which ledger entries `getLedger` gives, newest first. */
export interface LedgerQuery {
  /** Of the job of this id, and of removed ones that had it. Default: of all jobs. */
  readonly jobId?: string
  /** Default: misfired and coalesced fire times. */
  readonly kind?: LedgerKind | ReadonlyArray<LedgerKind>
  /** Entries that end at this instant or later. */
  readonly from?: InstantInput
  /** Entries that begin at this instant or before. */
  readonly to?: InstantInput
  /** Default: all stores. */
  readonly store?: string
  /** At most this many, from 1. Default 1,000. */
  readonly limit?: number
}

/** A fire time to come. */
export interface PreviewEntry {
  /** Of the job that fires. */
  readonly jobId: string
  /** Epoch milliseconds. */
  readonly fireAt: EpochMillis
}

/** Which jobs a verb for many is for. Without a field, all. */
export type JobSelection = Omit<JobQuery, "limit">

/** The fields of a `JobSelection`. */
export const jobQueryFields = ["state", "fault", "task", "executor", "tag", "store"]

/** What a store is asked for. */
export const jobFilter = ({ state, fault, task, executor, tag }: JobSelection): JobFilter => ({
  ...(state === undefined ? {} : { states: listOf(state) }),
  ...(fault === undefined ? {} : { fault }),
  ...(task === undefined ? {} : { task }),
  ...(executor === undefined ? {} : { executor }),
  ...(tag === undefined ? {} : { tag })
})
