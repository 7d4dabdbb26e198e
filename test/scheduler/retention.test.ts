/** How long finished runs are kept, whatever the wall clock does. */
import { describe, expect, it } from "vitest"
import { createScheduler, interval, memory, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { virtualClock } from "../../src/testing.ts"
import { day, midnight, temporaryFile } from "../scenarios/world.ts"

describe("retention", () => {
  it.each([0, 365 * day, -365 * day])("deletes old runs after the wall was set by %i ms", async (ms) => {
    const clock = virtualClock(midnight)
    const scheduler = createScheduler({ clock, tasks: [task("quiet", () => null)], retention: { runAge: "1 hour" } })
    await scheduler.start()
    clock.stepWall(ms)
    await scheduler.addJob({ id: "a", task: "quiet", trigger: interval("1 minute") })
    await clock.advance("1 day")
    const kept = await scheduler.getRuns({ limit: 10_000 })
    // An hour's, and those of the minute until the next sweep.
    expect([60, 61]).toContain(kept.length)
    await scheduler.shutdown()
  })

  it.each(["memory", "sqlite"])("empties a backlog at its own pace while nothing else happens (%s)", async (kind) => {
    const filename = temporaryFile()
    const store = kind === "sqlite" ? sqlite({ filename, durability: "normal" }) : memory()
    const clock = virtualClock(midnight)
    const tasks = [task("quiet", () => null)]
    const before = createScheduler({ clock, tasks, store })
    await before.start()
    const jobs = Array.from({ length: 200 }, (_, index) => ({
      id: `job-${index}`,
      task: "quiet",
      trigger: interval("1 second")
    }))
    await before.addJobs(jobs)
    await clock.advance("40 seconds")
    await before.removeAllJobs()
    await before.shutdown()
    const after = createScheduler({ clock, tasks, store, retention: { runCount: 100 } })
    await after.start()
    const backlog = (await after.getRuns({ limit: 100_000 })).length
    expect(backlog).toBeGreaterThan(7500)
    // The first look of a quiet scheduler comes within a minute.
    await clock.advance("65 seconds")
    expect((await after.getRuns({ limit: 100_000 })).length).toBe(100)
    await after.shutdown()
  })
})
