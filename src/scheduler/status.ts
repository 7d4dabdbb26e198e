/** A scheduler at a glance. */
import type { Engine } from "../engine/engine.ts"
import { runStore } from "../engine/storePromise.ts"
import type { JobState } from "../job/snapshot.ts"
import type { EpochMillis } from "../time/instant.ts"
import { zoneDataVersion } from "../time/zoneData.ts"

export interface StoreStatus {
  readonly name: string
  readonly description: string
  /** True while it does not answer. */
  readonly lost: boolean
  /** Jobs by state; `null` while it does not answer. */
  readonly jobs: { readonly [state in JobState]?: number } | null
  /** Parked jobs. */
  readonly faults: number
}

export interface ExecutorLoad {
  readonly name: string
  readonly concurrency: number
  readonly queue: number
  readonly running: number
  readonly queued: number
  readonly stuck: number
}

export interface SchedulerStatus {
  readonly state: "starting" | "active" | "paused" | "degraded" | "draining" | "stopped"
  /** Why it is degraded or has stopped. */
  readonly reason: string | null
  readonly createdAt: EpochMillis
  readonly timezone: string
  /** Version of the time-zone data in use. */
  readonly zoneData: string
  readonly stores: ReadonlyArray<StoreStatus>
  readonly executors: ReadonlyArray<ExecutorLoad>
}

export const statusOf = async (engine: Engine): Promise<SchedulerStatus> => {
  const { value, context } = engine.actor.getSnapshot()
  const stores: Array<StoreStatus> = []
  for (const lane of engine.lanes) stores.push(await storeStatus(engine, lane.name))
  return {
    state: engine.fresh ? "starting" : value,
    reason: context.reason ?? engine.stopReason,
    createdAt: engine.startedAt,
    timezone: engine.options.timezone,
    zoneData: zoneDataVersion(),
    stores,
    executors: [...engine.dispatcher.status()].map(([name, { concurrency, queue, running, queued, stuck }]) => ({
      name,
      concurrency,
      queue,
      running,
      queued,
      stuck
    }))
  }
}

const storeStatus = async (engine: Engine, name: string): Promise<StoreStatus> => {
  const lane = engine.lane(name, "status")
  const description = engine.descriptions.get(name) ?? ""
  try {
    const counts = await runStore(lane.store.countJobs())
    const faults = await runStore(lane.store.jobs({ fault: true, limit: 10_000 }))
    return { name, description, lost: lane.lost, jobs: Object.fromEntries(counts), faults: faults.length }
  } catch {
    // A store that is away is what this page is for: the reason is the scheduler's own.
    return { name, description, lost: true, jobs: null, faults: 0 }
  }
}
