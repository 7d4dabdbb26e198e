import { describe, expect, it } from "vitest"
import { cron } from "../../src/trigger/cron/cron.ts"
import { defineTrigger } from "../../src/trigger/customTrigger.ts"
import { date } from "../../src/trigger/date.ts"
import { checkedNext } from "../../src/trigger/checkedTrigger.ts"
import { holidayCalendar } from "../../src/trigger/holidayCalendar.ts"
import { interval } from "../../src/trigger/interval.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import { stream } from "../../src/trigger/stream.ts"
import type { Trigger, TriggerSpec } from "../../src/trigger/trigger.ts"
import { window } from "../../src/trigger/window.ts"

const everySecondHour = defineTrigger<{ readonly hours: number }>({
  type: "every-hours",
  next: (after, { hours }) => (Math.floor(after / (hours * 3_600_000)) + 1) * hours * 3_600_000,
  readState: (state) => {
    if (typeof state === "object" && state !== null && "hours" in state && typeof state["hours"] === "number")
      return { hours: state["hours"] }
    throw new Error("an object with hours")
  }
})

describe("createTriggerRegistry", () => {
  it("reads a custom trigger with its state, also inside others", () => {
    const registry = createTriggerRegistry([everySecondHour])
    const stored = window(everySecondHour({ hours: 2 }), { start: 0 }).toJSON()
    expect(stored).toEqual({ type: "window", trigger: { type: "every-hours", state: { hours: 2 } }, start: 0 })
    expect(registry.read(stored).next(7_200_000)).toBe(14_400_000)
  })

  it("refuses a state that is not the trigger's", () => {
    expect(() => createTriggerRegistry([everySecondHour]).read({ type: "every-hours", state: { hours: "2" } })).toThrow(
      expect.objectContaining({
        _tag: "InvalidTriggerError",
        trigger: "every-hours",
        field: "state",
        expected: "an object with hours"
      })
    )
  })

  it("names a type that is not registered", () => {
    expect(() => createTriggerRegistry().read({ type: "every-hours" })).toThrow(
      expect.objectContaining({ _tag: "UnknownTriggerError", type: "every-hours" })
    )
  })

  it("refuses a type that is registered twice", () => {
    expect(() => createTriggerRegistry([everySecondHour, everySecondHour])).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError" })
    )
  })

  it.for<unknown>([
    null,
    [],
    {},
    { type: "cron" },
    { type: "cron", expression: 5 },
    { type: "cron", expression: "* * * * *", fields: {} },
    { type: "cron", expression: "* * * * *", timezone: 3 },
    { type: "cron", expression: "* * * * *", surprise: true },
    { type: "cron", expression: "* * * * *", start: {} },
    { type: "date" },
    { type: "interval", every: "5" },
    { type: "interval", every: 0 },
    { type: "interval", every: 5, after: "start" },
    { type: "stream" },
    { type: "window", trigger: 5 },
    { type: "or", triggers: [1] },
    { type: "jitter", trigger: { type: "stream", stream: "a" }, max: 5 },
    { type: "filter", trigger: { type: "date", at: 0 } },
    { type: "limit", trigger: { type: "date", at: 0 }, count: 1.5 },
    nest(40)
  ])("refuses %j", (spec) => {
    expect(() => createTriggerRegistry().read(spec as TriggerSpec)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError" })
    )
  })

  it("settles a trigger for a job and refuses one it could not read back", () => {
    const binding = { now: 1000, timezone: "Asia/Tokyo", jobId: "a" }
    expect(createTriggerRegistry().settle(interval("5s"), binding).toJSON()).toEqual({
      type: "interval",
      every: 5000,
      start: 6000
    })
    expect(() => createTriggerRegistry().settle(everySecondHour({ hours: 1 }), binding)).toThrow(
      expect.objectContaining({ _tag: "UnknownTriggerError" })
    )
  })

  it("waits for the binding's zone to read text", () => {
    const settled = createTriggerRegistry().settle(interval("1d", { start: "2026-01-01" }), {
      now: 0,
      timezone: "Asia/Tokyo",
      jobId: "a"
    })
    expect(settled.next(0)).toBe(Date.parse("2026-01-01T00:00:00+09:00"))
  })
})

