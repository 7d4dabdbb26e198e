/** The live actors of a scheduler: who gets one, what it shows, and when it ends. Long: one scenario for each way to end. */
import { createScheduler, cron, date, interval, StoreUnavailable, stream, task } from "carillon"
import type { JobStore, SchedulerOptions } from "carillon"
import { virtualClock } from "carillon/testing"
import { Effect } from "effect"
import { Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import type { AnyActorRef, InspectionEvent } from "xstate"
import { unreliable } from "./unreliableStore.ts"

const start = Date.UTC(2026, 0, 5, 9)

describe("a scheduler's actor", () => {
  it("goes through new, starting, declaring, active, paused, degraded, draining and stopped", async () => {
    const away = { yes: false }
    const { scheduler, clock } = make({ store: unreliable(away), tasks: [noop] })
    const states = follow(scheduler.actor)
    await scheduler.start()
    scheduler.pause()
    scheduler.resume()
    away.yes = true
    const added = scheduler.addJob({ id: "a", task: "noop", trigger: interval({ hours: 1 }) })
    await clock.advance("1 second")
    away.yes = false
    await clock.advance("1 minute")
    await added
    await scheduler.shutdown()
    const atWork = ["active", "paused", "active", "degraded", "active"]
    expect(states).toEqual(["new", "starting", "declaring", ...atWork, "draining", "stopped"])
    expect(scheduler.actor.getSnapshot().status).toBe("done")
  })

  it("ends with a scheduler that is stopped before it was started", async () => {
    const { scheduler } = make({})
    const states = follow(scheduler.actor)
    await scheduler.shutdown()
    expect(states).toEqual(["new", "stopped"])
    expect(scheduler.actor.getSnapshot().status).toBe("done")
    expect((await scheduler.status()).state).toBe("stopped")
  })

  it("drains from the moment that its start is called off", async () => {
    const { scheduler } = make({})
    const states = follow(scheduler.actor)
    const started = scheduler.start().catch((error: unknown) => error)
    const stopped = scheduler.shutdown()
    expect(states).toEqual(["new", "starting", "draining"])
    await stopped
    expect(await started).toMatchObject({ _tag: "SchedulerStoppedError", verb: "start" })
    expect(states).toEqual(["new", "starting", "draining", "stopped"])
  })

  it("stops with the reason when a start fails, and takes the executors' actors with it", async () => {
    const seen = watcher()
    const broken: JobStore = {
      description: "broken",
      open: () => Effect.fail(new StoreUnavailable({ store: "broken", operation: "open", cause: "gone" }))
    }
    const { scheduler } = make({ store: broken, inspect: seen.inspect })
    const states = follow(scheduler.actor)
    await expect(scheduler.start()).rejects.toMatchObject({ _tag: "StoreUnavailable" })
    expect(states).toEqual(["new", "starting", "draining", "stopped"])
    expect(scheduler.actor.getSnapshot().context.reason).toMatch("store broken: open failed: gone")
    expect(seen.alive()).toEqual([])
  })
})

describe("with no inspector attached", () => {
  it("jobs run without an actor: an observer of the whole system sees none", async () => {
    const { scheduler, clock } = make({ tasks: [noop] })
    const seen = watcher()
    scheduler.actor.system.inspect({ next: seen.inspect })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "noop", trigger: interval({ seconds: 1 }) })
    await clock.advance("1 minute")
    expect((await scheduler.getJob("a"))?.runCount).toBe(60)
    await scheduler.shutdown()
    expect(seen.ids()).toEqual(["executor:default"])
  })
})

