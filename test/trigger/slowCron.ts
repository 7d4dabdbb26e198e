/**
 * Cron the slow way, to compare with: every second or minute of the time line is looked at through luxon, one field at a time.
 * Shares no code with the search.
 */
import { DateTime } from "luxon"
import type { CronRule, DayTerm } from "../../src/trigger/cron/rule.ts"

/** The fire times in [from, until), `stepMs` apart at least, by `pace`. */
export const slowFireTimes = (
  rule: CronRule,
  timezone: string,
  pace: "elapsed" | "wall",
  from: number,
  until: number,
  stepMs = 60_000
): ReadonlyArray<number> => {
  const found = new Set<number>()
  // Two days around, so that what a transition moves in from outside is seen.
  const margin = 2 * 86_400_000
  let previousOffset: number | undefined
  const servedWallTimes = new Set<number>()
  for (let at = from - margin; at < until + margin; at += stepMs) {
    const local = DateTime.fromMillis(at, { zone: timezone })
    const wall = at + local.offset * 60_000
    if (pace === "elapsed") {
      if (matchesWall(rule, wall)) found.add(at)
    } else {
      if (previousOffset !== undefined && local.offset > previousOffset) {
        // The wall times that this transition jumps over, each moved forward by the gap.
        const gapFrom = at + previousOffset * 60_000
        const gapUntil = at + local.offset * 60_000
        for (let missing = gapFrom; missing < gapUntil; missing += stepMs) {
          if (matchesWall(rule, missing)) found.add(missing - previousOffset * 60_000)
        }
      }
      if (!servedWallTimes.has(wall) && matchesWall(rule, wall)) found.add(at)
      servedWallTimes.add(wall)
    }
    previousOffset = local.offset
  }
  return [...found].filter((at) => at >= from && at < until).sort((a, b) => a - b)
}

/** Whether a wall time, written as if it were UTC, matches every field. */
export const matchesWall = (rule: CronRule, wall: number): boolean => {
  const date = DateTime.fromMillis(wall, { zone: "utc" })
  const byMonth = rule.daysOfMonth?.some((term) => matchesDay(term, date)) ?? true
  const byWeek = rule.daysOfWeek?.some((term) => matchesDay(term, date)) ?? true
  return (
    date.millisecond === 0 &&
    rule.seconds.includes(date.second) &&
    rule.minutes.includes(date.minute) &&
    rule.hours.includes(date.hour) &&
    rule.months.includes(date.month) &&
    (rule.years?.includes(date.year) ?? true) &&
    (rule.weeks?.includes(date.weekNumber) ?? true) &&
    (rule.dayFields === "either" ? byMonth || byWeek : byMonth && byWeek)
  )
}

const matchesDay = (term: DayTerm, date: DateTime): boolean => {
  const weekday = date.weekday % 7
  const length = date.daysInMonth ?? 0
  switch (term._tag) {
    case "Day":
      return date.day === term.day
    case "LastDay":
      return date.day === length - term.before
    case "Weekday":
      return weekday === term.weekday
    case "NthWeekday":
      return weekday === term.weekday && Math.ceil(date.day / 7) === term.nth
    case "LastWeekday":
      return weekday === term.weekday && date.day + 7 > length
    case "LastWorkday":
      return date.weekday <= 5 && (date.day === length || (date.weekday === 5 && date.day >= length - 2))
    case "NearestWorkday": {
      if (term.day > length || date.weekday > 5) return false
      const nearest = [0, -1, 1, -2, 2]
        .map((shift) => term.day + shift)
        .find((day) => day >= 1 && day <= length && date.set({ day }).weekday <= 5)
      return date.day === nearest
    }
  }
}
