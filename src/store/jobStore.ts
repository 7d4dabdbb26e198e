/**
 * MEMORY: the contract of a store. A store keeps rows and commits batches; it decides nothing. Every implementation runs
 * the suite in `storeContract.ts`. JSON columns are text: what was written comes back to the letter.
 * Long, for a comment at every field of every row.
 */
import type { Effect, Scope } from "effect"
import type { EpochMillis } from "../time/instant.ts"
import type { JobState } from "../job/snapshot.ts"
import type { LedgerKind } from "../job/ledger.ts"
import type { Outcome } from "../job/run.ts"
import type { StoreError } from "./storeError.ts"

/** What never changes between runs of a job. */
export interface JobDefinitionRow {
  /** 1 to 255 characters, kept exactly; unique among jobs that are not removed. */
  readonly id: string
  /** The task's name. */
  readonly task: string
  /** The executor's name; the same as in the state. */
  readonly executor: string
  /** `TriggerSpec` as JSON. */
  readonly trigger: string
  /** The name of the stream that drives the job, for `ofStreams`. */
  readonly stream: string | null
  /** Task arguments as JSON. */
  readonly args: string
  /** `JobRules` as JSON. */
  readonly rules: string
  /** Name, tags, metadata and what else only people read, as JSON. */
  readonly notes: string
  /** Epoch milliseconds, as all that is named `At`. A replacement keeps it. */
  readonly addedAt: EpochMillis
}

/** What changes with every run. */
export interface JobStateRow {
  /** Of the job: given out once in the store, counting up. */
  readonly key: number
  /** The machine's state. */
  readonly value: JobState
  /** When the engine must look at the job again; `null`: not until something happens to it. */
  readonly wakeAt: EpochMillis | null
  /** True for a parked job, which is paused. */
  readonly fault: boolean
  /** The executor whose `due` finds it; the same as in the definition. */
  readonly executor: string
  /** `JobMemory` with its version, as JSON. */
  readonly memory: string
}

/** A job as it is read. */
export interface JobRow extends JobDefinitionRow, JobStateRow {
  /** When it was removed; a removed job is kept for its runs, its id is free again. */
  readonly removedAt: EpochMillis | null
  /** What of the row cannot be read, in words; the fields it speaks of hold what stands for them. Default: nothing. */
  readonly damage?: string
}

/** How far `fireAt` may lie after `claimedAt`: a stream that emits faster than the clock ticks numbers its fire times on. */
export const fireAheadMs = 60_000

/**
 * A run to insert. (jobKey, fireAt, request) is unique. Keys count up with `claimedAt` but for a clock that was set back, and
 * `fireAt` is at most `fireAheadMs` after it: a store may look for the newest runs and the oldest by key.
 */
export interface ClaimRow {
  /** Of the run: given out once in the store, counting up. */
  readonly runKey: number
  /** Of the job, which is there. */
  readonly jobKey: number
  /** The fire time that it serves, or the instant of the request. */
  readonly fireAt: EpochMillis
  /**
   * 0 for a fire time of the trigger; the run's own key for a run on request; for one that tries another again, the key of that one
   * below zero, so that each is tried again once. Values of a stream, and fire times by a clock that
   * was set right, have numbers of their own: see `claimKind.ts`.
   */
  readonly request: number
  /** When it was decided on. */
  readonly claimedAt: EpochMillis
  /** JSON that takes the place of the job's arguments for this run, else `null`. */
  readonly args: string | null
}

/** What became of a run's newest attempt; `outcome` and `finishedAt` stay `null` when another attempt follows. */
export interface SettleRow {
  /** Of a claim, of this batch or an earlier one. */
  readonly runKey: number
  /** The first is 1. */
  readonly attempt: number
  /** When the task was called; `null`: it was not. */
  readonly startedAt: EpochMillis | null
  /** When the run ended; `null`: it has not. */
  readonly finishedAt: EpochMillis | null
  /** Of the run; `null`: it has not ended. */
  readonly outcome: Outcome | null
  /** JSON, `null` for none. */
  readonly result: string | null
  /** `RunError` as JSON. */
  readonly error: string | null
}

