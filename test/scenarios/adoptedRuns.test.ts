/** An executor whose attempts outlive the scheduler: the next one takes them over, and each ends once. Long, for a host of its own. */
import { describe, expect, it } from "vitest"
import { createMachine } from "xstate"
import { createScheduler, date, interval, task } from "../../src/index.ts"
import type {
  AttemptId,
  ExecutorProvider,
  JobInput,
  Outcome,
  RunListener,
  RunOrder,
  SchedulerOptions
} from "../../src/index.ts"
import { firstRunId, gate, hour, midnight, minute, newWorld, second, shortRuns, storeKinds } from "./world.ts"

/** A host elsewhere: what it was given goes on until a test ends it, whoever listens. */
class Host {
  readonly orders = new Map<string, RunOrder>()
  readonly asked: Array<ReadonlyArray<AttemptId>> = []
  /** Types of the events that it was given. */
  readonly delivered: Array<string> = []
  /** What it answers; by default the truth. */
  answer: (truth: ReadonlySet<string>) => unknown = (truth) => truth
  private listener: RunListener | null = null

  readonly provider: ExecutorProvider = {
    kind: "host",
    concurrency: 3,
    queue: 0,
    make: ({ listener, timers }) => {
      this.listener = listener
      return {
        free: () => 3 - this.orders.size,
        submit: (order) => {
          this.orders.set(order.runId, order)
          listener.started(order, timers.now())
        },
        cancel: (runId) => this.end(runId, "cancelled"),
        close: () => undefined,
        deliver: (_runId, { event }) => void this.delivered.push(event.type),
        adopt: (attempts) => {
          this.asked.push(attempts)
          const here = attempts.filter(({ runId, attempt }) => this.orders.get(runId)?.attempt === attempt)
          return this.answer(new Set(here.map(({ runId }) => runId))) as ReadonlySet<string>
        },
        status: () => ({ running: this.orders.size, queued: 0, stuck: 0 })
      }
    }
  }

  /** Tells how far the attempt that is here has come. */
  checkpoint(runId: string, received: number): void {
    const order = this.orders.get(runId)
    if (order !== undefined) this.listener?.checkpointed(order, "{}", received)
  }

  /** Ends the attempt that is here. */
  end(runId: string, outcome: Outcome = "succeeded"): boolean {
    const order = this.orders.get(runId)
    if (order === undefined) return false
    this.orders.delete(runId)
    const [at, error] = [midnight + hour, outcome === "failed" ? { name: "Error", message: "no" } : null]
    const end = { outcome, startedAt: at, finishedAt: at, result: null, error, retryable: true }
    this.listener?.settled(order, end)
    return true
  }
}

const work = task("work", () => null, { executor: "host" })
const once = { task: work, trigger: date(midnight + second) }

const newScene = (kind: (typeof storeKinds)[number] = "memory") => {
  const host = new Host()
  const world = newWorld(kind)
  const start = (options: SchedulerOptions = {}) =>
    world.start({
      tasks: [work, task("local", () => new Promise(() => undefined))],
      executors: { host: host.provider },
      ...options
    })
  /** A start whose executor takes its time, while `ms` pass. */
  const startWithin = async (ms: number) => {
    const started = start()
    await world.clock.advance(ms)
    return await started
  }
  const outcomes = async () =>
    shortRuns(await world.scheduler.getRuns()).map(([, outcome, attempt]) => [outcome, attempt])
  const verified = async () => expect((await world.scheduler.verify()).violations).toEqual([])
  return { host, world, start, startWithin, outcomes, verified }
}

