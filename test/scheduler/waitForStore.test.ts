/** A start that waits for another owner to give the store back, as in a deployment where old and new process overlap. */
import { expect, it, onTestFinished } from "vitest"
import type { Scheduler } from "../../src/index.ts"
import { createScheduler, interval, task } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { midnight, minute, second, storeKinds, storeOf } from "../scenarios/world.ts"

const note = task("note", () => "noted")

const newScene = async (kind: (typeof storeKinds)[number]) => {
  const clock = virtualClock(midnight)
  const store = storeOf(kind)
  const make = (): Scheduler => {
    const scheduler = createScheduler({ store, clock, tasks: [note], onError: () => undefined })
    onTestFinished(async () => {
      const stopped = scheduler.shutdown({ wait: false })
      await clock.advance(minute)
      await stopped
    })
    return scheduler
  }
  const old = make()
  await old.start()
  await old.addJob({ id: "a", task: note, trigger: interval("1 hour") })
  return { clock, old, next: make() }
}

it.each(storeKinds)("a start that waits has the store soon after its owner has left: %s", async (kind) => {
  const { clock, old, next } = await newScene(kind)
  const starting = next.start({ waitForStore: "30 seconds" })
  await clock.advance(2 * second)
  expect((await next.status()).state).toBe("starting")
  await old.shutdown()
  await clock.advance(second)
  await starting
  expect((await next.status()).state).toBe("active")
  expect((await next.getJobs()).map(({ id }) => id)).toEqual(["a"])
})

it.each(storeKinds)("one that waits in vain fails with the owner's facts when the time is over: %s", async (kind) => {
  const { clock, old, next } = await newScene(kind)
  let ended: unknown = "waits"
  const starting = next.start({ waitForStore: "10 seconds" }).catch((error: unknown) => (ended = error))
  await clock.advance(10 * second - 1)
  expect(ended).toBe("waits")
  await clock.advance(second)
  await starting
  expect(ended).toMatchObject({ _tag: "StoreInUse", pid: process.pid, sameProcess: true })
  expect((await old.status()).state).toBe("active")
})

it.each(storeKinds)("a shutdown ends the wait at once, and the store stays its owner's: %s", async (kind) => {
  const { clock, old, next } = await newScene(kind)
  const starting = next.start({ waitForStore: "1 hour" }).catch((error: unknown) => error)
  await clock.advance(second)
  await next.shutdown()
  expect(await starting).toMatchObject({ _tag: "SchedulerStoppedError" })
  expect(clock.now() - midnight).toBeLessThan(2 * second)
  await (await old.runJob("a")).settled()
})

it("a start that does not wait is refused at once, with a word that it is this very process", async () => {
  const { next } = await newScene("sqlite")
  await expect(next.start()).rejects.toMatchObject({
    _tag: "StoreInUse",
    sameProcess: true,
    message: expect.stringContaining("another scheduler of this process") as string
  })
})

it.each([-1, "soon", NaN])("waits for no time that is none: %s", async (waitForStore) => {
  const { next } = await newScene("memory")
  await expect(next.start({ waitForStore: waitForStore as number })).rejects.toMatchObject({
    _tag: "InvalidDurationError",
    field: "start's waitForStore"
  })
})
