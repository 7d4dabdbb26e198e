/** A task that is a machine goes on from its last step: after a crash, a stop and a failure, with its children and its delays. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { assign, createMachine, fromPromise, fromTransition, setup } from "xstate"
import { date, inProcess, task } from "../../src/index.ts"
import type { JobOptions, Json, TaskContext } from "../../src/index.ts"
import { day, eachCall, hour, midnight, minute, newWorld, second, storeKinds, storeOf } from "./world.ts"
import type { World } from "./world.ts"

const once = date(midnight + second)

/** What tasks do, of the newest life only: a process that crashed here goes on in the test, and nobody hears of it. */
class Lives {
  readonly done: Array<string> = []
  private life = 0

  /** Ends the one before. */
  next(): (what: string) => void {
    const life = ++this.life
    return (what) => {
      if (life === this.life) this.done.push(what)
    }
  }
}

/** Pays, waits three days for the parcel, and reminds. What it does for others it tells. */
const orderMachine = (tell: (what: string) => void, waits = "waiting") =>
  setup({
    types: { input: {} as TaskContext<Json>, context: {} as { readonly paid: number } },
    actors: {
      pay: fromPromise(async () => {
        tell("pay")
        await Promise.resolve()
        return 7
      }),
      remind: fromPromise(async () => {
        tell("remind")
        await Promise.resolve()
      })
    },
    delays: { threeDays: 3 * day }
  }).createMachine({
    id: "order",
    context: { paid: 0 },
    initial: "paying",
    states: {
      paying: {
        invoke: {
          src: "pay",
          onDone: { target: waits, actions: assign({ paid: ({ event }) => event.output }) }
        }
      },
      [waits]: { id: "order.waiting", tags: "checkpoint", after: { threeDays: "reminding" } },
      reminding: { invoke: { src: "remind", onDone: "reminded" } },
      reminded: { type: "final" }
    },
    output: ({ context }) => ({ paid: context.paid })
  })

/** A child, a child of a child and one that is spawned, each with a delay, then one of its own. */
const townMachine = (tell: (what: string) => void) => {
  const bell = createMachine({
    id: "bell",
    initial: "still",
    states: {
      still: { after: { [hour]: { target: "rung", actions: () => tell("bell") } } },
      rung: { type: "final" }
    }
  })
  const tower = setup({ actors: { bell } }).createMachine({
    id: "tower",
    initial: "up",
    states: { up: { invoke: { src: "bell", onDone: "down" } }, down: { type: "final" } }
  })
  return setup({ actors: { tower, bell } }).createMachine({
    id: "town",
    context: ({ spawn }) => ({ hall: spawn("bell", { id: "hall" }) }),
    initial: "listening",
    states: {
      listening: { invoke: { src: "tower", onDone: "resting" } },
      resting: { after: { [hour]: { target: "over", actions: () => tell("rest") } } },
      over: { type: "final" }
    }
  })
}

const addJob = (world: World, name: string, options: JobOptions = {}) =>
  world.scheduler.addJob({ id: "a", task: name, trigger: once, ...options })

/** Of the job's only run. */
const run = async (world: World) => {
  const [newest] = await world.scheduler.getRuns({ jobId: "a" })
  if (newest === undefined) throw new Error("there is no run")
  return newest
}

/** What the store has kept of all runs, once nobody has it open. */
const kept = async ({ store }: World): Promise<ReadonlyArray<string>> => {
  const read = Effect.gen(function* () {
    const open = yield* store.open({ pid: 1, host: "here", startedAt: midnight })
    const runs = yield* open.reads.runs({})
    return [...(yield* open.checkpoints(runs.map(({ runKey }) => runKey))).values()]
  })
  return Effect.runPromise(Effect.scoped(read))
}

