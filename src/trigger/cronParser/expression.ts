/** Text and expressions of cron-parser: what is kept of them, and the faults that it finds, told as ours are. */
import type { CronExpression, CronFieldCollection } from "cron-parser"
import { CronExpressionParser } from "cron-parser"
import { shortened, unquoted } from "../../input/inWords.ts"
import { isUnreadableData } from "../../input/readable.ts"
import { offsetAt, zoneOf } from "../../time/zone.ts"
import { InvalidTriggerError } from "../invalidTrigger.ts"

/** What a search needs: the fields, and the zone by a name that cron-parser takes. */
export interface ReadExpression {
  readonly fields: CronFieldCollection
  readonly tz: string
}

/** An expression of this copy of cron-parser or of another one. */
export const isExpression = (given: unknown): given is CronExpression =>
  typeof given === "object" &&
  given !== null &&
  !isUnreadableData(given) &&
  "stringify" in given &&
  typeof given.stringify === "function" &&
  "includesDate" in given &&
  typeof given.includesDate === "function"

/** The text that stands for it: as it was written, with the places that `H` was given where an expression holds any. Throws `InvalidTriggerError`. */
export const textOf = (expression: unknown): string => {
  if (isExpression(expression)) {
    const written = expression.toString()
    return written.includes("H") ? expression.stringify(true) : written
  }
  if (typeof expression === "string" && expression.trim() !== "") return expression
  const expected = "cron text, or a CronExpression of cron-parser"
  throw new InvalidTriggerError({ trigger, field: "expression", found: unquoted(expression), expected })
}

/**
 * The fields of a text; read once, as long as it is remembered. Without a seed `H` is that of a seed of our own, so that it stays where it
 * is. Throws `InvalidTriggerError`: with cron-parser's sentence, or where the text does not say what the expression it was made from does.
 */
export const fieldsOf = (text: string, hashSeed: string | undefined, source: unknown): CronFieldCollection => {
  const key = `${hashSeed ?? ""}\n${text}`
  const known = remembered.get(key)
  const fields = known ?? parsed(text, hashSeed ?? "carillon")
  if (isExpression(source) && JSON.stringify(source.fields.serialize()) !== JSON.stringify(fields.serialize())) {
    const expected = "an expression that its own text stands for; give the text instead"
    throw new InvalidTriggerError({ trigger, field: "expression", found: shortened(text), expected })
  }
  if (known === undefined) {
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(key, fields)
  }
  return fields
}

/** cron-parser takes IANA names and `UTC+2`; an offset is told in that form. Throws `UnknownTimezoneError`, `InvalidTriggerError` for a zone in POSIX's form. */
export const parserZone = (timezone: string): string => {
  const zone = zoneOf(timezone)
  if (timezone.includes(",")) {
    const expected = "a zone that cron-parser knows: an IANA name or an offset"
    throw new InvalidTriggerError({ trigger, field: "timezone", found: timezone, expected })
  }
  if (/^z$/i.test(timezone)) return "UTC"
  if (!/^(?:UTC|GMT)?[+-]\d/i.test(timezone)) return timezone
  const minutes = offsetAt(zone, 0) / 60_000
  const two = (value: number) => String(value).padStart(2, "0")
  return `UTC${minutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
}

const trigger = "cron-parser"
const maxRemembered = 1_000
const remembered = new Map<string, CronFieldCollection>()

const parsed = (text: string, hashSeed: string): CronFieldCollection => {
  try {
    return CronExpressionParser.parse(text, { hashSeed }).fields
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : unquoted(cause)
    throw new InvalidTriggerError({
      trigger,
      field: "expression",
      found: shortened(text),
      expected: `text that cron-parser reads, which says: ${shortened(said)}`
    })
  }
}
