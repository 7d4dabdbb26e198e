/**
 * Intervals of elapsed time: a day is 24 hours, whatever the clocks do. Wall time is `calendarInterval`'s.
 * A few lines long of 300: both rates, and how they are stored.
 */
import { unquoted } from "../input/inWords.ts"
import { dayMs } from "../time/civil.ts"
import type { DurationLike } from "../time/duration.ts"
import type { EpochMillis } from "../time/instant.ts"
import { latestInstant } from "../time/instant.ts"
import { isDurationValue } from "../time/duration.ts"
import { formatInstant, zoneOf } from "../time/zone.ts"
import type { BoundOptions, Bounds } from "./bounds.ts"
import { explainBounds, readBounds } from "./bounds.ts"
import { placeInDay } from "./dayPattern.ts"
import { mostDayTimes } from "./dayTimes.ts"
import { givenOptions, givenProperties, reading } from "./triggerArguments.ts"
import { InvalidTriggerError, readTriggerDuration } from "./invalidTrigger.ts"
import {
  onlyFields,
  optionalChoice,
  optionalInstant,
  optionalNumber,
  optionalText,
  requiredField
} from "./storedForm.ts"
import type { DayTimes, Refusal, Trigger, TriggerBinding, TriggerCodec, TriggerSpec, Work } from "./trigger.ts"

/** Lengths that are summed; fractions are allowed. */
export interface IntervalLength {
  /** Of 7 days. */
  readonly weeks?: number
  /** Of 24 hours, whatever the clocks do. */
  readonly days?: number
  /** Of 3,600 seconds. */
  readonly hours?: number
  /** Of 60 seconds. */
  readonly minutes?: number
  /** Of 1,000 milliseconds. */
  readonly seconds?: number
  /** The whole is rounded to these. */
  readonly milliseconds?: number
}

/** Where an interval begins, and what it counts from. `start` is the first fire time. */
export interface IntervalOptions extends BoundOptions {
  /** True: the first fire time is at once, when the job is added, where `start` does not say it. Default false: one interval later. */
  readonly immediately?: boolean | undefined
  /** `"run"`: fixed delay, each fire time one interval after the last run ended. Default: fixed rate. */
  readonly after?: "run" | undefined
}

/**
 * Fires every `length`, at least one millisecond, at a fixed rate from `start`: no drift. Before it is given to a job and without
 * `start`, `next(after)` is `after` plus the interval. Throws `InvalidTriggerError`, `UnknownTimezoneError`.
 */
export const interval = (length: IntervalLength | DurationLike, given: IntervalOptions = {}): Trigger =>
  made(length, given, true)

/** `stated`: by a user, whose end before the start is a mistake. A start that was settled as the job was added may lie after the end. */
const made = (length: IntervalLength | DurationLike, given: IntervalOptions, stated: boolean): Trigger => {
  const options = givenOptions("interval", given, ["timezone", "start", "end", "immediately", "after"])
  if (options.timezone !== undefined) zoneOf(options.timezone)
  const everyMs = readLength(length)
  const bounds = readBounds("interval", options)
  if (stated && bounds.end < bounds.start) {
    throw new InvalidTriggerError({
      trigger: "interval",
      field: "end",
      found: unquoted(bounds.end),
      expected: `start (${bounds.start}) or later`
    })
  }
  const after: unknown = options.after
  if (after !== undefined && after !== "run") {
    throw new InvalidTriggerError({ trigger: "interval", field: "after", found: unquoted(after), expected: '"run"' })
  }
  const immediately: unknown = options.immediately ?? false
  if (typeof immediately !== "boolean") {
    const found = unquoted(immediately)
    throw new InvalidTriggerError({ trigger: "interval", field: "immediately", found, expected: "true or false" })
  }
  const rest = { bounds, immediately }
  return after === "run" ? new DelayTrigger(everyMs, rest) : new IntervalTrigger(everyMs, rest)
}

