/** What callers ask: filters, results, changes of one job, what comes next, why something ran or did not. */
import { describe, expect, it } from "vitest"
import { date, interval, stream, task } from "../../src/index.ts"
import type { JobRecord, SchedulerEvent } from "../../src/index.ts"
import { NEVER } from "rxjs"
import { everyTenSeconds } from "../scenarios/everyTenSeconds.ts"
import { hour, midnight, minute, newWorld, second, sleepOn, storeKinds, firstRunId } from "../scenarios/world.ts"

const quiet = task("quiet", ({ args }) => args)

describe.each(storeKinds)("in the %s store", (kind) => {
  it("jobs are found by tag, task, state, executor and fault, by next fire time, and limited", async () => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [quiet, task("other", () => null)] })
    await scheduler.addJob({
      id: "c",
      task: "quiet",
      trigger: date(midnight + hour),
      tags: ["red", "x"],
      metadata: { team: "ops" }
    })
    await scheduler.addJob({ id: "b", task: "other", trigger: date(midnight + minute), tags: ["red"] })
    await scheduler.addJob({ id: "a", task: "quiet", trigger: date(midnight + second), paused: true, tags: [`%"_`] })
    const ids = async (query: Parameters<typeof scheduler.getJobs>[0]) =>
      (await scheduler.getJobs(query)).map(({ id }) => id)
    expect(await ids({})).toEqual(["b", "c", "a"])
    expect(await ids({ tag: "red" })).toEqual(["b", "c"])
    expect(await ids({ tag: `%"_` })).toEqual(["a"])
    expect(await ids({ tag: "re" })).toEqual([])
    expect(await ids({ task: "quiet", state: "scheduled" })).toEqual(["c"])
    expect(await ids({ state: ["paused", "done"] })).toEqual(["a"])
    expect(await ids({ executor: "gpu" })).toEqual([])
    expect(await ids({ fault: true })).toEqual([])
    expect(await ids({ limit: 2 })).toEqual(["b", "c"])
    expect((await scheduler.getJob("c"))?.metadata).toEqual({ team: "ops" })
    for (const query of [{ limit: 0 }, { limit: NaN }, { tags: "red" }, { tag: 5 }, null]) {
      await expect(scheduler.getJobs(query as never)).rejects.toMatchObject({ _tag: "InvalidOptionError" })
    }
  })

  it("results are kept and read as often as one likes, filtered by time and outcome", async () => {
    const world = newWorld(kind)
    const moody = task("moody", ({ fireAt }) => {
      if ((fireAt - midnight) % (2 * minute) === 0) throw new Error("even")
      return { odd: fireAt - midnight }
    })
    const scheduler = await world.start({ tasks: [moody] })
    await scheduler.addJob({ id: "a", task: moody, trigger: interval("1 minute", { start: midnight }) })
    await world.clock.advance(4 * minute)
    const results = async () => (await scheduler.getRuns({ outcome: "succeeded" })).map(({ result }) => result)
    expect([await results(), await results()]).toEqual(Array(2).fill([{ odd: 3 * minute }, { odd: minute }]))
    expect(
      (
        await scheduler.getRuns({
          outcome: ["failed", "timedOut"],
          from: midnight + 2 * minute,
          to: new Date(midnight + 4 * minute)
        })
      ).map(({ error }) => error?.message)
    ).toEqual(["even", "even"])
    expect((await scheduler.getRuns({ limit: 1 })).map(({ fireAt }) => fireAt)).toEqual([midnight + 4 * minute])
    await expect(scheduler.getRuns({ from: "yesterday" })).rejects.toMatchObject({ _tag: "InvalidInstantError" })
  })
})

it("job$ gives a job's record now and after every change, and says when it is gone", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [quiet] })
  await scheduler.addJob({ id: "a", task: quiet, trigger: date(midnight + second) })
  const seen: Array<string> = []
  const say = (job: JobRecord | null | undefined) => seen.push(job ? `${job.state} ${job.lastOutcome}` : String(job))
  scheduler.job$("a").subscribe({ next: say, complete: () => seen.push("end") })
  await world.clock.advance(2 * second)
  await scheduler.removeJob("a")
  await scheduler.shutdown()
  expect(seen).toEqual(["scheduled null", "running null", "done succeeded", "null", "end"])
})

it("listeners are told by type, in the order of a run's life, once each", async () => {
  const world = newWorld("memory")
  const told: Array<SchedulerEvent> = []
  const steps = task("steps", ({ progress }) => {
    progress({ done: 0.5 })
    return "ok"
  })
  const scheduler = await world.start({ tasks: [steps] })
  const off = scheduler.on(["RunClaimed", "RunStarted", "RunProgressed", "RunSucceeded"], (event) => told.push(event))
  await scheduler.addJob({ id: "a", task: steps })
  await world.clock.advance(1)
  off()
  await scheduler.addJob({ id: "b", task: steps })
  await world.clock.advance(1)
  const stamp = { jobId: "a", runId: firstRunId, fireAt: midnight, attempt: 1, at: midnight }
  expect(told).toEqual([
    { ...stamp, type: "RunClaimed", seq: told[0]?.seq, id: "12.10.1xmjuohs00" },
    { ...stamp, type: "RunStarted", seq: (told[0]?.seq ?? 0) + 1 },
    { ...stamp, type: "RunProgressed", value: { done: 0.5 }, seq: (told[0]?.seq ?? 0) + 2 },
    {
      ...{ ...stamp, type: "RunSucceeded", startedAt: midnight, finishedAt: midnight, result: "ok", seq: told[3]?.seq },
      ...{ final: true, retryAt: null, id: "13.10.1xmjuohs00" }
    }
  ])
})

