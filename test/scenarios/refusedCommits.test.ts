/** A store that refuses a commit for what is in it: the one whose part it is hears of it, and nobody else. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { date, inProcess, interval, StoreConflict, task } from "../../src/index.ts"
import type { JobStore } from "../../src/index.ts"
import type { StoreBatch } from "../../src/store/jobStore.ts"
import { faultyStore } from "./faultyStore.ts"
import { midnight, minute, newWorld, second, storeOf, firstRunId } from "./world.ts"

const quiet = task("quiet", () => null)

/** Refuses commits by what is in them. Jobs have keys from 1, in the order in which they are added. */
const pickyStore = () => {
  const inner = storeOf("memory")
  const mood = { refuses: (_batch: StoreBatch): boolean => false, asked: 0 }
  const store: JobStore = {
    description: inner.description,
    open: (owner) =>
      Effect.map(inner.open(owner), (opened) => ({
        ...opened,
        commit: (sequence, batch) =>
          Effect.suspend(() => {
            mood.asked += 1
            return mood.refuses(batch)
              ? Effect.fail(new StoreConflict({ store: "picky", cause: "injected" }))
              : opened.commit(sequence, batch)
          })
      }))
  }
  return { store, mood }
}

describe("a commit that contradicts what is stored", () => {
  it("fails the command that it belongs to and no other", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const world = newWorld("memory", faulty.store)
    const scheduler = await world.start({ tasks: [quiet] })
    const conflict = new StoreConflict({ store: "test", cause: "injected" })
    // The first commit holds all three; then they go one by one, and the second of them is refused again.
    let commits = 0
    faulty.fail("before", (_call, name) => (name === "commit" && [1, 3].includes(++commits) ? conflict : null))
    const trigger = date(midnight + minute)
    const added = await Promise.allSettled(["a", "b", "c"].map((id) => scheduler.addJob({ id, task: quiet, trigger })))
    expect(added.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"])
    faulty.heal()
    await world.clock.advance(2 * minute)
    expect((await scheduler.getJobs()).map(({ id, runCount }) => [id, runCount])).toEqual([
      ["a", 1],
      ["c", 1]
    ])
  })

  it("parks the due job that it belongs to, and a command beside it goes through", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const world = newWorld("memory", faulty.store)
    const scheduler = await world.start({ tasks: [quiet] })
    for (const id of ["a", "b"]) await scheduler.addJob({ id, task: quiet, trigger: date(midnight + minute) })
    const conflict = new StoreConflict({ store: "test", cause: "injected" })
    await world.clock.advance(minute - second)
    let commits = 0
    // Refused: all that is due with the command, the command's turn passes, then the first due job alone.
    faulty.fail("before", (_call, name) => (name === "commit" && [1, 3].includes(++commits) ? conflict : null))
    world.clock.stepWall(second)
    const added = scheduler.addJob({ id: "c", task: quiet, trigger: date(midnight + 2 * minute) })
    await world.clock.advance(minute)
    await added
    faulty.heal()
    await world.clock.advance(2 * minute)
    const jobs = await scheduler.getJobs()
    expect(Object.fromEntries(jobs.map(({ id, state, runCount }) => [id, [state, runCount]]))).toEqual({
      a: ["paused", 0],
      b: ["done", 1],
      c: ["done", 1]
    })
  })

  it("parks no job of another executor that is due at the same time", async () => {
    const { store, mood } = pickyStore()
    const world = newWorld("memory", store)
    const scheduler = await world.start({ tasks: [quiet], executors: { default: inProcess(), second: inProcess() } })
    const trigger = interval("1 hour", { start: midnight + minute })
    for (const id of ["a", "b", "c"]) await scheduler.addJob({ id, task: quiet, trigger })
    await scheduler.addJob({ id: "bad", task: quiet, trigger, executor: "second" })
    mood.refuses = ({ claims }) => claims.some(({ jobKey }) => jobKey === 4)
    await world.clock.advance(2 * minute)
    expect((await scheduler.getJobs()).map(({ id, state, fault }) => [id, state, fault?.kind])).toEqual([
      ["a", "scheduled", undefined],
      ["b", "scheduled", undefined],
      ["c", "scheduled", undefined],
      ["bad", "paused", "unreadable"]
    ])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("passes over a job that cannot even be parked, and looks at it again after a minute", async () => {
    const { store, mood } = pickyStore()
    const world = newWorld("memory", store)
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "bad", task: quiet, trigger: date(midnight + second) })
    await scheduler.addJob({ id: "good", task: quiet, trigger: interval("1 second", { start: midnight + second }) })
    mood.refuses = ({ states }) => states.some(({ key }) => key === 1)
    mood.asked = 0
    await world.clock.advance(30 * second)
    expect((await scheduler.getJob("good"))?.runCount).toBe(30)
    expect(mood.asked).toBeLessThan(100)
    expect(world.reported).toMatchObject([{ _tag: "StoreConflict" }])
    expect((await scheduler.status()).reported).toMatchObject({
      count: 1,
      where: expect.stringContaining('"bad"') as string
    })
    mood.refuses = () => false
    await world.clock.advance(minute)
    expect(await scheduler.getJob("bad")).toMatchObject({ state: "done", runCount: 1 })
    expect((await scheduler.verify()).violations).toEqual([])
  })
})

it("an outcome that the store refuses for ever is told, and its run is interrupted at the next start", async () => {
  const { store, mood } = pickyStore()
  const world = newWorld("memory", store)
  const scheduler = await world.start({ tasks: [quiet] })
  mood.refuses = ({ settled }) => settled.length > 0
  await scheduler.addJob({ id: "a", task: quiet, trigger: date(midnight), onInterrupted: "skip" })
  await world.clock.advance(second)
  expect(world.reported).toMatchObject([{ _tag: "StoreConflict" }])
  expect((await scheduler.status()).reported).toMatchObject({ where: `the outcome of run "${firstRunId}" of job "a"` })
  mood.refuses = () => false
  await world.start({ tasks: [quiet] })
  expect(await world.scheduler.getRuns()).toMatchObject([{ outcome: "interrupted" }])
})

describe("a commit that dies of a defect", () => {
  it("ends the scheduler, and who gave a command hears of it", async () => {
    const { store, mood } = pickyStore()
    const world = newWorld("memory", store)
    const scheduler = await world.start({ tasks: [quiet] })
    await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 hour") })
    mood.refuses = () => {
      throw new Error("a bug of the driver")
    }
    await expect(scheduler.addJob({ id: "b", task: quiet })).rejects.toThrow("a bug of the driver")
    await world.clock.settle()
    expect((await scheduler.status()).state).toBe("stopped")
  })
})
