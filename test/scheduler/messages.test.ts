/** Who tells whom what in an inspected scheduler, as Stately's inspector draws it. */
import type { StatelyActorEvent, StatelyEventEvent, StatelyInspectionEvent } from "@statelyai/inspect"
import { createInspector } from "@statelyai/inspect"
import { createScheduler, cron, date, inProcess, interval, stream, task } from "carillon"
import type { SchedulerOptions } from "carillon"
import { virtualClock } from "carillon/testing"
import { Effect } from "effect"
import { Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { createActor, setup } from "xstate"
import type { AnyActorRef } from "xstate"

const start = Date.UTC(2026, 0, 5, 9)

describe("an inspected scheduler", () => {
  it("is a tree: executors, streams and jobs below it, runs below their jobs, a task's machine below its run", async () => {
    const { scheduler, clock, seen, ticks } = await started()
    await scheduler.addJob({ id: "a", task: "machine", trigger: date(start + 1000) })
    await scheduler.addJob({ id: "b", task: "slow", trigger: stream("ticks") })
    await clock.advance("2 seconds")
    ticks.next(1)
    await clock.settle()
    const [streamed, timed] = await scheduler.getRuns()
    expect(await seen.tree()).toEqual({
      scheduler: "",
      "executor:default": "scheduler",
      jobs: "scheduler",
      streams: "scheduler",
      "job:a": "jobs",
      "job:b": "jobs",
      [`run:${timed?.runId}`]: "job:a",
      [`${timed?.runId}`]: `run:${timed?.runId}`,
      [`run:${streamed?.runId}`]: "job:b"
    })
    const root = scheduler.actor.system.get("scheduler") as AnyActorRef
    expect(Object.keys(childrenOf(root)).toSorted()).toEqual(["executor:default", "jobs", "streams"])
    expect(Object.keys(childrenOf(childrenOf(root)["jobs"]))).toEqual(["job:b"])
    expect(scheduler.actor.system.get(`run:${streamed?.runId}`)).toBe(
      childrenOf(scheduler.actor.system.get("job:b") as AnyActorRef)[`run:${streamed?.runId}`]
    )
    const { children } = root.getPersistedSnapshot() as unknown as { readonly children: object }
    expect(Object.keys(children).toSorted()).toEqual(["executor:default", "jobs", "streams"])
    await scheduler.shutdown({ wait: false })
    expect(scheduler.actor.system.getAll()).toEqual({})
  })

  it("draws a fire from the scheduler by the job, its executor and its run back to the scheduler", async () => {
    const { scheduler, clock, seen } = await started()
    await scheduler.addJob({ id: "a", task: "noop", trigger: date(start + 1000) })
    await clock.advance("2 seconds")
    const [run] = await scheduler.getRuns()
    const ofStart = ["start", "opened", "started"]
    expect((await seen.messages()).filter(([, , type]) => !ofStart.includes(type))).toEqual([
      ["scheduler", "job:a", "due"],
      ["job:a", "executor:default", "order"],
      ["executor:default", `run:${run?.runId}`, "ordered"],
      ["executor:default", `run:${run?.runId}`, "settled"],
      [`run:${run?.runId}`, "job:a", "settled"],
      ["job:a", `run:${run?.runId}`, "ended"],
      ["job:a", "scheduler", "jobSettled"]
    ])
    await scheduler.shutdown()
  })

  it("orders each attempt of a run from its executor, and ends the run once", async () => {
    const { scheduler, clock, seen } = await started()
    const retry = { attempts: 2, backoff: "5 seconds" } as const
    await scheduler.addJob({ id: "a", task: "failing", trigger: date(start + 1000), retry })
    await clock.advance("1 minute")
    const [run] = await scheduler.getRuns()
    const ofRun = (await seen.messages()).filter(([, to]) => to === `run:${run?.runId}`)
    expect(ofRun.map(([, , type]) => type)).toEqual(["ordered", "settled", "ordered", "settled", "ended"])
    expect((await seen.messages()).filter(([, , type]) => type === "jobSettled")).toHaveLength(1)
    await scheduler.shutdown()
  })

  it("sends no message without a source, whatever is done to it", async () => {
    const { scheduler, clock, seen, ticks } = await started({ cachedJobs: 1 })
    await scheduler.addJobs([
      { id: "often", task: "noop", trigger: interval("1 second") },
      { id: "slow", task: "slow", trigger: interval("3 seconds"), maxInstances: 2, overlap: "queue-one" },
      { id: "failing", task: "failing", trigger: interval("4 seconds"), retry: { attempts: 2, backoff: "1 second" } },
      { id: "streamed", task: "slow", trigger: stream("ticks") },
      { id: "nightly", task: "slow", trigger: cron("0 0 * * *") }
    ])
    await clock.advance("5 seconds")
    ticks.next(1)
    const run = await scheduler.runJob("nightly")
    await clock.advance("5 seconds")
    await scheduler.cancelRun(run.runId)
    await scheduler.pauseJob("often")
    await scheduler.resumeJob("often")
    scheduler.pause()
    scheduler.resume()
    scheduler.addExecutor("other", inProcess())
    scheduler.removeExecutor("other")
    await scheduler.removeJob("slow")
    await scheduler.shutdown({ wait: false })
    expect((await seen.messages()).length).toBeGreaterThan(50)
    expect((await seen.messages()).filter(([from]) => from === undefined)).toEqual([])
    expect(await seen.messages()).toContainEqual(["streams", "job:streamed", "due"])
    expect(await seen.messages()).toContainEqual([`run:${run.runId}`, "job:nightly", "settled"])
  })
})

async function started(options: SchedulerOptions = {}) {
  const clock = virtualClock(start)
  const seen = protocol()
  const ticks = new Subject<number>()
  const machine = setup({}).createMachine({
    id: "own",
    initial: "a",
    states: { a: { always: "b" }, b: { type: "final" } }
  })
  const tasks = [
    task("noop", () => null),
    task("slow", () => Effect.sleep("10 seconds")),
    task("failing", () => {
      throw new Error("no luck")
    }),
    task("machine", machine)
  ]
  const scheduler = createScheduler({
    clock,
    timezone: "UTC",
    tasks,
    streams: { ticks },
    inspect: seen.inspect,
    ...options
  })
  await scheduler.start()
  return { clock, scheduler, seen, ticks }
}

const childrenOf = (actor: AnyActorRef | undefined): Readonly<Record<string, AnyActorRef>> =>
  (actor?.getSnapshot() as { readonly children: Readonly<Record<string, AnyActorRef>> }).children

/** The far end of Stately's protocol. */
function protocol() {
  const sent: Array<StatelyInspectionEvent> = []
  let flushed = (): void => undefined
  const { inspect } = createInspector({
    start: () => undefined,
    stop: () => undefined,
    send: (event) => {
      sent.push(event)
      if (event.type === "@xstate.event" && event.event.type === lastOfAll) flushed()
    }
  })
  const actors = () => sent.filter((event): event is StatelyActorEvent => event.type === "@xstate.actor")
  const nameOf = (sessionId: string | undefined) => actors().find((actor) => actor.sessionId === sessionId)?.name
  /** It sends on a later turn, in order: what comes after all is sent after all. */
  const flush = (): Promise<void> => {
    const actorRef = createActor(setup({}).createMachine({}))
    const event = {
      type: "@xstate.event",
      actorRef,
      sourceRef: actorRef,
      rootId: "",
      event: { type: lastOfAll }
    } as const
    return new Promise((resolve) => {
      flushed = resolve
      inspect.next?.(event)
    })
  }
  return {
    inspect,
    /** Each actor's parent, by name. */
    tree: async () => {
      await flush()
      return Object.fromEntries(actors().map(({ name, parentId }) => [name, nameOf(parentId) ?? ""]))
    },
    /** From, to and type of what actors of the scheduler's tell each other; XState's own events left out. */
    messages: async () => {
      await flush()
      return sent
        .filter((event): event is StatelyEventEvent => event.type === "@xstate.event")
        .filter(({ event }) => !event.type.startsWith("xstate.") && event.type !== lastOfAll)
        .map(({ sourceId, sessionId, event }) => [nameOf(sourceId), nameOf(sessionId), event.type] as const)
    }
  }
}

const lastOfAll = "lastOfAll"
