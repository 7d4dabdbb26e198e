/** Where due fire times end: coalesce × grace × overlap. Fire times lie ten milliseconds apart, the first at 10. */
import { describe, expect, it } from "vitest"
import type { JobRules } from "../../src/job/rules.ts"
import { defaultRules } from "../../src/job/rules.ts"
import { JobWalk } from "./jobWalk.ts"

describe("fire times that come due together while nothing runs", () => {
  it.each<[coalesce: JobRules["coalesce"], misfireGraceMs: number | null, places: ReadonlyArray<string>]>([
    ["latest", null, ["coalesced", "coalesced", "coalesced", "coalesced", "run"]],
    ["earliest", null, ["run", "coalesced", "coalesced", "coalesced", "coalesced"]],
    ["all", null, ["run", "waiting", "waiting", "waiting", "waiting"]],
    ["latest", 25, ["late", "late", "coalesced", "coalesced", "run"]],
    ["earliest", 25, ["late", "late", "run", "coalesced", "coalesced"]],
    ["all", 25, ["late", "late", "run", "waiting", "waiting"]],
    ["latest", 20, ["late", "late", "coalesced", "coalesced", "run"]],
    ["latest", 0, ["late", "late", "late", "late", "run"]]
  ])("with coalesce %s and a grace of %s end as %j", (coalesce, misfireGraceMs, places) => {
    expect(jobWith({ coalesce, misfireGraceMs }).wakeAt(50).placesOf(10, 20, 30, 40, 50)).toEqual(places)
  })

  it("misfire when all of them are past grace, and the job says so until its next run", () => {
    const job = jobWith({ misfireGraceMs: 5 }).wakeAt(38)
    expect([job.placesOf(10, 20, 30), job.value, job.memory.misfire]).toEqual([
      ["late", "late", "late"],
      "misfired",
      "late"
    ])
    expect([job.wakeAt(40).value, job.memory.misfire]).toEqual(["running", null])
  })

  it("are told as ranges, however many they are", () => {
    const job = jobWith({ misfireGraceMs: 25 }).wakeAt(1_000)
    expect(job.answers.at(-1)?.entries).toEqual([
      { kind: "misfired", from: 10, through: 970, count: 97, reason: "late", into: null },
      { kind: "coalesced", from: 980, through: 990, count: 2, reason: null, into: 1 }
    ])
  })

  it.each(["latest", "earliest"] as const)(
    "become one %s run also when they take several wakes to count",
    (coalesce) => {
      const job = new JobWalk({ ...defaultRules, coalesce }, everyTen, 2).wakeAt(70)
      expect(job.answers.flatMap((answer) => answer.claims.map((claim) => claim.fireAt))).toEqual([
        coalesce === "latest" ? 70 : 10
      ])
      expect(job.answers.flatMap((answer) => answer.entries)).toEqual([
        coalesce === "latest"
          ? { kind: "coalesced", from: 10, through: 60, count: 6, reason: null, into: 1 }
          : { kind: "coalesced", from: 20, through: 70, count: 6, reason: null, into: 1 }
      ])
    }
  )

  it("are finished as they were begun when the rules change in between", () => {
    const job = new JobWalk(defaultRules, everyTen, 2)
    job.now = 50
    job.meet({ move: "wake" }, { move: "redefine", rules: { ...defaultRules, coalesce: "all" } }).wakeAt(50)
    expect(job.placesOf(10, 20, 30, 40, 50)).toEqual(["coalesced", "coalesced", "coalesced", "coalesced", "run"])
  })

  it("start as many at once as instances are free, with coalesce all", () => {
    const job = jobWith({ coalesce: "all", maxInstances: 3 }).wakeAt(50)
    expect(job.placesOf(10, 20, 30, 40, 50)).toEqual(["run", "run", "run", "waiting", "waiting"])
  })

  it("misfire late in the queue of a catch-up when their turn comes past grace", () => {
    const job = jobWith({ coalesce: "all", misfireGraceMs: 40 }).wakeAt(50).end("succeeded", 65)
    expect(job.placesOf(10, 20, 30, 40, 50)).toEqual(["run", "late", "run", "waiting", "waiting"])
  })
})

