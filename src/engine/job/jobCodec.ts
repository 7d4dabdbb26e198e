/** A job between its row and the engine: texts are parsed once and shared, and what is saved is small. */
import { Data } from "effect"
import type { JobRules, RetryRules } from "../../job/rules.ts"
import { defaultRules } from "../../job/rules.ts"
import type { LiveRun } from "../../job/run.ts"
import type { JobMemory, JobState } from "../../job/snapshot.ts"
import { jobStates, snapshotVersion, stateOf, wakeAtOf } from "../../job/snapshot.ts"
import type { JobDefinitionRow, JobRow, JobStateRow } from "../../store/jobStore.ts"
import { isMissingCode, MissingTrigger } from "../../trigger/missingTrigger.ts"
import type { Trigger, TriggerSpec } from "../../trigger/trigger.ts"

/** A job as the engine steps it. Immutable: a step makes a new one. */
export interface Job {
  readonly key: number
  readonly row: JobDefinitionRow
  readonly rules: JobRules
  readonly trigger: Trigger
  readonly value: JobState
  readonly memory: JobMemory
  readonly removedAt: number | null
}

/** A stored job that cannot be read back. It is parked with its bytes kept. */
export class JobUnreadableError extends Data.TaggedError("JobUnreadableError")<{
  /** Of the job whose row it is. */
  readonly jobId: string
  /** `row`: columns that do not hold what they must. */
  readonly part: "row" | "trigger" | "rules" | "arguments" | "snapshot"
  /** What reading it threw. */
  readonly cause: unknown
}> {
  override get message(): string {
    const cause = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `job "${this.jobId}": its stored ${this.part} cannot be read: ${cause}; mend or replace the job, then resume it`
  }
}

/** Parsed texts, shared by all jobs that carry them. Emptied when full: reading again costs microseconds. */
const maxCached = 10_000

export class JobCodec {
  private readonly triggers = new Map<string, Trigger>()
  private readonly rules = new Map<string, JobRules>()
  private readonly readTrigger: (spec: TriggerSpec) => Trigger

  constructor(readTrigger: (spec: TriggerSpec) => Trigger) {
    this.readTrigger = readTrigger
  }

  /** A trigger whose code is not registered is a `MissingTrigger`. Throws `JobUnreadableError`. */
  decode(row: JobRow): Job {
    refuseDamage(row)
    const trigger = this.triggerOrMissing(row)
    const rules = this.rulesOf(row)
    const memory = decodeMemory(row)
    this.checkArgs(row)
    return { key: row.key, row, rules, trigger, value: row.value, memory, removedAt: row.removedAt }
  }

  /** Throws `JobUnreadableError`. */
  trigger(row: Pick<JobDefinitionRow, "id" | "trigger">): Trigger {
    try {
      return this.readTriggerText(row.trigger)
    } catch (cause) {
      throw new JobUnreadableError({ jobId: row.id, part: "trigger", cause })
    }
  }

  private triggerOrMissing(row: JobRow): Trigger {
    try {
      return this.trigger(row)
    } catch (error) {
      const cause = error instanceof JobUnreadableError ? error.cause : error
      if (!isMissingCode(cause)) throw error
      return new MissingTrigger(JSON.parse(row.trigger) as TriggerSpec, (spec) =>
        this.readTriggerText(JSON.stringify(spec))
      )
    }
  }

  /** A trigger from its stored form, one object for all that carry the same text. Throws what the trigger's reader throws. */
  readTriggerText(text: string): Trigger {
    const cached = this.triggers.get(text)
    if (cached !== undefined) return cached
    const trigger = this.readTrigger(JSON.parse(text) as TriggerSpec)
    remember(this.triggers, text, trigger)
    return trigger
  }

  rulesOf(row: Pick<JobDefinitionRow, "id" | "rules">): JobRules {
    const cached = this.rules.get(row.rules)
    if (cached !== undefined) return cached
    try {
      const parsed: unknown = JSON.parse(row.rules)
      if (typeof parsed !== "object" || parsed === null) throw new Error("not an object")
      const rules: JobRules = { ...defaultRules, ...parsed }
      assertRules(rules)
      remember(this.rules, row.rules, rules)
      return rules
    } catch (cause) {
      throw new JobUnreadableError({ jobId: row.id, part: "rules", cause })
    }
  }

