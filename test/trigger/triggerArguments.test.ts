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
import { jitter } from "../../src/trigger/jitter.ts"
import { limit } from "../../src/trigger/limit.ts"
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
