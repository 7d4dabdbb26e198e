/** Notices a clock that was set back and zone data that has changed, has the jobs reckoned anew, and says so. */
import { Data } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import { clockMark } from "../writer/clockWatch.ts"
import type { WriterHost } from "../writer/writerHost.ts"
import type { Moved, Reckoned, Reckoning } from "./recomputing.ts"
import { reckonAnew } from "./recomputing.ts"
import type { StoreWriter } from "../writer/storeWriter.ts"

/**
 * The wall clock shows less than this store has seen: it was ahead by `aheadMs` and has been set right. `corrected` jobs go on from
 * now; `waiting` ones until the clock shows again what they have accounted for. For `onError`: nothing is thrown.
 */
export class ClockSetBackError extends Data.TaggedError("ClockSetBackError")<{
  /** Its name in the scheduler. */
  readonly store: string
  /** Milliseconds that the clock had been ahead by. */
  readonly aheadMs: number
  /** Jobs that go on from now. */
  readonly corrected: number
  /** Jobs that wait until the clock shows again what they have accounted for. */
  readonly waiting: number
}> {
  override get message(): string {
    const { store, aheadMs, corrected, waiting } = this
    return [
      `the clock was set back by ${shownMs(aheadMs)}, behind what store "${store}" has seen`,
      ...(corrected === 0 ? [] : [`${corrected === 1 ? "1 job goes" : `${corrected} jobs go`} on from now`]),
      ...(waiting === 0
        ? []
        : [
            `${waiting === 1 ? "1 job waits" : `${waiting} jobs wait`} until it shows that again; rescheduleJob, pauseJob and resumeJob, or addJob with another trigger let one go on at once`
          ])
    ].join("; ")
  }
}

/**
 * This runtime has other rules for time zones than those that the store's next fire times were computed with; they were computed
 * anew, and `moved` jobs fire at another instant. For `onError`: nothing is thrown.
 */
export class ZoneDataChangedError extends Data.TaggedError("ZoneDataChangedError")<{
  /** Its name in the scheduler. */
  readonly store: string
  /** Empty: an older version wrote the store, which did not say what it computed with. */
  readonly timezones: ReadonlyArray<string>
  /** Jobs that fire at another instant. */
  readonly moved: number
  /** The first of them. */
  readonly jobs: ReadonlyArray<Moved>
}> {
  override get message(): string {
    const { store, timezones, moved } = this
    const named = this.jobs.map(({ jobId, from, to }) => `"${jobId}" from ${shownAt(from)} to ${shownAt(to)}`)
    const more = moved > named.length ? `, and ${moved - named.length} more` : ""
    const zones = timezones.length === 0 ? "time zones" : timezones.join(", ")
    return `the rules of ${zones} have changed since store "${store}" was last open; moved: ${named.join(", ")}${more}`
  }
}

/** Before a store's jobs are claimed for: what its last owner reckoned with, against what is here now. */
export const reckonAtStart = async (writer: StoreWriter, host: WriterHost): Promise<void> => {
  writer.clock.observe(host.timers.now())
  const why: Reckoning = {
    aheadMs: writer.clock.takeStep(),
    zones: writer.zones.changed(),
    unknown: writer.store.nextJobKey > 1 && !writer.store.marks.has(clockMark)
  }
  if (why.aheadMs > 0 || why.zones.size > 0 || why.unknown || writer.zones.isStale(host.timers.now()))
    await reckon(writer, host, why)
}

/** The writer has found the clock set back. Found again meanwhile, it is reckoned with again. */
export const reckonWhileRunning = async (writer: StoreWriter, host: WriterHost): Promise<void> => {
  if (writer.clock.settling) return
  for (let aheadMs = writer.clock.takeStep(); aheadMs > 0; aheadMs = writer.clock.takeStep())
    await reckon(writer, host, { aheadMs, zones: new Map(), unknown: false })
}

const reckon = async (writer: StoreWriter, host: WriterHost, why: Reckoning): Promise<void> => {
  writer.clock.settling = true
  try {
    tell(writer, host, why, await reckonAnew(writer, host, why))
  } finally {
    writer.clock.settling = false
  }
}

const tell = (writer: StoreWriter, host: WriterHost, { zones }: Reckoning, reckoned: Reckoned): void => {
  const { aheadMs, corrected, waiting, moved, firstMoved } = reckoned
  const store = writer.name
  const at = host.timers.now()
  if (corrected + waiting > 0) {
    writer.clock.setBack = { at, aheadMs, corrected, waiting }
    host.events.publish(at, { type: "ClockSetBack", store, aheadMs, corrected, waiting })
    host.report(new ClockSetBackError({ store, aheadMs, corrected, waiting }), `store "${store}"`)
  }
  if (moved > 0)
    host.report(
      new ZoneDataChangedError({ store, timezones: [...zones.keys()], moved, jobs: firstMoved }),
      `store "${store}"`
    )
}

const shownMs = (ms: number): string => {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 120) return `${minutes} minutes`
  const hours = Math.round(minutes / 60)
  return hours < 72 ? `${hours} hours` : `${Math.round(hours / 24)} days`
}

const shownAt = (at: EpochMillis | null): string => (at === null ? "none" : new Date(at).toISOString())
