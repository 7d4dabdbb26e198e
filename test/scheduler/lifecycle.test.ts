/** A scheduler's life: before start, starting, failing to start, running, draining, stopped. */
import { writeFileSync, readFileSync } from "node:fs"
import { createHash } from "node:crypto"
import Database from "better-sqlite3"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createScheduler, date, inProcess, interval, memory, task } from "../../src/index.ts"
import type { Scheduler, SchedulerOptions } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"
import { virtualClock } from "../../src/testing.ts"
import { hangingStore } from "./hangingStore.ts"
import {
  gate,
  hour,
  midnight,
  minute,
  newWorld,
  second,
  shortRuns,
  storeOf,
  temporaryFile
} from "../scenarios/world.ts"

const quiet = task("quiet", () => null)
const make = (options: SchedulerOptions = {}): Scheduler =>
  createScheduler({ clock: virtualClock(midnight), timezone: "UTC", tasks: [quiet], ...options })

/** Each verb that needs a started scheduler. */
const verbs: ReadonlyArray<readonly [string, (scheduler: Scheduler) => unknown]> = [
  ["pause", (scheduler) => scheduler.pause()],
  ["resume", (scheduler) => scheduler.resume()],
  ["modifyJob", (scheduler) => scheduler.modifyJob("a", {})],
  ["modifyJob", (scheduler) => scheduler.rescheduleJob("a", interval("1 second"))],
  ["pauseJob", (scheduler) => scheduler.pauseJob("a")],
  ["resumeJob", (scheduler) => scheduler.resumeJob("a")],
  ["removeJob", (scheduler) => scheduler.removeJob("a")],
  ["runJob", (scheduler) => scheduler.runJob("a")],
  ["cancelRun", (scheduler) => scheduler.cancelRun("1")],
  ["getRuns", (scheduler) => scheduler.getRuns()],
  ["getLedger", (scheduler) => scheduler.getLedger()],
  ["explain", (scheduler) => scheduler.explain("a", 0)],
  ["preview", (scheduler) => scheduler.preview(3)],
  ["verify", (scheduler) => scheduler.verify()],
  ["addStore", (scheduler) => scheduler.addStore("b", memory())],
  ["removeStore", (scheduler) => scheduler.removeStore("default")],
  ["addExecutor", (scheduler) => scheduler.addExecutor("b", inProcess())],
  ["removeExecutor", (scheduler) => scheduler.removeExecutor("default")]
]

const called = async (verb: (scheduler: Scheduler) => unknown, scheduler: Scheduler): Promise<unknown> => {
  try {
    return await verb(scheduler)
  } catch (error) {
    return error
  }
}

describe("outside its life", () => {
  it.each(verbs)("%s is refused", async (name, verb) => {
    const scheduler = make()
    expect(await called(verb, scheduler)).toMatchObject({ _tag: "SchedulerNotStartedError", verb: name })
    await scheduler.start()
    await scheduler.shutdown()
    expect(await called(verb, scheduler)).toMatchObject({ _tag: "SchedulerStoppedError", verb: name })
  })

  it("after shutdown nothing is added or read", async () => {
    const scheduler = make()
    await scheduler.start()
    await scheduler.shutdown()
    for (const verb of [
      () => scheduler.addJob({ task: "quiet" }),
      () => scheduler.addJobs([]).then(() => scheduler.getJobs()),
      () => scheduler.getJob("a"),
      () => scheduler.start()
    ]) {
      expect(await called(verb, scheduler)).toMatchObject({ _tag: "SchedulerStoppedError" })
    }
    expect((await scheduler.status()).state).toBe("stopped")
  })

  it("commands and questions wait for the start; once it stops, questions are answered until it has stopped", async () => {
    const hanging = hangingStore()
    hanging.hang()
    const held = gate()
    const scheduler = make({ store: hanging.store, tasks: [quiet, task("held", () => held.opened)] })
    const tags = async (): Promise<ReadonlyArray<string>> => {
      const tried = [() => scheduler.addJob({ id: "a", task: "quiet", ifExists: "keep" }), () => scheduler.getJobs()]
      const found = await Promise.all(tried.map((verb) => called(verb, scheduler)))
      return found.map((each) => (each as { readonly _tag?: string })._tag ?? "done")
    }
    const started = scheduler.start()
    expect(await tags()).toEqual(["SchedulerNotStartedError", "SchedulerNotStartedError"])
    hanging.answer()
    await started
    expect(await tags()).toEqual(["done", "done"])
    await scheduler.addJob({ id: "b", task: "held" })
    const run = await scheduler.runJob("b")
    const stopped = scheduler.shutdown()
    expect(await tags()).toEqual(["SchedulerStoppedError", "done"])
    held.open()
    await run.settled()
    await stopped
    expect(await tags()).toEqual(["SchedulerStoppedError", "SchedulerStoppedError"])
  })

  it("starting twice is refused, stopping twice is one stop", async () => {
    const scheduler = make()
    const told: Array<string> = []
    scheduler.on("SchedulerStopped", ({ type }) => told.push(type))
    const first = scheduler.start()
    await expect(scheduler.start()).rejects.toMatchObject({ _tag: "SchedulerStartedError" })
    await first
    await Promise.all([scheduler.shutdown(), scheduler.shutdown({ wait: false }), scheduler.shutdown()])
    await scheduler.shutdown()
    expect(told).toEqual(["SchedulerStopped"])
  })

  it("a scheduler that was never started stops at once", async () => {
    const scheduler = make()
    await scheduler.shutdown()
    await expect(scheduler.start()).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
  })

  it.each([
    ["wait as text", () => make().shutdown({ deadline: "soon" } as never), "InvalidDurationError"],
    ["a negative deadline", () => make().shutdown({ deadline: -1 }), "InvalidDurationError"],
    ["an unknown option of shutdown", () => make().shutdown({ force: true } as never), "InvalidOptionError"],
    ["an unknown option of start", () => make().start({ wait: true } as never), "InvalidOptionError"]
  ] as const)("%s is refused", async (_what, call, _tag) => {
    await expect(call()).rejects.toMatchObject({ _tag })
  })
})

