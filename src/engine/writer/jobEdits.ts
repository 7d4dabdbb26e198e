/**
 * What callers do to jobs, each as an intent: checked against the job as it is, then committed, then acknowledged. Long because
 * each command says what it refuses and how to mend it.
 */
import { inWords } from "../../input/inWords.ts"
import { nextAfterRun, nextFire, owedFireTimes } from "../../job/dueFireTimes.ts"
import type { OwedFireTimes } from "../../job/fireRange.ts"
import type { JobEvent, NextFire } from "../../job/jobEvent.ts"
import type { JobInput } from "../../job/jobOptions.ts"
import { checkFields, checkTags, checkText, InvalidJobError, readRules } from "../../job/jobOptions.ts"
import { countedAhead, countsAfter, servedThrough } from "../../job/clockSetBack.ts"
import type { Request } from "../../job/jobDraft.ts"
import { rescheduledFrom, resumedFrom } from "../../job/onCommand.ts"
import { runsLeft } from "../../job/maxRuns.ts"
import { queuedRequest } from "../../job/overlap.ts"
import type { RunCaller } from "../../job/run.ts"
import type { JobDefinitionRow, RunRow } from "../../store/jobStore.ts"
import type { EpochMillis } from "../../time/instant.ts"
import { missingOf } from "../../trigger/missingTrigger.ts"
import type { Json } from "../../trigger/trigger.ts"
import type { Job } from "../job/jobCodec.ts"
import type { DefinitionEnvironment, JobDefinition } from "../job/jobDefinition.ts"
import {
  checkMetadata,
  defineArguments,
  defineTrigger,
  firstFire,
  triggerAsGiven,
  ruleOptions
} from "../job/jobDefinition.ts"
import type { JobNotes } from "../job/jobNotes.ts"
import { readNotes, sameNotes } from "../job/jobNotes.ts"
import type { UnitOfWork } from "./unitOfWork.ts"
import { rulesText } from "../job/rulesText.ts"
import { zonesIn } from "./zoneMarks.ts"
import {
  DuplicateJobError,
  JobStateError,
  MaxInstancesError,
  UnknownJobError,
  UnknownNameError
} from "../schedulerError.ts"

/** Options of `modifyJob`: any of a job's, but its id and store. */
export type JobChanges = Omit<Partial<JobInput>, "id" | "store" | "ifExists" | "paused">

/** Adds jobs: all or, with a `DuplicateJobError`, none. */
export const addAllTo = (unit: UnitOfWork, definitions: ReadonlyArray<JobDefinition>): ReadonlyArray<Job> => {
  for (const definition of definitions) mustFit(unit, definition)
  return definitions.map((definition) => addTo(unit, definition))
}

const mustFit = (unit: UnitOfWork, { row, ifExists, store }: JobDefinition): void => {
  const existing = unit.byId(row.id)
  const taken = ifExists === "error" && existing !== undefined
  // Keeping what cannot be read would leave the caller without a job.
  const cannotBeRead = unit.unreadableKeys.has(row.id) || (existing !== undefined && awaitsTrigger(existing))
  const unreadable = ifExists !== "replace" && cannotBeRead
  if (taken || unreadable) throw new DuplicateJobError({ jobId: row.id, store })
}

/** Adds a job, or does what `ifExists` says. */
export const addTo = (unit: UnitOfWork, definition: JobDefinition): Job => {
  mustFit(unit, definition)
  const { row, rules, trigger, memory, ifExists } = definition
  const existing = unit.byId(row.id)
  if (existing !== undefined) {
    const job = ifExists === "keep" ? existing : replace(unit, existing, definition)
    // Somebody still wants it known that it is done: its age counts from now.
    if (job.value === "done") unit.touch(job)
    return job
  }
  const unreadable = unit.unreadableKeys.get(row.id)
  if (unreadable !== undefined) unit.discardUnreadable(unreadable, row.id)
  const forgotten = forgottenFireTimes(unit, definition)
  if (forgotten !== null) return unit.addOver(row, rules, trigger, forgotten)
  return unit.add(row, rules, trigger, memory)
}

