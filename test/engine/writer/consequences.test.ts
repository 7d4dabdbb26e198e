/** Rows, events and starts that a decision leads to. */
import { describe, expect, it } from "vitest"
import { Consequences } from "../../../src/engine/writer/consequences.ts"
import type { SchedulerEventType } from "../../../src/event/schedulerEvent.ts"
import type { Settlement } from "../../../src/executor/executor.ts"
import type { AnswerEntry, Ended, JobAnswer } from "../../../src/job/jobEvent.ts"
import { noAnswer } from "../../../src/job/jobEvent.ts"
import { isOfFireTime, isOfValue, retriedKey } from "../../../src/store/claimKind.ts"
import type { JobParts } from "./jobs.ts"
import { liveRun, makeJob, makeUnit, minute, toldBy } from "./jobs.ts"

const now = 10 * minute
const settlement: Settlement = {
  ...{ outcome: "failed", startedAt: now - 30, finishedAt: now - 10, result: null, retryable: true },
  error: { name: "Error", message: "no" }
}

/** What follows from an answer of `job-1`; `wanted`: the events that somebody listens to, default all. */
const followed = (
  answer: Partial<JobAnswer>,
  {
    wanted = null,
    settled,
    counted = null,
    job = {}
  }: {
    readonly wanted?: ReadonlyArray<SchedulerEventType> | null
    readonly settled?: Settlement
    readonly counted?: number | null
    readonly job?: JobParts
  } = {}
) => {
  const consequences = new Consequences(makeUnit({ now }).environment)
  consequences.add(makeJob(1, job), { ...noAnswer, ...answer }, settled, counted)
  const { settled: ends, claims, ledger, starts, requestsClaimed, runsEnded } = consequences
  return { settled: ends, claims, ledger, starts, requestsClaimed, runsEnded, ...toldBy(consequences, wanted) }
}
const ended = (part: Partial<Ended> = {}): Ended => ({
  ...{ run: liveRun(7, { attempt: 2 }), outcome: "failed", retryAt: null },
  ...part
})
const entry = (part: Partial<AnswerEntry>): AnswerEntry => ({
  ...{ kind: "misfired", from: minute, through: 3 * minute, count: 3, reason: "late", into: null },
  ...part
})

