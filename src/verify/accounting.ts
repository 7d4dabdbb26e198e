/** Counts a job's fire times against its records: each lies in exactly one run, ledger entry, queue place or pause. Pure. */
import { counts } from "../job/clockSetBack.ts"
import { standsFor } from "../job/overlap.ts"
import type { JobMemory } from "../job/snapshot.ts"
import { isOfFireTime, isOfValue } from "../store/claimKind.ts"
import type { LedgerRow, RunRow } from "../store/jobStore.ts"
import type { EpochMillis } from "../time/instant.ts"
import { checkedNext } from "../trigger/checkedTrigger.ts"
import type { Trigger } from "../trigger/trigger.ts"
import type { Invariant } from "./verification.ts"

/** What a store holds of one job. */
export interface JobRecords {
  /** Newest fire time first. */
  readonly runs: ReadonlyArray<RunRow>
  readonly ledger: ReadonlyArray<LedgerRow>
}

/**
 * Records of one job that are read of each kind, the newest; and fire times that are counted, the oldest of those that what was read
 * should hold.
 */
export const maxFireTimes = 100_000

/** Fire times counted in one slice: with a trigger of the slower kinds some milliseconds. */
const sliceFireTimes = 1000

/** A check that stops now and then, so that whoever drives it may let others in. */
export type Sliced<A> = Generator<undefined, A, undefined>

/** What retention has left: everything since `from`. `guessed`: more may be gone, as the records themselves must tell. */
export interface Retained {
  readonly from: EpochMillis
  readonly guessed: boolean
}

export type Report = (invariant: Invariant, message: string) => void

/** Records kept apart: those of one fire time, and those that count several, the earliest first. */
interface Kept {
  readonly singles: Map<EpochMillis, number>
  readonly ranges: ReadonlyArray<CountedRange>
}

interface CountedRange {
  readonly entry: Pick<LedgerRow, "fromAt" | "throughAt" | "count">
  seen: number
}

/**
 * Every fire time of `trigger` in (from, cursor] that was owed, `from` being where the records begin to be whole: in a pause none
 * is. The number counted; `maxFireTimes` means that there may be more. Throws `FaultyTriggerError`.
 */
export function* checkAccounting(
  memory: JobMemory,
  trigger: Trigger,
  records: JobRecords,
  retained: Retained,
  report: Report
): Sliced<number> {
  const from = wholeFrom(memory, trigger, records, retained)
  const through = memory.backlog?.late?.from ?? memory.backlog?.due?.from ?? Infinity
  const accountedThrough = Math.min(memory.cursor, through - 1)
  const own = counted(memory, records)
  const { singles, ranges } = keptAfter(from, memory, own)
  const rangeAt = pointer(ranges)
  const nextOwed = owedBy(trigger, pausesIn(own))
  let fireTimes = 0
  for (
    let at = nextOwed(from);
    at !== undefined && at <= accountedThrough && fireTimes < maxFireTimes;
    at = nextOwed(at)
  ) {
    fireTimes += 1
    const single = singles.delete(at)
    const inRange = single ? undefined : rangeAt(at)
    if (inRange !== undefined) inRange.seen += 1
    else if (!single) report("accounting", `fire time ${at} has no run and no ledger entry`)
    if (fireTimes % sliceFireTimes === 0) yield
  }
  if (fireTimes === maxFireTimes) return fireTimes
  for (const at of singles.keys())
    if (at <= accountedThrough)
      report("accounting", `${at} is accounted for and is no fire time of the trigger, or lies in a pause`)
  for (const { entry, seen } of ranges) {
    if (entry.fromAt > from && seen !== entry.count)
      report(
        "accounting",
        `a ledger entry from ${entry.fromAt} counts ${entry.count} fire times, the trigger gives ${seen}`
      )
  }
  return fireTimes
}

/** Stretches in which nothing was owed, the earliest first. They do not overlap: each begins after the cursor of its time. */
const pausesIn = ({ ledger }: JobRecords): ReadonlyArray<LedgerRow> =>
  ledger.filter(({ kind }) => kind === "paused").sort((a, b) => a.fromAt - b.fromAt)

/** The first fire time after an instant that lies in no pause, asked in ascending order. A pause is passed in one step, however many it holds. */
const owedBy = (
  trigger: Trigger,
  pauses: ReadonlyArray<LedgerRow>
): ((after: EpochMillis) => EpochMillis | undefined) => {
  let index = 0
  return (after) => {
    let at = checkedNext(trigger, after)
    for (let pause = pauses[index]; at !== undefined && pause !== undefined && pause.fromAt <= at;) {
      if (at <= pause.throughAt) at = checkedNext(trigger, pause.throughAt)
      pause = pauses[++index]
    }
    return at
  }
}

/** Gives the range that an instant lies in and that still counts some, asked in ascending order: each range is passed once. */
const pointer = (ranges: ReadonlyArray<CountedRange>): ((at: EpochMillis) => CountedRange | undefined) => {
  let index = 0
  return (at) => {
    let range = ranges[index]
    while (range !== undefined && (range.entry.throughAt < at || range.seen === range.entry.count))
      range = ranges[++index]
    return range !== undefined && range.entry.fromAt <= at ? range : undefined
  }
}

