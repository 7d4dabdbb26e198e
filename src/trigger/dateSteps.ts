/** The dates of a calendar interval, by their place in the sequence. */
import { civilDate, dayNumber, monthLength } from "../time/civil.ts"

/** Day numbers ascend with the index. */
export interface DateSteps {
  /** An index at or before the last date ≤ `day`; 0 when there is none. The dates from it on leave out none later than `day`. */
  readonly indexUntil: (day: number) => number
  /** `undefined` where the month lacks the day, `Infinity` past the year 9999. */
  readonly dayAt: (index: number) => number | undefined
}

const endDay = dayNumber(10_000, 1, 1)

/** The dates from `startDay` on: `months` are added keeping the day of the month, again until that date exists, then `days`. */
export const dateSteps = (startDay: number, months: number, days: number): DateSteps => {
  if (months === 0) return daySteps(startDay, days)
  return days === 0 ? monthSteps(startDay, months) : mixedSteps(startDay, months, days)
}

const daySteps = (startDay: number, days: number): DateSteps => ({
  indexUntil: (day) => Math.max(0, Math.floor((day - startDay) / days)),
  dayAt: (index) => bounded(startDay + index * days)
})

const monthSteps = (startDay: number, months: number): DateSteps => {
  const start = civilDate(startDay)
  const startMonth = start.year * 12 + start.month - 1
  return {
    indexUntil: (day) => {
      const { year, month } = civilDate(Math.min(day, endDay))
      return Math.max(0, Math.floor((year * 12 + month - 1 - startMonth) / months))
    },
    dayAt: (index) => {
      const place = startMonth + index * months
      const [year, month] = [Math.floor(place / 12), (place % 12) + 1]
      if (year > 9999) return Infinity
      return start.day > monthLength(year, month) ? undefined : dayNumber(year, month, start.day)
    }
  }
}

/** Each date follows from the one before, so those found are kept: at most one a month until the year 9999. */
const mixedSteps = (startDay: number, months: number, days: number): DateSteps => {
  const found = [startDay]
  const extend = (): number => {
    let { year, month } = civilDate(found.at(-1) ?? startDay)
    const { day } = civilDate(found.at(-1) ?? startDay)
    do {
      const place = year * 12 + month - 1 + months
      ;[year, month] = [Math.floor(place / 12), (place % 12) + 1]
    } while (day > monthLength(year, month) && year < 10_400)
    const next = bounded(dayNumber(year, month, day) + days)
    found.push(next)
    return next
  }
  return {
    indexUntil: (day) => {
      let last = found.at(-1) ?? startDay
      while (last <= day && last < endDay) last = extend()
      let [low, high] = [0, found.length - 1]
      while (low < high) {
        const middle = Math.ceil((low + high) / 2)
        if ((found[middle] ?? Infinity) <= day) low = middle
        else high = middle - 1
      }
      return low
    },
    dayAt: (index) => {
      while (found.length <= index && (found.at(-1) ?? Infinity) < endDay) extend()
      return found[index] ?? Infinity
    }
  }
}

const bounded = (day: number): number => (day >= endDay ? Infinity : day)
