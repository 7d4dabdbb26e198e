/** Callers that wait for a request to be claimed or for a run to end. */
import type { CommitFollower } from "./writer/commitFollower.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"
import { JobStateError, SchedulerStoppedError } from "./schedulerError.ts"
import { placeOfRun } from "./writer/runKeys.ts"
import type { Writer } from "./writer/writer.ts"

interface Waiter<A> {
  readonly resolve: (value: A) => void
  readonly reject: (error: unknown) => void
}

/** Somebody waits for the end of a run, until it has ended or `forget` is called. */
export interface WaitForEnd {
  /** Resolves when the run's outcome is on disk. */
  readonly ended: Promise<void>
  forget(): void
}

export class RunWaiters implements CommitFollower<Writer> {
  private readonly claims = new Map<string, Waiter<number>>()
  private readonly ends = new Map<string, Set<Waiter<void>>>()

  /** How many wait. */
  get waiting(): number {
    let waiting = this.claims.size
    for (const waiters of this.ends.values()) waiting += waiters.size
    return waiting
  }

  /** The run's key, once the request of this job with this ticket is claimed. Asked within the commit of the request, which may claim it. */
  claimed(writer: Writer, jobKey: number, ticket: number): Promise<number> {
    return quietly(
      new Promise((resolve, reject) => this.claims.set(`${writer.name}/${jobKey}/${ticket}`, { resolve, reject }))
    )
  }

  /** For a run that has not ended. Who cannot know that waits first, then looks, and forgets the wait when it has. */
  untilEnded(runId: string): WaitForEnd {
    const waiters = this.ends.get(runId) ?? new Set()
    this.ends.set(runId, waiters)
    let waiter: Waiter<void> | null = null
    const ended = quietly(
      new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject }
        waiters.add(waiter)
      })
    )
    const forget = (): void => {
      if (waiter !== null) waiters.delete(waiter)
      if (waiters.size === 0 && this.ends.get(runId) === waiters) this.ends.delete(runId)
    }
    return { ended, forget }
  }

  follow(writer: Writer, unit: UnitOfWork): void {
    if (this.claims.size > 0) {
      for (const { jobKey, ticket, runKey } of unit.consequences.requestsClaimed) {
        const place = `${writer.name}/${jobKey}/${ticket}`
        this.claims.get(place)?.resolve(runKey)
        this.claims.delete(place)
      }
    }
    if (this.claims.size > 0) this.refuseEnded(writer, unit)
    if (this.ends.size === 0) return
    for (const runKey of unit.consequences.runsEnded) {
      const runId = writer.runId(runKey)
      for (const { resolve } of this.ends.get(runId) ?? []) resolve()
      this.ends.delete(runId)
    }
  }

  /** A request that waited for an instance goes with its job. */
  private refuseEnded(writer: Writer, unit: UnitOfWork): void {
    for (const job of unit.changed()) {
      if (job.removedAt === null && job.value !== "done") continue
      for (const [place, { reject }] of this.claims) {
        if (!place.startsWith(`${writer.name}/${job.key}/`)) continue
        this.claims.delete(place)
        reject(
          new JobStateError({
            jobId: job.row.id,
            verb: "runJob",
            state: "removed",
            remedy: "its request was still waiting to be claimed"
          })
        )
      }
    }
  }

  /** One store is closed, with `error` to those who wait for something in it. */
  closeStore(name: string, error: unknown): void {
    for (const [place, { reject }] of this.claims) {
      if (!place.startsWith(`${name}/`)) continue
      this.claims.delete(place)
      reject(error)
    }
    for (const [runId, waiters] of this.ends) {
      if (placeOfRun(runId)?.store !== name) continue
      this.ends.delete(runId)
      for (const { reject } of waiters) reject(error)
    }
  }

  /** The scheduler has stopped, for this `reason`. A request that was not claimed is on disk all the same: the next start takes it up. */
  close(reason: string | null): void {
    const kept = `${reason === null ? "" : `${reason}; `}the request is stored, and its run follows the next start`
    const unclaimed = new SchedulerStoppedError({ verb: "waiting for the claim of a run", reason: kept })
    const unended = new SchedulerStoppedError({ verb: "waiting for a run", reason })
    for (const { reject } of this.claims.values()) reject(unclaimed)
    for (const waiters of this.ends.values()) for (const { reject } of waiters) reject(unended)
    this.claims.clear()
    this.ends.clear()
  }
}

/** A caller may lose interest before the answer comes; a scheduler that stops then must not end the process. */
const quietly = <A>(promise: Promise<A>): Promise<A> => {
  promise.catch(() => undefined)
  return promise
}
