/** What the release of the layer waits for: the attempts' own fibers, never for long. The clock stands still unless a test moves it. */
import { createScheduler, date, interval, task } from "carillon"
import type { AnyTask } from "carillon"
import { Scheduler } from "carillon/effect"
import type { LayerOptions } from "carillon/effect"
import { virtualClock } from "carillon/testing"
import type { Scope } from "effect"
import { Context, Deferred, Effect, FiberSet, Layer, RcMap } from "effect"
import { describe, expect, it } from "vitest"
import { advance, run, start } from "./effectScene.ts"

/** Keeps the process no longer alive than a test, unlike `Effect.never`. */
const forEver = Effect.async<never>(() => undefined)

/** Runs fibers until it is released itself. */
class Background extends Context.Tag("test/Background")<Background, FiberSet.FiberSet>() {
  static readonly live = Layer.scoped(Background, FiberSet.make())
}

/** Keeps what was got half a minute longer. */
class Pool extends Context.Tag("test/Pool")<Pool, RcMap.RcMap<string, string>>() {
  static readonly live = Layer.scoped(
    Pool,
    RcMap.make({ lookup: (key: string) => Effect.succeed(key), idleTimeToLive: "30 seconds" })
  )
}

/** Runs a job of the task once, and gives what its run gave. */
const once = <R>(given: AnyTask<R>) =>
  Effect.gen(function* () {
    const scheduler = yield* Scheduler
    yield* scheduler.addJob({ id: "a", task: given.name, trigger: interval({ days: 1 }) })
    yield* scheduler.runJob("a")
    yield* advance("1 second")
    return (yield* scheduler.getRuns()).map(({ outcome, result }) => [outcome, result])
  }).pipe(Effect.provide(Scheduler.layer({ tasks: [given], deadline: "1 second" })))

const onVirtualClock = <A, E>(program: Effect.Effect<A, E>) =>
  Effect.runPromise(Effect.suspend(() => Effect.withClock(program, virtualClock(start))))

describe("the release of the layer", () => {
  it("does not wait for a daemon", async () => {
    let daemonAlive = true
    const end = Effect.sync(() => (daemonAlive = false))
    const left = task("left", () => Effect.as(Effect.forkDaemon(forEver.pipe(Effect.onInterrupt(() => end))), "ok"))
    expect(await onVirtualClock(once(left))).toEqual([["succeeded", "ok"]])
    expect(daemonAlive).toBe(true)
  })

  it("does not wait for a fiber that a service runs, which is released later", async () => {
    const background = task("background", () =>
      Effect.flatMap(Background, (fibers) => Effect.as(FiberSet.run(fibers, Effect.never), "ok"))
    )
    expect(await onVirtualClock(once(background).pipe(Effect.provide(Background.live)))).toEqual([["succeeded", "ok"]])
  })

  it("does not wait for a service's idle time", async () => {
    const pooled = task("pooled", () => Effect.scoped(Effect.flatMap(Pool, (pool) => RcMap.get(pool, "ok"))))
    expect(await onVirtualClock(once(pooled).pipe(Effect.provide(Pool.live)))).toEqual([["succeeded", "ok"]])
  })

  it.each([
    ["interrupted by it", "interrupted"],
    ["cancelled before", "cancelled"]
  ])("waits for the finalizers of an attempt %s, which may use the tasks' services", async (_, outcome) => {
    const log: Array<string> = []
    const slowly = Effect.promise(() => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve))))
    class Svc extends Context.Tag("test/Svc")<Svc, { readonly use: Effect.Effect<unknown> }>() {}
    const svc = Layer.scoped(
      Svc,
      Effect.acquireRelease(Effect.succeed({ use: Effect.sync(() => log.push("finalizer uses Svc")) }), () =>
        Effect.sync(() => log.push("Svc closed"))
      )
    )
    const closing = task("closing", () =>
      Effect.flatMap(Svc, ({ use }) => Effect.never.pipe(Effect.ensuring(Effect.andThen(slowly, use))))
    )
    const program = Effect.gen(function* () {
      const scheduler = yield* Scheduler
      yield* scheduler.addJob({ id: "a", task: closing, trigger: date(start) })
      yield* advance("1 second")
      const [only] = yield* scheduler.getRuns()
      if (outcome === "cancelled") yield* scheduler.cancelRun(only?.runId ?? "")
    })
    const layer = Scheduler.layer({ tasks: [closing], deadline: 0 })
    await onVirtualClock(program.pipe(Effect.provide(layer), Effect.provide(svc)))
    expect(log).toEqual(["finalizer uses Svc", "Svc closed"])
  })

  it("gives up on a finalizer that has not ended 5 seconds later, and tells it", async () => {
    const told: Array<unknown> = []
    const clock = virtualClock(start)
    const hanging = task("hanging", () => Effect.never.pipe(Effect.ensuring(forEver)))
    const options = { tasks: [hanging], deadline: 0, clock, onError: (error: unknown) => void told.push(error) }
    const began = Effect.runSync(Deferred.make<void>())
    const ended = Effect.runPromise(program(options, began))
    await Effect.runPromise(Deferred.await(began))
    await clock.advance("4999 millis")
    expect(told).toEqual([])
    await clock.advance(1)
    await ended
    expect(told).toMatchObject([{ _tag: "ExecutorUnansweredError", executor: "default", call: "close", afterMs: 5000 }])
  })

  it("waits no longer than it takes for one that ends in time", async () => {
    const log: Array<string> = []
    const clock = virtualClock(start)
    const slow = task("slow", () =>
      Effect.never.pipe(Effect.ensuring(Effect.andThen(Effect.sleep("3 seconds"), () => log.push("finalized"))))
    )
    const began = Effect.runSync(Deferred.make<void>())
    const ended = Effect.runPromise(program({ tasks: [slow], deadline: 0, clock }, began))
    await Effect.runPromise(Deferred.await(began))
    await clock.advance("3 seconds")
    await ended
    expect([log, clock.now() - start]).toEqual([["finalized"], 4000])
  })
})

describe("a shutdown of the promise face", () => {
  it("waits for the finalizers of Effects, and not for a promise", async () => {
    const log: Array<string> = []
    const clock = virtualClock(start)
    const slow = task("slow", () =>
      Effect.never.pipe(Effect.ensuring(Effect.andThen(Effect.sleep("3 seconds"), () => log.push("finalized"))))
    )
    const deaf = task("deaf", () => new Promise(() => undefined))
    const scheduler = createScheduler({ tasks: [slow, deaf], clock })
    await scheduler.start()
    for (const { name } of [slow, deaf]) await scheduler.addJob({ task: name, trigger: date(start) })
    await clock.advance("1 second")
    const stopped = scheduler.shutdown({ deadline: 0 }).then(() => log.push("stopped"))
    await clock.advance("2 seconds")
    expect(log).toEqual([])
    await clock.advance("1 second")
    await stopped
    expect(log).toEqual(["finalized", "stopped"])
  })
})

/** Starts the one task of `options` and leaves the layer while its run is under way. */
const program = <T extends AnyTask<Scope.Scope>>(
  options: LayerOptions<T> & { readonly clock: ReturnType<typeof virtualClock> },
  began: Deferred.Deferred<void>
) =>
  run(options, (scheduler) =>
    Effect.gen(function* () {
      yield* scheduler.addJob({ id: "a", task: options.tasks?.[0]?.name ?? "", trigger: date(start) })
      yield* Effect.promise(() => options.clock.advance("1 second"))
      yield* Deferred.succeed(began, undefined)
    })
  )
