/** Callers' functions that hear of each job that a commit has changed. */
import type { Job } from "./job/jobCodec.ts"
import type { CommitFollower } from "./writer/commitFollower.ts"
import type { StoreWriter } from "./writer/storeWriter.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"

export type JobWatcher = (job: Job, writer: StoreWriter) => void

export class JobWatchers implements CommitFollower<StoreWriter> {
  private readonly watchers = new Set<JobWatcher>()
  private readonly within: (call: () => void) => void
  private readonly report: (error: unknown, where: string) => void

  /** `within` calls in the callers' context, `report` hears what one threw. */
  constructor(within: (call: () => void) => void, report: (error: unknown, where: string) => void) {
    this.within = within
    this.report = report
  }

  /** Until the returned function is called. */
  add(watcher: JobWatcher): () => void {
    this.watchers.add(watcher)
    return () => void this.watchers.delete(watcher)
  }

  follow(writer: StoreWriter, unit: UnitOfWork): void {
    if (this.watchers.size === 0) return
    this.within(() => {
      for (const job of unit.changed()) for (const watcher of this.watchers) this.tell(watcher, job, writer)
    })
  }

  private tell(watcher: JobWatcher, job: Job, writer: StoreWriter): void {
    try {
      watcher(job, writer)
    } catch (error) {
      this.report(error, "a watcher")
    }
  }
}
