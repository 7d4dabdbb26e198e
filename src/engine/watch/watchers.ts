/**
 * Whoever watches jobs and runs, told by what commits have changed and by what changes without one. A job's own watchers are found by
 * its id: what a commit costs here follows the jobs that it changes, not those that are watched.
 */
import type { CancelTimer, Timers } from "../../time/timers.ts"
import type { Job } from "../job/jobCodec.ts"
import type { CommitFollower } from "../writer/commitFollower.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import type { UnitOfWork } from "../writer/unitOfWork.ts"

/** What no commit tells. */
interface Watcher {
  /** Jobs may be there, or not any more: the scheduler has started, or a store has come, gone or returned. */
  refreshed(): void
  /** Retention has deleted done jobs or runs that have ended. */
  forgotten(): void
  /** A stream that drives jobs has another status. */
  streamChanged(stream: string): void
}

/** Is told of one id. */
export interface JobWatcher extends Watcher {
  /** A commit has changed a job of that id; it may be removed, and another may have the id by now. */
  changed(job: Job, writer: StoreWriter): void
}

/** Is told of every commit. */
export interface CommitWatcher extends Watcher {
  committed(writer: StoreWriter, unit: UnitOfWork): void
}

/** Retention deletes in many small slices; whoever watches is told no more often. */
const forgottenEveryMs = 10_000

export class Watchers implements CommitFollower<StoreWriter> {
  private readonly ofJobs = new Map<string, Set<JobWatcher>>()
  private readonly ofCommits = new Set<CommitWatcher>()
  private readonly ofStatus = new Set<() => void>()
  private readonly timers: Timers
  private readonly within: (call: () => void) => void
  private readonly report: (error: unknown, where: string) => void
  private cancelForgotten: CancelTimer | null = null

  /** `within` calls in the callers' context, `report` hears what one threw. */
  constructor(timers: Timers, within: (call: () => void) => void, report: (error: unknown, where: string) => void) {
    this.timers = timers
    this.within = within
    this.report = report
  }

  /** Until the returned function is called. */
  watchJob(id: string, watcher: JobWatcher): () => void {
    const watchers = this.ofJobs.get(id) ?? new Set<JobWatcher>()
    this.ofJobs.set(id, watchers.add(watcher))
    return () => {
      watchers.delete(watcher)
      if (watchers.size === 0 && this.ofJobs.get(id) === watchers) this.ofJobs.delete(id)
      this.rest()
    }
  }

  /** Until the returned function is called. */
  watch(watcher: CommitWatcher): () => void {
    this.ofCommits.add(watcher)
    return () => {
      this.ofCommits.delete(watcher)
      this.rest()
    }
  }

  /** Whatever of the scheduler may have changed. Until the returned function is called. */
  watchStatus(touched: () => void): () => void {
    this.ofStatus.add(touched)
    return () => void this.ofStatus.delete(touched)
  }

  /** Something of the scheduler has changed that its status shows. */
  touch(): void {
    for (const touched of [...this.ofStatus]) this.tell(touched)
  }

  follow(writer: StoreWriter, unit: UnitOfWork): void {
    this.touch()
    if (this.isIdle) return
    this.within(() => {
      if (this.ofJobs.size > 0)
        for (const job of unit.changed())
          for (const watcher of [...(this.ofJobs.get(job.row.id) ?? [])]) this.tell(() => watcher.changed(job, writer))
      for (const watcher of [...this.ofCommits]) this.tell(() => watcher.committed(writer, unit))
    })
  }

  refresh(): void {
    this.touch()
    this.tellAll((watcher) => watcher.refreshed())
  }

  streamChanged(stream: string): void {
    this.touch()
    this.tellAll((watcher) => watcher.streamChanged(stream))
  }

  forgot(): void {
    if (this.isIdle) return
    this.cancelForgotten ??= this.timers.after(forgottenEveryMs, () => {
      this.cancelForgotten = null
      this.tellAll((watcher) => watcher.forgotten())
    })
  }

  private get isIdle(): boolean {
    return this.ofJobs.size === 0 && this.ofCommits.size === 0
  }

  /** No timer is left behind for nobody. */
  private rest(): void {
    if (!this.isIdle) return
    this.cancelForgotten?.()
    this.cancelForgotten = null
  }

  private tellAll(how: (watcher: Watcher) => void): void {
    if (this.isIdle) return
    const watchers = [...[...this.ofJobs.values()].flatMap((ofJob) => [...ofJob]), ...this.ofCommits]
    this.within(() => {
      for (const watcher of watchers) this.tell(() => how(watcher))
    })
  }

  private tell(how: () => void): void {
    try {
      how()
    } catch (error) {
      this.report(error, "a watcher")
    }
  }
}
