/** Calendar intervals: every so many years, months, weeks, days at one wall time. */
import { unknownField } from "../input/fields.ts"
import { unquoted } from "../input/inWords.ts"
import { isUnreadable } from "../input/readable.ts"
import type { CivilDate } from "../time/civil.ts"
import { civilDate, dayMs, dayNumber, formatDate, formatLocal, readDate } from "../time/civil.ts"
import type { IsoDurationText } from "../time/duration.ts"
import { durationLengths } from "../time/durationLengths.ts"
import type { EpochMillis, InstantInput } from "../time/instant.ts"
import type { LuxonDuration } from "../time/luxonValues.ts"
import { toInstant, toLocal, zoneOf } from "../time/zone.ts"
import type { Zone } from "../time/zone.ts"
import type { BoundOptions, Bounds } from "./bounds.ts"
import { boundNames, explainBounds, readBounds } from "./bounds.ts"
import type { DateSteps } from "./dateSteps.ts"
import { dateSteps } from "./dateSteps.ts"
import { fireTimesPattern } from "./dayPattern.ts"
import { givenOptions, givenProperties } from "./triggerArguments.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { onlyFields, optionalInstant, optionalNumber, optionalText } from "./storedForm.ts"
import type { Refusal, Trigger, TriggerBinding, TriggerCodec, TriggerSpec } from "./trigger.ts"

/** How far apart the dates are, at least one of the four lengths, and the wall time on them. */
export interface CalendarStep {
  /** Whole, 0 to 8,000. Default 0. They keep the month and the day. */
  readonly years?: number | undefined
  /** Whole, 0 to 96,000. Default 0. They keep the day of the month. */
  readonly months?: number | undefined
  /** Whole, 0 to 420,000. Default 0. */
  readonly weeks?: number | undefined
  /** Whole, 0 to 3,000,000. Default 0. */
  readonly days?: number | undefined
  /** Of the wall time, 0 to 23. Default 0. */
  readonly hour?: number | undefined
  /** Of the wall time, 0 to 59. Default 0. */
  readonly minute?: number | undefined
  /** Of the wall time, 0 to 59. Default 0. */
  readonly second?: number | undefined
}

/**
 * Fires at the wall time on the dates `start`, `start` plus one step, and so on; `start` defaults to the day the job is added. Years and months
 * keep the day of the month, and months that lack it are passed over; then weeks and days are added. A wall time in a gap
 * moves forward by the gap, one in a fold is its first pass. luxon's `Duration` and ISO 8601 text (`P1M`) stand for midnight. `start` and `end` are dates, both inclusive; given with a time, that instant
 * bounds too. Throws `InvalidTriggerError`, `UnknownTimezoneError`.
 */
export const calendarInterval = (
  step: CalendarStep | LuxonDuration | IsoDurationText,
  given: BoundOptions = {}
): Trigger => made(calendarStep(step), given, true)

/** A duration's lengths; those of a time of day, which a calendar interval has not, are told by their names as they are read. */
const calendarStep = (given: CalendarStep | LuxonDuration | IsoDurationText): CalendarStep => {
  const lengths = isUnreadable(given, 1) ? undefined : durationLengths(given)
  if (lengths === undefined) return given as CalendarStep
  const { quarters, months, ...rest } = lengths
  const all = { ...rest, months: months + quarters * 3 }
  return Object.fromEntries(Object.entries(all).filter(([, length]) => length !== 0))
}

/** `stated`: by a user, whose end before the start is a mistake. A start that was settled as the job was added may lie after the end. */
const made = (step: CalendarStep, given: BoundOptions, stated: boolean): Trigger => {
  const settled = readStep(givenProperties("calendarInterval", "step", step))
  const options = givenOptions("calendarInterval", given, boundNames)
  const bounds = readBounds("calendarInterval", options)
  const zone = zoneOf(bounds.timezone)
  const startDay = options.start === undefined ? undefined : dayOf(options.start, bounds.start, zone)
  const lastDay = options.end === undefined ? undefined : dayOf(options.end, bounds.end, zone)
  if (stated && startDay !== undefined && lastDay !== undefined && lastDay < startDay)
    throw invalid("end", options.end, "start or a later date")
  return new CalendarIntervalTrigger({
    step: settled,
    zone,
    bounds,
    options,
    startDay,
    from: isDate(options.start) ? -Infinity : bounds.start,
    through: isDate(options.end) && lastDay !== undefined ? toInstant(zone, (lastDay + 1) * dayMs) - 1 : bounds.end
  })
}

const codecOf = (stated: boolean): TriggerCodec => ({
  type: "calendarInterval",
  fromJSON: (spec) => {
    onlyFields(spec, [...stepFields, "timezone", "start", "end"])
    const step = Object.fromEntries(stepFields.map((field) => [field, optionalNumber(spec, field)]))
    const options = {
      timezone: optionalText(spec, "timezone"),
      start: optionalInstant(spec, "start"),
      end: optionalInstant(spec, "end")
    }
    return made(step, options, stated)
  }
})

/** Reads the stored form: the step's fields and the options. */
export const calendarIntervalCodec = codecOf(false)
/** Reads one that a user wrote. */
export const statedCalendarIntervalCodec = codecOf(true)

const stepFields = ["years", "months", "weeks", "days", "hour", "minute", "second"] as const
const largest = { years: 8000, months: 96_000, weeks: 420_000, days: 3_000_000, hour: 23, minute: 59, second: 59 }

const invalid = (field: string, found: unknown, expected: string): InvalidTriggerError =>
  new InvalidTriggerError({ trigger: "calendarInterval", field, found: unquoted(found), expected })

