/** Cron: fire times by the clock on the wall, from cron text or from APScheduler's fields. */
import { shortened, unquoted } from "../../input/inWords.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Zone } from "../../time/zone.ts"
import { zoneOf } from "../../time/zone.ts"
import type { BoundOptions, StoredBounds } from "../bounds.ts"
import { explainBounds, readBounds } from "../bounds.ts"
import { explainCron } from "./explain.ts"
import type { CronFields } from "./fields.ts"
import { fieldNames, readCronFields } from "./fields.ts"
import { CronPattern } from "./pattern.ts"
import type { Pace } from "./search.ts"
import { countMatches, nextMatch, previousMatch } from "./search.ts"
import { readCronText } from "./text.ts"
import { placeInDay, zonePattern } from "../dayPattern.ts"
import { givenOptions, givenProperties, reading } from "../triggerArguments.ts"
import { InvalidTriggerError } from "../invalidTrigger.ts"
import { misfit, onlyFields, optionalChoice, optionalInstant, optionalText } from "../storedForm.ts"
import type { Json, Refusal, Trigger, TriggerBinding, TriggerCodec, TriggerSpec } from "../trigger.ts"

/** When the pattern holds, and what it makes of the hours that clocks leave out or repeat. */
export interface CronOptions extends BoundOptions {
  /**
   * `"compatible"` (default) serves a fixed wall time once a day: one in a gap at the wall time shifted forward by the gap, one in a fold
   * at its first pass; a minute or hour field that begins with `*` follows elapsed time. `"every-match"` serves every instant whose wall
   * time matches: none in a gap, both passes of a fold.
   */
  readonly dst?: "compatible" | "every-match" | undefined
}

/**
 * Fire times from cron text (5 fields, 6 with seconds first, or a macro; 0 and 7 are Sunday; either of two restricted day fields is
 * enough) or from APScheduler's fields (all must match). Whole seconds, from 1970 to 9999. Throws `InvalidTriggerError` with
 * the column, also for a date that no year has (30 February), and `UnknownTimezoneError`.
 */
export const cron = (expression: string | CronFields, given: CronOptions = {}): Trigger => {
  const options = givenOptions("cron", given, ["timezone", "start", "end", "dst"])
  const dst: unknown = options.dst
  if (dst !== undefined && dst !== "compatible" && dst !== "every-match") {
    throw new InvalidTriggerError({
      trigger: "cron",
      field: "dst",
      found: unquoted(dst),
      expected: '"compatible" or "every-match"'
    })
  }
  const bounds = readBounds("cron", options)
  return new CronTrigger(
    compileCron(expression),
    zoneOf(bounds.timezone),
    dst === "every-match",
    bounds.start,
    bounds.end,
    storedOrNone(bounds.stored)
  )
}

/** A compiled expression and the text or fields it came from. */
export interface CompiledCron {
  readonly source: string | CronFields
  readonly pattern: CronPattern
}

/** Compiles an expression; the same expression gives the same object while it is remembered. Throws `InvalidTriggerError`. */
export const compileCron = (expression: string | CronFields): CompiledCron => {
  const given: unknown = expression
  const fields = reading(
    "cron",
    "expression",
    () => typeof given === "object" && given !== null && !Array.isArray(given)
  )
  if (typeof given !== "string" && !fields) {
    throw new InvalidTriggerError({
      trigger: "cron",
      field: "expression",
      found: unquoted(given),
      expected: "cron text or cron fields"
    })
  }
  const source =
    typeof expression === "string" ? expression : orderedFields(givenProperties("cron", "fields", expression))
  const key = typeof source === "string" ? source : JSON.stringify(source)
  const known = compiled.get(key)
  if (known !== undefined) return known
  const rule = typeof source === "string" ? readCronText(source) : readCronFields(source)
  const pattern = new CronPattern(rule)
  // Years that are named may have passed or may lack the day: then there is no fire time, as in APScheduler.
  if (rule.years === undefined && !pattern.isPossible()) throw impossible(key)
  const fresh = { source, pattern }
  if (compiled.size >= maxCompiled) compiled.clear()
  compiled.set(key, fresh)
  return fresh
}

/** The cron part of a cron trigger; `undefined` for any other trigger. */
export const cronOf = (trigger: Trigger): (CompiledCron & { readonly zone: Zone; readonly pace: Pace }) | undefined =>
  trigger instanceof CronTrigger
    ? { source: trigger.compiled.source, pattern: trigger.compiled.pattern, zone: trigger.zone, pace: trigger.pace }
    : undefined