  /** They are parsed again for each run; text that is no JSON must not come that far. Throws `JobUnreadableError`. */
  checkArgs(row: Pick<JobDefinitionRow, "id" | "args">): void {
    if (row.args === "null") return
    try {
      JSON.parse(row.args)
    } catch (cause) {
      throw new JobUnreadableError({ jobId: row.id, part: "arguments", cause })
    }
  }
}

/** The part of a job that changes with every run, as it is stored. */
export const stateRow = (job: Job): JobStateRow => ({
  key: job.key,
  value: job.value,
  wakeAt: wakeAtOf(job.memory, job.rules, job.trigger.after === "run"),
  fault: job.memory.fault !== null,
  executor: job.row.executor,
  memory: encodeMemory(job.memory)
})

/** Written out by hand: every claim has one, and `JSON.stringify` takes four times as long. */
const encodeLive = (run: LiveRun): string =>
  run.args === undefined &&
  run.caller === undefined &&
  run.retryOf === undefined &&
  run.putOffs === undefined &&
  run.putAway === undefined &&
  run.workerDeaths === undefined &&
  run.adoptedBy === undefined &&
  run.saved === undefined &&
  run.requested === undefined &&
  run.ofHigherLimit === undefined
    ? `{"runKey":${run.runKey},"fireAt":${run.fireAt},"attempt":${run.attempt},"retryAt":${run.retryAt}}`
    : JSON.stringify(run)

/** Fields that hold their first value are left out. */
export const encodeMemory = (memory: JobMemory): string => {
  let text = `{"version":${snapshotVersion},"cursor":${memory.cursor},"since":${memory.since}`
  if (memory.nextFireAt !== null) text += `,"nextFireAt":${memory.nextFireAt}`
  if (memory.lastFireAt !== null) text += `,"lastFireAt":${memory.lastFireAt}`
  if (memory.lastOutcome !== null) text += `,"lastOutcome":"${memory.lastOutcome}"`
  const [only] = memory.live
  if (only !== undefined)
    text += `,"live":[${memory.live.length === 1 ? encodeLive(only) : memory.live.map(encodeLive).join()}]`
  if (memory.queue.length > 0) text += `,"queue":${JSON.stringify(memory.queue)}`
  if (memory.catchUpThrough !== null) text += `,"catchUpThrough":${memory.catchUpThrough}`
  if (memory.backlog !== null) text += `,"backlog":${JSON.stringify(memory.backlog)}`
  if (memory.runCount > 0) text += `,"runCount":${memory.runCount}`
  if (memory.crashes > 0) text += `,"crashes":${memory.crashes}`
  if (memory.exhausted) text += `,"exhausted":true`
  if (memory.misfire !== null) text += `,"misfire":"${memory.misfire}"`
  if (memory.pausedAt !== null) text += `,"pausedAt":${memory.pausedAt}`
  if (memory.fault !== null) text += `,"fault":${JSON.stringify(memory.fault)}`
  if (memory.removed) text += `,"removed":true`
  if (memory.countsAfterRun !== null) text += `,"countsAfterRun":${memory.countsAfterRun}`
  if (memory.countsAfterEntry !== memory.countsAfterRun) text += `,"countsAfterEntry":${memory.countsAfterEntry}`
  if (memory.skipped !== null) text += `,"skipped":${JSON.stringify(memory.skipped)}`
  return `${text}}`
}

/** Reads a stored snapshot. Throws `JobUnreadableError` for one that no version of this code can have written. */
export const decodeMemory = (row: Pick<JobRow, "id" | "memory" | "value" | "damage">): JobMemory => {
  const memory = readMemory(row)
  if (jobStates.includes(row.value) && stateOf(memory) === row.value) return memory
  const cause = new Error(`state "${row.value}" contradicts its snapshot`)
  throw new JobUnreadableError({ jobId: row.id, part: "snapshot", cause })
}

/** The same, whatever state the row says. */
export const readMemory = (row: Pick<JobRow, "id" | "memory" | "damage">): JobMemory => {
  refuseDamage(row)
  try {
    const saved = JSON.parse(row.memory) as Partial<JobMemory> & { readonly version?: unknown }
    if (saved.version !== snapshotVersion)
      throw new Error(`snapshot version ${String(saved.version)}, expected ${snapshotVersion}`)
    const memory = restored(saved)
    assertShape(memory)
    return memory
  } catch (cause) {
    throw new JobUnreadableError({ jobId: row.id, part: "snapshot", cause })
  }
}

