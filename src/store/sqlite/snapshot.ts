/**
 * One moment of an SQLite file, to be read at leisure: no lock is taken and no owner claimed, so a scheduler may be at work on it, and
 * nothing is migrated or repaired. The file keeps every byte, and so does its write-ahead log. Even to read such a file SQLite writes
 * beside it, so where nothing may be written a copy is read. A few lines long of 300, so that all that is asked of the moment stands together.
 */
import { accessSync, constants, realpathSync, statSync } from "node:fs"
import { copyFile, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, type Scope } from "effect"
import type { JobRow, KeptRow, LedgerRow, RunRow } from "../jobStore.ts"
import { readCheckpoints } from "./checkpoints.ts"
import { readKept } from "./kept.ts"
import { schemaVersion } from "./migrations/migrations.ts"
import { connect, type SqliteConnection } from "./connection.ts"
import { refuseCutOff } from "./cutOff.ts"
import { translated } from "./errors.ts"
import { refuseOddCompanions, remedyOf } from "./fileKinds.ts"
import { isDanglingLink, isTooLongToRead, tooLong } from "./filePlace.ts"
import { retryWhileBusy } from "./retryWhileBusy.ts"
import { limited } from "./reads.ts"
import { pragma, refuse, removeEmptyLog } from "./open.ts"
import {
  bareRunColumns,
  jobColumns,
  jobRow,
  ledgerColumns,
  ledgerRows,
  runRow,
  type StoredJob,
  type StoredLedger,
  type StoredRun
} from "./rows.ts"
import { purgedMark } from "../retentionMarks.ts"
import { endOf, endOfKeys } from "./mending.ts"
import { readMarks } from "./session.ts"
import { yieldToEventLoop } from "./slices.ts"
import { type StoreError, StoreUnavailable, StoreUnreadable } from "../storeError.ts"

export interface SqliteSnapshot {
  /** The newest owner's, which may be at work or gone. */
  readonly epoch: number
  readonly past: Effect.Effect<SnapshotPast, StoreError>
  /** What owners have left, by name. */
  readonly marks: Effect.Effect<ReadonlyMap<string, string>, StoreError>
  /** By key, removed ones included; those with a key that no scheduler gives are in `damage` alone. A turn for others comes first. */
  jobs(afterKey: number, limit: number): Effect.Effect<ReadonlyArray<JobRow>, StoreError>
  /** Newest fire time first, without arguments, results and errors. */
  runsOf(jobKey: number, limit: number): Effect.Effect<ReadonlyArray<RunRow>, StoreError>
  /** Newest first. */
  ledgerOf(jobKey: number, limit: number): Effect.Effect<ReadonlyArray<LedgerRow>, StoreError>
  /** Those of these runs that have a checkpoint. */
  saved(runKeys: ReadonlyArray<number>): Effect.Effect<ReadonlySet<number>, StoreError>
  /** As of an open store. */
  kept(afterRunKey: number, limit: number): Effect.Effect<ReadonlyArray<KeptRow>, StoreError>
  /** What SQLite's `quick_check`, the references between rows and the file's own counts say is wrong, one sentence each. Reads all of the file. */
  damage(): Effect.Effect<ReadonlyArray<string>, StoreError>
}

interface SnapshotPast {
  /** True once the newest owner has claimed a run, which it does only when it has settled what an earlier one left. */
  readonly recovered: boolean
  /** Whether runs or ledger entries have been deleted from the file's oldest end. */
  readonly purged: boolean
}

/** Until the scope closes. Fails with `StoreUnreadable`, `StoreTooNew` or `StoreUnavailable`. */
export const openSnapshot = (filename: string): Effect.Effect<SqliteSnapshot, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = yield* realFile(filename)
    yield* refuseOddCompanions(path, filename)
    yield* refuseCutOff(path, filename)
    const connection = yield* mayBeWritten(path) ? retryWhileBusy(begun(path)) : begunInPlaceOrCopied(path, filename)
    yield* refuse(connection, filename)
    const version = yield* pragma(connection, "user_version")
    if (version < schemaVersion) return yield* Effect.fail(new StoreUnreadable({ store: filename, ...older(version) }))
    return yield* snapshotOf(connection, filename)
  }).pipe(translated(filename, "open"))

const older = (version: number) =>
  version === 0
    ? { cause: "no scheduler has used it yet", remedy: "check the name, or start a scheduler on it" }
    : {
        cause: `it has schema version ${version}, and ${schemaVersion} is checked`,
        remedy: "start a scheduler on it, which brings it up to date"
      }

/**
 * The file's path with symbolic links followed, as SQLite does: its log lies there. The driver says "unable to open database file" of
 * all that fails here.
 */
const realFile = (filename: string): Effect.Effect<string, StoreUnreadable> =>
  Effect.suspend(() => {
    const refused = (cause: unknown, remedy = "check the name") =>
      Effect.fail(new StoreUnreadable({ store: filename, cause, remedy }))
    try {
      const found = statSync(filename, { throwIfNoEntry: false })
      if (found === undefined)
        return refused(isDanglingLink(filename) ? "it is a link that leads nowhere" : "there is no such file")
      if (!found.isFile()) return refused("it is not a file")
      const path = realpathSync(filename)
      return isTooLongToRead(path) ? refused(tooLong.cause, tooLong.remedy) : Effect.succeed(path)
    } catch (error) {
      // A name that is too long, links in a circle, a directory that may not be searched.
      return refused(error, remedyOf(error))
    }
  })

