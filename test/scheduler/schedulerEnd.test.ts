/** How an Effect program hears that its scheduler has stopped by itself. */
import { interval, memory, StoreFenced, task } from "carillon"
import { Scheduler } from "carillon/effect"
import type { LayerError, LayerOptions, SchedulerFault } from "carillon/effect"
import { sqlite } from "carillon/sqlite"
import { virtualClock } from "carillon/testing"
import Database from "better-sqlite3"
import { Cause, Context, Effect, Exit, Fiber, Layer, Stream } from "effect"
import { describe, expect, expectTypeOf, it, vi } from "vitest"
import { faultyStore } from "../scenarios/faultyStore.ts"
import { temporaryFile } from "../scenarios/world.ts"
import { advance, run, start } from "./effectScene.ts"

const plain = task("plain", () => "done").scheduled(interval({ minutes: 1 }))
const fenced = new StoreFenced({ store: "jobs.db", epoch: 1 })
const quiet = { onError: () => undefined }

/** A store that another owner takes when `take` is called. */
const takenOver = (error: () => Error = () => fenced) => {
  const { store, fail } = faultyStore(memory())
  return { store, take: () => fail("before", error as () => StoreFenced) }
}

describe("launch", () => {
  it("fails when another process takes the file over", async () => {
    const filename = temporaryFile()
    const { launched, clock } = await launchedWith({ store: sqlite({ filename }) })
    const other = new Database(filename)
    other.exec("UPDATE owner SET epoch = epoch + 1")
    other.close()
    await clock.advance("1 minute")
    const exit = await Effect.runPromise(Fiber.await(launched))
    expect(exit).toMatchObject({ _tag: "Failure", cause: { _tag: "Fail", error: { _tag: "StoreFenced" } } })
  })

  it("fails with what keeps the scheduler from starting", async () => {
    const exit = await Effect.runPromiseExit(Scheduler.launch({ timezone: "Nowhere/Land" }))
    expect(exit).toMatchObject({ cause: { _tag: "Fail", error: { _tag: "UnknownTimezoneError" } } })
  })

  it("drains the scheduler when it is interrupted", async () => {
    const store = memory()
    const { launched, clock } = await launchedWith({ store })
    const exit = await Effect.runPromise(Fiber.interrupt(launched))
    expect(Exit.isInterrupted(exit)).toBe(true)
    const next = Effect.flatMap(Scheduler, (scheduler) => scheduler.getRuns()).pipe(
      Effect.provide(Scheduler.layer({ tasks: [task("plain", () => "done")], store, clock }))
    )
    expect((await Effect.runPromise(next)).map(({ outcome }) => outcome)).toContain("succeeded")
  })

  it("requires what its tasks require", () => {
    class Svc extends Context.Tag("test/Svc")<Svc, string>() {}
    const using = task("using", Svc)
    expectTypeOf(Scheduler.launch({ tasks: [using, plain] })).toEqualTypeOf<
      Effect.Effect<never, LayerError | SchedulerFault, Svc>
    >()
    expectTypeOf<SchedulerFault>().toEqualTypeOf<StoreFenced>()
  })
})

