import { Effect } from "effect"
import { NEVER } from "rxjs"
import { describe, expect, it } from "vitest"
import { fromCallback } from "xstate"
import type { ExecutorUnderTest, TrialLimits } from "../../../src/executor/contract/executorTrial.ts"
import { gate, Trial } from "../../../src/executor/contract/executorTrial.ts"
import { inProcess } from "../../../src/executor/inProcess/inProcessExecutor.ts"
import type { InProcessOptions } from "../../../src/executor/inProcess/options.ts"
import { task } from "../../../src/task/task.ts"
import { ManualTimers } from "../manualTimers.ts"

const noop = task("noop", () => undefined)

describe("inProcess", () => {
  it("takes a thousand orders unless told otherwise, a hundred of them at a time", () => {
    const { kind, concurrency, queue } = inProcess()
    expect([kind, concurrency, queue]).toEqual(["inProcess", 100, 900])
  })

  it.each<[string, object, string]>([
    ["no slot", { concurrency: 0 }, "concurrency"],
    ["part of a slot", { concurrency: 1.5 }, "concurrency"],
    ["slots without end", { concurrency: Infinity }, "concurrency"],
    ["slots in words", { concurrency: "10" }, "concurrency"],
    ["a negative queue", { queue: -1 }, "queue"],
    ["a queue of NaN", { queue: NaN }, "queue"],
    ["a negative time", { stuckAfter: -5 }, "stuckAfter"],
    ["a time of NaN", { stuckAfter: NaN }, "stuckAfter"],
    ["a time that is none", { stuckAfter: "soon" }, "stuckAfter"],
    ["an option it does not know", { size: 5 }, "options"],
    ["options that are none", 5 as unknown as object, "options"]
  ])("refuses %s", (_, options, field) => {
    expect(() => inProcess(options)).toThrow(expect.objectContaining({ _tag: "InvalidExecutorError", field }))
  })

  it("says why it refuses an order", () => {
    const { trial } = inTrial({ concurrency: 1, queue: 0 })
    trial.submit("a", () => gate().promise)
    expect(() => trial.submit("a", noop)).toThrow(expect.objectContaining({ runId: "a", reason: "duplicate" }))
    expect(() => trial.submit("b", noop)).toThrow(expect.objectContaining({ runId: "b", reason: "full" }))
    void trial.executor.close()
    expect(() => trial.submit("b", noop)).toThrow(expect.objectContaining({ runId: "b", reason: "closed" }))
  })
})

