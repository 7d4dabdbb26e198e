/**
 * Reads cron text: five fields, or six with seconds first, or a macro. The dialect is crontab(5)'s, with Quartz's `L`, `W`,
 * `#` and `?` for days and with ranges that wrap. docs/decisions/0001-cron-text.md says why the text is read here.
 */
import { shortened } from "../../input/inWords.ts"
import type { CronRule, DayTerm } from "./rule.ts"
import { InvalidTriggerError } from "../invalidTrigger.ts"
import { weekdayRange } from "../weekdays.ts"

/** Longest text that is looked at, characters. */
export const maxCronText = 1024

/** Reads cron text into a rule; case does not matter. Throws `InvalidTriggerError` with the column of the fault. */
export const readCronText = (text: string): CronRule => {
  const refuse: Refuse = (field, found, expected, at) =>
    new InvalidTriggerError({
      trigger: "cron",
      text: shortened(text),
      field,
      found: shortened(found),
      expected,
      column: at + 1
    })
  if (text.length > maxCronText) {
    throw refuse("expression", `${text.length} characters`, `at most ${maxCronText} characters`, maxCronText)
  }
  const words = [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: match.index }))
  const [first] = words
  if (first?.text.startsWith("@") === true) return readMacro(words, refuse)
  if (first !== undefined && /^(?:CRON_)?TZ=/.test(first.text))
    throw refuse(
      "expression",
      first.text,
      'the fields alone; the zone is an option: cron("…", { timezone: "…" })',
      first.at
    )
  if (words.length !== 5 && words.length !== 6) {
    const found = `${words.length} ${words.length === 1 ? "field" : "fields"}`
    throw refuse("expression", found, words.length === 7 ? `${expectedFields}; ${yearAdvice}` : expectedFields, 0)
  }
  const [second, minute, hour, dayOfMonth, month, dayOfWeek] = (
    words.length === 5 ? [{ text: "0", at: 0 }, ...words] : words
  ).map((word, index) => readField(word, fields[index] ?? fieldSecond, refuse))
  if (!second || !minute || !hour || !dayOfMonth || !month || !dayOfWeek)
    throw refuse("expression", text, expectedFields, 0)
  return {
    seconds: second.values,
    minutes: minute.values,
    hours: hour.values,
    daysOfMonth: dayOfMonth.terms,
    daysOfWeek: dayOfWeek.terms,
    dayFields: dayOfMonth.starred || dayOfWeek.starred ? "both" : "either",
    months: month.values,
    weeks: undefined,
    years: undefined,
    pace: minute.starred || hour.starred ? "elapsed" : "wall"
  }
}

/** The macros of crontab(5), and cron-parser's two for shorter periods. */
export const cronMacros: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
  "@minutely": "* * * * *",
  "@secondly": "* * * * * *"
}

/** What the fields of cron text with five or six of them are called, in order. */
export const cronFieldNames = (count: number): ReadonlyArray<string> => fields.slice(-count).map(({ name }) => name)

export const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
/** 0 is Sunday. */
export const weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

interface Word {
  readonly text: string
  readonly at: number
}

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly names?: ReadonlyArray<string>
  readonly kind: "time" | "month" | "dayOfMonth" | "dayOfWeek"
  readonly expected: string
}

/**
 * `terms` is for the day fields. `starred`: begins with `*` or `?`, which is all that cron looks at, too: such a day field restricts
 * nothing, and such a minute or hour field follows elapsed time.
 */
interface ReadField {
  readonly values: ReadonlyArray<number>
  readonly terms: ReadonlyArray<DayTerm> | undefined
  readonly starred: boolean
}

type Refuse = (field: string, found: string, expected: string, at: number) => InvalidTriggerError

const expectedFields =
  "5 fields (minute hour day-of-month month day-of-week), 6 with seconds first, or a macro such as @daily"

const yearAdvice = "a year has no place in cron text: cron({ year: 2027, … }), or start and end"

