/** What a task may say of its own attempt: when to try again, that it needs longer, and that the next waits for its end. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { interval, InvalidDurationError, InvalidInstantError, RetryLater, task } from "../../src/index.ts"
import type { JobInput, RetryLaterOptions, TaskContext } from "../../src/index.ts"
import { midnight, minute, newWorld, second, shortRuns, storeKinds } from "./world.ts"

const retry = { attempts: 3, backoff: "1 second" } as const

describe("RetryLater", () => {
  /** When the attempts start, in seconds after midnight, of a task that throws what `options` gives. */
  const startsOf = async (
    options: (attempt: number) => RetryLaterOptions | null,
    job: Partial<JobInput>,
    kind = storeKinds[0]
  ) => {
    const starts: Array<number> = []
    const world = newWorld(kind ?? "memory")
    const polite = task(
      "polite",
      ({ attempt }) => {
        starts.push((world.clock.now() - midnight) / second)
        const later = options(attempt)
        if (later !== null) throw new RetryLater(later)
      },
      { retryWhen: () => false }
    )
    const scheduler = await world.start({ tasks: [polite] })
    await scheduler.addJob({ id: "j", task: "polite", ...job })
    await world.clock.advance(10 * minute)
    expect((await scheduler.verify()).violations).toEqual([])
    const [run] = await scheduler.getRuns()
    return { starts, run, events: world.events }
  }

  it.each(storeKinds)("%s store: the next attempt is due then, and counts", async (kind) => {
    const { starts, run } = await startsOf(
      () => ({ after: "90 seconds" }),
      { retry: { ...retry, when: ["Other"] } },
      kind
    )
    expect(starts).toEqual([0, 90, 180])
    expect(run).toMatchObject({
      outcome: "failed",
      attempt: 3,
      error: { name: "RetryLater", message: "try again after 90000 ms" }
    })
  })

  it("takes an instant; one that has passed is at once", async () => {
    const at = (attempt: number) => ({ at: attempt === 1 ? new Date(midnight + 30 * second) : "2025-01-01T00:00:00Z" })
    expect((await startsOf(at, { retry })).starts).toEqual([0, 30, 30])
  })

  it("does not add attempts to a job that has none left", async () => {
    const { starts, run } = await startsOf(() => ({ after: "1 second" }), {})
    expect([starts, run?.outcome]).toEqual([[0], "failed"])
  })

  it.each(storeKinds)("%s store: puts the run off without counting, with or without a retry rule", async (kind) => {
    const busy = (attempt: number) => (attempt < 6 ? ({ after: "1 minute", counts: false } as const) : null)
    const { starts, run, events } = await startsOf(busy, {}, kind)
    expect(starts).toEqual([0, 60, 120, 180, 240, 300])
    expect(run).toMatchObject({ outcome: "succeeded", attempt: 6 })
    expect(events.filter(({ type }) => type === "RunFailed")).toMatchObject(
      Array.from({ length: 5 }, (_, index) => ({ final: false, retryAt: midnight + (index + 1) * minute }))
    )
    const twice = (attempt: number) =>
      attempt <= 2 ? ({ after: "10 seconds", counts: false } as const) : ({ after: "20 seconds" } as const)
    expect((await startsOf(twice, { retry }, kind)).starts).toEqual([0, 10, 20, 40, 60])
  })

  it("is understood from promises, Effects and runPromise", async () => {
    const later = new RetryLater({ after: "1 minute", reason: "429" })
    const ways: ReadonlyArray<() => unknown> = [
      async () => Promise.reject(later),
      () => Effect.fail(later),
      () => Effect.die(later),
      async () => Effect.runPromise(Effect.fail(later))
    ]
    for (const way of ways) {
      const world = newWorld("memory")
      const scheduler = await world.start({ tasks: [task("t", () => way())] })
      await scheduler.addJob({ task: "t", retry: { ...retry, attempts: 2 } })
      await world.clock.settle()
      expect(world.events).toContainEqual(expect.objectContaining({ type: "RunRetryDue", retryAt: midnight + minute }))
    }
  })

  it("refuses what is no time", () => {
    expect(() => new RetryLater({ after: "soon" as "1 minute" })).toThrow(InvalidDurationError)
    expect(() => new RetryLater({ at: "soon" })).toThrow(InvalidInstantError)
    expect(() => new RetryLater({})).toThrow(InvalidInstantError)
  })

  it.each([
    ["a misspelt option", { dealy: "1 minute" }, { found: "dealy" }],
    ["a misspelt option beside a good one", { after: "1 minute", count: false }, { found: "count" }],
    ["counts that is a text", { after: "1 minute", counts: "no" }, { found: '"no"' }],
    ["counts that is nothing", { after: "1 minute", counts: null }, { found: "null" }],
    ["a reason that is no text", { after: "1 minute", reason: { code: 429 } }, { found: "an object" }]
  ])("refuses %s", (_what, options, fields) => {
    const make = () => new RetryLater(options as RetryLaterOptions)
    expect(make).toThrow(expect.objectContaining({ _tag: "InvalidInstantError", ...fields }))
  })

  it("takes an option that is undefined for one that is not there", () => {
    const options = { after: "1 minute", at: undefined, counts: undefined, reason: undefined } as object
    expect(new RetryLater(options as RetryLaterOptions)).toMatchObject({ afterMs: minute, counts: true, reason: null })
  })
})

