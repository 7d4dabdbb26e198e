/** Whose turn it is among the jobs that one more crash would park. */
import { describe, expect, it } from "vitest"
import type { Intent } from "../../../src/engine/writer/intent.ts"
import { acquittal, isSuspect, Suspects, trialMs } from "../../../src/engine/writer/suspects.ts"
import type { Writer } from "../../../src/engine/writer/writer.ts"
import { ManualTimers } from "../../executor/manualTimers.ts"
import { liveRun, makeJob, makeUnit } from "./jobs.ts"

const suspect = (key: number) => makeJob(key, { memory: { crashes: 2 } })
const running = (key: number) => makeJob(key, { memory: { crashes: 2, live: [liveRun(key)] } })

const newTurns = () => {
  const timers = new ManualTimers()
  const freed = { times: 0 }
  const suspects = new Suspects(timers, () => (freed.times += 1))
  const submitted: Array<Intent> = []
  const writerOf = () => ({ submit: (intent: Intent) => submitted.push(intent) }) as unknown as Writer
  const [writer, other] = [writerOf(), writerOf()]
  /** Jobs as a commit leaves them. */
  const follow = (jobs: ReadonlyArray<ReturnType<typeof suspect>>, of = writer): void => {
    const unit = makeUnit()
    for (const job of jobs) unit.touch(unit.load(job))
    suspects.follow(of, unit)
  }
  return { timers, suspects, freed, submitted, writer, other, follow }
}

describe("a suspect", () => {
  it("is a job that has crashed twice in a row, and is not parked", () => {
    const fault = { kind: "poison", message: "it kills" } as const
    const jobs = [1, 2, 3].map((crashes) => makeJob(1, { memory: { crashes } }))
    expect(jobs.map(isSuspect)).toEqual([false, true, true])
    expect(isSuspect(makeJob(1, { memory: { crashes: 3, fault, pausedAt: 1 } }))).toBe(false)
  })

  it("may start when no other has the turn, and has it then; other jobs may always", () => {
    const { suspects, writer, other } = newTurns()
    expect(suspects.mayStart(writer, makeJob(9))).toBe(true)
    expect(suspects.mayStart(writer, suspect(1))).toBe(true)
    expect(suspects.mayStart(writer, suspect(1))).toBe(true)
    expect(suspects.mayStart(writer, suspect(2))).toBe(false)
    expect(suspects.mayStart(other, suspect(1))).toBe(false)
    expect(suspects.mayStart(writer, makeJob(9))).toBe(true)
  })

  it("is asked about without taking the turn", () => {
    const { suspects, writer } = newTurns()
    expect(suspects.mustWait(writer, suspect(1))).toBe(false)
    suspects.mayStart(writer, suspect(2))
    expect([1, 2].map((key) => suspects.mustWait(writer, suspect(key)))).toEqual([true, false])
    expect(suspects.mustWait(writer, makeJob(3))).toBe(false)
  })

  it("that runs has the turn, whoever started it; the first of several", () => {
    const { suspects, writer, follow } = newTurns()
    follow([suspect(3), running(1), running(2)])
    expect([1, 2, 3].map((key) => suspects.mayStart(writer, suspect(key)))).toEqual([true, false, false])
  })

  it("has the turn no more when it does not run: it has ended, waits for an attempt, or is acquitted", () => {
    for (const after of [
      suspect(1),
      makeJob(1, { memory: { crashes: 2, live: [liveRun(1, { retryAt: 9 })] } }),
      makeJob(1, { memory: { live: [liveRun(1)] } })
    ]) {
      const { suspects, writer, follow, freed } = newTurns()
      follow([running(1)])
      follow([running(1)])
      expect(freed.times).toBe(0)
      follow([after])
      expect([freed.times, suspects.mayStart(writer, suspect(2))]).toEqual([1, true])
    }
  })

  it("keeps the turn whatever becomes of other jobs", () => {
    const { suspects, writer, other, follow, freed } = newTurns()
    follow([running(1)])
    follow([suspect(2), makeJob(3)])
    follow([suspect(1)], other)
    expect([freed.times, suspects.mayStart(writer, suspect(2))]).toEqual([0, false])
  })

  it("that others wait for has five minutes, from when it began", async () => {
    const { suspects, writer, timers, submitted } = newTurns()
    suspects.mayStart(writer, suspect(1))
    await timers.advance(60_000)
    expect(timers.armed).toBe(0)
    suspects.mustWait(writer, suspect(2))
    suspects.mustWait(writer, suspect(3))
    expect(timers.armed).toBe(1)
    await timers.advance(trialMs - 60_000 - 1)
    expect(submitted).toEqual([])
    await timers.advance(1)
    expect(submitted.map(({ keys }) => keys)).toEqual([[1]])
    expect(trialMs).toBe(5 * 60_000)
  })

  it("that has run for longer when the first one waits is acquitted at once", async () => {
    const { suspects, writer, timers, submitted } = newTurns()
    suspects.mayStart(writer, suspect(1))
    timers.spend(2 * trialMs)
    suspects.mustWait(writer, suspect(2))
    await timers.advance(0)
    expect(submitted.length).toBe(1)
  })

  it("gives the turn up with its store, or alone where nothing of it can be written", () => {
    const { suspects, writer, other, freed, timers } = newTurns()
    suspects.mayStart(writer, suspect(1))
    suspects.mustWait(writer, suspect(2))
    suspects.leave(other)
    suspects.leave(writer, 2)
    suspects.leave(other, 1)
    expect(freed.times).toBe(0)
    suspects.leave(writer, 1)
    expect([freed.times, timers.armed]).toEqual([1, 0])
    suspects.mayStart(writer, suspect(2))
    suspects.mustWait(writer, suspect(3))
    expect(timers.armed).toBe(1)
    suspects.leave(writer)
    expect([freed.times, timers.armed]).toEqual([2, 0])
    suspects.leave(writer)
    expect(freed.times).toBe(2)
  })

  it("is waited for by who wants the turn free, and each is called back once, in order", () => {
    const { suspects, writer } = newTurns()
    const heard: Array<string> = []
    suspects.whenFree(() => heard.push("at once"))
    suspects.mayStart(writer, suspect(1))
    suspects.whenFree(() => heard.push("first"))
    suspects.whenFree(() => heard.push("second"))
    expect(heard).toEqual(["at once"])
    suspects.leave(writer)
    suspects.mayStart(writer, suspect(1))
    suspects.leave(writer)
    expect(heard).toEqual(["at once", "first", "second"])
  })
})

describe("an acquittal", () => {
  it("takes the suspicion from jobs that are not parked, and leaves the others alone", () => {
    const unit = makeUnit()
    const fault = { kind: "poison", message: "it kills" } as const
    unit.load(suspect(1))
    unit.load(makeJob(2))
    unit.load(makeJob(3, { memory: { crashes: 3, fault, pausedAt: 1 } }))
    unit.load(makeJob(4, { memory: { crashes: 1 } }))
    const intent = acquittal([1, 2, 3, 4, 5])
    intent.apply(unit)
    expect([1, 2, 3, 4].map((key) => unit.byKey(key)?.memory.crashes)).toEqual([0, 0, 3, 0])
    expect(unit.batch().states.map(({ key }) => key)).toEqual([1, 4])
    expect([intent.keys, intent.weight]).toEqual([[1, 2, 3, 4, 5], 5])
  })

  it("tells what became of it", () => {
    const told: Array<unknown> = []
    const intent = acquittal(
      [1],
      () => told.push("done"),
      (error) => told.push(error)
    )
    intent.committed()
    intent.failed("no")
    expect(told).toEqual(["done", "no"])
  })
})