describe("a scheduler that has stopped by itself", () => {
  it("fails who waits for its end, once it has ended", async () => {
    const { store, take } = takenOver()
    const told = await run({ tasks: [plain], store, ...quiet }, (scheduler) =>
      Effect.gen(function* () {
        const waiting = yield* Effect.fork(scheduler.stopped)
        yield* advance("90 seconds")
        expect(waiting.unsafePoll()).toBeNull()
        take()
        yield* advance("1 minute")
        const fault = yield* Effect.flip(Fiber.join(waiting))
        const later = yield* Effect.flip(scheduler.stopped)
        return [fault, later, (yield* scheduler.status).state]
      })
    ).pipe(Effect.runPromise)
    expect(told).toEqual([fenced, fenced, "stopped"])
  })

  it("fails its streams when all of their values are taken", async () => {
    const { store, take } = takenOver()
    const told = await run({ tasks: [plain], store, ...quiet }, (scheduler) =>
      Effect.gen(function* () {
        const [job] = yield* scheduler.getJobs()
        const log: Array<string> = []
        const events = yield* Effect.fork(Stream.runForEach(scheduler.events, ({ type }) => note(log, type)))
        const records = yield* Effect.fork(Stream.runDrain(scheduler.job(job?.id ?? "")))
        yield* advance("90 seconds")
        take()
        yield* advance("1 minute")
        const faults = [yield* Effect.flip(Fiber.join(events)), yield* Effect.flip(Fiber.join(records))]
        return [...faults, log.at(-1)]
      })
    ).pipe(Effect.runPromise)
    expect(told).toEqual([fenced, fenced, "SchedulerStopped"])
  })

  it("ends the work that is raced with its end", async () => {
    const { store, take } = takenOver()
    const exit = await run({ tasks: [plain], store, ...quiet }, (scheduler) =>
      Effect.raceFirst(
        scheduler.stopped,
        Effect.andThen(advance("90 seconds"), Effect.sync(take)).pipe(
          Effect.andThen(advance("1 minute")),
          Effect.andThen(Effect.never)
        )
      )
    ).pipe(Effect.runPromiseExit)
    expect(exit).toEqual(Exit.fail(fenced))
  })

  it("dies of what is a bug", async () => {
    const bug = new Error("a bug in a store")
    const { store } = faultyStore(memory())
    let broken = false
    const buggy = {
      ...store,
      open: (owner: Parameters<typeof store.open>[0]) =>
        Effect.map(store.open(owner), (opened) => ({
          ...opened,
          commit: (...args: Parameters<typeof opened.commit>) => (broken ? Effect.die(bug) : opened.commit(...args))
        }))
    }
    const cause = await run({ tasks: [plain], store: buggy, ...quiet }, (scheduler) =>
      Effect.gen(function* () {
        const waiting = yield* Effect.fork(scheduler.stopped)
        broken = true
        yield* advance("90 seconds")
        return yield* Fiber.await(waiting)
      })
    ).pipe(Effect.runPromise)
    expect(cause).toEqual(Exit.die(bug))
  })
})

describe("a scheduler that is shut down", () => {
  it("interrupts who waits for its end, and ends its streams", async () => {
    const waiters = await run({ tasks: [plain] }, (scheduler) =>
      Effect.all([Effect.forkDaemon(scheduler.stopped), Effect.forkDaemon(Stream.runDrain(scheduler.events))])
    ).pipe(Effect.runPromise)
    const [stopped, events] = await Effect.runPromise(
      Effect.all(waiters.map((waiter) => Fiber.await<unknown, unknown>(waiter)))
    )
    expect(stopped !== undefined && Exit.isFailure(stopped) && Cause.isInterruptedOnly(stopped.cause)).toBe(true)
    expect(events).toEqual(Exit.void)
  })

  it("interrupts who asks for its end later", async () => {
    const stopped = Effect.scoped(
      Effect.flatMap(Layer.build(Scheduler.layer({})), (built) => {
        const scheduler = Context.get(built, Scheduler)
        return Effect.zipRight(
          Effect.promise(() => scheduler.promises.shutdown()),
          scheduler.stopped
        )
      })
    )
    expect(Exit.isInterrupted(await Effect.runPromiseExit(stopped))).toBe(true)
  })
})

/** A launched scheduler whose one job has run. */
const launchedWith = async (options: Pick<LayerOptions, "store">) => {
  const clock = virtualClock(start)
  let runs = 0
  const counted = task("plain", () => `run ${++runs}`).scheduled(interval({ minutes: 1 }))
  const launched = Effect.runFork(Scheduler.launch({ tasks: [counted], clock, ...options, ...quiet }))
  // The first few may pass while it still starts.
  await vi.waitUntil(async () => {
    await clock.advance("1 minute")
    return runs > 0
  })
  return { launched, clock }
}

const note = (log: Array<string>, line: string) => Effect.sync(() => void log.push(line))
