/**
 * Reads a whole crontab file, a user's or one of /etc/cron.d: environment lines, CRON_TZ, `%` and @reboot, as the programs cronie and Vixie cron
 * read them. One thing is added: below `CRON_SECONDS=yes` entries have six time fields, seconds first, and `@secondly` is a macro; `no` ends it.
 * Runs nothing: an entry says what and when.
 * A few lines long of 300: the lines of a file are read once, in order.
 */
import { TaggedError } from "../../input/taggedError.ts"
import { shortened, unquoted } from "../../input/inWords.ts"
import { isUnreadable } from "../../input/readable.ts"
import { timezoneOfVariable } from "../../time/machineZone.ts"
import { timezoneName } from "../../time/timezoneInput.ts"
import type { TimezoneInput } from "../../time/timezoneInput.ts"
import { UnknownTimezoneError } from "../../time/zone.ts"
import { cron } from "./cron.ts"
import { cronFieldNames } from "./text.ts"
import { splitCommand } from "./crontabCommand.ts"
import { crontabMacros, foreignTo } from "./crontabDialect.ts"
import { InvalidTriggerError } from "../invalidTrigger.ts"
import type { Trigger } from "../trigger.ts"

/** How a crontab is read. */
export interface CrontabOptions {
  /** True: each entry names its user after the times, as in /etc/crontab and /etc/cron.d. Default false. */
  readonly system?: boolean | undefined
  /** The zone before the first `CRON_TZ`; default: the scheduler's. */
  readonly timezone?: TimezoneInput | undefined
  /** The name that errors show; default `"crontab"`. */
  readonly file?: string | undefined
}

/** One line with a command. */
export type CrontabEntry = CrontabCommand &
  (
    | {
        /** True stands for @reboot, which has no fire times. */
        readonly reboot: false
        /** Its fire times, in the line's zone. */
        readonly trigger: Trigger
      }
    | {
        /** True stands for @reboot, which has no fire times. */
        readonly reboot: true
      }
  )

/** What a line says, beside when. */
export interface CrontabCommand {
  /** Counted from 1. */
  readonly line: number
  /** The times as they are written: five fields, six below `CRON_SECONDS=yes`, or a macro. */
  readonly expression: string
  /** Up to the first `%`, with `\%` read as `%`. */
  readonly command: string
  /** What follows the first `%`, further ones read as line ends and `\%` as `%`: the command's standard input. */
  readonly input?: string
  /** Only of a system crontab. */
  readonly user?: string
  /** The variables set above this line, `CRON_TZ` and `TZ` among them. */
  readonly environment: Readonly<Record<string, string>>
  /** The zone of the `CRON_TZ` above this line, else the option; left out when neither is given. */
  readonly timezone?: string
}

/** One thing wrong in a crontab. */
export interface CrontabFault {
  /** Counted from 1. */
  readonly line: number
  /** Counted from 1; where the fault begins. */
  readonly column: number
  /** Which part of the line, such as `minute`. */
  readonly field: string
  /** What is written there. */
  readonly found: string
  /** What would do. */
  readonly expected: string
}

/** A crontab that cannot be read, with everything that is wrong in it, in order of lines. */
export class InvalidCrontabError extends TaggedError("InvalidCrontabError")<{
  /** The option `file`. */
  readonly file: string
  /** At least one, in order of lines. */
  readonly faults: ReadonlyArray<CrontabFault>
}> {
  override get message(): string {
    return this.faults
      .map(
        (fault) =>
          `${this.file}:${fault.line}:${fault.column}: ${fault.field} is ${JSON.stringify(fault.found)}, expected ${fault.expected}`
      )
      .join("\n")
  }
}

/**
 * The entries of a crontab, in order. Blank lines and comments are passed over. As crontab(1) does, a file with a fault is refused
 * whole: throws `InvalidCrontabError` with all its faults.
 */
