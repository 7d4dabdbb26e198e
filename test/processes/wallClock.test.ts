/**
 * A wall clock that jumps, from a second to ten years either way: forward is downtime under the misfire rules, taken once; backward
 * runs nothing twice and nothing early. Injected on the virtual clock, and on a real process through `faketime` where it is installed.
 */
import { execFileSync } from "node:child_process"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { cron, interval, task } from "../../src/index.ts"
import { temporaryFile, day, hour, midnight, minute, newWorld, second } from "../scenarios/world.ts"
import { bundled } from "../bundle.ts"

const year = 365 * day
const steps = [second, minute, hour, day, year, 10 * year]

/** Two jobs through a step of the clock: what ran, fire times and starts in milliseconds after midnight. */
const throughStep = async (stepMs: number) => {
  const world = newWorld("memory")
  const ran: Array<{ readonly jobId: string; readonly fireAt: number; readonly at: number }> = []
  const tick = task("tick", ({ jobId, fireAt }) => void ran.push({ jobId, fireAt, at: world.clock.now() }))
  const scheduler = await world.start({ tasks: [tick] })
  await scheduler.addJob({ id: "minutely", task: tick, trigger: interval("1 minute", { start: midnight }) })
  await scheduler.addJob({ id: "daily", task: tick, trigger: cron("0 0 * * *", { timezone: "UTC" }) })
  await world.clock.advance(10 * minute + 30 * second)
  const before = ran.length
  world.clock.stepWall(stepMs)
  const steppedTo = world.clock.now()
  await world.clock.advance(5 * minute)
  const keys = ran.map(({ jobId, fireAt }) => `${jobId} ${fireAt}`)
  return {
    world,
    scheduler,
    steppedTo,
    after: ran.slice(before),
    twice: keys.filter((key, index) => keys.indexOf(key) !== index),
    early: ran.filter(({ fireAt, at }) => at < fireAt),
    violations: (await scheduler.verify()).violations
  }
}

describe("a clock that jumps forward", () => {
  it.each(steps)(
    "by %i ms: what was passed over becomes one run of each job, and the ledger has the rest",
    async (stepMs) => {
      const { scheduler, after, twice, early, violations, steppedTo, world } = await throughStep(stepMs)
      expect({ twice, early, violations }).toEqual({ twice: [], early: [], violations: [] })
      const minutely = after.filter(({ jobId }) => jobId === "minutely").map(({ fireAt }) => fireAt)
      // The step shows at the next wake-up, half a minute on: the latest that has passed by then, and one a minute as ever.
      const passed = Math.floor((steppedTo + minute / 2 - midnight) / minute) - 10
      const latest = midnight + (10 + passed) * minute
      const next = Array.from({ length: 5 }, (_, index) => latest + (index + 1) * minute).filter(
        (at) => at <= world.clock.now()
      )
      expect(minutely).toEqual([latest, ...next])
      const [coalesced] = await scheduler.getLedger({ jobId: "minutely", kind: "coalesced" })
      expect(coalesced?.count ?? 0).toBe(passed - 1)
      expect(after.filter(({ jobId }) => jobId === "daily").length).toBe(stepMs >= day ? 1 : 0)
    }
  )
})

describe("a clock that jumps backward", () => {
  it.each(steps)(
    "by %i ms: nothing runs twice, and all goes on when the clock is past where it was",
    async (stepMs) => {
      const { scheduler, after, twice, early, violations, world } = await throughStep(-stepMs)
      expect({ twice, early, violations }).toEqual({ twice: [], early: [], violations: [] })
      const waits = stepMs >= hour
      expect(after.length).toBe(waits ? 0 : stepMs >= minute ? 4 : 5)
      expect((await scheduler.status()).state).toBe("active")
      // Set right again, as by NTP: as if nothing had been, but for the minutes that passed meanwhile.
      world.clock.stepWall(stepMs)
      await world.clock.advance(minute)
      const runs = await scheduler.getRuns({ jobId: "minutely" })
      expect(runs[0]?.fireAt).toBe(Math.floor(world.clock.now() / minute) * minute)
      expect(new Set(runs.map(({ fireAt }) => fireAt)).size).toBe(runs.length)
      expect((await scheduler.verify()).violations).toEqual([])
    }
  )

  it("by ten years: an operator who will not wait gives the job anew", async () => {
    const { scheduler, world } = await throughStep(-10 * year)
    await scheduler.removeJob("minutely")
    await scheduler.addJob({ id: "minutely", task: "tick", trigger: interval("1 minute") })
    await world.clock.advance(3 * minute)
    expect((await scheduler.getJob("minutely"))?.runCount).toBe(3)
  })
})

const faketime = ((): string | null => {
  try {
    execFileSync("faketime", ["--version"], { stdio: "ignore" })
    return "faketime"
  } catch {
    return null
  }
})()

describe.skipIf(faketime === null)(
  `a process whose clock jumps${faketime === null ? " (skipped: faketime is not installed)" : ""}`,
  () => {
    it("forward two days and back three, between starts: each fire time once, and nothing ahead of the clock", async () => {
      const filename = temporaryFile()
      const program = await bundled(join(import.meta.dirname, "wallClockStart.ts"), dirname(filename))
      const start = (offset: string) =>
        JSON.parse(
          execFileSync(faketime ?? "", ["-f", offset, process.execPath, program, filename], { encoding: "utf8" })
        ) as {
          readonly now: number
          readonly fireTimes: ReadonlyArray<number>
          readonly violations: ReadonlyArray<unknown>
        }
      for (const offset of ["+0d", "+2d", "-1d", "+3d"]) {
        const { now, fireTimes, violations } = start(offset)
        expect({ offset, violations, twice: fireTimes.length - new Set(fireTimes).size }).toEqual({
          offset,
          violations: [],
          twice: 0
        })
        // The first start has nothing to make up, and a clock that was set back has nothing new.
        if (offset === "+2d" || offset === "+3d")
          expect({ offset, newest: Math.max(...fireTimes) > now - 10 * minute }).toEqual({ offset, newest: true })
      }
    })
  }
)