it("preview gives the next fire times of one job or of all, in order, changing nothing", async () => {
  const world = newWorld("memory")
  const scheduler = await world.start({ tasks: [quiet], streams: { s: NEVER } })
  await scheduler.addJob({ id: "a", task: quiet, trigger: interval("2 minutes", { start: midnight + minute }) })
  await scheduler.addJob({ id: "b", task: quiet, trigger: interval("3 minutes", { start: midnight + 2 * minute }) })
  await scheduler.addJob({ id: "p", task: quiet, trigger: interval("1 minute"), paused: true })
  await scheduler.addJob({ id: "s", task: quiet, trigger: stream("s") })
  const short = (entries: ReadonlyArray<{ readonly jobId: string; readonly fireAt: number }>) =>
    entries.map(({ jobId, fireAt }) => `${jobId}${(fireAt - midnight) / minute}`)
  expect(short(await scheduler.preview(5))).toEqual(["a1", "b2", "a3", "a5", "b5"])
  expect(short(await scheduler.preview(2, "b"))).toEqual(["b2", "b5"])
  expect([await scheduler.preview(2, "p"), await scheduler.preview(2, "s")]).toEqual([[], []])
  await expect(scheduler.preview(2, "nobody")).rejects.toMatchObject({ _tag: "UnknownJobError" })
  for (const count of [0, -1, NaN, 0.5, Infinity, 10_001]) {
    await expect(scheduler.preview(count)).rejects.toMatchObject({ _tag: "InvalidOptionError" })
  }
})

describe("explain", () => {
  it("tells of each instant what became of it, and why", async () => {
    const world = newWorld("memory")
    const work = task("work", async ({ fireAt }) => {
      if (fireAt === midnight + 2 * minute) throw new Error("out of paper")
      await sleepOn(world.clock, fireAt === midnight + 3 * minute ? 90 * second : second)
    })
    const scheduler = await world.start({ tasks: [work] })
    await world.clock.advance(minute)
    await scheduler.addJob({
      id: "a",
      task: work,
      trigger: interval("1 minute", { start: midnight }),
      misfireGrace: "2 minutes"
    })
    await world.clock.advance(4.5 * minute)
    await scheduler.pauseJob("a")
    await world.clock.advance(minute)
    await scheduler.resumeJob("a")
    scheduler.pause()
    await world.clock.advance(5 * minute)
    const verdict = async (at: number) => (await scheduler.explain("a", midnight + at)).verdict
    expect(await verdict(8 * minute)).toBe("waiting")
    scheduler.resume()
    await world.clock.advance(500)
    const expected: ReadonlyArray<readonly [number, string, RegExp]> = [
      [30 * second, "before", /was added at 2026-01-01T00:01:00.000Z/],
      [minute, "ran", /It ran for this fire time: .* 0 ms after its time, succeeded/],
      [90 * second, "notFireTime", /no fire time .*; the next one after it is 2026-01-01T00:02:00.000Z/],
      [2 * minute, "ran", /failed at .* with out of paper/],
      [
        4 * minute,
        "misfired",
        /as its maxInstances allows \(1 now\) were live already, and its overlap policy \("skip" now\)/
      ],
      [6 * minute, "paused", /was paused from .* to .*not made up/],
      [8 * minute, "misfired", /3 minutes 30 seconds late, past the job's misfireGrace \(2 minutes now\)/],
      [10 * minute, "coalesced", /run 5 stands for 2 fire times|run \d+ stands for \d+/],
      [11 * minute, "running", /claimed at 2026-01-01T00:11:30.000Z, and attempt 1 is with executor "default"/],
      [20 * minute, "ahead", /will fire at .* unless/]
    ]
    for (const [at, wanted, sentence] of expected) {
      const given = await scheduler.explain("a", midnight + at)
      expect([at / minute, given.verdict, given.sentence]).toEqual([
        at / minute,
        wanted,
        expect.stringMatching(sentence)
      ])
    }
    await expect(scheduler.explain("nobody", 0)).rejects.toMatchObject({ _tag: "UnknownJobError" })
    await expect(scheduler.explain("a", NaN)).rejects.toMatchObject({ _tag: "InvalidInstantError" })
  })
})

describe("queries", () => {
  it.each([
    ["getJobs", { state: "runing" }],
    ["getJobs", { state: null }],
    ["getJobs", { state: ["done", 5] }],
    ["getJobs", { fault: "yes" }],
    ["getJobs", { limit: {} }],
    ["getRuns", { outcome: "succeded" }],
    ["getRuns", { outcome: null }],
    ["getRuns", { live: "x" }],
    ["getLedger", { kind: "misfire" }],
    ["getLedger", { kind: null }],
    ["exportJobs", { state: null }]
  ] as const)("%s refuses %j, which nothing could meet", async (verb, query) => {
    const { scheduler } = await everyTenSeconds(0, {})
    const ask = scheduler[verb].bind(scheduler) as (query: unknown) => Promise<unknown>
    await expect(ask(query)).rejects.toMatchObject({ _tag: "InvalidOptionError" })
  })

  it("are answered while a stop waits for runs, and say what it waits for", async () => {
    const { scheduler, clock } = await everyTenSeconds(minute, {})
    await clock.settle()
    const stopped = scheduler.shutdown()
    await clock.advance(second)
    expect((await scheduler.getJobs()).map(({ record }) => record.state)).toEqual(["running"])
    expect((await scheduler.getRuns({ live: true })).length).toBe(1)
    expect((await scheduler.verify()).ok).toBe(true)
    await expect(scheduler.pauseJob("a")).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
    await clock.advance(hour)
    await stopped
    await expect(scheduler.getJobs()).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
  })
})
