/**
 * A scheduler that adds jobs one after the other and says which are on disk, until it is killed. Words on its input are what its program
 * does meanwhile with the files; its answers and the scheduler's troubles go to its output.
 */
import { cpSync, readdirSync, readFileSync } from "node:fs"
import { cp } from "node:fs/promises"
import { dirname, join } from "node:path"
import Database from "better-sqlite3"
import { createScheduler, interval, task } from "../../src/index.ts"
import { sqlite } from "../../src/sqlite.ts"

const [filename = "", checkpointPages = "100"] = process.argv.slice(2)
const directory = dirname(filename)
const say = (line: string): void => void process.stdout.write(`${line}\n`)

const doings: Readonly<Record<string, () => unknown>> = {
  read: () => readdirSync(directory).map((name) => readFileSync(join(directory, name))),
  copy: () => cpSync(directory, `${directory}-copy`, { recursive: true }),
  copyMeanwhile: () => cp(directory, `${directory}-copy`, { recursive: true }),
  openAsDatabase: () => new Database(filename).close()
}

const note = task("note", () => "noted")
const scheduler = createScheduler({
  store: sqlite({ filename, checkpointPages: Number(checkpointPages) }),
  tasks: [note]
})
scheduler.on(["SchedulerDegraded", "SchedulerRecovered", "SchedulerStopped"], ({ type, errorTag, reason }) =>
  say(`${type} ${errorTag ?? ""} ${reason ?? ""}`)
)
await scheduler.start()
process.stdin.setEncoding("utf8").on("data", (text) => {
  for (const word of String(text).trim().split("\n")) {
    void Promise.resolve(doings[word]?.()).then(() => say(`did ${word}`))
  }
})
// Told apart from silence: the store is tried and refuses.
setInterval(() => {
  void scheduler.status().then(({ stores }) => say(`attempts ${stores[0]?.outage?.failures ?? 0}`))
}, 100).unref()
for (let index = 0; ; index++) {
  const job = await scheduler.addJob({
    id: `job-${index}`,
    task: note,
    args: { text: "x".repeat(300) },
    trigger: interval("1 hour", { start: "2020-01-01T00:00:00Z" })
  })
  say(job.id)
  if (index % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
}