const codecOf = (stated: boolean): TriggerCodec => ({
  type: "interval",
  fromJSON: (spec) => {
    onlyFields(spec, ["every", "timezone", "start", "end", "immediately", "after"])
    requiredField(spec, "every")
    const options = {
      timezone: optionalText(spec, "timezone"),
      start: optionalInstant(spec, "start"),
      end: optionalInstant(spec, "end"),
      immediately: optionalChoice(spec, "immediately", [true] as const),
      after: optionalChoice(spec, "after", ["run"] as const)
    }
    return made(optionalNumber(spec, "every") ?? 0, options, stated)
  }
})

/** Reads the stored form: `every` in milliseconds, and the options. */
export const intervalCodec = codecOf(false)
/** Reads one that a user wrote. */
export const statedIntervalCodec = codecOf(true)

const unitsMs = {
  weeks: 604_800_000,
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1000,
  milliseconds: 1
}

const isUnit = (name: string): name is keyof typeof unitsMs => Object.hasOwn(unitsMs, name)

const readLength = (length: IntervalLength | DurationLike): number => {
  const given: unknown = length
  const named = reading(
    "interval",
    "length",
    () => typeof given === "object" && given !== null && !isDurationValue(given) && !Array.isArray(given)
  )
  const everyMs = named
    ? sumOf(givenProperties("interval", "length", length as IntervalLength))
    : readTriggerDuration("interval", "length", length as DurationLike)
  if (everyMs < 1)
    throw new InvalidTriggerError({
      trigger: "interval",
      field: "length",
      found: unquoted(length),
      expected: "at least 1 millisecond"
    })
  return everyMs
}

const sumOf = (length: IntervalLength): number => {
  let [sum, units] = [0, 0]
  for (const [name, value] of Object.entries(length as Readonly<Record<string, unknown>>)) {
    if (value === undefined) continue
    if (!isUnit(name)) {
      throw new InvalidTriggerError({
        trigger: "interval",
        field: "length",
        found: name,
        expected: `only ${Object.keys(unitsMs).join(", ")}`
      })
    }
    if (typeof value !== "number" || !(value >= 0) || !Number.isFinite(value)) {
      throw new InvalidTriggerError({
        trigger: "interval",
        field: name,
        found: unquoted(value),
        expected: "a number that is not negative"
      })
    }
    sum += value * unitsMs[name]
    units += 1
  }
  if (units === 0) {
    const expected = 'a length such as { hours: 1 } or "1 hour"'
    throw new InvalidTriggerError({ trigger: "interval", field: "length", found: "an object without a unit", expected })
  }
  return readTriggerDuration("interval", "length", Math.round(sum))
}

interface Rest {
  readonly bounds: Bounds
  readonly immediately: boolean
}

const storedInterval = (everyMs: number, { bounds, immediately }: Rest): TriggerSpec => ({
  type: "interval",
  every: everyMs,
  ...bounds.stored,
  ...(immediately ? { immediately: true } : {})
})

/** Settles the start, and reads waiting text in the scheduler's zone. */
const settle = (
  everyMs: number,
  { bounds, immediately }: Rest,
  binding: TriggerBinding,
  after: "run" | undefined
): Trigger => {
  const { stored } = bounds
  const start = stored.start ?? (immediately ? binding.now : binding.now + everyMs)
  const waits = typeof stored.start === "string" || typeof stored.end === "string"
  const timezone = stored.timezone ?? (waits ? binding.timezone : undefined)
  // An end before the first fire time is no mistake of the user's here: there is just no fire time.
  const end =
    stored.end === undefined
      ? undefined
      : waits
        ? readBounds("interval", { timezone, end: stored.end }).end
        : stored.end
  return new (after === "run" ? DelayTrigger : IntervalTrigger)(everyMs, {
    bounds: readBounds("interval", { timezone, start, end }),
    immediately: false
  })
}

class IntervalTrigger implements Trigger {
  readonly type = "interval"
  readonly end: EpochMillis
  private readonly everyMs: number
  private readonly rest: Rest

