/** Fake timers of a test runner move a scheduler that is made while they are installed, whatever of the platform they replace. */
import { afterEach, describe, expect, it, vi } from "vitest"
import { createScheduler, cron, interval, task } from "../../src/index.ts"
import { gate, storeKinds, storeOf } from "../scenarios/world.ts"

afterEach(() => {
  vi.useRealTimers()
})

const start = Date.UTC(2026, 0, 1)

describe.each<[string, Parameters<typeof vi.useFakeTimers>[0]]>([
  ["everything", {}],
  ["timers and Date", { toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] }],
  [
    "timers, Date and setImmediate",
    { toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "Date"] }
  ],
  ["timers, Date and performance", { toFake: ["setTimeout", "clearTimeout", "Date", "performance"] }]
])("fake %s", (_what, config) => {
  it.each(storeKinds)("run interval, cron, retry and timeout in a %s store", async (kind) => {
    vi.useFakeTimers({ ...config, now: start })
    const seen: Array<string> = []
    const note = (name: string) => task(name, ({ fireAt }) => void seen.push(`${name} ${(fireAt - start) / 1000}`))
    const flaky = task("flaky", ({ attempt }) => {
      seen.push(`flaky ${attempt}`)
      if (attempt === 1) throw new Error("again")
    })
    const hanging = task("hanging", () => new Promise(() => undefined))
    const scheduler = createScheduler({
      tasks: [note("interval"), note("cron"), flaky, hanging],
      store: storeOf(kind),
      timezone: "UTC"
    })
    await scheduler.start()
    await scheduler.addJob({ id: "interval", task: "interval", trigger: interval("2 minutes") })
    await scheduler.addJob({ id: "cron", task: "cron", trigger: cron("*/3 * * * *") })
    await scheduler.addJob({ id: "flaky", task: "flaky", retry: { attempts: 2, backoff: "30 seconds" } })
    await scheduler.addJob({ id: "hanging", task: "hanging", timeout: "1 minute" })
    // In steps where turns of the event loop are real ones: several lie between a fire time and the next timer.
    for (let steps = 0; steps < 301; steps++) await vi.advanceTimersByTimeAsync(1000)
    expect(seen.sort()).toEqual(["cron 0", "cron 180", "flaky 1", "flaky 2", "interval 120", "interval 240"])
    expect(await scheduler.getRuns({ jobId: "hanging" })).toMatchObject([{ outcome: "timedOut" }])
    await scheduler.shutdown({ wait: false })
  })
})

it("one advance takes a scheduler through all of it where every timer is a fake one", async () => {
  vi.useFakeTimers({ now: start })
  let count = 0
  const scheduler = createScheduler({
    tasks: [
      task("count", () => {
        count += 1
      })
    ]
  })
  await scheduler.start()
  for (let n = 0; n < 5; n++) await scheduler.addJob({ id: `now ${n}`, task: "count" })
  await scheduler.addJob({ id: "interval", task: "count", trigger: interval("2 minutes") })
  await vi.advanceTimersByTimeAsync(20 * 60_000 + 10)
  expect(count).toBe(15)
  await scheduler.shutdown()
})

it("a scheduler of real time goes on after they were used", async () => {
  vi.useFakeTimers({ now: start })
  await vi.advanceTimersByTimeAsync(60_000)
  vi.useRealTimers()
  const ran = gate()
  const scheduler = createScheduler({ tasks: [task("soon", () => ran.open())] })
  await scheduler.start()
  await scheduler.addJob({ task: "soon", trigger: interval("5 millis") })
  await ran.opened
  await scheduler.shutdown()
})
