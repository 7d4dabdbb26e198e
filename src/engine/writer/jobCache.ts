/** The jobs that are kept decoded: all that have live runs, and the most recently used of the others, up to a bound. */
import type { Job } from "../job/jobCodec.ts"

export class JobCache {
  /** Jobs with live runs: their outcomes must find them. Bounded by what the executors hold. */
  private readonly busy = new Map<number, Job>()
  /** Oldest use first. */
  private readonly idle = new Map<number, Job>()
  private readonly keysById = new Map<string, number>()
  private readonly limit: number
  private readonly onEvicted: (job: Job) => void

  /** `limit`: idle jobs kept. `onEvicted` hears of each job that leaves. */
  constructor(limit: number, onEvicted: (job: Job) => void) {
    this.limit = limit
    this.onEvicted = onEvicted
  }

  byKey(key: number): Job | undefined {
    return this.busy.get(key) ?? this.idle.get(key)
  }

  byId(id: string): Job | undefined {
    const key = this.keysById.get(id)
    return key === undefined ? undefined : this.byKey(key)
  }

  get size(): number {
    return this.busy.size + this.idle.size
  }

  /** Keeps the newest state of a job. One that is done and has nothing live is evicted at once. */
  put(job: Job): void {
    this.idle.delete(job.key)
    if (job.memory.live.length > 0) {
      this.busy.set(job.key, job)
      if (job.removedAt === null) this.keysById.set(job.row.id, job.key)
      else this.forgetId(job)
      return
    }
    this.busy.delete(job.key)
    if (job.value === "done" || job.removedAt !== null || this.limit === 0) return this.evict(job)
    this.idle.set(job.key, job)
    this.keysById.set(job.row.id, job.key)
    if (this.idle.size > this.limit) {
      const oldest = this.idle.values().next().value
      if (oldest !== undefined) {
        this.idle.delete(oldest.key)
        this.evict(oldest)
      }
    }
  }

  private evict(job: Job): void {
    this.forgetId(job)
    this.onEvicted(job)
  }

  private forgetId(job: Job): void {
    if (this.keysById.get(job.row.id) === job.key) this.keysById.delete(job.row.id)
  }
}
