/** `jobs$`, `runs$` and `status$`: what the queries give, at any time, without asking for each event. Long: one scene serves all three. */
import { Effect } from "effect"
import type { Observable } from "rxjs"
import { Subject } from "rxjs"
import { describe, expect, it } from "vitest"
import { createScheduler, cron, date, interval, memory, StoreUnavailable, stream, task } from "../../src/index.ts"
import type { JobQuery, JobStore, RunQuery, Scheduler } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"
import { faultyStore } from "./faultyStore.ts"
import { day, eachCall, gate, hour, midnight, minute, newWorld, second, sleepOn, storeKinds, storeOf } from "./world.ts"

const noop = task("noop", () => null)
const flaky = task("flaky", ({ fireAt }) => {
  if ((fireAt / second) % 2 === 0) throw new Error("even")
  return fireAt
})

const listOf = <A>(values$: Observable<A>) => {
  const lists: Array<A> = []
  let ended = false
  const subscription = values$.subscribe({ next: (list) => lists.push(list), complete: () => (ended = true) })
  return { lists, last: () => lists.at(-1), ended: () => ended, subscription }
}

/** Counts the questions that a store is asked, and holds answers back until the test lets them through. */
const observedStore = (inner: JobStore) => {
  let questions = 0
  let held: Promise<void> | null = null
  const asked = <A, E>(call: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      questions += 1
      const wait = held
      return wait === null
        ? call
        : Effect.zipLeft(
            call,
            Effect.promise(() => wait)
          )
    })
  const store: JobStore = {
    description: inner.description,
    open: (owner) =>
      Effect.map(inner.open(owner), (given) => {
        const opened = eachCall(given, (_name, call) => call)
        const { jobs, runs } = opened.reads
        // A command looks for its job by id, which is no question.
        const isQuestion = (which: object) => "limit" in which
        return {
          ...opened,
          reads: {
            ...opened.reads,
            jobs: (which) => (isQuestion(which) ? asked(jobs(which)) : jobs(which)),
            runs: (which) => asked(runs(which))
          }
        }
      })
  }
  /** What is asked from now on is answered at `release`, but what is asked after `others` at once. */
  const hold = () => {
    const { opened, open } = gate()
    held = opened
    return { others: () => void (held = null), release: () => open() }
  }
  return { store, questions: () => questions, hold }
}

const jobQueries: ReadonlyArray<JobQuery> = [
  {},
  { state: ["scheduled", "running"] },
  { state: "paused", tag: "odd" },
  { fault: false, task: "flaky" },
  { executor: "default", limit: 3 }
]
const runQueries: ReadonlyArray<RunQuery> = [
  {},
  { outcome: "failed" },
  { outcome: ["succeeded", "cancelled"], limit: 5 },
  { live: true },
  { jobId: "j2" },
  { from: midnight + 10 * second, to: midnight + 20 * second }
]

/** The same lists from the queries and from the views. */
const expectSame = async (scheduler: Scheduler, views: ReturnType<typeof viewsOf>) => {
  for (const [index, query] of jobQueries.entries())
    expect([query, views.jobs[index]?.last()]).toEqual([
      query,
      (await scheduler.getJobs(query)).map(({ record }) => record)
    ])
  for (const [index, query] of runQueries.entries())
    expect([query, views.runs[index]?.last()]).toEqual([query, await scheduler.getRuns(query)])
}

const viewsOf = (scheduler: Scheduler) => ({
  jobs: jobQueries.map((query) => listOf(scheduler.jobs$(query))),
  runs: runQueries.map((query) => listOf(scheduler.runs$(query)))
})

const number = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

/** A command drawn by `draw`, refused or not. A request for a run is answered when that is claimed: nobody waits for it here. */
const somethingHappens = (scheduler: Scheduler, draw: (below: number) => number): void => {
  const id = `j${draw(8)}`
  const steps: ReadonlyArray<() => Promise<unknown>> = [
    () =>
      scheduler.addJob({
        id,
        task: draw(2) === 0 ? "flaky" : "slow",
        trigger: interval(`${1 + draw(4)} seconds`),
        tags: draw(2) === 0 ? ["odd"] : [],
        maxRuns: 1 + draw(5),
        ifExists: "replace",
        retry: { attempts: 2, backoff: "2 seconds" }
      }),
    () => scheduler.pauseJob(id),
    () => scheduler.resumeJob(id),
    () => scheduler.removeJob(id),
    () => scheduler.runJob(id),
    () => scheduler.modifyJob(id, { tags: ["odd"] })
  ]
  steps[draw(steps.length)]?.().catch(() => undefined)
}

