/** Checks one job's row and records against the promises. Pure, in slices: what is read, and when it is, comes in. */
import type { ClaimsBegin } from "../engine/writer/claimingSince.ts"
import { isOverlap } from "../engine/writer/claimingSince.ts"
import type { JobCodec } from "../engine/job/jobCodec.ts"
import { JobUnreadableError, readMemory } from "../engine/job/jobCodec.ts"
import { counts } from "../job/clockSetBack.ts"
import type { JobRules } from "../job/rules.ts"
import type { JobMemory } from "../job/snapshot.ts"
import { stateOf, wakeAtOf } from "../job/snapshot.ts"
import { isOfFireTime, isOfValue } from "../store/claimKind.ts"
import type { JobRow, RunRow } from "../store/jobStore.ts"
import { FaultyTriggerError, checkedNext } from "../trigger/checkedTrigger.ts"
import { UnknownCalendarError } from "../trigger/holidayCalendar.ts"
import { UnknownTriggerError } from "../trigger/triggerRegistry.ts"
import type { Trigger } from "../trigger/trigger.ts"
import type { JobRecords, Report, Retained, Sliced } from "./accounting.ts"
import { checkAccounting, checkDoubles, hadEarlierTrigger, maxFireTimes } from "./accounting.ts"
import type { Findings, NotCheckedReason } from "./verification.ts"

export interface CheckEnvironment {
  readonly codec: JobCodec
  readonly retained: Retained
  /** The owner's, or the last one's. */
  readonly epoch: number
  /** True once that owner has settled what an earlier one left. */
  readonly recovered: boolean
  /** Starts, resumes and ends of outages, as far as they are known. */
  readonly claimingSince: ReadonlyArray<ClaimsBegin>
  /** True where every trigger's code should be known. */
  readonly knowsTriggers: boolean
}

/** What a store holds of one job and of its runs. */
export interface JobHoldings extends JobRecords {
  /** The keys of its unfinished runs that have a checkpoint. */
  readonly saved: ReadonlySet<number>
}

export function* verifyJob(row: JobRow, given: JobHoldings, environment: CheckEnvironment): Sliced<Findings> {
  const found: Array<Findings["found"][number]> = []
  const report: Report = (invariant, message) => found.push({ invariant, message })
  const runs = given.runs.filter(({ damage }) => damage === undefined)
  const records = { ...given, runs }
  for (const { runKey, damage } of given.runs)
    if (damage !== undefined) report("readable", `the record of run ${runKey} cannot be read: ${damage}`)
  const counted = { runs: given.runs.length, fireTimes: 0, notChecked: [] }
  checkFinished(runs, report)
  checkOverlap(records, environment, report)
  const read = readJob(row, environment, report)
  if (read === null) return { ...counted, found }
  const { memory, trigger } = read
  const state = stateOf(memory)
  if (row.value !== state && row.fault && memory.fault === null) {
    // Parked by its row alone: the engine could not read it.
    report("readable", `it is parked, and its snapshot, which is ${state}, does not say so`)
    return { ...counted, found }
  }
  checkState(row, read, report)
  checkLive(read, runs, environment, report)
  for (const { runKey, saved } of memory.live)
    if (saved === true && !records.saved.has(runKey))
      report("savedSteps", `steps of run ${runKey} were saved, and are not there any more`)
  checkCursor(memory, records, report)
  const isStreams = trigger?.stream !== undefined
  checkDoubles(memory, records, isStreams, report)
  checkEarly(runs, isStreams, report)
  if (trigger === null || trigger.stream !== undefined || trigger.after !== undefined) {
    return { ...counted, notChecked: [reasonOf(trigger)], found }
  }
  const earlier: ReadonlyArray<NotCheckedReason> = hadEarlierTrigger(memory, records) ? ["earlierTrigger"] : []
  try {
    checkNext(memory, trigger, report)
    const fireTimes = yield* checkAccounting(memory, trigger, records, environment.retained, report)
    return {
      ...counted,
      fireTimes,
      notChecked: fireTimes < maxFireTimes ? earlier : ["longHistory", ...earlier],
      found
    }
  } catch (error) {
    if (!(error instanceof FaultyTriggerError)) throw error
    report("readable", error.message)
    return { ...counted, found }
  }
}

