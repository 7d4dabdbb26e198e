/** What was given for a time and is none, as an error shows it: short, and never throwing on what a program can make by mistake. */
import { Duration } from "effect"
import { DateTime } from "luxon"
import { isUnreadable, unreadableText } from "./readable.ts"

/** Text, numbers and the like as they are, cut at 100 characters; times in their own form; other objects by what they are. */
export const shown = (input: unknown): string => {
  if (typeof input === "function") return "a function"
  if (typeof input !== "object" || input === null) return String(input).slice(0, 100)
  if (isUnreadable(input, 1)) return unreadableText
  if (Duration.isDuration(input)) return Duration.format(input)
  if (input instanceof Date) return Number.isNaN(input.valueOf()) ? "Invalid Date" : input.toISOString()
  if (DateTime.isDateTime(input)) return input.toISO() ?? "Invalid DateTime"
  return Array.isArray(input) ? "a list" : "an object"
}
