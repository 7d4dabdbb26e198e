/**
 * The scheduler as a service of an Effect program: verbs, errors, requirements, interruption, release. A few lines long of 300,
 * since the tasks at its head serve every part.
 */
import { createScheduler, date, interval, memory, task } from "carillon"
import type {
  AddJobError,
  LifeError,
  MaxInstancesError,
  PauseJobError,
  RunJobError,
  SchedulerEvent,
  SchedulerStatus
} from "carillon"
import { Scheduler } from "carillon/effect"
import type { JobHandle, LayerError, LayerOptions, SchedulerError } from "carillon/effect"
import { virtualClock } from "carillon/testing"
import {
  Cause,
  Clock,
  Context,
  Effect,
  Exit,
  Fiber,
  Layer,
  Predicate,
  Schema,
  Stream,
  TestClock,
  TestContext
} from "effect"
import { describe, expect, expectTypeOf, it } from "vitest"
import { advance, run, start } from "./effectScene.ts"

class Mail extends Context.Tag("test/Mail")<Mail, { readonly send: (to: string) => Effect.Effect<string> }>() {}
class Printer extends Context.Tag("test/Printer")<Printer, { readonly print: Effect.Effect<string> }>() {}

const mail = task("mail", ({ args }) => Effect.flatMap(Mail, ({ send }) => send(args.to)), {
  args: Schema.Struct({ to: Schema.String })
})
const print = task(
  "print",
  Effect.flatMap(Printer, (printer) => printer.print)
)
const plain = task("plain", () => "done")
const followUp = task("followUp", () =>
  Effect.flatMap(Scheduler, (scheduler) =>
    scheduler.addJob({ id: "second", task: plain, trigger: date(start + 60_000) })
  ).pipe(Effect.as("added"))
)

const mailLive = Layer.succeed(Mail, { send: (to) => Effect.succeed(`sent to ${to}`) })

describe("a verb's errors", () => {
  it("are the verb's own, in the type too", () => {
    type Verbs = Scheduler["Type"]
    expectTypeOf<ReturnType<Verbs["pauseJob"]>>().toEqualTypeOf<Effect.Effect<JobHandle, PauseJobError>>()
    expectTypeOf<ReturnType<Verbs["addJob"]>>().toEqualTypeOf<Effect.Effect<JobHandle, AddJobError>>()
    expectTypeOf<Verbs["status"]>().toEqualTypeOf<Effect.Effect<SchedulerStatus>>()
    expectTypeOf<Verbs["pause"]>().toEqualTypeOf<Effect.Effect<void, LifeError>>()
    expectTypeOf<MaxInstancesError>().not.toExtend<PauseJobError>()
    expectTypeOf<MaxInstancesError>().toExtend<RunJobError>()
    expectTypeOf<PauseJobError | RunJobError | AddJobError>().toExtend<SchedulerError>()
  })
})

describe("the layer's type", () => {
  it("requires what the tasks require, and only that", () => {
    expectTypeOf(Scheduler.layer({ tasks: [mail, print, plain] })).toEqualTypeOf<
      Layer.Layer<Scheduler, LayerError, Mail | Printer>
    >()
    expectTypeOf(Scheduler.layer({ tasks: [plain] })).toEqualTypeOf<Layer.Layer<Scheduler, LayerError>>()
    expectTypeOf(Scheduler.layer({})).toEqualTypeOf<Layer.Layer<Scheduler, LayerError>>()
  })

  it("does not require the scheduler for tasks that use it: it is the one that runs them", () => {
    expectTypeOf(Scheduler.layer({ tasks: [followUp, print] })).toEqualTypeOf<
      Layer.Layer<Scheduler, LayerError, Printer>
    >()
  })

  it("lets createScheduler have no task with requirements", () => {
    // @ts-expect-error Mail is required and nobody provides it
    const scheduler = () => createScheduler({ tasks: [plain, mail] })
    expectTypeOf(scheduler).toBeFunction()
  })

  it("knows the arguments of a task that is given as itself, in both faces", () => {
    const added = (scheduler: Scheduler["Type"]) => [
      scheduler.addJob({ task: mail, args: { to: "ops" }, trigger: date(start) }),
      scheduler.addJob({ task: "mail", args: { to: "ops" } }),
      // @ts-expect-error the schema wants a string
      scheduler.addJob({ task: mail, args: { to: 1 } }),
      // @ts-expect-error the schema wants arguments
      scheduler.addJob({ task: mail, trigger: date(start) }),
      // @ts-expect-error the schema wants a string
      scheduler.promises.addJob({ task: mail, args: { to: 1 } }),
      // @ts-expect-error there is no such option
      scheduler.addJob({ task: mail, args: { to: "ops" }, colour: "red" })
    ]
    expectTypeOf(added).returns.toBeArray()
  })
})

