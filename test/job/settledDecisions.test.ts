/** The ends of attempts, as decisions: put off by the task, interrupted, waited for. */
import { describe, expect, it } from "vitest"
import type { InterruptedEvent, SettledEvent } from "../../src/job/jobEvent.ts"
import type { JobRules, RetryRules } from "../../src/job/rules.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { decided } from "./decided.ts"
import { contextOf, run } from "./jobContext.ts"

const retry: RetryRules = { attempts: 3, backoffMs: 5, factor: 1, maxBackoffMs: 100, jitter: 0, when: null }

const settled = (memory: Partial<JobMemory>, event: Partial<SettledEvent> = {}, rules: Partial<JobRules> = {}) =>
  decided(contextOf(memory, rules), {
    type: "settled",
    now: 100,
    firstRunKey: 7,
    runKey: 1,
    outcome: "failed",
    errorName: "Error",
    retryable: true,
    next: null,
    ...event
  })

describe("an attempt that ends", () => {
  it("is that of its run alone: the others stay as they are, in their order", () => {
    const live = [run(2), run(1), run(3)]
    expect(settled({ live }).memory.live).toEqual([run(2), run(3)])
    const again = settled({ live }, {}, { retry })
    expect(again.memory.live).toEqual([run(2), run(1, { attempt: 2, retryAt: 105 }), run(3)])
    expect(again.answer.ended).toEqual([{ run: run(1), outcome: "failed", retryAt: 105 }])
    expect(again.memory.lastOutcome).toBeNull()
  })

  it("is no end of what is not under way, but for a run that is called off between attempts", () => {
    const live = [run(1, { retryAt: 120 })]
    const late = settled({ live, crashes: 2 })
    expect([late.memory.live, late.memory.crashes, late.answer.ended]).toEqual([live, 2, []])
    expect(settled({ live: [run(2)] }).answer.ended).toEqual([])
    expect(settled({ live }, { outcome: "cancelled" })).toMatchObject({
      memory: { live: [], lastOutcome: "cancelled" },
      answer: { ended: [{ outcome: "cancelled", retryAt: null }] }
    })
  })

  it("starts what waits for its place, unless the scheduler claims nothing", () => {
    const memory = { live: [run(1)], queue: [{ fireAt: 90 }] }
    expect(settled(memory).answer.claims).toMatchObject([{ runKey: 7, fireAt: 90 }])
    expect(settled(memory, { held: true }).answer.claims).toEqual([])
  })

  it("shows that the process lives", () => {
    expect(settled({ live: [run(1)], crashes: 2 }).memory.crashes).toBe(0)
    expect(settled({ live: [run(1)], crashes: 2 }, {}, { retry }).memory).toMatchObject({
      crashes: 0,
      live: [{ attempt: 2 }]
    })
    expect(decided(contextOf({ crashes: 2 }), { type: "acquitted", now: 100 }).memory.crashes).toBe(0)
  })
})

describe("a task that asks to be tried again", () => {
  const at = (live: ReturnType<typeof run>, again: SettledEvent["again"], rules: Partial<JobRules> = {}) =>
    settled({ live: [live] }, { again }, rules).memory.live

  it("is, at its instant, with or without a retry of the job, as often as it puts the run off", () => {
    const putOff = { at: 300, counts: false }
    expect(at(run(1), putOff)).toEqual([run(1, { attempt: 2, retryAt: 300, putOffs: 1 })])
    expect(at(run(1, { attempt: 9, putOffs: 1 }), putOff, { retry })).toEqual([
      run(1, { attempt: 10, retryAt: 300, putOffs: 2 })
    ])
  })

  it("is as often as the job's retry has it, where the attempt counts", () => {
    const counted = { at: 300, counts: true }
    expect(at(run(1), counted)).toEqual([])
    expect(at(run(1), counted, { retry })).toEqual([run(1, { attempt: 2, retryAt: 300 })])
    expect(at(run(1, { attempt: 3 }), counted, { retry })).toEqual([])
    expect(at(run(1, { attempt: 4, putOffs: 2 }), counted, { retry })).toEqual([
      run(1, { attempt: 5, retryAt: 300, putOffs: 2 })
    ])
  })

  it("is at once where its instant has passed", () => {
    expect(at(run(1), { at: 50, counts: false })).toMatchObject([{ retryAt: 100 }])
    expect(at(run(1), { at: 50, counts: true }, { retry })).toMatchObject([{ retryAt: 100 }])
  })

  it("is not in a job that was removed, nor where a newer fire time takes its place", () => {
    const again = { at: 300, counts: false }
    expect(settled({ live: [run(1)], removed: true }, { again }).memory.live).toEqual([])
    const replaced = settled({ live: [run(1)], queue: [{ fireAt: 90 }] }, { again }, { overlap: "cancel-running" })
    expect(replaced.memory.live).toMatchObject([{ runKey: 7, fireAt: 90 }])
    const waits = settled({ live: [run(1)], queue: [{ fireAt: 90 }] }, { again }, { overlap: "queue-all" })
    expect(waits.memory.live).toMatchObject([{ runKey: 1, attempt: 2 }])
  })
})

