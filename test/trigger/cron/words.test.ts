/**
 * The words of cron text, read back: a reader of their grammar that knows nothing of how they were made says when a trigger so described
 * would fire, and the trigger fires then and at no other time.
 */
import fc from "fast-check"
import { describe as suite, expect, it } from "vitest"
import { civilDate, monthLength } from "../../../src/time/civil.ts"
import { cron } from "../../../src/trigger/cron/cron.ts"
import { describeTrigger } from "../../../src/trigger/describe.ts"

const names = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
const months = "January February March April May June July August September October November December".split(" ")
const nths = ["first", "second", "third", "fourth", "fifth"]

type Holds = (time: Time) => boolean
interface Time {
  readonly second: number
  readonly minute: number
  readonly hour: number
  readonly day: number
  readonly month: number
  readonly year: number
  readonly weekday: number
}
const timeOf = (at: number): Time => {
  const date = new Date(at)
  const second = Math.floor(at / 1000)
  return {
    second: second % 60,
    minute: Math.floor(second / 60) % 60,
    hour: Math.floor(second / 3600) % 24,
    ...civilDate(Math.floor(at / 86_400_000)),
    weekday: date.getUTCDay()
  }
}

const items = (text: string): ReadonlyArray<string> => text.split(/, and | and |, /)
const any =
  (parts: ReadonlyArray<Holds>): Holds =>
  (time) =>
    parts.some((part) => part(time))

/** `0 through 10, 20, and 30` or `every 7th minute from 0 through 56`. */
const readNumbers = (text: string): ((value: number) => boolean) => {
  const step = /^every (\d+)(?:st|nd|rd|th) \w+ from (\d+) through (\d+)$/.exec(text)?.slice(1).map(Number)
  if (step !== undefined) {
    const [every = 1, from = 0, through = 0] = step
    return (value) => value >= from && value <= through && (value - from) % every === 0
  }
  const spans = items(text).map((item) => {
    const match = /^(\d+)(?: through (\d+))?$/.exec(item)
    if (match === null) throw new Error(`no numbers: ${text}`)
    return [Number(match[1]), Number(match[2] ?? match[1])] as const
  })
  return (value) => spans.some(([from, through]) => value >= from && value <= through)
}

const readTime = (clause: string): Holds => {
  let match = /^Every (?:(\d+) )?(second|minute|hour)s?$/.exec(clause)
  if (match !== null) {
    const [step, unit] = [Number(match[1] ?? 1), match[2]]
    if (unit === "second") return ({ second }) => second % step === 0
    if (unit === "minute") return ({ second, minute }) => second === 0 && minute % step === 0
    return ({ second, minute, hour }) => second === 0 && minute === 0 && hour % step === 0
  }
  match = /^At (.*?)(?: (second|minute)s?)? past the (minute|hour)$/.exec(clause)
  if (match !== null) {
    const allows = readNumbers(match[1] ?? "")
    return match[3] === "minute"
      ? ({ second }) => allows(second)
      : ({ second, minute }) => second === 0 && allows(minute)
  }
  const clocks = items(clause.replace(/^At /, "")).map((clock) => {
    if (!/^\d\d:\d\d(:\d\d)?$/.test(clock)) throw new Error(`no clock: ${clause}`)
    return clock.length === 5 ? `${clock}:00` : clock
  })
  return ({ hour, minute, second }) =>
    clocks.includes([hour, minute, second].map((value) => String(value).padStart(2, "0")).join(":"))
}

const readDay = (item: string): Holds => {
  const nth = /^the (first|second|third|fourth|fifth|last) ([A-Z]\w+day)(?: of the month)?$/.exec(item)
  if (nth !== null) {
    const [, which = "", name = ""] = nth
    return ({ day, weekday, year, month }) =>
      weekday === names.indexOf(name) &&
      (which === "last" ? day + 7 > monthLength(year, month) : Math.ceil(day / 7) === nths.indexOf(which) + 1)
  }
  if (names.includes(item)) return ({ weekday }) => names[weekday] === item
  if (item === "the last day") return ({ day, month, year }) => day === monthLength(year, month)
  const before = /^(\d+) days? before the last day$/.exec(item)
  if (before !== null) return ({ day, month, year }) => day === monthLength(year, month) - Number(before[1])
  const nearest = /^the Monday to Friday nearest to day (\d+)$/.exec(item)
  const wanted = ({ month, year }: Time) => (nearest === null ? monthLength(year, month) : Number(nearest[1]))
  if (nearest === null && item !== "the last Monday to Friday") throw new Error(`no day: ${item}`)
  return (time) => {
    const target = wanted(time)
    const length = monthLength(time.year, time.month)
    if (target > length || time.weekday === 0 || time.weekday === 6) return false
    const workday = (day: number) => {
      const weekday = (((time.weekday + day - time.day) % 7) + 7) % 7
      return day >= 1 && day <= length && weekday !== 0 && weekday !== 6
    }
    // `LW` looks back only; `15W` to the nearer side, inside the month.
    const order = nearest === null ? [0, -1, -2] : [0, -1, 1, 2, -2]
    return time.day === target + (order.find((distance) => workday(target + distance)) ?? NaN)
  }
}

