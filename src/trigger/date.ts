/** One fire time. */
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import { formatInstant, zoneOf } from "../time/zone.ts"
import { readBounds } from "./bounds.ts"
import type { Bounds } from "./bounds.ts"
import { placeInDay } from "./dayPattern.ts"
import { givenOptions } from "./triggerArguments.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { onlyFields, optionalInstant, optionalText, requiredField } from "./storedForm.ts"
import type { Refusal, Trigger, TriggerBinding, TriggerCodec, TriggerSpec } from "./trigger.ts"

/**
 * Fires once, at `instant`. Text without an offset is read in `timezone`. Throws `InvalidTriggerError`, `UnknownTimezoneError`.
 */
export const date = (
  instant: InstantInput,
  options: {
    /** Reads text without an offset. Default: the scheduler's, else the machine's. */
    readonly timezone?: TimezoneInput | undefined
  } = {}
): Trigger => {
  const { timezone } = givenOptions("date", options, ["timezone"])
  if (timezone !== undefined) zoneOf(timezone)
  const given: unknown = instant
  if (given === undefined)
    throw new InvalidTriggerError({ trigger: "date", field: "at", found: "undefined", expected: "an instant" })
  try {
    return new DateTrigger(readBounds("date", { timezone, start: instant }))
  } catch (cause) {
    if (!(cause instanceof InvalidTriggerError) || cause.field !== "start") throw cause
    throw new InvalidTriggerError({ trigger: "date", field: "at", found: cause.found, expected: cause.expected })
  }
}

/** Reads the stored form: `at` and `timezone`. */
export const dateCodec: TriggerCodec = {
  type: "date",
  fromJSON: (spec) => {
    onlyFields(spec, ["at", "timezone"])
    requiredField(spec, "at")
    return date(optionalInstant(spec, "at") ?? "", { timezone: optionalText(spec, "timezone") })
  }
}

class DateTrigger implements Trigger {
  readonly type = "date"
  private readonly bounds: Bounds

  constructor(bounds: Bounds) {
    this.bounds = bounds
  }

  next(after: EpochMillis): EpochMillis | undefined {
    return after < this.bounds.start ? this.bounds.start : undefined
  }

  previous(before: EpochMillis): EpochMillis | undefined {
    return before > this.bounds.start ? this.bounds.start : undefined
  }

  count(after: EpochMillis, through: EpochMillis): number {
    return after < this.bounds.start && this.bounds.start <= through ? 1 : 0
  }

  dayPattern(day: EpochMillis): string {
    return placeInDay(this.bounds.start, day)
  }

  explain(at: EpochMillis): ReadonlyArray<Refusal> {
    if (at === this.bounds.start) return []
    const shown = (instant: EpochMillis) => formatInstant(zoneOf(this.bounds.timezone), instant)
    return [{ trigger: this.type, field: "at", found: shown(at), expected: shown(this.bounds.start) }]
  }

  toJSON(): TriggerSpec {
    const { start, timezone } = this.bounds.stored
    return { type: this.type, at: start ?? this.bounds.start, ...(timezone === undefined ? {} : { timezone }) }
  }

  bind(binding: TriggerBinding): Trigger {
    const { start, timezone } = this.bounds.stored
    return typeof start === "string" && timezone === undefined ? date(start, { timezone: binding.timezone }) : this
  }
}
