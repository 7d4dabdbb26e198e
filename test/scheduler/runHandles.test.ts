/** Runs that are asked for: who waits for them is told once, and kept no longer than that. */
import { describe, expect, it, vi } from "vitest"
import { interval, memory, task } from "../../src/index.ts"
import { RunWaiters } from "../../src/engine/runWaiters.ts"
import { StoreUnavailable } from "../../src/store/storeError.ts"
import { faultyStore } from "../scenarios/faultyStore.ts"
import type { FaultyStore } from "../scenarios/faultyStore.ts"
import { day, gate, minute, newWorld } from "../scenarios/world.ts"

const away = new StoreUnavailable({ store: "memory", operation: "commit", cause: "away" })

describe("nobody is left waiting", () => {
  it("for runs that had ended when their records were asked for", async () => {
    const { scheduler, waiting, clock } = await started()
    for (let count = 0; count < 3; count++) {
      const run = await scheduler.runJob("quick")
      await clock.settle()
      expect(await run.settled()).toMatchObject({ outcome: "succeeded" })
    }
    expect(waiting()).toBe(0)
  })

  it("for a run that ended while two waited", async () => {
    const { scheduler, waiting, held } = await started()
    const run = await scheduler.runJob("held")
    const both = Promise.all([run.settled(), run.settled()])
    expect(waiting()).toBe(2)
    held.open()
    expect((await both).map(({ outcome }) => outcome)).toEqual(["succeeded", "succeeded"])
    expect(waiting()).toBe(0)
  })

  it("for a run whose record is gone", async () => {
    const { scheduler, waiting, clock } = await started()
    const run = await scheduler.runJob("quick")
    await clock.advance(2 * day)
    await expect(run.settled()).rejects.toMatchObject({ _tag: "UnknownNameError", kind: "run", name: run.runId })
    expect(waiting()).toBe(0)
  })

  it("for a run whose cancellation, or record, the store refused", async () => {
    const { scheduler, waiting, clock, faulty } = await started()
    const run = await scheduler.runJob("held")
    faulty.fail("before", (_call, name) => (name === "commit" ? away : null))
    const paused = expect(scheduler.pauseJob("quick")).rejects.toBe(away)
    await clock.settle()
    const cancelled = expect(scheduler.cancelRun(run.runId)).rejects.toBe(away)
    await clock.advance(minute)
    await Promise.all([paused, cancelled])
    faulty.fail("before", (_call, name) => (name === "runs" ? away : null))
    await expect(run.settled()).rejects.toBe(away)
    expect(waiting()).toBe(0)
  })

  it("for a request that the store refused", async () => {
    const { scheduler, waiting, clock, faulty } = await started()
    faulty.fail("before", (_call, name) => (name === "commit" ? away : null))
    const requested = expect(scheduler.runJob("quick")).rejects.toBe(away)
    await clock.advance(minute)
    await requested
    expect(waiting()).toBe(0)
  })
})

/** A started scheduler with a job that ends at once and one that ends when it is let; how many wait for runs. */
const started = async () => {
  const follow = vi.spyOn(RunWaiters.prototype, "follow")
  const faulty: FaultyStore = faultyStore(memory())
  const world = newWorld("memory", faulty.store)
  const held = gate()
  const scheduler = await world.start({
    tasks: [task("quick", () => null), task("held", () => held.opened)],
    retention: { runAge: "1 hour" },
    cachedJobs: 0
  })
  await scheduler.addJob({ id: "quick", task: "quick", trigger: interval(60 * day) })
  await scheduler.addJob({ id: "held", task: "held", trigger: interval(60 * day) })
  const waiters = (follow.mock.contexts as ReadonlyArray<RunWaiters>).at(-1)
  return { scheduler, waiting: () => waiters?.waiting, held, faulty, clock: world.clock }
}