const between = (names: ReadonlyArray<string>, from: string, through: string) => (name: string | undefined) => {
  const order = names === months ? months : [...names.slice(1), "Sunday"]
  const [low, high, at] = [order.indexOf(from), order.indexOf(through), order.indexOf(name ?? "")]
  return at >= low && at <= high
}

/** One clause after the first. */
const readClause = (clause: string): Holds => {
  let match = /^in (?:minute )?(.*) of the hour$/.exec(clause)
  if (match !== null) {
    const allows = readNumbers(match[1] ?? "")
    return ({ minute }) => allows(minute)
  }
  if (clause.startsWith("between ")) {
    const hours = clause.split(/, and (?=between)| and (?=between)|, (?=between)/).map((item) => {
      const [from = 0, through = 0] = [...item.matchAll(/(\d\d):/g)].map((each) => Number(each[1]))
      return ({ hour }: Time) => (from <= through ? hour >= from && hour <= through : hour >= from || hour <= through)
    })
    return any(hours)
  }
  match = /^on (.*) of the month$/.exec(clause)
  if (match !== null) {
    const text = match[1] ?? ""
    const every = /^every \d+\w+ day from \d+ through \d+/.exec(text)?.[0]
    const parts =
      every === undefined ? items(text) : [every, ...items(text.slice(every.length)).filter((item) => item !== "")]
    return any(
      parts.map((item, index) => {
        if (!/^(?:day )?\d+(?: through \d+)?$|^every/.test(item)) return readDay(item)
        if (index === 0 && !item.startsWith("day ") && every === undefined) throw new Error(`no day: ${clause}`)
        const allows = readNumbers(item.replace(/^day /, ""))
        return ({ day }) => allows(day)
      })
    )
  }
  match = /^(only (?:on|in) )?([A-Z]\w+) through ([A-Z]\w+)$/.exec(clause)
  if (match !== null) {
    const [, , from = "", through = ""] = match
    const inMonths = between(months, from, through)
    const inWeek = between(names, from, through)
    return months.includes(from) ? ({ month }) => inMonths(months[month - 1]) : ({ weekday }) => inWeek(names[weekday])
  }
  if (clause.startsWith("only in ")) {
    const allowed = items(clause.slice(8))
    if (!allowed.every((name) => months.includes(name))) throw new Error(`no months: ${clause}`)
    return ({ month }) => allowed.includes(months[month - 1] ?? "")
  }
  if (clause.startsWith("only on ")) return any(items(clause.slice(8)).map(readDay))
  throw new Error(`not understood: ${clause}`)
}

const readWords = (words: string): Holds =>
  any(
    words.split("; or ").map((sentence) => {
      const [time = "", ...clauses] = sentence.split(/, (?=in (?:minute|every)|between|on |only |[A-Z]\w+ through)/)
      // A list of hours goes on with "between", a list of weekdays not.
      const joined = clauses.reduce<ReadonlyArray<string>>((found, clause) => {
        const last = found.at(-1)
        return clause.startsWith("between") && last?.startsWith("between") === true
          ? [...found.slice(0, -1), `${last}, ${clause}`]
          : [...found, clause]
      }, [])
      const parts = [readTime(time), ...joined.map(readClause)]
      return (at: Time) => parts.every((part) => part(at))
    })
  )

const number = (min: number, max: number) => fc.integer({ min, max }).map(String)
const ranged = (min: number, max: number) =>
  fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }), fc.integer({ min: 1, max: 7 }), fc.boolean())
    .map(([from, through, step, plain]) => `${from}-${through}${plain ? "" : `/${step}`}`)
const field = (min: number, max: number, ...special: ReadonlyArray<fc.Arbitrary<string>>) => {
  const item = fc.oneof(
    number(min, max),
    ranged(min, max),
    fc.tuple(number(min, max), number(1, 7)).map(([from, step]) => `${from}/${step}`),
    number(2, Math.min(12, max - min)).map((step) => `*/${step}`),
    fc.constant("*"),
    ...special
  )
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant("*") },
    { weight: 2, arbitrary: number(min, max) },
    { weight: 4, arbitrary: item },
    { weight: 1, arbitrary: fc.array(item, { minLength: 2, maxLength: 4 }).map((list) => list.join(",")) }
  )
}
const expressions = fc
  .tuple(
    fc.option(field(0, 59), { nil: undefined, freq: 3 }),
    field(0, 59),
    field(0, 23),
    field(
      1,
      31,
      fc.constantFrom("L", "last", "LW", "L-1", "L-3", "?"),
      number(1, 31).map((day) => `${day}W`)
    ),
    field(1, 12, fc.constantFrom("jan-mar", "nov-feb", "dec")),
    field(0, 7, fc.constantFrom("sun", "mon-fri", "fri-mon", "5#3", "1#5", "sunL", "6L", "?"))
  )
  .map((fields) => fields.filter((each) => each !== undefined).join(" "))

