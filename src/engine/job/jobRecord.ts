/** A job as callers see it: definition, state and history in plain data. */
import { awaitsEnd } from "../../job/fixedDelay.ts"
import type { FireRange } from "../../job/fireRange.ts"
import type { MisfireReason } from "../../job/misfire.ts"
import type { LiveRun, Outcome } from "../../job/run.ts"
import type { JobRules } from "../../job/rules.ts"
import { defaultRules } from "../../job/rules.ts"
import type { JobFault, JobMemory, JobState } from "../../job/snapshot.ts"
import { newMemory } from "../../job/snapshot.ts"
import type { JobDefinitionRow, JobRow } from "../../store/jobStore.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Json, TriggerSpec } from "../../trigger/trigger.ts"
import type { Job, JobCodec } from "./jobCodec.ts"
import { decodeMemory, JobUnreadableError, refuseDamage } from "./jobCodec.ts"
import { readNotes } from "./jobNotes.ts"
import type { StreamStatus, StreamsView } from "./streamStatus.ts"

/** A job at one moment. Instants are epoch milliseconds. */
export interface JobRecord {
  /** Unique in the scheduler; kept exactly as it was given. */
  readonly id: string
  /** For people; the id unless given. */
  readonly name: string
  /** The task's name, registered or not. */
  readonly task: string
  /** As they were given: the schema's input. */
  readonly args: Json
  /** Its stored form, with its zone, start and seed settled. */
  readonly trigger: TriggerSpec
  /** Of its runs, each settled. */
  readonly rules: JobRules
  /** The executor's name, registered or not. */
  readonly executor: string
  /** The name of the store that it lives in. */
  readonly store: string
  /** In the order given, each once. */
  readonly tags: ReadonlyArray<string>
  /** Empty unless given. */
  readonly metadata: { readonly [key: string]: Json }
  /** When its id was first added; a replacement keeps it. */
  readonly addedAt: EpochMillis
  /** Of its machine. */
  readonly state: JobState
  /** `null` while none is known: paused, a stream, a fixed delay under way, or exhausted. */
  readonly nextFireAt: EpochMillis | null
  /** The newest fire time that became a run. */
  readonly lastFireAt: EpochMillis | null
  /** Of the run that ended last; `null`: none has. */
  readonly lastOutcome: Outcome | null
  /** Runs claimed for fire times so far. */
  readonly runCount: number
  /** Runs that are executing or wait for their next attempt. */
  readonly live: ReadonlyArray<LiveRun>
  /** Fire times that wait for a free instance. */
  readonly queued: number
  /** Due fire times of a catch-up still under way. */
  readonly backlog: FireRange | null
  /** Why the latest due fire time was not served. */
  readonly misfire: MisfireReason | null
  /** Who paused it. */
  readonly pausedBy: "user" | "fault" | null
  /** When it was paused or parked; `null`: it is not. */
  readonly pausedAt: EpochMillis | null
  /** Why it is parked; `null`: it is not. */
  readonly fault: JobFault | null
  /** How the stream is that drives it; `null`: its trigger is none. */
  readonly stream: StreamStatus | null
}

export const recordOf = (job: Job, store: string, streams: StreamsView): JobRecord =>
  record(job.row, job.rules, job.memory, job.value, store, streams)

/** The record of a stored row; a row that cannot be read gives one that says so. */
export const recordOfRow = (row: JobRow, store: string, codec: JobCodec, streams: StreamsView): JobRecord => {
  try {
    refuseDamage(row)
    return record(row, codec.rulesOf(row), decodeMemory(row), row.value, store, streams)
  } catch (error) {
    if (!(error instanceof JobUnreadableError)) throw error
    const memory = {
      ...newMemory(row.addedAt, null, false),
      pausedAt: row.addedAt,
      fault: { kind: "unreadable", message: error.message } as const
    }
    return record(row, defaultRules, memory, "paused", store, streams)
  }
}

const record = (
  row: JobDefinitionRow,
  rules: JobRules,
  memory: JobMemory,
  state: JobState,
  store: string,
  streams: StreamsView
): JobRecord => {
  const notes = readNotes(row)
  const trigger = parsed<TriggerSpec | null>(row.trigger, null) ?? { type: "unreadable" }
  const isKnown = state !== "paused" && state !== "done" && !(isFixedDelay(trigger) && awaitsEnd(memory))
  return {
    id: row.id,
    name: notes.name ?? row.id,
    task: row.task,
    args: parsed<Json>(row.args, null),
    trigger,
    rules,
    executor: row.executor,
    store,
    tags: notes.tags ?? [],
    metadata: notes.metadata ?? {},
    addedAt: row.addedAt,
    state,
    nextFireAt: isKnown ? memory.nextFireAt : null,
    lastFireAt: memory.lastFireAt,
    lastOutcome: memory.lastOutcome,
    runCount: memory.runCount,
    live: memory.live,
    queued: memory.queue.length,
    backlog: memory.backlog?.due ?? memory.backlog?.late ?? null,
    misfire: memory.misfire,
    pausedBy: memory.pausedAt === null ? null : memory.fault === null ? "user" : "fault",
    pausedAt: memory.pausedAt,
    fault: memory.fault,
    stream: row.stream === null ? null : streams.status(row.stream)
  }
}

/** By its stored form, since the code of a part may be away: a delay after each run, perhaps with a jitter or a window around it. */
const isFixedDelay = (spec: Json): boolean => {
  let part: Json | undefined = spec
  while (typeof part === "object" && part !== null && !Array.isArray(part)) {
    const { type, after, trigger }: { readonly [field: string]: Json } = part as { readonly [field: string]: Json }
    if (type === "interval") return after === "run"
    part = trigger
  }
  return false
}

const parsed = <A>(text: string, otherwise: A): A => {
  try {
    return JSON.parse(text) as A
  } catch {
    return otherwise
  }
}
