/** The rules of a run, as a table of what a commit may do: grace, coalescing, overlap, `maxRuns`, pauses, the next wake-up. */
import { isOfFireTime, isOfValue } from "../../src/store/claimKind.ts"
import type { ClaimRow, LedgerRow } from "../../src/store/jobStore.ts"
import type { Change, Report } from "./change.ts"
import { beginsAnew, livesAgain } from "./change.ts"
import { fireTimesOf } from "./fireTimesOf.ts"
import type { Passed } from "./modelAccounting.ts"
import type { ModelJob, StoredFire, StoredLive, StoredRules } from "./stored.ts"

export const checkRules = (change: Change, passed: Passed | null, report: Report): void => {
  const named: Report = (invariant, message) => report(invariant, `job "${change.after.row.id}": ${message}`)
  for (const claim of change.claims) checkClaim(change, claim, named)
  checkCoalescing(change, passed, named)
  for (const entry of change.ledger) checkEntry(change, entry, named)
  checkQueue(change, named)
  checkCounts(change, named)
  checkWakeUp(change.after, named)
}

/** Rules before and after: a commit may hold a change of them, and which came first is not in its rows. */
const either = ({ before, after }: Change, holds: (rules: StoredRules) => boolean): boolean =>
  holds(after.rules) || (before !== null && holds(before.rules))

const checkClaim = (change: Change, claim: ClaimRow, report: Report): void => {
  const { fireAt, claimedAt } = claim
  const { before, after } = change
  if (before?.memory.removed === true) report("removed", `it is removed, and claims a run for ${fireAt}`)
  if (!isOfFireTime(claim)) return
  if (fireAt > claimedAt) report("early", `fire time ${fireAt} is claimed at ${claimedAt}`)
  if (before !== null && before.memory.pausedAt !== null && after.memory.pausedAt !== null)
    report("paused", `it is paused, and claims a run for fire time ${fireAt}`)
  if (!either(change, ({ misfireGraceMs }) => misfireGraceMs === null || claimedAt - fireAt <= misfireGraceMs))
    report("grace", `fire time ${fireAt} is claimed at ${claimedAt}, grace is ${after.rules.misfireGraceMs} ms`)
}

/** `latest` and `earliest`: one run for all that is within grace; `all`: a run for each. */
const checkCoalescing = (change: Change, passed: Passed | null, report: Report): void => {
  const { before, after, claims, ledger, decided } = change
  const { coalesce } = after.rules
  if (
    before !== null &&
    (before.rules.coalesce !== coalesce || before.rules.misfireGraceMs !== after.rules.misfireGraceMs)
  )
    return
  const wasQueued = new Set(before?.memory.queue.map(({ fireAt }) => fireAt))
  const isQueued = new Set(after.memory.queue.map(({ fireAt }) => fireAt))
  const direct = claims.filter((claim) => isOfFireTime(claim) && !isOfValue(claim) && !wasQueued.has(claim.fireAt))
  const coalesced = ledger.filter(({ kind }) => kind === "coalesced")
  for (const { runKey, fromAt } of coalesced)
    if (!claims.some((claim) => claim.runKey === runKey))
      report("coalesce", `${fromAt} is coalesced into ${runKey}, which is not claimed with it`)
  const backlogBefore = before?.memory.backlog ?? null
  if (coalesce === "all") {
    const queuedBefore = before?.memory.queue.some((fire) => fire.coalesced !== undefined) ?? false
    if (coalesced.length > 0 && backlogBefore === null && !queuedBefore)
      report("coalesce", `it coalesces, and makes up all`)
    return
  }
  if (direct.length > 1) report("coalesce", `${direct.length} runs are claimed at once for fire times that coalesce`)
  const [only] = direct
  if (after.memory.backlog !== null && only !== undefined)
    report("coalesce", `a run is claimed while the catch-up is under way`)
  const { nextFireAt } = after.memory
  const isLast = after.memory.exhausted || after.memory.pausedAt !== null || nextFireAt === null
  if (only !== undefined && !isLast && nextFireAt <= decided.from && !after.fixedDelay && !beginsAnew(change))
    report("coalesce", `a run is claimed at ${decided.from}, and ${nextFireAt}, due by then, is left for another`)
  if (passed === null || only === undefined || isQueued.has(only.fireAt)) return
  // What waited in an unfinished catch-up counts with what was newly passed.
  const inCatchUp = [...(before?.waiting ?? [])].filter((at) => backlogBefore !== null && !inQueue(before, at))
  const { misfireGraceMs } = after.rules
  // What is left out on request is none of those, though it may be due with them.
  const leftOut = new Set(ledger.filter(({ reason }) => reason === "skipped").map(({ fromAt }) => fromAt))
  const candidates = [...inCatchUp, ...passed.times].filter(
    (at) => !leftOut.has(at) && (misfireGraceMs === null || decided.from - at <= misfireGraceMs)
  )
  const chosen = coalesce === "latest" ? Math.max(...candidates) : Math.min(...candidates)
  if (decided.from === decided.through && chosen !== only.fireAt)
    report("coalesce", `the ${coalesce} of ${candidates.length} is ${chosen}, the run is for ${only.fireAt}`)
}

