/** Runs that callers ask for, end, or wait for. */
import { inWords } from "../input/inWords.ts"
import type { Engine } from "../engine/engine.ts"
import type { Requested } from "../engine/writer/jobEdits.ts"
import { cancelRun, jobIn, request, retry } from "../engine/writer/jobEdits.ts"
import { anotherRun, sendEvent } from "../engine/writer/sentEvents.ts"
import { placeOfRun } from "../engine/writer/runKeys.ts"
import type { JobQueries } from "../engine/query/jobQueries.ts"
import type { UnitOfWork } from "../engine/writer/unitOfWork.ts"
import { checkKnownOptions } from "../engine/query/queryOptions.ts"
import { JobStateError, RunStateError, UnknownJobError, UnknownNameError } from "../engine/schedulerError.ts"
import type { StoreWriter } from "../engine/writer/storeWriter.ts"
import type { Needs } from "../engine/jobWrites.ts"
import { submit, submitAnd } from "../engine/jobWrites.ts"
import type { RunCaller, RunRecord } from "../job/run.ts"
import { retriedKey } from "../store/claimKind.ts"
import type { RunRow } from "../store/jobStore.ts"
import { eventText } from "../task/runMessage.ts"
import { checkArguments } from "../task/taskArguments.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"

/** A run that was asked for and is claimed. */
export interface RequestedRun {
  readonly runId: string
  readonly jobId: string
  readonly fireAt: EpochMillis
}

export class RunRequests {
  private readonly engine: Engine
  private readonly queries: JobQueries

  constructor(engine: Engine, queries: JobQueries) {
    this.engine = engine
    this.queries = queries
  }

  /** `caller`: who asks, for the run. */
  async run(id: string, options: { readonly args?: unknown }, caller?: RunCaller): Promise<RequestedRun> {
    const { writer, record } = await this.queries.mustFind(id, "runJob")
    checkKnownOptions("runJob", options, ["args"])
    const task = this.engine.tasks.get(record.task, id)
    const args: Json | undefined = "args" in options ? checkArguments(task, options.args, id) : undefined
    const textLength = args === undefined ? 0 : JSON.stringify(args).length
    return this.claimed(writer, { ids: [id], textLength }, (unit) => {
      const job = jobIn(unit, id, "runJob")
      return { jobKey: job.key, jobId: id, ...request(unit, job, args, this.engine.environment, caller) }
    })
  }

  /** Another run for the fire time of one that did not succeed. */
  async retry(runId: string, caller?: RunCaller): Promise<RequestedRun> {
    const { writer, run } = await this.mustFind(runId, "retryRun")
    const { jobId, jobKey } = run
    const refusal = (state: RunStateError["state"], remedy: string): RunStateError =>
      new RunStateError({ runId, verb: "retryRun", state, remedy })
    const damage = damageOf(run)
    if (damage !== null)
      throw refusal("unreadable", `its record is damaged (${damage}): runJob(${inWords(jobId)}) makes another run`)
    if (run.outcome === null) throw refusal("live", "cancelRun it first, or await its end")
    if (run.outcome === "succeeded") throw refusal("succeeded", `runJob(${inWords(jobId)}) makes another run`)
    const others = await this.engine.read(
      "retryRun",
      writer.store.reads.runs({ jobId, from: run.fireAt, to: run.fireAt })
    )
    const again = others.find((other) => retriedKey(other) === run.runKey)
    if (again !== undefined)
      throw refusal("retried", `as run ${inWords(writer.runId(again.runKey))}: retry that one if it did not succeed`)
    return this.claimed(writer, { keys: [jobKey] }, (unit) => {
      const job = unit.byKey(jobKey)
      if (job === undefined || job.removedAt !== null) throw new UnknownJobError({ jobId, verb: "retryRun" })
      const requested = retry(unit, job, run, this.engine.environment, caller)
      if (requested === null) throw refusal("retried", "another run for its fire time is live; await its end")
      return { jobKey, jobId, ...requested }
    })
  }

