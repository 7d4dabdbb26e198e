/**
 * Next fire times that were reckoned with something that was wrong: a clock that was ahead and has been set right, or zone data that
 * is older than this runtime's. Walks a store's jobs in pages, at a start or when the clock is found set back; nobody pays for it otherwise.
 */
import { nextFire } from "../../job/dueFireTimes.ts"
import { correctionMs, countedAhead, setRightFrom } from "../../job/clockSetBack.ts"
import type { NextFire } from "../../job/jobEvent.ts"
import type { JobMemory } from "../../job/snapshot.ts"
import type { JobDefinitionRow, JobRow } from "../../store/jobStore.ts"
import type { EpochMillis } from "../../time/instant.ts"
import { clockMarginMs } from "../../time/timers.ts"
import type { ZoneRules } from "../../time/zoneData.ts"
import { firstDifference, offsetIn, withFormerRules } from "../../time/zoneData.ts"
import { offsetAt, zoneOf } from "../../time/zone.ts"
import type { Trigger, TriggerSpec } from "../../trigger/trigger.ts"
import { clockMark } from "../writer/clockWatch.ts"
import type { Job } from "../job/jobCodec.ts"
import { readMemory } from "../job/jobCodec.ts"
import type { DefinitionEnvironment } from "../job/jobDefinition.ts"
import { readNotes } from "../job/jobNotes.ts"
import type { WriterHost } from "../writer/writerHost.ts"
import type { UnitOfWork } from "../writer/unitOfWork.ts"
import { runStore } from "../storePromise.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"
import { zonesIn } from "../writer/zoneMarks.ts"

/** Why jobs are looked at. */
export interface Reckoning {
  /** By how much the clock was set back; 0: it was not, as far as is known. */
  readonly aheadMs: number
  /** Zones with other rules now, with those that they had. */
  readonly zones: ReadonlyMap<string, ZoneRules>
  /** True: an older version left this store, which did not say what it reckoned with. */
  readonly unknown: boolean
}

/** A job whose next fire time is another one now. */
export interface Moved {
  /** The job's id. */
  readonly jobId: string
  /** What its next fire time was; `null`: it had none. */
  readonly from: EpochMillis | null
  /** What it is now; `null`: it has none. */
  readonly to: EpochMillis | null
}

export interface Reckoned {
  readonly aheadMs: number
  /** Jobs that go on by the clock that was set right. */
  readonly corrected: number
  /** Jobs that wait until the clock shows again what they have accounted for. */
  readonly waiting: number
  /** Jobs that new zone data has moved: how many, and the first of them. */
  readonly moved: number
  readonly firstMoved: ReadonlyArray<Moved>
}

/** Jobs read at a time, and the most that share one commit. */
const pageSize = 500
/** Moved jobs that are named. */
const mostNamed = 10
/** Fire times of one wall time that are passed over: with a trigger of the slowest kind it takes no time. */
const mostServed = 10_000

export const reckonAnew = async (writer: StoreWriter, host: WriterHost, why: Reckoning): Promise<Reckoned> => {
  let { aheadMs } = why
  let [corrected, waiting, moved, waitsThrough] = [0, 0, 0, -Infinity]
  const firstMoved: Array<Moved> = []
  for (let afterKey = 0; ;) {
    const rows = await runStore(writer.store.reads.jobs({ byWake: false, afterKey, limit: pageSize }))
    const last = rows.at(-1)
    if (last === undefined) break
    afterKey = last.key
    const now = host.timers.now()
    const wrong: Array<number> = []
    for (const row of rows) {
      const memory = row.value === "done" ? null : memoryOf(row)
      if (memory === null) continue
      if (why.unknown) aheadMs = Math.max(aheadMs, memory.cursor - now)
      const corrects = mustCorrect(memory, aheadMs, now)
      if (corrects || isConcerned(row, why)) wrong.push(row.key)
      if (!corrects && countedAhead(memory, now) && aheadMs > clockMarginMs) {
        waiting += 1
        waitsThrough = Math.max(waitsThrough, memory.cursor)
      }
    }
    if (wrong.length === 0) continue
    const done = await changed(writer, wrong, (unit, job) =>
      mustCorrect(job.memory, aheadMs, unit.now)
        ? setRight(unit, job, aheadMs, host.environment)
        : retime(unit, job, why.zones, host)
    )
    for (const { kind, ...each } of done) {
      if (kind === "corrected") corrected += 1
      else {
        moved += 1
        if (firstMoved.length < mostNamed) firstMoved.push(each)
      }
    }
  }
  // Jobs that still wait are told of again at the next start.
  await submitted(writer, [], (unit) => {
    unit.mark(clockMark, String(Math.max(unit.now, waitsThrough)))
    writer.zones.renew(unit)
  })
  return { aheadMs: aheadMs > clockMarginMs ? aheadMs : 0, corrected, waiting, moved, firstMoved }
}

type Done = Moved & { readonly kind: "corrected" | "moved" }

const isConcerned = (row: JobRow, { zones, unknown }: Reckoning): boolean =>
  (unknown && zonesIn(row.trigger).length > 0) ||
  (zones.size > 0 && zonesIn(row.trigger).some((name) => zones.has(name)))

/** A step back of more than some hours is a correction, and what lies as far ahead is of the wrong clock. A paused job is set right when it is resumed. */
const mustCorrect = (memory: JobMemory, aheadMs: number, now: EpochMillis): boolean =>
  aheadMs > correctionMs &&
  ((memory.pausedAt === null && countedAhead(memory, now, correctionMs)) ||
    memory.live.some(({ retryAt }) => typeof retryAt === "number" && retryAt > now + correctionMs))

