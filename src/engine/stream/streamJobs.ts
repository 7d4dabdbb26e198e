/** Jobs that user streams drive: which stream has which, and what an emission does to them. */
import { Effect } from "effect"
import type { JobRow } from "../../store/jobStore.ts"
import type { StoreError } from "../../store/storeError.ts"
import { measuredJson, NotJsonError } from "../../task/jsonText.ts"
import type { TaskRegistry } from "../../task/taskRegistry.ts"
import type { CommitFollower } from "../writer/commitFollower.ts"
import type { UnitOfWork } from "../writer/unitOfWork.ts"
import type { Writer } from "../writer/writer.ts"
import type { Suspects } from "../writer/suspects.ts"
import type { UnclaimedJobs } from "../writer/unclaimedJobs.ts"
import type { GivenValue } from "./streamValues.ts"
import { StreamValues } from "./streamValues.ts"

export class StreamJobs implements CommitFollower<Writer> {
  /** Per stream and writer the keys of its jobs. */
  private readonly keys = new Map<string, Map<Writer, Set<number>>>()
  /** Values that wait for a commit, by writer, stream and job. */
  private readonly waiting = new WeakMap<Writer, Map<string, StreamValues>>()
  private readonly tasks: TaskRegistry
  private readonly suspects: Suspects
  private readonly unclaimed: UnclaimedJobs
  private readonly report: (error: unknown, where: string) => void
  private readonly isOver: (stream: string) => boolean

  constructor(
    tasks: TaskRegistry,
    suspects: Suspects,
    unclaimed: UnclaimedJobs,
    report: (error: unknown, where: string) => void,
    isOver: (stream: string) => boolean
  ) {
    this.tasks = tasks
    this.suspects = suspects
    this.unclaimed = unclaimed
    this.report = report
    this.isOver = isOver
  }

  /** Learns a store's stream jobs when it is opened, and gives them. */
  read(writer: Writer): Effect.Effect<ReadonlyArray<JobRow>, StoreError> {
    return Effect.tap(writer.store.reads.jobs({ ofStreams: true }), (rows) => {
      for (const { stream, key } of rows) {
        if (stream === null) continue
        this.of(stream, writer).add(key)
        if (this.isOver(stream)) this.valuesOf(writer, stream, key, (values) => values.end(true))
      }
    })
  }

  /** Keeps up with jobs that were added, changed or ended. */
  follow(writer: Writer, unit: UnitOfWork): void {
    for (const job of unit.changed()) {
      const { stream } = job.row
      if (stream === null) {
        if (this.keys.size > 0) this.forget(writer, job.key)
        continue
      }
      this.forget(writer, job.key)
      this.waiting.get(writer)?.get(placeOf(job.key, stream))?.taskCame()
      if (job.removedAt !== null || job.value === "done") continue
      this.of(stream, writer).add(job.key)
      // It came, or got this trigger, as its stream completed.
      if (this.isOver(stream) && !job.memory.exhausted)
        this.valuesOf(writer, stream, job.key, (values) => values.end(true))
    }
  }

  /** Each emission becomes a run of every job of the stream, with the value added to the job's arguments as `value`. */
  emitted(stream: string, value: unknown, writers: ReadonlyArray<Writer>): void {
    const given = this.given(stream, value)
    for (const writer of writers) {
      // A copy: the commit may come at once, and `follow` then puts the job at the end of the set that is walked here.
      for (const key of [...(this.keys.get(stream)?.get(writer) ?? [])]) this.give(writer, stream, key, given)
    }
  }

  /** The stream gives no more: its jobs end, each behind the values that still wait for it. */
  completed(stream: string, writers: ReadonlyArray<Writer>): void {
    for (const writer of writers)
      for (const key of [...(this.keys.get(stream)?.get(writer) ?? [])])
        this.valuesOf(writer, stream, key, (values) => values.end(true))
  }

  /** Another stream has the name: jobs of which no commit has said yet that they end go on with it. */
  begun(stream: string, writers: ReadonlyArray<Writer>): void {
    for (const writer of writers)
      for (const key of this.keys.get(stream)?.get(writer) ?? [])
        this.waiting.get(writer)?.get(placeOf(key, stream))?.end(false)
  }

  /** A task was registered: values that waited for one are tried. */
  taskCame(writers: ReadonlyArray<Writer>): void {
    for (const writer of writers) for (const values of this.waiting.get(writer)?.values() ?? []) values.taskCame()
  }

  private give(writer: Writer, stream: string, key: number, given: GivenValue): void {
    this.valuesOf(writer, stream, key, (values) => values.add(given))
  }

  /** Adds to what waits for the job; it is submitted if nothing did. */
  private valuesOf(writer: Writer, stream: string, key: number, add: (values: StreamValues) => void): void {
    const ofWriter = this.waiting.get(writer) ?? new Map<string, StreamValues>()
    this.waiting.set(writer, ofWriter)
    const place = placeOf(key, stream)
    const known = ofWriter.get(place)
    if (known !== undefined) return add(known)
    const { tasks, suspects, unclaimed, report } = this
    const done = (): void => void ofWriter.delete(place)
    const values = new StreamValues(stream, key, { tasks, suspects, unclaimed, report, writer, done })
    ofWriter.set(place, values)
    add(values)
    writer.submit(values)
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

  private of(stream: string, writer: Writer): Set<number> {
    const writers = this.keys.get(stream) ?? new Map<Writer, Set<number>>()
    const keys = writers.get(writer) ?? new Set<number>()
    this.keys.set(stream, writers.set(writer, keys))
    return keys
  }

  private forget(writer: Writer, key: number): void {
    for (const writers of this.keys.values()) writers.get(writer)?.delete(key)
  }
}

const placeOf = (key: number, stream: string): string => `${key}/${stream}`
