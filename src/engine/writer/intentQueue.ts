/** Intents that wait for a commit, in the order in which they came, and the jobs that they need. */
import { Effect } from "effect"
import type { JobRow, OpenStore } from "../../store/jobStore.ts"
import type { StoreError } from "../../store/storeError.ts"
import type { Intent } from "./intent.ts"
import type { Job } from "../job/jobCodec.ts"
import type { JobCache } from "./jobCache.ts"

export class IntentQueue {
  private pending: Array<Intent> = []

  get length(): number {
    return this.pending.length
  }

  push(intent: Intent): void {
    this.pending.push(intent)
  }

  /** The first intents up to `weight` in all; at least one, if there is one. */
  take(weight: number): ReadonlyArray<Intent> {
    let taken = 0
    let count = 0
    for (const intent of this.pending) {
      // One that touches no job is one all the same: where each is to be tried by itself, none may slip in.
      const own = Math.max(1, intent.weight)
      if (count > 0 && taken + own > weight) break
      taken += own
      count += 1
    }
    if (count < this.pending.length) return this.pending.splice(0, count)
    const all = this.pending
    this.pending = []
    return all
  }

  /** They go first the next time. */
  putBack(intents: ReadonlyArray<Intent>): void {
    if (intents.length > 0) this.pending = [...intents, ...this.pending]
  }

  /** Takes those that callers gave at `givenMs` or before. */
  overdue(givenMs: number): ReadonlyArray<Intent> {
    const isOverdue = ({ givenAt }: Intent): boolean => givenAt !== undefined && givenAt <= givenMs
    const gone = this.pending.filter(isOverdue)
    if (gone.length > 0) this.pending = this.pending.filter((intent) => !isOverdue(intent))
    return gone
  }

  /** Takes all there are. */
  empty(): ReadonlyArray<Intent> {
    return this.take(Infinity)
  }
}

const none: ReadonlyArray<never> = []

/** The jobs that the intents name: those kept decoded, and rows of the others. An unknown one is in neither. */
export const jobsOf = (
  intents: ReadonlyArray<Intent>,
  cache: JobCache,
  store: OpenStore
): Effect.Effect<ReadonlyArray<Job | JobRow>, StoreError> => {
  const found: Array<Job> = []
  const ids = new Set<string>()
  const keys = new Set<number>()
  for (const intent of intents) {
    for (const id of intent.ids ?? none) {
      const job = cache.byId(id)
      if (job === undefined) ids.add(id)
      else found.push(job)
    }
    for (const key of intent.keys ?? none) {
      const job = cache.byKey(key)
      if (job === undefined) keys.add(key)
      else found.push(job)
    }
  }
  if (ids.size === 0 && keys.size === 0) return Effect.succeed(found)
  return Effect.zipWith(
    ids.size === 0 ? Effect.succeed<ReadonlyArray<JobRow>>(none) : store.reads.jobs({ ids: [...ids] }),
    keys.size === 0 ? Effect.succeed<ReadonlyArray<JobRow>>(none) : store.reads.jobs({ keys: [...keys] }),
    (byId, byKey) => [...found, ...byId, ...byKey]
  )
}
