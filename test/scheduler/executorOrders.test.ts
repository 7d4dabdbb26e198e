/** What an executor of one's own is given to run, and what of its answers is taken. */
import { describe, expect, it } from "vitest"
import { interval, stream, task } from "../../src/index.ts"
import type {
  ExecutorContext,
  ExecutorProvider,
  RunListener,
  RunOrder,
  Settlement,
  TaskSource
} from "../../src/index.ts"
import { Subject } from "rxjs"
import { midnight, minute, newWorld, second, storeKinds } from "../scenarios/world.ts"

/** Keeps every order, and does nothing. */
const keeping = () => {
  const orders: Array<RunOrder> = []
  let given: ExecutorContext | null = null
  const provider: ExecutorProvider = {
    kind: "keeping",
    concurrency: 10,
    queue: 0,
    make: (context) => {
      given = context
      return {
        free: () => 10,
        submit: (order) => void orders.push(order),
        cancel: () => false,
        close: () => undefined,
        status: () => ({ running: 0, queued: 0, stuck: 0 })
      }
    }
  }
  const context = (): ExecutorContext => {
    if (given === null) throw new Error("start the world first")
    return given
  }
  return {
    provider,
    orders,
    get tasks(): TaskSource {
      return context().tasks
    },
    get listener(): RunListener {
      return context().listener
    }
  }
}

const ended = (outcome: Settlement["outcome"], at: number): Settlement => ({
  outcome,
  startedAt: at,
  finishedAt: at,
  result: null,
  error: outcome === "failed" ? { name: "Error", message: "no" } : null,
  retryable: true
})

const nothing = task("nothing", () => null)

describe.each(storeKinds)("with the %s store, an order", (kind) => {
  it("is data and nothing else, whatever made the run due", async () => {
    const world = newWorld(kind)
    const { provider, orders } = keeping()
    const values = new Subject<unknown>()
    const scheduler = await world.start({ tasks: [nothing], executors: { default: provider }, streams: { values } })
    const args = { list: [1, null, "two"], deep: { at: 0.5 } }
    await scheduler.addJob({ id: "plain", task: nothing, trigger: interval("1 minute", { start: midnight + second }) })
    await scheduler.addJob({ id: "asked", task: nothing, paused: true, args, timeout: "5 seconds", onAborted: "await" })
    await scheduler.addJob({ id: "streamed", task: nothing, trigger: stream("values") })
    await world.clock.advance(second)
    await scheduler.runJob("asked")
    values.next({ of: "stream" })
    await world.clock.advance(second)
    expect(orders.map(({ jobId }) => jobId)).toEqual(["plain", "asked", "streamed"])
    for (const order of orders) expect(JSON.parse(JSON.stringify(order))).toStrictEqual(order)
    const { runId: _, ...asked } = orders[1] ?? { runId: "none" }
    const about = { jobId: "asked", task: "nothing", args, fireAt: midnight + second, attempt: 1 }
    expect(asked).toStrictEqual({ ...about, timeoutMs: 5000, awaitEnd: true })
  })
})

describe("what an executor tells", () => {
  it("of an attempt that is over does not touch the next one", async () => {
    const world = newWorld("memory")
    const own = keeping()
    const scheduler = await world.start({ tasks: [nothing], executors: { default: own.provider } })
    await scheduler.addJob({ id: "a", task: nothing, retry: { attempts: 3 } })
    await world.clock.advance(second)
    const [first] = own.orders
    if (first === undefined) throw new Error("nothing was ordered")
    own.listener.settled(first, ended("failed", world.clock.now()))
    await world.clock.advance(minute)
    expect(own.orders.map(({ attempt }) => attempt)).toEqual([1, 2])
    // Late, or told twice.
    own.listener.started(first, world.clock.now())
    own.listener.progressed(first, "late")
    own.listener.settled(first, ended("succeeded", world.clock.now()))
    await world.clock.advance(second)
    const types = world.events.map(({ type }) => type)
    expect(types.filter((type) => ["RunStarted", "RunProgressed", "RunSucceeded"].includes(type))).toEqual([])
    // An attempt is named by its run and number; nothing else of the order need be kept.
    own.listener.settled({ runId: first.runId, attempt: 2 }, ended("succeeded", world.clock.now()))
    await world.clock.advance(second)
    expect(await scheduler.getRuns()).toMatchObject([{ attempt: 2, outcome: "succeeded" }])
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

it("an executor finds code by name, also of tasks that come later", async () => {
  const world = newWorld("memory")
  const own = keeping()
  const scheduler = await world.start({ tasks: [nothing], executors: { default: own.provider } })
  const late = task("late", () => null)
  expect([own.tasks.find("nothing"), own.tasks.find("late"), own.tasks.names]).toEqual([
    nothing,
    undefined,
    ["nothing"]
  ])
  await scheduler.addTask(late)
  expect([own.tasks.find("late"), own.tasks.names]).toEqual([late, ["nothing", "late"]])
})
