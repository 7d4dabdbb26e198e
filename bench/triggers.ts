/**
 * Triggers: cron's next fire time side by side with cron-parser and croner, reading cron text, rare and impossible dates, memory of
 * many jobs, and counting what was missed. Kept objects, iterating from 2026; medians of alternating rounds.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { CronExpressionParser } from "cron-parser"
import { Cron } from "croner"
import { compileCron, cron } from "../src/trigger/cron/cron.ts"
import { filter } from "../src/trigger/filter.ts"
import type { Trigger } from "../src/trigger/trigger.ts"
import type { BenchSettings, Figure } from "./figure.ts"
import { atLeast, atMost, figure } from "./figure.ts"
import { median } from "./meter.ts"

const expressions = ["*/5 * * * *", "0 9 * * 1-5", "0 0 29 2 *", "*/10 * * * * *"]
const timezones = ["UTC", "Europe/Stockholm"]
const start = Date.UTC(2026, 0, 1)
/** Rare expressions begin anew here, so that all stay in years that matter. */
const end = Date.UTC(2126, 0, 1)

export const measure = async ({ scale, rounds }: BenchSettings): Promise<ReadonlyArray<Figure>> => [
  ...timezones.flatMap((timezone) =>
    expressions.flatMap((expression) => nextTimes(expression, timezone, scale, rounds))
  ),
  ...reading(scale, rounds),
  ...rareDates(rounds),
  ...catchingUp(rounds),
  memory(scale)
]

/** Microseconds a call of `step`, which does one operation. */
const micros = (count: number, step: () => void): number => {
  const startedMs = performance.now()
  for (let done = 0; done < count; done++) step()
  return ((performance.now() - startedMs) / count) * 1000
}

const ourStep = (trigger: Trigger): (() => void) => {
  let at = start
  return () => {
    const next = trigger.next(at)
    at = next === undefined || next > end ? start : next
  }
}

const cronParserStep = (expression: string, timezone: string): (() => void) => {
  const iterator = CronExpressionParser.parse(expression, { tz: timezone, currentDate: new Date(start) })
  return () => {
    if (iterator.next().getTime() > end) iterator.reset(new Date(start))
  }
}

const cronerStep = (expression: string, timezone: string): (() => void) => {
  const job = new Cron(expression, { timezone, paused: true })
  let at = new Date(start)
  return () => {
    const next = job.nextRun(at)
    at = next === null || next.getTime() > end ? new Date(start) : next
  }
}

const nextTimes = (expression: string, timezone: string, scale: number, rounds: number): ReadonlyArray<Figure> => {
  const [ours, cronParser, croner] = [
    ourStep(cron(expression, { timezone })),
    cronParserStep(expression, timezone),
    cronerStep(expression, timezone)
  ]
  const rare = expression.includes("29")
  const [ourCount, rivalCount] = [Math.ceil(200_000 * scale), Math.ceil((rare ? 200 : 4000) * scale)]
  micros(ourCount, ours)
  micros(rivalCount, cronParser)
  micros(rivalCount, croner)
  // Side by side in each round: a busy moment is busy for all three.
  const all = Array.from({ length: Math.max(3, rounds) }, () => ({
    ours: micros(ourCount, ours),
    cronParser: micros(rivalCount, cronParser),
    croner: micros(rivalCount, croner)
  }))
  const value = median(all.map((round) => round.ours))
  const times = (rival: "cronParser" | "croner") => median(all.map((round) => round[rival] / round.ours))
  const beside = (rival: "cronParser" | "croner", name: string) => ({
    name,
    value: median(all.map((round) => round[rival]))
  })
  const name = `next of ${expression}, ${timezone}`
  return [
    figure({ name, unit: "µs", value, beside: beside("cronParser", "cron-parser, µs") }),
    figure({ name, unit: "µs", value, beside: beside("croner", "croner, µs") }),
    figure({ name: "  faster than cron-parser", unit: "times", value: times("cronParser"), target: atLeast(50) }),
    figure({ name: "  faster than croner", unit: "times", value: times("croner"), target: atLeast(50) })
  ]
}

const reading = (scale: number, rounds: number): ReadonlyArray<Figure> => {
  const count = Math.ceil(10_000 * scale)
  let made = 0
  // A text never seen before each time: blanks make it new and cost nothing to read.
  const fresh = () => {
    made += 1
    return `${made % 60} ${made % 24} ${(made % 28) + 1} * ${made % 7}${" ".repeat(made % 7)}${"\t".repeat(Math.floor(made / 7) % 100)}`
  }
  micros(count, () => compileCron(fresh()))
  const ours = median(Array.from({ length: rounds }, () => micros(count, () => compileCron(fresh()))))
  const parser = median(
    Array.from({ length: rounds }, () => micros(count / 10, () => CronExpressionParser.parse(fresh())))
  )
  return [
    figure({
      name: "compile cron text",
      unit: "µs",
      value: ours,
      target: atMost(30),
      beside: { name: "cron-parser, µs", value: parser }
    })
  ]
}

const rareDates = (rounds: number): ReadonlyArray<Figure> => {
  const rare = (timezone: string) =>
    median(
      Array.from(
        { length: rounds * 20 },
        () => micros(1, () => cron({ month: 2, day: 29, dayOfWeek: "mon" }, { timezone }).next(start)) / 1000
      )
    )
  let made = 0
  const impossible = () => {
    made += 1
    try {
      compileCron(`0 0 30 2 *${" ".repeat(made)}`)
    } catch {
      // That it is refused is what is measured.
    }
  }
  let searches = 0
  const never = () => {
    searches += 1
    try {
      filter(cron("0 0 * * 1", { timezone: "Europe/Stockholm" }), { weekdays: "sat" }).next(start + searches)
    } catch {
      // So is this.
    }
  }
  return [
    figure({ name: "29 February on a Monday, UTC", unit: "ms", value: rare("UTC"), target: atMost(1) }),
    figure({
      name: "29 February on a Monday, Europe/Stockholm",
      unit: "ms",
      value: rare("Europe/Stockholm"),
      target: atMost(1)
    }),
    figure({
      name: "refusing 30 February",
      unit: "ms",
      value: median(Array.from({ length: rounds * 20 }, () => micros(1, impossible) / 1000)),
      target: atMost(1)
    }),
    figure({
      name: "giving up on Mondays that are Saturdays",
      unit: "ms",
      value: median(Array.from({ length: rounds * 3 }, () => micros(1, never) / 1000)),
      target: atMost(50)
    })
  ]
}

const catchingUp = (rounds: number): ReadonlyArray<Figure> => {
  const trigger = cron("* * * * * *", { timezone: "Europe/Stockholm" })
  const year = 365 * 86_400_000
  const value = median(Array.from({ length: rounds }, () => micros(1000, () => trigger.count?.(start, start + year))))
  return [figure({ name: "counting a year of missed seconds", unit: "µs", value, target: atMost(100) })]
}

/** Bytes a job of 100,000 cron triggers over 500 expressions. */
const memory = (scale: number): Figure => {
  const count = Math.ceil(100_000 * scale)
  const patterns = Array.from({ length: 500 }, (_, index) => `${index % 60} ${Math.floor(index / 60)} * * *`)
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  collect()
  const before = process.memoryUsage().heapUsed
  const kept = Array.from({ length: count }, (_, index) =>
    cron(patterns[index % 500] ?? "", { timezone: "Europe/Stockholm" })
  )
  collect()
  const bytes = (process.memoryUsage().heapUsed - before) / kept.length
  return figure({ name: "memory of a cron trigger, 500 expressions", unit: "bytes", value: bytes, target: atMost(200) })
}
