/** A value in a few words, for messages. Never throws and runs no code of the value's, but for a Proxy's traps. */
import { effectDurationText } from "./effectDuration.ts"
import { unreadableText } from "./readable.ts"

/** Characters of a text that are shown. */
const longest = 100

/** Text quoted and cut at 100 characters, numbers and the like as they are, times in ISO form, lists by their length, objects by their class. */
export const inWords = (value: unknown): string =>
  typeof value === "string" ? JSON.stringify(shortened(value)) : unquoted(value)

/** The same, but text as it stands: for a message that quotes what it was given. */
export const unquoted = (value: unknown): string => {
  try {
    switch (typeof value) {
      case "string":
        return shortened(value)
      case "bigint":
        return `${shortened(value.toString())}n`
      case "symbol":
        return shortened(value.toString())
      case "function":
        return "a function"
      case "object":
        return value === null ? "null" : objectInWords(value)
      default:
        return Object.is(value, -0) ? "-0" : String(value)
    }
  } catch {
    return unreadableText
  }
}

/** At most 100 characters of `text`. */
export const shortened = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}…` : text)

const objectInWords = (value: object): string => {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? "an invalid Date" : `the Date ${value.toISOString()}`
  const duration = effectDurationText(value)
  if (duration !== undefined) return duration
  const name = className(value)
  return name === null || name === "Object" ? "an object" : `an instance of ${name}`
}

/** The name of the class an object was made by; `null` when it has none that can be read. */
export const className = (value: object): string | null => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (typeof prototype !== "object" || prototype === null) return null
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value
  const name: unknown = typeof made === "function" ? Object.getOwnPropertyDescriptor(made, "name")?.value : undefined
  return typeof name === "string" && name !== "" ? shortened(name) : null
}
