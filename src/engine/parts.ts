/** Parts that a caller hands in (stores, executors, codecs …): each has the method that makes it one. */
import { inWords } from "../input/inWords.ts"
import { isUnreadable, itemsOf } from "../input/readable.ts"
import { InvalidOptionError } from "./schedulerError.ts"

/** Throws `InvalidOptionError` for a part's name that is no text. */
export const checkName = (verb: string, name: unknown): void => {
  if (typeof name === "string") return
  throw new InvalidOptionError({ option: `${verb}'s name`, found: inWords(name), expected: "a text" })
}

/** True for an object or a function with such a method. */
export const hasMethod = (part: unknown, method: string | symbol): boolean =>
  !isUnreadable(part, 1) &&
  ((typeof part === "object" && part !== null) || typeof part === "function") &&
  typeof (part as { readonly [key: string | symbol]: unknown })[method] === "function"

/** Throws `InvalidOptionError` for a part without the method that makes it one. */
export const checkPart = (option: string, part: unknown, method: string | symbol, expected: string): void => {
  if (!hasMethod(part, method)) throw new InvalidOptionError({ option, found: inWords(part), expected })
}

/** The same for a list of parts, which may be left out. */
export const checkParts = (option: string, parts: unknown, method: string | symbol, expected: string): void => {
  if (parts === undefined) return
  if (isUnreadable(parts, 1) || !Array.isArray(parts))
    throw new InvalidOptionError({ option, found: inWords(parts), expected: `a list of ${expected}` })
  for (const part of parts as ReadonlyArray<unknown>) checkPart(option, part, method, expected)
}

/** What `given` iterates over, as a list. Throws `InvalidOptionError` for what is no iterable, and where its iterator throws. */
export const listGiven = <A>(option: string, given: Iterable<A>, expected: string): ReadonlyArray<A> => {
  checkPart(option, given, Symbol.iterator, expected)
  return itemsOf(
    given,
    (found, cause) => new InvalidOptionError({ option, found: `${found}: ${inWords(cause)}`, expected })
  )
}
