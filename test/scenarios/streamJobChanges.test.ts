/** A value of a stream meets only a job that is that stream's when its commit is made, and no run is dated ahead of the clock. */
import { Effect } from "effect"
import { Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { interval, StoreUnavailable, stream, task } from "../../src/index.ts"
import type { JobOptions, JobStore, Scheduler } from "../../src/index.ts"
import type { StoreBatch } from "../../src/store/jobStore.ts"
import { faultyStore } from "./faultyStore.ts"
import { midnight, newWorld, second, storeOf } from "./world.ts"

const unavailable = (): StoreUnavailable =>
  new StoreUnavailable({ store: "test", operation: "a call", cause: "injected" })

/** A job of stream `a`, whose store goes away; values wait behind a command. */
const scene = async (options: JobOptions = {}) => {
  const faulty = faultyStore(storeOf("memory"))
  const commits: Array<StoreBatch> = []
  const open: JobStore["open"] = (owner) =>
    Effect.map(faulty.store.open(owner), (opened) => ({
      ...opened,
      commit: (sequence, batch) => {
        commits.push(batch)
        return opened.commit(sequence, batch)
      }
    }))
  const world = newWorld("memory", { ...faulty.store, open })
  const [a, b] = [new Subject<unknown>(), new Subject<unknown>()]
  const seen: Array<unknown> = []
  const record = task("record", ({ args }) => void seen.push(args))
  const scheduler = await world.start({ tasks: [record], streams: { a, b }, commandTimeout: null })
  const definition = { id: "j", task: "record", args: { own: 1 }, overlap: "queue-all", ...options } as const
  await scheduler.addJob({ ...definition, trigger: stream("a") })
  await world.clock.advance(second)
  faulty.fail("before", unavailable)
  // Something is under way, so that all else waits behind it.
  const behind = scheduler.addJob({ id: "other", task: "record", trigger: interval("1 day") })
  return { ...world, scheduler, a, b, seen, definition, behind, commits, heal: () => faulty.heal() }
}

type Scene = Awaited<ReturnType<typeof scene>>

const changes: ReadonlyArray<{
  readonly name: string
  readonly change: (scheduler: Scheduler, definition: Scene["definition"]) => Promise<unknown>
}> = [
  { name: "rescheduleJob", change: (scheduler) => scheduler.rescheduleJob("j", interval("1 second")) },
  { name: "modifyJob", change: (scheduler) => scheduler.modifyJob("j", { trigger: interval("1 second") }) },
  {
    name: "addJob with replace",
    change: (scheduler, definition) =>
      scheduler.addJob({ ...definition, trigger: interval("1 second"), ifExists: "replace" })
  },
  {
    name: "removeJob and addJob",
    change: (scheduler, definition) =>
      Promise.all([scheduler.removeJob("j"), scheduler.addJob({ ...definition, trigger: interval("1 second") })])
  }
]

describe("values of a stream that wait", () => {
  it.each(changes)("do not reach the job after $name to another trigger", async ({ change }) => {
    const { scheduler, a, seen, definition, behind, heal, clock } = await scene()
    const changed = change(scheduler, definition)
    await clock.settle()
    for (let value = 0; value < 5; value++) a.next(value)
    heal()
    await clock.advance(10 * second)
    await Promise.all([changed, behind])
    seen.length = 0
    await clock.advance(5 * second)
    expect(seen).toEqual(Array.from({ length: 5 }, () => ({ own: 1 })))
    const record = (await scheduler.getJob("j"))?.record
    expect(record?.nextFireAt).toBeGreaterThan(clock.now())
    expect(record?.nextFireAt).toBeLessThanOrEqual(clock.now() + second)
    expect((await scheduler.getRuns({ jobId: "j" })).every(({ fireAt, claimedAt }) => fireAt <= claimedAt)).toBe(true)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("of one stream do not reach a job that was moved to another", async () => {
    const { scheduler, a, b, seen, behind, heal, clock } = await scene()
    const moved = scheduler.rescheduleJob("j", stream("b"))
    await clock.settle()
    a.next("of a")
    heal()
    await clock.advance(10 * second)
    await Promise.all([moved, behind])
    b.next("of b")
    a.next("of a again")
    await clock.advance(second)
    expect(seen).toEqual([{ own: 1, value: "of b" }])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("reach a job that is the stream's still, in their order", async () => {
    const { a, seen, behind, heal, clock } = await scene()
    for (let value = 0; value < 5; value++) a.next(value)
    heal()
    await clock.advance(10 * second)
    await behind
    expect(seen).toEqual([0, 1, 2, 3, 4].map((value) => ({ own: 1, value })))
  })

  it("are bounded while the store is away, and those beyond are in the ledger", async () => {
    const { scheduler, a, seen, behind, heal, clock } = await scene({ maxInstances: 10_000 })
    for (let value = 0; value < 5000; value++) a.next(value)
    heal()
    await clock.advance(60 * second)
    await behind
    const ledger = await scheduler.getLedger({ jobId: "j" })
    expect(ledger.map(({ reason, count }) => [reason, count])).toEqual([["queueFull", 4000]])
    expect(seen).toHaveLength(1000)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("are bounded by bytes too, and go into commits of a megabyte", async () => {
    const { scheduler, a, seen, behind, heal, clock, commits } = await scene({ maxInstances: 10_000 })
    const large = { text: "x".repeat(900_000) }
    for (let value = 0; value < 30; value++) a.next(large)
    a.next("small")
    heal()
    await clock.advance(60 * second)
    await behind
    // Ten million characters of eleven of them.
    expect(seen).toHaveLength(12)
    expect(seen.at(-1)).toEqual({ own: 1, value: "small" })
    const ledger = await scheduler.getLedger({ jobId: "j" })
    expect(ledger.map(({ reason, count }) => [reason, count])).toEqual([["queueFull", 19]])
    const claimed = commits.map(({ claims }) => claims.reduce((sum, { args }) => sum + (args?.length ?? 0), 0))
    expect(Math.max(...claimed)).toBeLessThan(1_000_000)
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("past their grace are each in the ledger, one millisecond's too, and are no contradiction", async () => {
    const world = newWorld("memory")
    const fast = new Subject<number>()
    const scheduler = await world.start({
      tasks: [task("slow", () => world.clock.wait("1 minute"))],
      streams: { fast }
    })
    const rules = { overlap: "queue-all", misfireGrace: "1 second" } as const
    await scheduler.addJob({ id: "j", task: "slow", trigger: stream("fast"), ...rules })
    for (let n = 0; n < 3; n++) fast.next(n)
    await world.clock.advance("2 minutes")
    expect((await scheduler.getLedger({ jobId: "j" })).map(({ reason }) => reason)).toEqual(["late", "late"])
    expect((await scheduler.verify()).violations).toEqual([])
    await scheduler.rescheduleJob("j", interval("1 hour"))
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("are not claimed for once the scheduler is paused", async () => {
    const { scheduler, a, seen, behind, heal, clock } = await scene()
    a.next(1)
    scheduler.pause()
    heal()
    await clock.advance(30 * second)
    await behind
    expect(seen).toEqual([])
    expect((await scheduler.getLedger({ jobId: "j" })).map(({ reason }) => reason)).toEqual(["withdrawn"])
  })
})

describe("a stream that is faster than the clock", () => {
  it.each(["skip", "queue-one", "queue-all", "cancel-running"] as const)(
    "dates no run ahead of it, with overlap %s",
    async (overlap) => {
      const world = newWorld("memory")
      const fast = new Subject<number>()
      const scheduler = await world.start({
        tasks: [task("slow", () => world.clock.wait("1 milli"))],
        streams: { fast }
      })
      await scheduler.addJob({ id: "j", task: "slow", trigger: stream("fast"), overlap })
      // 20 a millisecond.
      for (let ms = 0; ms < 100; ms++) {
        for (let n = 0; n < 20; n++) fast.next(n)
        await world.clock.advance("1 milli")
      }
      await world.clock.advance("1 minute")
      const runs = await scheduler.getRuns({ jobId: "j", limit: 10_000 })
      expect(
        runs.filter(({ fireAt, claimedAt, startedAt }) => fireAt > claimedAt || fireAt > (startedAt ?? 0))
      ).toEqual([])
      expect(runs.every(({ fireAt }) => fireAt < midnight + 100)).toBe(true)
      const misfires = await scheduler.getLedger({ jobId: "j", limit: 10_000 })
      expect(runs.length + misfires.reduce((sum, { count }) => sum + count, 0)).toBe(2000)
      const { nextFireAt } = await scheduler.rescheduleJob("j", interval("1 hour"))
      expect(nextFireAt).toBe(world.clock.now() + 3_600_000)
      expect((await scheduler.verify()).violations).toEqual([])
    }
  )

  it("has requests of one millisecond told apart without one", async () => {
    const world = newWorld("memory")
    const seen: Array<unknown> = []
    const scheduler = await world.start({ tasks: [task("t", ({ args }) => void seen.push(args))] })
    await scheduler.addJob({ id: "j", task: "t", paused: true, overlap: "queue-all" })
    const runs = await Promise.all([1, 2, 3].map((args) => scheduler.runJob("j", { args })))
    await world.clock.settle()
    expect(new Set(runs.map(({ runId }) => runId)).size).toBe(3)
    expect((await scheduler.getRuns()).map(({ fireAt }) => fireAt)).toEqual([midnight, midnight, midnight])
    expect(seen).toEqual([1, 2, 3])
  })
})
