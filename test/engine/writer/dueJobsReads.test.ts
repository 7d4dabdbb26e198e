/** When a store is asked for what is due, for how much, and what is left out. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { StoreUnavailable } from "../../../src/store/storeError.ts"
import type { Job } from "../../../src/engine/job/jobCodec.ts"
import type { JobRow } from "../../../src/store/jobStore.ts"
import { interval } from "../../../src/trigger/interval.ts"
import { dueJob, newDue, now, rowOf } from "./dueScene.ts"
import { liveRun, makeUnit, minute, missingTrigger } from "./jobs.ts"
import { newScene } from "./writerScene.ts"

const nothing = (): undefined => undefined

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
    const source = { started: nothing, progressed: nothing, checkpointed: nothing, settled: nothing }
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
    timers.spend(1_000)
    asked.mayStart = () => {
      timers.spend(tookMs)
      return true
    }
    answer([dueJob(1), dueJob(2)])
    const { claimed, taken } = take()
    expect([claimed, taken.full.has("default")]).toEqual([expected, expected.length === 1])
  })

  /** After each of four reads whose answer says that more is due: whether the next follows at once. */
  const fourReads = (scene: ReturnType<typeof newDue>, jobs: ReadonlyArray<Job | JobRow>): ReadonlyArray<boolean> =>
    [0, 1, 2, 3].map((at) => {
      const job = jobs[at % jobs.length]
      scene.answer(job === undefined ? [] : [job], now)
      return scene.take().taken.full.has("default")
    })

  it("looks once a second where the store says again and again that something is due, and nothing is", () => {
    const scene = newDue()
    const idle = dueJob(1, { memory: { nextFireAt: now + minute } })
    expect(fourReads(scene, [idle])).toEqual([true, true, false, false])
    expect(scene.take().taken.wakeUps.get("default")).toBe(now + 1000)
    scene.answer([dueJob(2)], now)
    expect(scene.take().taken.full.has("default")).toBe(true)
    scene.answer([idle], now)
    expect(scene.take().taken.full.has("default")).toBe(true)
  })

  it.each<readonly [string, Job | JobRow]>([
    ["cannot be read", { ...rowOf(dueJob(1)), memory: "}{" }],
    ["it has left out already", dueJob(9)],
    ["waits for its trigger already", dueJob(8)]
  ])("looks once a second where it is given again and again a job that %s", (_which, job) => {
    const scene = newDue()
    scene.asked.mayStart = ({ key }) => key !== 9
    scene.cache.put(dueJob(8, { trigger: missingTrigger }))
    scene.answer([dueJob(9)], now)
    scene.take()
    scene.answer([dueJob(8)], now)
    scene.take()
    expect(fourReads(scene, [job])).toEqual([true, true, false, false])
  })

  it.each<readonly [string, ReadonlyArray<Job>]>([
    ["it leaves out", [5, 6, 7, 8].map((key) => dueJob(key))],
    ["wait for their triggers", [1, 2, 3, 4].map((key) => dueJob(key))],
    ["are of another executor", [dueJob(20, { executor: "own" })]],
    ["have a task that nobody knows", [dueJob(20, { task: "mail" })]]
  ])("goes on at once where it is given jobs that %s: others come next", (_which, jobs) => {
    const scene = newDue()
    scene.asked.mayStart = ({ key }) => key < 5 || key > 8
    for (const key of [1, 2, 3, 4]) scene.cache.put(dueJob(key, { trigger: missingTrigger }))
    expect(fourReads(scene, jobs)).toEqual([true, true, true, true])
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
    expect([read(), read(), due.unreadable]).toEqual(["Left", "Left", false])
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

  it("is not known of an executor that was never asked for: it is asked first", () => {
    const { due } = newDue()
    due.noteChanged(dueJob(1, { memory: { nextFireAt: now + minute } }))
    expect(due.earliest()).toBe(-Infinity)
  })

  it("of a fixed delay is none while its run is live; of others it is", () => {
    const memory = { nextFireAt: now + 400, live: [liveRun(7)] }
    const [delayed, other] = [learnt(), learnt()]
    delayed.noteChanged(dueJob(1, { memory, trigger: interval("1 minute", { start: 0, after: "run" }) }))
    other.noteChanged(dueJob(1, { memory }))
    expect([delayed.earliest(), other.earliest()]).toEqual([now + 500, now + 400])
  })

  it("of another executor does not move it", () => {
    const due = learnt()
    due.noteChanged(dueJob(1, { executor: "own", memory: { nextFireAt: now } }))
    expect(due.earliest()).toBe(now + 500)
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
