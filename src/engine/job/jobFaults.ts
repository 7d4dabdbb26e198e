/** Why jobs are parked, in the words that their records and events have. */
import type { JobFault } from "../../job/snapshot.ts"

/** Why a job whose trigger does not answer is parked. */
export const triggerFault = (error: unknown): JobFault => {
  const reason = error instanceof Error ? error.message : String(error)
  return { kind: "faultyTrigger", message: `${reason}; mend or replace the trigger and resume the job` }
}

/** Why a job is parked whose run cannot go on from where it was saved. */
export const checkpointFault = (message: string): JobFault => ({ kind: "checkpoint", message })
