/** Stops that come early, twice, or while something is on its way: each ends at the earliest instant that was asked for. */
import { Effect } from "effect"
import { describe, expect, it, onTestFinished } from "vitest"
import { createScheduler, interval, memory, SchedulerStoppedError, task } from "../../src/index.ts"
import type { JobStore, Scheduler, StoreBatch } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { virtualClock } from "../../src/testing.ts"
import type { VirtualClock } from "../../src/testing.ts"
import type { CallName } from "../scenarios/world.ts"
import { eachCall, gate, midnight, minute, newWorld, second, temporaryFile, firstRunId } from "../scenarios/world.ts"

const quiet = task("quiet", () => null)
const stoppedError = { _tag: "SchedulerStoppedError", verb: "start" }

describe("shutdown during start", () => {
  const make = (clock: VirtualClock, store: JobStore): Scheduler =>
    createScheduler({ clock, timezone: "UTC", tasks: [quiet], store, onError: () => undefined })

  /** Opens when the test lets it, or the call of this name then never answers. */
  const hangingStore = (at: CallName | "open") => {
    const closed: Array<string> = []
    const inner = memory()
    const store: JobStore = {
      description: "hanging",
      open: (owner) =>
        Effect.addFinalizer(() => Effect.sync(() => closed.push("closed"))).pipe(
          Effect.zipRight(at === "open" ? silence : inner.open(owner)),
          Effect.map((open) => eachCall(open, (name, call) => (name === at ? silence : call)))
        )
    }
    return { store, inner, closed }
  }

  it.each(["open", "orphans", "jobs", "commit"] as const)(
    "ends both at once, whatever the start waits for: %s",
    async (at) => {
      const clock = virtualClock(midnight)
      const { store, inner, closed } = hangingStore(at)
      const scheduler = make(clock, store)
      await scheduler.addJob({ id: "a", task: quiet, trigger: interval("1 minute") })
      const started = expect(scheduler.start()).rejects.toMatchObject(stoppedError)
      await clock.settle()
      await Promise.all([scheduler.shutdown(), scheduler.shutdown({ wait: false }), started])
      expect(closed).toEqual(["closed"])
      expect((await scheduler.status()).state).toBe("stopped")
      const next = make(clock, inner)
      await next.start()
      await next.shutdown()
    }
  )

  it("in the very turn of the start", async () => {
    const clock = virtualClock(midnight)
    const store = sqlite({ filename: temporaryFile() })
    for (const wait of [true, false]) {
      const scheduler = make(clock, store)
      const ended: Array<string> = []
      scheduler.events$.subscribe({ next: ({ type }) => ended.push(type), complete: () => ended.push("end") })
      const started = expect(scheduler.start()).rejects.toMatchObject(stoppedError)
      await Promise.all([scheduler.shutdown({ wait }), started])
      expect(ended).toEqual(["end"])
      await expect(scheduler.start()).rejects.toMatchObject(stoppedError)
    }
    const scheduler = make(clock, store)
    await scheduler.start()
    await scheduler.shutdown()
  })

  it.each(["memory", "sqlite"] as const)("ends the wait for a %s store that another has", async (kind) => {
    const clock = virtualClock(midnight)
    const store = kind === "memory" ? memory() : sqlite({ filename: temporaryFile() })
    const owner = make(clock, store)
    await owner.start()
    const scheduler = make(clock, store)
    const started = expect(scheduler.start({ waitForStore: "1 hour" })).rejects.toMatchObject(stoppedError)
    await clock.settle()
    await Promise.all([scheduler.shutdown(), started])
    await owner.shutdown()
  })

  it("who calls a start off without waiting for it leaves no unhandled rejection", async () => {
    const clock = virtualClock(midnight)
    const { store } = hangingStore("open")
    const scheduler = make(clock, store)
    const unhandled: Array<unknown> = []
    const listener = (reason: unknown): void => void unhandled.push(reason)
    process.on("unhandledRejection", listener)
    void scheduler.start()
    await scheduler.shutdown()
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", listener)
    expect(unhandled).toEqual([])
  })

  it("in each turn of the start: one of the two comes first, and nothing stays open", async () => {
    const clock = virtualClock(midnight)
    const store = memory()
    const outcomes = new Set<string>()
    for (let turns = 0; turns < 40; turns++) {
      const scheduler = make(clock, store)
      const started = scheduler.start().then(
        () => "started",
        (error: unknown) => (error instanceof SchedulerStoppedError ? "called off" : String(error))
      )
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      await scheduler.shutdown()
      outcomes.add(await started)
      expect(scheduler.actor.getSnapshot().value).toBe("stopped")
    }
    expect([...outcomes].toSorted()).toEqual(["called off", "started"])
  })

  it("a run that was asked for while jobs were declared is interrupted, and that is no crash", async () => {
    const clock = virtualClock(midnight)
    const store = memory()
    const held = task("held", () => new Promise(() => undefined))
    for (let life = 0; life < 4; life++) {
      const claimed = gate()
      const slow = throughCommits(store, (batch) =>
        batch.claims.length > 0 ? Effect.sync(() => claimed.open()) : Effect.void
      )
      const scheduler = createScheduler({ clock, tasks: [held], store: slow, onError: () => undefined })
      await scheduler.addJob({ id: `new-${life}`, task: held, paused: true, trigger: interval("1 hour") })
      const started = scheduler.start().catch((error: unknown) => error)
      if (life === 0) {
        scheduler.on("JobAdded", () => void scheduler.runJob("new-0").catch(() => undefined))
        await claimed.opened
      } else await clock.settle()
      await scheduler.shutdown({ wait: false })
      await started
    }
    const scheduler = createScheduler({ clock, tasks: [held], store })
    await scheduler.start({ paused: true })
    expect((await scheduler.getJobs({ fault: true })).map(({ id }) => id)).toEqual([])
    await scheduler.shutdown()
  })
})

