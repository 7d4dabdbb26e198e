/** The rules of the chart about fire times and requests: when each is the one that is taken, and all that it does. */
import { describe, expect, it } from "vitest"
import { jobGuards } from "../../machines/jobRules.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { contextOf, run } from "../job/jobContext.ts"
import type { Row } from "./jobStep.ts"
import {
  after,
  claim90,
  counted,
  due,
  fault,
  next,
  refused,
  requested,
  starts90,
  takes,
  twoLate,
  waits90
} from "./jobStep.ts"

const claim100 = { ...claim90, fireAt: 100 }
const thousand = Array.from({ length: 1_000 }, (_, fireAt) => ({ fireAt }))

describe("a fire time that comes due", () => {
  it.each<Row>([
    [
      "claims nothing when one of those that are made up finds no run left, and what waits starts",
      { runCount: 2, queue: [{ fireAt: 50, requested: true }] },
      { ...due, each: true },
      { maxRuns: 2 },
      {
        to: "running",
        ...{ cursor: 99, nextFireAt: null, exhausted: true, queue: [] },
        ...{ live: [run(7, { fireAt: 50, requested: true })], claims: [{ runKey: 7, fireAt: 50, requested: true }] }
      }
    ],
    [
      "is withdrawn when no run is left, and what waits starts",
      { runCount: 2, queue: [{ fireAt: 50, requested: true }] },
      due,
      { maxRuns: 2 },
      {
        to: "running",
        ...{ cursor: 100, nextFireAt: null, exhausted: true, queue: [], misfire: "withdrawn" },
        ...{ live: [run(7, { fireAt: 50, requested: true })], claims: [{ runKey: 7, fireAt: 50, requested: true }] },
        entries: ["withdrawn 100-100 (1)"]
      }
    ],
    [
      "is a run where an instance is free, which stands for others too",
      { misfire: "late" },
      { ...due, coalesced: { from: 80, through: 90, count: 2 } },
      {},
      {
        to: "running",
        ...{ cursor: 100, nextFireAt: 110, runCount: 1, lastFireAt: 100, misfire: null },
        ...{ live: [run(7, { fireAt: 100 })], claims: [claim100], entries: ["coalesced 80-90 (2) into 7"] }
      }
    ],
    [
      "waits together with what was missed before",
      waits90,
      { ...due, missedThrough: 100 },
      {},
      {
        to: "running",
        ...{ cursor: 100, nextFireAt: 110, queue: [{ fireAt: 100, missed: true }] },
        ...{ live: [run(7, { fireAt: 90 })], ...starts90 }
      }
    ],
    [
      "takes the place of what waits for another attempt under `cancel-running`, and starts",
      { live: [run(1, { retryAt: 200 })], ...waits90 },
      due,
      { overlap: "cancel-running" },
      {
        to: "running",
        ...{ cursor: 100, nextFireAt: 110, queue: [], runCount: 1, lastFireAt: 100, lastOutcome: "cancelled" },
        ...{ live: [run(7, { fireAt: 100 })], claims: [claim100], entries: ["replaced 90-90 (1)"] },
        ended: [{ run: run(1, { retryAt: 200 }), outcome: "cancelled", retryAt: null }]
      }
    ],
    [
      "waits behind what waits already under `queue-all`, of which the first starts",
      waits90,
      due,
      { overlap: "queue-all" },
      {
        to: "running",
        ...{ cursor: 100, nextFireAt: 110, queue: [{ fireAt: 100 }], live: [run(7, { fireAt: 90 })], ...starts90 }
      }
    ],
    [
      "misfires under `skip`, and what waits starts",
      waits90,
      due,
      {},
      {
        to: "running",
        ...{ cursor: 100, nextFireAt: 110, queue: [], live: [run(7, { fireAt: 90 })], ...starts90 },
        entries: ["maxInstances 100-100 (1)"]
      }
    ],
    [
      "misfires under `queue-one` where one waits already",
      { live: [run(1)], ...waits90 },
      due,
      { overlap: "queue-one" },
      {
        to: "running",
        ...{ cursor: 100, nextFireAt: 110, misfire: "maxInstances", entries: ["maxInstances 100-100 (1)"] }
      }
    ]
  ])("%s", (_, memory, event, rules, led) => {
    expect(after(memory, event, rules)).toEqual(led)
  })

  it("misfires where a thousand wait, and stays due where each is made up; the first of them starts", () => {
    const full = after({ queue: thousand }, due, { overlap: "queue-all" })
    expect(full).toMatchObject({ cursor: 100, nextFireAt: 110, claims: [{ fireAt: 0 }] })
    expect([full["queue"], full["entries"]]).toEqual([thousand.slice(1), ["queueFull 100-100 (1)"]])
    const left = after({ queue: thousand }, { ...due, each: true, missedThrough: 100 })
    expect(left).toMatchObject({ cursor: 99, nextFireAt: 100, catchUpThrough: 100, claims: [{ fireAt: 0 }] })
    expect([left["queue"], left["entries"]]).toEqual([thousand.slice(1), undefined])
  })
})