  constructor(everyMs: number, rest: Rest) {
    this.everyMs = everyMs
    this.rest = rest
    this.end = rest.bounds.end
  }

  next(after: EpochMillis): EpochMillis | undefined {
    const { start } = this.rest.bounds
    const found =
      start === -Infinity
        ? after + this.everyMs
        : after < start
          ? start
          : start + (Math.floor((after - start) / this.everyMs) + 1) * this.everyMs
    return found <= Math.min(this.end, latestInstant) ? found : undefined
  }

  previous(before: EpochMillis): EpochMillis | undefined {
    const { start } = this.rest.bounds
    if (start === -Infinity) return undefined
    const last = Math.min(before - 1, this.end)
    return last < start ? undefined : start + Math.floor((last - start) / this.everyMs) * this.everyMs
  }

  count(after: EpochMillis, through: EpochMillis): number {
    const { start } = this.rest.bounds
    if (start === -Infinity) return after + this.everyMs <= through ? Math.floor((through - after) / this.everyMs) : 0
    const upTo = (at: EpochMillis) => (at < start ? 0 : Math.floor((at - start) / this.everyMs) + 1)
    return Math.max(0, upTo(Math.min(through, this.end)) - upTo(after))
  }

  dayPattern(day: EpochMillis): string {
    const { start } = this.rest.bounds
    // Without a start it counts from where it is asked, which no other trigger can be set against.
    const phase = start === -Infinity ? day : (((day - start) % this.everyMs) + this.everyMs) % this.everyMs
    return `${phase}:${placeInDay(start, day)}:${placeInDay(this.end, day)}`
  }

  dayTimes(day: EpochMillis, work: Work): DayTimes | undefined {
    const length = this.count(day - 1, day + dayMs - 1)
    if (length > mostDayTimes) return undefined
    const times = new Int32Array(length)
    const first = (this.next(day - 1) ?? day) - day
    for (let place = 0; place < length; place++) times[place] = first + place * this.everyMs
    work.steps += length >> 2
    return times
  }

  explain(at: EpochMillis): ReadonlyArray<Refusal> {
    const { start, timezone } = this.rest.bounds
    if (start === -Infinity || this.next(at - 1) === at) return []
    const outside = explainBounds(this.type, this.rest.bounds, zoneOf(timezone), at)
    if (outside.length > 0) return outside
    const found = `${(at - start) % this.everyMs} ms past one`
    const expected = `a whole number of ${this.everyMs} ms from ${formatInstant(zoneOf(timezone), start)}`
    return [{ trigger: this.type, field: "every", found, expected }]
  }

  toJSON(): TriggerSpec {
    return storedInterval(this.everyMs, this.rest)
  }

  bind(binding: TriggerBinding): Trigger {
    return typeof this.rest.bounds.stored.start === "number" && typeof this.rest.bounds.stored.end !== "string"
      ? this
      : settle(this.everyMs, this.rest, binding, undefined)
  }
}

/** Fixed delay: asked with the end of the last run. */
class DelayTrigger implements Trigger {
  readonly type = "interval"
  readonly after = "run"
  readonly end: EpochMillis
  private readonly everyMs: number
  private readonly rest: Rest

  constructor(everyMs: number, rest: Rest) {
    this.everyMs = everyMs
    this.rest = rest
    this.end = rest.bounds.end
  }

  next(after: EpochMillis): EpochMillis | undefined {
    const { start } = this.rest.bounds
    const found = after < start ? start : after + this.everyMs
    return found <= Math.min(this.end, latestInstant) ? found : undefined
  }

  toJSON(): TriggerSpec {
    return { ...storedInterval(this.everyMs, this.rest), after: this.after }
  }

  bind(binding: TriggerBinding): Trigger {
    return typeof this.rest.bounds.stored.start === "number" && typeof this.rest.bounds.stored.end !== "string"
      ? this
      : settle(this.everyMs, this.rest, binding, this.after)
  }
}
