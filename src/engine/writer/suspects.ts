/**
 * Jobs that one more crash would park. Which of the jobs that ran when a process died has killed it, nobody knows; so those that ran at
 * each of the last deaths run one at a time, and the next death has one culprit. One that ends an attempt, or lives through
 * `trialMs` while others wait, is no suspect any more. Holds no job and writes nothing but that.
 */
import { crashesToPark } from "../../job/rules.ts"
import type { CancelTimer, Timers } from "../../time/timers.ts"
import type { Job } from "../job/jobCodec.ts"
import type { CommitFollower } from "./commitFollower.ts"
import type { Writer } from "./writer.ts"
import type { UnitOfWork } from "./unitOfWork.ts"

/** How long a suspect has the turn when others wait for it, milliseconds. */
export const trialMs = 5 * 60_000

/** True for a job that the next crash would park. */
export const isSuspect = ({ memory }: Job): boolean => memory.crashes >= crashesToPark - 1 && memory.fault === null

interface Turn {
  readonly writer: Writer
  readonly key: number
  readonly sinceMs: number
}

export class Suspects implements CommitFollower<Writer> {
  private turn: Turn | null = null
  private readonly timers: Timers
  private readonly freed: () => void
  private cancelEnd: CancelTimer | null = null
  private waiting: Array<() => void> = []

  /** `freed` hears that whoever waits may try again. */
  constructor(timers: Timers, freed: () => void) {
    this.timers = timers
    this.freed = freed
  }

  /** Whether the job's runs may start; a suspect for which they may has the turn from now on. */
  mayStart(writer: Writer, job: Job): boolean {
    if (!isSuspect(job)) return true
    this.turn ??= this.turnOf(writer, job.key)
    return !this.mustWait(writer, job)
  }

  /** True while another suspect has the turn; asking so does not take it. */
  mustWait(writer: Writer, job: Job): boolean {
    if (this.turn === null || this.has(writer, job.key) || !isSuspect(job)) return false
    const { turn } = this
    const endsInMs = Math.max(0, turn.sinceMs + trialMs - this.timers.monotonicMillis())
    this.cancelEnd ??= this.timers.after(endsInMs, () => turn.writer.submit(acquittal([turn.key])))
    return true
  }

  /** Calls back once the turn is free. */
  whenFree(callback: () => void): void {
    if (this.turn === null) callback()
    else this.waiting.push(callback)
  }

  /** Keeps up with what is on disk: a suspect that runs has the turn, one that does not has it no more. */
  follow(writer: Writer, unit: UnitOfWork): void {
    for (const job of unit.changed()) {
      const runs = isSuspect(job) && job.memory.live.some(({ retryAt }) => retryAt === null)
      if (runs) this.turn ??= this.turnOf(writer, job.key)
      else if (this.has(writer, job.key)) this.free()
    }
  }

  /** The writer is gone, or its job `key` can be neither written nor parked. */
  leave(writer: Writer, key?: number): void {
    if (this.turn?.writer === writer && (key === undefined || this.turn.key === key)) this.free()
  }

  private turnOf(writer: Writer, key: number): Turn {
    return { writer, key, sinceMs: this.timers.monotonicMillis() }
  }

  private has(writer: Writer, key: number): boolean {
    return this.turn?.writer === writer && this.turn.key === key
  }

  private free(): void {
    this.turn = null
    this.cancelEnd?.()
    this.cancelEnd = null
    for (const callback of this.waiting.splice(0)) callback()
    this.freed()
  }
}

/** Takes the suspicion from jobs. */
export const acquittal = (
  keys: ReadonlyArray<number>,
  done: () => void = () => undefined,
  failed: (error: unknown) => void = () => undefined
) => ({
  keys,
  weight: keys.length,
  apply: (unit: UnitOfWork): void => {
    for (const key of keys) {
      const job = unit.byKey(key)
      if (job !== undefined && job.memory.crashes > 0 && job.memory.fault === null)
        unit.step(job, { type: "acquitted", now: unit.now })
    }
  },
  committed: done,
  failed
})
