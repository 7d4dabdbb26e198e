/** Agenda's jobs, as their documents in MongoDB say. */
import { date } from "../../trigger/date.ts"
import { interval } from "../../trigger/interval.ts"
import { InvalidTriggerError } from "../../trigger/invalidTrigger.ts"
import { cronParser } from "../../trigger/cronParser/cronParser.ts"
import { calendarInterval } from "../../trigger/calendarInterval.ts"
import type { Trigger } from "../../trigger/trigger.ts"
import { humanIntervalMs } from "./humanInterval.ts"
import type { ImportedJob } from "./importedJob.ts"
import type { SourceEntry } from "./sourceEntry.ts"

/** Agenda runs once what it missed, and never one job twice at a time: the rules that jobs have here anyway. */
export const readAgendaJob = (entry: SourceEntry): ImportedJob => {
  const name = entry.requiredText("name")
  const id = idOf(entry, name)
  const trigger = triggerOf(entry)
  const args = entry.value("data")
  const paused = entry.flag("disabled")
  entry.ignore("_id", "__v", "type", "lockedAt", "lastRunAt", "lastFinishedAt", "lastModifiedBy", "failCount")
  entry.ignore(
    "failReason",
    "failedAt",
    "nextRunAt",
    "unique",
    "uniqueOpts",
    "progress",
    "fork",
    "startDate",
    "endDate"
  )
  entry.ignore("repeatTimezone")
  return {
    id,
    task: name,
    trigger,
    ...(args === undefined || isEmpty(args) ? {} : { args }),
    ...(paused ? { paused } : {})
  }
}

/** A `single` job, which `every` makes, is one by its name; any other has its document's. */
const idOf = (entry: SourceEntry, name: string): string => {
  const type = entry.text("type")
  const value = entry.value("_id")
  const given = typeof value === "object" && value !== null && "$oid" in value ? value.$oid : value
  return type === "single" || typeof given !== "string" ? name : `${name}:${given}`
}

const triggerOf = (entry: SourceEntry): Trigger => {
  const repeats = entry.value("repeatInterval")
  const timezone = entry.text("repeatTimezone")
  const nextAt = entry.instant("nextRunAt")
  const [start, end] = [entry.instant("startDate"), entry.instant("endDate")]
  const timeOfDay = entry.text("repeatAt")
  if (timeOfDay !== undefined) return daily(entry, timeOfDay, timezone)
  if (repeats === undefined) {
    if (nextAt === undefined) throw entry.refused("nextRunAt", "an instant, or a repeatInterval: this job is over")
    return date(nextAt)
  }
  const everyMs = typeof repeats === "string" ? humanIntervalMs(repeats) : entry.number("repeatInterval", 1)
  if (everyMs === undefined || (typeof repeats === "string" && isCron(repeats)))
    return entry.cron("repeatInterval", timezone, start, end)
  entry.changed("repeatInterval", `every ${everyMs} ms by the clock, where Agenda counts from the last run`)
  return entry.checked("repeatInterval", () => interval(everyMs, { start: nextAt ?? start, end }))
}

/** As Agenda does: cron text first, words only where it is none. */
const isCron = (text: string): boolean => {
  try {
    cronParser(text)
    return true
  } catch (fault) {
    if (fault instanceof InvalidTriggerError) return false
    throw fault
  }
}

const daily = (entry: SourceEntry, text: string, timezone: string | undefined): Trigger => {
  const match = /^(\d{1,2})(?::(\d{2}))?\s*(am|pm)?$/i.exec(text.trim())
  const half = match?.[3]?.toLowerCase()
  const told = Number(match?.[1])
  const hour = half === undefined ? told : (told % 12) + (half === "pm" ? 12 : 0)
  if (match === null || (half !== undefined && (told < 1 || told > 12)))
    throw entry.refused("repeatAt", 'a time of day such as "3:30pm"')
  return entry.checked("repeatAt", () =>
    calendarInterval({ days: 1, hour, minute: Number(match[2] ?? 0) }, { timezone })
  )
}

const isEmpty = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.keys(value).length === 0