describe("extendTimeout", () => {
  const run = async (
    work: (context: TaskContext, wait: (ms: number) => Promise<void>) => unknown,
    timeout: JobInput["timeout"] = "10 seconds"
  ) => {
    const world = newWorld("memory")
    const scheduler = await world.start({
      tasks: [task("t", (context) => work(context, (ms) => world.clock.wait(ms)))]
    })
    await scheduler.addJob({ id: "j", task: "t", timeout })
    await world.clock.advance(10 * minute)
    const [record] = await scheduler.getRuns()
    return [record?.outcome, ((record?.finishedAt ?? 0) - midnight) / second, record?.error?.message]
  }

  it("gives an attempt that long from now, as often as it asks", async () => {
    const three = async ({ extendTimeout }: TaskContext, wait: (ms: number) => Promise<void>) => {
      for (let part = 0; part < 3; part++) {
        extendTimeout("10 seconds")
        await wait(9 * second)
      }
    }
    expect(await run(three)).toEqual(["succeeded", 27, undefined])
  })

  it("ends with what was asked for, and says how long that was", async () => {
    const hang = async ({ extendTimeout }: TaskContext, wait: (ms: number) => Promise<void>) => {
      await wait(5 * second)
      extendTimeout("20 seconds")
      await wait(minute)
    }
    expect(await run(hang)).toEqual(["timedOut", 25, 'job "j": attempt 1 did not end within 25000 ms'])
  })

  it("never shortens, does nothing without a timeout, and refuses what is no duration", async () => {
    const less = async ({ extendTimeout }: TaskContext, wait: (ms: number) => Promise<void>) => {
      extendTimeout("1 second")
      await wait(9 * second)
    }
    expect(await run(less)).toEqual(["succeeded", 9, undefined])
    expect(await run(less, null)).toEqual(["succeeded", 9, undefined])
    const [outcome, , message] = await run(({ extendTimeout }) => extendTimeout("long" as "1 second"))
    expect([outcome, message]).toEqual(["failed", expect.stringContaining('job "j": extendTimeout')])
  })
})

