/** Triggers written by users: a pure function of the last fire time, with JSON state if it needs any. */
import { unquoted } from "../input/inWords.ts"
import type { EpochMillis } from "../time/instant.ts"
import { givenObject } from "./triggerArguments.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { onlyFields } from "./storedForm.ts"
import type { Json, Trigger, TriggerBinding, TriggerCodec } from "./trigger.ts"

/** A rule of your own. Its functions are those of `Trigger`, pure, and are also given the state. */
export interface CustomTrigger<State extends Json> {
  /** What stored jobs find it by: 1 to 100 letters, digits and `. : / - _`, unique in a scheduler. */
  readonly type: string
  /** The first fire time strictly after `after`, or `undefined` when there is none. */
  readonly next: (after: EpochMillis, state: State) => EpochMillis | undefined
  /** The last fire time strictly before `before`, or `undefined`. Without it a catch-up goes step by step. */
  readonly previous?: ((before: EpochMillis, state: State) => EpochMillis | undefined) | undefined
  /** How many fire times lie in (after, through]. Only where that is much cheaper than stepping. */
  readonly count?: ((after: EpochMillis, through: EpochMillis, state: State) => number) | undefined
  /** State with its defaults settled, when the trigger is given to a job. */
  readonly bind?: ((binding: TriggerBinding, state: State) => State) | undefined
  /** Checks state that comes from a store or a caller, and throws what it likes for a wrong one. Default: any JSON is taken. */
  readonly readState?: ((stored: Json) => State) | undefined
}

/** Makes triggers of one type, and reads them back: register it with the scheduler like any codec. */
export type CustomTriggerType<State extends Json> = ((state: State) => Trigger) & TriggerCodec

/**
 * A type of triggers. The result is called with the state to make a trigger (`null` when there is none) and is given to
 * the scheduler, so that stored jobs find it by `type`. Throws `InvalidTriggerError`, also when a state is refused.
 */
export const defineTrigger = <State extends Json = null>(
  definition: CustomTrigger<State>
): CustomTriggerType<State> => {
  const { type, next, previous, count, bind } = givenObject("custom", "definition", definition)
  if (typeof (next as unknown) !== "function") {
    throw new InvalidTriggerError({ trigger: "custom", field: "next", found: unquoted(next), expected: "a function" })
  }
  if (typeof (type as unknown) !== "string" || !/^[\w.:/-]{1,100}$/.test(type)) {
    throw new InvalidTriggerError({
      trigger: "custom",
      field: "type",
      found: unquoted(type),
      expected: "1 to 100 letters, digits and . : / - _"
    })
  }
  const checked = (state: Json): State => {
    if (definition.readState === undefined) return state as State
    try {
      return definition.readState(state)
    } catch (cause) {
      const expected = cause instanceof Error ? cause.message : "a state that readState takes"
      throw new InvalidTriggerError({ trigger: type, field: "state", found: unquoted(state), expected })
    }
  }
  const make = (given: State): Trigger => {
    const state = checked(given)
    return {
      type,
      next: (after) => definition.next(after, state),
      ...(previous && { previous: (before: EpochMillis) => previous(before, state) }),
      ...(count && { count: (after: EpochMillis, through: EpochMillis) => count(after, through, state) }),
      toJSON: () => (state === null ? { type } : { type, state }),
      ...(bind && { bind: (binding: TriggerBinding) => make(bind(binding, state)) })
    }
  }
  const codec: TriggerCodec = {
    type,
    fromJSON: (spec) => {
      onlyFields(spec, ["state"])
      return make(checked(spec["state"] ?? null))
    }
  }
  return Object.assign(make, codec)
}
