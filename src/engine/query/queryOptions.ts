/** The options of verbs that ask or act, checked: unknown names, and values that could never be met, are refused. */
import { wholeNumber } from "../../input/fields.ts"
import { inWords } from "../../input/inWords.ts"
import { isUnreadableData, unreadableText } from "../../input/readable.ts"
import { ledgerKinds } from "../../job/ledger.ts"
import { outcomes } from "../../job/run.ts"
import { jobStates } from "../../job/snapshot.ts"
import { InvalidOptionError } from "../schedulerError.ts"

/** Throws `InvalidOptionError` for an option that is not `known`, and for a value that the option of that name cannot have. */
export const checkKnownOptions = (verb: string, query: unknown, known: ReadonlyArray<string>): void => {
  const expected = `an object of ${known.join(", ")}`
  if (typeof query !== "object" || query === null)
    throw new InvalidOptionError({ option: `${verb}'s options`, found: inWords(query), expected })
  if (isUnreadableData(query))
    throw new InvalidOptionError({ option: `${verb}'s options`, found: unreadableText, expected })
  for (const [key, value] of Object.entries(query)) {
    if (!known.includes(key)) throw new InvalidOptionError({ option: `${verb}'s ${key}`, found: "given", expected })
    const wanted = value === undefined ? undefined : wantedOf(key, value)
    if (wanted === undefined) continue
    throw new InvalidOptionError({ option: `${verb}'s ${key}`, found: inWords(value), expected: wanted })
  }
}

/** A query's `limit`. Throws `InvalidOptionError`. */
export const readLimit = (given: number | undefined, fallback: number): number => {
  return wholeNumber(given === undefined ? fallback : given, [1], "limit", refuse)
}

const refuse = (option: string, found: string, expected: string): InvalidOptionError =>
  new InvalidOptionError({ option, found, expected })

/** One value or several, as a list, each once: as long as there are different ones at the most. */
export const listOf = <A extends string>(given: A | ReadonlyArray<A>): ReadonlyArray<A> =>
  typeof given === "string" ? [given] : [...new Set(given)]

const texts = ["jobId", "runId", "task", "executor", "tag", "store"]
const truths = ["fault", "live", "paused", "wait"]
const choices = new Map<string, ReadonlyArray<string>>([
  ["state", jobStates],
  ["outcome", outcomes],
  ["kind", ledgerKinds]
])

/** What the option `key` should have been; `undefined` when `value` is that. */
const wantedOf = (key: string, value: unknown): string | undefined => {
  if (texts.includes(key) && typeof value !== "string") return "text"
  if (truths.includes(key) && typeof value !== "boolean") return "true or false"
  const choice = choices.get(key)
  if (choice === undefined) return undefined
  const given: ReadonlyArray<unknown> = Array.isArray(value) ? value : [value]
  return given.every((each) => typeof each === "string" && choice.includes(each))
    ? undefined
    : `one or a list of ${choice.join(", ")}`
}
