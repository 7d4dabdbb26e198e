/**
 * Who is blamed for the deaths of processes: a death that nobody asked for counts against each job that ran in it, and the third in a
 * row parks the one that ran alone of those with two. Of several none is parked; they run one at a time from then on, until they have
 * ended or lived for five minutes, and once the culprit is parked the others are free.
 */
import type { SettleRow, StoreBatch } from "../../src/store/jobStore.ts"
import type { Change, Report } from "./change.ts"
import { livesAgain } from "./change.ts"
import type { Executions } from "./executions.ts"
import type { ModelRun } from "./modelRuns.ts"
import { endOf } from "./modelRuns.ts"
import { minute } from "./plan.ts"
import type { ModelJob } from "./stored.ts"

/** A job of which one more crash is enough. */
export const isSuspected = ({ crashes, memory }: ModelJob): boolean => crashes >= 2 && memory.fault === null

/** So long a suspect has for itself. */
const trialMs = 5 * minute

export interface CrashMoment {
  readonly life: number
  readonly ms: number
  readonly stopping: boolean
  readonly blurred: boolean
}

export class ModelCrashes {
  /** Set where one job kills every process: the only one that may be parked for it. */
  culprit: string | null = null
  private life = 0
  /** Lives that were told to end, where it is on disk that they were. */
  private readonly told = new Set<number>()
  private commitsSinceAsked = 0
  /** Keys of the jobs that had unfinished runs when the last process died, and of those that ran with two crashes among them. */
  private unfinished: ReadonlySet<number> = new Set()
  private suspects: ReadonlySet<number> = new Set()
  /** Keys of the jobs of which the batch saves a step: whoever takes one has lived through what a crash may have come from. */
  private stepping: ReadonlySet<number> = new Set()
  private readonly report: Report
  private readonly executions: Executions

  constructor(report: Report, executions: Executions) {
    this.report = report
    this.executions = executions
  }

  /** Before the jobs of a batch are looked at. */
  begin(
    batch: StoreBatch,
    moment: { readonly life: number; readonly stopping: boolean },
    jobs: ReadonlyMap<number, ModelJob>,
    runs: ReadonlyMap<number, ModelRun>
  ): void {
    const { life } = moment
    this.stepping = new Set(batch.checkpoints?.map(({ runKey }) => runs.get(runKey)?.jobKey ?? NaN))
    if (life !== this.life) {
      this.life = life
      this.commitsSinceAsked = 0
      const ran = [...jobs].filter(([, { memory }]) =>
        memory.live.some(({ runKey, retryAt }) => retryAt === null && (runs.get(runKey)?.life ?? life) < life)
      )
      this.unfinished = new Set([...jobs].flatMap(([key, { memory }]) => (memory.live.length > 0 ? [key] : [])))
      this.suspects = new Set(ran.flatMap(([key, job]) => (isSuspected(job) ? [key] : [])))
    }
    const asked = batch.marks?.some(({ name, value }) => name === "stopAsked" && value !== null) === true
    if (asked && !moment.stopping) this.report("stopAsked", "a stop is noted that nobody has asked for")
    if (asked) this.told.add(life)
    if (!moment.stopping) return
    this.commitsSinceAsked += 1
    // The first may have been on its way already.
    if (this.commitsSinceAsked > 2 && !this.told.has(life))
      this.report("stopAsked", `${this.commitsSinceAsked} commits after a stop was asked for, it is not on disk`)
  }

  /** How many crashes in a row the job has after the change. */
  after(change: Change, runs: ReadonlyMap<number, ModelRun>, moment: CrashMoment): number {
    const { before, after } = change
    const stored = after.memory.crashes
    const expected = this.counted(change, runs, moment)
    // Of a job that is removed nobody counts any more.
    if (stored === expected || moment.blurred || after.memory.removed) return stored
    if (stored === 0 && before !== null && this.isAcquitted(before, moment)) return 0
    this.report("crashes", `job "${after.row.id}" has ${stored} crashes in a row, expected are ${expected}`)
    return expected
  }

  /** At the end of a commit: never do two suspects run at a time. */
  checkTurns(jobs: ReadonlyMap<number, ModelJob>, runs: ReadonlyMap<number, ModelRun>): void {
    const running = [...jobs.values()].filter((job) => this.isOnTrial(job, runs))
    if (running.length > 1)
      this.report("suspects", `${running.map(({ row }) => row.id).join(" and ")} run at a time, each with two crashes`)
  }

  isOnTrial(job: ModelJob, runs: ReadonlyMap<number, ModelRun>): boolean {
    return (
      isSuspected(job) &&
      job.memory.live.some(({ runKey, retryAt }) => retryAt === null && runs.get(runKey)?.life === this.life)
    )
  }

  private counted(
    { before, after, settled, ...rest }: Change,
    runs: ReadonlyMap<number, ModelRun>,
    moment: CrashMoment
  ) {
    const unpaused = before !== null && before.memory.pausedAt !== null && after.memory.pausedAt === null
    const resumed = unpaused && !after.memory.removed
    if (resumed || before === null || livesAgain({ before, after, settled, ...rest })) return 0
    let { crashes } = before
    if (this.stepping.has(before.row.key) && before.memory.fault === null) crashes = 0
    const isOther = (row: SettleRow): boolean =>
      this.executions.endOf(row, moment.life) !== "interrupted" || this.executions.diedAlone(row, moment.life)
    if (settled.some(isOther)) crashes = 0
    const cutOff = settled.flatMap((row) => {
      const life = runs.get(row.runKey)?.life ?? moment.life
      return endOf(row) === "interrupted" && life < moment.life ? [life] : []
    })
    if (cutOff.length === 0 || cutOff.every((life) => this.told.has(life))) return crashes
    return this.suspects.has(before.row.key) && this.suspects.size > 1 ? crashes : crashes + 1
  }

  private isAcquitted(before: ModelJob, { ms }: CrashMoment): boolean {
    if (this.suspects.size === 1 && this.unfinished.has(before.row.key)) return true
    return before.memory.live.some(({ runKey, attempt }) => {
      const execution = this.executions.find(runKey, attempt)
      return isSuspected(before) && execution !== undefined && ms - execution.startedMs >= trialMs
    })
  }

  checkPoison({ before, after, settled }: Change, crashes: number, runs: ReadonlyMap<number, ModelRun>): void {
    const { fault, removed } = after.memory
    const { id } = after.row
    const byWorker = settled.some(({ runKey }) => (runs.get(runKey)?.workerDeaths ?? 0) >= 3)
    const fresh = fault?.kind === "poison" && before?.memory.fault?.kind !== "poison" && !byWorker
    if (fresh && crashes < 3) this.report("poison", `job "${id}" is poison after ${crashes} crashes`)
    if (fresh && this.culprit !== null && this.culprit !== id)
      this.report("poison", `job "${id}" is poison, and it is job "${this.culprit}" that kills the processes`)
    if (crashes >= 3 && fault === null && !removed && (before?.crashes ?? 0) < crashes)
      this.report("poison", `job "${id}" goes on after ${crashes} crashes in a row`)
  }
}
