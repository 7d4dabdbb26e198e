/** Another run for a job that is done, and another try of a run that did not succeed. */
import { describe, expect, it } from "vitest"
import { date, interval, task } from "../../src/index.ts"
import type { RunRecord, Scheduler } from "../../src/index.ts"
import { gate, hour, midnight, minute, newWorld, second, shortRuns, storeKinds } from "./world.ts"

/** Fails as long as `failing` holds; gives what it was called with. */
const moody = () => {
  const mood = { failing: true, calls: 0 }
  const body = task("body", ({ args, fireAt, attempt }) => {
    mood.calls += 1
    if (mood.failing) throw new Error("not yet")
    return { args, fireAt, attempt }
  })
  return { mood, body }
}

const onlyRun = async (scheduler: Scheduler): Promise<RunRecord> => {
  const [run] = await scheduler.getRuns()
  if (run === undefined) throw new Error("there is no run")
  return run
}

describe.each(storeKinds)("in the %s store", (kind) => {
  it("a job that is done runs on request, retries by its rules, and is done again", async () => {
    const world = newWorld(kind)
    const { mood, body } = moody()
    const scheduler = await world.start({ tasks: [body] })
    const retry = { attempts: 2, backoff: "10 seconds" } as const
    await scheduler.addJob({ id: "a", task: body, trigger: date(midnight + minute), retry })
    await world.clock.advance(hour)
    expect((await scheduler.getJob("a"))?.state).toBe("done")
    const run = await scheduler.runJob("a", { args: { own: 1 } })
    await world.clock.advance(second)
    expect((await scheduler.getJob("a"))?.state).toBe("running")
    mood.failing = false
    await world.clock.advance(minute)
    expect(await run.settled()).toMatchObject({
      outcome: "succeeded",
      requested: true,
      retryOf: null,
      result: { args: { own: 1 }, attempt: 2 }
    })
    expect(await scheduler.getJob("a")).toMatchObject({ state: "done", lastOutcome: "succeeded", runCount: 1 })
    expect(world.events.filter(({ type }) => type === "JobDone").length).toBe(2)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("a request of a done job that a crash interrupts runs again, and ends", async () => {
    const world = newWorld(kind)
    const opened = gate()
    const waits = task("waits", () => opened.opened)
    await world.start({ tasks: [waits] })
    await world.scheduler.addJob({
      id: "a",
      task: waits,
      trigger: interval("1 minute", { start: midnight }),
      maxRuns: 1
    })
    opened.open()
    await world.clock.advance(minute)
    expect((await world.scheduler.getJob("a"))?.state).toBe("done")
    const second = gate()
    const holds = task("waits", () => second.opened)
    await world.start({ tasks: [holds] })
    const { runId } = await world.scheduler.runJob("a")
    await world.clock.settle()
    await world.crash()
    second.open()
    await world.start({ tasks: [holds] })
    await world.clock.advance(minute)
    expect(await world.scheduler.getRuns({ runId })).toMatchObject([{ outcome: "succeeded", attempt: 2 }])
    expect((await world.scheduler.getJob("a"))?.state).toBe("done")
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("a failed run of a done job is tried again, for its fire time and with its arguments", async () => {
    const world = newWorld(kind)
    const { mood, body } = moody()
    const scheduler = await world.start({ tasks: [body] })
    const job = await scheduler.addJob({ id: "a", task: body, args: "the job's", trigger: date(midnight + minute) })
    await world.clock.advance(hour)
    const failed = await onlyRun(scheduler)
    expect(failed).toMatchObject({ outcome: "failed", retryOf: null })
    const second = await scheduler.retryRun(failed.runId)
    await world.clock.settle()
    expect(await second.settled()).toMatchObject({ outcome: "failed", fireAt: failed.fireAt, retryOf: failed.runId })
    // The first outcome stands, and it is the second's turn now.
    await expect(job.retryRun(failed.runId)).rejects.toMatchObject({ _tag: "RunStateError", state: "retried" })
    mood.failing = false
    const third = await second.retry()
    await world.clock.settle()
    expect(await third.settled()).toMatchObject({
      outcome: "succeeded",
      requested: true,
      retryOf: second.runId,
      result: { args: "the job's", fireAt: midnight + minute }
    })
    expect(await scheduler.getRuns({ outcome: "failed" })).toMatchObject([
      { runId: second.runId },
      { runId: failed.runId }
    ])
    expect((await scheduler.getJob("a"))?.state).toBe("done")
    expect((await scheduler.explain("a", failed.fireAt)).sentence).toContain(
      `tried again on request as run ${third.runId}`
    )
    expect((await scheduler.verify()).violations).toEqual([])
    await expect(third.retry()).rejects.toMatchObject({ _tag: "RunStateError", state: "succeeded" })
  })

  it("a request's own arguments are the retry's", async () => {
    const world = newWorld(kind)
    const { mood, body } = moody()
    const scheduler = await world.start({ tasks: [body] })
    await scheduler.addJob({ id: "a", task: body, paused: true })
    const first = await scheduler.runJob("a", { args: { own: 1 } })
    await world.clock.settle()
    mood.failing = false
    const again = await scheduler.retryRun(first.runId)
    await world.clock.settle()
    expect(await again.settled()).toMatchObject({ result: { args: { own: 1 }, fireAt: first.fireAt } })
    expect((await scheduler.getJob("a"))?.state).toBe("paused")
  })
})

describe("retryRun", () => {
  it("refuses a run that is live, one that is not there, and one whose job is removed", async () => {
    const world = newWorld("memory")
    const opened = gate()
    const holds = task("holds", () => opened.opened)
    const { body } = moody()
    const scheduler = await world.start({ tasks: [holds, body] })
    await scheduler.addJob({ id: "live", task: holds })
    await scheduler.addJob({ id: "gone", task: body })
    await world.clock.settle()
    const [live] = await scheduler.getRuns({ jobId: "live" })
    const [gone] = await scheduler.getRuns({ jobId: "gone" })
    await expect(scheduler.retryRun(live?.runId ?? "")).rejects.toMatchObject({ _tag: "RunStateError", state: "live" })
    await scheduler.removeJob("gone")
    await expect(scheduler.retryRun(gone?.runId ?? "")).rejects.toMatchObject({
      _tag: "UnknownJobError",
      jobId: "gone"
    })
    for (const runId of ["no run", "987654321", "none:1", "", 5 as never])
      await expect(scheduler.retryRun(runId)).rejects.toMatchObject({ _tag: "UnknownNameError" })
    opened.open()
  })

  it("obeys maxInstances, the overlap policy and a pause as runJob does, and never tries one run again twice", async () => {
    const world = newWorld("memory")
    const { mood, body } = moody()
    const opened = gate()
    const tasks = [body, task("other", () => opened.opened)]
    const scheduler = await world.start({ tasks })
    await scheduler.addJob({
      id: "a",
      task: body,
      trigger: interval("1 hour", { start: midnight }),
      overlap: "queue-all"
    })
    await world.clock.advance(minute)
    const failed = await onlyRun(scheduler)
    mood.failing = false
    await scheduler.modifyJob("a", { task: "other" })
    await scheduler.runJob("a")
    const waiting = scheduler.retryRun(failed.runId)
    await world.clock.settle()
    expect((await scheduler.getJob("a"))?.record.queued).toBe(1)
    await expect(scheduler.retryRun(failed.runId)).rejects.toMatchObject({ _tag: "RunStateError", state: "retried" })
    opened.open()
    await world.clock.settle()
    const again = await waiting
    expect(await again.settled()).toMatchObject({ outcome: "succeeded", retryOf: failed.runId, fireAt: midnight })
    await expect(scheduler.retryRun(failed.runId)).rejects.toMatchObject({ _tag: "RunStateError", state: "retried" })
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("leaves a fixed delay alone", async () => {
    const world = newWorld("memory")
    const { body } = moody()
    const scheduler = await world.start({ tasks: [body] })
    await scheduler.addJob({
      id: "a",
      task: body,
      trigger: interval("10 minutes", { after: "run", immediately: true })
    })
    await world.clock.advance(minute)
    const failed = await onlyRun(scheduler)
    const next = (await scheduler.getJob("a"))?.nextFireAt
    await scheduler.retryRun(failed.runId)
    await world.clock.advance(minute)
    expect((await scheduler.getJob("a"))?.nextFireAt).toBe(next)
    await world.clock.advance(10 * minute)
    expect(shortRuns(await scheduler.getRuns()).map(([at]) => at)).toEqual([0, 0, 10 * minute])
  })
})
