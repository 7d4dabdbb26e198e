/** A stored trigger whose code was not here when it was read: its type, or a calendar that it names, was not registered. */
import type { EpochMillis } from "../time/instant.ts"
import { UnknownCalendarError } from "./holidayCalendar.ts"
import { UnknownTriggerError } from "./triggerRegistry.ts"
import type { Trigger, TriggerSpec } from "./trigger.ts"

/** What the reader of such a trigger throws. */
export type MissingCode = UnknownCalendarError | UnknownTriggerError

export const isMissingCode = (error: unknown): error is MissingCode =>
  error instanceof UnknownCalendarError || error instanceof UnknownTriggerError

/** Stands for it: keeps its stored form, and throws what is missing when it is asked for a fire time, until it is there. */
export class MissingTrigger implements Trigger {
  readonly type: string
  private readonly spec: TriggerSpec
  private readonly read: (spec: TriggerSpec) => Trigger

  constructor(spec: TriggerSpec, read: (spec: TriggerSpec) => Trigger) {
    this.type = spec.type
    this.spec = spec
    this.read = read
  }

  /** `null`: it is there by now. */
  get missing(): MissingCode | null {
    try {
      this.read(this.spec)
      return null
    } catch (error) {
      if (isMissingCode(error)) return error
      throw error
    }
  }

  next(after: EpochMillis): EpochMillis | undefined {
    return this.read(this.spec).next(after)
  }

  toJSON(): TriggerSpec {
    return this.spec
  }
}

/** What a trigger lacks; `null`: nothing. */
export const missingOf = (trigger: Trigger): MissingCode | null =>
  trigger instanceof MissingTrigger ? trigger.missing : null
