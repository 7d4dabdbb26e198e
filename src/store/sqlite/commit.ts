/** A batch as SQL: many rows a statement, bound parameters only, in the order the contract gives. */
import { SqlError } from "@effect/sql/SqlError"
import { Effect } from "effect"
import type { EpochMillis } from "../../time/instant.ts"
import type { JobStateRow, SettleRow, StoreBatch } from "../jobStore.ts"
import { writeCheckpoints } from "./checkpoints.ts"
import { inChunks, placeholders, sized } from "./chunks.ts"
import type { SqliteConnection } from "./connection.ts"
import { wholeNumber } from "./columns.ts"
import { sqliteCode } from "./errors.ts"
import { writeEvents } from "./events.ts"
import { commitsGone } from "./hold.ts"
import { writeMessages } from "./messages.ts"
import { type Executors, type SqliteSession, withExecutors } from "./session.ts"
import {
  claimParams,
  clearWakes,
  definitionParams,
  insertJobs,
  insertLedger,
  insertRuns,
  ledgerParams,
  removeJobs,
  settleParams,
  settleRuns,
  stateParams,
  updateExecutors,
  updateJobs,
  updateStates,
  upsertStates
} from "./statements.ts"
import { StoreConflict, StoreFenced, StoreUnreadable } from "../storeError.ts"

type CommitError = SqlError | StoreFenced | StoreConflict | StoreUnreadable

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
        Effect.flatMap(advance(session, sequence, rows), (isNew) =>
          isNew ? writeBatch(session, rows, at) : Effect.succeed(undefined)
        )
      )
      .pipe(
        Effect.map((executors) => {
          if (executors !== undefined) session.executors = executors
          return executors !== undefined
        })
      )
  return Effect.catchIf(attempt(batch), namesUnknownJob, () => {
    // Not all of the batch is written then.
    session.running = null
    return Effect.flatMap(withKnownJobs(connection, batch), attempt)
  })
}

/** The number of the newest commit of this epoch on disk. */
export const readSequence = ({
  connection,
  store,
  epoch
}: SqliteSession): Effect.Effect<number, SqlError | StoreFenced | StoreUnreadable> =>
  Effect.gen(function* () {
    const [found] = yield* connection.rows<{ epoch: unknown; sequence: unknown }>("SELECT epoch, sequence FROM owner")
    const current = yield* wholeNumber(store, "the owner row's epoch", found?.epoch)
    if (current > epoch) return yield* new StoreFenced({ store, epoch })
    // Epochs only grow: this one's was there, and is gone.
    if (current < epoch) return yield* new StoreUnreadable({ store, cause: commitsGone })
    return yield* wholeNumber(store, "the owner row's sequence", found?.sequence)
  })

/**
 * The fence, the idempotency key and the highest keys given in one statement: it changes a row only for the right owner and the next
 * number.
 */
const advance = (
  session: SqliteSession,
  sequence: number,
  { added, claims, events }: StoreBatch
): Effect.Effect<boolean, CommitError> => {
  const { connection, store, epoch } = session
  return Effect.flatMap(
    connection.run(
      `UPDATE owner SET sequence = ?, job_key = max(job_key, ?), run_key = max(run_key, ?), events = max(events, ?)
      WHERE epoch = ? AND sequence = ?`,
      [
        ...[sequence, highest(added, ({ key }) => key), highest(claims, ({ runKey }) => runKey), events?.number ?? 0],
        ...[epoch, sequence - 1]
      ]
    ),
    (changed): Effect.Effect<boolean, CommitError> => {
      if (changed === 1) return Effect.succeed(true)
      if (changed > 1) return Effect.fail(new StoreUnreadable({ store, cause: `it has ${changed} owner rows` }))
      return Effect.flatMap(readSequence(session), (found): Effect.Effect<boolean, CommitError> =>
        sequence <= found
          ? Effect.succeed(false)
          : Effect.fail(new StoreConflict({ store, cause: `commit ${sequence} follows ${found}` }))
      )
    }
  )
}

