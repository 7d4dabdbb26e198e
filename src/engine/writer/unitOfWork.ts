/**
 * One commit while it is made: the jobs it touches, what their machines decided, the rows that say so, and what follows
 * once they are on disk. Nothing outside changes until the commit has succeeded, so a unit may be thrown away.
 * A few lines long of 300, for rows written out field by field.
 */
import { jobMachine } from "../../../machines/jobMachine.ts"
import type { EventBody } from "../../event/schedulerEvent.ts"
import type { Settlement } from "../../executor/executor.ts"
import type { DueFireTimes } from "../../job/dueFireTimes.ts"
import type { FireRange } from "../../job/fireRange.ts"
import type { Coming } from "../../job/fireTimeEvents.ts"
import { fireTimeEvents } from "../../job/fireTimeEvents.ts"
import type { JobContext, JobEvent } from "../../job/jobEvent.ts"
import { noAnswer } from "../../job/jobEvent.ts"
import { keepArguments } from "../../job/onCommand.ts"
import type { JobFault, JobMemory } from "../../job/snapshot.ts"
import { newMemory, stateOf } from "../../job/snapshot.ts"
import { sentMark } from "../../store/sentMark.ts"
import type {
  CheckpointRow,
  EventsRow,
  JobDefinitionRow,
  MarkRow,
  MessageRow,
  StoreBatch
} from "../../store/jobStore.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Json, Trigger } from "../../trigger/trigger.ts"
import { compileMachine } from "./compiledMachine.ts"
import { Consequences } from "./consequences.ts"
import type { Job } from "../job/jobCodec.ts"
import { stateRow } from "../job/jobCodec.ts"
import type { UnitEnvironment } from "./unitEnvironment.ts"
import { runKeysMark } from "./runKeys.ts"
import type { JobRules } from "../../job/rules.ts"

const jobTable = compileMachine(jobMachine)

interface Working {
  readonly before: Job | null
  /** Before the first step. */
  readonly initial: Job
  job: Job
  stateChanged: boolean
  definitionChanged: boolean
}

export class UnitOfWork {
  readonly environment: UnitEnvironment
  /** What follows once this is on disk. */
  readonly consequences: Consequences
  /** Every step in order, for live actors. */
  readonly steps: Array<{ readonly key: number; readonly event: JobEvent }> = []
  nextJobKey: number
  nextRunKey: number
  /** Counts what was done to this unit: whoever fails after having raised it has left half a change behind. */
  edits = 0
  /** Jobs that this takes out of service, in order. */
  readonly parked: Array<{ readonly key: number; readonly jobId: string; readonly fault: JobFault }> = []
  /** Jobs that cannot be read, and whose ids it frees. */
  readonly discarded: Array<{ readonly key: number; readonly jobId: string }> = []
  /** Stored jobs that could not be read, by id. */
  readonly unreadableKeys = new Map<string, number>()
  private readonly working = new Map<number, Working>()
  private readonly keysById = new Map<string, number>()
  /** What `changed` gave, and after how many edits. */
  private listed: { readonly edits: number; readonly jobs: ReadonlyArray<Job> } | null = null
  private readonly removed: Array<{ readonly key: number; readonly removedAt: EpochMillis }> = []
  private readonly unreadable: Array<StoreBatch["states"][number]> = []
  /** Jobs that cannot be read were parked or let go: `changed` does not give them. */
  hasUnreadable = false
  /** How far runs have come, the newest of each. */
  readonly checkpoints = new Map<number, Omit<CheckpointRow, "runKey">>()
  /** What is sent to runs, in order. */
  readonly messages: Array<MessageRow> = []
  /** Facts for the next owner. */
  readonly marks = new Map<MarkRow["name"], MarkRow["value"]>()
  /** What it tells, once its batch is made. */
  events: EventsRow | null = null

  constructor(environment: UnitEnvironment) {
    this.environment = environment
    this.consequences = new Consequences(environment)
    this.nextJobKey = environment.firstJobKey
    this.nextRunKey = environment.firstRunKey
  }

  get now(): EpochMillis {
    return this.environment.now
  }