describe("an attempt that ended", () => {
  it("for good is written with its outcome, told once, and ends the wait for its run", () => {
    const { settled, events, runsEnded } = followed({ ended: [ended()] }, { settled: settlement })
    const times = { startedAt: now - 30, finishedAt: now - 10 }
    expect(settled).toEqual([
      { runKey: 7, attempt: 2, ...times, outcome: "failed", result: null, error: `{"name":"Error","message":"no"}` }
    ])
    expect(events).toEqual([
      {
        ...{ type: "RunFailed", jobId: "job-1", runId: "run-7", fireAt: minute, attempt: 2, ...times },
        ...{ final: true, retryAt: null, error: { name: "Error", message: "no" } }
      }
    ])
    expect(runsEnded).toEqual([7])
  })

  it("and is followed by another leaves the run open, and tells when that is due", () => {
    const { settled, events, runsEnded } = followed({ ended: [ended({ retryAt: now + 5 })] }, { settled: settlement })
    expect(settled).toMatchObject([{ runKey: 7, startedAt: now - 30, finishedAt: null, outcome: null }])
    expect(events).toMatchObject([
      { type: "RunFailed", final: false, retryAt: now + 5, finishedAt: now - 10 },
      {
        ...{ type: "RunRetryDue", jobId: "job-1", runId: "run-7", attempt: 2, retryAt: now + 5 },
        error: { name: "Error" }
      }
    ])
    expect(runsEnded).toEqual([])
  })

  it("by an interruption and is followed by another tells of no retry: it follows at once", () => {
    const { events } = followed({ ended: [ended({ outcome: "interrupted", retryAt: now })] })
    expect(events).toMatchObject([{ type: "RunInterrupted", final: false, error: null }])
  })

  it("without an executor's word ended now, and was not started as far as is known", () => {
    const { settled, events } = followed({ ended: [ended({ outcome: "cancelled" })] })
    expect(settled).toEqual([
      {
        ...{ runKey: 7, attempt: 2, startedAt: null, finishedAt: now, outcome: "cancelled" },
        ...{ result: null, error: null }
      }
    ])
    expect(events).toMatchObject([{ type: "RunCancelled", startedAt: null, finishedAt: now, error: null }])
  })

  it.each([
    ["timedOut", "RunTimedOut"],
    ["interrupted", "RunInterrupted"],
    ["cancelled", "RunCancelled"]
  ] as const)("as %s is told as %s", (outcome, type) => {
    expect(followed({ ended: [ended({ outcome })] }).events).toMatchObject([{ type }])
  })

  it.each([
    [`{"rows":3}`, { rows: 3 }],
    [null, null]
  ])("well tells what the task gave: %s", (result, told) => {
    const well: Settlement = { ...settlement, outcome: "succeeded", result, error: null }
    const { settled, events } = followed({ ended: [ended({ outcome: "succeeded" })] }, { settled: well })
    expect(settled).toMatchObject([{ outcome: "succeeded", result, error: null }])
    expect(events).toMatchObject([{ type: "RunSucceeded", result: told }])
    expect(events[0]).not.toHaveProperty("error")
  })

  it("well tells nothing given where the executor said nothing", () => {
    expect(followed({ ended: [ended({ outcome: "succeeded" })] }).events).toMatchObject([{ result: null }])
  })

  it.each<readonly [string, Partial<Ended>, number]>([
    ["for good", {}, 1],
    ["and is tried again", { retryAt: now }, 2],
    ["by an interruption and is tried again", { retryAt: now, outcome: "interrupted" }, 1]
  ])("%s counts as many events as it would tell, where nobody listens", (_how, part, count) => {
    const unheard = followed({ ended: [ended(part)] }, { wanted: [] })
    expect([unheard.events, unheard.skipped]).toEqual([[], count])
    const heard = followed({ ended: [ended(part)] })
    expect([heard.events.length, heard.skipped]).toEqual([count, 0])
  })
})

it("makes the events that somebody listens to, and counts the others", () => {
  const answer = {
    ended: [ended({ retryAt: now + 5 })],
    claims: [{ runKey: 20, fireAt: minute, requested: false }],
    entries: [entry({}), entry({ kind: "coalesced", reason: null, into: 20 })]
  }
  const all = ["RunFailed", "RunRetryDue", "RunClaimed", "FireMisfired", "FireCoalesced"] as const
  expect(followed(answer).events.map(({ type }) => type)).toEqual(all)
  for (const type of all) {
    const { events, skipped } = followed(answer, { wanted: [type] })
    expect([events.map((event) => event.type), skipped]).toEqual([[type], 4])
  }
})

describe("a run that is claimed", () => {
  const claim = { runKey: 20, fireAt: minute, requested: false }

  it("is written, told and started", () => {
    const { claims, events, starts, requestsClaimed } = followed({ claims: [claim] })
    expect(claims).toEqual([{ runKey: 20, jobKey: 1, fireAt: minute, request: 0, claimedAt: now, args: null }])
    expect(events).toEqual([{ type: "RunClaimed", jobId: "job-1", runId: "run-20", fireAt: minute, attempt: 1 }])
    expect(starts).toMatchObject([{ runKey: 20, fireAt: minute, attempt: 1, args: null }])
    expect(requestsClaimed).toEqual([])
    expect(followed({ claims: [claim] }, { wanted: [] })).toMatchObject({ events: [], skipped: 1 })
  })

  it("on request says so, takes its own arguments, and answers who waits for it", () => {
    const asked = { ...claim, requested: true, args: { to: "dev" }, ticket: 3 }
    const { claims, starts, requestsClaimed } = followed({ claims: [asked] })
    expect(claims).toMatchObject([{ request: 20, args: `{"to":"dev"}` }])
    expect(starts).toMatchObject([{ args: `{"to":"dev"}` }])
    expect(requestsClaimed).toEqual([{ jobKey: 1, ticket: 3, runKey: 20 }])
  })

  it("is told apart from others of its fire time: another run's next try, a stream's value, a clock set right", () => {
    const requestOf = (part: object, job: JobParts = {}) =>
      followed({ claims: [{ ...claim, ...part }] }, { job }).claims[0] ?? { request: NaN }
    expect(retriedKey(requestOf({ requested: true, retryOf: 7 }))).toBe(7)
    expect(isOfValue(requestOf({ args: 5 }))).toBe(true)
    const anew = requestOf({}, { memory: { countsAfterRun: 9, countsAfterEntry: 9 } })
    expect([isOfFireTime(anew), isOfValue(anew), anew.request > 20]).toEqual([true, false, true])
  })
})

