/** A job that has run its only fire times never runs them again, however long ago retention has deleted it. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { date, limit, or, StoreUnavailable, task } from "../../src/index.ts"
import type { JobInput, JobStore, Scheduler, Trigger } from "../../src/index.ts"
import { eachCall, hour, midnight, minute, newWorld, shortLedger, storeKinds, storeOf } from "./world.ts"
import type { World } from "./world.ts"

const migrate = task("migrate", () => null)
const instant = midnight + hour

type AddAgain = (scheduler: Scheduler, trigger: Trigger) => Promise<unknown>

const added =
  (ifExists: NonNullable<JobInput["ifExists"]>): AddAgain =>
  (scheduler, trigger) =>
    scheduler.addJob({ id: "migrate", task: migrate, trigger, ifExists })

const ways: ReadonlyArray<readonly [string, AddAgain]> = [
  ["kept", added("keep")],
  ["replaced", added("replace")],
  [
    "added where it is not",
    async (scheduler, trigger) => {
      if ((await scheduler.getJob("migrate")) === undefined) await added("error")(scheduler, trigger)
    }
  ],
  [
    "one of many",
    (scheduler, trigger) => scheduler.addJobs([{ id: "migrate", task: migrate, trigger, ifExists: "keep" }])
  ],
  ["declared", () => Promise.resolve()]
]

describe.each(storeKinds)("in the %s store, a one-time job that is", (kind) => {
  it.each(ways)("%s at each start runs once", async (...way) => {
    const world = newWorld(kind)
    let ran = 0
    for (const [life, jobAge] of ["30 hours", "30 hours", "10 hours", "100 hours", "1 hour", "30 hours"].entries()) {
      const declared = way[0] === "declared" ? migrate.scheduled(date(instant)) : migrate
      const scheduler = await world.start({ tasks: [declared], retention: { jobAge: jobAge as "1 hour" } })
      scheduler.on("RunClaimed", () => (ran += 1))
      await way[1](scheduler, date(instant))
      await world.clock.advance(life === 2 || life === 4 ? 45 * hour : 3 * hour)
      expect((await scheduler.verify()).violations).toEqual([])
    }
    expect(ran).toBe(1)
  })
})

/** A job without a trigger is for the moment at which it is added, which is another one at each start. */
const forNow: ReadonlyArray<readonly [string, Partial<JobInput>]> = [
  ["alone", {}],
  ["with jitter", { jitter: "10 minutes" }],
  ["with an end", { end: midnight + 40 * hour }],
  ["with a start and an end", { start: midnight, end: midnight + 40 * hour }],
  ["paused and resumed", { paused: true }]
]

