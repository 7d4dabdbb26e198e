/**
 * The small model that the engine is held against: a mirror of what is on disk, made from the batches alone, and at every commit
 * the question whether the rules allow it. It reads the rows and knows arithmetic; of the engine's code it uses nothing.
 */
import type { JobRow, LedgerRow, RunRow, SettleRow, StoreBatch } from "../../src/store/jobStore.ts"
import type { Change, Decided, Report } from "./change.ts"
import type { Executions } from "./executions.ts"
import type { OwedStretch } from "./modelAccounting.ts"
import { account, passedBy } from "./modelAccounting.ts"
import type { Missed } from "./modelMissed.ts"
import { checkMissed } from "./modelMissed.ts"
import { ModelCrashes } from "./modelCrashes.ts"
import { checkClock, countsAgain } from "./modelClock.ts"
import { checkDelay } from "./modelDelay.ts"
import { checkRules, isOver } from "./modelRules.ts"
import type { AttemptEnd, ModelRun } from "./modelRuns.ts"
import { ModelMessages } from "./modelMessages.ts"
import { heardIn, ModelSteps } from "./modelSteps.ts"
import { ModelValues } from "./modelValues.ts"
import { checkRuns } from "./modelRuns.ts"
import type { ModelJob, StoredFire } from "./stored.ts"
import { isFixedDelay, readMemory, readRules } from "./stored.ts"
import type { Sometimes } from "./sometimes.ts"

/** The moment of a commit. */
export interface Moment extends Decided {
  readonly life: number
  /** Monotonic. */
  readonly ms: number
  readonly stopping: boolean
  readonly missed: Missed
  /** When callers had the scheduler paused last; monotonic. */
  readonly heldAtMs: number
  /** False: nothing new may start now. */
  readonly claiming: boolean
  /** Jobs to which several commands may have been given at once: what happened between them is not in the rows. */
  readonly blurred: (jobId: string) => boolean
}

/** No plan needs as many: an engine that writes without end is found out, instead of keeping the simulation busy for ever. */
const mostCommits = 50_000

export class Model {
  readonly jobs = new Map<number, ModelJob>()
  readonly runs = new Map<number, ModelRun>()
  readonly rows = new Map<number, RunRow>()
  readonly ledger: Array<LedgerRow> = []
  readonly crashes: ModelCrashes
  readonly values = new ModelValues()
  readonly steps: ModelSteps
  readonly messages: ModelMessages
  readonly ids = new Map<string, number>()
  /** What each job owed so far, by key; `null`: not known beforehand, or blurred. */
  readonly owed = new Map<number, ReadonlyArray<OwedStretch> | null>()
  private readonly identities = new Set<string>()
  /** Commits so far. */
  commits = 0
  private readonly report: Report
  private readonly executions: Executions
  private readonly sometimes: Sometimes

  constructor(report: Report, executions: Executions, sometimes: Sometimes) {
    this.report = report
    this.executions = executions
    this.crashes = new ModelCrashes(report, executions)
    this.messages = new ModelMessages(report)
    this.steps = new ModelSteps(report, this.messages)
    this.sometimes = sometimes
  }

  /** How an attempt ended that this life's batch settles. */
  endOf(row: SettleRow, life: number): AttemptEnd {
    return this.executions.endOf(row, life)
  }

  byId(id: string): ModelJob | undefined {
    const key = this.ids.get(id)
    return key === undefined ? undefined : this.jobs.get(key)
  }

