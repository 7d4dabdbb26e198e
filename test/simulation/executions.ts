/** What tasks did, seen from outside of the engine: each attempt that was called, how it ended, and whether it was aborted. */
import type { SettleRow } from "../../src/store/jobStore.ts"
import type { Report } from "./change.ts"
import type { AttemptEnd, ModelRun } from "./modelRuns.ts"
import { endOf } from "./modelRuns.ts"
import type { ModelJob } from "./stored.ts"

export interface Execution {
  readonly runKey: number
  readonly attempt: number
  readonly jobKey: number
  readonly life: number
  /** Monotonic. */
  readonly startedMs: number
  /** By the wall. */
  readonly startedAt: number
  ended: ExecutionEnd | null
  /** The tag of the reason that its signal aborted with, first. */
  aborted: string | null
  abortedMs: number
  /** Its executor says that it only waits, until then by the wall or for an event; `null`: it does not. */
  waitsUntil: number | "event" | null
  /** Its worker died, and what its executor made of that. */
  died: "failed" | "interrupted" | null
  /** One of these is its timeout. */
  readonly timeouts: ReadonlyArray<number | null>
}

export interface ExecutionEnd {
  readonly how: "returned" | "threw"
  /** The result as JSON, or the error's name; `null` where there is no simple answer. */
  readonly what: string | null
  /** Monotonic. */
  readonly ms: number
  /** By the wall. */
  readonly at: number
}

export class Executions {
  private readonly all = new Map<string, Execution>()
  /** Aborted and not ended: they hold their slot a while. */
  readonly lingering = new Set<Execution>()
  /** Called and neither ended nor aborted, in this life. */
  readonly running = new Set<Execution>()
  /** Runs that somebody has asked to cancel. */
  readonly cancelAsked = new Set<number>()
  /** Jobs whose runs may give way, or might at some time. */
  readonly givingWay = new Set<number>()
  /** Runs that must give way. */
  readonly mustAbort = new Set<number>()
  private readonly report: Report

  constructor(report: Report) {
    this.report = report
  }

  get count(): number {
    return this.all.size
  }

  find(runKey: number, attempt: number): Execution | undefined {
    return this.all.get(`${runKey}/${attempt}`)
  }

  /** A task is called: its claim must be on disk, its attempt the one that is due, and never called before. */
  start(execution: Execution, run: ModelRun | undefined, job: ModelJob | undefined): void {
    const { runKey, attempt } = execution
    const what = `attempt ${attempt} of run ${runKey}`
    const live = job?.memory.live.find((each) => each.runKey === runKey)
    if (run === undefined || live === undefined) this.report("unclaimedStart", `${what} starts and is not on disk`)
    else if (live.attempt !== attempt || live.retryAt !== null)
      this.report("unclaimedStart", `${what} starts, on disk is attempt ${live.attempt}, due at ${live.retryAt}`)
    if (this.find(runKey, attempt) !== undefined) this.report("startedTwice", `${what} starts twice`)
    this.all.set(`${runKey}/${attempt}`, execution)
    this.running.add(execution)
    const beside = [...this.running].filter(({ jobKey }) => jobKey === execution.jobKey).length
    if (job !== undefined && beside > Math.max(job.rules.maxInstances, job.memory.live.length))
      this.report("maxInstances", `${what} starts as the ${beside}th of job "${job.row.id}"`)
  }

  end(execution: Execution, end: ExecutionEnd): void {
    execution.ended ??= end
    this.running.delete(execution)
    this.lingering.delete(execution)
  }

  abort(execution: Execution, reason: string, ms: number): void {
    if (execution.aborted === null) execution.abortedMs = ms
    execution.aborted ??= reason
    this.running.delete(execution)
    if (execution.ended === null) this.lingering.add(execution)
  }

  /** It has given its slot away, or its worker is dead. */
  leave(execution: Execution): void {
    this.running.delete(execution)
    this.lingering.delete(execution)
  }