describe("a second stop", () => {
  const running = async () => {
    const world = newWorld("memory")
    const held = task("held", () => new Promise(() => undefined))
    const scheduler = await world.start({ tasks: [held] })
    await scheduler.addJob({ id: "a", task: held })
    await world.clock.settle()
    const ended: Array<number> = []
    const stop = (options: Parameters<Scheduler["shutdown"]>[0]): void =>
      void scheduler.shutdown(options).then(() => ended.push(world.clock.now() - midnight))
    return { ...world, stop, ended }
  }

  it.each([
    ["shortens to what it asks for", [{ deadline: "1 minute" }, { deadline: "5 seconds" }], 5 * second],
    ["that is longer changes nothing", [{ deadline: "5 seconds" }, { deadline: "1 minute" }, {}], 5 * second],
    ["shortens one that is as good as endless", [{ deadline: "30 days" }, { deadline: "3 seconds" }], 3 * second],
    ["ends the first at once", [{ deadline: "1 minute" }, { wait: false }], 0],
    ["after one that does not wait changes nothing", [{ wait: false }, { deadline: "1 minute" }], 0],
    ["of no time at all is as one that does not wait", [{}, { deadline: 0 }], 0]
  ] as const)("%s", async (_what, stops, expectedMs) => {
    const { clock, stop, ended } = await running()
    for (const options of stops) stop(options)
    await clock.advance(2 * minute)
    expect(ended).toEqual(stops.map(() => expectedMs))
  })

  it("counts from when it is asked", async () => {
    const { clock, stop, ended } = await running()
    stop({ deadline: "1 minute" })
    await clock.advance(10 * second)
    stop({ deadline: "20 seconds" })
    await clock.advance(minute)
    expect(ended).toEqual([30 * second, 30 * second])
  })
})

