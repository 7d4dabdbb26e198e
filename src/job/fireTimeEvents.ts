/**
 * What a trigger answered, told to the job as one event for each thing that happened: fire times past grace, one to serve, or a count
 * that a later wake-up goes on with. Each says which fire time is next after it, so that the job is whole after every one.
 */
import type { EpochMillis } from "../time/instant.ts"
import type { Json } from "../trigger/trigger.ts"
import type { DueFireTimes } from "./dueFireTimes.ts"
import type { FireRange } from "./fireRange.ts"
import { joined } from "./fireRange.ts"
import type { CountedEvent, DueEvent, LateEvent, NextFire } from "./jobEvent.ts"
import type { JobRules } from "./rules.ts"
import type { JobMemory } from "./snapshot.ts"

/** What can happen to fire times that a trigger gave. */
export type FireTimeEvent = DueEvent | LateEvent | CountedEvent

/** How they come to the job. */
export interface Coming {
  readonly now: EpochMillis
  readonly firstRunKey: number
  /** Of a stream's value. */
  readonly args?: Json
  /** Fire times up to here came due while nothing was claimed; absent or `null`: none of these did. */
  readonly missedThrough?: EpochMillis | null
}

/** In the order of time. They are true of the job as it is: whoever sends them stops where one leads to another next fire time. */
export const fireTimeEvents = (
  memory: JobMemory,
  rules: JobRules,
  due: DueFireTimes,
  coming: Coming
): ReadonlyArray<FireTimeEvent> =>
  // A catch-up is finished as it was begun, whatever `redefine` has made of the rules since.
  rules.coalesce === "all" && memory.backlog === null
    ? eachOf(memory, rules, due, coming)
    : togetherAs(memory, rules, due, coming)

/** `coalesce: "latest" | "earliest"`: one fire time stands for the whole stretch, which may take several wakes to count. */
const togetherAs = (
  { backlog, cursor }: JobMemory,
  rules: JobRules,
  answer: DueFireTimes,
  coming: Coming
): ReadonlyArray<FireTimeEvent> => {
  const { now, firstRunKey } = coming
  const next = nextOf(answer)
  // Fire times after them are past grace, so those that wait are too by now.
  const waited = answer.late === null ? (backlog?.due ?? null) : null
  const passedGrace = answer.late === null ? null : (backlog?.due ?? null)
  const late = joined(joined(backlog?.late ?? null, passedGrace), answer.late)
  const due = joined(waited, answer.due)
  const second = waited === null ? answer.second : (backlog?.second ?? answer.due?.from ?? null)
  if (answer.more) return [{ type: "counted", now, firstRunKey, late, due, second, ...next }]
  const events: Array<FireTimeEvent> = []
  if (late !== null) {
    const first = answer.due ?? due
    if (first === null) return [{ type: "late", now, firstRunKey, ...late, ...next }]
    events.push({ type: "late", now, firstRunKey, ...late, nextFireAt: first.from, exhausted: false, follows: true })
  }
  // Nothing has come due: the next fire time is another one than it was.
  if (due === null) return [{ type: "counted", now, firstRunKey, late, due, second: null, ...next }]
  const [fireAt, coalesced] =
    rules.coalesce === "earliest"
      ? [due.from, rest(due, second ?? due.through, due.through)]
      : [due.through, rest(due, due.from, answer.penultimate ?? waited?.through ?? due.from)]
  const passed = waited === null && answer.late === null ? cursor : null
  const { nextFireAt, exhausted } = answer
  const { args, missedThrough = null } = coming
  const event: DueEvent = {
    type: "due",
    now,
    firstRunKey,
    fireAt,
    coalesced,
    each: false,
    passed,
    missedThrough,
    nextFireAt,
    exhausted
  }
  events.push(args === undefined ? event : { ...event, args })
  return events
}

/** `due` without the fire time that becomes a run. */
const rest = (due: FireRange, from: EpochMillis, through: EpochMillis): FireRange | null =>
  due.count < 2 ? null : { from, through, count: due.count - 1 }

/** `coalesce: "all"`: every fire time for itself. */
const eachOf = (
  memory: JobMemory,
  rules: JobRules,
  answer: DueFireTimes,
  coming: Coming
): ReadonlyArray<FireTimeEvent> => {
  const { now, firstRunKey } = coming
  const { times, late } = answer
  const last = nextOf(answer)
  const nextAfter = (index: number): NextFire & { readonly follows?: boolean } => {
    const nextFireAt = times[index + 1]
    return nextFireAt === undefined ? last : { nextFireAt, exhausted: false, follows: true }
  }
  const missedThrough = wereMissed(memory, rules, answer) ? now : (coming.missedThrough ?? null)
  return [
    ...(late === null ? [] : [{ type: "late" as const, now, firstRunKey, ...late, ...nextAfter(-1) }]),
    ...times.map((fireAt, index) => ({
      type: "due" as const,
      ...coming,
      missedThrough,
      ...{ fireAt, coalesced: null, each: true, passed: null },
      ...nextAfter(index)
    }))
  ]
}

/** Several at once were missed, unless the job's own runs held them up. */
const wereMissed = (memory: JobMemory, rules: JobRules, { due, more }: DueFireTimes): boolean =>
  due !== null &&
  (due.count > 1 || more) &&
  memory.queue.length === 0 &&
  (memory.live.length < rules.maxInstances || memory.live.every((run) => run.retryAt !== null))

const nextOf = ({ nextFireAt, exhausted }: NextFire): NextFire => ({ nextFireAt, exhausted })