/**
 * The fire times of a job of which retention may have deleted an earlier life with all of them: all that it has, none later than what
 * is forgotten. They may have run, so they run no more.
 */
const forgottenFireTimes = (unit: UnitOfWork, { named, memory, trigger }: JobDefinition): OwedFireTimes | null => {
  const { forgottenThrough } = unit.environment
  const first = memory.nextFireAt
  if (!named || forgottenThrough === null || first === null || first > forgottenThrough) return null
  return nextFire(trigger, forgottenThrough).exhausted ? owedFireTimes(trigger, first, forgottenThrough) : null
}

/** The same definition again changes nothing; another trigger counts from now; pause and last fire time stay. */
const replace = (unit: UnitOfWork, existing: Job, definition: JobDefinition): Job => {
  const { rules, memory, trigger } = definition
  // One that says nothing of its zone follows the scheduler's, which may be another one than it was.
  const sameZones = zonesIn(existing.row.trigger).join() === zonesIn(definition.row.trigger).join()
  const sameTrigger = sameZones && triggerAsGiven(existing.row) === triggerAsGiven(definition.row)
  const row: JobDefinitionRow = {
    ...definition.row,
    addedAt: existing.row.addedAt,
    ...(sameTrigger ? { trigger: existing.row.trigger, stream: existing.row.stream } : {})
  }
  const again = sameTrigger && beginsAgain(existing, definition)
  if (sameDefinition(row, existing.row) && !again) return existing
  // Asked before anything is changed: a trigger may be the user's code.
  const setRight = countedAhead(existing.memory, unit.now)
  const since =
    existing.value !== "done"
      ? rescheduledSince(unit, existing)
      : setRight
        ? memory.since
        : Math.max(memory.since, servedThrough(existing.memory, unit.now))
  const ofStream = { nextFireAt: null, exhausted: memory.exhausted }
  const next =
    again || (!sameTrigger && trigger.stream !== undefined)
      ? ofStream
      : sameTrigger
        ? reopened(unit, { ...existing, rules }, existing)
        : nextFire(trigger, since)
  let job = unit.redefine(existing, row, rules, sameTrigger ? existing.trigger : trigger)
  if (next !== null) {
    if (job.value !== "done") job = reschedule(unit, existing, job, next)
    // What was accounted for stays so: the new trigger is held to what comes after.
    else {
      const { cursor, countsAfterRun, countsAfterEntry } = existing.memory
      const kept = cursor > since ? countsAfter(existing.memory, unit.nextRunKey) : { countsAfterRun, countsAfterEntry }
      if (cursor > since) unit.keepKeys()
      const counted = { since, cursor: since, skipped: null, ...kept }
      const { lastFireAt, lastOutcome } = existing.memory
      job = unit.revive(
        job,
        next.exhausted
          ? { ...existing.memory, ...counted }
          : { ...memory, ...counted, nextFireAt: next.nextFireAt, lastFireAt, lastOutcome }
      )
    }
  }
  if (memory.pausedAt !== null && job.memory.pausedAt === null && job.value !== "done") job = pause(unit, job)
  unit.tell({ type: "JobModified", jobId: row.id })
  return job
}

/** The job's stream had completed, and is there again: another one, or the same in another process. */
const beginsAgain = (existing: Job, { rules, memory: { exhausted } }: JobDefinition): boolean => {
  const { row, memory } = existing
  return row.stream !== null && !exhausted && memory.exhausted && runsLeft(memory, rules) > 0
}

const sameDefinition = (a: JobDefinitionRow, b: JobDefinitionRow): boolean =>
  a.task === b.task &&
  a.executor === b.executor &&
  a.trigger === b.trigger &&
  a.args === b.args &&
  a.rules === b.rules &&
  sameNotes(a, b)

