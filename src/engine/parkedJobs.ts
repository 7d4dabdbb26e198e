/**
 * Jobs parked because code of theirs, an executor or a stream was not there: they go on when it is, and what they owe is made up by their
 * rules.
 */
import type { JobFault } from "../job/snapshot.ts"
import type { JobRow } from "../store/jobStore.ts"
import { FaultyTriggerError } from "../trigger/checkedTrigger.ts"
import { missingOf } from "../trigger/missingTrigger.ts"
import type { Job } from "./job/jobCodec.ts"
import { resume } from "./writer/jobEdits.ts"
import type { DefinitionEnvironment } from "./job/jobDefinition.ts"
import type { Intent } from "./writer/intent.ts"
import type { Writer } from "./writer/writer.ts"
import { unknownStream } from "./job/jobFaults.ts"
import type { UnitOfWork } from "./writer/unitOfWork.ts"
import { runStore } from "./storePromise.ts"

/** Jobs that share a commit. */
const jobsPerIntent = 256

export type Registered = Pick<DefinitionEnvironment, "tasks" | "knowsExecutor" | "knowsStream">

/** Resumes those of one store for which everything is registered; of one task alone where it is named. */
export const resumeParked = async (
  writer: Writer,
  registered: Registered,
  which: { readonly task?: string } = {}
): Promise<void> => {
  // Along the index of paused jobs: almost always there is none.
  const [any] = await runStore(writer.store.jobs({ ...which, states: ["paused"], fault: true, limit: 1 }))
  if (any === undefined) return
  for (let afterKey = 0; ;) {
    const filter = { ...which, states: ["paused"], fault: true, byWake: false, afterKey, limit: jobsPerIntent } as const
    const rows = await runStore(writer.store.jobs(filter))
    const last = rows.at(-1)
    if (last === undefined) return
    await new Promise<void>((resolve, reject) => writer.submit(resuming(rows, registered, resolve, reject)))
    afterKey = last.key
  }
}

const resuming = (
  rows: ReadonlyArray<JobRow>,
  registered: Registered,
  done: () => void,
  failed: (error: unknown) => void
): Intent => ({
  keys: rows.map(({ key }) => key),
  weight: rows.length,
  apply: (unit) => {
    for (const { key } of rows) {
      const job = unit.byKey(key)
      if (job !== undefined && isBack(job, registered))
        exceptFaultyTriggers(() => void resume(unit, job, "coalesce", registered))
    }
  },
  committed: done,
  failed
})

const isBack = ({ row, trigger, memory: { fault } }: Job, registered: Registered): boolean =>
  fault !== null &&
  (parkedFor.includes(fault.kind) || fault.awaits !== undefined) &&
  registered.tasks.find(row.task) !== undefined &&
  registered.knowsExecutor(row.executor) &&
  (row.stream === null || registered.knowsStream(row.stream)) &&
  missingOf(trigger) === null

const parkedFor: ReadonlyArray<JobFault["kind"]> = ["unknownTask", "unknownExecutor", "unknownStream"]

/** Parks those whose stream is not registered: nobody would ever ask for them. What a caller has paused stays the caller's. */
export const parkStreamless = async (
  writer: Writer,
  rows: ReadonlyArray<JobRow>,
  { knowsStream }: Registered
): Promise<void> => {
  const streamless = rows.filter(
    ({ stream, value, fault }) => stream !== null && !fault && value !== "paused" && !knowsStream(stream)
  )
  for (let from = 0; from < streamless.length; from += jobsPerIntent) {
    const keys = streamless.slice(from, from + jobsPerIntent).map(({ key }) => key)
    await new Promise<void>((resolve, reject) =>
      writer.submit({
        keys,
        weight: keys.length,
        apply: (unit) => parking(unit, keys, knowsStream),
        committed: resolve,
        failed: reject
      })
    )
  }
}

const parking = (unit: UnitOfWork, keys: ReadonlyArray<number>, knowsStream: Registered["knowsStream"]): void => {
  for (const key of keys) {
    const job = unit.byKey(key)
    const stream = job?.row.stream ?? null
    if (job !== undefined && stream !== null && !knowsStream(stream) && job.memory.pausedAt === null)
      unit.park(job, unknownStream(stream))
  }
}

/** One whose trigger fails stays parked, and keeps no other from going on. */
const exceptFaultyTriggers = (change: () => void): void => {
  try {
    change()
  } catch (error) {
    if (!(error instanceof FaultyTriggerError)) throw error
  }
}
