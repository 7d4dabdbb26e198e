/** What follows the end of an attempt. Fire times lie ten milliseconds apart, the first at 10. */
import { describe, expect, it } from "vitest"
import type { JobRules, RetryRules } from "../../src/job/rules.ts"
import { defaultRules } from "../../src/job/rules.ts"
import type { Outcome } from "../../src/job/run.ts"
import { wakeAtOf } from "../../src/job/snapshot.ts"
import type { WalkMove } from "./walkMove.ts"
import { JobWalk } from "./jobWalk.ts"

describe("an attempt that ends", () => {
  it.each<[outcome: Outcome, when: RetryRules["when"], retryAt: number | null]>([
    ["succeeded", null, null],
    ["failed", null, 16],
    ["timedOut", null, 16],
    ["cancelled", null, null],
    ["failed", ["Error"], 16],
    ["failed", ["Other"], null],
    ["timedOut", ["Error"], null]
  ])("as %s, retried when %j, is followed by another at %s", (outcome, when, retryAt) => {
    const job = jobWith({ retry: { ...retry, when } })
      .wakeAt(10)
      .end(outcome, 11)
    expect(job.answers.at(-1)?.ended).toMatchObject([{ outcome, retryAt }])
    expect(job.value).toBe(retryAt === null ? "scheduled" : "running")
  })

  it("is not followed by another when the task says that it is not worth it", () => {
    const job = jobWith({ retry }).wakeAt(10)
    job.meet({ move: "settle", pick: 0, outcome: "failed", retryable: false })
    expect(job.answers.at(-1)?.ended).toMatchObject([{ retryAt: null }])
  })

  it("waits for its next attempt as a due time, which the job is woken for", () => {
    const job = jobWith({ retry }).wakeAt(10).end("failed", 11)
    expect(wakeAtOf(job.memory, job.rules, false)).toBe(16)
    job.wakeAt(16)
    expect(job.answers.at(-1)?.retries).toMatchObject([{ fireAt: 10, attempt: 2, retryAt: null }])
  })

  it("is the last when the attempts are used up", () => {
    const job = jobWith({ retry: { ...retry, backoffMs: 0 } }).wakeAt(10)
    for (const _ of [1, 2, 3]) job.end("failed").wakeAt(10)
    expect(job.answers.flatMap(({ ended }) => ended.map(({ run, retryAt }) => [run.attempt, retryAt]))).toEqual([
      [1, 10],
      [2, 10],
      [3, null]
    ])
    expect(job.memory.lastOutcome).toBe("failed")
  })

  it("sets the job back to misfired when a fire time was refused meanwhile", () => {
    const job = jobWith({}).wakeAt(10).wakeAt(20)
    expect([job.end().value, job.memory.misfire]).toEqual(["misfired", "maxInstances"])
  })

  it("makes the job done when it was the last and the trigger has ended", () => {
    const job = new JobWalk(defaultRules, { ...everyTen, endAt: 10 }).wakeAt(10)
    expect(job.value).toBe("running")
    expect(job.end().value).toBe("done")
  })

  it("changes nothing when it is told a second time", () => {
    const job = jobWith({ retry }).wakeAt(10).end("failed", 11)
    const { memory } = job
    expect(job.memory.live).toHaveLength(1)
    expect(job.end("failed").memory).toEqual(memory)
  })
})

describe("a fixed delay", () => {
  it("counts from the end of the run, and nothing is due while one is live", () => {
    const job = fixedDelay({}).wakeAt(10).wakeAt(35)
    expect(job.placesOf(10, 20, 30)).toEqual(["run", "never", "never"])
    expect(job.end("succeeded", 37).memory.nextFireAt).toBe(47)
  })

  it("counts from the last attempt", () => {
    const job = fixedDelay({ retry }).wakeAt(10).end("failed", 11).wakeAt(16).end("succeeded", 18)
    expect(job.memory.nextFireAt).toBe(28)
  })

  it("is left alone by a run on request", () => {
    const job = fixedDelay({}).wakeAt(10).end("succeeded", 11)
    job.now = 15
    expect(job.meet({ move: "request" }).end("succeeded", 19).memory.nextFireAt).toBe(21)
  })

  it("waits for a run on request that is still live", () => {
    const job = fixedDelay({ maxInstances: 2 }).wakeAt(10)
    job.now = 11
    job.meet({ move: "request" }).end()
    expect(job.memory.nextFireAt).toBe(21)
    expect(job.wakeAt(30).placesOf(21)).toEqual(["never"])
    expect(job.end().wakeAt(30).placesOf(21)).toEqual(["run"])
  })

  it("goes on after a run that was interrupted and is not made again", () => {
    const job = fixedDelay({ onInterrupted: "skip" }).wakeAt(10).meet({ move: "stop", crash: true })
    expect(job.value).toBe("scheduled")
    expect(wakeAtOf(job.memory, job.rules, true)).not.toBeNull()
  })
})

