/** Jobs that user streams drive: which stream has which, and what an emission does to them. */
import { Effect } from "effect"
import type { StoreError } from "../store/storeError.ts"
import { NotJsonError, toJson } from "../task/jsonText.ts"
import type { Json } from "../trigger/trigger.ts"
import type { Intent } from "./intent.ts"
import { emit } from "./jobCommands.ts"
import type { Plan } from "./plan.ts"
import type { StoreLane } from "./storeLane.ts"

export class StreamJobs {
  /** Per stream and lane the keys of its jobs. */
  private readonly keys = new Map<string, Map<StoreLane, Set<number>>>()
  private readonly report: (error: unknown, where: string) => void

  constructor(report: (error: unknown, where: string) => void) {
    this.report = report
  }

  /** Learns a store's stream jobs when it is opened. */
  read(lane: StoreLane): Effect.Effect<void, StoreError> {
    return Effect.map(lane.store.streamJobs(), (rows) => {
      for (const row of rows) if (row.stream !== null) this.of(row.stream, lane).add(row.key)
    })
  }

  /** Keeps up with jobs that were added, changed or ended. */
  follow(lane: StoreLane, plan: Plan): void {
    for (const job of plan.changed()) {
      const { stream } = job.row
      if (stream === null) {
        if (this.keys.size > 0) this.forget(lane, job.key)
        continue
      }
      this.forget(lane, job.key)
      if (job.removedAt === null && job.value !== "done") this.of(stream, lane).add(job.key)
    }
  }

  /** Each emission becomes a run of every job of the stream, with the value added to the job's arguments as `value`. */
  emitted(stream: string, value: unknown, lanes: ReadonlyArray<StoreLane>, claiming: boolean): void {
    if (!claiming) return
    const json = this.json(stream, value)
    for (const lane of lanes) {
      for (const key of this.keys.get(stream)?.get(lane) ?? []) lane.submit(emission(key, json))
    }
  }

  private json(stream: string, value: unknown): Json | undefined {
    try {
      return toJson(value)
    } catch (error) {
      if (!(error instanceof NotJsonError)) throw error
      this.report(error, `a value of stream "${stream}"`)
      return undefined
    }
  }

  private of(stream: string, lane: StoreLane): Set<number> {
    const lanes = this.keys.get(stream) ?? new Map<StoreLane, Set<number>>()
    const keys = lanes.get(lane) ?? new Set<number>()
    this.keys.set(stream, lanes.set(lane, keys))
    return keys
  }

  private forget(lane: StoreLane, key: number): void {
    for (const lanes of this.keys.values()) lanes.get(lane)?.delete(key)
  }
}

/** `undefined`: the value was not JSON, which the job's ledger records. */
const emission = (key: number, value: Json | undefined): Intent => ({
  keys: [key],
  weight: 1,
  apply: (plan) => {
    const job = plan.byKey(key)
    if (job === undefined) return
    if (value === undefined) {
      plan.step(job, {
        type: "refused",
        now: plan.now,
        fireAt: Math.max(plan.now, job.memory.cursor + 1),
        reason: "invalidValue"
      })
      return
    }
    const own: unknown = JSON.parse(job.row.args)
    const isObject = typeof own === "object" && own !== null && !Array.isArray(own)
    emit(plan, job, isObject ? { ...(own as { readonly [key: string]: Json }), value } : { value })
  },
  committed: () => undefined,
  failed: () => undefined // The lane is closing: an emission that comes too late is not owed.
})
