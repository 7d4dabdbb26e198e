/** A job's fire times come due: misfire, coalesce, claim, queue or refuse them. Each ends in exactly one place. */
import type { EpochMillis } from "../time/instant.ts"
import type { FireRange } from "./fireRange.ts"
import { joined, single } from "./fireRange.ts"
import { JobDraft } from "./jobDraft.ts"
import type { JobDecision } from "./jobDraft.ts"
import type { DueEvent, JobContext, RefusedEvent } from "./jobEvent.ts"
import { mayStart, refuseOrQueue } from "./overlap.ts"
import type { JobRules } from "./rules.ts"

export const onDue = (context: JobContext, event: DueEvent): JobDecision => {
  const { rules } = context
  const draft = new JobDraft(context, event.firstRunKey)
  const { memory } = draft
  const end = event.due ?? event.late
  if (end !== null) memory.cursor = Math.max(memory.cursor, end.through)
  memory.nextFireAt = event.nextFireAt
  memory.exhausted ||= event.exhausted

  if (rules.coalesce === "all") {
    draft.misfire(event.late, "late")
    makeUpAll(draft, rules, event)
    return draft.decision()
  }
  const late = joined(memory.backlog?.late ?? null, event.late)
  const due = joined(memory.backlog?.due ?? null, event.due)
  if (event.more) {
    memory.backlog = { late, due }
    return draft.decision()
  }
  const waited = memory.backlog
  memory.backlog = null
  draft.misfire(late, "late")
  if (due !== null) serveOne(draft, rules, event, due, waited?.due ?? null)
  return draft.decision()
}

/** A fire time that cannot become a run whatever the rules say. */
export const onRefused = (context: JobContext, event: RefusedEvent): JobDecision => {
  const draft = new JobDraft(context)
  draft.memory.cursor = Math.max(draft.memory.cursor, event.fireAt)
  draft.misfire(single(event.fireAt), event.reason)
  return draft.decision()
}

/** `coalesce: "latest" | "earliest"`: one run stands for the whole stretch. */
const serveOne = (draft: JobDraft, rules: JobRules, event: DueEvent, due: FireRange, waited: FireRange | null): void => {
  const chosen = rules.coalesce === "latest" ? due.through : due.from
  const others = rules.coalesce === "latest" ? allButLast(due, event, waited) : allButFirst(due, event, waited)
  if (runsLeft(draft, rules) === 0) return void exhaust(draft)
  if (mayStart(draft, rules)) {
    const into = draft.claim(chosen, false, event.args)
    if (others !== null) draft.record("coalesced", others, null, into)
  } else {
    if (others !== null) draft.misfire(others, "maxInstances")
    refuseOrQueue(draft, rules, chosen, event.args)
  }
  if (runsLeft(draft, rules) === 0) exhaust(draft)
}

/** `coalesce: "all"`: what was missed runs one after another, as far as instances are free. */
const makeUpAll = (draft: JobDraft, rules: JobRules, event: DueEvent): void => {
  const { memory } = draft
  if (event.due !== null && mayStart(draft, rules) && (event.due.count > 1 || event.more)) memory.catchUpThrough = event.now
  for (const fireAt of event.times) {
    if (runsLeft(draft, rules) === 0) {
      memory.cursor = Math.min(memory.cursor, fireAt - 1)
      return exhaust(draft)
    }
    if (mayStart(draft, rules)) draft.claim(fireAt, false, event.args)
    else if (memory.catchUpThrough !== null && fireAt <= memory.catchUpThrough) draft.queue({ fireAt })
    else refuseOrQueue(draft, rules, fireAt, event.args)
  }
  if (runsLeft(draft, rules) === 0) exhaust(draft)
}

/** Runs that `maxRuns` still allows, those that wait counted in. */
const runsLeft = (draft: JobDraft, rules: JobRules): number => {
  if (rules.maxRuns === null) return Infinity
  const waiting = draft.memory.queue.filter((fire) => fire.requested !== true).length
  return Math.max(0, rules.maxRuns - draft.memory.runCount - waiting)
}

const exhaust = (draft: JobDraft): void => {
  draft.memory.exhausted = true
  draft.memory.nextFireAt = null
}

/** `due` without its last fire time. What was `waited` for ends where this wake's part began. */
const allButLast = (due: FireRange, event: DueEvent, waited: FireRange | null): FireRange | null => {
  if (due.count < 2) return null
  const through = event.penultimate ?? waited?.through ?? due.from
  return { from: due.from, through, count: due.count - 1 }
}

const allButFirst = (due: FireRange, event: DueEvent, waited: FireRange | null): FireRange | null => {
  if (due.count < 2) return null
  const from: EpochMillis = waited !== null && waited.count === 1 ? (event.due?.from ?? due.through) : (event.second ?? due.through)
  return { from, through: due.through, count: due.count - 1 }
}
