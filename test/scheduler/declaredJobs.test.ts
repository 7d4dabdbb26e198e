/** Jobs declared beside their task, and jobs added again: what a restart and `ifExists` make of them. */
import { describe, expect, it } from "vitest"
import { date, interval, task } from "../../src/index.ts"
import type { JobOptions } from "../../src/index.ts"
import { hour, midnight, minute, newWorld, shortRuns, storeKinds } from "../scenarios/world.ts"

const quiet = task("quiet", () => null)
const hourly = interval("1 hour", { start: midnight })

describe.each(storeKinds)("declared jobs in the %s store", (kind) => {
  it("are not duplicated by a restart, keep their history, and count on", async () => {
    const world = newWorld(kind)
    const declared = quiet.scheduled(hourly, { tags: ["t"] }).scheduled(interval("30 minutes", { start: midnight }))
    for (let life = 0; life < 3; life++) {
      await world.start({ tasks: [declared] })
      expect(world.events.filter(({ type }) => type === "JobModified")).toEqual([])
      await world.clock.advance(hour)
    }
    expect((await world.scheduler.getJobs()).map(({ id, runCount }) => [id, runCount]).toSorted()).toEqual([
      ["quiet", 4],
      ["quiet-2", 7]
    ])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("are changed by an edited declaration, and a pause stays", async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [quiet.scheduled(hourly)] })
    await world.clock.advance(hour)
    await world.scheduler.pauseJob("quiet")
    await world.start({
      tasks: [quiet.scheduled(interval("10 minutes", { start: midnight }), { maxInstances: 3, name: "Quiet" })]
    })
    const job = await world.scheduler.getJob("quiet")
    expect(job).toMatchObject({
      name: "Quiet",
      state: "paused",
      lastFireAt: midnight + hour,
      record: { pausedBy: "user", rules: { maxInstances: 3 } }
    })
    await world.scheduler.resumeJob("quiet")
    await world.clock.advance(30 * minute)
    expect(shortRuns(await world.scheduler.getRuns()).map(([at]) => at / minute)).toEqual([0, 60, 70, 80, 90])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("a declared instant runs once, however often the scheduler starts", async () => {
    const world = newWorld(kind)
    const once = quiet.scheduled(date(midnight + minute))
    for (let life = 0; life < 3; life++) {
      await world.start({ tasks: [once] })
      await world.clock.advance(hour)
    }
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[minute, "succeeded", 1]])
    await world.start({ tasks: [quiet.scheduled(date(midnight + 30 * minute))] })
    await world.clock.advance(hour)
    expect((await world.scheduler.getJob("quiet"))?.state).toBe("done")
  })
})

// Commands reach every store the same way, so one is enough here.
describe.each(["memory"] as const)("ifExists in the %s store", (kind) => {
  /** A job in some state, added again an hour later with another name. */
  const again = async (
    state: "live" | "paused" | "done",
    options: JobOptions & { readonly trigger?: typeof hourly }
  ) => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: state === "done" ? date(midnight) : hourly })
    await world.clock.advance(hour + minute)
    if (state === "paused") await scheduler.pauseJob("a")
    const added = scheduler.addJob({
      id: "a",
      name: "again",
      task: quiet,
      trigger: state === "done" ? date(midnight) : hourly,
      ...options
    })
    const outcome = await added.then(
      (job) => [job.name, job.state],
      (error: unknown) => (error as { _tag: string })._tag
    )
    await world.clock.advance(hour)
    const job = await scheduler.getJob("a")
    expect((await scheduler.verify()).violations).toEqual([])
    return [
      outcome,
      job?.state,
      (await scheduler.getRuns()).map(({ fireAt }) => (fireAt - midnight) / minute).toReversed()
    ]
  }
  const later = interval("1 hour", { start: midnight + 90 * minute })

  it.each([
    ["live", "error", undefined, ["DuplicateJobError", "scheduled", [0, 60, 120]]],
    ["live", "keep", undefined, [["a", "scheduled"], "scheduled", [0, 60, 120]]],
    ["live", "replace", undefined, [["again", "scheduled"], "scheduled", [0, 60, 120]]],
    ["live", "replace", later, [["again", "scheduled"], "scheduled", [0, 60, 90]]],
    ["paused", "keep", later, [["a", "paused"], "paused", [0, 60]]],
    ["paused", "replace", undefined, [["again", "paused"], "paused", [0, 60]]],
    ["paused", "replace", later, [["again", "paused"], "paused", [0, 60]]],
    ["done", "error", later, ["DuplicateJobError", "done", [0]]],
    ["done", "keep", later, [["a", "done"], "done", [0]]],
    ["done", "replace", undefined, [["again", "done"], "done", [0]]],
    ["done", "replace", later, [["again", "scheduled"], "scheduled", [0, 90]]]
  ] as const)("a %s job: %s", async (state, ifExists, trigger, expected) => {
    expect(await again(state, { ifExists, ...(trigger === undefined ? {} : { trigger }) })).toEqual(expected)
  })

  it("replacing with paused pauses it, a done one too", async () => {
    expect(await again("live", { ifExists: "replace", paused: true })).toEqual([["again", "paused"], "paused", [0, 60]])
    expect(await again("done", { ifExists: "replace", paused: true })).toEqual([["again", "done"], "done", [0]])
    expect(await again("done", { ifExists: "replace", paused: true, trigger: later })).toEqual([
      ["again", "paused"],
      "paused",
      [0]
    ])
  })

  it("an id that is given twice in one batch, or taken meanwhile, adds none of its slice", async () => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [quiet] })
    const both = [
      { id: "a", task: quiet },
      { id: "a", task: quiet }
    ]
    await expect(scheduler.addJobs(both)).rejects.toMatchObject({ _tag: "DuplicateJobError", jobId: "a" })
    const raced = await Promise.allSettled([
      scheduler.addJobs([
        { id: "x", task: quiet },
        { id: "y", task: quiet }
      ]),
      scheduler.addJobs([
        { id: "z", task: quiet },
        { id: "x", task: quiet }
      ]),
      scheduler.addJob({ id: "y", task: quiet })
    ])
    expect(raced.map(({ status }) => status).filter((status) => status === "fulfilled").length).toBeGreaterThan(0)
    const ids = (await scheduler.getJobs()).map(({ id }) => id).toSorted()
    expect(ids).toEqual(
      raced[0].status === "fulfilled" ? ["x", "y"] : raced[1].status === "fulfilled" ? ["x", "y", "z"] : ["y"]
    )
  })
})

it("rescheduling never claims a fire time twice, whatever instant it happens at", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [quiet] })
  await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute", { start: midnight }) })
  await world.clock.advance(5 * minute)
  await scheduler.rescheduleJob("a", interval("5 minutes", { start: midnight }))
  await world.clock.advance(5 * minute)
  expect(shortRuns(await scheduler.getRuns()).map(([at]) => at / minute)).toEqual([0, 1, 2, 3, 4, 5, 10])
  expect((await scheduler.getJob("a"))?.state).toBe("scheduled")
  await scheduler.pauseJob("a")
  expect((await scheduler.rescheduleJob("a", interval("1 minute"))).state).toBe("paused")
  await expect(scheduler.rescheduleJob("a", date(midnight))).rejects.toMatchObject({
    field: "trigger",
    found: "one that never fires"
  })
  expect((await scheduler.verify()).violations).toEqual([])
})
