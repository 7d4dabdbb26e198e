/** A task that is a machine goes on from its last step: after a crash, a stop and a failure, with its children and its delays. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { createMachine, fromPromise, fromTransition, setup } from "xstate"
import { task } from "../../src/index.ts"
import type { Json, TaskContext } from "../../src/index.ts"
import { addJob, kept, Lives, once, orderMachine, run } from "./orders.ts"
import { day, eachCall, hour, midnight, minute, newWorld, second, storeKinds, storeOf } from "./world.ts"

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