describe.each(storeKinds)("lists of the %s store", (kind) => {
  it.each([1, 2, 3, 4, 5])(
    "are what the queries give, whatever happens while they are first asked for (%i)",
    async (seed) => {
      const { store, hold } = observedStore(storeOf(kind))
      const world = newWorld(kind, store)
      const slow = task("slow", () => sleepOn(world.clock, 1500))
      const scheduler = await world.start({ tasks: [flaky, slow] })
      const draw = number(seed)
      for (let step = 0; step < 20; step += 1) {
        somethingHappens(scheduler, draw)
        await world.clock.settle()
      }
      await world.clock.advance(3 * second)
      const { others, release } = hold()
      const views = viewsOf(scheduler)
      await world.clock.settle()
      others()
      for (let step = 0; step < 25; step += 1) {
        somethingHappens(scheduler, draw)
        // No time passes: a question that has taken long puts the next ones off.
        await world.clock.settle()
      }
      release()
      await world.clock.settle()
      await expectSame(scheduler, views)
      for (let step = 0; step < 25; step += 1) {
        somethingHappens(scheduler, draw)
        await world.clock.settle()
        if (draw(3) === 0) await world.clock.advance(draw(3) * second)
      }
      await world.clock.settle()
      await expectSame(scheduler, views)
    }
  )

  it("are asked for once, whatever follows, and not at all when nobody listens", async () => {
    const { store, questions } = observedStore(storeOf(kind))
    const world = newWorld(kind, store)
    const scheduler = await world.start({ tasks: [noop, flaky] })
    const before = questions()
    const [jobs, failed] = [listOf(scheduler.jobs$()), listOf(scheduler.runs$({ outcome: "failed" }))]
    await world.clock.settle()
    // Of runs those that are live are asked for, too.
    expect(questions() - before).toBe(3)
    for (let index = 0; index < 20; index += 1)
      await scheduler.addJob({ id: `j${index}`, task: "flaky", trigger: interval("1 second") })
    await world.clock.advance(20 * second)
    expect([jobs.last()?.length, failed.last()?.length]).toEqual([20, 200])
    expect(questions() - before).toBe(3)
    for (const { subscription } of [jobs, failed]) subscription.unsubscribe()
    const shown = jobs.lists.length
    await world.clock.advance(5 * second)
    expect([jobs.lists.length, questions() - before]).toEqual([shown, 3])
  })

  it("that are cut off take in what follows when enough have left them", async () => {
    const { store, questions } = observedStore(storeOf(kind))
    const world = newWorld(kind, store)
    const scheduler = await world.start({ tasks: [noop] })
    const at = (index: number) => ({ id: `j${index}`, task: "noop", trigger: date(midnight + day + index * minute) })
    await scheduler.addJobs(Array.from({ length: 1200 }, (_, index) => at(index)))
    const first = listOf(scheduler.jobs$({ state: "scheduled", limit: 2 }))
    await world.clock.settle()
    const before = questions()
    for (let index = 0; index < 1100; index += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, next) => scheduler.removeJob(`j${index + next}`)))
      await world.clock.settle()
      expect(first.last()?.map(({ id }) => id)).toEqual([`j${index + 100}`, `j${index + 101}`])
    }
    expect(questions() - before).toBeLessThanOrEqual(3)
  })

  it("let go of what retention has deleted", async () => {
    const world = newWorld(kind)
    const scheduler = await world.start({ tasks: [noop], retention: { jobAge: "1 hour", runAge: "1 hour" } })
    await scheduler.addJob({ id: "once", task: "noop", trigger: date(midnight + second) })
    await scheduler.addJob({ id: "stays", task: "noop", trigger: cron("0 0 1 7 *") })
    const [jobs, runs] = [listOf(scheduler.jobs$()), listOf(scheduler.runs$())]
    await world.clock.advance(minute)
    expect([jobs.last()?.length, runs.last()?.length]).toEqual([2, 1])
    await world.clock.advance(day)
    expect([jobs.last()?.map(({ id }) => id), runs.last()]).toEqual([["stays"], []])
  })

  it("wait for the start, share what has not changed, and complete with the scheduler", async () => {
    const clock = virtualClock(midnight)
    const scheduler = createScheduler({ tasks: [noop], store: storeOf(kind), clock, timezone: "UTC" })
    const [jobs, runs, status] = [listOf(scheduler.jobs$()), listOf(scheduler.runs$()), listOf(scheduler.status$)]
    await clock.settle()
    expect([jobs.lists, runs.lists, status.last()?.state]).toEqual([[], [], "starting"])
    await scheduler.start()
    await clock.settle()
    expect([jobs.lists, runs.lists]).toEqual([[[]], [[]]])
    for (const id of ["a", "b"]) await scheduler.addJob({ id, task: "noop", trigger: interval("1 hour") })
    await scheduler.pauseJob("b")
    const [before, after] = jobs.lists.slice(-2)
    expect([before?.[0] === after?.[0], after?.map(({ state }) => state)]).toEqual([true, ["scheduled", "paused"]])
    await scheduler.shutdown()
    await clock.settle()
    expect([jobs.ended(), runs.ended(), status.ended(), status.last()?.state]).toEqual([true, true, true, "stopped"])
  })
})

