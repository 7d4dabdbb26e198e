/** How `jobMachine` is explored: the events, the situations that are too far to walk to, and all that is to be found. */
import { deepStrictEqual, ok, strictEqual } from "node:assert"
import type { JobContext, JobEvent, JobMemory, JobRules, NextFire } from "../../machines/index.ts"
import { defaultRules, jobMachine, newMemory, noAnswer, stateOf } from "../../machines/index.ts"
import type { Explored } from "./machineModel.ts"
import { explore } from "./machineModel.ts"

export const rules: JobRules = {
  ...defaultRules,
  misfireGraceMs: 50,
  overlap: "queue-one",
  retry: { attempts: 2, backoffMs: 5, factor: 1, maxBackoffMs: 5, jitter: 0, when: null }
}
export const input = { jobId: "daily", rules, memory: newMemory(0, 10, false) }

/** Walks over every state that `facts` tells apart. */
export const exploreJob = (facts: (context: JobContext) => unknown): Explored =>
  explore<JobContext, JobEvent>({
    machine: jobMachine,
    input,
    events: eventsIn,
    facts,
    further: underOtherRules(),
    holds: (value, { memory }) => {
      strictEqual(value, stateOf(memory))
      deepStrictEqual(JSON.parse(JSON.stringify(memory)), memory)
      ok(memory.live.length <= rules.maxInstances)
      if (value === "done") deepStrictEqual([memory.live, memory.queue, memory.backlog], [[], [], null])
    }
  })

/** Of what decides where an event leads, as much as it takes to go everywhere: what is counted is left out. */
export const telling = ({ memory, rules }: JobContext): unknown => [
  memory.live.map((run) => run.retryAt !== null),
  memory.queue.length > 0,
  [memory.exhausted, memory.removed],
  [memory.misfire !== null, rules.onInterrupted]
]

/** All that decides where an event leads. */
export const everything = ({ memory, rules }: JobContext): unknown => [
  memory.live.map((run) => [run.retryAt !== null, run.attempt > 1]),
  // Beside nothing else that counts: the product of all would be too large to walk.
  memory.crashes > 0 || memory.queue.length > 0 || memory.exhausted ? [] : memory.live.map(workerDeathsOf),
  memory.queue.map((fire) => fire.requested === true),
  [Math.min(memory.crashes, 3), rules.onInterrupted],
  [memory.exhausted, memory.removed, memory.pausedAt !== null, memory.fault !== null],
  [memory.backlog !== null, memory.misfire !== null]
]

const waiting = {
  pause: ["paused"],
  park: ["paused"],
  refused: ["misfired"],
  requested: ["running"],
  reschedule: ["done", "scheduled"],
  setRight: ["done", "scheduled"],
  remove: ["done"]
}

/** Every state is reached, and every transition is taken. */
export const found: Explored = {
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
      messageSent: ["running"],
      stepSaved: ["running"],
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
  // A job that is over is done, and XState gives it no event.
  unguarding: ["job.acquitted[0]", "job.redefine[0]", "job.remove[1]"],
  unreached: []
}

/** While a run executes, under rules that the walk does not have; and a clock that was ahead. */
const underOtherRules = (): ReadonlyArray<{ value: string; context: JobContext; event: JobEvent }> => {
  const run = { runKey: 1, fireAt: 0, attempt: 1, retryAt: null }
  const whileOneRuns = (others: Partial<JobRules>, memory: Partial<JobMemory>, event: JobEvent) => ({
    value: "running",
    context: {
      jobId: "daily",
      rules: { ...rules, ...others },
      memory: {
        ...newMemory(0, 10, false),
        live: [run],
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
  const ofRun = { firstRunKey: 2, now: 10, next: null }
  const died = { runKey: 1, outcome: "failed", errorName: null, retryable: true, crashed: true } as const
  const away = { runKey: 1, fireAt: 0, attempt: 2, retryAt: "event", putAway: true } as const
  return [
    whileOneRuns({ maxRuns: 1 }, {}, due),
    whileOneRuns({ maxRuns: 1 }, {}, { ...due, each: true }),
    whileOneRuns({}, {}, { ...due, each: true, missedThrough: 10 }),
    whileOneRuns({}, { queue }, { ...due, each: true, missedThrough: 10 }),
    whileOneRuns({ overlap: "cancel-running" }, {}, due),
    whileOneRuns({ overlap: "queue-all" }, { queue }, due),
    whileOneRuns({ overlap: "cancel-running" }, {}, { type: "requested", ...base }),
    whileOneRuns({}, { crashes: 2 }, { type: "interrupted", ...ofRun, runKeys: [1], crash: true }),
    whileOneRuns({}, { live: [{ ...run, workerDeaths: 2 }] }, { type: "settled", ...ofRun, ...died }),
    whileOneRuns({}, { live: [away] }, { type: "messageSent", now: 10, runKey: 1 }),
    whileOneRuns({}, {}, { type: "stepSaved", now: 10, runKey: 1 }),
    {
      ...whileOneRuns({}, { pausedAt: 5, cursor: 100_000 }, { type: "resume", ...base, ...next, missed: "skip" }),
      value: "paused"
    }
  ]
}

const workerDeathsOf = ({ workerDeaths = 0 }: JobContext["memory"]["live"][number]): number => workerDeaths

/**
 * Each kind of event, in the variants that lead to different places. All happen at one instant, or so much later that
 * what waits is past its grace, or on a clock that was set back; the one live run always has key 1.
 */
export function eventsIn(_value: string, { memory, rules }: JobContext): ReadonlyArray<JobEvent> {
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
    { type: "acquitted", now },
    { type: "messageSent", now, runKey: 1 },
    // Of another run: what is saved of this one would make each of its states two.
    { type: "stepSaved", now, runKey: 2 },
    { type: "streamCompleted", now },
    { type: "redefine", rules: { ...rules, onInterrupted: "skip" } },
    { type: "remove", now, owed: null }
  ]
}
