/** BullMQ's job schedulers, as `queue.getJobSchedulers()` gives them. */
import type { RetryOptions } from "../../job/jobOptions.ts"
import { interval } from "../../trigger/interval.ts"
import { limit } from "../../trigger/limit.ts"
import type { Trigger } from "../../trigger/trigger.ts"
import type { ImportedJob } from "./importedJob.ts"
import type { SourceEntry } from "./sourceEntry.ts"

/**
 * `pattern` with `tz` and `every` with `offset` keep their fire times. BullMQ lets the next job wait in its queue while one runs, and makes
 * up one at most of what it missed: `overlap: "queue-all"`, and the latest of several.
 */
export const readBullMqScheduler = (entry: SourceEntry): ImportedJob => {
  const name = entry.requiredText("name")
  const id = entry.text("key") ?? entry.text("id") ?? name
  entry.ignore("id", "next", "iterationCount")
  const template = entry.nested("template")
  const options = template.nested("opts")
  const args = template.value("data")
  const retry = retryOf(options)
  return {
    id,
    task: name,
    trigger: limited(entry, triggerOf(entry)),
    overlap: "queue-all",
    ...(args === undefined ? {} : { args }),
    ...(retry === undefined ? {} : { retry })
  }
}

const triggerOf = (entry: SourceEntry): Trigger => {
  const [start, end] = [entry.instant("startDate"), entry.instant("endDate")]
  const timezone = entry.text("tz")
  const everyMs = entry.number("every", 1)
  const offsetMs = entry.number("offset")
  if (everyMs === undefined) {
    if (timezone === undefined) entry.changed("tz", "the scheduler's zone, where BullMQ took its worker's", "nothing")
    return entry.cron("pattern", timezone, start, end)
  }
  // Its slots are counted from the epoch.
  const first = offsetMs ?? 0
  const from = start === undefined ? first : first + Math.ceil((start - first) / everyMs) * everyMs
  return entry.checked("every", () => interval(everyMs, { start: from, end }))
}

const limited = (entry: SourceEntry, trigger: Trigger): Trigger => {
  const most = entry.number("limit", 1)
  if (most === undefined) return trigger
  const left = most - (entry.number("iterationCount") ?? 0)
  if (left < 1) throw entry.refused("limit", "more than iterationCount: this schedule is over")
  return entry.checked("limit", () => limit(trigger, left))
}

const retryOf = (options: SourceEntry): RetryOptions | undefined => {
  const attempts = options.number("attempts", 1)
  const given = options.value("backoff")
  options.ignore("removeOnComplete", "removeOnFail")
  if (attempts === undefined || attempts < 2) return undefined
  const backoff = typeof given === "object" ? options.nested("backoff") : undefined
  const kind = backoff?.text("type") ?? "fixed"
  const delayMs = (backoff === undefined ? options.number("backoff") : backoff.number("delay")) ?? 0
  if (kind !== "fixed" && kind !== "exponential") {
    options.changed("backoff", "one second, then twice as long each time: its own strategy is code")
    return { attempts }
  }
  // Where it tries again at once, the shortest wait there is.
  return { attempts, backoff: Math.max(1, delayMs), factor: kind === "exponential" ? 2 : 1 }
}
