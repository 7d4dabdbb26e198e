/** How do I schedule a report for weekdays at nine in Oslo? Prints the next three fire times, then runs it once, now. */
import { createScheduler, cron, task } from "carillon"
import { sqlite } from "carillon/sqlite"

const report = task("report", ({ jobId, attempt }) => `${jobId} is written, attempt ${attempt}`)

const scheduler = createScheduler({ tasks: [report], store: sqlite({ filename: "report.db" }) })
await scheduler.start()

const job = await scheduler.addJob({
  id: "weekday-report",
  task: report,
  trigger: cron("0 9 * * MON-FRI", { timezone: "Europe/Oslo" }),
  ifExists: "replace"
})
for (const fireAt of await job.preview(3)) console.log("next:", new Date(fireAt).toISOString())

const run = await job.run()
const { outcome, result } = await run.settled()
console.log(`${outcome}:`, result)

// Leave this line out and the process stays: it fires at nine, and what it missed while it was down runs at its next start.
await scheduler.shutdown()