const readStep = (step: CalendarStep): Required<CalendarStep> & Record<(typeof stepFields)[number], number> => {
  const surplus = unknownField(step, stepFields)
  if (surplus !== undefined) throw invalid("step", surplus, `only ${stepFields.join(", ")}`)
  const read = (field: (typeof stepFields)[number]): number => {
    const value: unknown = step[field] ?? 0
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > largest[field]) {
      throw invalid(field, value, `a whole number from 0 to ${largest[field]}`)
    }
    return value
  }
  const settled = {
    years: read("years"),
    months: read("months"),
    weeks: read("weeks"),
    days: read("days"),
    hour: read("hour"),
    minute: read("minute"),
    second: read("second")
  }
  if (settled.years + settled.months + settled.weeks + settled.days === 0) {
    throw invalid("step", step, "years, months, weeks or days above 0")
  }
  return settled
}

/** A date without a time of day: it means the date in whatever zone. */
const isDate = (input: InstantInput | undefined): input is string =>
  typeof input === "string" && readDate(input.trim()) !== undefined

const dayOf = (input: InstantInput, at: EpochMillis, zone: Zone): number => {
  const date = typeof input === "string" ? readDate(input.trim()) : undefined
  return date === undefined ? Math.floor(toLocal(zone, at) / dayMs) : numberOf(date)
}

const numberOf = ({ year, month, day }: CivilDate): number => dayNumber(year, month, day)

interface Settled {
  readonly step: ReturnType<typeof readStep>
  readonly zone: Zone
  readonly bounds: Bounds
  readonly options: BoundOptions
  readonly startDay: number | undefined
  readonly from: EpochMillis
  readonly through: EpochMillis
}

class CalendarIntervalTrigger implements Trigger {
  readonly type = "calendarInterval"
  readonly end: EpochMillis
  private readonly settled: Settled
  private readonly timeMs: number
  private readonly steps: DateSteps | undefined

  constructor(settled: Settled) {
    const { step, startDay } = settled
    this.settled = settled
    this.end = settled.through
    this.timeMs = (step.hour * 3600 + step.minute * 60 + step.second) * 1000
    this.steps = startDay === undefined ? undefined : this.stepsFrom(startDay)
  }

  next(after: EpochMillis): EpochMillis | undefined {
    const { zone, from, through } = this.settled
    const today = Math.floor(toLocal(zone, after) / dayMs)
    // Without a start the day of `after` stands for it.
    const steps = this.steps ?? this.stepsFrom(today)
    // A gap moves a wall time by a day at most.
    for (let index = steps.indexUntil(today - 2); ; index++) {
      const day = steps.dayAt(index)
      if (day === Infinity) return undefined
      if (day === undefined) continue
      const fireAt = toInstant(zone, day * dayMs + this.timeMs)
      if (fireAt > through) return undefined
      if (fireAt > after && fireAt >= from) return fireAt
    }
  }

  previous(before: EpochMillis): EpochMillis | undefined {
    const { zone, from, through } = this.settled
    if (this.steps === undefined) return undefined
    const today = Math.floor(toLocal(zone, Math.min(before, through + 1)) / dayMs)
    for (let index = this.steps.indexUntil(today + 2); index >= 0; index--) {
      const day = this.steps.dayAt(index)
      if (day === undefined || day === Infinity) continue
      const fireAt = toInstant(zone, day * dayMs + this.timeMs)
      if (fireAt < from) return undefined
      if (fireAt < before && fireAt <= through) return fireAt
    }
    return undefined
  }

  dayPattern(day: EpochMillis): string {
    return fireTimesPattern(this, day)
  }

  explain(at: EpochMillis): ReadonlyArray<Refusal> {
    const { zone, from, through } = this.settled
    if (this.next(at - 1) === at) return []
    const outside = explainBounds(this.type, { start: from, end: through }, zone, at)
    if (outside.length > 0) return outside
    const today = Math.floor(toLocal(zone, at) / dayMs)
    const fireAt = toInstant(zone, today * dayMs + this.timeMs)
    const onDate = this.next(fireAt - 1) === fireAt
    const time = formatLocal(this.timeMs).slice(11)
    return onDate
      ? [{ trigger: this.type, field: "time", found: formatLocal(toLocal(zone, at)).slice(11), expected: time }]
      : [{ trigger: this.type, field: "date", found: formatDate(civilDate(today)), expected: "a date of the sequence" }]
  }

  toJSON(): TriggerSpec {
    const { step, bounds, options } = this.settled
    const lengths = Object.fromEntries(
      stepFields.map((field) => [field, step[field]] as const).filter(([, value]) => value !== 0)
    )
    const date = (field: "start" | "end") => {
      const given = options[field]
      return isDate(given) ? given.trim() : bounds.stored[field]
    }
    const [start, end] = [date("start"), date("end")]
    return {
      type: this.type,
      ...lengths,
      ...bounds.stored,
      ...(start === undefined ? {} : { start }),
      ...(end === undefined ? {} : { end })
    }
  }

  bind(binding: TriggerBinding): Trigger {
    const { step, zone, bounds, options } = this.settled
    if (bounds.stored.timezone !== undefined && options.start !== undefined) return this
    const timezone = bounds.stored.timezone ?? binding.timezone
    const bindingZone = bounds.stored.timezone === undefined ? zoneOf(timezone) : zone
    const today = formatDate(civilDate(Math.floor(toLocal(bindingZone, binding.now) / dayMs)))
    const start = options.start ?? today
    return made(step, { timezone, start, end: options.end }, options.start !== undefined)
  }

  private stepsFrom(startDay: number): DateSteps {
    const { years, months, weeks, days } = this.settled.step
    return dateSteps(startDay, years * 12 + months, weeks * 7 + days)
  }
}