const inQueue = (job: ModelJob | null, at: number): boolean => job?.memory.queue.some((fire) => isIn(fire, at)) ?? false

const isIn = ({ fireAt, coalesced }: StoredFire, at: number): boolean =>
  fireAt === at || (coalesced !== undefined && coalesced.from <= at && at <= coalesced.through)

const checkEntry = (change: Change, entry: LedgerRow, report: Report): void => {
  const { before, after } = change
  const { kind, fromAt, throughAt, count, reason, at } = entry
  if (kind === "paused") {
    const wasPaused = before !== null && before.memory.pausedAt !== null
    if (!wasPaused || count !== 0)
      report("pausedSpan", `a pause through ${throughAt} is recorded, it was ${before?.row.value}`)
    return
  }
  if (kind !== "misfired") return
  const room = Math.min(before?.rules.maxInstances ?? Infinity, after.rules.maxInstances)
  const wasBusy = Math.max(before?.memory.live.length ?? 0, after.memory.live.length) >= room
  const waits = after.memory.queue.length > 0 || (before?.memory.queue.length ?? 0) > 0
  switch (reason) {
    case "late": {
      // What a queued fire time stands for is as late as that one.
      const queued = before?.memory.queue.find(
        ({ coalesced }) => coalesced?.from === fromAt && coalesced.count === count
      )
      const newest = queued?.fireAt ?? throughAt
      if (!either(change, ({ misfireGraceMs }) => misfireGraceMs !== null && at - newest > misfireGraceMs))
        report("grace", `${newest} misfires as late at ${at}, grace is ${after.rules.misfireGraceMs} ms`)
      return
    }
    case "maxInstances":
      if (!wasBusy && !waits && change.settled.length === 0)
        report("overlap", `${fromAt} misfires for want of an instance, ${after.memory.live.length} of ${room} are live`)
      if (!either(change, ({ overlap, maxRuns }) => overlap !== "queue-all" || maxRuns !== null))
        report("overlap", `${fromAt} misfires for want of an instance, and all are to be queued`)
      if (!either(change, ({ overlap }) => overlap !== "cancel-running"))
        report("overlap", `${fromAt} misfires for want of an instance, and the newest is to be queued`)
      if (
        either(change, ({ overlap }) => overlap === "queue-one") &&
        !either(change, ({ overlap }) => overlap !== "queue-one") &&
        !waits &&
        // More have started than there was room for: one of them had taken the place until a run ended in the same commit.
        (before?.memory.live.length ?? 0) + change.claims.length <= room &&
        count === 1
      )
        report("overlap", `${fromAt} misfires for want of an instance, and the one place in the queue is free`)
      return
    case "replaced": {
      const waited = before?.memory.queue.find((fire) => isIn(fire, fromAt))
      if (!either(change, ({ overlap }) => overlap === "cancel-running"))
        report("overlap", `${fromAt} is replaced, and no newcomer takes a place`)
      else if (waited?.missed === true) report("overlap", `${fromAt} was missed, and is replaced`)
      return
    }
    case "queueFull":
      // Some of what waited may have started since, in the same commit.
      if (after.memory.queue.length + change.claims.length < 1000)
        report("overlap", `${fromAt} finds the queue full, it holds ${after.memory.queue.length}`)
      return
    case "withdrawn": {
      const { maxRuns } = after.rules
      const outOfRuns = maxRuns !== null && after.memory.runCount >= maxRuns
      const paused = after.memory.pausedAt !== null && before?.memory.pausedAt === null
      const resumed = before !== null && before.memory.pausedAt !== null && after.memory.pausedAt === null
      // Whether the scheduler was paused is held in `modelValues.ts`.
      const ofValues = after.row.stream !== null
      if (!outOfRuns && !paused && !resumed && !after.memory.removed && !beginsAnew(change) && !ofValues)
        report("withdrawn", `${fromAt} is withdrawn, and nothing was changed`)
      return
    }
    case "skipped":
      if (count !== 1 || before === null || before.memory.pausedAt !== null)
        report("leftOut", `${count} fire times from ${fromAt} are left out`)
      else if (change.ledger.some((other) => other.reason === "skipped" && other !== entry))
        report("leftOut", `more than ${fromAt} is left out at once`)
      return
    case "invalidValue":
      if (after.row.stream === null && before?.row.stream === null) report("reason", `${fromAt} is of no stream`)
      return
    default:
      report("reason", `${fromAt} misfires for ${reason}, which no rule gives`)
  }
}