describe.each(storeKinds)("with the %s store", (kind) => {
  it.each(["a crash", "a stop"] as const)(
    "a run goes on over %s, and ends once, with the next scheduler",
    async (end) => {
      const { host, world, start, outcomes, verified } = newScene(kind)
      const scheduler = await start()
      await scheduler.addJob({ id: "a", ...once })
      await scheduler.addJob({ id: "local", ...once, task: "local", executor: "default", onInterrupted: "skip" })
      await world.clock.advance(second)
      const [runId = ""] = host.orders.keys()
      if (end === "a crash") await world.crash()
      await start()
      expect(host.asked).toEqual([[{ runId, attempt: 1 }]])
      expect(await world.scheduler.getRuns({ jobId: "local" })).toMatchObject([{ outcome: "interrupted" }])
      await verified()
      expect(await outcomes()).toContainEqual([null, 1])
      const { executors } = await world.scheduler.status()
      expect(executors.find(({ name }) => name === "host")).toMatchObject({ running: 1 })
      host.end(runId)
      host.end(runId)
      await world.clock.advance(minute)
      expect(world.events.filter(({ type }) => type === "RunSucceeded")).toHaveLength(1)
      expect(await world.scheduler.getRuns({ jobId: "a" })).toMatchObject([{ runId, outcome: "succeeded", attempt: 1 }])
      await verified()
    }
  )

  it("over several lives, with its retry in the last", async () => {
    const { host, world, start, outcomes, verified } = newScene(kind)
    const scheduler = await start()
    await scheduler.addJob({ id: "a", ...once, retry: { attempts: 2, backoff: "1 minute" }, args: { part: 7 } })
    await world.clock.advance(second)
    for (let life = 0; life < 4; life++) {
      await world.crash()
      await start()
    }
    host.end(firstRunId, "failed")
    await world.clock.advance(2 * minute)
    expect([...host.orders.values()]).toMatchObject([{ attempt: 2, args: { part: 7 } }])
    await world.crash()
    await start()
    expect(host.asked.at(-1)).toEqual([{ runId: firstRunId, attempt: 2 }])
    host.end(firstRunId)
    await world.clock.settle()
    expect(await outcomes()).toEqual([["succeeded", 2]])
    await verified()
  })
})

describe("a run that is adopted", () => {
  const adopted = async (options: Partial<JobInput> = {}) => {
    const scene = newScene()
    const scheduler = await scene.start()
    await scheduler.addJob({ id: "a", task: "work", trigger: once.trigger, ...options })
    await scene.world.clock.advance(second)
    await scene.world.crash()
    await scene.start()
    return scene
  }

  it("can be cancelled", async () => {
    const { world, host, outcomes, verified } = await adopted()
    await world.scheduler.cancelRun(firstRunId)
    expect([await outcomes(), host.orders.size]).toEqual([[["cancelled", 1]], 0])
    await verified()
  })

  it("times out where it is made", async () => {
    const { world, host, outcomes, verified } = await adopted({ timeout: "1 minute" })
    await world.clock.advance(hour)
    expect(await outcomes()).toEqual([[null, 1]])
    host.end(firstRunId, "timedOut")
    await world.clock.settle()
    expect(await outcomes()).toEqual([["timedOut", 1]])
    await verified()
  })

  it("takes a slot, and an instance of its job", async () => {
    const { world, host, verified } = await adopted({ trigger: interval("1 second", { start: midnight + second }) })
    for (const id of ["b", "c", "d"]) await world.scheduler.addJob({ id, ...once, trigger: date(midnight + minute) })
    await world.clock.advance(2 * minute)
    expect([...host.orders.values()].map(({ jobId }) => jobId)).toEqual(["a", "b", "c"])
    await verified()
  })

  it("is waited for by a stop", async () => {
    const { world, host } = await adopted()
    let ended = false
    const stopped = world.scheduler.shutdown({ deadline: "1 minute" }).then(() => (ended = true))
    await world.clock.advance(30 * second)
    expect(ended).toBe(false)
    host.end(firstRunId)
    await stopped
    expect(world.events.map(({ type }) => type)).toContain("RunSucceeded")
  })

  it("is none of the crashes that park a job", async () => {
    const scene = await adopted()
    for (let life = 0; life < 4; life++) {
      await scene.world.crash()
      await scene.start()
    }
    expect(await scene.world.scheduler.getJobs({ fault: true })).toEqual([])
    expect(await scene.outcomes()).toEqual([[null, 1]])
  })

  it("may end while the executor thinks, and is settled once", async () => {
    for (const answers of [true, false]) {
      const { host, world, start, startWithin, outcomes, verified } = newScene()
      const scheduler = await start()
      await scheduler.addJob({ id: "a", ...once })
      await world.clock.advance(second)
      await world.crash()
      host.answer = (truth) => {
        host.end(firstRunId)
        return answers ? truth : new Promise(() => undefined)
      }
      await startWithin(minute)
      expect(await outcomes()).toEqual([["succeeded", 1]])
      await verified()
    }
  })
})

