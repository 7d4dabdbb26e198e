import type { StandardSchemaV1 } from "@standard-schema/spec"
import { Effect, Schema } from "effect"
import { describe, expect, it } from "vitest"
import type { AnyTask } from "../../src/task/task.ts"
import { task } from "../../src/task/task.ts"
import { checkArguments, parseArguments } from "../../src/task/taskArguments.ts"

const free = task("free", () => 1)
const mail = task("mail", () => 1, {
  args: Schema.Struct({ to: Schema.Array(Schema.NonEmptyString), at: Schema.Date })
})

const standard = (validate: StandardSchemaV1.Props["validate"]): AnyTask =>
  task("standard", () => 1, {
    args: { "~standard": { version: 1, vendor: "test", validate } } satisfies StandardSchemaV1
  })

describe("checkArguments", () => {
  it("gives what is stored: the arguments as given, not as the schema reads them", () => {
    const args = { to: ["ops"], at: "2030-01-01T00:00:00.000Z" }
    const stored = checkArguments(mail, args)
    expect(stored).toEqual(args)
    expect(stored).not.toBe(args)
  })

  it("reads absent arguments as null", () => {
    expect(checkArguments(free, undefined)).toBeNull()
  })

  it("keeps a __proto__ key through a schema", () => {
    const open = task("open", () => 1, { args: Schema.Unknown })
    const stored = checkArguments(open, JSON.parse('{"__proto__":{"admin":true}}'))
    expect(JSON.stringify(stored)).toBe('{"__proto__":{"admin":true}}')
  })

  it("keeps what it stores from a schema that changes its input", () => {
    const changing = standard((value) => {
      ;(value as { a: number }).a = 2
      return { value }
    })
    expect(checkArguments(changing, { a: 1 })).toEqual({ a: 1 })
  })

  it("says of what is not JSON which job, which task and where", () => {
    expect(() => checkArguments(free, { list: [1, 2n] }, "daily")).toThrow(
      expect.objectContaining({
        _tag: "InvalidArgumentsError",
        job: "daily",
        task: "free",
        path: ["list", 1],
        found: "2n",
        expected: "JSON",
        message: 'job "daily" of task "free": args list[1] is 2n, expected: JSON; give args that the task accepts'
      })
    )
  })

  it("says the same of what an Effect Schema refuses", () => {
    expect(() => checkArguments(mail, { to: ["ops", 5], at: "2030-01-01T00:00:00.000Z" }, "daily")).toThrow(
      expect.objectContaining({ _tag: "InvalidArgumentsError", job: "daily", path: ["to", 1], found: "5" })
    )
    expect(() => checkArguments(mail, undefined)).toThrow(
      expect.objectContaining({ _tag: "InvalidArgumentsError", job: null, path: [], found: "null" })
    )
  })

  it("and of what any Standard Schema refuses", () => {
    const issues = [{ message: "too small", path: [{ key: "a" }, 0] }, { message: "other" }]
    expect(() =>
      checkArguments(
        standard(() => ({ issues })),
        { a: [7] }
      )
    ).toThrow(expect.objectContaining({ path: ["a", 0], found: "7", expected: "too small (and 1 more)" }))
    expect(() =>
      checkArguments(
        standard(() => ({ issues: [] })),
        1
      )
    ).toThrow(expect.objectContaining({ path: [], found: "1", expected: "what its schema allows" }))
  })

  it("refuses a schema that throws", () => {
    const broken = standard(() => {
      throw new Error("broken")
    })
    expect(() => checkArguments(broken, 1)).toThrow(
      expect.objectContaining({
        _tag: "InvalidArgumentsError",
        expected: 'a schema that answers, it threw "broken"'
      })
    )
  })

  it("refuses a schema that answers later, whatever it answers", () => {
    const waiting = Schema.transformOrFail(Schema.String, Schema.String, {
      decode: (text) => Effect.promise(() => Promise.resolve(text)),
      encode: Effect.succeed
    })
    const refused = expect.objectContaining({ _tag: "AsyncSchemaError" })
    expect(() =>
      checkArguments(
        task("waiting", () => 1, { args: waiting }),
        "a"
      )
    ).toThrow(refused)
    const rejecting = standard(() => Promise.reject(new Error("later")))
    expect(() => checkArguments(rejecting, "a")).toThrow(refused)
    const thenable = standard(() => ({ then: () => undefined }) as unknown as Promise<never>)
    expect(() => checkArguments(thenable, "a")).toThrow(refused)
    const silent = standard(() => undefined as unknown as { value: 1 })
    expect(() => checkArguments(silent, 1)).toThrow(
      expect.objectContaining({ expected: "a schema that answers, it gave nothing" })
    )
  })
})

describe("parseArguments", () => {
  it("gives the schema's output", () => {
    const parsed = parseArguments(mail, { to: ["ops"], at: "2030-01-01T00:00:00.000Z" }, "daily")
    expect(parsed).toEqual({ to: ["ops"], at: new Date(Date.UTC(2030, 0, 1)) })
  })

  it("gives a copy without a schema", () => {
    const stored = { list: [1] }
    const parsed = parseArguments(free, stored, "daily")
    expect(parsed).toEqual(stored)
    expect(parsed).not.toBe(stored)
  })

  it("refuses what was stored under another schema", () => {
    expect(() => parseArguments(mail, { to: "ops" }, "daily")).toThrow(
      expect.objectContaining({ _tag: "InvalidArgumentsError", job: "daily", path: ["to"] })
    )
  })
})