describe.each(storeKinds)("in the %s store, a job without a trigger", (kind) => {
  it.each(forNow)("%s, stated again at each start, runs once", async (_, more) => {
    const world = newWorld(kind)
    let ran = 0
    for (let life = 0; life < 4; life++) {
      const scheduler = await world.start({ tasks: [migrate] })
      scheduler.on("RunClaimed", () => (ran += 1))
      const job: JobInput = { id: "migrate", task: migrate, ifExists: "replace", ...more }
      await scheduler.addJob(life === 2 ? { ...job, name: "renamed" } : job)
      if (more.paused === true && life === 0) await scheduler.resumeJob("migrate")
      await world.clock.advance(hour)
      await scheduler.addJobs([{ ...job, ifExists: life === 1 ? "keep" : "replace" }])
      await world.clock.advance(hour)
      expect((await scheduler.getJob("migrate"))?.state).toBe("done")
      expect((await scheduler.verify()).violations).toEqual([])
    }
    expect(ran).toBe(1)
  })

  it("that is given one, and none again, counts anew each time", async () => {
    const world = newWorld(kind)
    let ran = 0
    const scheduler = await world.start({ tasks: [migrate] })
    scheduler.on("RunClaimed", () => (ran += 1))
    const job: JobInput = { id: "migrate", task: migrate, ifExists: "replace" }
    await scheduler.addJob(job)
    await world.clock.advance(minute)
    await scheduler.addJob({ ...job, trigger: date(midnight + hour) })
    await world.clock.advance(2 * hour)
    expect(ran).toBe(2)
    await scheduler.addJob({ ...job, trigger: date(midnight + 4 * hour) })
    await scheduler.rescheduleJob("migrate", date(midnight + 5 * hour))
    await scheduler.addJob(job)
    await world.clock.advance(minute)
    expect(ran).toBe(3)
    await scheduler.addJob(job)
    await world.clock.advance(6 * hour)
    expect(ran).toBe(3)
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

const claimed = ({ events }: World): number => events.filter(({ type }) => type === "RunClaimed").length

describe.each(storeKinds)("what retention of the %s store has forgotten", (kind) => {
  /** Retention has deleted a done job whose last fire time is `instant`. */
  const forgetful = async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [migrate], retention: { jobAge: "10 hours" } })
    await added("error")(world.scheduler, date(instant))
    await world.clock.advance(20 * hour)
    expect(await world.scheduler.getJobs()).toEqual([])
    return world
  }

  it("is a job that is done, with a reason that is true", async () => {
    const world = await forgetful()
    const { scheduler } = world
    const job = await scheduler.addJob({ id: "migrate", task: migrate, trigger: date(instant), paused: true })
    expect(job).toMatchObject({ state: "done", runCount: 0, nextFireAt: null })
    await world.clock.advance(minute)
    expect(await scheduler.getRuns()).toEqual([])
    expect(await shortLedger(scheduler, "migrate")).toEqual([["misfired", hour, hour, 1, "forgotten"]])
    expect((await scheduler.explain("migrate", instant)).sentence).toContain(
      "may have run in an earlier life of the job"
    )
    expect((await scheduler.verify()).violations).toEqual([])
    // Who wants it all the same asks for it.
    const run = await scheduler.runJob("migrate")
    await world.clock.settle()
    expect((await run.settled()).outcome).toBe("succeeded")
  })

  it("is known after a restart and after a crash, with other settings", async () => {
    const world = await forgetful()
    await world.start({ tasks: [migrate], retention: { jobAge: "1000 hours" } })
    await world.crash()
    await world.start({ tasks: [migrate], retention: { jobAge: "1000 hours" } })
    expect((await world.scheduler.addJob({ id: "migrate", task: migrate, trigger: date(instant) })).state).toBe("done")
  })

  it("keeps nothing from running that has a later fire time, a new id, or was removed by somebody", async () => {
    const world = await forgetful()
    const { scheduler } = world
    world.events.length = 0
    await scheduler.addJob({ id: "later", task: migrate, trigger: date(instant + 1) })
    await scheduler.addJob({ id: "partly", task: migrate, trigger: or([date(instant), date(midnight + 30 * hour)]) })
    await scheduler.addJob({ task: migrate, trigger: date(instant) })
    await world.clock.advance(minute)
    expect(claimed(world)).toBe(2)
    await world.clock.advance(15 * hour)
    expect(claimed(world)).toBe(3)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("is nothing while nothing was deleted, and not what somebody removed", async () => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [migrate], retention: { jobAge: "10 hours" } })
    await scheduler.addJob({ id: "removed", task: migrate, trigger: date(instant) })
    await world.clock.advance(2 * hour)
    await scheduler.removeJob("removed")
    await world.clock.advance(20 * hour)
    for (const id of ["removed", "old"])
      await scheduler.addJob({ id, task: migrate, trigger: date(midnight - 100 * hour) })
    await scheduler.addJob({ id: "again", task: migrate, trigger: date(instant) })
    await world.clock.advance(minute)
    expect((await scheduler.getRuns()).length).toBe(3)
  })
})

it.each(["keep", "replace"] as const)(
  "a done job that is asked for with %s again and again is not deleted",
  async (ifExists) => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [migrate], retention: { jobAge: "10 hours" } })
    const once = { id: "once", task: migrate, ifExists }
    const first = {
      id: "first",
      task: migrate,
      trigger: limit(or([date(midnight), date(midnight + hour)]), 1),
      ifExists
    }
    for (let week = 0; week < 5; week++) {
      await scheduler.addJobs(week === 0 || ifExists === "keep" ? [once, first] : [first])
      await world.clock.advance(7 * hour)
    }
    expect((await scheduler.getRuns({ jobId: "first" })).length).toBe(1)
    if (ifExists === "keep") expect((await scheduler.getRuns({ jobId: "once" })).length).toBe(1)
  }
)

describe.each(storeKinds)("in the %s store, a one-time job that retention has just deleted", (kind) => {
  it.each(["purge", "forgottenThrough"] as const)("is known although the answer of %s was lost", async (lost) => {
    const inner = storeOf(kind)
    let fails = false
    const store: JobStore = {
      description: inner.description,
      open: (owner) =>
        Effect.map(inner.open(owner), (opened) =>
          eachCall(opened, (name, call) =>
            Effect.flatMap(call, (answer) => {
              if (!fails || name !== lost || answer === 0) return Effect.succeed(answer)
              fails = false
              return Effect.fail(new StoreUnavailable({ store: "test", operation: name, cause: "lost" })) as never
            })
          )
        )
    }
    const world = newWorld("memory", store)
    const scheduler = await world.start({ tasks: [migrate], retention: { jobAge: "2 hours" } })
    await scheduler.addJob({ id: "migrate", task: migrate, trigger: date(instant) })
    await world.clock.advance(2 * hour)
    fails = true
    const again: Array<Promise<unknown>> = []
    scheduler.on("SchedulerDegraded", () => {
      again.push(scheduler.addJob({ id: "migrate", task: migrate, trigger: date(instant), ifExists: "keep" }))
    })
    await world.clock.advance(3 * hour)
    expect(fails).toBe(false)
    expect((await Promise.all(again)).length).toBe(1)
    expect((await scheduler.getJob("migrate"))?.state).toBe("done")
    expect(claimed(world)).toBe(1)
    expect((await scheduler.verify()).violations).toEqual([])
  })
})