suite("the words of cron text", () => {
  it("say what fires and nothing else", () => {
    fc.assert(
      fc.property(
        expressions,
        fc.array(fc.nat({ max: 4 * 366 * 86_400 }), { minLength: 60, maxLength: 60 }),
        (text, draws) => {
          const trigger = possible(text)
          if (trigger === undefined) return
          const words = describeTrigger(trigger).replace(/ \(UTC\)$/, "")
          const says = readWords(words)
          const agree = (at: number) => {
            const fires = trigger.next(at - 1) === at
            const said = says(timeOf(at))
            if (said !== fires) expect(`${text}: ${words}: ${new Date(at).toISOString()} ${fires}`).toBe(said)
          }
          const start = Date.UTC(2024, 0, 1)
          const first = trigger.next(start - 1) ?? start
          for (const draw of draws) {
            const at = start + draw * 1000
            agree(at)
            const next = trigger.next(at)
            if (next !== undefined) for (const near of [next, next + 1000, next + 60_000, next + 3_600_000]) agree(near)
            // The same time of another day, so that the days are looked at.
            agree(start + Math.floor(draw / 86_400) * 86_400_000 + (first % 86_400_000))
          }
        }
      ),
      { numRuns: process.env["EXHAUSTIVE"] === undefined ? 400 : 20_000, seed: 11 }
    )
  })

  it.for([
    ["0 0 */10 * FRI", "At 00:00, on day 1, 11, 21, and 31 of the month, only on Friday"],
    ["0 0 * * 5/2", "At 00:00, only on Friday and Sunday"],
    ["0 0 * * 1/2", "At 00:00, only on Monday, Wednesday, Friday, and Sunday"],
    ["0 0 * * 2/1", "At 00:00, Tuesday through Sunday"],
    ["0 0 * * *,1", "At 00:00"],
    ["0 0 0,* * * *", "Every hour"],
    ["0 0 *,5 * *", "At 00:00"],
    ["*/7 * * * *", "At every 7th minute from 0 through 56 past the hour"],
    ["*/15 9-17 * * 1-5", "Every 15 minutes, between 09:00 and 17:59, Monday through Friday"],
    ["* 22-2 * * *", "Every minute, between 22:00 and 02:59"],
    ["*/10 0-4,30 * * * *", "Every 10 seconds, in minute 0 through 4 and 30 of the hour"],
    ["0 17 last * *", "At 17:00, on the last day of the month"],
    ["0 9 * * 1#1,5L", "At 09:00, only on the first Monday of the month and the last Friday of the month"],
    ["0 0 13 * */2", "At 00:00, on day 13 of the month, only on Tuesday, Thursday, Saturday, and Sunday"],
    ["0 0 1 jan-mar *", "At 00:00, on day 1 of the month, January through March"],
    ["0 9 L-1 * *", "At 09:00, on 1 day before the last day of the month"],
    ["0 9 L-2 * *", "At 09:00, on 2 days before the last day of the month"],
    ["0 9,12,15 * * *", "At 09:00, 12:00, and 15:00"],
    ["0 9 * * mon,tue", "At 09:00, only on Monday and Tuesday"],
    ["0 9 * 1,2 *", "At 09:00, only in January and February"],
    ["0 9 * 1,3,4 *", "At 09:00, only in January, March, and April"],
    ["5 */7 * * * *", "At 5 seconds past the minute, in every 7th minute from 0 through 56 of the hour"],
    ["3/7 * * * *", "At every 7th minute from 3 through 59 past the hour"],
    ["1 * * * *", "At 1 minute past the hour"],
    ["5-6 * * * *", "At 5 and 6 minutes past the hour"],
    ["5-7 * * * *", "At 5 through 7 minutes past the hour"],
    ["0 */12 * * *", "At 00:00 and 12:00"],
    ["*/30 * * * *", "Every 30 minutes"],
    ["* * 9 * * *", "Every second, between 09:00 and 09:59"],
    ["0 0 0-2 * * *", "At 00:00, 01:00, and 02:00"],
    ["30 0 * * * *", "At 30 seconds past the minute, in minute 0 of the hour"],
    ["15 0-12 * * *", "At 15 minutes past the hour, between 00:00 and 12:59"],
    ["0 9 1,3,5,7,9,11,13,15,17 * *", "At 09:00, on every 2nd day from 1 through 17 of the month"]
  ])("of %s", ([text = "", words]) => {
    expect(describeTrigger(cron(text))).toBe(words)
  })
})

/** A date that no year has is refused. */
const possible = (text: string) => {
  try {
    return cron(text, { timezone: "UTC" })
  } catch {
    return undefined
  }
}
