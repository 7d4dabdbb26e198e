import "cronstrue/locales/sv.js"
import { describe as suite, expect, it } from "vitest"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { defineTrigger } from "../../src/trigger/customTrigger.ts"
import { date } from "../../src/trigger/date.ts"
import { describeTrigger } from "../../src/trigger/describe.ts"
import { explainFireTime } from "../../src/trigger/explain.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
import { stream } from "../../src/trigger/stream.ts"
import type { Trigger, TriggerSpec } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"

const oslo = { timezone: "Europe/Oslo" }

/** A trigger of this stored form, which another version or another program may have written. */
const stored = (spec: TriggerSpec): Trigger => ({ type: spec.type, next: () => undefined, toJSON: () => spec })

suite("describe", () => {
  it.for<readonly [Trigger, string]>([
    [cron("0 9 * * MON-FRI", oslo), "At 09:00, Monday through Friday (Europe/Oslo)"],
    [cron("@daily"), "At 00:00"],
    [cron("0 0 13 * 5"), "At 00:00, on day 13 of the month; or At 00:00, only on Friday"],
    [cron({ hour: "8-10", day: "last fri" }), "when day is last fri and hour is 8-10"],
    [date("2026-01-01T09:00", oslo), "once, at 2026-01-01T09:00 (Europe/Oslo)"],
    [interval({ hours: 1, minutes: 30 }, { after: "run" }), "every 1 hour 30 minutes after the last run ended"],
    [calendarInterval({ months: 2, hour: 3 }, { start: "2026-01-31" }), "every 2 months at 03:00:00, from 2026-01-31"],
    [stream("orders"), 'whenever the stream "orders" emits'],
    [or([interval("1h"), interval("1d")]), "every 1 hour; or every 1 day"],
    [
      and([interval("1h"), interval("1d")], { threshold: 2000 }),
      "when all agree within 2 seconds: every 1 hour; and every 1 day"
    ],
    [
      filter(interval("1h"), { weekdays: "mon-fri", months: [6] }),
      "every 1 hour, only on Monday, Tuesday, Wednesday, Thursday, Friday and in June"
    ],
    [
      not(interval("1h"), { dates: ["2026-05-01", { from: "2026-12-24", through: "2026-12-26" }] }),
      "every 1 hour, except on 2026-05-01, 2026-12-24 to 2026-12-26"
    ],
    [not(interval("1h"), { calendar: "se" }), 'every 1 hour, except on days of the calendar "se"'],
    [window(interval("1h"), { end: 0 }), "every 1 hour, through 1970-01-01T00:00:00.000Z"],
    [limit(jitter(interval("1h"), "5m"), 3), "every 1 hour, up to 5 minutes later, 3 times"],
    [defineTrigger<number>({ type: "moon", next: () => undefined })(2), "moon 2"],
    [stored({ type: "moon" }), "moon"],
    [date(0), "once, at 1970-01-01T00:00:00.000Z"],
    [stored({ type: "date", at: true }), "once, at true"],
    [
      interval({ weeks: 1, days: 2, hours: 3, minutes: 4, seconds: 5, milliseconds: 6 }),
      "every 1 week 2 days 3 hours 4 minutes 5 seconds 6 milliseconds"
    ],
    [interval(1), "every 1 millisecond"],
    [stored({ type: "and", triggers: [{ type: "moon" }], threshold: 0 }), "when all agree within 0 milliseconds: moon"],
    [
      interval("1h", { start: "1969-12-31", end: 0, timezone: "UTC" }),
      "every 1 hour, from 1969-12-31, through 1970-01-01T00:00:00.000Z"
    ],
    [
      calendarInterval(
        { years: 1, weeks: 2, days: 3, hour: 4, minute: 5, second: 16 },
        { start: "2026-01-31", ...oslo }
      ),
      "every 1 year 2 weeks 3 days at 04:05:16 (Europe/Oslo), from 2026-01-31"
    ],
    [stored({ type: "calendarInterval", days: 1, hour: 23 }), "every 1 day at 23:00:00"],
    [cron("0 9 * * 1", { end: 0 }), "At 09:00, only on Monday, through 1970-01-01T00:00:00.000Z"],
    [stored({ type: "cron", fields: { hour: 5 } }), "when hour is 5"],
    [
      filter(interval("1h"), { weekdays: "sun", months: [1, 12] }),
      "every 1 hour, only on Sunday and in January, December"
    ],
    [stored({ type: "window", trigger: 5, start: 0 }), "an unknown trigger, from 1970-01-01T00:00:00.000Z"],
    [stored({ type: "window", trigger: { type: "moon" } }), "moon"],
    [stored({ type: "or", triggers: [{ type: "moon" }, null] }), "moon; or an unknown trigger"],
    [stored({ type: "or", triggers: "none" }), ""],
    [stored({ type: "filter", trigger: { type: "moon" }, weekdays: [9], dates: 5 }), "moon, only on 9 and on "]
  ])("%#", ([trigger, words]) => {
    expect(describeTrigger(trigger)).toBe(words)
  })

  it("tells cron text in another language", () => {
    expect(describeTrigger(cron("0 9 * * 1-5"), "sv")).toBe("Kl 09:00, måndag till fredag")
  })

  it.for(["0 0 */10 * FRI", "0 0 * * 5/2", "0 0 * * *,1", "*/7 * * * *", "0 22-2 * * *", "0 0 1 * MON", "0 0 * * 5-7"])(
    "tells what the other language's dialect of cron reads otherwise in English: %s",
    (text) => {
      expect(describeTrigger(cron(text), "sv")).toBe(describeTrigger(cron(text)))
    }
  )

  it.for([
    ["*/20 * * * * *", "Varje 20 sekund"],
    ["0 0 */6 * * *", "På heltimmen, var 6 timme"],
    ["*/15 * * * *", "Var 15 minut"],
    ["0 */6 * * *", "På heltimmen, var 6 timme"],
    ["0 9 */1 * *", "Kl 09:00"],
    ["0 9 * * MON", "Kl 09:00, varje måndag"],
    ["0 9 1,15 * *", "Kl 09:00, på dag 1 och 15 av månaden"],
    ["0 9-17 * * *", "Varje timme, mellan 09:00 och 17:00"],
    ["0 17 * 1 *", "Kl 17:00, bara på januari"],
    [" @Daily ", "Kl 00:00"]
  ] as const)("tells %s in another language", ([text, words]) => {
    expect(describeTrigger(cron(text), "sv")).toBe(words)
  })

  it.for([
    ["seconds that don't go on evenly", "*/7 * * * * *"],
    ["minutes that don't, of six fields", "0 */7 * * * *"],
    ["hours that don't", "0 */7 * * *"],
    ["a step of days", "0 9 */2 * *"],
    ["a step of months", "0 9 * */2 *"],
    ["a step of weekdays", "0 9 * * */2"],
    ["a step of days, of six fields", "0 0 9 */2 * *"],
    ["a step of months, of six fields", "0 0 9 * */2 *"],
    ["a step of weekdays, of six fields", "0 0 9 * * */2"],
    ["a range of one", "0 9-9 * * *"],
    ["a range over the week's end", "0 9 * * MON-SUN"],
    ["Sunday as seven", "0 9 * * 7"],
    ["the last day", "0 9 L * *"],
    ["a language that is not there", "0 9 * * *", "xx"]
  ])("tells in English what the other language has no words for: %s", ([, text = "", locale = "sv"]) => {
    expect(describeTrigger(cron(text), locale)).toBe(describeTrigger(cron(text)))
  })

  it("tells a language from what is none", () => {
    expect(() => describeTrigger(interval("1h"), 5 as never)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", field: "locale", found: "5" })
    )
  })

  it("tells what is said of several in parentheses", () => {
    const either = or([interval("1h"), cron("0 0 13 * 5")])
    expect(describeTrigger(filter(either, { weekdays: "mon" }))).toBe(
      "(every 1 hour; or (At 00:00, on day 13 of the month; or At 00:00, only on Friday)), only on Monday"
    )
    expect(describeTrigger(cron("0 0 13 * 5", { ...oslo, end: 0 }))).toBe(
      "(At 00:00, on day 13 of the month; or At 00:00, only on Friday) (Europe/Oslo), through 1970-01-01T00:00:00.000Z"
    )
  })
})

