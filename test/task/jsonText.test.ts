import fc from "fast-check"
import { runInNewContext } from "node:vm"
import { describe, expect, it } from "vitest"
import { jsonOrPlaceholder, jsonText, NotJsonError, pathText, toJson } from "../../src/task/jsonText.ts"

class Point {
  readonly x = 1
}

const cycle: { list: Array<unknown> } = { list: [] }
cycle.list.push({ deep: cycle })

const nested = (depth: number): unknown => {
  let value: unknown = []
  for (let level = 1; level < depth; level++) value = [value]
  return value
}

const throwing = (trap: "get" | "ownKeys" | "getPrototypeOf"): object =>
  new Proxy(
    { a: 1 },
    {
      [trap]: () => {
        throw new Error(trap)
      }
    }
  )

describe("toJson", () => {
  it("gives back any JSON as it was, as a copy", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const json = toJson(value)
        expect(JSON.stringify(json)).toBe(JSON.stringify(value))
      })
    )
  })

  it("shares nothing with what it was given", () => {
    const value = { list: [{ a: 1 }] }
    const json = toJson(value)
    value.list.push({ a: 2 })
    expect(json).toEqual({ list: [{ a: 1 }] })
  })

  it("reads undefined as null, leaves undefined properties out and has no negative zero", () => {
    expect(toJson(undefined)).toBeNull()
    expect(Object.keys(toJson({ a: undefined, b: 1 }) as object)).toEqual(["b"])
    expect(Object.is(toJson(-0), 0)).toBe(true)
  })

  it("keeps __proto__ as a key like any other", () => {
    const value: unknown = JSON.parse('{"__proto__":{"a":1},"constructor":2}')
    const json = toJson(value)
    expect(JSON.stringify(json)).toBe('{"__proto__":{"a":1},"constructor":2}')
    expect(Object.getPrototypeOf(json)).toBe(Object.prototype)
  })

  it("takes objects without a prototype and those of another realm", () => {
    expect(toJson(Object.assign(Object.create(null) as object, { a: 1 }))).toEqual({ a: 1 })
    expect(toJson(runInNewContext("({ a: [1] })"))).toEqual({ a: [1] })
  })

  it.each([
    ["a function", () => ({ run: () => 1 }), ["run"], "a function"],
    ["a symbol", () => [Symbol("s")], [0], "Symbol(s)"],
    ["a BigInt", () => ({ count: 1n }), ["count"], "1n"],
    ["NaN", () => ({ a: [0, NaN] }), ["a", 1], "NaN"],
    ["an infinity", () => -Infinity, [], "-Infinity"],
    ["undefined in an array", () => [1, undefined], [1], "undefined"],
    ["a hole in an array", (): unknown => Array(1), [0], "undefined"],
    ["a Date", () => ({ at: new Date(0) }), ["at"], "the Date 1970-01-01T00:00:00.000Z"],
    ["an invalid Date", () => new Date(NaN), [], "an invalid Date"],
    ["a Map", () => ({ map: new Map() }), ["map"], "an instance of Map"],
    ["a typed array", () => new Uint8Array(2), [], "an instance of Uint8Array"],
    ["an instance of a class", () => ({ at: new Point() }), ["at"], "an instance of Point"],
    ["an error", () => new TypeError("no"), [], "an instance of TypeError"],
    ["a boxed text", (): unknown => Object("a"), [], "an instance of String"],
    ["an object with a symbol key", () => ({ [Symbol("s")]: 1 }), [], "an object with a symbol key"],
    ["a lone surrogate", () => ({ a: "x\ud800" }), ["a"], "text with a lone surrogate"],
    ["a lone surrogate in a key", () => ({ "\udc00": 1 }), ["\udc00"], "text with a lone surrogate"],
    ["a cycle", () => cycle, ["list", 0, "deep"], "part of itself (a cycle)"],
    ["what throws when it is read", () => [throwing("get")], [0], "a value that throws when it is read"],
    ["what throws when it is looked at", () => throwing("getPrototypeOf"), [], "a value that throws when it is read"],
    ["what does not tell its keys", () => throwing("ownKeys"), [], "a value that throws when it is read"]
  ])("refuses %s and says where it is", (_, value, path, found) => {
    const error = refusalOf(value())
    expect([error.path, error.found]).toEqual([path, found])
  })

  it("takes 100 levels and refuses 101", () => {
    expect(toJson(nested(100))).toEqual(nested(100))
    expect(refusalOf(nested(101))).toMatchObject({ found: "nested too deep", expected: "at most 100 levels" })
  })

  it("counts the length of the text exactly", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const { length } = JSON.stringify(toJson(value))
        expect(() => toJson(value, { depth: 100, length })).not.toThrow()
        if (typeof value === "object" ? value !== null : typeof value !== "boolean") {
          expect(() => toJson(value, { depth: 100, length: length - 1 })).toThrow(NotJsonError)
        }
      })
    )
  })

  it("refuses a megabyte of text, and gives up early on more", () => {
    expect(toJson("x".repeat(1_048_574))).toHaveLength(1_048_574)
    expect(refusalOf({ a: "x".repeat(1_048_576) })).toMatchObject({
      path: ["a"],
      expected: "at most 1048576 characters of JSON"
    })
    let shared: unknown = "leaf"
    for (let level = 0; level < 60; level++) shared = [shared, shared]
    expect(refusalOf(shared).expected).toBe("at most 1048576 characters of JSON")
    expect(refusalOf(Array(4e9)).expected).toBe("at most 1048576 characters of JSON")
  })
})

