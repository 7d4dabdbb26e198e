/** Where SQLite's errors become the store's: by result code, see https://sqlite.org/rescode.html. */
import { SqlError } from "@effect/sql/SqlError"
import { Cause, Effect, Option } from "effect"
import { StoreConflict, type StoreError, StoreUnavailable, StoreUnreadable } from "../storeError.ts"

/** Gives `effect`'s driver errors, failed with or thrown, their tagged class; other defects stay defects. */
export const translated =
  (store: string, operation: string) =>
  <A, E extends StoreError, R>(effect: Effect.Effect<A, E | SqlError, R>): Effect.Effect<A, StoreError, R> =>
    Effect.catchAllCause(effect, (cause) => {
      const failure = Option.getOrUndefined(Cause.failureOption(cause))
      if (failure !== undefined && !(failure instanceof SqlError)) {
        return Effect.fail(failure)
      }
      const thrown = failure?.cause ?? Option.getOrUndefined(Cause.dieOption(cause))
      const error = storeErrorOf(store, operation, thrown)
      return error === undefined ? Effect.failCause(Cause.die(thrown ?? Cause.squash(cause))) : Effect.fail(error)
    })

/** SQLite's extended result code of a driver error, as text (`SQLITE_BUSY`), else `undefined`. */
export const sqliteCode = (thrown: unknown): string | undefined =>
  typeof thrown === "object" && thrown !== null && "code" in thrown && typeof thrown.code === "string"
    ? thrown.code
    : undefined

const storeErrorOf = (store: string, operation: string, cause: unknown): StoreError | undefined => {
  const code = sqliteCode(cause)
  const away = (remedy: string) => new StoreUnavailable({ store, operation, cause, remedy })
  if (isDriverMissing(cause)) return away(rebuild)
  if (code === undefined) {
    // The driver's own checks carry no code: a directory that does not exist, a connection that was closed.
    return cause instanceof TypeError && /directory does not exist|not open/.test(cause.message)
      ? away("check that its directory exists")
      : undefined
  }
  const primary = /^SQLITE_[A-Z]+/.exec(code)?.[0]
  switch (primary) {
    case "SQLITE_CONSTRAINT":
    case "SQLITE_MISMATCH":
    case "SQLITE_TOOBIG":
      return new StoreConflict({ store, cause })
    case "SQLITE_CORRUPT":
    case "SQLITE_NOTADB":
    case "SQLITE_FORMAT":
    // "no such table", "no such column": the schema is not ours, whatever the file's header says.
    case "SQLITE_ERROR":
      return new StoreUnreadable({ store, cause })
    case undefined:
      return isSystemError(cause) ? away(systemRemedies[code] ?? "check what the system says of it") : undefined
    default:
      return away(remedies[primary] ?? "check disk space, permissions and locks")
  }
}

/** By primary result code. */
const remedies: Readonly<Record<string, string>> = {
  SQLITE_FULL: "make space on its disk",
  SQLITE_BUSY: "another process has it locked: let that one end what it does",
  SQLITE_LOCKED: "another connection has it locked: let that one end what it does",
  SQLITE_READONLY: "let this process's user write the file and its directory",
  SQLITE_PERM: "let this process's user read and write the file and its directory",
  SQLITE_CANTOPEN: "let this process's user read and write the file, its log and its directory",
  SQLITE_IOERR: "check its disk, and what the system's log says of it",
  SQLITE_NOMEM: "give the process more memory"
}

/** Thrown by a call of the system, where a file is looked at without SQLite. */
const isSystemError = (cause: unknown): boolean => cause instanceof Error && "syscall" in cause

const permission = "let this process's user read and write the file, its log and its directory"

const systemRemedies: Readonly<Record<string, string>> = {
  EACCES: permission,
  EPERM: permission,
  EROFS: permission,
  EMFILE: "close what this process has open, or let it open more files",
  ENFILE: "close what this machine has open, or let it open more files",
  ENAMETOOLONG: "give a shorter name",
  ENOSPC: "make space on its disk",
  EIO: "check its disk, and what the system's log says of it"
}

/** The package is installed, and its native part is not built, damaged, another Node's, or another package's. */
const isDriverMissing = (cause: unknown): cause is Error =>
  cause instanceof Error &&
  (sqliteCode(cause) === "ERR_DLOPEN_FAILED" ||
    /could not locate the bindings file|better_sqlite3\.node|NODE_MODULE_VERSION/i.test(cause.message) ||
    // What the driver's own code says of a part that has not what it calls there.
    (cause instanceof TypeError && /setErrorConstructor|isInitialized|Database is not a/.test(cause.message)))

const rebuild =
  "better-sqlite3 is not built for this Node: npm rebuild better-sqlite3; with pnpm also pnpm approve-builds; do not install with --ignore-scripts"
