/** When a writer wakes up, how much it takes at a time. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { minute } from "./jobs.ts"
import { addJob, newScene, unavailable } from "./writerScene.ts"

interface Pace {
  /** Milliseconds of each cycle's own work. */
  readonly own: ReadonlyArray<number>
  /** Within each commit, in the same turn. */
  readonly commitMs?: number
  /** Of each look for due jobs, in the same turn. */
  readonly dueMs?: number
  /** That each look for due jobs, or each commit, is waited for. */
  readonly dueWaitMs?: number
  readonly commitWaitMs?: number
}

/** Jobs that each cycle asks for, while there is always more. */
const limitsAt = async ({
  own,
  commitMs = 0,
  dueMs = 0,
  dueWaitMs = 0,
  commitWaitMs = 0
}: Pace): Promise<ReadonlyArray<number>> => {
  const { timers, host, submit, meetCalls, queries } = newScene({ rowsPerRead: 1, slots: 5_000 })
  submit((unit) => own.map((_ms, index) => addJob(unit, `job-${index}`)))
  await timers.advance(10)
  const before = queries.length
  const left = [...own]
  host.between = Effect.sync(() => timers.spend(left.shift() ?? 0))
  const waits = { due: dueWaitMs, commit: commitWaitMs }
  const spends = { due: dueMs, commit: commitMs }
  meetCalls((call, effect) => {
    if (call !== "due" && call !== "commit") return effect
    const waitMs = waits[call]
    const spent = Effect.tap(effect, () => Effect.sync(() => timers.spend(spends[call])))
    return waitMs === 0
      ? spent
      : Effect.zipRight(
          Effect.promise(() => new Promise<void>((done) => timers.after(waitMs, done))),
          spent
        )
  })
  await timers.advance(minute + 5_000)
  return queries.slice(before, before + own.length).map(({ executors: [first] }) => first?.limit ?? 0)
}

describe("the size of a cycle", () => {
  it.each<readonly [string, Pace, ReadonlyArray<number>]>([
    ["doubles while cycles are quick, up to 1,024", { own: [0, 0, 0, 0, 0] }, [192, 384, 768, 1024, 1024]],
    ["doubles below 2 ms", { own: [1.9, 0] }, [192, 384]],
    ["stays from 2 ms on", { own: [2, 0] }, [192, 192]],
    ["stays up to 4 ms", { own: [0, 4, 0] }, [192, 384, 384]],
    ["is halved beyond 4 ms, down to 192", { own: [0, 0, 4.1, 5, 5, 0] }, [192, 384, 768, 384, 192, 192]],
    ["does not count the commit, which waits for a disk", { own: [0, 0, 0], commitMs: 100 }, [192, 384, 768]],
    ["counts what the store takes of a turn to say what is due", { own: [0, 0, 0], dueMs: 3 }, [192, 192, 192]],
    [
      "may be more while a store is waited for: four times that",
      { own: [5.9, 6, 12, 12.1, 0], dueWaitMs: 3 },
      [192, 384, 384, 384, 192]
    ],
    ["so where the commit is waited for", { own: [5.9, 6, 12, 12.1, 0], commitWaitMs: 3 }, [192, 384, 384, 384, 192]],
    ["but 16 ms at the most", { own: [7.9, 8, 16, 16.1, 0], dueWaitMs: 100 }, [192, 384, 384, 384, 192]]
  ])("%s", async (_what, pace, limits) => {
    expect(await limitsAt(pace)).toEqual(limits)
  })

  it("counts the commit of its own cycle only", async () => {
    const { timers, host, submit, meetCalls, queries } = newScene({ rowsPerRead: 1, slots: 5_000 })
    const tasks = ["report", "unknown", "report"]
    submit((unit) => tasks.map((task, index) => addJob(unit, `job-${index}`, { task })))
    const before = queries.length
    meetCalls((call, effect) => Effect.tap(effect, () => call === "commit" && timers.spend(100)))
    // The second cycle finds a job that nobody knows the task of, and commits nothing.
    const own = [0, 4.5]
    host.between = Effect.sync(() => timers.spend(own.shift() ?? 0))
    await timers.advance(minute + 5_000)
    expect(queries.slice(before, before + 3).map(({ executors: [first] }) => first?.limit)).toEqual([192, 384, 192])
  })

  it("stays where nothing more is due", async () => {
    const { timers, add, queries } = newScene({ slots: 5_000 })
    add("a", { rules: { maxInstances: 9 } })
    await timers.advance(3 * minute)
    expect(new Set(queries.map(({ executors: [first] }) => first?.limit))).toEqual(new Set([192]))
  })

  it("is 512 commands, or as many as weigh that", async () => {
    const { timers, submit, batches } = newScene()
    const before = batches.length
    submit(() => {
      for (let each = 0; each < 514; each++) submit((unit) => unit.mark(`mark-${each}`, ""))
    })
    await timers.advance(0)
    const sizes = batches
      .slice(before)
      .map(({ marks = [] }) => marks.filter(({ name }) => name.startsWith("mark-")).length)
    expect(sizes).toEqual([512, 2])
  })
})

