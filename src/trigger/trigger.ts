/** WHEN: the contract of a trigger. Pure data and pure functions: no clock, no randomness, no I/O. */
import type { EpochMillis } from "../time/instant.ts"

/** Plain JSON, as it is stored. */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** A trigger as it is stored: its registered `type` and the fields that type needs, all plain JSON. */
export interface TriggerSpec {
  /** What its codec is registered as. */
  readonly type: string
  readonly [field: string]: Json
}

/** What a trigger learns when it is given to a job; afterwards its spec holds everything it needs. */
export interface TriggerBinding {
  /** When the job is added: the start of an interval without one. */
  readonly now: EpochMillis
  /** The scheduler's zone, for triggers made without one. */
  readonly timezone: string
  /** A fire time at `now` itself is not wanted; a limit does not count it. A job that is added takes one. */
  readonly nowExcluded?: boolean
  /** The job's id, the seed of jitter. */
  readonly jobId: string
}

/** One reason why an instant is no fire time: which part of which trigger refused it, what it found there and what it wanted. */
export interface Refusal {
  /** The type of the trigger that refused. */
  readonly trigger: string
  /** Which part of it, such as `hour`. */
  readonly field: string
  /** What the instant has there. */
  readonly found: string
  /** What it wanted there. */
  readonly expected: string
}

/** How many fire times lie after the instant that was asked about, up to `through`, inclusive. */
export interface CountedPart {
  readonly count: number
  readonly through: EpochMillis
}

/** Fire times within one day, milliseconds from its beginning. Shared: never changed. */
export type DayTimes = Int32Array

/** How many fire times have been looked at, some 25 ns each, and how many may be. */
export interface Work {
  steps: number
  readonly most: number
}

/**
 * A rule that gives fire times. `next` and `previous` are pure: the same argument gives the same answer, in any process.
 * Instances are immutable and may be shared by any number of jobs.
 */
export interface Trigger {
  /** What its codec is registered as. */
  readonly type: string
  /** The first fire time strictly after `after`, or `undefined` when there is none. Strictly increasing under iteration. */
  next(after: EpochMillis): EpochMillis | undefined
  /** The last fire time strictly before `before`, or `undefined`. A trigger without it is caught up step by step. */
  previous?(before: EpochMillis): EpochMillis | undefined
  /** How many fire times lie in (after, through]. Only where it is much cheaper than stepping; `undefined` where this once it is not. */
  count?(after: EpochMillis, through: EpochMillis): number | undefined
  /**
   * The same for as long a beginning of (after, through] as `work` allows, and where that ends; no further than `after`: it cannot. What is
   * looked at is added to `work`.
   */
  countPart?(after: EpochMillis, through: EpochMillis, work: Work): CountedPart
  /**
   * Names what the fire times of a day (UTC, from `day` on) depend on: days of one pattern have theirs at the same times of day. Only
   * where it is cheap; `or` and `and` count by it.
   */
  dayPattern?(day: EpochMillis): string
  /**
   * The fire times of a day (UTC, from `day` on) as milliseconds from its beginning, ascending; `undefined`: too many. What it looks at is
   * added to `work`. `or` and `and` count by it.
   */
  dayTimes?(day: EpochMillis, work: Work): DayTimes | undefined
  /** Why `at` is no fire time; empty when it is one. For people: `explainFireTime` asks it. */
  explain?(at: EpochMillis): ReadonlyArray<Refusal>
  /** The stored form, from which the type's codec makes an equal trigger. */
  toJSON(): TriggerSpec
  /** The same rule with every default settled (zone, start, seed); triggers that need none leave it out. */
  bind?(binding: TriggerBinding): Trigger
  /** No fire time lies after this; `Infinity` or left out: no such bound. Jitter stays inside it. */
  readonly end?: EpochMillis
  /** `"run"`: fixed delay. The next fire time is `next(finishedAt)` of the last run, and none is due while one runs. */
  readonly after?: "run"
  /** The name of a registered stream whose emissions are the fire times; `next` then always gives `undefined`. */
  readonly stream?: string
}

/** Reads the stored form of one trigger type. Throws `InvalidTriggerError` for a spec that is not of that type. */
export interface TriggerCodec {
  /** The type that it reads; unique in a scheduler. */
  readonly type: string
  /** `read` decodes nested triggers. */
  fromJSON(spec: TriggerSpec, read: (spec: TriggerSpec) => Trigger): Trigger
}
