/**
 * A cron rule in English. The words are made from the values that the trigger fires by, never from the text, so that they cannot say anything else:
 * a test reads them back. Zones and bounds are not said here.
 */
import type { CronRule, DayTerm } from "./rule.ts"

/** `At 09:00, Monday through Friday`. Where either of two day fields is enough there are two sentences, joined by `; or `. */
export const cronWords = (rule: CronRule): string => {
  const time = timeWords(rule)
  const months = monthWords(rule.months)
  const { daysOfMonth, daysOfWeek, dayFields } = rule
  const byMonth = daysOfMonth === undefined ? "" : `, on ${monthDayWords(daysOfMonth)} of the month`
  const byWeek = daysOfWeek === undefined ? "" : weekdayWords(daysOfWeek, byMonth !== "" && dayFields === "both")
  if (dayFields === "both") return `${time}${byMonth}${byWeek}${months}`
  // One that allows every day is enough.
  return byMonth === "" || byWeek === ""
    ? `${time}${months}`
    : `${time}${byMonth}${months}; or ${time}${byWeek}${months}`
}

/** More times of the day than these are told by their parts. */
const mostClocks = 12
/** More numbers than these are told by their step, where they have one. */
const mostNumbers = 8

const timeWords = ({ seconds, minutes, hours }: CronRule): string => {
  const onTheMinute = seconds.length === 1 && seconds[0] === 0
  const onTheHour = onTheMinute && minutes.length === 1 && minutes[0] === 0
  const hourStep = everyStep(hours, 24)
  if (onTheHour && hourStep !== undefined && hours.length > 2)
    return hourStep === 1 ? "Every hour" : `Every ${hourStep} hours`
  if (hours.length < 24 && seconds.length * minutes.length * hours.length <= mostClocks)
    return `At ${clocks(seconds, minutes, hours)}`
  const during = hours.length === 24 ? "" : `, ${hourWords(hours)}`
  if (onTheMinute) return `${rate(minutes, "minute", "hour")}${during}`
  const few = fewNumbers(minutes)
  const minuteWords = few === undefined ? stepped(minutes, "minute") : `minute ${few}`
  const within = minutes.length === 60 ? "" : `, in ${minuteWords} of the hour`
  return `${rate(seconds, "second", "minute")}${within}${during}`
}

const clocks = (
  seconds: ReadonlyArray<number>,
  minutes: ReadonlyArray<number>,
  hours: ReadonlyArray<number>
): string => {
  const exact = seconds.length > 1 || seconds[0] !== 0
  return listed(
    hours.flatMap((hour) =>
      minutes.flatMap((minute) =>
        exact ? seconds.map((second) => `${two(hour)}:${two(minute)}:${two(second)}`) : [`${two(hour)}:${two(minute)}`]
      )
    )
  )
}

/** Of an hour's minutes, or a minute's seconds. */
const rate = (values: ReadonlyArray<number>, unit: string, whole: string): string => {
  const step = everyStep(values, 60)
  if (step !== undefined) return step === 1 ? `Every ${unit}` : `Every ${step} ${unit}s`
  const few = fewNumbers(values)
  if (few === undefined) return `At ${stepped(values, unit)} past the ${whole}`
  return `At ${few} ${unit}${few === "1" ? "" : "s"} past the ${whole}`
}

/** The step of values from 0 that goes on evenly past the end: `*` and what divides the whole. */
const everyStep = (values: ReadonlyArray<number>, size: number): number | undefined => {
  const step = size / values.length
  return values.length > 1 && values.every((value, index) => value === index * step) ? step : undefined
}

/** `0 through 10, 20, and 30`; `undefined` for many that have one step. */
const fewNumbers = (values: ReadonlyArray<number>): string | undefined => {
  const parts = runs(values).flatMap(({ from, through }) =>
    through - from < 2 ? span(from, through).map(String) : [`${from} through ${through}`]
  )
  return parts.length > mostNumbers && stepOf(values) !== undefined ? undefined : listed(parts)
}

/** `every 7th minute from 0 through 56`. */
const stepped = (values: ReadonlyArray<number>, unit: string): string =>
  `every ${ordinal(stepOf(values) ?? 1)} ${unit} from ${values[0] ?? 0} through ${values.at(-1) ?? 0}`

const stepOf = (values: ReadonlyArray<number>): number | undefined => {
  const [first = 0, second = 0] = values
  return values.every((value, index) => value === first + index * (second - first)) ? second - first : undefined
}

