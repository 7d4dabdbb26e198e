import { describe, expect, it } from "vitest"
import { awaitsEnd } from "../../src/job/fixedDelay.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { decided } from "./decided.ts"
import { contextOf, run } from "./jobContext.ts"

describe("a fixed delay awaits the end of a run", () => {
  const awaits = (memory: Partial<JobMemory>): boolean => awaitsEnd(contextOf({ lastFireAt: 20, ...memory }).memory)

  it("while that of its newest fire time is live, whatever else is", () => {
    expect(awaits({ live: [run(1), run(2)] })).toBe(true)
    expect(awaits({ live: [run(1)] })).toBe(false)
    expect(awaits({})).toBe(false)
  })

  it("while a fire time waits for its run, and not while only requests do", () => {
    const request = { fireAt: 25, requested: true }
    expect(awaits({ queue: [request, { fireAt: 30 }] })).toBe(true)
    expect(awaits({ queue: [request] })).toBe(false)
  })

  it("not while somebody tries that fire time's run again", () => {
    expect(awaits({ live: [run(3, { fireAt: 20, retryOf: 2, requested: true })] })).toBe(false)
  })
})

describe("the end of a run", () => {
  const next = { nextFireAt: 45, exhausted: false }
  const ended = (memory: Partial<JobMemory>, counted: typeof next | null = next) =>
    decided(contextOf({ lastFireAt: 20, nextFireAt: null, ...memory }), {
      type: "settled",
      now: 35,
      runKey: 2,
      firstRunKey: 9,
      outcome: "succeeded",
      errorName: null,
      retryable: true,
      next: counted
    }).memory

  it("gives a fixed delay its next fire time, where it was the run of the newest", () => {
    expect(ended({ live: [run(2)] })).toMatchObject({ nextFireAt: 45, exhausted: false })
    expect(ended({ live: [run(2)], lastFireAt: 30 })).toMatchObject({ nextFireAt: null })
    expect(ended({ live: [run(2, { retryOf: 1 })] })).toMatchObject({ nextFireAt: null })
  })

  it("may be the end of the schedule, which nothing brings back", () => {
    expect(ended({ live: [run(2)] }, { nextFireAt: 45, exhausted: true })).toMatchObject({ exhausted: true })
    expect(ended({ live: [run(2)], exhausted: true })).toMatchObject({ nextFireAt: null, exhausted: true })
  })

  it("changes no fire time of any other trigger", () => {
    expect(ended({ live: [run(2)], nextFireAt: 30 }, null)).toMatchObject({ nextFireAt: 30 })
  })
})
