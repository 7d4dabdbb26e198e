/**
 * An owner's open file: its connection, the thread beside it, and the look before each commit and after it at whether what is written
 * reaches the file. What can be mended is: locks that were dropped are taken again by opening anew, and a log that was deleted is
 * moved into the file through the handle that is still open. What cannot be is told, and nothing more is acknowledged.
 */
import { statSync } from "node:fs"
import { SqlError } from "@effect/sql/SqlError"
import { Effect, type Scope } from "effect"
import { checkpointer, type Checkpointer } from "./checkpointer.ts"
import { wholeNumber } from "./columns.ts"
import { following, type SqliteConnection } from "./connection.ts"
import { refuseCutOff } from "./cutOff.ts"
import { sqliteCode } from "./errors.ts"
import { guarded } from "./guard.ts"
import type { Ownership } from "./ownership.ts"
import { type FileWatch, watchFile } from "./replacedFile.ts"
import { renewable } from "./renewable.ts"
import { type StoreError, StoreFenced, StoreUnavailable, StoreUnreadable } from "../storeError.ts"

export interface Hold {
  /** Stays the same whatever is opened anew. */
  readonly connection: SqliteConnection
  /** Told what is on disk and acknowledged: it must be there whenever the file is opened anew. */
  acknowledged(epoch: number, sequence: number): void
  isAcknowledged(sequence: number): boolean
  /** Told after each commit, once it was looked at again. */
  committed(): void
  /** Before a commit, alone: that the file is there and ours. */
  readonly probe: Effect.Effect<void, SqlError | StoreError>
  /** After it: that it is there still. True: it was opened anew, so that what was written last may not be there. */
  readonly probeAgain: Effect.Effect<boolean, SqlError | StoreError>
  /** What a read needs: opens anew what a failed mending has closed. */
  readonly reach: Effect.Effect<void, SqlError | StoreError>
  /** Looks whether part of the file is gone, for good; `null`: it is not. Changes nothing else, so that it needs not be alone. */
  readonly damage: Effect.Effect<StoreUnreadable | null>
  /** The newest commit that was acknowledged: of a damaged file no other will ever count as made. */
  readonly newest: number
}

interface Opened {
  readonly connection: SqliteConnection
  readonly presence: FileWatch
  readonly moving: Checkpointer
}

interface HeldFile {
  /** As its user calls it. */
  readonly store: string
  /** With symbolic links followed. */
  readonly path: string
  readonly checkpointPages: number
  readonly ownership: Ownership
  /** Opens, checks and configures. */
  readonly connect: Effect.Effect<SqliteConnection, SqlError | StoreError, Scope.Scope>
}