  /** A batch is on disk. The keys of the jobs that it touches. */
  commit(batch: StoreBatch, moment: Moment): ReadonlyArray<number> {
    this.commits += 1
    if (this.commits === mostCommits) this.report("runaway", `${mostCommits} commits`)
    const rows = this.changedRows(batch)
    const told = batch.claims[0]?.claimedAt ?? batch.ledger[0]?.at
    if (told !== undefined && (told < moment.from || told > moment.through))
      this.report("clock", `a commit says ${told}, the wall showed ${moment.from} to ${moment.through}`)
    const decided = told === undefined ? moment : { from: told, through: told }
    this.checkClaimed(batch)
    const touched = new Set(rows.keys())
    this.crashes.begin(batch, moment, this.jobs, this.runs)
    const mail = this.messages.commit(batch, heardIn)
    for (const [key, row] of rows) this.step(key, row, batch, { decided, mail }, moment)
    for (const { jobKey, runKey } of [...batch.claims, ...batch.ledger])
      if (!rows.has(jobKey)) this.report("batch", `run ${runKey} of job ${jobKey} is written without the job's state`)
    for (const row of batch.settled) {
      const run = this.runs.get(row.runKey)
      if (run === undefined || !rows.has(run.jobKey))
        this.report("batch", `run ${row.runKey} is settled without its job's state`)
    }
    this.ledger.push(...batch.ledger)
    this.steps.commit(batch, ({ runKey, attempt }) => {
      const execution = this.executions.find(runKey, attempt)
      return execution?.life === moment.life ? execution : undefined
    })
    for (const { runKey } of batch.messages ?? []) touched.add(this.runs.get(runKey)?.jobKey ?? NaN)
    for (const key of touched) this.messages.checkLive(this.jobs.get(key)?.memory.live ?? [], decided.through)
    this.crashes.checkTurns(this.jobs, this.runs)
    return [...touched]
  }

  /** Rows of jobs as the contract of the store says they are after `batch`. */
  private changedRows(batch: StoreBatch): ReadonlyMap<number, JobRow> {
    const rows = new Map<number, JobRow>()
    const current = (key: number): JobRow | undefined => rows.get(key) ?? this.jobs.get(key)?.row
    const remove = ({ key, removedAt }: StoreBatch["removed"][number]): void => {
      const row = current(key)
      if (row === undefined) return
      rows.set(key, { ...row, removedAt, wakeAt: null })
      if (this.ids.get(row.id) === key) this.ids.delete(row.id)
    }
    batch.removed.forEach(remove)
    for (const fresh of batch.added) {
      if (this.ids.has(fresh.id)) this.report("batch", `job "${fresh.id}" is added twice`)
      rows.set(fresh.key, { ...fresh, removedAt: null })
      this.ids.set(fresh.id, fresh.key)
    }
    const added = new Set(batch.added.map(({ key }) => key))
    for (const each of batch.removed) if (added.has(each.key)) remove(each)
    for (const definition of batch.redefined) {
      const row = current(definition.key)
      if (row !== undefined) rows.set(definition.key, { ...row, ...definition, id: row.id })
    }
    for (const state of batch.states) {
      const row = current(state.key)
      if (row !== undefined) rows.set(state.key, { ...row, ...state })
    }
    return rows
  }

  private checkClaimed(batch: StoreBatch): void {
    for (const { runKey, jobKey, fireAt, request } of batch.claims) {
      if (this.runs.has(runKey)) this.report("claimedTwice", `run ${runKey} is claimed twice`)
      const identity = `${jobKey}/${fireAt}/${request}`
      if (this.identities.has(identity))
        this.report("claimedTwice", `fire time ${fireAt} of job ${jobKey} is claimed twice`)
      this.identities.add(identity)
    }
  }

  private step(
    key: number,
    row: JobRow,
    batch: StoreBatch,
    { decided, mail }: Pick<Change, "decided" | "mail">,
    moment: Moment
  ): void {
    const before = this.jobs.get(key) ?? null
    const claims = batch.claims.filter((claim) => claim.jobKey === key)
    const settled = batch.settled.filter(
      ({ runKey }) => (this.runs.get(runKey)?.jobKey ?? claimOf(batch, runKey)) === key
    )
    for (const { runKey, fireAt, request } of claims)
      this.runs.set(runKey, {
        ...{ runKey, jobKey: key, fireAt, request, settled: null, life: moment.life },
        ...{ timeouts: [], putOffs: 0, workerDeaths: 0 }
      })
    const draft: ModelJob = {
      row,
      rules: row.rules === before?.row.rules ? before.rules : readRules(row.rules),
      memory: row.memory === before?.row.memory ? before.memory : readMemory(row.memory),
      fixedDelay: isFixedDelay(row.trigger),
      waiting: new Set(),
      crashes: 0,
      over: false
    }
    const change: Change = {
      before,
      after: draft,
      claims,
      settled,
      ledger: batch.ledger.filter((entry) => entry.jobKey === key),
      ...{ decided, mail }
    }
    const atOnce = moment.blurred(row.id)
    const crashes = this.crashes.after(change, this.runs, { ...moment, blurred: atOnce })
    const blurred = atOnce || before?.waiting === null
    const passed = blurred ? null : passedBy(change)
    const waiting = passed === null ? this.waitingOf(draft) : account(change, passed, this.report)
    this.noteOwed(key, countsAgain(change) ? null : (passed?.stretches ?? null))
    const after = { ...draft, waiting, crashes, over: isOver(change) }
    const whole: Change = { ...change, after }
    if (!moment.blurred(row.id)) {
      checkRules(whole, passed, this.report)
      checkClock(whole, this.report)
      checkMissed(whole, moment.missed, this.report)
      checkDelay(whole, this.runs, this.report)
    }
    this.values.check(whole, moment.blurred(row.id), moment.heldAtMs, this.report)
    checkRuns(whole, this.runs, this.executions, moment.life, crashes, this.report)
    this.crashes.checkPoison(whole, crashes, this.runs)
    if (after.rules.overlap === "cancel-running" || moment.blurred(row.id)) this.executions.givingWay.add(key)
    this.noteGivingWay(whole, moment.claiming)
    for (const each of settled) {
      const run = this.runs.get(each.runKey)
      const live = before?.memory.live.find(({ runKey }) => runKey === each.runKey)
      if (run !== undefined)
        this.executions.settled(
          each,
          run,
          after,
          live === undefined || live.retryAt !== null || live.attempt !== each.attempt,
          moment
        )
    }
    this.sometimes.see(whole)
    this.jobs.set(key, after)
    this.mirror(whole, row, moment.life)
  }