describe("a registry", () => {
  const free = holidayCalendar("free", ["2026-05-01"])
  const onFree = { type: "filter", trigger: { type: "date", at: 0 }, calendar: "free" }

  it("names its types in order, the custom ones last", () => {
    const { types } = createTriggerRegistry([everySecondHour])
    expect([types[0], types.at(-1), new Set(types).size]).toEqual(["cron", "every-hours", types.length])
    expect([...types].toSorted()).toEqual(
      [
        ...["and", "calendarInterval", "cron", "date", "every-hours", "filter", "interval", "jitter", "limit", "not"],
        ...["or", "stream", "window"]
      ].toSorted()
    )
  })

  it("says which types there are where it knows none by a name", () => {
    expect(() => createTriggerRegistry().read({ type: "moon" })).toThrow(
      /^trigger type "moon" is not registered, expected one of cron, .*limit/
    )
  })

  it("finds calendars that it is given, and those that are added", () => {
    expect(createTriggerRegistry([], [free]).read(onFree).toJSON()).toEqual(onFree)
    const registry = createTriggerRegistry()
    expect(() => registry.read(onFree)).toThrow(
      expect.objectContaining({ _tag: "UnknownCalendarError", calendar: "free", known: [] })
    )
    expect(registry.addCalendar(free)).toBe(true)
    expect(registry.read(onFree).toJSON()).toEqual(onFree)
    expect(() => registry.read({ ...onFree, calendar: "other" })).toThrow(expect.objectContaining({ known: ["free"] }))
  })

  it("takes a calendar again, and no other by its name", () => {
    const registry = createTriggerRegistry([], [free])
    expect(registry.addCalendar(free)).toBe(true)
    expect(registry.addCalendar(holidayCalendar("free", []))).toBe(false)
    expect(registry.addCalendar(holidayCalendar("busy", []))).toBe(true)
    expect(() => registry.read({ ...onFree, calendar: "other" })).toThrow(
      expect.objectContaining({ known: ["free", "busy"] })
    )
  })

  it("reads triggers in each other 32 levels deep", () => {
    const registry = createTriggerRegistry()
    expect(registry.read(nest(31)).toJSON()).toEqual(nest(31))
    expect(() => registry.read(nest(32))).toThrow(
      expect.objectContaining({ trigger: "date", field: "depth", found: "33 levels", expected: "at most 32" })
    )
  })

  it.for<readonly [string, TriggerSpec]>([
    ["an interval", { type: "interval", every: 5, start: 9, end: 1 }],
    ["one in another", { type: "window", trigger: { type: "interval", every: 5, start: 9, end: 1 } }],
    [
      "a calendar interval",
      { type: "calendarInterval", days: 1, start: "2026-05-01", end: "2026-04-01", timezone: "UTC" }
    ]
  ])("refuses a start after the end of what a user wrote, and reads it of what is stored: %s", ([, spec]) => {
    const registry = createTriggerRegistry()
    expect(registry.read(spec).next(0)).toBeUndefined()
    expect(() => registry.readStated(spec)).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError" }))
    expect(registry.readStated({ type: "date", at: 5 }).next(0)).toBe(5)
  })
})

describe("triggers that follow runs or streams", () => {
  it("answers a fixed delay from the end of the last run", () => {
    const trigger = interval("5s", { after: "run" }).bind?.({ now: 1000, timezone: "UTC", jobId: "a" })
    expect([trigger?.after, trigger?.next(0), trigger?.next(6000), trigger?.next(7777)]).toEqual([
      "run",
      6000,
      11_000,
      12_777
    ])
  })

  it("carries the name of a stream and no fire times", () => {
    const trigger = createTriggerRegistry().read(stream("orders").toJSON())
    expect([trigger.stream, trigger.next(0)]).toEqual(["orders", undefined])
  })
})

describe("what is given for a length or an instant", () => {
  it.for<readonly [string, () => unknown, string, string]>([
    ["a unit that is none", () => interval({ hour: 1 } as object), "length", "hour"],
    ["one unit that is none", () => interval({ hours: 1, minute: 5 } as object), "length", "minute"],
    ["no unit", () => interval({}), "length", "an object without a unit"],
    ["no instant", () => date(undefined as unknown as number), "at", "undefined"],
    ["words", () => date("tomorrow"), "at", "tomorrow"],
    ["a day that is none", () => date("2026-02-30"), "at", "2026-02-30"]
  ])("is refused by name: %s", ([, make, field, found]) => {
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError", field, found }))
  })
})

describe("honestNext", () => {
  const lying = (next: (after: number) => unknown): Trigger => ({
    type: "liar",
    next: next as Trigger["next"],
    toJSON: () => ({ type: "liar" })
  })

  it.for<readonly [string, (after: number) => unknown]>([
    ["notLater", (after) => after],
    ["notLater", (after) => after - 1],
    ["notAnInstant", () => NaN],
    ["notAnInstant", () => 1.5],
    ["notAnInstant", () => Infinity],
    ["notAnInstant", () => 8.64e15 + 1],
    ["notAnInstant", () => null],
    ["notAnInstant", () => "2026-01-01"],
    ["notAnInstant", () => new Date(5000)],
    ["notAnInstant", () => Promise.resolve(5)],
    [
      "threw",
      () => {
        throw new Error("no")
      }
    ],
    [
      "threw",
      () => {
        throw undefined
      }
    ]
  ])("calls a liar %s", ([reason, next]) => {
    expect(() => checkedNext(lying(next), 10)).toThrow(
      expect.objectContaining({ _tag: "FaultyTriggerError", trigger: "liar", after: 10, reason })
    )
  })

  it("tells the fault of a trigger that another one asks once", () => {
    const inner = lying(() => null)
    const outer = { ...lying((after) => checkedNext(inner, after)), type: "outer" }
    expect(() => checkedNext(outer, 10)).toThrow(
      expect.objectContaining({
        trigger: "liar",
        message: expect.stringMatching(/^trigger "liar" asked .* gave null/) as string
      })
    )
  })

  it("calls an answer that took longer than the budget slow", () => {
    let nowMs = 0
    const slow = lying((after) => ((nowMs += 60), after + 1))
    const budget = { budgetMs: 50, elapsedMs: () => nowMs }
    expect(() => checkedNext(slow, 10, budget)).toThrow(
      expect.objectContaining({ _tag: "FaultyTriggerError", reason: "slow" })
    )
    expect(checkedNext(cron("* * * * *", { timezone: "UTC" }), 0, budget)).toBe(60_000)
  })
})

function nest(depth: number): TriggerSpec {
  return depth === 0 ? { type: "date", at: 0 } : { type: "window", trigger: nest(depth - 1) }
}
