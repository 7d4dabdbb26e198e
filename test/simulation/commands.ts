/**
 * What callers do to a simulated scheduler, and whether what they are told is on disk when they are told.
 * Long: one command after another, each with what it may answer.
 */
import { isOfFireTime } from "../../src/store/claimKind.ts"
import type { RunRow } from "../../src/store/jobStore.ts"
import type { JobHandle, Scheduler } from "../../src/index.ts"
import type { CommandLine } from "../history/history.ts"
import { Acknowledged } from "./acknowledged.ts"
import { inputOf, numberOf } from "./definitionInput.ts"
import { fireTimesOf } from "./fireTimesOf.ts"
import { eventOf } from "./modelMessages.ts"
import type { Definition, Operation } from "./plan.ts"
import { tagOf } from "./world.ts"
import type { ModelJob } from "./stored.ts"
import type { World } from "./world.ts"

export class Commands {
  private readonly world: World
  private readonly told: Acknowledged
  /** Commands under way, by job. `alone`: no other was under way at any time of it. */
  private readonly open = new Map<string, Set<{ alone: boolean }>>()
  /** Calls without an answer. */
  readonly unanswered = new Set<{ readonly what: string }>()
  /** Jobs that the process under way declares. */
  private readonly declared = new Set<string>()
  private requests = 0
  private events = 0
  /** Definitions whose command was refused for good: they must never be written. */
  private readonly refused = new Set<number>()

  constructor(world: World) {
    this.world = world
    this.told = new Acknowledged(world)
    world.whenWritten = (notes) => this.checkWritten(notes)
    world.whenStarted = () => this.answered()
    // A declaration is a command too.
    world.blurred = (jobId) => (this.open.get(jobId)?.size ?? 0) + (this.declared.has(jobId) ? 1 : 0) > 1
  }

  /** The scheduler has started: what it declares is there, or was refused. */
  private answered(): void {
    for (const id of this.declared) {
      const kind = this.world.model.byId(id) === undefined ? "refused" : "added"
      this.world.lines.push({ kind, jobId: id, at: this.world.clock.now() })
    }
    this.declared.clear()
  }

  /** A process is gone, and its callers with it. */
  forget(): void {
    this.open.clear()
    this.unanswered.clear()
    this.declared.clear()
  }

  definition(number: number): Definition {
    const found = this.world.plan.definitions.find((definition) => definition.number === number)
    if (found === undefined) throw new RangeError(`no definition ${number}`)
    return found
  }

  /** For the start of a process: jobs that it declares. */
  declare(number: number): (scheduler: Scheduler) => Promise<void> {
    return async (scheduler) => {
      this.refused.delete(number)
      const { id } = this.definition(number)
      this.declared.add(id)
      this.world.lines.push({ kind: "asked", jobId: id, at: this.world.clock.now() })
      await scheduler.addJob({ ...inputOf(this.definition(number)), ifExists: "replace" })
    }
  }

