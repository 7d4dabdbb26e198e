/** A run of a task by itself, as a worker makes it: no scheduler, no executor, and an end that is data. */
import { Runtime } from "effect"
import { describe, expect, it } from "vitest"
import type { TaskEnd } from "../../../src/executor/inProcess/taskRun.ts"
import { callTask, endOf, endWith } from "../../../src/executor/inProcess/taskRun.ts"
import { RetryLater } from "../../../src/task/retryLater.ts"
import type { AnyTask } from "../../../src/task/task.ts"
import { task } from "../../../src/task/task.ts"
import type { TaskContext } from "../../../src/task/taskContext.ts"
import { TaskRegistry } from "../../../src/task/taskRegistry.ts"
import type { Json } from "../../../src/trigger/trigger.ts"
import { ManualTimers } from "../manualTimers.ts"

const order = { runId: "1", attempt: 1, jobId: "a", task: "work", args: 7, fireAt: 0, timeoutMs: null }

/** The end of one call, as it would arrive from another thread. */
const endFrom = async (...tasks: ReadonlyArray<AnyTask>): Promise<TaskEnd> => {
  const timers = new ManualTimers()
  const place = {
    ...{ tasks: new TaskRegistry(tasks), timers, runtime: Runtime.defaultRuntime },
    within: <A>(call: () => A): A => call(),
    report: () => undefined
  }
  const ends: Array<TaskEnd> = []
  const taker = {
    task: "task",
    aborted: false,
    signal: new AbortController().signal,
    succeed: (value: unknown) => void ends.push(endWith(value, order)),
    fail: (error: unknown) => void ends.push(endOf(error, order, place)),
    stoppable: () => undefined,
    report: () => undefined,
    checkpoint: () => undefined,
    wait: () => undefined,
    listen: () => undefined,
    extend: () => undefined
  }
  const end = callTask(order, taker, place)
  if (end !== null) ends.push(end)
  await timers.advance(0)
  expect(ends).toHaveLength(1)
  return structuredClone(ends[0] ?? endWith(null, order))
}

describe("a run of a task", () => {
  it.each<[string, (context: TaskContext<Json>) => unknown, Partial<TaskEnd>]>([
    ["nothing", () => undefined, { outcome: "succeeded", result: null }],
    ["JSON", ({ args }) => ({ args }), { outcome: "succeeded", result: '{"args":7}', again: null }],
    ["a promise of it", async () => [1], { outcome: "succeeded", result: "[1]" }],
    ["what nothing runs", () => () => 1, { outcome: "failed", retryable: false, result: null }]
  ])("gives %s", async (_what, handler, expected) => {
    expect(await endFrom(task("work", handler))).toMatchObject(expected)
  })

  it("fails with what its task throws, as its retryWhen says, or as it says itself", async () => {
    const fail = (error: unknown) => () => Promise.reject(error instanceof Error ? error : new Error(String(error)))
    const options = { retryWhen: () => false }
    const no = { outcome: "failed", error: { name: "Error", message: "no" } }
    expect(await endFrom(task("work", fail("no")))).toMatchObject({ ...no, retryable: true, again: null })
    expect(await endFrom(task("work", fail("no"), options))).toMatchObject({ ...no, retryable: false })
    const later = fail(new RetryLater({ after: "1 minute" }))
    expect(await endFrom(task("work", later, options))).toMatchObject({ retryable: true, again: { counts: true } })
  })

  it("is none of a task that nobody here knows, and may be made elsewhere", async () => {
    expect(await endFrom(task("other", () => 1))).toMatchObject({
      outcome: "failed",
      retryable: true,
      error: { name: "UnknownTaskError" }
    })
  })
})
