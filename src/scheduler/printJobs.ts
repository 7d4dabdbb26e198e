/** Jobs as lines for people. */
import type { EpochMillis } from "../time/instant.ts"
import { terminalText } from "../task/terminalText.ts"
import type { JobHandle } from "./jobHandle.ts"

/** One line a job: id, task, trigger type, state and next fire time. What users wrote is escaped, as it mostly goes to a terminal. */
export const printedJobs = (jobs: ReadonlyArray<JobHandle>, tentative: boolean): ReadonlyArray<string> => {
  if (jobs.length === 0) return ["no jobs"]
  return jobs.map((job) => {
    const { state, fault, nextFireAt } = job.record
    const shown = tentative ? "tentative" : fault === null ? state : `${state}: ${fault.message}`
    const line = `${job.id}  task ${job.task}  trigger ${job.trigger.type}  ${shown}  next ${nextFireAt === null ? "-" : iso(nextFireAt)}`
    return terminalText(line)
  })
}

const iso = (instant: EpochMillis): string => new Date(instant).toISOString()