describe("the layer", () => {
  it("runs tasks with what they require", async () => {
    const outcome = await run({ tasks: [mail] }, (scheduler) =>
      Effect.gen(function* () {
        const job = yield* scheduler.addJob({
          id: "a",
          task: mail,
          args: { to: "ops" },
          trigger: interval({ days: 1 })
        })
        const record = yield* (yield* job.run()).settled
        return [record.outcome, record.result]
      })
    ).pipe(Effect.provide(mailLive), Effect.runPromise)
    expect(outcome).toEqual(["succeeded", "sent to ops"])
  })

  it("lets a task add jobs to the scheduler that runs it", async () => {
    const program = run({ tasks: [followUp, plain] }, (scheduler) =>
      Effect.gen(function* () {
        yield* scheduler.addJob({ id: "first", task: followUp, trigger: date(start) })
        yield* advance("1 second")
        const second = yield* scheduler.getJob("second")
        expect(second?.nextFireAt).toBe(start + 60_000)
      })
    )
    await Effect.runPromise(program)
  })

  it("fails with typed errors that catchTag takes", async () => {
    const program = run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const add = scheduler.addJob({ id: "a", task: plain, trigger: interval({ days: 1 }) })
        yield* add
        const second = add.pipe(
          Effect.as("added"),
          Effect.catchTag("DuplicateJobError", ({ jobId }) => Effect.succeed(`refused ${jobId}`))
        )
        const missing = Effect.flip(scheduler.pauseJob("b"))
        return [yield* second, (yield* missing)._tag]
      })
    )
    expect(await Effect.runPromise(program)).toEqual(["refused a", "UnknownJobError"])
  })

  it("fails when its options are wrong or its store cannot be opened", async () => {
    const error = (options: LayerOptions) =>
      Effect.runPromise(Effect.flip(Layer.build(Scheduler.layer(options)).pipe(Effect.scoped)))
    expect((await error({ timezone: "Nowhere/Land" }))._tag).toBe("UnknownTimezoneError")
    expect((await error({ cachedJobs: -1 }))._tag).toBe("InvalidOptionError")
    const store = memory()
    const inUse = Effect.flatMap(store.open({ pid: 7, host: "", startedAt: start }), () =>
      Effect.promise(() => error({ store }))
    )
    expect((await Effect.runPromise(Effect.scoped(inUse)))._tag).toBe("StoreInUse")
  })

  it.for<readonly [string, unknown, string]>([
    ["no options", null, "InvalidOptionError"],
    ["a text for options", "jobs.db", "InvalidOptionError"],
    ["an unknown option", { dedline: 1 }, "InvalidOptionError"],
    ["a deadline that is no duration", { deadline: "x" }, "InvalidDurationError"],
    ["a deadline that is no number", { deadline: Number.NaN }, "InvalidDurationError"],
    ["a deadline of nothing", { deadline: null }, "InvalidDurationError"]
  ])("fails when it is built with %s, before it opens its store", async ([, given, tag]) => {
    let opened = false
    const store = { ...memory(), open: () => Effect.die((opened = true)) }
    const options = (typeof given === "object" && given !== null ? { ...given, store } : given) as LayerOptions
    const error = await Effect.runPromise(Effect.flip(Effect.scoped(Layer.build(Scheduler.layer(options)))))
    expect([error._tag, opened]).toEqual([tag, false])
  })

  it.for<readonly [string, unknown]>([
    ["an Effect's Cause", Cause.fail("no")],
    ["an object with a tag", { _tag: "StoreInUse" }],
    ["an error whose tag is no text", Object.assign(new Error("no"), { _tag: 7 })]
  ])("dies of %s, which is none of its errors", async ([, thrown]) => {
    const options = Object.defineProperty({}, "tasks", {
      enumerable: true,
      get: () => {
        throw thrown
      }
    }) as LayerOptions
    const exit = await Effect.runPromiseExit(Effect.scoped(Layer.build(Scheduler.layer(options))))
    expect(exit).toEqual(Exit.die(thrown))
  })

  it("streams events, and a job's records until the job is removed", async () => {
    const program = run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const runs = scheduler.events.pipe(
          Stream.filter(
            (event): event is Extract<SchedulerEvent, { type: "RunSucceeded" }> => event.type === "RunSucceeded"
          ),
          Stream.take(3),
          Stream.runCollect
        )
        const told = yield* Effect.fork(runs)
        yield* scheduler.addJob({ id: "a", task: plain, trigger: interval({ seconds: 1 }) })
        const records = yield* Effect.fork(
          Stream.runLast(Stream.takeWhile(scheduler.job("a"), Predicate.isNotNullable))
        )
        yield* advance("10 seconds")
        const fireTimes = Array.from(yield* Fiber.join(told), ({ fireAt }) => fireAt - start)
        yield* scheduler.removeJob("a")
        const last = yield* Fiber.join(records)
        const missing = yield* Stream.runCollect(Stream.take(scheduler.job("b"), 2))
        return [fireTimes, last._tag === "Some" && last.value.runCount, Array.from(missing)]
      })
    )
    expect(await Effect.runPromise(program)).toEqual([[1000, 2000, 3000], 10, [undefined, null]])
  })

  it("has every event from the subscription on, whenever the stream is run", async () => {
    const types = await run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const events = yield* scheduler.subscribe
        const others = yield* scheduler.subscribe
        yield* scheduler.addJob({ id: "a", task: plain, trigger: interval({ days: 1 }) })
        yield* scheduler.pauseJob("a")
        yield* Effect.yieldNow()
        const taken = yield* Effect.all([
          Stream.runCollect(Stream.take(events, 1)),
          Stream.runCollect(Stream.take(others, 2))
        ])
        return taken.map((chunk) => Array.from(chunk, ({ type }) => type))
      }).pipe(Effect.scoped)
    ).pipe(Effect.runPromise)
    expect(types).toEqual([["JobAdded"], ["JobAdded", "JobPaused"]])
  })

  it("takes no events any more for a subscription whose scope is closed", async () => {
    const types = await run({ tasks: [plain] }, (scheduler) =>
      Effect.gen(function* () {
        const closed = yield* Effect.scoped(scheduler.subscribe)
        yield* scheduler.addJob({ id: "a", task: plain, trigger: interval({ days: 1 }) })
        return Array.from(yield* Stream.runCollect(closed))
      })
    ).pipe(Effect.runPromise)
    expect(types).toEqual([])
  })

  it("ends the stream of events when it is released", async () => {
    const events = await run({ tasks: [plain] }, (scheduler) =>
      Effect.forkDaemon(Stream.runCollect(scheduler.events)).pipe(Effect.tap(advance("1 second")))
    ).pipe(Effect.flatMap(Fiber.join), Effect.runPromise)
    expect(Array.from(events, ({ type }) => type)).toEqual(["SchedulerDraining", "SchedulerStopped"])
  })

  it("pauses, resumes, and tells its state through its actor", async () => {
    const states = await Effect.runPromise(
      run({}, (scheduler) =>
        Effect.gen(function* () {
          yield* scheduler.pause
          const paused = scheduler.actor.getSnapshot().value
          yield* scheduler.resume
          return [paused, (yield* scheduler.status).state]
        })
      )
    )
    expect(states).toEqual(["paused", "active"])
  })
})

