/** A job takes one event, by its chart: what the event leads to, in short, and the events that tests send. */
import { transition } from "xstate"
import { jobMachine } from "../../machines/jobMachine.ts"
import type { DueEvent, JobContext, JobEvent } from "../../src/job/jobEvent.ts"
import type { JobRules } from "../../src/job/rules.ts"
import type { JobMemory } from "../../src/job/snapshot.ts"
import { stateOf } from "../../src/job/snapshot.ts"
import { contextOf, entryTexts } from "../job/jobContext.ts"

export const claiming = { now: 100, firstRunKey: 7 } as const
export const next = { nextFireAt: 110, exhausted: false } as const
export const due: DueEvent = {
  type: "due",
  ...claiming,
  ...next,
  fireAt: 100,
  coalesced: null,
  each: false,
  passed: null
}
export const twoLate = { type: "late", ...claiming, ...next, from: 60, through: 70, count: 2 } as const
export const counted = {
  type: "counted",
  ...claiming,
  ...next,
  late: null,
  due: { from: 80, through: 90, count: 2 },
  second: 90
} as const
export const refused = { type: "refused", now: 100, fireAt: 90, reason: "invalidValue" } as const
export const requested = { type: "requested", ...claiming, fireAt: 100 } as const
export const settled = {
  type: "settled",
  ...claiming,
  ...{ runKey: 1, outcome: "failed" as const, errorName: null, retryable: true, next: null }
} as const
export const interrupted = { type: "interrupted", ...claiming, runKeys: [1], crash: true, next: null } as const
export const resume = { type: "resume", ...claiming, ...next, missed: "coalesce" } as const
export const fault = { kind: "faultyTrigger", message: "gone" } as const

/** A fire time that waits, and what its start changes, beside the queue and the live runs. */
export const waits90 = { queue: [{ fireAt: 90 }] }
export const claim90 = { runKey: 7, fireAt: 90, requested: false }
export const starts90 = { claims: [claim90], runCount: 1, lastFireAt: 90 }

/** A job's memory, what happens under which rules, and what `after` says of it. */
export type Row = readonly [
  name: string,
  memory: Partial<JobMemory>,
  event: JobEvent,
  rules: Partial<JobRules>,
  led: Readonly<Record<string, unknown>>
]

const snapshotOf = (memory: Partial<JobMemory>, rules: Partial<JobRules> = {}) => {
  const context: JobContext = contextOf(memory, rules)
  return jobMachine.resolveState({ value: stateOf(context.memory), context })
}

/** Whether a rule is for the event. */
export const takes = (memory: Partial<JobMemory>, event: JobEvent, rules: Partial<JobRules> = {}): boolean =>
  snapshotOf(memory, rules).can(event)

/** The state that the event leads to, what has changed in the job's memory, and what is answered. */
export const after = (memory: Partial<JobMemory>, event: JobEvent, rules: Partial<JobRules> = {}) => {
  const snapshot = snapshotOf(memory, rules)
  const [next] = transition(jobMachine, snapshot, event)
  const before: Readonly<Record<string, unknown>> = { ...snapshot.context.memory }
  const { entries, ...answer } = next.context.answer
  return {
    to: next.value,
    ...filtered(next.context.memory, (value, name) => JSON.stringify(value) !== JSON.stringify(before[name])),
    ...filtered(answer, ({ length }) => length > 0),
    ...(entries.length === 0 ? {} : { entries: entryTexts(entries) })
  } as Readonly<Record<string, unknown>>
}

const filtered = <V>(all: Readonly<Record<string, V>> | object, stays: (value: V, name: string) => boolean) =>
  Object.fromEntries(Object.entries(all as Readonly<Record<string, V>>).filter(([name, value]) => stays(value, name)))
