/**
 * Keeps SQLite from writing as it closes a file that was cut off: the last connection to close moves the log into the file, which then
 * has a few pages among zeroes and passes for a store with nothing in it. A connection that only reads cannot do that, so it is the last
 * one there: kept open beside the one that writes, and closed before it only where all is well.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, Exit, Scope } from "effect"
import { connect, type SqliteConnection } from "./connection.ts"

/**
 * `open`, under a guard of the file at `path`. `isSound` is asked when the scope closes. With `check` the file was open before, and is
 * looked at through the guard first: what fails there was never opened for writing.
 */
export const guarded = <A, E>(
  path: string,
  isSound: () => boolean,
  check: ((reader: SqliteConnection) => Effect.Effect<void, E>) | null,
  open: Effect.Effect<A, E, Scope.Scope>
): Effect.Effect<A, E | SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    // The first to be made is the last to be closed.
    const guard = yield* Effect.acquireRelease(Scope.make(), (scope) => Scope.close(scope, Exit.void))
    const watch = Effect.gen(function* () {
      const reader = yield* Scope.extend(connect({ filename: path, readonly: true }), guard)
      // The first read takes the lock that is kept from then on.
      yield* reader.rows("SELECT 1 FROM sqlite_schema LIMIT 1")
      if (check !== null) yield* check(reader)
    })
    if (check !== null) yield* watch
    const opened = yield* open
    // A new file can be read only now.
    if (check === null) yield* watch
    yield* Effect.addFinalizer(() => Effect.suspend(() => (isSound() ? Scope.close(guard, Exit.void) : Effect.void)))
    return opened
  })
