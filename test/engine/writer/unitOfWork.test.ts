/** What one commit holds, and what follows from it. */
import { describe, expect, it } from "vitest"
import type { JobDefinitionRow } from "../../../src/store/jobStore.ts"
import { newMemory } from "../../../src/job/snapshot.ts"
import { dueFireTimes } from "../../../src/job/dueFireTimes.ts"
import { defaultRules } from "../../../src/job/rules.ts"
import type { Settlement } from "../../../src/executor/executor.ts"
import type { SettledEvent } from "../../../src/job/jobEvent.ts"
import { everyMinute, liveRun, makeJob, makeUnit, minute, toldBy } from "./jobs.ts"

const dueAt = (now: number) => dueFireTimes(everyMinute, minute, now, defaultRules)
/** By its own doing, or as it was told. */
type Settled = Settlement & Pick<SettledEvent, "outcome">

const succeeded: Settled = {
  outcome: "succeeded",
  startedAt: minute,
  finishedAt: minute + 5,
  result: `"done"`,
  error: null,
  retryable: true
}
const settledEvent = (runKey: number, settlement: Settled, now: number) =>
  ({
    type: "settled",
    now,
    firstRunKey: 1000,
    held: false,
    runKey,
    outcome: settlement.outcome,
    errorName: settlement.error?.name ?? null,
    retryable: settlement.retryable,
    next: { nextFireAt: 2 * minute, exhausted: false }
  }) as const

