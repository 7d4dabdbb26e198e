/** A stored job that cannot be read, or whose code is gone, is parked with its bytes kept; the others run, and it can be mended. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { inProcess, interval, task } from "../../src/index.ts"
import type { JobRow } from "../../src/store/jobStore.ts"
import { tamper } from "./tamper.ts"
import type { StoreKind } from "./world.ts"
import { midnight, minute, newWorld, second, shortLedger, storeKinds, firstRunId } from "./world.ts"

const quiet = task("quiet", () => null)
const minutely = interval("1 minute", { start: midnight + minute })

/** Two jobs; the first one's row is damaged between two starts. */
const damaged = async (kind: StoreKind, damage: Partial<JobRow>) => {
  const world = newWorld(kind)
  await world.start({ tasks: [quiet] })
  for (const id of ["bad", "good"]) await world.scheduler.addJob({ id, task: quiet, trigger: minutely })
  await world.clock.advance(minute + second)
  await world.scheduler.shutdown()
  await tamper(world.store, (open) =>
    Effect.map(open.reads.jobs({ ids: ["bad"] }), ([found]) => {
      if (found === undefined) return {}
      const row = { ...found, ...damage }
      const {
        key,
        id,
        task: name,
        executor,
        trigger,
        stream,
        args,
        rules,
        notes,
        addedAt,
        value,
        wakeAt,
        fault,
        memory
      } = row
      return {
        redefined: [{ key, id, task: name, executor, trigger, stream, args, rules, notes, addedAt }],
        states: [{ key, value, wakeAt, fault, executor, memory }]
      }
    })
  )
  return world
}

const damages: ReadonlyArray<readonly [string, Partial<JobRow>]> = [
  ["a snapshot that is no JSON", { memory: "}{" }],
  ["a snapshot of another version", { memory: `{"version":99}` }],
  ["a snapshot without its cursor", { memory: `{"version":1}` }],
  ["a state that its snapshot contradicts", { value: "running" }],
  ["a state that does not exist", { value: "sleeping" as "paused" }],
  ["a trigger that is no JSON", { trigger: "cron" }],
  ["rules that are no object", { rules: "5" }],
  ["a rule out of its bounds", { rules: `{"maxInstances":"many"}` }],
  [
    "a retry without its factor",
    { rules: `{"retry":{"attempts":3,"backoffMs":1000,"maxBackoffMs":9000,"jitter":0,"when":null}}` }
  ],
  ["arguments that are no JSON", { args: "{to:" }]
]

describe.each(storeKinds)("in the %s store", (kind) => {
  // The file's rows go the same way as the memory's: two kinds of damage show it.
  it.each(kind === "memory" ? damages : damages.filter((_, index) => index % 8 === 0))(
    "%s parks the job, keeps its bytes, and can be replaced",
    async (_what, damage) => {
      const world = await damaged(kind, damage)
      const scheduler = await world.start({ tasks: [quiet] })
      expect((await scheduler.preview(2)).length).toBe(2)
      await world.clock.advance(2 * minute)
      const [bad, good] = [await scheduler.getJob("bad"), await scheduler.getJob("good")]
      expect([bad?.state, bad?.fault?.kind, good?.runCount]).toEqual(["paused", "unreadable", 3])
      expect(bad?.fault?.message).toContain('job "bad"')
      expect((await scheduler.getJobs({ fault: true })).map(({ id }) => id)).toEqual(["bad"])
      expect((await scheduler.verify()).violations).toMatchObject([{ invariant: "readable", jobId: "bad" }])
      expect((await scheduler.exportJobs()).jobs.map(({ id }) => id)).toEqual(["good"])
      for (const ifExists of ["error", "keep"] as const) {
        await expect(scheduler.addJob({ id: "bad", task: quiet, trigger: minutely, ifExists })).rejects.toMatchObject({
          _tag: "DuplicateJobError"
        })
      }
      for (const verb of [scheduler.resumeJob("bad"), scheduler.pauseJob("bad"), scheduler.runJob("bad")]) {
        await expect(verb).rejects.toMatchObject({ _tag: "JobStateError", jobId: "bad", state: "unreadable" })
      }
      await scheduler.shutdown()
      await tamper(world.store, (open) =>
        Effect.map(open.reads.jobs({ ids: ["bad"] }), ([row]) => {
          for (const [field, bytes] of Object.entries(damage))
            if (field !== "value") expect(row?.[field as keyof JobRow]).toBe(bytes)
          return {}
        })
      )
      const last = await world.start({ tasks: [quiet] })
      await last.addJob({ id: "bad", task: quiet, trigger: minutely, ifExists: "replace" })
      await world.clock.advance(minute)
      expect((await last.getJob("bad"))?.runCount).toBe(1)
      expect((await last.verify()).violations).toEqual([])
    }
  )
})

