/** The time zone, start and end that most triggers take, and how they wait for a zone until the trigger is given to a job. */
import { unquoted } from "../input/inWords.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import { isZoneFree, readInstant } from "../time/instant.ts"
import type { Zone } from "../time/zone.ts"
import { timezoneName } from "../time/timezoneInput.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import { machineTimezone } from "../time/machineZone.ts"
import { formatInstant } from "../time/zone.ts"
import { InvalidTriggerError, namingInstant } from "./invalidTrigger.ts"
import type { Refusal } from "./trigger.ts"

/** Where a trigger's fire times begin and end. Text without an offset is read in `timezone`. */
export interface BoundOptions {
  /** IANA name, `UTC`, an offset or a `Zone` of luxon. Default: the scheduler's, else the machine's. */
  readonly timezone?: TimezoneInput | undefined
  /** No fire time before it; inclusive. Default: none, or what the trigger says. */
  readonly start?: InstantInput | undefined
  /** No fire time after it; inclusive. Default: none. */
  readonly end?: InstantInput | undefined
}

export const boundNames = ["timezone", "start", "end"] as const

/** Bounds as they are stored: text without an offset stays text, read in the zone. */
export interface StoredBounds {
  readonly timezone?: string
  readonly start?: EpochMillis | string
  readonly end?: EpochMillis | string
}

/** Bounds ready for use. `start` is `-Infinity` and `end` `Infinity` when they are not given. */
export interface Bounds {
  readonly timezone: string
  readonly start: EpochMillis
  readonly end: EpochMillis
  readonly stored: StoredBounds
}

/** Reads bounds for a trigger of type `trigger`. Throws `InvalidTriggerError`, `UnknownTimezoneError`. */
export const readBounds = (trigger: string, options: BoundOptions): Bounds => {
  const { start, end } = options
  const given: unknown = timezoneName(options.timezone)
  if (given !== undefined && typeof given !== "string") {
    throw new InvalidTriggerError({ trigger, field: "timezone", found: unquoted(given), expected: "a zone's name" })
  }
  const timezone = given ?? machineTimezone()
  const settled = { trigger, timezone, given }
  return {
    timezone,
    start: start === undefined ? -Infinity : readBound(settled, "start", start),
    end: end === undefined ? Infinity : readBound(settled, "end", end),
    stored: {
      ...(given === undefined ? {} : { timezone: given }),
      ...(start === undefined ? {} : { start: storedInstant(settled, "start", start) }),
      ...(end === undefined ? {} : { end: storedInstant(settled, "end", end) })
    }
  }
}

/** What a trigger's bounds have against `at`. */
export const explainBounds = (
  trigger: string,
  bounds: Pick<Bounds, "start" | "end">,
  zone: Zone,
  at: EpochMillis
): ReadonlyArray<Refusal> => {
  const shown = (instant: EpochMillis) => formatInstant(zone, instant)
  if (at < bounds.start)
    return [{ trigger, field: "start", found: shown(at), expected: `${shown(bounds.start)} or later` }]
  if (at > bounds.end) return [{ trigger, field: "end", found: shown(at), expected: `${shown(bounds.end)} or earlier` }]
  return []
}

interface Settled {
  readonly trigger: string
  readonly timezone: string
  readonly given: string | undefined
}

const readBound = (settled: Settled, field: string, input: InstantInput): EpochMillis =>
  namingInstant(settled.trigger, field, () => readInstant(checked(settled.trigger, field, input), settled.timezone))

/** Wall time stays wall time: its instant is another one when the zone's rules change. */
const storedInstant = (settled: Settled, field: string, input: InstantInput): EpochMillis | string =>
  typeof input === "string" && !isZoneFree(input) ? input : readBound(settled, field, input)

const checked = (trigger: string, field: string, input: InstantInput): InstantInput => {
  const given: unknown = input
  if (typeof given === "number" || typeof given === "string" || (typeof given === "object" && given !== null))
    return input
  throw new InvalidTriggerError({
    trigger,
    field,
    found: unquoted(given),
    expected: "a Date, epoch milliseconds, ISO 8601 text or a DateTime"
  })
}
