/** An opening that finds the file busy for a moment is tried again, from the start; any other failure is told at once. */
import { Effect, Exit, Scope } from "effect"
import { SqlError } from "@effect/sql/SqlError"
import { expect, it } from "vitest"
import { retryWhileBusy } from "../../../src/store/sqlite/retryWhileBusy.ts"

const busy = Object.assign(new Error("database is locked"), { code: "SQLITE_BUSY_RECOVERY" })

/** Fails as `thrown` says for the first times, and notes what is opened and closed. */
const opening = (...thrown: ReadonlyArray<Effect.Effect<never, SqlError>>) => {
  const notes: Array<string> = []
  let tries = 0
  const open = Effect.gen(function* () {
    const number = ++tries
    yield* Effect.acquireRelease(
      Effect.sync(() => notes.push(`open ${number}`)),
      () => Effect.sync(() => notes.push(`close ${number}`))
    )
    yield* thrown[number - 1] ?? Effect.void
    return number
  })
  return { open, notes }
}

it("closes what a try has opened that found the file busy, and tries again", async () => {
  const { open, notes } = opening(Effect.fail(new SqlError({ cause: busy })), Effect.die(busy))
  const scope = await Effect.runPromise(Scope.make())
  expect(await Effect.runPromise(Scope.extend(retryWhileBusy(open), scope))).toBe(3)
  expect(notes).toEqual(["open 1", "close 1", "open 2", "close 2", "open 3"])
  await Effect.runPromise(Scope.close(scope, Exit.void))
  expect(notes.at(-1)).toBe("close 3")
})

it("gives up at once on whatever else is wrong", async () => {
  const error = new SqlError({ cause: Object.assign(new Error("no"), { code: "SQLITE_NOTADB" }) })
  const { open, notes } = opening(Effect.fail(error))
  expect(await Effect.runPromise(Effect.flip(Effect.scoped(retryWhileBusy(open))))).toBe(error)
  expect(notes).toEqual(["open 1", "close 1"])
})
