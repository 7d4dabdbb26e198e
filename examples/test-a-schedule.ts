/** How do I test a schedule? Runs a quarter of it in virtual time and asserts what a unit test would. Prints what it found. */
import assert from "node:assert/strict"
import { cron, task } from "carillon"
import { simulate, takes } from "carillon/testing"

// In a program these two come from the module that it schedules from; here they only take time.
const backup = task("backup", takes("50 minutes")).scheduled(cron("30 1 * * *"), { id: "backup" })
const report = task("report", takes("2 minutes")).scheduled(cron("0 9 * * MON-FRI"), { id: "report" })

const day = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/Oslo", dateStyle: "short", timeStyle: "short" })

const quarter = await simulate({
  from: "2026-01-01",
  to: "2026-04-01",
  timezone: "Europe/Oslo", // Its clocks go from 02:00 to 03:00 on 29 March.
  tasks: [backup, report],
  downtime: [{ from: "2026-02-14T00:00", to: "2026-02-16T08:00" }]
})

const ran = (jobId: string) => quarter.runs.filter((run) => run.jobId === jobId)

// One report a working day, and none at the weekend that the machine was away.
assert.equal(ran("report").length, 64)
assert.ok(ran("report").every(({ fireAt }) => ![0, 6].includes(new Date(fireAt).getUTCDay())))

// Three backups were missed in the downtime: the first start after it makes up for them with one.
const late = ran("backup").filter(({ fireAt, claimedAt }) => claimedAt > fireAt)
assert.deepEqual(
  late.map(({ claimedAt }) => day.format(claimedAt)),
  ["16/02/2026, 08:00"]
)
assert.equal(quarter.summary["backup"]?.coalesced, 2)

// In the night when the clocks change it still runs once, before they do.
const change = ran("backup").filter(({ fireAt }) => day.format(fireAt).startsWith("29/03/2026"))
assert.deepEqual(
  change.map(({ fireAt, finishedAt }) => [day.format(fireAt), day.format(finishedAt ?? NaN)]),
  [["29/03/2026, 01:30", "29/03/2026, 03:20"]]
)

assert.deepEqual(quarter.verification.violations, [])
for (const [jobId, { runs, coalesced, misfired, latestMs }] of Object.entries(quarter.summary)) {
  console.log(
    `${jobId}: ${runs} runs, ${coalesced} coalesced, ${misfired} misfired, ${latestMs / 60_000} min late at most`
  )
}