export const readCrontab = (text: string, options: CrontabOptions = {}): ReadonlyArray<CrontabEntry> => {
  const entries: Array<CrontabEntry> = []
  const faults: Array<CrontabFault> = []
  checkGiven(text, options)
  // The entries between two variables share one copy of those above them.
  const variables = new Map<string, string>()
  let environment: Readonly<Record<string, string>> | undefined
  let timezone: string | undefined = timezoneName(options.timezone)
  let seconds = false
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    const line: Line = { number: index + 1, text: raw.replace(/\r$/, "") }
    if (/^\s*(?:#|$)/.test(line.text)) continue
    try {
      const variable = readVariable(line)
      if (variable === undefined) {
        environment ??= Object.fromEntries(variables)
        entries.push(readEntry(line, { system: options.system === true, timezone, seconds, environment }))
      } else {
        if (variable.name === "CRON_TZ") timezone = readTimezone(line, variable)
        if (variable.name === "CRON_SECONDS") seconds = readSeconds(line, variable)
        if (variables.size === maxVariables && !variables.has(variable.name))
          throw faultAt(line, 0, "variable", variable.name, `at most ${maxVariables} variables, as cronie takes`)
        variables.set(variable.name, variable.value)
        environment = undefined
      }
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault
      faults.push(fault.fault)
    }
  }
  if (faults.length > 0) throw new InvalidCrontabError({ file: options.file ?? "crontab", faults })
  return entries
}

/** cronie's bound, MAX_USER_ENVS. Each entry is given all variables above it. */
const maxVariables = 1000

/** Plain JavaScript may give anything. What is no fault of the file's text is told at its beginning. */
const checkGiven = (text: unknown, options: unknown): void => {
  const refuse = (field: string, found: unknown, expected: string): never => {
    const given: unknown = !isUnreadable(options) && isObject(options) ? options["file"] : undefined
    const file = typeof given === "string" ? given : "crontab"
    throw new InvalidCrontabError({
      file,
      faults: [{ line: 1, column: 1, field, found: unquoted(found), expected }]
    })
  }
  if (typeof text !== "string") refuse("text", text, "the text of a crontab")
  if (isUnreadable(options) || !isObject(options)) return refuse("options", options, "an object")
  const { system, timezone, file, ...rest } = options
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) refuse("options", unknown, "only system, timezone, file")
  if (system !== undefined && typeof system !== "boolean") refuse("option system", system, "true or false")
  if (file !== undefined && typeof file !== "string") refuse("option file", file, "a name")
  if (timezone !== undefined && typeof timezoneName(timezone) !== "string")
    refuse("option timezone", timezone, "an IANA time zone")
}

const isObject = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !Array.isArray(given)

interface Line {
  readonly number: number
  readonly text: string
}

interface Variable {
  readonly name: string
  readonly value: string
  /** Where the value begins, counted from 0. */
  readonly at: number
}

interface Above {
  readonly system: boolean
  readonly timezone: string | undefined
  readonly seconds: boolean
  readonly environment: Readonly<Record<string, string>>
}

/** Carries a fault up to the line it is in; never leaves this module. */
class Fault extends Error {
  readonly fault: CrontabFault

  constructor(fault: CrontabFault) {
    super()
    this.fault = fault
  }
}

const faultAt = (line: Line, at: number, field: string, found: string, expected: string): Fault =>
  new Fault({ line: line.number, column: at + 1, field, found: shortened(found), expected })

/**
 * `NAME = value`; name and value may be quoted. Anything else is an entry: a field of one is never followed by `=`. What follows a
 * quoted value, and a quote that does not end, cron refuses (cronie's env.c, `load_env`).
 */
const readVariable = (line: Line): Variable | undefined => {
  const { text } = line
  const match = /^\s*(?:"([^"=]*)"|'([^'=]*)'|([^\s="'*@]+))[ \t]*=[ \t]*/.exec(text)
  if (match === null) return undefined
  const [head, doubleQuoted, singleQuoted, plain] = match
  // By hand: a pattern that looks for the blanks at the end tries each run of them inside the value.
  let end = text.length
  while (end > head.length && isBlank(text.charAt(end - 1))) end -= 1
  const quote = text.charAt(head.length)
  const quoted = quote === '"' || quote === "'"
  if (quoted && text.indexOf(quote, head.length + 1) !== end - 1)
    throw faultAt(line, head.length, "value", text.slice(head.length, end), `nothing after the ${quote} that ends it`)
  const at = head.length + (quoted ? 1 : 0)
  return { name: doubleQuoted ?? singleQuoted ?? plain ?? "", value: text.slice(at, quoted ? end - 1 : end), at }
}

const isBlank = (character: string): boolean => character === " " || character === "\t"

