/** Counts a job's fire times against its records: each lies in exactly one run, ledger entry or queue place. Pure. */
import type { JobMemory } from "../job/snapshot.ts"
import { firesHeld } from "../job/snapshot.ts"
import type { LedgerRow, RunRow } from "../store/jobStore.ts"
import type { EpochMillis } from "../time/instant.ts"
import { honestNext } from "../trigger/honest.ts"
import type { Trigger } from "../trigger/trigger.ts"
import type { Invariant } from "./verification.ts"

/** What a store holds of one job. */
export interface JobRecords {
  /** Newest fire time first. */
  readonly runs: ReadonlyArray<RunRow>
  readonly ledger: ReadonlyArray<LedgerRow>
}

/** Fire times of one job that are counted, and records that are read of each kind; of a longer history the newest part. */
export const maxFireTimes = 100_000

/** What retention has left: everything since `from`. `guessed`: more may be gone, as the records themselves must tell. */
export interface Retained {
  readonly from: EpochMillis
  readonly guessed: boolean
}

export type Report = (invariant: Invariant, message: string) => void

/** Records kept apart: those of one fire time, and those that count several. */
interface Kept {
  readonly singles: Map<EpochMillis, number>
  readonly ranges: ReadonlyArray<{ readonly entry: Pick<LedgerRow, "fromAt" | "throughAt" | "count">; seen: number }>
}

/**
 * Every fire time of `trigger` in (from, cursor], `from` being where the records begin to be whole. The number counted;
 * `maxFireTimes` means that there may be more. Throws `FaultyTriggerError`.
 */
export const checkAccounting = (
  memory: JobMemory,
  trigger: Trigger,
  records: JobRecords,
  retained: Retained,
  report: Report
): number => {
  const from = wholeFrom(memory, trigger, records, retained)
  const through = memory.backlog?.late?.from ?? memory.backlog?.due?.from ?? Infinity
  const accountedThrough = Math.min(memory.cursor, through - 1)
  const { singles, ranges } = keptAfter(from, memory, records)
  let fireTimes = 0
  for (
    let at = honestNext(trigger, from);
    at !== undefined && at <= accountedThrough && fireTimes < maxFireTimes;
    at = honestNext(trigger, at)
  ) {
    fireTimes += 1
    const single = singles.get(at) ?? 0
    singles.delete(at)
    const fireAt = at
    const inRange =
      single > 0
        ? undefined
        : ranges.find(({ entry, seen }) => entry.fromAt <= fireAt && fireAt <= entry.throughAt && seen < entry.count)
    if (inRange !== undefined) inRange.seen += 1
    else if (single === 0) report("accounting", `fire time ${at} has no run and no ledger entry`)
    else if (single > 1) report("doubleAccounting", `fire time ${at} is accounted for ${single} times`)
  }
  if (fireTimes === maxFireTimes) return fireTimes
  for (const at of singles.keys()) {
    if (at <= accountedThrough && !firesHeld(memory, false))
      report("accounting", `${at} is accounted for and is no fire time of the trigger`)
  }
  for (const { entry, seen } of ranges) {
    if (entry.fromAt > from && seen !== entry.count)
      report(
        "accounting",
        `a ledger entry from ${entry.fromAt} counts ${entry.count} fire times, the trigger gives ${seen}`
      )
  }
  return fireTimes
}

/** The same where the trigger cannot be asked: at least nothing is recorded twice. */
export const checkDoubles = (memory: JobMemory, records: JobRecords, report: Report): void => {
  for (const [at, times] of keptAfter(-Infinity, memory, records).singles)
    if (times > 1) report("doubleAccounting", `fire time ${at} is accounted for ${times} times`)
}

const keptAfter = (from: EpochMillis, memory: JobMemory, { runs, ledger }: JobRecords): Kept => {
  const singles = new Map<EpochMillis, number>()
  const count = (fireAt: EpochMillis): void => {
    if (fireAt > from) singles.set(fireAt, (singles.get(fireAt) ?? 0) + 1)
  }
  for (const run of runs) if (run.request === 0) count(run.fireAt)
  for (const fire of memory.queue) if (fire.requested !== true) count(fire.fireAt)
  const waiting = memory.queue.flatMap(({ coalesced }) =>
    coalesced === undefined ? [] : [{ fromAt: coalesced.from, throughAt: coalesced.through, count: coalesced.count }]
  )
  const entries = [...ledger, ...waiting].filter((entry) => entry.count > 0 && entry.throughAt > from)
  for (const entry of entries) if (entry.count === 1) count(entry.fromAt)
  return { singles, ranges: entries.filter((entry) => entry.count > 1).map((entry) => ({ entry, seen: 0 })) }
}

/** Where the records begin to be whole, exclusive: after the newest pause or change of trigger, and after what retention deleted. */
const wholeFrom = (memory: JobMemory, trigger: Trigger, records: JobRecords, retained: Retained): EpochMillis => {
  const breaks = records.ledger
    .filter((entry) => entry.kind === "paused" || entry.kind === "superseded")
    .map((entry) => entry.throughAt)
  const from = breaks.concat(memory.since, retained.from, unread(records.ledger)).reduce((a, b) => Math.max(a, b))
  const timed = records.runs.filter((run) => run.request === 0)
  const whole = timed.length >= memory.runCount && records.runs.length < maxFireTimes
  if (retained.guessed) {
    return whole && !(from === memory.since && beginsLate(memory, trigger, records))
      ? from
      : Math.max(from, afterDeleted(memory, timed, records.ledger))
  }
  return whole ? from : timed.reduce((first, run) => Math.min(first, run.fireAt - 1), memory.cursor)
}

/** A list as long as it may be has an older part that was not read. */
const unread = (ledger: ReadonlyArray<LedgerRow>): EpochMillis =>
  ledger.length < maxFireTimes ? -Infinity : (ledger.at(-1)?.throughAt ?? -Infinity)

/** The trigger's first fire time has no record, and a later one has. */
const beginsLate = (memory: JobMemory, trigger: Trigger, records: JobRecords): boolean => {
  const first = honestNext(trigger, memory.since)
  if (first === undefined || first > memory.cursor) return false
  const { singles, ranges } = keptAfter(memory.since, memory, records)
  const earliest = [...singles.keys(), ...ranges.map(({ entry }) => entry.fromAt)].reduce(
    (a, b) => Math.min(a, b),
    Infinity
  )
  return earliest > first
}

/** What was deleted had ended before the oldest that is left, and no fire time comes after its record's end. */
const afterDeleted = (
  memory: JobMemory,
  timed: ReadonlyArray<RunRow>,
  ledger: ReadonlyArray<LedgerRow>
): EpochMillis => {
  const oldestRun = timed.reduce((first, { finishedAt }) => Math.min(first, finishedAt ?? Infinity), Infinity)
  const oldestEntry = ledger.reduce((first, { at }) => Math.min(first, at), Infinity)
  if (oldestRun === Infinity) return memory.cursor
  return oldestEntry === Infinity ? oldestRun : Math.max(oldestRun, oldestEntry)
}