/** How far a run that is not over has come, as the executor tells it. */
export interface CheckpointRow {
  /** Of a claim, of this batch or an earlier one. */
  readonly runKey: number
  /** Text of the executor's own, which the run's next attempt is given. */
  readonly text: string
  /** Messages to the run up to this number are part of it, and go with the commit; it never becomes less. Default 0: none. */
  readonly received?: number
}

/** What was sent to a run that is not over and that none of its checkpoints has taken in. (runKey, number) is unique. */
export interface MessageRow {
  /** Of a claim, of this batch or an earlier one. */
  readonly runKey: number
  /** Counting up, from `nextMessage` on: the order in which they were sent. */
  readonly number: number
  /** JSON. */
  readonly text: string
}

/** What is kept beside a run, as `verify` looks at it. */
export interface KeptRow {
  /** Of the checkpoint and the messages. */
  readonly runKey: number
  /** Of the run's job, removed or not; `null`: there is no such run. */
  readonly jobId: string | null
  /** True: the run is there and not over. */
  readonly live: boolean
  /** The number up to which its checkpoint has received messages, 0 for none; `null`: it has no checkpoint. */
  readonly received: number | null
  /** The lowest and the highest number of the messages that wait; `null`: none does. */
  readonly waiting: {
    /** Of the oldest. */
    readonly first: number
    /** Of the newest. */
    readonly last: number
  } | null
}

/** A run as it is read. */
export interface RunRow extends ClaimRow, SettleRow {
  /** Of its job, also of one that is removed. */
  readonly jobId: string
  /** Of the owner that claimed it. */
  readonly epoch: number
  /** As of a `JobRow`. */
  readonly damage?: string
}

/** A stretch of fire times that are not runs of their own. */
export interface LedgerRow {
  /** Of a job that is there, removed or not. */
  readonly jobKey: number
  /** What became of them. */
  readonly kind: LedgerKind
  /** The first. */
  readonly fromAt: EpochMillis
  /** The last, inclusive. */
  readonly throughAt: EpochMillis
  /** How many; 0 where nothing was owed. */
  readonly count: number
  /** A `MisfireReason`, or `null`. */
  readonly reason: string | null
  /**
   * `coalesced`: the run that stands for them. Else `null`, or of a job whose clock was set right the first run key whose
   * records counted then.
   */
  readonly runKey: number | null
  /** When it was recorded. */
  readonly at: EpochMillis
}

/** What one commit has told, for whoever was not there to hear it. */
export interface EventsRow {
  /** Given by the caller, counting up from `nextEvents` without gaps: the order in which commits were made, over all owners. */
  readonly number: number
  /** Of its writer's own. */
  readonly text: string
}

/** The same as it is read. */
export interface StoredEventsRow extends EventsRow {
  /** `at` of its batch. */
  readonly at: EpochMillis
}

/** A fact about the store as a whole that an owner leaves to the next; `value: null` takes it away. */
export interface MarkRow {
  /** Unique in the store. */
  readonly name: string
  /** Text of its writer's own. */
  readonly value: string | null
}

/**
 * One transaction, applied in this order. Keys are given by the caller, counting up from `StoreOpening`.
 * Inserting a definition whose id belongs to a job that is not removed fails the whole batch with `StoreConflict`, and so do a
 * key that exists and a claim that exists or names no job. Where a list holds a key twice the last row wins; rows for keys that do
 * not exist are ignored, and so are a settle, a checkpoint and a message of a finished run: its first outcome stands. A run that ends has no
 * checkpoint and no messages any more.
 */
