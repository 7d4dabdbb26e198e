/** Executors that break a promise of the contract, each found out by its clause. */
import { describe, expect, it } from "vitest"
import type { Executor, Settlement } from "../../../src/executor/executor.ts"
import type { Broken } from "./brokenExecutor.ts"
import { broken, violations } from "./brokenExecutor.ts"

const endless = (executor: Executor): Partial<Executor> => ({
  close: () => {
    void executor.close()
    return new Promise(() => undefined)
  }
})

const closeEnds = "a close ends, whatever its tasks do, and can be asked for again"
const noCrash = "no end of a task's own is said to be its worker's"
const takenInOnce =
  "what is sent to a run is taken in once and in order, that of its order first, and its checkpoint says how far"
let delivered = 100
const noStranger = "what it was never given is not adopted"

describe("an executor", () => {
  it("that only hands on keeps the contract", async () => {
    expect(await violations(broken(() => ({})))).toEqual([])
  })

  it("whose close takes a while, and which adopts nothing, keeps it", async () => {
    const slow: Broken = (executor, { timers }) => ({
      close: () => {
        void executor.close()
        return new Promise((resolve) => void timers.after(5_000, resolve))
      },
      adopt: async () => []
    })
    expect(await violations(broken(slow))).toEqual([])
  })

  it.each<[string, Broken, string]>([
    ["whose close never ends", endless, closeEnds],
    ["whose close rejects", (executor) => ({ close: async () => fail(void executor.close()) }), closeEnds],
    ["whose close may be asked for once only", onceOnly, closeEnds],
    ["that adopts what it is asked for", () => ({ adopt: (asked) => asked.map(({ runId }) => runId) }), noStranger],
    ["that adopts what it is not asked for", () => ({ adopt: async () => ["other"] }), noStranger],
    ["that loses an event", () => ({ deliver: () => undefined }), takenInOnce],
    [
      "that delivers an event under a number of its own",
      (executor) => ({ deliver: (runId, { event }) => executor.deliver?.(runId, { number: ++delivered, event }) }),
      takenInOnce
    ],
    [
      "that leaves the events of an order out",
      (executor) => ({
        submit: ({ messages: _, ...order }) => executor.submit(order),
        deliver: (runId, message) => executor.deliver?.(runId, message)
      }),
      takenInOnce
    ]
  ])("%s is found out", async (_what, calls, clause) => {
    expect(await violations(broken(calls))).toContain(clause)
  })

  it("that takes every failure for a crash is found out", async () => {
    const crash = (settlement: Settlement): Settlement =>
      settlement.outcome === "failed" ? { ...settlement, crashed: true } : settlement
    expect(await violations(broken(() => ({}), crash))).toContain(noCrash)
  })

  it("that settles with what is no settlement is found out", async () => {
    const odd = (settlement: Settlement): Settlement =>
      ({ ...settlement, crashed: settlement.outcome !== "interrupted" }) as never
    expect(await violations(broken(() => ({}), odd))).toContain("a listener that throws breaks nothing")
  })
})

function onceOnly(executor: Executor): Partial<Executor> {
  let closed = false
  return {
    close: async () => {
      if (closed) throw new Error("closed already")
      closed = true
      await executor.close()
    }
  }
}

function fail(_done: undefined): never {
  throw new Error("no end")
}
