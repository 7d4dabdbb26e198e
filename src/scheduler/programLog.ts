/** What an engine reports, in the log of an Effect program. */
import { Cause, Effect, Runtime } from "effect"
import { terminalText } from "../task/terminalText.ts"

/** Warnings of what is expected to fail, in one line; what nobody expected is an error, with its cause. Annotated with `carillon.where`. */
export const programLog =
  <R>(runtime: Runtime.Runtime<R>) =>
  (error: unknown, where: string): void => {
    const known = error instanceof Error && "_tag" in error && typeof error._tag === "string"
    const line = known
      ? Effect.logWarning(`carillon: ${where}: ${terminalText(`${String(error._tag)}: ${error.message}`)}`)
      : Effect.logError(`carillon: ${where}`, Cause.die(error))
    const annotations = { "carillon.where": where, ...(known ? { "carillon.error": error._tag } : {}) }
    Runtime.runFork(runtime, Effect.annotateLogs(line, annotations))
  }
