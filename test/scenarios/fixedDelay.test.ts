/** A fixed delay: the next fire time counts from the end of the run, however that run ended. */
import { describe, expect, it } from "vitest"
import { interval, jitter, task, window } from "../../src/index.ts"
import type { JobOptions } from "../../src/index.ts"
import { everyTenSeconds } from "./everyTenSeconds.ts"
import { hour, midnight, minute, newWorld, shortLedger, shortRuns, sleepOn } from "./world.ts"

/** Ten minutes after the end of each run; a run takes `takesMs`. */
const delayed = (takesMs: number, options: JobOptions = {}) =>
  everyTenSeconds(takesMs, {
    trigger: interval("10 minutes", { start: midnight, after: "run" }),
    ...options
  } as JobOptions)

const fireMinutes = async ({ scheduler }: Awaited<ReturnType<typeof delayed>>) =>
  shortRuns(await scheduler.getRuns()).map(([fireAt]) => fireAt / minute)

describe("a fixed delay", () => {
  it("counts from the end of the run", async () => {
    const scene = await delayed(5 * minute)
    await scene.clock.advance(hour)
    expect(await fireMinutes(scene)).toEqual([0, 15, 30, 45, 60])
    expect((await scene.scheduler.verify()).violations).toEqual([])
  })

  it.each([
    ["by itself", interval("10 minutes", { start: midnight, after: "run" })],
    ["in a window", window(interval("10 minutes", { start: midnight, after: "run" }), { end: midnight + 24 * hour })],
    ["with jitter", jitter(interval("10 minutes", { start: midnight, after: "run" }), 0)]
  ])("%s, shows its next fire time when its run has ended, and only that one", async (_how, trigger) => {
    const { scheduler, clock } = await delayed(5 * minute, { trigger } as JobOptions)
    const shown = async () => [
      (await scheduler.getJob("a"))?.nextFireAt,
      (await scheduler.preview(5)).map(({ fireAt }) => fireAt)
    ]
    await clock.advance(2 * minute)
    expect(await shown()).toEqual([null, []])
    await clock.advance(4 * minute)
    expect(await shown()).toEqual([midnight + 15 * minute, [midnight + 15 * minute]])
    // A run on request leaves it alone.
    await scheduler.runJob("a")
    expect(await shown()).toEqual([midnight + 15 * minute, [midnight + 15 * minute]])
    await clock.advance(10 * minute)
    expect(await shown()).toEqual([null, []])
  })

  it("counts from the end of the last attempt", async () => {
    const scene = await delayed(hour, { timeout: "1 minute", retry: { attempts: 3, backoff: "2 minutes" } })
    await scene.clock.advance(20 * minute)
    // Attempts from 0, 3 and 8; the run ends at 9.
    expect(await fireMinutes(scene)).toEqual([0, 19])
  })

  it("counts from the moment at which a run is called off, under way or waiting for its next attempt", async () => {
    const waiting: JobOptions = { timeout: "1 minute", retry: { attempts: 2, backoff: "3 hours" } }
    for (const options of [{}, waiting]) {
      const scene = await delayed(2 * hour, { misfireGrace: "1 minute", ...options })
      await scene.clock.advance(40 * minute)
      const [run] = await scene.scheduler.getRuns()
      const cancelled = scene.scheduler.cancelRun(run?.runId ?? "")
      await scene.clock.advance(11 * minute)
      expect(await cancelled).toBe(true)
      expect(await fireMinutes(scene)).toEqual([0, 50])
      expect(await shortLedger(scene.scheduler, "a")).toEqual([])
    }
  })

  it("counts from the moment at which a request takes the place of a run that waits for its next attempt", async () => {
    const scene = await delayed(2 * hour, {
      overlap: "cancel-running",
      timeout: "1 minute",
      retry: { attempts: 2, backoff: "3 hours" }
    })
    await scene.clock.advance(40 * minute)
    await scene.scheduler.modifyJob("a", { retry: null })
    await scene.scheduler.runJob("a")
    await scene.clock.advance(30 * minute)
    expect(await fireMinutes(scene)).toEqual([0, 40, 50, 61])
    expect(await shortLedger(scene.scheduler, "a")).toEqual([])
  })

  it("counts from the moment at which a start finds that its run was cut off", async () => {
    const world = newWorld("memory")
    const slow = task("slow", () => sleepOn(world.clock, hour))
    await world.start({ tasks: [slow] })
    const trigger = interval("10 minutes", { start: midnight, after: "run" })
    await world.scheduler.addJob({ id: "a", task: slow, trigger, onInterrupted: "skip", misfireGrace: "1 minute" })
    await world.clock.advance(40 * minute)
    await world.crash()
    await world.start({ tasks: [slow] })
    await world.clock.advance(15 * minute)
    expect(shortRuns(await world.scheduler.getRuns()).map(([fireAt]) => fireAt / minute)).toEqual([0, 50])
    expect(await shortLedger(world.scheduler, "a")).toEqual([])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })
})
