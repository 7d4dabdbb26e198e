import { describe, expect, it } from "vitest"
import { createActor, transition } from "xstate"
import type { DirectedGraphNode } from "xstate/graph"
import { toDirectedGraph } from "xstate/graph"
import type { JobEvent } from "../../machines/index.ts"
import { defaultRules, jobMachine, newMemory, noAnswer, stateOf } from "../../machines/index.ts"
import { eventsIn, exploreJob, found, input, rules, telling } from "./jobExploration.ts"

describe("jobMachine", () => {
  it("takes every transition that it has, and no other", () => {
    expect(exploreJob(telling)).toEqual(found)
  })

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
    expect(takes({})).toEqual(
      new Set(["waitOver", "settled", "interrupted", "adopted", "acquitted", "remove", "redefine"])
    )
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
