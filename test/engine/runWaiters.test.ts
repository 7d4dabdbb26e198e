/** Callers that wait for a claim or an end. */
import { describe, expect, it } from "vitest"
import { RunWaiters } from "../../src/engine/runWaiters.ts"
import type { UnitOfWork } from "../../src/engine/writer/unitOfWork.ts"
import type { Writer } from "../../src/engine/writer/writer.ts"
import { makeJob } from "./writer/jobs.ts"

const writer = (name: string): Writer =>
  ({ name, runId: (key: number) => (name === "default" ? String(key) : `${name}:${key}`) }) as unknown as Writer
const [here, there] = [writer("default"), writer("there")]

interface Facts {
  readonly claimed?: ReadonlyArray<{ readonly jobKey: number; readonly ticket: number; readonly runKey: number }>
  readonly ended?: ReadonlyArray<number>
  readonly changed?: ReadonlyArray<ReturnType<typeof makeJob>>
}
const unit = ({ claimed = [], ended = [], changed = [] }: Facts): UnitOfWork =>
  ({ consequences: { requestsClaimed: claimed, runsEnded: ended }, changed: () => changed }) as unknown as UnitOfWork

/** What became of a promise so far. */
const outcomeOf = async (promise: Promise<unknown>): Promise<unknown> =>
  Promise.race([
    promise.then(
      (value) => ({ value }),
      (error: unknown) => ({ error })
    ),
    Promise.resolve("waits").then((text) => Promise.resolve(text).then((same) => same))
  ])

describe("whoever waits for a claim", () => {
  it("has the run's key when the request with that ticket is claimed, of that job in that store", async () => {
    const waiters = new RunWaiters()
    const claim = waiters.claimed(here, 1, 7)
    waiters.follow(there, unit({ claimed: [{ jobKey: 1, ticket: 7, runKey: 50 }] }))
    waiters.follow(here, unit({ claimed: [{ jobKey: 1, ticket: 8, runKey: 51 }] }))
    waiters.follow(here, unit({ claimed: [{ jobKey: 2, ticket: 7, runKey: 52 }] }))
    expect(await outcomeOf(claim)).toBe("waits")
    waiters.follow(here, unit({ claimed: [{ jobKey: 1, ticket: 7, runKey: 53 }] }))
    expect([await claim, waiters.waiting]).toEqual([53, 0])
  })

  it("is told when the job has gone before it was", async () => {
    const waiters = new RunWaiters()
    const [removed, done, other] = [1, 2, 3].map((key) => waiters.claimed(here, key, 1))
    waiters.follow(
      here,
      unit({
        changed: [
          makeJob(1, { removedAt: 5 }),
          makeJob(2, { memory: { exhausted: true, nextFireAt: null } }),
          makeJob(3)
        ]
      })
    )
    await expect(removed).rejects.toMatchObject({ _tag: "JobStateError", jobId: "job-1" })
    await expect(done).rejects.toMatchObject({ _tag: "JobStateError", jobId: "job-2" })
    expect(await outcomeOf(other ?? Promise.resolve())).toBe("waits")
  })
})

describe("whoever waits for an end", () => {
  it("hears of it, and so do all others that wait for the same run", async () => {
    const waiters = new RunWaiters()
    const both = [waiters.untilEnded("there:5"), waiters.untilEnded("there:5")]
    waiters.follow(here, unit({ ended: [5] }))
    expect(waiters.waiting).toBe(2)
    waiters.follow(there, unit({ ended: [4, 5] }))
    await Promise.all(both.map(({ ended }) => ended))
    expect(waiters.waiting).toBe(0)
  })

  it("may lose interest, and the others wait on", async () => {
    const waiters = new RunWaiters()
    const [one, two] = [waiters.untilEnded("5"), waiters.untilEnded("5")]
    one.forget()
    one.forget()
    expect(waiters.waiting).toBe(1)
    waiters.follow(here, unit({ ended: [5] }))
    await two.ended
    expect(await outcomeOf(one.ended)).toBe("waits")
  })
})

describe("a stop, and a store that is closed,", () => {
  it("refuse those who wait, and say that a request is kept", async () => {
    const waiters = new RunWaiters()
    const [claim, end] = [waiters.claimed(here, 1, 1), waiters.untilEnded("5").ended]
    waiters.close("why")
    await expect(claim).rejects.toMatchObject({
      _tag: "SchedulerStoppedError",
      reason: expect.stringMatching(/^why; the request is stored/) as string
    })
    await expect(end).rejects.toMatchObject({ _tag: "SchedulerStoppedError", reason: "why" })
    expect(waiters.waiting).toBe(0)
  })

  it("refuse only those of that store", async () => {
    const waiters = new RunWaiters()
    const gone = [waiters.claimed(there, 1, 1), waiters.untilEnded("there:5").ended]
    const left = [waiters.claimed(here, 1, 1), waiters.untilEnded("5").ended]
    const error = new Error("gone")
    waiters.closeStore("there", error)
    for (const promise of gone) await expect(promise).rejects.toBe(error)
    for (const promise of left) expect(await outcomeOf(promise)).toBe("waits")
    expect(waiters.waiting).toBe(2)
  })
})
