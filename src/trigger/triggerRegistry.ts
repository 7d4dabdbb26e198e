/** Reads stored triggers: each type's reader is found by its name. */
import { TaggedError } from "../input/taggedError.ts"
import { unquoted } from "../input/inWords.ts"
import { bindTrigger } from "./bindTrigger.ts"
import { calendarIntervalCodec, statedCalendarIntervalCodec } from "./calendarInterval.ts"
import { andCodec, orCodec } from "./combine.ts"
import { cronCodec } from "./cron/cron.ts"
import { dateCodec } from "./date.ts"
import { filterCodecs } from "./filter.ts"
import type { HolidayCalendar } from "./holidayCalendar.ts"
import { UnknownCalendarError } from "./holidayCalendar.ts"
import { intervalCodec, statedIntervalCodec } from "./interval.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { jitterCodec } from "./jitter.ts"
import { limitCodec } from "./limit.ts"
import { maxDepth } from "./parts.ts"
import { isSpec } from "./storedForm.ts"
import { streamCodec } from "./stream.ts"
import type { Trigger, TriggerBinding, TriggerCodec, TriggerSpec } from "./trigger.ts"
import { windowCodec } from "./window.ts"

/** A stored trigger of a type that is not registered. */
export class UnknownTriggerError extends TaggedError("UnknownTriggerError")<{
  /** The type that is not registered. */
  readonly type: string
  /** Registered types, in order of registration. */
  readonly known: ReadonlyArray<string>
}> {
  override get message(): string {
    return `trigger type "${this.type}" is not registered, expected one of ${this.known.join(", ")}`
  }
}

export interface TriggerRegistry {
  /** The trigger of a stored form. Throws `InvalidTriggerError`, `UnknownTriggerError`, `UnknownTimezoneError`, `UnknownCalendarError`. */
  readonly read: (spec: TriggerSpec) => Trigger
  /** The same of what a user wrote: a start after the end, which a stored one may have, is refused. */
  readonly readStated: (spec: TriggerSpec) => Trigger
  /**
   * The trigger as a job will have it after a restart: bound, and read back from its stored form, so that an unregistered type or
   * calendar shows when the job is added. Throws what `read` throws.
   */
  readonly settle: (trigger: Trigger, binding: TriggerBinding) => Trigger
  /** Registers a calendar. False, and nothing is changed: another has its name. The same again changes nothing. */
  readonly addCalendar: (calendar: HolidayCalendar) => boolean
  /** The registered types, in order of registration. */
  readonly types: ReadonlyArray<string>
}

/**
 * A registry of the built-in types, `customCodecs`, and the holiday calendars that stored triggers name. Throws `InvalidTriggerError`
 * when a type is registered twice.
 */
export const createTriggerRegistry = (
  customCodecs: ReadonlyArray<TriggerCodec> = [],
  calendars: ReadonlyArray<HolidayCalendar> = []
): TriggerRegistry => {
  const known = [...calendars]
  const findCalendar = (name: string): HolidayCalendar => {
    const found = known.find((calendar) => calendar.name === name)
    if (found === undefined) throw new UnknownCalendarError({ calendar: name, known: known.map((each) => each.name) })
    return found
  }
  const addCalendar = (calendar: HolidayCalendar): boolean => {
    const same = known.find(({ name }) => name === calendar.name)
    if (same === undefined) known.push(calendar)
    return same === undefined || same === calendar
  }
  const codecs = new Map<string, TriggerCodec>()
  for (const codec of [...builtIn, ...filterCodecs(findCalendar), ...customCodecs]) {
    if (codecs.has(codec.type)) {
      throw new InvalidTriggerError({
        trigger: codec.type,
        field: "type",
        found: codec.type,
        expected: "a type that is not yet registered"
      })
    }
    codecs.set(codec.type, codec)
  }
  const readAt = (spec: TriggerSpec, depth: number, stated: boolean): Trigger => {
    if (!isSpec(spec))
      throw new InvalidTriggerError({
        trigger: "trigger",
        field: "spec",
        found: unquoted(spec),
        expected: "an object with a type"
      })
    if (depth > maxDepth)
      throw new InvalidTriggerError({
        trigger: spec.type,
        field: "depth",
        found: `${depth} levels`,
        expected: `at most ${maxDepth}`
      })
    const codec = codecs.get(spec.type)
    if (codec === undefined) throw new UnknownTriggerError({ type: unquoted(spec.type), known: [...codecs.keys()] })
    const reader = (stated ? statedCodecs.get(spec.type) : undefined) ?? codec
    return reader.fromJSON(spec, (nested) => readAt(nested, depth + 1, stated))
  }
  const read = (spec: TriggerSpec): Trigger => readAt(spec, 1, false)
  const readStated = (spec: TriggerSpec): Trigger => readAt(spec, 1, true)
  const settle: TriggerRegistry["settle"] = (trigger, binding) => read(bindTrigger(trigger, binding).toJSON())
  return { read, readStated, settle, addCalendar, types: [...codecs.keys()] }
}

const builtIn: ReadonlyArray<TriggerCodec> = [
  cronCodec,
  calendarIntervalCodec,
  andCodec,
  orCodec,
  dateCodec,
  intervalCodec,
  streamCodec,
  windowCodec,
  jitterCodec,
  limitCodec
]

const statedCodecs: ReadonlyMap<string, TriggerCodec> = new Map(
  [statedIntervalCodec, statedCalendarIntervalCodec].map((codec) => [codec.type, codec])
)
