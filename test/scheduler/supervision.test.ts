/** What a scheduler's parts report to it: seen in its actor and in `status()`, with who reported, until it is over. */
import { createScheduler, date, interval, memory, stream, task } from "carillon"
import type { ExecutorProvider, NeedsALook, SchedulerOptions, Settlement } from "carillon"
import { virtualClock } from "carillon/testing"
import { Effect } from "effect"
import { Observable } from "rxjs"
import type { Subscriber } from "rxjs"
import { describe, expect, it } from "vitest"
import type { AnyActorRef, InspectionEvent } from "xstate"
import { tamper } from "../scenarios/tamper.ts"

const start = Date.UTC(2026, 0, 5, 9)

describe("an executor", () => {
  it.each<readonly [string, () => Settlement]>([
    ["under which a worker died", () => ({ ...succeeded, outcome: "failed", result: null, error, crashed: true })],
    ["that settles with what is no settlement", () => ({ ...succeeded, outcome: "ok" }) as unknown as Settlement],
    [
      "that throws at an order",
      () => {
        throw new Error("no worker")
      }
    ]
  ])("%s needs a look until it ends an attempt in good order", async (_fault, settlement) => {
    const own = settling(settlement)
    const { scheduler, clock, needs } = await started({ executors: { own: own.provider } })
    await scheduler.addJob({ id: "a", task: "noop", executor: "own", trigger: interval("1 minute") })
    await clock.advance("1 minute")
    expect(needs.at(-1)).toEqual({ ...nothing, executors: ["own"] })
    expect((await scheduler.status()).needsALook).toEqual({ ...nothing, executors: ["own"] })
    own.settlement = () => succeeded
    await clock.advance("1 minute")
    expect(needs.at(-1)).toEqual(nothing)
    expect((await scheduler.status()).needsALook).toEqual(nothing)
    await scheduler.shutdown()
  })

  it("that is removed needs none any more, also where its close fails", async () => {
    const own = settling(() => {
      throw new Error("no worker")
    })
    const { scheduler, clock, needs } = await started({ executors: { own: own.provider } })
    await scheduler.addJob({ id: "a", task: "noop", executor: "own", trigger: date(start) })
    await clock.settle()
    expect(needs.at(-1)?.executors).toEqual(["own"])
    own.close = () => Promise.reject(new Error("stuck"))
    scheduler.removeExecutor("own")
    await clock.settle()
    expect(needs.at(-1)?.executors).toEqual([])
    expect((await scheduler.status()).reported?.error.message).toBe("stuck")
    await scheduler.shutdown()
  })
})

it("a stream that fails needs a look until it gives a value", async () => {
  const line = { subscribers: [] as Array<Subscriber<number>> }
  const ticks = new Observable<number>((subscriber) => void line.subscribers.push(subscriber))
  const { scheduler, clock, needs } = await started({ streams: { ticks } })
  line.subscribers.at(-1)?.error(new Error("no line"))
  expect(needs.at(-1)).toEqual({ ...nothing, streams: ["ticks"] })
  await clock.advance("1 second")
  expect(needs.at(-1)).toEqual({ ...nothing, streams: ["ticks"] })
  line.subscribers.at(-1)?.next(1)
  expect(needs.at(-1)).toEqual(nothing)
  await scheduler.shutdown()
})

describe("a job that is parked", () => {
  const a = { store: "default", jobId: "a" }
  const ends = {
    "it is resumed": (scheduler: Started["scheduler"]): Promise<unknown> => scheduler.resumeJob("a"),
    "it is removed": (scheduler: Started["scheduler"]) => scheduler.removeJob("a"),
    "its store is removed": (scheduler: Started["scheduler"]) => scheduler.removeStore("default")
  }

  it.each(Object.entries(ends))("needs a look until %s", async (_end, ended) => {
    const { scheduler, needs } = await parked()
    expect(needs.at(-1)?.jobs).toEqual([a])
    expect((await scheduler.status()).needsALook.jobs).toEqual([a])
    await ended(scheduler)
    expect(needs.at(-1)?.jobs).toEqual([])
    await scheduler.shutdown()
  })

  it.each<readonly [string, (scheduler: Started["scheduler"]) => Promise<unknown>]>([
    ["replaced", (scheduler) => scheduler.addJob({ id: "a", task: "noop", ifExists: "replace" })],
    ["removed", (scheduler) => scheduler.removeJob("a")]
  ])("since it cannot be read needs a look until it is %s", async (_end, ended) => {
    const store = memory()
    const first = await started({ stores: { default: store } })
    await first.scheduler.addJob({ id: "a", task: "noop", trigger: interval("1 minute") })
    await first.scheduler.shutdown()
    await tamper(store, (open) =>
      Effect.map(open.reads.jobs({ ids: ["a"] }), (rows) => ({
        states: rows.map(({ key, value, wakeAt, fault, executor }) => ({
          ...{ key, value, wakeAt, fault, executor },
          memory: "}{"
        }))
      }))
    )
    const { scheduler, clock, needs } = await started({ stores: { default: store } })
    await clock.advance("2 minutes")
    expect(needs.at(-1)?.jobs).toEqual([a])
    await ended(scheduler)
    expect(needs.at(-1)?.jobs).toEqual([])
    await scheduler.shutdown()
  })

  it("needs it while other things happen to it, and to others", async () => {
    const { scheduler, needs } = await parked()
    await scheduler.addJob({ id: "b", task: "noop" })
    await scheduler.modifyJob("a", { tags: ["seen"] })
    expect(needs.at(-1)?.jobs).toEqual([a])
    await scheduler.shutdown()
  })
})

