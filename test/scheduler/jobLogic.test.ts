/** Jobs and runs in a program's own machines, and a scheduler under a program's own actor. */
import { createScheduler, cron, date, interval, jobLogic, runLogic, StoreUnavailable, task } from "carillon"
import type { JobRecord, JobStore, RunRecord, SchedulerOptions } from "carillon"
import { virtualClock } from "carillon/testing"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { assign, createActor, setup, toPromise, waitFor } from "xstate"
import type { AnyActorRef, InspectionEvent } from "xstate"
import { unreliable } from "./unreliableStore.ts"

const start = Date.UTC(2026, 0, 5, 9)
const nightly = cron("0 0 * * *")

describe("runLogic", () => {
  it("runs the job and gives the run's record to the machine that invoked it", async () => {
    const { scheduler, clock } = await started()
    await scheduler.addJob({ id: "a", task: "echo", trigger: nightly, args: 1 })
    const machine = setup({
      types: { context: {} as { readonly run: RunRecord | null } },
      actors: { backup: runLogic(scheduler, "a") }
    }).createMachine({
      context: { run: null },
      initial: "backingUp",
      states: {
        backingUp: {
          invoke: {
            src: "backup",
            input: { args: { full: true } },
            onDone: { target: "saved", actions: assign({ run: ({ event }) => event.output }) }
          }
        },
        saved: { type: "final" }
      }
    })
    const actor = createActor(machine).start()
    await clock.settle()
    expect(actor.getSnapshot()).toMatchObject({
      value: "saved",
      context: { run: { jobId: "a", outcome: "succeeded", result: { full: true } } }
    })
    await scheduler.shutdown()
  })

  it("cancels the run when the state is left, also one that is not yet claimed", async () => {
    const { scheduler, clock } = await started()
    await scheduler.addJobs(["a", "b"].map((id) => ({ id, task: "slow", trigger: nightly })))
    const machine = (id: string) =>
      setup({ actors: { run: runLogic(scheduler, id) } }).createMachine({
        initial: "running",
        states: { running: { invoke: { src: "run" }, on: { leave: "left" } }, left: {} }
      })
    const late = createActor(machine("a")).start()
    await clock.advance("1 second")
    late.send({ type: "leave" })
    const early = createActor(machine("b")).start()
    early.send({ type: "leave" })
    await clock.settle()
    const outcomes = (await scheduler.getRuns()).map(({ jobId, outcome }) => [jobId, outcome])
    expect(outcomes.toSorted()).toEqual([
      ["a", "cancelled"],
      ["b", "cancelled"]
    ])
    await scheduler.shutdown()
  })

  it.each([
    { away: "can be read and not be written, is cancelled once it can", unread: false, ends: "cancelled" },
    { away: "cannot be read, lets the run end by itself, and nobody is told", unread: true, ends: "succeeded" }
  ])("left while the store $away", async ({ unread, ends }) => {
    const away = { yes: false }
    const writes = unreliable(away)
    const gone = new StoreUnavailable({ store: "memory", operation: "runs", cause: "away" })
    const store: JobStore = {
      ...writes,
      open: (owner) =>
        Effect.map(writes.open(owner), (opened) => ({
          ...opened,
          reads: {
            ...opened.reads,
            runs: (filter) => (away.yes && unread ? Effect.fail(gone) : opened.reads.runs(filter))
          }
        }))
    }
    const reported: Array<unknown> = []
    const { scheduler, clock } = await started({ store, onError: (error) => void reported.push(error) })
    await scheduler.addJob({ id: "a", task: "slow", trigger: nightly })
    const actor = createActor(runLogic(scheduler, "a"), { input: undefined }).start()
    await clock.advance("1 second")
    away.yes = true
    actor.stop()
    await clock.advance("5 seconds")
    away.yes = false
    await clock.advance("2 hours")
    expect((await scheduler.getRuns()).map(({ outcome }) => outcome)).toEqual([ends])
    expect(reported).toEqual([])
    await scheduler.shutdown()
  })

  it("fails with the run that has not succeeded, and with what runJob rejects with", async () => {
    const { scheduler, clock } = await started()
    await scheduler.addJob({ id: "a", task: "failing", trigger: nightly })
    const failed = toPromise(createActor(runLogic(scheduler, "a"), { input: undefined }).start()).catch(givenBack)
    const unknown = toPromise(createActor(runLogic(scheduler, "b"), { input: undefined }).start()).catch(givenBack)
    await clock.settle()
    const [run] = await scheduler.getRuns()
    expect(await failed).toMatchObject({
      _tag: "RunNotSucceededError",
      jobId: "a",
      runId: run?.runId,
      outcome: "failed"
    })
    expect(((await failed) as Error).message).toBe(
      `run "${run?.runId}" of job "a" has ended as failed (no luck); retryRun("${run?.runId}") tries it again`
    )
    expect(await unknown).toMatchObject({ _tag: "UnknownJobError" })
    await scheduler.shutdown()
  })
})