describe("a stop while a claim is on its way to the disk", () => {
  const claiming = async (store: JobStore, clock = virtualClock(midnight)) => {
    const claimed = gate()
    const onDisk = gate()
    let holding = true
    onTestFinished(() => onDisk.open())
    const slow = throughCommits(store, (batch) => {
      if (batch.claims.length === 0 || !holding) return Effect.void
      claimed.open()
      return Effect.promise(() => onDisk.opened)
    })
    const scheduler = createScheduler({ clock, tasks: [quiet], store: slow, onError: () => undefined })
    await scheduler.start()
    const trigger = interval("30 millis", { start: midnight })
    // Not awaited: in a later life the claim comes first.
    scheduler.addJob({ id: "a", task: quiet, trigger, ifExists: "keep" }).catch(() => undefined)
    await clock.advance(60)
    await claimed.opened
    return {
      ...{ clock, scheduler },
      land: () => {
        holding = false
        onDisk.open()
      }
    }
  }

  it("ends it as soon as it is there, and whoever waits for it is told", async () => {
    const store = memory()
    const { clock, scheduler, land } = await claiming(store)
    const interrupted: Array<string> = []
    scheduler.on("RunInterrupted", ({ runId }) => interrupted.push(runId))
    const stopped = scheduler.shutdown({ deadline: "8 seconds" })
    await clock.settle()
    void scheduler.shutdown({ wait: false })
    await clock.settle()
    land()
    await stopped
    expect(clock.now()).toBe(midnight + 60)
    expect(interrupted).toEqual([firstRunId])
  })

  it("is no crash, however often", async () => {
    const [store, clock] = [memory(), virtualClock(midnight)]
    for (let life = 0; life < 4; life++) {
      const { scheduler, land } = await claiming(store, clock)
      const job = await scheduler.getJob("a")
      expect(job?.fault ?? null).toBeNull()
      const stopped = scheduler.shutdown({ wait: false })
      land()
      await stopped
    }
  })
})

describe.each(["memory", "sqlite"] as const)("a stop beneath questions and commands of a %s store", (kind) => {
  const asking: Readonly<Record<string, (scheduler: Scheduler, runId: string) => Promise<unknown>>> = {
    getJob: (scheduler) => scheduler.getJob("a"),
    getJobs: (scheduler) => scheduler.getJobs(),
    getRuns: (scheduler) => scheduler.getRuns({ jobId: "a" }),
    getLedger: (scheduler) => scheduler.getLedger({ jobId: "a" }),
    preview: (scheduler) => scheduler.preview(3),
    explain: (scheduler) => scheduler.explain("a", midnight + minute),
    status: (scheduler) => scheduler.status(),
    verify: (scheduler) => scheduler.verify(),
    exportJobs: (scheduler) => scheduler.exportJobs(),
    addJob: (scheduler) => scheduler.addJob({ id: "new", task: quiet }),
    addJobs: (scheduler) => scheduler.addJobs([{ id: "one", task: quiet }]),
    modifyJob: (scheduler) => scheduler.modifyJob("a", { tags: ["x"] }),
    pauseJob: (scheduler) => scheduler.pauseJob("a"),
    pauseJobs: (scheduler) => scheduler.pauseJobs(),
    removeJob: (scheduler) => scheduler.removeJob("a"),
    runJob: (scheduler) => scheduler.runJob("a"),
    retryRun: (scheduler, runId) => scheduler.retryRun(runId),
    cancelRun: (scheduler, runId) => scheduler.cancelRun(runId)
  }

  /** What one of the twenty makes impossible for another. */
  const ofEachOther = ["UnknownJobError", "DuplicateJobError", "JobStateError", "RunStateError", "MaxInstancesError"]

  it.each(Object.entries(asking))("%s answers, or is told of the stop", async (_verb, ask) => {
    for (const turns of [0, 1, 2, 3, 5, 8, 13, 30]) {
      const world = newWorld(kind)
      const failing = task("failing", () => Promise.reject(new Error("no")))
      const scheduler = await world.start({ tasks: [quiet, failing] })
      await scheduler.addJob({ id: "a", task: failing, trigger: interval("1 minute") })
      const { runId } = await scheduler.runJob("a")
      await world.clock.settle()
      const answers = Promise.allSettled(Array.from({ length: 20 }, () => ask(scheduler, runId)))
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      await scheduler.shutdown({ wait: false })
      const told = new Set<unknown>()
      for (const answer of await answers)
        if (answer.status === "rejected") told.add((answer.reason as { readonly _tag?: unknown })._tag)
      for (const tag of ["SchedulerStoppedError", ...ofEachOther]) told.delete(tag)
      expect([...told]).toEqual([])
    }
  })
})

/** Unlike `Effect.never` it does not keep the process alive. */
const silence = Effect.async<never>(() => undefined)

/** The store, with something before each commit. */
const throughCommits = (inner: JobStore, before: (batch: StoreBatch) => Effect.Effect<void>): JobStore => ({
  description: inner.description,
  open: (owner) =>
    Effect.map(inner.open(owner), (open) => ({
      ...eachCall(open, (_name, call) => call),
      commit: (sequence, batch) => Effect.zipRight(before(batch), open.commit(sequence, batch))
    }))
})
