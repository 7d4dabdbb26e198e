/** A process that dies again and again with several jobs under way: the one that kills it is parked, and no other. */
import { describe, expect, it } from "vitest"
import { Subject } from "rxjs"
import { date, interval, stream, task } from "../../src/index.ts"
import type { JobInput, SchedulerOptions } from "../../src/index.ts"
import { day, hour, midnight, minute, newWorld, second, sleepOn, storeKinds } from "./world.ts"
import type { StoreKind } from "./world.ts"

/** The process dies when a job of the task "killer" has run for `afterMs`. */
const fatalWorld = (kind: StoreKind, options: SchedulerOptions = {}) => {
  const world = newWorld(kind)
  let dying = false
  let deaths = 0
  const ran: Array<string> = []
  const tasks = [
    task("killer", async ({ jobId, args }) => {
      ran.push(jobId)
      const life = deaths
      await sleepOn(world.clock, Number(args))
      // What a dead process still does, nobody sees.
      if (life === deaths) dying = true
      await new Promise(() => undefined)
    }),
    task("innocent", async ({ jobId, args }) => {
      ran.push(jobId)
      await sleepOn(world.clock, Number(args))
    })
  ]
  const start = () => world.start({ tasks, ...options })
  /** So much time in steps, with a new life a second after each death; as many deaths at the most. */
  const live = async (ms: number, mostDeaths = 12): Promise<void> => {
    const until = world.clock.now() + ms
    while (world.clock.now() < until && deaths < mostDeaths) {
      await world.clock.advance(second)
      if (!dying) continue
      dying = false
      deaths += 1
      await world.crash()
      await world.clock.advance(second)
      await start()
    }
  }
  const parked = async (): Promise<ReadonlyArray<string>> =>
    (await world.scheduler.getJobs({ fault: true })).map(({ id }) => id).toSorted()
  return { world, start, live, parked, ran, deaths: () => deaths }
}

const once: Pick<JobInput, "trigger"> = { trigger: date(midnight + second) }

describe.each(storeKinds)("with the %s store", (kind) => {
  it.each([
    ["at once", 0],
    ["after a while", 20_000]
  ])("one killer %s beside long runs", async (_when, afterMs) => {
    const { world, start, live, parked, ran, deaths } = fatalWorld(kind)
    await start()
    for (const [id, ms] of [
      ["long-1", hour],
      ["short", 100],
      ["long-2", 30 * minute]
    ] as const)
      await world.scheduler.addJob({ id, task: "innocent", args: ms, ...once })
    await world.scheduler.addJob({ id: "killer", task: "killer", args: afterMs, ...once })
    await live(5 * hour)
    expect([await parked(), deaths()]).toEqual([["killer"], 3])
    const runs = await world.scheduler.getRuns({ outcome: "succeeded" })
    expect(runs.map(({ jobId }) => jobId).toSorted()).toEqual(["long-1", "long-2", "short"])
    // Once the culprit is found, the others run side by side again.
    expect(ran.at(-1)).not.toBe("killer")
    expect((await world.scheduler.verify()).violations).toEqual([])
  })
})

it("a killer with several runs at a time, and fire times that go on", async () => {
  const { world, start, live, parked, deaths } = fatalWorld("memory")
  await start()
  const often = { trigger: interval("1 minute", { start: midnight }), maxInstances: 3 }
  await world.scheduler.addJob({ id: "long", task: "innocent", args: 2 * hour, ...once })
  await world.scheduler.addJob({ id: "killer", task: "killer", args: 90_000, ...often, overlap: "queue-all" })
  await world.scheduler.addJob({ id: "often", task: "innocent", args: 50_000, ...often })
  await live(6 * hour)
  expect([await parked(), deaths() <= 4]).toEqual([["killer"], true])
  expect((await world.scheduler.getRuns({ jobId: "long" })).map(({ outcome }) => outcome)).toEqual(["succeeded"])
})

