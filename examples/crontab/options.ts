/** What the command line says: options read and checked, or why they cannot be. */
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

export interface CrontabOptions {
  readonly crontab: string
  readonly db: string
  /** The crontab names a user on each line, as /etc/crontab does. */
  readonly system: boolean
  readonly timezone: string | undefined
  /** Fire times later than this are misfires; `undefined`: none is. */
  readonly graceMs: number | undefined
  /** Ends by itself after this long. */
  readonly forMs: number | undefined
  /** Plain lines, even in a terminal. */
  readonly plain: boolean
}

export type Reading =
  | { readonly _tag: "Run"; readonly options: CrontabOptions }
  | { readonly _tag: "Help" }
  | { readonly _tag: "Misuse"; readonly message: string }

export const usage = `Runs the jobs of a crontab file on a scheduler that keeps them in an SQLite file.

Usage: npm start -- [options]

  --crontab FILE   the crontab (default: the sample in examples/crontab)
  --system         each line names a user, as in /etc/crontab and /etc/cron.d
  --db FILE        where jobs, runs and misfires are kept (default: jobs.db)
  --timezone ZONE  IANA zone of the schedules above any CRON_TZ (default: the machine's)
  --grace TIME     fire times later than this misfire; without it they run late (30s, 5m, 2h, 1d)
  --for TIME       stop by itself after this long
  --plain          plain lines instead of the live view; so it is when the output is not a terminal
  --help           this text

Ctrl-C starts nothing more and waits for what runs; a second Ctrl-C stops that too.`

export const readArguments = (words: ReadonlyArray<string>): Reading => {
  try {
    const { values } = parseArgs({ args: [...words], options: known, strict: true, allowPositionals: false })
    if (values.help) return { _tag: "Help" }
    return {
      _tag: "Run",
      options: {
        crontab: values.crontab ?? fileURLToPath(new URL("crontab", import.meta.url)),
        db: values.db ?? "jobs.db",
        system: values.system ?? false,
        timezone: values.timezone,
        graceMs: readTime("--grace", values.grace),
        forMs: readTime("--for", values.for),
        plain: values.plain ?? false
      }
    }
  } catch (error) {
    if (error instanceof Error) return { _tag: "Misuse", message: error.message }
    throw error
  }
}

const known = {
  crontab: { type: "string" },
  system: { type: "boolean" },
  db: { type: "string" },
  timezone: { type: "string" },
  grace: { type: "string" },
  for: { type: "string" },
  plain: { type: "boolean" },
  help: { type: "boolean", short: "h" }
} as const

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The longest wait that one timer holds, 24.8 days, bounds `--for`. */
const longestMs = 2 ** 31 - 1

const readTime = (option: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  const ms = Math.round(Number(amount) * (unitsMs[unit] ?? NaN))
  if (ms > 0 && ms <= longestMs) return ms
  throw new Error(`${option} is "${text}", expected a time such as 30s, 5m, 2h or 1d, at most 24 days`)
}