/** The job of this id, or `UnknownJobError`. */
export const jobIn = (unit: UnitOfWork, id: string, verb: string): Job => {
  const job = unit.byId(id)
  if (job !== undefined) return job
  if (unit.unreadableKeys.has(id)) {
    throw new JobStateError({
      jobId: id,
      verb,
      state: "unreadable",
      remedy: `mend its row, remove it, or addJob it again with ifExists: "replace"`
    })
  }
  throw new UnknownJobError({ jobId: id, verb })
}

/** A job whose trigger's code is not registered takes another trigger, and nothing that asks it for a fire time. */
const mustKnowTrigger = (job: Job, verb: string): void => {
  if (!awaitsTrigger(job)) return
  throw new JobStateError({
    jobId: job.row.id,
    verb,
    state: "unreadable",
    remedy: `${missingOf(job.trigger)?.message ?? "its trigger is back"}; register it, give the job another trigger, or remove it`
  })
}

const awaitsTrigger = ({ trigger }: Job): boolean => missingOf(trigger) !== null

/** Changes some of a job's definition, all or nothing. */
export const modify = (unit: UnitOfWork, id: string, changes: JobChanges, environment: DefinitionEnvironment): Job => {
  const job = jobIn(unit, id, "modifyJob")
  checkFields(id, changes, "input")
  checkNotes(id, changes)
  for (const field of ["id", "store", "ifExists", "paused"]) {
    if (field in changes) {
      throw new InvalidJobError({
        jobId: id,
        field,
        found: "given",
        expected: "a field that can be changed; id and store cannot, pauseJob pauses"
      })
    }
  }
  const taskName = changes.task === undefined ? job.row.task : taskNameOf(id, changes.task)
  const task = environment.tasks.definition(taskName, id)
  const args = changes.args === undefined ? (JSON.parse(job.row.args) as Json) : changes.args
  const executor = changes.executor ?? job.row.executor
  if (!environment.knowsExecutor(executor)) {
    throw new InvalidJobError({
      jobId: id,
      field: "executor",
      found: inWords(executor),
      expected: "the name of a registered executor"
    })
  }
  const rules = readRules(id, ruleOptions({ task: taskName, ...changes }), job.rules)
  const { trigger, start, end, jitter } = changes
  const retimed = [trigger, start, end, jitter].some((given) => given !== undefined)
  if (retimed && changes.trigger === undefined) {
    throw new InvalidJobError({
      jobId: id,
      field: "trigger",
      found: "missing",
      expected: "the trigger that start, end or jitter belong to"
    })
  }
  const timing = retimed ? newTiming(unit, job, changes, environment) : null
  const { name, tags, metadata, declared, immediate, caller } = {
    ...readNotes(job.row),
    ...definedOnly({ name: changes.name, tags: changes.tags, metadata: changes.metadata })
  }
  const notes: JobNotes = {
    ...definedOnly({ name, tags, metadata }),
    ...definedOnly({ given: timing === null ? readNotes(job.row).given : timing.given }),
    ...(timing === null && immediate === true ? { immediate } : {}),
    ...(declared === undefined ? {} : { declared }),
    ...(caller === undefined ? {} : { caller })
  }
  const row: JobDefinitionRow = {
    ...job.row,
    task: taskName,
    executor,
    args: JSON.stringify(defineArguments(id, task, args, timing?.trigger ?? job.trigger)),
    rules: rulesText(rules),
    notes: JSON.stringify(notes),
    ...(timing === null ? {} : { trigger: timing.text, stream: timing.trigger.stream ?? null })
  }
  // Asked before anything is changed: a trigger may be the user's code.
  const next = timing === null ? reopened(unit, { ...job, rules }, job) : timing.next
  const redefined = unit.redefine(job, row, rules, timing?.trigger ?? job.trigger)
  const modified = next === null ? redefined : reschedule(unit, job, redefined, next)
  unit.tell({ type: "JobModified", jobId: id })
  return modified
}

