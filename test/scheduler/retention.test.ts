/** How long finished runs are kept, whatever the wall clock does. */
import { describe, expect, it } from "vitest"
import { createScheduler, interval, task } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { day, midnight } from "../scenarios/world.ts"

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
})