describe("jobs$", () => {
  it("shows how the streams of its jobs are, and what is parked", async () => {
    const world = newWorld("memory")
    const values = new Subject<number>()
    const scheduler = await world.start({ tasks: [noop], streams: { s: values } })
    await scheduler.addJob({ id: "a", task: "noop", trigger: stream("s") })
    const jobs = listOf(scheduler.jobs$())
    await world.clock.settle()
    values.error(new Error("gone"))
    expect(jobs.last()).toMatchObject([{ id: "a", stream: { state: "failed" } }])
  })

  it("keeps a store's jobs while that is away, loses them with it, and has them again with it", async () => {
    const faulty = faultyStore(memory())
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [noop], stores: { other: faulty.store } })
    for (const [id, store] of [
      ["a", "default"],
      ["b", "other"]
    ] as const)
      await scheduler.addJob({ id, task: "noop", trigger: interval("1 hour"), store })
    const jobs = listOf(scheduler.jobs$())
    await world.clock.settle()
    const ids = () => jobs.last()?.map(({ id }) => id)
    expect(ids()).toEqual(["a", "b"])
    faulty.fail("before", () => new StoreUnavailable({ store: "test", operation: "a call", cause: "injected" }))
    await world.clock.advance(2 * hour)
    expect(ids()?.toSorted()).toEqual(["a", "b"])
    faulty.heal()
    await world.clock.advance(minute)
    expect(jobs.last()?.map(({ id, runCount }) => [id, runCount])).toEqual([
      ["a", 2],
      ["b", 1]
    ])
    await scheduler.removeStore("other")
    await world.clock.settle()
    expect(ids()).toEqual(["a"])
  })

  it("refuses what is no query, as an error of the Observable", () => {
    const scheduler = createScheduler()
    const errors: Array<unknown> = []
    const error = (cause: unknown) => errors.push(cause)
    scheduler.jobs$({ states: "done" } as JobQuery).subscribe({ error })
    scheduler.jobs$({ limit: 0 }).subscribe({ error })
    scheduler.runs$({ outcome: "lost" } as unknown as RunQuery).subscribe({ error })
    scheduler.runs$({ from: "yesterday" }).subscribe({ error })
    const refused = { _tag: "InvalidOptionError" }
    expect(errors).toMatchObject([refused, refused, refused, { _tag: "InvalidInstantError" }])
  })
})

describe("status$", () => {
  it("shows each change once a second at the most, the last one always, and looks at nothing in quiet", async () => {
    const world = newWorld("memory")
    const scheduler = await world.start({ tasks: [noop], streams: { s: new Subject() } })
    const status = listOf(scheduler.status$)
    await world.clock.settle()
    for (let index = 0; index < 1000; index += 1)
      await scheduler.addJob({ id: `j${index}`, task: "noop", trigger: cron("0 0 1 1 *") })
    await world.clock.advance(second)
    expect(status.last()?.stores[0]?.jobs).toEqual({ scheduled: 1000 })
    expect(status.lists.length).toBeLessThanOrEqual(4)
    const shown = status.lists.length
    await world.clock.advance(hour)
    expect(status.lists.length).toBe(shown)
    scheduler.pause()
    await world.clock.settle()
    expect([status.lists.length, status.last()?.state]).toEqual([shown + 1, "paused"])
    status.subscription.unsubscribe()
    scheduler.resume()
    await world.clock.advance(second)
    expect(status.lists.length).toBe(shown + 1)
  })
})
