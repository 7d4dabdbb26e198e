/** A batch as SQL: many rows a statement, bound parameters only, in the order the contract gives. */
import { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EpochMillis } from "../time/instant.ts"
import type { ClaimRow, JobDefinitionRow, JobStateRow, LedgerRow, SettleRow, StoreBatch } from "./jobStore.ts"
import { inChunks, placeholders, sized } from "./sqliteChunks.ts"
import type { SqliteConnection } from "./sqliteConnection.ts"
import { sqliteCode } from "./sqliteErrors.ts"
import { kindCodes, outcomeCodes, stateCodes } from "./sqliteRows.ts"
import { type Executors, type SqliteSession, withExecutors } from "./sqliteSession.ts"
import { StoreConflict, StoreFenced } from "./storeError.ts"

type CommitError = SqlError | StoreFenced | StoreConflict

/** Applies `batch`, decided at `at`, as number `sequence` of this epoch; false when that number is on disk already. */
export const commitBatch = (
  session: SqliteSession,
  sequence: number,
  batch: StoreBatch,
  at: EpochMillis
): Effect.Effect<boolean, CommitError> => {
  const { connection } = session
  const attempt = (rows: StoreBatch) =>
    connection
      .transaction(
        Effect.flatMap(advance(session, sequence), (isNew) =>
          isNew ? writeBatch(session, rows, at) : Effect.succeed(undefined)
        )
      )
      .pipe(
        Effect.map((executors) => {
          if (executors !== undefined) session.executors = executors
          return executors !== undefined
        })
      )
  return Effect.catchIf(attempt(batch), namesUnknownJob, () =>
    Effect.flatMap(withKnownJobs(connection, batch), attempt)
  )
}

/** The number of the newest commit of this epoch on disk. */
export const readSequence = ({
  connection,
  store,
  epoch
}: SqliteSession): Effect.Effect<number, SqlError | StoreFenced> =>
  Effect.flatMap(
    connection.rows<{ epoch: number; sequence: number }>("SELECT epoch, sequence FROM owner"),
    ([found]): Effect.Effect<number, StoreFenced> =>
      found?.epoch === epoch ? Effect.succeed(found.sequence) : Effect.fail(new StoreFenced({ store, epoch }))
  )

/** The fence and the idempotency key in one statement: it changes a row only for the right owner and the next number. */
const advance = (session: SqliteSession, sequence: number): Effect.Effect<boolean, CommitError> => {
  const { connection, store, epoch } = session
  return Effect.flatMap(
    connection.run("UPDATE owner SET sequence = ? WHERE epoch = ? AND sequence = ?", [sequence, epoch, sequence - 1]),
    (changed): Effect.Effect<boolean, CommitError> =>
      changed === 1
        ? Effect.succeed(true)
        : Effect.flatMap(readSequence(session), (found): Effect.Effect<boolean, CommitError> =>
            sequence <= found
              ? Effect.succeed(false)
              : Effect.fail(new StoreConflict({ store, cause: `commit ${sequence} follows ${found}` }))
          )
  )
}

