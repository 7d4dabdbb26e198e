/** What callers do to a job. Fire times lie ten milliseconds apart, the first at 10. */
import { describe, expect, it } from "vitest"
import type { JobRules } from "../../src/job/rules.ts"
import { defaultRules } from "../../src/job/rules.ts"
import { wakeAtOf } from "../../src/job/snapshot.ts"
import { JobWalk } from "./jobWalk.ts"
import type { WalkMove } from "./walkMove.ts"

describe("pause", () => {
  it("withdraws what is due and not served, and stops the wake-ups", () => {
    const job = paused({}, 25)
    expect([job.value, job.placesOf(10, 20, 30)]).toEqual(["paused", ["withdrawn", "withdrawn", "never"]])
    expect(wakeAtOf(job.memory, job.rules, false)).toBeNull()
  })

  it("withdraws the part of a catch-up that was counted already", () => {
    const job = new JobWalk(defaultRules, everyTen, 2)
    job.now = 50
    job.meet({ move: "wake" }, { move: "pause" })
    expect(job.placesOf(10, 20, 30, 40, 50)).toEqual(Array(5).fill("withdrawn"))
  })

  it("lets runs end in their own time and holds retries and queued fire times until resume", () => {
    const job = jobWith({ overlap: "queue-all", maxInstances: 2, retry }).wakeAt(10).wakeAt(20).wakeAt(30)
    job.end("failed").meet({ move: "pause" }).end()
    expect([job.value, job.executing, wakeAtOf(job.memory, job.rules, false)]).toEqual(["paused", [], null])
    job.meet({ move: "resume", missed: "skip" })
    expect([job.value, job.executing.map((run) => run.fireAt)]).toEqual(["running", [30]])
    expect(wakeAtOf(job.memory, job.rules, false)).toBe(35)
  })
})

describe("resume", () => {
  it("does not make up the fire times of the pause, and the ledger keeps the stretch", () => {
    const job = paused({}, 25)
    job.now = 55
    job.meet({ move: "resume", missed: "skip" })
    expect(job.answers.at(-1)?.entries).toEqual([
      { kind: "paused", from: 26, through: 55, count: 0, reason: null, into: null }
    ])
    expect([job.value, job.memory.nextFireAt]).toEqual(["scheduled", 60])
  })

  it.each([
    ["latest", ["coalesced", "coalesced", "run"]],
    ["all", ["run", "waiting", "waiting"]]
  ] as const)("makes them up under coalesce %s when it is asked to", (coalesce, places) => {
    const job = paused({ coalesce }, 25)
    job.now = 55
    expect(job.meet({ move: "resume", missed: "coalesce" }).wakeAt(55).placesOf(30, 40, 50)).toEqual(places)
  })

  it("shows a job as misfired, not as done, when all that waited is past grace", () => {
    const job = jobWith({ overlap: "queue-all", misfireGraceMs: 5 }).wakeAt(10).wakeAt(20).meet({ move: "pause" }).end()
    job.now = 42
    job.meet({ move: "resume", missed: "skip" })
    expect([job.value, job.memory.misfire, job.placesOf(20)]).toEqual(["misfired", "late", ["late"]])
  })

  it("ends a job whose trigger has ended meanwhile", () => {
    const job = new JobWalk(defaultRules, { ...everyTen, endAt: 30 })
    job.now = 5
    job.meet({ move: "pause" })
    job.now = 40
    expect(job.meet({ move: "resume", missed: "skip" }).value).toBe("done")
  })

  it("clears the crashes of a poison job, so that it may try again", () => {
    const job = jobWith({}).wakeAt(10)
    for (const _ of [1, 2, 3]) job.meet({ move: "stop", crash: true }).wakeAt(10)
    job.meet({ move: "resume", missed: "skip" }).wakeAt(20).meet({ move: "stop", crash: true })
    expect([job.value, job.memory.crashes]).toEqual(["running", 1])
  })
})

describe("park", () => {
  it("keeps what is owed: it comes due when the job is resumed to make it up", () => {
    const job = jobWith({})
    job.now = 25
    job.meet({ move: "park" })
    expect([job.value, job.memory.fault?.kind, job.placesOf(10, 20)]).toEqual([
      "paused",
      "faultyTrigger",
      ["never", "never"]
    ])
    job.now = 35
    expect(job.meet({ move: "resume", missed: "coalesce" }).wakeAt(35).placesOf(10, 20, 30)).toEqual([
      "coalesced",
      "coalesced",
      "run"
    ])
  })

  it("loses nothing of a catch-up that was under way", () => {
    const job = new JobWalk(defaultRules, everyTen, 2)
    job.now = 50
    job.meet({ move: "wake" }, { move: "park" }, { move: "resume", missed: "skip" })
    expect(job.placesOf(10, 20)).toEqual(["withdrawn", "withdrawn"])
  })

  it("starts nothing that waits, not even a request", () => {
    const job = jobWith({ overlap: "queue-all" }).wakeAt(10).meet({ move: "request" }, { move: "park" }).end()
    expect([job.executing, job.memory.queue]).toMatchObject([[], [{ requested: true }]])
  })

  it("does not move a job that is done", () => {
    const job = new JobWalk(defaultRules, { ...everyTen, endAt: 10 }).wakeAt(10).end()
    expect(job.meet({ move: "park" }).value).toBe("done")
  })
})

