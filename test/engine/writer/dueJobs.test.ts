import { expect, it } from "vitest"
import { createScheduler, cron, task } from "../../../src/index.ts"
import { VirtualClock } from "../../../src/testing/virtualClock.ts"

const midnight = Date.UTC(2026, 0, 1)

it("wakes for the earliest job, also when another one was served last", async () => {
  const clock = new VirtualClock(midnight + 1)
  const started: Array<readonly [string, number]> = []
  const note = task("note", ({ jobId }) => void started.push([jobId, clock.now() - midnight]))
  const scheduler = createScheduler({ tasks: [note], clock, timezone: "UTC" })
  await scheduler.start()
  await scheduler.addJobs([
    { id: "each-5-seconds", task: note, trigger: cron("*/5 * * * * *") },
    { id: "at-7", task: note, trigger: cron("7 * * * * *") },
    { id: "at-12", task: note, trigger: cron("12 * * * * *") }
  ])
  await clock.advance("13 seconds")
  expect(started).toEqual([
    ["each-5-seconds", 5_000],
    ["at-7", 7_000],
    ["each-5-seconds", 10_000],
    ["at-12", 12_000]
  ])
  const shutdown = scheduler.shutdown()
  await clock.settle()
  await shutdown
})
