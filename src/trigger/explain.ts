/** Why an instant is a fire time of a trigger, or is none. */
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import { readInstant } from "../time/instant.ts"
import { machineTimezone } from "../time/machineZone.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import { formatInstant, zoneOf } from "../time/zone.ts"
import { givenOptions, triggerArgument } from "./triggerArguments.ts"
import type { Refusal, Trigger } from "./trigger.ts"

/** Whether an instant is a fire time, and why not. */
export interface FireTimeExplanation {
  /** The instant that was asked about. */
  readonly at: EpochMillis
  /** Whether it is a fire time. */
  readonly fires: boolean
  /** Why it is none; empty when it is one. */
  readonly refusedBy: ReadonlyArray<Refusal>
  /** The fire time before `at`; `undefined`: none, or the trigger does not look back. */
  readonly previous: EpochMillis | undefined
  /** The fire time after `at`; `undefined`: none. */
  readonly next: EpochMillis | undefined
  /** The same for people, a line each; instants in the zone asked for. */
  readonly text: string
}

/**
 * Which fields of `trigger` refuse `instant`. Text without an offset is read in `timezone` (default: the machine's), as the trigger's own zone is not
 * known from outside. Throws `InvalidTriggerError`, `InvalidInstantError`, `UnknownTimezoneError`, and what the trigger throws.
 */
export const explainFireTime = (
  trigger: Trigger,
  instant: InstantInput,
  options: {
    /** Of text without an offset, and of `text`. Default: the machine's. */
    readonly timezone?: TimezoneInput | undefined
  } = {}
): FireTimeExplanation => {
  triggerArgument("explainFireTime", trigger)
  const timezone = givenOptions("explainFireTime", options, ["timezone"]).timezone ?? machineTimezone()
  zoneOf(timezone)
  const at = readInstant(instant, timezone)
  const shown = (fireAt: EpochMillis | undefined) =>
    fireAt === undefined ? "none" : formatInstant(zoneOf(timezone), fireAt)
  const fires = trigger.next(at - 1) === at
  const refusedBy = fires ? [] : explainTrigger(trigger, at)
  const [previous, next] = [trigger.previous?.(at), trigger.next(at)]
  const reasons = refusedBy.map(
    (refusal) => `${refusal.trigger}: ${refusal.field} is ${refusal.found}, expected ${refusal.expected}`
  )
  return {
    at,
    fires,
    refusedBy,
    previous,
    next,
    text: [
      `${shown(at)} is ${fires ? "a" : "no"} fire time`,
      ...reasons,
      `before: ${shown(previous)}, after: ${shown(next)}`
    ].join("\n")
  }
}

/** What a trigger has against `at`; of one that cannot say, only whether it fires. */
export const explainTrigger = (trigger: Trigger, at: EpochMillis): ReadonlyArray<Refusal> => {
  if (trigger.explain !== undefined) return trigger.explain(at)
  if (trigger.next(at - 1) === at) return []
  return [{ trigger: trigger.type, field: "next", found: String(at), expected: "one of its fire times" }]
}
