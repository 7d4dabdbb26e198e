/** Events that are sent to runs, when something comes in between: a crash, a store that is away, a machine that is just being put away. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { inProcess, StoreUnavailable, task } from "../../src/index.ts"
import { pick, randomFrom } from "../processes/kill/killPlan.ts"
import { busy, close, collector, ended, item, sendAll } from "./collector.ts"
import { faultyStore } from "./faultyStore.ts"
import { addJob, Lives, once, run } from "./orders.ts"
import { tamper } from "./tamper.ts"
import { day, hour, minute, newWorld, second, storeKinds, storeOf } from "./world.ts"

const away = (operation: string) => new StoreUnavailable({ store: "test", operation, cause: "gone" })

describe.each(storeKinds)("with the %s store, an event that was sent to a run", (kind) => {
  it("comes again after a crash before its step was saved, and is taken in once all the same", async () => {
    const faulty = faultyStore(storeOf(kind))
    const world = newWorld(kind, faulty.store)
    const lives = new Lives()
    const tasks = () => [task("collector", collector(busy, lives.next()))]
    await world.start({ tasks: tasks() })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    faulty.fail("before", (_call, name) => (name === "commit" && lives.done.length > 0 ? away(name) : null))
    await sendAll(world, item("a"))
    expect([lives.done, faulty.failed]).toEqual([["a"], ["commit"]])
    await world.crash()
    faulty.heal()
    await world.start({ tasks: tasks() })
    await world.clock.advance(minute)
    expect(lives.done).toEqual(["a", "a"])
    await world.crash()
    await world.start({ tasks: tasks() })
    await world.clock.advance(minute)
    // It was saved meanwhile: it does not come again.
    expect(lives.done).toEqual(["a", "a"])
    await sendAll(world, close)
    expect((await run(world)).result).toEqual(["a"])
  })

  it("comes again after an attempt that failed of it, as often as the job's rules allow", async () => {
    const world = newWorld(kind)
    let tries = 0
    const machine = collector(busy, () => {
      tries += 1
      if (tries < 3) throw new Error("not yet")
    })
    await world.start({ tasks: [task("collector", machine)] })
    await addJob(world, "collector", { retry: { attempts: 5, backoff: "1 hour" } })
    await world.clock.advance(minute)
    await sendAll(world, item(1))
    await sendAll(world, item(2))
    await world.clock.advance(minute)
    // A further event does not cut its backoff short.
    expect(tries).toBe(1)
    await world.clock.advance(day)
    await sendAll(world, close)
    expect(ended(await run(world))).toEqual(["succeeded", [1, 2], 3])
  })

  it("is not lost when its machine is just being put away", async () => {
    const world = newWorld(kind)
    await world.start({ tasks: [task("collector", collector())] })
    await addJob(world, "collector")
    await world.clock.advance(hour)
    const { runId } = await run(world)
    for (let n = 0; n < 20; n++) {
      await world.scheduler.sendToRun(runId, item(n))
      // Some come while the attempt begins, some while it ends, some while it is written.
      for (let turns = 0; turns < n; turns++) await Promise.resolve()
    }
    await world.clock.advance(minute)
    await sendAll(world, close)
    await world.clock.advance(minute)
    const { outcome, result } = await run(world)
    expect([outcome, result]).toEqual(["succeeded", Array.from({ length: 20 }, (_, n) => n)])
  })

  it("is refused whole when the store is away, and was not there", async () => {
    const faulty = faultyStore(storeOf(kind))
    const world = newWorld(kind, faulty.store)
    const lives = new Lives()
    await world.start({ tasks: [task("collector", collector(busy, lives.next()))], commandTimeout: "10 seconds" })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    const { runId } = await run(world)
    faulty.fail("before", (_call, name) => (name.startsWith("commit") ? away(name) : null))
    const sent = world.scheduler.sendToRun(runId, item(1))
    sent.catch(() => undefined)
    await world.clock.advance(minute)
    faulty.heal()
    await world.clock.advance(5 * minute)
    await expect(sent).rejects.toMatchObject({ _tag: "StoreUnavailable" })
    expect(lives.done).toEqual([])
    await sendAll(world, item(2), close)
    expect((await run(world)).result).toEqual([2])
  })

  it("whose answer was lost is there once", async () => {
    const faulty = faultyStore(storeOf(kind))
    const world = newWorld(kind, faulty.store)
    await world.start({ tasks: [task("collector", collector())] })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    faulty.fail("after", (call, name) => (name === "commit" && call < 3 ? away(name) : null))
    const sent = world.scheduler.sendToRun((await run(world)).runId, item(1))
    await world.clock.advance(5 * minute)
    await sent
    await sendAll(world, close)
    await world.clock.advance(minute)
    expect((await run(world)).result).toEqual([1])
  })

  it("waits for whoever knows the task, where it is not registered", async () => {
    const world = newWorld(kind)
    const tasks = [task("collector", collector())]
    await world.start({ tasks })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    await world.start({ tasks: [] })
    await sendAll(world, item(1))
    await world.clock.advance(day)
    await world.start({ tasks })
    await world.clock.advance(minute)
    await sendAll(world, close)
    await world.clock.advance(minute)
    expect(ended(await run(world))).toEqual(["succeeded", [1], 3])
  })

  it("waits for the next tagged state, and comes again with what led there", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    // Its only state is entered once.
    const tasks = () => [task("collector", collector(busy, lives.next()), { checkpoint: "tagged" })]
    await world.start({ tasks: tasks() })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    await sendAll(world, item(1), item(2))
    await world.clock.advance(minute)
    await world.crash()
    await world.start({ tasks: tasks() })
    await world.clock.advance(minute)
    await sendAll(world, item(3), close)
    expect((await run(world)).result).toEqual([1, 2, 3])
    expect(lives.done).toEqual(["1", "2", "1", "2", "3"])
  })

  it("reaches one that its executor has not taken yet", async () => {
    const world = newWorld(kind)
    let end = (): void => undefined
    const long = task("long", () => new Promise<void>((done) => void (end = done)))
    const executors = { default: inProcess({ concurrency: 1, queue: 0 }) }
    await world.start({ tasks: [task("collector", collector()), long], executors })
    await world.scheduler.addJob({ id: "long", task: "long", trigger: once })
    const job = await world.scheduler.addJob({ id: "a", task: "collector", paused: true })
    await world.clock.advance(minute)
    const asked = job.run()
    await world.clock.settle()
    const handle = await asked
    const sent = Promise.all([handle.send(item(1)), handle.send(item(2))])
    await world.clock.settle()
    await sent
    end()
    await world.clock.advance(second)
    const closed = handle.send(close)
    await world.clock.settle()
    await closed
    await world.clock.advance(second)
    expect((await handle.settled()).result).toEqual([1, 2])
  })

  it("whose text is damaged is left out, and told of", async () => {
    const world = newWorld(kind)
    const tasks = [task("collector", collector())]
    await world.start({ tasks })
    await addJob(world, "collector")
    await world.clock.advance(minute)
    await sendAll(world, item(1))
    await world.clock.advance(minute)
    const { runId, attempt } = await run(world)
    await world.crash()
    const messages = [5, 6].map((number) => ({ runKey: Number(runId), number, text: number === 5 ? "{" : `"paid"` }))
    await tamper(world.store, () => Effect.succeed({ messages }))
    await world.start({ tasks })
    await sendAll(world, item(2))
    await world.clock.advance(day)
    expect(world.reported).toHaveLength(2)
    // Nothing keeps it from being put away.
    expect((await run(world)).attempt).toBe(attempt + 1)
    await sendAll(world, close)
    await world.clock.advance(minute)
    expect((await run(world)).result).toEqual([1, 2])
  })
})

describe("under crashes and stops at any moment", () => {
  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    "what was acknowledged is taken in once, in its order: seed %i",
    async (seed) => {
      const random = randomFrom(seed)
      const world = newWorld(seed % 10 === 0 ? "sqlite" : "memory")
      const work = random() < 0.5 ? busy : {}
      const options = random() < 0.3 ? ({ checkpoint: "tagged" } as const) : {}
      const start = () => world.start({ tasks: [task("collector", collector(work), options)] })
      await start()
      await addJob(world, "collector")
      await world.clock.advance(second)
      const { runId } = await run(world)
      const acknowledged: Array<number> = []
      let n = 0
      for (let life = 0; life < 12; life++) {
        for (let each = Math.floor(random() * 6); each > 0; each--) {
          const own = n++
          world.scheduler.sendToRun(runId, item(own)).then(
            () => acknowledged.push(own),
            () => undefined
          )
          for (let turns = Math.floor(random() * 12); turns > 0; turns--) await Promise.resolve()
          if (random() < 0.4) await world.clock.settle()
          if (random() < 0.2) await world.clock.advance(pick(random, [1, second, hour]))
        }
        if (random() < 0.5) await world.crash()
        await start()
        if ((await world.scheduler.getJob("a"))?.pausedBy === "fault") await world.scheduler.resumeJob("a")
        if (random() < 0.7) await world.clock.advance(pick(random, [1, second, hour]))
      }
      await world.clock.advance(day)
      await sendAll(world, close)
      await world.clock.advance(day)
      const { outcome, result } = await run(world)
      expect(outcome).toBe("succeeded")
      const got = result as ReadonlyArray<number>
      expect(got).toEqual([...new Set(got)].sort((a, b) => a - b))
      expect(got).toEqual(expect.arrayContaining(acknowledged))
      expect((await world.scheduler.verify()).violations).toEqual([])
    }
  )
})
