/** The code of a job is a layer: it goes before what it requires, and before the scheduler. */
import { interval } from "carillon"
import type { TaskContext } from "carillon"
import { Job, Scheduler } from "carillon/effect"
import { virtualClock } from "carillon/testing"
import { Context, Effect, Fiber, FiberId, Layer, ManagedRuntime, Schema, Scope } from "effect"
import { describe, expect, expectTypeOf, it } from "vitest"
import { moving, within } from "./definedJobScene.ts"
import { advance, start } from "./effectScene.ts"

class Ledger extends Context.Tag("test/Ledger")<Ledger, { readonly note: (text: string) => void }>() {}

const Count = Job.make({ name: "Count", args: Schema.Number, success: Schema.Number })

/** A ledger whose notes say when it is closed. */
const ledgerOf = (notes: Array<string>) =>
  Layer.scoped(
    Ledger,
    Effect.acquireRelease(Effect.succeed({ note: (text: string) => void notes.push(text) }), () =>
      Effect.sync(() => void notes.push("ledger closed"))
    )
  )

const counting = Count.toLayer(({ args }) =>
  Effect.gen(function* () {
    const { note } = yield* Ledger
    yield* Effect.addFinalizer(() => Effect.sync(() => note(`let go of ${args}`)))
    note(`begins ${args}`)
    yield* Effect.sleep(args)
    note(`ends ${args}`)
    return args
  })
)

describe("the layer of a job's code", () => {
  it("requires what the code requires, but for the scheduler's and the attempt's own", () => {
    expectTypeOf(counting).toEqualTypeOf<Layer.Layer<never, Layer.Layer.Error<typeof counting>, Scheduler | Ledger>>()
    const own = Count.toLayer(() => Effect.map(Effect.zip(Scheduler, Effect.scope), () => 1))
    expectTypeOf(own).toEqualTypeOf<Layer.Layer<never, Layer.Layer.Error<typeof counting>, Scheduler>>()
  })

  it("has a handler that is made once, with resources of its own, where an Effect makes it", async () => {
    const notes: Array<string> = []
    const made = Count.toLayer(
      Effect.gen(function* () {
        yield* Effect.acquireRelease(
          Effect.sync(() => notes.push("made")),
          () => Effect.sync(() => notes.push("closed"))
        )
        return ({ args }: TaskContext<number>) => Effect.succeed(args + 1)
      })
    )
    expect(await within(made, moving(Effect.all([Count.execute(1), Count.execute(2)])))).toEqual([2, 3])
    expect(notes).toEqual(["made", "closed"])
  })

  it("lets a run that is under way end before what it requires is released", async () => {
    const notes: Array<string> = []
    await within(
      Layer.empty,
      Effect.gen(function* () {
        const module = counting.pipe(Layer.provide(ledgerOf(notes)))
        const scope = yield* Scope.make()
        yield* Layer.buildWithScope(module, scope)
        const jobId = yield* Count.enqueue(10_000)
        yield* advance("1 second")
        const closing = yield* Effect.fork(Scope.close(scope, yield* Effect.exit(Effect.void)))
        yield* Count.enqueue(20_000, { id: "later" })
        yield* advance("20 seconds")
        yield* Fiber.join(closing)
        expect(notes).toEqual(["begins 10000", "ends 10000", "let go of 10000", "ledger closed"])
        expect(yield* Count.await(jobId)).toBe(10_000)
        const { getRuns, status } = yield* Scheduler
        expect(yield* getRuns({ jobId: "later" })).toEqual([])
        expect((yield* status).unclaimed).toMatchObject([{ name: "Count" }])
      })
    )
  })

  it("interrupts what is still under way at the deadline, and puts it off until the code is here again", async () => {
    const notes: Array<string> = []
    await within(
      Layer.empty,
      Effect.gen(function* () {
        const module = counting.pipe(Layer.provide(ledgerOf(notes)))
        const scope = yield* Scope.make()
        yield* Layer.buildWithScope(module, scope)
        const jobId = yield* Count.enqueue(50_000)
        yield* advance("1 second")
        const closing = yield* Effect.fork(Scope.close(scope, yield* Effect.exit(Effect.void)))
        yield* advance("10 seconds")
        yield* Fiber.join(closing)
        expect(notes.splice(0)).toEqual(["begins 50000", "let go of 50000", "ledger closed"])
        yield* advance("1 hour")
        const { getRuns } = yield* Scheduler
        expect(yield* getRuns()).toMatchObject([{ outcome: null, error: { name: "RetryLater" } }])
        expect(yield* Effect.provide(moving(Count.await(jobId)), module)).toBe(50_000)
        expect((yield* getRuns()).length).toBe(1)
      }),
      { deadline: "5 seconds" }
    )
  })

  it("is released before the scheduler, and that before nothing that its runs use", async () => {
    const notes: Array<string> = []
    const clock = virtualClock(start)
    const module = counting.pipe(Layer.provide(ledgerOf(notes)))
    const runtime = ManagedRuntime.make(
      module.pipe(Layer.provideMerge(Scheduler.layer({})), Layer.provideMerge(Layer.setClock(clock)))
    )
    await runtime.runPromise(Count.enqueue(10_000))
    await clock.advance("1 second")
    const { promises } = await runtime.runPromise(Scheduler)
    const disposed = runtime.dispose()
    await clock.advance("1 minute")
    await disposed
    expect(notes).toEqual(["begins 10000", "ends 10000", "let go of 10000", "ledger closed"])
    expect((await promises.status()).state).toBe("stopped")
  })

  it("leaves alone what is interrupted from within: that has failed", async () => {
    const Odd = Job.make({ name: "Odd" })
    const odd = Odd.toLayer(() => Effect.interruptWith(FiberId.none))
    const exit = await within(odd, moving(Effect.exit(Odd.execute())))
    expect(exit).toMatchObject({ _tag: "Failure", cause: { _tag: "Interrupt" } })
  })

  it("may execute other jobs", async () => {
    const Twice = Job.make({ name: "Twice", args: Schema.Number, success: Schema.Number })
    const twice = Twice.toLayer(({ args }) => Effect.orDie(Effect.map(Count.execute(args), (counted) => counted * 2)))
    const count = Count.toLayer(({ args }) => Effect.succeed(args))
    expect(await within(Layer.mergeAll(twice, count), moving(Twice.execute(21)))).toBe(42)
  })

  it("claims what came due while it was not there", async () => {
    const Sweep = Job.make({ name: "Sweep" })
    let swept = 0
    await within(
      Sweep.schedule(interval("10 seconds")),
      Effect.gen(function* () {
        yield* advance("1 minute")
        const code = Sweep.toLayer(() => Effect.sync(() => (swept += 1)).pipe(Effect.asVoid))
        yield* Effect.provide(advance("1 second"), code)
        expect(swept).toBe(1)
      })
    )
  })
})
