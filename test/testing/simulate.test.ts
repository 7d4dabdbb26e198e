/** A schedule run through in virtual time: its runs and its accounts, with steps and downtimes on the way. */
import { Effect } from "effect"
import { DateTime } from "luxon"
import { describe, expect, it } from "vitest"
import { cron, date, interval, memory, task } from "../../src/index.ts"
import type { SchedulerEvent } from "../../src/index.ts"
import { simulate, takes } from "../../src/testing.ts"
import type { Simulation } from "../../src/testing.ts"
import { day, hour, midnight, minute } from "../scenarios/world.ts"
import { refusal } from "./refusal.ts"

/** `midnight` is 2026-01-01, a Thursday. */
const [from, to] = [midnight, midnight + 7 * day]

const fireHours = ({ runs }: Simulation): ReadonlyArray<number> => runs.map(({ fireAt }) => (fireAt - midnight) / hour)

describe("simulate", () => {
  it("runs a schedule from an instant to another, the first inclusive, the last exclusive", async () => {
    const midnights = { id: "midnights", task: "work", trigger: cron("0 0 * * *") }
    const result = await simulate({ from: "2026-01-01", to: "2026-02-01", tasks: "none", jobs: [midnights] })
    expect(fireHours(result)).toEqual(Array.from({ length: 31 }, (_, index) => index * 24))
    expect(result.verification).toMatchObject({ ok: true, checked: { jobs: 1, runs: 31, fireTimes: 31 } })
  })

  it.for([
    ["epoch milliseconds", from, to],
    ["Dates", new Date(from), new Date(to)],
    ["text", "2026-01-01T00:00:00Z", "2026-01-08"],
    ["luxon DateTimes", DateTime.fromMillis(from), DateTime.fromMillis(to)]
  ] as const)("reads %s", async ([, start, end]) => {
    const result = await simulate({ from: start, to: end, tasks: "none" })
    expect(result).toMatchObject({ from, to, runs: [], jobs: [] })
  })

  it("reads texts and triggers without a zone in the given one, and in UTC by default", async () => {
    const nine = { id: "nine", task: "work", trigger: cron("0 9 * * *") }
    const options = { from: "2026-01-01", to: "2026-01-02", tasks: "none", jobs: [nine] } as const
    expect(fireHours(await simulate(options))).toEqual([9])
    expect(fireHours(await simulate({ ...options, timezone: "Europe/Oslo" }))).toEqual([8])
  })

  it("gives runs by fire time and then by claim, and an account of each job", async () => {
    const failing = task("failing", () => Promise.reject(new Error("no")))
    const slow = task("slow", takes("90 minutes"))
    const result = await simulate({
      from,
      to: from + 4 * hour,
      tasks: [failing, slow],
      jobs: [
        { id: "b", task: failing, trigger: cron("0 */2 * * *") },
        { id: "a", task: slow, trigger: cron("0 * * * *") }
      ]
    })
    expect(result.runs.map(({ jobId, fireAt, outcome }) => [jobId, (fireAt - from) / hour, outcome])).toEqual([
      ["b", 0, "failed"],
      ["a", 0, "succeeded"],
      ["b", 2, "failed"],
      ["a", 2, "succeeded"]
    ])
    expect(result.misfires).toMatchObject([
      { jobId: "a", kind: "misfired", reason: "maxInstances", from: from + hour, count: 1 },
      { jobId: "a", kind: "misfired", reason: "maxInstances", from: from + 3 * hour, count: 1 }
    ])
    expect(result.summary).toEqual({
      a: {
        ...{ runs: 2, outcomes: { succeeded: 2, failed: 0, timedOut: 0, cancelled: 0, interrupted: 0 }, unfinished: 0 },
        ...{ misfired: 2, coalesced: 0, firstFireAt: from, lastFireAt: from + 2 * hour },
        ...{ latestMs: 0, longestMs: 90 * minute }
      },
      b: {
        ...{ runs: 2, outcomes: { succeeded: 0, failed: 2, timedOut: 0, cancelled: 0, interrupted: 0 }, unfinished: 0 },
        ...{ misfired: 0, coalesced: 0, firstFireAt: from, lastFireAt: from + 2 * hour },
        ...{ latestMs: 0, longestMs: 0 }
      }
    })
    expect(result.jobs).toMatchObject([{ id: "b" }, { id: "a" }])
  })

  it("gives the same answer to the same call", async () => {
    const flaky = task("flaky", ({ fireAt, attempt }) =>
      Effect.zipRight(
        Effect.sleep(fireAt % 7 === 0 ? "20 minutes" : "1 minute"),
        fireAt % (attempt + 1) === 0 ? Effect.fail("flaky") : Effect.succeed(fireAt)
      )
    )
    const world = (): Promise<Simulation> =>
      simulate({
        from,
        to,
        tasks: [flaky],
        jobs: Array.from({ length: 5 }, (_, index) => ({
          id: `job-${index}`,
          task: flaky,
          trigger: interval(`${index + 5} minutes`),
          jitter: "2 minutes",
          timeout: "15 minutes",
          retry: { attempts: 2, backoff: "1 minute", jitter: 0.5 },
          overlap: index % 2 === 0 ? "queue-one" : "skip"
        })),
        downtime: [{ from: from + day, to: from + 1.5 * day }]
      })
    const [first, second] = [await world(), await world()]
    expect(first.runs.length).toBeGreaterThan(4000)
    expect(new Set(first.runs.map(({ outcome }) => outcome)).size).toBeGreaterThan(1)
    expect(second).toEqual(first)
    expect(first.verification.violations).toEqual([])
  })

  it("shows runs under way at the end without an outcome", async () => {
    const long = task("long", takes("3 hours"))
    const result = await simulate({ from, to: from + 2 * hour, tasks: [long], jobs: [{ id: "long", task: long }] })
    expect(result.runs).toMatchObject([{ fireAt: from, finishedAt: null, outcome: null }])
    expect(result.summary["long"]).toMatchObject({ runs: 1, unfinished: 1 })
    expect(result.verification.ok).toBe(true)
  })

  it("adds the jobs that are declared on tasks", async () => {
    const report = task("report", () => "done").scheduled(cron("0 9 * * *"), { id: "daily" })
    const result = await simulate({ from, to, tasks: [report] })
    expect(result.summary["daily"]).toMatchObject({ runs: 7 })
  })

  it("refuses a job whose task is not given, unless none is to do anything", async () => {
    const jobs = [{ id: "daily", task: "reprot", trigger: cron("0 9 * * *") }]
    expect(await refusal({ from, to, jobs, tasks: [task("report", () => 0)] })).toEqual(["UnknownTaskError", undefined])
    expect(await refusal({ from, to, jobs })).toEqual(["InvalidOptionError", "simulate's tasks"])
    expect((await simulate({ from, to, jobs, tasks: "none" })).runs.length).toBe(7)
  })

  it("keeps runs and jobs however old and many they are", async () => {
    const result = await simulate({
      from,
      to: from + 400 * day,
      tasks: "none",
      jobs: [
        { id: "daily", task: "work", trigger: cron("0 9 * * *") },
        { id: "once", task: "work" }
      ]
    })
    expect(result.summary["daily"]).toMatchObject({ runs: 400 })
    expect(result.jobs.map(({ id, state }) => [id, state])).toEqual([
      ["daily", "scheduled"],
      ["once", "done"]
    ])
  })

  it("uses the store it is given", async () => {
    const store = memory()
    const daily = { id: "daily", task: "work", trigger: cron("0 9 * * *") }
    await simulate({ from, to, tasks: "none", jobs: [daily], store })
    const next = await simulate({ from: to, to: to + 7 * day, tasks: [task("work", () => undefined)], store })
    expect(next.runs.length).toBe(14)
  })

  it("publishes to a listener, and leaves with the scheduler stopped", async () => {
    const events: Array<SchedulerEvent> = []
    const job = { id: "once", task: "work" }
    await simulate({ from, to, tasks: "none", jobs: [job], onEvent: (event) => events.push(event) })
    expect(events.map(({ type }) => type)).toEqual([
      ...["SchedulerStarted", "JobAdded", "RunClaimed", "RunStarted", "RunSucceeded", "JobDone"],
      ...["SchedulerDraining", "SchedulerStopped"]
    ])
  })

  it("runs a thousand years of a job that fires once", async () => {
    const end = from + 365_250 * day
    const jobs = [{ id: "last", task: "work", trigger: date(end - hour) }]
    const { runs } = await simulate({ from, to: end, tasks: "none", jobs })
    expect(runs.map(({ fireAt }) => fireAt)).toEqual([end - hour])
  })

  it("runs fifty years of a yearly job without a wake-up a minute", async () => {
    const { runs } = await simulate({
      from: "2000-01-01",
      to: "2050-01-01",
      tasks: "none",
      jobs: [{ id: "yearly", task: "work", trigger: cron("0 0 29 2 *") }]
    })
    expect(runs.length).toBe(13)
  })
})

