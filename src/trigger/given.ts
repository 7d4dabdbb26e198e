/** What a caller hands to the makers of triggers, looked at before anything of it is used. */
import { InvalidTriggerError, shownValue } from "./invalidTrigger.ts"
import type { Trigger } from "./trigger.ts"

/** `given` as a trigger. Throws `InvalidTriggerError` for anything without `next` and `toJSON`. */
export const givenTrigger = (trigger: string, given: unknown, field = "trigger"): Trigger => {
  if (isObject(given) && typeof given["next"] === "function" && typeof given["toJSON"] === "function")
    return given as unknown as Trigger
  const expected = "a trigger, such as cron(…) or interval(…)"
  throw new InvalidTriggerError({ trigger, field, found: shownValue(given), expected })
}

/** `given` when it is an object. Throws `InvalidTriggerError` for anything else. */
export const givenObject = <A extends object>(trigger: string, field: string, given: A): A => {
  if (isObject(given)) return given
  throw new InvalidTriggerError({ trigger, field, found: shownValue(given), expected: "an object" })
}

/** `given` when it is an object with no other keys than `known`. Throws `InvalidTriggerError` for anything else. */
export const givenOptions = <A extends object>(
  trigger: string,
  given: A,
  known: ReadonlyArray<keyof A & string>
): A => {
  const keys: ReadonlyArray<string> = known
  const surplus = Object.keys(givenObject(trigger, "options", given)).find((key) => !keys.includes(key))
  if (surplus === undefined) return given
  throw new InvalidTriggerError({ trigger, field: "options", found: surplus, expected: `only ${known.join(", ")}` })
}

const isObject = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !Array.isArray(given)
