/**
 * One owner of an SQLite file: the sign, which nothing but the end of the process takes away, and an exclusive transaction on
 * `<file>.lock`, which also processes meet that the sign is hidden from, as in another container. Both end with the process, however
 * that ends; the owner row tells who holds them, but is never trusted to mean that somebody does.
 */
import { type Stats, statSync } from "node:fs"
import type { SqlError } from "@effect/sql/SqlError"
import { Effect, type Scope } from "effect"
import type { StoreOwner } from "../jobStore.ts"
import { connect } from "./connection.ts"
import { sqliteCode } from "./errors.ts"
import { type LocksHeld, locksHeld, sharedByte } from "./locksHeld.ts"
import { isSame } from "./replacedFile.ts"
import { type Renewable, renewable } from "./renewable.ts"
import { raiseSign } from "./sign.ts"
import { StoreInUse, StoreUnavailable } from "../storeError.ts"

export interface Ownership {
  /** Takes the lock again where it was dropped or its file deleted. Some microseconds where it was not. */
  readonly keep: Effect.Effect<void, SqlError | StoreUnavailable>
}

/** Of the file at `path`, until the scope closes. With `takeOver` also while another has it. */
export const own = (
  path: string,
  owner: StoreOwner,
  takeOver: boolean
): Effect.Effect<Ownership, SqlError | StoreInUse, Scope.Scope> =>
  Effect.gen(function* () {
    const sign = yield* renewable(raiseSign(path))
    if (sign.current !== true && !takeOver) return yield* Effect.flatMap(readOwner(path, owner), Effect.fail)
    const lock = yield* renewable(lockBeside(path))
    if (lock.current === null && !takeOver) return yield* Effect.flatMap(readOwner(path, owner), Effect.fail)
    return { keep: kept(sign, lock, path, takeOver) }
  })

/** Whoever has taken the file over has neither until the former owner has left. */
const kept = (
  sign: Renewable<boolean, never>,
  lock: Renewable<LocksHeld | null, SqlError>,
  path: string,
  takeOver: boolean
): Ownership["keep"] =>
  Effect.suspend(() => {
    const signed = sign.current === true ? Effect.void : sign.renew
    if (lock.current?.held() === true) return Effect.asVoid(signed)
    return Effect.flatMap(Effect.zipRight(signed, lock.renew), (taken) =>
      taken === null && !takeOver
        ? Effect.fail(
            new StoreUnavailable({
              store: path,
              operation: "commit",
              cause: `${path}.lock was deleted or given away, and another process has it now`,
              remedy: "stop that process"
            })
          )
        : Effect.void
    )
  })

/** `null`: another has it. */
const lockBeside = (path: string): Effect.Effect<LocksHeld | null, SqlError, Scope.Scope> =>
  Effect.gen(function* () {
    const filename = `${path}.lock`
    const connection = yield* connect({ filename })
    // Without it an exclusive transaction leaves a journal file behind when the process is killed.
    yield* connection.rows("PRAGMA journal_mode = MEMORY")
    yield* connection.run("BEGIN EXCLUSIVE")
    const file = stat(filename)
    const locks = yield* Effect.acquireRelease(
      Effect.sync(() => locksHeld(file, sharedByte)),
      ({ close }) => Effect.sync(close)
    )
    return { ...locks, held: () => isSame(stat(filename), file) && locks.held() }
  }).pipe(
    Effect.catchIf(
      (error) => sqliteCode(error.cause)?.startsWith("SQLITE_BUSY") === true,
      () => Effect.succeed(null)
    )
  )

const stat = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false })

const readOwner = (path: string, owner: StoreOwner): Effect.Effect<StoreInUse> =>
  Effect.scoped(
    Effect.flatMap(connect({ filename: path, readonly: true }), (connection) =>
      connection.values<readonly [unknown, unknown, unknown]>("SELECT pid, host, started_at FROM owner")
    )
  ).pipe(
    Effect.map(([holder]) => holder),
    // Locked, and not yet or no longer ours to read: it is in use all the same.
    Effect.catchAllCause(() => Effect.succeed(undefined)),
    Effect.map((holder) => {
      const [foundPid, foundHost, foundStart] = holder ?? []
      const pid = typeof foundPid === "number" ? foundPid : 0
      const host = typeof foundHost === "string" ? foundHost : ""
      const startedAt = typeof foundStart === "number" ? foundStart : owner.startedAt
      const sameProcess = pid !== 0 && pid === owner.pid && host === owner.host
      const ageMs = Math.max(0, owner.startedAt - startedAt)
      return new StoreInUse({ store: path, pid, host, ageMs, sameProcess })
    })
  )
