/**
 * Cron as the package cron-parser reads and searches it: its dialect, its DST, its `H`. For jobs that come from schedulers that are built
 * on it, and must not move by a minute. cron-parser is the caller's to install.
 */
import { CronExpression } from "cron-parser"
import { unquoted } from "../../input/inWords.ts"
import type { EpochMillis } from "../../time/instant.ts"
import { formatInstant, zoneOf } from "../../time/zone.ts"
import type { BoundOptions, StoredBounds } from "../bounds.ts"
import { boundNames, explainBounds, readBounds } from "../bounds.ts"
import { InvalidTriggerError } from "../invalidTrigger.ts"
import { TriggerSearchError } from "../search.ts"
import { onlyFields, optionalInstant, optionalText, requiredField } from "../storedForm.ts"
import type { Trigger, TriggerCodec } from "../trigger.ts"
import { givenOptions } from "../triggerArguments.ts"
import type { ReadExpression } from "./expression.ts"
import { fieldsOf, isExpression, parserZone, textOf } from "./expression.ts"

/** When the pattern holds, and what spreads its `H`. */
export interface CronParserOptions extends BoundOptions {
  /** What `H` is drawn from: the same seed gives the same place. Not empty. Default: the id of the job that the trigger is given to. */
  readonly hashSeed?: string | undefined
}

/** Makes triggers from text or from a `CronExpression`; as a codec it is one of a scheduler's `triggers`. */
export type CronParserTrigger = ((expression: string | CronExpression, options?: CronParserOptions) => Trigger) &
  TriggerCodec

const type = "cron-parser"
/** As in `cron`: nothing fires after the year 9999. */
const lastInstant = Date.UTC(9999, 11, 31, 23, 59, 59)
/** cron-parser's own, after which it gives up. */
const searchSteps = 10_000
/** Steps back to a fire time that `next` gives too, where a clock change has `prev` find another. */
const maxStepsBack = 200

const make = (expression: string | CronExpression, given: CronParserOptions = {}): Trigger => {
  const options = givenOptions(type, given, [...boundNames, "hashSeed"])
  const hashSeed: unknown = options.hashSeed
  if (hashSeed !== undefined && (typeof hashSeed !== "string" || hashSeed === ""))
    throw new InvalidTriggerError({ trigger: type, field: "hashSeed", found: unquoted(hashSeed), expected: "text" })
  const { timezone, start, end, stored } = readBounds(type, options)
  if (isExpression(expression) && options.timezone === undefined) {
    const expected = "the zone that the expression was parsed with, which cron-parser does not tell"
    throw new InvalidTriggerError({ trigger: type, field: "timezone", found: "nothing", expected })
  }
  const text = textOf(expression)
  return new CronParserRule(text, timezone, { start, end, stored }, hashSeed, expression)
}

const codec: TriggerCodec = {
  type,
  fromJSON: (spec) => {
    onlyFields(spec, ["expression", ...boundNames, "hashSeed"])
    requiredField(spec, "expression")
    return make(optionalText(spec, "expression") ?? "", {
      timezone: optionalText(spec, "timezone"),
      start: optionalInstant(spec, "start"),
      end: optionalInstant(spec, "end"),
      hashSeed: optionalText(spec, "hashSeed")
    })
  }
}

/**
 * Exactly the fire times that `CronExpressionParser.parse(expression, { tz, hashSeed, currentDate }).next()` gives, asked anew from each.
 * Five fields, six with seconds first, its macros, `L`, `#` and `H`; not the empty text, which it reads as every minute. Of a
 * `CronExpression`, fields and `H` are taken; its zone and dates it does not tell: `timezone` is required, `start` and `end` are given
 * here. To be read back from a store it is one of the scheduler's `triggers`. Throws `InvalidTriggerError`, also for a `timezone` that a
 * `CronExpression` contradicts, and `UnknownTimezoneError`. While searching: `TriggerSearchError` where cron-parser gives up.
 */
export const cronParser: CronParserTrigger = Object.assign(make, codec)

