/** Fire times that came due while nobody could serve them: grace and coalescing, on every store. */
import { describe, expect, it } from "vitest"
import { cron, interval, task } from "../../src/index.ts"
import type { JobOptions } from "../../src/index.ts"
import { hour, minute, newWorld, second, shortLedger, shortRuns, sleepOn, storeKinds, midnight, day } from "./world.ts"

describe.each(storeKinds)("with the %s store", (kind) => {
  /** A job every ten seconds runs once, then the scheduler is away for a minute. */
  const afterDowntime = async (options: JobOptions, awayMs = minute) => {
    const world = newWorld(kind)
    const tick = task("tick", () => null)
    await world.start({ tasks: [tick] })
    await world.scheduler.addJob({
      id: "a",
      task: tick,
      trigger: interval("10 seconds", { start: midnight }),
      ...options
    })
    await world.clock.advance(5 * second)
    await world.scheduler.shutdown()
    await world.clock.advance(awayMs)
    await world.start({ tasks: [tick] })
    await world.clock.settle()
    return world
  }

  it.each([
    [
      "latest",
      [
        [0, "succeeded", 1],
        [60_000, "succeeded", 1]
      ],
      [["coalesced", 10_000, 50_000, 5, null]]
    ],
    [
      "earliest",
      [
        [0, "succeeded", 1],
        [10_000, "succeeded", 1]
      ],
      [["coalesced", 20_000, 60_000, 5, null]]
    ],
    ["all", [0, 10, 20, 30, 40, 50, 60].map((at) => [at * second, "succeeded", 1]), []]
  ] as const)("coalesce %s accounts for a minute of downtime", async (coalesce, runs, ledger) => {
    const { scheduler } = await afterDowntime({ coalesce })
    expect(shortRuns(await scheduler.getRuns())).toEqual(runs)
    expect(await shortLedger(scheduler, "a")).toEqual(ledger)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it.each([
    [
      "exactly at its bound runs",
      5 * second,
      [
        [0, "succeeded", 1],
        [60_000, "succeeded", 1]
      ],
      [["misfired", 10_000, 50_000, 5, "late"]]
    ],
    [
      "a millisecond past it misfires",
      5 * second - 1,
      [[0, "succeeded", 1]],
      [["misfired", 10_000, 60_000, 6, "late"]]
    ],
    [
      "splits a gap",
      25 * second,
      [
        [0, "succeeded", 1],
        [60_000, "succeeded", 1]
      ],
      [
        ["misfired", 10_000, 30_000, 3, "late"],
        ["coalesced", 40_000, 50_000, 2, null]
      ]
    ]
  ] as const)("a fire time %s", async (_name, misfireGrace, runs, ledger) => {
    const { scheduler } = await afterDowntime({ misfireGrace })
    expect(shortRuns(await scheduler.getRuns())).toEqual(runs)
    expect(await shortLedger(scheduler, "a")).toEqual(ledger)
    expect((await scheduler.getJob("a"))?.state).toBe(runs.length === 1 ? "misfired" : "scheduled")
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("a misfired job is scheduled again by its next run", async () => {
    const { scheduler, clock } = await afterDowntime({ misfireGrace: second })
    expect((await scheduler.getJob("a"))?.state).toBe("misfired")
    await clock.advance(10 * second)
    expect((await scheduler.getJob("a"))?.state).toBe("scheduled")
    expect(shortRuns(await scheduler.getRuns())).toEqual([
      [0, "succeeded", 1],
      [70_000, "succeeded", 1]
    ])
  })

  it("catching up on all of them obeys maxInstances and keeps their order", async () => {
    const world = newWorld(kind)
    let [live, most] = [0, 0]
    const order: Array<number> = []
    const slow = task("slow", async ({ fireAt }) => {
      most = Math.max(most, ++live)
      await sleepOn(world.clock, 2 * second)
      order.push(fireAt - midnight)
      live -= 1
    })
    await world.start({ tasks: [slow] })
    await world.scheduler.addJob({
      id: "a",
      task: slow,
      trigger: interval("10 seconds"),
      coalesce: "all",
      maxInstances: 2
    })
    await world.scheduler.shutdown()
    await world.clock.advance(minute)
    await world.start({ tasks: [slow] })
    await world.clock.advance(8 * second)
    expect({ most, order }).toEqual({ most: 2, order: [10, 20, 30, 40, 50, 60].map((at) => at * second) })
    expect((await world.scheduler.verify()).violations).toEqual([])
  })
})

it("a year of missed seconds costs one run and one ledger entry under latest", async () => {
  const world = newWorld("sqlite")
  const tick = task("tick", () => null)
  await world.start({ tasks: [tick] })
  await world.scheduler.addJob({ id: "a", task: tick, trigger: cron("* * * * * *") })
  await world.scheduler.shutdown()
  await world.clock.advance(365 * day)
  const before = performance.now()
  await world.start({ tasks: [tick] })
  await world.clock.settle()
  expect(performance.now() - before).toBeLessThan(1000)
  const year = 365 * day
  expect(shortRuns(await world.scheduler.getRuns())).toEqual([[year, "succeeded", 1]])
  expect(await shortLedger(world.scheduler, "a")).toEqual([["coalesced", 0, year - second, 365 * 86_400, null]])
})

it("a trigger that cannot count is caught up a thousand fire times at a time, and others run meanwhile", async () => {
  const world = newWorld("memory")
  const order: Array<string> = []
  const tick = task("tick", ({ jobId }) => void order.push(jobId))
  const everySecond = {
    type: "every-second",
    next: (after: number) => (Math.floor(after / second) + 1) * second,
    toJSON: () => ({ type: "every-second" })
  }
  const options = { tasks: [tick], triggers: [{ type: "every-second", fromJSON: () => everySecond }] }
  await world.start(options)
  await world.scheduler.addJob({ id: "a", task: tick, trigger: everySecond, jitter: 0 })
  await world.scheduler.addJob({ id: "b", task: tick, trigger: interval("1 hour", { start: midnight + hour }) })
  await world.clock.settle()
  await world.scheduler.shutdown()
  order.length = 0
  await world.clock.advance(hour)
  await world.start(options)
  await world.clock.settle()
  expect(order).toEqual(["b", "a"])
  expect(await shortLedger(world.scheduler, "a")).toEqual([["coalesced", second, 3_599_000, 3599, null]])
  expect((await world.scheduler.verify()).violations).toEqual([])
})