describe("an inspector", () => {
  it("sees the scheduler, its executors and every job that something happens to", async () => {
    const seen = watcher()
    const { scheduler, clock } = make({ tasks: [noop], inspect: seen.inspect })
    await scheduler.start()
    await scheduler.addJobs(
      ["a", "b"].map((id) => ({ id, task: "noop", trigger: date(start + 1_000), paused: id === "b" }))
    )
    await clock.advance("1 second")
    const ranBefore = scheduler.getRuns()
    await scheduler.shutdown()
    const [run] = await ranBefore
    expect(seen.ids()).toEqual(["scheduler", "executor:default", "jobs", "job:a", "job:b", `run:${run?.runId}`])
    expect(seen.eventsOf("job:a").filter((type) => !type.startsWith("xstate."))).toEqual(["due", "settled"])
    expect(seen.statesOf("job:a")).toEqual(["scheduled", "running", "done"])
    expect(seen.alive()).toEqual([])
  })

  it("keeps no more idle jobs alive than are kept decoded", async () => {
    const seen = watcher()
    const { scheduler, clock } = make({ tasks: [noop], cachedJobs: 3, inspect: seen.inspect })
    await scheduler.start()
    const ids = Array.from({ length: 20 }, (_, index) => `job${index}`)
    await scheduler.addJobs(ids.map((id) => ({ id, task: "noop", trigger: interval({ seconds: 1 }) })))
    await clock.advance("5 seconds")
    expect(seen.alive().filter((id) => id.startsWith("job:"))).toHaveLength(3)
    await scheduler.shutdown()
    expect(seen.alive()).toEqual([])
  })

  it("keeps none with no resident jobs, and shows each job's news all the same", async () => {
    const seen = watcher()
    const { scheduler, clock } = make({ tasks: [noop], cachedJobs: 0, inspect: seen.inspect })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "noop", trigger: interval({ seconds: 1 }), maxRuns: 2 })
    await clock.advance("5 seconds")
    expect(seen.alive().filter((id) => id.startsWith("job:"))).toEqual([])
    expect(seen.eventsOf("job:a").filter((type) => !type.startsWith("xstate."))).toEqual([
      "due",
      "settled",
      "due",
      "settled"
    ])
    await scheduler.shutdown()
  })

  it("sees an executor idle, busy and idle again around a task that takes time", async () => {
    const seen = watcher()
    const { scheduler, clock } = make({ tasks: [slow], inspect: seen.inspect })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "slow", trigger: interval({ minutes: 1 }) })
    await clock.advance("90 seconds")
    expect(seen.statesOf("executor:default")).toEqual(["idle", "busy", "idle"])
    await scheduler.shutdown()
    expect(seen.statesOf("executor:default").at(-1)).toBe("stopped")
  })

  it("sees an executor that is removed in the middle of a run stop", async () => {
    const seen = watcher()
    const { scheduler, clock } = make({ tasks: [slow], inspect: seen.inspect })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "slow", trigger: date(start) })
    await clock.settle()
    scheduler.removeExecutor("default")
    await clock.settle()
    expect(seen.statesOf("executor:default")).toEqual(["idle", "busy", "idle", "draining", "stopped"])
    await scheduler.shutdown()
  })

  it("that throws is reported, and breaks nothing", async () => {
    const errors: Array<unknown> = []
    const inspect = (event: InspectionEvent) => {
      if (event.type === "@xstate.event") throw new Error("broken inspector")
    }
    const { scheduler, clock } = make({ tasks: [noop], inspect, onError: (error) => void errors.push(error) })
    await scheduler.start()
    await scheduler.addJob({ id: "a", task: "noop", trigger: interval({ seconds: 1 }) })
    await clock.advance("10 seconds")
    expect((await scheduler.getJob("a"))?.runCount).toBe(10)
    expect(errors[0]).toEqual(new Error("broken inspector"))
    await scheduler.shutdown()
  })
})