describe("a step of simulate", () => {
  const hourly = { id: "hourly", task: "work", trigger: cron("0 * * * *") }

  it("acts after what is due at its instant", async () => {
    const result = await simulate({
      from,
      to: from + 6 * hour,
      tasks: "none",
      jobs: [hourly],
      steps: [
        { at: from + 4 * hour, act: (scheduler) => scheduler.resumeJob("hourly") },
        { at: from + 2 * hour, act: (scheduler) => scheduler.pauseJob("hourly") }
      ]
    })
    expect(fireHours(result)).toEqual([0, 1, 2, 5])
  })

  it("may wait for time", async () => {
    const nap = task("nap", takes("90 minutes"))
    const outcomes: Array<unknown> = []
    const result = await simulate({
      from,
      to: from + 6 * hour,
      tasks: [nap],
      jobs: [{ id: "nap", task: nap, paused: true }],
      steps: [
        {
          at: from + hour,
          act: async (scheduler) => {
            const run = await scheduler.runJob("nap")
            outcomes.push((await run.settled()).finishedAt)
          }
        }
      ]
    })
    expect(outcomes).toEqual([from + 2.5 * hour])
    expect(result.runs).toMatchObject([{ requested: true, outcome: "succeeded" }])
  })

  it("may step the wall clock, which the scheduler notices within a minute", async () => {
    const result = await simulate({
      from,
      to: from + 6 * hour,
      tasks: "none",
      jobs: [{ ...hourly, coalesce: "all" }],
      steps: [{ at: from + 1.5 * hour, act: (_scheduler, clock) => clock.stepWall(3 * hour) }]
    })
    expect(fireHours(result)).toEqual([0, 1, 2, 3, 4, 5])
    const late = result.runs.map(({ startedAt, fireAt }) => Math.floor(((startedAt ?? NaN) - fireAt) / minute))
    // The look that notices comes when the wall shows 4:31.
    expect(late).toEqual([0, 0, 151, 91, 31, 0])
  })

  it("fails the simulation with what it throws, and when it is never done", async () => {
    const broken = { at: from + hour, act: () => Promise.reject(new RangeError("mine")) }
    await expect(simulate({ from, to, tasks: "none", steps: [broken] })).rejects.toEqual(new RangeError("mine"))
    const waits = { at: from + hour, act: () => new Promise(() => undefined) }
    expect(await refusal({ from, to, tasks: "none", steps: [waits] })).toEqual(["UnfinishedStepError", undefined])
  })
})

