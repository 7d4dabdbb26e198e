/** Which of the fire times missed in ten minutes of downtime run? Prints what became of them under four policies. */
import { createScheduler, interval, memory, task } from "carillon"
import type { JobOptions } from "carillon"
import { virtualClock } from "carillon/testing"

const clock = virtualClock(Date.parse("2026-01-05T09:00:00Z"))
const store = memory() // Outlives the scheduler here, as a file outlives the process.
const poll = task("poll", () => "polled")

const policies: Record<string, JobOptions> = {
  "latest (default)": {},
  earliest: { coalesce: "earliest" },
  all: { coalesce: "all" },
  "all within 3 minutes": { coalesce: "all", misfireGrace: "3 minutes" }
}

const before = createScheduler({ tasks: [poll], store, clock })
await before.start()
for (const [id, policy] of Object.entries(policies)) {
  await before.addJob({ ...policy, id, task: poll, trigger: interval("1 minute") })
}
await before.shutdown()

await clock.advance("10 minutes") // Nobody is there: ten fire times of each job pass.

const after = createScheduler({ tasks: [poll], store, clock })
await after.start()
await clock.settle()
for (const id of Object.keys(policies)) {
  const runs = (await after.getRuns({ jobId: id })).map(({ fireAt }) => new Date(fireAt).toISOString().slice(11, 16))
  const others = (await after.getLedger({ jobId: id })).map(({ kind, count }) => `${count} ${kind}`)
  console.log(`${id}: ${runs.length} ran (${runs.toReversed().join(", ")})`, ...others)
}
await after.shutdown()
