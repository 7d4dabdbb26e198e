/** Why jobs are parked, in the words that their records and events have. */
import type { JobFault } from "../../job/snapshot.ts"
import { missingOf } from "../../trigger/missingTrigger.ts"
import type { Job } from "./jobCodec.ts"

/** Why a job whose executor is not there is parked. */
export const unknownExecutor = (executor: string): JobFault => ({
  kind: "unknownExecutor",
  message: `executor "${executor}" is not registered; add it, or modify the job, and resume it`
})

/** Why a job whose trigger does not answer is parked. */
export const triggerFault = ({ row, trigger }: Pick<Job, "row" | "trigger">, error: unknown): JobFault => {
  const missing = missingOf(trigger)
  if (missing === null) {
    const reason = error instanceof Error ? error.message : String(error)
    return { kind: "faultyTrigger", message: `${reason}; mend or replace the trigger and resume the job` }
  }
  const verb = missing._tag === "UnknownCalendarError" ? "by addCalendar or " : ""
  const message = `job "${row.id}": ${missing.message}; the job goes on when it is, ${verb}at the next start`
  return { kind: "unreadable", awaits: "trigger", message }
}

/** Why a job whose stream is not there is parked. */
export const unknownStream = (stream: string): JobFault => ({
  kind: "unknownStream",
  message: `stream "${stream}" is not registered; the job goes on when it is, by addStream or at the next start`
})

/** Why a job whose code is not there is parked. */
export const unknownTask = (task: string): JobFault => ({
  kind: "unknownTask",
  message: `task "${task}" is not registered; the job goes on when it is, by addTask or at the next start`
})
