/** A trigger in words. */
import cronstrue from "cronstrue"
import { unquoted } from "../input/inWords.ts"
import type { CronRule } from "./cron/rule.ts"
import { cronMacros, readCronText } from "./cron/text.ts"
import { cronWords, months, weekdays } from "./cron/words.ts"
import { triggerArgument } from "./triggerArguments.ts"
import { InvalidTriggerError } from "./invalidTrigger.ts"
import { isSpec } from "./storedForm.ts"
import type { Json, Trigger, TriggerSpec } from "./trigger.ts"

/**
 * The schedule in words, which say what fires: they are made from the trigger's own values. The usual shapes of cron text are told in `locale` (default
 * `"en"`) by cronstrue once its module is imported (`import "cronstrue/locales/sv"`); what its dialect of cron reads otherwise, and
 * everything around cron text, is English. Throws `InvalidTriggerError` for what is no trigger or no locale.
 */
export const describeTrigger = (trigger: Trigger, locale = "en"): string => {
  if (typeof (locale as unknown) !== "string") {
    const expected = 'a locale such as "sv"'
    throw new InvalidTriggerError({ trigger: "describeTrigger", field: "locale", found: unquoted(locale), expected })
  }
  return describeSpec(triggerArgument("describeTrigger", trigger).toJSON(), locale)
}

const describeSpec = (spec: TriggerSpec, locale: string): string => {
  const nested = (value: Json | undefined): string =>
    isSpec(value) ? whole(describeSpec(value, locale)) : "an unknown trigger"
  const list = (value: Json | undefined): ReadonlyArray<string> =>
    Array.isArray(value) ? value.map((each: Json) => nested(each)) : []
  switch (spec.type) {
    case "date":
      return `once, at ${instant(spec["at"])}${zone(spec)}`
    case "interval":
      return `every ${duration(spec["every"])}${spec["after"] === "run" ? " after the last run ended" : ""}${bounds(spec)}`
    case "calendarInterval":
      return `every ${steps(spec)} at ${clock(spec)}${zone(spec)}${bounds(spec)}`
    case "cron":
      return `${bounds(spec) === "" ? cronText(spec, locale) : whole(cronText(spec, locale))}${zone(spec)}${bounds(spec)}`
    case "cron-parser":
      return `as cron-parser reads ${JSON.stringify(spec["expression"])}${zone(spec)}${bounds(spec)}`
    case "stream":
      return `whenever the stream ${JSON.stringify(spec["stream"])} emits`
    case "or":
      return list(spec["triggers"]).join("; or ")
    case "and":
      return `when all agree${spec["threshold"] === undefined ? "" : ` within ${duration(spec["threshold"])}`}: ${list(spec["triggers"]).join("; and ")}`
    case "filter":
      return `${nested(spec["trigger"])}, only ${condition(spec)}`
    case "not":
      return `${nested(spec["trigger"])}, except ${condition(spec)}`
    case "window":
      return `${nested(spec["trigger"])}${bounds(spec)}`
    case "jitter":
      return `${nested(spec["trigger"])}, up to ${duration(spec["max"])} later`
    case "limit":
      return `${nested(spec["trigger"])}, ${JSON.stringify(spec["count"])} times`
    default:
      return spec["state"] === undefined ? spec.type : `${spec.type} ${JSON.stringify(spec["state"])}`
  }
}

/** Several sentences in parentheses, where something more is said of all of them. */
const whole = (words: string): string => (words.includes("; ") ? `(${words})` : words)