it("each report comes from who makes it", async () => {
  const told: Array<readonly [string | undefined, string | undefined, string]> = []
  const inspect = (event: InspectionEvent): void => {
    if (event.type !== "@xstate.event") return
    const from = (event.sourceRef as AnyActorRef | undefined)?.id
    told.push([from, (event.actorRef as AnyActorRef).id, event.event.type])
  }
  const line: Array<Subscriber<number>> = []
  const ticks = new Observable<number>((subscriber) => void line.push(subscriber))
  const { scheduler, clock } = await parked({ inspect, streams: { ticks } })
  await scheduler.addJob({ id: "streamed", task: "noop", trigger: stream("ticks") })
  line.at(-1)?.error(new Error("no line"))
  await clock.advance("1 second")
  line.at(-1)?.next(1)
  await scheduler.resumeJob("a")
  expect(told.filter(([, to, type]) => to === "scheduler" && /^(executor|stream|job)(?!Settled)/.test(type))).toEqual([
    ["executor:own", "scheduler", "executorCrashed"],
    ["executor:own", "scheduler", "executorCrashed"],
    ["executor:own", "scheduler", "executorCrashed"],
    ["job:a", "scheduler", "jobParked"],
    ["streams", "scheduler", "streamFailed"],
    ["streams", "scheduler", "streamBack"],
    ["job:a", "scheduler", "jobBack"]
  ])
  await scheduler.shutdown()
})

const nothing: NeedsALook = { executors: [], streams: [], jobs: [] }
const error = { name: "WorkerDied", message: "exit code 1" }
const succeeded: Settlement = {
  outcome: "succeeded",
  startedAt: start,
  finishedAt: start,
  result: "null",
  error: null,
  retryable: true
}

type Started = Awaited<ReturnType<typeof started>>

/** A scheduler, and what its actor has shown to need a look, each change once. */
async function started(options: SchedulerOptions = {}) {
  const clock = virtualClock(start)
  const scheduler = createScheduler({
    clock,
    timezone: "UTC",
    tasks: [task("noop", () => null)],
    stores: { default: memory(), other: memory() },
    onError: () => undefined,
    ...options
  })
  const needs: Array<NeedsALook> = []
  scheduler.actor.subscribe(({ context }) => {
    if (JSON.stringify(context.needsALook) !== JSON.stringify(needs.at(-1))) needs.push(context.needsALook)
  })
  await scheduler.start()
  return { clock, scheduler, needs }
}

/** Job `a` has killed its worker three times. */
async function parked(options: SchedulerOptions = {}) {
  const own = settling(() => ({ ...succeeded, outcome: "failed", result: null, error, crashed: true }))
  const made = await started({ executors: { own: own.provider }, ...options })
  const job = { id: "a", task: "noop", executor: "own", trigger: interval("1 hour") }
  await made.scheduler.addJob({ ...job, retry: { attempts: 5, backoff: "1 second" } })
  await made.clock.advance("61 minutes")
  return made
}

/** An executor that settles at once with what it is told to, or throws what that throws. */
function settling(first: () => Settlement) {
  const own = { settlement: first, close: (): void | Promise<void> => undefined }
  const provider: ExecutorProvider = {
    kind: "own",
    concurrency: 1,
    queue: 0,
    make: ({ listener }) => ({
      free: () => 1,
      submit: (order) => listener.settled(order, own.settlement()),
      cancel: () => false,
      close: () => own.close(),
      status: () => ({ running: 0, queued: 0, stuck: 0 })
    })
  }
  return Object.assign(own, { provider })
}
