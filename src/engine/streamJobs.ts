/** Jobs that user streams drive: which stream has which, and what an emission does to them. */
import { Effect } from "effect"
import type { MisfireReason } from "../job/misfire.ts"
import type { StoreError } from "../store/storeError.ts"
import { NotJsonError, toJson } from "../task/jsonText.ts"
import type { AnyTask } from "../task/task.ts"
import { checkArguments, InvalidArgumentsError } from "../task/taskArguments.ts"
import type { TaskRegistry } from "../task/taskRegistry.ts"
import type { Json } from "../trigger/trigger.ts"
import type { Intent } from "./intent.ts"
import type { Job } from "./jobCodec.ts"
import { emit } from "./jobCommands.ts"
import { unknownTask } from "./dueJobs.ts"
import type { Plan } from "./plan.ts"
import type { Lane } from "./laneHost.ts"
import type { Suspects } from "./suspects.ts"

export class StreamJobs {
  /** Per stream and lane the keys of its jobs. */
  private readonly keys = new Map<string, Map<Lane, Set<number>>>()
  private readonly tasks: TaskRegistry
  private readonly suspects: Suspects
  private readonly report: (error: unknown, where: string) => void

  constructor(tasks: TaskRegistry, suspects: Suspects, report: (error: unknown, where: string) => void) {
    this.tasks = tasks
    this.suspects = suspects
    this.report = report
  }

  /** Learns a store's stream jobs when it is opened. */
  read(lane: Lane): Effect.Effect<void, StoreError> {
    return Effect.map(lane.store.streamJobs(), (rows) => {
      for (const row of rows) if (row.stream !== null) this.of(row.stream, lane).add(row.key)
    })
  }

  /** Keeps up with jobs that were added, changed or ended. */
  follow(lane: Lane, plan: Plan): void {
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
  emitted(stream: string, value: unknown, lanes: ReadonlyArray<Lane>, paused: boolean): void {
    const json = this.json(stream, value)
    for (const lane of lanes) {
      // A copy: the commit may come at once, and `follow` then puts the job at the end of the set that is walked here.
      for (const key of [...(this.keys.get(stream)?.get(lane) ?? [])])
        lane.submit(this.emission(lane, key, json, paused))
    }
  }

  /** `value` is `undefined` when it was not JSON. While the store is away the emission waits; what cannot run is in the ledger. */
  private emission(lane: Lane, key: number, value: Json | undefined, paused: boolean): Intent {
    let waits = false
    return {
      keys: [key],
      weight: 1,
      apply: (plan) => {
        const job = plan.byKey(key)
        if (job === undefined) return
        waits = this.suspects.mustWait(lane, job)
        if (waits) return
        const task = this.tasks.find(job.row.task)
        if (task === undefined) {
          // A user's pause is not made a fault's, which would end when the task is back.
          if (job.memory.pausedAt === null) plan.park(job, unknownTask(job.row.task))
          return
        }
        if (paused) refuse(plan, job, "withdrawn")
        else if (value === undefined) refuse(plan, job, "invalidValue")
        else this.fire(plan, job, task, value)
      },
      committed: () => {
        if (waits) this.suspects.whenFree(() => lane.submit(this.emission(lane, key, value, paused)))
      },
      failed: () => undefined // The lane is closing: an emission that comes too late is not owed.
    }
  }

  private fire(plan: Plan, job: Job, task: AnyTask<unknown>, value: Json): void {
    const args = { ...(JSON.parse(job.row.args) as { readonly [key: string]: Json } | null), value }
    try {
      emit(plan, job, checkArguments(task, args, job.row.id))
    } catch (error) {
      if (!(error instanceof InvalidArgumentsError)) throw error
      this.report(error, `a value for job "${job.row.id}"`)
      refuse(plan, job, "invalidValue")
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

  private of(stream: string, lane: Lane): Set<number> {
    const lanes = this.keys.get(stream) ?? new Map<Lane, Set<number>>()
    const keys = lanes.get(lane) ?? new Set<number>()
    this.keys.set(stream, lanes.set(lane, keys))
    return keys
  }

  private forget(lane: Lane, key: number): void {
    for (const lanes of this.keys.values()) lanes.get(lane)?.delete(key)
  }
}

/** A fire time that cannot become a run, one millisecond after the last at the least. */
const refuse = (plan: Plan, job: Job, reason: MisfireReason): void =>
  void plan.step(job, { type: "refused", now: plan.now, fireAt: Math.max(plan.now, job.memory.cursor + 1), reason })
