/** What a store can fail with, one class a cause. Drivers' errors are translated where a driver meets the contract. */
import { Data } from "effect"
import { preview } from "../task/preview.ts"

/** The store is busy, full or away; the same call may succeed later. */
export class StoreUnavailable extends Data.TaggedError("StoreUnavailable")<{
  readonly store: string
  readonly operation: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `store ${this.store}: ${this.operation} failed: ${causeText(this.cause)}; check disk space, permissions and locks: a running scheduler tries again by itself`
  }
}

/** Another live scheduler owns the store. `host` is empty when it does not know its own, `pid` 0 when it has not written it yet. */
export class StoreInUse extends Data.TaggedError("StoreInUse")<{
  readonly store: string
  readonly pid: number
  readonly host: string
  readonly ageMs: number
}> {
  override get message(): string {
    const where = this.host === "" ? "" : ` on ${this.host}`
    const holder =
      this.pid === 0
        ? "another process that has just opened it"
        : `process ${this.pid}${where}, started ${Math.round(this.ageMs / 1000)} s ago`
    return `store ${this.store} is in use by ${holder}; stop it first, or give this scheduler a store of its own`
  }
}

/** Another owner has opened the store since; this one must stop. */
export class StoreFenced extends Data.TaggedError("StoreFenced")<{ readonly store: string; readonly epoch: number }> {
  override get message(): string {
    return `store ${this.store} was taken over by a newer owner than epoch ${this.epoch}; this scheduler must stop`
  }
}

/** Not a store, or damaged beyond reading. Nothing was written. `remedy`: what helps, when it is not a backup. */
export class StoreUnreadable extends Data.TaggedError("StoreUnreadable")<{
  readonly store: string
  readonly cause: unknown
  readonly remedy?: string
}> {
  override get message(): string {
    const remedy = this.remedy ?? "restore it from a backup or give another file"
    return `store ${this.store === "" ? '""' : this.store} cannot be read: ${causeText(this.cause)}; ${remedy}`
  }
}

/** Written by a newer version. Nothing was written. */
export class StoreTooNew extends Data.TaggedError("StoreTooNew")<{
  readonly store: string
  readonly found: number
  readonly supported: number
}> {
  override get message(): string {
    return `store ${this.store} has schema version ${this.found}, this version reads up to ${this.supported}; upgrade carillon`
  }
}

/** A batch contradicts what is stored: an id or a run that exists already. */
export class StoreConflict extends Data.TaggedError("StoreConflict")<{
  readonly store: string
  readonly cause: unknown
}> {
  override get message(): string {
    return `store ${this.store}: the change contradicts what is stored: ${causeText(this.cause)}`
  }
}

export type StoreError = StoreUnavailable | StoreInUse | StoreFenced | StoreUnreadable | StoreTooNew | StoreConflict

const causeText = (cause: unknown): string =>
  cause instanceof Error ? cause.message : typeof cause === "string" ? cause : preview(cause)