const highest = <Row>(rows: ReadonlyArray<Row>, keyOf: (row: Row) => number): number => {
  let found = 0
  for (const row of rows) found = Math.max(found, keyOf(row))
  return found
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
      jobs -= yield* write(connection, removeJobs, batch.removed, (params, { key, removedAt }) =>
        params.push(key, removedAt)
      )
      yield* write(connection, clearWakes, batch.removed, (params, { key }) => params.push(key))
    }
    if (batch.added.length > 0) {
      yield* write(connection, insertJobs, batch.added, definitionParams)
      yield* write(connection, upsertStates, batch.added, (params, row) => stateParams(params, row, at, numbers))
      jobs -= yield* removeAdded(connection, batch)
    }
    if (batch.redefined.length > 0) {
      const redefined = lastOfEach(batch.redefined, ({ key }) => key)
      yield* write(connection, updateJobs, redefined, definitionParams)
      yield* write(connection, updateExecutors, redefined, (params, { key, executor }) =>
        params.push(key, numbers.get(executor))
      )
    }
    if (batch.states.length > 0) {
      yield* writeStates(connection, batch.states, (params, row) => stateParams(params, row, at, numbers))
    }
    if (batch.claims.length > 0) {
      yield* write(connection, insertRuns, batch.claims, (params, row) => claimParams(params, row, epoch))
    }
    const { checkpoints = [], messages = [] } = batch
    if (messages.length > 0 || session.messaged.size > 0) yield* writeMessages(connection, session.messaged, batch)
    if (checkpoints.length > 0 || session.checkpointed.size > 0)
      yield* writeCheckpoints(connection, session.checkpointed, checkpoints, batch.settled)
    if (batch.settled.length > 0) {
      const { waiting, ended } = settlesApart(batch.settled)
      yield* write(connection, settleRuns, waiting, settleParams)
      finished = yield* write(connection, settleRuns, ended, settleParams)
    }
    if (batch.ledger.length > 0) {
      yield* write(connection, insertLedger, batch.ledger, ledgerParams)
    }
    for (const { name, value } of batch.marks ?? []) {
      yield* value === null
        ? connection.run("DELETE FROM marks WHERE name = ?", [name])
        : connection.run("INSERT OR REPLACE INTO marks(name, value) VALUES (?, ?)", [name, value])
    }
    if (batch.events !== undefined) yield* writeEvents(connection, batch.events, at)
    if (jobs !== 0 || finished !== 0) {
      yield* connection.run("UPDATE owner SET job_count = job_count + ?, finished_runs = finished_runs + ?", [
        jobs,
        finished
      ])
    }
    return executors
  })

/** Jobs that were added and removed before either was written. */
const removeAdded = (connection: SqliteConnection, { added, removed }: StoreBatch): Effect.Effect<number, SqlError> => {
  if (removed.length === 0) return Effect.succeed(0)
  const keys = new Set(added.map(({ key }) => key))
  const both = removed.filter(({ key }) => keys.has(key))
  return Effect.zipRight(
    write(connection, clearWakes, both, (params, { key }) => params.push(key)),
    write(connection, removeJobs, both, (params, { key, removedAt }) => params.push(key, removedAt))
  )
}

function* executorsNamed(batch: StoreBatch): Iterable<string> {
  for (const rows of [batch.added, batch.redefined, batch.states]) {
    for (const { executor } of rows) yield executor
  }
}

/** Adds the parameters of a row to those of the rows before it: a list for each row would be thrown away at once. */
type AddParams<Row> = (params: Array<unknown>, row: Row) => void

/** All parameters of a chunk. */
const inOneList = <Row>(rows: ReadonlyArray<Row>, add: AddParams<Row>): ReadonlyArray<unknown> => {
  const params: Array<unknown> = []
  for (const row of rows) add(params, row)
  return params
}

/** Writes `rows` in chunks; the number of rows changed. */
const write = <Row>(
  connection: SqliteConnection,
  statement: (rows: number) => string,
  rows: ReadonlyArray<Row>,
  add: AddParams<Row>
): Effect.Effect<number, SqlError> =>
  Effect.reduce(inChunks(rows), 0, (changed, chunk) => {
    return Effect.map(connection.run(statement(chunk.length), inOneList(chunk, add)), (more) => changed + more)
  })

/**
 * A settled run leaves its job scheduled with the wake-up it had: such rows are first tried without touching an index, which
 * halves their cost. Where that leaves a row out, its wake-up did move, and the chunk is written whole.
 */
const writeStates = (
  connection: SqliteConnection,
  states: ReadonlyArray<JobStateRow>,
  add: AddParams<JobStateRow>
): Effect.Effect<void, SqlError> => {
  const latest = lastOfEach(states, ({ key }) => key)
  const moved = latest.filter(({ value }) => value !== "scheduled")
  const scheduled = moved.length === 0 ? latest : latest.filter(({ value }) => value === "scheduled")
  return Effect.zipRight(
    write(connection, upsertStates, moved, add),
    Effect.forEach(
      inChunks(scheduled),
      (chunk) => {
        const params = inOneList(chunk, add)
        return Effect.flatMap(
          connection.run(updateStates(chunk.length), params),
          (changed): Effect.Effect<unknown, SqlError> =>
            changed === chunk.length ? Effect.void : connection.run(upsertStates(chunk.length), params)
        )
      },
      { discard: true }
    )
  )
}

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
  if (new Set(rows.map(keyOf)).size === rows.length) return rows
  return [...new Map(rows.map((row) => [keyOf(row), row])).values()]
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
