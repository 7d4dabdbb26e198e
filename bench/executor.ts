/** How many runs a second pass through the in-process executor, submit to settled, beside a bare loop over the same task. */
import { Effect, Runtime } from "effect"
import { of } from "rxjs"
import type { AttemptId, Executor, RunOrder, Settlement } from "../src/executor/executor.ts"
import { inProcess } from "../src/executor/inProcess/inProcessExecutor.ts"
import type { AnyTask } from "../src/task/task.ts"
import { task } from "../src/task/task.ts"
import { TaskRegistry } from "../src/task/taskRegistry.ts"
import type { Timers } from "../src/time/timers.ts"

const inFlight = 1_024

const timers: Timers = {
  now: () => Date.now(),
  monotonicMillis: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    return () => {
      clearTimeout(timer)
    }
  }
}

const ordersOf = (of: AnyTask, count: number, timeoutMs: number | null): ReadonlyArray<RunOrder> =>
  Array.from({ length: count }, (_, at) => ({
    runId: `run-${at}`,
    jobId: `job-${at}`,
    task: of.name,
    args: null,
    fireAt: 0,
    attempt: 1,
    timeoutMs
  }))

/** Submits as many as fit, and the rest as room comes. */
const runAll = (orders: ReadonlyArray<RunOrder>, concurrency: number) => (): Promise<number> =>
  new Promise((resolve) => {
    let settled = 0
    let next = 0
    let failed = 0
    let asked = false
    const listener = {
      started: (): void => undefined,
      progressed: (): void => undefined,
      checkpointed: (): void => undefined,
      settled: (_: AttemptId, settlement: Settlement): void => {
        settled += 1
        if (settlement.outcome !== "succeeded") failed += 1
        if (settled === orders.length) resolve(failed)
        else askForMore()
      }
    }
    const executor: Executor = inProcess({ concurrency, queue: inFlight - concurrency }).make({
      name: "bench",
      tasks,
      timers,
      listener,
      runtime: Runtime.defaultRuntime
    })
    const askForMore = (): void => {
      if (asked || next === orders.length || executor.free() === 0) return
      asked = true
      void Promise.resolve().then(fill)
    }
    const fill = (): void => {
      asked = false
      for (let room = executor.free(); room > 0 && next < orders.length; room--) {
        const order = orders[next++]
        if (order !== undefined) executor.submit(order)
      }
      askForMore()
    }
    fill()
  })

const measure = async (what: string, count: number, run: () => Promise<unknown>): Promise<void> => {
  await run()
  let best = 0
  for (let round = 0; round < 3; round++) {
    const start = performance.now()
    await run()
    best = Math.max(best, count / ((performance.now() - start) / 1000))
  }
  console.log(`${what.padEnd(64)} ${Math.round(best).toLocaleString("en").padStart(12)} /s`)
}

const count = 500_000
const plain = task("plain", () => undefined)
const promised = task("promised", async () => undefined)
const object = task("object", () => ({ ok: true, count: 3 }))
const effect = task("effect", () => Effect.void)
const asyncEffect = task("asyncEffect", () => Effect.promise(async () => undefined))
const stream = task("stream", () => of(1, 2, 3))
const tasks = new TaskRegistry([plain, promised, object, effect, asyncEffect, stream])

await measure("bare loop, plain function", count, async () => {
  for (let at = 0; at < count; at++) (plain.handler as () => void)()
})
await measure(`plain function, concurrency ${inFlight}`, count, runAll(ordersOf(plain, count, null), inFlight))
await measure("plain function, timeout", count, runAll(ordersOf(plain, count, 60_000), inFlight))
await measure("plain function giving an object", count, runAll(ordersOf(object, count, null), inFlight))
await measure("bare loop, promises, 1,024 at a time", count, async () => {
  for (let at = 0; at < count; at += inFlight) {
    await Promise.all(Array.from({ length: inFlight }, () => (promised.handler as () => Promise<void>)()))
  }
})
await measure(`async function, concurrency ${inFlight}`, count, runAll(ordersOf(promised, count, null), inFlight))
await measure("async function, concurrency 100, queue 924", count, runAll(ordersOf(promised, count, null), 100))
await measure("async function, timeout", count, runAll(ordersOf(promised, count, 60_000), inFlight))
await measure("Effect.void", 100_000, runAll(ordersOf(effect, 100_000, null), inFlight))
await measure("Effect.promise", 100_000, runAll(ordersOf(asyncEffect, 100_000, null), inFlight))
await measure("Observable of three values", 100_000, runAll(ordersOf(stream, 100_000, null), inFlight))
