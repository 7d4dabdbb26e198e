/** What a program may send to a scheduler's and a job's actor, what becomes of it, and how a held actor is let go. */
import { createScheduler, cron, date, interval, task } from "carillon"
import type { JobActor, JobCommand, JobRefused, SchedulerOptions, SchedulerRefused } from "carillon"
import { virtualClock } from "carillon/testing"
import { describe, expect, it } from "vitest"
import { createActor, sendTo, setup, toPromise, waitFor } from "xstate"
import type { AnyActorRef } from "xstate"
import { unreliable } from "./unreliableStore.ts"

const start = Date.UTC(2026, 0, 5, 9)
const nightly = cron("0 0 * * *")

describe("a scheduler's actor", () => {
  it("takes pause, resume and shutdown as the verbs do, with their events", async () => {
    const { scheduler, told, clock } = await started()
    await scheduler.addJob({ id: "a", task: "noop", trigger: interval({ seconds: 1 }) })
    scheduler.actor.send({ type: "pause" })
    expect(scheduler.actor.getSnapshot().value).toBe("paused")
    await clock.advance("5 seconds")
    expect((await scheduler.getJob("a"))?.runCount).toBe(0)
    scheduler.actor.send({ type: "resume" })
    await clock.advance("5 seconds")
    expect((await scheduler.getJob("a"))?.runCount).toBeGreaterThan(4)
    scheduler.actor.send({ type: "shutdown", wait: false })
    await waitFor(scheduler.actor, ({ status }) => status === "done")
    const lifecycle = [
      "SchedulerStarted",
      "SchedulerPaused",
      "SchedulerResumed",
      "SchedulerDraining",
      "SchedulerStopped"
    ]
    expect(told.filter((type) => type.startsWith("Scheduler"))).toEqual(lifecycle)
  })

  it("refuses what the verb fails with, and what is no command, by name", async () => {
    const { scheduler } = make()
    const refused: Array<SchedulerRefused> = []
    scheduler.actor.on("refused", (refusal) => refused.push(refusal))
    scheduler.actor.send({ type: "pause" })
    await scheduler.start()
    scheduler.actor.send({ type: "failed", reason: "a click" } as never)
    scheduler.actor.send("pause" as never)
    scheduler.actor.send({ type: "shutdown", deadline: "soon" } as never)
    scheduler.actor.send({ type: "pause", until: "noon" } as never)
    await Promise.resolve()
    const tags = refused.map(({ error }) => (error as { readonly _tag?: string })._tag)
    expect(tags.toSorted()).toEqual([
      "InvalidDurationError",
      "InvalidOptionError",
      "SchedulerNotStartedError",
      "UnknownCommandError",
      "UnknownCommandError"
    ])
    expect(refused[1]).toMatchObject({
      event: { type: "failed", reason: "a click" },
      reason:
        'actor "scheduler" was sent "failed", which is no command of its; send an event whose type is one of pause, resume, shutdown'
    })
    expect(scheduler.actor.getSnapshot().value).toBe("active")
    await scheduler.shutdown()
  })

  it("goes on after start and stop, as do its subscribers", async () => {
    const { scheduler } = await started()
    let completed = false
    scheduler.actor.subscribe({ complete: () => (completed = true) })
    scheduler.actor.start()
    scheduler.actor.stop()
    scheduler.pause()
    expect([completed, scheduler.actor.getSnapshot().value]).toEqual([false, "paused"])
    await scheduler.shutdown()
    expect(completed).toBe(true)
  })

  it("takes the commands of a machine of the program's", async () => {
    const { scheduler } = await started()
    tell(scheduler.actor, { type: "pause" })
    expect(scheduler.actor.getSnapshot().value).toBe("paused")
    await scheduler.shutdown()
  })
})

