/** A trigger's fire times from a start through an end. */
import type { EpochMillis } from "../time/instant.ts"
import { isLuxonInterval } from "../time/luxonValues.ts"
import type { LuxonInterval } from "../time/luxonValues.ts"
import { zoneOf } from "../time/zone.ts"
import { bindTrigger, inherited } from "./bindTrigger.ts"
import type { BoundOptions, Bounds } from "./bounds.ts"
import { boundNames, explainBounds, readBounds } from "./bounds.ts"
import { clipped, placeInDay } from "./dayPattern.ts"
import { explainTrigger } from "./explain.ts"
import { givenOptions, reading, triggerArgument } from "./triggerArguments.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { composed } from "./parts.ts"
import { nestedTrigger, onlyFields, optionalInstant, optionalText } from "./storedForm.ts"
import type { Trigger, TriggerCodec } from "./trigger.ts"

/**
 * The fire times of `trigger` from `start` through `end`, both inclusive and either may be left out; of an `Interval` of luxon from its start to
 * before its end. Throws `InvalidTriggerError`, `UnknownTimezoneError`.
 */
export const window = (trigger: Trigger, options: BoundOptions | LuxonInterval): Trigger =>
  windowOf(triggerArgument("window", trigger), readBounds("window", boundsOf(options)))

/** luxon's intervals end before their end. */
const boundsOf = (given: BoundOptions | LuxonInterval): BoundOptions => {
  const ends = reading("window", "options", () =>
    isLuxonInterval(given) ? [given.start?.toMillis(), given.end?.toMillis()] : undefined
  )
  if (ends === undefined) return givenOptions("window", given as BoundOptions, boundNames)
  const [start, end] = ends
  if (start === undefined || end === undefined)
    throw new InvalidTriggerError({
      trigger: "window",
      field: "options",
      found: "an Interval that is not valid",
      expected: "bounds or a valid Interval"
    })
  return { start, end: end - 1 }
}

/** Reads the stored form: `trigger` and the bounds. */
export const windowCodec: TriggerCodec = {
  type: "window",
  fromJSON: (spec, read) => {
    onlyFields(spec, ["trigger", "timezone", "start", "end"])
    return window(nestedTrigger(spec, "trigger", read), {
      timezone: optionalText(spec, "timezone"),
      start: optionalInstant(spec, "start"),
      end: optionalInstant(spec, "end")
    })
  }
}

const windowOf = (inner: Trigger, bounds: Bounds): Trigger => {
  const { start } = bounds
  const end = Math.min(bounds.end, inner.end ?? Infinity)
  const within = (found: EpochMillis | undefined) =>
    found !== undefined && found >= start && found <= end ? found : undefined
  const { previous, dayPattern } = inner
  return composed([inner], {
    type: "window",
    end,
    ...inherited(inner),
    next: (after) => {
      // With fixed delay there is no run before the first: it comes at the start.
      if (inner.after === "run") {
        const found = inner.next(after)
        return within(found === undefined ? undefined : Math.max(found, start))
      }
      return within(inner.next(Math.max(after, start - 1)))
    },
    ...(previous && { previous: (before: EpochMillis) => within(previous.call(inner, Math.min(before, end + 1))) }),
    ...(dayPattern && {
      dayPattern: (day: EpochMillis) =>
        `${placeInDay(start, day)}:${placeInDay(end, day)}:${dayPattern.call(inner, day)}`
    }),
    ...clipped(inner, () => [start, end]),
    explain: (at) => {
      const outside = explainBounds("window", bounds, zoneOf(bounds.timezone), at)
      return outside.length > 0 ? outside : explainTrigger(inner, at)
    },
    toJSON: () => ({ type: "window", trigger: inner.toJSON(), ...bounds.stored }),
    bind: (binding) => {
      const { stored } = bounds
      const waits = typeof stored.start === "string" || typeof stored.end === "string"
      const settled =
        waits && stored.timezone === undefined
          ? readBounds("window", { ...stored, timezone: binding.timezone })
          : bounds
      return windowOf(bindTrigger(inner, binding), settled)
    }
  })
}