/** The first read fixes what all others see. A reader makes a log where there was none; a clean file is left without. */
const begun = (path: string): Effect.Effect<SqliteConnection, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const logged = statSync(`${path}-wal`, { throwIfNoEntry: false }) !== undefined
    if (!logged) yield* Effect.addFinalizer(() => Effect.ignore(removeEmptyLog(path)))
    const connection = yield* connect({ filename: path, readonly: true })
    yield* connection.run("BEGIN")
    yield* connection.rows("SELECT 1 FROM sqlite_schema LIMIT 1")
    return connection
  })

/** SQLite needs both: the file, to empty its log when done, and the directory, for a log and its index. */
const mayBeWritten = (path: string): boolean => {
  try {
    for (const place of [path, dirname(path)]) accessSync(place, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Without a log the file alone is the whole store, and a copy of it is read. A log can be followed in place only while its index lies
 * there, as it does where a scheduler is at work.
 */
const begunInPlaceOrCopied = (path: string, store: string): Effect.Effect<SqliteConnection, StoreError, Scope.Scope> =>
  Effect.suspend(() => {
    const log = `${path}-wal`
    if (!isFilled(log)) return Effect.flatMap(copied(path, store), (copy) => translated(store, "open")(begun(copy)))
    return translated(
      store,
      "open"
    )(retryWhileBusy(begun(path))).pipe(
      Effect.catchTag("StoreUnavailable", () =>
        Effect.fail(
          new StoreUnreadable({
            store,
            cause: `nothing may be written beside it, and without that its log ${log} cannot be read`,
            remedy: "check it as a user who may, or copy both to where you may, while no scheduler has them open"
          })
        )
      )
    )
  })

const isFilled = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0

/** A copy of a file that nobody is at work on, gone with the scope. */
const copied = (path: string, store: string): Effect.Effect<string, StoreUnavailable, Scope.Scope> => {
  const tried = <A>(work: () => Promise<A>) =>
    Effect.tryPromise({
      try: work,
      catch: (cause) => new StoreUnavailable({ store, operation: "copy to a temporary directory", cause })
    })
  return Effect.gen(function* () {
    const directory = yield* Effect.acquireRelease(
      tried(() => mkdtemp(join(tmpdir(), "carillon-verify-"))),
      (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
    )
    const copy = join(directory, "copy.db")
    yield* tried(async () => {
      const before = statSync(path).mtimeMs
      await copyFile(path, copy, constants.COPYFILE_FICLONE)
      if (isFilled(`${path}-wal`) || statSync(path).mtimeMs !== before)
        throw new Error("it was written to meanwhile; ask again")
    })
    return copy
  })
}

const snapshotOf = (connection: SqliteConnection, store: string) =>
  Effect.gen(function* () {
    const [owner] = yield* connection.rows<{ readonly epoch: unknown }>("SELECT epoch FROM owner")
    if (owner === undefined) return yield* Effect.fail(new StoreUnreadable({ store, cause: "its owner row is gone" }))
    // One that is no number is damage, and told as that.
    const epoch = typeof owner.epoch === "number" ? owner.epoch : 0
    const told = <A>(operation: string, read: Effect.Effect<A, SqlError>) => translated(store, operation)(read)
    const snapshot: SqliteSnapshot = {
      epoch,
      past: told(
        "past",
        Effect.map(connection.rows<PastOfFile>(pastOfFile), ([row]) => ({
          recovered: row?.epoch === epoch,
          purged: row?.purged === 1
        }))
      ),
      marks: told("marks", readMarks(connection)),
      jobs: (afterKey, limit) =>
        Effect.zipRight(
          yieldToEventLoop,
          told(
            "jobs",
            Effect.map(connection.values<StoredJob>(jobsAfter, [afterKey, limit]), (rows) =>
              rows.map((stored) => jobRow(stored))
            )
          )
        ),
      runsOf: (jobKey, limit) =>
        told(
          "runs",
          Effect.map(connection.values<StoredRun>(runsOfJob, [jobKey, limit]), (rows) => rows.map(runRow))
        ),
      ledgerOf: (jobKey, limit) =>
        told("ledger", Effect.map(connection.values<StoredLedger>(ledgerOfJob, [jobKey, limit]), ledgerRows)),
      saved: (runKeys) =>
        told(
          "checkpoints",
          Effect.map(readCheckpoints(connection, runKeys), (found) => new Set(found.keys()))
        ),
      kept: (afterRunKey, limit) => told("kept", readKept(connection, afterRunKey, limit)),
      damage: () => told("check", findDamage(connection))
    }
    return snapshot
  })

/** Ledger entries count from 1, and so did the runs of files from before there were marks. */
const pastOfFile = `SELECT EXISTS (SELECT 1 FROM marks WHERE name = '${purgedMark}')
    OR coalesce((SELECT min(entry) FROM ledger), 1) > 1
    OR coalesce((SELECT min(run_key) FROM runs), 1) BETWEEN 2 AND 1000000000000 AS purged,
  (SELECT epoch FROM runs ORDER BY run_key DESC LIMIT 1) AS epoch`

interface PastOfFile {
  readonly purged: 0 | 1
  readonly epoch: number | null
}

const jobsAfter = `SELECT ${jobColumns} FROM jobs j CROSS JOIN job_state s ON s.key = j.key
  WHERE j.key > ? AND j.key < ${endOfKeys} ORDER BY j.key ${limited}`

const runsOfJob = `SELECT ${bareRunColumns} FROM runs r INDEXED BY runs_by_job CROSS JOIN jobs j ON j.key = r.job_key
  WHERE r.job_key = ? ORDER BY r.fire_at DESC, r.request DESC ${limited}`

const ledgerOfJob = `SELECT ${ledgerColumns} FROM ledger l INDEXED BY ledger_by_job CROSS JOIN jobs j ON j.key = l.job_key
  WHERE l.job_key = ? ORDER BY l.through_at DESC, l.entry DESC ${limited}`

const findDamage = (connection: SqliteConnection): Effect.Effect<ReadonlyArray<string>, SqlError> =>
  Effect.gen(function* () {
    const pages = yield* connection.rows<{ readonly quick_check: string }>("PRAGMA quick_check")
    const damaged = pages.map(({ quick_check }) => quick_check).filter((message) => message !== "ok")
    // What hangs together is asked only of a sound file: the answers come from the same pages.
    if (damaged.length > 0) return damaged
    const strays = yield* connection.rows<{ readonly table: string; readonly rows: number }>(
      'SELECT "table", count(*) AS rows FROM pragma_foreign_key_check GROUP BY "table"'
    )
    const [stateless] = yield* connection.rows<{ readonly rows: number }>(
      "SELECT count(*) AS rows FROM jobs j WHERE NOT EXISTS (SELECT 1 FROM job_state s WHERE s.key = j.key)"
    )
    const [counts] = yield* connection.rows<Counts>(
      `SELECT job_count AS jobs, (SELECT count(*) FROM jobs WHERE removed_at IS NULL) AS jobsFound, finished_runs AS finished,
      (SELECT count(*) - (SELECT count(*) FROM runs INDEXED BY runs_unfinished WHERE finished_at IS NULL) FROM runs) AS finishedFound
      FROM owner`
    )
    const odd = yield* connection.rows<{ readonly message: string }>(oddNumbers)
    return [
      ...odd.map(({ message }) => message),
      ...strays.map(({ table, rows }) => `${rows} rows of "${table}" belong to no job`),
      ...(stateless === undefined || stateless.rows === 0 ? [] : [`${stateless.rows} jobs have no state`]),
      ...(counts === undefined ? [] : miscounts(counts))
    ]
  })

/** Keys and counts that no scheduler gives, wake-ups under another executor than the definition's, and marks without a text. */
const oddNumbers = [
  ...(
    [
      ["jobs", "key"],
      ["job_state", "key"],
      ["runs", "run_key"],
      ["ledger", "entry"],
      ["executors", "number"]
    ] as const
  ).map(
    ([
      table,
      key
    ]) => `SELECT count(*) || ' rows of "${table}" have a key that no scheduler gives' AS message FROM ${table}
      WHERE ${key} < 1 OR ${key} >= ${endOfKeys} HAVING count(*) > 0`
  ),
  `SELECT count(*) || ' jobs wait under another executor than their definition''s' FROM job_state s CROSS JOIN jobs j ON j.key = s.key
    WHERE s.wake_at IS NOT NULL AND coalesce(j.executor, 'default') IS NOT (SELECT name FROM executors WHERE number = s.executor)
    HAVING count(*) > 0`,
  ...["epoch", "sequence", "job_key", "run_key", "job_count", "finished_runs"].map(
    (column) =>
      `SELECT 'its owner row has ${column} ' || ${column} FROM owner WHERE ${column} < 0 OR ${column} >= ${endOf(column)}`
  ),
  `SELECT 'its owner row has given job keys up to ' || job_key || ', and there is ' || (SELECT max(key) FROM jobs) FROM owner
    WHERE job_key < (SELECT max(key) FROM jobs)`,
  `SELECT 'its owner row has given run keys up to ' || run_key || ', and there is ' || (SELECT max(run_key) FROM runs) FROM owner
    WHERE run_key < (SELECT max(run_key) FROM runs)`
].join(" UNION ALL ")

interface Counts {
  readonly jobs: number
  readonly jobsFound: number
  readonly finished: number
  readonly finishedFound: number
}

const miscounts = ({ jobs, jobsFound, finished, finishedFound }: Counts): ReadonlyArray<string> => [
  ...(jobs === jobsFound ? [] : [`it counts ${jobs} jobs, and there are ${jobsFound}`]),
  ...(finished === finishedFound ? [] : [`it counts ${finished} finished runs, and there are ${finishedFound}`])
]
