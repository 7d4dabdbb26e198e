/**
 * How a run has ended, by the schemas of its job: the success is the run's result, the whole cause is kept beside the error's description.
 * What has failed is told from what is a bug, and a program reads the exit of last week's run as it was. Keeps nothing itself.
 */
import { Cause, Exit, Schema } from "effect"
import type { Either } from "effect"
import type { RunError, RunRecord } from "../job/run.ts"
import type { Json } from "../trigger/trigger.ts"
import type { JsonLimits } from "./jsonText.ts"
import { toJson } from "./jsonText.ts"
import { errorIn } from "./runError.ts"
import type { KeepFailure } from "./taskCode.ts"
import { RunCancelled, RunInterrupted, RunTimedOut } from "./taskContext.ts"

/** What a run ends with that is not its task's own error. */
export type RunEnded = RunTimedOut | RunCancelled | RunInterrupted

/** Of a cause that is kept: some hundreds of failures, `RunError.cause` says how long. */
const causeLimits: JsonLimits = { depth: 500, length: 65_536 }

/** Keeps causes by the schema of the errors in them: whole, else the first failure, else nothing. */
export const keepCause = <E>(error: Schema.Schema<E, unknown>): KeepFailure => {
  const encode = Schema.encodeUnknownEither(causeOf(error))
  return (cause) => {
    const kept = readable(() => encode(cause)) ?? firstFailure(cause, encode)
    return { error: errorIn(cause), ...(kept === null ? {} : { cause: kept }) }
  }
}

const causeOf = <E>(error: Schema.Schema<E, unknown>) => Schema.Cause({ error, defect: Schema.Defect })

const firstFailure = (
  cause: Cause.Cause<unknown>,
  encode: (cause: unknown) => Either.Either<unknown, unknown>
): Json | null => {
  const first = Cause.failureOption(cause)
  return first._tag === "None" ? null : readable(() => encode(Cause.fail(first.value)))
}

/** An error that the schema does not know, a defect that throws when it is looked at, and what is too long are not kept. */
const readable = (encoded: () => Either.Either<unknown, unknown>): Json | null => {
  try {
    const kept = encoded()
    return kept._tag === "Right" ? toJson(kept.right, causeLimits) : null
  } catch {
    return null
  }
}

/** Reads runs of a job; `null` of one that has not ended. What its schemas do not read is a defect. */
export const exitReader = <A, E>(
  success: Schema.Schema<A, unknown>,
  error: Schema.Schema<E, unknown>
): ((run: RunRecord) => Exit.Exit<A, E | RunEnded> | null) => {
  const isNothing = success.ast._tag === "VoidKeyword"
  const read = Schema.decodeUnknownEither(success)
  // Nothing is stored as null.
  const result = (stored: unknown) => read(isNothing ? undefined : stored)
  const cause = Schema.decodeUnknownEither(causeOf(error))
  return (run) => {
    const { outcome, jobId, runId, attempt } = run
    switch (outcome) {
      case null:
        return null
      case "succeeded":
        return exitWith(run.result, result)
      case "failed":
        return failure(run.error, cause)
      case "timedOut":
        return Exit.fail(new RunTimedOut({ jobId, runId, attempt, timeoutMs: timeoutOf(run) }))
      case "cancelled":
        return Exit.fail(new RunCancelled({ jobId, runId, attempt }))
      case "interrupted":
        return Exit.fail(new RunInterrupted({ jobId, runId, attempt }))
    }
  }
}

const exitWith = <A>(stored: Json, decode: (value: unknown) => Either.Either<A, unknown>): Exit.Exit<A> => {
  const given = decode(stored)
  if (given._tag === "Right") return Exit.succeed(given.right)
  // So is what may be left out.
  const nothing = stored === null ? decode(undefined) : given
  return nothing._tag === "Right" ? Exit.succeed(nothing.right) : Exit.die(given.left)
}

const failure = <E>(
  error: RunError | null,
  decode: (value: unknown) => Either.Either<Cause.Cause<E>, unknown>
): Exit.Exit<never, E> => {
  if (error?.cause === undefined) return Exit.die(asError(error))
  const kept = decode(error.cause)
  return kept._tag === "Right" ? Exit.failCause(kept.right) : Exit.die(asError(error))
}

/** Known by its description alone. */
const asError = (kept: RunError | null): Error => {
  const error = new Error(kept?.message ?? "it failed, and nothing is known of its error")
  if (kept !== null) error.name = kept.name
  if (kept?.stack !== undefined) error.stack = kept.stack
  return error
}

/** An executor of somebody's own may not say. */
const timeoutOf = ({ error, startedAt, finishedAt, claimedAt }: RunRecord): number =>
  error?.timeoutMs ?? (finishedAt ?? claimedAt) - (startedAt ?? claimedAt)
