/** Records tell what happened by the rules of their time: whichever rules a job has had since, `verify` finds no fault in them. */
import { describe, expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import type { JobInput, Scheduler } from "../../src/index.ts"
import type { World } from "./world.ts"
import { midnight, newWorld } from "./world.ts"

const overlaps = ["skip", "queue-one", "queue-all", "cancel-running"] as const
const coalesces = ["latest", "all"] as const
const pairs = overlaps.flatMap((before) => overlaps.map((after) => ({ before, after })))

/** Takes two and a half minutes, and does not mind its signal. */
const slow = (world: World) => task("slow", () => world.clock.wait("150 seconds"))

const everyMinute = (rules: Partial<JobInput>): JobInput => ({
  id: "j",
  task: "slow",
  trigger: interval("1 minute", { start: midnight + 60_000 }),
  onAborted: "await",
  ...rules
})

/** Between what waited and what comes next nothing is claimed for a while. */
const interruptions: Record<string, (world: World) => Promise<Scheduler>> = {
  "a pause of the scheduler": async (world) => {
    world.scheduler.pause()
    await world.clock.advance("10 seconds")
    world.scheduler.resume()
    return world.scheduler
  },
  "a pause of the scheduler over a fire time": async (world) => {
    world.scheduler.pause()
    await world.clock.advance("65 seconds")
    world.scheduler.resume()
    return world.scheduler
  },
  "a pause of the job": async (world) => {
    await world.scheduler.pauseJob("j")
    await world.clock.advance("10 seconds")
    await world.scheduler.resumeJob("j")
    return world.scheduler
  },
  "a kill": async (world) => {
    await world.crash()
    await world.clock.advance("10 seconds")
    return world.start({ tasks: [slow(world)] })
  },
  "a stop": async (world) => {
    const stopped = world.scheduler.shutdown({ wait: false })
    await world.clock.advance("10 seconds")
    await stopped
    return world.start({ tasks: [slow(world)] })
  }
}

describe.each(Object.entries(interruptions))("after %s", (_name, interrupt) => {
  describe.each(coalesces)("with coalesce %s", (coalesce) => {
    it.each(pairs)("what waited under $before and $after is told truly", async ({ before, after }) => {
      const world = newWorld("memory")
      const first = await world.start({ tasks: [slow(world)] })
      await first.addJob(everyMinute({ coalesce, overlap: before }))
      // Minute 1 executes; minute 2 meets it.
      await world.clock.advance("125 seconds")
      const scheduler = await interrupt(world)
      await scheduler.modifyJob("j", { overlap: after })
      // A newer one comes, then the rule changes once more, and back.
      await world.clock.advance("65 seconds")
      expect((await scheduler.verify()).violations).toEqual([])
      for (const overlap of [before, "skip", after, "queue-all"] as const) {
        await scheduler.modifyJob("j", { overlap })
        await world.clock.settle()
        expect((await scheduler.verify()).violations).toEqual([])
        await world.clock.advance("65 seconds")
        expect((await scheduler.verify()).violations).toEqual([])
      }
    })
  })
})

describe("a fire time that waited through a restart and gives way", () => {
  it.each(pairs.filter(({ after }) => after !== "cancel-running"))(
    "says so itself, when the rule is $after since and was $before before",
    async ({ before, after }) => {
      const world = newWorld("memory")
      const first = await world.start({ tasks: [slow(world)] })
      await first.addJob(everyMinute({ overlap: before === "skip" ? "queue-one" : before }))
      // Minute 1 executes, and minute 2 waits for it.
      await world.clock.advance("125 seconds")
      const scheduler = await interruptions["a pause of the scheduler"]?.(world)
      if (scheduler === undefined) throw new Error("no such interruption")
      await scheduler.modifyJob("j", { overlap: "cancel-running" })
      await world.clock.advance("50 seconds")
      await scheduler.modifyJob("j", { overlap: after })
      const [entry, ...others] = await scheduler.getLedger({ jobId: "j" })
      expect(others).toEqual([])
      expect(entry).toMatchObject({ kind: "misfired", reason: "replaced", from: midnight + 120_000, count: 1 })
      expect((await scheduler.verify()).violations).toEqual([])
      expect((await scheduler.explain("j", midnight + 120_000)).sentence).toBe(
        'It did not run: it met a run and waited, and at 2026-01-01T00:03:00.000Z a newer fire time or a request took its place, as overlap "cancel-running" has it.'
      )
    }
  )
})

describe("runs that were live when maxInstances was lowered", () => {
  it.each([
    ["once", [2]],
    ["twice", [3, 1]],
    ["and raised and lowered again", [1, 4, 2]],
    ["and given as before", [4, 4, 2, 2]]
  ] as const)("%s go on, and no other starts", async (_name, limits) => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [slow(world)] })
    await scheduler.addJob(everyMinute({ maxInstances: 3, overlap: "queue-all" }))
    // Minutes 1 to 3 execute.
    await world.clock.advance("185 seconds")
    for (const maxInstances of limits) {
      await scheduler.modifyJob("j", { maxInstances })
      await world.clock.settle()
      expect((await scheduler.verify()).violations).toEqual([])
    }
    for (let seconds = 0; seconds < 400; seconds += 20) {
      await world.clock.advance("20 seconds")
      expect((await scheduler.verify()).violations).toEqual([])
    }
    const last = limits.at(-1) ?? 0
    const live = (await scheduler.getRuns({ jobId: "j" })).filter(({ outcome }) => outcome === null)
    expect(live).toHaveLength(last)
  })
})