  /** Brings a stored job in; one that is here already stays as it is. */
  load(job: Job): Job {
    const known = this.working.get(job.key)
    if (known !== undefined) return known.job
    this.working.set(job.key, { before: job, initial: job, job, stateChanged: false, definitionChanged: false })
    if (job.removedAt === null) this.keysById.set(job.row.id, job.key)
    return job
  }

  byId(id: string): Job | undefined {
    const key = this.keysById.get(id)
    return key === undefined ? undefined : this.byKey(key)
  }

  byKey(key: number): Job | undefined {
    return this.working.get(key)?.job
  }

  /** The job as it was before this unit's first step. */
  initial(key: number): Job | undefined {
    return this.working.get(key)?.initial
  }

  add(row: JobDefinitionRow, rules: JobRules, trigger: Trigger, memory: JobMemory): Job {
    const key = this.nextJobKey++
    const job: Job = { key, row, rules, trigger, value: stateOf(memory), memory, removedAt: null }
    this.edits += 1
    this.working.set(key, { before: null, initial: job, job, stateChanged: true, definitionChanged: true })
    this.keysById.set(row.id, key)
    this.tell({ type: "JobAdded", jobId: row.id })
    // Its time was over before it came.
    if (job.value === "done") this.tell({ type: "JobDone", jobId: row.id })
    return job
  }

  /** Adds a job that is over: its fire times, `forgotten`, may have run in an earlier life of it. */
  addOver(row: JobDefinitionRow, rules: JobRules, trigger: Trigger, forgotten: FireRange): Job {
    const { from, through, count } = forgotten
    const job = this.add(row, rules, trigger, { ...newMemory(from - 1, null, true), cursor: through })
    const entry = { kind: "misfired", from, through, count, reason: "forgotten", into: null } as const
    this.consequences.add(job, { ...noAnswer, entries: [entry] }, undefined, null)
    return job
  }

  /** Another definition for a job that goes on; its machine hears of changed rules. */
  redefine(job: Job, row: JobDefinitionRow, rules: JobRules, trigger: Trigger): Job {
    const working = this.workingOf(job)
    this.edits += 1
    const { row: before, memory } = working.job
    // Another task takes over whole, with its arguments.
    const kept = before.args !== row.args && before.task === row.task && memory.live.length > 0
    const event = { type: "redefine", rules, ...(kept ? { args: JSON.parse(before.args) as Json } : {}) } as const
    working.job = { ...working.job, row, rules, trigger, memory: keepArguments(memory, event) }
    working.definitionChanged = true
    working.stateChanged = true
    this.steps.push({ key: job.key, event })
    return working.job
  }

  /** Starts a job's life anew under its key: for a job that is done and declared again. */
  revive(job: Job, memory: JobMemory): Job {
    const working = this.workingOf(job)
    this.edits += 1
    working.job = { ...working.job, memory, value: stateOf(memory) }
    working.stateChanged = true
    return working.job
  }

  /** Frees the id of a job that cannot be read; its bytes stay until retention takes them. */
  discardUnreadable(key: number, id: string): void {
    this.edits += 1
    this.hasUnreadable = true
    this.removed.push({ key, removedAt: this.now })
    this.discarded.push({ key, jobId: id })
    this.unreadableKeys.delete(id)
  }

  /** Frees the job's id; the row stays for its runs. */
  markRemoved(job: Job): void {
    const working = this.workingOf(job)
    this.edits += 1
    working.job = { ...working.job, removedAt: this.now }
    // A job that was done already takes no step; those who watch it must hear of this all the same.
    working.stateChanged = true
    this.removed.push({ key: job.key, removedAt: this.now })
    if (this.keysById.get(job.row.id) === job.key) this.keysById.delete(job.row.id)
  }

  /** A job whose snapshot cannot be read is taken out of service with its bytes kept. */
  parkUnreadable(
    row: { readonly key: number; readonly id: string; readonly executor: string; readonly memory: string },
    message: string
  ): void {
    this.unreadableKeys.set(row.id, row.key)
    this.hasUnreadable = true
    this.unreadable.push({
      key: row.key,
      value: "paused",
      wakeAt: null,
      fault: true,
      executor: row.executor,
      memory: row.memory
    })
    this.tellParked(row.key, row.id, { kind: "unreadable", message })
  }

