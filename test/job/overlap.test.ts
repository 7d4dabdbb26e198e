/** What waits for an instance, and when it starts. `waitOver` has a job look at what waits. */
import { describe, expect, it } from "vitest"
import { standsFor } from "../../src/job/overlap.ts"
import type { JobRules } from "../../src/job/rules.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { decided } from "./decided.ts"
import { contextOf, entryTexts, run } from "./jobContext.ts"

const range = (from: number, through: number, count: number) => ({ from, through, count })
const started = (memory: Partial<JobMemory>, rules: Partial<JobRules> = {}) => {
  const decision = decided(contextOf(memory, rules), { type: "waitOver", now: 100, firstRunKey: 7 })
  return {
    claimed: decision.answer.claims.map(({ fireAt }) => fireAt),
    waits: decision.memory.queue.map(({ fireAt }) => fireAt),
    entries: entryTexts(decision.answer.entries),
    decision
  }
}

describe("what waits", () => {
  it("starts in its order as far as instances are free", () => {
    const queue = [{ fireAt: 80 }, { fireAt: 70 }, { fireAt: 90 }]
    expect(started({ live: [run(1)], queue }, { maxInstances: 3 })).toMatchObject({ claimed: [80, 70], waits: [90] })
    expect(started({ live: [run(1)], queue })).toMatchObject({ claimed: [], waits: [80, 70, 90] })
  })

  it("does not start before the clock shows its instant, but for a request", () => {
    const queue = [{ fireAt: 101 }, { fireAt: 102, requested: true }, { fireAt: 100 }]
    expect(started({ queue }, { maxInstances: 5 })).toMatchObject({ claimed: [102, 100], waits: [101] })
  })

  it("is no fire time in a pause, and nothing at all in a parked job", () => {
    const queue = [{ fireAt: 80 }, { fireAt: 90, requested: true }]
    expect(started({ queue, pausedAt: 85 })).toMatchObject({ claimed: [90], waits: [80] })
    const fault = { kind: "poison", message: "it kills" } as const
    expect(started({ queue, pausedAt: 85, fault })).toMatchObject({ claimed: [], waits: [80, 90] })
  })

  it("misfires past its grace, and exactly at its end still starts", () => {
    const queue = [{ fireAt: 89 }, { fireAt: 90 }]
    expect(started({ queue }, { misfireGraceMs: 10 })).toMatchObject({ claimed: [90], entries: ["late 89-89 (1)"] })
  })

  it("is withdrawn where no run is left, but for a request", () => {
    const queue = [{ fireAt: 80 }, { fireAt: 90, requested: true }]
    expect(started({ queue, runCount: 3 }, { maxRuns: 3, misfireGraceMs: 0 })).toMatchObject({
      claimed: [90],
      entries: ["withdrawn 80-80 (1)"]
    })
  })

  it("takes those that it stands for along, into its run or into its misfire", () => {
    const queue = [{ fireAt: 80, coalesced: range(60, 70, 2), apart: [range(10, 30, 3)] }]
    expect(started({ queue }).entries).toEqual(["coalesced 60-70 (2) into 7", "coalesced 10-30 (3) into 7"])
    expect(started({ queue }, { misfireGraceMs: 5 }).entries).toEqual([
      "late 60-70 (2)",
      "late 10-30 (3)",
      "late 80-80 (1)"
    ])
    expect(standsFor({ fireAt: 80, apart: [range(10, 30, 3)] })).toEqual([range(10, 30, 3)])
    expect(standsFor({ fireAt: 80 })).toEqual([])
  })

  it("keeps its own arguments, and a request all that it was made with", () => {
    const request = { fireAt: 90, args: { page: 2 }, retryOf: 3, ticket: 4 }
    const queue = [{ fireAt: 80, args: 5 }, { fireAt: 85 }, { ...request, requested: true }]
    const { answer } = started({ queue }, { maxInstances: 3 }).decision
    expect(answer.claims).toStrictEqual([
      { runKey: 7, requested: false, fireAt: 80, args: 5 },
      { runKey: 8, requested: false, fireAt: 85 },
      { runKey: 9, requested: true, ...request }
    ])
  })

  it("ends the schedule with the last run that maxRuns allows, and a catch-up under way with it", () => {
    const memory = {
      queue: [{ fireAt: 80 }],
      runCount: 2,
      backlog: { late: range(10, 20, 2), due: range(30, 40, 2), second: 40 }
    }
    const last = started(memory, { maxRuns: 3 })
    expect(last.decision.memory).toMatchObject({ exhausted: true, nextFireAt: null, backlog: null })
    expect(last.entries).toEqual(["withdrawn 10-40 (4)"])
    expect(started(memory, { maxRuns: 4 }).decision.memory).toMatchObject({ exhausted: false, nextFireAt: 10 })
  })
})