/** `maxRuns` was raised while the run that was to be the last is live: the schedule goes on. */
const reopened = (unit: UnitOfWork, job: Job, before: Job): NextFire | null => {
  const { runCount, exhausted, removed } = job.memory
  const wasLast = before.rules.maxRuns !== null && runCount >= before.rules.maxRuns
  const isLast = job.rules.maxRuns !== null && runCount >= job.rules.maxRuns
  return exhausted && !removed && wasLast && !isLast && job.value !== "done"
    ? nextFire(job.trigger, rescheduledSince(unit, before))
    : null
}

/** A trigger that must fire, for a job that is not done. */
const newTiming = (unit: UnitOfWork, job: Job, changes: JobChanges, environment: DefinitionEnvironment) => {
  const { id } = job.row
  if (job.value === "done")
    throw new JobStateError({
      jobId: id,
      verb: "rescheduleJob",
      state: "done",
      remedy: `addJob it again with another trigger and ifExists: "replace", or runJob to run it once more`
    })
  const timing = defineTrigger(id, changes, environment)
  return { ...timing, next: firstFire(id, timing.trigger, rescheduledSince(unit, job), environment) }
}

/** Where another trigger's fire times begin: never before what the old one's runs have served. */
const rescheduledSince = (unit: UnitOfWork, old: Job): EpochMillis =>
  rescheduledFrom(old.memory, unit.now, owedBy(old, unit.now))

const taskNameOf = (jobId: string, task: unknown): string => {
  const name: unknown = typeof task === "object" && task !== null ? (task as { readonly name?: unknown }).name : task
  if (typeof name === "string") return name
  throw new InvalidJobError({ jobId, field: "task", found: inWords(task), expected: "a task or its name" })
}

const checkNotes = (jobId: string, { name, tags, metadata }: JobChanges): void => {
  if (name !== undefined) checkText(jobId, "name", name)
  if (tags !== undefined) checkTags(jobId, tags)
  if (metadata !== undefined) checkMetadata(jobId, metadata)
}

/** Sends the job, which has a new trigger already, its new first fire time; what the old one still owed is withdrawn. */
const reschedule = (unit: UnitOfWork, old: Job, job: Job, next: NextFire): Job =>
  unit.step(job, {
    type: "reschedule",
    now: unit.now,
    nextRunKey: unit.nextRunKey,
    owed: owedBy(old, unit.now),
    ...next
  }) ?? job

export const pause = (unit: UnitOfWork, job: Job): Job => {
  mustKnowTrigger(job, "pauseJob")
  const next = must(
    unit,
    job,
    "pauseJob",
    { type: "pause", now: unit.now, owed: owedBy(job, unit.now) },
    "only a job that is not paused or done can be paused"
  )
  unit.tell({ type: "JobPaused", jobId: job.row.id })
  return next
}

/**
 * Fire times of a pause by a user are not made up unless asked, or unless no other is left; those of a fault are, since nobody wished
 * for it. Throws what keeps the fault alive.
 */