describe("a job whose code is gone", () => {
  it.each(storeKinds)(
    "a trigger of an unknown type waits in the %s store, its bytes kept, and can be replaced",
    async (kind) => {
      const lunar = `{"type":"lunar"}`
      const world = await damaged(kind, { trigger: lunar })
      const scheduler = await world.start({ tasks: [quiet] })
      expect((await scheduler.preview(2)).length).toBe(2)
      await world.clock.advance(2 * minute)
      const [bad, good] = [await scheduler.getJob("bad"), await scheduler.getJob("good")]
      expect([bad?.state, bad?.fault, good?.runCount]).toEqual(["scheduled", null, 3])
      expect((await scheduler.status()).unclaimed).toMatchObject([{ missing: "trigger", name: "lunar" }])
      for (const ifExists of ["error", "keep"] as const)
        await expect(scheduler.addJob({ id: "bad", task: quiet, trigger: minutely, ifExists })).rejects.toMatchObject({
          _tag: "DuplicateJobError"
        })
      await expect(scheduler.runJob("bad")).rejects.toMatchObject({ _tag: "JobStateError", state: "unreadable" })
      await scheduler.shutdown()
      await tamper(world.store, (open) =>
        Effect.map(open.reads.jobs({ ids: ["bad"] }), ([row]) => {
          expect(row?.trigger).toBe(lunar)
          return {}
        })
      )
      const last = await world.start({ tasks: [quiet] })
      await last.addJob({ id: "bad", task: quiet, trigger: minutely, ifExists: "replace" })
      await world.clock.advance(minute)
      // The run before its trigger was lost, and the first of the new one.
      expect((await last.getJob("bad"))?.runCount).toBe(2)
      expect((await last.verify()).violations).toEqual([])
    }
  )

  it("unknown task: left as it is when it is due, and made up when it is registered again", async () => {
    const world = newWorld("memory")
    await world.start({ tasks: [quiet] })
    await world.scheduler.addJob({ id: "a", task: quiet, trigger: minutely })
    await world.start({ tasks: [] })
    await world.clock.advance(3 * minute)
    expect(await world.scheduler.getJob("a")).toMatchObject({ state: "scheduled", fault: null })
    await expect(world.scheduler.runJob("a")).rejects.toMatchObject({ _tag: "UnknownTaskError" })
    await world.start({ tasks: [quiet] })
    await world.clock.advance(second)
    expect((await world.scheduler.getRuns()).map(({ fireAt }) => (fireAt - midnight) / minute)).toEqual([3])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("unknown executor: left as it is, and served when there is one", async () => {
    const world = newWorld("memory")
    await world.start({ tasks: [quiet], executors: { gpu: inProcess() } })
    await world.scheduler.addJob({ id: "a", task: quiet, executor: "gpu", trigger: minutely })
    const scheduler = await world.start({ tasks: [quiet] })
    expect(await scheduler.getJob("a")).toMatchObject({ state: "scheduled", fault: null })
    await scheduler.pauseJob("a")
    await expect(scheduler.resumeJob("a")).rejects.toMatchObject({
      _tag: "UnknownNameError",
      kind: "executor",
      name: "gpu"
    })
    scheduler.addExecutor("gpu", inProcess())
    await scheduler.resumeJob("a")
    await world.clock.advance(minute)
    expect((await scheduler.getJob("a"))?.runCount).toBe(1)
  })

  it("an executor removed under its runs: they are made up when there is one of that name again", async () => {
    const world = newWorld("memory")
    const attempts: Array<number> = []
    const slow = task("slow", ({ attempt }) => {
      attempts.push(attempt)
      return attempt === 1 ? new Promise<null>(() => undefined) : null
    })
    const scheduler = await world.start({ tasks: [slow], executors: { gpu: inProcess() } })
    await scheduler.addJob({ id: "a", task: slow, executor: "gpu" })
    await world.clock.settle()
    scheduler.removeExecutor("gpu")
    expect(() => scheduler.removeExecutor("gpu")).toThrow(
      expect.objectContaining({ _tag: "UnknownNameError", kind: "executor" })
    )
    await world.clock.advance(minute)
    const waiting = await scheduler
      .addJob({ id: "b", task: slow })
      .then(() => scheduler.modifyJob("a", { name: "still here" }).catch((error: unknown) => error))
    expect(waiting).toMatchObject({ _tag: "InvalidJobError", field: "executor" })
    await scheduler.cancelRun(String(Number(firstRunId) + 1))
    scheduler.addExecutor("gpu", inProcess())
    await world.clock.advance(minute)
    expect(attempts).toEqual([1, 1, 2])
    expect((await scheduler.status()).state).toBe("active")
  })

  it("asked for while its executor is not there, a run waits for it", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet], executors: { gpu: inProcess() } })
    await scheduler.addJob({ id: "a", task: quiet, executor: "gpu", trigger: minutely })
    scheduler.removeExecutor("gpu")
    const run = await scheduler.runJob("a")
    await world.clock.advance(second)
    scheduler.addExecutor("gpu", inProcess())
    await world.clock.advance(second)
    expect(await run.settled()).toMatchObject({ outcome: "succeeded", attempt: 2 })
  })
})

