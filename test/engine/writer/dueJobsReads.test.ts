/** When a store is asked for what is due, for how much, and what is left out. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { StoreUnavailable } from "../../../src/store/storeError.ts"
import { dueJob, newDue, now } from "./dueScene.ts"
import { makeUnit, minute } from "./jobs.ts"
import { newScene } from "./writerScene.ts"

const failure = new StoreUnavailable({ store: "s", operation: "due", cause: "away" })
const limits = ({ queries }: ReturnType<typeof newDue>) =>
  queries.map(({ executors }) => executors.map(({ name, limit }) => `${name} ${limit}`))

describe("reading what is due", () => {
  it("asks for each executor that has room, for as many as it has and as one cycle takes", () => {
    const scene = newDue({ default: 5, own: 20, full: 0 })
    scene.take({ most: 10 })
    scene.take({ most: 10, alone: true })
    expect(limits(scene)).toEqual([
      ["default 5", "own 10"],
      ["default 1", "own 1"]
    ])
    expect(scene.queries[0]).toMatchObject({ now, exceptTasks: [], exceptKeys: [] })
  })

  it("asks for nothing where nobody has room", () => {
    const scene = newDue({ full: 0 })
    expect([scene.take().taken.full.size, scene.queries]).toEqual([0, []])
  })

  it("asks again when the next wake-up comes that the answer told of, and not before", () => {
    const { due, answer, take, queries } = newDue()
    answer([dueJob(1)], now + 500)
    const { taken } = take()
    expect([...taken.wakeUps]).toEqual([["default", now + 500]])
    // What is not on disk is not learnt.
    expect(due.earliest()).toBe(-Infinity)
    due.learn(taken)
    expect(due.earliest()).toBe(now + 500)
    take({ now: now + 499 })
    expect(queries.length).toBe(1)
    take({ now: now + 500 })
    expect(queries.length).toBe(2)
  })

  it("does not ask again where no job has a wake-up, until one has", () => {
    const { due, answer, take, queries } = newDue()
    answer([dueJob(1)], null)
    due.learn(take().taken)
    expect(due.earliest()).toBe(null)
    take({ now: now + 100 * minute })
    expect(queries.length).toBe(1)
    due.noteChanged(dueJob(1, { memory: { nextFireAt: now + minute } }))
    expect(due.earliest()).toBe(now + minute)
    due.forget()
    expect(due.earliest()).toBe(-Infinity)
  })

  it("asks first for the earliest wake-up of the executors that have room", () => {
    const { due, answer, take, host } = newDue({ default: 1, own: 1, third: 1 })
    answer([], now + 30, "default")
    answer([], now + 20, "own")
    answer([], now + 40, "third")
    due.learn(take().taken)
    expect(due.earliest()).toBe(now + 20)
    const order = { runId: "1", jobId: "a", task: "report", args: null, fireAt: 0, attempt: 1, timeoutMs: null }
    const source = { started: () => undefined, progressed: () => undefined, settled: () => undefined }
    host.dispatcher.submit({ order, executor: "own", source, jobKey: 1, runKey: 1 })
    expect(due.earliest()).toBe(now + 30)
  })

  it("goes on at once where more is due than it took", () => {
    const { answer, take } = newDue()
    answer([dueJob(1)], now)
    expect([...take().taken.full]).toEqual(["default"])
    answer([dueJob(1)], now + 1)
    expect([...take().taken.full]).toEqual([])
  })

  it("takes one job of one executor alone, where the store refuses something", () => {
    const { answer, take } = newDue({ default: 5, own: 5 })
    answer([dueJob(1)], null, "default")
    answer([dueJob(2, { executor: "own" })], null, "own")
    const { claimed, taken } = take({ alone: true })
    expect([claimed, [...taken.full], [...taken.wakeUps.keys()]]).toEqual([[1], ["own"], ["default"]])
    expect(take().claimed).toEqual([1, 2])
  })

  it.each([
    ["takes the others too while they take no more than 30 ms", 30, [1, 2]],
    ["leaves the others to the next turn after more than 30 ms", 30.1, [1]]
  ])("%s", (_what, tookMs, expected) => {
    const { answer, take, asked, timers } = newDue()
    asked.mayStart = () => {
      timers.spend(tookMs)
      return true
    }
    answer([dueJob(1), dueJob(2)])
    const { claimed, taken } = take()
    expect([claimed, taken.full.has("default")]).toEqual([expected, expected.length === 1])
  })

  it("looks once a second where the store says again and again that something is due, and nothing is", () => {
    const { answer, take } = newDue()
    const idle = dueJob(1, { memory: { nextFireAt: now + minute } })
    answer([idle], now)
    const wakeUps = [0, 1, 2, 3].map(() => take().taken.wakeUps.get("default"))
    expect(wakeUps).toEqual([undefined, undefined, now + 1000, now + 1000])
    answer([dueJob(2)], now)
    expect(take().taken.full.has("default")).toBe(true)
    answer([idle], now)
    expect(take().taken.full.has("default")).toBe(true)
  })

  it("counts jobs that it leaves out for later as something", () => {
    const { answer, take, asked } = newDue()
    asked.mayStart = () => false
    const full = [1, 2, 3, 4].map((key) => {
      answer([dueJob(key)], now)
      return take().taken.full.has("default")
    })
    expect(full).toEqual([true, true, true, true])
  })

  it("tells which executors jobs wait for that are not registered", () => {
    const { take, others, host } = newDue()
    others.push("gone", "default")
    take()
    expect(host.missing).toEqual(["executor gone"])
  })

  it("counts as unreadable after three failures in a row", () => {
    const { due, failWith } = newDue()
    const read = () => Effect.runSync(Effect.either(due.take(makeUnit({ now }), 10, false)))._tag
    failWith(failure)
    expect([read(), read(), due.unreadable]).toEqual(["Left", "Left", false])
    expect([read(), due.unreadable]).toEqual(["Left", true])
    failWith(null)
    expect([read(), due.unreadable]).toEqual(["Right", false])
    failWith(failure)
    expect([read(), due.unreadable]).toEqual(["Left", false])
  })

  it("finds out whether it can be read, and leaves what is due", () => {
    const scene = newDue({ default: 5, full: 0 })
    const { due, answer, queries, failWith } = scene
    answer([dueJob(1)])
    expect(Effect.runSync(due.findUnreadable(now, 7))).toBe(undefined)
    expect([limits(scene), queries[0]?.now]).toEqual([[["default 7", "full 7"]], now])
    failWith(failure)
    expect(Effect.runSync(Effect.flip(due.findUnreadable(now, 7)))).toBe(failure)
  })
})

describe("a changed wake-up", () => {
  const learnt = () => {
    const scene = newDue()
    scene.answer([], now + 500)
    scene.due.learn(scene.take().taken)
    return scene.due
  }

  it.each([
    ["earlier one moves the next read forward", { nextFireAt: now + 400 }, now + 400],
    ["later one does not move it", { nextFireAt: now + 600 }, now + 500],
    ["one that is gone does not move it", { nextFireAt: null }, now + 500]
  ])("an %s", (_what, memory, earliest) => {
    const due = learnt()
    due.noteChanged(dueJob(1, { memory }))
    expect(due.earliest()).toBe(earliest)
  })

  it("of another executor does not move it", () => {
    const due = learnt()
    due.noteChanged(dueJob(1, { executor: "own", memory: { nextFireAt: now } }))
    expect(due.earliest()).toBe(now + 500)
  })
})

describe("a job that the store refuses to write", () => {
  it("is left out for a minute, or until it has changed", () => {
    const { due, take, queries, timers } = newDue()
    due.quarantine(3)
    take()
    timers.spend(minute - 1)
    take()
    timers.spend(1)
    take()
    due.quarantine(3)
    due.noteChanged(dueJob(3))
    take()
    expect(queries.map(({ exceptKeys }) => exceptKeys)).toEqual([[3], [3], [], []])
  })
})

describe("a walk over what is left out", () => {
  const placeOf = ({ queries }: ReturnType<typeof newDue>) => queries.at(-1)?.executors[0]?.from
  /** The place behind what was left out, as the store is told at the next read. */
  const walked = (jobs: ReadonlyArray<ReturnType<typeof dueJob>>, nextWakeAt: number | null) => {
    const scene = newDue()
    scene.due.quarantine(3)
    scene.answer(jobs, nextWakeAt)
    scene.take()
    scene.take()
    return scene
  }

  it("is made once: the next begins before the first that was served", () => {
    expect(placeOf(walked([dueJob(8), dueJob(9)], null))).toEqual({ wakeAt: now, key: 7 })
  })

  it("begins at the next wake-up where nothing was due", () => {
    expect(placeOf(walked([], now + 500))).toEqual({ wakeAt: now + 500, key: 0 })
    expect(placeOf(walked([], null))).toBe(undefined)
  })

  it("is not kept where nothing is left out", () => {
    const scene = newDue()
    scene.answer([dueJob(8)])
    scene.take()
    scene.take()
    expect(placeOf(scene)).toBe(undefined)
  })

  it.each<readonly [string, (scene: ReturnType<typeof newDue>) => void]>([
    ["a task", ({ host }) => host.unclaimed.note("main", "task", "mail")],
    [
      "a held job",
      ({ answer, asked, take }) => {
        asked.mayStart = ({ key }) => key !== 3
        answer([dueJob(3)])
        take()
      }
    ]
  ])("is kept for %s too", (_what, leaveOut) => {
    const scene = newDue()
    leaveOut(scene)
    scene.answer([dueJob(8)])
    scene.due.forget()
    leaveOut(scene)
    scene.answer([dueJob(8)])
    scene.take()
    scene.take()
    expect(placeOf(scene)).toEqual({ wakeAt: now, key: 7 })
  })

  it.each([
    ["before it", 20, now - 1, true],
    ["at the same instant, with a lower key", 6, now, true],
    ["at the very place", 7, now, true],
    ["at the same instant, with a higher key", 8, now, false],
    ["after it", 1, now + 1, false]
  ])("begins anew where a job has a wake-up %s", (_where, key, nextFireAt, anew) => {
    const scene = walked([dueJob(8)], null)
    scene.due.noteChanged(dueJob(key, { memory: { nextFireAt } }))
    scene.take()
    expect(placeOf(scene) === undefined).toBe(anew)
  })

  it("begins anew when a job is no longer left out, or everything is forgotten", () => {
    const scene = walked([dueJob(8)], null)
    scene.timers.spend(minute)
    scene.take()
    expect(placeOf(scene)).toBe(undefined)
    const forgotten = walked([dueJob(8)], null)
    forgotten.due.forget()
    forgotten.take()
    expect(placeOf(forgotten)).toBe(undefined)
  })
})

it("wakes for the earliest job, also when another one was served last", async () => {
  const { add, timers, host, startedAt } = newScene()
  const at = (ms: number) => ({ memory: { nextFireAt: startedAt + ms } })
  add("each-minute", at(5_000))
  add("at-7", at(7_000))
  add("at-72", at(72_000))
  const started: Array<string> = []
  host.events.on("RunStarted", (event) => {
    started.push(`${event.jobId} ${event.at - startedAt}`)
    host.settle(event.runId)
  })
  await timers.advance(75_000)
  expect(started).toEqual(["each-minute 5000", "at-7 7000", "each-minute 60000", "at-7 60000", "at-72 72000"])
})
