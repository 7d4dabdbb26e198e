import { Effect } from "effect"
import { of } from "rxjs"
import { describe, expect, it } from "vitest"
import { createMachine, fromPromise, fromTransition } from "xstate"
import { InvalidTaskError, task } from "../../src/index.ts"

const machine = createMachine({ initial: "a", states: { a: {} } })
const count = fromTransition((n: number) => n + 1, 0)
const promise = fromPromise(() => Promise.resolve(1))
const optionsOf = (handler: object, options: object = {}) => task("t", handler, options).options

describe("how a task's machine is saved", () => {
  it.each<[string, object, object, object]>([
    ["a machine", machine, {}, { checkpoint: "every-step" }],
    ["transitions", count, {}, { checkpoint: "every-step" }],
    ["a tagged machine", machine, { checkpoint: "tagged", version: 2 }, { checkpoint: "tagged", version: 2 }],
    ["a machine that is not", machine, { checkpoint: "never" }, {}],
    ["a promise's logic", promise, {}, {}],
    ["a function", () => machine, {}, {}],
    ["a function that says so", () => machine, { checkpoint: "every-step" }, { checkpoint: "every-step" }],
    ["an Effect", Effect.void, {}, {}]
  ])("of %s", (_what, handler, given, expected) => {
    expect(optionsOf(handler, given)).toEqual(expected)
  })

  it.each<[string, object, object, string]>([
    ["a word that is none", machine, { checkpoint: "always" }, "checkpoint"],
    ["an Effect", Effect.void, { checkpoint: "every-step" }, "checkpoint"],
    ["an Observable", of(1), { checkpoint: "tagged" }, "checkpoint"],
    ["a promise's logic", promise, { checkpoint: "every-step" }, "checkpoint"],
    ["transitions without tags", count, { checkpoint: "tagged" }, "checkpoint"],
    ["version 0", machine, { version: 0 }, "version"],
    ["half a version", machine, { version: 1.5 }, "version"],
    ["a version as text", machine, { version: "2" }, "version"],
    ["a migration that is none", machine, { migrate: {} }, "migrate"],
    ["a version of nothing", () => 1, { version: 2 }, "version"],
    ["a migration of nothing", machine, { checkpoint: "never", migrate: () => null }, "migrate"]
  ])("is refused for %s", (_what, handler, given, field) => {
    const make = () => optionsOf(handler, given)
    expect(make).toThrow(InvalidTaskError)
    expect(make).toThrow(expect.objectContaining({ task: "t", field }) as Error)
  })
})
