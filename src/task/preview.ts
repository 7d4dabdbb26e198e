/** A value in a few words, for messages. Never throws and runs no code of the value's, but for a Proxy's traps. */

const maxPreview = 80

/** Strings quoted and cut at 80 characters, numbers and the like as they are, objects by their class, arrays by their length. */
export const preview = (value: unknown): string => {
  try {
    switch (typeof value) {
      case "string":
        return JSON.stringify(value.length > maxPreview ? `${value.slice(0, maxPreview)}…` : value)
      case "bigint":
        return `${cut(value.toString())}n`
      case "symbol":
        return cut(value.toString())
      case "function":
        return "a function"
      case "object":
        return value === null ? "null" : objectPreview(value)
      default:
        return Object.is(value, -0) ? "-0" : String(value)
    }
  } catch {
    return "an unreadable value"
  }
}

const objectPreview = (value: object): string => {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : "a Date"
  const name = className(value)
  return name === null || name === "Object" ? "an object" : `an instance of ${name}`
}

/** The name of the class an object was made by; `null` when it has none that can be read. */
export const className = (value: object): string | null => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (typeof prototype !== "object" || prototype === null) return null
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value
  const name: unknown = typeof made === "function" ? Object.getOwnPropertyDescriptor(made, "name")?.value : undefined
  return typeof name === "string" && name !== "" ? cut(name) : null
}

const cut = (text: string): string => (text.length > maxPreview ? `${text.slice(0, maxPreview)}…` : text)
