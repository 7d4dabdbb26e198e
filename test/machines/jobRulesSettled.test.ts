/** The rules of the chart about attempts: when each is the one that is taken, and all that it does. */
import { describe, expect, it } from "vitest"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { run } from "../job/jobContext.ts"
import type { Row } from "./jobStep.ts"
import {
  after,
  claiming,
  due,
  interrupted,
  next,
  requested,
  settled,
  starts90,
  takes,
  twoLate,
  waits90
} from "./jobStep.ts"

describe("an attempt", () => {
  const nextFire = { nextFireAt: 150, exhausted: false }
  const newest = { live: [run(1)], lastFireAt: 10 }
  const parked = (died: string) => ({
    to: "paused",
    ...{ pausedAt: 100, nextFireAt: 150, live: [] },
    fault: {
      kind: "poison",
      message: `${died} died 3 times in a row while this job ran; resume the job when the cause is gone`
    }
  })
  it.each<Row>([
    [
      "whose worker dies for the third time parks the job, though attempts are left",
      { ...newest, live: [run(1, { workerDeaths: 2 })] },
      { ...settled, crashed: true, next: nextFire },
      { retry: { attempts: 9, backoffMs: 5, factor: 1, maxBackoffMs: 5, jitter: 0, when: null } },
      {
        ...parked("the worker of a run"),
        ...{ lastOutcome: "failed", ended: [{ run: run(1, { workerDeaths: 2 }), outcome: "failed", retryAt: null }] }
      }
    ],
    [
      "that failed is followed by another where one is left",
      { ...newest, crashes: 2, ...waits90 },
      settled,
      { retry: { attempts: 2, backoffMs: 5, factor: 1, maxBackoffMs: 5, jitter: 0, when: null } },
      {
        to: "running",
        ...{ crashes: 0, live: [run(1, { attempt: 2, retryAt: 105 })] },
        ended: [{ run: run(1), outcome: "failed", retryAt: 105 }]
      }
    ],
    [
      "that was the last ends its run: a fixed delay counts from it, and what waits starts",
      { ...newest, ...waits90 },
      { ...settled, next: nextFire },
      {},
      {
        to: "running",
        ...{ nextFireAt: 150, lastOutcome: "failed", queue: [], live: [run(7, { fireAt: 90 })], ...starts90 },
        ended: [{ run: run(1), outcome: "failed", retryAt: null }]
      }
    ],
    [
      "under way at the third crash parks the job, from whose end a fixed delay counts",
      { ...newest, crashes: 2 },
      { ...interrupted, next: nextFire },
      {},
      {
        ...parked("the process"),
        ...{ crashes: 3, lastOutcome: "interrupted" },
        ended: [{ run: run(1), outcome: "interrupted", retryAt: null }]
      }
    ],
    [
      "that was interrupted is made again, and what waits for another instance starts",
      { ...newest, ...waits90 },
      interrupted,
      { maxInstances: 2 },
      {
        to: "running",
        ...{ crashes: 1, queue: [], live: [run(1, { attempt: 2, retryAt: 100 }), run(7, { fireAt: 90 })], ...starts90 },
        ended: [{ run: run(1), outcome: "interrupted", retryAt: 100 }]
      }
    ],
    [
      "that was interrupted ends its run under `skip`: a fixed delay counts from it, and what waits starts",
      { ...newest, ...waits90 },
      { ...interrupted, next: nextFire },
      { onInterrupted: "skip" },
      {
        to: "running",
        ...{ crashes: 1, nextFireAt: 150, lastOutcome: "interrupted", queue: [] },
        ...{ live: [run(7, { fireAt: 90 })], ...starts90 },
        ended: [{ run: run(1), outcome: "interrupted", retryAt: null }]
      }
    ],
    [
      "whose time has come starts, and so does what waits for another instance",
      { live: [run(1, { attempt: 2, retryAt: 100 })], ...waits90 },
      { type: "waitOver", ...claiming },
      { maxInstances: 2 },
      {
        to: "running",
        ...{ queue: [], live: [run(1, { attempt: 2 }), run(7, { fireAt: 90 })], ...starts90 },
        retries: [run(1, { attempt: 2 })]
      }
    ],
    [
      "that an executor still makes goes on under this owner",
      newest,
      { type: "adopted", now: 100, runKeys: [1], epoch: 4 },
      {},
      { to: "running", live: [run(1, { adoptedBy: 4 })] }
    ],
    [
      "whose first step is saved says so until it ends",
      newest,
      { type: "stepSaved", now: 100, runKey: 1 },
      {},
      { to: "running", live: [run(1, { saved: true })] }
    ],
    [
      "of a job that killed nobody counts no crash",
      { crashes: 2 },
      { type: "acquitted", now: 100 },
      {},
      { to: "scheduled", crashes: 0 }
    ]
  ])("%s", (_, memory, event, rules, led) => {
    expect(after(memory, event, rules)).toEqual(led)
  })

  it.each<readonly [to: string, Partial<JobMemory>]>([
    ["scheduled", {}],
    ["misfired", { misfire: "late" }],
    ["done", { exhausted: true, nextFireAt: null }],
    ["done", { misfire: "late", exhausted: true, nextFireAt: null }],
    ["paused", { pausedAt: 50 }]
  ])("that was the last of all leaves the job %s", (to, memory) => {
    expect(after({ ...newest, ...memory }, { ...settled, outcome: "succeeded" })["to"]).toBe(to)
  })

  it("that begins, or an end of the schedule, ends what the job says of a misfire", () => {
    const misfired = { misfire: "late" } as const
    expect(after(misfired, due)["to"]).toBe("running")
    expect(after(misfired, requested)["to"]).toBe("running")
    expect(after(misfired, { ...twoLate, nextFireAt: null, exhausted: true })["to"]).toBe("done")
    expect(after(misfired, { type: "reschedule", now: 100, nextRunKey: 7, owed: null, ...next })["to"]).toBe(
      "scheduled"
    )
  })

  it("that is not under way is nothing to anybody", () => {
    const elsewhere = { runKeys: [2], runKey: 2 }
    expect(takes(newest, { ...settled, ...elsewhere })).toBe(false)
    expect(takes(newest, { ...interrupted, ...elsewhere })).toBe(false)
    expect(takes({ ...newest, crashes: 2 }, { ...interrupted, ...elsewhere })).toBe(false)
    expect(takes(newest, { ...interrupted, ...elsewhere }, { onInterrupted: "skip" })).toBe(false)
    expect(takes(newest, { type: "adopted", now: 100, epoch: 4, runKeys: [2] })).toBe(false)
    expect(takes({}, { type: "waitOver", ...claiming })).toBe(false)
  })
})
