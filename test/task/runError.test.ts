import { Cause, Data, Effect, Exit, FiberId, Runtime } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { describeError } from "../../src/task/runError.ts"

class NotFound extends Data.TaggedError("NotFound")<{ readonly id: number; readonly where: string }> {}
class Custom extends Error {}

const hostile = new Proxy(Object.freeze({}), {
  get: () => {
    throw new Error("get")
  },
  getPrototypeOf: () => {
    throw new Error("getPrototypeOf")
  },
  ownKeys: () => {
    throw new Error("ownKeys")
  }
})

const named = (thrown: unknown): readonly [string, string] => {
  const { name, message } = describeError(thrown)
  return [name, message]
}

const fiberFailure = (cause: Cause.Cause<unknown>): unknown => {
  try {
    return Effect.runSync(Effect.failCause(cause))
  } catch (error) {
    return error
  }
}

describe("describeError", () => {
  it.each([
    ["null", null, ["null", "null"]],
    ["undefined", undefined, ["undefined", "undefined"]],
    ["a text", "no", ["string", "no"]],
    ["a number", 7, ["number", "7"]],
    ["a symbol", Symbol("s"), ["symbol", "Symbol(s)"]],
    ["an error", new TypeError("no"), ["TypeError", "no"]],
    ["an error without a message", new Error(), ["Error", ""]],
    ["an error of a class", new Custom("no"), ["Error", "no"]],
    ["a tagged error", new NotFound({ id: 7, where: "here" }), ["NotFound", 'id: 7, where: "here"']],
    ["a plain object", { code: 5 }, ["Object", "code: 5"]],
    ["an object with a message", { message: "no" }, ["Object", "no"]],
    ["an array", [1, 2], ["Array", "0: 1, 1: 2"]],
    ["a frozen error", Object.freeze(new RangeError("no")), ["RangeError", "no"]],
    ["fields that are no text", { name: 5, message: 6, _tag: {} }, ["Object", "an object"]],
    ["a function", () => 1, ["function", "a function"]],
    ["a cause", new Error("no", { cause: new TypeError("why") }), ["Error", "no; caused by TypeError: why"]],
    ["an aggregate", new AggregateError([new Error("a"), "b"], "all"), ["AggregateError", "all; Error: a; b"]]
  ])("describes %s", (_, thrown, expected) => {
    expect(named(thrown)).toEqual(expected)
  })

  it("describes what throws when it is looked at", () => {
    expect(named(hostile)).toEqual(["object", "a value that throws when it is read"])
    expect(named(new Error("no", { cause: hostile }))).toEqual([
      "Error",
      "no; caused by object: a value that throws when it is read"
    ])
    expect(named(new AggregateError([hostile], "all"))).toEqual([
      "AggregateError",
      "all; object: a value that throws when it is read"
    ])
  })

  it("looks through an Effect's failure to the error in it", () => {
    const error = new NotFound({ id: 7, where: "here" })
    expect(named(Cause.fail(error))).toEqual(["NotFound", 'id: 7, where: "here"'])
    expect(named(Cause.sequential(Cause.interrupt(FiberId.none), Cause.die(error)))[0]).toBe("NotFound")
    expect(named(fiberFailure(Cause.fail(error)))[0]).toBe("NotFound")
    expect(named(fiberFailure(Cause.fail(fiberFailure(Cause.die("deep")))))).toEqual(["string", "deep"])
    expect(named(fiberFailure(Cause.interrupt(FiberId.none)))[0]).toBe("InterruptedException")
    expect(Runtime.isFiberFailure(fiberFailure(Cause.fail(error)))).toBe(true)
    expect(Exit.isFailure(Exit.failCause(Cause.fail(error)))).toBe(true)
  })

  it("ends at cycles of causes and members", () => {
    const error = new AggregateError([], "all")
    error.errors.push(error)
    error.cause = error
    expect(named(error)[1]).toBe("all; AggregateError (a cycle); caused by AggregateError (a cycle)")
    const one = new Error("one")
    one.cause = new Error("two", { cause: one })
    expect(named(one)[1]).toBe("one; caused by Error: two; caused by Error (a cycle)")
  })

  it("cuts names at 200, messages at 4,000 and stacks at 8,000 characters", () => {
    const error = new Error("m".repeat(1e6), { cause: new Error("c".repeat(1e6)) })
    error.name = "n".repeat(1e6)
    error.stack = "s".repeat(1e6)
    const { name, message, stack } = describeError(error)
    expect([name.length, message.length, stack?.length]).toEqual([200, 4_000, 8_000])
    const many = new AggregateError(Array.from({ length: 1_000 }, (_, at) => new Error(String(at))))
    expect(named(many)[1]).toMatch(/Error: 9; and more$/)
  })

  it("keeps the stack of the error and of its cause", () => {
    const error = new Error("no")
    error.stack = "Error: no\n  at a"
    const cause = new Error("why")
    cause.stack = "Error: why\n  at b"
    error.cause = cause
    expect(describeError(error).stack).toBe("Error: no\n  at a\ncaused by Error: why\n  at b")
    expect(describeError("text")).not.toHaveProperty("stack")
  })

  it("replaces lone surrogates", () => {
    expect(named("a\ud800b")).toEqual(["string", "a\ufffdb"])
  })

  it("never throws, and gives text within bounds", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true, withObjectString: true }), (thrown) => {
        const { name, message } = describeError(thrown)
        expect(name.length > 0 && name.length <= 200 && message.length <= 4_000).toBe(true)
      })
    )
  })
})
