/**
 * A compiled cron rule: finds matching wall times. Zones are not its business: "local seconds" are a wall time written as
 * if it were UTC. Compiled patterns hold no job's data and are shared by all that use the same expression.
 */
import { civilDate, dayNumber, monthLength } from "../../time/civil.ts"
import type { CronRule } from "./rule.ts"
import type { FieldSet } from "./fieldSet.ts"
import { fieldSet } from "./fieldSet.ts"
import type { MonthDays } from "./monthDays.ts"
import { monthDays, yearKind, yearOfEachKind, yearKinds } from "./monthDays.ts"

const daySeconds = 86_400
const firstYear = 1970
const lastYear = 9999
/** The day after the last day that is searched. */
const endDay = dayNumber(lastYear + 1, 1, 1)

export class CronPattern {
  readonly rule: CronRule
  private readonly hours: FieldSet
  private readonly minutes: FieldSet
  private readonly seconds: FieldSet
  private readonly days: MonthDays
  private readonly years: ReadonlySet<number> | undefined
  private readonly perHour: number
  private readonly perDay: number
  /** First and last matching second of an hour, and of a day. */
  private readonly firstOfHour: number
  private readonly firstOfDay: number
  private readonly lastOfHour: number
  private readonly lastOfDay: number
  /** By kind of year: the masks of months 1 to 12, and at 0 a bit for each month that has days. Filled when first asked for. */
  private readonly masksOfKind = new Array<Int32Array | undefined>(yearKinds)
  /** The month that was looked at last: [monthFrom, monthUntil) in day numbers, and its mask. */
  private monthFrom = 0
  private monthUntil = 0
  private monthMask = 0

  constructor(rule: CronRule) {
    this.rule = rule
    this.hours = fieldSet(rule.hours, 24)
    this.minutes = fieldSet(rule.minutes, 60)
    this.seconds = fieldSet(rule.seconds, 60)
    this.days = monthDays(rule)
    this.years = rule.years === undefined ? undefined : new Set(rule.years)
    this.perHour = this.minutes.count * this.seconds.count
    this.perDay = this.hours.count * this.perHour
    this.firstOfHour = this.minutes.first * 60 + this.seconds.first
    this.lastOfHour = this.minutes.last * 60 + this.seconds.last
    this.firstOfDay = this.hours.first * 3600 + this.firstOfHour
    this.lastOfDay = this.hours.last * 3600 + this.lastOfHour
  }

  /** The first match ≥ `local`, `Infinity` when there is none before the year 10000. */
  next(local: number): number {
    const day = Math.floor(local / daySeconds)
    if (day < 0) return this.next(0)
    if (this.allowsDay(day)) {
      const second = this.nextOfDay(local - day * daySeconds)
      if (second >= 0) return day * daySeconds + second
    }
    return this.nextDay(day + 1) * daySeconds + this.firstOfDay
  }

  /** The last match ≤ `local`, `-Infinity` when there is none since 1970. */
  previous(local: number): number {
    const day = Math.floor(local / daySeconds)
    if (day >= endDay) return this.previous(endDay * daySeconds - 1)
    if (day < 0) return -Infinity
    if (this.allowsDay(day)) {
      const second = this.previousOfDay(local - day * daySeconds)
      if (second >= 0) return day * daySeconds + second
    }
    return this.previousDay(day - 1) * daySeconds + this.lastOfDay
  }

  /** Whether any year at all has a day that the rule allows. For a rule without years. */
  isPossible(): boolean {
    return yearOfEachKind().some((year) => this.masksOf(year)[0] !== 0)
  }

  matches(local: number): boolean {
    return this.next(local) === local
  }

  /** How many matches lie in [from, until). */
  count(from: number, until: number): number {
    if (until <= from) return 0
    const first = Math.max(0, Math.floor(from / daySeconds))
    const last = Math.min(endDay, Math.floor(until / daySeconds))
    const before = this.allowsDay(first) ? this.rankInDay(Math.max(0, from - first * daySeconds)) : 0
    const inLast = last < endDay && this.allowsDay(last) ? this.rankInDay(until - last * daySeconds) : 0
    return this.countDays(first, last) * this.perDay - before + inLast
  }

  /** Whether the rule allows a day, by its number. */
  allowsDay(day: number): boolean {
    if (day < this.monthFrom || day >= this.monthUntil) this.loadMonth(day)
    return ((this.monthMask >>> (day - this.monthFrom)) & 1) === 1
  }

  private loadMonth(day: number): void {
    const { year, month } = civilDate(day)
    this.useMonth(year, month)
  }

  private useMonth(year: number, month: number): void {
    this.monthFrom = dayNumber(year, month, 1)
    this.monthUntil = this.monthFrom + monthLength(year, month)
    this.monthMask = this.allowsYear(year) ? (this.masksOf(year)[month] ?? 0) : 0
  }

  private allowsYear(year: number): boolean {
    return year <= lastYear && year >= firstYear && (this.years === undefined || this.years.has(year))
  }

