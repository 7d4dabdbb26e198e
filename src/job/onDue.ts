/** A job's fire times come due: misfire, coalesce, claim, queue or refuse them. Each ends in exactly one place. */
import type { EpochMillis } from "../time/instant.ts"
import type { FireRange } from "./fireRange.ts"
import { joined, single } from "./fireRange.ts"
import { JobDraft } from "./jobDraft.ts"
import type { JobDecision } from "./jobDraft.ts"
import type { DueEvent, JobContext, RefusedEvent } from "./jobEvent.ts"
import { claimFire, exhaust, placesLeft, runsLeft } from "./maxRuns.ts"
import { queueMissed } from "./missed.ts"
import { mayStart, queued, refuseOrQueue, startQueued } from "./overlap.ts"
import type { JobRules } from "./rules.ts"
import { maxFireTimesPerWake } from "./rules.ts"

export const onDue = (context: JobContext, event: DueEvent): JobDecision => {
  const { rules } = context
  const draft = new JobDraft(context, event.firstRunKey)
  const { memory } = draft
  const end = event.due ?? event.late
  if (end !== null) memory.cursor = Math.max(memory.cursor, end.through)
  memory.nextFireAt = event.nextFireAt
  memory.exhausted ||= event.exhausted

  // A catch-up is finished as it was begun, whatever `redefine` has made of the rules since.
  if (rules.coalesce === "all" && memory.backlog === null) {
    draft.misfire(event.late, "late")
    makeUpAll(draft, rules, event)
  } else {
    serveAtOnce(draft, rules, event, context.memory.cursor)
  }
  startQueued(draft, rules, event.now)
  return draft.decision()
}

/** A fire time that cannot become a run whatever the rules say. */
export const onRefused = (context: JobContext, event: RefusedEvent): JobDecision => {
  const draft = new JobDraft(context)
  draft.memory.cursor = Math.max(draft.memory.cursor, event.fireAt)
  draft.misfire({ ...single(event.fireAt), count: event.count ?? 1 }, event.reason)
  return draft.decision()
}

/** `coalesce: "latest" | "earliest"`: one run stands for the whole stretch, which may take several wakes to count. */
const serveAtOnce = (draft: JobDraft, rules: JobRules, event: DueEvent, cursor: EpochMillis): void => {
  const { memory } = draft
  const { backlog } = memory
  // Fire times after them are past grace, so those that wait are too by now.
  const waited = event.late === null ? (backlog?.due ?? null) : null
  const late = joined(joined(backlog?.late ?? null, event.late === null ? null : (backlog?.due ?? null)), event.late)
  const due = joined(waited, event.due)
  const second = waited === null ? event.second : (backlog?.second ?? event.due?.from ?? null)
  memory.backlog = event.more ? { late, due, second } : null
  if (event.more) return
  draft.misfire(late, "late")
  if (due === null) return
  // `maxRuns` was lowered to what has run already.
  if (runsLeft(draft, rules) === 0) {
    draft.misfire(due, "withdrawn")
    return exhaust(draft)
  }
  const [chosen, others] =
    rules.coalesce === "earliest"
      ? [due.from, rest(due, second ?? due.through, due.through)]
      : [due.through, rest(due, due.from, event.penultimate ?? waited?.through ?? due.from)]
  if (mayStart(draft, rules)) {
    const into = claimFire(draft, rules, chosen, event.args)
    if (others !== null) draft.record("coalesced", others, null, into)
  } else {
    const fire = others === null ? queued(chosen, event.args) : { ...queued(chosen, event.args), coalesced: others }
    if (isMissed(event, (waited ?? due).from) || noneExecutes(draft, event.now))
      queueMissed(draft, rules, fire, waited === null && event.late === null ? cursor : -Infinity, event.now)
    else refuseOrQueue(draft, rules, fire)
  }
}

/** `due` without the fire time that becomes a run. */
const rest = (due: FireRange, from: EpochMillis, through: EpochMillis): FireRange | null =>
  due.count < 2 ? null : { from, through, count: due.count - 1 }

/** `coalesce: "all"`: what was missed runs one after another, as far as instances are free. */
const makeUpAll = (draft: JobDraft, rules: JobRules, event: DueEvent): void => {
  const { memory } = draft
  if (wereMissed(draft, rules, event)) memory.catchUpThrough = event.now
  else if (event.due !== null && isMissed(event, event.due.from)) memory.catchUpThrough = event.missedThrough ?? null
  for (const fireAt of event.times) {
    const missed = memory.catchUpThrough !== null && fireAt <= memory.catchUpThrough
    if (runsLeft(draft, rules) === 0) {
      // A value of a stream is here, and others of its instant may have run.
      if (event.args === undefined) memory.cursor = fireAt - 1
      else draft.misfire(single(fireAt), "withdrawn")
      return exhaust(draft)
    }
    if (mayStart(draft, rules)) claimFire(draft, rules, fireAt, event.args)
    else if (!missed) refuseOrQueue(draft, rules, queued(fireAt, event.args))
    else if (placesLeft(draft, rules) > 0 && memory.queue.length < maxFireTimesPerWake)
      draft.queue({ ...queued(fireAt, event.args), missed: true })
    else {
      // As many wait as may, or as `maxRuns` leaves. The others are asked for again when the queue is empty: some may misfire in it.
      memory.cursor = fireAt - 1
      memory.nextFireAt = fireAt
      memory.exhausted = false
      return
    }
  }
}

/** Several at once were missed, unless the job's own runs held them up. */
const wereMissed = ({ memory }: JobDraft, rules: JobRules, { due, more }: DueEvent): boolean =>
  due !== null &&
  (due.count > 1 || more) &&
  memory.queue.length === 0 &&
  (memory.live.length < rules.maxInstances || memory.live.every((run) => run.retryAt !== null))

/** It came due while nothing was claimed. */
const isMissed = ({ missedThrough }: DueEvent, fireAt: EpochMillis): boolean =>
  missedThrough !== null && missedThrough !== undefined && fireAt <= missedThrough

/** Every live run is about to start its next attempt: none executed when the fire time came due, so it overlaps none. */
const noneExecutes = ({ memory }: JobDraft, now: EpochMillis): boolean =>
  memory.queue.length === 0 && memory.live.every((run) => run.retryAt !== null && run.retryAt <= now)
