/**
 * Values that stand for work that nobody has done yet: generators, Effects of another version, functions, promises inside of something.
 * Told by their shape and by the marks that libraries give them, so that copies of any version are known. Runs nothing.
 */
import { Data, Effect, Either, Option } from "effect"
import { preview } from "./preview.ts"
import { pathText } from "./pathText.ts"

/** A task gave something that would have had to be run, read or awaited. Another attempt would give the same. */
export class UnrunResultError extends Data.TaggedError("UnrunResultError")<{
  readonly job: string
  readonly task: string
  /** What it is, such as `a generator`. */
  readonly found: string
  /** Keys and indexes from the result's root; empty for the result itself. */
  readonly path: ReadonlyArray<string | number>
}> {
  override get message(): string {
    const place = this.path.length === 0 ? "" : ` at ${pathText(this.path)}`
    return `job ${preview(this.job)}: task ${preview(this.task)} gave ${this.found}${place}, which nothing runs; ${remedyFor(this.found)}`
  }
}

/** A function of a user's that is told something gave what nothing runs. */
export class UnrunCallbackError extends Data.TaggedError("UnrunCallbackError")<{ readonly found: string }> {
  override get message(): string {
    return `it gave ${this.found}, which nothing runs; ${remedyFor(this.found)}`
  }
}

/** What of `value` itself is still to be run; `null` for data. Never throws. */
export const unrun = (value: unknown): string | null => {
  if (typeof value === "function") return generatorKind(value) ?? "a function"
  if (typeof value !== "object" || value === null) return null
  try {
    if (value instanceof Promise) return "a promise"
    // Data that Effect's own combinators take for Effects, tagged errors among them.
    if (value instanceof Error) return null
    if (Option.isOption(value) || Either.isEither(value)) return null
    if (Effect.isEffect(value)) return "an Effect"
    if (foreignEffects.some((mark) => mark in value)) return "an Effect of another version of effect"
    if (effectStreams.some((mark) => mark in value)) return "a Stream of effect"
    return ofMethods(value)
  } catch {
    return null
  }
}

/** The first of what is still to be run in `value`: itself, or in the plain objects, arrays, Maps and Sets that it is made of. */
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

/** Marks what a callback gave and nobody runs; methods and the like that an arrow function gives by the way are not meant. */
export const unrunByMistake = (value: unknown): string | null => {
  const found = typeof value === "object" ? unrun(value) : null
  return found !== null && lazy.includes(found) ? found : null
}

/** Whether a function is `function*` or `async function*`: called, it does nothing yet. */
export const generatorKind = (value: unknown): string | null => {
  if (typeof value !== "function") return null
  const kind = Object.prototype.toString.call(value)
  return kind === "[object GeneratorFunction]"
    ? "a generator function"
    : kind === "[object AsyncGeneratorFunction]"
      ? "an async generator function"
      : null
}

/** Effect 4, and the packages before 2. What version 2 and 3 mark, Effect itself knows. */
const foreignEffects = ["~effect/Effect", Symbol.for("@effect/io/Effect")]
const effectStreams = [Symbol.for("effect/Stream"), "~effect/Stream"]

const lazy = [
  "a generator",
  "an async generator",
  "an Effect",
  "an Effect of another version of effect",
  "a Stream of effect"
]

const remedyFor = (found: string): string => {
  switch (found) {
    case "a generator":
    case "a generator function":
      return "make it an async function, or wrap it in Effect.gen"
    case "an async generator":
    case "an async generator function":
    case "an async iterable":
    case "an iterator":
      return "make it an async function that goes through the values"
    case "an Effect of another version of effect":
      return "run it with that version's Effect.runPromise, or use effect 3"
    case "a function":
      return "call it"
    case "an Effect":
      return "yield it, flatten it, or give it as the result itself"
    case "a Stream of effect":
      return "run it, with Stream.runDrain for example"
    case "an actor":
      return "give its logic instead, or a promise of its end (toPromise)"
    case "an Observable":
    case "actor logic":
      return "give it as the result itself"
    default:
      return "await it"
  }
}

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
  const kind = Object.prototype.toString.call(value)
  if (kind === "[object Generator]") return "a generator"
  if (kind === "[object AsyncGenerator]") return "an async generator"
  if (has(Symbol.asyncIterator)) return "an async iterable"
  if (has("next") && has(Symbol.iterator)) return "an iterator"
  // As RxJS itself tells them from other values with a `subscribe`, over all its versions.
  if (has("subscribe") && has("lift")) return "an Observable"
  if (has("transition") && has("getInitialSnapshot")) return "actor logic"
  return has("getSnapshot") && has("send") && has("start") ? "an actor" : null
}

/** Values that one search looks at: far more than a result that may be kept has. */
const mostLooks = 100_000
const deepestLook = 100

class UnrunSearch {
  first: { readonly found: string; readonly path: ReadonlyArray<string | number> } | null = null
  private readonly seen = new Set<object>()

  into(value: unknown, path: ReadonlyArray<string | number>, depth: number): void {
    if (typeof value !== "object" || value === null || depth > deepestLook) return
    if (this.seen.has(value) || this.seen.size >= mostLooks) return
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
    if (value instanceof Map) return [...(value as Map<unknown, unknown>).values()].map((part, index) => [index, part])
    const prototype: unknown = Object.getPrototypeOf(value)
    return prototype === Object.prototype || prototype === null ? Object.entries(value) : []
  } catch {
    return []
  }
}

/** A promise that is refused here may be rejected later; nobody would hear of it, and it would end the process. */
const silence = (value: unknown): void => {
  if (value instanceof Promise) value.catch(() => undefined)
}
