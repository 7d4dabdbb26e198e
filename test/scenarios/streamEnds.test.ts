/** Streams that end: one that completes ends its jobs, one that fails is tried again and says so. Long for the many ways to end. */
import { concat, defer, EMPTY, NEVER, of, Subject, throwError } from "rxjs"
import { describe, expect, it } from "vitest"
import { StoreUnavailable, stream, task } from "../../src/index.ts"
import type { Scheduler } from "../../src/index.ts"
import { faultyStore } from "./faultyStore.ts"
import { midnight, minute, newWorld, second, shortLedger, shortRuns, sleepOn, storeKinds, storeOf } from "./world.ts"

const noop = task("noop", () => null)
const stateOf = async (scheduler: Scheduler, id = "a") => (await scheduler.getJob(id))?.record.state
const fails = (message: string) => throwError(() => new Error(message))

describe.each(storeKinds)("a stream that completes, in the %s store", (kind) => {
  it("ends its jobs, once what it gave has run", async () => {
    const world = newWorld(kind)
    const seen: Array<unknown> = []
    const slow = task("slow", async ({ args }) => {
      await sleepOn(world.clock, second)
      seen.push(args)
    })
    const values = new Subject<number>()
    const scheduler = await world.start({ tasks: [slow], streams: { once: values } })
    await scheduler.addJob({ id: "a", task: "slow", trigger: stream("once"), overlap: "queue-all" })
    for (const value of [1, 2, 3]) values.next(value)
    values.complete()
    await world.clock.settle()
    expect(await stateOf(scheduler)).toBe("running")
    await world.clock.advance(3 * second)
    expect(seen).toEqual([{ value: 1 }, { value: 2 }, { value: 3 }])
    expect((await scheduler.getJob("a"))?.record).toMatchObject({
      state: "done",
      nextFireAt: null,
      stream: { name: "once", state: "completed", since: midnight }
    })
    expect(world.events.map(({ type }) => type).filter((type) => /^(Stream|JobDone)/.test(type))).toEqual([
      "StreamCompleted",
      "JobDone"
    ])
    expect((await scheduler.status()).streams).toMatchObject([{ name: "once", state: "completed" }])
    expect((await scheduler.explain("a", midnight + minute)).sentence).toContain(
      "it has completed at 2026-01-01T00:00:00"
    )
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("leaves jobs that are done alone at a restart, and one that is added again while its stream is open begins anew", async () => {
    const world = newWorld(kind)
    const plan = { tasks: [noop], streams: { once: of(1, 2) } }
    const declared = {
      id: "a",
      task: "noop",
      trigger: stream("once"),
      overlap: "queue-all",
      ifExists: "replace"
    } as const
    const before = await world.start({ tasks: [noop], streams: { once: NEVER } })
    await before.addJob(declared)
    await before.addJob({ ...declared, id: "b", ifExists: "keep" })
    for (const life of ["first", "second", "third"]) {
      const scheduler = await world.start(plan)
      await world.clock.settle()
      expect([life, (await scheduler.getRuns({ jobId: "a" })).length]).toEqual([life, 2])
      expect([await stateOf(scheduler), await stateOf(scheduler, "b")]).toEqual(["done", "done"])
    }
    const again = await world.start({ tasks: [noop], streams: { once: NEVER } })
    await again.addJob(declared)
    expect([await stateOf(again), await stateOf(again, "b")]).toEqual(["scheduled", "done"])
    expect((await again.verify()).violations).toEqual([])
  })

  it("gives its values at every start to a job that is declared beside its task", async () => {
    const world = newWorld(kind)
    const seen: Array<unknown> = []
    const declared = task("declared", ({ args }) => void seen.push(args)).scheduled(stream("once"), {
      overlap: "queue-all"
    })
    for (const life of [1, 2]) {
      const scheduler = await world.start({ tasks: [declared], streams: { once: of(life) } })
      await world.clock.settle()
      expect([await stateOf(scheduler, "declared"), seen]).toEqual([
        "done",
        [{ value: 1 }, { value: 2 }].slice(0, life)
      ])
      expect((await scheduler.verify()).violations).toEqual([])
    }
  })
})

describe("a stream that completes", () => {
  it("ends its jobs after an outage of the store, with every value run", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const world = newWorld("memory", faulty.store)
    const values = new Subject<number>()
    const scheduler = await world.start({ tasks: [noop], streams: { once: values } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: stream("once"), overlap: "queue-all" })
    faulty.fail("before", () => new StoreUnavailable({ store: "test", operation: "a call", cause: "injected" }))
    for (let value = 0; value < 500; value += 1) values.next(value)
    values.complete()
    await world.clock.advance(5 * second)
    faulty.heal()
    await world.clock.advance(minute)
    expect((await scheduler.getJob("a"))?.record).toMatchObject({ state: "done", runCount: 500 })
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("ends what it gave nothing, what is paused when that is resumed, and what waits for its task", async () => {
    const world = newWorld("memory")
    const values = new Subject<number>()
    const streams = { once: values }
    const first = await world.start({ tasks: [noop, task("away", () => null)], streams })
    for (const [id, name] of [
      ["idle", "noop"],
      ["paused", "noop"],
      ["waits", "away"]
    ] as const)
      await first.addJob({ id, task: name, trigger: stream("once") })
    await first.pauseJob("paused")
    const scheduler = await world.start({ tasks: [noop], streams })
    values.next(1)
    await world.clock.advance(second)
    values.complete()
    await world.clock.settle()
    const states = async () => Promise.all(["idle", "paused", "waits"].map((id) => stateOf(scheduler, id)))
    expect(await states()).toEqual(["done", "paused", "scheduled"])
    await scheduler.resumeJob("paused")
    await scheduler.addTask(task("away", () => null))
    await world.clock.settle()
    expect(await states()).toEqual(["done", "done", "done"])
    expect((await scheduler.getRuns()).map(({ jobId }) => jobId).toSorted()).toEqual(["idle", "waits"])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("takes no further job, and one that is stated again is done", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [noop], streams: { once: of(1, 2) } })
    const job = { id: "a", task: "noop", trigger: stream("once") }
    await expect(scheduler.addJob(job)).rejects.toMatchObject({
      _tag: "InvalidJobError",
      field: "trigger",
      found: 'stream "once", which has completed'
    })
    await scheduler.addJob({ ...job, ifExists: "replace" })
    await scheduler.addJob({ ...job, ifExists: "replace" })
    expect(await stateOf(scheduler)).toBe("done")
    expect(world.events.filter(({ type }) => type.startsWith("Job")).map(({ type }) => type)).toEqual([
      "JobAdded",
      "JobDone"
    ])
  })

  it("gives its name to another: jobs that are done stay so until they are added again", async () => {
    const world = newWorld("memory")
    const [first, second$] = [new Subject<number>(), new Subject<number>()]
    const scheduler = await world.start({ tasks: [noop], streams: { once: first } })
    const job = { id: "a", task: "noop", trigger: stream("once"), ifExists: "replace" } as const
    await scheduler.addJob(job)
    await expect(scheduler.addStream("once", second$)).rejects.toMatchObject({ _tag: "NameTakenError" })
    first.complete()
    await world.clock.settle()
    await scheduler.addStream("once", second$)
    expect((await scheduler.status()).streams).toMatchObject([{ name: "once", state: "open" }])
    second$.next(1)
    await world.clock.settle()
    expect([await stateOf(scheduler), (await scheduler.getRuns()).length]).toEqual(["done", 0])
    await scheduler.addJob(job)
    second$.next(2)
    await world.clock.settle()
    expect([await stateOf(scheduler), (await scheduler.getRuns()).length]).toEqual(["scheduled", 1])
    expect((await scheduler.verify()).violations).toEqual([])
  })

  it("does not end a job whose end no commit has said when another stream takes the name", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const world = newWorld("memory", faulty.store)
    const [first, next$] = [new Subject<number>(), new Subject<number>()]
    const scheduler = await world.start({ tasks: [noop], streams: { once: first } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: stream("once"), overlap: "queue-all" })
    faulty.fail("before", () => new StoreUnavailable({ store: "test", operation: "a call", cause: "injected" }))
    first.next(1)
    first.complete()
    await world.clock.advance(second)
    await scheduler.addStream("once", next$)
    faulty.heal()
    await world.clock.advance(minute)
    next$.next(2)
    await world.clock.advance(second)
    expect((await scheduler.getJob("a"))?.record).toMatchObject({ state: "scheduled", runCount: 2 })
  })
})

describe("a stream that fails", () => {
  it("is tried again later each time, up to every five minutes, and says so", async () => {
    const world = newWorld("memory")
    const subscribedAt: Array<number> = []
    const broken = defer(() => {
      subscribedAt.push((world.clock.unsafeCurrentTimeMillis() - midnight) / second)
      return fails("no route to host")
    })
    const scheduler = await world.start({ tasks: [noop], streams: { broken } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: stream("broken") })
    await world.clock.advance(30 * minute)
    expect(subscribedAt).toEqual([0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811, 1111, 1411, 1711])
    const failed = world.events.filter(({ type }) => type === "StreamFailed")
    expect(failed.length).toBe(subscribedAt.length)
    expect(failed[2]).toMatchObject({
      at: midnight + 3 * second,
      stream: "broken",
      failures: 3,
      error: { name: "Error", message: "no route to host" },
      retryAt: midnight + 7 * second
    })
    const status = {
      name: "broken",
      state: "failed",
      since: midnight + 1711 * second,
      failures: 14,
      error: { name: "Error", message: "no route to host" },
      retryAt: midnight + 2011 * second
    }
    expect((await scheduler.status()).streams).toEqual([status])
    expect((await scheduler.getJob("a"))?.record).toMatchObject({ state: "scheduled", stream: status })
    expect((await scheduler.explain("a", midnight + minute)).sentence).toBe(
      'Stream "broken" drives the job, and it emitted nothing at that instant; it has failed at 2026-01-01T00:28:31.000Z with Error: no route to host, for the 14th time in a row, and is subscribed to again at 2026-01-01T00:33:31.000Z.'
    )
    await scheduler.shutdown()
    await world.clock.advance(30 * minute)
    expect(subscribedAt.length).toBe(14)
  })

  it("recovers with its next value, and begins a new row once it has lasted for a minute", async () => {
    const world = newWorld("memory")
    const lives: Array<Subject<number>> = []
    const flaky = defer(() => {
      const life = new Subject<number>()
      lives.push(life)
      return life
    })
    const scheduler = await world.start({ tasks: [noop], streams: { flaky } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: stream("flaky") })
    const end = () => lives.at(-1)?.error(new Error("gone"))
    const row = async () => (await scheduler.status()).streams[0]?.failures
    end()
    await world.clock.advance(second)
    lives[1]?.next(1)
    await world.clock.advance(second)
    end()
    expect(await row()).toBe(2)
    await world.clock.advance(2 * second)
    lives[2]?.next(2)
    await world.clock.advance(minute)
    end()
    expect(await row()).toBe(1)
    await world.clock.advance(second)
    lives[3]?.complete()
    await world.clock.settle()
    const told = world.events.filter(({ type }) => type.startsWith("Stream")).map(({ type }) => type)
    const failure = ["StreamFailed", "StreamRecovered"]
    expect(told).toEqual([...failure, ...failure, "StreamFailed", "StreamCompleted"])
    expect(shortRuns(await scheduler.getRuns()).map(([, outcome]) => outcome)).toEqual(["succeeded", "succeeded"])
    expect(await stateOf(scheduler)).toBe("done")
  })

  it("is not tried every second when it fails behind each value", async () => {
    const world = newWorld("memory")
    let subscriptions = 0
    const failing = defer(() => {
      subscriptions += 1
      return concat(of(subscriptions), fails("closed"))
    })
    const scheduler = await world.start({ tasks: [noop], streams: { failing } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: stream("failing") })
    await world.clock.advance(5 * minute)
    expect(subscriptions).toBe(9)
    expect(await shortLedger(scheduler, "a")).toEqual([])
  })

  it("gives its name to another at once, and its jobs go on with that", async () => {
    const world = newWorld("memory")
    let subscriptions = 0
    const broken = defer(() => {
      subscriptions += 1
      return fails("broken")
    })
    const scheduler = await world.start({ tasks: [noop], streams: { s: broken } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: stream("s") })
    const values = new Subject<number>()
    await scheduler.addStream("s", values)
    values.next(1)
    await world.clock.advance(minute)
    expect([subscriptions, (await scheduler.getRuns()).length]).toEqual([1, 1])
    expect((await scheduler.status()).streams).toMatchObject([{ state: "open", failures: 0, error: null }])
  })

  it("may be given another by who listens to its failure", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [noop], streams: { s: fails("broken") } })
    scheduler.on("StreamFailed", () => void scheduler.addStream("s", EMPTY))
    await world.clock.advance(second)
    expect((await scheduler.status()).streams).toMatchObject([{ state: "completed" }])
    await expect(scheduler.addJob({ id: "late", task: "noop", trigger: stream("s") })).rejects.toMatchObject({
      field: "trigger"
    })
  })
})