describe("options that cannot be accepted", () => {
  it.each([
    ["an unknown one", { stroe: memory() }, { _tag: "InvalidOptionError", option: "stroe" }],
    ["null", null, { _tag: "InvalidOptionError" }],
    ["a store that is none", { store: {} }, { _tag: "InvalidOptionError", option: "stores.default" }],
    ["two default stores", { store: memory(), stores: { default: memory() } }, { option: "stores.default" }],
    ["an executor that is none", { executors: { x: 5 } }, { option: "executors.x" }],
    ["a stream that is none", { streams: { x: [] } }, { option: "streams.x" }],
    ["tasks that are no list", { tasks: "quiet" }, { option: "tasks" }],
    ["a task that is none", { tasks: [() => 1] }, { _tag: "InvalidTaskError" }],
    ["two tasks of one name", { tasks: [task("a", () => 1), task("a", () => 2)] }, { _tag: "DuplicateTaskError" }],
    ["an unknown zone", { timezone: "Mars/Olympus" }, { _tag: "UnknownTimezoneError" }],
    ["an unknown rule", { jobDefaults: { id: "a" } }, { _tag: "InvalidJobError" }],
    ["a negative grace", { jobDefaults: { misfireGrace: -1 } }, { _tag: "InvalidDurationError" }],
    ["an unknown kind of retention", { retention: { days: 5 } }, { option: "retention.days" }],
    ["a negative count", { retention: { runCount: -1 } }, { option: "retention.runCount" }],
    ["a retention age of NaN", { retention: { runAge: NaN } }, { _tag: "InvalidDurationError" }],
    ["half a resident job", { cachedJobs: 0.5 }, { option: "cachedJobs" }],
    ["a clock that is none", { clock: {} }, { option: "clock" }],
    ["an inspector that is none", { inspect: 5 }, { option: "inspect" }],
    ["an onError that is none", { onError: "log" }, { option: "onError" }]
  ])("%s", (_what, options, fields) => {
    let thrown: unknown
    try {
      createScheduler(options as SchedulerOptions)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject(fields)
  })
})

describe("tentative jobs", () => {
  it("are checked at once, listed, and stored in order at start", async () => {
    const lines: Array<string> = []
    const scheduler = make()
    await scheduler.addJob({ id: "b", task: quiet, trigger: date(midnight + hour) })
    await scheduler.addJob({ id: "a", task: quiet, paused: true, trigger: interval("1 hour") })
    await expect(scheduler.addJob({ id: "a", task: quiet })).rejects.toMatchObject({ _tag: "DuplicateJobError" })
    expect((await scheduler.addJob({ id: "a", task: quiet, ifExists: "keep" })).state).toBe("scheduled")
    await scheduler.printJobs((line) => lines.push(line))
    expect(lines).toEqual([
      "b  task quiet  trigger date  tentative  next 2026-01-01T01:00:00.000Z",
      "a  task quiet  trigger interval  tentative  next -"
    ])
    expect((await scheduler.getJob("b"))?.nextFireAt).toBe(midnight + hour)
    await scheduler.start()
    lines.length = 0
    await scheduler.printJobs((line) => lines.push(line))
    expect(lines).toEqual([
      "b  task quiet  trigger date  scheduled  next 2026-01-01T01:00:00.000Z",
      "a  task quiet  trigger interval  paused  next -"
    ])
    await scheduler.shutdown()
  })

  it("one whose id is taken in the store makes start fail, and nothing stays open or changed", async () => {
    const store = storeOf("sqlite")
    const first = make({ store })
    await first.start()
    await first.addJob({ id: "a", task: quiet, trigger: date(midnight + hour) })
    await first.shutdown()
    const second_ = make({ store })
    await second_.addJob({ id: "new", task: quiet })
    await second_.addJob({ id: "a", task: quiet })
    await expect(second_.start()).rejects.toMatchObject({ _tag: "DuplicateJobError", jobId: "a" })
    await expect(second_.addJob({ task: quiet })).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
    const third = make({ store })
    await third.start()
    expect((await third.getJobs()).map(({ id }) => id)).toEqual(["a"])
    await third.shutdown()
  })
})

describe("a store that cannot be opened", () => {
  const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex")

  it("in use: names the owner, and the stores opened before it are free again", async () => {
    const [taken, free] = [storeOf("sqlite"), storeOf("memory")]
    const first = make({ store: taken })
    await first.start()
    await expect(make({ stores: { default: free, other: taken } }).start()).rejects.toMatchObject({
      _tag: "StoreInUse",
      pid: process.pid
    })
    const other = make({ store: free })
    await other.start()
    await Promise.all([first.shutdown(), other.shutdown()])
  })

  it("taken over: the one that had it stops at its next write, and runs nothing twice", async () => {
    const filename = temporaryFile()
    const clock = virtualClock(midnight)
    const ran: Array<number> = []
    const note = task("note", ({ fireAt }) => void ran.push(fireAt - midnight))
    const options = { clock, tasks: [note], onError: () => undefined }
    const first = createScheduler({ ...options, store: sqlite({ filename }) })
    await first.start()
    await first.addJob({ id: "a", task: note, trigger: interval("1 minute", { start: midnight + minute }) })
    await clock.advance(minute)
    const next = createScheduler({ ...options, store: sqlite({ filename, takeOver: true }) })
    await next.start()
    await clock.advance(3 * minute)
    expect(ran).toEqual([1, 2, 3, 4].map((at) => at * minute))
    expect(await first.status()).toMatchObject({ state: "stopped", stores: [] })
    expect((await next.verify()).violations).toEqual([])
    await Promise.all([first.shutdown(), next.shutdown()])
  })

  it("not a database, or of a newer version: the file stays byte for byte", async () => {
    const garbage = temporaryFile("garbage.db")
    writeFileSync(garbage, "not a database, just a text of some length ".repeat(200))
    const newer = temporaryFile("newer.db")
    const made = make({ store: sqlite({ filename: newer }) })
    await made.start()
    await made.shutdown()
    const database = new Database(newer)
    database.pragma("user_version = 99")
    database.close()
    for (const [file, _tag] of [
      [garbage, "StoreUnreadable"],
      [newer, "StoreTooNew"]
    ] as const) {
      const before = digest(file)
      const scheduler = make({ store: sqlite({ filename: file }) })
      await expect(scheduler.start()).rejects.toMatchObject({ _tag })
      expect(digest(file)).toBe(before)
      expect((await scheduler.status()).state).toBe("stopped")
    }
  })

  it("a store that fails while it is added leaves the others alone", async () => {
    const scheduler = make()
    await scheduler.start()
    const broken = { description: "broken", open: () => Effect.die(new Error("a bug")) }
    await expect(scheduler.addStore("broken", broken)).rejects.toBeDefined()
    await expect(scheduler.addStore("default", memory())).rejects.toMatchObject({
      _tag: "NameTakenError",
      kind: "store"
    })
    expect((await scheduler.status()).stores.map(({ name }) => name)).toEqual(["default"])
    await scheduler.shutdown()
  })
})

describe("starting paused", () => {
  it("fires nothing until it is resumed", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [quiet], paused: true })
    await scheduler.addJob({ id: "a", task: quiet, trigger: date(midnight + second) })
    await world.clock.advance(minute)
    expect([(await scheduler.status()).state, await scheduler.getRuns()]).toEqual(["paused", []])
    scheduler.resume()
    await world.clock.advance(second)
    expect(shortRuns(await scheduler.getRuns())).toEqual([[second, "succeeded", 1]])
  })
})
