/** An attempt's outcome on its way to the job. */
import { describe, expect, it } from "vitest"
import { OutcomeIntent } from "../../../src/engine/writer/outcomeIntent.ts"
import type { DispatchedOrder } from "../../../src/engine/dispatchedOrder.ts"
import type { Settlement } from "../../../src/executor/executor.ts"
import { interval } from "../../../src/trigger/interval.ts"
import type { JobParts } from "./jobs.ts"
import { liveRun, makeJob, makeUnit, minute, toldBy } from "./jobs.ts"

const nothing = (): undefined => undefined

const now = 10 * minute
const retry = { attempts: 3, backoffMs: 1000, factor: 1, maxBackoffMs: 1000, jitter: 0, when: ["Busy"] }
const failed: Settlement = {
  ...{ outcome: "failed", startedAt: now - 50, finishedAt: now - 20, result: null, retryable: true },
  error: { name: "Busy", message: "no" }
}
const succeeded: Settlement = { ...failed, outcome: "succeeded", result: `"ok"`, error: null }

const newOutcome = (settlement: Settlement) => {
  const told: Array<unknown> = []
  const source = { started: nothing, progressed: nothing, checkpointed: nothing, settled: nothing }
  const order = { runId: "7", jobId: "job-1", task: "report", args: null, fireAt: minute, attempt: 1, timeoutMs: null }
  const dispatched: DispatchedOrder = { order, executor: "default", source, jobKey: 1, runKey: 7 }
  const through = (of: DispatchedOrder, what: Settlement) => told.push([of === dispatched, what])
  const intent = new OutcomeIntent(dispatched, settlement, through, (_of, error) => told.push(error))
  return { intent, told }
}
/** The unit after an outcome of the job's run 7. */
const settled = (settlement: Settlement, parts: JobParts = {}, claiming = true, unit = makeUnit({ now, claiming })) => {
  const memory = { nextFireAt: now + minute, cursor: now, live: [liveRun(7)], ...parts.memory }
  unit.load(makeJob(1, { ...parts, memory }))
  newOutcome(settlement).intent.apply(unit)
  return unit
}

