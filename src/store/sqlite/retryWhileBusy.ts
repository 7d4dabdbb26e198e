/**
 * Opening while another process replays the log of a crash, or closes the file: it is locked for some milliseconds, and SQLite's own
 * waiting would block the event loop. Each try has connections of its own, since a statement that could not be prepared stays so.
 */
import type { SqlError } from "@effect/sql/SqlError"
import { Cause, Chunk, Effect, ExecutionStrategy, Exit, Schedule, Scope } from "effect"
import { sqliteCode } from "./errors.ts"

/** Some 5 seconds. */
const tries = 100
const apart = "50 millis"

/** `open`, again and again while the file is busy; what a failed try has opened is closed. */
export const retryWhileBusy = <A, E>(open: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.retry(Effect.sandbox(inOwnScope(open)), {
    while: isBusy,
    schedule: Schedule.intersect(Schedule.spaced(apart), Schedule.recurs(tries))
  }).pipe(Effect.unsandbox)

const inOwnScope = <A, E>(open: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (outer) =>
    Effect.flatMap(Scope.fork(outer, ExecutionStrategy.sequential), (own) =>
      Scope.extend(open, own).pipe(Effect.tapErrorCause(() => Scope.close(own, Exit.void)))
    )
  )

/** The driver's errors may be failures or defects. */
const isBusy = (cause: Cause.Cause<unknown>): boolean =>
  [...Chunk.toReadonlyArray(Cause.failures(cause)), ...Chunk.toReadonlyArray(Cause.defects(cause))].some((thrown) =>
    [thrown, (thrown as Partial<SqlError> | null)?.cause].some((error) => sqliteCode(error)?.startsWith("SQLITE_BUSY"))
  )