export interface StoreBatch {
  /** When the batch was decided; retention of done jobs counts from here. Default: the latest instant of its rows. */
  readonly at?: EpochMillis
  /**
   * Removed jobs: their ids are free for `added` of the same batch, and their wake-up is cleared before `states` apply. One that the
   * same batch adds is removed after that.
   */
  readonly removed: ReadonlyArray<{
    /** Of the job. */
    readonly key: number
    /** Epoch milliseconds. */
    readonly removedAt: EpochMillis
  }>
  /** New jobs, with keys from `nextJobKey` on. */
  readonly added: ReadonlyArray<JobDefinitionRow & JobStateRow>
  /** Definitions that take the place of a job's. */
  readonly redefined: ReadonlyArray<JobDefinitionRow & { readonly key: number }>
  /** States that take the place of a job's. */
  readonly states: ReadonlyArray<JobStateRow>
  /** New runs, with keys from `nextRunKey` on. */
  readonly claims: ReadonlyArray<ClaimRow>
  /** What was sent to runs. Default: none. */
  readonly messages?: ReadonlyArray<MessageRow>
  /** How far runs have come; each takes the place of the run's last, and of the messages that it has taken in. Default: none. */
  readonly checkpoints?: ReadonlyArray<CheckpointRow>
  /** What became of runs, those of this batch included. */
  readonly settled: ReadonlyArray<SettleRow>
  /** Entries to add. */
  readonly ledger: ReadonlyArray<LedgerRow>
  /** Default: none. */
  readonly marks?: ReadonlyArray<MarkRow>
  /** Default: nothing was told. */
  readonly events?: EventsRow
}

/** Who opens a store. */
export interface StoreOwner {
  /** Of the process; 0 where there is none. */
  readonly pid: number
  /** Empty where the caller cannot tell; a store that can fills it in. */
  readonly host: string
  /** By the owner's clock. */
  readonly startedAt: EpochMillis
}

/** What a store tells its new owner. */
export interface StoreOpening {
  /** One more than the last owner's. Every claim carries it. */
  readonly epoch: number
  /** Above every key that was ever given here, rows that are gone included. */
  readonly nextJobKey: number
  /** The same for runs. */
  readonly nextRunKey: number
  /** Above the number of every message that waits, and of every one that a checkpoint which is there has taken in. */
  readonly nextMessage: number
  /** Above the number of every row of events that was ever written, rows that are gone included. */
  readonly nextEvents: number
  /** Runs to which messages wait, and the numbers of these, ascending. */
  readonly waiting: ReadonlyMap<number, ReadonlyArray<number>>
  /** As earlier owners have left them, by name. */
  readonly marks: ReadonlyMap<string, string>
  /** Damage that would have harmed all jobs, found and mended at the opening, one sentence each. Default: none. */
  readonly mended?: ReadonlyArray<string>
}

/** Which jobs, in which order. What is absent does not limit. */
export interface JobFilter {
  /** Any of these. */
  readonly states?: ReadonlyArray<JobState>
  /** True: only parked jobs. False: only others. */
  readonly fault?: boolean
  /** The task's name. */
  readonly task?: string
  /** The executor's name. */
  readonly executor?: string
  /** Jobs that carry this tag (in `notes`, as `{"tags":[…]}`). */
  readonly tag?: string
  /** Default true: order by next wake-up, jobs without one last, then by key. False: by key, ascending (cheap paging with `afterKey`). */
  readonly byWake?: boolean
  /** Only keys above this one. */
  readonly afterKey?: number
  /** At most this many, from 1. */
  readonly limit?: number
  /** The answer ends with the job with which arguments and notes take so many bytes, more or less. Default: it does not. */
  readonly bytes?: number
}

/**
 * Jobs to read. By filter: those that are not removed. By id: the same, in no order. By key: removed ones included, in no order. An unknown
 * id or key gives no row. Of streams: those whose definition names one and that are neither done nor removed, in no order.
 */
export type JobLookup =
  | JobFilter
  | {
      /** In any order. */
      readonly ids: ReadonlyArray<string>
    }
  | {
      /** In any order. */
      readonly keys: ReadonlyArray<number>
    }
  | {
      /** All of them. */
      readonly ofStreams: true
    }

