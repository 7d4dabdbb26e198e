/** One life of a scheduler with a job a minute on the file given: starts, runs what is due, tells the clock, the runs and what verify finds. */
import { createScheduler, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"

const [filename = ""] = process.argv.slice(2)
const tick = task("tick", () => null)
const scheduler = createScheduler({ store: sqlite({ filename }), tasks: [tick] })
await scheduler.start()
await scheduler.addJob({ id: "tick", task: tick, trigger: interval("1 minute", { start: 0 }), ifExists: "keep" })
const job = await scheduler.runJob("tick")
await job.settled()
const now = (await scheduler.getRuns({ runId: job.runId }))[0]?.claimedAt ?? NaN
const runs = await scheduler.getRuns({ jobId: "tick" })
const { violations } = await scheduler.verify()
await scheduler.shutdown()
process.stdout.write(
  JSON.stringify({ now, fireTimes: runs.filter(({ requested }) => !requested).map(({ fireAt }) => fireAt), violations })
)
