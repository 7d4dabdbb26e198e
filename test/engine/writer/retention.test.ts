/** When what is old goes, and how much of it at a time. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Retention } from "../../../src/engine/writer/retention.ts"
import type { UnitOfWork } from "../../../src/engine/writer/unitOfWork.ts"
import type { Writer } from "../../../src/engine/writer/writer.ts"
import type { Retention as Kept } from "../../../src/store/jobStore.ts"
import { ManualTimers } from "../../executor/manualTimers.ts"

const minute = 60_000
const rules = { runAgeMs: 10 * minute, runCount: 5, jobAgeMs: 20 * minute }

/** A store that deletes so many rows a call, and takes so long for it. */
const newScene = (given: Partial<typeof rules> = {}) => {
  const timers = new ManualTimers()
  const retention = new Retention({ ...rules, ...given }, timers)
  const purged: Array<Kept> = []
  const answer = { deleted: 0, tookMs: 0 }
  const writer = {
    store: {
      purge: (kept: Kept) =>
        Effect.sync(() => {
          purged.push(kept)
          timers.spend(answer.tookMs)
          return answer.deleted
        })
    },
    forgetting: (purge: Effect.Effect<number>) => purge
  } as unknown as Writer
  const sweep = (): number => Effect.runSync(retention.sweep(writer))
  const ended = (runs: number): void =>
    retention.follow(writer, { consequences: { runsEnded: Array(runs) } } as unknown as UnitOfWork)
  // Counted from when the store is opened.
  retention.dueInMs(writer)
  return { timers, retention, purged, answer, writer, sweep, ended }
}

describe("retention", () => {
  it("asks for the first slice after a minute, with the bounds by the wall clock", () => {
    const { timers, purged, retention, writer, sweep } = newScene()
    sweep()
    expect([purged.length, retention.dueInMs(writer)]).toEqual([0, minute])
    timers.spend(minute)
    expect(retention.dueInMs(writer)).toBe(0)
    sweep()
    const now = timers.now()
    expect(purged).toEqual([
      { finishedBefore: now - 10 * minute, maxRuns: 5, doneBefore: now - 20 * minute, limit: 500 }
    ])
    sweep()
    expect([purged.length, retention.dueInMs(writer)]).toEqual([1, minute])
  })

  it("leaves rows that grow old, and nothing else, alone for a hundredth of their age: a minute to an hour", () => {
    const restMs = (given: Partial<typeof rules>) => {
      const { timers, retention, writer, sweep } = newScene(given)
      timers.spend(minute)
      sweep()
      return retention.dueInMs(writer)
    }
    const day = 24 * 60 * minute
    expect(restMs({ runAgeMs: 0 })).toBe(minute)
    expect(restMs({ runAgeMs: day, jobAgeMs: 2 * day })).toBe(day / 100)
    expect(restMs({ runAgeMs: 2 * day, jobAgeMs: day })).toBe(day / 100)
    expect(restMs({ runAgeMs: 30 * day, jobAgeMs: 30 * day })).toBe(60 * minute)
    expect(restMs({ runAgeMs: Number.MAX_SAFE_INTEGER, jobAgeMs: Number.MAX_SAFE_INTEGER })).toBe(60 * minute)
  })

  it("looks a minute after its last slice again once a run has ended", () => {
    const { timers, purged, retention, writer, sweep, ended } = newScene({ runAgeMs: 1e10, jobAgeMs: 1e10 })
    timers.spend(minute)
    sweep()
    timers.spend(20_000)
    expect(retention.dueInMs(writer)).toBe(60 * minute - 20_000)
    ended(1)
    expect(retention.dueInMs(writer)).toBe(40_000)
    timers.spend(40_000)
    sweep()
    expect([purged.length, retention.dueInMs(writer)]).toEqual([2, 60 * minute])
  })

  it.each([
    ["nothing went: a minute", 0, 40, minute],
    ["something went: nine times what it took", 3, 40, 360],
    ["something went at once: 250 ms at the least", 3, 1, 250],
    ["a whole slice went: 20 ms at the least", 500, 1, 20],
    ["a whole slice took long: nine times that", 500, 100, 900],
    ["a slice took very long: a minute at the most", 500, 20_000, minute]
  ])("rests after a slice: %s", (_what, deleted, tookMs, restMs) => {
    const { timers, answer, retention, writer, sweep } = newScene()
    timers.spend(minute)
    Object.assign(answer, { deleted, tookMs })
    sweep()
    expect(retention.dueInMs(writer)).toBe(restMs)
  })

  it("comes sooner where ten thousand runs have ended, and counts anew after that", () => {
    const { purged, sweep, ended } = newScene()
    ended(9_999)
    sweep()
    expect(purged.length).toBe(0)
    ended(1)
    sweep()
    expect(purged.length).toBe(1)
    ended(9_999)
    sweep()
    expect(purged.length).toBe(1)
  })

  it("is not put off by a wall clock that is set back", () => {
    const { timers, purged, sweep } = newScene()
    timers.spend(minute)
    timers.stepWall(-24 * 60 * minute)
    sweep()
    expect(purged.length).toBe(1)
  })

  it("asks where some of it is kept for ever", () => {
    const { timers, purged, sweep } = newScene({ runAgeMs: Number.MAX_SAFE_INTEGER })
    timers.spend(minute)
    sweep()
    expect(purged.length).toBe(1)
  })

  it("never asks where everything is kept for ever", () => {
    const endless = Number.MAX_SAFE_INTEGER
    const { timers, purged, retention, writer, sweep } = newScene({
      runAgeMs: endless,
      runCount: endless,
      jobAgeMs: endless
    })
    sweep()
    timers.spend(10 * minute)
    sweep()
    expect([purged.length, retention.dueInMs(writer)]).toEqual([0, Infinity])
  })
})
