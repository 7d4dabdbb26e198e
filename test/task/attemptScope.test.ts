/** The Scope of an attempt: a real one from the moment that it is used, and nothing before. */
import { Effect, Exit, Scope } from "effect"
import { describe, expect, it } from "vitest"
import { AttemptScope } from "../../src/task/attemptScope.ts"

const note = (log: Array<string>, line: string) => Effect.sync(() => void log.push(line))

describe("an attempt's scope", () => {
  it("has nothing to close where nothing was acquired", () => {
    const own = new AttemptScope()
    Effect.runSync(Effect.provideService(Effect.succeed(1), Scope.Scope, own.scope))
    expect(own.close(Exit.void)).toBeNull()
  })

  it("closes what was acquired, extended into it and forked from it, the last first, with the attempt's exit", async () => {
    const own = new AttemptScope()
    const log: Array<string> = []
    const acquired = Effect.gen(function* () {
      yield* Effect.addFinalizer((exit) => note(log, `finalizer: ${exit._tag}`))
      yield* Effect.acquireRelease(Effect.void, () => note(log, "released"))
      const scope = yield* Effect.scope
      yield* Scope.extend(
        Effect.addFinalizer(() => note(log, "extended")),
        scope
      )
      const fork = yield* Scope.fork(scope, { _tag: "Sequential" })
      yield* Scope.addFinalizer(fork, note(log, "forked"))
      yield* Effect.forkScoped(Effect.onInterrupt(Effect.never, () => note(log, "interrupted")))
      yield* Effect.yieldNow()
    })
    await Effect.runPromise(Effect.provideService(acquired, Scope.Scope, own.scope))
    await Effect.runPromise(own.close(Exit.fail("no")) ?? Effect.void)
    expect(log).toEqual(["interrupted", "forked", "extended", "released", "finalizer: Failure"])
  })
})