describe("fire times that come due while a run executes", () => {
  it.each<[JobRules["overlap"], JobRules["coalesce"], places: ReadonlyArray<string>, executing: ReadonlyArray<number>]>(
    [
      ["skip", "latest", ["maxInstances", "maxInstances", "maxInstances"], []],
      ["skip", "earliest", ["maxInstances", "maxInstances", "maxInstances"], []],
      ["skip", "all", ["maxInstances", "maxInstances", "maxInstances"], []],
      ["queue-one", "latest", ["coalesced", "coalesced", "run"], [40]],
      ["queue-one", "earliest", ["run", "coalesced", "coalesced"], [20]],
      ["queue-one", "all", ["run", "maxInstances", "maxInstances"], [20]],
      ["queue-all", "latest", ["coalesced", "coalesced", "run"], [40]],
      ["queue-all", "all", ["run", "waiting", "waiting"], [20]],
      ["cancel-running", "latest", ["coalesced", "coalesced", "run"], [40]],
      ["cancel-running", "all", ["replaced", "replaced", "run"], [40]]
    ]
  )("with overlap %s and coalesce %s end as %j once the run has ended", (overlap, coalesce, places, executing) => {
    const job = jobWith({ overlap, coalesce }).wakeAt(10).wakeAt(40)
    expect(job.executing.map((run) => run.fireAt)).toEqual([10])
    expect(job.answers.flatMap((answer) => answer.cancels).slice(0, 1)).toEqual(overlap === "cancel-running" ? [1] : [])
    job.end()
    expect([job.placesOf(20, 30, 40), job.executing.map((run) => run.fireAt)]).toEqual([places, executing])
  })

  it("misfire as queueFull beyond a thousand in the queue", () => {
    const job = jobWith({ overlap: "queue-all" })
    for (let at = 10; at <= 10_030; at += 10) job.wakeAt(at)
    expect(job.memory.queue).toHaveLength(1_000)
    expect(job.placesOf(10, 20, 10_010, 10_020, 10_030)).toEqual([
      "run",
      "waiting",
      "waiting",
      "queueFull",
      "queueFull"
    ])
  })

  it("end a run that only waits for its next attempt, and take its place at once, with cancel-running", () => {
    const job = jobWith({ overlap: "cancel-running", retry }).wakeAt(10).end("failed", 12).wakeAt(20)
    expect(job.answers.at(-1)).toMatchObject({
      cancels: [],
      ended: [{ outcome: "cancelled" }],
      claims: [{ fireAt: 20 }]
    })
    expect(job.executing.map((run) => run.fireAt)).toEqual([20])
  })

  it("leave a run that fails after it was told to give way without another attempt", () => {
    const job = jobWith({ overlap: "cancel-running", retry }).wakeAt(10).wakeAt(20).end("failed", 21)
    expect(job.answers.at(-1)).toMatchObject({
      ended: [{ outcome: "failed", retryAt: null }],
      claims: [{ fireAt: 20 }]
    })
  })

  it("were missed and not overlapped when the process died, with coalesce all", () => {
    const job = jobWith({ coalesce: "all" }).wakeAt(10)
    job.now = 45
    job.meet({ move: "stop", crash: true }).wakeAt(45)
    expect(job.placesOf(10, 20, 30, 40)).toEqual(["run", "waiting", "waiting", "waiting"])
  })
})

describe("maxRuns", () => {
  it("ends the job with the run that reaches it; requests do not count", () => {
    const job = jobWith({ maxRuns: 2 }).meet({ move: "request" }).end().wakeAt(10).end().wakeAt(20)
    expect([job.value, job.memory.exhausted, job.memory.nextFireAt]).toEqual(["running", true, null])
    expect([job.end().value, job.memory.runCount]).toEqual(["done", 2])
  })

  it("lets no more wait than may still run", () => {
    const job = jobWith({ maxRuns: 3, overlap: "queue-all" }).wakeAt(10).wakeAt(20).wakeAt(30).wakeAt(40)
    expect(job.placesOf(10, 20, 30, 40)).toEqual(["run", "waiting", "waiting", "maxInstances"])
  })

  it("is reached although some that waited were late", () => {
    const job = jobWith({ maxRuns: 3, overlap: "queue-all", misfireGraceMs: 15 }).wakeAt(10).wakeAt(20).wakeAt(30)
    expect(job.end("succeeded", 100).placesOf(20, 30)).toEqual(["late", "late"])
    expect(job.value).toBe("misfired")
    job.wakeAt(110).end().wakeAt(120).end()
    expect([job.value, job.memory.runCount]).toEqual(["done", 3])
  })

  it("takes no more of a catch-up than it needs", () => {
    const job = jobWith({ maxRuns: 3, coalesce: "all" }).wakeAt(100).end().end().end()
    expect([job.value, job.placesOf(10, 20, 30, 40)]).toEqual(["done", ["run", "run", "run", "never"]])
  })

  it("lowered to what has run already, withdraws what comes due and ends the job", () => {
    const job = jobWith({})
      .wakeAt(10)
      .end()
      .meet({ move: "redefine", rules: { ...defaultRules, maxRuns: 1 } })
      .wakeAt(20)
    expect([job.value, job.placesOf(20)]).toEqual(["done", ["withdrawn"]])
  })
})

describe("a stream's values", () => {
  it("become runs with their own arguments, also after they have waited", () => {
    const job = new JobWalk({ ...defaultRules, overlap: "queue-all", coalesce: "all" }, { ...everyTen, kind: "stream" })
    for (const at of [3, 4]) {
      job.now = at
      job.meet({ move: "emit" })
    }
    expect(job.answers.flatMap(({ claims }) => claims)).toMatchObject([{ fireAt: 3, args: 3 }])
    expect(job.end().executing).toMatchObject([{ fireAt: 4, args: 4 }])
  })

  it("misfire when they are refused", () => {
    const job = new JobWalk(defaultRules, { ...everyTen, kind: "stream" })
    job.now = 3
    expect(job.meet({ move: "refuse" }).placesOf(3)).toEqual(["invalidValue"])
    expect(job.value).toBe("misfired")
  })
})

const everyTen = { kind: "clock", everyMs: 10, endAt: Infinity } as const
const retry = { attempts: 3, backoffMs: 100, factor: 1, maxBackoffMs: 100, jitter: 0, when: null }
const jobWith = (rules: Partial<JobRules>) => new JobWalk({ ...defaultRules, ...rules }, everyTen)
