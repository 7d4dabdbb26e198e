/** The rules of a run, end to end: overlap, retry, timeout, cancellation, limits. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { date, inProcess, interval, task } from "../../src/index.ts"
import type { JobOptions } from "../../src/index.ts"
import { everyTenSeconds } from "./everyTenSeconds.ts"
import { gate, hour, midnight, minute, newWorld, second, shortLedger, shortRuns, storeOf } from "./world.ts"

describe("overlap", () => {
  it.each([
    [
      "skip",
      1,
      [
        [0, "succeeded", 1],
        [30_000, "succeeded", 1],
        [60_000, "succeeded", 1]
      ],
      [10, 20, 40, 50]
    ],
    ["skip", 2, [0, 10, 30, 40, 60].map((at) => [at * second, "succeeded", 1]), [20, 50]],
    ["queue-one", 1, [0, 10, 30, 50].map((at) => [at * second, "succeeded", 1]), [20, 40, 60]],
    ["queue-all", 1, [0, 10, 20, 30, 40, 50, 60].map((at) => [at * second, "succeeded", 1]), []],
    [
      "cancel-running",
      1,
      [...[0, 10, 20, 30, 40, 50].map((at) => [at * second, "cancelled", 1]), [60_000, "succeeded", 1]],
      []
    ]
  ] as const)("%s with maxInstances %s", async (overlap, maxInstances, runs, skipped) => {
    const { scheduler, clock } = await everyTenSeconds(25 * second, { overlap, maxInstances })
    await clock.advance(5 * minute)
    expect(shortRuns(await scheduler.getRuns())).toEqual(runs)
    expect(await shortLedger(scheduler, "a")).toEqual(
      skipped.map((at) => ["misfired", at * second, at * second, 1, "maxInstances"])
    )
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("a queued fire time whose grace has passed misfires", async () => {
    const { scheduler, clock } = await everyTenSeconds(25 * second, {
      overlap: "queue-all",
      misfireGrace: "15 seconds"
    })
    await clock.advance(5 * minute)
    expect(shortRuns(await scheduler.getRuns())).toEqual([0, 10, 40, 60].map((at) => [at * second, "succeeded", 1]))
    expect((await shortLedger(scheduler, "a")).map(([kind, from, , , reason]) => [kind, from, reason])).toEqual(
      [20, 30, 50].map((at) => ["misfired", at * second, "late"])
    )
  })
})

describe("a clock that is set back", () => {
  const queueing = { overlap: "queue-all", trigger: interval("10 seconds", { start: midnight }) } as JobOptions

  it("starts no fire time early: one that waited for an instance waits for its instant", async () => {
    const { scheduler, clock, log } = await everyTenSeconds(25 * second, queueing)
    await clock.advance(15 * second)
    clock.stepWall(-hour)
    await clock.advance(15 * second)
    expect(log).toHaveLength(1)
    expect(await scheduler.explain("a", midnight + 10 * second)).toMatchObject({ verdict: "waiting" })
    await clock.advance(hour + minute)
    const runs = await scheduler.getRuns()
    expect(runs.filter(({ fireAt, startedAt }) => startedAt !== null && startedAt < fireAt)).toEqual([])
    expect(runs.length).toBeGreaterThan(3)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("keeps a request waiting for nothing", async () => {
    const { scheduler, clock, log } = await everyTenSeconds(25 * second, queueing)
    await clock.advance(15 * second)
    clock.stepWall(-hour)
    const requested = scheduler.runJob("a")
    await clock.advance(15 * second)
    await requested
    expect(log).toHaveLength(2)
  })
})

describe("a raised maxInstances", () => {
  it("starts at once what waits", async () => {
    const { scheduler, clock, log } = await everyTenSeconds(hour, { overlap: "queue-all" })
    await clock.advance(15 * second)
    expect(log).toHaveLength(1)
    await scheduler.modifyJob("a", { maxInstances: 2 })
    await clock.settle()
    expect(log).toHaveLength(2)
  })
})

describe("attempts", () => {
  it("a timeout aborts the signal, fails the attempt, and is tried again", async () => {
    const { scheduler, clock, log, events } = await everyTenSeconds(hour, {
      trigger: date(midnight),
      timeout: "30 seconds",
      retry: { attempts: 2, backoff: "1 minute" }
    } as JobOptions)
    await clock.advance(10 * minute)
    expect(log).toEqual(["0/1 starts at 0", "0/2 starts at 90000"])
    expect(await scheduler.getRuns()).toMatchObject([
      {
        outcome: "timedOut",
        attempt: 2,
        startedAt: midnight + 90_000,
        finishedAt: midnight + 120_000,
        error: { name: "RunTimedOut" }
      }
    ])
    expect(events.filter(({ type }) => type.startsWith("Run")).map(({ type, at }) => [type, at - midnight])).toEqual([
      ["RunClaimed", 0],
      ["RunStarted", 0],
      ["RunTimedOut", 30_000],
      ["RunRetryDue", 30_000],
      ["RunStarted", 90_000],
      ["RunTimedOut", 120_000]
    ])
  })

  it("only errors of the given names are worth another attempt", async () => {
    const world = newWorld("memory")
    const tries: Array<string> = []
    const named = task("named", ({ jobId, attempt }) => {
      tries.push(`${jobId} ${attempt}`)
      throw Object.assign(new Error("no"), { name: jobId })
    })
    const scheduler = await world.start({ tasks: [named] })
    for (const id of ["Temporary", "Lasting"])
      await scheduler.addJob({ id, task: named, retry: { attempts: 3, when: ["Temporary"] } })
    await world.clock.advance(minute)
    expect(tries.toSorted()).toEqual(["Lasting 1", "Temporary 1", "Temporary 2", "Temporary 3"])
  })

  it("cancelRun aborts a run that executes, waits for its retry, or waits for a slot", async () => {
    const { scheduler, clock } = await everyTenSeconds(hour, { trigger: date(midnight) } as JobOptions, {
      executors: { default: inProcess({ concurrency: 1 }) }
    })
    await scheduler.addJob({ id: "waits", task: "work" })
    await clock.settle()
    const [waits] = await scheduler.getRuns({ jobId: "waits" })
    const [executes] = await scheduler.getRuns({ jobId: "a" })
    expect([waits?.startedAt, executes?.outcome]).toEqual([null, null])
    const cancelled = Promise.all([scheduler.cancelRun(waits?.runId ?? ""), scheduler.cancelRun(executes?.runId ?? "")])
    await clock.settle()
    expect(await cancelled).toEqual([true, true])
    expect(await scheduler.cancelRun(executes?.runId ?? "")).toBe(false)
    expect((await scheduler.getRuns()).map(({ outcome }) => outcome)).toEqual(["cancelled", "cancelled"])
    await expect(scheduler.cancelRun("99")).rejects.toMatchObject({ _tag: "UnknownNameError", kind: "run" })
    await expect(scheduler.cancelRun("x")).rejects.toMatchObject({ _tag: "UnknownNameError", kind: "run" })
  })

  it("an Effect in a task waits on the scheduler's clock", async () => {
    const world = newWorld("memory")
    const sleeper = task("sleeper", () => Effect.as(Effect.sleep("2 hours"), "awake"))
    const scheduler = await world.start({ tasks: [sleeper] })
    const run = await scheduler.addJob({ task: sleeper }).then((job) => job.runs())
    expect(run).toEqual([])
    await world.clock.advance(3 * hour)
    expect(await scheduler.getRuns()).toMatchObject([{ result: "awake", finishedAt: midnight + 2 * hour }])
  })
})

describe("limits", () => {
  it("start and end are inclusive", async () => {
    const { scheduler, clock } = await everyTenSeconds(0, {
      trigger: interval("10 seconds", { start: midnight }),
      start: midnight + 20 * second,
      end: midnight + 40 * second
    } as JobOptions)
    await clock.advance(5 * minute)
    expect(shortRuns(await scheduler.getRuns()).map(([at]) => at / second)).toEqual([20, 30, 40])
    expect((await scheduler.getJob("a"))?.state).toBe("done")
  })

  it("maxRuns ends the job, requests do not count", async () => {
    const { scheduler, clock } = await everyTenSeconds(0, { maxRuns: 2 })
    await scheduler.runJob("a").catch(() => undefined)
    await clock.advance(5 * minute)
    expect((await scheduler.getRuns()).filter(({ requested }) => !requested).length).toBe(2)
    expect(await scheduler.getJob("a")).toMatchObject({ record: { state: "done", runCount: 2, nextFireAt: null } })
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it.each(["modified", "declared again"])(
    "a raised maxRuns lets a job go on whose last run is live, %s",
    async (how) => {
      const { scheduler, clock } = await everyTenSeconds(15 * second, { maxRuns: 1 })
      await clock.advance(second)
      if (how === "modified") await scheduler.modifyJob("a", { maxRuns: 2 })
      else {
        const trigger = interval("10 seconds", { start: midnight, end: midnight + minute })
        await scheduler.addJob({ id: "a", task: "work", trigger, maxRuns: 2, ifExists: "replace" })
      }
      await clock.advance(5 * minute)
      expect(shortRuns(await scheduler.getRuns()).map(([at]) => at / second)).toEqual([0, 20])
      expect((await scheduler.verify()).violations).toEqual([])
    }
  )

  it("jitter moves fire times later, never by more than it says, and the same way after a restart", async () => {
    const world = newWorld("sqlite")
    const tick = task("tick", () => null)
    await world.start({ tasks: [tick] })
    await world.scheduler.addJob({
      id: "a",
      task: tick,
      trigger: interval("1 minute", { start: midnight + minute }),
      jitter: "30 seconds"
    })
    const promised = await world.scheduler.preview(5, "a")
    for (const [index, { fireAt }] of promised.entries()) {
      expect(fireAt - midnight - (index + 1) * minute).toBeGreaterThanOrEqual(0)
      expect(fireAt - midnight - (index + 1) * minute).toBeLessThanOrEqual(30 * second)
    }
    await world.clock.advance(2 * minute)
    await world.start({ tasks: [tick] })
    await world.clock.advance(5 * minute)
    const ran = (await world.scheduler.getRuns()).toReversed().slice(0, 5)
    expect(ran.map(({ fireAt }) => fireAt)).toEqual(promised.map(({ fireAt }) => fireAt))
    expect(ran.every(({ fireAt, startedAt }) => startedAt === fireAt)).toBe(true)
  })

  it("nothing starts early, and a fire time beyond any timer is waited for", async () => {
    const world = newWorld("memory")
    const starts: Array<number> = []
    const far = task("far", () => void starts.push(world.clock.now()))
    await world.start({ tasks: [far] })
    const at = midnight + 60 * 24 * hour
    await world.scheduler.addJob({ id: "a", task: far, trigger: date(at) })
    await world.clock.advance(hour)
    world.clock.stepWall(at - world.clock.now() - 90 * second)
    await world.clock.advance(90 * second - 1)
    expect(starts).toEqual([])
    await world.clock.advance(1)
    expect(starts).toEqual([at])
  })
})

describe("a run that ends while it is called off", () => {
  it.each([
    ["succeeds", false, "succeeded", 1],
    ["fails, and was to be tried again", true, "cancelled", 2]
  ] as const)("%s: the caller is told what became of it", async (_what, cancels, outcome, attempt) => {
    const inner = storeOf("memory")
    let commitMayGoOn: Promise<void> = Promise.resolve()
    const world = newWorld("memory", {
      description: inner.description,
      open: (owner) =>
        Effect.map(inner.open(owner), (opened) => ({
          ...opened,
          commit: (sequence, batch) =>
            Effect.zipRight(
              Effect.promise(() => commitMayGoOn),
              opened.commit(sequence, batch)
            )
        }))
    })
    const end = gate<() => void>()
    const held = task("held", async () => (await end.opened)())
    const scheduler = await world.start({ tasks: [held] })
    await scheduler.addJob({ id: "a", task: held, trigger: date(midnight), retry: { attempts: 3, backoff: "1 hour" } })
    await world.clock.settle()
    const [run] = await scheduler.getRuns()
    // A commit under way, and one after it that holds the cancellation beside another command.
    const [earlier, shared] = [gate(), gate()]
    commitMayGoOn = earlier.opened
    const later = date(midnight + hour)
    const first = scheduler.addJob({ id: "b", task: held, trigger: later })
    await world.clock.settle()
    const cancelled = scheduler.cancelRun(run?.runId ?? "")
    await world.clock.settle()
    const other = scheduler.addJob({ id: "c", task: held, trigger: later })
    commitMayGoOn = shared.opened
    earlier.open()
    await first
    await world.clock.settle()
    end.open(() => {
      if (cancels) throw new Error("failed by itself")
    })
    await world.clock.settle()
    shared.open()
    await other
    await world.clock.advance(second)
    expect(await cancelled).toBe(cancels)
    expect(await scheduler.getRuns({ jobId: "a" })).toMatchObject([{ outcome, attempt }])
    expect((await scheduler.verify()).violations).toEqual([])
  })
})