const cronText = (spec: TriggerSpec, locale: string): string => {
  const { expression, fields } = spec
  if (typeof expression !== "string") {
    const words = Object.entries(typeof fields === "object" && fields !== null ? fields : {})
    return `when ${words.map(([name, value]) => `${name} is ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" and ")}`
  }
  const rule = readCronText(expression)
  const text = cronMacros[expression.trim().toLowerCase()] ?? expression.trim()
  if (locale === "en" || !Object.hasOwn(descriptor.locales, locale) || !isUsual(text, rule)) return cronWords(rule)
  try {
    return descriptor.toString(text, { locale, use24HourTimeFormat: true, verbose: false })
  } catch {
    // A shape that cronstrue has no words for in that language.
    return cronWords(rule)
  }
}

/**
 * Text that cronstrue reads as it is read here: each field `*`, a number or name, a list of numbers, or a range; a step of `*` only where
 * it goes on evenly; one day field at most, and the week's last number is 6.
 */
const isUsual = (text: string, rule: CronRule): boolean => {
  const words = text.split(/\s+/)
  const sizes = words.length === 6 ? [60, 60, 24, 1, 1, 1] : [60, 24, 1, 1, 1]
  const usual = words.every((word, place) => {
    const step = /^\*\/(\d+)$/.exec(word)?.[1]
    if (step !== undefined) return (sizes[place] ?? 1) % Number(step) === 0
    const range = /^(\d+)-(\d+)$/.exec(word)
    if (range !== null) return Number(range[1]) < Number(range[2])
    return /^(?:\*|\d+(?:,\d+)*|mon-(?:tue|wed|thu|fri|sat)|[a-z]{3})$/i.test(word)
  })
  const days = (rule.daysOfMonth === undefined ? 0 : 1) + (rule.daysOfWeek === undefined ? 0 : 1)
  return usual && days < 2 && !(words.at(-1) ?? "").includes("7")
}

/** A CommonJS module: Node gives the module as the default import, bundlers what the module calls its default. */
const exported: object = cronstrue
const descriptor = ("default" in exported ? exported.default : exported) as typeof cronstrue.default

const units = [
  ["week", 604_800_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
  ["millisecond", 1]
] as const

const duration = (value: Json | undefined): string => {
  let restMs = Number(value)
  const parts: Array<string> = []
  for (const [name, ms] of units) {
    const count = Math.floor(restMs / ms)
    restMs -= count * ms
    if (count > 0) parts.push(plural(count, name))
  }
  return parts.length === 0 ? "0 milliseconds" : parts.join(" ")
}

const plural = (count: number, name: string): string => `${count} ${name}${count === 1 ? "" : "s"}`

const steps = (spec: TriggerSpec): string =>
  (["years", "months", "weeks", "days"] as const)
    .filter((unit) => spec[unit] !== undefined)
    .map((unit) => plural(Number(spec[unit]), unit.slice(0, -1)))
    .join(" ")

const clock = (spec: TriggerSpec): string =>
  (["hour", "minute", "second"] as const).map((unit) => String(Number(spec[unit] ?? 0)).padStart(2, "0")).join(":")

const instant = (value: Json | undefined): string =>
  typeof value === "number" ? new Date(value).toISOString() : typeof value === "string" ? value : JSON.stringify(value)

const zone = (spec: TriggerSpec): string =>
  spec["timezone"] === undefined ? "" : ` (${typeof spec["timezone"] === "string" ? spec["timezone"] : ""})`

const bounds = (spec: TriggerSpec): string =>
  `${spec["start"] === undefined ? "" : `, from ${instant(spec["start"])}`}${spec["end"] === undefined ? "" : `, through ${instant(spec["end"])}`}`

const condition = (spec: TriggerSpec): string => {
  const names = (value: Json | undefined, all: ReadonlyArray<string>, first: number) =>
    Array.isArray(value) ? value.map((each) => all[Number(each) - first] ?? String(each)).join(", ") : ""
  const ranges = (value: Json | undefined) =>
    Array.isArray(value)
      ? value
          .map((range: { from: string; through: string }) =>
            range.from === range.through ? range.from : `${range.from} to ${range.through}`
          )
          .join(", ")
      : ""
  return [
    spec["weekdays"] === undefined ? "" : `on ${names(spec["weekdays"], weekdays, 0)}`,
    spec["months"] === undefined ? "" : `in ${names(spec["months"], months, 1)}`,
    spec["dates"] === undefined ? "" : `on ${ranges(spec["dates"])}`,
    spec["calendar"] === undefined ? "" : `on days of the calendar ${JSON.stringify(spec["calendar"])}`
  ]
    .filter((each) => each !== "")
    .join(" and ")
}
