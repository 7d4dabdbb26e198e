/** Retention in the memory store, one slice a call. Looks only at the oldest rows, whatever else is stored. */
import type { EpochMillis } from "../../time/instant.ts"
import { forgottenMark, readForgotten } from "../retentionMarks.ts"
import type { Retention } from "../jobStore.ts"
import type { MemoryJob, MemoryTables } from "./tables.ts"

/** Deletes at most `limit` rows of each kind; the number deleted. */
export const purgeMemory = (tables: MemoryTables, retention: Retention): number => {
  const { finishedBefore, maxRuns, doneBefore, limit } = retention
  const slice: Slice = { runs: limit, ledger: limit, jobs: limit }
  let eventsBefore = finishedBefore
  deleteRuns(tables, slice, tables.finished.through(finishedBefore - 1, slice.runs))
  const excess = Math.min(slice.runs, tables.finished.size - maxRuns)
  const beyond = excess > 0 ? tables.finished.through(Infinity, excess) : []
  for (const key of beyond) eventsBefore = Math.max(eventsBefore, tables.runs.get(key)?.claimedAt ?? 0)
  deleteRuns(tables, slice, beyond)
  deleteLedger(tables, slice, tables.recorded.through(finishedBefore - 1, slice.ledger))
  for (const key of tables.retired.through(doneBefore - 1, limit)) {
    const job = tables.jobs.get(key)
    if (job !== undefined && job.liveRuns === 0) deleteJob(tables, slice, job, doneBefore)
  }
  return deleteEvents(tables, eventsBefore, limit) + 3 * limit - slice.runs - slice.ledger - slice.jobs
}

/** What this call may still delete of each kind. */
interface Slice {
  runs: number
  ledger: number
  jobs: number
}

const deleteRuns = (tables: MemoryTables, slice: Slice, runKeys: ReadonlyArray<number>): void => {
  runKeys.forEach((runKey) => tables.deleteRun(runKey))
  slice.runs -= runKeys.length
}

const deleteLedger = (tables: MemoryTables, slice: Slice, keys: ReadonlyArray<number>): void => {
  keys.forEach((key) => tables.deleteLedger(key))
  slice.ledger -= keys.length
}

/** The oldest, up to the first that is younger; never the newest. */
const deleteEvents = ({ events, nextEvents }: MemoryTables, before: EpochMillis, limit: number): number => {
  let deleted = 0
  for (const [number, { at }] of events) {
    if (deleted === limit || at >= before || number === nextEvents - 1) break
    events.delete(number)
    deleted += 1
  }
  return deleted
}

/** The job goes with its last run and ledger entry; until then each call takes away what fits. */
const deleteJob = (tables: MemoryTables, slice: Slice, job: MemoryJob, doneBefore: EpochMillis): void => {
  deleteRuns(tables, slice, Array.from(job.runs ?? [], ({ key }) => key).slice(0, slice.runs))
  deleteLedger(tables, slice, [...(job.ledger ?? [])].slice(0, slice.ledger))
  if ((job.runs?.size ?? 0) === 0 && (job.ledger?.size ?? 0) === 0) {
    if (job.row.removedAt === null) forget(tables, Math.min(cursorOf(job.row.memory), doneBefore))
    tables.deleteJob(job)
    slice.jobs -= 1
  }
}

const forget = ({ marks }: MemoryTables, through: EpochMillis): void => {
  if (through > (readForgotten(marks.get(forgottenMark)) ?? -Infinity)) marks.set(forgottenMark, String(through))
}

/** Of a snapshot that cannot be read, the latest that it may be. */
const cursorOf = (memory: string): EpochMillis => {
  try {
    const { cursor } = JSON.parse(memory) as { readonly cursor?: unknown }
    return Number.isSafeInteger(cursor) ? Number(cursor) : Infinity
  } catch {
    return Infinity
  }
}
