/**
 * What an executor of one's own may not settle with: a settlement goes into the run's record and its events, so one that is
 * none is refused where it comes in. Knows no executor and no run.
 */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import { outcomes } from "../job/run.ts"
import type { RunError } from "../job/run.ts"
import type { PutOff } from "../task/retryLater.ts"
import type { Settlement } from "./executor.ts"

/** An executor has settled an attempt with something else than a `Settlement`. The attempt counts as failed. */
export class InvalidSettlementError extends Data.TaggedError("InvalidSettlementError")<{
  /** Which part of it is wrong. */
  readonly field: string
  /** What was given, in a few words. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}> {
  override get message(): string {
    return `settled with ${this.field} ${this.found}, expected ${this.expected}; fix the executor`
  }
}

/** The settlement itself. Throws `InvalidSettlementError`, or what a hostile object throws. */
export const checkSettlement = (given: Settlement): Settlement => {
  if (!isObject(given)) throw refused("settlement", given, "an object")
  const {
    outcome,
    startedAt,
    finishedAt,
    result,
    error,
    retryable,
    again,
    crashed,
    unfit,
    waitsUntil
  }: Unknown<Settlement> = given
  if (!(outcomes as ReadonlyArray<unknown>).includes(outcome))
    throw refused("outcome", outcome, `one of ${outcomes.join(", ")}`)
  if (startedAt !== null && !isInstant(startedAt)) throw refused("startedAt", startedAt, "epoch milliseconds or null")
  if (!isInstant(finishedAt)) throw refused("finishedAt", finishedAt, "epoch milliseconds")
  if (result !== null && !isWritten(given) && !isJsonText(result)) throw refused("result", result, "JSON text or null")
  if (error !== null && !isRunError(error))
    throw refused("error", error, "a plain { name, message, stack? } of texts, or null")
  if (typeof retryable !== "boolean") throw refused("retryable", retryable, "true or false")
  if (again !== undefined && again !== null && !isPutOff(again))
    throw refused("again", again, "{ at, counts }: epoch milliseconds and true or false, or null")
  if (crashed !== undefined && crashed !== true) throw refused("crashed", crashed, "true, or absent")
  if (crashed === true && outcome !== "failed" && outcome !== "interrupted")
    throw refused("crashed of outcome", outcome, "failed or interrupted")
  if (unfit !== undefined && (unfit !== true || outcome !== "failed" || error === null))
    throw refused("unfit", unfit, "true of a failed attempt with an error, or absent")
  const waits = waitsUntil === "event" || isInstant(waitsUntil)
  if (waitsUntil !== undefined && (!waits || outcome !== "interrupted" || error !== null))
    throw refused(
      "waitsUntil",
      waitsUntil,
      `epoch milliseconds or "event" of an interrupted attempt without an error, or absent`
    )
  return given
}

/** Settlements whose result this process has written as JSON itself: reading a megabyte again takes milliseconds. */
const written = new WeakSet<object>()

const isWritten = (given: object): boolean => written.has(given)

/** Says that the result is JSON. */
export const noteWritten = (settlement: Settlement): void => void written.add(settlement)

const refused = (field: string, found: unknown, expected: string): InvalidSettlementError =>
  new InvalidSettlementError({ field, found: inWords(found), expected })

type Unknown<T> = { readonly [field in keyof T]?: unknown }

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const isInstant = (value: unknown): boolean => Number.isSafeInteger(value)

const isJsonText = (value: unknown): boolean => typeof value === "string" && succeeds(() => void JSON.parse(value))

/** Written as JSON, with whatever else is in it. */
const isRunError = (value: unknown): boolean => {
  if (!isObject(value)) return false
  const { name, message, stack }: Unknown<RunError> = value
  const texts =
    typeof name === "string" && typeof message === "string" && ["string", "undefined"].includes(typeof stack)
  return texts && succeeds(() => void JSON.stringify(value))
}

const isPutOff = (value: unknown): boolean => {
  const { at, counts }: Unknown<PutOff> = isObject(value) ? value : {}
  return isInstant(at) && typeof counts === "boolean"
}

const succeeds = (attempt: () => void): boolean => {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}