describe("a fire time that meets a run", () => {
  it.each([
    ["skip", "overlapSkips"],
    ["queue-one", "overlapQueues"],
    ["queue-all", "overlapQueues"],
    ["cancel-running", "overlapCancels"]
  ] as const)("has one rule under `%s`: %s", (overlap, rule) => {
    const context = contextOf({ live: [run(1)] }, { overlap })
    const { overlapCancels, overlapQueues, overlapSkips } = jobGuards
    const rules = { overlapCancels, overlapQueues, overlapSkips }
    const held = Object.entries(rules).filter(([, guard]) => guard({ context, event: due }))
    expect(held.map(([name]) => name)).toEqual([rule])
  })
})

describe("fire times", () => {
  it.each<Row>([
    [
      "past grace misfire, and what waits starts",
      waits90,
      twoLate,
      {},
      {
        to: "running",
        ...{ cursor: 70, nextFireAt: 110, queue: [], live: [run(7, { fireAt: 90 })], ...starts90 },
        entries: ["late 60-70 (2)"]
      }
    ],
    [
      "too many to count are kept, and what waits starts",
      waits90,
      counted,
      {},
      {
        to: "running",
        ...{ cursor: 90, nextFireAt: 110, queue: [], live: [run(7, { fireAt: 90 })], ...starts90 },
        backlog: { late: null, due: counted.due, second: 90 }
      }
    ],
    [
      "of a value that no task can take misfire",
      {},
      refused,
      {},
      { to: "misfired", cursor: 90, misfire: "invalidValue", entries: ["invalidValue 90-90 (1)"] }
    ]
  ])("%s", (_, memory, event, rules, led) => {
    expect(after(memory, event, rules)).toEqual(led)
  })

  it.each<readonly [string, Partial<JobMemory>]>([
    ["is paused", { pausedAt: 50 }],
    ["was removed", { removed: true, exhausted: true, nextFireAt: null, live: [run(1)] }],
    ["is over", { exhausted: true, nextFireAt: null }]
  ])("are none of the job's where it %s", (_, memory) => {
    for (const event of [due, { ...due, each: true }, twoLate, counted, refused])
      for (const rules of [
        {},
        { maxRuns: 0 },
        { overlap: "queue-all" as const },
        { overlap: "cancel-running" as const }
      ])
        expect(takes(memory, event, rules)).toBe(false)
    expect(takes(memory, { type: "pause", now: 100, owed: null })).toBe(false)
    expect(takes(memory, { type: "skip", now: 100, ...next })).toBe(false)
  })
})

describe("a request", () => {
  const claim = { runKey: 7, fireAt: 100, requested: true }
  it.each<Row>([
    [
      "starts where an instance is free, also in a pause",
      { pausedAt: 50 },
      requested,
      {},
      { to: "paused", live: [run(7, { fireAt: 100, requested: true })], claims: [claim] }
    ],
    [
      "waits while nothing is claimed",
      {},
      { ...requested, held: true },
      { overlap: "cancel-running" },
      { to: "running", queue: [{ fireAt: 100, requested: true }] }
    ],
    [
      "takes the place of what runs under `cancel-running`, from whose end a fixed delay counts",
      { live: [run(1, { retryAt: 200 })], lastFireAt: 10 },
      { ...requested, next: { nextFireAt: 150, exhausted: false } },
      { overlap: "cancel-running" },
      {
        to: "running",
        ...{ nextFireAt: 150, lastOutcome: "cancelled", claims: [claim] },
        live: [run(7, { fireAt: 100, requested: true })],
        ended: [{ run: run(1, { retryAt: 200 }), outcome: "cancelled", retryAt: null }]
      }
    ],
    [
      "waits behind what waits, and all that has an instance starts",
      waits90,
      requested,
      { maxInstances: 2 },
      {
        to: "running",
        ...{ queue: [], runCount: 1, lastFireAt: 90, claims: [claim90, { ...claim, runKey: 8 }] },
        live: [run(7, { fireAt: 90 }), run(8, { fireAt: 100, requested: true })]
      }
    ]
  ])("%s", (_, memory, event, rules, led) => {
    expect(after(memory, event, rules)).toEqual(led)
  })

  it("is refused where the policy lets it not wait, and of a job that is removed, parked or over", () => {
    expect(takes({ live: [run(1)] }, requested)).toBe(false)
    expect(takes({ live: [run(1)] }, requested, { overlap: "queue-one" })).toBe(true)
    expect(takes({ live: [run(1)], removed: true }, requested, { maxInstances: 2 })).toBe(false)
    expect(takes({ pausedAt: 50, fault }, requested, { overlap: "cancel-running" })).toBe(false)
    expect(jobGuards.requestStarts({ context: contextOf({ exhausted: true }), event: requested })).toBe(false)
  })
})
