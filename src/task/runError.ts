/** Describes anything that a task can throw. Never throws: what is thrown may be hostile, and this runs in the engine. */
import { Cause, Runtime } from "effect"
import { className, inWords } from "../input/inWords.ts"
import type { RunError } from "../job/run.ts"

/** Caps, in UTF-16 code units. */
const maxName = 200
const maxMessage = 4_000
const maxStack = 8_000
/** Causes and members of aggregates that are followed. */
const maxDepth = 5
const maxMembers = 10

/**
 * The error as it is kept. `name`: its `_tag`, else its `name`, else its class, else the type of what was thrown. `message`: its
 * message, else the thing itself in a few words; those of its causes and members are added. An Effect Cause or FiberFailure is
 * described by the error in it. Text is cut, and lone surrogates are replaced by U+FFFD.
 */
export const describeError = (thrown: unknown): RunError => {
  const error = underlying(thrown)
  const stack = stackOf(error, 0)
  const name = clean(nameOf(error), maxName)
  const message = clean(messageOf(error, []), maxMessage)
  return stack === null ? { name, message } : { name, message, stack: clean(stack, maxStack) }
}

/** The error that a Cause stands for. That of an interruption names no fibers: their numbers are others each time. */
export const errorIn = (cause: Cause.Cause<unknown>): unknown =>
  Cause.isInterruptedOnly(cause) ? new Cause.InterruptedException("interrupted from within") : Cause.squash(cause)

/** What was thrown without the wrappings of Effect. A Cause may hold a FiberFailure and the other way round. */
export const underlying = (thrown: unknown): unknown => {
  let error = thrown
  for (let depth = 0; depth < maxDepth; depth++) {
    const inner = unwrap(error)
    if (inner === error) return error
    error = inner
  }
  return error
}

const unwrap = (error: unknown): unknown => {
  if (!isHolder(error)) return error
  try {
    if (Runtime.isFiberFailure(error)) return errorIn(error[Runtime.FiberFailureCauseId])
    return Cause.isCause(error) ? errorIn(error) : error
  } catch {
    return error
  }
}

const nameOf = (error: unknown): string => {
  if (!isHolder(error)) return error === null ? "null" : typeof error
  const given = textField(error, "_tag") ?? textField(error, "name")
  if (given !== null) return given
  return read(() => className(error)) ?? (isError(error) ? "Error" : typeof error)
}

/** `seen` holds the errors on the way here. */
const messageOf = (error: unknown, seen: ReadonlyArray<unknown>): string => {
  if (typeof error === "string") return error
  if (!isHolder(error)) return inWords(error)
  const inner = [...seen, error]
  const own = textField(error, "message") ?? fieldsText(error)
  const members = field(error, "errors")
  const parts = [own, ...memberTexts(members, inner), ...causeTexts(error, inner)]
  return parts.filter((part) => part !== "").join("; ")
}

const memberTexts = (members: unknown, seen: ReadonlyArray<unknown>): ReadonlyArray<string> => {
  const list =
    read(() => (Array.isArray(members) ? (members.slice(0, maxMembers + 1) as ReadonlyArray<unknown>) : null)) ?? []
  const texts = list.slice(0, maxMembers).map((member) => innerText(member, seen))
  return list.length > maxMembers ? [...texts, "and more"] : texts
}

const causeTexts = (error: object, seen: ReadonlyArray<unknown>): ReadonlyArray<string> => {
  const cause = field(error, "cause")
  return cause === undefined || cause === null ? [] : [`caused by ${innerText(cause, seen)}`]
}

const innerText = (thrown: unknown, seen: ReadonlyArray<unknown>): string => {
  const error = underlying(thrown)
  if (seen.includes(error)) return `${nameOf(error)} (a cycle)`
  if (seen.length >= maxDepth) return nameOf(error)
  return isHolder(error) ? `${nameOf(error)}: ${messageOf(error, seen)}` : messageOf(error, seen)
}

/** An error without a message is told by its fields: tagged errors often have nothing else. */
const fieldsText = (error: object): string => {
  const pairs = read(() => Object.keys(error).filter((key) => !silent.includes(key))) ?? []
  const texts = pairs.slice(0, maxMembers).map((key) => `${key}: ${inWords(field(error, key))}`)
  return texts.length > 0 ? texts.join(", ") : isError(error) ? "" : inWords(error)
}

const silent = ["_tag", "name", "message", "stack", "cause", "errors"]

const stackOf = (error: unknown, depth: number): string | null => {
  if (!isHolder(error) || depth >= maxDepth) return null
  const own = textField(error, "stack")
  if (own === null) return null
  const cause = stackOf(field(error, "cause"), depth + 1)
  return cause === null ? own : `${own}\ncaused by ${cause}`
}

const textField = (error: object, name: string): string | null => {
  const value = field(error, name)
  return typeof value === "string" && value !== "" ? value : null
}

const field = (error: object, name: string): unknown =>
  read(() => (error as { readonly [name: string]: unknown })[name])

const isHolder = (error: unknown): error is object =>
  (typeof error === "object" && error !== null) || typeof error === "function"

const isError = (error: unknown): boolean => read(() => error instanceof Error) ?? false

/** What `get` gives; `undefined` when it throws. */
const read = <T>(get: () => T): T | undefined => {
  try {
    return get()
  } catch {
    return undefined
  }
}

const clean = (text: string, max: number): string =>
  (text.length > max ? `${text.slice(0, max - 1)}…` : text).replace(/\p{Surrogate}/gu, "\ufffd")