describe("a run on request", () => {
  it("leaves the schedule alone", () => {
    const before = jobWith({ maxRuns: 1 }).memory
    const job = jobWith({ maxRuns: 1 }).meet({ move: "request" }).end()
    expect(job.memory).toEqual({ ...before, lastOutcome: "succeeded" })
  })

  it.each<[JobRules["overlap"], accepted: number]>([
    ["skip", 1],
    ["queue-one", 2],
    ["queue-all", 4],
    ["cancel-running", 4]
  ])("obeys maxInstances: with overlap %s %i of four are taken", (overlap, accepted) => {
    const job = jobWith({ overlap }).meet(...Array<WalkMove>(4).fill({ move: "request" }))
    expect(job.memory.live.length + job.memory.queue.length).toBe(accepted)
    expect(job.executing).toHaveLength(1)
  })

  it("is not counted out by a newer fire time that cancels what runs", () => {
    const job = jobWith({ overlap: "cancel-running" }).meet({ move: "request" }, { move: "request" }).wakeAt(10)
    expect(job.end("cancelled").executing).toHaveLength(1)
    expect(job.placesOf(10)).toEqual(["waiting"])
    expect(job.end().placesOf(10)).toEqual(["run"])
  })

  it("is made during a pause, past fire times that wait for the resume", () => {
    const job = jobWith({ overlap: "queue-all" })
      .wakeAt(10)
      .wakeAt(20)
      .meet({ move: "pause" }, { move: "request" })
      .end()
    expect(job.placesOf(20)).toEqual(["waiting"])
    expect([job.value, job.executing]).toMatchObject(["paused", [{ fireAt: 20 }]])
    expect(job.memory.runCount).toBe(1)
  })

  it("starts however late its turn comes", () => {
    const job = jobWith({ overlap: "queue-all", misfireGraceMs: 0 })
      .wakeAt(10)
      .meet({ move: "request" })
      .end("succeeded", 99)
    expect(job.executing).toHaveLength(1)
  })
})

describe("remove", () => {
  it("withdraws what waits, cancels what is between attempts and lets what executes end", () => {
    const job = jobWith({ overlap: "queue-all", maxInstances: 2, retry }).wakeAt(10).wakeAt(20).wakeAt(30)
    job.end("failed").meet({ move: "remove" })
    expect(job.answers.at(-1)?.ended).toMatchObject([{ outcome: "cancelled", retryAt: null, run: { fireAt: 10 } }])
    expect([job.value, job.placesOf(30)]).toEqual(["running", ["withdrawn"]])
    expect(job.end("failed").value).toBe("done")
  })

  it("ends a pause: its stretch is kept, since nothing was owed in it", () => {
    const job = paused({}, 25)
    job.now = 55
    job.meet({ move: "remove" })
    expect([job.value, job.memory.cursor]).toEqual(["done", 55])
    expect(job.answers.at(-1)?.entries).toEqual([
      { kind: "paused", from: 26, through: 55, count: 0, reason: null, into: null }
    ])
  })

  it("leaves a running job deaf to everything but the end of its runs", () => {
    const job = jobWith({ overlap: "queue-all" }).wakeAt(10).meet({ move: "remove" })
    const { memory } = job
    job
      .meet({ move: "pause" }, { move: "park" }, { move: "request" }, { move: "reschedule", trigger: everyTen })
      .wakeAt(50)
    expect([job.value, job.memory]).toEqual(["running", memory])
  })
})

describe("reschedule", () => {
  it("withdraws what the old trigger owes and counts the new one from now", () => {
    const job = jobWith({})
    job.now = 25
    job.meet({ move: "reschedule", trigger: { ...everyTen, everyMs: 7 } })
    expect([job.placesOf(10, 20), job.memory.nextFireAt]).toEqual([["withdrawn", "withdrawn"], 28])
    expect(job.answers.at(-1)?.entries).toMatchObject([
      { reason: "withdrawn", count: 2 },
      { kind: "superseded", from: 1, through: 24 }
    ])
  })

  it("keeps a pause and ends a misfire", () => {
    expect(paused({}, 25).meet({ move: "reschedule", trigger: everyTen }).value).toBe("paused")
    const job = jobWith({ misfireGraceMs: 0 }).wakeAt(15)
    expect(job.value).toBe("misfired")
    expect(job.meet({ move: "reschedule", trigger: everyTen }).value).toBe("scheduled")
  })

  it("never gives a served fire time again, although the clock has gone back", () => {
    const job = jobWith({}).wakeAt(40).end()
    job.now = 15
    job.meet({ move: "reschedule", trigger: everyTen })
    expect(job.memory.nextFireAt).toBe(50)
  })
})

const everyTen = { kind: "clock", everyMs: 10, endAt: Infinity } as const
const retry = { attempts: 2, backoffMs: 5, factor: 1, maxBackoffMs: 100, jitter: 0, when: null }
const jobWith = (rules: Partial<JobRules>) => new JobWalk({ ...defaultRules, ...rules }, everyTen)
const paused = (rules: Partial<JobRules>, at: number) => {
  const job = jobWith(rules)
  job.now = at
  return job.meet({ move: "pause" })
}
