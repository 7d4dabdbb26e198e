/** Says which fields of a cron expression refuse an instant. */
import { civilTime, formatDate, isoWeek, weekdayOf, dayMs } from "../../time/civil.ts"
import type { EpochMillis } from "../../time/instant.ts"
import type { Zone } from "../../time/zone.ts"
import type { CronFields } from "./fields.ts"
import { settleFields } from "./fields.ts"
import type { CronPattern } from "./pattern.ts"
import type { CronRule } from "./rule.ts"
import type { Pace } from "./search.ts"
import { cronFieldNames, cronMacros, weekdayNames } from "./text.ts"
import { monthDays } from "./monthDays.ts"
import type { Refusal } from "../trigger.ts"

interface Expression {
  readonly source: string | CronFields
  readonly pattern: CronPattern
}

/** Every field that does not match the wall time at `at`, in the expression's order; the DST rule when they all do. Bounds are not looked at. */
export const explainCron = (
  { source, pattern }: Expression,
  zone: Zone,
  pace: Pace,
  at: EpochMillis
): ReadonlyArray<Refusal> => {
  const { rule } = pattern
  const span = zone.spanAt(at)
  const local = at + span.offsetMs
  const time = civilTime(local)
  const dayNumber = Math.floor(local / dayMs)
  const written = writtenFields(source)
  const refusals: Array<Refusal> = []
  const check = (field: string, matches: boolean, found: string): void => {
    if (!matches) refusals.push({ trigger: "cron", field, found, expected: written(field) })
  }
  const allowsDay = (change: Partial<CronRule>): boolean =>
    ((monthDays({ ...rule, dayFields: "both", ...change })(time.year, time.month) >>> (time.day - 1)) & 1) === 1
  if (((at % 1000) + 1000) % 1000 !== 0) {
    refusals.push({ trigger: "cron", field: "millisecond", found: String(((at % 1000) + 1000) % 1000), expected: "0" })
  }
  check("second", rule.seconds.includes(time.second), String(time.second))
  check("minute", rule.minutes.includes(time.minute), String(time.minute))
  check("hour", rule.hours.includes(time.hour), String(time.hour))
  const byMonth = allowsDay({ daysOfWeek: undefined, weeks: undefined })
  const byWeek = allowsDay({ daysOfMonth: undefined, weeks: undefined })
  const either = rule.dayFields === "either" && (byMonth || byWeek)
  check("day-of-month", either || byMonth, `${time.day} (${formatDate(time)})`)
  check("month", rule.months.includes(time.month), String(time.month))
  check("day-of-week", either || byWeek, weekdayNames[weekdayOf(dayNumber)] ?? "")
  check("week", rule.weeks?.includes(isoWeek(dayNumber)) ?? true, String(isoWeek(dayNumber)))
  check("year", rule.years?.includes(time.year) ?? true, String(time.year))
  const secondPass = local < span.from + span.previousOffsetMs
  if (refusals.length === 0 && pace === "wall" && secondPass) {
    refusals.push({
      trigger: "cron",
      field: "dst",
      found: "the second pass of a wall time that comes twice",
      expected: "the first pass"
    })
  }
  return refusals
}

const fieldOf: Readonly<Record<string, keyof CronFields>> = {
  second: "second",
  minute: "minute",
  hour: "hour",
  "day-of-month": "day",
  month: "month",
  "day-of-week": "dayOfWeek",
  week: "week",
  year: "year"
}

/** Gives a field as it was written, or as it stands for one that was left out. */
const writtenFields = (source: string | CronFields): ((field: string) => string) => {
  if (typeof source !== "string") {
    const settled = settleFields(source)
    return (field) => settled[fieldOf[field] ?? "second"]
  }
  const text = cronMacros[source.trim().toLowerCase()] ?? source.trim()
  const words = text.split(/\s+/)
  const names = cronFieldNames(words.length)
  return (field) => words[names.indexOf(field)] ?? "0"
}