describe("fire times without a run of their own", () => {
  it("that misfired are recorded and told, with the reason", () => {
    const { ledger, events } = followed({ entries: [entry({})] })
    expect(ledger).toEqual([
      {
        ...{ jobKey: 1, kind: "misfired", fromAt: minute, throughAt: 3 * minute, count: 3 },
        ...{ reason: "late", runKey: null, at: now }
      }
    ])
    expect(events).toEqual([
      { type: "FireMisfired", jobId: "job-1", fireAt: minute, through: 3 * minute, count: 3, reason: "late" }
    ])
  })

  it("that are part of another run name it", () => {
    const { ledger, events } = followed({ entries: [entry({ kind: "coalesced", reason: null, into: 20 })] })
    expect(ledger).toMatchObject([{ kind: "coalesced", runKey: 20 }])
    expect(events).toMatchObject([{ type: "FireCoalesced", fireAt: minute, into: "run-20" }])
  })

  it("that nobody owed are recorded and not told", () => {
    for (const kind of ["paused", "superseded"] as const) {
      const { ledger, events, skipped } = followed({ entries: [entry({ kind, reason: null, count: 0 })] })
      expect([ledger.length, events, skipped]).toEqual([1, [], 0])
    }
  })

  it("of a job whose clock was set right are numbered after those that no longer count", () => {
    const { ledger } = followed({ entries: [entry({})] }, { counted: 40 })
    expect(ledger).toMatchObject([{ runKey: 41 }])
  })
})

describe("what else follows", () => {
  it("is the next attempt of a run, with its own arguments where it has any", () => {
    const retries = [liveRun(7, { attempt: 2 }), liveRun(8, { attempt: 3, args: { to: "dev" } })]
    expect(followed({ retries }).starts).toMatchObject([
      { runKey: 7, attempt: 2, fireAt: minute, args: null },
      { runKey: 8, attempt: 3, args: `{"to":"dev"}` }
    ])
  })

  it("is told in the order in which it was decided", () => {
    const claims = [20, 21].map((runKey) => ({ runKey, fireAt: minute, requested: false }))
    const consequences = followed({
      claims: claims.map((each, index) => ({ ...each, requested: true, ticket: index + 1 })),
      ended: [ended(), ended({ run: liveRun(9) }), ended({ run: liveRun(8), outcome: "succeeded" })],
      entries: [entry({}), entry({ from: 2 * minute })],
      retries: [liveRun(10), liveRun(11)]
    })
    expect(consequences.settled.map(({ runKey }) => runKey)).toEqual([7, 9, 8])
    expect(consequences.runsEnded).toEqual([7, 9, 8])
    expect(consequences.claims.map(({ runKey }) => runKey)).toEqual([20, 21])
    expect(consequences.requestsClaimed.map(({ ticket }) => ticket)).toEqual([1, 2])
    expect(consequences.starts.map(({ runKey }) => runKey)).toEqual([20, 21, 10, 11])
    expect(consequences.ledger.map(({ fromAt }) => fromAt)).toEqual([minute, 2 * minute])
    expect(consequences.events.map((event) => ("runId" in event ? event.runId : event.type))).toEqual([
      ...["run-7", "run-9", "run-8", "run-20", "run-21", "FireMisfired", "FireMisfired"]
    ])
  })
})
