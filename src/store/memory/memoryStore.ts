/**
 * A store in memory: no native code, no Node built-in. Its rows live as long as the `JobStore` object, so what one owner wrote
 * the next one finds; the process's end takes them.
 */
import { Effect } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import type {
  EventsFilter,
  JobRow,
  JobLookup,
  JobStore,
  LedgerFilter,
  KeptRow,
  MessageRow,
  OpenStore,
  RunFilter,
  RunRow,
  StoredEventsRow,
  StoreOwner
} from "../jobStore.ts"
import { withinBytes } from "../answerBytes.ts"
import { forgottenMark, readForgotten } from "../retentionMarks.ts"
import { findDue } from "./due.ts"
import { listJobs, rowsOf } from "./jobList.ts"
import { purgeMemory } from "./purge.ts"
import type { MemoryLedger, MemoryRun } from "./tables.ts"
import { MemoryTables } from "./tables.ts"
import { StoreConflict, type StoreError, StoreFenced, StoreInUse, StoreUnavailable } from "../storeError.ts"

/** A store of its own, empty. Opened by a second owner while the first has it, it fails with `StoreInUse`. */
export const memory = (): JobStore => {
  const tables = new MemoryTables()
  const ownership: Ownership = { epoch: 0, owner: null }
  return {
    description: "memory",
    open: (owner) =>
      Effect.acquireRelease(
        Effect.suspend(() => claimOwnership(ownership, owner)),
        (epoch) =>
          Effect.sync(() => {
            if (ownership.epoch === epoch) ownership.owner = null
          })
      ).pipe(
        Effect.map((epoch) => {
          tables.latest = Math.max(tables.latest, owner.startedAt)
          return openTables(tables, ownership, epoch)
        })
      )
  }
}

interface Ownership {
  epoch: number
  owner: StoreOwner | null
}

const store = "memory"

const claimOwnership = (ownership: Ownership, by: StoreOwner): Effect.Effect<number, StoreInUse> => {
  if (ownership.owner !== null) {
    const { pid, host, startedAt } = ownership.owner
    return Effect.fail(
      new StoreInUse({ store, pid, host, ageMs: Math.max(0, by.startedAt - startedAt), sameProcess: true })
    )
  }
  ownership.owner = by
  ownership.epoch += 1
  return Effect.succeed(ownership.epoch)
}

const openTables = (tables: MemoryTables, ownership: Ownership, epoch: number): OpenStore => {
  let committed = 0
  const guarded = <A>(operation: string, run: () => Effect.Effect<A, StoreError>): Effect.Effect<A, StoreError> =>
    Effect.suspend((): Effect.Effect<A, StoreError> => {
      if (ownership.epoch !== epoch) return Effect.fail(new StoreFenced({ store, epoch }))
      if (ownership.owner === null)
        return Effect.fail(new StoreUnavailable({ store, operation, cause: "the store is closed" }))
      return run()
    })
  const reading = <A>(operation: string, read: () => A): Effect.Effect<A, StoreError> =>
    guarded(operation, () => Effect.succeed(read()))
  return {
    epoch,
    nextJobKey: tables.nextJobKey,
    nextRunKey: tables.nextRunKey,
    nextMessage: nextMessage(tables),
    nextEvents: tables.nextEvents,
    waiting: tables.messages.numbers,
    marks: new Map(tables.marks),
    commit: (sequence, batch) =>
      guarded("commit", () => {
        if (sequence <= committed) return Effect.succeed(false)
        const cause = sequence > committed + 1 ? `commit ${sequence} follows ${committed}` : tables.conflict(batch)
        if (cause !== null) return Effect.fail(new StoreConflict({ store, cause }))
        tables.apply(batch, epoch)
        committed = sequence
        return Effect.succeed(true)
      }),
    committed: () => reading("committed", () => committed),
    due: (query) => reading("due", () => findDue(tables, query)),
    reads: {
      jobs: (selection) => guarded("jobs", () => selectJobs(tables, selection)),
      countJobs: () => reading("countJobs", () => new Map([...tables.counts].filter(([, jobs]) => jobs > 0))),
      runs: (filter) => reading("runs", () => filterRuns(tables, filter)),
      ledger: (filter) => reading("ledger", () => filterLedger(tables, filter)),
      kept: (afterRunKey, limit) => reading("kept", () => keptAfter(tables, afterRunKey, limit)),
      events: (filter) => reading("events", () => eventsAfter(tables, filter))
    },
    orphans: (afterRunKey, limit) =>
      reading("orphans", () =>
        liveRows(tables)
          .filter((row) => row.epoch < epoch && row.runKey > afterRunKey)
          .sort((a, b) => a.runKey - b.runKey)
          .slice(0, limit)
      ),
    checkpoints: (runKeys) =>
      reading("checkpoints", () => {
        const found = new Map<number, string>()
        for (const key of runKeys) {
          const checkpoint = tables.checkpoints.get(key)
          if (checkpoint !== undefined) found.set(key, checkpoint.text)
        }
        return found
      }),
    messages: (runKeys) =>
      reading("messages", () => {
        const found = new Map<number, ReadonlyArray<MessageRow>>()
        for (const key of runKeys) {
          const rows = tables.messages.of(key)
          if (rows.length > 0) found.set(key, rows)
        }
        return found
      }),
    purge: (retention) => reading("purge", () => purgeMemory(tables, retention)),
    forgottenThrough: () => reading("forgottenThrough", () => readForgotten(tables.marks.get(forgottenMark)))
  }
}

