/** Verbs for many jobs at once, and what goes on beside them. */
import { describe, expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import { newWorld, storeKinds, storeOf } from "./world.ts"

const quiet = task("quiet", () => null)
const many = (count: number, tags: ReadonlyArray<string> = []) =>
  Array.from({ length: count }, (_, index) => ({
    id: `k${index}`,
    task: quiet,
    trigger: interval("1 hour"),
    tags: index % 2 === 0 ? [...tags, "even"] : tags
  }))

describe.each(storeKinds)("in the %s store", (kind) => {
  it("jobs are paused, resumed and removed by a filter, and counted", async () => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJobs(many(600))
    await scheduler.pauseJob("k0")
    expect(await scheduler.pauseJobs({ tag: "even" })).toBe(299)
    expect(await scheduler.pauseJobs({ tag: "even" })).toBe(0)
    expect((await scheduler.getJobs({ state: "paused" })).length).toBe(300)
    expect(await scheduler.resumeJobs({ tag: "even" }, { missed: "skip" })).toBe(300)
    expect(await scheduler.resumeJobs()).toBe(0)
    expect(await scheduler.removeJobs({ tag: "even" })).toBe(300)
    expect((await scheduler.getJobs()).map(({ tags }) => tags)).toEqual(Array.from({ length: 300 }, () => []))
    expect(await scheduler.pauseJobs()).toBe(300)
    expect(await scheduler.removeJobs({ state: "paused", task: "quiet", store: "default" })).toBe(300)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it.each(["removeAllJobs", "removeJobs", "pauseJobs", "resumeJobs"] as const)(
    "%s does not mind that jobs go meanwhile",
    async (verb) => {
      const world = newWorld(kind)
      const scheduler = await world.start({ tasks: [quiet] })
      await scheduler.addJobs(many(600).map((job) => ({ ...job, paused: verb === "resumeJobs" })))
      const changed = await Promise.all([
        scheduler[verb]({}),
        scheduler.removeJob("k5").then(
          () => 0,
          () => 0
        ),
        scheduler[verb]({}),
        scheduler.removeJob("k599").then(
          () => 0,
          () => 0
        )
      ])
      const total = changed.reduce((sum, count) => sum + count, 0)
      expect(total).toBeGreaterThanOrEqual(598)
      expect(total).toBeLessThanOrEqual(600)
      const left = await scheduler.getJobs()
      if (verb === "removeAllJobs" || verb === "removeJobs") expect(left).toEqual([])
      else
        expect(new Set(left.map(({ state }) => state))).toEqual(
          new Set([verb === "pauseJobs" ? "paused" : "scheduled"])
        )
    }
  )
})

describe.each(storeKinds)("beside a verb for many in the %s store", (kind) => {
  const count = 3000
  const started = async () => {
    const world = newWorld(kind)
    let ran = 0
    const counted = task("counted", () => void (ran += 1))
    const scheduler = await world.start({ tasks: [quiet, counted] })
    await scheduler.addJobs(many(count))
    return { world, scheduler, counted, ran: () => ran }
  }
  const turns = async (wanted: number): Promise<void> => {
    for (let turn = 0; turn < wanted; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  it.each(["removeAllJobs", "pauseJobs", "resumeJobs"] as const)(
    "the event loop has its turns, and what is added and due meanwhile comes through: %s",
    async (verb) => {
      const { world, scheduler, counted, ran } = await started()
      if (verb === "resumeJobs") await scheduler.pauseJobs()
      const walk = { ended: false }
      let turnsMeanwhile = 0
      const changing = scheduler[verb]().finally(() => (walk.ended = true))
      await turns(1)
      await scheduler.addJob({ id: "meanwhile", task: counted, trigger: interval("1 second") })
      await scheduler.runJob("meanwhile")
      expect([ran(), walk.ended]).toEqual([1, false])
      for (; !walk.ended; turnsMeanwhile++) await turns(1)
      expect(turnsMeanwhile).toBeGreaterThan(1)
      expect(await changing).toBe(count)
      await world.clock.advance("1 second")
      expect(ran()).toBe(2)
      expect(await scheduler.getJob("meanwhile")).toMatchObject({ state: "scheduled" })
      expect((await scheduler.verify()).violations).toEqual([])
    }
  )

  it("a stop ends it, and what was committed stays so", async () => {
    const { world, scheduler } = await started()
    const removing = scheduler.removeAllJobs()
    const rejected = expect(removing).rejects.toMatchObject({ _tag: "SchedulerStoppedError", verb: "removeAllJobs" })
    await turns(3)
    const stopping = scheduler.shutdown()
    await world.clock.settle()
    await Promise.all([stopping, rejected])
    const again = await world.start({ tasks: [quiet] })
    const left = await again.getJobs()
    expect(left.length).toBeGreaterThan(0)
    expect(left.length).toBeLessThan(count)
    expect(await again.removeAllJobs()).toBe(left.length)
    expect((await again.verify()).violations).toEqual([])
  })
})

it("a job whose task is not there is not resumed by resumeJobs", async () => {
  const world = newWorld("memory")
  const gone = task("gone", () => null)
  await world.start({ tasks: [quiet, gone] })
  await world.scheduler.addJobs([
    { id: "gone", task: gone, trigger: interval("1 minute"), paused: true },
    { id: "here", task: quiet, trigger: interval("1 minute"), paused: true }
  ])
  await world.start({ tasks: [quiet] })
  await world.clock.advance("2 minutes")
  expect(await world.scheduler.resumeJobs()).toBe(1)
  expect((await world.scheduler.getJob("gone"))?.pausedBy).toBe("user")
  expect((await world.scheduler.getJob("here"))?.state).toBe("scheduled")
})

it("one store's jobs are changed, and an unknown field or store is refused", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [quiet], stores: { archive: storeOf("memory") } })
  await scheduler.addJobs([
    { id: "a", task: quiet, trigger: interval("1 minute") },
    { id: "b", task: quiet, trigger: interval("1 minute"), store: "archive" }
  ])
  expect(await scheduler.pauseJobs({ store: "archive" })).toBe(1)
  expect(await scheduler.removeAllJobs({ store: "archive" })).toBe(1)
  expect((await scheduler.getJobs()).map(({ id }) => id)).toEqual(["a"])
  await expect(scheduler.removeJobs({ tags: "a" } as never)).rejects.toMatchObject({ _tag: "InvalidOptionError" })
  await expect(scheduler.pauseJobs({ store: "none" })).rejects.toMatchObject({ _tag: "UnknownNameError" })
  expect(await scheduler.removeAllJobs()).toBe(1)
})
