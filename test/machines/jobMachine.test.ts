import { describe, expect, it } from "vitest"
import { createActor, transition } from "xstate"
import type { JobContext, JobEvent, JobRules, NextFire } from "../../machines/index.ts"
import { defaultRules, jobMachine, newMemory, noAnswer, stateOf } from "../../machines/index.ts"
import { explore } from "./machineModel.ts"

const rules: JobRules = {
  ...defaultRules,
  misfireGraceMs: 50,
  overlap: "queue-one",
  retry: { attempts: 2, backoffMs: 5, factor: 1, maxBackoffMs: 5, jitter: 0, when: null }
}
const input = { jobId: "daily", rules, memory: newMemory(0, 10, false) }

describe("jobMachine", () => {
  it("takes every transition that it has, and no other", async () => {
    const explored = await explore<JobContext, JobEvent>({
      machine: jobMachine,
      input,
      events: eventsIn,
      facts: ({ memory, rules }) => [
        memory.live.map((run) => [run.retryAt !== null, run.attempt > 1]),
        // Beside nothing else that counts: the product of all would be too large to walk.
        memory.crashes > 0 || memory.queue.length > 0 || memory.exhausted ? [] : memory.live.map(workerDeathsOf),
        memory.queue.map((fire) => fire.requested === true),
        [Math.min(memory.crashes, 3), rules.onInterrupted],
        [memory.exhausted, memory.removed, memory.pausedAt !== null, memory.fault !== null],
        [memory.backlog !== null, memory.misfire !== null]
      ],
      holds: (value, { memory }) => {
        expect(value).toBe(stateOf(memory))
        expect(JSON.parse(JSON.stringify(memory))).toEqual(memory)
        expect(memory.live.length).toBeLessThanOrEqual(rules.maxInstances)
        if (value === "done") expect([memory.live, memory.queue, memory.backlog]).toEqual([[], [], null])
      }
    })
    const waiting = {
      pause: ["paused"],
      park: ["paused"],
      refused: ["misfired"],
      requested: ["running"],
      reschedule: ["done", "scheduled"],
      setRight: ["done", "scheduled"],
      remove: ["done"]
    }
    expect(explored).toEqual({
      edges: {
        scheduled: {
          ...waiting,
          acquitted: ["scheduled"],
          redefine: ["scheduled"],
          retime: ["done", "scheduled"],
          due: ["done", "misfired", "running", "scheduled"],
          skip: ["done", "scheduled"]
        },
        misfired: {
          ...waiting,
          acquitted: ["misfired"],
          redefine: ["misfired"],
          retime: ["done", "misfired"],
          due: ["done", "misfired", "running"],
          skip: ["done", "misfired"]
        },
        running: {
          pause: ["paused"],
          park: ["paused"],
          acquitted: ["running"],
          redefine: ["running"],
          due: ["done", "misfired", "running"],
          refused: ["running"],
          requested: ["running"],
          reschedule: ["done", "running", "scheduled"],
          setRight: ["done", "running", "scheduled"],
          retime: ["running"],
          skip: ["running"],
          waitOver: ["done", "misfired", "running"],
          settled: ["done", "misfired", "paused", "running", "scheduled"],
          adopted: ["running"],
          interrupted: ["done", "misfired", "paused", "running", "scheduled"],
          remove: ["done", "running"]
        },
        paused: {
          park: ["paused"],
          acquitted: ["paused"],
          redefine: ["paused"],
          reschedule: ["paused"],
          setRight: ["paused"],
          retime: ["paused"],
          requested: ["paused"],
          waitOver: ["paused"],
          settled: ["paused"],
          adopted: ["paused"],
          interrupted: ["paused"],
          resume: ["done", "misfired", "running", "scheduled"],
          remove: ["done", "running"]
        }
      },
      untaken: [],
      unreached: []
    })
    // Thousands of paths, and this machine may be busy.
  }, 60_000)

  it("goes on from its saved snapshot as if nothing had happened", () => {
    const job = createActor(jobMachine, { input }).start()
    const due = eventsIn("scheduled", job.getSnapshot().context).find((event) => event.type === "due")
    if (due !== undefined) job.send(due)
    const saved: unknown = JSON.parse(JSON.stringify(job.getPersistedSnapshot()))
    const restored = createActor(jobMachine, { input, snapshot: saved as never }).start()
    expect(restored.getSnapshot().value).toBe("running")
    expect(restored.getSnapshot().context).toEqual(job.getSnapshot().context)
  })

  it("lets a removed job only end its runs", () => {
    const live = [{ runKey: 1, fireAt: 10, attempt: 1, retryAt: null }]
    const memory = { ...newMemory(0, null, true), live, removed: true }
    const takes = (own: Partial<typeof memory>) => {
      const { context } = createActor(jobMachine, { input: { ...input, memory: { ...memory, ...own } } }).getSnapshot()
      const snapshot = jobMachine.resolveState({ value: "running", context })
      const taken = eventsIn("running", context).filter((event) => snapshot.can(event))
      return new Set(taken.map(({ type }) => type))
    }
    expect(takes({})).toEqual(new Set(["waitOver", "settled", "interrupted", "adopted", "remove", "redefine"]))
    const present = takes({ removed: false, exhausted: false })
    for (const type of ["due", "refused", "requested", "reschedule", "setRight", "retime", "skip", "pause", "park"])
      expect(present).toContain(type)
  })

  it("answers each event that it takes, whatever state it is in", () => {
    const live = [{ runKey: 1, fireAt: 10, attempt: 1, retryAt: null }]
    const waits = [{ runKey: 1, fireAt: 10, attempt: 2, retryAt: 990 }]
    const fresh = newMemory(0, 10, false)
    const memories = [
      fresh,
      { ...fresh, misfire: "late" as const },
      ...[live, waits].flatMap((runs) => [
        { ...fresh, live: runs },
        { ...fresh, live: runs, crashes: 2, misfire: "late" as const },
        { ...fresh, live: runs, exhausted: true, nextFireAt: null },
        { ...fresh, live: runs, exhausted: true, nextFireAt: null, removed: true },
        { ...fresh, live: runs, pausedAt: 5 }
      ]),
      { ...fresh, pausedAt: 5 },
      { ...fresh, pausedAt: 5, misfire: "late" as const, queue: [{ fireAt: 900 }] }
    ]
    const unanswered = memories.flatMap((memory) => {
      const answer = { ...noAnswer }
      const snapshot = jobMachine.resolveState({ value: stateOf(memory), context: { ...input, answer, memory } })
      return eventsIn(stateOf(memory), snapshot.context)
        .filter((event) => snapshot.can(event))
        .map((event) => ({ event, to: transition(jobMachine, snapshot, event)[0] }))
        .filter(({ to }) => to.context.answer === answer || stateOf(to.context.memory) !== to.value)
        .map(({ event, to }) => `${stateOf(memory)} ${event.type} ${to.value}`)
    })
    expect(unanswered).toEqual([])
  })

  it("has other rules from then on, and its runs keep what they began with", () => {
    const live = [{ runKey: 1, fireAt: 10, attempt: 1, retryAt: null }]
    const { context } = createActor(jobMachine, {
      input: { ...input, memory: { ...newMemory(0, 20, false), live } }
    }).getSnapshot()
    const job = createActor(jobMachine, {
      input,
      snapshot: jobMachine.resolveState({ value: "running", context })
    }).start()
    job.send({ type: "redefine", rules: defaultRules, args: { page: 1 } })
    const after = job.getSnapshot()
    expect([after.value, after.context.rules]).toEqual(["running", defaultRules])
    expect(after.context.memory.live).toEqual([{ ...live[0], args: { page: 1 } }])
    expect(after.context.answer.claims).toEqual([])
  })

  it("decides anew for each event, though the same event is sent again", () => {
    const job = createActor(jobMachine, { input: { ...input, rules: { ...rules, overlap: "queue-all" } } }).start()
    const request = { type: "requested", firstRunKey: 1, fireAt: 5, now: 5 } as const
    const shown = (event: JobEvent) => {
      job.send(event)
      const { memory, answer } = job.getSnapshot().context
      return [memory.live.length, memory.queue.length, answer.claims.length]
    }
    expect([shown(request), shown(request), shown({ ...request, fireAt: 6 }), shown(request)]).toEqual([
      [1, 0, 1],
      [1, 1, 0],
      [1, 2, 0],
      [1, 3, 0]
    ])
  })

  it.each<readonly [outcome: "succeeded" | "failed" | "cancelled"]>([["succeeded"], ["failed"], ["cancelled"]])(
    "ends with the outcome of its last run as its output: %s",
    (outcome) => {
      const live = [{ runKey: 1, fireAt: 10, attempt: 2, retryAt: null }]
      const memory = { ...newMemory(0, null, true), live }
      const context = { ...createActor(jobMachine, { input }).getSnapshot().context, memory }
      const snapshot = jobMachine.resolveState({ value: "running", context })
      const job = createActor(jobMachine, { input, snapshot }).start()
      const [settled] = eventsIn("running", context).filter((event) => event.type === "settled")
      expect(job.getSnapshot().output).toBeUndefined()
      if (settled !== undefined) job.send({ ...settled, outcome })
      expect(job.getSnapshot()).toMatchObject({ status: "done", output: outcome })
    }
  )

  it("ends with no outcome when it was never run", () => {
    const job = createActor(jobMachine, { input }).start()
    job.send({ type: "remove", now: 5, owed: null })
    expect(job.getSnapshot()).toMatchObject({ status: "done", output: null })
  })

  it("keeps still in done: nothing brings a finished job back", () => {
    const context = { ...createActor(jobMachine, { input }).getSnapshot().context, memory: newMemory(0, null, true) }
    const snapshot = jobMachine.resolveState({ value: "done", context })
    expect(snapshot.status).toBe("done")
    for (const event of eventsIn("done", context)) expect(snapshot.can(event)).toBe(false)
  })
})

