/** What others send to a scheduler's actors, by whatever way XState has: nothing of it stops, faults or moves anything. */
import { createScheduler, interval, stream, task } from "carillon"
import type { NeedsALook, SchedulerEvent } from "carillon"
import { executorMachine, jobMachine, schedulerMachine } from "carillon/machines"
import { virtualClock } from "carillon/testing"
import { Effect } from "effect"
import fc from "fast-check"
import { Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { createActor, sendTo, setup } from "xstate"
import type { AnyActorRef, EventObject, InspectionEvent } from "xstate"

/** Who sends, each second; `seen` are the actors that the inspector was shown, those in hand are in it. */
type Attack = (seen: ReadonlyArray<AnyActorRef>, second: number) => void

describe("a scheduler whose actors are sent", () => {
  it("nothing is what the others are compared with", async () => {
    const { states, events, runs } = await live(() => undefined)
    expect(states.scheduler).toEqual(["active", "draining", "stopped"])
    expect(states.jobs.map((shown) => [...new Set(shown)].toSorted())).toEqual([
      ["paused", "running", "scheduled"],
      ["running", "scheduled"],
      ["running", "scheduled"],
      ["running", "scheduled"]
    ])
    expect(events.length).toBeGreaterThan(100)
    expect(runs.length).toBeGreaterThan(30)
  })

  it("every event of every machine goes on as if nothing had been sent", async () => {
    const undisturbed = await live(() => undefined)
    const disturbed = await live((seen) => {
      for (const actor of seen) for (const event of everyEvent) actor.send(event)
    })
    expect(disturbed).toEqual(undisturbed)
  })

  it("what is no event at all goes on as if nothing had been sent", async () => {
    const undisturbed = await live(() => undefined)
    const thrower = new Proxy({}, { get: () => failing("read") })
    const odd = [undefined, null, 7, "pause", [], {}, { type: 3 }, { type: "*" }, { type: "constructor" }, thrower]
    const disturbed = await live((seen) => {
      for (const actor of seen) for (const event of odd) actor.send(event)
    })
    expect(disturbed).toEqual(undisturbed)
  })

  it("XState's own events, from a machine of the program's, goes on as if nothing had been sent", async () => {
    const undisturbed = await live(() => undefined)
    const forged = ["xstate.stop", "xstate.init", "xstate.error.actor.job:plain", "xstate.done.actor.job:plain"]
    const disturbed = await live((seen) => {
      for (const actor of seen) for (const type of forged) sendFromMachine(actor, { type })
    })
    expect(disturbed).toEqual(undisturbed)
  })

  it("what actors end with that were made below them goes on as if nothing had been sent", async () => {
    const undisturbed = await live(() => undefined)
    const ended: Array<unknown> = []
    const disturbed = await live((seen, second) => {
      for (const parent of seen.filter(({ id }) => !id.startsWith("own-"))) {
        const options = { id: `own-${second}`, parent }
        const done = createActor(setup({}).createMachine({ type: "final" }), options).start()
        const failed = createActor(setup({}).createMachine({ entry: () => failing("on entry") }), options).start()
        ended.push(done.getSnapshot().status, failed.getSnapshot().status)
      }
    })
    expect([...new Set(ended)]).toEqual(["done", "error"])
    expect(disturbed).toEqual(undisturbed)
  })

  it("what they were shown to be sent, once more, goes on as if nothing had been sent", async () => {
    const undisturbed = await live(() => undefined)
    const disturbed = await live(
      () => undefined,
      (event) => {
        if (event.type === "@xstate.event" && event.event.type !== "xstate.init")
          (event.actorRef as AnyActorRef).send({ ...event.event })
      }
    )
    expect(disturbed).toEqual(undisturbed)
  })

  it("anything at random goes on as if nothing had been sent", async () => {
    const undisturbed = await live(() => undefined)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(...everyEvent)), { maxLength: 30 }),
        async (plan) => {
          const disturbed = await live((seen, second) => {
            for (const [at, event] of plan) if (at % 40 === second) seen[at % seen.length]?.send(event)
          })
          expect(disturbed).toEqual(undisturbed)
        }
      ),
      { numRuns: 10 }
    )
  })

  it("start and stop, goes on as if nothing had been done", async () => {
    const undisturbed = await live(() => undefined)
    const inHand = (actor: AnyActorRef): boolean => Object.hasOwn(actor, "ref") && "options" in actor
    const disturbed = await live((seen) => {
      for (const actor of seen) {
        actor.start()
        if (!inHand(actor) || actor.id === "scheduler") actor.stop()
      }
    })
    expect(disturbed).toEqual(undisturbed)
  })

  it("nothing, but whose snapshots are written over, goes on; what is shown then is wrong", async () => {
    const { events, jobs, runs, ok, needsALook } = await live(() => undefined)
    const disturbed = await live((seen) => {
      for (const actor of seen) {
        const { context } = actor.getSnapshot() as {
          readonly context?: { memory?: Record<string, unknown>; lost?: Array<string>; needsALook?: NeedsALook }
        }
        context?.lost?.push("default")
        if (context?.needsALook !== undefined) (context.needsALook.executors as Array<string>).push("default")
        if (context?.memory !== undefined) Object.assign(context.memory, { nextFireAt: null, runsLeft: 0, live: [] })
      }
    })
    expect(disturbed).toMatchObject({ events, jobs, runs, ok, needsALook })
  })
})

