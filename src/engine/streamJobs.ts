/** Jobs that user streams drive: which stream has which, and what an emission does to them. */
import { Effect } from "effect"
import type { JobRow } from "../store/jobStore.ts"
import type { StoreError } from "../store/storeError.ts"
import { measuredJson, NotJsonError } from "../task/jsonText.ts"
import type { TaskRegistry } from "../task/taskRegistry.ts"
import type { Plan } from "./plan.ts"
import type { Lane } from "./lane.ts"
import type { Suspects } from "./suspects.ts"
import type { GivenValue } from "./streamValues.ts"
import { StreamValues } from "./streamValues.ts"

export class StreamJobs {
  /** Per stream and lane the keys of its jobs. */
  private readonly keys = new Map<string, Map<Lane, Set<number>>>()
  /** Values that wait for a commit, by lane, stream and job. */
  private readonly waiting = new WeakMap<Lane, Map<string, StreamValues>>()
  private readonly tasks: TaskRegistry
  private readonly suspects: Suspects
  private readonly report: (error: unknown, where: string) => void

  constructor(tasks: TaskRegistry, suspects: Suspects, report: (error: unknown, where: string) => void) {
    this.tasks = tasks
    this.suspects = suspects
    this.report = report
  }

  /** Learns a store's stream jobs when it is opened, and gives them. */
  read(lane: Lane): Effect.Effect<ReadonlyArray<JobRow>, StoreError> {
    return Effect.tap(lane.store.streamJobs(), (rows) => {
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
  emitted(stream: string, value: unknown, lanes: ReadonlyArray<Lane>): void {
    const given = this.given(stream, value)
    for (const lane of lanes) {
      // A copy: the commit may come at once, and `follow` then puts the job at the end of the set that is walked here.
      for (const key of [...(this.keys.get(stream)?.get(lane) ?? [])]) this.give(lane, stream, key, given)
    }
  }

  private give(lane: Lane, stream: string, key: number, given: GivenValue): void {
    const ofLane = this.waiting.get(lane) ?? new Map<string, StreamValues>()
    this.waiting.set(lane, ofLane)
    const place = `${key}/${stream}`
    const known = ofLane.get(place)
    if (known !== undefined) return known.add(given)
    const { tasks, suspects, report } = this
    const done = (): void => void ofLane.delete(place)
    const values = new StreamValues(stream, key, given, { tasks, suspects, report, lane, done })
    ofLane.set(place, values)
    lane.submit(values)
  }

  private given(stream: string, value: unknown): GivenValue {
    try {
      return measuredJson(value)
    } catch (error) {
      if (!(error instanceof NotJsonError)) throw error
      this.report(error, `a value of stream "${stream}"`)
      return { value: undefined, length: 0 }
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