describe.each(storeKinds)("with the %s store, a task that is a machine", (kind) => {
  it("goes on after a crash where it was, and what it waits for is due when it was", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const { done } = lives
    const tasks = () => [task("order", orderMachine(lives.next()))]
    await world.start({ tasks: tasks() })
    await addJob(world, "order")
    await world.clock.advance(day)
    await world.crash()
    await world.start({ tasks: tasks() })
    await world.clock.advance(2 * day - second)
    expect(done).toEqual(["pay"])
    await world.clock.advance(2 * second)
    expect(done).toEqual(["pay", "remind"])
    expect(await run(world)).toMatchObject({ attempt: 2, outcome: "succeeded", result: { paid: 7 } })
    await world.crash()
    expect(await kept(world)).toEqual([])
  })

  it("catches up at once on what came due while nothing ran, however it ended, and never pays twice", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const { done } = lives
    const tasks = () => [task("order", orderMachine(lives.next()))]
    await world.start({ tasks: tasks() })
    await addJob(world, "order")
    for (const end of ["crash", "stop"] as const) {
      await world.clock.advance(hour)
      if (end === "crash") await world.crash()
      await world.start({ tasks: tasks() })
    }
    await world.clock.advance(hour)
    await world.crash()
    lives.next()
    await world.clock.advance(10 * day)
    await world.start({ tasks: tasks() })
    await world.clock.advance(second)
    expect(done).toEqual(["pay", "remind"])
    const { finishedAt, outcome } = await run(world)
    expect([outcome, Math.floor(((finishedAt ?? 0) - midnight) / day)]).toEqual(["succeeded", 10])
  })

  it("takes up what it was doing once more, and tells the same run", async () => {
    const world = newWorld(kind)
    const runs: Array<string> = []
    const work = fromPromise<number, { readonly runId: string }>(({ input }) => {
      runs.push(input.runId)
      return runs.length === 1 ? new Promise(() => undefined) : Promise.resolve(runs.length)
    })
    const machine = setup({
      types: { input: {} as TaskContext<Json>, context: {} as { readonly runId: string } },
      actors: { work }
    }).createMachine({
      context: ({ input }) => ({ runId: input.runId }),
      initial: "working",
      states: {
        working: { invoke: { src: "work", input: ({ context }) => context, onDone: "worked" } },
        worked: { type: "final" }
      }
    })
    const tasks = [task("once more", machine)]
    await world.start({ tasks })
    await addJob(world, "once more")
    await world.clock.advance(minute)
    await world.crash()
    await world.start({ tasks })
    await world.clock.advance(second)
    const { runId, outcome } = await run(world)
    expect([runs, outcome]).toEqual([[runId, runId], "succeeded"])
  })

  it("has its children with it, those deep below too, each with its own delay", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const { done: rings } = lives
    const tasks = () => {
      const tell = lives.next()
      return [task("town", townMachine(tell))]
    }
    await world.start({ tasks: tasks() })
    await addJob(world, "town")
    await world.clock.advance(40 * minute)
    await world.crash()
    await world.start({ tasks: tasks() })
    await world.clock.advance(19 * minute)
    expect(rings).toEqual([])
    await world.clock.advance(2 * minute)
    expect(rings).toEqual(["bell", "bell"])
    await world.crash()
    lives.next()
    await world.clock.advance(2 * hour)
    await world.start({ tasks: tasks() })
    await world.clock.advance(second)
    expect([rings, (await run(world)).outcome]).toEqual([["bell", "bell", "rest"], "succeeded"])
  })

  it("tries again from the step that failed, and not what came before it", async () => {
    const world = newWorld(kind)
    const done: Array<string> = []
    const step = (name: string, times = 0) =>
      fromPromise(() => {
        done.push(name)
        const failures = done.filter((what) => what === name).length
        return failures <= times ? Promise.reject(new Error(`no ${name}`)) : Promise.resolve()
      })
    const machine = createMachine({
      initial: "packing",
      states: {
        packing: { invoke: { src: step("pack"), onDone: "sending" } },
        sending: { invoke: { src: step("send", 2), onDone: "sent" } },
        sent: { type: "final" }
      }
    })
    await world.start({ tasks: [task("parcel", machine)] })
    await addJob(world, "parcel", { retry: { attempts: 3, backoff: "1 minute" } })
    await world.clock.advance(hour)
    expect(done).toEqual(["pack", "send", "send", "send"])
    expect(await run(world)).toMatchObject({ attempt: 3, outcome: "succeeded" })
    await world.scheduler.runJob("a")
    await world.clock.advance(second)
    expect(done.slice(4)).toEqual(["pack", "send"])
  })

  it("goes on after a timeout, too", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const { done } = lives
    await world.start({ tasks: [task("order", orderMachine(lives.next()))] })
    await addJob(world, "order", { timeout: "1 day", retry: { attempts: 5 } })
    await world.clock.advance(4 * day)
    expect([done, (await run(world)).outcome]).toEqual([["pay", "remind"], "succeeded"])
  })

  it("with `never` begins anew, and with `tagged` goes on from the states that say so", async () => {
    const world = newWorld(kind)
    const [never, tagged] = [new Lives(), new Lives()]
    const tasks = () => [
      task("never", orderMachine(never.next()), { checkpoint: "never" }),
      task("tagged", orderMachine(tagged.next()), { checkpoint: "tagged" })
    ]
    await world.start({ tasks: tasks() })
    for (const name of ["never", "tagged"]) await world.scheduler.addJob({ id: name, task: name, trigger: once })
    await world.clock.advance(day)
    await world.crash()
    await world.start({ tasks: tasks() })
    await world.clock.advance(2 * day + minute)
    expect([never.done, tagged.done]).toEqual([
      ["pay", "pay"],
      ["pay", "remind"]
    ])
  })

  it("whose snapshot is not JSON fails with the path, is not tried again, and has stopped", async () => {
    const world = newWorld(kind)
    const later: Array<string> = []
    const machine = createMachine({
      context: { since: new Date(0) },
      initial: "waiting",
      states: { waiting: { after: { [hour]: { actions: () => later.push("went on") } } } }
    })
    await world.start({ tasks: [task("dated", machine)] })
    await addJob(world, "dated", { retry: { attempts: 3 } })
    await world.clock.advance(day)
    const { outcome, attempt, error } = await run(world)
    expect([outcome, attempt, error?.name, later]).toEqual(["failed", 1, "StepNotSavedError", []])
    expect(error?.message).toContain(
      `job "a": task "dated" in state "waiting" cannot be saved: context.since of its snapshot is`
    )
  })

  it("with a child that has no name to be found by again fails, too", async () => {
    const world = newWorld(kind)
    const child = createMachine({})
    const machine = createMachine({ context: ({ spawn }) => ({ child: spawn(child, { id: "nameless" }) }) })
    await world.start({ tasks: [task("spawns", machine)] })
    await addJob(world, "spawns", { retry: { attempts: 3 } })
    await world.clock.advance(day)
    expect(await run(world)).toMatchObject({ outcome: "failed", attempt: 1, error: { name: "StepNotSavedError" } })
  })

  it("of a newer deployment that it does not fit parks its job, and a migration mends that", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const { done } = lives
    await world.start({ tasks: [task("order", orderMachine(lives.next()))] })
    await addJob(world, "order")
    await world.clock.advance(day)
    await world.crash()
    const renamed = orderMachine(lives.next(), "onItsWay")
    await world.start({ tasks: [task("order", renamed)] })
    await world.clock.advance(2 * day + minute)
    const parked = await world.scheduler.getJob("a")
    expect([parked?.state, parked?.fault?.kind]).toEqual(["paused", "checkpoint"])
    expect(parked?.fault?.message).toContain(`a run of task "order" was saved in state "waiting" by version 1`)
    expect((await run(world)).outcome).toBe(null)
    await world.clock.advance(minute)
    await world.start({ tasks: [task("order", renamed, { version: 2 })] })
    await world.scheduler.resumeJob("a")
    await world.clock.advance(second)
    expect((await world.scheduler.getJob("a"))?.fault?.message).toContain("has no `migrate` from version 1")
    const seen: Array<unknown> = []
    const migrate = (snapshot: Json, fromVersion: number): Json => {
      seen.push(fromVersion)
      return { ...(snapshot as { readonly [key: string]: Json }), value: "onItsWay" }
    }
    await world.start({ tasks: [task("order", renamed, { version: 2, migrate })] })
    await world.scheduler.resumeJob("a")
    await world.clock.advance(second)
    expect([done, seen, (await run(world)).outcome]).toEqual([["pay", "remind"], [1], "succeeded"])
  })

  it.each<[string, unknown, string]>([
    ["no text of this version", { format: 9 }, "not a checkpoint that this version of Carillon reads"],
    [
      "a child that is gone",
      { children: { x: { snapshot: { status: "active" }, src: "gone" } } },
      `its actor "x" is not there`
    ],
    ["another value", { value: {} }, "it would be in state"],
    ["no snapshot at all", { children: null }, "null"],
    ["no JSON", "{", "not a checkpoint that this version of Carillon reads"]
  ])("parks its job over %s", async (_what, change, reason) => {
    const world = newWorld(kind)
    const tasks = [
      task(
        "order",
        orderMachine(() => undefined)
      )
    ]
    await world.start({ tasks })
    await addJob(world, "order")
    await world.clock.advance(day)
    await world.crash()
    const [text = ""] = await kept(world)
    const saved = JSON.parse(text) as { readonly snapshot: object }
    const changed = (): string => {
      if (typeof change === "string") return change
      const fields = change as object
      return JSON.stringify("format" in fields ? fields : { ...saved, snapshot: { ...saved.snapshot, ...fields } })
    }
    const tamper = Effect.gen(function* () {
      const open = yield* world.store.open({ pid: 1, host: "here", startedAt: midnight })
      const [{ runKey } = { runKey: 0 }] = yield* open.reads.runs({})
      const rows = { removed: [], added: [], redefined: [], states: [], claims: [], settled: [], ledger: [] }
      yield* open.commit(1, { ...rows, checkpoints: [{ runKey, text: changed() }] })
    })
    await Effect.runPromise(Effect.scoped(tamper))
    await world.start({ tasks })
    await world.clock.advance(2 * day + minute)
    const { fault } = (await world.scheduler.getJob("a")) ?? {}
    expect([fault?.kind, fault?.message]).toEqual(["checkpoint", expect.stringContaining(reason)])
  })

  it("holds no slot while it waits, and tells when it will go on", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const tasks = [task("order", orderMachine(lives.next())), task("quick", () => lives.done.push("quick"))]
    await world.start({ tasks, executors: { default: inProcess({ concurrency: 1, queue: 0 }) } })
    for (const id of ["a", "b", "c"]) await world.scheduler.addJob({ id, task: "order", trigger: once })
    await world.scheduler.addJob({ id: "quick", task: "quick", trigger: date(midnight + hour) })
    await world.clock.advance(2 * hour)
    expect(lives.done).toEqual(["pay", "pay", "pay", "quick"])
    const told = world.events.filter((event) => "runId" in event && event.jobId === "a")
    expect(told.map(({ type }) => type)).toEqual(["RunClaimed", "RunStarted", "RunRetryDue"])
    expect(told.at(-1)).toMatchObject({ attempt: 1, error: null, retryAt: midnight + second + 3 * day })
    expect((await world.scheduler.status()).executors).toMatchObject([{ running: 0, queued: 0 }])
    const stopped = world.scheduler.shutdown()
    await world.clock.settle()
    await stopped
    await world.start({ tasks })
    await world.clock.advance(3 * day)
    expect(lives.done.slice(4)).toEqual(["remind", "remind", "remind"])
    expect((await world.scheduler.verify()).violations).toEqual([])
  })

  it("is held guilty of no crash that came while it waited", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    const tasks = () => [task("order", orderMachine(lives.next()))]
    await world.start({ tasks: tasks() })
    await addJob(world, "order", { retry: { attempts: 2 } })
    for (let crash = 0; crash < 5; crash++) {
      await world.clock.advance(hour)
      await world.crash()
      await world.start({ tasks: tasks() })
    }
    await world.clock.advance(3 * day)
    expect([lives.done, (await run(world)).outcome]).toEqual([["pay", "remind"], "succeeded"])
  })

  it("that waits is cancelled as any other run, and with its job", async () => {
    const world = newWorld(kind)
    const lives = new Lives()
    await world.start({ tasks: [task("order", orderMachine(lives.next()))] })
    for (const id of ["a", "b"]) await world.scheduler.addJob({ id, task: "order", trigger: once })
    await world.clock.advance(hour)
    await world.scheduler.cancelRun((await run(world)).runId)
    await world.scheduler.removeJob("b")
    await world.clock.advance(4 * day)
    const runs = await world.scheduler.getRuns()
    expect([lives.done, runs.map(({ outcome }) => outcome)]).toEqual([
      ["pay", "pay"],
      ["cancelled", "cancelled"]
    ])
    await world.crash()
    expect(await kept(world)).toEqual([])
  })

  it("keeps its slot while something is under way beside the wait, and for a short wait", async () => {
    const world = newWorld(kind)
    const machine = (waitMs: number, invoke: object) =>
      createMachine({
        initial: "waiting",
        states: { waiting: { ...invoke, after: { [waitMs]: "over" } }, over: { type: "final" } }
      })
    const work = { invoke: { src: fromPromise(() => new Promise(() => undefined)) } }
    await world.start({ tasks: [task("works", machine(hour, work)), task("short", machine(4 * second, {}))] })
    for (const id of ["works", "short"]) await world.scheduler.addJob({ id, task: id, trigger: once })
    await world.clock.advance(2 * hour)
    const runs = await world.scheduler.getRuns()
    expect(runs.map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
      ["succeeded", 1],
      ["succeeded", 1]
    ])
  })
})

