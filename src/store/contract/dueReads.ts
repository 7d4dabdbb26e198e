/** What checks ask of `due`, part by part. */
import { Effect } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import type { DueQuery, JobRow, OpenStore } from "../jobStore.ts"
import type { StoreError } from "../storeError.ts"

export const dueQuery = (query: Partial<DueQuery>): DueQuery => ({
  now: 0,
  executors: [],
  exceptTasks: [],
  exceptKeys: [],
  ...query
})

/** Due jobs of one executor. */
export const dueRows = (
  open: OpenStore,
  name: string,
  now: EpochMillis,
  limit: number
): Effect.Effect<ReadonlyArray<JobRow>, StoreError> =>
  Effect.map(
    open.due(dueQuery({ now, executors: [{ name, limit }] })),
    ({ byExecutor }) => byExecutor.get(name)?.rows ?? []
  )

/** When the first job of an executor wakes up, before any is due. */
export const nextWakeAt = (open: OpenStore, name: string): Effect.Effect<EpochMillis | null, StoreError> =>
  Effect.map(
    open.due(dueQuery({ now: Number.MIN_SAFE_INTEGER, executors: [{ name, limit: 1 }] })),
    ({ byExecutor }) => byExecutor.get(name)?.nextWakeAt ?? null
  )

/** All executors that jobs with a wake-up wait for, in code-point order. */
export const wakingExecutors = (open: OpenStore): Effect.Effect<ReadonlyArray<string>, StoreError> =>
  Effect.map(open.due(dueQuery({})), ({ others }) => [...others].sort())