/** What a queue may take: with `skip` only what was missed and what no run was executing for. */
const checkQueue = (change: Change, report: Report): void => {
  const { before, after } = change
  const { memory, rules } = after
  if (before === null || before.rules.overlap !== rules.overlap) return
  const wasQueued = new Set(before.memory.queue.map(placeOf))
  const fresh = memory.queue.filter((fire) => fire.requested !== true && !wasQueued.has(placeOf(fire)))
  const noneExecuted =
    before.memory.live.every(({ retryAt }) => retryAt !== null) ||
    change.settled.some(({ outcome }) => outcome === null)
  // Whether they were is held in `modelMissed.ts`.
  const missed = new Set(memory.queue.flatMap((fire) => (fire.missed === true ? [fire.fireAt] : [])))
  const isMissed = (fireAt: number): boolean => missed.has(fireAt)
  if (rules.overlap === "cancel-running") {
    const newcomers = fresh.filter(({ fireAt }) => !isMissed(fireAt))
    const stay = memory.queue.filter(
      (fire) =>
        fire.requested !== true &&
        !isMissed(fire.fireAt) &&
        !newcomers.slice(-1).some((each) => placeOf(each) === placeOf(fire))
    )
    if (newcomers.length > 0 && stay.length > 0)
      report("overlap", `${newcomers.at(-1)?.fireAt} is queued, and ${stay[0]?.fireAt} does not give way`)
  }
  for (const { fireAt } of fresh) {
    const missed = isMissed(fireAt)
    if (rules.overlap === "skip" && !missed && !noneExecuted)
      report("overlap", `${fireAt} is queued, and is to be skipped`)
    if (rules.overlap === "queue-one" && !missed && fresh.length + wasQueued.size > 1 && memory.queue.length > 1)
      report("overlap", `${memory.queue.length} fire times are queued, one is allowed`)
  }
}

/** One millisecond may have several values. */
const placeOf = ({ fireAt, args }: StoredFire): string => `${fireAt} ${JSON.stringify(args ?? null)}`

const checkCounts = (change: Change, report: Report): void => {
  const { before, after, claims } = change
  const { memory, rules } = after
  const served = claims.filter(isOfFireTime).length
  // The last run may end, and the job be declared again, in one commit.
  const endedHere = beginsAnew(change) && change.settled.some(({ outcome }) => outcome !== null)
  const anew = livesAgain(change) || (endedHere && memory.runCount === served)
  const counted = anew ? 0 : (before?.memory.runCount ?? 0)
  if (memory.runCount !== counted + served) report("maxRuns", `${counted} runs and ${served} make ${memory.runCount}`)
  if (served > 0 && !either(change, ({ maxRuns }) => maxRuns === null || memory.runCount <= maxRuns))
    report("maxRuns", `${memory.runCount} runs for fire times, at most ${rules.maxRuns} allowed`)
  const allowed = Math.max(rules.maxInstances, before?.rules.maxInstances ?? 0, before?.memory.live.length ?? 0)
  if (memory.live.length > allowed)
    report("maxInstances", `${memory.live.length} runs are live, at most ${allowed} allowed`)
}

