/** While the scheduler starts nothing, a run that ends makes room for nothing: what waits goes on waiting, on disk. */
import { describe, expect, it } from "vitest"
import { interval, task } from "../../src/index.ts"
import { midnight, newWorld, second, shortLedger, shortRuns, storeKinds } from "./world.ts"

describe.each(storeKinds)("with the %s store", (kind) => {
  /** The run of the first of four fire times is under way, the others wait. */
  const waiting = async () => {
    const world = newWorld(kind)
    const ends: Array<() => void> = []
    const slow = task("slow", () => new Promise<void>((resolve) => ends.push(resolve)))
    await world.start({ tasks: [slow] })
    await world.scheduler.addJob({
      id: "a",
      task: slow,
      trigger: interval("1 second", { start: midnight, end: midnight + 3 * second }),
      overlap: "queue-all"
    })
    await world.clock.advance(5 * second)
    return { world, slow, ends }
  }
  const made = async ({ scheduler }: Awaited<ReturnType<typeof waiting>>["world"]) =>
    shortRuns(await scheduler.getRuns()).map(([fireAt, outcome]) => [fireAt, outcome])

  it("a drain ends with the run under way, and the next start goes on with what waited", async () => {
    const { world, slow, ends } = await waiting()
    const stopped = world.scheduler.shutdown({ deadline: "1 hour" })
    await world.clock.advance(second)
    ends[0]?.()
    await world.clock.advance(second)
    await stopped
    expect(ends).toHaveLength(1)
    await world.start({ tasks: [slow], paused: true })
    expect(await made(world)).toEqual([[0, "succeeded"]])
    world.scheduler.resume()
    for (let run = 1; run < 4; run++) {
      await world.clock.advance(second)
      ends[run]?.()
    }
    await world.clock.advance(second)
    expect(new Set(await made(world))).toEqual(
      new Set([0, 1, 2, 3].map((fireAt) => [fireAt * second, "succeeded"] as const))
    )
    expect(await shortLedger(world.scheduler, "a")).toEqual([])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("a stop that waits for nothing uses up nothing of what waited", async () => {
    const { world, slow } = await waiting()
    await world.scheduler.modifyJob("a", { onInterrupted: "skip" })
    await world.scheduler.shutdown({ wait: false })
    await world.start({ tasks: [slow], paused: true })
    expect(await made(world)).toEqual([[0, "interrupted"]])
    expect((await world.scheduler.getJob("a"))?.record.queued).toBe(3)
  })

  it("a request waits while the scheduler is paused, and is claimed in its turn", async () => {
    const { world, ends } = await waiting()
    world.scheduler.pause()
    ends[0]?.()
    await world.clock.advance(second)
    const asked = world.scheduler.runJob("a")
    await world.clock.advance(second)
    expect((await world.scheduler.getRuns()).map(({ outcome }) => outcome)).toEqual(["succeeded"])
    expect((await world.scheduler.getJob("a"))?.record.queued).toBe(4)
    world.scheduler.resume()
    for (let run = 1; run < 5; run++) {
      await world.clock.advance(second)
      ends[run]?.()
    }
    const settled = await (await asked).settled()
    expect([settled.outcome, settled.requested]).toEqual(["succeeded", true])
    expect(await world.scheduler.getRuns()).toHaveLength(5)
  })

  it("calling off a run that waits for its next attempt, while the scheduler is paused, starts nothing", async () => {
    const { world, ends } = await waiting()
    await world.scheduler.modifyJob("a", { timeout: "1 second", retry: { attempts: 2, backoff: "1 hour" } })
    ends[0]?.()
    await world.clock.advance(5 * second)
    world.scheduler.pause()
    const run = (await world.scheduler.getRuns()).find(({ outcome }) => outcome === null)
    const cancelled = world.scheduler.cancelRun(run?.runId ?? "")
    await world.clock.advance(second)
    expect(await cancelled).toBe(true)
    expect((await world.scheduler.getRuns()).filter(({ outcome }) => outcome === null)).toEqual([])
    expect((await world.scheduler.getJob("a"))?.record.queued).toBe(2)
  })

  it("what waited past its grace misfires, and the job is as readable as before", async () => {
    const world = newWorld(kind)
    const ends: Array<() => void> = []
    const slow = task("slow", () => new Promise<void>((resolve) => ends.push(resolve)))
    await world.start({ tasks: [slow] })
    await world.scheduler.addJob({
      id: "a",
      task: slow,
      trigger: interval("1 second", { start: midnight }),
      overlap: "queue-all",
      misfireGrace: "2 seconds",
      maxRuns: 9
    })
    await world.clock.advance(5_500)
    world.scheduler.pause()
    ends[0]?.()
    await world.clock.advance(60 * second)
    // Each of them is late now, and so is every fire time since.
    await world.scheduler.modifyJob("a", { misfireGrace: 0 })
    world.scheduler.resume()
    await world.clock.settle()
    expect((await world.scheduler.getJob("a"))?.state).toBe("misfired")
    expect((await world.scheduler.verify()).violations).toEqual([])
    await world.crash()
    await world.start({ tasks: [slow], paused: true })
    const again = await world.scheduler.getJob("a")
    expect([again?.state, again?.record.fault]).toEqual(["misfired", null])
  })

  it("a pause of the scheduler holds it until it resumes", async () => {
    const { world, ends } = await waiting()
    world.scheduler.pause()
    ends[0]?.()
    await world.clock.advance(second)
    expect(ends).toHaveLength(1)
    expect((await world.scheduler.getJob("a"))?.record.queued).toBe(3)
    expect((await world.scheduler.verify()).violations).toEqual([])
    world.scheduler.resume()
    await world.clock.advance(second)
    expect(ends).toHaveLength(2)
  })
})