describe("a trigger that breaks its contract in service", () => {
  it.each([
    [
      "throws",
      () => {
        throw new Error("no more")
      }
    ],
    ["goes back", () => midnight],
    ["gives no number", () => NaN],
    ["gives a promise", () => Promise.resolve(1)]
  ])("%s: its job is parked, the others run", async (_what, answer) => {
    const world = newWorld("memory")
    let sound = true
    const moody = {
      type: "moody",
      next: (after: number) => (sound ? (Math.floor(after / minute) + 1) * minute : (answer() as number)),
      toJSON: () => ({ type: "moody" })
    }
    const scheduler = await world.start({ tasks: [quiet], triggers: [{ type: "moody", fromJSON: () => moody }] })
    await scheduler.addJob({ id: "bad", task: quiet, trigger: moody })
    await scheduler.addJob({ id: "good", task: quiet, trigger: minutely })
    await world.clock.advance(90 * second)
    sound = false
    await world.clock.advance(2 * minute)
    const bad = await scheduler.getJob("bad")
    expect([bad?.state, bad?.fault?.kind, (await scheduler.getJob("good"))?.runCount]).toEqual([
      "paused",
      "faultyTrigger",
      3
    ])
    await expect(scheduler.resumeJob("bad")).rejects.toMatchObject({ _tag: "FaultyTriggerError" })
    sound = true
    // The fire time at which it was parked is still owed.
    const explained = await scheduler.explain("bad", midnight + 2 * minute)
    expect([explained.verdict, explained.sentence]).toEqual(["paused", expect.stringContaining("because it is faulty")])
    await scheduler.resumeJob("bad")
    await world.clock.advance(second)
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

it.each([
  ["a previous fire time that lies ahead", { previous: () => midnight + 86_400_000, count: () => 5 }],
  ["a count that is none", { previous: (before: number) => before - 1, count: () => NaN }]
])("a trigger that tells %s is faulty: its job is parked, and nothing is claimed early", async (_what, lie) => {
  const world = newWorld("memory")
  const every = (after: number) => (Math.floor(after / second) + 1) * second
  const moody = { type: "moody", next: every, ...lie, toJSON: () => ({ type: "moody" }) }
  const scheduler = await world.start({ tasks: [quiet], triggers: [{ type: "moody", fromJSON: () => moody }] })
  await scheduler.addJob({ id: "bad", task: quiet, trigger: moody })
  scheduler.pause()
  await world.clock.advance(minute)
  scheduler.resume()
  await world.clock.settle()
  expect((await scheduler.getJob("bad"))?.fault?.kind).toBe("faultyTrigger")
  expect([await scheduler.getRuns(), await shortLedger(scheduler, "bad")]).toEqual([[], []])
})

it.each(["null", "5", "[]", "}{", `{"name":5}`, `{"tags":"x"}`, `{"metadata":null}`])(
  "notes that are %s harm nothing: the job runs and is listed without them",
  async (notes) => {
    const world = await damaged("memory", { notes })
    const scheduler = await world.start({ tasks: [quiet] })
    await world.clock.advance(minute)
    const bad = await scheduler.getJob("bad")
    expect([bad?.name, bad?.tags, bad?.fault, bad?.runCount]).toEqual(["bad", [], null, 2])
    expect((await scheduler.modifyJob("bad", { name: "mended" })).name).toBe("mended")
  }
)