describe("a run whose machine only waits", () => {
  const away = run(1, { attempt: 2, retryAt: 300, putAway: true })
  const sent = (live: ReadonlyArray<ReturnType<typeof run>>) =>
    decided(contextOf({ live }), { type: "messageSent", now: 100, runKey: 1 }).memory.live

  it("is put away, for an instant or for an event", () => {
    const again = { at: 300, counts: false, putAway: true }
    expect(settled({ live: [run(1)] }, { again }).memory.live).toEqual([{ ...away, putOffs: 1 }])
    expect(settled({ live: [run(1)] }, { again: { ...again, at: "event" } }).memory.live).toEqual([
      { ...away, retryAt: "event", putOffs: 1 }
    ])
    expect(settled({ live: [run(1)] }, { again: { ...again, putAway: false } }).memory.live).toEqual([
      run(1, { attempt: 2, retryAt: 300, putOffs: 1 })
    ])
  })

  it("is due at once when an event is sent to it, and no other run is", () => {
    const other = run(2, { retryAt: "event", putAway: true })
    expect(sent([away, other])).toEqual([{ ...away, retryAt: 100 }, other])
    expect(sent([{ ...away, retryAt: "event" }])).toEqual([{ ...away, retryAt: 100 }])
  })

  it("stays due since when it was, and one that waits for its retry is not hurried", () => {
    for (const live of [[{ ...away, retryAt: 100 }], [{ ...away, retryAt: 50 }], [run(1, { retryAt: 300 })], [run(1)]])
      expect(sent(live)).toEqual(live)
  })
})

describe("a wait that is over", () => {
  const waitOver = (memory: Partial<JobMemory>) =>
    decided(contextOf(memory), { type: "waitOver", now: 100, firstRunKey: 7 })

  it("starts each attempt that is due, in the order of their claims, and no other", () => {
    const live = [run(1, { retryAt: 100 }), run(2, { retryAt: 101 }), run(3), run(4, { retryAt: 50 })]
    const { memory, answer } = waitOver({ live })
    expect(memory.live).toEqual([run(1), run(2, { retryAt: 101 }), run(3), run(4)])
    expect(answer.retries).toEqual([run(1), run(4)])
  })

  it("starts those of a paused job only that somebody asked for", () => {
    const live = [run(1, { retryAt: 100 }), run(2, { retryAt: 100, requested: true })]
    expect(waitOver({ live, pausedAt: 50 }).answer.retries.map(({ runKey }) => runKey)).toEqual([2])
  })

  it("starts a fire time that waited for the clock to show it again", () => {
    expect(waitOver({ queue: [{ fireAt: 100 }] }).answer.claims).toMatchObject([{ runKey: 7, fireAt: 100 }])
    expect(waitOver({ queue: [{ fireAt: 101 }] }).answer.claims).toEqual([])
  })
})

