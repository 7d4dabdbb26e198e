/** What is JSON, strictly: values that come back from a store exactly as they went in. Nothing is converted in silence. */
import { Data } from "effect"
import { className, inWords } from "../input/inWords.ts"
import type { Json } from "../trigger/trigger.ts"
import { pathText } from "./pathText.ts"

export { pathText } from "./pathText.ts"

/** Bounds of a value; both inclusive. */
export interface JsonLimits {
  /** Nested arrays and objects; a plain object or array is 1. */
  readonly depth: number
  /** UTF-16 code units of its JSON text. */
  readonly length: number
}

/** 100 levels, 1,048,576 characters of text. */
export const jsonLimits: JsonLimits = { depth: 100, length: 1_048_576 }

/** Something that JSON cannot hold: where it is, what it is and what was allowed. */
export class NotJsonError extends Data.TaggedError("NotJsonError")<{
  /** Keys and indexes from the root; empty for the root itself. */
  readonly path: ReadonlyArray<string | number>
  readonly found: string
  readonly expected: string
}> {
  override get message(): string {
    return `${pathText(this.path)} is ${this.found}, expected ${this.expected}`
  }
}

/**
 * A private copy of `value`, made of nothing but JSON. `undefined` at the root becomes `null`, properties that are `undefined`
 * are left out, `-0` becomes `0`, `__proto__` stays a key like any other. Everything else that JSON would change or lose throws
 * `NotJsonError`: functions, symbols, BigInt, NaN and infinities, `undefined` in arrays, instances of classes (Date and Map
 * included), lone surrogates, cycles, and what is deeper or longer than `limits`. Throws nothing else.
 */
export const toJson = (value: unknown, limits: JsonLimits = jsonLimits): Json =>
  value === undefined || value === null || typeof value === "boolean"
    ? (value ?? null)
    : measuredJson(value, limits).value

/** The same, with the length of its text. */
export const measuredJson = (
  value: unknown,
  limits: JsonLimits = jsonLimits
): { readonly value: Json; readonly length: number } => {
  const copy = new JsonCopy(limits)
  try {
    return { value: copy.of(value ?? null), length: copy.length }
  } catch (error) {
    if (error instanceof NotJsonError) throw error
    throw new NotJsonError({ path: copy.path, found: unreadable, expected: "JSON" })
  }
}

/** What takes the place of a part that is not JSON. `type` names what was found, `reason` says where. */
export interface UnserializablePlaceholder {
  readonly $unserializable: { readonly type: string; readonly reason: string }
}

/**
 * The JSON that is kept of anything: itself; where a part of it is not JSON, what its own `toJSON` gives (a Date is its ISO text),
 * else a placeholder in that place. All of it is one placeholder when it is too long. Never throws.
 */
export const jsonOrPlaceholder = (value: unknown, limits: JsonLimits = jsonLimits): Json => {
  try {
    return toJson(value, limits)
  } catch {
    return lossyJson(value, limits)
  }
}

/** The text of what is JSON as it is; `null` for anything else. Never throws. */
export const exactText = (value: unknown, limits: JsonLimits = jsonLimits): string | null => {
  if (typeof value === "string") return exactQuoted(value, limits)
  try {
    return JSON.stringify(toJson(value, limits))
  } catch {
    return null
  }
}

/** A long text is written once, not measured first: a megabyte of it takes milliseconds each time. */
const exactQuoted = (text: string, limits: JsonLimits): string | null => {
  if (text.length > limits.length) return null
  const quoted = JSON.stringify(text)
  if (quoted.length > limits.length) return null
  // A surrogate without its other half is escaped, like all that makes the text longer.
  return quoted.length > text.length + 2 && loneSurrogate.test(text) ? null : quoted
}

/** The text of `jsonOrPlaceholder`. Never throws; `undefined` gives `null`. */
export const jsonText = (value: unknown, limits: JsonLimits = jsonLimits): string =>
  JSON.stringify(jsonOrPlaceholder(value, limits))

const lossyJson = (value: unknown, limits: JsonLimits): Json => {
  const copy = new LossyCopy(limits)
  try {
    return copy.of(value)
  } catch (error) {
    return placeholder(value, error)
  }
}

const placeholder = (value: unknown, error: unknown): Json => {
  const { found, message } =
    error instanceof NotJsonError ? error : { found: "unreadable", message: "it cannot be read" }
  return { $unserializable: { type: typeOf(value, found), reason: message } } satisfies UnserializablePlaceholder
}

const typeOf = (value: unknown, found: string): string => {
  if (typeof value !== "object" || value === null) return typeof value
  try {
    return Array.isArray(value) ? "Array" : (className(value) ?? "object")
  } catch {
    return found
  }
}