  private nextOfDay(second: number): number {
    const { hours, minutes, seconds } = this
    const hour = (second / 3600) | 0
    const hourFound = hours.next[hour] ?? -1
    if (hourFound < 0) return -1
    if (hourFound > hour) return hourFound * 3600 + this.firstOfHour
    const minute = ((second / 60) | 0) - hour * 60
    let minuteFound = minutes.next[minute] ?? -1
    if (minuteFound === minute) {
      const secondFound = seconds.next[second % 60] ?? -1
      if (secondFound >= 0) return hour * 3600 + minute * 60 + secondFound
      minuteFound = minutes.next[minute + 1] ?? -1
    }
    if (minuteFound >= 0) return hour * 3600 + minuteFound * 60 + seconds.first
    const later = hours.next[hour + 1] ?? -1
    return later < 0 ? -1 : later * 3600 + this.firstOfHour
  }

  private previousOfDay(second: number): number {
    const { hours, minutes, seconds } = this
    const hour = (second / 3600) | 0
    const hourFound = hours.previous[hour] ?? -1
    if (hourFound < 0) return -1
    if (hourFound < hour) return hourFound * 3600 + this.lastOfHour
    const minute = ((second / 60) | 0) - hour * 60
    let minuteFound = minutes.previous[minute] ?? -1
    if (minuteFound === minute) {
      const secondFound = seconds.previous[second % 60] ?? -1
      if (secondFound >= 0) return hour * 3600 + minute * 60 + secondFound
      minuteFound = minute === 0 ? -1 : (minutes.previous[minute - 1] ?? -1)
    }
    if (minuteFound >= 0) return hour * 3600 + minuteFound * 60 + seconds.last
    const earlier = hour === 0 ? -1 : (hours.previous[hour - 1] ?? -1)
    return earlier < 0 ? -1 : earlier * 3600 + this.lastOfHour
  }

  /** How many matching seconds of a day are smaller. */
  private rankInDay(second: number): number {
    const { hours, minutes, seconds } = this
    const hour = (second / 3600) | 0
    const before = (hours.rank[hour] ?? 0) * this.perHour
    if (hours.next[hour] !== hour) return before
    const minute = ((second / 60) | 0) - hour * 60
    const beforeMinute = before + (minutes.rank[minute] ?? 0) * seconds.count
    return minutes.next[minute] === minute ? beforeMinute + (seconds.rank[second % 60] ?? 0) : beforeMinute
  }

  /** The first allowed day ≥ `day`, or `Infinity`. Whole years without a day are passed over by their kind. */
  private nextDay(day: number): number {
    if (day >= this.monthFrom && day < this.monthUntil) {
      const rest = this.monthMask & (-1 << (day - this.monthFrom))
      if (rest !== 0) return this.monthFrom + lowestBit(rest)
      day = this.monthUntil
    }
    if (day >= endDay) return Infinity
    const date = civilDate(day)
    let minMonth = date.month
    let minDay = date.day
    for (let year = date.year; year <= lastYear; year++, minMonth = 1, minDay = 1) {
      let months = this.monthsOf(year) & (-1 << (minMonth - 1))
      for (; months !== 0; months &= months - 1, minDay = 1) {
        const month = lowestBit(months) + 1
        this.useMonth(year, month)
        const rest = month === minMonth ? this.monthMask & (-1 << (minDay - 1)) : this.monthMask
        if (rest !== 0) return this.monthFrom + lowestBit(rest)
      }
    }
    return Infinity
  }

  /** The last allowed day ≤ `day`, or `-Infinity`. */
  private previousDay(day: number): number {
    if (day < 0) return -Infinity
    const date = civilDate(day)
    let maxMonth = date.month
    let maxDay = date.day
    for (let year = date.year; year >= firstYear; year--, maxMonth = 12, maxDay = 31) {
      let months = this.monthsOf(year) & ((1 << maxMonth) - 1)
      for (; months !== 0; maxDay = 31) {
        const month = highestBit(months) + 1
        months &= ~(1 << (month - 1))
        this.useMonth(year, month)
        const rest = month === maxMonth ? this.monthMask & upTo(maxDay) : this.monthMask
        if (rest !== 0) return this.monthFrom + highestBit(rest)
      }
    }
    return -Infinity
  }

  /** How many allowed days lie in [from, until). */
  private countDays(from: number, until: number): number {
    let count = 0
    for (let day = from; day < until; day = this.monthUntil) {
      if (day < this.monthFrom || day >= this.monthUntil) this.loadMonth(day)
      const low = this.monthMask & (-1 << (day - this.monthFrom))
      count += bitCount(until >= this.monthUntil ? low : low & upTo(until - this.monthFrom))
    }
    return count
  }

  private monthsOf(year: number): number {
    return this.allowsYear(year) ? (this.masksOf(year)[0] ?? 0) : 0
  }

  private masksOf(year: number): Int32Array {
    const kind = yearKind(year)
    return (this.masksOfKind[kind] ??= this.fillMasks(year))
  }

  private fillMasks(year: number): Int32Array {
    const masks = new Int32Array(13)
    for (const month of this.rule.months) {
      const days = this.days(year, month)
      masks[month] = days
      if (days !== 0) masks[0] = (masks[0] ?? 0) | (1 << (month - 1))
    }
    return masks
  }
}

const lowestBit = (mask: number): number => 31 - Math.clz32(mask & -mask)
const highestBit = (mask: number): number => 31 - Math.clz32(mask)
/** The lowest `count` bits, at most 31. */
const upTo = (count: number): number => (count >= 31 ? 0x7fffffff : (1 << count) - 1)

const bitCount = (mask: number): number => {
  let bits = mask - ((mask >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24
}
