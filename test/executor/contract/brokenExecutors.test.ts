/** Executors that break a promise of the contract, each found out by its clause. */
import { describe, expect, it } from "vitest"
import { executorContract } from "../../../src/executor/contract/executorContract.ts"
import type { Executor, ExecutorContext, ExecutorProvider, Settlement } from "../../../src/executor/executor.ts"
import { inProcess } from "../../../src/executor/inProcess/inProcessExecutor.ts"
import { ManualTimers } from "../manualTimers.ts"

type Broken = (executor: Executor, context: ExecutorContext) => Partial<Executor>

/** In this process, but for some calls, and for what it settles with. */
const broken = (calls: Broken, settles: (settlement: Settlement) => Settlement = (settlement) => settlement) =>
  executorContract({
    provider: ({ concurrency, queue, stuckAfterMs }): ExecutorProvider => {
      const sound = inProcess({ concurrency, queue, stuckAfter: stuckAfterMs })
      return {
        ...sound,
        make: (context) => {
          const { listener } = context
          const settled: typeof listener.settled = (attempt, settlement) =>
            listener.settled(attempt, settles(settlement))
          const executor = sound.make({ ...context, listener: { ...listener, settled } })
          return {
            free: () => executor.free(),
            submit: (order) => executor.submit(order),
            cancel: (runId) => executor.cancel(runId),
            close: () => executor.close(),
            status: () => executor.status(),
            ...calls(executor, context)
          }
        }
      }
    },
    timers: () => new ManualTimers()
  })

/** The clauses that it breaks. */
const violations = async (checks: ReturnType<typeof executorContract>): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const { name, run } of checks) {
    try {
      await run()
    } catch (error) {
      expect(error).toMatchObject({ _tag: "ContractViolation" })
      found.push(name)
    }
  }
  return found
}

const endless = (executor: Executor): Partial<Executor> => ({
  close: () => {
    void executor.close()
    return new Promise(() => undefined)
  }
})

const closeEnds = "a close ends, whatever its tasks do, and can be asked for again"
const noCrash = "no end of a task's own is said to be its worker's"
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
    ["that adopts what it is not asked for", () => ({ adopt: async () => ["other"] }), noStranger]
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