export const resume = (
  unit: UnitOfWork,
  job: Job,
  missed: "skip" | "coalesce" | undefined,
  environment: Pick<DefinitionEnvironment, "tasks" | "knowsExecutor" | "knowsStream">
): Job => {
  mustKnowTrigger(job, "resumeJob")
  environment.tasks.get(job.row.task, job.row.id)
  const { executor, stream } = job.row
  if (!environment.knowsExecutor(executor)) throw new UnknownNameError({ kind: "executor", name: executor, known: [] })
  if (stream !== null && !environment.knowsStream(stream))
    throw new UnknownNameError({ kind: "stream", name: stream, known: [] })
  const { exhausted, fault } = job.memory
  const nextWith = (kind: "skip" | "coalesce") => nextFire(job.trigger, resumedFrom(job.memory, unit.now, kind))
  let kind = missed ?? (fault === null ? "skip" : "coalesce")
  let next = nextWith(kind)
  if (missed === undefined && next.exhausted && !exhausted && kind === "skip") {
    // Nothing is left to go on with: what the pause has lasted over is all there is.
    const owed = nextWith("coalesce")
    if (!owed.exhausted) [kind, next] = ["coalesce", owed]
  }
  const base = { now: unit.now, firstRunKey: unit.nextRunKey, held: !unit.environment.claiming }
  const resumed = must(
    unit,
    job,
    "resumeJob",
    { type: "resume", ...base, missed: kind, ...next },
    "only a paused job can be resumed"
  )
  unit.tell({ type: "JobResumed", jobId: job.row.id })
  return resumed
}

/** Leaves out the next fire time only. */
export const skipNext = (unit: UnitOfWork, job: Job): Job => {
  const { memory, trigger } = job
  const refuse = (state: string, remedy: string): never => {
    throw new JobStateError({ jobId: job.row.id, verb: "skipNext", state, remedy })
  }
  if (memory.pausedAt !== null) refuse("paused", "resumeJob first; no fire time is next before that")
  if (memory.backlog !== null) refuse("catching up", "try again when it has made up what it missed")
  const awaitsEnd = trigger.after === "run" && memory.live.length > 0
  if (memory.nextFireAt === null || awaitsEnd)
    return refuse(job.value, "no next fire time is known: a stream gives it, the end of a run, or there is none left")
  const next = nextFire(trigger, Math.max(memory.cursor, memory.nextFireAt))
  const skipped = must(
    unit,
    job,
    "skipNext",
    { type: "skip", now: unit.now, ...next },
    "only a fire time to come can be left out"
  )
  unit.tell({ type: "JobModified", jobId: job.row.id })
  return skipped
}

/** Its id is free at once; runs under way end by themselves and are recorded. */
const remove = (unit: UnitOfWork, job: Job): void => {
  if (job.value !== "done") unit.step(job, { type: "remove", now: unit.now, owed: owedBy(job, unit.now) })
  unit.markRemoved(unit.byKey(job.key) ?? job)
  unit.tell({ type: "JobRemoved", jobId: job.row.id })
}

/** One that cannot be read is let go too: whoever removes a job wants it gone. */
export const removeById = (unit: UnitOfWork, id: string): void => {
  const unreadable = unit.unreadableKeys.get(id)
  if (unreadable === undefined) return remove(unit, jobIn(unit, id, "removeJob"))
  unit.discardUnreadable(unreadable, id)
  unit.tell({ type: "JobRemoved", jobId: id })
}

/** What a request is known by until it is claimed. */
export interface Requested {
  readonly fireAt: EpochMillis
  readonly ticket: number
}

/** Asks for a run beside the schedule, also of a job that is done. */
export const request = (
  unit: UnitOfWork,
  job: Job,
  args: Json | undefined,
  environment: DefinitionEnvironment,
  caller?: RunCaller
): Requested => ask(unit, job, { fireAt: unit.now, ...definedOnly({ args, caller }) }, "runJob", environment)

/** Asks for another run for the fire time of one that has ended, with its arguments; `null` when one is under way already. */
export const retry = (
  unit: UnitOfWork,
  job: Job,
  run: RunRow,
  environment: DefinitionEnvironment,
  caller?: RunCaller
): Requested | null => {
  if ([...job.memory.live, ...job.memory.queue].some(({ retryOf }) => retryOf === run.runKey)) return null
  const args = run.args === null ? undefined : (JSON.parse(run.args) as Json)
  return ask(
    unit,
    job,
    { fireAt: run.fireAt, retryOf: run.runKey, ...definedOnly({ args, caller }) },
    "retryRun",
    environment
  )
}

