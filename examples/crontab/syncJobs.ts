/** Brings the stored jobs in line with the crontab: new lines are added, edited ones replaced, those that are gone removed. */
import type { Scheduler } from "carillon"
import type { CrontabJob } from "./crontabJobs.ts"
import { crontabTag } from "./crontabJobs.ts"
import { counted, printable } from "./wording.ts"

/** Says what changed. A line that is as it was keeps everything, an edited one its history. */
export const syncJobs = async (scheduler: Scheduler, jobs: ReadonlyArray<CrontabJob>): Promise<string> => {
  const changes = { JobAdded: new Set<string>(), JobModified: new Set<string>() }
  const reboots = new Set(jobs.filter(({ metadata }) => metadata?.["schedule"] === "@reboot").map(({ id }) => id))
  const watching = scheduler.events$.subscribe((event) => {
    if (event.type === "JobAdded") changes.JobAdded.add(event.jobId)
    // @reboot is given its fire time anew at each start, which is no edit.
    if (event.type === "JobModified" && !reboots.has(event.jobId)) changes.JobModified.add(event.jobId)
  })
  const wanted = new Set(jobs.map(({ id }) => id))
  const gone = (await scheduler.getJobs({ tag: crontabTag })).map(({ id }) => id).filter((id) => !wanted.has(id))
  for (const id of gone) await scheduler.removeJob(id)
  await scheduler.addJobs(jobs)
  watching.unsubscribe()
  const parts = [
    ["added", [...changes.JobAdded]],
    ["edited, history kept", [...changes.JobModified]],
    ["no longer in the crontab and removed", gone]
  ] as const
  const told = parts.filter(([, ids]) => ids.length > 0).map(([what, ids]) => `${ids.length} ${what} (${named(ids)})`)
  return [`${counted(jobs.length, "job")} from the crontab`, ...told].join("; ")
}

const named = (ids: ReadonlyArray<string>): string =>
  ids.length <= 5 ? printableList(ids) : `${printableList(ids.slice(0, 4))} and ${ids.length - 4} more`

const printableList = (ids: ReadonlyArray<string>): string => ids.map((id) => printable(id)).join(", ")