/** Reads the stored form: `expression` or `fields`, and the options. */
export const cronCodec: TriggerCodec = {
  type: "cron",
  fromJSON: (spec) => {
    onlyFields(spec, ["expression", "fields", "timezone", "start", "end", "dst"])
    const expression = optionalText(spec, "expression")
    const fields = spec["fields"]
    if ((expression === undefined) === (fields === undefined))
      throw misfit(spec, "expression", expression, "expression or fields, one of them")
    if (fields !== undefined && (typeof fields !== "object" || fields === null))
      throw misfit(spec, "fields", fields, "cron fields")
    return cron(expression ?? (fields as CronFields), {
      timezone: optionalText(spec, "timezone"),
      start: optionalInstant(spec, "start"),
      end: optionalInstant(spec, "end"),
      dst: optionalChoice(spec, "dst", ["compatible", "every-match"])
    })
  }
}

/** Kept small, 100,000 of them are nothing unusual: what belongs to the expression is shared, most have no bounds to store. */
class CronTrigger implements Trigger {
  readonly compiled: CompiledCron
  readonly zone: Zone
  readonly everyMatch: boolean
  readonly start: EpochMillis
  readonly end: EpochMillis
  private readonly stored: StoredBounds | undefined

  constructor(
    compiled: CompiledCron,
    zone: Zone,
    everyMatch: boolean,
    start: EpochMillis,
    end: EpochMillis,
    stored: StoredBounds | undefined
  ) {
    this.compiled = compiled
    this.zone = zone
    this.everyMatch = everyMatch
    this.start = start
    this.end = end
    this.stored = stored
  }

  get type(): string {
    return "cron"
  }

  get pace(): Pace {
    return this.everyMatch ? "elapsed" : this.compiled.pattern.rule.pace
  }

  next(after: EpochMillis): EpochMillis | undefined {
    const found = nextMatch(this.compiled.pattern, this.zone, this.pace, after < this.start ? this.start - 1 : after)
    return found !== undefined && found <= this.end ? found : undefined
  }

  previous(before: EpochMillis): EpochMillis | undefined {
    const found = previousMatch(this.compiled.pattern, this.zone, this.pace, before > this.end ? this.end + 1 : before)
    return found !== undefined && found >= this.start ? found : undefined
  }

  count(after: EpochMillis, through: EpochMillis): number {
    const [from, until] = [Math.max(after, this.start - 1), Math.min(through, this.end)]
    return from >= until ? 0 : countMatches(this.compiled.pattern, this.zone, this.pace, from, until)
  }

  dayPattern(day: EpochMillis): string {
    const { pattern } = this.compiled
    const bounds = `${placeInDay(this.start, day)}:${placeInDay(this.end, day)}`
    return `${bounds}:${zonePattern(this.zone, day, (localDay) => pattern.allowsDay(localDay))}`
  }

  explain(at: EpochMillis): ReadonlyArray<Refusal> {
    if (this.next(at - 1) === at) return []
    const bounds = explainBounds(this.type, this, this.zone, at)
    return [...explainCron(this.compiled, this.zone, this.pace, at), ...bounds]
  }

  toJSON(): TriggerSpec {
    const { source } = this.compiled
    return {
      type: this.type,
      ...(typeof source === "string" ? { expression: source } : { fields: source as Json }),
      ...(this.stored ?? { timezone: this.zone.name }),
      ...(this.everyMatch ? { dst: "every-match" } : {})
    }
  }

  bind(binding: TriggerBinding): Trigger {
    if (this.stored === undefined || this.stored.timezone !== undefined) return this
    const { source } = this.compiled
    return cron(source, {
      ...this.stored,
      timezone: binding.timezone,
      dst: this.everyMatch ? "every-match" : "compatible"
    })
  }
}

const maxCompiled = 10_000
const compiled = new Map<string, CompiledCron>()

/** A settled zone without bounds needs no object of its own. */
const storedOrNone = (stored: StoredBounds): StoredBounds | undefined =>
  stored.timezone !== undefined && stored.start === undefined && stored.end === undefined ? undefined : stored

const orderedFields = (fields: CronFields): CronFields => {
  const surplus = Object.keys(fields).filter((name) => !fieldNames.some((known) => known === name))
  const entries = [...fieldNames, ...surplus].map((name) => [name, fields[name as keyof CronFields]] as const)
  for (const [field, value] of entries) {
    const given: unknown = value
    if (given === undefined || typeof given === "string" || typeof given === "number") continue
    throw new InvalidTriggerError({ trigger: "cron", field, found: unquoted(given), expected: "text or a number" })
  }
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

const impossible = (text: string): InvalidTriggerError =>
  new InvalidTriggerError({
    trigger: "cron",
    text: shortened(text),
    field: "date",
    found: "no day of any year",
    expected: "days that some year has"
  })
