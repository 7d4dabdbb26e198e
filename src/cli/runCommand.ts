/** Reads a command line and does what it says. */
import { createRequire } from "node:module"
import { parseArgs } from "node:util"
import { InvalidDurationError } from "../time/duration.ts"
import { terminalText } from "../task/terminalText.ts"
import type { Terminal } from "./terminal.ts"
import { verifyCommand } from "./verifyCommand.ts"

const usage = `usage: carillon verify <file> [--json] [--run-age <duration>]

Checks a store, whether a scheduler is at work on it or not, and changes nothing: every fire time accounted for, once; runs,
snapshots and wake-ups in agreement; SQLite's own check of the file.

  --json                print the answer as JSON
  --run-age <duration>  the scheduler's retention.runAge, if it is not "30 days"

carillon --version prints carillon's version.

Exit code: 0 all is well, 1 something is not, 2 it could not be checked: the file cannot be read, the command line is wrong, or the
check failed.`

/** The exit code. What the files and the command line hold is printed escaped. */
export const runCommand = async (args: ReadonlyArray<string>, raw: Terminal): Promise<number> => {
  const escaped = (line: string): string => terminalText(line, { lines: true, max: Infinity })
  const terminal: Terminal = { out: (line) => raw.out(escaped(line)), err: (line) => raw.err(escaped(line)) }
  const misuse = (message: string): number => {
    terminal.err(`${message}\n\n${usage}`)
    return 2
  }
  let given
  try {
    given = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: "boolean" },
        "run-age": { type: "string" },
        help: { type: "boolean", short: "h" },
        version: { type: "boolean" }
      }
    })
  } catch (error) {
    return misuse(error instanceof Error ? error.message : String(error))
  }
  const { values, positionals } = given
  const [verb, filename, ...surplus] = positionals
  if (values.help === true) {
    terminal.out(usage)
    return 0
  }
  if (values.version === true) {
    terminal.out(version())
    return 0
  }
  if (verb !== "verify") return misuse(verb === undefined ? "which command?" : `there is no command "${verb}"`)
  if (filename === undefined || filename === "" || surplus.length > 0)
    return misuse("verify takes the name of one file")
  try {
    return await verifyCommand(filename, { json: values.json === true, runAge: values["run-age"] }, terminal)
  } catch (error) {
    if (error instanceof InvalidDurationError) return misuse(error.message)
    throw error
  }
}

/** By the package's own name, which holds for the sources and for what is built of them. */
const version = (): string =>
  (createRequire(import.meta.url)("carillon/package.json") as { readonly version: string }).version
