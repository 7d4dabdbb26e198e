/**
 * Jobs that need what this process does not have: a task, an executor, a stream, a trigger's type or a calendar. They stay as they are,
 * since somebody else may know it, or this process sooner or later: nothing is claimed for them meanwhile, and they go on by themselves
 * when it is registered. Here is what is missing, so that it is told once and seen. Holds no job and writes nothing.
 */
import { Data } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import type { Job } from "../job/jobCodec.ts"
import type { MissingKind } from "../job/missingPart.ts"

/** Something that jobs of a store wait for, and since when that is known. */
export interface MissingPart {
  /** The store's name in the scheduler. */
  readonly store: string
  /** `trigger`: a trigger's type, or a calendar. */
  readonly missing: MissingKind
  /** What is to be registered. */
  readonly name: string
  /** Epoch milliseconds. */
  readonly since: EpochMillis
}

/**
 * Jobs of a store are not claimed, since `name` is not registered in this process. They go on when it is; `status().unclaimed` lists
 * what is missing. For `onError`: nothing is thrown.
 */
export class JobsUnclaimedError extends Data.TaggedError("JobsUnclaimedError")<{
  /** Its name in the scheduler. */
  readonly store: string
  /** `trigger`: a trigger's type, or a calendar. */
  readonly missing: MissingKind
  /** What is to be registered. */
  readonly name: string
}> {
  override get message(): string {
    const { store, missing, name } = this
    return `jobs of store "${store}" wait, for ${missing} "${name}" is not registered here; they go on when it is, ${remedyOf(missing)}`
  }
}

/** How it comes. */
export const remedyOf = (missing: MissingKind): string =>
  missing === "trigger" ? "by addCalendar or at the next start" : `by ${adders[missing]} or at the next start`

const adders = { task: "addTask", executor: "addExecutor", stream: "addStream" } as const

export class UnclaimedJobs {
  private readonly parts = new Map<string, MissingPart>()
  /** When something came that jobs had waited for. */
  private readonly cameAt = new Map<string, EpochMillis>()
  private readonly tell: (part: MissingPart) => void
  private readonly now: () => EpochMillis

  /** `tell` hears once of each part that is missing, until it comes. */
  constructor(now: () => EpochMillis, tell: (part: MissingPart) => void) {
    this.now = now
    this.tell = tell
  }

  /** What is missing, in the order in which it was found. */
  get list(): ReadonlyArray<MissingPart> {
    return [...this.parts.values()]
  }

  /** Names of what is missing of a kind, in a store. */
  names(store: string, missing: MissingKind): ReadonlyArray<string> {
    return this.list.flatMap((part) => (part.store === store && part.missing === missing ? part.name : []))
  }

  /** A job has been found that needs it. */
  note(store: string, missing: MissingKind, name: string): void {
    const place = `${store}/${missing}/${name}`
    if (this.parts.has(place)) return
    const part = { store, missing, name, since: this.now() }
    this.parts.set(place, part)
    this.tell(part)
  }

  /** It is registered. Of triggers all are forgotten: those that still miss something are found anew. */
  came(missing: MissingKind, name: string | null): void {
    for (const [place, part] of this.parts) {
      if (part.missing !== missing || (name !== null && part.name !== name)) continue
      this.parts.delete(place)
      this.cameAt.set(`${missing}/${part.name}`, this.now())
    }
  }

  /** The store is closed. */
  closeStore(store: string): void {
    for (const [place, part] of this.parts) if (part.store === store) this.parts.delete(place)
  }

  /** What came due up to then was missed: nobody could claim it. `null`: everything was there from the start. */
  missedThrough({ row }: Job): EpochMillis | null {
    if (this.cameAt.size === 0) return null
    const [task, executor] = [this.cameAt.get(`task/${row.task}`), this.cameAt.get(`executor/${row.executor}`)]
    const latest = Math.max(task ?? -Infinity, executor ?? -Infinity)
    return latest === -Infinity ? null : latest
  }
}
