/**
 * Taking possession of an SQLite file. In order: find its real path, take the lock beside it, look at it read-only, and only
 * then write. A refused file keeps every byte, and so does its write-ahead log.
 */
import { SqlError } from "@effect/sql/SqlError"
import { Cause, Effect, type Scope } from "effect"
import type { StoreOwner } from "./jobStore.ts"
import { longestLog } from "./sqliteCheckpointer.ts"
import { migrations, schemaVersion } from "./migrations/migrations.ts"
import { connect, type SqliteConnection } from "./sqliteConnection.ts"
import { sqliteCode } from "./sqliteErrors.ts"
import { type Executors, readExecutors } from "./sqliteSession.ts"
import { StoreInUse, StoreTooNew, StoreUnreadable } from "./storeError.ts"

/** What `sqlite()` was asked for, defaults settled. */
export interface SqliteSettings {
  readonly filename: string
  readonly durability: "full" | "normal"
  readonly checkpointPages: number
  readonly takeOver: boolean
}

/** The owner row after this opening. */
export interface Possession {
  readonly connection: SqliteConnection
  readonly epoch: number
  readonly jobCount: number
  readonly nextJobKey: number
  readonly nextRunKey: number
  readonly marks: ReadonlyMap<string, string>
  readonly executors: Executors
}

type OpenError = SqlError | StoreInUse | StoreTooNew | StoreUnreadable

/** "Carl" in the header's application id, which tells `file` and us whose database it is. */
export const applicationId = 0x4361726c

/** The first SQLite without the write-ahead log's reset bug, which corrupts files: https://sqlite.org/wal.html#walresetbug */
const oldestSqlite = [3, 51, 3] as const

/** Locks, checks, migrates and claims the file until the scope closes. */
export const takePossession = (
  settings: SqliteSettings,
  owner: StoreOwner
): Effect.Effect<Possession, OpenError, Scope.Scope> =>
  Effect.gen(function* () {
    const { filename, takeOver } = settings
    if (filename !== inMemory) {
      const path = yield* realPath(filename)
      yield* lock(path, owner, takeOver)
      yield* refuseForeign(path)
    }
    const connection = yield* connect({ filename })
    yield* refuse(connection, filename)
    yield* checkSqliteVersion(connection, filename)
    yield* configure(connection, settings)
    yield* migrate(connection, migrations)
    return yield* claimEpoch(connection, filename, owner)
  })

/** SQLite's name for a database that lives as long as its connection. */
export const inMemory = ":memory:"

/** Symbolic links followed, so that one file has one lock whatever it is called. Creates an empty file where there is none. */
const realPath = (filename: string): Effect.Effect<string, SqlError> =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* connect({ filename })
      const [main] = yield* connection.rows<{ file: string }>("PRAGMA database_list")
      return main?.file ?? filename
    })
  )

/**
 * An exclusive transaction on `<file>.lock`, held until the scope closes. The lock is the kernel's, so it ends with the process
 * however that ends; the owner row tells who holds it, but is never trusted to mean that somebody does.
 */
const lock = (path: string, owner: StoreOwner, takeOver: boolean): Effect.Effect<void, OpenError, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* connect({ filename: `${path}.lock` })
    // Without it an exclusive transaction leaves a journal file behind when the process is killed.
    yield* connection.rows("PRAGMA journal_mode = MEMORY")
    yield* connection.run("BEGIN EXCLUSIVE")
  }).pipe(
    Effect.catchIf(
      (error) => isBusy(error),
      () => (takeOver ? Effect.void : Effect.flatMap(readOwner(path, owner), Effect.fail))
    )
  )

const isBusy = (error: SqlError): boolean => sqliteCode(error.cause)?.startsWith("SQLITE_BUSY") === true