describe("attempts that were interrupted", () => {
  const interrupted = (
    memory: Partial<JobMemory>,
    event: Partial<InterruptedEvent> = {},
    rules: Partial<JobRules> = {}
  ) =>
    decided(contextOf(memory, rules), {
      type: "interrupted",
      now: 100,
      firstRunKey: 7,
      runKeys: [1, 2],
      crash: true,
      next: null,
      ...event
    })

  it("are those that were named and under way, in the order of their claims", () => {
    const waits = run(2, { retryAt: 300 })
    const { memory, answer } = interrupted({ live: [run(4), waits, run(3), run(1)] }, { runKeys: [1, 2, 4] })
    expect(answer.ended.map(({ run }) => run.runKey)).toEqual([4, 1])
    expect(memory.live).toEqual([
      run(4, { attempt: 2, retryAt: 100 }),
      waits,
      run(3),
      run(1, { attempt: 2, retryAt: 100 })
    ])
  })

  it("are no crash of the job where none of its own was under way", () => {
    expect(interrupted({ live: [run(1, { retryAt: 300 })], crashes: 2 }).memory).toMatchObject({
      crashes: 2,
      fault: null
    })
  })

  it("park no job as long as it may have been another one", () => {
    const memory = { live: [run(1)], crashes: 1 }
    expect(interrupted(memory, { shared: true }).memory).toMatchObject({ crashes: 2, fault: null })
    expect(interrupted({ ...memory, crashes: 2 }, { shared: true }).memory).toMatchObject({ crashes: 2, fault: null })
    expect(interrupted({ ...memory, crashes: 2 }, { shared: false }).memory).toMatchObject({
      crashes: 3,
      fault: { kind: "poison" },
      pausedAt: 100,
      live: []
    })
  })

  it("park no job that was stopped in good order or is removed, whatever it has been through", () => {
    const memory = { live: [run(1)], crashes: 3 }
    expect(interrupted(memory, { crash: false }).memory).toMatchObject({ crashes: 3, fault: null })
    expect(interrupted({ ...memory, removed: true }).memory).toMatchObject({ fault: null, live: [] })
  })

  it("park no job for the deaths of a worker, unless a worker has died", () => {
    const memory = { live: [run(1, { workerDeaths: 2 })] }
    expect(interrupted(memory, { crash: false }).memory.fault).toBeNull()
    expect(interrupted(memory, { crash: true }).memory.fault).toBeNull()
    expect(interrupted(memory, { crash: false, workerDied: true }).memory.fault?.kind).toBe("poison")
  })

  it("end a fixed delay's run, from which the next fire time counts, unless it is tried again", () => {
    const memory = { live: [run(1)], lastFireAt: 10, nextFireAt: null }
    const next = { nextFireAt: 130, exhausted: false }
    expect(interrupted(memory, { next }, { onInterrupted: "skip" }).memory).toMatchObject({
      nextFireAt: 130,
      lastOutcome: "interrupted"
    })
    expect(interrupted(memory, { next }).memory).toMatchObject({ nextFireAt: null, lastOutcome: null })
  })

  it("make room for what waits, unless the scheduler claims nothing", () => {
    const memory = { live: [run(1)], queue: [{ fireAt: 90 }] }
    const skip = { onInterrupted: "skip" } as const
    expect(interrupted(memory, {}, skip).answer.claims).toMatchObject([{ runKey: 7, fireAt: 90 }])
    expect(interrupted(memory, { held: true }, skip).answer.claims).toEqual([])
  })

  it("give way to a newer fire time that waits, with cancel-running", () => {
    const memory = { live: [run(1)], queue: [{ fireAt: 90 }] }
    expect(interrupted(memory, {}, { overlap: "cancel-running" }).memory.live).toMatchObject([{ runKey: 7 }])
  })

  it("are told by an executor one by one, and are no crash", () => {
    const live = [run(1), run(2)]
    const own = { runKeys: [1], crash: false, workerDied: false }
    const { memory } = interrupted({ live, crashes: 1 }, own)
    expect(memory).toMatchObject({ live: [{ attempt: 2, retryAt: 100 }, run(2)], crashes: 1 })
    const held = interrupted(
      { live: [run(1)], queue: [{ fireAt: 90 }] },
      { ...own, held: true },
      { onInterrupted: "skip" }
    )
    expect(held.memory).toMatchObject({ live: [], queue: [{ fireAt: 90 }] })
  })
})