const keptAfter = (tables: MemoryTables, afterRunKey: number, limit: number): ReadonlyArray<KeptRow> => {
  const { checkpoints, messages } = tables
  const { numbers } = messages
  const live = new Map(liveRows(tables).map((row) => [row.runKey, row]))
  return [...new Set([...checkpoints.keys(), ...numbers.keys()])]
    .filter((runKey) => runKey > afterRunKey)
    .sort((a, b) => a - b)
    .slice(0, limit)
    .map((runKey) => {
      const [first, last] = [numbers.get(runKey)?.[0], numbers.get(runKey)?.at(-1)]
      const waiting = first === undefined || last === undefined ? null : { first, last }
      const received = checkpoints.get(runKey)?.received ?? null
      return { runKey, jobId: live.get(runKey)?.jobId ?? null, live: live.has(runKey), received, waiting }
    })
}

const nextMessage = ({ messages, checkpoints }: MemoryTables): number => {
  let highest = 0
  for (const numbers of messages.numbers.values()) highest = Math.max(highest, numbers.at(-1) ?? 0)
  for (const { received } of checkpoints.values()) highest = Math.max(highest, received)
  return highest + 1
}

/** Numbers have no holes but those of rows that are gone, which are the oldest. */
const eventsAfter = ({ events, nextEvents }: MemoryTables, { after, limit, bytes }: EventsFilter) => {
  const [oldest = nextEvents] = events.keys()
  const found: Array<StoredEventsRow> = []
  for (let number = Math.max(after + 1, oldest); number < nextEvents && found.length < limit; number++) {
    const row = events.get(number)
    if (row !== undefined) found.push(row)
  }
  return withinBytes(found, ({ text }) => text.length, bytes)
}

const selectJobs = (tables: MemoryTables, selection: JobLookup): Effect.Effect<ReadonlyArray<JobRow>> => {
  if ("ids" in selection)
    return Effect.succeed(rowsOf(tables, new Set(selection.ids.flatMap((id) => tables.ids.get(id) ?? []))))
  if ("keys" in selection) return Effect.succeed(rowsOf(tables, new Set(selection.keys)))
  if ("ofStreams" in selection)
    return Effect.succeed(presentRows(tables).filter((row) => row.stream !== null && row.value !== "done"))
  return listJobs(tables, selection)
}

const presentRows = (tables: MemoryTables): ReadonlyArray<JobRow> => rowsOf(tables, tables.ids.values())

const liveRows = (tables: MemoryTables): Array<RunRow> =>
  [...tables.live].flatMap((key) => tables.runs.get(key)?.row ?? [])

const filterRuns = (tables: MemoryTables, given: RunFilter): ReadonlyArray<RunRow> => {
  const { runKeys, texts = true } = given
  const filter = runKeys === undefined ? given : { runKeys, texts }
  const { outcomes, live, from = -Infinity, to = Infinity, limit = Infinity } = filter
  const found: Array<MemoryRun> = []
  for (const run of runCandidates(tables, filter)) {
    if (run.fireAt < from || run.fireAt > to) continue
    if (live === true && run.finishedAt !== null) continue
    if (outcomes !== undefined && (run.outcome === null || !outcomes.includes(run.outcome))) continue
    found.push(run)
  }
  found.sort((a, b) => b.fireAt - a.fireAt || b.key - a.key)
  if (found.length > limit) found.length = limit
  return filter.texts === false
    ? found.map(({ row }) => ({ ...row, args: null, result: null, error: null }))
    : withinBytes(found, textLength, filter.bytes).map(({ row }) => row)
}

const textLength = ({ args, result, error }: MemoryRun): number =>
  (args?.length ?? 0) + (result?.length ?? 0) + (error?.length ?? 0)

const runCandidates = (tables: MemoryTables, filter: RunFilter): Iterable<MemoryRun> => {
  const { runKey, runKeys, jobId, live, from = -Infinity, to = Infinity } = filter
  if (runKeys !== undefined) return runKeys.flatMap((key) => tables.runs.get(key) ?? [])
  if (runKey !== undefined) {
    const run = tables.runs.get(runKey)
    return run === undefined || (jobId !== undefined && run.job.row.id !== jobId) ? [] : [run]
  }
  if (jobId !== undefined) return tables.jobsOf(jobId).flatMap((job) => [...(job.runs?.between(from, to) ?? [])])
  if (live === true) return [...tables.live].flatMap((key) => tables.runs.get(key) ?? [])
  // A stretch of time: each job knows its own part of it, so unless jobs are as many as runs, few are looked at in vain.
  const bounded = (from !== -Infinity || to !== Infinity) && tables.jobs.size * 8 < tables.runs.size
  return bounded
    ? [...tables.jobs.values()].flatMap((job) => [...(job.runs?.between(from, to) ?? [])])
    : tables.runs.values()
}

const filterLedger = (tables: MemoryTables, filter: LedgerFilter) => {
  const { jobId, kinds, from = -Infinity, to = Infinity, limit = Infinity } = filter
  const found: Array<MemoryLedger> = []
  for (const entry of ledgerCandidates(tables, jobId)) {
    const { row } = entry
    if (touches(row.fromAt, row.throughAt, from, to) && (kinds === undefined || kinds.includes(row.kind)))
      found.push(entry)
  }
  found.sort((a, b) => b.row.throughAt - a.row.throughAt || b.recorded.key - a.recorded.key)
  return found.slice(0, limit).map(({ row }) => row)
}

const ledgerCandidates = (tables: MemoryTables, jobId: string | undefined): Iterable<MemoryLedger> =>
  jobId === undefined
    ? tables.ledger.values()
    : tables.jobsOf(jobId).flatMap((job) => [...(job.ledger ?? [])].flatMap((key) => tables.ledger.get(key) ?? []))

const touches = (fromAt: EpochMillis, throughAt: EpochMillis, from: EpochMillis, to: EpochMillis): boolean =>
  fromAt <= to && throughAt >= from
