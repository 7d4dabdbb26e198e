/** pg-boss's schedules, as `boss.getSchedules()` or its table gives them. */
import type { JobOptions, RetryOptions } from "../../job/jobOptions.ts"
import type { ImportedJob } from "./importedJob.ts"
import type { SourceEntry } from "./sourceEntry.ts"

/** pg-boss sends a job whose minute has come within the last one, and makes nothing up: a minute's grace. Its jobs run beside each other. */
export const readPgBossSchedule = (entry: SourceEntry): ImportedJob => {
  const name = entry.requiredText("name")
  const key = entry.text("key")
  // UTC is what pg-boss itself takes.
  const trigger = entry.cron("cron", entry.text("timezone") ?? "UTC")
  const args = entry.value("data")
  entry.ignore("created_on", "updated_on", "createdOn", "updatedOn")
  const options = entry.nested("options")
  const rules = rulesOf(options)
  entry.changed("concurrency", "one run at a time, a further one waits: maxInstances allows more", "the workers'")
  return {
    id: key === undefined ? name : `${name}:${key}`,
    task: name,
    trigger,
    misfireGrace: "1 minute",
    overlap: "queue-all",
    ...(args === undefined ? {} : { args }),
    ...rules
  }
}

const rulesOf = (options: SourceEntry): Pick<JobOptions, "retry" | "timeout"> => {
  const retries = options.number("retryLimit")
  const delaySeconds = options.number("retryDelay") ?? 0
  const mostSeconds = options.number("retryDelayMax")
  const doubles = options.flag("retryBackoff")
  const seconds =
    options.number("expireInSeconds") ??
    (options.number("expireInMinutes") ?? 0) * 60 + (options.number("expireInHours") ?? 0) * 3_600
  if (retries === undefined) options.changed("retryLimit", "no retry, where pg-boss takes its queue's", "nothing")
  // A delay of 0 with backoff counts from one second there.
  const backoff = Math.max(1, Math.max(delaySeconds, doubles ? 1 : 0) * 1000)
  const retry: RetryOptions | undefined =
    retries === undefined || retries === 0
      ? undefined
      : {
          attempts: retries + 1,
          backoff,
          factor: doubles ? 2 : 1,
          ...(mostSeconds === undefined ? {} : { maxBackoff: Math.max(backoff, mostSeconds * 1000) })
        }
  return { ...(retry === undefined ? {} : { retry }), ...(seconds === 0 ? {} : { timeout: seconds * 1000 }) }
}
