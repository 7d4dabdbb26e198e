/**
 * Taking possession of an SQLite file. In order: find its real path, take the lock beside it, look at it read-only, and only
 * then write. A refused file keeps every byte, and so does its write-ahead log.
 */
import { statSync } from "node:fs"
import { SqlError } from "@effect/sql/SqlError"
import { Effect, type Scope } from "effect"
import type { StoreOwner } from "../jobStore.ts"
import { longestLog } from "./checkpointer.ts"
import { migrations, schemaVersion } from "./migrations/migrations.ts"
import { connect, type SqliteConnection } from "./connection.ts"
import { refuseCutOff } from "./cutOff.ts"
import { sqliteCode } from "./errors.ts"
import { refuseOddCompanions, refuseOddFile } from "./fileKinds.ts"
import { type Hold, holdFile } from "./hold.ts"
import { own } from "./ownership.ts"
import { refuseForeignSchema } from "./schema.ts"
import { mend } from "./mending.ts"
import { type Executors, readExecutors, readMarks } from "./session.ts"
import { type StoreError, StoreTooNew, StoreUnreadable } from "../storeError.ts"

/** What `sqlite()` was asked for, defaults settled. */
export interface SqliteSettings {
  readonly filename: string
  readonly durability: "full" | "normal"
  readonly checkpointPages: number
  readonly takeOver: boolean
}

/** The owner row after this opening. */
export interface Possession {
  readonly hold: Hold
  readonly epoch: number
  readonly jobCount: number
  readonly nextJobKey: number
  readonly nextRunKey: number
  readonly nextEvents: number
  readonly marks: ReadonlyMap<string, string>
  /** What was damaged and is mended, one sentence each. */
  readonly mended: ReadonlyArray<string>
  readonly executors: Executors
}

type OpenError = SqlError | StoreError

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
    const { filename: store, takeOver, checkpointPages } = settings
    if (store === inMemory) return yield* claimEpoch(yield* inMemoryHold(settings), store, owner)
    yield* refuseOddFile(store)
    const path = yield* realPath(store)
    yield* refuseOddCompanions(path, store)
    yield* refuseCutOff(path, store)
    const ownership = yield* own(path, owner, takeOver)
    yield* refuseForeign(path)
    const hold = yield* holdFile({ store, path, checkpointPages, ownership, connect: prepared(path, settings) })
    return yield* claimEpoch(hold, store, owner)
  })

const prepared = (path: string, settings: SqliteSettings): Effect.Effect<SqliteConnection, OpenError, Scope.Scope> =>
  Effect.gen(function* () {
    const connection = yield* connect({ filename: path })
    yield* refuse(connection, settings.filename)
    yield* checkSqliteVersion(connection, settings.filename)
    yield* configure(connection, settings)
    yield* migrate(connection, migrations)
    return connection
  })

/** Nobody else can come at it. */
const inMemoryHold = (settings: SqliteSettings) =>
  Effect.map(prepared(inMemory, settings), (connection): Hold => ({
    connection,
    acknowledged: () => undefined,
    isAcknowledged: () => true,
    committed: () => undefined,
    probe: Effect.void,
    probeAgain: Effect.succeed(false),
    reach: Effect.void,
    damage: Effect.succeed(null),
    newest: 0
  }))

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

/** Looks through a read-only connection, which can neither replay a log into the file nor empty it. */
const refuseForeign = (path: string): Effect.Effect<void, OpenError> =>
  Effect.gen(function* () {
    const logged = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
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
    if (version > 0) yield* refuseForeignSchema(connection, version, store)
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
  hold: Hold,
  store: string,
  { pid, host, startedAt }: StoreOwner
): Effect.Effect<Possession, OpenError> => {
  const { connection } = hold
  return connection.transaction(
    Effect.gen(function* () {
      for (const statement of neededAtStart) yield* connection.values(statement)
      const mended = yield* mend(connection, startedAt)
      const executors = yield* readExecutors(connection)
      const marks = yield* readMarks(connection)
      const [row, another] = yield* connection.rows<Omit<Possession, "hold" | "mended" | "executors" | "marks">>(
        `SELECT epoch + 1 AS epoch, job_count AS jobCount,
        max(job_key, (SELECT coalesce(max(key), 0) FROM jobs)) + 1 AS nextJobKey,
        max(run_key, (SELECT coalesce(max(run_key), 0) FROM runs)) + 1 AS nextRunKey,
        max(events, (SELECT coalesce(max(number), 0) FROM events)) + 1 AS nextEvents FROM owner`
      )
      if (row === undefined) return yield* new StoreUnreadable({ store, cause: "its owner row is gone" })
      if (another !== undefined) return yield* new StoreUnreadable({ store, cause: "it has several owner rows" })
      yield* connection.run("UPDATE owner SET epoch = ?, sequence = 0, pid = ?, host = ?, started_at = ?", [
        row.epoch,
        pid,
        host,
        startedAt
      ])
      hold.acknowledged(row.epoch, 0)
      return { hold, mended, ...row, marks, executors }
    })
  )
}

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