describe("a downtime of simulate", () => {
  it("lets the jobs find what they missed", async () => {
    const hourly = { id: "hourly", task: "work", trigger: cron("0 * * * *") }
    const world = (coalesce: "latest" | "all") =>
      simulate({
        from,
        to: from + 8 * hour,
        tasks: "none",
        jobs: [{ ...hourly, coalesce }],
        downtime: [{ from: from + 2 * hour, to: from + 5.5 * hour }]
      })
    const latest = await world("latest")
    expect(fireHours(latest)).toEqual([0, 1, 2, 5, 6, 7])
    expect(latest.misfires).toMatchObject([{ kind: "coalesced", from: from + 3 * hour, count: 2 }])
    expect(latest.summary["hourly"]).toMatchObject({ coalesced: 2, latestMs: 30 * minute })
    expect(fireHours(await world("all"))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  it("may last beyond the end", async () => {
    const result = await simulate({
      from,
      to: from + 4 * hour,
      tasks: "none",
      jobs: [{ id: "hourly", task: "work", trigger: cron("0 * * * *") }],
      downtime: [{ from: from + 1.5 * hour, to: from + 9 * hour }]
    })
    expect(fireHours(result)).toEqual([0, 1])
  })
})

describe("takes", () => {
  it("takes what a function says, attempt by attempt, and fails with what that throws", async () => {
    const work = task(
      "work",
      takes(({ attempt }) => {
        if (attempt === 1) throw new Error("not yet")
        return { minutes: attempt }.minutes * minute
      })
    )
    const { runs } = await simulate({
      from,
      to,
      tasks: [work],
      jobs: [{ id: "work", task: work, retry: { attempts: 2, backoff: "1 minute" } }]
    })
    expect(runs).toMatchObject([{ attempt: 2, outcome: "succeeded", finishedAt: from + 3 * minute }])
  })
})
