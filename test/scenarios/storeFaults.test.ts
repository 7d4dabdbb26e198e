/** A store that fails at any call: the scheduler degrades and recovers, nothing is lost, nothing runs twice. */
import { describe, expect, it } from "vitest"
import { date, interval, StoreFenced, StoreUnavailable, task } from "../../src/index.ts"
import { faultyStore } from "./faultyStore.ts"
import type { StoreKind } from "./world.ts"
import { midnight, minute, newWorld, second, shortRuns, sleepOn, storeKinds, storeOf, firstRunId } from "./world.ts"

const away = new StoreUnavailable({ store: "test", operation: "a call", cause: "injected" })

/** Jobs added, run, retried and removed within three minutes, and what became of them. */
const lifeWith = async (kind: StoreKind, moment: "before" | "after", fails: (call: number) => boolean) => {
  const faulty = faultyStore(storeOf(kind))
  const world = newWorld("memory", faulty.store)
  const ran: Array<string> = []
  const note = task("note", ({ jobId, fireAt, attempt }) => {
    ran.push(`${jobId} at ${fireAt - midnight}, attempt ${attempt}`)
    if (jobId === "retried" && attempt === 1) throw new Error("once more")
  })
  const scheduler = await world.start({ tasks: [note] })
  faulty.fail(moment, (call) => (fails(call) ? away : null))
  const added = Promise.all([
    scheduler.addJob({
      id: "retried",
      task: note,
      trigger: date(midnight),
      retry: { attempts: 2, backoff: "1 second" }
    }),
    scheduler.addJob({
      id: "each-minute",
      task: note,
      trigger: interval("1 minute", { start: midnight, end: midnight + 2 * minute })
    }),
    scheduler.addJob({ id: "gone", task: note, trigger: date(midnight + 90 * second) })
  ])
  await world.clock.advance(55 * second)
  await added
  const changed = Promise.all([
    scheduler.removeJob("gone"),
    scheduler.addJob({ id: "late", task: note, trigger: date(midnight + minute) })
  ])
  await world.clock.advance(130 * second)
  await changed
  faulty.heal()
  const told = world.events
    .map(({ type }) => type)
    .filter((type) => type.endsWith("Degraded") || type.endsWith("Recovered"))
  return {
    failed: faulty.failed.length,
    told,
    ran: ran.toSorted(),
    runs: shortRuns(await scheduler.getRuns()).toSorted(),
    ledger: await scheduler.getLedger(),
    seq: world.events.every(({ seq }, index) => seq === index + 1),
    violations: (await scheduler.verify()).violations,
    state: (await scheduler.status()).state,
    jobs: (await scheduler.getJobs()).map(({ id, state }) => `${id}: ${state}`).toSorted()
  }
}

const unharmed = {
  ran: [
    "each-minute at 0, attempt 1",
    "each-minute at 120000, attempt 1",
    "each-minute at 60000, attempt 1",
    "late at 60000, attempt 1",
    "retried at 0, attempt 1",
    "retried at 0, attempt 2"
  ],
  runs: [
    [0, "succeeded", 1],
    [0, "succeeded", 2],
    [120_000, "succeeded", 1],
    [60_000, "succeeded", 1],
    [60_000, "succeeded", 1]
  ],
  ledger: [],
  seq: true,
  violations: [],
  state: "active",
  jobs: ["each-minute: done", "late: done", "retried: done"]
}

describe.each(storeKinds)("with the %s store", (kind) => {
  it.each(["before", "after"] as const)("any single call may fail %s it takes effect", async (moment) => {
    // The file is slower: a sample of its calls.
    const [first, step] = kind === "memory" ? [1, 1] : [moment === "before" ? 1 : 3, 4]
    for (let n = first; ; n += step) {
      const { failed, told, ...seen } = await lifeWith(kind, moment, (call) => call === n)
      expect({ n, ...seen }).toEqual({ n, ...unharmed })
      expect(told).toEqual(failed === 0 ? [] : ["SchedulerDegraded", "SchedulerRecovered"])
      if (failed === 0) break
    }
  })

  it("an outage is told once when it begins and once when it ends", async () => {
    const { failed, told, ...seen } = await lifeWith(kind, "before", (call) => call >= 6 && call < 14)
    expect(seen).toEqual(unharmed)
    expect({ failed, told }).toEqual({ failed: 8, told: ["SchedulerDegraded", "SchedulerRecovered"] })
  })

  it("every second call may fail", async () => {
    const { failed, told, ...seen } = await lifeWith(kind, "after", (call) => call % 2 === 0)
    expect(seen).toEqual(unharmed)
    expect(failed).toBeGreaterThan(5)
    expect(told.length % 2).toBe(0)
  })
})

describe("a degraded scheduler", () => {
  it("starts nothing new, lets running work finish, and saves its outcome when the store is back", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const world = newWorld("memory", faulty.store)
    const started: Array<number> = []
    const slow = task("slow", async ({ fireAt }) => {
      started.push(fireAt - midnight)
      await sleepOn(world.clock, second)
    })
    const scheduler = await world.start({ tasks: [slow] })
    await scheduler.addJob({ id: "a", task: slow, trigger: interval("1 minute", { start: midnight }) })
    await world.clock.settle()
    faulty.fail("before", () => away)
    await world.clock.advance(5 * minute)
    expect(started).toEqual([0])
    expect(await scheduler.status()).toMatchObject({ state: "degraded", stores: [{ lost: true, jobs: null }] })
    faulty.heal()
    await world.clock.advance(10 * second)
    expect(started).toEqual([0, 300_000])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("stops when another owner has the store, and says why to whoever waits", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const world = newWorld("memory", faulty.store)
    const never = task("never", () => new Promise<void>(() => undefined))
    const scheduler = await world.start({ tasks: [never] })
    await scheduler.addJob({ id: "a", task: never })
    await world.clock.settle()
    faulty.fail("before", () => new StoreFenced({ store: "test", epoch: 1 }))
    const refused = scheduler.addJob({ id: "b", task: never }).catch((error: unknown) => error)
    await world.clock.advance(second)
    expect(await refused).toMatchObject({ _tag: "StoreFenced" })
    expect(world.events.slice(-2)).toMatchObject([
      { type: "SchedulerDraining" },
      { type: "SchedulerStopped", reason: expect.stringContaining("newer owner") as string }
    ])
    expect((await scheduler.status()).state).toBe("stopped")
    await expect(scheduler.getJobs()).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
  })

  it("shuts down while its store is away", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const world = newWorld("memory", faulty.store)
    const never = task("never", () => new Promise<void>(() => undefined))
    const scheduler = await world.start({ tasks: [never] })
    await scheduler.addJob({ id: "a", task: never })
    await world.clock.settle()
    faulty.fail("before", () => away)
    const refused = scheduler.addJob({ id: "b", task: never }).catch((error: unknown) => error)
    await world.clock.advance(second)
    const stopped = scheduler.shutdown({ deadline: "5 seconds" })
    await world.clock.advance(6 * second)
    await stopped
    expect(await refused).toMatchObject({ _tag: "SchedulerStoppedError" })
    faulty.heal()
    await world.start({ tasks: [never] })
    expect((await world.scheduler.getJob("a"))?.record.live).toEqual([
      { runKey: Number(firstRunId), fireAt: midnight, attempt: 2, retryAt: null }
    ])
  })
})
