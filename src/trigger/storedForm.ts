/** Reads the fields of a trigger's stored form. What does not fit is an `InvalidTriggerError`, never a wrong trigger. */
import { unknownField } from "../input/fields.ts"
import { unquoted } from "../input/inWords.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import type { Json, Trigger, TriggerSpec } from "./trigger.ts"

/** Refuses a spec with fields besides `type` and `known`: a newer version wrote it, or a hand slipped. */
export const onlyFields = (spec: TriggerSpec, known: ReadonlyArray<string>): void => {
  const surplus = unknownField(spec, ["type", ...known])
  if (surplus !== undefined) throw misfit(spec, "field", surplus, `only ${["type", ...known].join(", ")}`)
}

export const requiredField = (spec: TriggerSpec, field: string): Json => {
  const value = spec[field]
  if (value === undefined) throw misfit(spec, field, undefined, "a value")
  return value
}

export const optionalText = (spec: TriggerSpec, field: string): string | undefined => {
  const value = spec[field]
  if (value !== undefined && typeof value !== "string") throw misfit(spec, field, value, "text")
  return value
}

export const optionalNumber = (spec: TriggerSpec, field: string): number | undefined => {
  const value = spec[field]
  if (value !== undefined && (typeof value !== "number" || !Number.isFinite(value)))
    throw misfit(spec, field, value, "a number")
  return value
}

/** An instant as it is stored: epoch milliseconds, or text that waits for its zone. */
export const optionalInstant = (spec: TriggerSpec, field: string): number | string | undefined => {
  const value = spec[field]
  if (value !== undefined && typeof value !== "number" && typeof value !== "string") {
    throw misfit(spec, field, value, "epoch milliseconds or ISO 8601 text")
  }
  return value
}

export const optionalChoice = <const A extends string | true>(
  spec: TriggerSpec,
  field: string,
  choices: ReadonlyArray<A>
): A | undefined => {
  const value = spec[field]
  if (value === undefined) return undefined
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined)
    throw misfit(spec, field, value, `one of ${choices.map((each) => unquoted(each)).join(", ")}`)
  return choice
}

export const isSpec = (value: unknown): value is TriggerSpec =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  typeof (value as { type?: unknown }).type === "string"

/** Reads the trigger stored under `field`. */
export const nestedTrigger = (spec: TriggerSpec, field: string, read: (spec: TriggerSpec) => Trigger): Trigger => {
  const value = spec[field]
  if (!isSpec(value)) throw misfit(spec, field, value, "a trigger")
  return read(value)
}

export const nestedTriggers = (
  spec: TriggerSpec,
  field: string,
  read: (spec: TriggerSpec) => Trigger
): ReadonlyArray<Trigger> => {
  const values: unknown = spec[field]
  if (!Array.isArray(values)) throw misfit(spec, field, values, "a list of triggers")
  return values.map((value: unknown) => {
    if (!isSpec(value)) throw misfit(spec, field, value, "a trigger")
    return read(value)
  })
}

/** The error of a stored field that does not fit. */
export const misfit = (spec: TriggerSpec, field: string, found: unknown, expected: string): InvalidTriggerError =>
  new InvalidTriggerError({ trigger: unquoted(spec.type), field, found: unquoted(found), expected })
