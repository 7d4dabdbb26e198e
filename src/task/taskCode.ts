/** A task that is defined apart from its code: what of it is known without the code, and what becomes of its failures. */
import type { Cause } from "effect"
import type { Json } from "../trigger/trigger.ts"

/** What an attempt failed with, and what is kept of it beside its description. */
export interface KeptFailure {
  readonly error: unknown
  readonly cause?: Json
}

/** How a failure of an Effect is kept. Never throws. */
export type KeepFailure = (cause: Cause.Cause<unknown>) => KeptFailure

/** A task, as far as it is of interest here. */
interface Coded {
  readonly handler: object
}

const definitions = new WeakMap<Coded, Coded>()
const keepers = new WeakMap<object, KeepFailure>()

/** Says that `task` is the code of `definition`, and how failures of its handler are kept. Gives the task. */
export const codeOf = <T extends Coded>(definition: Coded, task: T, keep: KeepFailure): T => {
  definitions.set(task, definition)
  keepers.set(task.handler, keep)
  return task
}

/** What a task is the code of; itself where it is defined together with it. */
export const definitionOf = (task: Coded): Coded => definitions.get(task) ?? task

/** How failures of a handler are kept; `undefined`: in words only. */
export const keeperOf = (handler: object): KeepFailure | undefined => keepers.get(handler)