const refusals = (trigger: Trigger, instant: string) =>
  explainFireTime(trigger, instant, oslo).refusedBy.map(({ trigger: type, field, found, expected }) => [
    type,
    field,
    found,
    expected
  ])

suite("explainFireTime", () => {
  const weekdays = cron("0 9 * * MON-FRI", oslo)

  it("gives the fire times around a refused instant", () => {
    expect(explainFireTime(weekdays, "2026-11-21T10:00", oslo)).toEqual({
      at: Date.parse("2026-11-21T10:00:00+01:00"),
      fires: false,
      refusedBy: [
        { trigger: "cron", field: "hour", found: "10", expected: "9" },
        { trigger: "cron", field: "day-of-week", found: "sat", expected: "MON-FRI" }
      ],
      previous: Date.parse("2026-11-20T09:00:00+01:00"),
      next: Date.parse("2026-11-23T09:00:00+01:00"),
      text: [
        "2026-11-21T10:00:00+01:00 is no fire time",
        "cron: hour is 10, expected 9",
        "cron: day-of-week is sat, expected MON-FRI",
        "before: 2026-11-20T09:00:00+01:00, after: 2026-11-23T09:00:00+01:00"
      ].join("\n")
    })
  })

  it.for<readonly [string, Trigger, string, ReadonlyArray<ReadonlyArray<string>>]>([
    ["a fire time", weekdays, "2026-11-20T09:00", []],
    ["a wall time moved out of a gap", cron("30 2 * * *", oslo), "2026-03-29T03:30", []],
    [
      "a second pass",
      cron("30 2 * * *", oslo),
      "2026-10-25T02:30:00+01:00",
      [["cron", "dst", "the second pass of a wall time that comes twice", "the first pass"]]
    ],
    ["fields", cron({ week: 1, hour: 0 }, oslo), "2026-01-20T00:00", [["cron", "week", "4", "1"]]],
    [
      "an end",
      cron("0 * * * *", { ...oslo, end: 0 }),
      "2026-01-20T00:00",
      [["cron", "end", "2026-01-20T00:00:00+01:00", "1970-01-01T01:00:00+01:00 or earlier"]]
    ],
    [
      "a filter",
      not(cron("0 9 * * *", oslo), { weekdays: "sat" }, oslo),
      "2026-11-21T09:00",
      [["not", "condition", "sat 2026-11-21", 'not {"weekdays":[6]}']]
    ],
    ["one of two", or([weekdays, cron("0 10 * * *", oslo)]), "2026-11-21T10:00", []],
    [
      "an interval",
      interval("1h", { start: 0, timezone: "UTC" }),
      "1970-01-01T02:00:05Z",
      [["interval", "every", "5000 ms past one", "a whole number of 3600000 ms from 1970-01-01T00:00:00+00:00"]]
    ],
    [
      "a calendar interval",
      calendarInterval({ days: 2, hour: 3 }, { ...oslo, start: "2026-01-01" }),
      "2026-01-02T03:00",
      [["calendarInterval", "date", "2026-01-02", "a date of the sequence"]]
    ]
  ])("%s", ([, trigger, instant, expected]) => {
    const found = refusals(trigger, instant)
    expect(found).toEqual(expected)
  })
})