  park(job: Job, fault: JobFault): void {
    if (this.step(job, { type: "park", now: this.now, fault }) !== undefined)
      this.tellParked(job.key, job.row.id, fault)
  }

  /** Writes the job's state again though nothing happened to it: its wake-up was out of date. */
  touch(job: Job): void {
    this.edits += 1
    this.workingOf(job).stateChanged = true
  }

  /** Sends `event` to the job. `undefined`: its state has no such transition; nothing changed. */
  step(job: Job, event: JobEvent, settlement?: Settlement): Job | undefined {
    const working = this.workingOf(job)
    const current = working.job
    const context: JobContext = {
      jobId: current.row.id,
      rules: current.rules,
      memory: current.memory,
      answer: noAnswer
    }
    const next = jobTable.step(current.value, context, event)
    if (next === undefined) return undefined
    this.edits += 1
    working.job = {
      key: current.key,
      row: current.row,
      rules: next.context.rules,
      trigger: current.trigger,
      value: next.value,
      memory: next.context.memory,
      removedAt: current.removedAt
    }
    working.stateChanged = true
    this.steps.push({ key: current.key, event })
    const { answer } = next.context
    for (const { runKey } of answer.claims) if (runKey >= this.nextRunKey) this.nextRunKey = runKey + 1
    if (next.context.memory.countsAfterRun !== current.memory.countsAfterRun) this.keepKeys()
    this.consequences.add(working.job, answer, settlement, current.memory.countsAfterEntry)
    for (const runKey of answer.cancels) this.consequences.cancels.push({ jobKey: current.key, runKey })
    // A paused job stays paused when its run turns out to be poison.
    const parked = next.context.memory.fault !== current.memory.fault
    if (next.value !== current.value || parked) this.tellState(current, working.job)
    return working.job
  }

  /** Due fire times, each thing that happened to them through `step`. */
  due(job: Job, due: DueFireTimes, missedThrough = this.environment.missedThrough): Job {
    return this.come(job, due, { now: this.now, firstRunKey: this.nextRunKey, missedThrough })
  }

  /** The same for what a stream gave: it has come due now, with arguments of its own. */
  emitted(job: Job, due: DueFireTimes, args: Json): Job {
    return this.come(job, due, { now: this.now, firstRunKey: this.nextRunKey, args })
  }

  private come(job: Job, due: DueFireTimes, coming: Coming): Job {
    let current = job
    for (const event of fireTimeEvents(job.memory, job.rules, due, coming)) {
      // Later ones are told the keys that earlier ones have left.
      const { nextRunKey } = this
      const own = event.firstRunKey === nextRunKey ? event : { ...event, firstRunKey: nextRunKey }
      const next = this.step(current, own)
      if (next === undefined) break
      current = next
      // It stays due, or no run is left for what follows.
      if (current.memory.nextFireAt !== event.nextFireAt) break
    }
    return current
  }

  /** A job tells what counts from the keys that follow: by a clock set right too, the next owner's are none of those before. */
  keepKeys(): void {
    this.mark(runKeysMark, String(this.nextRunKey))
  }

  /** Leaves a fact about the store as a whole to its next owner; `null` takes it away. */
  mark(name: string, value: string | null): void {
    this.edits += 1
    this.marks.set(name, value)
  }

  checkpoint(runKey: number, text: string, received: number): void {
    this.edits += 1
    this.checkpoints.set(runKey, received === 0 ? { text } : { text, received })
  }

  /** Keeps what is sent to a run. */
  send(runKey: number, text: string): void {
    this.edits += 1
    const number = this.environment.inbox.next + this.messages.length
    this.messages.push({ runKey, number, text })
    this.mark(sentMark, String(number))
  }

  /** How many messages wait to a run once this is on disk. */
  waitingTo(runKey: number): number {
    const received = this.checkpoints.get(runKey)?.received ?? 0
    let waiting = 0
    for (const number of this.environment.inbox.numbers(runKey)) if (number > received) waiting += 1
    for (const message of this.messages) if (message.runKey === runKey) waiting += 1
    return waiting
  }

