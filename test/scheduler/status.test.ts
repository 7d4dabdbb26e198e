/** What a fault looks like to its user: a typed error, an event, a line in `status()`, and how it is mended. */
import { Effect } from "effect"
import { describe, expect, it, vi } from "vitest"
import {
  createScheduler,
  inProcess,
  interval,
  memory,
  StoreFenced,
  StoreUnavailable,
  StoreUnreadable,
  task
} from "../../src/index.ts"
import type { JobStore } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { faultyStore } from "../scenarios/faultyStore.ts"
import { midnight, minute, newWorld, second, storeOf } from "../scenarios/world.ts"
import { hangingStore } from "./hangingStore.ts"
import { refusalOf } from "./refusalOf.ts"

const quiet = task("quiet", () => null)
const away = new StoreUnavailable({ store: "test", operation: "a call", cause: "injected" })
const minutely = interval("1 minute", { start: midnight + minute })

const faultyWorld = async (options: object = {}) => {
  const faulty = faultyStore(storeOf("memory"))
  const world = newWorld("memory", faulty.store)
  await world.start({ tasks: [quiet], ...options })
  return { faulty, world, scheduler: world.scheduler }
}

describe("a store that is away", () => {
  it("is shown with since when, why, how often it failed and when it is tried again, and heals by itself", async () => {
    const { faulty, world, scheduler } = await faultyWorld()
    faulty.fail("before", () => away)
    const added = scheduler.addJob({ id: "a", task: quiet, trigger: minutely })
    await world.clock.advance(second)
    const { state, reason, stores } = await scheduler.status()
    expect({ state, reason }).toEqual({ state: "degraded", reason: away.message })
    expect(stores).toMatchObject([
      { lost: true, jobs: null, outage: { since: midnight, errorTag: "StoreUnavailable" } }
    ])
    // Tried at 0, 50, 150, 350 and 750 ms, next at 1.55 s.
    expect(stores[0]?.outage).toMatchObject({ reason: away.message, failures: 5, retryAt: midnight + 1550 })
    expect(world.events.at(-1)).toMatchObject({
      type: "SchedulerDegraded",
      store: "default",
      reason: away.message,
      errorTag: "StoreUnavailable"
    })
    faulty.heal()
    await world.clock.advance(second)
    await added
    expect(await scheduler.status()).toMatchObject({
      state: "active",
      reason: null,
      stores: [{ lost: false, outage: null, jobs: { scheduled: 1 } }]
    })
    expect(world.events.map(({ type }) => type)).toContain("SchedulerRecovered")
  })

  it.each([
    ["written", "commit", 1],
    ["asked what is due", "due", 3]
  ])(
    "that cannot be %s counts as back when it can be, not when it answers something else",
    async (_what, failing, most) => {
      const { faulty, world, scheduler } = await faultyWorld()
      await scheduler.addJob({ id: "a", task: quiet, trigger: minutely })
      faulty.fail("before", (_call, name) => (name === failing ? away : null))
      await world.clock.advance("10 minutes")
      const times = (type: string): number => world.events.filter((event) => event.type === type).length
      expect(times("SchedulerDegraded")).toBeLessThanOrEqual(most)
      expect((await scheduler.status()).state).toBe("degraded")
      faulty.heal()
      await world.clock.advance(15 * second)
      expect([(await scheduler.status()).state, (await scheduler.getJob("a"))?.runCount]).toEqual(["active", 1])
      expect(times("SchedulerRecovered")).toBe(times("SchedulerDegraded"))
      expect((await scheduler.verify()).violations).toEqual([])
    }
  )

  it("fails a start: at once when it cannot be read, after the time that commands wait when it is away", async () => {
    const broken = new StoreUnreadable({ store: "test", cause: "injected" })
    for (const { error, later } of [
      { error: broken, later: 0 },
      { error: away, later: 29 * second }
    ]) {
      const faulty = faultyStore(storeOf("memory"))
      const clock = virtualClock(midnight)
      const never = task("never", () => new Promise<void>(() => undefined))
      const first = createScheduler({ store: faulty.store, clock, tasks: [never] })
      await first.start()
      await first.addJob({ id: "a", task: never })
      await clock.settle()
      // Its end leaves the run an orphan, and the next start has something to write.
      faulty.fail("before", (_call, name) => (name === "commit" ? error : null))
      const ended = first.shutdown({ wait: false })
      await clock.advance(minute)
      await ended
      const again = createScheduler({ store: faulty.store, clock, tasks: [never] })
      const refused = refusalOf(again.start())
      await clock.advance(later)
      if (later > 0) {
        expect(refused.error).toBe(null)
        await clock.advance(11 * second)
      }
      expect(refused.error).toBe(error)
      expect((await again.status()).state).toBe("stopped")
    }
  })

  it.each([
    ["30 seconds unless told otherwise", undefined, 30 * second],
    ["as long as it is told", "2 minutes", 2 * minute]
  ])("refuses a command after %s, and nothing of it is written", async (_what, commandTimeout, after) => {
    const { faulty, world, scheduler } = await faultyWorld(commandTimeout === undefined ? {} : { commandTimeout })
    faulty.fail("before", (_call, name) => (name === "commit" ? away : null))
    const refused = refusalOf(scheduler.addJob({ id: "a", task: quiet, trigger: minutely }))
    await world.clock.advance(after - second)
    expect(refused.error).toBe(null)
    // Looked at when the store is tried again, every ten seconds by then.
    await world.clock.advance(11 * second)
    expect(refused.error).toMatchObject({ _tag: "StoreUnavailable" })
    faulty.heal()
    await world.clock.advance(minute)
    expect(await scheduler.getJobs()).toEqual([])
  })

  it("refuses a command that it cannot take, though it takes others: the scheduler is not away for ever for it", async () => {
    const inner = memory()
    // A disk with room for small changes only.
    const small: JobStore = {
      description: "small",
      open: (owner) =>
        Effect.map(inner.open(owner), (opened) => ({
          ...opened,
          commit: (sequence, batch) =>
            batch.added.some(({ id }) => id === "large") ? Effect.fail(away) : opened.commit(sequence, batch)
        }))
    }
    const world = newWorld("memory", small)
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: minutely })
    const refused = refusalOf(scheduler.addJob({ id: "large", task: quiet, trigger: minutely }))
    await world.clock.advance(45 * second)
    expect(refused.error).toMatchObject({ _tag: "StoreUnavailable" })
    await world.clock.advance(3 * minute)
    expect([(await scheduler.status()).state, (await scheduler.getJob("a"))?.runCount]).toEqual(["active", 3])
  })

  it("keeps a command for as long as it takes when told to", async () => {
    const { faulty, world, scheduler } = await faultyWorld({ commandTimeout: null })
    faulty.fail("before", () => away)
    const added = scheduler.addJob({ id: "a", task: quiet, trigger: minutely })
    await world.clock.advance("1 day")
    faulty.heal()
    await world.clock.advance(minute)
    expect((await added).id).toBe("a")
  })

  it("does not refuse a command that may be on disk: it is told what became of it", async () => {
    const { faulty, world, scheduler } = await faultyWorld()
    faulty.fail("after", (_call, name) => (name.startsWith("commit") ? away : null))
    const added = scheduler.addJob({ id: "a", task: quiet, trigger: minutely })
    await world.clock.advance("10 minutes")
    faulty.heal()
    await world.clock.advance(minute)
    expect((await added).id).toBe("a")
  })
})

