/** Orders to executors, and outcomes back, with executors that a test holds in its hand. */
import { Runtime } from "effect"
import { describe, expect, it } from "vitest"
import type { DispatchedOrder, OrderSource } from "../../src/engine/dispatchedOrder.ts"
import { Dispatcher } from "../../src/engine/dispatcher.ts"
import type { Executor, ExecutorContext, RunOrder, Settlement } from "../../src/executor/executor.ts"
import { ManualTimers } from "../executor/manualTimers.ts"

const newScene = (attemptEnded: (name: string, settlement: Settlement) => void = () => undefined) => {
  const timers = new ManualTimers()
  const told: Array<string> = []
  const released: Array<string> = []
  const source = (name: string): OrderSource & { readonly name: string } => ({
    name,
    started: ({ order: { runId } }, at) => told.push(`${name} started ${runId} at ${at - timers.now()}`),
    progressed: ({ order: { runId } }, value) => told.push(`${name} progressed ${runId} ${JSON.stringify(value)}`),
    checkpointed: ({ order: { runId } }, text) => told.push(`${name} checkpointed ${runId} ${text}`),
    settled: ({ order: { runId } }, { outcome }) => told.push(`${name} settled ${runId} ${outcome}`)
  })
  const [a, b] = [source("a"), source("b")]
  const dispatcher = new Dispatcher(
    { tasks: { find: () => undefined, names: [] }, timers, runtime: Runtime.defaultRuntime },
    (of) => released.push((of as typeof a).name),
    (name, error, doing) => told.push(`${name} ${doing}: ${error instanceof Error ? error.message : String(error)}`),
    attemptEnded
  )
  const given: Array<RunOrder> = []
  /** So many slots, held until a test settles them. */
  const add = (name: string, slots: number, part: Partial<Executor> = {}): ExecutorContext["listener"] => {
    const held = new Set<string>()
    const made: Array<ExecutorContext["listener"]> = []
    dispatcher.add(name, {
      kind: "held",
      concurrency: slots,
      queue: 0,
      make: (context) => {
        made.push({
          ...context.listener,
          settled: (order, settlement) => {
            held.delete(order.runId)
            context.listener.settled(order, settlement)
          }
        })
        return {
          free: () => slots - held.size,
          submit: (order) => {
            held.add(order.runId)
            given.push(order)
          },
          cancel: () => true,
          close: () => undefined,
          status: () => ({ running: held.size, queued: 0, stuck: 0 }),
          ...part
        }
      }
    })
    const [listener] = made
    if (listener === undefined) throw new Error("the executor was not made")
    return listener
  }
  const order = (runId: string, of: OrderSource = a, executor = "default"): DispatchedOrder => ({
    order: { runId, jobId: `job of ${runId}`, task: "noop", args: null, fireAt: 0, attempt: 1, timeoutMs: null },
    executor,
    source: of,
    jobKey: 1,
    runKey: 1
  })
  return { timers, told, released, dispatcher, add, order, given, a, b, runIds: () => given.map(({ runId }) => runId) }
}
const ended = (result: string | null = null): Settlement => ({
  outcome: "succeeded",
  startedAt: 0,
  finishedAt: 1,
  result,
  error: null,
  retryable: true
})