describe("what is saved of a task", () => {
  it("is nothing of other tasks, whatever becomes of them", async () => {
    const batches: Array<unknown> = []
    const calls: Array<string> = []
    const inner = storeOf("memory")
    const world = newWorld("memory", {
      description: inner.description,
      open: (owner) =>
        Effect.map(inner.open(owner), (opened) => {
          const open = eachCall(opened, (name, call) => {
            calls.push(name)
            return call
          })
          return {
            ...open,
            commit: (sequence, batch) => {
              batches.push(batch.checkpoints)
              return open.commit(sequence, batch)
            }
          }
        })
    })
    const tasks = [
      task("fails", () => Promise.reject(new Error("no"))),
      task(
        "promise",
        fromPromise(() => Promise.reject(new Error("no")))
      ),
      task("gives one", () => orderMachine(() => undefined))
    ]
    await world.start({ tasks })
    for (const { name } of tasks)
      await world.scheduler.addJob({ id: name, task: name, trigger: once, retry: { attempts: 3 } })
    await world.clock.advance(day)
    expect(batches.filter((saved) => saved !== undefined)).toEqual([])
    expect(calls).not.toContain("checkpoints")
  })

  it("is each step of a function's machine, and of transitions alone, where the task says so", async () => {
    const world = newWorld("memory")
    const lives = new Lives()
    const { done } = lives
    const count = fromTransition((state: { readonly n: number }) => ({ n: state.n + 1 }), { n: 0 })
    const tasks = () => {
      const tell = lives.next()
      return [task("given", () => orderMachine(tell), { checkpoint: "every-step" }), task("count", count)]
    }
    await world.start({ tasks: tasks() })
    for (const name of ["given", "count"]) await world.scheduler.addJob({ id: name, task: name, trigger: once })
    await world.clock.advance(day)
    await world.crash()
    expect((await kept(world)).map((text) => (JSON.parse(text) as { readonly snapshot: object }).snapshot)).toEqual([
      { status: "active", context: { n: 0 } },
      expect.objectContaining({ value: "waiting", context: { paid: 7 } })
    ])
    await world.start({ tasks: tasks() })
    await world.clock.advance(3 * day)
    expect(done).toEqual(["pay", "remind"])
  })

  it("is of many runs at a time", async () => {
    const world = newWorld("memory")
    const lives = new Lives()
    const { done } = lives
    const tasks = () => [task("order", orderMachine(lives.next()))]
    await world.start({ tasks: tasks() })
    for (let n = 0; n < 80; n++) await world.scheduler.addJob({ id: `o-${n}`, task: "order", trigger: once })
    await world.clock.advance(day)
    await world.crash()
    await world.start({ tasks: tasks() })
    await world.clock.advance(3 * day)
    expect([done.filter((what) => what === "pay").length, done.length]).toEqual([80, 160])
  })
})