const readOwner = (path: string, owner: StoreOwner): Effect.Effect<StoreInUse> =>
  Effect.scoped(
    Effect.flatMap(connect({ filename: path, readonly: true }), (connection) =>
      connection.rows<StoreOwner>("SELECT pid, host, started_at AS startedAt FROM owner")
    )
  ).pipe(
    Effect.map(([holder]) => holder),
    // Locked, and not yet or no longer ours to read: it is in use all the same.
    Effect.catchAllCause(() => Effect.succeed(undefined)),
    Effect.map((holder) => {
      const { pid, host, startedAt } = holder ?? { pid: 0, host: "", startedAt: owner.startedAt }
      return new StoreInUse({ store: path, pid, host, ageMs: Math.max(0, owner.startedAt - startedAt) })
    })
  )

/** Looks through a read-only connection, which can neither replay a log into the file nor empty it. */
const refuseForeign = (path: string): Effect.Effect<void, OpenError> =>
  Effect.gen(function* () {
    const logged = yield* hasLog(path)
    yield* Effect.scoped(
      Effect.flatMap(connect({ filename: path, readonly: true }), (connection) => refuse(connection, path))
    ).pipe(Effect.tapError(() => (logged ? Effect.void : Effect.ignore(removeEmptyLog(path)))))
  }).pipe(
    // A file left half-way into its first write cannot be read without repairing it: the writing connection does, and looks again.
    Effect.catchIf(
      (error) => error instanceof SqlError && sqliteCode(error.cause)?.startsWith("SQLITE_READONLY") === true,
      () => Effect.void
    )
  )

/** Whether a log with something in it lies beside the file: read as a database, an empty file is one and a log is not. */
const hasLog = (path: string): Effect.Effect<boolean> =>
  Effect.scoped(
    Effect.flatMap(connect({ filename: `${path}-wal`, readonly: true }), (connection) =>
      pragma(connection, "user_version")
    )
  ).pipe(
    Effect.as(false),
    Effect.catchAllCause((cause) => Effect.succeed(sqliteCode(Cause.squash(cause)) !== "SQLITE_CANTOPEN"))
  )

/** Fails for a file that is not ours: another program's, or a newer version's. */
export const refuse = (connection: SqliteConnection, store: string): Effect.Effect<void, OpenError> =>
  Effect.gen(function* () {
    const application = yield* pragma(connection, "application_id")
    const version = yield* pragma(connection, "user_version")
    const tables = yield* connection.rows<{ name: string }>("SELECT name FROM sqlite_schema LIMIT 1")
    if (application !== applicationId && (application !== 0 || version !== 0 || tables.length > 0)) {
      return yield* new StoreUnreadable({ store, cause: "it is another program's database" })
    }
    if (version > schemaVersion) {
      return yield* new StoreTooNew({ store, found: version, supported: schemaVersion })
    }
  })

/** A read-only connection leaves an empty log beside a file in WAL mode; a writer that writes nothing takes it away. */
export const removeEmptyLog = (path: string): Effect.Effect<void, SqlError> =>
  Effect.scoped(Effect.flatMap(connect({ filename: path }), (connection) => pragma(connection, "user_version")))

const checkSqliteVersion = (
  connection: SqliteConnection,
  store: string
): Effect.Effect<void, SqlError | StoreUnreadable> =>
  Effect.flatMap(connection.rows<{ version: string }>("SELECT sqlite_version() AS version"), ([row]) =>
    isAtLeast(row?.version ?? "", oldestSqlite)
      ? Effect.void
      : Effect.fail(
          new StoreUnreadable({
            store,
            cause: `the linked SQLite is ${row?.version}, and versions before ${oldestSqlite.join(".")} can corrupt it`
          })
        )
  )

/** Whether dotted `version` is `oldest` or newer. */
export const isAtLeast = (version: string, oldest: readonly [number, number, number]): boolean => {
  const parts = version.split(".").map(Number)
  const at = oldest.findIndex((part, index) => parts[index] !== part)
  const differing = oldest[at]
  return differing === undefined || (parts[at] ?? 0) > differing
}