  give(operation: Operation): void {
    const { scheduler } = this.world
    if (scheduler === null) return
    switch (operation.do) {
      case "add": {
        const definition = this.definition(operation.definition)
        const { ifExists, paused } = operation
        const known = this.world.model.byId(definition.id) !== undefined
        this.refused.delete(definition.number)
        const added = scheduler.addJob({ ...inputOf(definition), ifExists, paused })
        return this.follow(
          definition.id,
          "added",
          added,
          () => {
            if (!(known && ifExists === "keep")) this.told.mustBe(definition)
          },
          definition
        )
      }
      case "modify": {
        const definition = this.definition(operation.definition)
        const { id: _id, trigger, start, end, ...rest } = inputOf(definition)
        const timing = { trigger, ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }
        const changes = operation.retimed === true ? { ...rest, ...timing } : rest
        this.refused.delete(definition.number)
        return this.follow(
          definition.id,
          null,
          scheduler.modifyJob(definition.id, changes),
          () => this.told.mustBe(definition),
          definition
        )
      }
      case "reschedule": {
        const definition = this.definition(operation.definition)
        const { trigger, start, end } = inputOf(definition)
        if (trigger === undefined) return
        const timing = { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) }
        const done = scheduler.rescheduleJob(definition.id, trigger, timing)
        return this.follow(definition.id, null, done, () => this.told.mustFireLike(definition))
      }
      case "pauseJob":
        return this.follow(operation.id, "paused", scheduler.pauseJob(operation.id), () =>
          this.told.mustBePaused(operation.id, true)
        )
      case "resumeJob": {
        const { id, missed } = operation
        const done = scheduler.resumeJob(id, missed === null ? {} : { missed })
        const before = this.world.model.byId(id)
        const askedAt = this.world.clock.now()
        const askedMs = this.world.ms
        return this.follow(id, "resumed", done, () => {
          this.told.mustBePaused(id, false)
          const job = this.world.model.byId(id)
          if (
            job === undefined ||
            before === undefined ||
            job.row.key !== before.row.key ||
            before.row.value !== "paused"
          )
            return
          const stepped = this.world.lastStepMs >= askedMs
          const skips = missed === null ? skipsMissed(before, askedAt, this.world.clock.now()) : missed === "skip"
          // By a clock that was set right it goes on with what that one shows now.
          const skipped = before.memory.cursor > askedAt ? askedAt - 1 : askedAt
          if (skips === true && !stepped && job.memory.cursor < skipped && job.memory.fault === null)
            this.told.lost(`job "${id}" was resumed without what it missed, and is at ${job.memory.cursor}`)
          if (
            skips === false &&
            this.world.model.ledger.some(
              ({ jobKey, kind, at }) =>
                jobKey === job.row.key && kind === "paused" && at >= askedAt && !this.world.setBack
            )
          )
            this.told.lost(`job "${id}" was resumed with what it missed, and has skipped it`)
        })
      }
      case "removeJob":
        return this.follow(operation.id, "removed", scheduler.removeJob(operation.id), () => {
          if (this.world.model.byId(operation.id) !== undefined)
            this.told.lost(`job "${operation.id}" was removed, and is there`)
        })
      case "runJob":
        return this.run(scheduler, operation.id)
      case "cancelRun":
        return this.cancel(scheduler, operation.id)
      case "skipNext":
        return this.skip(scheduler, operation.id)
      case "retryRun":
        return this.retry(scheduler, operation.id)
      case "send":
        return this.send(operation)
      case "emit":
        return this.world.emit(operation.of, operation.values, operation.bad === true)
      case "pause":
      case "resume":
        try {
          scheduler[operation.do]()
          this.world.tell(operation.do)
        } catch (error) {
          this.world.tell(`${operation.do} refused: ${tagOf(error)}`)
        }
        return
      default:
        return
    }
  }

  private run(scheduler: Scheduler, id: string): void {
    const definition = numberOf(this.world.model.byId(id)?.row.notes ?? "{}") ?? 0
    this.requests += 1
    const args = { definition, request: this.requests }
    this.settle(`run of ${id}`, scheduler.runJob(id, { args }), (handle) => {
      this.world.tell(`requested ${handle.runId}`)
      const run = this.world.model.runs.get(Number(handle.runId))
      if (run === undefined || isOfFireTime(run))
        this.told.lost(`run ${handle.runId} was acknowledged, and is not on disk`)
      const kept = this.world.model.rows.get(Number(handle.runId))?.args
      const given = JSON.stringify(args)
      if (kept !== given) this.told.lost(`run ${handle.runId} was given ${given}, on disk is ${kept}`)
      this.settle(`end of ${handle.runId}`, handle.settled(), (record) => {
        this.world.tell(`awaited ${handle.runId} ${record.outcome}`)
        const row = this.world.model.rows.get(Number(handle.runId))
        if (row === undefined || row.outcome === null || row.outcome !== record.outcome)
          this.told.lost(`run ${handle.runId} has ${record.outcome} for its caller, ${row?.outcome} on disk`)
      })
    })
  }

  /** One fire time is left out, when the caller is told so, and no other. */
  private skip(scheduler: Scheduler, id: string): void {
    const { model } = this.world
    const key = model.byId(id)?.row.key
    const leftOut = (): ReadonlyArray<number> =>
      model.ledger.flatMap(({ jobKey, reason, fromAt, count }) =>
        jobKey === key && reason === "skipped" ? [count === 1 ? fromAt : NaN] : []
      )
    const before = leftOut()
    this.follow(id, null, scheduler.skipNext(id), () => {
      this.world.sometimes.note("skipNext")
      const fresh = leftOut().slice(before.length)
      const [at = NaN] = fresh
      const job = model.byId(id)
      // By a clock that was set right at the same moment it counts again from before.
      const isPassed =
        (job?.memory.cursor ?? 0) >= at || (this.world.setBack && job?.memory.cursor === job?.memory.since)
      if (job?.row.key !== key || (fresh.length === 1 && isPassed)) return
      this.told.lost(`a fire time of job "${id}" was left out, on disk are ${String(fresh)}`)
    })
  }

  /** The newest run of the job that did not succeed has another, and keeps its own record. */
  private retry(scheduler: Scheduler, id: string): void {
    const { model } = this.world
    const failed = [...model.rows.values()].findLast(
      ({ jobId, outcome }) => jobId === id && outcome !== null && outcome !== "succeeded"
    )
    if (failed === undefined) return
    const kept = JSON.stringify(failed)
    this.settle(`retry of ${failed.runKey}`, scheduler.retryRun(String(failed.runKey)), ({ runId, fireAt }) => {
      this.world.sometimes.note("retryRun")
      this.world.tell(`retried ${failed.runKey} as ${runId}`)
      const row = model.rows.get(Number(runId))
      if (row?.request !== -failed.runKey || row.fireAt !== failed.fireAt || fireAt !== failed.fireAt)
        this.told.lost(`run ${failed.runKey} was tried again as ${runId}, on disk is ${JSON.stringify(row)}`)
      else if (row.args !== failed.args)
        this.told.lost(`run ${failed.runKey} was tried again with ${row.args}, it had ${failed.args}`)
      if (JSON.stringify(model.rows.get(failed.runKey)) !== kept)
        this.told.lost(`run ${failed.runKey} was tried again, and its own record has changed`)
    })
  }

  private send({ id, to, events }: Extract<Operation, { readonly do: "send" }>): void {
    const { model } = this.world
    const there = [...model.rows.values()].filter(({ outcome }) => (outcome === null) === (to === "live"))
    const isMachine = ({ jobKey }: RunRow): boolean => model.jobs.get(jobKey)?.row.task === "stepping"
    const run = there.findLast(({ jobId }) => jobId === id) ?? there.findLast(isMachine)
    for (let n = 0; run !== undefined && n < events; n++) this.sendTo(run)
  }

  /** One that is kept is on disk when that is told; one that is refused is never. */
  sendTo({ runKey, jobKey }: Pick<RunRow, "runKey" | "jobKey">): void {
    const { model, sometimes, scheduler } = this.world
    if (scheduler === null) return
    const event = ++this.events
    const isMachine = model.jobs.get(jobKey)?.row.task === "stepping"
    const phase = this.phaseOf(jobKey, runKey)
    this.world.tell(`send ${event} to ${runKey}, ${phase}`)
    this.settle(
      `event ${event} to ${runKey}`,
      scheduler.sendToRun(String(runKey), eventOf(event)),
      () => {
        this.world.tell(`sent ${event}`)
        sometimes.note(`sent to a run, ${phase}`)
        if (!model.messages.isKept(event))
          this.told.lost(`event ${event} to run ${runKey} was kept, and is not on disk`)
        if (!isMachine) this.told.lost(`event ${event} to run ${runKey} was kept, which is no machine`)
      },
      (error) => {
        // A stop may cut off the answer of a commit.
        if (tagOf(error) !== "SchedulerStoppedError") model.messages.refuse(event)
        if (tagOf(error) !== "RunStateError") return
        sometimes.note(isMachine ? "event refused: the run is over" : "event refused: no machine")
        if (isMachine && !this.isEnding(jobKey, runKey))
          this.world.report("refused", `event ${event} to run ${runKey} is refused: ${String(error)}`)
      }
    )
  }

  /** The run is over, or its attempt is, and that is on its way to the disk. */
  private isEnding(jobKey: number, runKey: number): boolean {
    const { model, executions } = this.world
    const live = model.jobs.get(jobKey)?.memory.live.find((each) => each.runKey === runKey)
    if (live === undefined) return true
    const { ended = null, aborted = null, died = null } = executions.find(runKey, live.attempt) ?? {}
    return ended !== null || aborted !== null || died !== null
  }

  private phaseOf(jobKey: number, runKey: number): string {
    const live = this.world.model.jobs.get(jobKey)?.memory.live.find((each) => each.runKey === runKey)
    if (live === undefined) return "over"
    if (live.retryAt === null) return "executing"
    return live.putAway === true ? "put away" : "between attempts"
  }

  private cancel(scheduler: Scheduler, id: string): void {
    const live = this.world.model.byId(id)?.memory.live.at(-1)
    if (live === undefined) return
    this.world.executions.cancelAsked.add(live.runKey)
    this.settle(`cancel of ${live.runKey}`, scheduler.cancelRun(String(live.runKey)), (wasLive) => {
      this.world.tell(`cancelled ${live.runKey} ${wasLive}`)
      this.world.sometimes.note(`cancelRun: ${wasLive}`)
      if (wasLive && (this.world.model.rows.get(live.runKey)?.outcome ?? null) === null)
        this.told.lost(`run ${live.runKey} was cancelled for its caller, and has no outcome on disk`)
    })
  }

  /** A command about a job: asked, then answered or refused. */
  private follow(
    id: string,
    answer: CommandLine["kind"] | null,
    promise: Promise<JobHandle | void>,
    check: () => void,
    definition?: Definition
  ): void {
    const { world } = this
    const line = (kind: CommandLine["kind"]): void => void world.lines.push({ kind, jobId: id, at: world.clock.now() })
    const { life } = world
    const others = this.open.get(id) ?? new Set()
    const own = { alone: others.size === 0 }
    for (const other of others) other.alone = false
    this.open.set(id, others.add(own))
    if (answer !== null) line("asked")
    const close = (): void => {
      // The others of the same commit are answered in the same turn.
      if (world.life === life) queueMicrotask(() => void others.delete(own))
    }
    this.settle(
      `command on ${id}`,
      promise,
      () => {
        close()
        if (answer !== null) line(answer)
        world.tell(`${answer ?? "changed"} ${id}`)
        if (own.alone) check()
      },
      (error) => {
        close()
        if (answer !== null) line("refused")
        if (definition !== undefined && tagOf(error) !== "SchedulerStoppedError") this.refused.add(definition.number)
      }
    )
  }

  private settle<A>(
    what: string,
    promise: Promise<A>,
    done: (value: A) => void,
    failed: (error: unknown) => void = () => undefined
  ): void {
    const { world } = this
    const { life } = world
    world.sometimes.note("API calls")
    const call = { what }
    this.unanswered.add(call)
    const own = (): boolean => world.life === life && world.alive
    promise.then(
      (value) => {
        this.unanswered.delete(call)
        if (own()) done(value)
      },
      (error: unknown) => {
        this.unanswered.delete(call)
        if (!own()) return
        const tag = tagOf(error)
        world.tell(`${what} refused: ${tag}`)
        world.sometimes.note(`refused: ${tag}`)
        failed(error)
        if (!(typeof error === "object" && error !== null && "_tag" in error))
          world.report("untyped", `${what} is refused with ${String(error)}`)
        if (tag === "StoreUnavailable" && world.ms - world.lastFaultMs > 120_000)
          world.report("refused", `${what} is refused: ${String(error)}`)
        if (tag === "StoreConflict") world.report("refused", `${what} is refused: ${String(error)}`)
      }
    )
  }

  /** A definition is on disk: none that was refused may be. */
  private checkWritten(notes: string): void {
    const number = numberOf(notes)
    if (number !== null && this.refused.has(number))
      this.world.report("refusedWritten", `definition ${number} was refused, and is written`)
  }
}

/**
 * Whether a resumption that does not say so leaves out what was missed: after a fault it does not, and after a pause by a caller it
 * does, unless nothing else is left. `null`: it was decided between `from` and `through`, and that cannot be told.
 */
const skipsMissed = ({ row, memory }: ModelJob, from: number, through: number): boolean | null => {
  if (memory.fault !== null) return false
  if (memory.exhausted) return true
  const first = (after: number): number | undefined => fireTimesOf(row.trigger, after, Infinity, 1)?.[0]
  if (first(Math.max(through, memory.cursor)) !== undefined) return true
  const isLeft = first(Math.max(from, memory.cursor)) !== undefined
  return isLeft ? null : first(memory.cursor) === undefined ? null : false
}
