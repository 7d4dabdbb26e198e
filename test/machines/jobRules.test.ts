/** The rules of the chart about commands, and that each rule is about events of its own kinds. */
import { describe, expect, it } from "vitest"
import { jobMachine } from "../../machines/jobMachine.ts"
import { jobActions, jobGuards } from "../../machines/jobRules.ts"
import type { JobEvent } from "../../src/job/jobEvent.ts"
import { contextOf, run } from "../job/jobContext.ts"
import type { Row } from "./jobStep.ts"
import {
  after,
  claiming,
  counted,
  due,
  fault,
  interrupted,
  next,
  refused,
  requested,
  resume,
  settled,
  starts90,
  takes,
  twoLate,
  waits90
} from "./jobStep.ts"

describe("a command", () => {
  const over = { exhausted: true, nextFireAt: null }
  it.each<Row>([
    [
      "to pause withdraws what is owed",
      { misfire: "late" },
      { type: "pause", now: 100, owed: { from: 80, through: 90, count: 2 } },
      {},
      { to: "paused", cursor: 100, pausedAt: 100, misfire: "withdrawn", entries: ["withdrawn 80-90 (2)"] }
    ],
    ["to park withdraws nothing", {}, { type: "park", now: 100, fault }, {}, { to: "paused", pausedAt: 100, fault }],
    [
      "to resume leaves the pause out, and what waits starts",
      { pausedAt: 50, cursor: 50, ...waits90, fault, crashes: 2, misfire: "late" },
      { ...resume, missed: "skip" },
      {},
      {
        to: "running",
        ...{ cursor: 100, nextFireAt: 110, pausedAt: null, fault: null, crashes: 0, misfire: null },
        ...{ queue: [], live: [run(7, { fireAt: 90 })], ...starts90, entries: ["paused 51-100 (0)"] }
      }
    ],
    [
      "to resume and make up counts on from where the job was, and what waits starts",
      { pausedAt: 50, cursor: 50, ...waits90 },
      resume,
      {},
      {
        to: "running",
        ...{ nextFireAt: 110, pausedAt: null, queue: [], live: [run(7, { fireAt: 90 })], ...starts90 }
      }
    ],
    [
      "to resume counts by the right clock where it was ahead, and what waits starts",
      { pausedAt: 50, cursor: 100_000, since: 40, ...waits90, ...over },
      resume,
      { maxRuns: 9 },
      {
        to: "running",
        ...{ since: 99, cursor: 99, ...next, pausedAt: null, queue: [], live: [run(7, { fireAt: 90 })], ...starts90 },
        ...{ countsAfterRun: 6, countsAfterEntry: 6 }
      }
    ],
    [
      "to skip leaves the next fire time out",
      {},
      { type: "skip", now: 5, nextFireAt: 20, exhausted: false },
      {},
      {
        to: "scheduled",
        ...{ cursor: 10, nextFireAt: 20, skipped: { after: 0, through: 10 }, entries: ["skipped 10-10 (1)"] }
      }
    ],
    [
      "to remove ends what waits, and the job goes on while a run executes",
      { live: [run(1), run(2, { retryAt: 120 })], ...waits90 },
      { type: "remove", now: 100, owed: null },
      { maxInstances: 2 },
      {
        to: "running",
        ...{ cursor: 100, removed: true, ...over, queue: [], live: [run(1)], misfire: "withdrawn" },
        ...{ lastOutcome: "cancelled", entries: ["withdrawn 90-90 (1)"] },
        ended: [{ run: run(2, { retryAt: 120 }), outcome: "cancelled", retryAt: null }]
      }
    ],
    [
      "to remove ends the job where nothing executes",
      { live: [run(2, { retryAt: 120 })], pausedAt: 50, cursor: 50 },
      { type: "remove", now: 100, owed: null },
      {},
      {
        to: "done",
        ...{ cursor: 100, removed: true, ...over, pausedAt: null, live: [], lastOutcome: "cancelled" },
        entries: ["paused 51-100 (0)"],
        ended: [{ run: run(2, { retryAt: 120 }), outcome: "cancelled", retryAt: null }]
      }
    ]
  ])("%s", (_, memory, event, rules, led) => {
    expect(after(memory, event, rules)).toEqual(led)
  })

  it("leaves a job that was removed, or is over, as it is", () => {
    const commands: ReadonlyArray<JobEvent> = [
      { type: "park", now: 100, fault },
      { type: "reschedule", now: 100, nextRunKey: 7, owed: null, ...next },
      { type: "setRight", now: 100, aheadMs: 50, nextRunKey: 7, next },
      { type: "retime", now: 100, from: 90, ...next }
    ]
    for (const event of commands) {
      expect(takes({ removed: true, ...over, live: [run(1)] }, event)).toBe(false)
      expect(takes(over, event)).toBe(false)
      expect(takes({ live: [run(1)], ...over }, event)).toBe(true)
    }
    expect(takes({}, resume)).toBe(false)
  })
})

describe("the rules of the chart", () => {
  /** These are about the job as it is. */
  const ofAnyEvent: ReadonlySet<string> = new Set([
    ...["anythingRuns", "nothingRuns", "over", "notOver", "latestMisfired", "misfireIsPast"],
    ...["inService", "takesFireTimes", "executes"]
  ])
  const events: ReadonlyArray<JobEvent> = [
    ...[due, twoLate, counted, refused, requested, settled, interrupted, resume],
    { type: "waitOver", ...claiming },
    { type: "adopted", now: 100, runKeys: [1], epoch: 4 },
    { type: "acquitted", now: 100 },
    { type: "pause", now: 100, owed: null },
    { type: "park", now: 100, fault },
    { type: "skip", now: 100, ...next },
    { type: "reschedule", now: 100, nextRunKey: 7, owed: null, ...next },
    { type: "setRight", now: 100, aheadMs: 50, nextRunKey: 7, next },
    { type: "retime", now: 100, from: 90, ...next },
    { type: "redefine", rules: contextOf().rules },
    { type: "remove", now: 100, owed: null }
  ]

  it("hold for, and act on, events of their own kinds alone", () => {
    const usedFor = new Map<string, Set<string>>()
    for (const node of [jobMachine.root, ...Object.values(jobMachine.states)])
      for (const [type, list] of node.transitions)
        for (const { guard, actions } of list)
          for (const name of [guard, ...actions]) {
            if (typeof name !== "string") continue
            usedFor.set(name, (usedFor.get(name) ?? new Set()).add(type))
          }
    const others = (name: string) => events.filter(({ type }) => usedFor.get(name)?.has(type) !== true)
    const busy = contextOf({ live: [run(1), run(2, { retryAt: 90 })], crashes: 2, ...waits90 }, { maxInstances: 3 })
    const { answerAnew: _, ...actions } = jobActions
    const acted = Object.entries(actions).flatMap(([name, action]) =>
      others(name).map((event) => [name, event.type, action({ context: busy, event })])
    )
    expect(acted.filter(([, , did]) => JSON.stringify(did) !== "{}")).toEqual([])
    const free = contextOf()
    const few = contextOf({ live: [run(1)], runCount: 1 }, { maxRuns: 1 })
    const held = Object.entries(jobGuards).flatMap(([name, guard]) =>
      ofAnyEvent.has(name)
        ? []
        : [busy, free, few].flatMap((context) =>
            others(name).flatMap((event) => (guard({ context, event }) ? [`${name} ${event.type}`] : []))
          )
    )
    expect(held).toEqual([])
  })
})
