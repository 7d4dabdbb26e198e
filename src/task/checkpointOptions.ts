/** How a task's options say that its machine is saved. What cannot be is refused when the task is made. */
import type { Json } from "../trigger/trigger.ts"
import type { Checkpointing } from "./checkpoint.ts"

/** What a task that is a machine may be told. */
export interface CheckpointOptions {
  /**
   * When the machine is saved with its run, so that the next attempt goes on from there, after a crash and a restart too. Default `every-step`
   * for a machine that is the task itself, and `never` for everything else, a function that gives a machine included.
   */
  readonly checkpoint?: Checkpointing
  /** Of the machine: raise it when what was saved of an earlier one does not fit any more. A whole number from 1, the default. */
  readonly version?: number
  /** Makes what `fromVersion` of the machine was saved as into what this version would have been saved as. A throw parks the job. */
  readonly migrate?: (snapshot: Json, fromVersion: number) => Json
}

/** Throws with the field, what was found there and what would do. */
type Refuse = (field: string, found: unknown, expected: string) => Error

/** The options as they are kept; none for a task that is not saved. */
export const readCheckpointOptions = (
  handler: object,
  { checkpoint, version, migrate }: { readonly [option in keyof CheckpointOptions]: unknown },
  refusal: Refuse
): CheckpointOptions => {
  const isKnown = checkpoint === undefined || isCheckpointing(checkpoint)
  if (!isKnown) throw refusal("checkpoint", checkpoint, "every-step, tagged or never")
  const mayGiveOne = typeof handler === "function"
  const mode = checkpoint ?? (hasSteps(handler) ? "every-step" : "never")
  if (mode !== "never" && !mayGiveOne && !hasSteps(handler))
    throw refusal("checkpoint", mode, "never, or a task that is a machine")
  if (mode === "tagged" && !mayGiveOne && !isMachine(handler))
    throw refusal("checkpoint", mode, "every-step or never: only the states of a machine have tags")
  if (version !== undefined && !isVersion(version)) throw refusal("version", version, "a whole number from 1")
  if (migrate !== undefined && typeof migrate !== "function") throw refusal("migrate", migrate, "a function")
  if (mode === "never") {
    if (version !== undefined) throw refusal("version", version, "none where nothing is saved")
    if (migrate !== undefined) throw refusal("migrate", migrate, "none where nothing is saved")
    return {}
  }
  return {
    checkpoint: mode,
    ...(version === undefined ? {} : { version }),
    ...(migrate === undefined ? {} : { migrate: migrate as (snapshot: Json, fromVersion: number) => Json })
  }
}

const isCheckpointing = (value: unknown): value is Checkpointing =>
  value === "every-step" || value === "tagged" || value === "never"

const isVersion = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1

/** A machine, or logic that is nothing but transitions. Promises, callbacks and Observables start work and have no steps. */
export const hasSteps = (handler: object): boolean => {
  const { transition, getInitialSnapshot, start } = handler as { readonly [part: string]: unknown }
  const isLogic = typeof transition === "function" && typeof getInitialSnapshot === "function"
  return isLogic && (isMachine(handler) || typeof start !== "function")
}

const isMachine = (handler: object): boolean =>
  typeof (handler as { readonly getStateNodeById?: unknown }).getStateNodeById === "function"
