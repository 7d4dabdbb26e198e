/**
 * Reads cron by named fields, APScheduler's expressions: all fields must match, weeks are ISO weeks, and a field that is left out
 * means every value when a smaller field is given and its first value otherwise. Weekday numbers are cron's: 0 and 7 are Sunday.
 */
import { unquoted } from "../../input/inWords.ts"
import type { CronRule, DayTerm } from "./rule.ts"
import { monthNames, weekdayNames } from "./text.ts"
import { InvalidTriggerError } from "../invalidTrigger.ts"

/**
 * Each a number or an expression: `*`, `a`, `a-b`, each with `/n`, joined by commas. One that is left out means every value when a smaller
 * field is given, else its first.
 */
export interface CronFields {
  /** 1970 to 9999. */
  readonly year?: number | string
  /** 1 to 12, or names such as `jan`. */
  readonly month?: number | string
  /** Of the month, 1 to 31; also `last`, `1st mon` to `5th sun`, `last fri`. */
  readonly day?: number | string
  /** ISO week, 1 to 53. */
  readonly week?: number | string
  /** 0 to 7, 0 and 7 for Sunday, or names such as `mon`. */
  readonly dayOfWeek?: number | string
  /** 0 to 23. */
  readonly hour?: number | string
  /** 0 to 59. */
  readonly minute?: number | string
  /** 0 to 59. */
  readonly second?: number | string
}

/** Reads fields into a rule; case does not matter. Throws `InvalidTriggerError`. */
export const readCronFields = (given: CronFields): CronRule => {
  const texts = settleFields(given)
  const read = (name: FieldName) => readField(fieldOf[name], texts[name])
  const [year, month, day, week] = [read("year"), read("month"), read("day"), read("week")]
  const [dayOfWeek, hour, minute, second] = [read("dayOfWeek"), read("hour"), read("minute"), read("second")]
  const days = day.values.map((value): DayTerm => ({ _tag: "Day", day: value }))
  const weekdays = dayOfWeek.values.map((value): DayTerm => ({ _tag: "Weekday", weekday: (value + 1) % 7 }))
  return {
    seconds: second.values,
    minutes: minute.values,
    hours: hour.values,
    daysOfMonth: day.everything ? undefined : [...days, ...day.terms],
    daysOfWeek: dayOfWeek.everything ? undefined : weekdays,
    dayFields: "both",
    months: month.values,
    weeks: week.everything ? undefined : week.values,
    years: year.everything ? undefined : year.values,
    pace: texts.minute.startsWith("*") || texts.hour.startsWith("*") ? "elapsed" : "wall"
  }
}

export type FieldName = keyof CronFields

/** The fields in order, most significant first. */
export const fieldNames: ReadonlyArray<FieldName> = [
  "year",
  "month",
  "day",
  "week",
  "dayOfWeek",
  "hour",
  "minute",
  "second"
]

const firstValues: Readonly<Record<FieldName, string>> = {
  year: "*",
  month: "1",
  day: "1",
  week: "*",
  dayOfWeek: "*",
  hour: "0",
  minute: "0",
  second: "0"
}

/** Every field's expression, those left out by the rule above. Throws `InvalidTriggerError`. */
export const settleFields = (given: CronFields): Readonly<Record<FieldName, string>> => {
  const entries = Object.entries(given as Readonly<Record<string, unknown>>).filter(([, value]) => value !== undefined)
  for (const [name, value] of entries) {
    if (!fieldNames.includes(name as FieldName)) throw invalid("field", name, `one of ${fieldNames.join(", ")}`)
    if (typeof value !== "string" && typeof value !== "number") throw invalid(name, unquoted(value), "a number or text")
    if (String(value).length > 1024)
      throw invalid(name, `${String(value).length} characters`, "at most 1024 characters")
  }
  const expressions = new Map(entries.map(([name, value]) => [name, String(value).trim().toLowerCase()]))
  if (expressions.size === 0) throw invalid("fields", "{}", `at least one of ${fieldNames.join(", ")}`)
  const smallest = fieldNames.findLastIndex((name) => expressions.has(name))
  const settled = fieldNames.map((name, index) => [
    name,
    expressions.get(name) ?? (index < smallest ? "*" : firstValues[name])
  ])
  return Object.fromEntries(settled) as Record<FieldName, string>
}

interface Field {
  readonly name: FieldName
  readonly min: number
  readonly max: number
  readonly expected: string
}

