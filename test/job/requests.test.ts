/** Runs on request: what they carry, what they make room for. */
import { describe, expect, it } from "vitest"
import type { RequestedEvent } from "../../src/job/jobEvent.ts"
import { acceptsRequest } from "../../src/job/overlap.ts"
import type { JobRules } from "../../src/job/rules.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { decided } from "./decided.ts"
import { contextOf, run } from "./jobContext.ts"

const request: RequestedEvent = { type: "requested", now: 15, fireAt: 15, firstRunKey: 5 }
const own = { fireAt: 10, args: { page: 2 }, retryOf: 1, ticket: 3 }

describe("a request", () => {
  it("starts at once with all that it was made with; its ticket is the answer's, not the run's", () => {
    const { memory, answer } = decided(contextOf(), { ...request, ...own })
    expect(answer.claims).toStrictEqual([{ runKey: 5, requested: true, ...own }])
    const { ticket: _, ...kept } = own
    expect(memory.live).toStrictEqual([{ runKey: 5, attempt: 1, retryAt: null, requested: true, ...kept }])
  })

  it("carries nothing that it was made without", () => {
    const { memory, answer } = decided(contextOf(), request)
    expect(answer.claims).toStrictEqual([{ runKey: 5, requested: true, fireAt: 15 }])
    expect(memory.live).toStrictEqual([{ runKey: 5, attempt: 1, retryAt: null, requested: true, fireAt: 15 }])
  })

  it("waits with all that it was made with while the scheduler claims nothing", () => {
    const { memory, answer } = decided(contextOf(), { ...request, ...own, held: true })
    expect([memory.live, answer.claims]).toEqual([[], []])
    expect(memory.queue).toStrictEqual([{ requested: true, ...own }])
    expect(decided(contextOf(), { ...request, held: true }).memory.queue).toStrictEqual([
      { fireAt: 15, requested: true }
    ])
  })

  it("aborts no run while the scheduler claims nothing, whatever the overlap policy", () => {
    const context = contextOf({ live: [run(1)] }, { overlap: "cancel-running" })
    expect(decided(context, { ...request, held: true }).answer.cancels).toEqual([])
    expect(decided(context, request).answer.cancels).toEqual([1])
  })

  it("aborts no run where an instance is free and others wait before it", () => {
    const context = contextOf(
      { live: [run(1)], queue: [{ fireAt: 20 }] },
      { overlap: "cancel-running", maxInstances: 2 }
    )
    expect(decided(context, request).answer.cancels).toEqual([])
  })

  it("starts before it where those that waited before it may", () => {
    const queue = [{ fireAt: 12, requested: true }]
    const { memory, answer } = decided(contextOf({ queue }, { overlap: "queue-all" }), request)
    expect(answer.claims.map(({ fireAt }) => fireAt)).toEqual([12])
    expect(memory.queue.map(({ fireAt }) => fireAt)).toEqual([15])
  })

  it("ends runs between attempts and aborts the others, in the order of their claims, with cancel-running", () => {
    const live = [run(1), run(2, { retryAt: 90 }), run(3), run(4, { retryAt: 80 })]
    const { memory, answer } = decided(contextOf({ live }, { overlap: "cancel-running", maxInstances: 4 }), request)
    expect(answer.cancels).toEqual([1, 3])
    expect(answer.ended.map(({ run, outcome, retryAt }) => [run.runKey, outcome, retryAt])).toEqual([
      [2, "cancelled", null],
      [4, "cancelled", null]
    ])
    expect(memory.lastOutcome).toBe("cancelled")
    expect(memory.live.map(({ runKey }) => runKey)).toEqual([1, 3, 5])
  })

  it("takes the place of fire times that wait, but not of requests and of what was missed", () => {
    const stays = [
      { fireAt: 11, requested: true },
      { fireAt: 12, missed: true }
    ]
    const queue = [...stays, { fireAt: 13 }]
    const { memory, answer } = decided(contextOf({ live: [run(1)], queue }, { overlap: "cancel-running" }), request)
    expect(memory.queue).toEqual([...stays, { fireAt: 15, requested: true }])
    expect(answer.entries).toMatchObject([{ reason: "replaced", from: 13, count: 1 }])
  })
})

describe("the next fire time of a fixed delay", () => {
  const next = { nextFireAt: 99, exhausted: false }
  const nextAfter = (memory: Partial<JobMemory>, event: Partial<RequestedEvent> = { next }) =>
    decided(
      contextOf({ lastFireAt: 20, nextFireAt: null, ...memory }, { overlap: "cancel-running", maxInstances: 2 }),
      { ...request, ...event }
    ).memory.nextFireAt

  it("counts from the request that ended the newest run between its attempts", () => {
    expect(nextAfter({ live: [run(1), run(2, { retryAt: 90 })] })).toBe(99)
  })

  it("is not known yet where that run goes on", () => {
    expect(nextAfter({ live: [run(1, { retryAt: 90 }), run(2)] })).toBeNull()
    expect(nextAfter({ live: [run(2)], lastFireAt: 20 })).toBeNull()
  })

  it("stays what it is where the trigger is none", () => {
    expect(nextAfter({ live: [run(1), run(2, { retryAt: 90 })], nextFireAt: 30 }, {})).toBe(30)
  })
})

describe("whether a request is taken", () => {
  const accepts = (overlap: JobRules["overlap"], memory: Partial<JobMemory>) =>
    acceptsRequest(contextOf(memory).memory, contextOf({}, { overlap, maxInstances: 2 }).rules)
  const fires = (count: number) => Array.from({ length: count }, (_, index) => ({ fireAt: index }))
  const policies = ["skip", "queue-one", "queue-all", "cancel-running"] as const

  it("is up to the instances first: those that run and those that wait take one each", () => {
    for (const overlap of policies) {
      expect(accepts(overlap, { live: [run(1)] })).toBe(true)
      expect(accepts(overlap, { queue: fires(1) })).toBe(true)
    }
    expect(accepts("skip", { live: [run(1)], queue: fires(1) })).toBe(false)
    expect(accepts("skip", { live: [run(1), run(2)] })).toBe(false)
  })

  it("is then up to the overlap policy: nothing, one or a thousand may wait", () => {
    const live = [run(1), run(2)]
    expect(policies.map((overlap) => accepts(overlap, { live }))).toEqual([false, true, true, true])
    expect(policies.map((overlap) => accepts(overlap, { live, queue: fires(1) }))).toEqual([false, false, true, true])
    expect(policies.map((overlap) => accepts(overlap, { live, queue: fires(999) }))).toEqual([false, false, true, true])
    expect(policies.map((overlap) => accepts(overlap, { live, queue: fires(1_000) }))).toEqual([
      false,
      false,
      false,
      false
    ])
  })

  it("does not mind fire times that wait for the end of a pause", () => {
    const pausedAt = 12
    expect(accepts("skip", { pausedAt, queue: fires(5) })).toBe(true)
    expect(accepts("skip", { pausedAt, queue: fires(5).map((fire) => ({ ...fire, requested: true })) })).toBe(false)
  })

  it("is no for a job that is removed or out of service", () => {
    expect(accepts("queue-all", { removed: true })).toBe(false)
    expect(accepts("queue-all", { fault: { kind: "poison", message: "it kills" } })).toBe(false)
  })
})
