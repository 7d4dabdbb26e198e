/** Stored triggers: fields that nobody knows, calendars that a registry is given, and triggers of the user's own under watch. */
import { describe, expect, it } from "vitest"
import { defineTrigger } from "../../src/trigger/customTrigger.ts"
import { date } from "../../src/trigger/date.ts"
import { holidayCalendar } from "../../src/trigger/holidayCalendar.ts"
import { interval } from "../../src/trigger/interval.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { nestedTrigger, nestedTriggers } from "../../src/trigger/storedForm.ts"
import { createTriggerRegistry } from "../../src/trigger/triggerRegistry.ts"
import type { Trigger, TriggerSpec } from "../../src/trigger/trigger.ts"
import { watchedCodec } from "../../src/trigger/watchedTrigger.ts"

const once = { type: "date", at: 5 }
const mine = defineTrigger<number>({
  type: "mine",
  next: (after, everyMs) => after + everyMs,
  previous: (before, everyMs) => before - everyMs,
  count: (after, through, everyMs) => Math.floor((through - after) / everyMs),
  bind: ({ now }, everyMs) => everyMs + now
})

describe("a stored trigger", () => {
  it.each<TriggerSpec>([
    once,
    { type: "interval", every: 5 },
    { type: "calendarInterval", days: 1 },
    { type: "cron", expression: "0 9 * * *" },
    { type: "window", trigger: once },
    { type: "limit", trigger: once, count: 2 },
    { type: "jitter", trigger: once, max: 2 },
    { type: "or", triggers: [once] },
    { type: "and", triggers: [once] },
    { type: "stream", stream: "orders" },
    { type: "mine", state: 5 }
  ])("has no field that nobody knows, of which the first is named: %j", (spec) => {
    const { read } = createTriggerRegistry([mine])
    expect(read(spec).type).toBe(spec.type)
    expect(() => read({ ...spec, surplus: 1, more: 2 })).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: spec.type, found: "surplus" })
    )
  })

  it("of the user's own has what its state says, also once a job has it", () => {
    const trigger = mine(5)
    expect([trigger.next(10), trigger.previous?.(10), trigger.count?.(10, 30), trigger.toJSON()]).toEqual([
      15,
      5,
      4,
      { type: "mine", state: 5 }
    ])
    expect(trigger.bind?.({ now: 2, timezone: "UTC", jobId: "a" }).next(10)).toBe(17)
    const bare = defineTrigger({ type: "bare", next: (after) => after + 1 })(null)
    expect([bare.toJSON(), bare.previous, bare.count, bare.bind]).toEqual([
      { type: "bare" },
      undefined,
      undefined,
      undefined
    ])
  })
})

describe("a registry's calendars", () => {
  it("are found by their names, each of which is one calendar's", () => {
    const se = holidayCalendar("se", ["2026-12-25"])
    const registry = createTriggerRegistry([], [holidayCalendar("dk", [])])
    const stored = { type: "filter", trigger: once, calendar: "se" }
    expect(() => registry.read(stored)).toThrow(
      expect.objectContaining({ _tag: "UnknownCalendarError", known: ["dk"] })
    )
    expect([
      registry.addCalendar(se),
      registry.addCalendar(se),
      registry.addCalendar(holidayCalendar("se", []))
    ]).toEqual([true, true, false])
    expect(registry.read(stored).type).toBe("filter")
  })
})

describe("a trigger under watch", () => {
  const watched = (trigger: Trigger) =>
    watchedCodec({ type: trigger.type, fromJSON: () => trigger }, { budgetMs: 5, elapsedMs: () => 0 }).fromJSON(
      trigger.toJSON(),
      () => expect.fail("nothing is inside")
    )

  it("has what the trigger itself has, and nothing else", () => {
    expect(watched(interval(5, { after: "run", end: 50 }))).toMatchObject({ after: "run", end: 50 })
    expect(
      watched({ type: "ticks", stream: "ticks", next: () => undefined, toJSON: () => ({ type: "ticks" }) }).stream
    ).toBe("ticks")
    const bare = watched({ type: "bare", next: (after) => after + 1, toJSON: () => ({ type: "bare" }) })
    expect(Object.keys(bare).sort()).toEqual(["next", "toJSON", "type"])
    expect([watched(date(5)).explain?.(5), watched(date(5)).explain?.(6).length]).toEqual([[], 1])
  })

  it("stays so when a job has it", () => {
    expect(watched(mine(5)).bind?.({ now: 2, timezone: "UTC", jobId: "a" }).next(10)).toBe(17)
  })
})

describe("a fixed delay that is jittered", () => {
  it("is moved by up to all that it may, since no next one is known", () => {
    const binding = { now: 0, timezone: "UTC", jobId: "a" }
    const delay = jitter(interval(10, { after: "run" }), 1_000).bind?.(binding)
    const moved = Array.from(
      { length: 50 },
      (_, index) => (delay?.next(1_000 + index * 10) ?? NaN) - 1_010 - index * 10
    )
    expect(Math.max(...moved)).toBeGreaterThan(500)
    expect([Math.min(...moved) >= 0, Math.max(...moved) <= 1_000, delay?.after]).toEqual([true, true, "run"])
  })
})

it.each([NaN, Infinity, "5", null])("a number in a stored form is not %j", (every) => {
  expect(() => createTriggerRegistry().read({ type: "interval", every })).toThrow(
    expect.objectContaining({ trigger: "interval", field: "every", expected: "a number" })
  )
})

describe("cron fields in a stored form", () => {
  it.each([
    [null, "null"],
    [5, "5"],
    ["0 9", "0 9"]
  ])("are not %j", (fields, found) => {
    expect(() => createTriggerRegistry().read({ type: "cron", fields })).toThrow(
      expect.objectContaining({ trigger: "cron", field: "fields", found, expected: "cron fields" })
    )
  })
})

describe("a trigger within another's stored form", () => {
  const read = (spec: TriggerSpec): Trigger => ({ type: spec.type, next: () => undefined, toJSON: () => spec })

  it("is read where there is one", () => {
    expect(nestedTrigger({ type: "window", trigger: once }, "trigger", read).toJSON()).toEqual(once)
    const both = nestedTriggers({ type: "or", triggers: [once, { type: "mine" }] }, "triggers", read)
    expect(both.map(({ type }) => type)).toEqual(["date", "mine"])
  })

  it.each([null, 5, [], {}, { type: 5 }])("is named by its field where it is %j", (odd) => {
    expect(() => nestedTrigger({ type: "window", trigger: odd }, "trigger", read)).toThrow(
      expect.objectContaining({
        _tag: "InvalidTriggerError",
        trigger: "window",
        field: "trigger",
        expected: "a trigger"
      })
    )
    expect(() => nestedTriggers({ type: "or", triggers: [once, odd] }, "triggers", read)).toThrow(
      expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "or", field: "triggers", expected: "a trigger" })
    )
  })

  it("is one of a list where there may be several", () => {
    expect(() => nestedTriggers({ type: "or", triggers: once }, "triggers", read)).toThrow(
      expect.objectContaining({ field: "triggers", found: "an object", expected: "a list of triggers" })
    )
  })
})