const workerDeathsOf = ({ workerDeaths = 0 }: JobContext["memory"]["live"][number]): number => workerDeaths

/**
 * Each kind of event, in the variants that lead to different places. All happen at one instant, or so much later that
 * what waits is past its grace, or on a clock that was set back; the one live run always has key 1.
 */
function eventsIn(_value: string, { memory, rules }: JobContext): ReadonlyArray<JobEvent> {
  const now = 1_000
  const muchLater = now + 100
  const setBack = now - 5
  const wellBefore = now - 100_000
  const base = { firstRunKey: 1, now }
  const one = { from: now, through: now, count: 1 }
  const goesOn: NextFire = { nextFireAt: now + 10, exhausted: false }
  const ends: NextFire = { nextFireAt: null, exhausted: true }
  const due = { type: "due", ...base, second: null, penultimate: null, times: [] } as const
  const settled = { type: "settled", ...base, runKey: 1, errorName: null, retryable: true, next: null } as const
  const stopped = { type: "interrupted", ...base, runKeys: [1] } as const
  const either = [goesOn, ends].flatMap((next): ReadonlyArray<JobEvent> => [
    { ...due, ...next, late: null, due: one, more: false },
    { ...due, ...next, late: one, due: null, more: false },
    { ...due, ...next, late: one, due: null, more: false, now: muchLater },
    { type: "reschedule", now, nextRunKey: 2, owed: null, ...next },
    { type: "reschedule", now: wellBefore, nextRunKey: 2, owed: null, ...next },
    { type: "setRight", now: wellBefore, nextRunKey: 2, aheadMs: 100_000, next },
    { type: "retime", now, from: now, ...next },
    { type: "skip", now, ...next },
    { type: "resume", missed: "skip", ...base, ...next },
    { type: "resume", missed: "coalesce", ...base, ...next, now: muchLater }
  ])
  const ofRun: ReadonlyArray<JobEvent> = [
    { ...settled, outcome: "succeeded" },
    { ...settled, outcome: "succeeded", now: muchLater },
    { ...settled, outcome: "succeeded", held: true },
    { ...settled, outcome: "succeeded", now: setBack },
    { ...settled, outcome: "failed" },
    { ...settled, outcome: "interrupted", crashed: true },
    { ...settled, outcome: "cancelled" },
    { type: "adopted", now, runKeys: [1], epoch: 2 },
    { ...stopped, crash: true, next: null },
    { ...stopped, crash: false, next: null }
  ]
  return [
    ...either,
    ...(memory.live.length === 0 ? [] : ofRun),
    { ...due, ...goesOn, late: null, due: one, more: true },
    { type: "refused", now, fireAt: now, reason: "invalidValue" },
    { type: "requested", ...base, fireAt: now },
    { type: "waitOver", ...base },
    { type: "waitOver", ...base, now: muchLater },
    { type: "pause", now, owed: one },
    { type: "park", now, fault: { kind: "faultyTrigger", message: "gone" } },
    { type: "redefine", rules: { ...rules, onInterrupted: "skip" } },
    { type: "remove", now, owed: null }
  ]
}
