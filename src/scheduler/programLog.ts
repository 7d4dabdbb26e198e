/** What an engine reports, in the log of an Effect program. */
import { Cause, Effect, Runtime } from "effect"
import type { Scope } from "effect"
import { JobsUnclaimedError } from "../engine/writer/unclaimedJobs.ts"
import { terminalText } from "../task/terminalText.ts"
import type { SchedulerStatus } from "./status.ts"

/** Warnings of what is expected to fail, in one line; what nobody expected is an error, with its cause. Annotated with `carillon.where`. */
const logged = (error: unknown, where: string): Effect.Effect<void> => {
  const known = error instanceof Error && "_tag" in error && typeof error._tag === "string"
  const line = known
    ? Effect.logWarning(`carillon: ${where}: ${terminalText(`${String(error._tag)}: ${error.message}`)}`)
    : Effect.logError(`carillon: ${where}`, Cause.die(error))
  const annotations = { "carillon.where": where, ...(known ? { "carillon.error": error._tag } : {}) }
  return Effect.annotateLogs(line, annotations)
}

/** How long the code of a task may take to come, above a scheduler that has started. */
const patience = "10 seconds"

/**
 * Logs what is reported. Jobs that wait for their task's code are told of when they still wait some seconds later: layers above the scheduler
 * bring the code. `scope`: of the scheduler's life.
 */
export const patientLog =
  <R>(runtime: Runtime.Runtime<R>, scope: Scope.Scope, status: () => Effect.Effect<SchedulerStatus>) =>
  (error: unknown, where: string): void => {
    const line = logged(error, where)
    if (!(error instanceof JobsUnclaimedError && error.missing === "task")) return void Runtime.runFork(runtime, line)
    const { store, name } = error
    const waits = ({ unclaimed }: SchedulerStatus): boolean =>
      unclaimed.some((part) => part.missing === "task" && part.store === store && part.name === name)
    const later = Effect.sleep(patience).pipe(
      Effect.andThen(Effect.suspend(status)),
      Effect.flatMap((now) => (waits(now) ? line : Effect.void))
    )
    Runtime.runFork(runtime, Effect.forkIn(later, scope))
  }
