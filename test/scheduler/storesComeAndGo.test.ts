/** Stores that open slowly, are lost or go away while others are opened, used and removed. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createScheduler, inProcess, interval, memory, task } from "../../src/index.ts"
import type { JobStore, Scheduler, StoreError, Task } from "../../src/index.ts"
import { StoreFenced, StoreUnavailable } from "../../src/store/storeError.ts"
import { virtualClock } from "../../src/testing.ts"
import { faultyStore } from "../scenarios/faultyStore.ts"
import { gate, minute, midnight, newWorld, second } from "../scenarios/world.ts"

const quiet = task("quiet", () => null)
const away = new StoreUnavailable({ store: "other", operation: "commit", cause: "away" })
const fenced = new StoreFenced({ store: "default", epoch: 1 })

describe("addStore", () => {
  it("takes the name before the store has opened: the other of two at once is refused, and not opened", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const [first, other] = [slowStore(), slowStore()]
    const added = scheduler.addStore("b", first.store)
    await expect(scheduler.addStore("b", other.store)).rejects.toMatchObject({ _tag: "NameTakenError", name: "b" })
    first.open()
    await added
    expect(await scheduler.addJob({ id: "a", task: quiet, store: "b" })).toMatchObject({ store: "b" })
    expect([first.log, other.log]).toEqual([["open"], []])
  })

  it("leaves the name free when the store cannot be opened", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const broken: JobStore = { description: "broken", open: () => Effect.fail(away) }
    await expect(scheduler.addStore("b", broken)).rejects.toBe(away)
    await scheduler.addStore("b", memory())
  })

  it("that a stop overtakes opens no more, and is refused", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const slow = slowStore()
    const added = expect(scheduler.addStore("b", slow.store)).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
    await scheduler.shutdown()
    await added
    slow.open()
    await world.clock.settle()
    expect(slow.log).toEqual([])
  })

  it("that cannot be interrupted: a stop waits until the store is closed again", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const slow = slowStore(Effect.uninterruptible)
    const added = expect(scheduler.addStore("b", slow.store)).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
    const stopped = scheduler.shutdown({ wait: false }).then(() => slow.log.push("stopped"))
    await world.clock.advance(second)
    slow.open()
    await Promise.all([added, stopped])
    expect(slow.log).toEqual(["open", "close", "stopped"])
  })

  it("that takes longer to open than a stop waits for leaves nothing open either", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet] })
    const slow = slowStore(Effect.uninterruptible)
    const added = expect(scheduler.addStore("b", slow.store)).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
    const stopped = scheduler.shutdown({ wait: false }).then(() => slow.log.push("stopped"))
    await world.clock.advance(minute)
    await stopped
    slow.open()
    await added
    expect(slow.log).toEqual(["stopped", "open", "close"])
  })
})

it("a store that is added claims nothing before all that a dead owner left in it is settled", async () => {
  const world = newWorld("memory")
  const held = task("held", () => new Promise(() => undefined))
  const executors = { default: inProcess({ concurrency: 2000 }) }
  const before = await world.start({ tasks: [held], executors })
  // More than one commit of the recovery takes.
  const trigger = interval("1 second", { start: midnight })
  await before.addJobs(Array.from({ length: 1200 }, (_, index) => ({ id: `a${index}`, task: held, trigger })))
  await world.clock.settle()
  await world.crash()
  await world.clock.advance(10 * second)
  const tasks = [task("held", () => null)]
  const scheduler = createScheduler({ clock: world.clock, tasks, executors })
  await scheduler.start()
  const [startedAt, added] = [world.clock.now(), scheduler.addStore("other", world.store)]
  await world.clock.settle()
  await added
  const misfires = await scheduler.getLedger({ limit: 10_000 })
  expect(misfires.filter(({ at, kind }) => kind === "misfired" && at >= startedAt)).toEqual([])
  expect((await scheduler.verify()).violations).toEqual([])
  await scheduler.shutdown({ wait: false })
})

describe("a store that another owner takes during a start", () => {
  it("fails the start, though another store was still opening then", async () => {
    const world = newWorld("memory")
    const before = await world.start({ tasks: [task("held", () => new Promise(() => undefined))] })
    await before.addJob({ id: "a", task: "held", trigger: interval("1 hour") })
    await before.runJob("a")
    await world.crash()
    const { clock } = world
    const taken = faultyStore(world.store)
    const slow = slowStore()
    const stores = { default: taken.store, slow: slow.store }
    const scheduler = createScheduler({ clock, tasks: [quiet], stores, onError: () => undefined })
    const answer = scheduler.start().catch((error: unknown) => error)
    await clock.settle()
    // What the crash left was settled, so retention asks after a minute.
    taken.fail("before", (_call, name) => (name === "purge" ? fenced : null))
    await clock.advance(2 * minute)
    expect(taken.failed).toEqual(["purge"])
    slow.open()
    expect(await answer).toBe(fenced)
    expect(slow.log).toEqual(["open", "close"])
    expect(scheduler.actor.getSnapshot()).toMatchObject({ value: "stopped", context: { reason: fenced.message } })
  })

  it("fails the start while jobs are declared, once", async () => {
    const clock = virtualClock(midnight)
    const taken = faultyStore(memory())
    const scheduler = createScheduler({ clock, tasks: [quiet], store: taken.store, onError: () => undefined })
    const told: Array<string> = []
    scheduler.events$.subscribe({ next: ({ type }) => told.push(type), complete: () => told.push("end") })
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute") })
    taken.fail("before", (_call, name) => (name === "commit" ? fenced : null))
    const answer = scheduler.start().catch((error: unknown) => error)
    await clock.advance(minute)
    expect(await answer).toBe(fenced)
    expect(told).toEqual(["end"])
    expect(scheduler.actor.getSnapshot().value).toBe("stopped")
  })
})

describe("of two stores", () => {
  const twoStores = async (tasks: ReadonlyArray<Task>) => {
    const world = newWorld("memory")
    const other = faultyStore(memory())
    const scheduler = await world.start({ tasks, stores: { other: other.store } })
    return { ...world, scheduler, other }
  }
  const ranOf = async (scheduler: Scheduler, jobId: string) =>
    [...(await scheduler.getRuns({ jobId, store: jobId === "b" ? "other" : "default" }))]
      .reverse()
      .map(({ fireAt, outcome }) => [fireAt - midnight, outcome])

  it("one that is away holds up its own jobs and no others", async () => {
    const { clock, scheduler, other, events } = await twoStores([quiet])
    const trigger = interval("1 minute", { start: midnight })
    await scheduler.addJob({ id: "a", task: quiet, trigger })
    await scheduler.addJob({ id: "b", task: quiet, trigger, store: "other" })
    await clock.settle()
    other.fail("before", () => away)
    await clock.advance(150 * second)
    expect(await ranOf(scheduler, "a")).toEqual([0, 1, 2].map((minutes) => [minutes * minute, "succeeded"]))
    expect(await scheduler.status()).toMatchObject({
      state: "degraded",
      stores: [
        { name: "other", lost: true },
        { name: "default", lost: false }
      ]
    })
    // Verbs of the others' jobs wait for nothing either.
    expect((await scheduler.pauseJob("a")).state).toBe("paused")
    await scheduler.resumeJob("a")
    other.heal()
    await clock.advance(10 * second)
    expect(await ranOf(scheduler, "b")).toEqual([0, 2].map((minutes) => [minutes * minute, "succeeded"]))
    expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(["SchedulerDegraded", "SchedulerRecovered"]))
    expect((await scheduler.status()).state).toBe("active")
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("a pause holds both, whatever is away, and a resume only what can be claimed", async () => {
    const { clock, scheduler, other } = await twoStores([quiet])
    const trigger = interval("1 minute", { start: midnight })
    await scheduler.addJob({ id: "a", task: quiet, trigger })
    await scheduler.addJob({ id: "b", task: quiet, trigger, store: "other" })
    await clock.settle()
    other.fail("before", () => away)
    await clock.advance(70 * second)
    scheduler.pause()
    await clock.advance(60 * second)
    expect((await ranOf(scheduler, "a")).length).toBe(2)
    scheduler.resume()
    await clock.advance(60 * second)
    expect((await ranOf(scheduler, "a")).length).toBe(4)
    other.heal()
    await clock.advance(60 * second)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("one that another owner takes ends with its jobs, its waiting callers are told, and the scheduler goes on", async () => {
    const aborted: Array<string> = []
    const held = task("held", async ({ jobId, signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve))
      aborted.push(jobId)
    })
    const { clock, scheduler, other, events, reported } = await twoStores([quiet, held])
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute", { start: midnight }) })
    await scheduler.addJob({ id: "b", task: held, store: "other" })
    await clock.settle()
    const [run] = await scheduler.getRuns({ jobId: "b", store: "other" })
    const ended = scheduler.runJob("b").catch((error: unknown) => error)
    const byOther = new StoreFenced({ store: "other", epoch: 1 })
    other.fail("before", () => byOther)
    const refused = scheduler.pauseJob("b").catch((error: unknown) => error)
    await clock.advance(2 * minute)
    expect(run?.outcome).toBe(null)
    expect([await refused, await ended]).toEqual([byOther, byOther])
    expect(aborted).toEqual(["b"])
    expect(reported).toEqual([byOther])
    expect(events.filter(({ type }) => type.startsWith("Scheduler")).slice(1)).toMatchObject([
      { type: "SchedulerDegraded", store: "other", errorTag: "StoreFenced" }
    ])
    expect(await scheduler.status()).toMatchObject({
      state: "degraded",
      reason: byOther.message,
      stores: [
        { name: "default", lost: false },
        { name: "other", lost: true, jobs: null, outage: { errorTag: "StoreFenced" } }
      ]
    })
    expect(await ranOf(scheduler, "a")).toEqual([0, 1, 2].map((minutes) => [minutes * minute, "succeeded"]))
    await expect(scheduler.getJob("b")).rejects.toBe(byOther)
    await expect(scheduler.pauseJob("b")).rejects.toBe(byOther)
    await expect(scheduler.getJobs({ store: "other" })).rejects.toBe(byOther)
    expect((await scheduler.getJob("a"))?.id).toBe("a")
    other.heal()
    await scheduler.addStore("other", memory())
    expect((await scheduler.status()).state).toBe("active")
    expect(await scheduler.getJob("b")).toBe(undefined)
  })

  it("one that another owner has taken can be removed", async () => {
    const { clock, scheduler, other } = await twoStores([quiet])
    other.fail("before", () => new StoreFenced({ store: "other", epoch: 1 }))
    await scheduler.addJob({ id: "b", task: quiet, store: "other" }).catch(() => undefined)
    await clock.settle()
    await scheduler.removeStore("other")
    expect(await scheduler.status()).toMatchObject({ state: "active", stores: [{ name: "default" }] })
    expect(await scheduler.getJob("b")).toBe(undefined)
    await expect(scheduler.removeStore("other")).rejects.toMatchObject({ _tag: "UnknownNameError" })
  })
})

describe("removeStore", () => {
  it("does not wait for a store that goes away while it waits for its runs", async () => {
    const world = newWorld("memory")
    const run = gate()
    const scheduler = await world.start({ tasks: [task("held", () => run.opened)] })
    const other = faultyStore(memory())
    await scheduler.addStore("other", other.store)
    await scheduler.addJob({ id: "a", task: "held", store: "other", trigger: interval("1 hour") })
    await scheduler.runJob("a")
    let removed = false
    const removal = scheduler.removeStore("other").then(() => (removed = true))
    await world.clock.advance(second)
    expect(removed).toBe(false)
    other.fail("before", (): StoreError => away)
    run.open()
    await world.clock.advance(minute)
    expect(removed).toBe(true)
    await removal
    expect(scheduler.actor.getSnapshot().value).toBe("active")
    expect((await scheduler.status()).stores.map(({ name }) => name)).toEqual(["default"])
    // Its run is interrupted when the store is opened again.
    other.heal()
    await scheduler.addStore("other", other.store)
    await world.clock.advance(second)
    expect(await scheduler.getRuns({ jobId: "a" })).toMatchObject([{ attempt: 2, outcome: "succeeded" }])
  })
})

/** A memory store that opens when it is told to. */
const slowStore = (
  opening: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> = (effect) => effect
) => {
  const log: Array<"open" | "close" | "stopped"> = []
  const opened = gate()
  const inner = memory()
  const store: JobStore = {
    description: "slow",
    open: (owner) =>
      Effect.promise(() => opened.opened).pipe(
        Effect.zipRight(Effect.addFinalizer(() => Effect.sync(() => log.push("close")))),
        Effect.zipRight(Effect.sync(() => log.push("open"))),
        Effect.zipRight(inner.open(owner)),
        opening
      )
  }
  return { store, log, open: () => opened.open() }
}
