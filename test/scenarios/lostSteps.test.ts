/** What was saved of a machine is gone from the store: nothing begins anew, the job says why, and `verify` says it, too. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { task } from "../../src/index.ts"
import type { JobStore } from "../../src/store/jobStore.ts"
import { addJob, Lives, orderMachine, run } from "./orders.ts"
import { day, eachCall, newWorld, second, storeKinds, storeOf } from "./world.ts"

/** A store that gives no checkpoints while `lost`. */
const forgetful = (inner: JobStore) => {
  const store: JobStore = {
    description: inner.description,
    open: (owner) =>
      Effect.map(inner.open(owner), (opened) => ({
        ...eachCall(opened, (_name, call) => call),
        checkpoints: (runKeys) => opened.checkpoints(forgetting.lost ? [] : runKeys)
      }))
  }
  const forgetting = { store, lost: false }
  return forgetting
}

describe.each(storeKinds)("with the %s store, a machine whose saved steps are gone", (kind) => {
  it("does not begin anew: its job is parked, and goes on when they are there again", async () => {
    const forgetting = forgetful(storeOf(kind))
    const world = newWorld(kind, forgetting.store)
    const lives = new Lives()
    const tasks = () => [task("order", orderMachine(lives.next()))]
    await world.start({ tasks: tasks() })
    await addJob(world, "order")
    await world.clock.advance(day)
    await world.crash()
    forgetting.lost = true
    await world.start({ tasks: tasks() })
    expect((await world.scheduler.verify()).violations).toMatchObject([{ invariant: "savedSteps", jobId: "a" }])
    await world.clock.advance(3 * day)
    const parked = await world.scheduler.getJob("a")
    expect([parked?.state, parked?.fault?.kind]).toEqual(["paused", "checkpoint"])
    expect(parked?.fault?.message).toContain("are not there any more")
    expect(lives.done).toEqual(["pay"])
    forgetting.lost = false
    expect((await world.scheduler.verify()).violations).toEqual([])
    await world.scheduler.resumeJob("a")
    await world.clock.advance(second)
    expect(lives.done).toEqual(["pay", "remind"])
    expect(await run(world)).toMatchObject({ outcome: "succeeded", result: { paid: 7 } })
  })

  it("can be cancelled, and its job goes on without it", async () => {
    const forgetting = forgetful(storeOf(kind))
    const world = newWorld(kind, forgetting.store)
    const lives = new Lives()
    await world.start({ tasks: [task("order", orderMachine(lives.next()))] })
    await addJob(world, "order")
    await world.clock.advance(day)
    forgetting.lost = true
    await world.clock.advance(3 * day)
    const { runId } = await run(world)
    expect(await world.scheduler.cancelRun(runId)).toBe(true)
    await world.scheduler.resumeJob("a")
    expect(await run(world)).toMatchObject({ outcome: "cancelled" })
    expect(lives.done).toEqual(["pay"])
  })

  it("that has saved nothing yet begins at its beginning", async () => {
    const forgetting = forgetful(storeOf(kind))
    const world = newWorld(kind, forgetting.store)
    const lives = new Lives()
    const tasks = () => [task("order", orderMachine(lives.next()), { checkpoint: "never" })]
    await world.start({ tasks: tasks() })
    await addJob(world, "order")
    await world.clock.advance(day)
    await world.crash()
    forgetting.lost = true
    await world.start({ tasks: tasks() })
    await world.clock.advance(4 * day)
    expect(lives.done).toEqual(["pay", "pay", "remind"])
  })
})
