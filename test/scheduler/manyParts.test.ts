/** Several stores and executors in one scheduler, jobs taken from one scheduler to another, schedulers made from plain JSON. */
import { describe, expect, it } from "vitest"
import {
  createScheduler,
  createSchedulerFromConfig,
  cron,
  date,
  inProcess,
  interval,
  memory,
  task
} from "../../src/index.ts"
import type { ExportedJobs, SchedulerConfig } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { hour, midnight, minute, newWorld, second, shortRuns, sleepOn, firstRunId } from "../scenarios/world.ts"

const quiet = task("quiet", () => null)

describe("several stores", () => {
  it("hold jobs under ids that are unique across them, and runs under ids that name them", async () => {
    const clock = virtualClock(midnight)
    const scheduler = createScheduler({ clock, tasks: [quiet], stores: { default: memory(), archive: memory() } })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: quiet, trigger: date(midnight + 2 * second) })
    await scheduler.addJob({ id: "b", task: quiet, store: "archive", trigger: date(midnight + second) })
    for (const ifExists of ["error", "replace", "keep"] as const) {
      const again = { id: "a", task: quiet, store: "archive", ifExists }
      await expect(scheduler.addJob(again)).rejects.toMatchObject({ _tag: "DuplicateJobError", store: "default" })
      await expect(scheduler.addJobs([{ task: quiet }, again])).rejects.toMatchObject({
        _tag: "DuplicateJobError",
        store: "default"
      })
    }
    expect((await scheduler.getJobs()).map(({ id, store }) => [id, store])).toEqual([
      ["b", "archive"],
      ["a", "default"]
    ])
    expect((await scheduler.getJobs({ store: "archive" })).map(({ id }) => id)).toEqual(["b"])
    await clock.advance(minute)
    expect((await scheduler.getRuns()).map(({ runId }) => runId)).toEqual([firstRunId, `archive:${firstRunId}`])
    expect(await scheduler.getRuns({ runId: `archive:${firstRunId}` })).toMatchObject([{ jobId: "b" }])
    expect(await scheduler.getRuns({ runId: "nonsense" })).toEqual([])
    await expect(scheduler.getRuns({ store: "nowhere" })).rejects.toMatchObject({
      _tag: "UnknownNameError",
      name: "nowhere"
    })
    await scheduler.pauseJob("b").catch(() => undefined)
    expect(await scheduler.removeAllJobs({ store: "archive" })).toBe(1)
    expect((await scheduler.getJobs()).map(({ id }) => id)).toEqual(["a"])
    await scheduler.shutdown()
  })

  it("come and go while it runs: what is in them fires only meanwhile, and their runs end first", async () => {
    const world = newWorld("memory")
    const slow = task("slow", () => sleepOn(world.clock, 5 * second))
    const scheduler = await world.start({ tasks: [slow] })
    const other = memory()
    await scheduler.addStore("other", other)
    await expect(scheduler.addStore("other", memory())).rejects.toMatchObject({ _tag: "NameTakenError", name: "other" })
    await scheduler.addJob({
      id: "a",
      task: slow,
      store: "other",
      trigger: interval("10 seconds", { start: midnight })
    })
    await world.clock.advance(second)
    const removed = scheduler.removeStore("other")
    await world.clock.advance(second)
    expect((await scheduler.getJob("a"))?.state).toBe("running")
    await world.clock.advance(10 * second)
    await removed
    expect(await scheduler.getJob("a")).toBeUndefined()
    await expect(scheduler.removeStore("other")).rejects.toMatchObject({ _tag: "UnknownNameError", kind: "store" })
    await world.clock.advance(minute)
    await scheduler.addStore("other", other)
    await world.clock.advance(6 * second)
    expect(shortRuns(await scheduler.getRuns({ jobId: "a" }))).toEqual([
      [0, "succeeded", 1],
      [70_000, "succeeded", 1]
    ])
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

describe("several executors", () => {
  it("do not hold each other up", async () => {
    const world = newWorld("memory")
    const stuck = task("stuck", () => new Promise<null>(() => undefined), { executor: "narrow" })
    const scheduler = await world.start({
      tasks: [stuck, quiet],
      executors: { narrow: inProcess({ concurrency: 1, queue: 0 }) }
    })
    for (let index = 0; index < 300; index++)
      await scheduler.addJob({ id: `s${index}`, task: stuck, trigger: date(midnight + second) })
    await scheduler.addJob({ id: "free", task: quiet, trigger: date(midnight + 2 * second) })
    await world.clock.advance(3 * second)
    expect(await scheduler.getRuns({ jobId: "free" })).toMatchObject([
      { outcome: "succeeded", startedAt: midnight + 2 * second }
    ])
    expect((await scheduler.getRuns({ live: true })).length).toBe(1)
    expect((await scheduler.status()).executors.find(({ name }) => name === "narrow")).toMatchObject({
      running: 1,
      queued: 0
    })
    expect(() => scheduler.addExecutor("narrow", inProcess())).toThrow(
      expect.objectContaining({ _tag: "NameTakenError" })
    )
  })
})

describe("exported jobs", () => {
  const filled = async () => {
    const scheduler = createScheduler({ clock: virtualClock(midnight), timezone: "UTC", tasks: [quiet] })
    await scheduler.start()
    await scheduler.addJob({
      id: "a",
      task: quiet,
      args: { n: [1, null] },
      trigger: cron("0 9 * * MON"),
      jitter: "5 seconds",
      end: midnight + 400 * 24 * hour,
      tags: ["x", "y"],
      metadata: { k: "v" },
      misfireGrace: "1 minute",
      coalesce: "all",
      overlap: "queue-one",
      maxInstances: 3,
      retry: { attempts: 4, when: ["Busy"] },
      timeout: "1 hour",
      onInterrupted: "skip",
      onAborted: "await",
      maxRuns: 7
    })
    await scheduler.addJob({ id: "b", name: "Paused", task: quiet, trigger: interval("1 hour"), paused: true })
    return scheduler
  }

  it("come back as they were, through JSON", async () => {
    const [from, to] = [
      await filled(),
      createScheduler({ clock: virtualClock(midnight), timezone: "UTC", tasks: [quiet] })
    ]
    const text = JSON.stringify(await from.exportJobs())
    await to.start()
    await to.importJobs(JSON.parse(text) as ExportedJobs)
    const records = async (scheduler: typeof to) => (await scheduler.getJobs()).map(({ record }) => record)
    expect(await records(to)).toEqual(await records(from))
    await expect(to.importJobs(JSON.parse(text) as ExportedJobs)).rejects.toMatchObject({ _tag: "DuplicateJobError" })
    await to.importJobs(JSON.parse(text) as ExportedJobs, { ifExists: "replace" })
    expect(await records(to)).toEqual(await records(from))
    await Promise.all([from.shutdown(), to.shutdown()])
  })

  it.each([
    ["null", () => null],
    ["something else", () => ({ jobs: [] })],
    ["another version", (good: ExportedJobs) => ({ ...good, version: 2 })],
    ["a job without rules", (good: ExportedJobs) => ({ ...good, jobs: [...good.jobs, { id: "c" }] })]
  ])("%s is refused, and nothing is added", async (_what, damage) => {
    const [from, to] = [await filled(), createScheduler({ tasks: [quiet] })]
    await to.start()
    const given = damage(await from.exportJobs()) as unknown as ExportedJobs
    await expect(to.importJobs(given)).rejects.toMatchObject({ _tag: "InvalidExportError" })
    expect(await to.getJobs()).toEqual([])
    await Promise.all([from.shutdown(), to.shutdown()])
  })
})

describe("a scheduler from plain JSON", () => {
  it("has the stores, executors and jobs that are named, and a restart changes nothing", async () => {
    const clock = virtualClock(midnight)
    const kept = memory()
    const config: SchedulerConfig = {
      timezone: "Europe/Stockholm",
      jobDefaults: { misfireGrace: "5 minutes" },
      stores: { default: { type: "kept" }, other: { type: "memory" } },
      executors: { default: { type: "inProcess", concurrency: 2 } },
      jobs: [{ id: "a", task: "quiet", trigger: { type: "interval", every: 3_600_000 }, tags: ["t"] }]
    }
    const registry = { clock, tasks: [quiet], storeTypes: { kept: () => kept } }
    for (let life = 0; life < 2; life++) {
      const scheduler = await createSchedulerFromConfig(JSON.parse(JSON.stringify(config)) as SchedulerConfig, registry)
      await scheduler.start()
      await clock.advance(hour)
      expect(
        (await scheduler.getJobs()).map(({ id, runCount, record }) => [id, runCount, record.rules.misfireGraceMs])
      ).toEqual([["a", life + 1, 300_000]])
      await scheduler.shutdown()
    }
  })

  it.each([
    ["null", null, { option: "(all)" }],
    ["an unknown key", { job: [] }, { option: "job" }],
    ["an unknown store type", { stores: { default: { type: "cloud" } } }, { option: "stores.default.type" }],
    ["a store that is text", { stores: { default: "memory" } }, { option: "stores.default.type" }],
    [
      "an option of a store that has none",
      { stores: { default: { type: "memory", file: "x" } } },
      { option: "a memory store's file" }
    ],
    ["an unknown executor type", { executors: { default: { type: "threads" } } }, { option: "executors.default.type" }],
    [
      "an executor out of its bounds",
      { executors: { default: { type: "inProcess", concurrency: 0 } } },
      { _tag: "InvalidExecutorError", field: "concurrency" }
    ],
    ["jobs that are no list", { jobs: {} }, { option: "jobs" }],
    ["a job that is none", { jobs: [5] }, { option: "jobs" }],
    ["a job of an unknown task", { jobs: [{ task: "nobody" }] }, { _tag: "UnknownTaskError" }]
  ])("%s is refused", async (_what, config, fields) => {
    await expect(createSchedulerFromConfig(config as unknown as SchedulerConfig)).rejects.toMatchObject({
      _tag: "InvalidOptionError",
      ...fields
    })
  })

  it("a trigger that cannot be read is refused", async () => {
    const config = { jobs: [{ id: "a", task: "quiet", trigger: { type: "lunar" } }] }
    await expect(createSchedulerFromConfig(config, { tasks: [quiet] })).rejects.toMatchObject({
      _tag: "InvalidJobError",
      jobId: "a",
      field: "trigger"
    })
  })
})