describe("an executor that does not answer well", () => {
  const left = async (answer: Host["answer"]) => {
    const scene = newScene()
    const scheduler = await scene.start()
    await scheduler.addJob({ id: "a", ...once, onInterrupted: "skip" })
    await scene.world.clock.advance(second)
    await scene.world.crash()
    scene.host.answer = answer
    return scene
  }

  it.each<[string, Host["answer"], object]>([
    [
      "throws",
      () => {
        throw new Error("away")
      },
      { message: "away" }
    ],
    ["rejects", () => Promise.reject(new Error("away")), { message: "away" }],
    ["gives a number", () => 1, { name: "TypeError" }],
    ["gives an Effect's like", () => (function* () {})(), { _tag: "UnrunCallbackError" }],
    ["never answers", () => new Promise(() => undefined), { _tag: "ExecutorUnansweredError", call: "adopt" }]
  ])("has adopted nothing, and onError is told: %s", async (_what, answer, error) => {
    const { world, host, startWithin, outcomes, verified } = await left(answer)
    const scheduler = await startWithin(minute)
    expect(world.reported).toMatchObject([error])
    expect(await outcomes()).toEqual([["interrupted", 1]])
    const { executors } = await scheduler.status()
    expect(executors.find(({ name }) => name === "host")?.reported?.where).toBe('executor "host" (adopt)')
    // What it tells of it later is of no interest any more.
    host.end(firstRunId)
    await world.clock.settle()
    expect(await outcomes()).toEqual([["interrupted", 1]])
    await verified()
  })

  it("adopts nothing that it was not asked for", async () => {
    const { world, startWithin, outcomes, verified } = await left(() => ["strange", firstRunId + "0", 7, null])
    await startWithin(0)
    expect([await outcomes(), world.reported]).toEqual([[["interrupted", 1]], []])
    await verified()
  })

  it("holds up no start that is called off", async () => {
    const asked = gate()
    const { host, world } = await left(() => {
      asked.open()
      return new Promise(() => undefined)
    })
    const { clock, store } = world
    const options = { clock, store, tasks: [work], onError: (error: unknown) => void world.reported.push(error) }
    const scheduler = createScheduler({ ...options, executors: { host: host.provider } })
    const started = expect(scheduler.start()).rejects.toMatchObject({ _tag: "SchedulerStoppedError" })
    await asked.opened
    await Promise.all([scheduler.shutdown(), started])
    expect([world.clock.now(), world.reported]).toEqual([midnight + second, []])
  })
})

describe.each(storeKinds)("with the %s store, an adopted run", (kind) => {
  it("is given again what was sent to it and is in no checkpoint, and nothing else", async () => {
    const { host, world, start } = newScene(kind)
    const machine = task("machine", createMachine({}), { executor: "host" })
    const tasks = [machine]
    await start({ tasks })
    await world.scheduler.addJob({ task: machine, trigger: date(midnight + second) })
    await world.clock.advance(minute)
    const send = (type: string) => world.scheduler.sendToRun(firstRunId, { type })
    for (const type of ["a", "b"]) await send(type)
    expect(host.delivered.splice(0)).toEqual(["a", "b"])
    await world.crash()
    await start({ tasks })
    expect(host.delivered.splice(0)).toEqual(["a", "b"])
    host.checkpoint(firstRunId, 1)
    await world.clock.advance(minute)
    await send("c")
    expect(host.delivered.splice(0)).toEqual(["c"])
    await world.crash()
    await start({ tasks })
    expect(host.delivered).toEqual(["b", "c"])
    host.end(firstRunId)
    await world.clock.advance(second)
    expect(shortRuns(await world.scheduler.getRuns())).toEqual([[second, "succeeded", 1]])
  })
})