describe("jsonOrPlaceholder", () => {
  it.each([
    [() => () => 1, "function", "the value is a function, expected JSON"],
    [() => 1n, "bigint", "the value is 1n, expected JSON"],
    [() => new Point(), "Point", "the value is an instance of Point, expected plain data"],
    [
      () => throwing("getPrototypeOf"),
      "a value that throws when it is read",
      "the value is a value that throws when it is read, expected JSON"
    ]
  ])("says what %s was and why it could not be kept", (value, type, reason) => {
    expect(jsonOrPlaceholder(value())).toEqual({ $unserializable: { type, reason } })
  })

  it("keeps the rest, with a placeholder in the place of what has no JSON form", () => {
    const shared = { a: 1 }
    const cycle: { self?: unknown; shared: unknown } = { shared: [shared, shared] }
    cycle.self = cycle
    const lost = (type: string, reason: string) => ({ $unserializable: { type, reason } })
    expect(jsonOrPlaceholder({ rows: [1, NaN, new Map()], big: 1n })).toEqual({
      rows: [
        1,
        lost("number", "rows[1] is NaN, expected a finite number"),
        lost("Map", "rows[2] is an instance of Map, expected plain data")
      ],
      big: lost("bigint", "big is 1n, expected JSON")
    })
    expect(jsonOrPlaceholder(cycle)).toEqual({
      shared: [{ a: 1 }, { a: 1 }],
      self: lost("Object", "self is part of itself (a cycle), expected JSON")
    })
    const getter = {
      good: 1,
      get bad(): unknown {
        throw new Error("no")
      }
    }
    expect(jsonOrPlaceholder(getter)).toMatchObject({ good: 1, bad: { $unserializable: {} } })
  })

  it("takes the form that a value gives itself, a Date its ISO text", () => {
    const at = new Date("2026-03-01T09:00:00Z")
    expect(jsonOrPlaceholder({ rows: 3, at })).toEqual({ rows: 3, at: "2026-03-01T09:00:00.000Z" })
    expect(jsonOrPlaceholder(at)).toBe("2026-03-01T09:00:00.000Z")
    expect(jsonOrPlaceholder([{ toJSON: () => ({ at }) }])).toEqual([{ at: "2026-03-01T09:00:00.000Z" }])
    const endless = { toJSON: (): unknown => ({ again: endless }) }
    expect(jsonText(endless)).toContain("$unserializable")
    expect(jsonOrPlaceholder(new Date(NaN))).toHaveProperty("$unserializable")
  })

  it("is one placeholder when all of it is too long", () => {
    const long = { text: "x".repeat(2_000_000), at: new Date(0) }
    expect(jsonOrPlaceholder(long)).toEqual({
      $unserializable: {
        type: "Object",
        reason: "text is where it grows too long, expected at most 1048576 characters of JSON"
      }
    })
  })

  it("never throws", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true }), (value) => {
        const text = jsonText(value)
        expect(JSON.stringify(JSON.parse(text))).toBe(text)
      })
    )
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    expect(JSON.parse(jsonText(revoked.proxy))).toHaveProperty("$unserializable")
  })
})

describe("pathText", () => {
  it.each([
    [[], "the value"],
    [["a", 0, "b c", "d"], 'a[0]["b c"].d'],
    [[1], "[1]"]
  ])("writes %j as %s", (path, text) => {
    expect(pathText(path)).toBe(text)
  })
})

const refusalOf = (value: unknown): NotJsonError => {
  try {
    toJson(value)
  } catch (error) {
    if (error instanceof NotJsonError) return error
    throw error
  }
  throw new Error("nothing was refused")
}