/** Throws `JobUnreadableError` for a row that the store could not read whole. */
export const refuseDamage = ({ id, damage }: Pick<JobRow, "id" | "damage">): void => {
  if (damage !== undefined) throw new JobUnreadableError({ jobId: id, part: "row", cause: damage })
}

/** Field by field, so that every memory in the process has one shape; a spread of two objects costs three times as much. */
const restored = (saved: Partial<JobMemory>): JobMemory => ({
  cursor: saved.cursor ?? NaN,
  since: saved.since ?? NaN,
  nextFireAt: saved.nextFireAt ?? null,
  lastFireAt: saved.lastFireAt ?? null,
  lastOutcome: saved.lastOutcome ?? null,
  live: saved.live ?? none,
  queue: saved.queue ?? none,
  catchUpThrough: saved.catchUpThrough ?? null,
  backlog: saved.backlog ?? null,
  runCount: saved.runCount ?? 0,
  crashes: saved.crashes ?? 0,
  exhausted: saved.exhausted ?? false,
  misfire: saved.misfire ?? null,
  pausedAt: saved.pausedAt ?? null,
  fault: saved.fault ?? null,
  removed: saved.removed ?? false,
  countsAfterRun: saved.countsAfterRun ?? null,
  countsAfterEntry: saved.countsAfterEntry ?? saved.countsAfterRun ?? null,
  skipped: saved.skipped ?? null
})

const none: ReadonlyArray<never> = []

const instant = (value: unknown): boolean => Number.isSafeInteger(value)
const instantOrNull = (value: unknown): boolean => value === null || instant(value)
const atLeast = (least: number, value: unknown): boolean => typeof value === "number" && value >= least

const assertRules = (rules: JobRules): void => {
  const { misfireGraceMs, coalesce, maxInstances, overlap, retry, timeoutMs, onInterrupted, onAborted, maxRuns } = rules
  const sound =
    (misfireGraceMs === null || atLeast(0, misfireGraceMs)) &&
    ["latest", "earliest", "all"].includes(coalesce) &&
    atLeast(1, maxInstances) &&
    ["skip", "queue-one", "queue-all", "cancel-running"].includes(overlap) &&
    (retry === null || soundRetry(retry)) &&
    (timeoutMs === null || atLeast(1, timeoutMs)) &&
    ["rerun", "skip"].includes(onInterrupted) &&
    ["leave", "await"].includes(onAborted) &&
    (maxRuns === null || atLeast(1, maxRuns))
  if (!sound) throw new Error("a rule is missing or out of its bounds")
}

/** A missing number would make an instant that is none, and such a snapshot cannot be read again. */
const soundRetry = ({ attempts, backoffMs, factor, maxBackoffMs, jitter, when }: RetryRules): boolean =>
  atLeast(1, attempts) &&
  atLeast(0, backoffMs) &&
  atLeast(0, factor) &&
  atLeast(0, maxBackoffMs) &&
  atLeast(0, jitter) &&
  jitter <= 1 &&
  (when === null || isList(when))

const isList = (value: unknown): boolean => Array.isArray(value)

const assertShape = (memory: JobMemory): void => {
  const sound =
    instant(memory.cursor) &&
    instant(memory.since) &&
    instantOrNull(memory.nextFireAt) &&
    instantOrNull(memory.lastFireAt) &&
    instantOrNull(memory.pausedAt) &&
    instantOrNull(memory.catchUpThrough) &&
    instant(memory.runCount) &&
    instant(memory.crashes) &&
    instantOrNull(memory.countsAfterRun) &&
    instantOrNull(memory.countsAfterEntry) &&
    (memory.skipped === null || (instant(memory.skipped.after) && instant(memory.skipped.through))) &&
    isList(memory.live) &&
    memory.live.every(
      (run) =>
        instant(run.runKey) &&
        instant(run.fireAt) &&
        instant(run.attempt) &&
        (run.retryAt === "event" || instantOrNull(run.retryAt))
    ) &&
    isList(memory.queue) &&
    memory.queue.every((fire) => instant(fire.fireAt)) &&
    typeof memory.exhausted === "boolean" &&
    typeof memory.removed === "boolean" &&
    typeof memory.backlog === "object" &&
    (memory.fault === null || typeof memory.fault.message === "string")
  if (!sound) throw new Error("a field is missing or of the wrong type")
}

const remember = <V>(cache: Map<string, V>, text: string, value: V): void => {
  if (cache.size >= maxCached) cache.clear()
  cache.set(text, value)
}
