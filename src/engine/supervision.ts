/**
 * What the scheduler's parts report to it: faults of executors, streams and jobs, and that they are over. The scheduler's machine keeps them;
 * whoever inspects sees who reported.
 */
import type { NeedsALook } from "../../machines/needsALook.ts"
import type { Settlement } from "../executor/executor.ts"
import { describeError } from "../task/runError.ts"
import type { Speaker } from "./closedActor.ts"
import type { SchedulerLife } from "./schedulerLife.ts"
import type { CommitFollower } from "./writer/commitFollower.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"
import type { Writer } from "./writer/writer.ts"

/** Who speaks, where it is an actor; `undefined`: it is not, and the scheduler says it itself. */
interface Speakers {
  executor(name: string): Speaker | undefined
  streams(): Speaker | undefined
  job(writer: Writer, key: number): Speaker | undefined
}

export class Supervision implements CommitFollower<Writer> {
  private readonly life: SchedulerLife
  private readonly speakers: Speakers

  constructor(life: SchedulerLife, speakers: Speakers) {
    this.life = life
    this.speakers = speakers
  }

  private get needs(): NeedsALook {
    return this.life.now.context.needsALook
  }

  executorCrashed(executor: string, error: unknown): void {
    const { message: reason } = describeError(error)
    this.life.send({ type: "executorCrashed", executor, reason }, this.speakers.executor(executor))
  }

  /** Called for every attempt. */
  attemptEnded(executor: string, { crashed, error }: Settlement): void {
    if (crashed === true) this.executorCrashed(executor, error ?? "its worker has died")
    else if (this.needs.executors.length > 0)
      this.life.send({ type: "executorBack", executor }, this.speakers.executor(executor))
  }

  executorRemoved(executor: string): void {
    this.life.send({ type: "executorBack", executor })
  }

  streamFailed(stream: string, error: unknown): void {
    const { message: reason } = describeError(error)
    this.life.send({ type: "streamFailed", stream, reason }, this.speakers.streams())
  }

  /** It gives values again, or it has ended, or another has taken its place. */
  streamBack(stream: string): void {
    if (this.needs.streams.length > 0) this.life.send({ type: "streamBack", stream }, this.speakers.streams())
  }

  follow(writer: Writer, unit: UnitOfWork): void {
    const { name: store } = writer
    for (const { key, jobId, fault } of unit.parked)
      this.life.send({ type: "jobParked", store, jobId, reason: fault.message }, this.speakers.job(writer, key))
    if (this.needs.jobs.length === 0) return
    for (const { key, row, value, memory, removedAt } of unit.changed())
      if (memory.fault === null || value === "done" || removedAt !== null) this.jobBack(writer, key, row.id)
    for (const { key, jobId } of unit.discarded) this.jobBack(writer, key, jobId)
  }

  /** Its jobs are another's, or nobody's. */
  closeStore(store: string): void {
    for (const job of this.needs.jobs) if (job.store === store) this.life.send({ type: "jobBack", ...job })
  }

  private jobBack(writer: Writer, key: number, jobId: string): void {
    const { name: store } = writer
    if (this.needs.jobs.some((job) => job.jobId === jobId && job.store === store))
      this.life.send({ type: "jobBack", store, jobId }, this.speakers.job(writer, key))
  }
}
