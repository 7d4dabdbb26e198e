/** Executors that need time to close: a stop waits for them within bounds, and whatever they do instead of ending harms nobody. */
import { describe, expect, it } from "vitest"
import { createScheduler, date, memory, task } from "../../src/index.ts"
import type { Executor, ExecutorProvider, RunListener, RunOrder, SchedulerOptions } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { gate, midnight, minute, newWorld, second, shortRuns } from "../scenarios/world.ts"
import type { World } from "../scenarios/world.ts"

const held = task("held", () => null)
const once = { task: held, executor: "own", trigger: date(midnight + second) }

/** Holds its orders until a test settles them, and closes as `close` does. */
const holding = (close: (interrupt: () => void) => unknown) => {
  const orders: Array<RunOrder> = []
  let listener: RunListener | null = null
  const interrupt = (): void => {
    for (const order of orders.splice(0)) {
      const finishedAt = midnight + minute
      const end = { outcome: "interrupted", startedAt: null, finishedAt, result: null, error: null } as const
      listener?.settled(order, { ...end, retryable: true })
    }
  }
  const provider: ExecutorProvider = {
    kind: "holding",
    concurrency: 10,
    queue: 0,
    make: (context) => {
      listener = context.listener
      return {
        free: () => 10 - orders.length,
        submit: (order) => void orders.push(order),
        cancel: () => false,
        close: () => close(interrupt) as ReturnType<Executor["close"]>,
        status: () => ({ running: orders.length, queued: 0, stuck: 0 })
      }
    }
  }
  return { provider, orders }
}

const started = async (provider: ExecutorProvider, options: SchedulerOptions = {}): Promise<World> => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [held], executors: { own: provider }, ...options })
  await scheduler.addJob({ id: "a", ...once })
  await world.clock.advance(second)
  return world
}

/** How long a stop took, in virtual time. */
const stopOf = async (world: World, options: Parameters<World["scheduler"]["shutdown"]>[0]): Promise<number> => {
  const from = world.clock.now()
  const stop: { took: number | null } = { took: null }
  void world.scheduler.shutdown(options).then(() => (stop.took = world.clock.now() - from))
  await world.clock.settle()
  for (let turn = 0; turn < 1_000 && stop.took === null; turn++) await world.clock.advance(100)
  return stop.took ?? Infinity
}

describe("a stop", () => {
  it("waits for executors that close, and saves what they settle meanwhile", async () => {
    const open = gate()
    const { provider } = holding(async (interrupt) => {
      await open.opened
      interrupt()
    })
    const world = await started(provider)
    let ended = false
    const stopped = world.scheduler.shutdown({ wait: false }).then(() => (ended = true))
    await world.clock.advance(4 * second)
    expect([ended, world.scheduler.actor.getSnapshot().value]).toEqual([false, "draining"])
    open.open()
    await stopped
    expect(world.events.at(-2)).toMatchObject({ type: "RunInterrupted", jobId: "a", retryAt: midnight + 5 * second })
    expect(world.reported).toEqual([])
  })

  it("waits until its deadline, at least 5 and at most 30 seconds", async () => {
    const never = (): ExecutorProvider => holding(() => new Promise(() => undefined)).provider
    const unanswered = { _tag: "ExecutorUnansweredError", executor: "own", call: "close" }
    for (const [options, runs, ms] of [
      [{ wait: false }, 1, 5 * second],
      // The deadline is what the run took, and five seconds are the executor's.
      [{ deadline: "20 seconds" }, 1, 25 * second],
      [{ deadline: "20 seconds" }, 0, 20 * second],
      [{ deadline: "1 hour" }, 0, 30 * second]
    ] as const) {
      const world = newWorld("memory")
      const scheduler = await world.start({ tasks: [held], executors: { own: never() } })
      if (runs > 0) await scheduler.addJob({ id: "a", ...once })
      await world.clock.advance(second)
      expect([options, await stopOf(world, options)]).toEqual([options, ms])
      expect(world.reported).toMatchObject([unanswered])
    }
  })

  it("that is hurried waits no longer than that", async () => {
    const { provider } = holding(() => new Promise(() => undefined))
    const world = newWorld("memory")
    const scheduler = await world.start({ executors: { own: provider } })
    void scheduler.shutdown({ deadline: "1 minute" })
    await world.clock.advance(7 * second)
    expect(await stopOf(world, { wait: false })).toBeLessThanOrEqual(100)
  })

  it.each<[string, () => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("no end")
      },
      "no end"
    ],
    ["rejects", () => Promise.reject(new Error("no end")), "no end"],
    [
      "gives a thenable that throws",
      () => ({
        then: () => {
          throw new Error("no end")
        }
      }),
      "no end"
    ],
    [
      "gives a generator",
      function* () {
        yield 1
      },
      "it gave a generator"
    ]
  ])("is told of a close that %s, and waits for nothing", async (_what, close, message) => {
    const world = await started(holding(close).provider)
    expect(await stopOf(world, { wait: false })).toBe(0)
    expect(world.reported).toMatchObject([{ message: expect.stringContaining(message) }])
    const { executors } = await world.scheduler.status()
    expect(executors.find(({ name }) => name === "own")?.reported?.where).toBe('executor "own" (close)')
  })
})

it("a start that fails closes its executors", async () => {
  const closed: Array<string> = []
  const { provider } = holding(async () => void closed.push("own"))
  const store = memory()
  const clock = virtualClock(midnight)
  const owner = createScheduler({ store, clock })
  await owner.start()
  const second = createScheduler({ store, clock, executors: { own: provider } })
  await expect(second.start()).rejects.toMatchObject({ _tag: "StoreInUse" })
  expect(closed).toEqual(["own"])
  await owner.shutdown()
})

describe("an executor that is removed", () => {
  it("is waited for by a stop that comes meanwhile", async () => {
    const open = gate()
    const { provider } = holding(() => open.opened)
    const world = await started(provider)
    world.scheduler.removeExecutor("own")
    let ended = false
    const stopped = world.scheduler.shutdown({ wait: false }).then(() => (ended = true))
    await world.clock.settle()
    expect(ended).toBe(false)
    open.open()
    await stopped
  })

  it.each<[string, () => unknown, number]>([
    ["ends none of its runs", () => undefined, 1],
    ["ends none of its runs in time", () => new Promise(() => undefined), 30]
  ])("and %s has them interrupted once its close is over", async (_what, close, afterSeconds) => {
    const { provider } = holding(close)
    const world = await started(provider, { jobDefaults: { onInterrupted: "skip" } })
    world.scheduler.removeExecutor("own")
    await world.clock.advance(afterSeconds * second)
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[second, "interrupted", 1]])
    expect(world.reported).toHaveLength(afterSeconds === 30 ? 1 : 0)
    expect((await world.scheduler.verify()).violations).toEqual([])
  })
})