describe("an outcome", () => {
  it("ends its run, as the executor said", () => {
    const unit = settled(succeeded)
    expect(unit.batch().settled).toMatchObject([
      { runKey: 7, outcome: "succeeded", startedAt: now - 50, finishedAt: now - 20, result: `"ok"` }
    ])
    expect(unit.byKey(1)).toMatchObject({ value: "scheduled", memory: { lastOutcome: "succeeded", live: [] } })
  })

  it.each<readonly [string, Partial<Settlement>, number | null]>([
    ["of an error worth it", {}, now + 1000],
    ["of another error", { error: { name: "Broken", message: "no" } }, null],
    ["without an error's name", { error: null }, null],
    ["that its task would not have tried again", { retryable: false }, null],
    ["that its task wants to be tried again then", { again: { at: now + 7, counts: true } }, now + 7]
  ])("%s is followed by another attempt, or by none", (_which, part, retryAt) => {
    const live = settled({ ...failed, ...part }, { rules: { retry } }).byKey(1)?.memory.live ?? []
    expect(live.map((run) => run.retryAt)).toEqual(retryAt === null ? [] : [retryAt])
  })

  it("lets what waited start, unless nothing may be claimed", () => {
    for (const claiming of [true, false]) {
      const unit = settled(succeeded, { memory: { queue: [{ fireAt: 9 * minute }] } }, claiming)
      expect(unit.batch().claims.length).toBe(claiming ? 1 : 0)
    }
  })

  it("is what a fixed delay counts from: when the attempt ended, not when that is written", () => {
    const trigger = interval("1 minute", { start: 0, after: "run" })
    const unit = settled(succeeded, { trigger, memory: { lastFireAt: minute, nextFireAt: null } })
    expect(unit.byKey(1)?.memory.nextFireAt).toBe(now - 20 + minute)
  })

  it.each<readonly [crashed: boolean, workerDeaths: number | undefined]>([
    [true, 1],
    [false, undefined]
  ])("that is an interruption counts a worker's death where one died: %s", (crashed, workerDeaths) => {
    const interrupted: Settlement = { ...failed, outcome: "interrupted", error: null, ...(crashed ? { crashed } : {}) }
    const unit = settled(interrupted, { memory: { crashes: 2 } })
    expect(unit.byKey(1)?.memory).toMatchObject({ live: [{ runKey: 7, attempt: 2 }], crashes: crashed ? 0 : 2 })
    expect(unit.byKey(1)?.memory.live[0]?.workerDeaths).toBe(workerDeaths)
  })

  it("that only waits puts its run off until then, told as that, and is none of the attempts", () => {
    const waits: Settlement = { ...succeeded, outcome: "interrupted", result: null, waitsUntil: now + minute }
    const unit = settled(waits, { rules: { onInterrupted: "skip" }, memory: { crashes: 2 } })
    expect(unit.byKey(1)?.memory).toMatchObject({
      live: [{ runKey: 7, attempt: 2, retryAt: now + minute, putOffs: 1 }],
      crashes: 0
    })
    expect(toldBy(unit.consequences).events).toMatchObject([{ type: "RunRetryDue", attempt: 1, retryAt: now + minute }])
    const removed = settled(waits, { memory: { removed: true, exhausted: true } })
    expect(removed.batch().settled).toMatchObject([{ runKey: 7, outcome: "cancelled", finishedAt: now - 20 }])
    expect(toldBy(removed.consequences).events).toMatchObject([{ type: "RunCancelled", final: true }])
  })

  it("that waits for an event puts its run off until one is sent, with no instant, and wakes its job for nothing", () => {
    const waits: Settlement = { ...succeeded, outcome: "interrupted", result: null, waitsUntil: "event" }
    const unit = settled(waits, { memory: { nextFireAt: null, exhausted: true } })
    const [live] = unit.byKey(1)?.memory.live ?? []
    expect(live).toMatchObject({ runKey: 7, attempt: 2, retryAt: "event", putAway: true })
    expect(unit.batch().states).toMatchObject([{ value: "running", wakeAt: null }])
    expect(toldBy(unit.consequences).events).toMatchObject([
      { type: "RunRetryDue", attempt: 1, retryAt: null, error: null }
    ])
  })

  it.each<readonly [string, Parameters<typeof makeUnit>[0], (unit: ReturnType<typeof makeUnit>) => void, boolean]>([
    ["before", { inbox: { next: 3, numbers: () => [2] } }, () => undefined, true],
    ["in the same commit", {}, (unit) => unit.send(7, "{}"), true],
    ["to another run", {}, (unit) => unit.send(8, "{}"), false],
    [
      "before, and is in what it was saved as",
      { inbox: { next: 3, numbers: () => [2] } },
      (unit) => unit.checkpoint(7, "text", 2),
      false
    ]
  ])("that waits is due at once when something was sent %s", (_when, environment, before, atOnce) => {
    const unit = makeUnit({ now, ...environment })
    before(unit)
    const waits: Settlement = { ...succeeded, outcome: "interrupted", result: null, waitsUntil: "event" }
    settled(waits, {}, true, unit)
    expect(unit.byKey(1)?.memory.live).toMatchObject([{ retryAt: atOnce ? now : "event" }])
  })

  it("that does not fit its task parks the job and keeps the run, whatever the rules", () => {
    const unfit: Settlement = { ...failed, again: { at: now, counts: false }, unfit: true }
    const unit = settled(unfit, { rules: { onInterrupted: "skip" } })
    expect(unit.byKey(1)).toMatchObject({
      value: "paused",
      memory: { fault: { kind: "checkpoint", message: "no" }, live: [{ runKey: 7, attempt: 2 }] }
    })
    expect(toldBy(unit.consequences).events.map(({ type }) => type)).toEqual(["RunFailed", "RunRetryDue", "JobParked"])
  })

  it("of a job that is gone changes nothing", () => {
    const unit = makeUnit()
    newOutcome(succeeded).intent.apply(unit)
    expect(unit.changes).toBe(0)
  })

  it("needs its job, and weighs as much as its result is long", () => {
    expect(newOutcome(succeeded).intent).toMatchObject({ keys: [1], weight: 1 })
    expect(newOutcome({ ...succeeded, result: "x".repeat(10 * 2048) }).intent.weight).toBe(10)
    expect(newOutcome(failed).intent.weight).toBe(1)
  })

  it("frees its place once it is on disk, and also where it never will be, which is told", () => {
    const written = newOutcome(succeeded)
    written.intent.committed()
    expect(written.told).toEqual([[true, succeeded]])
    const lost = newOutcome(succeeded)
    lost.intent.failed("full")
    expect(lost.told).toEqual([[true, succeeded], "full"])
  })
})
