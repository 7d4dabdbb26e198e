/** What a dead owner left: its attempts are interrupted, its stop is heeded. */
import { describe, expect, it } from "vitest"
import {
  byJobs,
  forgetStop,
  interruptOrphans,
  noteStop,
  orphansPerPage,
  underOwnExecutor
} from "../../../src/engine/writer/recovery.ts"
import type { Ending } from "../../../src/engine/writer/recovery.ts"
import type { UnitEnvironment } from "../../../src/engine/writer/unitEnvironment.ts"
import type { RunRow } from "../../../src/store/jobStore.ts"
import { interval } from "../../../src/trigger/interval.ts"
import { rowOf } from "./dueScene.ts"
import type { JobParts } from "./jobs.ts"
import { liveRun, makeJob, makeUnit, minute } from "./jobs.ts"

const now = 10 * minute

const orphan = (runKey: number, jobKey = 1): RunRow => ({
  ...{ runKey, jobKey, jobId: `job-${jobKey}`, fireAt: minute, request: 0, claimedAt: minute, args: null, epoch: 1 },
  ...{ attempt: 1, startedAt: minute, finishedAt: null, outcome: null, result: null, error: null }
})
const nothing = () => undefined

/** A unit after the orphans of `job-1` were interrupted. */
const interrupted = (
  orphans: ReadonlyArray<RunRow>,
  parts: JobParts,
  ending: Ending,
  suspects: Map<number, ReadonlyArray<RunRow>> | null = null,
  environment: Partial<UnitEnvironment> = {}
) => {
  const unit = makeUnit({ now, ...environment })
  unit.load(makeJob(1, { ...parts, memory: { nextFireAt: now + minute, cursor: now, ...parts.memory } }))
  interruptOrphans(new Map([[1, orphans]]), ending, suspects, nothing, nothing).apply(unit)
  return unit
}