describe("a job's actor", () => {
  it("takes the commands, and moves when they are on disk", async () => {
    const { scheduler, clock } = await started()
    const job = await scheduler.addJob({ id: "a", task: "echo", trigger: nightly })
    const actor = await job.actor()
    const send = async (command: JobCommand): Promise<string> => {
      actor.send(command)
      await clock.settle()
      return actor.getSnapshot().value
    }
    expect(await send({ type: "pause" })).toBe("paused")
    expect((await scheduler.getJob("a"))?.state).toBe("paused")
    expect(await send({ type: "resume", missed: "skip" })).toBe("scheduled")
    expect(await send({ type: "run", args: { n: 1 } })).toBe("scheduled")
    expect(await scheduler.getRuns()).toMatchObject([{ result: { n: 1 } }])
    await send({ type: "reschedule", trigger: date(start + 60_000) })
    expect((await scheduler.getJob("a"))?.nextFireAt).toBe(start + 60_000)
    expect(await send({ type: "remove" })).toBe("done")
    expect(await scheduler.getJob("a")).toBeUndefined()
    await scheduler.shutdown()
  })

  it("refuses what the verb rejects with, to its own listeners alone, and nothing moves", async () => {
    const away = { yes: false }
    const { scheduler, clock } = await started({ store: unreliable(away), commandTimeout: "2 seconds" })
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: nightly })
    const [actor, other] = [await job.actor(), await job.actor()]
    const refused = refusalsOf(actor)
    const others = refusalsOf(other)
    const states = new Set<string>()
    other.subscribe(({ value }) => states.add(value))
    actor.send({ type: "resume" })
    actor.send({ type: "resume", missed: "all" } as never)
    actor.send({ type: "reschedule" } as never)
    actor.send({ type: "run", argz: 1 } as never)
    actor.send({ type: "settled", runKey: 1 } as never)
    await clock.settle()
    away.yes = true
    actor.send({ type: "pause" })
    await clock.advance("5 seconds")
    away.yes = false
    await clock.advance("1 minute")
    expect(refused.map(({ command, error }) => [(command as JobCommand).type, tagOf(error)]).toSorted()).toEqual([
      ["pause", "StoreUnavailable"],
      ["reschedule", "InvalidOptionError"],
      ["resume", "InvalidOptionError"],
      ["resume", "JobStateError"],
      ["run", "InvalidOptionError"],
      ["settled", "UnknownCommandError"]
    ])
    expect(refused.find(({ error }) => tagOf(error) === "JobStateError")?.reason).toContain('job "a"')
    expect([others, [...states], actor.getSnapshot().value]).toEqual([[], [], "scheduled"])
    await scheduler.shutdown()
  })

  it("takes the commands of a machine of the program's, and of a job that is gone refuses them", async () => {
    const { scheduler, clock } = await started()
    const actor = await (await scheduler.addJob({ id: "a", task: "noop", trigger: nightly })).actor()
    const refused = refusalsOf(actor)
    tell(actor, { type: "remove" })
    await clock.settle()
    tell(actor, { type: "run" })
    await clock.settle()
    expect(refused.map(({ error }) => tagOf(error))).toEqual(["UnknownJobError"])
    await scheduler.shutdown()
  })

  it("that is let go completes its own subscribers, and no other's", async () => {
    const { scheduler, clock } = await started()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: nightly })
    const [mine, other] = [await job.actor(), await job.actor()]
    const completed: Array<string> = []
    const seen: Array<string> = []
    mine.subscribe({ complete: () => completed.push("mine") })
    other.subscribe({ next: ({ value }) => seen.push(value), complete: () => completed.push("other") })
    mine.stop()
    mine.stop()
    mine.send({ type: "remove" })
    await job.pause()
    await clock.settle()
    expect([completed, seen]).toEqual([["mine"], ["paused"]])
    expect([mine.getSnapshot(), mine.getSnapshot()]).toMatchObject([
      { value: "scheduled", status: "stopped" },
      { value: "scheduled", status: "stopped" }
    ])
    expect(mine.getSnapshot()).toBe(mine.getSnapshot())
    other.stop()
    expect((await job.actor()).getSnapshot()).toMatchObject({ value: "paused", status: "active" })
    await scheduler.shutdown()
  })

  it("is let go at the end of a using, and a page that visits ten thousand jobs keeps one at a time", async () => {
    const alive = new Set<AnyActorRef>()
    const { scheduler } = await started({ cachedJobs: 100 })
    let most = 0
    scheduler.actor.system.inspect((event) => {
      const actor = event.actorRef as AnyActorRef
      if (event.type === "@xstate.actor" && actor.id.startsWith("job:")) alive.add(actor)
      if (event.type === "@xstate.snapshot" && event.snapshot.status !== "active") alive.delete(actor)
      most = Math.max(most, alive.size)
    })
    await scheduler.addJobs(
      Array.from({ length: 10_000 }, (_, index) => ({ id: `job${index}`, task: "noop", trigger: nightly }))
    )
    for (let index = 0; index < 10_000; index++) {
      using actor = await scheduler.jobActor(`job${index}`)
      expect(actor.getSnapshot().value).toBe("scheduled")
    }
    expect([most, alive.size]).toEqual([1, 0])
    await scheduler.shutdown()
  }, 60_000)

  it("of a job that is done is kept for nobody", async () => {
    const { scheduler, clock } = await started()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: date(start) })
    await clock.settle()
    const actor = await job.actor()
    let completed = false
    actor.subscribe({ complete: () => (completed = true) })
    expect([completed, actor.getSnapshot().status]).toEqual([true, "done"])
    actor.stop()
    expect(actor.getSnapshot().status).toBe("done")
    await scheduler.shutdown()
  })

  it("serves XState's own functions, a selector and what a context persists", async () => {
    const { scheduler, clock } = await started()
    const job = await scheduler.addJob({ id: "a", task: "noop", trigger: interval("1 second"), maxRuns: 2 })
    const actor = await job.actor()
    const counts: Array<number> = []
    actor.select(({ context }) => context.memory.runCount).subscribe((count) => counts.push(count))
    const [done, end] = [waitFor(actor, ({ status }) => status === "done"), toPromise(actor)]
    const holder = setup({ types: { context: {} as { readonly job: AnyActorRef } } }).createMachine({
      context: { job: actor }
    })
    expect(createActor(holder).start().getPersistedSnapshot()).toMatchObject({ context: { job: { id: "job:a" } } })
    expect(JSON.parse(JSON.stringify({ actor }))).toMatchObject({ actor: { id: "job:a" } })
    await clock.advance("3 seconds")
    expect((await done).value).toBe("done")
    expect(await end).toBe("succeeded")
    expect(counts).toEqual([1, 2])
    await scheduler.shutdown()
  })

  it("reports what its listeners throw", async () => {
    const reported: Array<unknown> = []
    const { scheduler } = await started({ onError: (error, where) => reported.push([(error as Error).message, where]) })
    const actor = await (await scheduler.addJob({ id: "a", task: "noop", trigger: nightly })).actor()
    actor.on("*", () => {
      throw new Error("listener")
    })
    actor.send({ type: "due" } as never)
    expect(reported).toEqual([["listener", 'a listener of actor "job:a"']])
    await scheduler.shutdown()
  })
})

const refusalsOf = (actor: JobActor): ReadonlyArray<JobRefused> => {
  const refused: Array<JobRefused> = []
  actor.on("refused", (refusal) => refused.push(refusal))
  return refused
}

const tagOf = (error: unknown): unknown => (error as { readonly _tag?: unknown })._tag

/** As `sendTo` of a program's machine does. */
const tell = (target: AnyActorRef, event: { readonly type: string }): void => {
  createActor(setup({}).createMachine({ entry: sendTo(target, event) }))
    .start()
    .stop()
}

function make(options: SchedulerOptions = {}) {
  const clock = virtualClock(start)
  const tasks = [task("noop", () => null), task("echo", ({ args }) => args)]
  return { clock, scheduler: createScheduler({ clock, timezone: "UTC", tasks, ...options }) }
}

async function started(options: SchedulerOptions = {}) {
  const made = make(options)
  const told: Array<string> = []
  made.scheduler.events$.subscribe(({ type }) => told.push(type))
  await made.scheduler.start()
  return { ...made, told }
}
