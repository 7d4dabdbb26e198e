/** Checks a live store against the promises: every fire time accounted for, once. Reads only; jobs one page at a time. */
import { firesHeld, wakeAtOf } from "../job/snapshot.ts"
import type { JobRow, LedgerRow, RunRow } from "../store/jobStore.ts"
import { FaultyTriggerError, honestNext } from "../trigger/honest.ts"
import type { Engine } from "./engine.ts"
import { runStore } from "./storePromise.ts"
import type { Job } from "./jobCodec.ts"
import type { StoreLane } from "./storeLane.ts"

export interface Violation {
  /** Which promise is broken. */
  readonly invariant:
    "readable" | "wakeUp" | "liveRuns" | "accounting" | "doubleAccounting" | "maxInstances" | "finished"
  readonly store: string
  readonly jobId: string
  /** One sentence with the facts. */
  readonly message: string
}

export interface Verification {
  readonly ok: boolean
  readonly checked: { readonly jobs: number; readonly runs: number; readonly fireTimes: number }
  readonly violations: ReadonlyArray<Violation>
}

/** Jobs read at a time. */
const pageSize = 200
/** Fire times of one job that are counted against its records; a longer history is counted in its newest part. */
const maxFireTimes = 100_000
const maxViolations = 1000

export const verify = async (engine: Engine): Promise<Verification> => {
  engine.mustRun("verify")
  const violations: Array<Violation> = []
  const checked = { jobs: 0, runs: 0, fireTimes: 0 }
  for (const lane of engine.lanes) {
    let afterKey = 0
    for (;;) {
      const rows = await runStore(lane.store.jobs({ byWake: false, afterKey, limit: pageSize }))
      const last = rows.at(-1)
      if (last === undefined || violations.length >= maxViolations) break
      for (const row of rows) {
        checked.jobs += 1
        violations.push(...(await verifyLive(engine, lane, row, checked)))
      }
      afterKey = last.key
      await new Promise<void>((resolve) => engine.timers.after(0, resolve))
    }
  }
  return { ok: violations.length === 0, checked, violations }
}

/**
 * A job may change between two reads of it, which looks like damage. So what is found is looked for again in fresh rows, and
 * only what is found every time is told.
 */
const verifyLive = async (
  engine: Engine,
  lane: StoreLane,
  first: JobRow,
  checked: Checked
): Promise<ReadonlyArray<Violation>> => {
  let found: ReadonlyArray<Violation> | null = null
  let row: JobRow | undefined = first
  for (let look = 0; look < looks && row !== undefined && found?.length !== 0; look++) {
    const seen: Array<Violation> = []
    const counted = { runs: 0, fireTimes: 0 }
    const { id, key }: JobRow = row
    await verifyJob(engine, lane, row, counted, (invariant, message) =>
      seen.push({ invariant, store: lane.name, jobId: id, message })
    )
    if (look === 0) {
      checked.runs += counted.runs
      checked.fireTimes += counted.fireTimes
    }
    const known: ReadonlySet<string> | null = found === null ? null : new Set(found.map(({ message }) => message))
    found = known === null ? seen : seen.filter(({ message }) => known.has(message))
    if (found.length === 0) break
    await new Promise<void>((resolve) => engine.timers.after(0, resolve))
    row = (await runStore(lane.store.jobsByKey([key])))[0]
  }
  return row === undefined ? [] : (found ?? [])
}

/** Times that a suspicious job is looked at. */
const looks = 3

interface Checked {
  runs: number
  fireTimes: number
}

type Report = (invariant: Violation["invariant"], message: string) => void

const verifyJob = async (
  engine: Engine,
  lane: StoreLane,
  row: JobRow,
  checked: Checked,
  report: Report
): Promise<void> => {
  let job: Job
  try {
    job = engine.codec.decode(row)
  } catch (error) {
    report("readable", error instanceof Error ? error.message : String(error))
    return
  }
  const { memory, rules } = job
  const expectedWake = wakeAtOf(memory, rules, job.trigger.after === "run")
  if (row.wakeAt !== expectedWake) report("wakeUp", `its wake-up is ${row.wakeAt}, its snapshot says ${expectedWake}`)
  if (memory.live.length > rules.maxInstances)
    report("maxInstances", `${memory.live.length} live runs, at most ${rules.maxInstances} allowed`)
  const runs = (await runStore(lane.store.runs({ jobId: row.id, limit: maxFireTimes }))).filter(
    (run) => run.jobKey === row.key
  )
  checked.runs += runs.length
  verifyRuns(job, runs, report)
  const ledger = (await runStore(lane.store.ledger({ jobId: row.id, limit: maxFireTimes }))).filter(
    (entry) => entry.jobKey === row.key
  )
  if (job.trigger.stream !== undefined || job.trigger.after !== undefined) return
  try {
    checked.fireTimes += verifyAccounting(engine, job, runs, ledger, report)
  } catch (error) {
    if (!(error instanceof FaultyTriggerError)) throw error
    report("readable", error.message)
  }
}