describe("an interrupted attempt", () => {
  it.each<[JobRules["onInterrupted"], retryAt: number | null, state: string]>([
    ["rerun", 15, "running"],
    ["skip", null, "scheduled"]
  ])("with onInterrupted %s is due again at %s", (onInterrupted, retryAt, state) => {
    const job = jobWith({ onInterrupted }).wakeAt(10)
    job.now = 15
    job.meet({ move: "stop", crash: false })
    expect(job.answers.at(-1)?.ended).toMatchObject([{ outcome: "interrupted", retryAt }])
    expect([job.value, job.memory.crashes]).toEqual([state, 0])
  })

  it("follows onInterrupted also when an executor reports it", () => {
    expect(jobWith({}).wakeAt(10).end("interrupted", 15).memory.live).toMatchObject([{ attempt: 2, retryAt: 15 }])
  })

  it("was not, when it only waited for its due time", () => {
    const job = jobWith({ retry }).wakeAt(10).end("failed", 11).meet({ move: "stop", crash: true })
    expect(job.memory).toMatchObject({ live: [{ attempt: 2, retryAt: 16 }], crashes: 0 })
  })

  it("parks the job as poison at the third crash in a row, with its run ended", () => {
    const job = jobWith({}).wakeAt(10)
    for (const _ of [1, 2, 3]) job.meet({ move: "stop", crash: true }).wakeAt(10)
    expect(job.answers.flatMap(({ ended }) => ended.map(({ run, retryAt }) => [run.attempt, retryAt]))).toEqual([
      [1, 10],
      [2, 10],
      [3, null]
    ])
    expect([job.value, job.memory.fault?.kind, job.memory.live]).toEqual(["paused", "poison", []])
  })

  it("counts crashes in a row only: a run that ends in between clears them", () => {
    const job = jobWith({}).wakeAt(10)
    for (const _ of [1, 2]) job.meet({ move: "stop", crash: true }).wakeAt(10)
    job.end("failed").wakeAt(20).meet({ move: "stop", crash: true })
    expect([job.value, job.memory.crashes]).toEqual(["running", 1])
  })

  it("in good order never parks, however often", () => {
    const job = jobWith({}).wakeAt(10)
    for (const _ of [1, 2, 3, 4]) job.meet({ move: "stop", crash: false }).wakeAt(10)
    expect(job.value).toBe("running")
  })

  it("keeps a user's pause as it was when the job is parked on top of it", () => {
    const job = jobWith({}).wakeAt(10)
    for (const _ of [1, 2]) job.meet({ move: "stop", crash: true }).wakeAt(10)
    job.now = 12
    job.meet({ move: "pause" })
    job.now = 15
    job.meet({ move: "stop", crash: true })
    expect(job.memory).toMatchObject({ pausedAt: 12, fault: { kind: "poison" } })
  })

  it("of a removed job is over", () => {
    const job = jobWith({}).wakeAt(10).meet({ move: "remove" }, { move: "stop", crash: true })
    expect([job.value, job.memory.lastOutcome]).toEqual(["done", "interrupted"])
  })
})