  async cancel(runId: string): Promise<boolean> {
    const { writer, run } = await this.mustFind(runId, "cancelRun")
    const { runKey, jobKey } = run
    if (run.outcome !== null) return false
    const { ended, forget } = this.engine.waiters.untilEnded(writer.runId(runKey))
    // By key: the job may be removed, and its id in use again.
    const keys = [jobKey]
    try {
      const wasLive = await submit(this.engine, writer, { keys }, (unit) => cancelRun(unit, jobKey, runKey))
      if (!wasLive) return false
      await ended
    } finally {
      forget()
    }
    const [left] = await this.engine.read("cancelRun", writer.store.reads.runs({ runKey, limit: 1 }))
    // Retention may have been quicker.
    return left === undefined || left.outcome === "cancelled"
  }

  /** Keeps the event for the run; on disk when it resolves. */
  async send(runId: string, event: unknown): Promise<void> {
    const text = eventText(typeof runId === "string" ? runId : inWords(runId), event)
    const { writer, run } = await this.mustFind(runId, "sendToRun")
    const { runKey, jobKey, jobId, outcome } = run
    if (outcome !== null)
      throw new RunStateError({ runId, verb: "sendToRun", state: outcome, remedy: anotherRun(jobId) })
    const needs = { keys: [jobKey], textLength: text.length }
    await submit(this.engine, writer, needs, (unit) =>
      sendEvent(unit, { runId, runKey, jobKey }, text, this.engine.tasks)
    )
  }

  /** The run's record, once its outcome is on disk. */
  async settled(runId: string): Promise<RunRecord> {
    const { ended, forget } = this.engine.waiters.untilEnded(runId)
    try {
      const now = await this.stored(runId)
      if (now.outcome !== null) return now
      await ended
      return await this.stored(runId)
    } finally {
      forget()
    }
  }

  private async stored(runId: string): Promise<RunRecord> {
    const [run] = await this.queries.runs({ runId })
    if (run === undefined) throw unknownRun(runId)
    return run
  }

  private async mustFind(runId: string, verb: string): Promise<{ readonly writer: StoreWriter; readonly run: RunRow }> {
    const place = placeOfRun(runId)
    if (place === null) throw unknownRun(runId)
    const writer = this.engine.writer(place.store, verb)
    const [run] = await this.engine.read(verb, writer.store.reads.runs({ runKey: place.runKey, limit: 1 }))
    if (run === undefined) throw unknownRun(runId)
    return { writer, run }
  }

  /** Resolves when the request that `apply` makes is claimed. */
  private async claimed(
    writer: StoreWriter,
    needs: Needs,
    apply: (unit: UnitOfWork) => Requested & { readonly jobKey: number; readonly jobId: string }
  ): Promise<RequestedRun> {
    const inTurn = (unit: UnitOfWork): ReturnType<typeof apply> => {
      const made = apply(unit)
      const job = unit.initial(made.jobKey)
      if (job !== undefined && this.engine.suspects.mustWait(writer, job))
        throw new JobStateError({ jobId: made.jobId, verb: "runJob", state: job.value, remedy: outOfTurn })
      return made
    }
    const { jobId, fireAt, runKey } = await submitAnd(this.engine, writer, needs, inTurn, (made) => ({
      ...made,
      runKey: this.engine.waiters.claimed(writer, made.jobKey, made.ticket)
    }))
    return { runId: writer.runId(await runKey), jobId, fireAt }
  }
}

/** What ran when the process died, again and again, runs alone. */
const outOfTurn =
  "the process died in a row while it ran, and so it did with another job, which runs first: try again when that has ended, or in 5 minutes"

/** What of a run's record keeps it from being tried again. */
const damageOf = ({ damage, args }: RunRow): string | null => {
  if (damage !== undefined) return damage
  try {
    JSON.parse(args ?? "null")
    return null
  } catch {
    return "its arguments are no JSON"
  }
}

const unknownRun = (runId: unknown): UnknownNameError =>
  new UnknownNameError({ kind: "run", name: typeof runId === "string" ? runId : inWords(runId), known: [] })
