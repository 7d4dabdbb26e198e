/** What a store can fail with, one class a cause. Drivers' errors are translated where a driver meets the contract. */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"

/** The store is busy, full or away; the same call may succeed later. `remedy`: what helps, where that is known. */
export class StoreUnavailable extends Data.TaggedError("StoreUnavailable")<{
  /** What it calls itself, such as its file. */
  readonly store: string
  /** What was tried: `open`, or a call of the store's, such as `commit`. */
  readonly operation: string
  /** What the driver said, or a text. */
  readonly cause: unknown
  /** What helps, where more is known than that it be reached. */
  readonly remedy?: string
}> {
  override get message(): string {
    const remedy = this.remedy ?? "check that it can be reached"
    const again = triedAgain.has(this.operation) ? "; the scheduler goes on trying" : ""
    return `store ${this.store}: ${this.operation} failed: ${causeText(this.cause)}; ${remedy}${again}`
  }
}

/** Calls that a scheduler makes of itself, and again until they succeed. What callers ask for (`jobs`, `runs`) is theirs to ask again. */
const triedAgain: ReadonlySet<string> = new Set([
  ...["commit", "committed", "due", "checkpoints", "purge", "forgottenThrough"],
  "a call"
])

/**
 * Another live scheduler owns the store. `host` is empty when it does not know its own, `pid` 0 when it has not written it yet.
 * `sameProcess`: it is one of this very process, which has not been shut down.
 */
export class StoreInUse extends Data.TaggedError("StoreInUse")<{
  /** What it calls itself, such as its file. */
  readonly store: string
  /** The owner's process; 0 when it has not written it yet. */
  readonly pid: number
  /** The owner's host; empty when it does not know its own. */
  readonly host: string
  /** Milliseconds since the owner has started. */
  readonly ageMs: number
  /** True: the owner is a scheduler of this very process that has not been shut down. */
  readonly sameProcess?: boolean
}> {
  override get message(): string {
    const age = `started ${Math.round(this.ageMs / 1000)} s ago`
    if (this.sameProcess === true)
      return `store ${this.store} is in use by another scheduler of this process, ${age}; shut that one down first: a module that is loaded anew must keep the scheduler that it made before`
    const where = this.host === "" ? "" : ` on ${this.host}`
    const holder = this.pid === 0 ? "another process that has just opened it" : `process ${this.pid}${where}, ${age}`
    return `store ${this.store} is in use by ${holder}; stop it first, wait for it with start({ waitForStore }), or give this scheduler a store of its own`
  }
}

/** Another owner has opened the store since; this one must stop. */
export class StoreFenced extends Data.TaggedError("StoreFenced")<{
  /** What it calls itself, such as its file. */
  readonly store: string
  /** The epoch of the owner that was overtaken. */
  readonly epoch: number
}> {
  override get message(): string {
    return `store ${this.store} was taken over by a newer owner than epoch ${this.epoch}; this scheduler must stop`
  }
}

/** Not a store, or damaged beyond reading. Nothing was written. `remedy`: what helps, when it is not a backup. */
export class StoreUnreadable extends Data.TaggedError("StoreUnreadable")<{
  /** What it calls itself, such as its file. */
  readonly store: string
  /** What the driver said, or a text. */
  readonly cause: unknown
  /** What helps, where that is not a backup. */
  readonly remedy?: string
}> {
  override get message(): string {
    const remedy = this.remedy ?? "restore it from a backup or give another file"
    return `store ${this.store === "" ? '""' : this.store} cannot be read: ${causeText(this.cause)}; ${remedy}`
  }
}

/** Written by a newer version. Nothing was written. */
export class StoreTooNew extends Data.TaggedError("StoreTooNew")<{
  /** What it calls itself, such as its file. */
  readonly store: string
  /** Schema version of the store. */
  readonly found: number
  /** The newest schema version that this code reads. */
  readonly supported: number
}> {
  override get message(): string {
    return `store ${this.store} has schema version ${this.found}, this version reads up to ${this.supported}; upgrade carillon`
  }
}

/** A batch contradicts what is stored: an id or a run that exists already. */
export class StoreConflict extends Data.TaggedError("StoreConflict")<{
  /** What it calls itself, such as its file. */
  readonly store: string
  /** What the driver said, or a text. */
  readonly cause: unknown
}> {
  override get message(): string {
    return `store ${this.store}: the change contradicts what is stored: ${causeText(this.cause)}`
  }
}

/** Told when a store is opened: damage that would have harmed all jobs was found, and is mended. Nothing fails with it. */
export class StoreMended extends Data.TaggedError("StoreMended")<{
  /** The store's name in the scheduler. */
  readonly store: string
  /** What was damaged, in words. */
  readonly cause: string
}> {
  override get message(): string {
    return `store ${this.store} was damaged: ${this.cause}; find out what wrote into it, and verify it`
  }
}

/** What a store fails with; which of them when, says `JobStore`. */
export type StoreError = StoreUnavailable | StoreInUse | StoreFenced | StoreUnreadable | StoreTooNew | StoreConflict

/** A loader's errors go on for many lines of places where it looked. */
const causeText = (cause: unknown): string =>
  cause instanceof Error
    ? (cause.message.split("\n", 1)[0] ?? "").replace(/ Tried:$/, "")
    : typeof cause === "string"
      ? cause
      : inWords(cause)