describe("an attempt whose worker died", () => {
  it("is retried as any failure", () => {
    const job = jobWith({ retry }).wakeAt(10).meet(workerDies("failed"))
    expect(job.answers.at(-1)?.ended).toMatchObject([{ outcome: "failed", retryAt: 15 }])
    expect(job.memory.live).toMatchObject([{ attempt: 2, workerDeaths: 1 }])
    expect(jobWith({}).wakeAt(10).meet(workerDies("failed")).value).toBe("scheduled")
  })

  it.each<[JobRules["onInterrupted"], retryAt: number | null]>([
    ["rerun", 10],
    ["skip", null]
  ])("and is interrupted by it follows onInterrupted: %s", (onInterrupted, retryAt) => {
    const job = jobWith({ onInterrupted }).wakeAt(10).meet(workerDies("interrupted"))
    expect(job.answers.at(-1)?.ended).toMatchObject([{ outcome: "interrupted", retryAt }])
  })

  it.each(["failed", "interrupted"] as const)("as %s is poison at the third in a row of its run", (outcome) => {
    const job = jobWith({ retry: { ...retry, attempts: 9, backoffMs: 0 } }).wakeAt(10)
    for (const _ of [1, 2, 3]) job.meet(workerDies(outcome)).wakeAt(10)
    expect(job.answers.flatMap(({ ended }) => ended.map(({ run, retryAt }) => [run.attempt, retryAt]))).toEqual([
      [1, 10],
      [2, 10],
      [3, null]
    ])
    expect([job.value, job.memory.fault?.kind, job.memory.live, job.memory.lastOutcome]).toEqual([
      "paused",
      "poison",
      [],
      outcome
    ])
    expect(job.memory.fault?.message).toMatch(/^the worker of a run died 3 times in a row/)
  })

  it("is counted in a row: another end of the run's attempts clears it", () => {
    const job = jobWith({ retry: { ...retry, attempts: 9, backoffMs: 0 } }).wakeAt(10)
    for (const _ of [1, 2]) job.meet(workerDies("failed")).wakeAt(10)
    job.end("failed").wakeAt(10).meet(workerDies("failed"))
    expect([job.value, job.memory.live]).toMatchObject(["running", [{ attempt: 5, workerDeaths: 1 }]])
  })

  it("is counted for its run only, whatever becomes of others beside it", () => {
    const job = jobWith({ maxInstances: 2, retry: { ...retry, attempts: 9, backoffMs: 0 } })
      .wakeAt(10)
      .wakeAt(20)
    for (const _ of [1, 2, 3]) {
      job.meet(workerDies("interrupted", 1)).end("succeeded").wakeAt(20)
      job.meet({ move: "request" })
    }
    expect(job.memory).toMatchObject({ live: [{ workerDeaths: 1 }, { attempt: 1 }], fault: null })
    const crowd = jobWith({ maxInstances: 3 }).wakeAt(10).wakeAt(20).wakeAt(30)
    for (const pick of [0, 1, 2]) crowd.meet(workerDies("interrupted", pick))
    expect([crowd.value, crowd.memory.fault]).toEqual(["running", null])
  })

  it("is none of the deaths of the process", () => {
    const job = jobWith({}).wakeAt(10)
    for (const _ of [1, 2]) job.meet({ move: "stop", crash: true }).wakeAt(10)
    job.meet(workerDies("interrupted")).wakeAt(10)
    expect([job.value, job.memory.crashes]).toEqual(["running", 0])
    job.meet({ move: "stop", crash: true })
    expect(job.memory).toMatchObject({ crashes: 1, live: [{ workerDeaths: 1 }] })
  })

  it("of a removed job is over", () => {
    const job = jobWith({}).wakeAt(10)
    for (const _ of [1, 2]) job.meet(workerDies("interrupted")).wakeAt(10)
    job.meet({ move: "remove" }, workerDies("interrupted"))
    expect([job.value, job.memory.fault]).toEqual(["done", null])
  })
})

it("attempts that are adopted go on, those that wait for their next are left alone", () => {
  const job = jobWith({ maxInstances: 2, retry }).wakeAt(10).end("failed", 11).wakeAt(20)
  const [first, second] = job.memory.live.map(({ runKey }) => runKey)
  job.meet({ move: "adopt" })
  expect(job.memory.live).toMatchObject([
    { runKey: first, attempt: 2 },
    { runKey: second, adoptedBy: 2 }
  ])
  expect(job.end("succeeded").memory.lastOutcome).toBe("succeeded")
})

const workerDies = (outcome: Outcome, pick = 0): WalkMove => ({
  move: "settle",
  pick,
  outcome,
  retryable: true,
  crashed: true
})
const everyTen = { kind: "clock", everyMs: 10, endAt: Infinity } as const
const retry: RetryRules = { attempts: 3, backoffMs: 5, factor: 1, maxBackoffMs: 100, jitter: 0, when: null }
const jobWith = (rules: Partial<JobRules>) => new JobWalk({ ...defaultRules, ...rules }, everyTen)
const fixedDelay = (rules: Partial<JobRules>) =>
  new JobWalk({ ...defaultRules, ...rules }, { ...everyTen, kind: "fixedDelay" })