describe("orphans", () => {
  it("are taken job by job, in commits of at least 500 runs, all of a job in one", () => {
    const many = (jobKey: number, count: number) => Array.from({ length: count }, (_, each) => orphan(each, jobKey))
    const interleaved = [orphan(1, 1), orphan(2, 2), orphan(3, 1)]
    const sizes = (orphans: ReadonlyArray<RunRow>) =>
      [...byJobs(orphans)].map((slice) => [...slice].map(([key, runs]) => [key, runs.length]))
    expect(sizes(interleaved)).toEqual([
      [
        [1, 2],
        [2, 1]
      ]
    ])
    expect(sizes([...many(1, 499), ...many(2, 1), ...many(3, 700), ...many(4, 2)])).toEqual([
      [
        [1, 499],
        [2, 1]
      ],
      [[3, 700]],
      [[4, 2]]
    ])
    expect(sizes([orphan(1)])).toEqual([[[1, 1]]])
    expect([sizes([]), sizes(many(1, 500)).length, orphansPerPage]).toEqual([[], 1, 1000])
    const runs = [...byJobs(interleaved)].flatMap((slice) => [...slice.values()])
    expect(runs.map((each) => each.map(({ runKey }) => runKey))).toEqual([[1, 3], [2]])
  })

  it("follow their job's rule: another attempt, or the end", () => {
    const again = interrupted([orphan(7)], { memory: { live: [liveRun(7)] } }, "crash")
    expect(again.batch().settled).toMatchObject([{ runKey: 7, outcome: null }])
    expect(again.byKey(1)?.memory.live).toMatchObject([{ runKey: 7, attempt: 2, retryAt: now }])
    const over = interrupted([orphan(7)], { memory: { live: [liveRun(7)] }, rules: { onInterrupted: "skip" } }, "crash")
    expect(over.batch().settled).toMatchObject([{ runKey: 7, outcome: "interrupted", finishedAt: now }])
    expect(over.byKey(1)).toMatchObject({ value: "scheduled" })
  })

  it.each([
    ["stop", 0],
    ["crash", 1],
    ["sharedCrash", 1]
  ] as const)("of a %s count as %i crash of their job, however many there are", (ending, crashes) => {
    const memory = { live: [liveRun(7), liveRun(8)] }
    const unit = interrupted([orphan(7), orphan(8)], { memory, rules: { maxInstances: 2 } }, ending)
    expect(unit.byKey(1)?.memory.crashes).toBe(crashes)
    expect(unit.batch().settled.map(({ runKey }) => runKey)).toEqual([7, 8])
  })

  it("park a job at the third crash, unless the crash is shared", () => {
    const parts = { memory: { live: [liveRun(7)], crashes: 2 } }
    expect(interrupted([orphan(7)], parts, "crash").byKey(1)?.memory.fault).toMatchObject({ kind: "poison" })
    expect(interrupted([orphan(7)], parts, "sharedCrash").byKey(1)?.memory.fault).toBe(null)
  })

  it("of a job that the crash would park are put aside where it is still to be found out which one it was", () => {
    const suspects = new Map<number, ReadonlyArray<RunRow>>()
    const memory = { live: [liveRun(7), liveRun(8, { retryAt: now })], crashes: 2 }
    const runs = [orphan(7), orphan(8)]
    const unit = interrupted(runs, { memory, rules: { maxInstances: 2 } }, "crash", suspects)
    expect([unit.changes, [...suspects]]).toEqual([0, [[1, [orphan(7)]]]])
    const stopped = interrupted(runs, { memory, rules: { maxInstances: 2 } }, "stop", suspects)
    expect(stopped.batch().settled.length).toBe(1)
  })

  it("of a job that is none of those are interrupted at once", () => {
    const suspects = new Map<number, ReadonlyArray<RunRow>>()
    const unit = interrupted([orphan(7)], { memory: { live: [liveRun(7)], crashes: 1 } }, "crash", suspects)
    expect([unit.batch().settled.length, suspects.size]).toEqual([1, 0])
  })

  it("that wait for their next attempt were not interrupted", () => {
    const memory = { live: [liveRun(7, { retryAt: now + 5 })] }
    expect(interrupted([orphan(7)], { memory }, "crash").changes).toBe(0)
  })

  it("that their job does not know of, or whose job is gone, are closed by themselves", () => {
    const unit = interrupted([orphan(7), orphan(9)], { memory: { live: [liveRun(7)] } }, "crash")
    expect(unit.batch().settled).toMatchObject([
      { runKey: 9, outcome: "interrupted", finishedAt: now },
      { runKey: 7, outcome: null }
    ])
    const gone = makeUnit({ now })
    interruptOrphans(new Map([[5, [orphan(3, 5)]]]), "crash", new Map(), nothing, nothing).apply(gone)
    expect(gone.batch().settled).toMatchObject([{ runKey: 3, outcome: "interrupted" }])
  })

  it("let what waited for them start, unless nothing may be claimed", () => {
    for (const claiming of [true, false]) {
      const memory = { live: [liveRun(7)], queue: [{ fireAt: 9 * minute }] }
      const parts: JobParts = { memory, rules: { onInterrupted: "skip" } }
      const unit = interrupted([orphan(7)], parts, "crash", null, { claiming })
      expect(unit.batch().claims.length).toBe(claiming ? 1 : 0)
    }
  })

  it("let a fixed delay count from now", () => {
    const trigger = interval("1 minute", { start: 0, after: "run" })
    const memory = { live: [liveRun(7)], lastFireAt: minute, nextFireAt: null }
    const unit = interrupted([orphan(7)], { trigger, memory, rules: { onInterrupted: "skip" } }, "crash")
    expect(unit.byKey(1)?.memory.nextFireAt).toBe(now + minute)
  })

  it("name the jobs that they need, and weigh as many", () => {
    const told: Array<unknown> = []
    const orphans = new Map([3, 4].map((key) => [key, [orphan(key, key)]]))
    const intent = interruptOrphans(
      orphans,
      "stop",
      null,
      () => told.push("done"),
      (error) => told.push(error)
    )
    expect([intent.keys, intent.weight]).toEqual([[3, 4], 2])
    intent.committed()
    intent.failed("no")
    expect(told).toEqual(["done", "no"])
  })
})

describe("a stop", () => {
  it("is noted for the next owner, and forgotten when that has settled what it left", () => {
    const unit = makeUnit()
    const note = noteStop({ epoch: 3 })
    note.apply(unit)
    expect(unit.batch().marks).toEqual([{ name: "stopAsked", value: "3" }])
    expect([note.weight, note.committed(), note.failed("no")]).toEqual([1, undefined, undefined])
    const told: Array<unknown> = []
    const forget = forgetStop(
      () => told.push("done"),
      (error) => told.push(error)
    )
    forget.apply(unit)
    expect([unit.batch().marks, forget.weight]).toEqual([[{ name: "stopAsked", value: null }], 1])
    forget.committed()
    forget.failed("no")
    expect(told).toEqual(["done", "no"])
  })
})

describe("jobs that the store has under another executor", () => {
  it("are written anew under their own", () => {
    const unit = makeUnit()
    const jobs = [makeJob(1, { executor: "own" }), makeJob(2)]
    for (const job of jobs) unit.load(job)
    const told: Array<unknown> = []
    const rows = [...jobs, makeJob(3)].map(rowOf)
    const intent = underOwnExecutor(
      rows,
      () => told.push("done"),
      (error) => told.push(error)
    )
    intent.apply(unit)
    expect(unit.batch().states).toMatchObject([
      { key: 1, executor: "own" },
      { key: 2, executor: "default" }
    ])
    expect([intent.keys, intent.weight]).toEqual([[1, 2, 3], 3])
    intent.committed()
    intent.failed("no")
    expect(told).toEqual(["done", "no"])
  })
})
