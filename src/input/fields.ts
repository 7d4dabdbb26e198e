/** What a caller gave, field by field, held against what would do. The error is made by whoever asks: it names the thing. */
import { inWords } from "./inWords.ts"

/** Makes the error that says which field is wrong, what it is in a few words, and what would do. */
export type Refuse = (field: string, found: string, expected: string) => Error

/** The first of `given`'s own fields that is none of `known`; `undefined`: all are. */
export const unknownField = (given: object, known: ReadonlyArray<string>): string | undefined =>
  Object.keys(given).find((field) => !known.includes(field))

/** `given`, if it is one of `allowed`. Throws what `refuse` makes. */
export const oneOf = <A extends string>(
  given: unknown,
  allowed: ReadonlyArray<A>,
  field: string,
  refuse: Refuse
): A => {
  const found = allowed.find((each) => each === given)
  if (found === undefined) throw refuse(field, inWords(given), `one of ${allowed.join(", ")}`)
  return found
}

/** `given`, if it is a whole number from `least` to `most`; `most` is left out: however large. Throws what `refuse` makes. */
export const wholeNumber = (
  given: unknown,
  [least, most = Number.MAX_SAFE_INTEGER]: readonly [least: number, most?: number],
  field: string,
  refuse: Refuse
): number => {
  if (typeof given === "number" && Number.isSafeInteger(given) && given >= least && given <= most) return given
  const bounds =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most.toLocaleString("en")}`
  throw refuse(field, inWords(given), `a whole number ${bounds}`)
}

/** `given`, if it is a number from `least` to `most`, parts of one allowed. Throws what `refuse` makes. */
export const numberWithin = (
  given: unknown,
  [least, most]: readonly [least: number, most: number],
  field: string,
  refuse: Refuse
): number => {
  if (typeof given === "number" && given >= least && given <= most) return given
  throw refuse(field, inWords(given), `a number from ${least} to ${most}`)
}