/** Weekdays count from Monday here, 0 to 6, as the ISO week does; so a step in `*` + `/n` begins on Monday. */
const fieldOf: Readonly<Record<FieldName, Field>> = {
  year: { name: "year", min: 1970, max: 9999, expected: "1970-9999" },
  month: { name: "month", min: 1, max: 12, expected: "1-12 or jan-dec" },
  day: { name: "day", min: 1, max: 31, expected: '1-31, "last", "1st mon" to "5th sun" or "last fri"' },
  week: { name: "week", min: 1, max: 53, expected: "1-53" },
  dayOfWeek: { name: "dayOfWeek", min: 0, max: 6, expected: "0-7 or mon-sun (0 and 7 are Sunday)" },
  hour: { name: "hour", min: 0, max: 23, expected: "0-23" },
  minute: { name: "minute", min: 0, max: 59, expected: "0-59" },
  second: { name: "second", min: 0, max: 59, expected: "0-59" }
}

interface ReadField {
  readonly values: ReadonlyArray<number>
  readonly terms: ReadonlyArray<DayTerm>
  readonly everything: boolean
}

const readField = (field: Field, text: string): ReadField => {
  // Flags, not a set: a list may name all 8,000 years a hundred times.
  const allowed = new Uint8Array(field.max + 1)
  const terms: Array<DayTerm> = []
  let everything = false
  for (const item of text.split(/ *, */)) {
    const term = field.name === "day" ? readDayTerm(field, text, item) : undefined
    if (term !== undefined) terms.push(term)
    else if (item === "*") everything = true
    else for (const value of readRange(field, text, item)) allowed[value] = 1
  }
  const values = every(field, field.min, field.max, 1)
  return { values: everything ? values : values.filter((value) => allowed[value] === 1), terms, everything }
}

const readDayTerm = (field: Field, text: string, item: string): DayTerm | undefined => {
  if (item === "last") return { _tag: "LastDay", before: 0 }
  const match = /^(1st|2nd|3rd|4th|5th|last) +([a-z]+)$/.exec(item)
  if (match === null) return undefined
  const weekday = weekdayNames.indexOf(match[2] ?? "")
  if (weekday === -1) throw invalid("day", item, field.expected, text)
  return match[1] === "last"
    ? { _tag: "LastWeekday", weekday }
    : { _tag: "NthWeekday", weekday, nth: Number(match[1]?.charAt(0)) }
}

const readRange = (field: Field, text: string, item: string): ReadonlyArray<number> => {
  const match = /^(?:(\*)|([a-z]+|\d{1,4})(?:-([a-z]+|\d{1,4}))?)(?:\/(\d{1,5}))?$/.exec(item)
  if (match === null) throw invalid(field.name, item, field.expected, text)
  const [, star, fromText = "", throughText, stepText] = match
  const from = star === "*" ? field.min : readValue(field, text, fromText)
  const alone = throughText === undefined && (star === "*" || stepText !== undefined)
  const through = alone ? field.max : readValue(field, text, throughText ?? fromText)
  // From the Sunday that begins a week through the one that ends it: the whole week.
  const wholeWeek = throughText === "7" && (fromText === "0" || fromText === "sun")
  const wraps = field.name === "dayOfWeek" && (through < from || wholeWeek)
  if (through < from && !wraps) throw invalid(field.name, item, "a range that does not run backwards", text)
  const end = wraps ? through + 7 : through
  const step = stepText === undefined ? 1 : Number(stepText)
  // The bound is APScheduler's: a step that never reaches a second value is taken for a mistake.
  if (stepText !== undefined && (step < 1 || step > end - from)) {
    throw invalid(field.name, item, end === from ? "a range for the step" : `a step from 1 to ${end - from}`, text)
  }
  return every(field, from, end, step)
}

const every = (field: Field, from: number, through: number, step: number): ReadonlyArray<number> => {
  const values: Array<number> = []
  for (let value = from; value <= through; value += step) values.push(value > field.max ? value - 7 : value)
  return values
}

const readValue = (field: Field, text: string, value: string): number => {
  const names = field.name === "month" ? monthNames : field.name === "dayOfWeek" ? weekdayNames : []
  const place = names.indexOf(value)
  if (field.name === "dayOfWeek") {
    const number = place === -1 && /^\d+$/.test(value) ? Number(value) : place
    if (number < 0 || number > 7) throw invalid(field.name, value, field.expected, text)
    return (number + 6) % 7
  }
  const number = place === -1 ? (/^\d+$/.test(value) ? Number(value) : -1) : place + field.min
  if (number < field.min || number > field.max) throw invalid(field.name, value, field.expected, text)
  return number
}

const invalid = (field: string, found: string, expected: string, text?: string): InvalidTriggerError =>
  new InvalidTriggerError({
    trigger: "cron",
    field,
    found: unquoted(found),
    expected,
    ...(text === undefined ? {} : { text: unquoted(text), column: Math.max(0, text.indexOf(found)) + 1 })
  })