// Control characters, quotes and backslashes are escaped in JSON; surrogates need a closer look.
const unusual = /["\\\u0000-\u001f\ud800-\udfff]/
const loneSurrogate = /\p{Surrogate}/u

class JsonCopy {
  readonly path: Array<string | number> = []
  protected readonly holders: Array<object> = []
  /** Nothing that is left out makes it fit. */
  protected overflown = false
  private readonly limits: JsonLimits
  /** Characters of the text of what was copied. */
  length = 0

  constructor(limits: JsonLimits) {
    this.limits = limits
  }

  of(value: unknown): Json {
    switch (typeof value) {
      case "string":
        this.grow(this.textLength(value))
        return value
      case "number":
        if (!Number.isFinite(value)) throw this.refusal(String(value), "a finite number")
        this.grow(String(value).length)
        return value === 0 ? 0 : value
      case "boolean":
        this.grow(value ? 4 : 5)
        return value
      case "object":
        if (value === null) {
          this.grow(4)
          return null
        }
        return this.ofObject(value)
      default:
        throw this.refusal(inWords(value), "JSON")
    }
  }

  protected ofObject(value: object): Json {
    if (this.holders.length >= this.limits.depth) throw this.tooDeep(value)
    this.holders.push(value)
    const copy = Array.isArray(value) ? this.ofArray(value) : this.ofPlain(value)
    this.holders.pop()
    return copy
  }

  private ofArray(values: ReadonlyArray<unknown>): Json {
    const { length } = values
    this.grow(2 + Math.max(0, length - 1))
    const copy: Array<Json> = []
    for (let index = 0; index < length; index++) {
      this.path.push(index)
      copy.push(this.of(values[index]))
      this.path.pop()
    }
    return copy
  }

  private ofPlain(value: object): Json {
    const prototype: unknown = Object.getPrototypeOf(value)
    // A plain object of another realm has a prototype of its own, with none above it.
    if (prototype !== Object.prototype && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw this.refusal(inWords(value), "plain data")
    }
    this.checkSymbols(value)
    const copy: { [key: string]: Json } = {}
    this.grow(2)
    let comma = 0
    for (const key of Object.keys(value)) {
      const field = this.fieldOf(value, key)
      if (field === undefined) continue
      this.path.push(key)
      this.grow(this.textLength(key) + 1 + comma)
      comma = 1
      const json = this.of(field)
      // Assigning to `__proto__` would set the prototype.
      if (key === "__proto__")
        Object.defineProperty(copy, key, { value: json, enumerable: true, configurable: true, writable: true })
      else copy[key] = json
      this.path.pop()
    }
    return copy
  }

  protected checkSymbols(value: object): void {
    if (Object.getOwnPropertySymbols(value).length > 0) throw this.refusal("an object with a symbol key", "string keys")
  }

  protected fieldOf(value: object, key: string): unknown {
    return (value as { readonly [key: string]: unknown })[key]
  }

  private textLength(text: string): number {
    if (text.length > this.limits.length) throw this.tooLong()
    if (!unusual.test(text)) return text.length + 2
    if (loneSurrogate.test(text)) throw this.refusal("text with a lone surrogate", "well-formed Unicode")
    return JSON.stringify(text).length
  }

  protected grow(by: number): void {
    this.length += by
    if (this.length > this.limits.length) throw this.tooLong()
  }

  private tooLong(): NotJsonError {
    this.overflown = true
    return this.refusal("where it grows too long", `at most ${this.limits.length} characters of JSON`)
  }

  // A cycle ends here too, so it is looked for only now.
  private tooDeep(value: object): NotJsonError {
    const at = this.holders.indexOf(value)
    if (at === -1) return this.refusal("nested too deep", `at most ${this.limits.depth} levels`)
    const again = this.holders.findIndex((holder, index) => this.holders.indexOf(holder) < index)
    if (again !== -1) this.path.length = again
    return this.refusal("part of itself (a cycle)", "JSON")
  }

  protected refusal(found: string, expected: string): NotJsonError {
    return new NotJsonError({ path: [...this.path], found, expected })
  }
}

/** Goes on after what is not JSON, with a placeholder in its place. */
class LossyCopy extends JsonCopy {
  override of(value: unknown): Json {
    const { length: depth } = this.holders
    const { length: at } = this.path
    try {
      return super.of(value)
    } catch (error) {
      if (this.overflown) throw error
      this.holders.length = depth
      const lost = placeholder(value, error instanceof NotJsonError ? error : this.refusal(unreadable, "JSON"))
      this.path.length = at
      this.grow(JSON.stringify(lost).length)
      return lost
    }
  }

  protected override ofObject(value: object): Json {
    if (value instanceof Unreadable) throw this.refusal(unreadable, "JSON")
    if (this.holders.includes(value)) throw this.refusal("part of itself (a cycle)", "JSON")
    const { toJSON } = value as { readonly toJSON?: unknown }
    if (typeof toJSON !== "function" || isInvalidDate(value)) return super.ofObject(value)
    this.holders.push(value)
    const copy = this.of(toJSON.call(value, String(this.path.at(-1) ?? "")))
    this.holders.pop()
    return copy
  }

  /** As JSON.stringify does. */
  protected override checkSymbols(): void {
    return
  }

  protected override fieldOf(value: object, key: string): unknown {
    try {
      return super.fieldOf(value, key)
    } catch {
      return new Unreadable()
    }
  }
}

const unreadable = "a value that throws when it is read"

class Unreadable {}

const isInvalidDate = (value: object): boolean => value instanceof Date && Number.isNaN(value.getTime())
