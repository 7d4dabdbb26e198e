/** AsyncLocalStorage: what the scheduler calls has the context of the scheduler's maker, never that of whoever came by. */
import { AsyncLocalStorage } from "node:async_hooks"
import { Effect, Layer, ManagedRuntime } from "effect"
import { Observable, Subject } from "rxjs"
import { expect, it } from "vitest"
import { fromCallback } from "xstate"
import { createScheduler, cron, date, interval, stream, task } from "../../src/index.ts"
import type { AnyTask } from "../../src/index.ts"
import { Scheduler } from "../../src/effect.ts"
import { virtualClock } from "../../src/testing.ts"
import { midnight, minute, newWorld, second, storeKinds } from "./world.ts"

const request = new AsyncLocalStorage<string>()

/** Notes the request that it is called in, by what it is. */
const noting = () => {
  const seen = new Map<string, Set<string | undefined>>()
  const note = (what: string): void => {
    seen.set(what, (seen.get(what) ?? new Set()).add(request.getStore()))
  }
  const strangers = (): ReadonlyArray<readonly [string, string]> =>
    [...seen].flatMap(([what, stores]) =>
      [...stores].flatMap((store) => (store === undefined ? [] : [[what, store] as const]))
    )
  return { seen, note, strangers }
}

/** Tasks of every kind, each noting where it is at its start and after it has waited. */
const tasksOf = (note: (what: string) => void, wait: (ms: number) => Promise<void>): ReadonlyArray<AnyTask> => [
  task("sync", ({ attempt }) => {
    note("sync")
    if (attempt === 1) throw new Error("again")
  }),
  task("promise", async ({ signal }) => {
    note("promise")
    signal.addEventListener("abort", () => note("promise, aborted"))
    await wait(second)
    note("promise, later")
    await wait(minute)
  }),
  task("effect", () =>
    Effect.gen(function* () {
      note("effect")
      yield* Effect.sleep("1 second")
      note("effect, later")
      yield* Effect.yieldNow()
      note("effect, after a turn")
      yield* Effect.never
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => note("effect, interrupted"))))
  ),
  task(
    "observable",
    () =>
      new Observable(() => {
        note("observable")
        return () => note("observable, unsubscribed")
      })
  ),
  task("logic", () =>
    fromCallback(() => {
      note("logic")
      return () => note("logic, stopped")
    })
  )
]

it.each(storeKinds)("%s store: no run has the context of a stranger", async (kind) => {
  const { seen, note, strangers } = noting()
  const world = newWorld(kind)
  const values = new Subject<number>()
  const scheduler = await world.start({
    tasks: tasksOf(note, (ms) => world.clock.wait(ms)),
    streams: { values },
    onError: () => note("onError"),
    inspect: () => note("inspect")
  })
  scheduler.on(["RunStarted", "RunFailed", "RunTimedOut", "JobAdded", "SchedulerPaused"], () => note("listener"))
  scheduler.on("RunTimedOut", () => {
    throw new Error("for onError")
  })
  scheduler.events$.subscribe(() => note("events$"))
  scheduler.actor.subscribe(() => note("actor"))
  const triggers = [
    interval("30 seconds"),
    cron("* * * * *"),
    date(midnight + 20 * second),
    stream("values"),
    undefined
  ]
  const kinds = ["sync", "promise", "effect", "observable", "logic"]
  for (const [index, trigger] of triggers.entries())
    for (const name of kinds)
      await request.run(`${name} ${index}`, async () => {
        await scheduler.addJob({
          id: `${name} ${index}`,
          task: name,
          retry: { attempts: 2, backoff: "5 seconds" },
          timeout: "10 seconds",
          ...(trigger === undefined ? {} : { trigger })
        })
      })
  scheduler.job$("sync 0").subscribe(() => note("job$"))
  await request.run("advancing", () => world.clock.advance(70 * second))
  await request.run("emitting", async () => {
    values.next(1)
    await world.clock.settle()
  })
  await request.run("asking", async () => {
    await scheduler.addJob({ id: "asked", task: "promise", trigger: interval("1 day") })
    const run = await scheduler.runJob("asked")
    await request.run("cancelling", async () => scheduler.cancelRun(run.runId))
    scheduler.pause()
    scheduler.resume()
  })
  await request.run("going on", () => world.clock.advance(70 * second))
  expect(strangers()).toEqual([])
  expect([...seen.keys()].sort()).toEqual(
    [
      ...["sync", "promise", "promise, aborted", "promise, later", "effect", "effect, later", "effect, after a turn"],
      ...["effect, interrupted", "observable", "observable, unsubscribed", "logic", "logic, stopped"],
      ...["listener", "events$", "job$", "onError", "inspect", "actor"]
    ].sort()
  )
})

it("a run has the context in which its scheduler was made, and a task's own reaches what it does", async () => {
  const seen: Array<string | undefined> = []
  const clock = virtualClock(midnight)
  const own = task("own", () =>
    request.run("own", async () => {
      await clock.wait(second)
      seen.push(request.getStore())
    })
  )
  const plain = task("plain", () => void seen.push(request.getStore()))
  const scheduler = request.run("maker", () => createScheduler({ tasks: [own, plain], clock, timezone: "UTC" }))
  await request.run("starter", () => scheduler.start())
  await request.run("adder", () => scheduler.addJob({ task: plain }))
  await scheduler.addJob({ task: own })
  await request.run("advancing", () => clock.advance("1 minute"))
  await scheduler.shutdown()
  expect(seen.sort()).toEqual(["maker", "own"])
})

it("the Effect layer's runs have the context in which the layer was built", async () => {
  const { seen, note, strangers } = noting()
  const clock = virtualClock(midnight)
  const runtime = ManagedRuntime.make(
    Layer.mergeAll(Scheduler.layer({ tasks: tasksOf(note, (ms) => clock.wait(ms)), clock, timezone: "UTC" }))
  )
  const { promises } = await runtime.runPromise(Scheduler)
  await request.run("adder", () =>
    runtime.runPromise(
      Effect.flatMap(Scheduler, (scheduler) =>
        scheduler.addJob({ id: "effect", task: "effect", trigger: interval("1 minute"), timeout: "10 seconds" })
      )
    )
  )
  await request.run("advancing", () => clock.advance("3 minutes"))
  expect(strangers()).toEqual([])
  expect(seen.size).toBe(4)
  await promises.shutdown({ wait: false })
  await runtime.dispose()
})