/** Changes jobs in one commit, and tells of each; what was done. */
const changed = async (
  writer: StoreWriter,
  keys: ReadonlyArray<number>,
  change: (unit: UnitOfWork, job: Job) => Done | null
): Promise<ReadonlyArray<Done>> => {
  let done: Array<Done> = []
  await submitted(writer, keys, (unit) => {
    done = []
    for (const key of keys) {
      const job = unit.byKey(key)
      if (job === undefined || job.removedAt !== null || job.value === "done") continue
      const one = change(unit, job)
      if (one === null) continue
      done.push(one)
      const reason = one.kind === "corrected" ? "clockSetBack" : "zoneData"
      unit.tell({ type: "FireTimeMoved", jobId: one.jobId, from: one.from, to: one.to, reason })
    }
  })
  return done
}

const submitted = (
  writer: StoreWriter,
  keys: ReadonlyArray<number>,
  apply: (unit: UnitOfWork) => void
): Promise<void> =>
  new Promise((resolve, reject) =>
    writer.submit({ keys, weight: keys.length, apply, committed: resolve, failed: reject })
  )

/** The job counts from now. A trigger that began when the job was added, by the wrong clock, begins now. */
const setRight = (unit: UnitOfWork, job: Job, aheadMs: number, environment: DefinitionEnvironment): Done | null => {
  const { now } = unit
  const counts = job.memory.pausedAt === null && countedAhead(job.memory, now, correctionMs)
  try {
    const rebound = counts && job.memory.since > now + correctionMs ? boundAnew(job, environment, now) : null
    const next = counts ? nextFire(rebound?.trigger ?? job.trigger, setRightFrom(now)) : null
    const before = rebound === null ? job : unit.redefine(job, rebound.row, job.rules, rebound.trigger)
    if (rebound !== null) unit.tell({ type: "JobModified", jobId: job.row.id })
    const event = { type: "setRight", now, aheadMs, nextRunKey: unit.nextRunKey, next } as const
    const after = unit.step(before, event)
    if (after === undefined || next === null) return null
    return { kind: "corrected", jobId: job.row.id, from: job.memory.nextFireAt, to: after.memory.nextFireAt }
  } catch {
    return null // Its trigger fails: it is parked for that when it is asked again.
  }
}

const boundAnew = (
  job: Job,
  environment: DefinitionEnvironment,
  now: EpochMillis
): { readonly row: JobDefinitionRow; readonly trigger: Trigger } | null => {
  const { given, immediate } = readNotes(job.row)
  if (given === undefined || immediate === true) return null
  const unbound = environment.readTrigger(JSON.stringify(given))
  const bound = unbound.bind?.({ now, timezone: environment.timezone, jobId: job.row.id })
  if (bound === undefined) return null
  const text = JSON.stringify(bound.toJSON())
  return { row: { ...job.row, trigger: text }, trigger: environment.readTrigger(text) }
}

/** The job's next fire time by the zone data that is here now. What was served by the older stays served. */
const retime = (unit: UnitOfWork, job: Job, zones: ReadonlyMap<string, ZoneRules>, host: WriterHost): Done | null => {
  const { memory, trigger, row } = job
  if (memory.exhausted || trigger.after === "run" || trigger.stream !== undefined) return null
  try {
    const changedZones = zonesIn(row.trigger).flatMap((name) => {
      const rules = zones.get(name)
      return rules === undefined ? [] : [{ name, rules }]
    })
    const from = changedZones.reduce(
      (served, zone) => Math.max(served, servedThrough(job, zone.name, zone.rules, host)),
      memory.cursor
    )
    const next = nextFire(trigger, from)
    const moves = next.nextFireAt !== memory.nextFireAt
    const hasHistory = memory.cursor > memory.since
    const otherPast =
      hasHistory && changedZones.some(({ name, rules }) => firstDifference(name, rules) <= memory.cursor)
    if (!moves && !otherPast) return null
    unit.step(job, { type: "retime", now: unit.now, from, ...next })
    if (!moves || memory.pausedAt !== null) return null
    return { kind: "moved", jobId: row.id, from: memory.nextFireAt, to: next.nextFireAt }
  } catch {
    return null
  }
}

/**
 * Through where fire times are served, though the new rules give them only now: the job has run at their wall time by the old ones. That
 * is so where the trigger, as in a fold of the clocks, takes the first pass alone.
 */
const servedThrough = (job: Job, timezone: string, rules: ZoneRules, host: WriterHost): EpochMillis => {
  const { cursor, since } = job.memory
  if (cursor <= since) return cursor
  const foldMs = (offsetIn(rules, cursor) ?? 0) - offsetAt(zoneOf(timezone), cursor)
  if (foldMs <= 0 || cursor < rules.from || cursor >= rules.until) return cursor
  const at = Math.floor(cursor / 1000) * 1000 + 1000
  const following: NextFire = withFormerRules(timezone, rules, at, (name) =>
    nextFire(host.readTrigger(inZone(job.row.trigger, timezone, name)), cursor)
  )
  let served = cursor
  for (let steps = 0; steps < mostServed; steps++) {
    const { nextFireAt } = nextFire(job.trigger, served)
    if (nextFireAt === null || nextFireAt > cursor + foldMs || nextFireAt >= (following.nextFireAt ?? Infinity)) break
    served = nextFireAt
  }
  return served
}

/** A stored trigger with one zone in place of another. */
const inZone = (trigger: string, timezone: string, name: string): TriggerSpec =>
  JSON.parse(trigger, (field: string, value: unknown) =>
    field === "timezone" && value === timezone ? name : value
  ) as TriggerSpec

const memoryOf = (row: JobRow): JobMemory | null => {
  try {
    return readMemory(row)
  } catch {
    return null // Parked as unreadable, or about to be.
  }
}
