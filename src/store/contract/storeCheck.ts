/** What a check of the store contract is made of: rows with defaults, an owner that numbers its commits, and a comparison. */
import { Effect, type Scope } from "effect"
import { ContractViolation, sameData } from "../../contract/contractViolation.ts"
import type {
  ClaimRow,
  JobDefinitionRow,
  JobRow,
  JobStateRow,
  JobStore,
  LedgerRow,
  OpenStore,
  RunRow,
  SettleRow,
  StoreBatch
} from "../jobStore.ts"
import type { StoreError } from "../storeError.ts"

/** One promise of the contract. `body` gets a store that nobody has opened yet. */
export interface StoreCheck {
  readonly name: string
  readonly body: (store: JobStore) => Effect.Effect<void, StoreError | ContractViolation, Scope.Scope>
}

export const check = (name: string, body: StoreCheck["body"]): StoreCheck => ({ name, body })

/** Fails unless both are the same data; the order of an object's fields does not matter. */
export const same = (promise: string, found: unknown, expected: unknown): Effect.Effect<void, ContractViolation> =>
  sameData(found, expected) ? Effect.void : Effect.fail(new ContractViolation({ promise, expected, found }))

/** Fails unless `effect` fails with the error of that tag. */
export const refused = <A, R>(
  promise: string,
  tag: StoreError["_tag"],
  effect: Effect.Effect<A, StoreError, R>
): Effect.Effect<void, ContractViolation, R> =>
  Effect.matchEffect(effect, {
    onSuccess: (found) => Effect.fail(new ContractViolation({ promise, expected: tag, found })),
    onFailure: (error) => same(promise, error._tag, tag)
  })

/** An open store whose commits are numbered for it. */
export interface Owner {
  readonly store: OpenStore
  readonly commit: (batch: Partial<StoreBatch>) => Effect.Effect<boolean, StoreError>
}

export const owned = (store: JobStore, startedAt = 1000): Effect.Effect<Owner, StoreError, Scope.Scope> =>
  Effect.map(store.open({ pid: 4711, host: "contract", startedAt }), (open) => {
    let sequence = 0
    return { store: open, commit: (batch) => Effect.suspend(() => open.commit(++sequence, batchOf(batch))) }
  })

export const batchOf = (batch: Partial<StoreBatch>): StoreBatch => ({
  removed: [],
  added: [],
  redefined: [],
  states: [],
  claims: [],
  settled: [],
  ledger: [],
  ...batch
})

export const job = (
  key: number,
  fields: Partial<JobDefinitionRow & JobStateRow> = {}
): JobDefinitionRow & JobStateRow => ({
  key,
  id: `job-${key}`,
  task: "report",
  executor: "default",
  trigger: '{"type":"interval","everyMs":60000}',
  stream: null,
  args: "{}",
  rules: "{}",
  notes: "{}",
  addedAt: 1000,
  value: "scheduled",
  wakeAt: 2000,
  fault: false,
  memory: "{}",
  ...fields
})

/** The row that a job added as `added` is read as. */
export const asStored = (added: JobDefinitionRow & JobStateRow, fields: Partial<JobRow> = {}): JobRow => ({
  ...added,
  removedAt: null,
  ...fields
})

export const state = (key: number, fields: Partial<JobStateRow> = {}): JobStateRow => ({
  key,
  executor: "default",
  value: "scheduled",
  wakeAt: 3000,
  fault: false,
  memory: "{}",
  ...fields
})

export const claim = (runKey: number, jobKey: number, fields: Partial<ClaimRow> = {}): ClaimRow => ({
  runKey,
  jobKey,
  fireAt: 2000,
  request: 0,
  claimedAt: 2005,
  args: null,
  ...fields
})

export const settle = (runKey: number, fields: Partial<SettleRow> = {}): SettleRow => ({
  runKey,
  attempt: 1,
  startedAt: 2006,
  finishedAt: 2010,
  outcome: "succeeded",
  result: null,
  error: null,
  ...fields
})

/** A settle of an attempt that another follows. */
export const unfinished = { finishedAt: null, outcome: null } as const

/** The row that a run claimed as `claimed` is read as before anything came of it. */
export const asClaimed = (claimed: ClaimRow, fields: Partial<RunRow> = {}): RunRow => ({
  ...claimed,
  jobId: `job-${claimed.jobKey}`,
  epoch: 1,
  attempt: 1,
  startedAt: null,
  finishedAt: null,
  outcome: null,
  result: null,
  error: null,
  ...fields
})

export const entry = (jobKey: number, fields: Partial<LedgerRow> = {}): LedgerRow => ({
  jobKey,
  kind: "misfired",
  fromAt: 2000,
  throughAt: 2000,
  count: 1,
  reason: "late",
  runKey: null,
  at: 2005,
  ...fields
})

export const keysOf = (rows: ReadonlyArray<{ readonly key: number }>): ReadonlyArray<number> =>
  rows.map(({ key }) => key)
export const runKeysOf = (rows: ReadonlyArray<{ readonly runKey: number }>): ReadonlyArray<number> =>
  rows.map(({ runKey }) => runKey)
export const idsOf = (rows: ReadonlyArray<{ readonly id: string }>): ReadonlyArray<string> => rows.map(({ id }) => id)

export const byKey = (rows: ReadonlyArray<JobRow>): ReadonlyArray<JobRow> => rows.toSorted((a, b) => a.key - b.key)