export const holdFile = (file: HeldFile): Effect.Effect<Hold, SqlError | StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const { store, path, checkpointPages, ownership } = file
    let known: { readonly epoch: number; readonly sequence: number } | null = null
    /** The log's place was taken: what lies there now is not ours. */
    let logGone = false
    let lost: StoreUnreadable | null = null
    const unavailable = (cause: string, remedy: string) =>
      new StoreUnavailable({ store, operation: "commit", cause, remedy })
    const damaged = (cause: unknown): StoreUnreadable => {
      const remedy = "stop, look at it with carillon verify, restore it from a backup if need be, and start anew"
      return (lost ??= new StoreUnreadable({ store, cause, remedy }))
    }

    /** That what was acknowledged is there, before anything could be written into what is left. */
    const checkKnown = (newest: { readonly epoch: number; readonly sequence: number }) => (reader: SqliteConnection) =>
      Effect.gen(function* () {
        const [owner] = yield* Effect.catchIf(
          reader.rows<{ epoch: unknown; sequence: unknown }>("SELECT epoch, sequence FROM owner"),
          // No such table: the first pages are those of a file that was never used.
          (error) => sqliteCode(error.cause) === "SQLITE_ERROR",
          () => Effect.fail(damaged(commitsGone))
        )
        const epoch = yield* wholeNumber(store, "the owner row's epoch", owner?.epoch)
        if (epoch > newest.epoch) return yield* new StoreFenced({ store, epoch: newest.epoch })
        const sequence = yield* wholeNumber(store, "the owner row's sequence", owner?.sequence)
        if (epoch < newest.epoch || sequence < newest.sequence) return yield* damaged(commitsGone)
      })

    const held = yield* renewable(
      Effect.gen(function* () {
        if (logGone && (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
          return yield* unavailable("another file took the place of its log", `remove ${path}-wal`)
        let presence: FileWatch | null = null
        yield* Effect.addFinalizer(() => Effect.sync(() => presence?.close()))
        // Without locks others may have changed the log: the next opening decides what it is worth.
        const isSound = (): boolean => lost === null && !["Damaged", "Unlocked"].includes(presence?.probe()?._tag ?? "")
        if (known !== null) yield* refuseCutOff(path, store).pipe(Effect.mapError(({ cause }) => damaged(cause)))
        const connection = yield* guarded(path, isSound, known === null ? null : checkKnown(known), file.connect)
        // A read opens the log and its index.
        yield* connection.rows("SELECT epoch FROM owner")
        presence = watchFile(path)
        const moving = yield* checkpointer(path, checkpointPages)
        logGone = false
        const opened: Opened = { connection, presence, moving }
        return opened
      })
    )

    const mended = ({ connection, presence }: Opened): Effect.Effect<boolean, SqlError | StoreError> => {
      const finding = presence.probe()
      switch (finding?._tag) {
        case undefined:
          return Effect.succeed(false)
        case "Displaced":
          return Effect.fail(unavailable(finding.cause, "nothing is acknowledged until then"))
        case "Damaged":
          return Effect.flatMap(giveUp(finding.cause), Effect.fail)
        case "Unlocked":
          // Others may have begun the index anew while a commit was under way.
          presence.forgetIndex()
          return Effect.as(held.renew, true)
        case "LogGone":
          return moveLog(connection).pipe(
            Effect.catchIf(wasCutOff, () => Effect.sync(() => presence.forgetIndex())),
            Effect.tap(() => Effect.sync(() => void (logGone = true))),
            Effect.zipRight(held.renew),
            Effect.zipRight(
              Effect.fail(unavailable(`${finding.cause} while in use`, "it was mended: nothing acknowledged is lost"))
            )
          )
      }
    }
    /** Closed at once, so that nothing is read from what is left, and nothing written into it however this process ends. */
    const giveUp = (cause: string): Effect.Effect<StoreUnreadable> =>
      Effect.suspend(() => {
        const error = damaged(cause)
        return Effect.as(held.release, error)
      })
    const moveLog = (connection: SqliteConnection): Effect.Effect<void, SqlError | StoreUnavailable> =>
      Effect.flatMap(connection.rows<{ busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)"), ([row]) =>
        row?.busy === 0
          ? Effect.void
          : Effect.fail(
              unavailable("its log was deleted or replaced while another process reads it", "end that process")
            )
      )

    const hold: Hold = {
      connection: following(() => held.current?.connection ?? null),
      acknowledged: (epoch, sequence) => {
        known = { epoch, sequence }
      },
      isAcknowledged: (sequence) => known !== null && sequence <= known.sequence,
      committed: () => {
        if (held.current !== null) held.current.moving.committed(held.current.presence.log)
      },
      get newest() {
        return known?.sequence ?? 0
      },
      damage: Effect.suspend(() => {
        const finding = lost === null ? held.current?.presence.probe() : null
        return finding?._tag === "Damaged" ? giveUp(finding.cause) : Effect.succeed(lost)
      }),
      reach: Effect.suspend(() => {
        if (lost !== null) return Effect.fail(lost)
        return held.current === null ? Effect.asVoid(held.renew) : Effect.void
      }),
      probe: Effect.suspend(() =>
        lost === null ? Effect.zipRight(ownership.keep, Effect.asVoid(hold.probeAgain)) : Effect.fail(lost)
      ),
      probeAgain: Effect.suspend(() => {
        if (lost !== null) return Effect.fail(lost)
        return held.current === null ? Effect.as(held.renew, true) : mended(held.current)
      })
    }
    return hold
  })

export const commitsGone = "commits that were acknowledged are gone from it: another program has changed it or its log"

/** The log has less in it than its index says: somebody else has moved it into the file already, or cut it. */
const wasCutOff = (error: SqlError | StoreUnavailable): boolean =>
  error instanceof SqlError && sqliteCode(error.cause) === "SQLITE_IOERR_SHORT_READ"
