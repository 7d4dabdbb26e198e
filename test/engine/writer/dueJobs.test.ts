/** What is due of a job, and what is done where it can't be served. */
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { loadRow } from "../../../src/engine/writer/dueJobs.ts"
import { interval } from "../../../src/trigger/interval.ts"
import { dueJob, newDue, now, rowOf } from "./dueScene.ts"
import { faultyTrigger, liveRun, makeJob, makeUnit, minute, missingTrigger, toldBy } from "./jobs.ts"

const retry = { attempts: 3, backoffMs: 1000, factor: 1, maxBackoffMs: 1000, jitter: 0, when: null }

describe("a due job", () => {
  it("is claimed", () => {
    const { answer, take } = newDue()
    answer([dueJob(1), dueJob(2)])
    const { unit, claimed } = take()
    expect(claimed).toEqual([1, 2])
    expect(unit.consequences.claims[0]).toMatchObject({ runKey: 1000, fireAt: now, claimedAt: now })
    expect(unit.byKey(1)?.memory.nextFireAt).toBe(now + minute)
  })

  it("is served as it is decoded already, rather than from its row", () => {
    const { answer, take, cache } = newDue()
    cache.put(dueJob(1, { memory: { runCount: 7 } }))
    answer([{ ...rowOf(dueJob(1)), memory: "}{" }])
    expect(take().unit.byKey(1)?.memory.runCount).toBe(8)
  })

  it("that its commit has changed already is served as that has left it", () => {
    const { due, answer } = newDue()
    const unit = makeUnit({ now })
    unit.load(dueJob(1, { memory: { pausedAt: 5 } }))
    answer([{ ...rowOf(dueJob(1)), memory: "}{" }])
    Effect.runSync(due.take(unit, 10, false))
    expect([unit.consequences.claims, toldBy(unit.consequences).events]).toEqual([[], []])
  })

  it("whose row cannot be read is parked with its bytes kept, and the others are served", () => {
    const { answer, take } = newDue()
    answer([{ ...rowOf(dueJob(1)), memory: "}{" }, dueJob(2)])
    const { unit, claimed } = take()
    expect(claimed).toEqual([2])
    expect(unit.batch().states).toContainEqual(expect.objectContaining({ key: 1, memory: "}{", fault: true }))
    expect(toldBy(unit.consequences).events).toContainEqual(
      expect.objectContaining({ type: "JobParked", jobId: "job-1" })
    )
  })

  it("of another executor than the store says is written anew, under its own", () => {
    const { answer, take } = newDue()
    answer([dueJob(1, { executor: "own" })], now)
    const { unit, claimed, taken } = take()
    expect(claimed).toEqual([])
    expect(unit.batch().states).toMatchObject([{ key: 1, executor: "own" }])
    expect([...taken.full]).toEqual(["default"])
  })

  it.each([
    ["lies ahead", { nextFireAt: now + 1 }],
    ["is none", { nextFireAt: null }]
  ])("whose wake-up %s is written anew, for the store has it wrong", (_what, memory) => {
    const { answer, take } = newDue()
    answer([{ ...rowOf(dueJob(1, { memory })), wakeAt: now }])
    const { unit, claimed } = take()
    expect(claimed).toEqual([])
    expect(unit.batch().states).toMatchObject([{ key: 1, wakeAt: memory.nextFireAt }])
  })

  it("whose task is not registered stays as it is, and its task is left out from then on", () => {
    const { answer, take, host, queries } = newDue()
    answer([dueJob(1, { task: "mail" }), dueJob(2)])
    const { unit, claimed } = take()
    expect([claimed, host.missing]).toEqual([[2], ["task mail"]])
    expect(unit.batch().states.map(({ key }) => key)).toEqual([2])
    take()
    expect(queries.map(({ exceptTasks }) => exceptTasks)).toEqual([[], ["mail"]])
  })

  it("that may not start yet is held, and left out until it has changed or something came", () => {
    const { due, answer, take, asked, queries } = newDue()
    asked.mayStart = ({ key }) => key !== 1
    answer([dueJob(1), dueJob(2)])
    expect([take().claimed, due.isHeld(1), due.isHeld(2)]).toEqual([[2], true, false])
    take()
    due.noteChanged(dueJob(1))
    take()
    due.forget()
    take()
    expect(queries.map(({ exceptKeys }) => exceptKeys)).toEqual([[], [1], [], []])
    expect(due.isHeld(1)).toBe(true)
  })

  it("whose trigger's code is not registered is left out, and told of", () => {
    const { due, answer, take, cache, host, queries } = newDue()
    cache.put(dueJob(1, { trigger: missingTrigger }))
    answer([dueJob(1)])
    expect([take().claimed, host.missing]).toEqual([[], ["trigger tides"]])
    take()
    due.noteChanged(dueJob(1))
    take()
    expect(queries.map(({ exceptKeys }) => exceptKeys)).toEqual([[], [1], []])
  })

  it("whose trigger's code is missing goes on with attempts, which need it for nothing", () => {
    const { answer, take, cache } = newDue()
    const memory = { nextFireAt: now + 1, live: [liveRun(7, { retryAt: now, attempt: 2 })] }
    cache.put(dueJob(1, { trigger: missingTrigger, memory, rules: { retry } }))
    answer([dueJob(1)])
    expect(take().unit.consequences.starts).toMatchObject([{ runKey: 7, attempt: 2 }])
  })

  it("whose trigger fails is parked, and says why", () => {
    const { answer, take, cache } = newDue()
    cache.put(dueJob(1, { trigger: faultyTrigger }))
    answer([dueJob(1)])
    const { unit } = take()
    expect(unit.byKey(1)?.memory.fault).toMatchObject({ kind: "faultyTrigger" })
    expect(toldBy(unit.consequences).events).toMatchObject([{ type: "JobParked", jobId: "job-1" }])
  })

  it("whose trigger fails goes on with nothing: an attempt that was due waits", () => {
    const { answer, take, cache } = newDue()
    const live = [liveRun(7, { retryAt: now, attempt: 2 })]
    cache.put(dueJob(1, { trigger: faultyTrigger, memory: { live } }))
    answer([dueJob(1)])
    const { unit } = take()
    expect([unit.consequences.starts, unit.steps.map(({ event }) => event.type)]).toEqual([[], ["park"]])
  })

  it("has its fire times before its attempts: they overlap none that only starts now", () => {
    const { answer, take } = newDue()
    const live = [liveRun(7, { retryAt: now, attempt: 2 })]
    answer([dueJob(1, { memory: { live }, rules: { retry } })])
    const { unit } = take()
    expect(unit.consequences.starts).toMatchObject([{ runKey: 7, attempt: 2 }])
    expect(unit.byKey(1)?.memory.queue).toMatchObject([{ fireAt: now }])
    expect(unit.batch().ledger).toEqual([])
  })

  it("makes those attempts whose wait is over, to the millisecond", () => {
    const { answer, take } = newDue()
    const parts = (retryAt: number) => ({
      memory: { live: [liveRun(7, { retryAt, attempt: 2 })] },
      rules: { retry }
    })
    answer([dueJob(1, parts(now)), dueJob(2, parts(now + 1))])
    const { unit } = take()
    expect(unit.consequences.starts.map(({ job }) => job.key)).toEqual([1])
    expect(unit.steps.map(({ key, event }) => [key, event.type])).toEqual([
      [1, "due"],
      [1, "waitOver"],
      [2, "due"]
    ])
  })

  it("that is paused takes no fire time, but the requests that wait", () => {
    const { answer, take } = newDue()
    const queue = [{ fireAt: now - 5, requested: true, ticket: 1 }]
    answer([dueJob(1, { memory: { pausedAt: 5, queue } })])
    const { unit } = take()
    expect(unit.consequences.claims.map(({ fireAt }) => fireAt)).toEqual([now - 5])
    expect(unit.byKey(1)?.memory).toMatchObject({ pausedAt: 5, nextFireAt: now })
  })

  it("that is paused runs what was asked for, though its trigger's code is missing", () => {
    const { answer, take, cache } = newDue()
    const queue = [{ fireAt: now - 5, requested: true, ticket: 1 }]
    cache.put(dueJob(1, { trigger: missingTrigger, memory: { pausedAt: 5, queue } }))
    answer([dueJob(1)])
    expect(take().claimed).toEqual([1])
  })

  it("of a fixed delay has no fire time while its run is live", () => {
    const { answer, take, cache } = newDue()
    const trigger = interval("1 minute", { start: 0, after: "run" })
    cache.put(dueJob(1, { trigger, memory: { live: [liveRun(7, { retryAt: now, attempt: 2 })] }, rules: { retry } }))
    answer([dueJob(1)])
    const { unit, claimed } = take()
    expect([claimed, unit.consequences.starts.length]).toEqual([[], 1])
    expect(unit.steps.map(({ event }) => event.type)).toEqual(["waitOver"])
  })
})