/** What other programs' cron text means by it, and what does the same here. */
const foreignAdvice = (text: string, field: Field): string => {
  if (field.kind === "dayOfWeek" && /\d{4}/.test(text)) return `; ${yearAdvice}`
  if (/^h(?:$|[/(])/i.test(text)) return "; H of Jenkins is not read: jitter spreads jobs"
  if (text.includes("~")) return "; a random time (~ of cronie) is not read: jitter spreads jobs"
  if (field.names !== undefined && field.names.includes(text.slice(0, 3).toLowerCase()))
    return "; names have three letters"
  return ""
}

const fieldSecond: Field = { name: "second", min: 0, max: 59, kind: "time", expected: "0-59" }
const fields: ReadonlyArray<Field> = [
  fieldSecond,
  { name: "minute", min: 0, max: 59, kind: "time", expected: "0-59" },
  { name: "hour", min: 0, max: 23, kind: "time", expected: "0-23" },
  {
    name: "day-of-month",
    min: 1,
    max: 31,
    kind: "dayOfMonth",
    expected: "1-31, L or last, L-1 to L-30, LW or 1W to 31W"
  },
  { name: "month", min: 1, max: 12, names: monthNames, kind: "month", expected: "1-12 or jan-dec" },
  {
    name: "day-of-week",
    min: 0,
    max: 7,
    names: weekdayNames,
    kind: "dayOfWeek",
    expected: "0-7 or sun-sat (0 and 7 are Sunday), 5#1 to 5#5, or 5L"
  }
]

const readMacro = (words: ReadonlyArray<Word>, refuse: Refuse): CronRule => {
  const [macro, extra] = words
  const name = macro?.text.toLowerCase() ?? ""
  const known = `one of ${Object.keys(cronMacros).join(" ")}`
  const expected =
    name === "@reboot"
      ? "an expression with fire times; @reboot has none: run the task when the program starts"
      : name === "@every"
        ? `${known}; elapsed time is interval(${JSON.stringify(extra?.text ?? "5m")})`
        : known
  const text = Object.hasOwn(cronMacros, name) ? cronMacros[name] : undefined
  if (text === undefined) throw refuse("macro", macro?.text ?? "", expected, macro?.at ?? 0)
  if (extra !== undefined) throw refuse("expression", extra.text, "nothing after a macro", extra.at)
  return readCronText(text)
}

const readField = (word: Word, field: Field, refuse: Refuse): ReadField => {
  const values = new Set<number>()
  const terms: Array<DayTerm> = []
  let everything = false
  let at = word.at
  for (const item of word.text.split(",")) {
    const place: Word = { text: item, at }
    const special = readDayTerm(place, field, refuse)
    if (special !== undefined) terms.push(special)
    else if (item === "*" || (item === "?" && field.kind.startsWith("day"))) everything = true
    else for (const value of readRange(place, field, refuse)) values.add(value)
    at += item.length + 1
  }
  if (everything) for (const value of sequence(field, field.min, lastOf(field), 1)) values.add(value)
  const numbers = [...values].sort((a, b) => a - b)
  const named = numbers.map((value): DayTerm =>
    field.kind === "dayOfWeek" ? { _tag: "Weekday", weekday: value } : { _tag: "Day", day: value }
  )
  return {
    values: numbers,
    terms: everything ? undefined : [...named, ...terms],
    starred: /^[*?]/.test(word.text)
  }
}

/** `*`, a number, a range, each with or without a step. */
const readRange = (item: Word, field: Field, refuse: Refuse): ReadonlyArray<number> => {
  const fail = (found = item.text, expected?: string, at = item.at) =>
    refuse(field.name, found, expected ?? `${field.expected}${foreignAdvice(found, field)}`, at)
  const slash = item.text.indexOf("/")
  const base = slash === -1 ? item.text : item.text.slice(0, slash)
  const stepText = slash === -1 ? undefined : item.text.slice(slash + 1)
  const size = lastOf(field) - field.min + 1
  const step = stepText === undefined ? 1 : /^\d{1,4}$/.test(stepText) ? Number(stepText) : 0
  if (step < 1 || step > size) throw fail(stepText, `a step from 1 to ${size}`, item.at + slash + 1)
  if (base === "*") return sequence(field, field.min, lastOf(field), step)
  const dash = base.indexOf("-", 1)
  if (dash === -1) {
    const value = readValue(base, field) ?? failed(fail())
    return stepText === undefined ? sequence(field, value, value, 1) : sequence(field, value, field.max, step)
  }
  const from = readValue(base.slice(0, dash), field) ?? failed(fail())
  const through =
    readValue(base.slice(dash + 1), field) ?? failed(fail(base.slice(dash + 1), undefined, item.at + dash + 1))
  return sequence(field, from, through, step)
}

const readDayTerm = (item: Word, field: Field, refuse: Refuse): DayTerm | undefined => {
  const fail = (expected: string) => refuse(field.name, item.text, expected, item.at)
  const text = item.text.toLowerCase()
  if (field.kind === "dayOfMonth") {
    if (text === "l" || text === "last") return { _tag: "LastDay", before: 0 }
    if (text === "lw" || text === "wl") return { _tag: "LastWorkday" }
    const before = /^l-(\d{1,2})$/.exec(text)
    if (before !== null) {
      return Number(before[1]) >= 1 && Number(before[1]) <= 30
        ? { _tag: "LastDay", before: Number(before[1]) }
        : failed(fail("L-1 to L-30"))
    }
    const workday = /^(\d{1,2})w$/.exec(text)
    if (workday === null) return undefined
    const day = Number(workday[1])
    return day >= 1 && day <= 31 ? { _tag: "NearestWorkday", day } : failed(fail("1W to 31W"))
  }
  if (field.kind !== "dayOfWeek") return undefined
  if (text === "l") throw fail("a weekday before L: 5L is the last Friday of the month, 6 is Saturday")
  const special = /^([a-z0-9]+)(?:#(.*)|l)$/.exec(text)
  if (special === null || (text.endsWith("l") && readValue(text, field) !== undefined)) return undefined
  const weekday = readValue(special[1] ?? "", field)
  if (weekday === undefined) throw fail(field.expected)
  if (special[2] === undefined || special[2] === "l") return { _tag: "LastWeekday", weekday: weekday % 7 }
  const nth = /^\d$/.test(special[2]) ? Number(special[2]) : 0
  return nth >= 1 && nth <= 5
    ? { _tag: "NthWeekday", weekday: weekday % 7, nth }
    : failed(fail("a number from 1 to 5, or L, after #"))
}

const readValue = (text: string, field: Field): number | undefined => {
  if (/^\d{1,4}$/.test(text)) {
    const value = Number(text)
    return value >= field.min && value <= field.max ? value : undefined
  }
  const place = field.names?.indexOf(text.toLowerCase()) ?? -1
  return place === -1 ? undefined : place + field.min
}

/** 0 and 7 are one day: the week's last number is 6. */
const lastOf = (field: Field): number => (field.kind === "dayOfWeek" ? 6 : field.max)

/** Every `step`th value from `from` to `through`, past the field's end and on from its beginning when it wraps. */
const sequence = (field: Field, from: number, through: number, step: number): ReadonlyArray<number> => {
  if (field.kind === "dayOfWeek") return weekdayRange(from, through, step)
  const size = lastOf(field) - field.min + 1
  const end = through >= from ? through : through + size
  const values: Array<number> = []
  for (let value = from; value <= end; value += step) values.push(((value - field.min) % size) + field.min)
  return values
}

const failed = (error: InvalidTriggerError): never => {
  throw error
}