/** Which runs. What is absent does not limit. */
export interface RunFilter {
  /** Of the job of this id, and of removed ones that had it. */
  readonly jobId?: string
  /** Any of these. */
  readonly outcomes?: ReadonlyArray<Outcome>
  /** Only unfinished runs. */
  readonly live?: boolean
  /** This run only. */
  readonly runKey?: number
  /** These runs only, some hundred at the most, each once: nothing else counts then but `texts`. */
  readonly runKeys?: ReadonlyArray<number>
  /** The earliest `fireAt`, inclusive. */
  readonly from?: EpochMillis
  /** The latest `fireAt`, inclusive. */
  readonly to?: EpochMillis
  /** At most this many, from 1. */
  readonly limit?: number
  /** The answer ends with the run with which arguments, results and errors take so many bytes, more or less. Default: it does not. */
  readonly bytes?: number
  /** False: arguments, results and errors are not wanted and come as `null`. Default true. */
  readonly texts?: boolean
}

/** Which ledger entries. What is absent does not limit. */
export interface LedgerFilter {
  /** Of the job of this id, and of removed ones that had it. */
  readonly jobId?: string
  /** Any of these. */
  readonly kinds?: ReadonlyArray<LedgerKind>
  /** Entries that touch the stretch from here on; inclusive. */
  readonly from?: EpochMillis
  /** The end of that stretch, inclusive. */
  readonly to?: EpochMillis
  /** At most this many, from 1. */
  readonly limit?: number
}

/** Which rows of events. */
export interface EventsFilter {
  /** Only numbers above this one. */
  readonly after: number
  /** At most this many, from 1. */
  readonly limit: number
  /** The answer ends with the row with which texts take so many bytes, more or less. Default: it does not. */
  readonly bytes?: number
}

/** What `purge` may delete. */
export interface Retention {
  /** Finished runs, ledger entries and events older than this go; events also that are older than the claim of a run that goes for their number. */
  readonly finishedBefore: EpochMillis
  /** Finished runs beyond this many go, oldest first: by claim or by end, as the store has them in order. */
  readonly maxRuns: number
  /** Done and removed jobs without live runs, untouched since this instant, go with their runs. */
  readonly doneBefore: EpochMillis
  /** At most this many rows of each kind in one call; in what order the rest goes is the store's own. */
  readonly limit: number
}

/** A store that nobody has opened yet; what a scheduler is given. */
export interface JobStore {
  /**
   * Claims the store for one owner until the scope closes. Fails with `StoreInUse` (pid, host, age of the owner), `StoreUnreadable`,
   * `StoreTooNew`, `StoreUnavailable`; a refused file is left byte-identical.
   */
  open(owner: StoreOwner): Effect.Effect<OpenStore, StoreError, Scope.Scope>
  /** Short description for `status()`: kind, file, durability. */
  readonly description: string
}

/** What may be claimed now. */
export interface DueQuery {
  /** What is due at this instant or before. */
  readonly now: EpochMillis
  /** Those that have room, each once. By executor, so that a saturated one does not hold up the others: an index on (executor, wakeAt). */
  readonly executors: ReadonlyArray<DueOfExecutor>
  /** Jobs of these tasks are left out: whoever asks does not know them. */
  readonly exceptTasks: ReadonlyArray<string>
  /** Jobs with these keys are left out. */
  readonly exceptKeys: ReadonlyArray<number>
}

/** An executor that has room. */
export interface DueOfExecutor {
  /** As jobs carry it. */
  readonly name: string
  /** Jobs at the most, from 1. */
  readonly limit: number
  /** Nothing that is not left out stands before this place: a store need not walk over what it left out the last time. */
  readonly from?: WakePlace | undefined
}

/** A place in the order of wake-ups: by instant, then by key. */
export interface WakePlace {
  /** Epoch milliseconds. */
  readonly wakeAt: EpochMillis
  /** Of the job. */
  readonly key: number
}

/** What is due, and what is not asked for. */
export interface DueAnswer {
  /** For each executor of the query, by its name. */
  readonly byExecutor: ReadonlyMap<string, DueJobRows>
  /** Executors that jobs with a `wakeAt` wait for and that the query does not name, in no order. */
  readonly others: ReadonlyArray<string>
}