describe("jobLogic", () => {
  it("follows the job's records to its end", async () => {
    const { scheduler, clock } = await started()
    await scheduler.addJob({ id: "a", task: "echo", trigger: interval("1 minute"), maxRuns: 2 })
    const actor = createActor(jobLogic(scheduler, "a"))
    const seen: Array<readonly [string, number]> = []
    actor.subscribe(({ context }) => {
      if (context !== undefined) seen.push([context.state, context.runCount])
    })
    actor.start()
    await clock.advance("5 minutes")
    expect(actor.getSnapshot()).toMatchObject({ status: "done", context: { id: "a", state: "done", runCount: 2 } })
    expect(seen.at(-1)).toEqual(["done", 2])
    expect(seen[0]).toEqual(["scheduled", 0])
    await scheduler.shutdown()
  })

  it.each<readonly [string, (id: string) => Partial<Parameters<typeof addTo>[1]>]>([
    ["removed", () => ({ paused: true })],
    ["removed, though done by then", () => ({ trigger: date(start) })]
  ])("ends when the job is %s", async (_end, options) => {
    const { scheduler, clock } = await started()
    await addTo(scheduler, { id: "a", task: "echo", trigger: nightly, ...options("a") })
    await clock.settle()
    const actor = createActor(jobLogic(scheduler, "a")).start()
    await clock.settle()
    await scheduler.removeJob("a")
    expect(actor.getSnapshot().status).toBe("done")
    await scheduler.shutdown()
  })

  it("spawned, can be stopped, and the job goes on; of no job it fails", async () => {
    const { scheduler, clock } = await started()
    await scheduler.addJob({ id: "a", task: "echo", trigger: interval("1 minute") })
    const machine = setup({
      types: { context: {} as { readonly record: JobRecord | null } },
      actors: { job: jobLogic(scheduler, "a") }
    }).createMachine({
      context: { record: null },
      initial: "watching",
      states: {
        watching: {
          invoke: {
            src: "job",
            onSnapshot: { actions: assign({ record: ({ event }) => event.snapshot.context ?? null }) }
          },
          on: { leave: "left" }
        },
        left: {}
      }
    })
    const actor = createActor(machine).start()
    await clock.advance("1 minute")
    actor.send({ type: "leave" })
    expect(actor.getSnapshot().context.record?.runCount).toBe(1)
    await clock.advance("1 minute")
    expect(actor.getSnapshot().context.record?.runCount).toBe(1)
    expect((await scheduler.getJob("a"))?.runCount).toBe(2)
    const nobody = toPromise(createActor(jobLogic(scheduler, "nobody")).start()).catch(givenBack)
    expect(await nobody).toMatchObject({ _tag: "UnknownJobError" })
    await scheduler.shutdown()
  })
})

describe("a scheduler under an actor of the program", () => {
  it("is its child in one system, shows all the same, and tells it when it has stopped", async () => {
    const told: Array<string> = []
    const program = createActor(
      setup({}).createMachine({ id: "program", on: { "*": { actions: ({ event }) => told.push(event.type) } } })
    ).start()
    const seen: Array<InspectionEvent> = []
    const { scheduler, clock } = await started({ parent: program, inspect: (event) => seen.push(event) })
    expect(scheduler.actor.system).toBe(program.system)
    await scheduler.addJob({ id: "a", task: "echo", trigger: interval("1 minute") })
    program.send({ type: "unrelated" })
    await clock.advance("1 minute")
    scheduler.actor.send({ type: "pause" })
    expect(scheduler.actor.getSnapshot().value).toBe("paused")
    const actors = new Set(seen.map(({ actorRef }) => (actorRef as AnyActorRef).id))
    const [run] = await scheduler.getRuns()
    expect([...actors].toSorted()).toEqual(["executor:default", "job:a", "jobs", `run:${run?.runId}`, "scheduler"])
    await scheduler.shutdown()
    await waitFor(scheduler.actor, ({ status }) => status === "done")
    expect(told).toContain("xstate.done.actor.scheduler")
    expect(program.getSnapshot().status).toBe("active")
  })

  it("goes on when an inspector of the program's throws", async () => {
    const program = createActor(setup({}).createMachine({})).start()
    const { scheduler, clock } = await started({ parent: program, inspect: () => undefined, onError: () => undefined })
    program.system.inspect(() => {
      throw new Error("the program's inspector")
    })
    await scheduler.addJob({ id: "a", task: "echo", trigger: interval("1 minute") })
    await clock.advance("2 minutes")
    scheduler.pause()
    scheduler.resume()
    await clock.advance("2 minutes")
    expect((await scheduler.getJob("a"))?.runCount).toBe(4)
    await scheduler.shutdown()
  })

  it("is refused what is no actor", () => {
    expect(() => createScheduler({ parent: { system: {} } as unknown as AnyActorRef })).toThrow(
      "option parent is an object, expected an actor of XState"
    )
  })
})

const givenBack = (error: unknown): unknown => error

const addTo = (scheduler: ReturnType<typeof createScheduler>, input: Parameters<typeof scheduler.addJob>[0]) =>
  scheduler.addJob(input)

async function started(options: SchedulerOptions = {}) {
  const clock = virtualClock(start)
  const tasks = [
    task("echo", ({ args }) => args),
    task("slow", () => Effect.sleep("1 hour")),
    task("failing", () => {
      throw new Error("no luck")
    })
  ]
  const scheduler = createScheduler({ clock, timezone: "UTC", tasks, ...options })
  await scheduler.start()
  return { clock, scheduler }
}
