/**
 * Values that stand for work that nobody has done yet: generators, Effects of another version, functions, promises inside of something.
 * Told by their shape and by the marks that libraries give them, so that copies of any version are known. Runs nothing.
 */
import { Data } from "effect"
import { inWords } from "../input/inWords.ts"
import { generatorKind, lazyKind, lazyKinds } from "../event/callback.ts"
import { pathText } from "./pathText.ts"

/** A task gave something that would have had to be run, read or awaited. Another attempt would give the same. */
export class UnrunResultError extends Data.TaggedError("UnrunResultError")<{
  /** The id of the job. */
  readonly job: string
  /** The task that gave it. */
  readonly task: string
  /** What it is, such as `a generator`. */
  readonly found: string
  /** Keys and indexes from the result's root; empty for the result itself. */
  readonly path: ReadonlyArray<string | number>
}> {
  override get message(): string {
    const place = this.path.length === 0 ? "" : ` at ${pathText(this.path)}`
    return `job ${inWords(this.job)}: task ${inWords(this.task)} gave ${this.found}${place}, which nothing runs; ${remedyFor(this.found)}`
  }
}

/** What of `value` itself is still to be run; `null` for data. Never throws. */
export const unrun = (value: unknown): string | null => {
  if (typeof value === "function") return generatorKind(value) ?? "a function"
  if (typeof value !== "object" || value === null) return null
  const lazy = lazyKind(value)
  if (lazy !== null) return lazy
  try {
    if (value instanceof Promise) return "a promise"
    return value instanceof Error ? null : ofMethods(value)
  } catch {
    return null
  }
}

/** The first of what is still to be run in `value`: itself, or in the plain objects, arrays, Maps and Sets that it is made of, 1,000 levels deep. */
export const firstUnrun = (
  value: unknown
): { readonly found: string; readonly path: ReadonlyArray<string | number> } | null => {
  const own = unrun(value)
  if (own !== null) {
    silence(value)
    return { found: own, path: [] }
  }
  const search = new UnrunSearch()
  search.into(value, [], 0)
  return search.first
}

const remedyFor = (found: string): string => lazyKinds.get(found) ?? remedies.get(found) ?? "await it"

const remedies: ReadonlyMap<string, string> = new Map([
  ["a generator function", "call it and go through the values"],
  ["an async generator function", "call it and go through the values"],
  ["an async iterable", "go through the values"],
  ["an iterator", "go through the values"],
  ["an iterable", "go through the values"],
  ["a function", "call it"],
  ["an actor", "give its logic instead, or a promise of its end (toPromise)"],
  ["an Observable", "give it as the result itself"],
  ["actor logic", "give it as the result itself"]
])

interface Methods {
  readonly then?: unknown
  readonly next?: unknown
  readonly [Symbol.iterator]?: unknown
  readonly [Symbol.asyncIterator]?: unknown
  readonly subscribe?: unknown
  readonly lift?: unknown
  readonly transition?: unknown
  readonly getInitialSnapshot?: unknown
  readonly getSnapshot?: unknown
  readonly send?: unknown
  readonly start?: unknown
}

const ofMethods = (value: Methods): string | null => {
  const has = (method: keyof Methods): boolean => typeof value[method] === "function"
  if (has("then")) return "a thenable"
  if (has(Symbol.asyncIterator)) return "an async iterable"
  if (has("next") && has(Symbol.iterator)) return "an iterator"
  // Of a class it may be a collection.
  if (has(Symbol.iterator) && isPlain(value) && Object.hasOwn(value, Symbol.iterator)) return "an iterable"
  // As RxJS itself tells them from other values with a `subscribe`, over all its versions.
  if (has("subscribe") && has("lift")) return "an Observable"
  if (has("transition") && has("getInitialSnapshot")) return "actor logic"
  return has("getSnapshot") && has("send") && has("start") ? "an actor" : null
}

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Values that one search looks at: far more than a result that may be kept has. */
const mostValues = 100_000
const deepestLevel = 1_000

class UnrunSearch {
  first: { readonly found: string; readonly path: ReadonlyArray<string | number> } | null = null
  private readonly seen = new Set<object>()

  into(value: unknown, path: ReadonlyArray<string | number>, depth: number): void {
    if (typeof value !== "object" || value === null || depth > deepestLevel) return
    if (this.seen.has(value) || this.seen.size >= mostValues) return
    this.seen.add(value)
    for (const [key, part] of partsOf(value)) {
      // Functions in objects are methods.
      const found = typeof part === "function" ? null : unrun(part)
      if (found === null) this.into(part, [...path, key], depth + 1)
      else {
        silence(part)
        this.first ??= { found, path: [...path, key] }
      }
    }
  }
}

const partsOf = (value: object): ReadonlyArray<readonly [string | number, unknown]> => {
  try {
    if (Array.isArray(value) || value instanceof Set)
      return [...(value as Iterable<unknown>)].map((part, index) => [index, part])
    if (value instanceof Map)
      return [...(value as Map<unknown, unknown>)].flatMap(([key, part], index) => [
        [index, key],
        [index, part]
      ])
    return isPlain(value) ? Object.entries(value) : []
  } catch {
    return []
  }
}

/** A promise that is refused here may be rejected later; nobody would hear of it, and it would end the process. */
const silence = (value: unknown): void => {
  if (value instanceof Promise) value.catch(() => undefined)
}
