import { inspect } from "node:util"
import { Cause, Data, Effect, Equal, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { TaggedError } from "../../src/input/taggedError.ts"

const shape = { field: "hour", cause: new RangeError("out") }

class Ours extends TaggedError("Odd")<{ readonly field: string; readonly cause?: unknown }> {
  override get message(): string {
    return `odd ${this.field}`
  }
}

class Effects extends Data.TaggedError("Odd")<{ readonly field: string; readonly cause?: unknown }> {
  override get message(): string {
    return `odd ${this.field}`
  }
}

describe("TaggedError", () => {
  it("has the fields, the name and the message of one of Effect's", () => {
    const facts = ({ _tag, name, message, field, cause, stack }: Ours | Effects) => ({
      all: [_tag, name, message, field, cause],
      first: stack?.split("\n")[0]
    })
    expect(facts(new Ours(shape))).toEqual(facts(new Effects(shape)))
    expect(JSON.stringify(new Ours(shape))).toBe(JSON.stringify(new Effects(shape)))
    expect(Object.keys(new Ours(shape)).sort()).toEqual(Object.keys(new Effects(shape)).sort())
    expect(new Ours(shape)).toBeInstanceOf(Error)
    expect(String(new Ours(shape))).toBe("Odd: odd hour")
    expect(inspect(new Ours({ field: "hour" })).split("\n")[0]).toBe(
      inspect(new Effects({ field: "hour" })).split("\n")[0]
    )
  })

  it("is a failure in an Effect program, and caught by its tag", () => {
    const failed = Effect.runSyncExit(
      Effect.gen(function* () {
        return yield* new Ours(shape)
      })
    )
    expect(Exit.isFailure(failed) && Cause.failureOption(failed.cause)).toMatchObject({ value: { _tag: "Odd" } })
    const caught = new Ours(shape).pipe(Effect.catchTag("Odd", ({ field }) => Effect.succeed(field)))
    expect(Effect.runSync(caught)).toBe("hour")
  })

  it("is equal to one with the same fields", () => {
    expect(Equal.equals(new Ours({ field: "hour" }), new Ours({ field: "hour" }))).toBe(
      Equal.equals(new Effects({ field: "hour" }), new Effects({ field: "hour" }))
    )
    expect(Equal.equals(new Ours({ field: "hour" }), new Ours({ field: "day" }))).toBe(false)
  })
})
