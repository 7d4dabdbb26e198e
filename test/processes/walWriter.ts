/** A scheduler that adds jobs one after the other, each with a run at once, says which are on disk, and goes on until it is killed. */
import { createScheduler, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"

const [filename = "", checkpointPages = "100"] = process.argv.slice(2)
const note = task("note", () => "noted")
const scheduler = createScheduler({
  store: sqlite({ filename, checkpointPages: Number(checkpointPages) }),
  tasks: [note]
})
await scheduler.start()
for (let index = 0; ; index++) {
  const job = await scheduler.addJob({
    id: `job-${index}`,
    task: note,
    args: { text: "x".repeat(300) },
    trigger: interval("1 hour", { start: "2020-01-01T00:00:00Z" })
  })
  process.stdout.write(`${job.id}\n`)
}
