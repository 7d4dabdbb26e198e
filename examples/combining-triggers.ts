/** How do triggers combine? Prints the fire times of a union, an agreement, an exception, and all of them nested. */
import {
  and,
  calendarInterval,
  cron,
  describeTrigger,
  filter,
  fireTimes,
  interval,
  jitter,
  limit,
  not,
  or
} from "carillon"
import type { Trigger } from "carillon"

const zone = { timezone: "UTC" }
const start = "2026-01-01T00:00Z"
const mornings = cron("0 9 * * *", zone)

const triggers: Record<string, Trigger> = {
  "either of two": or([mornings, cron("0 17 * * FRI", zone)]),
  "Friday the 13th": and([cron("0 0 13 * *", zone), cron("0 0 * * FRI", zone)]),
  "every 8 h and every 12 h agree": and([interval("8 hours", { start }), interval("12 hours", { start })]),
  "not at weekends": not(mornings, { weekdays: "sat,sun" }, zone),
  "only in summer": filter(mornings, { months: "jun-aug" }, zone),
  "the 31st, where there is one": calendarInterval({ months: 1, hour: 9 }, { ...zone, start: "2026-01-31" }),
  "nested: two, up to a minute late": limit(jitter(not(mornings, { dates: ["2026-01-02"] }, zone), "1 minute"), 2)
}

for (const [name, trigger] of Object.entries(triggers)) {
  const times = [...fireTimes(trigger, { after: start, limit: 3, timezone: "UTC" })]
  console.log(`${name}: ${times.map((fireAt) => new Date(fireAt).toISOString().slice(0, 16)).join(", ")}`)
  console.log(`  ${describeTrigger(trigger)}`)
}