interface ReadJob {
  readonly memory: JobMemory
  readonly rules: JobRules
  /** `null`: its code is not here. */
  readonly trigger: Trigger | null
}

const readJob = (row: JobRow, { codec, knowsTriggers }: CheckEnvironment, report: Report): ReadJob | null => {
  try {
    const memory = readMemory(row)
    const rules = codec.rulesOf(row)
    codec.checkArgs(row)
    return { memory, rules, trigger: readTrigger(row, codec, knowsTriggers) }
  } catch (error) {
    if (!(error instanceof JobUnreadableError)) throw error
    // A job that could not be read and was removed stays as it was until retention takes it.
    if (row.removedAt === null) report("readable", error.message)
    return null
  }
}

const readTrigger = (row: JobRow, codec: JobCodec, knowsTriggers: boolean): Trigger | null => {
  try {
    return codec.trigger(row)
  } catch (error) {
    const { cause } = error as JobUnreadableError
    const codeIsAway = cause instanceof UnknownTriggerError || cause instanceof UnknownCalendarError
    if (codeIsAway && !knowsTriggers) return null
    throw error
  }
}

const reasonOf = (trigger: Trigger | null): NotCheckedReason =>
  trigger === null ? "customTrigger" : trigger.stream !== undefined ? "stream" : "fixedDelay"

/** What a run's record says by itself. */
const checkFinished = (runs: ReadonlyArray<RunRow>, report: Report): void => {
  for (const run of runs) {
    if ((run.outcome === null) !== (run.finishedAt === null))
      report("finished", `run ${run.runKey} has outcome ${run.outcome} and end ${run.finishedAt}`)
    else if (run.outcome !== null && run.outcome.startsWith("code "))
      report("finished", `run ${run.runKey} has an unknown outcome, ${run.outcome}`)
    if (run.attempt < 1) report("finished", `run ${run.runKey} is at attempt ${run.attempt}`)
  }
}

const checkEarly = (runs: ReadonlyArray<RunRow>, isStreams: boolean, report: Report): void => {
  for (const run of runs) {
    // The instant of a request may lie ahead of a clock that was set back while it waited, and an older version numbered the values of
    // a stream by milliseconds. A later attempt may start while such a clock shows less: the fire time had come when it was claimed.
    if (!isOfFireTime(run) || (isStreams && !isOfValue(run))) continue
    if (run.startedAt !== null && run.startedAt < run.fireAt && run.claimedAt < run.fireAt)
      report("finished", `run ${run.runKey} started at ${run.startedAt}, before its fire time ${run.fireAt}`)
  }
}

/**
 * Overlap needs somebody who would have claimed: what came due before a start and was recorded after it was missed. It is recorded as a
 * fire time comes due, at no other time, so which rules the job has had since does not matter.
 */
const checkOverlap = ({ ledger }: JobRecords, { claimingSince }: CheckEnvironment, report: Report): void => {
  for (const entry of ledger) {
    if (!isOverlap(entry)) continue
    const { fromAt, count, at } = entry
    const begin = claimingSince.find(({ since, recordedFrom }) => fromAt < since && recordedFrom <= at)
    if (begin !== undefined)
      report(
        "overlap",
        `${count} fire times from ${fromAt} are recorded as overlap at ${at}, nothing was claimed before ${begin.since}`
      )
  }
}

