/**
 * Jobs that are added in the program's own transaction: `addJob` writes a row into a table beside the program's, so that both are there or
 * neither, and the layer moves what was committed into the scheduler. A job is known by its id, so one that is moved again after a crash
 * is the one that is there.
 */
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import { Cause, Clock, Effect, Layer, Option, Random, Schedule } from "effect"
import { InvalidOptionError } from "../engine/schedulerError.ts"
import { unknownField } from "../input/fields.ts"
import { inWords } from "../input/inWords.ts"
import { isUnreadableData, unreadableText } from "../input/readable.ts"
import { InvalidJobError } from "../job/jobOptions.ts"
import { partsOf } from "../scheduler/definedJob.ts"
import type { Arguments, Job } from "../scheduler/definedJob.ts"
import { refusable } from "../scheduler/effectVerb.ts"
import { enqueuedJob } from "../scheduler/jobExecution.ts"
import type { EnqueueOptions } from "../scheduler/jobExecution.ts"
import type { Scheduler } from "../scheduler/schedulerLayer.ts"
import type { AsyncSchemaError, InvalidArgumentsError } from "../task/taskArguments.ts"
import type { DurationLike, InvalidDurationError } from "../time/duration.ts"
import { readDuration } from "../time/duration.ts"
import type { InvalidInstantError } from "../time/instant.ts"
import type { InvalidTriggerError } from "../trigger/invalidTrigger.ts"
import { newFlush } from "./flush.ts"
import type { Flush } from "./flush.ts"
import { writeOutboxJob } from "./outboxJob.ts"
import type { OutboxJobInput, WrittenOutboxJob } from "./outboxJob.ts"
import { outboxTable } from "./outboxTable.ts"

/** Where jobs wait, and how often it is looked. */
export interface OutboxOptions {
  /** The table: letters, digits and `_`, not beginning with a digit. Default `carillon_outbox`. */
  readonly table?: string
  /** How long between two looks at the table; at least 1 ms. Default 1 second. */
  readonly every?: DurationLike
}

/** What `addJob` fails with: a definition that is wrong by itself, and the database. */
export type OutboxAddError =
  InvalidJobError | InvalidArgumentsError | AsyncSchemaError | InvalidDurationError | InvalidInstantError | SqlError

/** An outbox of one table. Let one scheduler read it. */
export interface Outbox {
  /** Makes the table if it is not there. The layer does so too; a program with migrations of its own may want it among them. */
  readonly createTable: Effect.Effect<void, SqlError, SqlClient>
  /**
   * Writes a job into the table, in the transaction that this is part of, and gives its id: `input.id`, or one made for it. It is added as soon as
   * it was committed and looked for; where its id is taken then, the job that has it stays. Nothing is written when it fails.
   */
  readonly addJob: (input: OutboxJobInput) => Effect.Effect<string, OutboxAddError, SqlClient>
  /**
   * The same of a job that was made by `Job.make`, with its arguments as they are, encoded by its schema. What comes of it, once it was moved,
   * `job.await(id)` says.
   */
  readonly enqueue: <Args, Success, Error>(
    job: Job<string, Args, Success, Error>,
    ...given: Arguments<Args, EnqueueOptions>
  ) => Effect.Effect<string, OutboxAddError | InvalidTriggerError, SqlClient>
  /**
   * Adds to the scheduler now what was committed, and gives how many jobs that were. One whose task, store, calendar or type of trigger is not
   * registered waits. One that the scheduler refuses stays in the table with its reason, `refused`. Both are told in the log. Fails when
   * the database or the store does; all that is left is added the next time.
   */
  readonly flush: Flush
  /** Makes the table, and from then on flushes, at once and every so often, until the scheduler has stopped. What fails is told in the log and tried again. */
  readonly layer: Layer.Layer<never, SqlError, SqlClient | Scheduler>
}

/** An outbox of a table of its own. Throws `InvalidOptionError` and `InvalidDurationError`. */
const make = (options: OutboxOptions = {}): Outbox => {
  const { table: name, everyMs } = readOptions(options)
  const table = outboxTable(name)
  const flush = newFlush(table)
  const looking = Effect.catchAllCause(flush, (cause) =>
    Option.exists(Cause.failureOption(cause), ({ _tag }) => _tag === "SchedulerStoppedError")
      ? Effect.failCause(cause)
      : Effect.annotateLogs(Effect.logWarning("jobs could not be moved from the outbox; they are tried again", cause), {
          "carillon.outbox": name
        })
  )
  const addJob: Outbox["addJob"] = (input) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const parts = [now, ...(yield* Effect.all([Random.nextInt, Random.nextInt]))]
      const suffix = parts.map((part) => Math.abs(part).toString(36)).join("-")
      const { id, text } = yield* refusable<WrittenOutboxJob, Exclude<OutboxAddError, SqlError>>(() =>
        writeOutboxJob(input, now, suffix)
      )
      yield* table.insert(text)
      return id
    })
  return {
    createTable: table.create,
    addJob,
    enqueue: (job, ...[args, options]) =>
      Effect.suspend(() => {
        const parts = partsOf(job)
        if (parts !== null) return Effect.flatMap(enqueuedJob(parts, args, options ?? {}), addJob)
        const refused = { field: "the job", found: inWords(job), expected: "what Job.make gives" }
        return Effect.fail(new InvalidJobError({ jobId: "(new)", ...refused }))
      }),
    flush,
    layer: Layer.scopedDiscard(
      Effect.zipRight(table.create, Effect.forkScoped(Effect.ignore(Effect.repeat(looking, Schedule.spaced(everyMs)))))
    )
  }
}

const readOptions = (options: OutboxOptions): { readonly table: string; readonly everyMs: number } => {
  const refuse = (option: string, found: string, expected: string) =>
    new InvalidOptionError({ option: `Outbox ${option}`, found, expected })
  const given: unknown = options
  if (typeof given !== "object" || given === null) throw refuse("options", inWords(given), "an object")
  if (isUnreadableData(given)) throw refuse("options", unreadableText, "plain data")
  const surplus = unknownField(given, ["table", "every"])
  if (surplus !== undefined) throw refuse("options", inWords(surplus), "only table, every")
  const { table = "carillon_outbox", every = "1 second" } = options
  if (typeof (table as unknown) !== "string" || !/^[a-z_]\w{0,62}$/i.test(table))
    throw refuse("table", inWords(table), "1 to 63 letters, digits and _, not beginning with a digit")
  return { table, everyMs: Math.max(1, readDuration(every, "Outbox every")) }
}

/** The outbox `carillon_outbox`, and `make` for one of another table. */
export const Outbox: Outbox & {
  /** An outbox of a table of its own, or one that is looked at at other times. Throws `InvalidOptionError` and `InvalidDurationError`. */
  readonly make: typeof make
} = { ...make(), make }