it("two killers are found one after the other, and the innocent goes on", async () => {
  const { world, start, live, parked } = fatalWorld("memory")
  await start()
  await world.scheduler.addJob({ id: "long", task: "innocent", args: hour, ...once })
  await world.scheduler.addJob({ id: "killer-1", task: "killer", args: 5000, ...once })
  await world.scheduler.addJob({ id: "killer-2", task: "killer", args: 100, ...once })
  await live(6 * hour, 30)
  expect(await parked()).toEqual(["killer-1", "killer-2"])
  expect((await world.scheduler.getRuns({ jobId: "long" })).map(({ outcome }) => outcome)).toEqual(["succeeded"])
})

it("one that never ends does not keep the others from their turn", async () => {
  const { world, start, live, parked, ran } = fatalWorld("memory")
  await start()
  for (const id of ["service-1", "service-2", "service-3"])
    await world.scheduler.addJob({ id, task: "innocent", args: 30 * day, ...once })
  await live(10 * second)
  for (let deaths = 0; deaths < 2; deaths++) {
    await world.crash()
    await start()
    await world.clock.advance(2 * second)
  }
  ran.length = 0
  await live(minute)
  const first = new Set(ran)
  await live(20 * minute)
  expect([first.size, new Set(ran).size, await parked()]).toEqual([0, 2, []])
})

it("a request waits for its turn, too", async () => {
  const { world, start, live, parked, deaths } = fatalWorld("memory")
  await start()
  await world.scheduler.addJob({ id: "long", task: "innocent", args: hour, ...once })
  await world.scheduler.addJob({ id: "asked", task: "killer", args: 0, paused: true, onInterrupted: "skip" })
  for (let life = 0; life < 2; life++) {
    await world.clock.advance(5 * second)
    await world.scheduler.runJob("asked")
    await live(3 * second)
  }
  expect(deaths()).toBe(2)
  await world.clock.advance(second)
  await expect(world.scheduler.runJob("asked")).rejects.toMatchObject({ _tag: "JobStateError", jobId: "asked" })
  await live(2 * hour)
  expect((await world.scheduler.getRuns({ jobId: "long" })).map(({ outcome }) => outcome)).toEqual(["succeeded"])
  await world.scheduler.runJob("asked")
  await live(3 * second)
  expect([await parked(), deaths()]).toEqual([["asked"], 3])
})

it("an emission waits for its turn, and explain says why a job does", async () => {
  const values = new Subject<number>()
  const seen: Array<unknown> = []
  let deadly = true
  const world = newWorld("memory")
  const tasks = [
    task("innocent", () => sleepOn(world.clock, hour)),
    task("onValue", ({ args }) => {
      seen.push(args)
      return deadly ? new Promise<void>(() => undefined) : undefined
    })
  ]
  const start = () => world.start({ tasks, streams: { values } })
  await start()
  await world.scheduler.addJob({ id: "long", task: "innocent", ...once })
  const trigger = stream("values")
  await world.scheduler.addJob({ id: "stream", task: "onValue", trigger, onInterrupted: "skip" })
  await world.scheduler.addJob({ id: "third", task: "innocent", ...once })
  for (let value = 1; value <= 2; value++) {
    await world.clock.advance(2 * second)
    values.next(value)
    await world.clock.advance(second)
    await world.crash()
    await start()
  }
  deadly = false
  await world.clock.advance(second)
  values.next(3)
  await world.clock.advance(minute)
  expect(seen).toEqual([{ value: 1 }, { value: 2 }])
  const explained = await Promise.all(["long", "third"].map((id) => world.scheduler.explain(id, midnight + second)))
  expect(explained.map(({ sentence }) => sentence.includes("another job of which that is so runs first"))).toEqual([
    ...[false, true]
  ])
  await world.clock.advance(2 * hour)
  expect(seen).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }])
  expect((await world.scheduler.getJobs({ fault: true })).length).toBe(0)
})