describe("the dispatcher", () => {
  it("gives an order to its executor, and its news to who sent it, once", () => {
    const { dispatcher, add, order, told, released, a } = newScene()
    const listener = add("default", 1)
    const one = order("1", a)
    dispatcher.submit(one)
    expect([dispatcher.live, dispatcher.free("default"), dispatcher.holds("1")]).toEqual([1, 0, true])
    listener.progressed(one.order, { half: true })
    listener.settled(one.order, ended())
    listener.settled(one.order, ended())
    listener.progressed(one.order, "late")
    expect(told).toEqual([`a progressed 1 {"half":true}`, "a settled 1 succeeded"])
    expect(released).toEqual(["a"])
    expect([dispatcher.live, dispatcher.holds("1")]).toEqual([0, false])
  })

  it("keeps an outcome as it is, whatever becomes of telling that the attempt has ended", () => {
    const { dispatcher, add, order, told } = newScene(() => {
      throw new Error("an observer's")
    })
    const listener = add("default", 1)
    const one = order("1")
    dispatcher.submit(one)
    listener.settled(one.order, ended())
    expect(told).toEqual(["default settled: an observer's", "a settled 1 succeeded"])
    expect(dispatcher.live).toBe(0)
  })

  it("keeps what its executor has no room for, in order, and counts it as taken", () => {
    const { dispatcher, add, order, runIds } = newScene()
    const listener = add("default", 1)
    for (const id of ["1", "2", "3"]) dispatcher.submit(order(id))
    expect([runIds(), dispatcher.free("default"), dispatcher.live]).toEqual([["1"], 0, 3])
    expect(dispatcher.status().get("default")).toMatchObject({ running: 1, queued: 2, concurrency: 1 })
    listener.settled(order("1").order, ended())
    expect(runIds()).toEqual(["1", "2"])
    listener.settled(order("2").order, ended())
    expect(runIds()).toEqual(["1", "2", "3"])
  })

  it("gives an event to the run's executor, with the order of one that waits here, and to nobody else", () => {
    const { dispatcher, add, order, given, told } = newScene()
    const delivered: Array<unknown> = []
    const listener = add("default", 1, { deliver: (runId, { number }) => delivered.push([runId, number]) })
    for (const id of ["1", "2"]) dispatcher.submit(order(id))
    const message = (number: number) => ({ number, event: { type: "paid" } })
    for (const [index, id] of ["1", "2", "2", "3"].entries()) dispatcher.deliver(id, message(index))
    expect(delivered).toEqual([["1", 0]])
    listener.settled(order("1").order, ended())
    expect(given[1]).toMatchObject({ runId: "2", messages: [message(1), message(2)] })
    dispatcher.deliver("2", message(3))
    expect(delivered).toEqual([
      ["1", 0],
      ["2", 3]
    ])
    listener.settled(order("2").order, ended())
    dispatcher.deliver("2", message(4))
    expect([delivered.length, told]).toEqual([2, ["a settled 1 succeeded", "a settled 2 succeeded"]])
  })

  it("lets an executor do without events, and tells what one throws at them", () => {
    const { dispatcher, add, order, told, a } = newScene()
    add("default", 1)
    add("broken", 1, {
      deliver: () => {
        throw new Error("no")
      }
    })
    dispatcher.submit(order("1"))
    dispatcher.submit(order("2", a, "broken"))
    for (const id of ["1", "2"]) dispatcher.deliver(id, { number: 1, event: { type: "paid" } })
    expect(told).toEqual(["broken deliver: no"])
  })

  it("takes a checkpoint that has received no number as one that has received none, and tells of it", () => {
    const { dispatcher, add, order, told } = newScene()
    const listener = add("default", 1)
    const { order: own } = order("1")
    dispatcher.submit(order("1"))
    listener.checkpointed(own, "a")
    for (const wrong of [-1, 0.5, "7"]) listener.checkpointed(own, "b", wrong as never)
    expect(told[0]).toBe("a checkpointed 1 a")
    expect(
      told.slice(1).every((text) => text.startsWith("default checkpointed: settled with a checkpoint's received"))
    ).toBe(true)
  })

  it("takes one that waits here back when it is cancelled, and asks the executor for one that does not", () => {
    const { dispatcher, add, order, told, runIds } = newScene()
    add("default", 1)
    for (const id of ["1", "2"]) dispatcher.submit(order(id))
    expect([dispatcher.cancel("2"), dispatcher.cancel("1"), dispatcher.cancel("3")]).toEqual([true, true, false])
    expect(told).toEqual(["a settled 2 cancelled"])
    expect(runIds()).toEqual(["1"])
  })

  it("cancels all of one source and none of another", () => {
    const { dispatcher, add, order, told, a, b } = newScene()
    const cancelled: Array<string> = []
    add("default", 1, { cancel: (runId) => cancelled.push(runId) > 0 })
    dispatcher.submit(order("1", a))
    dispatcher.submit(order("2", b))
    dispatcher.submit(order("3", a))
    dispatcher.cancelAll(a)
    expect([cancelled, told]).toEqual([["1"], ["a settled 3 cancelled"]])
    expect([dispatcher.liveOf(a), dispatcher.liveOf(b)]).toEqual([1, 1])
  })

  it("ends as interrupted what waits when it closes, what comes later, and what has no executor", () => {
    const { dispatcher, add, order, told, runIds } = newScene()
    add("default", 1)
    for (const id of ["1", "2"]) dispatcher.submit(order(id))
    dispatcher.submit(order("elsewhere", undefined, "nowhere"))
    dispatcher.closeAll()
    dispatcher.submit(order("3"))
    expect(told).toEqual(["a settled elsewhere interrupted", "a settled 2 interrupted", "a settled 3 interrupted"])
    expect(runIds()).toEqual(["1"])
  })

  it.each([
    [
      "throws",
      () => {
        throw new Error("broken")
      }
    ],
    ["promises and rejects", (() => Promise.reject(new Error("broken"))) as never]
  ])("an executor that %s at an order has failed it, and is reported", async (_what, submit) => {
    const { dispatcher, add, order, told } = newScene()
    add("default", 1, { submit })
    dispatcher.submit(order("1"))
    await Promise.resolve()
    await Promise.resolve()
    expect(told).toContain("default submit: broken")
    expect(told).toContain("a settled 1 failed")
    expect(dispatcher.live).toBe(0)
  })

  it("a settlement that is none has failed the run", () => {
    const { dispatcher, add, order, told } = newScene()
    const listener = add("default", 1)
    dispatcher.submit(order("1"))
    listener.settled(order("1").order, { outcome: "great" } as never)
    expect(told.at(-1)).toBe("a settled 1 failed")
    expect(told[0]).toMatch(/^default settled: /)
  })

  it("starts nothing while too much waits to be written, and goes on when it is", () => {
    const { dispatcher, add, order, runIds, released } = newScene()
    const listener = add("default", 5)
    const big = ended(`"${"x".repeat(2_000_000)}"`)
    dispatcher.submit(order("1"))
    listener.settled(order("1").order, big)
    expect(dispatcher.free("default")).toBe(0)
    dispatcher.submit(order("2"))
    expect(runIds()).toEqual(["1"])
    const before = released.length
    dispatcher.saved(order("1"), big)
    expect(runIds()).toEqual(["1", "2"])
    expect(released.length).toBe(before + 1)
    expect(dispatcher.free("default")).toBe(4)
  })

  it("tells who waits for the next end, at once where nothing is out", async () => {
    const { dispatcher, add, order } = newScene()
    const listener = add("default", 1)
    await dispatcher.nextSettled()
    dispatcher.submit(order("1"))
    let told = false
    const next = dispatcher.nextSettled().then(() => (told = true))
    await Promise.resolve()
    expect(told).toBe(false)
    listener.settled(order("1").order, ended())
    await next
    expect(told).toBe(true)
  })

  it("forgets an executor that is removed, whose orders are interrupted, those too that its close leaves", () => {
    const { dispatcher, add, order, told } = newScene()
    add("default", 1)
    for (const id of ["1", "2"]) dispatcher.submit(order(id))
    void dispatcher.remove("default")
    void dispatcher.remove("default")
    expect([dispatcher.has("default"), dispatcher.free("default"), dispatcher.names]).toEqual([false, 0, []])
    expect(told).toEqual(["a settled 2 interrupted", "a settled 1 interrupted"])
  })
})