const configure = (connection: SqliteConnection, { durability, checkpointPages }: SqliteSettings) =>
  Effect.forEach(
    [
      "PRAGMA journal_mode = WAL",
      // Set by name: better-sqlite3 is built so that WAL otherwise runs at NORMAL, where a power cut takes the last commits.
      `PRAGMA synchronous = ${durability === "full" ? "FULL" : "NORMAL"}`,
      "PRAGMA foreign_keys = ON",
      `PRAGMA wal_autocheckpoint = ${longestLog(checkpointPages)}`,
      // A log that a long reader let grow is cut back to this when it starts over.
      "PRAGMA journal_size_limit = 67108864",
      "PRAGMA cache_size = -32768"
    ],
    (statement) => connection.rows(statement),
    { discard: true }
  )

/** Brings a file from its version to the newest of `history`, in one transaction: a kill in the middle leaves it as it was. */
export const migrate = (
  connection: SqliteConnection,
  history: ReadonlyArray<ReadonlyArray<string>>
): Effect.Effect<void, SqlError> =>
  Effect.flatMap(pragma(connection, "user_version"), (version) =>
    version === history.length
      ? Effect.void
      : connection.transaction(
          Effect.forEach(
            [
              ...history.slice(version).flat(),
              `PRAGMA application_id = ${applicationId}`,
              `PRAGMA user_version = ${history.length}`
            ],
            (statement) => connection.run(statement),
            { discard: true }
          )
        )
  )

/** Reads before it writes: what a start needs and damage has taken shows while the file still has every byte. */
const claimEpoch = (
  connection: SqliteConnection,
  store: string,
  { pid, host, startedAt }: StoreOwner
): Effect.Effect<Possession, OpenError> =>
  connection.transaction(
    Effect.gen(function* () {
      for (const statement of neededAtStart) yield* connection.values(statement)
      const executors = yield* readExecutors(connection)
      const marks = yield* connection.rows<{ name: string; value: string }>("SELECT name, value FROM marks")
      const [row] = yield* connection.rows<Omit<Possession, "connection" | "executors" | "marks">>(
        `SELECT epoch + 1 AS epoch, job_count AS jobCount,
        max(job_key, (SELECT coalesce(max(key), 0) FROM jobs)) + 1 AS nextJobKey,
        max(run_key, (SELECT coalesce(max(run_key), 0) FROM runs)) + 1 AS nextRunKey FROM owner`
      )
      if (row === undefined) return yield* new StoreUnreadable({ store, cause: "its owner row is gone" })
      yield* connection.run("UPDATE owner SET epoch = ?, sequence = 0, pid = ?, host = ?, started_at = ?", [
        row.epoch,
        pid,
        host,
        startedAt
      ])
      return { connection, ...row, marks: new Map(marks.map(({ name, value }) => [name, value])), executors }
    })
  )

/** The roots of what is read first: unfinished runs, wake-ups, stream jobs. */
const neededAtStart: ReadonlyArray<string> = [
  "SELECT run_key FROM runs INDEXED BY runs_unfinished WHERE finished_at IS NULL LIMIT 1",
  "SELECT key FROM job_state INDEXED BY job_state_wake WHERE wake_at IS NOT NULL ORDER BY executor, wake_at LIMIT 1",
  "SELECT key FROM jobs INDEXED BY jobs_by_stream WHERE stream IS NOT NULL LIMIT 1",
  "SELECT id FROM jobs INDEXED BY jobs_by_id WHERE removed_at IS NULL LIMIT 1"
]

export const pragma = (
  connection: SqliteConnection,
  name: "application_id" | "user_version"
): Effect.Effect<number, SqlError> =>
  Effect.map(connection.rows<Record<string, number>>(`PRAGMA ${name}`), ([row]) => row?.[name] ?? 0)
