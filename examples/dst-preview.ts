/** What will my schedule do in the nights when the clocks change? Prints both nights under both DST rules, and why an instant is left out. */
import { cron, explainFireTime, fireTimes } from "carillon"

const timezone = "Europe/Stockholm"
const nights = { "clocks go forward": "2026-03-29", "clocks go back": "2026-10-25" }

for (const [night, day] of Object.entries(nights)) {
  console.log(`${night}, ${day}`)
  for (const dst of ["compatible", "every-match"] as const) {
    for (const expression of ["30 2 * * *", "*/30 * * * *"]) {
      const trigger = cron(expression, { timezone, dst })
      const times = [...fireTimes(trigger, { after: `${day}T01:15`, until: `${day}T03:45`, timezone })]
      console.log(`  ${expression} (${dst}):`, times.map(utcTime).join(" ") || "none")
    }
  }
}

// 02:30 came twice on 25 October; this is the second time.
console.log(explainFireTime(cron("30 2 * * *", { timezone }), "2026-10-25T02:30:00+01:00", { timezone }).text)

function utcTime(fireAt: number): string {
  return `${new Date(fireAt).toISOString().slice(11, 16)}Z`
}