/** What is due for one executor. */
export interface DueJobRows {
  /**
   * Jobs with `wakeAt` ≤ `now`, earliest first, then by key, at most `limit`; fewer where a store reads fewer at a time, and at least one
   * if there is one.
   */
  readonly rows: ReadonlyArray<JobRow>
  /** The earliest `wakeAt` of the executor's jobs that are neither in `rows` nor left out; `null`: none has one. At most `now`: more is due. */
  readonly nextWakeAt: EpochMillis | null
}

/** What is stored, for whoever asks: none of it needs the store for itself. */
export interface StoreReads {
  /** Jobs by a filter, those named, or those of streams. Read at their newest, without what a commit under way will change. */
  jobs(selection: JobLookup): Effect.Effect<ReadonlyArray<JobRow>, StoreError>
  /** Jobs that are not removed; a state without jobs is not in the map. May be counted in slices, so commits meanwhile blur it. */
  countJobs(): Effect.Effect<ReadonlyMap<JobState, number>, StoreError>
  /** Newest `fireAt` first, then newest key; those of removed jobs included. */
  runs(filter: RunFilter): Effect.Effect<ReadonlyArray<RunRow>, StoreError>
  /** Newest `throughAt` first, then newest recorded; those of removed jobs included. */
  ledger(filter: LedgerFilter): Effect.Effect<ReadonlyArray<LedgerRow & { readonly jobId: string }>, StoreError>
  /** Checkpoints and messages with their runs, by run key: at most `limit` runs with a key above `afterRunKey`. Of one moment. */
  kept(afterRunKey: number, limit: number): Effect.Effect<ReadonlyArray<KeptRow>, StoreError>
  /** What commits have told, by number. Retention takes the oldest, never the newest row; a row that cannot be read is left out. */
  events(filter: EventsFilter): Effect.Effect<ReadonlyArray<StoredEventsRow>, StoreError>
}

/**
 * A store in the hands of its owner. Not stable before 1.0: stores that several owners share will ask for more, see `docs/stores.md`.
 */
export interface OpenStore extends StoreOpening {
  /** The questions, which others may ask as well. */
  readonly reads: StoreReads
  /**
   * Applies `batch` in one transaction. `sequence` counts up by one a commit within the epoch, from 1; a batch that fails is retried with
   * the same number. Returns false when a batch with this number is on disk already (an earlier answer was lost) and applies nothing;
   * a number further ahead is a `StoreConflict`. `StoreFenced` when another owner has opened the store since.
   */
  commit(sequence: number, batch: StoreBatch): Effect.Effect<boolean, StoreError>
  /** The `sequence` of the newest commit of this epoch that is on disk; 0 before the first. Asked when an answer was lost. */
  committed(): Effect.Effect<number, StoreError>
  /** What is due, and when more will be: all that a writer asks before a commit, in one call. */
  due(query: DueQuery): Effect.Effect<DueAnswer, StoreError>
  /** Unfinished runs of earlier epochs, by run key; at most `limit` with a key above `afterRunKey`. */
  orphans(afterRunKey: number, limit: number): Effect.Effect<ReadonlyArray<RunRow>, StoreError>
  /** The newest checkpoints of those of these runs that have one, by run key. */
  checkpoints(runKeys: ReadonlyArray<number>): Effect.Effect<ReadonlyMap<number, string>, StoreError>
  /** The messages that wait to those of these runs that have any, by run key, each list by number. */
  messages(runKeys: ReadonlyArray<number>): Effect.Effect<ReadonlyMap<number, ReadonlyArray<MessageRow>>, StoreError>
  /**
   * Deletes one slice of what `retention` no longer keeps; the number of rows it deleted. A slice also ends after so many rows that
   * it looked at and left, and the next one goes on from there: among very many unfinished runs a call may delete nothing yet.
   */
  purge(retention: Retention): Effect.Effect<number, StoreError>
  /**
   * The latest cursor of the done jobs, removed ones aside, that `purge` has ever deleted, but none beyond its `doneBefore`; `null`: it
   * has deleted none. Written with the deletion.
   */
  forgottenThrough(): Effect.Effect<EpochMillis | null, StoreError>
}
