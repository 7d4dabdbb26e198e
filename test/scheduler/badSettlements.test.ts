/** An executor of one's own that settles attempts with what is no settlement: the attempt fails, the scheduler is told. */
import { describe, expect, it } from "vitest"
import { date, task } from "../../src/index.ts"
import type { ExecutorProvider } from "../../src/index.ts"
import type { Settlement } from "../../src/executor/executor.ts"
import { minute, midnight, newWorld, second } from "../scenarios/world.ts"

const good: Settlement = {
  outcome: "succeeded",
  startedAt: midnight,
  finishedAt: midnight,
  result: "null",
  error: null,
  retryable: false
}
const circular: { name: string; message: string; cause?: unknown } = { name: "Error", message: "no" }
circular.cause = circular

const bad: ReadonlyArray<readonly [field: string, given: unknown]> = [
  ["settlement", undefined],
  ["outcome", { ...good, outcome: "ok" }],
  ["startedAt", { ...good, startedAt: new Date(midnight) }],
  ["finishedAt", { ...good, finishedAt: Number.NaN }],
  ["finishedAt", { ...good, finishedAt: undefined }],
  ["result", { ...good, result: "done" }],
  ["result", { ...good, result: undefined }],
  ["error", { ...good, outcome: "failed", error: new Map() }],
  ["error", { ...good, outcome: "failed", error: circular }],
  ["retryable", { ...good, retryable: null }],
  ["crashed", { ...good, outcome: "failed", crashed: false }],
  ["crashed", { ...good, outcome: "interrupted", crashed: "SIGSEGV" }],
  ["crashed of outcome", { ...good, crashed: true }],
  ["crashed of outcome", { ...good, outcome: "timedOut", crashed: true }],
  ["crashed of outcome", { ...good, outcome: "cancelled", crashed: true }],
  ["unfit", { ...good, outcome: "failed", unfit: true }],
  ["unfit", { ...good, outcome: "failed", unfit: 1, error: { name: "Error", message: "no" } }],
  ["waitsUntil", { ...good, waitsUntil: midnight }],
  ["waitsUntil", { ...good, waitsUntil: "event" }],
  ["waitsUntil", { ...good, outcome: "interrupted", waitsUntil: "soon" }],
  ["waitsUntil", { ...good, outcome: "interrupted", waitsUntil: midnight, error: { name: "Error", message: "no" } }]
]

describe("an executor that settles with what is no settlement", () => {
  it.each(bad)("fails the attempt, and onError is told: %s", async (field, given) => {
    const world = newWorld("sqlite")
    let settlement = given
    const scheduler = await world.start({
      tasks: [task("quiet", () => null)],
      executors: { own: settlesWith(() => settlement as Settlement) }
    })
    const trigger = date(midnight + second)
    await scheduler.addJob({ id: "a", task: "quiet", executor: "own", trigger, retry: { attempts: 2 } })
    await world.clock.advance(second)
    expect(world.reported).toMatchObject([{ _tag: "InvalidSettlementError", field }])
    const { executors } = await scheduler.status()
    expect(executors.find(({ name }) => name === "own")).toMatchObject({
      reported: { where: 'executor "own" (settled)' }
    })
    expect(world.events.find(({ type }) => type === "RunFailed")).toMatchObject({
      error: { name: "InvalidSettlementError" }
    })
    settlement = good
    await world.clock.advance(minute)
    expect(await scheduler.getRuns()).toMatchObject([{ attempt: 2, outcome: "succeeded" }])
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

const settlesWith = (settlement: () => Settlement): ExecutorProvider => ({
  kind: "own",
  concurrency: 1,
  queue: 0,
  make: ({ listener, timers }) => ({
    free: () => 1,
    submit: (order) => {
      listener.started(order, timers.now())
      listener.settled(order, settlement())
    },
    cancel: () => false,
    close: () => undefined,
    status: () => ({ running: 0, queued: 0, stuck: 0 })
  })
})
