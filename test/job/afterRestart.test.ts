import { describe, expect, it } from "vitest"
import type { JobContext } from "../../src/job/jobEvent.ts"
import { noAnswer } from "../../src/job/jobEvent.ts"
import { defaultRules } from "../../src/job/rules.ts"
import { newMemory } from "../../src/job/snapshot.ts"
import { decidedOnAll } from "./decided.ts"

/** Three fire times are due; the run that a stop of the process interrupted has another attempt at `retryAt`. */
const decided = (retryAt: number | null, missedThrough: number | null = null) => {
  const live = [{ runKey: 7, fireAt: 100, attempt: 2, retryAt }]
  const context: JobContext = {
    jobId: "a",
    rules: defaultRules,
    memory: { ...newMemory(0, 200, false), cursor: 100, live },
    answer: noAnswer
  }
  const due = {
    late: null,
    due: { from: 200, through: 400, count: 3 },
    second: 300,
    penultimate: 300,
    times: [],
    more: false,
    nextFireAt: 500,
    exhausted: false
  }
  return decidedOnAll(context, due, { now: 450, firstRunKey: 8, missedThrough })
}

describe("fire times that are due after a restart", () => {
  it("run after the interrupted run's next attempt, which nothing overlapped", () => {
    const { memory, answer } = decided(450)
    expect(memory.queue).toEqual([{ fireAt: 400, coalesced: { from: 200, through: 300, count: 2 }, missed: true }])
    expect(answer.entries).toEqual([])
  })

  it("wait whatever the run does when they came due while the process was down", () => {
    for (const retryAt of [null, 450, 10_000]) {
      const { memory, answer } = decided(retryAt, 400)
      expect(memory.queue).toEqual([{ fireAt: 400, coalesced: { from: 200, through: 300, count: 2 }, missed: true }])
      expect(answer.entries).toEqual([])
    }
  })

  it("are refused by the overlap policy while a run executes, or waits for a later attempt", () => {
    for (const retryAt of [null, 10_000]) {
      const { memory, answer } = decided(retryAt)
      expect(memory.queue).toEqual([])
      expect(answer.entries.map(({ reason, count }) => [reason, count])).toEqual([
        ["maxInstances", 2],
        ["maxInstances", 1]
      ])
    }
  })
})
