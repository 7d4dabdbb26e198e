import { describe, expect, it } from "vitest"
import { isUnreadable, isUnreadableData, itemsOf, unreadableText, withFields } from "../../src/input/readable.ts"

const fault = (): never => {
  throw new RangeError("not now")
}

const throwing = {
  get field(): number {
    return fault()
  }
}

class Inherited {
  get field(): number {
    return fault()
  }
}

class Heir extends Inherited {}

class Later {
  readonly kept = 1
  method(): never {
    return fault()
  }
  static get field(): number {
    return fault()
  }
}

describe("a value that a look throws at", () => {
  it.each<readonly [string, unknown]>([
    ["a getter throws", throwing],
    ["a getter of an item's throws", [throwing]],
    ["a getter of a field's throws", { inner: throwing }],
    [
      "a getter under a symbol throws",
      {
        [Symbol.iterator]: 1,
        get [Symbol.toStringTag]() {
          return fault()
        }
      }
    ],
    ["a proxy refuses its prototype", new Proxy({}, { getPrototypeOf: fault })],
    ["a proxy refuses to say what it has", new Proxy({}, { has: fault })],
    ["a proxy refuses what nothing of its own shows", new Proxy({}, { get: fault })],
    ["a proxy refuses its fields", new Proxy({}, { ownKeys: fault })],
    ["a proxy of a function refuses its prototype", new Proxy(() => 1, { getPrototypeOf: fault })],
    ["a proxy of a function refuses", new Proxy(() => 1, { get: fault })],
    ["a proxy of a Date is no Date", new Proxy(new Date(0), {})],
    ["a proxy of a Map is no Map", new Proxy(new Map(), {})],
    ["a proxy of a Set is no Set", new Proxy(new Set(), {})],
    ["a proxy was revoked", revoked()]
  ])("is unreadable where %s", (_, value) => {
    expect(isUnreadable(value)).toBe(true)
  })

  it.each<readonly [string, unknown]>([
    ["text", "text"],
    ["a number", 1],
    ["nothing", undefined],
    ["null", null],
    ["a list", [1, { field: 2 }]],
    ["an object", { field: { inner: null } }],
    ["a function", () => fault()],
    ["a class whose static getters throw", Later],
    ["a function with a getter that throws", Object.defineProperty(() => 1, "field", { enumerable: true, get: fault })],
    ["an object whose class has getters that throw", new Inherited()],
    ["a Date", new Date(0)],
    ["a Map", new Map([[1, throwing]])],
    ["a Set", new Set([throwing])],
    ["an object that throws further down than it is looked", { inner: { field: throwing } }]
  ])("is not %s", (_, value) => {
    expect(isUnreadable(value)).toBe(false)
  })

  it("is looked for so many levels deep", () => {
    const deep = { inner: throwing }
    expect([0, 1, 2].map((depth) => isUnreadable(deep, depth))).toEqual([false, false, true])
    expect([2, 3].map((depth) => isUnreadable({ outer: deep }, depth))).toEqual([false, true])
  })
})

describe("an object whose fields are read by name", () => {
  it.each<readonly [string, unknown, boolean]>([
    ["own getters that throw", throwing, true],
    ["its class's", new Inherited(), true],
    ["its class's class's", new Heir(), true],
    ["methods that throw", new Later(), false],
    ["plain fields", { field: 1 }, false],
    ["no class", Object.assign(Object.create(null) as object, { field: 1 }), false],
    ["items", [1, 2], false]
  ])("with %s", (_, value, isUnreadableHere) => {
    expect(isUnreadableData(value)).toBe(isUnreadableHere)
  })

  it.each<readonly [string, unknown]>([
    ["text", "text"],
    ["null", null],
    ["a function", Later]
  ])("is not %s", (_, value) => {
    expect(isUnreadableData(value)).toBe(false)
  })

  it("is looked at as deep as any", () => {
    expect([1, 2].map((depth) => isUnreadableData({ inner: throwing }, depth))).toEqual([false, true])
    expect(isUnreadableData({ outer: { inner: throwing } })).toBe(false)
  })

  it("may refuse its prototype at the second look", () => {
    let looks = 0
    const value = new Proxy(
      {},
      { getPrototypeOf: (target) => (looks++ === 0 ? Reflect.getPrototypeOf(target) : fault()) }
    )
    expect(isUnreadableData(value)).toBe(true)
  })
})

describe("itemsOf", () => {
  it("reads what is iterated once, in its order", () => {
    expect(itemsOf(new Set([2, 1]).values(), () => new Error("not asked"))).toEqual([2, 1])
  })

  it("throws what is made of an iterator's fault", () => {
    const faulty: Iterable<number> = { [Symbol.iterator]: fault }
    const refuse = (found: string, cause: unknown) => Object.assign(new Error("refused"), { found, cause })
    expect(() => itemsOf(faulty, refuse)).toThrow(
      expect.objectContaining({ message: "refused", found: unreadableText, cause: expect.any(RangeError) as unknown })
    )
  })
})

describe("withFields", () => {
  it("adds to a copy, and overrides", () => {
    const given = { a: 1, b: 2 }
    expect(withFields(given, { b: 3 })).toEqual({ a: 1, b: 3 })
    expect(given).toEqual({ a: 1, b: 2 })
  })

  it("leaves what cannot be copied as it is, and copies what only has such a thing in it", () => {
    expect(withFields(throwing, { b: 3 })).toBe(throwing)
    expect(withFields({ throwing }, { b: 3 })).toEqual({ throwing, b: 3 })
  })
})

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
