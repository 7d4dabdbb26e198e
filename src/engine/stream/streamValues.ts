/**
 * Values that a stream gave for one job and that no commit has taken yet: while one is made, or while the store is away. Bounded;
 * what comes beyond is counted and goes into the ledger as `queueFull`.
 */
import type { MisfireReason } from "../../job/misfire.ts"
import { maxFireTimesPerWake } from "../../job/rules.ts"
import type { AnyTask } from "../../task/task.ts"
import { checkArguments } from "../../task/taskArguments.ts"
import type { TaskRegistry } from "../../task/taskRegistry.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { Intent } from "../writer/intent.ts"
import { weightOf } from "../writer/intent.ts"
import type { Job } from "../job/jobCodec.ts"
import { emit } from "../writer/jobEdits.ts"
import type { Writer } from "../writer/writer.ts"
import type { UnitOfWork } from "../writer/unitOfWork.ts"
import { SchedulerStoppedError } from "../schedulerError.ts"
import type { Suspects } from "../writer/suspects.ts"
import type { UnclaimedJobs } from "../writer/unclaimedJobs.ts"

/** As many wait as fire times of one job may, and characters of their JSON; a single value may always. */
const mostWaiting = maxFireTimesPerWake
const mostText = 10_000_000
/** One commit takes no more, but one at the least. */
const mostPerCommit = 256
const textPerCommit = 1_000_000

/** A value is `undefined` when it was not JSON. `length`: characters of its text. */
export interface GivenValue {
  readonly value: Json | undefined
  readonly length: number
}

interface StreamEnvironment {
  readonly tasks: TaskRegistry
  readonly suspects: Suspects
  readonly unclaimed: UnclaimedJobs
  readonly report: (error: unknown, where: string) => void
  readonly writer: Writer
  /** None waits any more. */
  readonly done: () => void
}

interface Taken {
  readonly values: number
  readonly beyond: number
  /** Also that the stream has completed. */
  readonly end: boolean
}

export class StreamValues implements Intent {
  readonly keys: ReadonlyArray<number>
  private readonly stream: string
  private readonly key: number
  private readonly environment: StreamEnvironment
  private waiting: Array<GivenValue>
  /** Characters of those that wait. */
  private text: number
  /** Came beyond those that may wait. */
  private beyond = 0
  /** The stream has completed: the job ends behind the last of them. */
  private ending = false
  /** What the newest unit has taken. */
  private taken: Taken = { values: 0, beyond: 0, end: false }
  /** Its job may start nothing yet: it is not its turn, or its task is not registered. */
  private waitsFor: "turn" | "task" | null = null

  constructor(stream: string, key: number, around: StreamEnvironment) {
    this.stream = stream
    this.key = key
    this.keys = [key]
    this.waiting = []
    this.text = 0
    this.environment = around
  }

  get weight(): number {
    const { count, text } = this.next()
    return weightOf(count, text)
  }

  add(given: GivenValue): void {
    const { waiting } = this
    if (waiting.length < mostWaiting && (waiting.length === 0 || this.text + given.length <= mostText)) {
      waiting.push(given)
      this.text += given.length
    } else this.beyond += 1
  }

  /** The stream has completed, or another has taken its place before that was written. */
  end(isOver: boolean): void {
    this.ending = isOver
  }

  /** What the next commit takes. */
  private next(): { readonly count: number; readonly text: number } {
    let [count, text] = [0, 0]
    for (const { length } of this.waiting) {
      if (count === mostPerCommit || (count > 0 && text + length > textPerCommit)) break
      count += 1
      text += length
    }
    return { count, text }
  }

  apply(unit: UnitOfWork): void {
    const job = unit.byKey(this.key)
    this.waitsFor = null
    // It may have another trigger by now, and not even a stream's: its fire times are none of this stream's then.
    if (job === undefined || job.row.stream !== this.stream) {
      this.taken = { values: this.waiting.length, beyond: this.beyond, end: this.ending }
      return
    }
    this.taken = { values: 0, beyond: 0, end: false }
    const mayEnd = (this.waiting.length === 0 && this.beyond === 0) || this.takeValues(unit, job)
    if (!mayEnd || !this.ending) return
    this.taken = { ...this.taken, end: true }
    unit.step(unit.byKey(this.key) ?? job, { type: "streamCompleted", now: unit.now })
  }

  /** True: none is left. */
  private takeValues(unit: UnitOfWork, job: Job): boolean {
    const { suspects, tasks, unclaimed, writer } = this.environment
    const task = tasks.find(job.row.task)
    if (task === undefined) {
      unclaimed.note(writer.name, "task", job.row.task)
      this.waitsFor = "task"
    } else if (suspects.mustWait(writer, job)) this.waitsFor = "turn"
    if (task === undefined || this.waitsFor !== null) return false
    this.taken = { values: this.next().count, beyond: this.beyond, end: false }
    for (const { value } of this.waiting.slice(0, this.taken.values)) {
      // What one value leads to is before the next.
      const current = unit.byKey(this.key) ?? job
      if (unit.environment.paused) refuse(unit, current, "withdrawn")
      else if (value === undefined) refuse(unit, current, "invalidValue")
      else this.fire(unit, current, task, value)
    }
    if (this.beyond > 0) refuse(unit, unit.byKey(this.key) ?? job, "queueFull", this.beyond)
    return this.taken.values === this.waiting.length
  }

  committed(): void {
    const { values, beyond, end } = this.taken
    this.taken = { values: 0, beyond: 0, end: false }
    if (end) this.ending = false
    for (const { length } of this.waiting.splice(0, values)) this.text -= length
    this.beyond -= beyond
    const { writer, suspects } = this.environment
    if (this.waitsFor === "task") return
    if (this.waitsFor === "turn") suspects.whenFree(() => writer.submit(this))
    else if (this.waiting.length > 0 || this.beyond > 0 || this.ending) writer.submit(this)
    else this.environment.done()
  }

  /** A task was registered, or the job has another: those that wait for one are taken, or wait on. */
  taskCame(): void {
    if (this.waitsFor !== "task") return
    this.waitsFor = null
    this.environment.writer.submit(this)
  }

  failed(error: unknown): void {
    this.environment.done()
    // Of a writer that is closing nothing is told: an emission that comes too late is not owed.
    if (!(error instanceof SchedulerStoppedError))
      this.environment.report(error, `${this.waiting.length} values of stream "${this.stream}"`)
  }

  private fire(unit: UnitOfWork, job: Job, task: AnyTask<unknown>, value: Json): void {
    let args: Json
    try {
      args = checkArguments(
        task,
        { ...(JSON.parse(job.row.args) as { readonly [key: string]: Json } | null), value },
        job.row.id
      )
    } catch (error) {
      // A schema is the user's code, and may throw anything.
      this.environment.report(error, `a value for job "${job.row.id}"`)
      return refuse(unit, job, "invalidValue")
    }
    emit(unit, job, args)
  }
}

/** Fire times that cannot become runs. */
const refuse = (unit: UnitOfWork, job: Job, reason: MisfireReason, count = 1): void =>
  void unit.step(job, { type: "refused", now: unit.now, fireAt: unit.now, count, reason })