describe("a unit of work", () => {
  it("is empty where jobs were only brought in", () => {
    const unit = makeUnit()
    unit.load(makeJob(1))
    expect(unit.changes).toBe(0)
    expect([...unit.changed()]).toEqual([])
    expect(unit.batch()).toEqual({
      at: minute,
      removed: [],
      added: [],
      redefined: [],
      states: [],
      claims: [],
      settled: [],
      ledger: []
    })
  })

  it("keeps the job that was brought in first, and finds it by key and by id", () => {
    const unit = makeUnit()
    const first = unit.load(makeJob(1))
    expect(unit.load(makeJob(1, { memory: { runCount: 9 } }))).toBe(first)
    expect([unit.byKey(1), unit.byId("job-1")]).toEqual([first, first])
    expect([unit.byKey(2), unit.byId("job-2")]).toEqual([undefined, undefined])
    expect(unit.load(makeJob(3, { removedAt: 5 })).key).toBe(3)
    expect(unit.byId("job-3")).toBe(undefined)
  })

  it("numbers jobs and runs from the keys that it was given", () => {
    const unit = makeUnit()
    const row: JobDefinitionRow = { ...makeJob(0).row, id: "new" }
    const added = ["a", "b"].map((id) =>
      unit.add({ ...row, id }, defaultRules, everyMinute, newMemory(0, minute, false))
    )
    expect(added.map(({ key }) => key)).toEqual([100, 101])
    for (const job of added) unit.due(job, dueAt(minute))
    expect(unit.consequences.claims.map(({ runKey, jobKey }) => [runKey, jobKey])).toEqual([
      [1000, 100],
      [1001, 101]
    ])
    expect([unit.nextJobKey, unit.nextRunKey]).toEqual([102, 1002])
  })

  it("claims what is due: the run's row, the job's state, an event, and a start", () => {
    const unit = makeUnit()
    unit.due(unit.load(makeJob(1)), dueAt(minute))
    const batch = unit.batch()
    expect(batch.claims).toEqual([
      { runKey: 1000, jobKey: 1, fireAt: minute, request: 0, claimedAt: minute, args: null }
    ])
    expect(batch.states).toMatchObject([{ key: 1, value: "running", wakeAt: 2 * minute, fault: false }])
    const { consequences } = unit
    expect(toldBy(consequences).events).toEqual([
      { type: "RunClaimed", jobId: "job-1", runId: "run-1000", fireAt: minute, attempt: 1 }
    ])
    expect(consequences.starts).toMatchObject([{ runKey: 1000, fireAt: minute, attempt: 1, args: null }])
    expect(unit.changes).toBe(2)
    expect(unit.initial(1)?.memory.live).toEqual([])
    expect(unit.byKey(1)?.memory.live).toMatchObject([{ runKey: 1000 }])
  })

  it("counts events that nobody listens to, and makes none: as many as there would be", () => {
    const told = [null, []].map((wanted) => {
      const unit = makeUnit({ now: minute + 5 })
      unit.due(unit.load(makeJob(1)), dueAt(minute))
      unit.due(unit.load(makeJob(2, { memory: { live: [liveRun(1)], runCount: 1 } })), dueAt(minute + 5))
      const ending = unit.load(makeJob(3, { memory: { live: [liveRun(7)] } }))
      unit.step(ending, settledEvent(7, succeeded, minute + 5), succeeded)
      const failing = unit.load(
        makeJob(4, {
          memory: { live: [liveRun(8)] },
          rules: { retry: { attempts: 2, backoffMs: 10, factor: 1, maxBackoffMs: 10, jitter: 0, when: null } }
        })
      )
      const failed: Settled = { ...succeeded, outcome: "failed", result: null, error: { name: "E", message: "no" } }
      unit.step(failing, settledEvent(8, failed, minute + 5), failed)
      const { events, skipped } = toldBy(unit.consequences, wanted)
      return { made: events.length, counted: skipped }
    })
    expect(told[0]?.made).toBeGreaterThan(4)
    expect(told).toEqual([
      { made: told[0]?.made, counted: 0 },
      { made: 0, counted: told[0]?.made }
    ])
  })

  it("writes an outcome as the executor gave it, and tells who waits for the run's end", () => {
    const unit = makeUnit({ now: minute + 5 })
    const job = unit.load(makeJob(1, { memory: { live: [liveRun(7)], nextFireAt: 2 * minute } }))
    unit.step(job, settledEvent(7, succeeded, minute + 5), succeeded)
    expect(unit.batch().settled).toEqual([
      {
        runKey: 7,
        attempt: 1,
        startedAt: minute,
        finishedAt: minute + 5,
        outcome: "succeeded",
        result: `"done"`,
        error: null
      }
    ])
    expect(unit.consequences.runsEnded).toEqual([7])
    expect(toldBy(unit.consequences).events).toMatchObject([
      { type: "RunSucceeded", runId: "run-7", result: "done", final: true, retryAt: null }
    ])
  })

  it("passes over a step that the job's state does not have, and leaves nothing behind", () => {
    const unit = makeUnit()
    const job = unit.load(makeJob(1, { memory: { exhausted: true, nextFireAt: null } }))
    const { edits } = unit
    expect(unit.step(job, { type: "pause", now: minute, owed: null })).toBe(undefined)
    expect([unit.edits, unit.changes, unit.steps]).toEqual([edits, 0, []])
  })

  it("counts each edit, so that one that fails half-way is known to have left something", () => {
    const unit = makeUnit()
    const job = unit.load(makeJob(1))
    const edits = [
      () => unit.step(job, { type: "pause", now: minute, owed: null }),
      () => unit.markRemoved(job),
      () => unit.mark("x", "1")
    ]
    for (const edit of edits) {
      const before = unit.edits
      edit()
      expect(unit.edits).toBeGreaterThan(before)
    }
  })

  it("frees the id of a removed job, and refuses one that it does not have", () => {
    const unit = makeUnit()
    unit.markRemoved(unit.load(makeJob(1)))
    expect(unit.byId("job-1")).toBe(undefined)
    expect(unit.batch().removed).toEqual([{ key: 1, removedAt: minute }])
    expect(() => unit.touch(makeJob(2))).toThrow(RangeError)
  })

  it("writes a touched job again though nothing happened to it", () => {
    const unit = makeUnit()
    unit.touch(unit.load(makeJob(1)))
    expect(unit.batch().states).toMatchObject([{ key: 1, wakeAt: minute }])
    expect(unit.changes).toBe(1)
  })

  it("parks with the fault in the job's event, and one that cannot be read with its bytes kept", () => {
    const unit = makeUnit()
    const fault = { kind: "faultyTrigger", message: "it throws" } as const
    unit.park(unit.load(makeJob(1)), fault)
    unit.parkUnreadable({ key: 2, id: "bad", executor: "own", memory: "}{" }, "no JSON")
    expect(toldBy(unit.consequences).events).toEqual([
      { type: "JobParked", jobId: "job-1", fault },
      { type: "JobParked", jobId: "bad", fault: { kind: "unreadable", message: "no JSON" } }
    ])
    expect(unit.batch().states).toEqual([
      { key: 2, value: "paused", wakeAt: null, fault: true, executor: "own", memory: "}{" },
      expect.objectContaining({ key: 1, value: "paused", wakeAt: null, fault: true })
    ])
    unit.discardUnreadable(2, "bad")
    expect([unit.unreadableKeys.size, unit.batch().removed]).toEqual([0, [{ key: 2, removedAt: minute }]])
  })

  it("leaves marks for the next owner, and none where there are none", () => {
    const unit = makeUnit()
    expect(unit.batch().marks).toBe(undefined)
    unit.mark("a", "1")
    unit.mark("b", null)
    expect(unit.batch().marks).toEqual([
      { name: "a", value: "1" },
      { name: "b", value: null }
    ])
    expect(unit.changes).toBe(2)
  })

  it("closes a run that no job holds, and says whether its record could be read", () => {
    const unit = makeUnit()
    const run = {
      ...{ runKey: 5, jobKey: 1, jobId: "job-1", fireAt: 0, request: 0, claimedAt: 1, args: null, epoch: 1 },
      ...{ attempt: 2, startedAt: 3, finishedAt: null, outcome: null, result: null, error: null }
    }
    unit.consequences.closeOrphan(run)
    unit.consequences.closeOrphan({ ...run, runKey: 6, damage: "its result is no text" })
    expect(unit.batch().settled).toMatchObject([
      { runKey: 5, outcome: "interrupted", finishedAt: minute, error: null },
      { runKey: 6, outcome: "interrupted", error: `{"name":"Unreadable","message":"its result is no text"}` }
    ])
    expect(toldBy(unit.consequences).events).toMatchObject([
      { type: "RunInterrupted", runId: "run-5", attempt: 2, final: true, error: null },
      { type: "RunInterrupted", runId: "run-6", error: { name: "Unreadable" } }
    ])
  })
})
