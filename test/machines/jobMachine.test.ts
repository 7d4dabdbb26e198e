/** Long: every event is sent to a job in every state. */
import { describe, expect, it } from "vitest"
import { createActor, transition } from "xstate"
import type { DirectedGraphNode } from "xstate/graph"
import { toDirectedGraph } from "xstate/graph"
import type { JobContext, JobEvent, JobMemory, JobRules, NextFire } from "../../machines/index.ts"
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
      further: underOtherRules,
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
          streamCompleted: ["done"],
          redefine: ["scheduled"],
          retime: ["done", "scheduled"],
          due: ["running"],
          late: ["done", "misfired"],
          counted: ["scheduled"],
          skip: ["done", "scheduled"]
        },
        misfired: {
          ...waiting,
          acquitted: ["misfired"],
          streamCompleted: ["done"],
          redefine: ["misfired"],
          retime: ["done", "misfired"],
          due: ["running"],
          late: ["done", "misfired"],
          counted: ["misfired"],
          skip: ["done", "misfired"]
        },
        running: {
          pause: ["paused"],
          park: ["paused"],
          acquitted: ["running"],
          streamCompleted: ["running"],
          redefine: ["running"],
          due: ["running"],
          late: ["done", "misfired", "running"],
          counted: ["running"],
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
          streamCompleted: ["paused"],
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

  it("has few edges, and no two that look the same", () => {
    const drawn = edgesOf(toDirectedGraph(jobMachine))
    expect(drawn.length).toBeLessThanOrEqual(40)
    const eventless = Object.values(jobMachine.states).flatMap((node) =>
      (node.always ?? []).map(({ source, target, guard }): ReadonlyArray<unknown> => [
        source.id,
        ...(target ?? []).map(({ id }) => id),
        guard
      ])
    )
    expect(eventless.length).toBeLessThanOrEqual(5)
    const told = [
      ...drawn.map(({ source, target, transition }): ReadonlyArray<unknown> => [
        source.id,
        target.id,
        transition.eventType,
        transition.guard
      ]),
      ...eventless
    ].map((edge) => JSON.stringify(edge))
    expect(new Set(told).size).toBe(told.length)
    // Whatever state it is in.
    const ofTheWhole = drawn.filter(({ source, target }) => source.id === "job" && target.id !== "job")
    expect(ofTheWhole.map(({ target, transition }) => `${transition.eventType}: ${target.id}`)).toEqual([
      ...[
        "due: job.running",
        "settled: job.paused",
        "interrupted: job.paused",
        "pause: job.paused",
        "park: job.paused"
      ],
      ...["remove: job.running", "remove: job.done"]
    ])
  })

  it("answers each event for itself, and the same whatever it was asked before", () => {
    const job = createActor(jobMachine, { input }).start()
    const [due] = eventsIn("scheduled", job.getSnapshot().context).filter(({ type }) => type === "due")
    if (due === undefined) throw new RangeError("no event is due")
    const before = job.getSnapshot()
    job.send(due)
    const once = job.getSnapshot().context
    expect(once.answer.claims).toHaveLength(1)
    job.send({ type: "acquitted", now: 1_000 })
    expect(job.getSnapshot().context.answer).toEqual(noAnswer)
    const again = createActor(jobMachine, { input, snapshot: before }).start()
    again.send(due)
    expect(again.getSnapshot().context).toEqual(once)
  })

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

const edgesOf = ({ edges, children }: DirectedGraphNode): DirectedGraphNode["edges"] => [
  ...edges,
  ...children.flatMap(edgesOf)
]

/** While a run executes, under rules that the walk does not have; and a clock that was ahead. */
const underOtherRules = ((): ReadonlyArray<{ value: string; context: JobContext; event: JobEvent }> => {
  const whileOneRuns = (others: Partial<JobRules>, memory: Partial<JobMemory>, event: JobEvent) => ({
    value: "running",
    context: {
      jobId: "daily",
      rules: { ...rules, ...others },
      memory: {
        ...newMemory(0, 10, false),
        live: [{ runKey: 1, fireAt: 0, attempt: 1, retryAt: null }],
        runCount: 1,
        ...memory
      },
      answer: noAnswer
    },
    event
  })
  const base = { firstRunKey: 2, now: 10, fireAt: 10 }
  const next = { nextFireAt: 20, exhausted: false }
  const due = { type: "due", ...base, ...next, coalesced: null, each: false, passed: null } as const
  const queue = Array.from({ length: 1_000 }, (_, fireAt) => ({ fireAt }))
  const away = { runKey: 1, fireAt: 0, attempt: 2, retryAt: "event", putAway: true } as const
  return [
    whileOneRuns({ maxRuns: 1 }, {}, due),
    whileOneRuns({ maxRuns: 1 }, {}, { ...due, each: true }),
    whileOneRuns({}, { queue }, { ...due, each: true, missedThrough: 10 }),
    whileOneRuns({ overlap: "cancel-running" }, {}, due),
    whileOneRuns({ overlap: "queue-all" }, { queue }, due),
    whileOneRuns({ overlap: "cancel-running" }, {}, { type: "requested", ...base }),
    whileOneRuns({}, { live: [away] }, { type: "messageSent", now: 10, runKey: 1 }),
    {
      ...whileOneRuns({}, { pausedAt: 5, cursor: 100_000 }, { type: "resume", ...base, ...next, missed: "skip" }),
      value: "paused"
    }
  ]
})()

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
  const due = { type: "due", ...base, fireAt: now, coalesced: null, each: false, passed: null } as const
  const late = { type: "late", ...base, ...one } as const
  const settled = { type: "settled", ...base, runKey: 1, errorName: null, retryable: true, next: null } as const
  const stopped = { type: "interrupted", ...base, runKeys: [1] } as const
  const either = [goesOn, ends].flatMap((next): ReadonlyArray<JobEvent> => [
    { ...due, ...next },
    { ...late, ...next },
    { ...late, ...next, now: muchLater },
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
    { ...settled, outcome: "failed", crashed: true },
    { ...stopped, crash: false, workerDied: true, next: null },
    { ...settled, outcome: "cancelled" },
    { type: "adopted", now, runKeys: [1], epoch: 2 },
    { ...stopped, crash: true, next: null },
    { ...stopped, crash: false, next: null }
  ]
  return [
    ...either,
    ...(memory.live.length === 0 ? [] : ofRun),
    { type: "counted", ...base, ...goesOn, late: null, due: one, second: null },
    { type: "refused", now, fireAt: now, reason: "invalidValue" },
    { type: "requested", ...base, fireAt: now },
    { type: "waitOver", ...base },
    { type: "waitOver", ...base, now: muchLater },
    { type: "pause", now, owed: one },
    { type: "park", now, fault: { kind: "faultyTrigger", message: "gone" } },
    { type: "streamCompleted", now },
    { type: "redefine", rules: { ...rules, onInterrupted: "skip" } },
    { type: "remove", now, owed: null }
  ]
}
