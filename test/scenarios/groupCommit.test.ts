/** Nothing is acknowledged, dispatched or published before its commit; what waits shares one. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { date, task } from "../../src/index.ts"
import type { JobStore } from "../../src/index.ts"
import type { StoreBatch } from "../../src/store/jobStore.ts"
import { gate, midnight, minute, newWorld, second, storeOf } from "./world.ts"

/** A store whose commits wait until the test lets them go on; what they hold is noted. */
const slowStore = (log: Array<string>) => {
  const inner = storeOf("memory")
  let wait: Promise<void> = Promise.resolve()
  const store: JobStore = {
    description: inner.description,
    open: (owner) =>
      Effect.map(inner.open(owner), (opened) => ({
        ...opened,
        commit: (sequence: number, batch: StoreBatch) =>
          Effect.promise(() => wait).pipe(
            Effect.zipRight(opened.commit(sequence, batch)),
            Effect.tap(() =>
              log.push(
                `commit: ${batch.added.length} jobs, ${batch.claims.length} claims, ${batch.settled.length} outcomes`
              )
            )
          )
      }))
  }
  return {
    store,
    hold: () => {
      const held = gate()
      wait = held.opened
      return () => {
        wait = Promise.resolve()
        held.open()
      }
    }
  }
}

describe("group commit", () => {
  it("tells, acknowledges and starts in this order, each after its commit", async () => {
    const log: Array<string> = []
    const { store, hold } = slowStore(log)
    const world = newWorld("memory", store)
    const note = task("note", ({ jobId }) => void log.push(`${jobId} runs`))
    const scheduler = await world.start({ tasks: [note] })
    scheduler.events$.subscribe(({ type }) => log.push(type))
    log.length = 0
    let release = hold()
    const added = scheduler
      .addJob({ id: "a", task: note, trigger: date(midnight + second) })
      .then(() => log.push("acknowledged"))
    await world.clock.advance(second)
    expect(log).toEqual([])
    release()
    await added
    release = hold()
    await world.clock.advance(second)
    expect(log).toEqual(["commit: 1 jobs, 0 claims, 0 outcomes", "JobAdded", "acknowledged"])
    release()
    await world.clock.advance(second)
    expect(log.slice(3)).toEqual([
      "commit: 0 jobs, 1 claims, 0 outcomes",
      "RunClaimed",
      "RunStarted",
      "a runs",
      "commit: 0 jobs, 0 claims, 1 outcomes",
      "RunSucceeded",
      "JobDone"
    ])
  })

  it("puts a thousand commands that wait into a few commits", async () => {
    const log: Array<string> = []
    const { store } = slowStore(log)
    const world = newWorld("memory", store)
    const note = task("note", () => null)
    const scheduler = await world.start({ tasks: [note] })
    const trigger = date(midnight + minute)
    await Promise.all(
      Array.from({ length: 1000 }, (_, index) => scheduler.addJob({ id: `j${index}`, task: note, trigger }))
    )
    expect(log.length).toBeLessThan(10)
    await world.clock.advance(2 * minute)
    expect((await scheduler.getJobs({ state: "done" })).length).toBe(1000)
  })

  it("an outcome that is not on disk is not told, and settled() waits for it", async () => {
    const log: Array<string> = []
    const { store, hold } = slowStore(log)
    const world = newWorld("memory", store)
    const note = task("note", () => "done")
    const scheduler = await world.start({ tasks: [note] })
    await scheduler.addJob({ id: "a", task: note, trigger: date(midnight + minute) })
    let release = (): void => undefined
    scheduler.on("RunStarted", () => {
      release = hold()
    })
    const run = await scheduler.runJob("a")
    let settled = false
    const waiting = run.settled().then((record) => {
      settled = true
      return record
    })
    await world.clock.advance(second)
    expect([settled, world.events.some(({ type }) => type === "RunSucceeded")]).toEqual([false, false])
    release()
    await world.clock.settle()
    expect((await waiting).result).toBe("done")
  })
})