/** Writes the rows; the executors' numbers after it. */
const writeBatch = (session: SqliteSession, batch: StoreBatch, at: EpochMillis): Effect.Effect<Executors, SqlError> =>
  Effect.gen(function* () {
    const { connection, epoch } = session
    const executors = yield* withExecutors(session, executorsNamed(batch))
    const { numbers } = executors
    let jobs = batch.added.length
    let finished = 0
    if (batch.removed.length > 0) {
      jobs -= yield* write(connection, removeJobs, batch.removed, ({ key, removedAt }) => [key, removedAt])
      yield* write(connection, clearWakes, batch.removed, ({ key }) => [key])
    }
    if (batch.added.length > 0) {
      yield* write(connection, insertJobs, batch.added, definitionParams)
      yield* write(connection, upsertStates, batch.added, (row) => stateParams(row, at, numbers))
    }
    if (batch.redefined.length > 0) {
      const redefined = lastOfEach(batch.redefined, ({ key }) => key)
      yield* write(connection, updateJobs, redefined, definitionParams)
      yield* write(connection, updateExecutors, redefined, ({ key, executor }) => [key, numbers.get(executor)])
    }
    if (batch.states.length > 0) {
      yield* write(connection, upsertStates, batch.states, (row) => stateParams(row, at, numbers))
    }
    if (batch.claims.length > 0) {
      yield* write(connection, insertRuns, batch.claims, (row) => claimParams(row, epoch))
    }
    if (batch.settled.length > 0) {
      const { waiting, ended } = settlesApart(batch.settled)
      yield* write(connection, settleRuns, waiting, settleParams)
      finished = yield* write(connection, settleRuns, ended, settleParams)
    }
    if (batch.ledger.length > 0) {
      yield* write(connection, insertLedger, batch.ledger, ledgerParams)
    }
    if (jobs !== 0 || finished !== 0) {
      yield* connection.run("UPDATE owner SET job_count = job_count + ?, finished_runs = finished_runs + ?", [
        jobs,
        finished
      ])
    }
    return executors
  })

function* executorsNamed(batch: StoreBatch): Iterable<string> {
  for (const rows of [batch.added, batch.redefined, batch.states]) {
    for (const { executor } of rows) yield executor
  }
}

/** Writes `rows` in chunks; the number of rows changed. */
const write = <Row>(
  connection: SqliteConnection,
  statement: (rows: number) => string,
  rows: ReadonlyArray<Row>,
  paramsOf: (row: Row) => ReadonlyArray<unknown>
): Effect.Effect<number, SqlError> =>
  Effect.reduce(inChunks(rows), 0, (changed, chunk) => {
    const params: Array<unknown> = []
    for (const row of chunk) params.push(...paramsOf(row))
    return Effect.map(connection.run(statement(chunk.length), params), (more) => changed + more)
  })

const removeJobs = sized(
  (rows) => `WITH v(k, a) AS (VALUES ${placeholders(rows, 2)})
    UPDATE jobs SET removed_at = a FROM v WHERE key = k AND removed_at IS NULL`
)

const clearWakes = sized((rows) => `UPDATE job_state SET wake_at = NULL WHERE key IN (VALUES ${placeholders(rows, 1)})`)

const insertJobs = sized(
  (rows) => `INSERT INTO jobs(key, id, task, trigger, stream, args, rules, notes, added_at)
    VALUES ${placeholders(rows, 9)}`
)

const updateJobs = sized(
  (rows) => `WITH v(k, i, a, c, d, e, f, g, h) AS (VALUES ${placeholders(rows, 9)})
    UPDATE jobs SET task = a, trigger = c, stream = d, args = e, rules = f, notes = g, added_at = h
    FROM v WHERE key = k`
)

const definitionParams = (row: JobDefinitionRow & { readonly key: number }): ReadonlyArray<unknown> => [
  row.key,
  row.id,
  row.task,
  row.trigger,
  row.stream,
  row.args,
  row.rules,
  row.notes,
  row.addedAt
]

const updateExecutors = sized(
  (rows) => `WITH v(k, a) AS (VALUES ${placeholders(rows, 2)})
    UPDATE job_state SET executor = a FROM v WHERE key = k AND executor <> a`
)

/** An upsert rather than UPDATE … FROM: measured a third faster, and of a key that comes twice the last row wins. */
const upsertStates = sized(
  (
    rows
  ) => `INSERT INTO job_state(key, value, wake_at, fault, done_at, executor, memory) VALUES ${placeholders(rows, 7)}
    ON CONFLICT(key) DO UPDATE SET value = excluded.value, wake_at = excluded.wake_at, fault = excluded.fault,
    done_at = excluded.done_at, executor = excluded.executor, memory = excluded.memory`
)