  /** What it tells is to be stored with it. */
  writeEvents(number: number, era: string): void {
    const text = this.consequences.eventsText(era)
    this.events = text === null ? null : { number, text }
  }

  tell(event: EventBody): void {
    this.consequences.tell(event)
  }

  /** The jobs as they will be once the commit has succeeded. Listed once: all that follow a commit go through it. */
  changed(): ReadonlyArray<Job> {
    if (this.listed === null || this.listed.edits !== this.edits) {
      const jobs: Array<Job> = []
      for (const { job, stateChanged, definitionChanged } of this.working.values())
        if (stateChanged || definitionChanged) jobs.push(job)
      this.listed = { edits: this.edits, jobs }
    }
    return this.listed.jobs
  }

  /** Jobs that are added or have another definition. */
  *defined(): Iterable<Job> {
    for (const { before, job, definitionChanged } of this.working.values())
      if (before === null || definitionChanged) yield job
  }

  get changes(): number {
    return (
      this.consequences.claims.length +
      this.consequences.settled.length +
      this.removed.length +
      this.unreadable.length +
      this.marks.size +
      this.checkpoints.size +
      this.messages.length +
      this.changed().length
    )
  }

  batch(): StoreBatch {
    const added: Array<StoreBatch["added"][number]> = []
    const redefined: Array<StoreBatch["redefined"][number]> = []
    const states: Array<StoreBatch["states"][number]> = [...this.unreadable]
    for (const { before, job, stateChanged, definitionChanged } of this.working.values()) {
      if (before === null) added.push(addedRow(job))
      else {
        if (definitionChanged) redefined.push(definitionRow(job))
        if (stateChanged) states.push(stateRow(job))
      }
    }
    const { removed } = this
    const marks = [...this.marks].map(([name, value]) => ({ name, value }))
    const { claims, settled, ledger } = this.consequences
    const batch = { at: this.now, removed, added, redefined, states, claims, settled, ledger }
    const checkpoints = [...this.checkpoints].map(([runKey, checkpoint]) => ({ runKey, ...checkpoint }))
    return {
      ...batch,
      ...(marks.length === 0 ? {} : { marks }),
      ...(this.events === null ? {} : { events: this.events }),
      ...(checkpoints.length === 0 ? {} : { checkpoints }),
      ...(this.messages.length === 0 ? {} : { messages: this.messages })
    }
  }

  private workingOf(job: Job): Working {
    const working = this.working.get(job.key)
    if (working === undefined) throw new RangeError(`job "${job.row.id}" is not part of this unit`)
    return working
  }

  private tellState(before: Job, after: Job): void {
    const jobId = after.row.id
    if (after.value === "done" && !after.memory.removed) this.tell({ type: "JobDone", jobId })
    if (after.memory.fault !== null && before.memory.fault === null && after.memory.fault.kind === "poison") {
      this.tellParked(after.key, jobId, after.memory.fault)
    }
  }

  private tellParked(key: number, jobId: string, fault: JobFault): void {
    this.parked.push({ key, jobId, fault })
    this.tell({ type: "JobParked", jobId, fault })
  }
}

/** Field by field: a spread of a row costs more than the rest of the commit's JavaScript. */
const definitionRow = ({ key, row }: Job): StoreBatch["redefined"][number] => ({
  key,
  id: row.id,
  task: row.task,
  executor: row.executor,
  trigger: row.trigger,
  stream: row.stream,
  args: row.args,
  rules: row.rules,
  notes: row.notes,
  addedAt: row.addedAt
})

const addedRow = (job: Job): StoreBatch["added"][number] => {
  const { row } = job
  const state = stateRow(job)
  return {
    key: job.key,
    id: row.id,
    task: row.task,
    executor: row.executor,
    trigger: row.trigger,
    stream: row.stream,
    args: row.args,
    rules: row.rules,
    notes: row.notes,
    addedAt: row.addedAt,
    value: state.value,
    wakeAt: state.wakeAt,
    fault: state.fault,
    memory: state.memory
  }
}