/** True for a job that is done, or that only runs once more on request since. */
export const isOver = (change: Change): boolean => {
  const { before, after } = change
  if (!after.memory.exhausted || beginsAnew(change)) return false
  const wasOver = before?.over === true || before?.row.value === "done" || mayHaveEnded(change)
  const asked = [...after.memory.live, ...after.memory.queue].some(({ requested }) => requested === true)
  return wasOver && (after.row.value === "done" || before?.over === true || asked)
}

/** The last run of the old `maxRuns` ended in this commit: the job may have been done before its rules were changed. */
const mayHaveEnded = ({ before, after, settled }: Change): boolean => {
  const maxRuns = before?.rules.maxRuns ?? null
  return maxRuns !== null && after.memory.runCount >= maxRuns && settled.some(({ outcome }) => outcome !== null)
}

/** One that waits for an event is due when that is sent. */
const instantOf = (retryAt: StoredLive["retryAt"]): ReadonlyArray<number> =>
  typeof retryAt === "number" ? [retryAt] : []

/** The job must be looked at when its next fire time, attempt or queued fire time is due: by arithmetic, not by its own word. */
const checkWakeUp = ({ row, rules, memory, fixedDelay, over }: ModelJob, report: Report): void => {
  if (memory.fault !== null) {
    if (row.wakeAt !== null) report("wakeUp", `it is parked and wakes at ${row.wakeAt}`)
    return
  }
  if (memory.pausedAt !== null) {
    // Only what was asked for goes on.
    const asked = [
      ...memory.live.flatMap(({ requested, retryAt }) => (requested === true ? instantOf(retryAt) : [])),
      ...(memory.live.length < rules.maxInstances
        ? memory.queue.flatMap(({ requested, fireAt }) => (requested === true ? [fireAt] : []))
        : [])
    ]
    const wakeAt = asked.length === 0 ? null : Math.min(...asked)
    if (row.wakeAt !== wakeAt) report("wakeUp", `it is paused and wakes at ${row.wakeAt}, asked for is ${wakeAt}`)
    return
  }
  const next = fixedDelay
    ? [memory.nextFireAt ?? Infinity]
    : (fireTimesOf(row.trigger, memory.cursor, Infinity, 1) ?? [])
  const [following = null] = next
  const outOfRuns = rules.maxRuns !== null && memory.runCount >= rules.maxRuns
  const mayEnd = outOfRuns || memory.removed || fixedDelay || over
  if (memory.exhausted && following !== null && !mayEnd)
    report("exhausted", `it is exhausted, ${following} follows ${memory.cursor}`)
  if (!memory.exhausted && !fixedDelay && memory.nextFireAt !== following)
    report("nextFireAt", `after ${memory.cursor} follows ${following}, it says ${memory.nextFireAt}`)
  const held =
    memory.exhausted ||
    (fixedDelay && memory.live.length > 0) ||
    (memory.queue.length > 0 && memory.catchUpThrough !== null && (memory.nextFireAt ?? 0) <= memory.catchUpThrough)
  const waits = [
    ...(held || memory.nextFireAt === null ? [] : [memory.nextFireAt]),
    ...memory.live.flatMap(({ retryAt }) => instantOf(retryAt)),
    ...(memory.live.length < rules.maxInstances ? memory.queue.map(({ fireAt }) => fireAt) : [])
  ]
  const wakeAt = waits.length === 0 ? null : Math.min(...waits)
  if (row.wakeAt !== wakeAt) report("wakeUp", `it wakes at ${row.wakeAt}, due is ${wakeAt}`)
}