/** Tells a job's requests apart until they are claimed. */
const freeTicket = (unit: UnitOfWork, { memory }: Job): number =>
  [...memory.queue, ...unit.consequences.requestsClaimed].reduce(
    (highest, { ticket = 0 }) => Math.max(highest, ticket),
    0
  ) + 1

const ask = (
  unit: UnitOfWork,
  job: Job,
  wanted: Omit<Request, "ticket">,
  verb: string,
  environment: DefinitionEnvironment
): Requested => {
  mustKnowTrigger(job, verb)
  environment.tasks.get(job.row.task, job.row.id)
  const base = { now: unit.now, firstRunKey: unit.nextRunKey }
  const ticket = freeTicket(unit, job)
  const known = { fireAt: wanted.fireAt, ticket }
  if (job.value === "done") {
    // Its schedule stays over: with nothing left but the request it runs, and is done again.
    const waiting = unit.revive(job, { ...job.memory, queue: [queuedRequest({ ...wanted, ticket })] })
    if (unit.environment.claiming) unit.step(waiting, { type: "waitOver", ...base })
    return known
  }
  const next = nextAfterRun(job.trigger, unit.now, unit.now)
  const event = { type: "requested", ...base, held: !unit.environment.claiming, ...wanted, ticket, next } as const
  if (unit.step(job, event) !== undefined) return known
  const { maxInstances, overlap } = job.rules
  const { fault } = job.memory
  if (fault === null) throw new MaxInstancesError({ jobId: job.row.id, maxInstances, overlap })
  const remedy = `it is parked (${fault.kind}): resumeJob first, when the cause is gone`
  throw new JobStateError({ jobId: job.row.id, verb, state: "paused", remedy })
}

/** Ends a run: at once when it waits for its next attempt, else by its executor after the commit. False: it is over. */
export const cancelRun = (unit: UnitOfWork, jobKey: number, runKey: number): boolean => {
  const job = unit.byKey(jobKey)
  const run = job?.memory.live.find((live) => live.runKey === runKey)
  if (job === undefined || run === undefined) return false
  if (run.retryAt === null) unit.consequences.cancels.push({ jobKey, runKey })
  else {
    unit.step(job, {
      type: "settled",
      now: unit.now,
      firstRunKey: unit.nextRunKey,
      held: !unit.environment.claiming,
      runKey,
      outcome: "cancelled",
      errorName: null,
      retryable: false,
      next: nextAfterRun(job.trigger, unit.now, unit.now)
    })
  }
  return true
}

/** A stream gave a value: a fire time of the job, now. One millisecond may have many. */
export const emit = (unit: UnitOfWork, job: Job, args: Json): void => {
  const fireAt = unit.now
  const due = { from: fireAt, through: fireAt, count: 1 }
  unit.emitted(
    job,
    {
      late: null,
      due,
      second: null,
      penultimate: null,
      times: job.rules.coalesce === "all" ? [fireAt] : [],
      more: false,
      nextFireAt: null,
      exhausted: false
    },
    args
  )
}

/** Fire times that are due and will not be served. */
const owedBy = (job: Job, now: EpochMillis): OwedFireTimes | null => {
  const { nextFireAt, exhausted, pausedAt } = job.memory
  if (exhausted || pausedAt !== null || nextFireAt === null || nextFireAt > now) return null
  try {
    return owedFireTimes(job.trigger, nextFireAt, now)
  } catch {
    return { from: nextFireAt, through: nextFireAt, count: 1 } // A faulty trigger owes what it had promised.
  }
}

const must = (unit: UnitOfWork, job: Job, verb: string, event: JobEvent, remedy: string): Job => {
  const next = unit.step(job, event)
  if (next !== undefined) return next
  throw new JobStateError({ jobId: job.row.id, verb, state: job.value, remedy })
}

const definedOnly = <A extends object>(fields: A): { [K in keyof A]?: Exclude<A[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof A]?: Exclude<A[K], undefined>
  }
