/** Jobs that are added together: in slices, a few of them on their way at a time. */
import { onTestFinished, describe, expect, it } from "vitest"
import { interval, memory, task } from "../../src/index.ts"
import { StoreUnavailable } from "../../src/store/storeError.ts"
import { faultyStore } from "../scenarios/faultyStore.ts"
import { minute, newWorld } from "../scenarios/world.ts"

const quiet = task("quiet", () => null)
const away = new StoreUnavailable({ store: "memory", operation: "commit", cause: "away" })
const jobs = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `j${index}`, task: quiet, trigger: interval("1 hour") }))

describe("addJobs of many jobs", () => {
  it("gives a handle for each, in the order given, over several stores", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet], stores: { other: memory() } })
    const given = jobs(3_000).map((job, index) => (index % 700 < 400 ? job : { ...job, store: "other" }))
    const handles = await scheduler.addJobs(given)
    expect(handles.map(({ id }) => id)).toEqual(given.map(({ id }) => id))
  })

  it("fails once when the store is away for longer than commands wait, and submits no further slice", async () => {
    const unhandled: Array<unknown> = []
    const note = (error: unknown): void => void unhandled.push(error)
    process.on("unhandledRejection", note)
    onTestFinished(() => void process.off("unhandledRejection", note))
    const faulty = faultyStore(memory())
    const world = newWorld("memory", faulty.store)
    const scheduler = await world.start({ tasks: [quiet] })
    faulty.fail("before", (_call, name) => (name === "commit" || name === "committed" ? away : null))
    const answer = expect(scheduler.addJobs(jobs(256 * 20))).rejects.toMatchObject({ _tag: "StoreUnavailable" })
    await world.clock.advance(minute)
    faulty.heal()
    await world.clock.advance(minute)
    await answer
    expect(unhandled).toEqual([])
    expect(await scheduler.getJobs()).toEqual([])
  })
})