describe("a task's Effect", () => {
  it.each([
    ["cancelled", "cancelled"],
    ["timed out", "timedOut"],
    ["interrupted by the layer's release", "interrupted"]
  ])("runs its finalizers when it is %s", async (_, outcome) => {
    const log: Array<string> = []
    const store = memory()
    const program = run({ tasks: [guarded(log)], store, deadline: 0 }, (scheduler) =>
      Effect.gen(function* () {
        const timeout = outcome === "timedOut" ? "5 seconds" : null
        yield* scheduler.addJob({ id: "a", task: "guarded", trigger: date(start), timeout })
        yield* Effect.fork(
          Stream.runForEach(scheduler.events, (event) =>
            Effect.sync(() => {
              if ("startedAt" in event) log.push(event.type)
            })
          )
        )
        yield* advance("1 second")
        expect(log).toEqual(["begun"])
        const [live] = yield* scheduler.getRuns()
        if (outcome === "cancelled") yield* scheduler.cancelRun(live?.runId ?? "")
        yield* advance(outcome === "timedOut" ? "10 seconds" : 0)
        if (outcome === "interrupted") return
        const [ended] = yield* scheduler.getRuns()
        expect([ended?.outcome, log]).toEqual([outcome, expect.arrayContaining(["finalized"])])
      })
    )
    await Effect.runPromise(program)
    expect(log.filter((line) => !line.startsWith("Run"))).toEqual(["begun", "finalized"])
  })

  it("is waited for by the release until its finalizers have run", async () => {
    const log: Array<string> = []
    const slowly = Effect.promise(() => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve))))
    const closing = task("closing", () =>
      Effect.never.pipe(Effect.ensuring(Effect.andThen(slowly, () => log.push("finalized"))))
    )
    const resource = Layer.scopedDiscard(Effect.addFinalizer(() => Effect.sync(() => log.push("resource closed"))))
    const program = run({ tasks: [closing], deadline: 0 }, (scheduler) =>
      Effect.andThen(scheduler.addJob({ id: "a", task: closing, trigger: date(start) }), advance("1 second"))
    )
    await Effect.runPromise(program.pipe(Effect.provide(resource)))
    expect(log).toEqual(["finalized", "resource closed"])
  })

  it("has until the deadline to end by itself when the layer is released", async () => {
    const clock = virtualClock(start)
    const log: Array<string> = []
    const patient = task("patient", ({ signal }) =>
      Effect.sleep("3 seconds").pipe(Effect.andThen(() => log.push(`ended, aborted: ${String(signal.aborted)}`)))
    )
    let releasing = (): void => undefined
    const released = new Promise<void>((resolve) => (releasing = resolve))
    const program = Effect.gen(function* () {
      const scheduler = yield* Scheduler
      const job = yield* scheduler.addJob({ id: "a", task: patient, trigger: interval({ days: 1 }) })
      yield* scheduler.runJob(job.id)
      yield* Effect.addFinalizer(() => Effect.sync(releasing))
    }).pipe(Effect.scoped, Effect.provide(Scheduler.layer({ tasks: [patient], clock, deadline: "10 seconds" })))
    const ended = Effect.runPromise(program)
    await released
    await clock.advance("3 seconds")
    await ended
    expect(log).toEqual(["ended, aborted: false"])
  })
})