describe("a store that never answers", () => {
  it("is lost after 30 seconds, and back when it answers", async () => {
    const { store, hang, answer } = hangingStore()
    const world = newWorld("memory", store)
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: minutely })
    hang()
    await world.clock.advance(minute + 29 * second)
    expect(scheduler.actor.getSnapshot().value).toBe("active")
    await world.clock.advance(2 * second)
    const status = scheduler.status()
    await world.clock.advance(5 * second)
    expect(await status).toMatchObject({
      state: "degraded",
      stores: [{ lost: true, jobs: null, outage: { errorTag: "StoreUnavailable", failures: 1, retryAt: null } }]
    })
    answer()
    await world.clock.advance(second)
    expect(await scheduler.status()).toMatchObject({ state: "active", stores: [{ lost: false, outage: null }] })
    expect((await scheduler.getJob("a"))?.runCount).toBe(1)
  })

  it("does not hold up a stop for more than five seconds after its deadline, and nothing starts afterwards", async () => {
    const { store, hang, answer } = hangingStore()
    const clock = virtualClock(midnight)
    const ran: Array<number> = []
    const note = task("note", ({ fireAt }) => void ran.push(fireAt))
    const scheduler = createScheduler({ store, clock, tasks: [note] })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: note, trigger: minutely })
    hang()
    await clock.advance(minute)
    const refused = refusalOf(scheduler.pauseJob("a"))
    let stopped = false
    const stopping = scheduler.shutdown({ deadline: "10 seconds" }).then(() => (stopped = true))
    await clock.advance(14 * second)
    expect(stopped).toBe(false)
    await clock.advance(6 * second)
    await stopping
    expect(refused.error).toMatchObject({ _tag: "SchedulerStoppedError" })
    answer()
    await clock.advance(minute)
    expect(ran).toEqual([])
  })
})