interface RuleBounds {
  readonly start: EpochMillis
  readonly end: EpochMillis
  readonly stored: StoredBounds
}

class CronParserRule implements Trigger {
  readonly type = type
  private readonly text: string
  private readonly timezone: string
  private readonly bounds: RuleBounds
  private readonly hashSeed: string | undefined
  private readonly read: ReadExpression

  constructor(
    text: string,
    timezone: string,
    bounds: RuleBounds,
    hashSeed: string | undefined,
    source: string | CronExpression = text
  ) {
    this.text = text
    this.timezone = timezone
    this.bounds = bounds
    this.hashSeed = hashSeed
    this.read = { fields: fieldsOf(text, hashSeed, source), tz: parserZone(timezone) }
    if (isExpression(source)) this.refuseOtherZone(source)
  }

  get end(): EpochMillis {
    return this.bounds.end
  }

  next(after: EpochMillis): EpochMillis | undefined {
    const from = Math.max(after, this.bounds.start - 1)
    if (from >= lastInstant) return undefined
    const found = this.search(from)
    return found > Math.min(this.bounds.end, lastInstant) ? undefined : found
  }

  /** What `next` gives, found from behind: cron-parser's `prev` takes a changing clock otherwise than its `next`. */
  previous(before: EpochMillis): EpochMillis | undefined {
    const { start } = this.bounds
    const until = Math.min(before, this.bounds.end + 1, lastInstant + 1)
    if (until <= start) return undefined
    const expression = this.expressionAt(until)
    for (let steps = 0; steps < maxStepsBack; steps++) {
      const from = found(this.text, until, () => expression.prev().getTime())
      let last: EpochMillis | undefined
      for (let at = this.search(from - 1); at < until; at = this.search(at)) last = at
      if (last !== undefined) return last < start ? undefined : last
      if (from < start) return undefined
    }
    throw new TriggerSearchError({ trigger: type, after: before, steps: maxStepsBack })
  }

  explain(at: EpochMillis) {
    const zone = zoneOf(this.timezone)
    const refused = explainBounds(type, this.bounds, zone, at)
    if (refused.length > 0 || this.next(at - 1) === at) return refused
    return [{ trigger: type, field: "expression", found: formatInstant(zone, at), expected: this.text }]
  }

  toJSON() {
    const seed = this.hashSeed === undefined ? {} : { hashSeed: this.hashSeed }
    return { type, expression: this.text, ...this.bounds.stored, ...seed }
  }

  bind({ timezone, jobId }: { readonly timezone: string; readonly jobId: string }): Trigger {
    const { stored } = this.bounds
    const hashSeed = this.hashSeed ?? (this.text.includes("H") && jobId !== "" ? jobId : undefined)
    return make(this.text, { timezone, ...stored, hashSeed })
  }

  private expressionAt(at: EpochMillis): CronExpression {
    return new CronExpression(this.read.fields, { currentDate: at, tz: this.read.tz })
  }

  private search(after: EpochMillis): EpochMillis {
    return found(this.text, after, () => this.expressionAt(after).next().getTime())
  }

  /** The expression knows its zone without telling it: it says of an instant whether it is its own. */
  private refuseOtherZone(source: CronExpression): void {
    for (const month of [0, 6]) {
      const at = this.search(Date.UTC(2026, month, 10))
      if (source.includesDate(new Date(at))) continue
      const expected = `the zone that the expression was parsed with: ${new Date(at).toISOString()} is no fire time of it`
      throw new InvalidTriggerError({ trigger: type, field: "timezone", found: this.timezone, expected })
    }
  }
}

const found = (text: string, after: EpochMillis, search: () => EpochMillis): EpochMillis => {
  try {
    return search()
  } catch (cause) {
    // What it throws is an Error with a sentence; both say that it has found none.
    const { message } = cause as Error
    if (/loop limit/.test(message)) throw new TriggerSearchError({ trigger: type, after, steps: searchSteps })
    throw new InvalidTriggerError({ trigger: type, field: "expression", found: text, expected: message })
  }
}
