import { Duration } from "effect"
import { DateTime } from "luxon"
import { expect, it } from "vitest"
import { shown } from "../../src/time/shown.ts"

const throwing = {
  get field(): number {
    throw new RangeError("not now")
  }
}

it.each<readonly [string, unknown, string]>([
  ["text", "soon", "soon"],
  ["long text", "x".repeat(200), "x".repeat(100)],
  ["null", null, "null"],
  ["nothing", undefined, "undefined"],
  ["a symbol", Symbol("soon"), "Symbol(soon)"],
  ["a function", () => 1, "a function"],
  ["a duration", Duration.minutes(90), "1h 30m"],
  ["a Date", new Date(0), "1970-01-01T00:00:00.000Z"],
  ["a Date that is none", new Date(Number.NaN), "Invalid Date"],
  ["a DateTime", DateTime.fromMillis(0, { zone: "UTC" }), "1970-01-01T00:00:00.000Z"],
  ["a DateTime that is none", DateTime.invalid("why not"), "Invalid DateTime"],
  ["a list", [1, 2], "a list"],
  ["an object", { toString: () => "soon" }, "an object"],
  ["an object that throws", throwing, "a value that throws when it is read"],
  ["an object that holds one that throws", { inner: throwing }, "an object"]
])("%s is shown short, and as what it is", (_, input, text) => {
  expect(shown(input)).toBe(text)
})
