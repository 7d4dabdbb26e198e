/** A store in one SQLite file, through @effect/sql-sqlite-node: WAL, one owner at a time, every commit synced to disk by default. */
import { hostname } from "node:os"
import type { SqlError } from "@effect/sql/SqlError"
import { Data, Effect } from "effect"
import { inWords } from "../../input/inWords.ts"
import { isUnreadable, unreadableText } from "../../input/readable.ts"
import { batchInstant } from "../batchInstant.ts"
import type { JobStore, OpenStore, StoreOwner } from "../jobStore.ts"
import { forgetCheckpoints, readCheckpointKeys, readCheckpoints } from "./checkpoints.ts"
import { commitBatch, readSequence } from "./commit.ts"
import { readDue } from "./due.ts"
import { translated } from "./errors.ts"
import { readEvents } from "./events.ts"
import { listJobs } from "./jobList.ts"
import { readKept } from "./kept.ts"
import { forgetMessages, readMessages, readWaiting } from "./messages.ts"
import { inMemory, type Possession, type SqliteSettings, takePossession } from "./open.ts"
import { retryWhileBusy } from "./retryWhileBusy.ts"
import { purgeSlice, readForgottenThrough } from "./purge.ts"
import { countJobs, noteRunning, readJobsById, readJobsByKey, readStreamJobs } from "./reads.ts"
import { readLedger, readOrphans, readRuns } from "./runs.ts"
import type { Hold } from "./hold.ts"
import { readExecutors, type SqliteSession } from "./session.ts"
import { onStopSignal } from "./signals.ts"
import { stopMark, stopMarkOf } from "../stopMark.ts"
import { type StoreError, StoreUnavailable, StoreUnreadable } from "../storeError.ts"

/** Which file, and what it survives. */
export interface SqliteOptions {
  /** The file, made if it does not exist, in a directory that does; `":memory:"` for a database that lives as long as it is open. */
  readonly filename: string
  /** `"full"` (default) survives a power cut. `"normal"` may lose the last commits to one, never more than that; a crash loses none. */
  readonly durability?: "full" | "normal"
  /**
   * Pages of 4 kB that the write-ahead log takes, more or less, before a thread moves them into the file; 100 to 100,000, default 4,000.
   * More pages save work where the same jobs are written again and again, and make the log on disk longer.
   */
  readonly checkpointPages?: number
  /** Takes the file from a scheduler that still holds it; that one stops at its next write. Default false. */
  readonly takeOver?: boolean
}

/** An option of `sqlite()` that it cannot work with. */
export class InvalidSqliteOption extends Data.TaggedError("InvalidSqliteOption")<{
  /** Its name. */
  readonly option: string
  /** What was given. */
  readonly found: unknown
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `sqlite: ${this.option} is ${inWords(this.found)}, expected ${this.expected}`
  }
}

/** A store in `filename`. Throws `InvalidSqliteOption`; the file is first touched when a scheduler opens it. */
export const sqlite = (options: SqliteOptions): JobStore => {
  const settings = readOptions(options)
  const store = settings.filename
  return {
    description: `sqlite ${store} (${settings.durability} durability)`,
    open: (caller) => {
      const owner = caller.host === "" ? { ...caller, host: hostname() } : caller
      return retryWhileBusy(takePossession(settings, owner)).pipe(
        translated(store, "open"),
        // An opening decides nothing that could contradict a sound file: a row there breaks a rule of its own table.
        Effect.mapError((error) =>
          error._tag === "StoreConflict" ? new StoreUnreadable({ store, cause: error.cause }) : error
        ),
        Effect.flatMap((possession) => openFile(settings, possession, owner))
      )
    }
  }
}