describe("what came due while nobody could claim it", () => {
  const missedOf = ({ unit }: ReturnType<ReturnType<typeof newDue>["take"]>) =>
    unit.steps.map(({ event }) => (event.type === "due" ? event.missedThrough : "no fire time"))

  it("is nothing where somebody always could", () => {
    const { answer, take } = newDue()
    answer([dueJob(1)])
    expect(missedOf(take())).toEqual([null])
  })

  it("was missed until the writer claimed, or until what the job needs came, whichever is later", () => {
    const { answer, take, host, timers } = newDue()
    answer([dueJob(1)])
    expect(missedOf(take({ missedThrough: 5 }))).toEqual([5])
    host.unclaimed.note("main", "task", "report")
    host.unclaimed.came("task", "report")
    expect(missedOf(take({ missedThrough: 5 }))).toEqual([timers.now()])
    expect(missedOf(take({ missedThrough: timers.now() + 1 }))).toEqual([timers.now() + 1])
  })

  it("was missed until the trigger's code came, until the job has served it", () => {
    const { due, answer, take, cache, timers, queries } = newDue()
    cache.put(dueJob(1, { trigger: missingTrigger }))
    answer([dueJob(1)])
    take()
    timers.spend(500)
    const came = timers.now()
    due.forget()
    cache.put(dueJob(1))
    timers.spend(500)
    expect([missedOf(take()), queries.at(-1)?.exceptKeys]).toEqual([[came], []])
    due.noteChanged(dueJob(1))
    expect(missedOf(take())).toEqual([null])
  })
})

