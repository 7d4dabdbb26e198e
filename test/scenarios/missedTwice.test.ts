/** What came due while nobody was there overlaps nothing, however often somebody comes and goes before it has run. */
import { describe, expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import type { JobInput, Scheduler } from "../../src/index.ts"
import type { World } from "./world.ts"
import { midnight, minute, newWorld } from "./world.ts"

const overlaps = ["skip", "queue-one", "queue-all", "cancel-running"] as const
const coalesces = ["latest", "earliest", "all"] as const
const cases = coalesces.flatMap((coalesce) => overlaps.map((overlap) => ({ coalesce, overlap })))

/** Minutes after midnight. */
const minuteOf = (instant: number): number => (instant - midnight) / minute

const everyMinute = (rules: Partial<JobInput>): JobInput => ({
  id: "j",
  task: "slow",
  trigger: interval("1 minute", { start: midnight + minute }),
  ...rules
})

/** Runs take 90 seconds. */
const starting = (world: World): Promise<Scheduler> =>
  world.start({ tasks: [task("slow", () => world.clock.wait("90 seconds"))] })

const runsOf = async (scheduler: Scheduler): Promise<ReadonlyArray<number>> =>
  (await scheduler.getRuns({ jobId: "j" })).map(({ fireAt }) => minuteOf(fireAt)).sort((a, b) => a - b)

const misfiresOf = async (scheduler: Scheduler) =>
  (await scheduler.getLedger({ jobId: "j" })).map(({ kind, reason, from, through, count }) => ({
    ...{ kind, reason, count },
    ...{ from: minuteOf(from), through: minuteOf(through) }
  }))

describe("fire times that came due while nobody was there", () => {
  it.each(cases)("are made up by $coalesce after two stops, with overlap $overlap", async ({ coalesce, overlap }) => {
    const world = newWorld("memory")
    const first = await starting(world)
    await first.addJob(everyMinute({ coalesce, overlap }))
    await world.clock.advance("65 seconds")
    await first.shutdown({ wait: false })
    await world.clock.advance("60 seconds")
    // Minute 1 runs again and minute 2 waits, when the process is stopped again.
    const second = await starting(world)
    await world.clock.settle()
    const stopped = second.shutdown({ deadline: "5 minutes" })
    await world.clock.advance("95 seconds")
    await stopped
    await world.clock.advance("5 minutes")
    const third = await starting(world)
    const owed = [2, 3, 4, 5, 6, 7, 8]
    const expected = coalesce === "latest" ? [1, 8] : coalesce === "earliest" ? [1, 2] : [1, ...owed]
    await third.rescheduleJob("j", interval("100 days"))
    await world.clock.advance("20 minutes")
    expect((await third.verify()).violations).toEqual([])
    expect(await runsOf(third)).toEqual(expected)
    const entries = await misfiresOf(third)
    expect(entries.filter(({ kind }) => kind === "misfired")).toEqual([])
    expect(entries.reduce((sum, { count }) => sum + count, 0)).toBe(1 + owed.length - expected.length)
  })

  it.each(cases)(
    "are made up by $coalesce after kills in a row, with overlap $overlap",
    async ({ coalesce, overlap }) => {
      const world = newWorld("memory")
      await (await starting(world)).addJob(everyMinute({ coalesce, overlap }))
      await world.clock.advance("65 seconds")
      for (let kills = 0; kills < 2; kills++) {
        await world.crash()
        await world.clock.advance("3 minutes")
        await starting(world)
        await world.clock.advance("8 seconds")
      }
      const { scheduler } = world
      await scheduler.rescheduleJob("j", interval("100 days"))
      await world.clock.advance("20 minutes")
      const owed = [2, 3, 4, 5, 6, 7]
      const expected = coalesce === "latest" ? [1, 7] : coalesce === "earliest" ? [1, 2] : [1, ...owed]
      expect((await scheduler.verify()).violations).toEqual([])
      expect(await runsOf(scheduler)).toEqual(expected)
      const entries = await misfiresOf(scheduler)
      expect(entries.filter(({ kind }) => kind === "misfired")).toEqual([])
      expect(entries.reduce((sum, { count }) => sum + count, 0)).toBe(1 + owed.length - expected.length)
    }
  )

  it.each(cases)("are made up by $coalesce after a pause of the scheduler, with overlap $overlap", async (rules) => {
    const world = newWorld("memory")
    const scheduler = await starting(world)
    await scheduler.addJob(everyMinute(rules))
    await world.clock.advance("65 seconds")
    scheduler.pause()
    // Minute 1 is still under way when minute 2 comes due.
    await world.clock.advance("60 seconds")
    scheduler.resume()
    await world.clock.settle()
    await scheduler.rescheduleJob("j", interval("100 days"))
    await world.clock.advance("20 minutes")
    expect(await runsOf(scheduler)).toEqual([1, 2])
    expect(await misfiresOf(scheduler)).toEqual([])
    expect((await scheduler.getRuns()).every(({ outcome }) => outcome === "succeeded")).toBe(true)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("stay apart from what meets a run between two downtimes", async () => {
    const world = newWorld("memory")
    await (await starting(world)).addJob(everyMinute({}))
    await world.clock.advance("65 seconds")
    await world.crash()
    await world.clock.advance("60 seconds")
    await starting(world)
    // Minute 1 executes again and minute 2 waits, as minute 3 comes due.
    await world.clock.advance("60 seconds")
    await world.crash()
    await world.clock.advance("3 minutes")
    const scheduler = await starting(world)
    await world.clock.advance("100 seconds")
    await scheduler.pauseJob("j")
    await world.clock.advance("5 minutes")
    expect(await runsOf(scheduler)).toEqual([1, 6])
    expect(await misfiresOf(scheduler)).toEqual(
      expect.arrayContaining([
        { kind: "misfired", reason: "maxInstances", from: 3, through: 3, count: 1 },
        { kind: "coalesced", reason: null, from: 2, through: 2, count: 1 },
        { kind: "coalesced", reason: null, from: 4, through: 5, count: 2 }
      ])
    )
    const verdicts = [2, 3, 4].map(async (at) => (await scheduler.explain("j", midnight + at * minute)).verdict)
    expect(await Promise.all(verdicts)).toEqual(["coalesced", "misfired", "coalesced"])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("are late when what waits for them is, and the others run", async () => {
    const world = newWorld("memory")
    const rules = { coalesce: "earliest", misfireGrace: "2 minutes" } as const
    await (await starting(world)).addJob(everyMinute(rules))
    await world.clock.advance("65 seconds")
    await world.crash()
    await world.clock.advance("60 seconds")
    await starting(world)
    await world.clock.settle()
    await world.crash()
    await world.clock.advance("3 minutes")
    const scheduler = await starting(world)
    await world.clock.settle()
    await scheduler.rescheduleJob("j", interval("100 days"))
    await world.clock.advance("10 minutes")
    expect(await misfiresOf(scheduler)).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: "misfired", reason: "late", from: 2 })])
    )
    expect((await misfiresOf(scheduler)).filter(({ reason }) => reason === "maxInstances")).toEqual([])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("run after a clock that was set back, and what comes due then meets a run as ever", async () => {
    const world = newWorld("memory")
    await (await starting(world)).addJob(everyMinute({}))
    await world.clock.advance("65 seconds")
    await world.crash()
    await world.clock.advance("3 minutes")
    const scheduler = await starting(world)
    await world.clock.advance("1 second")
    world.clock.stepWall(-2 * minute)
    await world.clock.advance("10 minutes")
    expect((await scheduler.verify()).violations).toEqual([])
    const { verdict } = await scheduler.explain("j", midnight + 5 * minute)
    expect(verdict).toBe("misfired")
  })
})
