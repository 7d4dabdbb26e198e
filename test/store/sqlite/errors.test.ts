/** Which of the store's errors each of the driver's becomes; what is none of them stays a defect. */
import { SqlError } from "@effect/sql/SqlError"
import { Cause, Effect, Exit, Option } from "effect"
import { describe, expect, it } from "vitest"
import { sqliteCode, translated } from "../../../src/store/sqlite/errors.ts"
import { StoreFenced } from "../../../src/store/storeError.ts"

const coded = (code: unknown) => Object.assign(new Error("no"), { code })
const exitOf = (effect: Effect.Effect<unknown, SqlError | StoreFenced>) =>
  Effect.runSync(Effect.exit(translated("my store", "commit")(effect)))
/** The error that a thrown one becomes; a defect as it is. */
const of = (thrown: unknown): unknown => {
  const found = [Effect.die(thrown), Effect.fail(new SqlError({ cause: thrown }))].map((effect) => {
    const exit = exitOf(effect)
    if (Exit.isSuccess(exit)) return "none"
    return Option.getOrElse(Cause.failureOption(exit.cause), () => Option.getOrNull(Cause.dieOption(exit.cause)))
  })
  // Thrown or failed with, it is the same.
  expect(found[0]).toEqual(found[1])
  return found[0]
}

describe("an error of the driver", () => {
  it.each([
    ["SQLITE_CONSTRAINT_UNIQUE", "StoreConflict"],
    ["SQLITE_MISMATCH", "StoreConflict"],
    ["SQLITE_TOOBIG", "StoreConflict"],
    ["SQLITE_CORRUPT_INDEX", "StoreUnreadable"],
    ["SQLITE_NOTADB", "StoreUnreadable"],
    ["SQLITE_FORMAT", "StoreUnreadable"],
    ["SQLITE_ERROR", "StoreUnreadable"],
    ["SQLITE_BUSY_SNAPSHOT", "StoreUnavailable"],
    ["SQLITE_PROTOCOL", "StoreUnavailable"]
  ])("of code %s is %s", (code, tag) => {
    expect(of(coded(code))).toMatchObject({ _tag: tag, store: "my store" })
  })

  it("without advice of its own has what helps in general", () => {
    expect(of(coded("SQLITE_PROTOCOL"))).toMatchObject({ remedy: "check disk space, permissions and locks" })
    expect(of(Object.assign(coded("EWHATEVER"), { syscall: "stat" }))).toMatchObject({
      remedy: "check what the system says of it"
    })
  })

  it.each(["Cannot open database because the directory does not exist", "The database connection is not open"])(
    "without a code is known by its words: %s",
    (message) => {
      expect(of(new TypeError(message))).toMatchObject({ _tag: "StoreUnavailable", operation: "commit" })
    }
  )

  it.each([
    ["an error of the program", new Error("no")],
    ["one of its types", new TypeError("no")],
    ["the driver's words in another error", new Error("the database connection is not open")],
    ["another's code", coded("EWHATEVER")],
    ["a code that is none", coded(5)],
    ["a text", "no"]
  ])("is no other's: %s stays a defect", (_what, thrown) => {
    expect(of(thrown)).toBe(thrown)
  })

  it("is none of the store's own, which stays what it is", () => {
    const fenced = new StoreFenced({ store: "another", epoch: 5 })
    expect(exitOf(Effect.fail(fenced))).toEqual(Exit.fail(fenced))
    expect(exitOf(Effect.succeed(7))).toEqual(Exit.succeed(7))
  })

  it("has its code as text", () => {
    expect([coded("SQLITE_BUSY"), coded(5), new Error("no"), "SQLITE_BUSY", null, undefined].map(sqliteCode)).toEqual([
      "SQLITE_BUSY",
      ...Array.from({ length: 5 }, () => undefined)
    ])
  })
})