/** The row's own columns follow from the snapshot. */
const checkState = (row: JobRow, { memory, rules, trigger }: ReadJob, report: Report): void => {
  const state = stateOf(memory)
  if (row.value !== state) report("state", `it is stored as ${row.value}, its snapshot is ${state}`)
  if (row.fault !== (memory.fault !== null))
    report("state", `it is stored ${row.fault ? "as parked" : "as sound"}, its snapshot says otherwise`)
  const wakeAt = wakeAtOf(memory, rules, trigger?.after === "run")
  const either = trigger === null && row.wakeAt === wakeAtOf(memory, rules, true)
  if (row.wakeAt !== wakeAt && !either) report("wakeUp", `its wake-up is ${row.wakeAt}, its snapshot says ${wakeAt}`)
}

const checkLive = (
  { memory, rules }: ReadJob,
  runs: ReadonlyArray<RunRow>,
  environment: CheckEnvironment,
  report: Report
) => {
  const { live } = memory
  // One that is not of a higher limit was claimed under this one, when as many were live.
  if (live.length > rules.maxInstances && live.some(({ ofHigherLimit }) => ofHigherLimit !== true))
    report("maxInstances", `${live.length} live runs, at most ${rules.maxInstances} allowed`)
  const unfinished = new Map(runs.filter((run) => run.outcome === null).map((run) => [run.runKey, run]))
  const known = new Map(live.map((run) => [run.runKey, run]))
  if (known.size < live.length) report("liveRuns", "a run is live twice in its snapshot")
  for (const key of known.keys())
    // One older than the newest that were read may be there all the same.
    if (!unfinished.has(key) && runs.length < maxFireTimes)
      report("liveRuns", `run ${key} is live in its snapshot and has no unfinished record`)
  for (const [key, { epoch }] of unfinished) {
    const run = known.get(key)
    if (run === undefined) report("liveRuns", `run ${key} is unfinished and its snapshot does not know it`)
    // At a start the runs of earlier epochs are interrupted: those of a later one would stay as they are.
    else if (epoch > environment.epoch)
      report("ownerless", `run ${key} is of epoch ${epoch}, the owner's is ${environment.epoch}`)
    // A first attempt executes under the owner that claimed the run. Of a further one the record does not say whose it is.
    else if (
      Math.max(epoch, run.adoptedBy ?? 0) < environment.epoch &&
      run.attempt === 1 &&
      run.retryAt === null &&
      environment.recovered
    )
      report("ownerless", `run ${key} executes for epoch ${epoch}, which ended; the owner's is ${environment.epoch}`)
  }
}

/** Whatever was served lies at the cursor or before it, and what comes next lies after it. */
const checkCursor = (memory: JobMemory, { runs, ledger }: JobRecords, report: Report): void => {
  const { cursor, since, lastFireAt } = memory
  const beyond = (what: string, at: number): void => {
    if (at > cursor) report("cursor", `${what} ${at} lies after its cursor ${cursor}`)
  }
  beyond("its first instant", since)
  // What a clock that was ahead has left lies where it lies.
  if (lastFireAt !== null && memory.countsAfterRun === null) beyond("its last fire time", lastFireAt)
  for (const run of runs)
    if (isOfFireTime(run) && counts(memory, run)) beyond(`run ${run.runKey} of fire time`, run.fireAt)
  for (const entry of ledger)
    if (counts(memory, entry)) beyond(`the ledger's entry (${entry.kind}) through`, entry.throughAt)
  for (const fire of memory.queue) if (fire.requested !== true) beyond("a queued fire time", fire.fireAt)
}

/** The next fire time is the trigger's first after the cursor; a later one would skip some, unseen. */
const checkNext = (memory: JobMemory, trigger: Trigger, report: Report): void => {
  if (memory.pausedAt !== null || memory.exhausted) return
  const next = checkedNext(trigger, memory.cursor) ?? null
  if (memory.nextFireAt !== next)
    report("wakeUp", `its next fire time is ${memory.nextFireAt}, its trigger's after the cursor is ${next}`)
}
