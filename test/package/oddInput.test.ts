/** Every maker of the main entry, given what makes no sense: it takes it or refuses it with a tagged error, never a TypeError. */
import { describe, expect, it } from "vitest"
import * as cronParsing from "../../src/cronParser.ts"
import * as carillon from "../../src/index.ts"

const odd: ReadonlyArray<readonly [string, unknown]> = [
  ["null", null],
  ["nothing", undefined],
  ["text", "x"],
  ["empty text", ""],
  ["a number", 5],
  ["no number", Number.NaN],
  ["a negative number", -1],
  ["a symbol", Symbol("odd")],
  ["a big number", 10n],
  ["a boolean", true],
  ["a list", []],
  ["a list of null", [null]],
  ["an object", {}],
  ["an object without prototype", Object.create(null)],
  ["an invalid date", new Date(Number.NaN)],
  ["a function", () => 1],
  ["unknown options", { surplus: 1 }]
]

const day = carillon.cron("0 9 * * *")
type Maker = (...input: ReadonlyArray<unknown>) => unknown
const made = { ...carillon, ...cronParsing } as unknown as Readonly<Record<string, Maker>>

/** What stands before the odd value, and the fields that it is given in. */
const places: ReadonlyArray<readonly [maker: string, before: ReadonlyArray<unknown>, fields: ReadonlyArray<string>]> = [
  ["date", [], []],
  ["date", [0], ["timezone"]],
  ["interval", [], ["seconds"]],
  ["interval", ["1 second"], ["start", "end", "timezone", "immediately", "after"]],
  ["cron", [], ["hour", "dayOfWeek"]],
  ["cron", ["* * * * *"], ["start", "end", "timezone", "dst"]],
  ["calendarInterval", [], ["days", "hour"]],
  ["calendarInterval", [{ days: 1 }], ["start", "end", "timezone"]],
  ["and", [], []],
  ["and", [[day, day]], ["threshold"]],
  ["or", [], []],
  ["not", [], []],
  ["not", [day], ["weekdays", "months", "dates", "calendar"]],
  ["filter", [day], ["weekdays", "months", "dates", "calendar"]],
  ["filter", [day, { weekdays: "mon" }], ["timezone"]],
  ["jitter", [], []],
  ["jitter", [day], []],
  ["limit", [], []],
  ["limit", [day], []],
  ["window", [], []],
  ["window", [day], ["start", "end", "timezone"]],
  ["stream", [], []],
  ["defineTrigger", [], ["type", "next"]],
  ["fireTimes", [], []],
  ["fireTimes", [day], []],
  ["fireTimes$", [], []],
  ["fireTimes$", [day], []],
  ["describeTrigger", [], []],
  ["describeTrigger", [day], []],
  ["explainFireTime", [], []],
  ["explainFireTime", [day], []],
  ["explainFireTime", [day, 0], ["timezone"]],
  ["holidayCalendar", [], []],
  ["holidayCalendar", ["x"], []],
  ["readCrontab", [], []],
  ["readCrontab", ["* * * * * run"], ["system", "timezone", "file"]],
  ["cronParser", [], []],
  ["cronParser", ["* * * * *"], ["timezone", "start", "end", "hashSeed"]],
  ["compareCron", [], []],
  ["compareCron", ["0 9 * * *"], ["timezone", "after", "until"]],
  ["importFrom", [], []],
  ["importFrom", ["bullmq"], ["name"]],
  ["importFrom", ["bullmq", []], ["cron", "task"]],
  ["task", [], []],
  ["task", ["x"], []],
  ["inProcess", [], ["concurrency", "queue"]],
  [
    "createScheduler",
    [],
    [
      ...["tasks", "store", "stores", "executors", "triggers", "streams", "calendars"],
      ...["timezone", "jobDefaults", "inspect", "clock", "retention", "onError", "cachedJobs"]
    ]
  ]
]

const refusalOf = (make: () => unknown): unknown => {
  try {
    make()
    return undefined
  } catch (error) {
    return error
  }
}

describe("odd input", () => {
  it.each(places)("%s(%j, …) is taken or refused by a tagged error", (maker, before, fields) => {
    const untagged: Array<string> = []
    let refused = 0
    for (const [name, value] of odd) {
      for (const given of [value, ...fields.map((field) => ({ [field]: value }))]) {
        const error = refusalOf(() => made[maker]?.(...before, given))
        if (error === undefined) continue
        refused += 1
        const { _tag: tag, message } = error as { readonly _tag?: unknown; readonly message: string }
        if (typeof tag !== "string") untagged.push(`${name}: ${message}`)
      }
    }
    expect(untagged).toEqual([])
    expect(refused).toBeGreaterThan(3)
  })

  it("names a misspelt option of a trigger", () => {
    expect(() => made["cron"]?.("0 9 * * *", { timeZone: "UTC" })).toThrow(
      /options is "timeZone", expected only timezone/
    )
  })
})