const stateParams = (row: JobStateRow, at: EpochMillis, executors: Executors["numbers"]): ReadonlyArray<unknown> => [
  row.key,
  stateCodes[row.value],
  row.wakeAt,
  row.fault ? 1 : 0,
  row.value === "done" ? at : null,
  executors.get(row.executor),
  row.memory
]

const insertRuns = sized(
  (rows) =>
    `INSERT INTO runs(run_key, job_key, fire_at, request, claimed_at, epoch, args) VALUES ${placeholders(rows, 7)}`
)

const claimParams = (row: ClaimRow, epoch: number): ReadonlyArray<unknown> => [
  row.runKey,
  row.jobKey,
  row.fireAt,
  row.request,
  row.claimedAt,
  epoch,
  row.args
]

const settleRuns = sized(
  (rows) => `WITH v(k, a, b, c, d, e, f) AS (VALUES ${placeholders(rows, 7)})
    UPDATE runs SET attempt = a, started_at = b, finished_at = c, outcome = d, result = e, error = f
    FROM v WHERE run_key = k AND finished_at IS NULL`
)

const settleParams = (row: SettleRow): ReadonlyArray<unknown> => [
  row.runKey,
  row.attempt,
  row.startedAt,
  row.finishedAt,
  row.outcome === null ? null : outcomeCodes[row.outcome],
  row.result,
  row.error
]

const insertLedger = sized(
  (rows) => `INSERT INTO ledger(job_key, kind, from_at, through_at, count, reason, run_key, at)
    VALUES ${placeholders(rows, 8)}`
)

const ledgerParams = (row: LedgerRow): ReadonlyArray<unknown> => [
  row.jobKey,
  kindCodes[row.kind],
  row.fromAt,
  row.throughAt,
  row.count,
  row.reason,
  row.runKey,
  row.at
]

/** Runs that go on, the last row of each, and runs that end, the first row of each: UPDATE … FROM takes any of several. */
const settlesApart = (settled: ReadonlyArray<SettleRow>) => {
  const waiting = settled.filter(({ finishedAt }) => finishedAt === null)
  const ended = waiting.length === 0 ? settled : settled.filter(({ finishedAt }) => finishedAt !== null)
  return {
    waiting: lastOfEach(waiting, ({ runKey }) => runKey),
    ended: lastOfEach(ended.toReversed(), ({ runKey }) => runKey).toReversed()
  }
}

const lastOfEach = <Row>(rows: ReadonlyArray<Row>, keyOf: (row: Row) => number): ReadonlyArray<Row> => {
  const last = new Map(rows.map((row) => [keyOf(row), row]))
  return last.size === rows.length ? rows : [...last.values()]
}

const namesUnknownJob = (error: CommitError): error is SqlError =>
  error instanceof SqlError && sqliteCode(error.cause) === "SQLITE_CONSTRAINT_FOREIGNKEY"

/** The batch without states and ledger entries of jobs that are gone. Rare, so only a batch that failed for one pays for it. */
const withKnownJobs = (connection: SqliteConnection, batch: StoreBatch): Effect.Effect<StoreBatch, SqlError> => {
  const named = [...new Set([...batch.states.map(({ key }) => key), ...batch.ledger.map(({ jobKey }) => jobKey)])]
  return Effect.forEach(inChunks(named), (keys) => connection.rows<{ key: number }>(findJobs(keys.length), keys)).pipe(
    Effect.map((found) => {
      const known = new Set([...found.flat(), ...batch.added].map(({ key }) => key))
      return {
        ...batch,
        states: batch.states.filter(({ key }) => known.has(key)),
        ledger: batch.ledger.filter(({ jobKey }) => known.has(jobKey))
      }
    })
  )
}

const findJobs = sized((rows) => `SELECT key FROM jobs WHERE key IN (VALUES ${placeholders(rows, 1)})`)
