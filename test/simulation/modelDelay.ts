/**
 * Fixed delay: the next fire time counts from the end of the newest one's run, and from nothing else. A fire time that finds no
 * run counts from the moment at which that was decided.
 */
import { isOfFireTime } from "../../src/store/claimKind.ts"
import type { Change, Report } from "./change.ts"
import { beginsAnew } from "./change.ts"
import { delayedFrom } from "./fireTimesOf.ts"
import type { ModelRun } from "./modelRuns.ts"

export const checkDelay = (change: Change, runs: ReadonlyMap<number, ModelRun>, report: Report): void => {
  const { before, after, settled, ledger, decided } = change
  const { memory, rules, row } = after
  const newestLives = memory.live.some(({ runKey, fireAt }) => isNewest(runs.get(runKey), fireAt, memory.lastFireAt))
  // While its run is live nothing counts yet.
  if (!after.fixedDelay || memory.removed || newestLives) return
  const outOfRuns = rules.maxRuns !== null && memory.runCount >= rules.maxRuns
  if (memory.exhausted && (before?.memory.exhausted === true || outOfRuns)) return
  const ends = settled.filter(
    ({ runKey, outcome }) => outcome !== null && isNewest(runs.get(runKey), null, memory.lastFireAt)
  )
  const due = before?.memory.nextFireAt ?? null
  // Another one that misfires waited in the queue since before the job had this trigger.
  const misfires = ledger.some(
    ({ kind, reason, fromAt }) => kind === "misfired" && reason !== "skipped" && fromAt === due
  )
  // Left out on request, it counts as if its run had ended when it came.
  const leftOut = ledger.findLast(({ reason }) => reason === "skipped")?.fromAt
  // Behind a request; when it has run after all, the end of that run counts.
  const waits = memory.queue.some(({ fireAt, requested }) => requested !== true && fireAt === due)
  const missed = (misfires || waits) && memory.pausedAt === null
  const resumed = before !== null && before.memory.pausedAt !== null && memory.pausedAt === null
  const from: ReadonlyArray<number | null> = beginsAnew(change)
    ? [memory.since]
    : resumed
      ? [memory.cursor, ...ends.map(({ finishedAt }) => finishedAt)]
      : ends.length > 0
        ? ends.map(({ finishedAt }) => finishedAt)
        : []
  const allowed = [
    ...from.map((at) => delayedFrom(row.trigger, at ?? NaN)),
    ...(missed ? [delayedFrom(row.trigger, decided.from)] : []),
    ...(leftOut === undefined ? [] : [delayedFrom(row.trigger, leftOut)]),
    ...(from.length === 0 && !missed && leftOut === undefined ? [before?.memory.nextFireAt ?? null] : [])
  ]
  const { nextFireAt } = memory
  if (allowed.includes(nextFireAt)) return
  report(
    "delay",
    `job "${row.id}": next is ${nextFireAt}, expected is ${allowed.join(" or ")}, by the end of the run for ${memory.lastFireAt}`
  )
}

/** True for the run of the job's newest fire time; one on request leaves the schedule alone. */
const isNewest = (run: ModelRun | undefined, fireAt: number | null, lastFireAt: number | null): boolean =>
  run !== undefined && isOfFireTime(run) && (fireAt ?? run.fireAt) === lastFireAt