/** cron hands the value to the C library as `TZ`, which takes what it does not know for UTC, without a word. */
const readTimezone = (line: Line, { value, at }: Variable): string => {
  const timezone = timezoneOfVariable(value)
  if (timezone !== undefined) return timezone
  const expected = 'an IANA time zone such as "Europe/Stockholm", or a TZ of POSIX such as "UTC-3" for three hours east'
  throw faultAt(line, at, "CRON_TZ", value, expected)
}

// Never guessed from the number of fields: a sixth word may be a command.
const readSeconds = (line: Line, { value, at }: Variable): boolean => {
  if (value !== "yes" && value !== "no") throw faultAt(line, at, "CRON_SECONDS", value, "yes or no")
  return value === "yes"
}

const readEntry = (line: Line, above: Above): CrontabEntry => {
  // cronie: a minus before the minute means "do not log".
  const start = line.text.search(/\S/) + (/^\s*-[@*\d]/.test(line.text) ? 1 : 0)
  const words = [...line.text.slice(start).matchAll(/\S+/g)].map((match) => ({
    text: match[0],
    at: start + match.index
  }))
  const timeWords = words[0]?.text.startsWith("@") === true ? 1 : above.seconds ? 6 : 5
  const lastTime = words[timeWords - 1]
  if (lastTime === undefined) {
    throw faultAt(
      line,
      start,
      "entry",
      line.text.slice(start).trimEnd(),
      `${above.seconds ? "six" : "five"} time fields or a macro such as @daily, then a command`
    )
  }
  const expression = line.text.slice(start, lastTime.at + lastTime.text.length)
  const reboot = expression === "@reboot"
  const trigger = reboot ? undefined : readTimes(line, start, expression, above)
  const user = above.system ? words[timeWords] : undefined
  if (above.system && user === undefined) throw missing(line, "user", "the user to run the command as")
  if (user !== undefined && !/^[A-Za-z_][\w.@:/-]*\$?$/.test(user.text))
    throw faultAt(line, user.at, "user", user.text, "a user's name")
  const command = words[timeWords + (above.system ? 1 : 0)]
  if (command === undefined) throw missing(line, "command", "a command")
  // cronie: a sixth field where five are meant; the shell would run the first file name that it stands for.
  if (command.text.startsWith("*"))
    throw faultAt(
      line,
      command.at,
      "command",
      command.text,
      `a command after ${timeWords} time fields, not another field`
    )
  const common: CrontabCommand = {
    line: line.number,
    expression,
    ...splitCommand(line.text.slice(command.at)),
    ...(user === undefined ? {} : { user: user.text }),
    environment: above.environment,
    ...(above.timezone === undefined ? {} : { timezone: above.timezone })
  }
  return trigger === undefined ? { ...common, reboot: true } : { ...common, reboot: false, trigger }
}

const missing = (line: Line, field: string, expected: string): Fault =>
  faultAt(line, line.text.trimEnd().length, field, "", expected)

const readTimes = (line: Line, start: number, expression: string, { timezone, seconds }: Above): Trigger => {
  const macros = seconds ? [...crontabMacros, "@secondly"] : crontabMacros
  try {
    if (expression.startsWith("@") && !macros.includes(expression))
      throw faultAt(line, start, "macro", expression, `one of ${macros.join(" ")}`)
    const trigger = cron(expression, { timezone })
    if (!expression.startsWith("@")) refuseForeign(line, start, expression)
    return trigger
  } catch (cause) {
    if (cause instanceof UnknownTimezoneError)
      throw faultAt(line, start, "timezone", cause.timezone, "a known time zone")
    if (!(cause instanceof InvalidTriggerError)) throw cause
    throw faultAt(line, start + (cause.column ?? 1) - 1, cause.field, cause.found, cause.expected)
  }
}

/**
 * What cron text takes here and the programs refuse: steps of a single value (Vixie cron ignores the step, others read "from 5 on"),
 * Quartz's letters, and ranges that wrap. Who has it in a file cannot know what it does. Source: cronie's entry.c, `get_range`.
 */
const refuseForeign = (line: Line, start: number, expression: string): void => {
  const fields = [...expression.matchAll(/\S+/g)]
  const names = cronFieldNames(fields.length)
  fields.forEach((match, index) => {
    const field = names[index] ?? "field"
    let at = match.index
    for (const item of match[0].split(",")) {
      const expected = foreignTo(field, item)
      if (expected !== null) throw faultAt(line, start + at, field, item, expected)
      at += item.length + 1
    }
  })
}