const verifyRuns = (job: Job, runs: ReadonlyArray<RunRow>, report: Report): void => {
  const unfinished = new Set(runs.filter((run) => run.outcome === null).map((run) => run.runKey))
  const live = new Set(job.memory.live.map((run) => run.runKey))
  for (const key of live)
    if (!unfinished.has(key)) report("liveRuns", `run ${key} is live in its snapshot and has no unfinished record`)
  for (const key of unfinished)
    if (!live.has(key)) report("liveRuns", `run ${key} is unfinished and its snapshot does not know it`)
  for (const run of runs) {
    if ((run.outcome === null) !== (run.finishedAt === null))
      report("finished", `run ${run.runKey} has outcome ${run.outcome} and end ${run.finishedAt}`)
    // Requests and emissions of one instant are told apart by a millisecond each.
    const timed = run.request === 0 && job.trigger.stream === undefined
    // A later attempt may start while a clock that was set back shows less: the fire time had come when it was claimed.
    if (timed && run.startedAt !== null && run.startedAt < run.fireAt && run.claimedAt < run.fireAt)
      report("finished", `run ${run.runKey} started at ${run.startedAt}, before its fire time ${run.fireAt}`)
  }
}

/**
 * Every fire time of the trigger in the part of history that is still whole, up to the cursor, lies in exactly one run,
 * ledger entry or queue place. The part begins after the newest pause or change of trigger, and after what retention deleted.
 */
const verifyAccounting = (
  engine: Engine,
  job: Job,
  runs: ReadonlyArray<RunRow>,
  ledger: ReadonlyArray<LedgerRow>,
  report: Report
): number => {
  const { memory } = job
  const breaks = ledger
    .filter((entry) => entry.kind === "paused" || entry.kind === "superseded")
    .map((entry) => entry.throughAt)
  const from = Math.max(memory.since, keptFrom(engine, job, runs), ...breaks)
  const through = memory.backlog?.late?.from ?? memory.backlog?.due?.from ?? Infinity
  const accountedThrough = Math.min(memory.cursor, through - 1)
  const singles = new Map<number, number>()
  const count = (fireAt: number): void => {
    if (fireAt > from) singles.set(fireAt, (singles.get(fireAt) ?? 0) + 1)
  }
  for (const run of runs) if (run.request === 0) count(run.fireAt)
  for (const fire of memory.queue) if (fire.requested !== true) count(fire.fireAt)
  const waiting = memory.queue.flatMap(({ coalesced }) =>
    coalesced === undefined ? [] : [{ fromAt: coalesced.from, throughAt: coalesced.through, count: coalesced.count }]
  )
  const ranges = [...ledger, ...waiting].filter((entry) => entry.count > 0 && entry.throughAt > from)
  for (const entry of ranges) if (entry.count === 1) count(entry.fromAt)
  const long = ranges.filter((entry) => entry.count > 1).map((entry) => ({ entry, seen: 0 }))
  let fireTimes = 0
  for (
    let at = honestNext(job.trigger, from);
    at !== undefined && at <= accountedThrough && fireTimes < maxFireTimes;
    at = honestNext(job.trigger, at)
  ) {
    fireTimes += 1
    const single = singles.get(at) ?? 0
    singles.delete(at)
    const inLong =
      single > 0
        ? undefined
        : long.find(({ entry, seen }) => entry.fromAt <= at && at <= entry.throughAt && seen < entry.count)
    if (inLong !== undefined) inLong.seen += 1
    else if (single === 0) report("accounting", `fire time ${at} has no run and no ledger entry`)
    else if (single > 1) report("doubleAccounting", `fire time ${at} is accounted for ${single} times`)
  }
  if (fireTimes === maxFireTimes) return fireTimes
  for (const at of singles.keys()) {
    if (at <= accountedThrough && !firesHeld(memory, false))
      report("accounting", `${at} is accounted for and is no fire time of the trigger`)
  }
  for (const { entry, seen } of long) {
    if (entry.fromAt > from && seen !== entry.count)
      report(
        "accounting",
        `a ledger entry from ${entry.fromAt} counts ${entry.count} fire times, the trigger gives ${seen}`
      )
  }
  return fireTimes
}

/** Where the job's records begin to be whole: retention deletes runs by age, and the oldest first when they are too many. */
const keptFrom = (engine: Engine, job: Job, runs: ReadonlyArray<RunRow>): number => {
  const byAge = engine.timers.now() - engine.options.retention.runAgeMs
  const kept = runs.filter((run) => run.request === 0)
  if (kept.length >= job.memory.runCount && runs.length < maxFireTimes) return byAge
  const oldest = kept.reduce((first, run) => Math.min(first, run.fireAt), Infinity)
  return Math.max(byAge, oldest === Infinity ? job.memory.cursor : oldest - 1)
}