describe("a job's actor", () => {
  it("stays live whatever is put away, until the job is done", async () => {
    const { scheduler, clock } = make({ tasks: [noop], cachedJobs: 0 })
    await scheduler.start()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: interval({ minutes: 1 }), maxRuns: 2 })
    const actor = await job.actor()
    expect((await job.actor()).sessionId).toBe(actor.sessionId)
    const states = follow(actor)
    await clock.advance("10 minutes")
    expect(states).toEqual(["scheduled", "running", "scheduled", "running", "done"])
    expect(actor.getSnapshot().status).toBe("done")
    expect((await job.actor()).getSnapshot().value).toBe("done")
    await scheduler.shutdown()
  })

  it("stops when the scheduler does", async () => {
    const { scheduler } = make({ tasks: [noop] })
    await scheduler.start()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: cron("0 0 * * *") })
    const actor = await job.actor()
    let ended = false
    actor.subscribe({ complete: () => (ended = true) })
    await scheduler.shutdown()
    expect(ended).toBe(true)
    expect(actor.getSnapshot().status).toBe("stopped")
  })

  it("takes each step once, asked for beside the command that makes the step", async () => {
    const { scheduler } = make({ tasks: [noop] })
    await scheduler.start()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: cron("0 0 * * *") })
    const [, actor] = await Promise.all([job.pause(), job.actor(), scheduler.getJobs()])
    expect(actor.getSnapshot().value).toBe("paused")
    const states = follow(actor)
    await Promise.all([job.resume(), job.pause(), job.resume()])
    expect(states).toEqual(["paused", "scheduled", "paused", "scheduled"])
    await scheduler.shutdown()
  })

  it("shows a change only once it is on disk", async () => {
    const away = { yes: false }
    const { scheduler, clock } = make({ store: unreliable(away), tasks: [noop] })
    await scheduler.start()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: cron("0 0 * * *") })
    const states = follow(await job.actor())
    away.yes = true
    const paused = job.pause()
    await clock.advance("1 second")
    expect(states).toEqual(["scheduled"])
    away.yes = false
    await clock.advance("1 minute")
    await paused
    expect(states).toEqual(["scheduled", "paused"])
    await scheduler.shutdown()
  })

  it("shows the same as the job's record, whatever happens to the job", async () => {
    const ticks = new Subject<number>()
    const { scheduler, clock } = make({ tasks: [noop, slow, failing], streams: { ticks } })
    await scheduler.start()
    const trigger = interval({ seconds: 7 })
    const jobs = await scheduler.addJobs([
      { id: "plain", task: "noop", trigger },
      { id: "overlapping", task: "slow", trigger, maxInstances: 2, overlap: "queue-all" },
      { id: "retrying", task: "failing", trigger, retry: { attempts: 3, backoff: "1 second" } },
      { id: "late", task: "slow", trigger, misfireGrace: "1 second" },
      { id: "streamed", task: "noop", trigger: stream("ticks") }
    ])
    const actors = await Promise.all(jobs.map((job) => job.actor()))
    const agree = async () => {
      for (const [index, { id }] of jobs.entries()) {
        const { value, context } = actors[index]?.getSnapshot() ?? {}
        const record = (await scheduler.getJob(id))?.record
        expect([id, value, context?.memory.lastFireAt]).toEqual([id, record?.state, record?.lastFireAt])
      }
    }
    for (let second = 0; second < 60; second++) {
      if (second === 20) await scheduler.pauseJob("plain")
      if (second === 40) await scheduler.resumeJob("plain", { missed: "coalesce" })
      if (second % 5 === 0) ticks.next(second)
      if (second === 30) await scheduler.modifyJob("late", { misfireGrace: "10 seconds" })
      if (second === 33) await scheduler.rescheduleJob("retrying", interval({ seconds: 3 }))
      await clock.advance("1 second")
      await agree()
    }
    await scheduler.shutdown({ wait: false })
  })

  it("of a job that is declared anew after its end is another one", async () => {
    const { scheduler, clock } = make({ tasks: [noop] })
    await scheduler.start()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: date(start) })
    await clock.settle()
    expect((await job.actor()).getSnapshot().value).toBe("done")
    await scheduler.addJob({ id: "a", task: "noop", trigger: date(start + 5_000), ifExists: "replace" })
    const actor = await job.actor()
    expect(actor.getSnapshot().value).toBe("scheduled")
    await clock.advance("5 seconds")
    expect(actor.getSnapshot().status).toBe("done")
    await scheduler.shutdown()
  })

  it("cannot be had of a job that does not exist", async () => {
    const { scheduler } = make({})
    await scheduler.start()
    await expect(scheduler.jobActor("nobody")).rejects.toMatchObject({ _tag: "UnknownJobError" })
    await scheduler.shutdown()
  })
})

const noop = task("noop", () => null)
const slow = task("slow", () => Effect.sleep("10 seconds"))
const failing = task("failing", () => {
  throw new Error("no luck")
})

function make(options: SchedulerOptions) {
  const clock = virtualClock(start)
  return { clock, scheduler: createScheduler({ clock, timezone: "UTC", ...options }) }
}

/** The states that an actor shows from now on, its present one first. */
function follow(
  actor: { readonly getSnapshot: () => { readonly value: string } } & AnyActorRef
): ReadonlyArray<string> {
  const states = [actor.getSnapshot().value]
  actor.subscribe(({ value }: { readonly value: string }) => {
    if (states.at(-1) !== value) states.push(value)
  })
  return states
}

/** An inspector that keeps what it sees. */
function watcher() {
  const actors: Array<AnyActorRef> = []
  const seen: Array<InspectionEvent> = []
  const of = (id: string) => seen.filter(({ actorRef }) => "id" in actorRef && actorRef.id === id)
  return {
    inspect: (event: InspectionEvent) => {
      seen.push(event)
      if (event.type === "@xstate.actor") actors.push(event.actorRef as AnyActorRef)
    },
    ids: () => actors.map(({ id }) => id),
    alive: () =>
      actors
        .filter((actor) => (actor.getSnapshot() as { readonly status: string }).status === "active")
        .map(({ id }) => id),
    eventsOf: (id: string) => of(id).flatMap((event) => (event.type === "@xstate.event" ? [event.event.type] : [])),
    statesOf: (id: string) => {
      const states: Array<string> = []
      for (const event of of(id)) {
        if (event.type !== "@xstate.snapshot") continue
        const { value } = event.snapshot as unknown as { readonly value: string }
        if (states.at(-1) !== value) states.push(value)
      }
      return states
    }
  }
}
