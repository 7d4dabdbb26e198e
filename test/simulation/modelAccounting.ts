/**
 * Double entry for the fire times of one job, commit by commit: what waited and what the cursor has newly passed, against what
 * became runs, misfires and coalesced entries and what waits now. Nothing may be left over on either side.
 */
import { isOfFireTime } from "../../src/store/claimKind.ts"
import type { LedgerRow } from "../../src/store/jobStore.ts"
import type { Change, Report } from "./change.ts"
import { beginsAnew } from "./change.ts"
import { fireTimesOf } from "./fireTimesOf.ts"
import type { ModelJob, StoredRange } from "./stored.ts"

/** A stretch of fire times that a job owed, for the offline checker. */
export interface OwedStretch {
  readonly trigger: string
  readonly after: number
  readonly through: number
}

/** Fire times newly passed, ascending, and the stretches they lie in. `null`: not known beforehand. */
export interface Passed {
  readonly times: ReadonlyArray<number>
  readonly stretches: ReadonlyArray<OwedStretch>
}

export const passedBy = (change: Change): Passed | null => {
  const { before, after } = change
  if (after.fixedDelay || before?.fixedDelay === true) return null
  // Values are accounted for by themselves, in `modelValues.ts`.
  if (after.row.stream !== null || (before !== null && before.row.stream !== null)) return null
  const stretches: Array<OwedStretch> = []
  if (beginsAnew(change)) {
    if (before !== null && owes(before)) {
      stretches.push({ trigger: before.row.trigger, after: before.memory.cursor, through: after.memory.since })
    }
    stretches.push({ trigger: after.row.trigger, after: after.memory.since, through: after.memory.cursor })
  } else if (before !== null && (owes(before) || resumed(change))) {
    stretches.push({ trigger: after.row.trigger, after: before.memory.cursor, through: after.memory.cursor })
  }
  const kept = stretches
    .filter((stretch) => stretch.through > stretch.after)
    .flatMap((stretch) => withoutPauses(stretch, change))
  const times = kept.flatMap(({ trigger, after: from, through }) => fireTimesOf(trigger, from, through) ?? [])
  return { times, stretches: kept }
}

/** The newly passed with what waited, each in one place of `change` or waiting still: what waits now. */
export const account = (change: Change, passed: Passed, report: Report): ReadonlySet<number> => {
  const { before, after, ledger } = change
  const claims = change.claims.filter(isOfFireTime)
  const pool = new Set(before?.waiting ?? [])
  const name = `job "${after.row.id}"`
  for (const at of passed.times) {
    if (pool.has(at)) report("cursor", `${name}: fire time ${at} waits and is passed again`)
    pool.add(at)
  }
  const take = (at: number, where: string): boolean => {
    if (!pool.delete(at)) report("owed", `${name}: ${where} ${at}, which is not owed`)
    return true
  }
  const waiting = new Set<number>()
  for (const { fireAt } of claims) take(fireAt, "a run is claimed for")
  const entries = ledger.filter(({ kind }) => kind === "misfired" || kind === "coalesced")
  for (const entry of entries) if (entry.count === 1) take(entry.fromAt, `${described(entry)} names`)
  const { queue, backlog } = after.memory
  for (const { fireAt, requested } of queue)
    if (requested !== true && take(fireAt, "the queue holds")) waiting.add(fireAt)
  const takeRange = ({ from, through, count }: StoredRange, where: string): ReadonlyArray<number> => {
    const inside = [...pool].filter((at) => at >= from && at <= through).sort((a, b) => a - b)
    for (const at of inside) pool.delete(at)
    if (inside.length !== count || inside[0] !== from || inside.at(-1) !== through)
      report("counts", `${name}: ${where} counts ${count} from ${from} through ${through}, owed are ${shown(inside)}`)
    return inside
  }
  const still = [...queue.flatMap(({ coalesced, apart = [] }) => [coalesced, ...apart]), backlog?.late, backlog?.due]
  for (const entry of entries)
    if (entry.count !== 1)
      takeRange({ from: entry.fromAt, through: entry.throughAt, count: entry.count }, described(entry))
  for (const range of still) if (range) for (const at of takeRange(range, "what waits")) waiting.add(at)
  // One that breaks its contract owes what it had promised, and no more can be known.
  const broken = before?.row.trigger.includes("simulation.lying") === true
  if (pool.size > 0 && !(broken && stopsOwing(change)))
    report("lost", `${name}: fire times ${shown([...pool])} are passed and in no place`)
  return waiting
}

/** Whether fire times of the job are owed as time goes on. */
const owes = ({ memory }: ModelJob): boolean => memory.pausedAt === null && !memory.exhausted

const stopsOwing = (change: Change): boolean =>
  beginsAnew(change) || change.after.memory.pausedAt !== null || change.after.memory.removed

const resumed = ({ before, after }: Change): boolean =>
  before !== null &&
  before.memory.pausedAt !== null &&
  after.memory.pausedAt === null &&
  !after.memory.removed &&
  !before.memory.exhausted

/** A stretch without the pauses that this commit records: nothing was owed in them. */
const withoutPauses = (stretch: OwedStretch, { ledger }: Change): ReadonlyArray<OwedStretch> => {
  const pause = ledger.find(
    ({ kind, fromAt, throughAt }) => kind === "paused" && fromAt <= stretch.through && throughAt > stretch.after
  )
  if (pause === undefined) return [stretch]
  return [
    { ...stretch, through: pause.fromAt - 1 },
    { ...stretch, after: pause.throughAt }
  ].filter(({ after, through }) => through > after)
}

const described = ({ kind, reason }: LedgerRow): string =>
  reason === null ? `a ${kind} entry` : `a misfire (${reason})`

const shown = (times: ReadonlyArray<number>): string =>
  times.length > 8 ? `${times.slice(0, 8).join(", ")}… (${times.length})` : times.join(", ") || "none"
