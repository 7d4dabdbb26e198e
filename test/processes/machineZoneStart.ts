/** Noon by the machine's zone, and what else takes that zone; a scheduler with a zone of its own runs a job without one. */
import { createScheduler, cron, fireTimes, interval, not, readCrontab, task } from "../../src/index.ts"
import { virtualClock } from "../../src/testing.ts"

const noon = cron("0 12 * * *")
const shown = (at: number | null | undefined) =>
  typeof at === "number" ? new Date(at).toISOString().slice(0, 16) : "none"
const noons = ["2026-01-01T00:00Z", "2026-07-01T00:00Z"].map((after) => shown(noon.next(Date.parse(after))))
const others = [
  ...fireTimes(interval("1 hour"), { after: "2026-01-01", limit: 1 }),
  ...readCrontab("0 12 * * * run").map(({ line }) => line),
  not(noon, { weekdays: "sat" }).next(0)
]

const clock = virtualClock(Date.parse("2026-01-01T00:00Z"))
const tick = task("tick", () => null)
const scheduler = createScheduler({ tasks: [tick], clock, timezone: "Europe/Stockholm" })
await scheduler.start()
const job = await scheduler.addJob({ id: "noon", task: tick, trigger: noon })
const stockholm = shown(job.nextFireAt)
await scheduler.shutdown()
const machine = createScheduler({ tasks: [tick], clock })
await machine.start()
const own = shown((await machine.addJob({ id: "noon", task: tick, trigger: noon })).nextFireAt)
await machine.shutdown()
process.stdout.write(JSON.stringify({ noons, stockholm, own, others: others.length }))
