/** Each attempt of a task has its own Scope, which is closed when the attempt ends. */
import { createScheduler, date, interval, task } from "carillon"
import { Scheduler } from "carillon/effect"
import type { LayerError } from "carillon/effect"
import type { Layer, Scope } from "effect"
import { Context, Effect } from "effect"
import { describe, expect, expectTypeOf, it } from "vitest"
import { advance, run, start } from "./effectScene.ts"

class Lamp extends Context.Tag("test/Lamp")<Lamp, { readonly light: Effect.Effect<void, never, Scope.Scope> }>() {}

const lamp = task(
  "lamp",
  Effect.flatMap(Lamp, ({ light }) => light)
)

/** A task that keeps something until its scope is closed, then goes on with `then`. */
const keeping = <E>(log: Array<string>, then: Effect.Effect<string, E>) =>
  task("keeping", () =>
    Effect.andThen(
      Effect.acquireRelease(
        Effect.sync(() => log.push("acquired")),
        () => Effect.sync(() => log.push("released"))
      ),
      then
    )
  )

describe("the scope of an attempt", () => {
  it("is closed when the attempt has succeeded, before the next begins", async () => {
    const log: Array<string> = []
    const program = run({ tasks: [keeping(log, Effect.succeed("done"))] }, (scheduler) =>
      Effect.gen(function* () {
        yield* scheduler.addJob({ id: "a", task: "keeping", trigger: interval({ minutes: 1 }) })
        yield* advance("3 minutes")
        log.push("program ends")
      })
    )
    await Effect.runPromise(program)
    const once = ["acquired", "released"]
    expect(log).toEqual([...once, ...once, ...once, "program ends"])
  })

  it.each([
    ["failed", Effect.fail(new Error("no"))],
    ["failed", Effect.die("no")],
    ["timedOut", Effect.never],
    ["cancelled", Effect.never],
    ["interrupted", Effect.never]
  ])("is closed when the attempt has %s", async (outcome, then) => {
    const log: Array<string> = []
    const program = run({ tasks: [keeping(log, then)], deadline: 0 }, (scheduler) =>
      Effect.gen(function* () {
        const timeout = outcome === "timedOut" ? "5 seconds" : null
        yield* scheduler.addJob({ id: "a", task: "keeping", trigger: date(start), timeout })
        yield* advance("10 seconds")
        const [only] = yield* scheduler.getRuns()
        if (outcome === "interrupted") return
        if (outcome === "cancelled") yield* scheduler.cancelRun(only?.runId ?? "")
        const [ended] = yield* scheduler.getRuns()
        expect([ended?.outcome, log]).toEqual([outcome, ["acquired", "released"]])
      })
    )
    await Effect.runPromise(program)
    expect(log).toEqual(["acquired", "released"])
  })

  it("is each attempt's own: a retry has another", async () => {
    const log: Array<string> = []
    const program = run({ tasks: [keeping(log, Effect.fail("no"))] }, (scheduler) =>
      Effect.gen(function* () {
        const retry = { attempts: 2, backoff: "1 second" as const }
        yield* scheduler.addJob({ id: "a", task: "keeping", trigger: date(start), retry })
        yield* advance("10 seconds")
      })
    )
    await Effect.runPromise(program)
    expect(log).toEqual(["acquired", "released", "acquired", "released"])
  })

  it("takes the fibers that a task forks into it along", async () => {
    const log: Array<string> = []
    const forking = task("forking", () =>
      Effect.never.pipe(
        Effect.onInterrupt(() => Effect.sync(() => log.push("interrupted"))),
        Effect.forkScoped,
        Effect.andThen(Effect.yieldNow()),
        Effect.as("done")
      )
    )
    const program = run({ tasks: [forking] }, (scheduler) =>
      Effect.gen(function* () {
        yield* scheduler.addJob({ id: "a", task: forking, trigger: date(start) })
        yield* advance("1 second")
        log.push("program ends")
      })
    )
    await Effect.runPromise(program)
    expect(log).toEqual(["interrupted", "program ends"])
  })

  it("is there for tasks of createScheduler too", async () => {
    const log: Array<string> = []
    const scheduler = createScheduler({ tasks: [keeping(log, Effect.succeed("done"))] })
    await scheduler.start()
    const job = await scheduler.addJob({ task: "keeping", trigger: interval({ days: 1 }) })
    const { outcome } = await (await job.run()).settled()
    expect([outcome, log]).toEqual(["succeeded", ["acquired", "released"]])
    await scheduler.shutdown()
  })

  it("is required of nobody", () => {
    expectTypeOf(Scheduler.layer({ tasks: [keeping([], Effect.succeed(""))] })).toEqualTypeOf<
      Layer.Layer<Scheduler, LayerError>
    >()
    expectTypeOf(Scheduler.layer({ tasks: [lamp] })).toEqualTypeOf<Layer.Layer<Scheduler, LayerError, Lamp>>()
  })
})
