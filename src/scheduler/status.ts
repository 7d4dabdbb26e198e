/** A scheduler at a glance: every fault that lasts has a line here. Answers whatever its stores do. */
import { Effect } from "effect"
import type { NeedsALook } from "../../machines/needsALook.ts"
import type { ClockSetBack } from "../engine/writer/clockWatch.ts"
import type { Engine } from "../engine/engine.ts"
import type { FencedStore } from "../engine/openStores.ts"
import type { StoreWriter } from "../engine/writer/storeWriter.ts"
import type { StreamStatus } from "../engine/job/streamStatus.ts"
import type { MissingPart } from "../engine/writer/unclaimedJobs.ts"
import type { ReportedError } from "../engine/errorLog.ts"
import type { FaultKind, JobState } from "../job/snapshot.ts"
import { faultKinds } from "../job/snapshot.ts"
import type { JobRow } from "../store/jobStore.ts"
import type { EpochMillis } from "../time/instant.ts"
import { zoneDataVersion } from "../time/zoneData.ts"

/** Since when a store does not answer, and when it is tried again. */
export interface StoreOutageStatus {
  /** Epoch milliseconds of the first call that failed. */
  readonly since: EpochMillis
  /** `_tag` of what the last call failed with, such as `StoreUnavailable`. */
  readonly errorTag: string
  /** What the last call failed with, in words. */
  readonly reason: string
  /** Calls that have failed so far. */
  readonly failures: number
  /** When it is tried again; `null` while a call is out that does not answer. */
  readonly retryAt: EpochMillis | null
}

/** One store of a scheduler. */
export interface StoreStatus {
  /** Its name in the scheduler. */
  readonly name: string
  /** What it says of itself: its kind, file and durability. */
  readonly description: string
  /** True while it does not answer. */
  readonly lost: boolean
  /** What is known of the outage; `null` while it answers. */
  readonly outage: StoreOutageStatus | null
  /** The newest time that the wall clock was found behind what this store has seen; `null`: never since it was opened. */
  readonly clockSetBack: ClockSetBack | null
  /** Jobs by state; `null` while it does not answer. */
  readonly jobs: { readonly [state in JobState]?: number } | null
  /** Parked jobs. */
  readonly faults: number
  /** Parked jobs by why; those of no kind that this version knows are `unreadable`. */
  readonly parked: { readonly [kind in FaultKind]?: number }
}

/** One executor of a scheduler. */
export interface ExecutorLoad {
  /** Its name in the scheduler. */
  readonly name: string
  /** Slots. */
  readonly concurrency: number
  /** Places for orders that wait for a slot. */
  readonly queue: number
  /** Attempts that hold a slot. */
  readonly running: number
  /** Orders that wait for a slot. */
  readonly queued: number
  /** Aborted attempts that have not ended since; their slots are free again, but for those whose end is awaited. */
  readonly stuck: number
  /** What the executor itself has thrown; `null`: nothing. */
  readonly reported: ReportedError | null
}

/** A scheduler at one moment. */
export interface SchedulerStatus {
  /** Of its machine. `degraded`: a store is away, or another owner's; the others go on. */
  readonly state: "starting" | "active" | "paused" | "degraded" | "draining" | "stopped"
  /** Why it is degraded or has stopped. */
  readonly reason: string | null
  /** When the scheduler was made, epoch milliseconds. */
  readonly createdAt: EpochMillis
  /** Of triggers and texts without one. */
  readonly timezone: string
  /** Version of the time-zone data in use. */
  readonly zoneData: string
  /** In the order in which they were opened, those that another owner has taken last. */
  readonly stores: ReadonlyArray<StoreStatus>
  /** In the order in which they were added. */
  readonly executors: ReadonlyArray<ExecutorLoad>
  /** What jobs need and this process does not have; they are left as they are until it comes. */
  readonly unclaimed: ReadonlyArray<MissingPart>
  /** Those that drive jobs, in the order in which they were registered. */
  readonly streams: ReadonlyArray<StreamStatus>
  /** Parts that have reported a fault, and nothing better since. Of the scheduler's machine. */
  readonly needsALook: NeedsALook
  /** What `onError` was told: of listeners, streams, executors and stores; `null`: nothing. */
  readonly reported: ReportedError | null
}

