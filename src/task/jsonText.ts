/** What is JSON, strictly: values that come back from a store exactly as they went in. Nothing is converted in silence. */
import { Data } from "effect"
import type { Json } from "../trigger/trigger.ts"
import { className, preview } from "./preview.ts"

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

/** `["a", 0, "b c"]` as `a[0]["b c"]`; the empty path as `the value`. At most 200 characters. */
export const pathText = (path: ReadonlyArray<string | number>): string => {
  if (path.length === 0) return "the value"
  let text = ""
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`
    else if (/^[A-Za-z_$][\w$]*$/.test(key)) text += text === "" ? key : `.${key}`
    else text += `[${preview(key)}]`
    if (text.length > 200) return `${text.slice(0, 200)}…`
  }
  return text
}

/**
 * A private copy of `value`, made of nothing but JSON. `undefined` at the root becomes `null`, properties that are `undefined`
 * are left out, `-0` becomes `0`, `__proto__` stays a key like any other. Everything else that JSON would change or lose throws
 * `NotJsonError`: functions, symbols, BigInt, NaN and infinities, `undefined` in arrays, instances of classes (Date and Map
 * included), lone surrogates, cycles, and what is deeper or longer than `limits`. Throws nothing else.
 */
export const toJson = (value: unknown, limits: JsonLimits = jsonLimits): Json => {
  if (value === undefined || value === null || typeof value === "boolean") return value ?? null
  const copy = new JsonCopy(limits)
  try {
    return copy.of(value)
  } catch (error) {
    if (error instanceof NotJsonError) throw error
    throw new NotJsonError({ path: copy.path, found: "a value that throws when it is read", expected: "JSON" })
  }
}

/** What takes the place of a result that is not JSON. `type` names what was found, `reason` says where. */
export interface UnserializablePlaceholder {
  readonly $unserializable: { readonly type: string; readonly reason: string }
}

/** The JSON that is kept of anything: itself, or a placeholder when it is not JSON. Never throws. */
export const jsonOrPlaceholder = (value: unknown, limits: JsonLimits = jsonLimits): Json => {
  try {
    return toJson(value, limits)
  } catch (error) {
    const { found, message } =
      error instanceof NotJsonError ? error : { found: "unreadable", message: "it cannot be read" }
    return { $unserializable: { type: rootType(value, found), reason: message } } satisfies UnserializablePlaceholder
  }
}

/** The text of `jsonOrPlaceholder`. Never throws; `undefined` gives `null`. */
export const jsonText = (value: unknown, limits: JsonLimits = jsonLimits): string =>
  JSON.stringify(jsonOrPlaceholder(value, limits))

const rootType = (value: unknown, found: string): string => {
  if (typeof value !== "object" || value === null) return typeof value
  try {
    return Array.isArray(value) ? "Array" : (className(value) ?? "object")
  } catch {
    return found
  }
}

// Control characters, quotes and backslashes are escaped in JSON; surrogates need a closer look.
const unusual = /["\\\u0000-\u001f\ud800-\udfff]/

class JsonCopy {
  readonly path: Array<string | number> = []
  private readonly limits: JsonLimits
  private readonly holders: Array<object> = []
  private length = 0

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
        throw this.refusal(preview(value), "JSON")
    }
  }

  private ofObject(value: object): Json {
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
      throw this.refusal(preview(value), "plain data")
    }
    if (Object.getOwnPropertySymbols(value).length > 0) throw this.refusal("an object with a symbol key", "string keys")
    const copy: { [key: string]: Json } = {}
    this.grow(2)
    let comma = 0
    for (const key of Object.keys(value)) {
      const field: unknown = (value as { readonly [key: string]: unknown })[key]
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

  private textLength(text: string): number {
    if (text.length > this.limits.length) throw this.tooLong()
    if (!unusual.test(text)) return text.length + 2
    if (/\p{Surrogate}/u.test(text)) throw this.refusal("text with a lone surrogate", "well-formed Unicode")
    return JSON.stringify(text).length
  }

  private grow(by: number): void {
    this.length += by
    if (this.length > this.limits.length) throw this.tooLong()
  }

  private tooLong(): NotJsonError {
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

  private refusal(found: string, expected: string): NotJsonError {
    return new NotJsonError({ path: [...this.path], found, expected })
  }
}