/** `between 09:00 and 17:59`; hours around midnight are one stretch. */
const hourWords = (hours: ReadonlyArray<number>): string => {
  const stretches = [...runs(hours)]
  const [first, last] = [stretches[0], stretches.at(-1)]
  if (first !== undefined && last !== undefined && first !== last && first.from === 0 && last.through === 23) {
    stretches.splice(0, 1)
    stretches.splice(-1, 1, { from: last.from, through: first.through })
  }
  return listed(stretches.map(({ from, through }) => `between ${two(from)}:00 and ${two(through)}:59`))
}

const monthDayWords = (terms: ReadonlyArray<DayTerm>): string => {
  const days = terms.flatMap((term) => (term._tag === "Day" ? [term.day] : []))
  const others = terms.flatMap((term) => (term._tag === "Day" ? [] : [dayWords(term)]))
  const few = fewNumbers(days)
  const numbered = few === undefined ? stepped(days, "day") : `day ${few}`
  return listed([...(days.length === 0 ? [] : [numbered]), ...others])
}

/** `, only on Friday`; three days and more in a row as `, Monday through Friday`. After a day of the month always with "only on". */
const weekdayWords = (terms: ReadonlyArray<DayTerm>, only: boolean): string => {
  // Monday first, so that a weekend stands together.
  const days = terms.flatMap((term) => (term._tag === "Weekday" ? [(term.weekday + 6) % 7] : [])).sort((a, b) => a - b)
  const others = terms.flatMap((term) => (term._tag === "Weekday" ? [] : [`${dayWords(term)} of the month`]))
  const inARow = others.length === 0 && runs(days).length === 1 && days.length > 2
  const name = (day: number | undefined): string => weekdays[((day ?? 0) + 1) % 7] ?? ""
  if (inARow) return `, ${only ? "only on " : ""}${name(days[0])} through ${name(days.at(-1))}`
  return `, only on ${listed([...days.map(name), ...others])}`
}

const dayWords = (term: DayTerm): string => {
  switch (term._tag) {
    case "Day":
      return `day ${term.day}`
    case "LastDay":
      return term.before === 0
        ? "the last day"
        : `${term.before} ${term.before === 1 ? "day" : "days"} before the last day`
    case "NearestWorkday":
      return `the Monday to Friday nearest to day ${term.day}`
    case "LastWorkday":
      return "the last Monday to Friday"
    case "Weekday":
      return weekdays[term.weekday] ?? ""
    case "NthWeekday":
      return `the ${ordinals[term.nth - 1] ?? ""} ${weekdays[term.weekday] ?? ""}`
    case "LastWeekday":
      return `the last ${weekdays[term.weekday] ?? ""}`
  }
}

const monthWords = (values: ReadonlyArray<number>): string => {
  if (values.length === 12) return ""
  const name = (month: number | undefined): string => months[(month ?? 1) - 1] ?? ""
  return runs(values).length === 1 && values.length > 2
    ? `, ${name(values[0])} through ${name(values.at(-1))}`
    : `, only in ${listed(values.map(name))}`
}

interface Run {
  readonly from: number
  readonly through: number
}

/** Ascending values as stretches without a hole. */
const runs = (values: ReadonlyArray<number>): ReadonlyArray<Run> => {
  const found: Array<Run> = []
  for (const value of values) {
    const last = found.at(-1)
    if (last !== undefined && value === last.through + 1) found[found.length - 1] = { from: last.from, through: value }
    else found.push({ from: value, through: value })
  }
  return found
}

const span = (from: number, through: number): ReadonlyArray<number> =>
  Array.from({ length: through - from + 1 }, (_, index) => from + index)

/** `a`, `a and b`, `a, b, and c`. */
const listed = (parts: ReadonlyArray<string>): string =>
  parts.length < 3 ? parts.join(" and ") : `${parts.slice(0, -1).join(", ")}, and ${parts.at(-1) ?? ""}`

const ordinal = (value: number): string =>
  `${value}${(value % 100 > 10 && value % 100 < 14 ? undefined : ["th", "st", "nd", "rd"][value % 10]) ?? "th"}`

const two = (value: number): string => String(value).padStart(2, "0")

export const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
export const months = "January February March April May June July August September October November December".split(" ")
const ordinals = ["first", "second", "third", "fourth", "fifth"]
