import { Duration } from "effect"
import { describe, expect, it } from "vitest"
import { className, inWords, unquoted } from "../../src/input/inWords.ts"

const throwing = {
  get field(): number {
    throw new RangeError("not now")
  }
}
class Parcel {}
const revoked = Proxy.revocable({}, {})
revoked.revoke()

const values: ReadonlyArray<readonly [string, unknown, string]> = [
  ["null", null, "null"],
  ["nothing", undefined, "undefined"],
  ["a number", 1.5, "1.5"],
  ["minus zero", -0, "-0"],
  ["a truth", true, "true"],
  ["a bigint", 12n, "12n"],
  ["a long bigint", 10n ** 200n, `1${"0".repeat(99)}…n`],
  ["a symbol", Symbol("soon"), "Symbol(soon)"],
  ["a function", () => 1, "a function"],
  ["a class", Parcel, "a function"],
  ["a duration", Duration.minutes(90), "1h 30m"],
  ["a Date", new Date(0), "the Date 1970-01-01T00:00:00.000Z"],
  ["a Date that is none", new Date(Number.NaN), "an invalid Date"],
  ["a list", [1, 2], "an array of 2"],
  ["an object", { toString: () => "soon" }, "an object"],
  ["one without a prototype", Object.create(null), "an object"],
  ["one of a class", new Parcel(), "an instance of Parcel"],
  ["an object whose getter throws", throwing, "an object"],
  ["one that cannot be looked at", revoked.proxy, "a value that throws when it is read"]
]

describe("a value in words", () => {
  it.each(values)("is short, and says what it is: %s", (_, value, text) => {
    expect([inWords(value), unquoted(value)]).toEqual([text, text])
  })

  it("quotes a text and cuts it at 100 characters, unless whoever shows it does", () => {
    expect([inWords('say "a"'), unquoted('say "a"')]).toEqual(['"say \\"a\\""', 'say "a"'])
    expect([inWords("x".repeat(101)), unquoted("x".repeat(101))]).toEqual([
      `"${"x".repeat(100)}…"`,
      `${"x".repeat(100)}…`
    ])
    expect([inWords("x".repeat(100)), unquoted("x".repeat(100))]).toEqual([`"${"x".repeat(100)}"`, "x".repeat(100)])
  })

  it("asks nothing of the value: no getter and no toString is called", () => {
    const calls: Array<string> = []
    const watched = {
      get constructor() {
        calls.push("constructor")
        return Parcel
      },
      toString: () => calls.push("toString"),
      toJSON: () => calls.push("toJSON")
    }
    expect([inWords(watched), inWords(Object.create(watched)), calls]).toEqual(["an object", "an object", []])
  })
})

it("a class's name is read without calling anything", () => {
  expect([className(new Parcel()), className({}), className(Object.create(null) as object)]).toEqual([
    "Parcel",
    "Object",
    null
  ])
  expect(className(new (class {})())).toBeNull()
})