describe("a writer that has work", () => {
  it("is busy until 3 ms after it has come to rest, and not while its store is away", async () => {
    expect(newScene({ claims: false }).writer.busy).toBe(false)
    const { writer, timers, submit, fail } = newScene()
    timers.spend(3)
    expect(writer.busy).toBe(false)
    const seen: Array<boolean> = []
    submit(() => seen.push(writer.busy))
    timers.spend(2.9)
    seen.push(writer.busy)
    timers.spend(0.1)
    seen.push(writer.busy)
    fail("commit", unavailable())
    submit((unit) => addJob(unit, "a"))
    seen.push(writer.busy)
    expect(seen).toEqual([true, true, false, false])
    await timers.advance(0)
  })

  it("begins no second cycle while one is under way", () => {
    const { writer, submit, host } = newScene()
    const before = host.cycles
    submit(() => writer.wake())
    expect(host.cycles - before).toBe(1)
  })

  it("lets others have a turn between cycles, and none takes it that was closed meanwhile", async () => {
    const { writer, submit, host, timers } = newScene()
    const before = host.cycles
    submit(() => submit(() => undefined))
    expect(host.cycles - before).toBe(1)
    writer.close(new Error("closed"))
    await timers.advance(0)
    expect(host.cycles - before).toBe(1)
  })

  it("is not at rest while more is due", async () => {
    const { writer, submit, timers, host } = newScene({ rowsPerRead: 1 })
    submit((unit) => ["a", "b", "c"].map((id) => addJob(unit, id)))
    const started: Array<number> = []
    host.between = Effect.sync(() => {
      if (host.orders.length === 1) writer.idle(() => started.push(host.orders.length))
    })
    await timers.advance(minute)
    expect(started).toEqual([3])
  })

  it("is not at rest before its cycle is over, though nothing is pending", () => {
    const { writer, submit } = newScene()
    const heard: Array<string> = []
    submit(() => {
      writer.idle(() => heard.push("at rest"))
      heard.push("still at work")
    })
    expect(heard).toEqual(["still at work", "at rest"])
  })

  it("calls back who waits for rest when the last pending command is through, in order", async () => {
    const { writer, submit, timers } = newScene()
    const heard: Array<string> = []
    submit(() => {
      submit(() => heard.push("command"))
      writer.idle(() => heard.push("first"))
      writer.idle(() => heard.push("second"))
    })
    expect(heard).toEqual([])
    await timers.advance(0)
    submit(() => undefined)
    expect(heard).toEqual(["command", "first", "second"])
  })
})

describe("the next wake-up", () => {
  it("is that of the first due job, and none where nothing is due ever", () => {
    const { timers, add } = newScene()
    expect(timers.nextInMs).toBe(null)
    timers.spend(10_000)
    add("a")
    expect([timers.nextInMs, timers.armed]).toEqual([50_000, 1])
  })

  it.each([
    ["the engine's, where that comes first", 30_000, 60_000, 30_000],
    ["the job's, where that comes first", 50_000, 20_000, 20_000],
    ["the earlier one, however far away", 500_000, 300_000, 300_000]
  ])("is %s", (_what, withinMs, dueInMs, nextMs) => {
    const { timers, host, submit } = newScene()
    host.wakeWithin = withinMs
    submit((unit) => addJob(unit, "a", { memory: { nextFireAt: unit.now + dueInMs } }))
    expect([timers.nextInMs, timers.armed]).toEqual([nextMs, 1])
  })

  it("is at once where a job has come due while the cycle took place", () => {
    const { timers, host, submit } = newScene()
    host.wakeWithin = 30_000
    host.between = Effect.sync(() => timers.spend(2_000))
    submit((unit) => addJob(unit, "a", { memory: { nextFireAt: unit.now + 1_000 } }))
    expect(timers.nextInMs).toBe(0)
  })

  it("is the engine's alone while nothing may be claimed", () => {
    const { timers, add, host, writer } = newScene()
    add("a")
    host.claiming = false
    writer.forgetWakeUps()
    expect(timers.nextInMs).toBe(null)
    host.wakeWithin = 45_000
    writer.wake()
    expect([timers.nextInMs, timers.armed]).toEqual([45_000, 1])
  })

  it("is none once the writer sleeps through what comes; what is submitted goes through", async () => {
    const { timers, add, writer, host, row } = newScene()
    add("a")
    writer.stopWaking()
    expect(timers.armed).toBe(0)
    expect([add("b").state, row("b").key, timers.armed]).toEqual(["committed", 2, 0])
    await timers.advance(minute)
    expect(host.orders).toEqual([])
  })

  it("comes at once where it was forgotten: something came that jobs were left out for", () => {
    const { add, writer, queries } = newScene()
    add("a")
    const before = queries.length
    writer.wake()
    expect(queries.length).toBe(before)
    writer.forgetWakeUps()
    expect(queries.length).toBe(before + 1)
  })
})