describe("the surrounding clock", () => {
  it("moves the scheduler and the Effects of its tasks", async () => {
    const seen: Array<number> = []
    const watch = task("watch", () =>
      Effect.sleep("2 seconds").pipe(
        Effect.andThen(Clock.currentTimeMillis),
        Effect.tap((now) => Effect.sync(() => seen.push(now - start)))
      )
    )
    const program = run({ tasks: [watch] }, (scheduler) =>
      Effect.andThen(scheduler.addJob({ id: "a", task: watch, trigger: interval({ minutes: 1 }) }), advance(123_000))
    )
    await Effect.runPromise(program)
    expect(seen).toEqual([62_000, 122_000])
  })

  it("may be Effect's TestClock", async () => {
    const fired = await Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const scheduler = yield* Layer.build(Scheduler.layer({ tasks: [plain] })).pipe(
        Effect.map((context) => Context.get(context, Scheduler))
      )
      const told = yield* Effect.fork(
        scheduler.events.pipe(
          Stream.filter(({ type }) => type === "RunSucceeded"),
          Stream.runHead
        )
      )
      yield* scheduler.addJob({ id: "a", task: plain, trigger: interval({ seconds: 30 }) })
      yield* TestClock.adjust("30 seconds")
      yield* Fiber.join(told)
      return (yield* scheduler.getRuns()).map(({ fireAt }) => fireAt - start)
    }).pipe(Effect.scoped, Effect.provide(TestContext.TestContext), Effect.runPromise)
    expect(fired).toEqual([30_000])
  })

  it("costs a TestClock's day no more sleeps than the day has wake-ups", async () => {
    const slept = await Effect.gen(function* () {
      yield* TestClock.setTime(start)
      const clock = yield* TestClock.testClock()
      let sleeps = 0
      const counting = new Proxy(clock, {
        get: (target, key) => {
          if (key === "sleep") sleeps += 1
          return Reflect.get(target, key, target) as unknown
        }
      })
      const layer = Scheduler.layer({ tasks: [plain], clock: counting })
      const scheduler = yield* Effect.map(Layer.build(layer), (context) => Context.get(context, Scheduler))
      yield* scheduler.addJob({ id: "a", task: plain, trigger: interval({ days: 1 }) })
      yield* TestClock.adjust("1 day")
      expect((yield* scheduler.getRuns()).length).toBe(1)
      return sleeps
    }).pipe(Effect.scoped, Effect.provide(TestContext.TestContext), Effect.runPromise)
    // The day's one fire time, and a look an hour for what is old.
    expect(slept).toBeLessThan(100)
  })
})

const guarded = (log: Array<string>) =>
  task("guarded", () =>
    Effect.acquireUseRelease(
      Effect.sync(() => log.push("begun")),
      () => Effect.never,
      () => Effect.sync(() => log.push("finalized"))
    )
  )
