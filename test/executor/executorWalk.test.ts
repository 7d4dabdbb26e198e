/** Random lives of an executor: whatever is submitted, cancelled, timed out or closed, the books balance. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Gate } from "../../src/executor/contract/executorTrial.ts"
import { gate, Trial } from "../../src/executor/contract/executorTrial.ts"
import { inProcess } from "../../src/executor/inProcess/inProcessExecutor.ts"
import { ManualTimers } from "./manualTimers.ts"

type Step =
  | {
      readonly type: "submit"
      readonly kind: "plain" | "gated" | "heeding" | "failing"
      readonly timeoutMs: number | null
    }
  | { readonly type: "open" | "break" | "cancel"; readonly pick: number }
  | { readonly type: "advance"; readonly ms: number }
  | { readonly type: "close" }

const pick = fc.nat(30)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("submit" as const),
      kind: fc.constantFrom("plain" as const, "gated" as const, "heeding" as const, "failing" as const),
      timeoutMs: fc.option(fc.constantFrom(10, 100), { nil: null })
    })
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constantFrom("open" as const, "break" as const, "cancel" as const), pick })
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("advance" as const), ms: fc.constantFrom(0, 5, 10, 50) }) },
  { weight: 1, arbitrary: fc.constant({ type: "close" as const }) }
)

describe("an executor's books", () => {
  it("balance after every step: one outcome an order, slots and places never exceeded, nothing left at the end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        fc.nat(3),
        async (steps, concurrency, queue) => {
          const walk = new Walk(concurrency, queue)
          for (const one of steps) {
            await walk.take(one)
            walk.check()
          }
          await walk.finish()
        }
      ),
      { numRuns: 300 }
    )
  })
})

class Walk {
  private readonly timers = new ManualTimers()
  private readonly trial: Trial
  private readonly gates: Array<Gate> = []
  private readonly submitted: Array<string> = []
  private readonly capacity: number
  private readonly concurrency: number
  private closed = false

  constructor(concurrency: number, queue: number) {
    this.capacity = concurrency + queue
    this.concurrency = concurrency
    const stuckAfter = 20
    this.trial = new Trial({ provider: () => inProcess({ concurrency, queue, stuckAfter }), timers: () => this.timers })
  }

  async take(step: Step): Promise<void> {
    const { executor } = this.trial
    switch (step.type) {
      case "submit":
        if (executor.free() > 0) this.submit(step.kind, step.timeoutMs)
        return
      case "open":
      case "break":
        this.gates[step.pick]?.[step.type](new Error("gate"))
        await this.trial.settle()
        return
      case "cancel": {
        const runId = this.submitted[step.pick]
        if (runId === undefined) return
        const open = this.trial.settlements(runId).length === 0
        expect(executor.cancel(runId)).toBe(open)
        return
      }
      case "advance":
        await this.timers.advance(step.ms)
        return
      case "close":
        void executor.close()
        this.closed = true
    }
  }

  check(): void {
    const { executor } = this.trial
    const { running, queued, stuck } = executor.status()
    expect(running).toBeLessThanOrEqual(this.concurrency)
    expect(running + queued).toBeLessThanOrEqual(this.capacity)
    expect(executor.free()).toBe(this.closed ? 0 : this.capacity - running - queued)
    expect(stuck).toBeGreaterThanOrEqual(0)
    const settled = this.submitted.filter((runId) => this.trial.settlements(runId).length === 1)
    const open = this.submitted.filter((runId) => this.trial.settlements(runId).length === 0)
    expect(settled.length + open.length).toBe(this.submitted.length)
    expect(open.length).toBeLessThanOrEqual(running + queued)
  }

  async finish(): Promise<void> {
    for (const one of this.gates) one.open()
    // Gates of attempts that started only now open too.
    for (let turn = 0; turn < this.submitted.length + 2; turn++) {
      await this.timers.advance(1_000)
      for (const one of this.gates) one.open()
    }
    await this.trial.settle()
    this.check()
    expect(this.trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 0 })
    for (const runId of this.submitted) expect(this.trial.settlements(runId)).toHaveLength(1)
    expect(this.timers.armed).toBe(0)
    void this.trial.executor.close()
  }

  private submit(kind: "plain" | "gated" | "heeding" | "failing", timeoutMs: number | null): void {
    const runId = `run ${this.submitted.length}`
    this.submitted.push(runId)
    const own = gate()
    this.gates.push(own)
    const given = timeoutMs === null ? {} : { timeoutMs }
    this.trial.submit(
      runId,
      ({ signal }) => {
        if (kind === "plain") return 1
        if (kind === "failing") throw new Error("task")
        if (kind === "heeding") signal.addEventListener("abort", () => own.break(signal.reason))
        return own.promise
      },
      given
    )
  }
}