const openFile = ({ filename: store }: SqliteSettings, possession: Possession, owner: StoreOwner) =>
  Effect.gen(function* () {
    const { hold, epoch, nextJobKey, nextRunKey, nextEvents, marks, mended, executors } = possession
    const { connection } = hold
    const { nextMessage, waiting } = yield* connection.alone(readWaiting(connection))
    const session: SqliteSession = {
      connection,
      store,
      epoch,
      executors,
      running: null,
      checkpointed: yield* connection.alone(readCheckpointKeys(connection)),
      messaged: new Set(waiting.keys()),
      stretches: new Map(),
      looked: { runs: 0, ledger: 0 },
      counted: false,
      dueRows: fewestDueRows
    }
    let open = true
    let latest = owner.startedAt
    yield* Effect.addFinalizer(() => Effect.sync(() => void (open = false)))
    if (store !== inMemory) yield* stopNoted(hold, epoch)
    const whileOpen = <A>(operation: string, body: () => Effect.Effect<A, SqlError | StoreError>) =>
      Effect.suspend((): Effect.Effect<A, SqlError | StoreError> =>
        open ? body() : Effect.fail(new StoreUnavailable({ store, operation, cause: "the store is closed" }))
      ).pipe(
        translated(store, operation),
        // What is left of a damaged file fails in many ways, not all of which say so.
        Effect.catchAll((error) => Effect.flatMap(hold.damage, (damage) => Effect.fail(damage ?? error)))
      )
    const guarded = <A>(operation: string, body: () => Effect.Effect<A, SqlError | StoreError>) =>
      whileOpen(operation, () => connection.alone(Effect.zipRight(hold.reach, Effect.suspend(body))))
    const looked = <A>(operation: string, body: () => Effect.Effect<A, SqlError | StoreError>) =>
      whileOpen(operation, () => connection.alone(Effect.zipRight(hold.probe, Effect.suspend(body))))
    /** What failed may be there or not. */
    const inDoubt = () => Effect.sync(() => (session.running = null))
    const opened: OpenStore = {
      epoch,
      nextJobKey,
      nextRunKey,
      nextMessage,
      nextEvents,
      waiting,
      marks,
      mended,
      commit: (sequence, batch) =>
        looked("commit", () => {
          const at = batchInstant(batch, latest)
          latest = Math.max(latest, at)
          return commitBatch(session, sequence, batch, at).pipe(
            Effect.tap((isNew) => {
              if (isNew) {
                noteRunning(session, batch)
                forgetCheckpoints(session.checkpointed, batch.settled)
                forgetMessages(session.messaged, batch.settled)
              }
              return Effect.map(reachedDisk(hold, session, sequence), () => hold.committed())
            }),
            Effect.tapErrorCause(inDoubt)
          )
        }),
      // A commit that is not acknowledged yet is there only if it reached the disk; nothing else is in doubt.
      committed: () =>
        guarded("committed", () =>
          Effect.flatMap(readSequence(session), (found) =>
            hold.isAcknowledged(found)
              ? Effect.succeed(found)
              : Effect.zipRight(hold.probe, readSequence(session)).pipe(
                  Effect.tap((sequence) => Effect.sync(() => hold.acknowledged(epoch, sequence)))
                )
          )
        ).pipe(
          // Then the commands in doubt can be refused, when they have waited long enough.
          Effect.catchAll((error) =>
            Effect.flatMap(hold.damage, (damage) =>
              damage === null ? Effect.fail(error) : Effect.succeed(hold.newest)
            )
          )
        ),
      due: (query) => guarded("due", () => readDue(session, query)),
      reads: {
        jobs: (selection) => {
          if ("ids" in selection) return guarded("jobs", () => readJobsById(session, selection.ids))
          if ("keys" in selection) return guarded("jobs", () => readJobsByKey(session, selection.keys))
          if ("ofStreams" in selection) return guarded("jobs", () => readStreamJobs(session))
          return whileOpen("jobs", () => listJobs(session, selection))
        },
        countJobs: () => whileOpen("countJobs", () => countJobs(session)),
        runs: (filter) => whileOpen("runs", () => readRuns(session, filter)),
        ledger: (filter) => guarded("ledger", () => readLedger(session, filter)),
        kept: (afterRunKey, limit) => guarded("kept", () => readKept(connection, afterRunKey, limit)),
        events: (filter) => guarded("events", () => readEvents(connection, filter))
      },
      orphans: (afterRunKey, limit) => guarded("orphans", () => readOrphans(session, afterRunKey, limit)),
      checkpoints: (runKeys) => guarded("checkpoints", () => readCheckpoints(connection, runKeys)),
      messages: (runKeys) => guarded("messages", () => readMessages(connection, runKeys)),
      purge: (retention) => looked("purge", () => Effect.tapErrorCause(purgeSlice(session, retention), inDoubt)),
      forgottenThrough: () => guarded("forgottenThrough", () => readForgottenThrough(connection))
    }
    return opened
  })

