import { describe, expect, it } from "vitest"
import { createScheduler, interval, task } from "../../src/index.ts"
import { virtualClock } from "../../src/testing/virtualClock.ts"

const minute = 60_000
const start = Date.UTC(2026, 0, 5, 9)

/** A job that fires every minute and whose run never ends by itself. */
const hanging = async (overlap: "queue-all" | "skip") => {
  const clock = virtualClock(start)
  const endless = task("endless", ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", reject)))
  const scheduler = createScheduler({ clock, tasks: [endless], timezone: "UTC" })
  await scheduler.start()
  await scheduler.addJob({ id: "j", task: endless, trigger: interval("1 minute"), overlap })
  return { clock, scheduler }
}

describe("explain", () => {
  it("says of a fire time in the overlap queue that it waits", async () => {
    const { clock, scheduler } = await hanging("queue-all")
    await clock.advance("4 minutes")
    const verdicts = []
    for (const at of [1, 2, 3, 4]) verdicts.push((await scheduler.explain("j", start + at * minute)).verdict)
    expect(verdicts).toEqual(["running", "waiting", "waiting", "waiting"])
    await scheduler.shutdown({ wait: false })
  })

  it("does not say of a job whose runs are used up that it will fire", async () => {
    const { clock, scheduler } = await hanging("skip")
    await scheduler.modifyJob("j", { maxRuns: 1 })
    await clock.advance("90 seconds")
    const ahead = async () => (await scheduler.explain("j", start + 10 * minute)).sentence
    expect(await ahead()).toBe("The job has had its last fire time, and fires no more after 1 runs.")
    const [live] = await scheduler.getRuns({ live: true })
    const cancelled = scheduler.cancelRun(live?.runId ?? "")
    await clock.settle()
    await cancelled
    expect(await ahead()).toBe("The job was done before that instant, after 1 runs.")
    await scheduler.shutdown({ wait: false })
  })

  it("answers for the fire time rather than for a request of the same millisecond", async () => {
    const { clock, scheduler } = await hanging("skip")
    await clock.advance("2 minutes")
    const [live] = await scheduler.getRuns({ live: true })
    await scheduler.cancelRun(live?.runId ?? "")
    await scheduler.runJob("j")
    expect((await scheduler.explain("j", start + 2 * minute)).verdict).toBe("misfired")
    await scheduler.shutdown({ wait: false })
  })

  it("refuses what is no instant, and the other verbs what is no run id and no printer", async () => {
    const { scheduler } = await hanging("skip")
    await expect(scheduler.explain("j", undefined as never)).rejects.toMatchObject({ _tag: "InvalidInstantError" })
    await expect(scheduler.cancelRun({} as never)).rejects.toMatchObject({ _tag: "UnknownNameError" })
    await expect(scheduler.printJobs(5 as never)).rejects.toMatchObject({ _tag: "InvalidOptionError" })
    await scheduler.shutdown({ wait: false })
  })
})
