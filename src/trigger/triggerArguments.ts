/** What a caller hands to the makers of triggers, looked at before anything of it is used. */
import { unknownField } from "../input/fields.ts"
import { shortened, unquoted } from "../input/inWords.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { isUnreadableData } from "../input/readable.ts"
import { timezoneName } from "../time/timezoneInput.ts"
import type { TimezoneInput } from "../time/timezoneInput.ts"
import type { Trigger } from "./trigger.ts"

/** `given` as a trigger. Throws `InvalidTriggerError` for anything without `next` and `toJSON`. */
export const triggerArgument = (trigger: string, given: unknown, field = "trigger"): Trigger => {
  const isTrigger = reading(
    trigger,
    field,
    () => isObject(given) && typeof given["next"] === "function" && typeof given["toJSON"] === "function"
  )
  if (isTrigger) return given as Trigger
  const expected = "a trigger, such as cron(…) or interval(…)"
  throw new InvalidTriggerError({ trigger, field, found: unquoted(given), expected })
}

/** `given` when it is an object. Throws `InvalidTriggerError` for anything else. */
export const givenObject = <A extends object>(trigger: string, field: string, given: A): A => {
  if (!isUnreadableData(given) && isObject(given)) return given
  throw new InvalidTriggerError({ trigger, field, found: unquoted(given), expected: "an object" })
}

/** A copy of the properties of `given`, an object, read once. Throws `InvalidTriggerError` for anything else, and when a getter or trap throws. */
export const givenProperties = <A extends object>(trigger: string, field: string, given: A): A => ({
  ...reading(trigger, field, () => ({ ...givenObject(trigger, field, given) }))
})

/** Options whose time zone is a name. */
export type WithZoneName<A> = A extends { readonly timezone?: TimezoneInput | undefined }
  ? Omit<A, "timezone"> & { readonly timezone?: string | undefined }
  : A

/**
 * The options of `given`, an object with no other keys than `known`, read once; a `Zone` of luxon by its name. Throws `InvalidTriggerError` for anything else, and when a
 * getter or trap throws.
 */
export const givenOptions = <A extends object>(
  trigger: string,
  given: A,
  known: ReadonlyArray<keyof A & string>
): WithZoneName<A> => {
  const keys: ReadonlyArray<string> = known
  return reading(trigger, "options", () => {
    const surplus = unknownField(givenObject(trigger, "options", given), keys)
    if (surplus !== undefined)
      throw new InvalidTriggerError({ trigger, field: "options", found: surplus, expected: `only ${known.join(", ")}` })
    const entries = known.map((key) => [key, key === "timezone" ? timezoneName(given[key]) : given[key]] as const)
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as WithZoneName<A>
  })
}

/** Looks at what a caller gave: his getters and proxies may throw anything. */
export const reading = <A>(trigger: string, field: string, read: () => A): A => {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof InvalidTriggerError) throw cause
    const found = `an object that throws: ${cause instanceof Error ? cause.message : unquoted(cause)}`
    throw new InvalidTriggerError({ trigger, field, found: shortened(found), expected: "one that can be read" })
  }
}

const isObject = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !Array.isArray(given)
