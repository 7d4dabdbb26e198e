/** The table of docs/dst.md: made here from what the triggers do, and compared with what the page says. `UPDATE_DOCS=1` writes it. */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { formatInstant, zoneOf } from "../../src/time/zone.ts"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { date } from "../../src/trigger/date.ts"
import { interval } from "../../src/trigger/interval.ts"
import type { Trigger } from "../../src/trigger/trigger.ts"

const stockholm = { timezone: "Europe/Stockholm" }
const everyMatch = { ...stockholm, dst: "every-match" } as const

interface Row {
  readonly trigger: string
  readonly dst: string
  /** `day` is the day of the transition. */
  readonly make: (day: string, dayBefore: string) => Trigger
}

const cronRow = (expression: string, dst: "compatible" | "every-match"): Row => ({
  trigger: `cron("${expression}")`,
  dst,
  make: () => cron(expression, dst === "compatible" ? stockholm : everyMatch)
})

const rows: ReadonlyArray<Row> = [
  ...["30 2 * * *", "0,30 2,3 * * *", "0 1-3 * * *"].flatMap((each) => [
    cronRow(each, "compatible"),
    cronRow(each, "every-match")
  ]),
  ...["0 * * * *", "*/30 * * * *", "0 */2 * * *", "*/30 2 * * *"].map((each) => cronRow(each, "compatible")),
  { trigger: "cron({ hour: 2, minute: 30 })", dst: "compatible", make: () => cron({ hour: 2, minute: 30 }, stockholm) },
  {
    trigger: "cron({ hour: 2, minute: 30 })",
    dst: "every-match",
    make: () => cron({ hour: 2, minute: 30 }, everyMatch)
  },
  { trigger: "cron({ minute: 30 })", dst: "compatible", make: () => cron({ minute: 30 }, stockholm) },
  {
    trigger: "calendarInterval({ days: 1, hour: 2, minute: 30 })",
    dst: "",
    make: (_day, dayBefore) => calendarInterval({ days: 1, hour: 2, minute: 30 }, { ...stockholm, start: dayBefore })
  },
  {
    trigger: "interval({ days: 1 }) from 02:30 the day before",
    dst: "",
    make: (_day, dayBefore) => interval({ days: 1 }, { ...stockholm, start: `${dayBefore}T02:30` })
  },
  {
    trigger: "interval({ hours: 1 }) from midnight",
    dst: "",
    make: (day) => interval({ hours: 1 }, { ...stockholm, start: `${day}T00:00` })
  },
  { trigger: 'date("…T02:30")', dst: "", make: (day) => date(`${day}T02:30`, stockholm) },
  {
    trigger: 'cron("*/30 * * * *", { start: "…T02:30" })',
    dst: "compatible",
    make: (day) => cron("*/30 * * * *", { ...stockholm, start: `${day}T02:30` })
  }
]

/** Fire times from 01:00 through 04:00 on the clock, with their offsets. */
const fires = (row: Row, day: string, dayBefore: string, from: string, through: string): string => {
  const trigger = row.make(day, dayBefore)
  const found: Array<string> = []
  for (
    let at = trigger.next(Date.parse(from) - 1);
    at !== undefined && at <= Date.parse(through);
    at = trigger.next(at)
  ) {
    found.push(formatInstant(zoneOf(stockholm.timezone), at).replace(/^.*T(\d\d:\d\d):00([+-]\d\d):00$/, "$1 ($2)"))
  }
  return found.length === 0 ? "none" : found.join(", ")
}

const table = [
  "| trigger | `dst` | gap: 29 March 2026, 01:00 to 04:00 | fold: 25 October 2026, 01:00 to 04:00 |",
  "| --- | --- | --- | --- |",
  ...rows.map((row) => {
    const gap = fires(row, "2026-03-29", "2026-03-28", "2026-03-29T01:00:00+01:00", "2026-03-29T04:00:00+02:00")
    const fold = fires(row, "2026-10-25", "2026-10-24", "2026-10-25T01:00:00+02:00", "2026-10-25T04:00:00+01:00")
    return `| \`${row.trigger}\` | ${row.dst} | ${gap} | ${fold} |`
  })
].join("\n")

describe("the table of docs/dst.md", () => {
  const page = fileURLToPath(new URL("../../docs/dst.md", import.meta.url))
  const [begin, end] = ["<!-- table: begin -->", "<!-- table: end -->"]

  it("says what the triggers do", () => {
    const text = readFileSync(page, "utf8")
    const [before = "", rest = ""] = text.split(begin)
    const [written = "", after = ""] = rest.split(end)
    if (process.env["UPDATE_DOCS"] !== undefined) writeFileSync(page, `${before}${begin}\n\n${table}\n\n${end}${after}`)
    else expect(cellsOf(written)).toEqual(cellsOf(table))
  })
})

/** Without the blanks that a formatter may add to columns. */
const cellsOf = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  text
    .split("\n")
    .filter((line) => line.startsWith("|") && !/^\|[ -|]*\|$/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()))
