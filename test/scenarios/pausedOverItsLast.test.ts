/** A pause that outlasts a job's last fire time: nothing is left to go on with. */
import { expect, it } from "vitest"
import { cron, date, interval, or, task } from "../../src/index.ts"
import type { JobOptions, Trigger } from "../../src/index.ts"
import { day, hour, midnight, newWorld, shortLedger, shortRuns } from "./world.ts"

const quiet = task("quiet", () => null)

type Case = readonly [string, Trigger, JobOptions, ReadonlyArray<number>]

it.each<Case>([
  ["one date", date(midnight + 2 * hour), {}, [2]],
  ["dates", or([date(midnight + 2 * hour), date(midnight + 3 * hour)]), {}, [3]],
  ["all dates", or([date(midnight + 2 * hour), date(midnight + 3 * hour)]), { coalesce: "all" }, [2, 3]],
  ["an end", cron("0 * * * *"), { end: midnight + 4 * hour }, [0, 1, 4]],
  ["a grace that is over", date(midnight + 2 * hour), { misfireGrace: "1 hour" }, []],
  ["a fire time that is left", interval("1 day", { start: midnight + 2 * hour }), {}, []]
])("%s: resumeJob lets what was missed come due unless told otherwise", async (_, trigger, options, ran) => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [quiet] })
  await scheduler.addJob({ id: "a", task: quiet, trigger, ...options })
  await scheduler.addJob({ id: "skips", task: quiet, trigger, ...options })
  await world.clock.advance(hour + hour / 2)
  await scheduler.pauseJobs()
  await world.clock.advance(10 * hour)
  await scheduler.resumeJob("a")
  await scheduler.resumeJob("skips", { missed: "skip" })
  await world.clock.settle()
  expect(shortRuns(await scheduler.getRuns({ jobId: "a" })).map(([at]) => at / hour)).toEqual(ran)
  expect(shortRuns(await scheduler.getRuns({ jobId: "skips" })).filter(([at]) => at > hour)).toEqual([])
  if (options.misfireGrace !== undefined)
    expect(await shortLedger(scheduler, "a")).toEqual([["misfired", 2 * hour, 2 * hour, 1, "late"]])
  await world.clock.advance(day / 2)
  expect((await scheduler.verify()).violations).toEqual([])
})

it("a date that was added paused and has passed runs when it is resumed", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [quiet] })
  await scheduler.addJob({ id: "a", task: quiet, trigger: date(midnight - day), paused: true })
  await scheduler.addJob({ id: "b", task: quiet, paused: true })
  await world.clock.advance(hour)
  expect(await scheduler.resumeJobs()).toBe(2)
  await world.clock.settle()
  expect((await scheduler.getRuns()).map(({ jobId }) => jobId).toSorted()).toEqual(["a", "b"])
})