  /** How an attempt ended, by its row and by what was seen of it. */
  endOf(row: SettleRow, life: number): AttemptEnd {
    const execution = this.find(row.runKey, row.attempt)
    const isOwn = execution?.life === life && row.outcome === null && row.error === null
    return isOwn && execution.waitsUntil !== null ? "putAway" : endOf(row)
  }

  /** True where the end of the attempt was the death of its own worker. */
  diedAlone({ runKey, attempt }: SettleRow, life: number): boolean {
    const execution = this.find(runKey, attempt)
    return execution?.life === life && execution.died !== null
  }

  /** The process is gone. */
  die(): void {
    this.running.clear()
    this.lingering.clear()
    this.mustAbort.clear()
    this.cancelAsked.clear()
  }

  /** An attempt's end is committed: it must be what its task really did. */
  settled(
    row: SettleRow,
    run: ModelRun,
    job: ModelJob,
    waited: boolean,
    now: { readonly life: number; readonly ms: number; readonly stopping: boolean }
  ): void {
    const end = this.endOf(row, now.life)
    const execution = this.find(row.runKey, row.attempt)
    const what = `attempt ${row.attempt} of run ${row.runKey} of job "${job.row.id}" is said to have ${end}`
    const wrong = (fact: string): void => this.report("outcome", `${what}, ${fact}`)
    const isOld = run.life < now.life
    if (isOld && !waited && end !== "interrupted") wrong("its process is gone")
    const truth = this.truthOf(execution)
    if (end === "interrupted" && !isOld && !now.stopping && truth !== end) wrong("its process lives")
    // One that waits is called off where its run may not be tried again.
    const calledOff = truth === "putAway" && end === "cancelled"
    if (!isOld && truth !== null && truth !== end && !calledOff) wrong(`it has ${truth}`)
    if ((end === "succeeded" || end === "failed") && truth !== end) wrong(`it has ${truth ?? "not ended"}`)
    if (execution !== undefined && !isOld && !waited) this.checkRow(row, execution, truth, wrong)
    if (end === "timedOut") {
      const took = execution === undefined ? 0 : now.ms - execution.startedMs
      if (execution?.aborted !== "RunTimedOut") wrong("its signal did not say so")
      const shortest = Math.min(...(execution?.timeouts ?? []).map((timeout) => timeout ?? Infinity))
      if (execution !== undefined && took < shortest) wrong(`after ${took} of ${shortest} ms`)
    }
    if (
      end === "cancelled" &&
      !this.cancelAsked.has(row.runKey) &&
      !this.mustAbort.has(row.runKey) &&
      !this.givingWay.has(job.row.key) &&
      !job.memory.removed
    )
      wrong("nobody asked for it")
  }

  /** What is written of an attempt: when it was, what it gave, why it failed. */
  private checkRow(
    row: SettleRow,
    execution: Execution,
    truth: AttemptEnd | null,
    wrong: (fact: string) => void
  ): void {
    const { startedAt, ended } = execution
    if (row.startedAt !== startedAt) wrong(`begun at ${row.startedAt}, it began at ${startedAt}`)
    if (truth === null || ended === null) return
    // Never before its start, though the wall was set back.
    const endedAt = Math.max(startedAt, ended.at)
    if (row.outcome !== null && row.finishedAt !== endedAt) wrong(`ended at ${row.finishedAt}, it ended at ${endedAt}`)
    const told = truth === "succeeded" ? row.result : nameIn(row.error)
    if (told === null || (truth === "succeeded" ? row.error : row.result) !== null || (ended.what ?? told) !== told)
      wrong(`with ${row.result} and ${row.error}, it ${ended.how} ${ended.what}`)
  }

  /** What an attempt has come to by itself; `null` while it goes on, and when it was aborted first. */
  private truthOf(execution: Execution | undefined): AttemptEnd | null {
    if (execution === undefined) return null
    if (execution.died !== null) return execution.died
    if (execution.waitsUntil !== null) return "putAway"
    if (execution.ended === null || execution.aborted !== null) return null
    return execution.ended.how === "returned" ? "succeeded" : "failed"
  }
}

const nameIn = (error: string | null): string | null =>
  error === null ? null : (JSON.parse(error) as { readonly name: string }).name
