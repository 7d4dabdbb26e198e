/** A program that has nothing but the package, as `installs.proof.test.ts` compiles and runs it: it prints what came of each part. */
import { createScheduler, cron, fireTimes, task } from "carillon"
import { Scheduler } from "carillon/effect"
import { jobMachine } from "carillon/machines"
import { sqlite } from "carillon/sqlite"
import { simulate } from "carillon/testing"

const scheduler = createScheduler({
  tasks: [task("greet", ({ attempt }) => `hello, attempt ${attempt}`)],
  store: sqlite({ filename: "jobs.db" })
})
await scheduler.start()
const job = await scheduler.addJob({ id: "greet", task: "greet", trigger: cron("0 9 * * *") })
const { outcome, result } = await (await job.run()).settled()
const { ok } = await scheduler.verify()
await scheduler.shutdown()

const { runs } = await simulate({
  from: "2026-01-01",
  to: "2026-01-08",
  tasks: "none",
  jobs: [{ id: "daily", task: "report", trigger: cron("0 9 * * *") }]
})
const answers = {
  own: [outcome, result, ok],
  effect: Scheduler.key,
  machines: jobMachine.id,
  testing: runs.length,
  next: [...fireTimes(cron("0 9 * * *"), { after: "2026-01-01", timezone: "UTC", limit: 1 })]
}
console.log(JSON.stringify(answers))
