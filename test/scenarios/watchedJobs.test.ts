/** `job$`: a value in the same turn, over a start, a removal and a return, an outage, and the end. */
import type { Observable } from "rxjs"
import { Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { createScheduler, date, interval, memory, StoreUnavailable, stream, task } from "../../src/index.ts"
import type { JobRecord, Scheduler } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { faultyStore } from "./faultyStore.ts"
import { day, gate, midnight, minute, newWorld, second, storeKinds, storeOf } from "./world.ts"

const noop = task("noop", () => null)
const hourly = { task: "noop", trigger: interval("1 hour") } as const

type Watched = JobRecord | null | undefined
const brief = (job: Watched): string => (job ? job.state : String(job))

/** What `get` of Svelte does, and `toSignal(…, { requireSync: true })` of Angular at first. */
const inTheSameTurn = <A>(values$: Observable<A>): A => {
  const values: Array<A> = []
  values$.subscribe((value) => values.push(value)).unsubscribe()
  if (values.length === 0) throw new Error("NG0601: no value was given in the turn of the subscription")
  return values[0] as A
}

const watched = (scheduler: Scheduler, id: string) => {
  const seen: Array<string> = []
  const subscription = scheduler.job$(id).subscribe({
    next: (job) => seen.push(brief(job)),
    error: (error: unknown) => seen.push(`error ${String(error)}`),
    complete: () => seen.push("end")
  })
  return { seen, subscription }
}

describe.each(storeKinds)("job$ with the %s store", (kind) => {
  it("waits for the start and for a job that is not there yet, and goes on after its removal and return", async () => {
    const clock = virtualClock(midnight)
    const scheduler = createScheduler({ tasks: [noop], store: storeOf(kind), clock, timezone: "UTC" })
    const { seen } = watched(scheduler, "a")
    expect(seen).toEqual(["undefined"])
    await scheduler.start()
    await clock.settle()
    expect(seen).toEqual(["undefined", "null"])
    await scheduler.addJob({ ...hourly, id: "a" })
    await scheduler.pauseJob("a")
    await scheduler.removeJob("a")
    await scheduler.addJob({ ...hourly, id: "a" })
    await scheduler.shutdown()
    expect(seen).toEqual(["undefined", "null", "scheduled", "paused", "null", "scheduled", "end"])
  })

  it("gives what is known in the same turn, and what must be asked for a moment later", async () => {
    const world = newWorld(kind)
    const first = await world.start({ tasks: [noop] })
    await first.addJob({ ...hourly, id: "a" })
    expect(inTheSameTurn(first.job$("a"))).toMatchObject({ id: "a", state: "scheduled" })
    const scheduler = await world.start({ tasks: [noop], cachedJobs: 0 })
    expect(inTheSameTurn(scheduler.job$("a"))).toBeUndefined()
    const { seen, subscription } = watched(scheduler, "a")
    await world.clock.settle()
    expect(seen).toEqual(["undefined", "scheduled"])
    // Somebody watches: it is known.
    expect(inTheSameTurn(scheduler.job$("a"))).toMatchObject({ id: "a" })
    subscription.unsubscribe()
    expect(inTheSameTurn(scheduler.job$("a"))).toBeUndefined()
  })

  it("says that a job is gone that retention has deleted", async () => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [noop], retention: { jobAge: "1 hour" } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: date(midnight + second) })
    const { seen } = watched(scheduler, "a")
    await world.clock.advance(day)
    expect(seen).toEqual(["scheduled", "running", "done", "null"])
  })

  it("takes no later news of a removed job for the one that has its id now", async () => {
    const world = newWorld(kind)
    const { opened, open } = gate()
    const scheduler = await world.start({ tasks: [noop, task("slow", () => opened)], cachedJobs: 0 })
    const { seen } = watched(scheduler, "a")
    await world.clock.settle()
    await scheduler.addJob({ id: "a", task: "slow" })
    await world.clock.settle()
    await scheduler.removeJob("a")
    await scheduler.addJob({ ...hourly, id: "a", paused: true })
    const late = watched(scheduler, "a")
    open()
    await world.clock.settle()
    expect(seen.slice(-3)).toEqual(["running", "null", "paused"])
    expect(late.seen).toEqual(["paused"])
  })
})

describe("job$", () => {
  it("is no error while the store does not answer: the last value stands, and the next comes with the store", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const world = newWorld("memory", faulty.store)
    const scheduler = await world.start({ tasks: [noop], cachedJobs: 0 })
    await scheduler.addJob({ ...hourly, id: "a" })
    faulty.fail("before", () => new StoreUnavailable({ store: "test", operation: "a call", cause: "injected" }))
    const { seen } = watched(scheduler, "a")
    await world.clock.advance(minute)
    expect(seen).toEqual(["undefined"])
    faulty.heal()
    await world.clock.advance(minute)
    expect(seen).toEqual(["undefined", "scheduled"])
    expect(world.reported).toEqual([])
  })

  it("says that a job is gone with its store, and is there again with it", async () => {
    const world = newWorld("memory")
    const other = memory()
    const scheduler = await world.start({ tasks: [noop], stores: { other } })
    await scheduler.addJob({ ...hourly, id: "a", store: "other" })
    const { seen } = watched(scheduler, "a")
    await scheduler.removeStore("other")
    await world.clock.settle()
    await scheduler.addStore("other", other)
    await world.clock.settle()
    expect(seen).toEqual(["scheduled", "null", "scheduled"])
  })

  it("shows how the job's stream is", async () => {
    const world = newWorld("memory")
    const values = new Subject<number>()
    const scheduler = await world.start({ tasks: [noop], streams: { s: values } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: stream("s") })
    const seen: Array<unknown> = []
    scheduler.job$("a").subscribe((job) => seen.push([job?.state, job?.stream?.state]))
    values.error(new Error("gone"))
    await scheduler.addStream("s", new Subject())
    expect(seen).toEqual([
      ["scheduled", "open"],
      ["scheduled", "failed"],
      ["scheduled", "open"]
    ])
  })

  it("asks nothing while somebody watches, and fails for an id that is no text", async () => {
    const faulty = faultyStore(storeOf("memory"))
    const asked: Array<string> = []
    const world = newWorld("memory", faulty.store)
    const scheduler = await world.start({ tasks: [noop] })
    await scheduler.addJob({ id: "a", task: "noop", trigger: interval("1 second") })
    faulty.fail("before", (_call, name) => {
      if (name === "jobs") asked.push(name)
      return null
    })
    const many = Array.from({ length: 50 }, () => watched(scheduler, "a"))
    await world.clock.advance(minute)
    expect(new Set(many.map(({ seen }) => seen.length))).toEqual(new Set([121]))
    expect(asked).toEqual([])
    expect(watched(scheduler, 7 as unknown as string).seen[0]).toContain("InvalidJobError")
  })

  it("gives a value to who comes after the stop, too", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [noop] })
    await scheduler.addJob({ ...hourly, id: "a" })
    await scheduler.shutdown()
    expect(watched(scheduler, "a").seen.at(-1)).toBe("end")
    expect(inTheSameTurn(scheduler.job$("b"))).toBeUndefined()
  })
})