/**
 * No fire time is recorded twice, whichever trigger gave it. One millisecond may have several values of a stream: their runs say so;
 * an entry since the newest change of trigger is a stream's if `mayBeStreams`. One from before it may be when it is as old as its fire
 * time, or when the job has had values.
 */
export const checkDoubles = (memory: JobMemory, records: JobRecords, mayBeStreams: boolean, report: Report): void => {
  const own = counted(memory, records)
  const ofClock = {
    runs: own.runs.filter((run) => !isOfValue(run)),
    ledger: own.ledger.filter(({ fromAt, at }) =>
      fromAt > memory.since ? !mayBeStreams : at !== fromAt && !own.runs.some(isOfValue)
    )
  }
  const from = memory.countsAfterRun === null ? -Infinity : memory.since
  const queue = memory.queue.filter(({ args }) => args === undefined)
  for (const [at, times] of keptAfter(from, { ...memory, queue }, ofClock).singles)
    if (times > 1) report("doubleAccounting", `fire time ${at} is accounted for ${times} times`)
}

/** Whether records are left from before the newest change of trigger, whose trigger is not. */
export const hadEarlierTrigger = (memory: JobMemory, records: JobRecords): boolean =>
  records.runs.some((run) => isOfFireTime(run) && (run.fireAt <= memory.since || !counts(memory, run))) ||
  records.ledger.some((entry) => entry.fromAt <= memory.since || !counts(memory, entry))

/** A job's records without those that count no more. */
const counted = (memory: JobMemory, records: JobRecords): JobRecords =>
  memory.countsAfterRun === null
    ? records
    : {
        runs: records.runs.filter((run) => counts(memory, run)),
        ledger: records.ledger.filter((entry) => counts(memory, entry))
      }

const keptAfter = (from: EpochMillis, memory: JobMemory, { runs, ledger }: JobRecords): Kept => {
  const singles = new Map<EpochMillis, number>()
  const count = (fireAt: EpochMillis): void => {
    if (fireAt > from) singles.set(fireAt, (singles.get(fireAt) ?? 0) + 1)
  }
  for (const run of runs) if (isOfFireTime(run)) count(run.fireAt)
  for (const fire of memory.queue) if (fire.requested !== true) count(fire.fireAt)
  const waiting = memory.queue
    .flatMap(standsFor)
    .map(({ from: fromAt, through: throughAt, count }) => ({ fromAt, throughAt, count }))
  const entries = [...ledger, ...waiting].filter((entry) => entry.count > 0 && entry.throughAt > from)
  for (const entry of entries) if (entry.count === 1) count(entry.fromAt)
  const ranges = entries.filter((entry) => entry.count > 1).map((entry) => ({ entry, seen: 0 }))
  return { singles, ranges: ranges.sort((a, b) => a.entry.fromAt - b.entry.fromAt) }
}

/** Where the records begin to be whole, exclusive: after the newest change of trigger, and after what retention deleted. */
const wholeFrom = (memory: JobMemory, trigger: Trigger, records: JobRecords, retained: Retained): EpochMillis => {
  const from = Math.max(memory.since, retained.from, unread(records.ledger))
  const all = records.runs.filter((run) => isOfFireTime(run))
  const whole = all.length >= memory.runCount && records.runs.length < maxFireTimes
  const untouched = whole && !(retained.guessed && from === memory.since && beginsLate(memory, trigger, records))
  // Age, which `from` knows unless it is guessed, is all that ledger entries are deleted for.
  const timed = all.filter((run) => counts(memory, run))
  const ledger = records.ledger.filter((entry) => counts(memory, entry))
  return untouched ? from : Math.max(from, afterDeleted(memory, timed, retained.guessed ? ledger : []))
}

/** A list as long as it may be has an older part that was not read. */
const unread = (ledger: ReadonlyArray<LedgerRow>): EpochMillis =>
  ledger.length < maxFireTimes ? -Infinity : (ledger.at(-1)?.throughAt ?? -Infinity)

/** The trigger's first owed fire time has no record, and a later one has. */
const beginsLate = (memory: JobMemory, trigger: Trigger, records: JobRecords): boolean => {
  const own = counted(memory, records)
  const first = owedBy(trigger, pausesIn(own))(memory.since)
  if (first === undefined || first > memory.cursor) return false
  const { singles, ranges } = keptAfter(memory.since, memory, own)
  const earliest = [...singles.keys(), ...ranges.map(({ entry }) => entry.fromAt)].reduce(
    (a, b) => Math.min(a, b),
    Infinity
  )
  return earliest > first
}

/**
 * What was deleted had ended before the oldest that is left, and no fire time comes after its record's end, unless the clock was
 * set back in between.
 */
const afterDeleted = (
  memory: JobMemory,
  timed: ReadonlyArray<RunRow>,
  ledger: ReadonlyArray<LedgerRow>
): EpochMillis => {
  const oldestRun = timed.reduce(
    (first, { fireAt, finishedAt }) => Math.min(first, Math.max(fireAt, finishedAt ?? Infinity)),
    Infinity
  )
  const oldestEntry = ledger.reduce((first, { throughAt, at }) => Math.min(first, Math.max(throughAt, at)), Infinity)
  if (oldestRun === Infinity) return memory.cursor
  return oldestEntry === Infinity ? oldestRun : Math.max(oldestRun, oldestEntry)
}