describe("a row that is decoded", () => {
  const { host } = newDue()
  const parked = (wakeAt: number | null) => ({
    ...rowOf(makeJob(1, { memory: { pausedAt: 5, fault: { kind: "unreadable", message: "x" } } })),
    ...{ memory: "}{", wakeAt }
  })

  it("is part of the unit", () => {
    const unit = makeUnit()
    expect(loadRow(unit, rowOf(makeJob(1)), host.codec)?.key).toBe(1)
    expect(unit.byId("job-1")?.key).toBe(1)
  })

  it("and was parked as unreadable is known to be, and is not written again", () => {
    const unit = makeUnit()
    expect(loadRow(unit, parked(null), host.codec)).toBe(undefined)
    expect([unit.unreadableKeys.get("job-1"), unit.changes]).toEqual([1, 0])
  })

  it("and has a wake-up though it is parked, or no fault though it cannot be read, is parked anew", () => {
    for (const row of [parked(minute), { ...parked(null), fault: false }]) {
      const unit = makeUnit()
      loadRow(unit, row, host.codec)
      expect(unit.batch().states).toMatchObject([{ key: 1, value: "paused", wakeAt: null, fault: true }])
    }
  })

  it("with a reader that fails by its own fault lets that through", () => {
    const codec = {
      decode: () => {
        throw new TypeError("a bug")
      }
    } as unknown as typeof host.codec
    expect(() => loadRow(makeUnit(), rowOf(makeJob(1)), codec)).toThrow(TypeError)
  })
})
