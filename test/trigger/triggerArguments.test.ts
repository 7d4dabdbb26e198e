/** Objects whose getters or traps throw are nobody's input, and yet an error with a tag. */
import { describe, expect, it } from "vitest"
import { calendarInterval } from "../../src/trigger/calendarInterval.ts"
import { and, or } from "../../src/trigger/combine.ts"
import { cron } from "../../src/trigger/cron/cron.ts"
import { date } from "../../src/trigger/date.ts"
import { describeTrigger as words } from "../../src/trigger/describe.ts"
import { explainFireTime } from "../../src/trigger/explain.ts"
import { filter, not } from "../../src/trigger/filter.ts"
import { fireTimes } from "../../src/trigger/fireTimes.ts"
import { interval } from "../../src/trigger/interval.ts"
import { InvalidTriggerError } from "../../src/trigger/invalidTrigger.ts"
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
import {
  givenObject,
  givenOptions,
  givenProperties,
  reading,
  triggerArgument
} from "../../src/trigger/triggerArguments.ts"
import { window } from "../../src/trigger/window.ts"

const boom = (): never => {
  throw new Error("boom")
}
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const hostile: ReadonlyArray<readonly [string, () => never]> = [
  ["a proxy whose traps throw", () => new Proxy({}, { get: boom, has: boom, ownKeys: boom }) as never],
  ["a revoked proxy", () => revoked() as never],
  [
    "getters that throw",
    () =>
      Object.defineProperties(
        {},
        Object.fromEntries(
          ["timezone", "hours", "hour", "days", "weekdays", "threshold", "after", "next"].map((name) => [
            name,
            { get: boom, enumerable: true }
          ])
        )
      ) as never
  ]
]

const makers: ReadonlyArray<readonly [string, (given: never) => unknown]> = [
  ["cron's options", (given) => cron("* * * * *", given)],
  ["cron's fields", (given) => cron(given)],
  ["interval's options", (given) => interval(5, given)],
  ["interval's length", (given) => interval(given)],
  ["calendarInterval's step", (given) => calendarInterval(given)],
  ["calendarInterval's options", (given) => calendarInterval({ days: 1 }, given)],
  ["date's options", (given) => date(0, given)],
  ["filter's condition", (given) => filter(date(0), given)],
  ["not's options", (given) => not(date(0), { months: "jan" }, given)],
  ["window's options", (given) => window(date(0), given)],
  ["and's options", (given) => and([date(0)], given)],
  ["a member", (given) => or([given])],
  ["a jittered trigger", (given) => jitter(given, 5)],
  ["a limited trigger", (given) => limit(given, 5)],
  ["a described trigger", (given) => words(given)],
  ["an explained trigger", (given) => explainFireTime(given, 0)],
  ["fireTimes' options", (given) => fireTimes(date(0), given)]
]

describe.for(hostile)("%s", ([, make]) => {
  it.for(makers)("as %s", ([, use]) => {
    expect(() => use(make())).toThrow(expect.objectContaining({ _tag: "InvalidTriggerError" }))
  })
})

const refused = (field: string, found: string, expected: string) =>
  expect.objectContaining({ _tag: "InvalidTriggerError", trigger: "mine", field, found, expected }) as Error

describe("a trigger", () => {
  it("is what has both of its functions", () => {
    const given = { next: () => undefined, toJSON: () => ({ type: "mine" }) }
    expect(triggerArgument("mine", given)).toBe(given)
  })

  it.for<readonly [unknown, string]>([
    [{ next: () => undefined }, "an object"],
    [{ toJSON: () => ({}) }, "an object"],
    [{ next: 5, toJSON: () => ({}) }, "an object"],
    [null, "null"],
    [undefined, "undefined"],
    [[1], "an array of 1"],
    ["0 9 * * *", "0 9 * * *"]
  ])("is not %j", ([given, found]) => {
    const expected = "a trigger, such as cron(…) or interval(…)"
    expect(() => triggerArgument("mine", given)).toThrow(refused("trigger", found, expected))
    expect(() => triggerArgument("mine", given, "triggers[1]")).toThrow(refused("triggers[1]", found, expected))
  })
})

describe("an object of options", () => {
  it.for<readonly [unknown, string]>([
    [null, "null"],
    [[], "an array of 0"],
    ["a", "a"],
    [() => 1, "a function"]
  ])("is not %j", ([given, found]) => {
    const expected = refused("step", found, "an object")
    expect(() => givenObject("mine", "step", given as object)).toThrow(expected)
    expect(() => givenProperties("mine", "step", given as object)).toThrow(expected)
  })

  it("has no others than are known, and is a copy of those that are given", () => {
    const given: { a?: number; b?: number; c?: number } = { a: 1, b: undefined as never }
    const read = givenOptions("mine", given, ["a", "b"])
    expect([read, Object.keys(read)]).toEqual([{ a: 1 }, ["a"]])
    expect(read).not.toBe(given)
    expect(() => givenOptions("mine", { ...given, c: 5 }, ["a", "b"])).toThrow(refused("options", "c", "only a, b"))
    expect(givenProperties("mine", "step", given)).not.toBe(given)
    expect(givenProperties("mine", "step", given)).toEqual(given)
  })
})

describe("what throws as it is read", () => {
  const thrown = (value: unknown) => () =>
    reading("mine", "step", () => {
      throw value
    })

  it("is refused with what it threw", () => {
    const expected = "one that can be read"
    expect(thrown(new Error("boom"))).toThrow(refused("step", "an object that throws: boom", expected))
    expect(thrown("boom")).toThrow(refused("step", "an object that throws: boom", expected))
    expect(thrown(null)).toThrow(refused("step", "an object that throws: null", expected))
    expect(thrown(new Error("x".repeat(200)))).toThrow(
      refused("step", `an object that throws: ${"x".repeat(77)}…`, expected)
    )
  })

  it("is refused as it says where it knows better", () => {
    const better = new InvalidTriggerError({ trigger: "a", field: "b", found: "c", expected: "d" })
    expect(thrown(better)).toThrow(better)
  })

  it("is what it is where it does not", () => {
    expect(reading("mine", "step", () => 5)).toBe(5)
  })
})