describe("a store that was taken over", () => {
  it("stops the scheduler with the error's tag in the event, its reason in status(), and one line on the console", async () => {
    const lines = vi.spyOn(console, "warn").mockImplementation(() => undefined)
    try {
      const faulty = faultyStore(storeOf("memory"))
      const clock = virtualClock(midnight)
      const scheduler = createScheduler({ store: faulty.store, clock, tasks: [quiet] })
      const told: Array<unknown> = []
      scheduler.on("SchedulerStopped", (event) => told.push(event))
      await scheduler.start()
      faulty.fail("before", () => new StoreFenced({ store: "jobs.db", epoch: 1 }))
      const refused = refusalOf(scheduler.addJob({ id: "a", task: quiet }))
      await clock.advance(second)
      expect(refused.error).toMatchObject({ _tag: "StoreFenced", epoch: 1 })
      const reason = expect.stringContaining("taken over by a newer owner") as string
      expect(told).toMatchObject([{ reason, errorTag: "StoreFenced" }])
      expect(await scheduler.status()).toMatchObject({
        state: "stopped",
        reason,
        reported: { count: 1, at: midnight, where: `store "default"`, error: { name: "StoreFenced", message: reason } }
      })
      expect(lines.mock.calls).toEqual([[`carillon: store "default":`, expect.stringMatching(/^StoreFenced: .*stop$/)]])
    } finally {
      lines.mockRestore()
    }
  })
})

describe("parked jobs", () => {
  it("are counted by why, listed, and resumed when the cause is gone", async () => {
    const world = newWorld("memory")
    let sound = false
    const moody = {
      type: "moody",
      next: (after: number) => {
        if (!sound && after >= midnight) throw new Error("no more")
        return (Math.floor(after / minute) + 1) * minute
      },
      toJSON: () => ({ type: "moody" })
    }
    sound = true
    const options = { triggers: [{ type: "moody", fromJSON: () => moody }] }
    await world.start({ tasks: [quiet], executors: { default: inProcess(), gpu: inProcess() }, ...options })
    for (const id of ["gone-1", "gone-2"])
      await world.scheduler.addJob({ id, task: quiet, executor: "gpu", trigger: minutely })
    await world.scheduler.addJob({ id: "moody", task: quiet, trigger: moody })
    const scheduler = await world.start({ tasks: [quiet], ...options })
    sound = false
    await world.clock.advance(minute)
    expect((await scheduler.status()).stores).toMatchObject([{ faults: 1, parked: { faultyTrigger: 1 } }])
    const ids = (await scheduler.getJobs({ fault: true })).map(({ id }) => id)
    expect(ids).toEqual(["moody"])
    sound = true
    for (const id of ids) await scheduler.resumeJob(id)
    expect((await scheduler.status()).stores).toMatchObject([{ faults: 0, parked: {} }])
    await world.clock.advance(minute)
    expect((await scheduler.verify()).violations).toEqual([])
  })
})
