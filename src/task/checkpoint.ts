/**
 * What is kept of a machine that is a task, between its attempts: its persisted snapshot and the delays that it waits for. Data and errors;
 * who takes and restores it is in `machineSteps.ts`.
 */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import type { AttemptDue } from "../job/run.ts"
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import { pathText } from "./pathText.ts"
import type { RunMessage } from "./runMessage.ts"

/**
 * When a task that is a machine is saved: after every step, or only after entering a state with the tag `checkpoint`, or never. What is saved
 * is where its next attempt goes on.
 */
export type Checkpointing = "every-step" | "tagged" | "never"

/** An event that an actor of the machine has scheduled. */
export interface SavedDelay {
  /** The actor that waits, and the one that hears of it: ids of children from the root down; empty: the root. */
  readonly source: ReadonlyArray<string>
  readonly target: ReadonlyArray<string>
  /** What it is cancelled by. */
  readonly id: string
  readonly event: Json
  /** By the wall clock. */
  readonly dueAt: EpochMillis
}

/** As it is stored. */
export interface Checkpoint {
  /** Of this envelope. */
  readonly format: 1
  /** Of the machine: the task's `version` when it was saved. */
  readonly version: number
  readonly snapshot: Json
  readonly delays: ReadonlyArray<SavedDelay>
}

/** How a task's machine is saved, of which attempt, and what it goes on from. */
export interface Durability {
  readonly mode: Exclude<Checkpointing, "never">
  readonly version: number
  readonly migrate: ((snapshot: Json, fromVersion: number) => unknown) | undefined
  readonly jobId: string
  readonly task: string
  /** The newest checkpoint; `undefined`: there is none, it starts at its beginning; `null`: it is lost. */
  readonly saved: Json | undefined
  /** Takes a newer one, as text; `received`: the number of the newest message that is part of it, 0 for none. */
  save(text: string, received: number): void
  /** Has the messages that have come by now delivered, in their order, and each that comes later. */
  listen(deliver: (message: RunMessage) => void): void
  /** What was saved last only waits, until then or for an event: the machine has been stopped, and the run needs no slot. */
  wait(until: AttemptDue): void
}

/** A step of a machine that cannot be saved: its snapshot holds something that is not JSON. The attempt has failed, and no other is made. */
export class StepNotSavedError extends Data.TaggedError("StepNotSavedError")<{
  /** The job of the run. */
  readonly job: string
  /** The name of the task. */
  readonly task: string
  /** The state that it was in. */
  readonly state: string
  /** Keys and indexes from the snapshot's root, such as `["context", "due"]`. */
  readonly path: ReadonlyArray<string | number>
  /** What is there. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    const { job, task, state, path, found, expected } = this
    return `job ${inWords(job)}: task ${inWords(task)} in state ${state} cannot be saved: ${pathText(path)} of its snapshot is ${found}, expected ${expected}; keep JSON in its context, or give the task \`checkpoint: "never"\``
  }
}

/** What a machine was saved as does not fit the machine that its task is now. The job is parked, and the run keeps what was saved. */
export class CheckpointMisfitError extends Data.TaggedError("CheckpointMisfitError")<{
  /** The job of the run. */
  readonly job: string
  /** The name of the task. */
  readonly task: string
  /** The state that it was saved in. */
  readonly state: string
  /** The task's `version` when it was saved; `null`: unknown. */
  readonly savedVersion: number | null
  /** The task's `version` now. */
  readonly version: number
  /** Why it does not fit. */
  readonly reason: string
}> {
  override get message(): string {
    const { job, task, state, savedVersion, version, reason } = this
    const saved = savedVersion === null ? "" : ` by version ${savedVersion}`
    return `job ${inWords(job)}: a run of task ${inWords(task)} was saved in state ${state}${saved}, which does not fit version ${version} of its machine: ${reason}; raise the task's \`version\` and give it a \`migrate\`, then resume the job`
  }
}

/** What a run had saved is not in its store any more: the row was deleted, or lost with damage. The job is parked, and nothing begins anew. */
export class CheckpointLostError extends Data.TaggedError("CheckpointLostError")<{
  /** The job of the run. */
  readonly job: string
  /** The name of the task. */
  readonly task: string
}> {
  override get message(): string {
    const { job, task } = this
    return `job ${inWords(job)}: steps of a run of task ${inWords(task)} were saved, and are not there any more; put them back from a backup, or cancelRun the run, then resume the job`
  }
}

/** The checkpoint that `saved` is; `null`: it is none. */
export const checkpointOf = (saved: Json): Checkpoint | null => {
  if (!isRecord(saved)) return null
  const { format, version, snapshot, delays } = saved
  if (format !== 1 || typeof version !== "number" || !isRecord(snapshot) || !Array.isArray(delays)) return null
  return delays.every(isDelay) ? { format, version, snapshot, delays: delays as unknown as Checkpoint["delays"] } : null
}

const isDelay = (given: Json): boolean =>
  isRecord(given) &&
  [given.source, given.target].every((path) => Array.isArray(path) && path.every((id) => typeof id === "string")) &&
  typeof given.id === "string" &&
  typeof given.dueAt === "number" &&
  isRecord(given.event)

/** What may be anything, field by field. */
type Unread = { readonly [field in keyof (Checkpoint & SavedDelay)]?: Json }

const isRecord = (value: Json | undefined): value is Unread & { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A state's value in words: its name, or the names of those inside one another. */
export const stateText = (value: unknown): string =>
  value === undefined ? "(unknown)" : typeof value === "string" ? inWords(value) : JSON.stringify(value)