  /** After commits that cannot be followed the account begins anew once nothing waits. */
  private waitingOf({ memory }: ModelJob): ReadonlySet<number> | null {
    return memory.queue.length === 0 && memory.backlog === null ? new Set() : null
  }

  private noteOwed(key: number, stretches: ReadonlyArray<OwedStretch> | null): void {
    const known = this.owed.get(key)
    this.owed.set(key, stretches === null || known === null ? null : [...(known ?? []), ...stretches])
  }

  /** Under `cancel-running` a fire time that has to wait ends the runs that keep it waiting. */
  private noteGivingWay(change: Change, claiming: boolean): void {
    const { before, after } = change
    if (before === null || after.rules.overlap !== "cancel-running" || before.rules.overlap !== "cancel-running") return
    const known = new Set(before.memory.queue.map(({ fireAt }) => fireAt))
    const { live, queue } = after.memory
    // A request that could not start anyhow makes no room: nothing is claimed, or an instance is free.
    const makesRoom = ({ requested }: StoredFire): boolean =>
      requested !== true || (claiming && before.memory.live.length >= before.rules.maxInstances)
    const fresh = queue.filter((fire) => !known.has(fire.fireAt) && fire.missed !== true && makesRoom(fire))
    if (fresh.length === 0 || change.settled.length > 0 || before.memory.live.every(({ retryAt }) => retryAt !== null))
      return
    for (const { runKey, retryAt } of live) {
      if (retryAt === null && before.memory.live.some((run) => run.runKey === runKey && run.retryAt === null))
        this.executions.mustAbort.add(runKey)
    }
  }

  private mirror(change: Change, row: JobRow, life: number): void {
    for (const claim of change.claims)
      this.rows.set(claim.runKey, {
        ...claim,
        ...{
          jobId: row.id,
          epoch: 0,
          attempt: 1,
          startedAt: null,
          finishedAt: null,
          outcome: null,
          result: null,
          error: null
        }
      })
    for (const settled of change.settled) {
      const run = this.runs.get(settled.runKey)
      const known = this.rows.get(settled.runKey)
      if (run === undefined || known === undefined || (run.settled !== null && run.settled.outcome !== null)) continue
      run.settled = settled
      this.rows.set(settled.runKey, { ...known, ...settled, epoch: 0 })
    }
    for (const { runKey, attempt, retryAt } of change.after.memory.live) {
      const was = change.before?.memory.live.find((live) => live.runKey === runKey)
      const run = this.runs.get(runKey)
      const started = retryAt === null && (was === undefined || was.attempt !== attempt || was.retryAt !== null)
      if (run === undefined || !started) continue
      run.life = life
      // Which came first in the commit, the start or a change of the rules, is not in its rows.
      run.timeouts = [change.before ?? change.after, change.after].map(({ rules }) => rules.timeoutMs)
    }
  }
}

const claimOf = (batch: StoreBatch, runKey: number): number | undefined =>
  batch.claims.find((claim) => claim.runKey === runKey)?.jobKey