describe("the executor in this process", () => {
  it("runs a plain function to its end within submit", () => {
    const { trial } = inTrial()
    trial.submit("a", noop, { timeoutMs: 10 })
    expect(trial.story).toEqual(["started a", "settled a"])
  })

  it("holds a slot for a task that ignores its signal until it is stuck", async () => {
    const { trial } = inTrial({ concurrency: 1, queue: 1, stuckAfterMs: 1_000 })
    const never = gate()
    trial.submit("a", () => never.promise, { timeoutMs: 10 })
    trial.submit("b", noop)
    await trial.timers.advance(10 + 999)
    expect(trial.executor.status()).toEqual({ running: 1, queued: 1, stuck: 0 })
    await trial.timers.advance(1)
    expect(trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 1 })
    never.open()
    await trial.settle()
    expect(trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 0 })
  })

  it("holds it for ever when told to", async () => {
    const { trial } = inTrial({}, { stuckAfter: Infinity })
    trial.submit("a", () => gate().promise, { timeoutMs: 10 })
    await trial.timers.advance(1e9)
    expect(trial.executor.status()).toEqual({ running: 1, queued: 0, stuck: 0 })
    void trial.executor.close()
    expect(trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 1 })
  })

  it.each<[string, object]>([
    ["an Observable", NEVER],
    ["an actor", fromCallback(() => undefined)]
  ])("frees the slot of %s in the moment of its abort", (_, handler) => {
    const { trial } = inTrial({ concurrency: 1, queue: 0 })
    trial.submit("a", task("endless", handler))
    expect(trial.executor.free()).toBe(0)
    trial.executor.cancel("a")
    expect(trial.executor.free()).toBe(1)
    expect(trial.outcome("a")).toBe("cancelled")
  })

  it("counts an interrupted Effect as stuck while its finalizers take their time", async () => {
    const { trial } = inTrial({ stuckAfterMs: 1_000 })
    const { promise, open } = gate()
    trial.submit("a", () => Effect.onInterrupt(Effect.never, () => Effect.promise(() => promise)), { timeoutMs: 10 })
    await trial.timers.advance(10 + 1_000)
    expect(trial.executor.status().stuck).toBe(1)
    open()
    await trial.settle()
    expect(trial.executor.status().stuck).toBe(0)
  })

  it("fails an attempt of a task that it does not know, and lets another be made", () => {
    const { trial } = inTrial()
    trial.submit("a", noop)
    trial.executor.submit({ ...trial.order("b"), task: "nobody's" })
    const { outcome, error, retryable } = trial.settlement("b")
    expect([outcome, error?.name, retryable]).toEqual(["failed", "UnknownTaskError", true])
    expect(error?.message).toContain(`task "nobody's" is not registered`)
    expect(trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 0 })
  })

  it("leaves no timer behind", async () => {
    const { trial, timers } = inTrial({ concurrency: 5, queue: 5 })
    const [kept, heeded] = [gate(), gate()]
    trial.submit("plain", noop, { timeoutMs: 10 })
    trial.submit("in time", () => kept.promise, { timeoutMs: 10 })
    trial.submit("cancelled", () => heeded.promise, { timeoutMs: 10 })
    trial.submit("closed", () => gate().promise, { timeoutMs: 10 })
    kept.open()
    trial.executor.cancel("cancelled")
    heeded.open()
    await trial.settle()
    expect(timers.armed).toBe(1)
    void trial.executor.close()
    expect(timers.armed).toBe(0)
  })

  it("measures timeouts by elapsed time, whatever the wall clock does, and no run ends before it starts", async () => {
    const { trial, timers } = inTrial()
    const startedAt = timers.now()
    trial.submit("a", () => gate().promise, { timeoutMs: 100 })
    timers.stepWall(-3_600_000)
    await timers.advance(99)
    expect(trial.settlements("a")).toEqual([])
    await timers.advance(1)
    expect(trial.settlement("a")).toMatchObject({ outcome: "timedOut", startedAt, finishedAt: startedAt })
    void trial.executor.close()
  })

  it("is not early when its timers are", async () => {
    class Hasty extends ManualTimers {
      override after(delayMs: number, callback: () => void): () => void {
        return super.after(delayMs > 1 ? delayMs - 0.3 : delayMs, callback)
      }
    }
    const timers = new Hasty()
    const { trial } = inTrial({}, {}, timers)
    trial.submit("a", () => gate().promise, { timeoutMs: 100 })
    await timers.advance(99.8)
    expect(trial.settlements("a")).toEqual([])
    await timers.advance(0.2)
    expect(trial.outcome("a")).toBe("timedOut")
    void trial.executor.close()
  })

  it("tells retryWhen of a timeout", async () => {
    const { trial } = inTrial()
    const seen: Array<unknown> = []
    const retryWhen = (error: unknown): boolean => {
      seen.push((error as { readonly _tag?: unknown })._tag)
      return false
    }
    trial.submit(
      "a",
      task("slow", () => gate().promise, { retryWhen }),
      { timeoutMs: 10 }
    )
    await trial.timers.advance(10)
    expect([seen, trial.settlement("a").retryable]).toEqual([["RunTimedOut"], false])
    void trial.executor.close()
  })

  it("lets the event loop have a turn while long functions wait in a row", async () => {
    const timers = new ManualTimers()
    const { trial } = inTrial({ concurrency: 1, queue: 100 }, {}, timers)
    const { promise, open } = gate()
    trial.submit("first", () => promise)
    const long = task("long", () => timers.spend(4))
    for (let at = 0; at < 20; at++) trial.submit(`run ${at}`, long)
    open()
    await Promise.resolve()
    await Promise.resolve()
    const inOneTurn = trial.reports.filter(({ type }) => type === "started").length - 1
    expect([inOneTurn > 1, inOneTurn < 6]).toEqual([true, true])
    let turns = 1
    for (; trial.executor.status().queued > 0; turns++) await trial.settle()
    expect(turns > 3).toBe(true)
  })

  it("is not confused by a task that cancels itself or closes its executor", async () => {
    const { trial } = inTrial({ concurrency: 3, queue: 0 })
    trial.submit("a", () => void trial.executor.cancel("a"))
    trial.submit("b", async () => void trial.executor.cancel("b"))
    await trial.settle()
    expect([trial.outcome("a"), trial.outcome("b")]).toEqual(["cancelled", "cancelled"])
    expect(trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 0 })
    trial.submit("c", () => trial.executor.close())
    expect(trial.outcome("c")).toBe("interrupted")
    expect(trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 0 })
  })

  it("does not call a task whose listener cancels it at its start", () => {
    const { trial } = inTrial()
    trial.onReport = ({ type, runId }) => {
      if (type === "started") trial.executor.cancel(runId)
    }
    let called = false
    trial.submit("a", () => (called = true))
    expect([called, trial.outcome("a")]).toEqual([false, "cancelled"])
    expect(trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 0 })
  })

  it("gives a slot back once when an abort listener ends the task", () => {
    const { trial } = inTrial({ concurrency: 1, queue: 0 })
    trial.submit("a", ({ signal }) => ({
      lift: () => undefined,
      subscribe: (observer: { complete: () => void }) => {
        signal.addEventListener("abort", () => observer.complete())
        return { closed: false, unsubscribe: () => undefined }
      }
    }))
    trial.executor.cancel("a")
    expect(trial.executor.status()).toEqual({ running: 0, queued: 0, stuck: 0 })
    expect(trial.executor.free()).toBe(1)
  })
})

const inTrial = (
  limits: Partial<TrialLimits> = {},
  options: InProcessOptions = {},
  timers = new ManualTimers()
): { readonly trial: Trial; readonly timers: ManualTimers } => {
  const underTest: ExecutorUnderTest = {
    provider: ({ concurrency, queue, stuckAfterMs }) =>
      inProcess({ concurrency, queue, stuckAfter: stuckAfterMs, ...options }),
    timers: () => timers
  }
  return { trial: new Trial(underTest, limits), timers }
}