it("observers of the system and subscribers of any actor that throw are reported, and break nothing", async () => {
  const undisturbed = await live(() => undefined)
  const disturbed = await live((seen, second) => {
    if (second !== 1) return
    for (const actor of seen) {
      actor.system.inspect({ next: () => failing("inspector") })
      actor.subscribe(() => failing("subscriber"))
    }
  })
  expect(disturbed.reported).toContain("inspector")
  expect(disturbed.reported).toContain("subscriber")
  expect({ ...disturbed, reported: [] }).toEqual(undisturbed)
})

function failing(message: string): never {
  throw new Error(message)
}

const commands = new Set(["pause", "resume", "shutdown", "run", "remove", "reschedule"])

/** With the payloads that the machines would act on. Those that are commands are left to actors that take none. */
const everyEvent: ReadonlyArray<EventObject> = [
  ...schedulerMachine.events,
  ...jobMachine.events,
  ...executorMachine.events
]
  .filter((type, index, all) => all.indexOf(type) === index)
  .map((type) => ({
    type,
    now: 0,
    count: 1,
    reason: "a click",
    store: "default",
    executor: "default",
    stream: "ticks",
    jobId: "plain",
    owed: null,
    missed: "skip",
    outcome: "failed",
    runKey: 1,
    due: [],
    fault: { kind: "poison", message: "no" }
  }))

const sendFromMachine = (target: AnyActorRef, event: EventObject): void => {
  const sender = setup({}).createMachine({ entry: sendTo(target, event) })
  createActor(sender).start().stop()
}

/** Forty seconds of a scheduler, and everything that there is to say of them. */
async function live(attack: Attack, inspected: (event: InspectionEvent) => void = () => undefined) {
  const clock = virtualClock(Date.UTC(2026, 0, 5, 9))
  const ticks = new Subject<number>()
  const events: Array<SchedulerEvent> = []
  const reported: Array<string> = []
  const refs = new Set<AnyActorRef>()
  const scheduler = createScheduler({
    clock,
    timezone: "UTC",
    streams: { ticks },
    tasks: [
      task("noop", () => null),
      task("slow", () => Effect.sleep("3 seconds")),
      task("failing", () => failing("no luck"))
    ],
    onError: (error) => void reported.push((error as Error).message),
    inspect: (event) => {
      if (event.type === "@xstate.actor") refs.add(event.actorRef as AnyActorRef)
      inspected(event)
    }
  })
  scheduler.events$.subscribe((event) => events.push(event))
  await scheduler.start()
  await scheduler.addJobs([
    { id: "plain", task: "noop", trigger: interval({ seconds: 2 }) },
    { id: "slow", task: "slow", trigger: interval({ seconds: 5 }) },
    {
      id: "retrying",
      task: "failing",
      trigger: interval({ seconds: 4 }),
      retry: { attempts: 2, backoff: "3 seconds" },
      misfireGrace: 0
    },
    { id: "streamed", task: "slow", trigger: stream("ticks") }
  ])
  const inHand = await Promise.all(ids.map((id) => scheduler.jobActor(id)))
  const states = { scheduler: [] as Array<string>, jobs: inHand.map((actor) => note([], actor)) }
  note(states.scheduler, scheduler.actor)
  for (let second = 0; second < 40; second++) {
    const faces: ReadonlyArray<AnyActorRef> = [scheduler.actor, ...inHand].map(takingNoCommands)
    attack([...refs, ...faces], second)
    if (second % 7 === 0) ticks.next(second)
    if (second === 30) await scheduler.pauseJob("plain")
    await clock.advance("1 second")
  }
  const jobs = (await scheduler.getJobs()).map(({ record }) => record)
  const runs = await scheduler.getRuns()
  const { ok } = await scheduler.verify()
  const { needsALook } = await scheduler.status()
  await scheduler.shutdown({ wait: false })
  return { events, jobs, runs, ok, needsALook, reported, states }
}

const ids = ["plain", "slow", "retrying", "streamed"]

/** An actor in hand acts on commands: those are another test's. */
const takingNoCommands = (actor: AnyActorRef): AnyActorRef =>
  new Proxy(actor, {
    get: (target, name) =>
      name === "send"
        ? (event: EventObject) => {
            if (!everyEvent.includes(event) || !commands.has(event.type)) target.send(event)
          }
        : (Reflect.get(target, name, target) as unknown)
  })

function note(states: Array<string>, actor: AnyActorRef): Array<string> {
  const add = ({ value }: { readonly value: string }): void => {
    if (states.at(-1) !== value) states.push(value)
  }
  add(actor.getSnapshot() as { readonly value: string })
  actor.subscribe(add)
  return states
}
