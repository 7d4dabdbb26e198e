/** What the suites of `carillon/testing` tell of a store or an executor that breaks a promise, and how they compare. */
import { Data } from "effect"

/** A store or an executor did something else than its contract says. The suite's check names the promise, this what of it was looked at. */
export class ContractViolation extends Data.TaggedError("ContractViolation")<{
  /** What was looked at, in words, such as `"its outcome"`. */
  readonly promise: string
  /** What the contract asks for: data, or the tag of an error. */
  readonly expected: unknown
  /** What came instead. */
  readonly found: unknown
}> {
  override get message(): string {
    return `${this.promise}: expected ${dataText(this.expected)}, found ${dataText(this.found)}`
  }
}

/** Whether both are the same data. The order of an object's fields does not matter; a field that is `undefined` is not one that is absent. */
export const sameData = (one: unknown, other: unknown): boolean => dataText(one) === dataText(other)

/** The whole value as text, fields by name. What is broken may give anything: what is no JSON, and circles too, has a text. */
const dataText = (value: unknown, within: ReadonlyArray<unknown> = []): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "function") return "a function"
  if (typeof value !== "object" || value === null) return String(value)
  if (within.includes(value)) return "a circle"
  const inner = [...within, value]
  if (Array.isArray(value)) return `[${value.map((item) => dataText(item, inner)).join(",")}]`
  if (value instanceof Date) return `Date ${value.getTime()}`
  const fields = value instanceof Map ? [...value] : Object.entries(value)
  const texts = fields.map(([name, field]) => `${JSON.stringify(String(name))}:${dataText(field, inner)}`)
  return `{${texts.sort().join(",")}}`
}
