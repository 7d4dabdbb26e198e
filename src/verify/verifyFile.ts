/**
 * Checks an SQLite file, whether a scheduler is at work on it or not: one moment of it, read-only. Custom triggers whose code is not
 * given are told, not guessed at.
 */
import { Clock, Duration, Effect } from "effect"
import { inWords } from "../input/inWords.ts"
import { readClaimingSince } from "../engine/writer/claimingSince.ts"
import { checkParts } from "../engine/parts.ts"
import { JobCodec } from "../engine/job/jobCodec.ts"
import { checkKnownOptions } from "../engine/query/queryOptions.ts"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { runStore } from "../engine/storePromise.ts"
import { readSent, sentMark } from "../store/sentMark.ts"
import { yieldToEventLoop } from "../store/sqlite/slices.ts"
import { openSnapshot, type SqliteSnapshot } from "../store/sqlite/snapshot.ts"
import type { StoreError } from "../store/storeError.ts"
import { StoreUnreadable } from "../store/storeError.ts"
import { type DurationLike, readDuration } from "../time/duration.ts"
import type { HolidayCalendar } from "../trigger/holidayCalendar.ts"
import { createTriggerRegistry } from "../trigger/triggerRegistry.ts"
import type { TriggerCodec } from "../trigger/trigger.ts"
import { maxFireTimes, type Sliced } from "./accounting.ts"
import { keptFaults, keptPerPage } from "./kept.ts"
import { Tally, type Verification } from "./verification.ts"
import { type CheckEnvironment, verifyJob } from "./verifyJob.ts"

/** What the file's scheduler knows, and the file does not say. */
export interface VerifyFileOptions {
  /** The scheduler's `retention.runAge`, where records were deleted. Default 30 days. */
  readonly runAge?: DurationLike
  /** Codecs of your own triggers, as the scheduler has them. */
  readonly triggers?: ReadonlyArray<TriggerCodec>
  /** Holiday calendars, as the scheduler has them. */
  readonly calendars?: ReadonlyArray<HolidayCalendar>
}

/** Jobs read at a time. */
const pageSize = 200

/**
 * Checks every job, run and ledger entry in `filename`, removed jobs' too, and the file with SQLite's `quick_check`. Writes nothing.
 * Rejects with `StoreUnreadable` (no such file, no database, another program's), `StoreTooNew` or `StoreUnavailable`, and
 * throws `InvalidOptionError`, `InvalidDurationError`, `InvalidTriggerError` for what it is given.
 */
export const verifyFile = async (filename: string, options: VerifyFileOptions = {}): Promise<Verification> => {
  checkGiven(filename, options)
  const registry = createTriggerRegistry(options.triggers, options.calendars)
  const codec = new JobCodec((spec) => registry.read(spec))
  const runAgeMs = readDuration(options.runAge ?? Duration.days(30), "verifyFile's runAge")
  return runStore(
    Effect.scoped(
      Effect.gen(function* () {
        const snapshot = yield* openSnapshot(filename)
        const tally = new Tally()
        // The check itself may meet a page that ends it.
        const damage = yield* Effect.catchTag(snapshot.damage(), "StoreUnreadable", ({ message }) =>
          Effect.succeed([message])
        )
        for (const message of damage) tally.addToStore(filename, message)
        yield* Effect.catchIf(
          Effect.zipRight(
            verifyJobs(snapshot, filename, { codec, runAgeMs }, tally),
            verifyKept(snapshot, filename, tally)
          ),
          // The damage is told; what can be read beyond it is not known.
          (error) => error instanceof StoreUnreadable && damage.length > 0,
          (error) => Effect.sync(() => tally.addToStore(filename, `the check ended there: ${error.message}`))
        )
        return tally.verification()
      })
    )
  )
}

const checkGiven = (filename: unknown, options: VerifyFileOptions): void => {
  if (typeof filename !== "string" || filename === "" || filename.includes("\0"))
    throw new InvalidOptionError({ option: "verifyFile's file", found: inWords(filename), expected: "a file's name" })
  checkKnownOptions("verifyFile", options, ["runAge", "triggers", "calendars"])
  checkParts("triggers", options.triggers, "fromJSON", "trigger types, made by defineTrigger")
  checkParts("calendars", options.calendars, "has", "holiday calendars")
}

const verifyJobs = (
  snapshot: SqliteSnapshot,
  store: string,
  { codec, runAgeMs }: { readonly codec: JobCodec; readonly runAgeMs: number },
  tally: Tally
): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const { recovered, purged } = yield* snapshot.past
    const environment: CheckEnvironment = {
      codec,
      retained: { from: purged ? (yield* Clock.currentTimeMillis) - runAgeMs : -Infinity, guessed: purged },
      epoch: snapshot.epoch,
      recovered,
      claimingSince: readClaimingSince(yield* snapshot.marks),
      knowsTriggers: false
    }
    for (let afterKey = 0; ;) {
      const rows = yield* snapshot.jobs(afterKey, pageSize)
      if (rows.length === 0) return
      for (const row of rows) {
        const runs = yield* snapshot.runsOf(row.key, maxFireTimes)
        const ledger = yield* snapshot.ledgerOf(row.key, maxFireTimes)
        const saved = yield* snapshot.saved(runs.filter(({ outcome }) => outcome === null).map(({ runKey }) => runKey))
        tally.add(store, row.id, yield* inTurns(verifyJob(row, { runs, ledger, saved }, environment)))
        if (tally.full) return
        if (row.key <= afterKey) {
          tally.addToStore(store, `its jobs are not in the order of their keys: the check ended at "${row.id}"`)
          return
        }
        afterKey = row.key
      }
    }
  })

/** What is kept beside runs. */
const verifyKept = (snapshot: SqliteSnapshot, store: string, tally: Tally): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const sentThrough = readSent((yield* snapshot.marks).get(sentMark))
    for (let after = 0; !tally.full;) {
      const rows = yield* snapshot.kept(after, keptPerPage)
      for (const row of rows)
        for (const message of keptFaults(row, sentThrough)) tally.addKept(store, row.jobId, message)
      const last = rows.at(-1)
      if (last === undefined || last.runKey <= after) return
      after = last.runKey
      yield* yieldToEventLoop
    }
  })

const inTurns = <A>(slices: Sliced<A>): Effect.Effect<A> =>
  Effect.gen(function* () {
    for (;;) {
      const slice = slices.next()
      if (slice.done === true) return slice.value
      yield* yieldToEventLoop
    }
  })