describe('onAborted: "await"', () => {
  const deaf = (rules: Partial<JobInput>) => {
    const world = newWorld("memory")
    let [running, most] = [0, 0]
    const ignoring = task("deaf", async () => {
      most = Math.max(most, ++running)
      await world.clock.wait(25 * second)
      running -= 1
    })
    const job: JobInput = {
      id: "j",
      task: "deaf",
      timeout: "10 seconds",
      trigger: interval("20 seconds", { start: midnight }),
      ...rules
    }
    return { world, tasks: [ignoring], job, most: () => most }
  }

  it("keeps an attempt, and a run, that ignores its signal from overlapping the next", async () => {
    const { world, tasks, job, most } = deaf({ retry: { attempts: 2, backoff: 0 }, onAborted: "await" })
    const scheduler = await world.start({ tasks })
    await scheduler.addJob(job)
    await world.clock.advance(3 * minute)
    expect(most()).toBe(1)
    const runs = await scheduler.getRuns({ outcome: "timedOut" })
    expect(runs.at(-1)).toMatchObject({
      attempt: 2,
      startedAt: midnight + 25 * second,
      finishedAt: midnight + 50 * second
    })
    expect((await scheduler.verify()).violations).toEqual([])
    const other = deaf({ retry: { attempts: 2, backoff: 0 } })
    await (await other.world.start({ tasks: other.tasks })).addJob(other.job)
    await other.world.clock.advance(3 * minute)
    expect(other.most()).toBeGreaterThan(1)
  })

  it("makes a cancellation wait for the task's end", async () => {
    const { world, tasks, job } = deaf({ timeout: null, onAborted: "await", trigger: interval("1 day") })
    const scheduler = await world.start({ tasks })
    const run = await (await scheduler.addJob(job)).run()
    await world.clock.advance(second)
    let told: boolean | null = null
    void scheduler.cancelRun(run.runId).then((cancelled) => (told = cancelled))
    await world.clock.advance(20 * second)
    expect(told).toBe(null)
    await world.clock.advance(5 * second)
    expect(told).toBe(true)
    expect(shortRuns(await scheduler.getRuns())).toEqual([[0, "cancelled", 1]])
  })

  it.each([
    ["timed out", { timeout: "10 seconds" }],
    ["was cancelled", { timeout: null }]
  ] as const)("says of a run that %s and goes on that it does", async (what, rules) => {
    const { world, tasks, job } = deaf({
      ...rules,
      onAborted: "await",
      trigger: interval("1 day", { start: midnight })
    })
    const scheduler = await world.start({ tasks })
    await scheduler.addJob(job)
    const said = async () => {
      const stuck = (await scheduler.status()).executors[0]?.stuck
      return [(await scheduler.explain("j", midnight)).sentence.split(", and ").slice(1).join(", and "), stuck]
    }
    await world.clock.advance(10 * second)
    if (rules.timeout === null) {
      const [run] = await scheduler.getRuns()
      void scheduler.cancelRun(run?.runId ?? "")
    }
    await world.clock.advance(second)
    const goesOn = `attempt 1 ${what} at 2026-01-01T00:00:10.000Z, and is awaited until its task ends, as onAborted "await" has it.`
    expect(await said()).toEqual([goesOn, 0])
    // `stuckAfter` later.
    await world.clock.advance(5 * second)
    expect(await said()).toEqual([goesOn, 1])
    await world.clock.advance(15 * second)
    expect(await said()).toEqual(["", 0])
    expect(await scheduler.getRuns()).toMatchObject([
      { outcome: rules.timeout === null ? "cancelled" : "timedOut", finishedAt: midnight + 25 * second }
    ])
  })

  it("is no reason to wait for a stop", async () => {
    const { world, tasks, job } = deaf({ onAborted: "await", trigger: interval("1 day", { start: midnight }) })
    const scheduler = await world.start({ tasks })
    await scheduler.addJob(job)
    await world.clock.advance(15 * second)
    const ended = scheduler.shutdown({ wait: false })
    await world.clock.settle()
    await ended
    expect(world.events).toContainEqual(expect.objectContaining({ type: "RunTimedOut", final: true }))
  })

  it("is a choice of two", async () => {
    const { world, tasks, job } = deaf({ onAborted: "wait" as "await" })
    const scheduler = await world.start({ tasks })
    await expect(scheduler.addJob(job)).rejects.toMatchObject({ _tag: "InvalidJobError", field: "onAborted" })
  })
})