/** A process that is told to stop by a signal notes that in the file, before whatever else the signal does. */
const stopNoted = ({ connection, damage }: Hold, epoch: number) => {
  const insert = connection.run("INSERT OR REPLACE INTO marks(name, value) SELECT ?, ? FROM owner WHERE epoch = ?", [
    stopMark,
    stopMarkOf(epoch),
    epoch
  ])
  const note = Effect.flatMap(damage, (found): Effect.Effect<unknown, SqlError | StoreUnreadable> => {
    return found === null ? insert : Effect.fail(found)
  })
  return Effect.acquireRelease(
    Effect.map(Effect.clock, (clock) =>
      onStopSignal(
        (dying) => {
          if (!connection.taken) Effect.runSyncExit(note)
          // A transaction that is half made when the process dies is never made; the note must not be part of it.
          else if (dying) Effect.runSyncExit(Effect.zipRight(Effect.ignore(connection.run("ROLLBACK")), note))
          else Effect.runCallback(connection.alone(note))
        },
        () => Number(clock.unsafeCurrentTimeNanos()) / 1e6
      )
    ),
    (forget) => Effect.sync(forget)
  )
}

/** Where the file had to be opened anew after the commit, it may not be there: then nobody is told that it is. */
const reachedDisk = (
  hold: Hold,
  session: SqliteSession,
  sequence: number
): Effect.Effect<void, SqlError | StoreError> =>
  Effect.flatMap(hold.probeAgain, (anew) =>
    anew
      ? Effect.flatMap(readSequence(session), (found) => {
          if (found >= sequence) return Effect.void
          const cause = "another process had the file open while its locks were dropped"
          return Effect.zipRight(
            Effect.map(readExecutors(session.connection), (executors) => void (session.executors = executors)),
            Effect.fail(new StoreUnavailable({ store: session.store, operation: "commit", cause }))
          )
        })
      : Effect.void
  ).pipe(Effect.tap(() => Effect.sync(() => hold.acknowledged(session.epoch, sequence))))

/** Of a megabyte each, as long as arguments may be, they are read in some milliseconds. */
const fewestDueRows = 16

const readOptions = (options: SqliteOptions): SqliteSettings => {
  if (isUnreadable(options)) return refuse("options", unreadableText, "an object that can be read")
  const given: Readonly<Record<string, unknown>> = { ...options }
  const { filename, durability = "full", checkpointPages = 4000, takeOver = false, ...rest } = given
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) {
    return refuse(unknown, given[unknown], "filename, durability, checkpointPages and takeOver only")
  }
  if (typeof filename !== "string" || !isFilename(filename)) {
    return refuse("filename", filename, 'the name of a file, or ":memory:"')
  }
  if (durability !== "full" && durability !== "normal") {
    return refuse("durability", durability, '"full" or "normal"')
  }
  if (!isPageCount(checkpointPages)) {
    return refuse("checkpointPages", checkpointPages, "an integer from 100 to 100,000")
  }
  if (typeof takeOver !== "boolean") {
    return refuse("takeOver", takeOver, "true or false")
  }
  return { filename, durability, checkpointPages, takeOver }
}

const refuse = (option: string, found: unknown, expected: string): never => {
  throw new InvalidSqliteOption({ option, found, expected })
}

const isPageCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 100 && value <= 100_000

/** The driver trims names, and takes the empty one for a database that is lost when it is closed. */
const isFilename = (name: string): boolean => name !== "" && name.trim() === name && !name.includes("\0")
