/**
 * What is lost when the process is killed in mid-run? Prints what became of every fire time: the run that was killed gets a
 * second attempt, and one run stands for the fire times that came due while nobody was there.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { createScheduler, interval, task } from "carillon"
import { sqlite } from "carillon/sqlite"

// Started without arguments it is the parent; the child gets the file's name, and is killed.
const [, program = "", given] = process.argv
const filename = given ?? join(mkdtempSync(join(tmpdir(), "carillon-")), "jobs.db")

const backup = task("backup", async ({ attempt }) => {
  process.send?.("started")
  if (given !== undefined) await sleep(60_000)
  return `done by attempt ${attempt}`
})

const scheduler = createScheduler({ tasks: [backup], store: sqlite({ filename }) })
if (given === undefined) await watchTheChildDie()
const done = new Promise((resolve) => scheduler.on("JobDone", resolve))
await scheduler.start()
await scheduler.addJob({
  id: "backup",
  task: backup,
  trigger: interval("1 second", { immediately: true }),
  overlap: "queue-one",
  maxRuns: 2,
  ifExists: "keep"
})
await done

for (const { outcome, result } of (await scheduler.getRuns()).toReversed()) console.log(`run: ${outcome},`, result)
const coalesced = await scheduler.getLedger({ kind: "coalesced" })
console.log(`coalesced: ${coalesced.reduce((sum, { count }) => sum + count, 0)} fire times into the second run`)
console.log("every fire time is accounted for:", (await scheduler.verify()).ok)
await scheduler.shutdown()
rmSync(dirname(filename), { recursive: true })

async function watchTheChildDie() {
  const child = fork(program, [filename])
  await once(child, "message")
  child.kill("SIGKILL")
  await once(child, "exit")
  console.log("killed in mid-run")
  await sleep(2_500)
}