/** Parked jobs that are counted by kind, at the most. */
const maxParked = 10_000
/** How long a store may take for one slice of an answer to this page. That others ask too is no outage. */
const patienceMs = 2_000

export const statusOf = async (engine: Engine): Promise<SchedulerStatus> => {
  const { value, context } = engine.life.now
  const { errors } = engine
  return {
    state: value === "new" || value === "declaring" ? "starting" : value,
    reason: context.reason ?? engine.stopReason,
    createdAt: engine.startedAt,
    timezone: engine.options.timezone,
    zoneData: zoneDataVersion(),
    stores: [
      ...(await Promise.all(engine.writers.map((writer) => storeStatus(engine, writer)))),
      ...[...engine.fenced].map(([name, store]) => fencedStatus(name, store))
    ],
    executors: [...engine.dispatcher.status()].map(([name, { concurrency, queue, running, queued, stuck }]) => ({
      name,
      concurrency,
      queue,
      running,
      queued,
      stuck,
      reported: errors.ofExecutor(name)
    })),
    unclaimed: engine.unclaimed.list,
    streams: engine.streams.all,
    // A copy: the engine goes by the machine.
    needsALook: structuredClone(context.needsALook),
    reported: errors.reported
  }
}

const storeStatus = async (engine: Engine, writer: StoreWriter): Promise<StoreStatus> => {
  const { name } = writer
  const description = engine.descriptions.get(name) ?? ""
  const counted = await countsOf(engine, writer)
  const { away } = writer
  const outage =
    away === null
      ? null
      : {
          since: away.since,
          errorTag: away.error._tag,
          reason: away.error.message,
          failures: away.failures,
          retryAt: away.retryAt
        }
  return {
    name,
    description,
    lost: writer.lost || counted === null,
    outage,
    clockSetBack: writer.clock.setBack,
    jobs: counted === null ? null : Object.fromEntries(counted.counts),
    faults: counted?.parked.length ?? 0,
    parked: counted === null ? {} : byKind(counted.parked)
  }
}

/** Another owner has it: it stays here, so that it is seen, until it is removed or added again. */
const fencedStatus = (name: string, { description, since, error }: FencedStore): StoreStatus => ({
  name,
  description,
  lost: true,
  outage: { since, errorTag: error._tag, reason: error.message, failures: 1, retryAt: null },
  clockSetBack: null,
  jobs: null,
  faults: 0,
  parked: {}
})

/** `null` for a store that fails or does not answer: that is what this page is for, and the reason is the outage's. */
const countsOf = (engine: Engine, { store }: StoreWriter) =>
  engine.questions.ask("status", async (question) => {
    let cancel = (): void => undefined
    const late = new Promise<null>((resolve) => {
      const check = (): void => {
        const leftMs = patienceMs - question.heldMs
        if (leftMs <= 0) resolve(null)
        else cancel = engine.timers.after(leftMs, check)
      }
      check()
    })
    const read = question.read(
      Effect.all({ counts: store.reads.countJobs(), parked: store.reads.jobs({ fault: true, limit: maxParked }) })
    )
    const counted = await Promise.race([read.catch(() => null), late])
    cancel()
    return counted
  })

const byKind = (parked: ReadonlyArray<JobRow>): StoreStatus["parked"] => {
  const counts: { [kind in FaultKind]?: number } = {}
  for (const row of parked) {
    const kind = kindOf(row)
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/** Only the fault is read: the rest of the snapshot may be what is wrong with the job. */
const kindOf = ({ memory }: JobRow): FaultKind => {
  try {
    const { fault } = JSON.parse(memory) as { readonly fault?: { readonly kind?: string } | null }
    const kind = fault?.kind ?? ""
    return isKind(kind) ? kind : "unreadable"
  } catch {
    return "unreadable"
  }
}

const isKind = (kind: string): kind is FaultKind => faultKinds.some((known) => known === kind)
